"""The panel as an app: Voilà serves it in a real browser, on the demo or with a key that no visitor gets to see."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import re
import shutil
import socket
import subprocess
import time
import urllib.parse

import nbformat
import pytest

from tests.browser import driver
from tests.browser.driver import expect
from tests.conftest import TEST_ALL, Server, optional
from tests.notebook.kernels import journal_rows
from tests.ports import on_own_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP = driver.ROOT / "notebooks" / "07-app.ipynb"
CONTROLS = """import qwave_jupyter as qwave
from qwave_jupyter.demo.painter import Brief, paint
from PIL import Image
from io import BytesIO
image = Image.open(BytesIO(paint(Brief("a garden", 300, 200, seed=3))))
mask = qwave.paint_mask(image)
boxes = qwave.draw_boxes(image)"""


class VoilaServer:
    """Voilà over one notebook, with an environment of its own."""

    def __init__(self, folder, notebook, **environment):
        self.home = folder / "home"
        own = {
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_DATA_DIR": folder / "data",
            "JUPYTER_RUNTIME_DIR": folder / "runtime",
            "IPYTHONDIR": folder / "ipython",
            "QWAVE_HOME": self.home,
            "QWAVE_SAVE_DIR": folder / "images",
            **environment,
        }
        self._log = folder / "voila.log"
        with on_own_port(socket.create_server) as free:
            port = free.getsockname()[1]
        options = ["--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
        with self._log.open("wb") as log:
            self._process = driver.start_server("voila", [str(notebook), *options], own, log)
        try:
            self.url = self._read_url()
        except BaseException:
            self.close()
            raise

    def read_log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _read_url(self):
        """Voilà says its port when it serves: another one, if somebody was quicker."""
        ends = time.monotonic() + driver.HANG / 1000
        while self._process.poll() is None and time.monotonic() < ends:
            if found := re.search(r"https?://[\w.]+:(\d+)/", self.read_log()):
                return f"http://127.0.0.1:{found[1]}/"
            time.sleep(0.1)
        raise AssertionError(self.read_log()[-3000:])

    def close(self):
        driver.stop_server(self._process)


class Visit:
    """One visitor's page, and everything that it was sent and has sent."""

    def __init__(self, context, url):
        self.traffic = []
        self.page = context.new_page()
        self.page.on("websocket", self._watch)
        self.page.on("response", self._note_response)
        self.page.goto(url)
        self.panel = self.page.locator(".qwp-panel")
        self.line = self.panel.locator(".qwp-line").first
        self.runs = self.panel.locator(".qwp-run")

    def _watch(self, websocket):
        for event in ("framereceived", "framesent"):
            websocket.on(event, self._note)

    def _note(self, frame):
        self.traffic.append(frame)

    def _note_response(self, response):
        if response.request.resource_type in {"document", "fetch", "xhr"}:
            with contextlib.suppress(Exception):  # of a body that is gone, such as a redirection's
                self.traffic.append(response.body())

    def write(self, prompt):
        self.panel.locator(".qwp-prompt textarea").fill(prompt)

    def generate(self):
        self.panel.get_by_role("button", name="Generate", exact=True).click()

    def read_traffic(self):
        """Everything that crossed the wire, and the page as it is now, as bytes."""
        parts = [part.encode() if isinstance(part, str) else bytes(part) for part in self.traffic]
        return b"\n".join([*parts, self.page.content().encode()])

    def screenshot(self, name):
        driver.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(driver.SCREENSHOTS / f"{name}.png"), full_page=True)


@pytest.fixture
def serve(tmp_path):
    if importlib.util.find_spec("voila") is None:
        if TEST_ALL:
            pytest.fail("needs voila: pip install 'qwave-jupyter[app]'", pytrace=False)
        optional("voila", "app")
    with contextlib.ExitStack() as opened:

        def start(notebook=APP, **environment):
            server = VoilaServer(tmp_path, notebook, **environment)
            opened.callback(server.close)
            return server

        yield start


@pytest.fixture
def visit(serve, context):
    return lambda server: Visit(context, server.url)


def spellings(key):
    """A key as it may be written somewhere: plain, quoted, in Base64 at each of the three places of a group."""
    yield key.encode()
    yield urllib.parse.quote(key).encode()
    for offset in range(3):
        encoded = base64.b64encode(b" " * offset + key.encode())
        yield encoded[4:-4]


def test_app_paints_on_demo(serve, visit):
    server = serve()
    visitor = visit(server)
    expect(visitor.line).to_contain_text("Write what to paint.")
    visitor.write("a lighthouse in a storm")
    expect(visitor.line).to_contain_text("Ready")
    expect(visitor.panel).to_contain_text("DEMO")
    visitor.generate()
    expect(visitor.runs.locator(".qwp-images img")).to_be_visible()
    expect(visitor.runs).to_contain_text("1 image in")
    (row,) = journal_rows(server.home / "demo")
    assert row["prompt"] == "a lighthouse in a storm"
    assert visitor.page.title() == "Images from prompts"
    visitor.screenshot("voila-app")
    # A visitor may use results, and no other file of the server.
    expect(visitor.runs.get_by_role("button", name="Vary")).to_be_visible()
    expect(visitor.runs.get_by_role("button", name="Save", exact=True)).to_be_hidden()
    address = visitor.panel.get_by_role("textbox", name="Address of an image").first
    other = server.home.parent / "other.png"
    shutil.copy(next((server.home.parent / "images").glob("*.png")), other)
    address.fill(str(other))
    address.press("Enter")
    expect(visitor.panel).to_contain_text("on this page an image is uploaded")
    expect(visitor.panel.locator(".qwp-caption")).to_have_count(0)


