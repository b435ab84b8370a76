"""A session on Binder: the environment that binder/ describes, no network, no key, and every notebook."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from tests.conftest import CONFIGURATION
from tests.notebook.kernels import journal_rows

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
HOME = ROOT / ".venvs" / "binder"
#: Notebooks executed beside each other: they mostly wait for the demo.
BESIDE = 3
#: Seconds after which a cell is taken to hang; never a measure of speed.
HANG = 300
#: Tasks that one notebook may order: each is a few seconds of a student's time.
MOST_TASKS = 40
#: Where no network namespace can be had, Python itself refuses all but the loopback.
REFUSING = """
import socket
def _refuse(real):
    def connect(self, address, *rest):
        far = self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost")
        if far:
            raise OSError(101, "Network is unreachable")
        return real(self, address, *rest)
    return connect
socket.socket.connect = _refuse(socket.socket.connect)
socket.socket.connect_ex = _refuse(socket.socket.connect_ex)
"""
#: What each kernel begins with: the demo paints small images, for painting costs more than all the rest of a notebook.
STARTUP = f"""
import sys
sys.path.append({str(ROOT)!r})
from qwave_jupyter.demo import painter
from tests.small_demo import paint_at_most
painter.paint = paint_at_most(512)
sys.path.remove({str(ROOT)!r})
"""
NAMESPACE = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
#: The answer to a lesson's exercise is run as its last cells.
EXECUTE = """
import re, sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
answer = "".join(text.partition("<details>")[2] for text in prose)
for code in re.findall(r"^```\\w*\\n(.*?)^```", answer, re.MULTILINE | re.DOTALL):
    notebook.cells.append(nbformat.v4.new_code_cell(code))
NotebookClient(notebook, timeout=int(sys.argv[2])).execute()
nbformat.write(notebook, sys.argv[1])
"""
ASK = """
import json, os, socket, qwave_jupyter
from qwave_jupyter.session import default
far = socket.socket()
far.settimeout(3)
near = socket.create_server(("127.0.0.1", 0))
try:
    far.connect(("192.0.2.1", 80))
    refused = ""
except OSError as problem:
    refused = problem.strerror
socket.create_connection(near.getsockname(), 3).close()
print(json.dumps({
    "from": qwave_jupyter.__file__, "refused": refused, "demo": default().serves_demo(), "key": default()._key(),
}))
"""
OPEN = """
import json, os, pathlib, subprocess, sys, time, urllib.request
root, place = sys.argv[1:]
options = ["--no-browser", "--allow-root", "--IdentityProvider.token=t", "--port=0", f"--ServerApp.root_dir={root}"]
server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], stdout=subprocess.DEVNULL)
written = pathlib.Path(os.environ["JUPYTER_RUNTIME_DIR"], f"jpserver-{server.pid}.json")
def get(path):
    port = json.loads(written.read_text(encoding="utf-8"))["port"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers={"Authorization": "token t"})
    with urllib.request.urlopen(request, timeout=100) as answer:
        return answer.status, answer.read()
def await_server():
    # It chooses its port and writes it down, and listens a moment later.
    while server.poll() is None:
        try:
            return get("api")
        except (OSError, ValueError):
            time.sleep(0.1)
    sys.exit("the server ended")
try:
    await_server()
    content = json.loads(get("api/contents/" + place.removeprefix("lab/tree/") + "?content=0")[1])
    print(json.dumps({"page": get(place)[0], "opens": content["type"]}))
finally:
    server.terminate()
    server.wait(20)
