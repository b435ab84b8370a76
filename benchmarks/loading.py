"""Loading the extension and the first cell, in live kernels, beside what people would load instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import report

VENVS = report.HERE / ".venvs"
#: Fresh kernels for each, taken in turn, so that a busy moment of the machine meets all of them.
KERNELS = 7
OURS = "qwave-jupyter"
#: The same for those who have made images before: the journal is asked whether something was left open.
LATER = "qwave-jupyter, with a journal"


class Peer(NamedTuple):
    """One package.

    Args:
        requirement: what pip installs.
        load: the statement that is timed first.
        first: a first cell that sends something to our server, or "".
    """

    requirement: str
    load: str
    first: str = ""


def load_ext(name: str) -> str:
    return f"get_ipython().run_line_magic('load_ext', '{name}')"


PEERS = {
    OURS: Peer(".", load_ext("qwave_jupyter"), "%%qwave -m gpt-image-2 --aspect-ratio 16:9 --resolution 1k\na cat"),
    LATER: Peer(".", load_ext("qwave_jupyter")),
    "jupysql": Peer("jupysql", load_ext("sql")),
    "bigquery-magics": Peer("bigquery-magics", load_ext("bigquery_magics")),
    "jupyter_ai_magics": Peer("jupyter_ai_magics", load_ext("jupyter_ai_magics")),
    "replicate": Peer(
        "replicate",
        "import replicate",
        "replicate.Client(api_token='made-up', base_url=SERVER).models.predictions.create('an/owner', input={'prompt': 'a cat'})",
    ),
    "openai": Peer(
        "openai",
        "import openai",
        "openai.OpenAI(api_key='made-up', base_url=SERVER, max_retries=0).images.generate(model='m', prompt='a cat')",
    ),
}
_BEGIN = """
import json as _json, sys as _sys, time as _time
from pathlib import Path as _Path
def _memory():
    try:
        return int(_Path('/proc/self/statm').read_text().split()[1]) * 4096
    except OSError:
        return 0
_before, _had, _began = len(_sys.modules), _memory(), _time.perf_counter()
%s
_took = _time.perf_counter() - _began
_Path(%r).write_text(_json.dumps({'seconds': _took, 'modules': len(_sys.modules) - _before, 'memory': _memory() - _had}))
"""
_STAMP = """
SERVER = %r
def _stamp(_=None):
    _Path(%r).write_text(repr(_time.time()))
get_ipython().events.register('pre_run_cell', _stamp)
"""


class Server:
    """Takes note of when a POST arrives, and refuses it."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.arrived.append(time.time())
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._answer(400)

            def do_GET(self) -> None:
                self._answer(404)

            def _answer(self, status: int) -> None:
                body = b'{"error": {"code": "invalid_request", "message": "only for measuring"}}'
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def python_of(name: str) -> Path:
    """A Python with this package and ipykernel, and nothing else; made on first need."""
    home = VENVS / (OURS if name == LATER else name)
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not (home / "ready").exists():
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        requirement = str(report.ROOT) if name == OURS else PEERS[name].requirement
        subprocess.run([*pip, "ipykernel", requirement], check=True)
        (home / "ready").touch()
    if name == OURS:
        # As users have it, not editable; the version stays the same while the code does not.
        subprocess.run([*pip, "--no-deps", "--force-reinstall", str(report.ROOT)], check=True)
    return python


