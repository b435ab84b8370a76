"""JupyterLab and Notebook 7 in a real browser, driven through what a person sees."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent.parent
SHOTS = ROOT / "test-results" / "screenshots"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CURRENT = "window.jupyterapp.shell.currentWidget"


def chromium():
    """The browser's path, or None."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class JupyterServer:
    """A Jupyter server over one folder, with the kernel of this Python."""

    def __init__(self, folder, environment):
        self.folder = Path(folder)
        with contextlib.closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        kernel = self.folder / ".jupyter" / "data" / "kernels" / "qwave"
        kernel.mkdir(parents=True)
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "qwave",
            "language": "python",
        }
        (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        clean = {**environment, "JUPYTER_PATH": str(self.folder / ".jupyter" / "data")}
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            clean[f"JUPYTER_{name}"] = str(self.folder / ".jupyter" / name.lower())
        clean["JUPYTERLAB_WORKSPACES_DIR"] = str(self.folder / ".jupyter" / "workspaces")
        clean["JUPYTERLAB_SETTINGS_DIR"] = str(self.folder / ".jupyter" / "settings")
        # Nobody is asked about news, which would lie over what is looked at.
        quiet = self.folder / ".jupyter" / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True)
        (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={self.port}"]
        exposed = [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
        options = [*exposed, "--IdentityProvider.token=", "--ServerApp.port_retries=0", f"--notebook-dir={self.folder}"]
        self._log = (self.folder / ".jupyter" / "jupyter.log").open("wb")
        self._process = subprocess.Popen(
            [*command, *options], env=clean, cwd=self.folder, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._await()

    def _await(self):
        for _ in range(240):
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(self.url + "/api", timeout=2),
            ):
                return
            time.sleep(0.25)
        raise AssertionError(
            (self.folder / ".jupyter" / "jupyter.log").read_text(encoding="utf-8", errors="replace")[-3000:]
        )

    def close(self):
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._log.close()

    def notebook(self, name, *cells):
        """Write a notebook with code cells."""
        made = nbformat.v4.new_notebook()
        made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        made.metadata["kernelspec"] = {"name": "qwave", "display_name": "qwave", "language": "python"}
        nbformat.write(made, self.folder / name)
        return name


@contextlib.contextmanager
def browser(playwright, width=1200, height=900):
    """A fresh browser that reaches nothing but this machine."""
    profile = tempfile.mkdtemp(prefix="qwave-browser-")
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium(), args=_ARGUMENTS, headless=True, viewport={"width": width, "height": height}
    )

    def only_here(route):
        address = route.request.url
        if address.startswith("http") and "127.0.0.1" not in address:
            route.abort()
        else:
            route.continue_()

    context.route("**/*", only_here)
    try:
        yield context
    finally:
        context.close()
        shutil.rmtree(profile, ignore_errors=True)


class NotebookPage:
    """One open notebook."""

    def __init__(self, context, server, name, face="lab", *, kernel=True):
        self.page = context.new_page()
        place = f"/lab/workspaces/w{time.time_ns()}/tree/" if face == "lab" else "/notebooks/"
        self.page.goto(server.url + place + name + "?reset")
        self.page.wait_for_selector(".jp-Notebook", timeout=60_000)
        ready = f"() => window.jupyterapp && {_CURRENT} && {_CURRENT}.content && {_CURRENT}.content.widgets"
        self.page.wait_for_function(ready, timeout=60_000)
        self.page.evaluate(f"() => {_CURRENT}.context.ready")
        if kernel:
            idle = f"() => {_CURRENT}.sessionContext.session?.kernel?.status === 'idle'"
            self.page.wait_for_function(idle, timeout=60_000)

    def run(self, *places):
        """Run cells, one behind the other, without waiting."""
        for place in places:
            self.page.evaluate(
                f"place => {{ const n = {_CURRENT}; n.content.activeCellIndex = place; n.content.deselectAll();"
                "window.jupyterapp.commands.execute('notebook:run-cell'); }",
                place,
            )

    def wait(self, place, timeout=60):
        """Wait until a cell has ended."""
        done = (
            f"place => {{ const m = {_CURRENT}.content.widgets[place].model;"
            "return m.executionState !== 'running' && m.executionCount; }"
        )
        self.page.wait_for_function(done, arg=place, timeout=timeout * 1000)
        self.page.wait_for_timeout(300)

    def outputs(self, place):
        return self.page.evaluate(f"place => {_CURRENT}.content.widgets[place].model.outputs.toJSON()", place)

    def cell(self, place):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place)

    def text(self, place):
        return self.cell(place).locator(".jp-Cell-outputWrapper").inner_text()

    def interrupt(self):
        self.page.evaluate(f"() => {_CURRENT}.sessionContext.session.kernel.interrupt()")

    def save(self):
        self.page.evaluate(f"() => {_CURRENT}.context.save()")

    def theme(self, name):
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {name}"
        )
        self.page.wait_for_timeout(800)

    def shot(self, name, place=None):
        """A picture of the page, or of one cell."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        target = self.page if place is None else self.cell(place)
        target.screenshot(path=str(SHOTS / f"{name}.png"))

    def close(self):
        with contextlib.suppress(Exception):
            self.page.evaluate(f"() => {_CURRENT}.sessionContext.shutdown()")
        self.page.close(run_before_unload=False)


def picture_bytes(outputs):
    """The bytes of the preview among a cell's outputs."""
    for output in outputs:
        data = output.get("data", {}).get("image/jpeg")
        if data:
            return base64.b64decode("".join(data))
    return b""