def test_visitors_have_budgets_and_no_key(serve, visit, demo):
    # Two images of $0.0064 each.
    server = serve(QWAVE_BASE_URL=demo.url, QWAVE_API_KEY=demo.key, QWAVE_BUDGET="0.013")
    api = Server(demo.url, demo.key)
    first, second = visit(server), visit(server)
    for visitor in (first, second):
        expect(visitor.panel).to_contain_text("$0.0130 left of $0.0130")
    for count, left in ((1, "0.0066"), (2, "0.0002")):
        first.write(f"a fox, number {count}")
        first.generate()
        expect(first.runs).to_have_count(count)
        expect(first.panel).to_contain_text(f"${left} left of $0.0130")
        expect(first.runs.first.locator(".qwp-images img")).to_be_visible()
    first.generate()
    expect(first.panel).to_contain_text("your budget on this page is $0.0130")
    expect(first.runs).to_have_count(2)
    first.screenshot("voila-budget")

    # What one visitor has spent is nothing to the other.
    second.write("an owl")
    expect(second.panel).to_contain_text("$0.0130 left of $0.0130")
    second.generate()
    expect(second.runs.first.locator(".qwp-images img")).to_be_visible()
    expect(second.panel).to_contain_text("$0.0066 left of $0.0130")
    rows = journal_rows(server.home)
    assert sorted(row["prompt"] for row in rows) == ["a fox, number 1", "a fox, number 2", "an owl"]
    assert {api.get(f"/v1/tasks/{row['task_id']}")["status"] for row in rows} == {"completed"}

    # Wherever a panel can write something down.
    for button in ("Copy as cell", "Copy as Python", "About this model", "Presets"):
        second.panel.get_by_role("button", name=button, exact=True).click()
    expect(second.panel.get_by_role("textbox", name="Text to copy")).to_be_visible()
    for visitor, prompt in ((first, b"a fox, number 2"), (second, b"an owl")):
        traffic = visitor.read_traffic()
        assert prompt in traffic
        assert b"%%qwave" in traffic
        assert [spelling for spelling in spellings(demo.key) if spelling in traffic] == []
        expect(visitor.page.locator("input[type=password]")).to_have_count(0)
    assert demo.key not in server.read_log()


@pytest.mark.parametrize("environment", [{"QWAVE_DEMO": "0"}, {"QWAVE_BASE_URL": "http://127.0.0.1:9"}])
def test_app_without_key_tells_owner(serve, visit, environment):
    server = serve(**environment)
    visitor = visit(server)
    sentence = "no API key, so nothing can be sent: whoever runs this server must set QWAVE_API_KEY"
    expect(visitor.line).to_contain_text(sentence)
    visitor.write("a lighthouse")
    visitor.generate()
    expect(visitor.line).to_contain_text(sentence)
    expect(visitor.panel).not_to_contain_text("%qwave key")
    expect(visitor.runs).to_have_count(0)
    expect(visitor.page.locator("input[type=password]")).to_have_count(0)
    visitor.screenshot("voila-without-key")
    assert journal_rows(server.home) == []


def test_editors_live_in_voila(serve, visit, tmp_path):
    """Brush and boxes answer, and what cells have made is on the page."""
    notebook = nbformat.v4.new_notebook()
    cells = ("%load_ext qwave_jupyter", CONTROLS, "%%qwave --no-wait\na fox", "%%qwave -n 2\nan owl")
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, tmp_path / "controls.ipynb")
    visitor = visit(serve(tmp_path / "controls.ipynb"))
    page = visitor.page
    brush, boxes = page.locator(".qwc-brush"), page.locator(".qwc-boxes")
    for control, state in ((brush, "% painted"), (boxes, None)):
        sheet = control.locator(".qwc-sheet")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
        page.mouse.up()
        if state:
            expect(control.locator(".qwc-state")).to_contain_text(state)
        else:
            expect(control.locator(".qwc-box")).to_have_count(1)
    expect(page.locator("body")).to_contain_text("2 images in")
    expect(page.get_by_role("img").first).to_be_visible()
    visitor.screenshot("voila-controls")


def test_make_serves_app_on_demo(tmp_path):
    """``make help`` lists it, and no server or key that the environment names is asked."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    shown = subprocess.run(["make", "help"], cwd=driver.ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"^app +serve the panel as an app with Voilà", shown, re.MULTILINE)
    command = ["make", "-n", "app", "APP_OPTIONS=--port=1"]
    run = subprocess.run(command, cwd=driver.ROOT, capture_output=True, text=True, check=True).stdout
    assert "QWAVE_DEMO=1 QWAVE_BASE_URL= WAVEAPI_BASE_URL= .venv/bin/voila notebooks/07-app.ipynb --port=1" in run
