"""JupyterLab and Notebook 7 in a real browser, operated through what is on the screen."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import requests

from qwave_jupyter.clock import Clock
from tests.conftest import CONFIGURATION, Server
from tests.notebook.kernels import TIMES, journal_rows

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENSHOTS = ROOT / "test-results" / "screenshots"
#: Milliseconds after which something that should appear is taken to hang; never a measure of speed.
HANG = 180_000
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing beyond this machine is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_VIEWPORT = {"width": 1200, "height": 900}
#: What a page can keep in the browser, the cache of files aside.
_STORAGE = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage"
_CURRENT = "window.jupyterapp.shell.currentWidget"
_READY = f"() => window.jupyterapp && {_CURRENT}?.content?.widgets"
_IDLE = f"() => {_CURRENT}.sessionContext?.session?.kernel?.status === 'idle'"
#: Collects the widget messages that the kernel hasn't finished yet.
_TRACK = f"""() => {{
  const pending = window.qwavePending = new Set();
  {_CURRENT}.sessionContext.session.kernel.anyMessage.connect((_, {{ msg, direction }}) => {{
    if (direction === 'send') {{
      if (msg.header.msg_type.startsWith('comm_')) pending.add(msg.header.msg_id);
    }} else if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle') {{
      pending.delete(msg.parent_header.msg_id);
    }}
  }});
}}"""
#: ipywidgets sends what it has buffered when the kernel becomes idle, so one empty moment isn't the end.
_SYNCED = """() => {
  window.qwaveCalm = window.qwavePending.size ? 0 : (window.qwaveCalm || 0) + 1;
  if (window.qwaveCalm < 5) return false;
  window.qwaveCalm = 0;
  return true;
}"""
#: Resolves when an element has had the same box for some frames.
_STEADY = """async element => {
  let before = '';
  for (let same = 0; same < 5;) {
    await new Promise(requestAnimationFrame);
    const now = JSON.stringify(element.getBoundingClientRect());
    same = now === before ? same + 1 : 0;
    before = now;
  }
}"""


def chromium():
    """The browser's path, or None; the headless build first, which needs two thirds of the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def find_missing():
    """What the browser tests need and isn't installed, in words; empty if nothing."""
    packages = {"playwright": "Playwright", "jupyterlab": "JupyterLab", "notebook": "Notebook 7"}
    missing = [name for package, name in packages.items() if importlib.util.find_spec(package) is None]
    parts = [f"{' and '.join(missing)} (pip install -e '.[test,browser]')"] if missing else []
    if chromium() is None:
        parts.append("Chromium (on Debian and Ubuntu: apt-get install chromium)")
    return " and ".join(parts)


def expect(subject):
    """Playwright's waiting assertions; imported on use, so that tests are collected without Playwright."""
    from playwright.sync_api import expect as waiting

    return waiting(subject)


class SkippableClock(Clock):
    """The real clock with an offset: a test lets the demo's tasks end when it has seen enough of them."""

    def __init__(self):
        self._skipped = 0.0

    def now(self):
        return time.time() + self._skipped

    def skip(self, seconds):
        self._skipped += seconds


def start_server(module, options, own, log, *, cwd=None):
    """A server's process, in a group of its own, without this machine's configuration."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        env={**clean, **{name: str(value) for name, value in own.items()}},
        cwd=cwd,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def stop_server(process):
    """End a server with its kernels."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