@contextmanager
def kernel(python: Path, environment: Mapping[str, str], folder: Path) -> Iterator[Any]:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = str(python)
    manager.start_kernel(env={**os.environ, **environment}, cwd=str(folder), stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def one_kernel(name: str, python: Path, server: Server, folder: Path) -> dict[str, float]:
    """Load in a fresh kernel, and run the first cell where there is one."""
    if name == LATER:
        _keep_a_journal(folder / "home")
    peer, loaded, stamped = PEERS[name], folder / "loaded.json", folder / "stamp"
    environment = {
        "QWAVE_BASE_URL": server.url,
        "QWAVE_API_KEY": "sk-made-up",
        "QWAVE_HOME": str(folder / "home"),
        "PYTHONPATH": "",
        "IPYTHONDIR": str(folder / "ipython"),
    }
    with kernel(python, environment, folder) as client:
        _run(client, _BEGIN % (peer.load, str(loaded)))
        found = json.loads(loaded.read_text(encoding="utf-8"))
        if peer.first:
            _run(client, _STAMP % (server.url, str(stamped)))
            server.arrived.clear()
            client.execute_interactive(peer.first, timeout=120, output_hook=lambda _: None, allow_stdin=False)
            found["first"] = server.arrived[0] - float(stamped.read_text(encoding="utf-8"))
            server.arrived.clear()
            client.execute_interactive(peer.first, timeout=120, output_hook=lambda _: None, allow_stdin=False)
            found["second"] = server.arrived[0] - float(stamped.read_text(encoding="utf-8"))
    return found


def _keep_a_journal(home: Path) -> None:
    from qwave_jupyter.jobs.journal.store import Entry, Journal

    journal = Journal(home)
    for place in range(100):
        journal.begin(Entry(f"job-{place}", created=float(place), state="done"))
    journal.close()


def _run(client: Any, code: str) -> None:
    reply = client.execute_interactive(code, timeout=120, output_hook=lambda _: None, allow_stdin=False)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(reply["content"]["evalue"])


def ideal_import() -> float:
    """What the interpreter needs to find, read and run a module that does nothing, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nothing_at_all.py").write_text("", encoding="utf-8")
        code = (
            f"import sys, time; sys.path.insert(0, {folder!r})\n"
            "began = time.perf_counter(); import nothing_at_all; print(time.perf_counter() - began)"
        )
        runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(KERNELS)]
    return min(float(one.stdout) for one in runs)


def measured() -> dict[str, list[dict[str, float]]]:
    server = Server()
    pythons = {name: python_of(name) for name in PEERS}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PEERS}
    try:
        for _ in range(KERNELS):
            for name, python in pythons.items():
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    found[name].append(one_kernel(name, python, server, Path(folder)))
    finally:
        server.close()
    return found


def _least(runs: Sequence[Mapping[str, float]], what: str) -> float:
    return min(one[what] for one in runs)


def measure() -> report.Section:
    found = measured()
    loads = {name: _least(runs, "seconds") for name, runs in found.items()}
    fastest = min(seconds for name, seconds in loads.items() if name not in {OURS, LATER})
    ours = found[OURS]
    first = _least(ours, "first")
    rows = []
    for name, runs in sorted(found.items(), key=lambda one: loads[one[0]]):
        middle = sorted(one["seconds"] for one in runs)[len(runs) // 2]
        rows.append(
            [
                name,
                report.in_time(loads[name]),
                report.in_time(middle),
                f"{loads[name] / loads[OURS]:.3g} ×",
                str(int(_least(runs, "modules"))),
                report.in_bytes(_least(runs, "memory")),
                report.in_time(_least(runs, "first")) if "first" in runs[0] else "–",
                report.in_time(_least(runs, "second")) if "second" in runs[0] else "–",
            ]
        )
    columns = ["who", "load, least", "median", "× ours", "modules", "memory", "first cell to POST", "second cell"]

    def draw(axes: Any) -> None:
        colours = report.bar_colours()
        names = [row[0] for row in rows]
        axes.barh(
            names,
            [loads[name] * 1000 for name in names],
            color=[colours["ours"] if name in {OURS, LATER} else colours["other"] for name in names],
        )
        axes.set_xscale("log")
        axes.set_xlabel("milliseconds to load, least of several fresh kernels")
        axes.invert_yaxis()

    return report.Section(
        title="Loading, and the first cell",
        method=f"Each package in an environment of its own with ipykernel, {KERNELS} fresh kernels each, taken in turn; the least "
        "counts. Timed inside the kernel around `%load_ext`, or around the import for the two client libraries. The first "
        "cell is timed from `pre_run_cell` until its POST arrives at a server on loopback, imports included.",
        promises=[
            report.Promise("`%load_ext` against the fastest of the others", loads[OURS] / fastest, 1 / 20),
            report.Promise("`%load_ext` in a live kernel", loads[OURS] * 1000, 30, unit="ms"),
            report.Promise("first `%%qwave`, our own work before the POST", first * 1000, 200, unit="ms"),
        ],
        tables=[report.Table(columns, rows)],
        plots=[(report.plot("loading", draw, height=2.4), "Time to load, on a logarithmic scale")],
        remarks=[
            f"**The limit.** Importing a module with nothing in it takes {report.in_time(ideal_import())} here. The load imports "
            "what registers the magics and nothing else; `requests`, Pillow, ipywidgets and the catalogue come with the "
            "first cell that needs them, and of the catalogue only the families that the cell names.",
        ],
    )


if __name__ == "__main__":
    report.run_alone("loading", measure)