"""
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
]


def digest(*paths):
    found = hashlib.sha256(sys.version.encode())
    for path in sorted(one for given in paths for one in (given.rglob("*") if given.is_dir() else [given])):
        if path.is_file() and path.suffix != ".pyc":
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def stamped(name, value):
    stamp = HOME / name
    return stamp.exists() and stamp.read_text(encoding="utf-8") == value


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """The environment of a session: built as Binder builds it, anew when what it is built from has changed."""
    needs = digest(ROOT / "binder")
    project = digest(ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "qwave_jupyter")
    clean = {name: value for name, value in os.environ.items() if not name.startswith((*CONFIGURATION, "PYTHON"))}
    clean |= {
        "PATH": f"{HOME / 'bin'}{os.pathsep}{clean['PATH']}",
        "JUPYTER_DATA_DIR": str(HOME / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    startup = Path(clean["HOME"], ".ipython", "profile_default", "startup")
    startup.mkdir(parents=True)
    (startup / "small.py").write_text(STARTUP, encoding="utf-8")
    # Bytecode is written where it is needed; Binder's image has all of it.
    building = {**clean, "HOME": str(Path.home()), "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if not stamped("needs", needs):
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"]
        subprocess.run(pip, cwd=ROOT, env=building, check=True)
        (HOME / "needs").write_text(needs, encoding="utf-8")
    if not stamped("project", project):
        subprocess.run(["bash", "binder/postBuild"], cwd=ROOT, env=building, check=True)
        (HOME / "project").write_text(project, encoding="utf-8")
    return clean


@pytest.fixture(scope="module")
def offline(student, tmp_path_factory):
    """The beginning of a command that runs as a session does, with the network refused."""
    possible = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    if not possible:
        refusing = tmp_path_factory.mktemp("refusing")
        (refusing / "sitecustomize.py").write_text(REFUSING, encoding="utf-8")
        student["PYTHONPATH"] = str(refusing)
    return [*(NAMESPACE if possible else []), "bash", str(ROOT / "binder" / "start")]


@pytest.fixture(scope="module")
def sessions(student, offline, tmp_path_factory):
    """Every notebook, executed in a folder of its own: how it ended, its folder, and what it shows."""

    def execute(path):
        folder = tmp_path_factory.mktemp(path.stem)
        shutil.copy(path, folder)
        own = {**student, "QWAVE_HOME": str(folder / "home")}
        command = [*offline, str(HOME / "bin" / "python"), "-c", EXECUTE, path.name, str(HANG)]
        ended = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
        return ended, folder, nbformat.read(folder / path.name, as_version=4)

    with ThreadPoolExecutor(BESIDE) as pool:
        return dict(zip((path.name for path in NOTEBOOKS), pool.map(execute, NOTEBOOKS), strict=True))


def test_session_is_offline_without_key(student, offline):
    asked = subprocess.run(
        [*offline, str(HOME / "bin" / "python"), "-c", ASK],
        cwd=student["HOME"],
        env=student,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(asked.stdout)
    installed = Path(told.pop("from")).parent
    assert installed.is_relative_to(HOME)
    assert digest(installed) == digest(ROOT / "qwave_jupyter")
    assert told == {"refused": "Network is unreachable", "demo": True, "key": None}


@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS])
def test_notebook_runs_offline(sessions, name):
    ended, folder, notebook = sessions[name]
    assert ended.returncode == 0, ended.stderr[-3000:]
    tasks = journal_rows(folder / "home" / "demo")
    assert len(tasks) <= MOST_TASKS
    for cell in notebook.cells:
        refused = any(output.output_type == "error" for output in cell.get("outputs", ()))
        assert refused == ("raises-exception" in cell.metadata.get("tags", ())), cell.source
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    said = any("DEMO" in str(data.get("text/plain", "")) for data in shown)
    assert said == any("image/jpeg" in data for data in shown)
    assert tasks or not said


def test_badge_opens_first_notebook(student, offline, tmp_path):
    badge = re.search(r"https://mybinder\.org/v2/gh/[^)\s]+", (ROOT / "README.md").read_text(encoding="utf-8"))[0]
    place = badge.partition("?urlpath=")[2]
    assert (ROOT / place.removeprefix("lab/tree/")).is_file()
    command = [*offline, str(HOME / "bin" / "python"), "-c", OPEN, str(ROOT), place]
    own = {**student, "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    told = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    assert json.loads(told.stdout) == {"page": 200, "opens": "notebook"}
