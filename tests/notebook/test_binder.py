"""What a student on Binder meets: an environment of binder/'s own files, no network, no key, and all six notebooks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from tests.conftest import CONFIGURATION

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
HOME = ROOT / ".venvs" / "binder"
#: Seconds that one notebook may take, two at a time.
LONGEST = 90
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
from qwave_jupyter import settings
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
    "from": qwave_jupyter.__file__, "refused": refused, "demo": settings.serves_demo(), "key": settings.key(),
}))
"""
OPEN = """
import json, socket, subprocess, sys, time, urllib.request
root, place = sys.argv[1:]
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
base = f"http://127.0.0.1:{port}"
options = ["--no-browser", "--allow-root", "--IdentityProvider.token=t"]
options += [f"--port={port}", f"--ServerApp.root_dir={root}"]
server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], stdout=subprocess.DEVNULL)
def asked(path):
    asking = urllib.request.Request(f"{base}/{path}", headers={"Authorization": "token t"})
    with urllib.request.urlopen(asking, timeout=20) as answer:
        return answer.status, answer.read()
try:
    for attempt in range(100):
        try:
            asked("api")
            break
        except OSError:
            time.sleep(0.3)
    content = json.loads(asked("api/contents/" + place.removeprefix("lab/tree/") + "?content=0")[1])
    print(json.dumps({"page": asked(place)[0], "opens": content["type"]}))
finally:
    server.terminate()
    server.wait(20)
"""
pytestmark = [pytest.mark.kernel, pytest.mark.timeout(1500)]


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
    if not stamped("needs", needs):
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"]
        subprocess.run(pip, cwd=ROOT, check=True)
        (HOME / "needs").write_text(needs, encoding="utf-8")
    if not stamped("project", project):
        subprocess.run(["bash", "binder/postBuild"], cwd=ROOT, env={**clean, "HOME": str(Path.home())}, check=True)
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
    """Every notebook, executed in a folder of its own, two at a time: how it ended, seconds, and what it shows."""

    def execute(path):
        folder = tmp_path_factory.mktemp(path.stem)
        shutil.copy(path, folder)
        own = {**student, "QWAVE_HOME": str(folder / "home")}
        started = time.monotonic()
        command = [*offline, str(HOME / "bin" / "python"), "-c", EXECUTE, path.name, str(LONGEST)]
        ended = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=400)
        return ended, time.monotonic() - started, nbformat.read(folder / path.name, as_version=4)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip((path.name for path in NOTEBOOKS), pool.map(execute, NOTEBOOKS), strict=True))


def test_a_session_has_the_package_the_demo_no_key_and_no_network(student, offline):
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
def test_each_notebook_runs_without_network_and_key(sessions, name):
    ended, seconds, notebook = sessions[name]
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert seconds <= LONGEST, f"{name} took {seconds:.0f} s"
    for cell in notebook.cells:
        refused = any(output.output_type == "error" for output in cell.get("outputs", ()))
        assert refused == ("raises-exception" in cell.metadata.get("tags", ())), cell.source
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    said = any("DEMO" in str(data.get("text/plain", "")) for data in shown)
    assert said == any("image/jpeg" in data for data in shown)


def test_the_badge_opens_the_first_notebook_in_jupyterlab(student, offline, tmp_path):
    badge = re.search(r"https://mybinder\.org/v2/gh/[^)\s]+", (ROOT / "README.md").read_text(encoding="utf-8"))[0]
    place = badge.partition("?urlpath=")[2]
    assert (ROOT / place.removeprefix("lab/tree/")).is_file()
    command = [*offline, str(HOME / "bin" / "python"), "-c", OPEN, str(ROOT), place]
    told = subprocess.run(command, cwd=tmp_path, env=student, capture_output=True, text=True, check=False, timeout=120)
    assert told.returncode == 0, told.stderr[-3000:]
    assert json.loads(told.stdout) == {"page": 200, "opens": "notebook"}