class JupyterServer:
    """A Jupyter server over a folder; tests have a subfolder and a kernel specification each."""

    def __init__(self, root):
        self.root = Path(root)
        self.workspaces = self.root / "workspaces"
        self.workspaces.mkdir()
        self._numbers = itertools.count(1)
        self._runtime = self.root / "runtime"
        own = {
            "JUPYTER_CONFIG_DIR": self.root / "config",
            "JUPYTER_DATA_DIR": self.root / "data",
            "JUPYTER_RUNTIME_DIR": self._runtime,
            "JUPYTERLAB_WORKSPACES_DIR": self.root / "layouts",
            "JUPYTERLAB_SETTINGS_DIR": self.root / "settings",
        }
        self._reset_settings()
        options = [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
        options += ["--no-browser", "--allow-root", "--port=0", "--IdentityProvider.token="]
        options += ["--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={self.workspaces}"]
        options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        options += ["--LanguageServerManager.autodetect=False"]
        self._log = (self.root / "jupyter.log").open("wb")
        self._process = start_server("jupyterlab", options, own, self._log, cwd=self.root)
        try:
            self.url = self._read_url()
        except BaseException:
            self.close()
            raise

    def _read_url(self):
        """The server chooses its port and writes it down when it serves."""
        ends = time.monotonic() + HANG / 1000
        while self._process.poll() is None and time.monotonic() < ends:
            for file in self._runtime.glob("jpserver-*.json"):
                with contextlib.suppress(ValueError, requests.ConnectionError):
                    url = f"http://127.0.0.1:{json.loads(file.read_text(encoding='utf-8'))['port']}"
                    requests.get(f"{url}/api", timeout=30).raise_for_status()
                    return url
            time.sleep(0.1)
        raise AssertionError((self.root / "jupyter.log").read_text(encoding="utf-8", errors="replace")[-3000:])

    def close(self):
        stop_server(self._process)
        self._log.close()

    def open_workspace(self, demo):
        """A fresh workspace; what an earlier test has set in the browser, such as a dark theme, is forgotten."""
        self._reset_settings()
        return Workspace(self, f"test{next(self._numbers)}", demo)

    def _reset_settings(self):
        settings = self.root / "settings"
        shutil.rmtree(settings, ignore_errors=True)
        quiet = settings / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True)
        # A question about news would cover what is looked at.
        (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")

    def stop_kernels(self):
        """Shut down every kernel and session; the tests of one server run one after the other."""
        for kind in ("sessions", "kernels"):
            for one in requests.get(f"{self.url}/api/{kind}", timeout=60).json():
                requests.delete(f"{self.url}/api/{kind}/{one['id']}", timeout=60)


class Workspace:
    """What one test has for itself: a folder, a kernel specification, a home of the package."""

    def __init__(self, jupyter, name, demo):
        self.jupyter, self.name, self.demo = jupyter, name, demo
        self.api = Server(demo.url, demo.key)
        self.folder = jupyter.workspaces / name
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.images = self.home / "images"
        self._specification = jupyter.root / "data" / "kernels" / name
        self._specification.mkdir(parents=True)
        specification = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "qwave",
            "language": "python",
            "env": {
                "QWAVE_BASE_URL": demo.url,
                "QWAVE_API_KEY": demo.key,
                "QWAVE_HOME": str(self.home),
                "QWAVE_SAVE_DIR": str(self.images),
                "IPYTHONDIR": str(self.folder / ".ipython"),
            },
        }
        (self._specification / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
        startup = self.folder / ".ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "polling.py").write_text(TIMES, encoding="utf-8")

    def write_notebook(self, name, *cells):
        """Write a notebook with code cells."""
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook.metadata["kernelspec"] = {"name": self.name, "display_name": "qwave", "language": "python"}
        nbformat.write(notebook, self.folder / name)
        return name

    def statuses(self):
        """The state of each job's task on the server, in the order of the jobs."""
        return [self.api.get(f"/v1/tasks/{row['task_id']}")["status"] for row in journal_rows(self.home)]

    def close(self):
        """Stop the kernels and end the tasks, whatever the test has left."""
        try:
            self.jupyter.stop_kernels()
        finally:
            shutil.rmtree(self._specification)
            for row in journal_rows(self.home):
                if row["task_id"]:
                    self.api.post(f"/v1/tasks/{row['task_id']}/cancel")


class Browser:
    """One browser for many tests: its cache stays, so that scripts are compiled once; what a page can store goes."""

    def __init__(self, playwright, profile):
        self._playwright, self._profile = playwright, profile
        self._context = None

    def open_context(self):
        """The browser's context, as it is when new; a browser that has crashed or hung is started again."""
        if self._context is None:
            self._context = self._playwright.chromium.launch_persistent_context(
                self._profile, executable_path=chromium(), args=_ARGUMENTS, headless=True, viewport=_VIEWPORT
            )
            self._context.set_default_timeout(HANG)
            self._context.on("close", lambda _: self._forget())
        return self._context

    def reset(self):
        """Close the pages of a test, and forget what they have stored and were permitted."""
        if self._context is None:
            return
        try:
            # The first page is the browser's own; without it, it ends.
            first, *pages = self._context.pages
            origins = {url.split("/", 3)[2] for page in pages if (url := page.url).startswith("http")}
            for page in pages:
                page.close()
            self._context.unroute_all()
            self._context.clear_permissions()
            self._context.clear_cookies()
            wire = self._context.new_cdp_session(first)
            for origin in origins:
                wire.send("Storage.clearDataForOrigin", {"origin": f"http://{origin}", "storageTypes": _STORAGE})
            wire.detach()
        except Exception:  # noqa: BLE001 - whatever a browser in trouble answers, the next test gets a new one
            self.close()

    def close(self):
        context = self._context
        self._forget()
        if context is not None:
            with contextlib.suppress(Exception):
                context.close()

    def _forget(self):
        self._context = None


class NotebookPage:
    """One open notebook."""

    def __init__(self, context, workspace, name, face="lab"):
        self.workspace = workspace
        self._counts = {}
        self.page = context.new_page()
        # Leaving a notebook with unsaved outputs asks.
        self.page.on("dialog", lambda dialog: dialog.accept())
        place = f"/lab/workspaces/{workspace.name}/tree/" if face == "lab" else "/notebooks/"
        self.page.goto(f"{workspace.jupyter.url}{place}{workspace.name}/{name}?reset")
        self._await_kernel()

    def reload(self):
        self.page.reload()
        self._await_kernel()

    def _await_kernel(self):
        expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
        self.page.wait_for_function(_READY)
        self.page.evaluate(f"() => {_CURRENT}.context.ready")
        self.page.wait_for_function(_IDLE)
        self.page.evaluate(_TRACK)

    def run(self, *places):
        """Run cells, one behind the other, without waiting."""
        for place in places:
            self._counts[place] = self._model(place, "executionCount")
            self.page.evaluate(
                f"place => {{ const n = {_CURRENT}; n.content.activeCellIndex = place; n.content.deselectAll();"
                "window.jupyterapp.commands.execute('notebook:run-cell'); }",
                place,
            )

    def wait(self, *places):
        """Wait until cells that were run have ended."""
        for place in places:
            ended = (
                f"([place, before]) => {{ const m = {_CURRENT}.content.widgets[place].model;"
                "return m.executionState !== 'running' && m.executionCount && m.executionCount !== before; }"
            )
            self.page.wait_for_function(ended, arg=[place, self._counts.get(place)])

    def expect_skipped(self, place):
        """Wait until the kernel has refused a queued cell, because one before it failed."""
        self.page.wait_for_function(
            f"place => {_CURRENT}.content.widgets[place].model.executionState !== 'running'", arg=place
        )
        assert self._model(place, "executionCount") is None
        expect(self.cell(place).locator(".jp-OutputArea-output")).to_have_count(0)

    def expect_text(self, place, *texts):
        """Wait until a cell's outputs contain texts or match patterns."""
        for text in texts:
            expect(self.output(place)).to_contain_text(text)

    def expect_submitted(self, place):
        """Wait until the card of a cell shows the task's id."""
        expect(self.cell(place).locator(".qw-id").first).to_be_visible()

    def expect_cancel_button(self, place):
        """Wait until the card of a cell has been there long enough for its button to be seen."""
        button = self.cell(place).locator("button.qw-cancel")
        expect(button).to_have_css("opacity", "1")
        return button

    def sync(self):
        """Wait until the kernel has done what the widgets have told it."""
        self.page.wait_for_function(_SYNCED)

    def await_frame(self):
        """Wait until the browser has handled the events before its next frame."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")

    def outputs(self, place):
        return self.page.evaluate(f"place => {_CURRENT}.content.widgets[place].model.outputs.toJSON()", place)

    def cell(self, place):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place)

    def output(self, place):
        return self.cell(place).locator(".jp-Cell-outputWrapper")

    def text(self, place):
        return self.output(place).inner_text()

    def card_height(self, place):
        # In one step: a card that waits is drawn anew again and again.
        return self.cell(place).evaluate("cell => cell.querySelector('.qw-card').getBoundingClientRect().height")

    def interrupt(self):
        self.page.evaluate(f"() => {_CURRENT}.sessionContext.session.kernel.interrupt()")

    def save(self):
        self.page.evaluate(f"() => {_CURRENT}.context.save()")

    def collapse_sidebar(self):
        self.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")

    def set_theme(self, name):
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {name}"
        )
        self.expect_theme(name)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()

    def expect_theme(self, name):
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {name}")

    def screenshot(self, name, place=None):
        """An image of the page, or of one cell."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        target = self.page if place is None else self.cell(place)
        target.screenshot(path=str(SCREENSHOTS / f"{name}.png"))

    def _model(self, place, name):
        return self.page.evaluate(f"([place, name]) => {_CURRENT}.content.widgets[place].model[name]", [place, name])


def await_steady(locator):
    """Wait until an element is visible and its box has stopped changing."""
    locator.wait_for()
    locator.evaluate(_STEADY)


def preview_bytes(outputs):
    """The bytes of the preview among a cell's outputs."""
    for output in outputs:
        data = output.get("data", {}).get("image/jpeg")
        if data:
            return base64.b64decode("".join(data))
    return b""
