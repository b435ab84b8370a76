"""A process that is killed at any moment loses nothing: the next one finishes its job, which is paid once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from PIL import Image

from tests.faults.conftest import HANG_GUARD, MODEL, RESOLUTION, run_cases, selected_params
from tests.faults.faulty_proxy import FaultyProxy
from tests.notebook.kernels import journal_rows
from tests.waiting import wait_until

# The first test waits for all processes, and each of them until it is taken to hang.
pytestmark = pytest.mark.timeout(900)

#: Generates one image; the command line names the place where it kills itself.
FIRST = f"""
import importlib, os, signal, sys
import qwave_jupyter as qwave
from qwave_jupyter.session import default
from qwave_jupyter.jobs import idempotency
qwave.configure(timeout=200)
# The demo heeds idempotency keys, as an earlier job has found out; test_order_repeat.py has servers that don't.
idempotency.remember(default().context())
where, _, count = sys.argv[1].partition(":")
if where:
    moment, _, what = where.partition(" ")
    module, _, name = what.rpartition(".")
    try:
        owner = importlib.import_module(module)
    except ModuleNotFoundError:
        module, _, kind = module.rpartition(".")
        owner = getattr(importlib.import_module(module), kind)
    true, left = getattr(owner, name), int(count or 1)
    def deadly(*args, **options):
        global left
        left -= 1
        if moment == "before" and not left:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = true(*args, **options)
        if moment == "after" and not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    setattr(owner, name, deadly)
print("ready", flush=True)
qwave.generate("a lighthouse", model={MODEL!r}, resolution={RESOLUTION!r})
"""
SECOND = """
import json
import qwave_jupyter as qwave
qwave.configure(timeout=200)
jobs = qwave.resume()
print(json.dumps([[str(path) for path in job.result(200).paths] for job in jobs]))
print(len(qwave.resume()))
"""

#: Where the process kills itself; or what the proxy sees when it kills the process.
SELF_KILLED = {
    "before the intent": "before qwave_jupyter.jobs.journal.store.Journal.begin",
    "before the POST": "after qwave_jupyter.jobs.journal.store.Journal.begin",
    "answered, not yet written down": "after qwave_jupyter.client.client.Client.submit",
    "completed, not yet written down": "before qwave_jupyter.jobs.result_download.ResultDownloader.download",
    "downloaded, not yet looked at": "after qwave_jupyter.client.client.Client.download",
    # The first renaming is that of the whole download.
    "before the renaming": "before pathlib.Path.replace:2",
    "renamed, without its sidecar": "after pathlib.Path.replace:2",
    "sidecar written, not yet renamed": "before pathlib.Path.replace:3",
    "renamed, not yet written down": "after pathlib.Path.replace:3",
    "written down, not yet done": "after qwave_jupyter.jobs.result_download.ResultDownloader._save_each",
}
PROXY_KILLED = {
    "the POST in flight": ("request", "submit", ""),
    "the POST acted on": ("answer", "submit", ""),
    "queued": ("server", "", "queued"),
    "processing": ("server", "", "processing"),
    "completed": ("answer", "status", "completed"),
    "downloading": ("request", "download", ""),
    "half downloaded": ("half", "download", ""),
}


@pytest.fixture(scope="module")
def killed(request, steady_server, lingering_server, tmp_path_factory):
    def run(home, stage):
        return _run(lingering_server if stage in {"queued", "processing"} else steady_server, home, stage)

    cases = [(stage,) for stage in selected_params(request, "stage")]
    return run_cases(cases, run, tmp_path_factory.mktemp("killed"), workers=4)


def _run(server, home, stage):
    home.mkdir()
    with FaultyProxy(server.url) as proxy:
        environment = {**server.environment(home), "QWAVE_BASE_URL": proxy.url}
        first = subprocess.Popen(
            [sys.executable, "-c", FIRST, SELF_KILLED.get(stage, "")],
            env=environment,
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if stage in PROXY_KILLED:
                _kill_at(proxy, server, first, home, *PROXY_KILLED[stage])
            _, printed = first.communicate(timeout=HANG_GUARD)
        finally:
            first.kill()
        proxy.on_request, proxy.on_answer, proxy.half_sent = lambda _: None, lambda *_: None, None
        row = {
            "ended by": -first.returncode,
            "printed": printed,
            "state": [one["state"] for one in journal_rows(home)],
            "finished": _finished_files(home),
            "half": [path.name for path in home.rglob("*.part")],
        }
        second = subprocess.run(
            [sys.executable, "-W", "error", "-c", SECOND],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=HANG_GUARD,
            check=False,
        )
        assert second.returncode == 0, second.stderr
        images, again = second.stdout.splitlines()
        costs = [server.get(f"/v1/tasks/{name}").get("cost") for name in proxy.tasks]
        return {
            **row,
            "images": json.loads(images),
            "open": int(again),
            "billed": sum(map(bool, costs)),
            "tasks": len(costs),
            "final states": [one["state"] for one in journal_rows(home)],
            "files": _finished_files(home),
            "partial": [path.name for path in home.rglob("*.part")],
            "locks": [path.name for path in home.rglob("*.lock")],
        }


def _kill_at(proxy, server, process, home, moment, kind, word):
    killed = threading.Event()
    if moment == "server":
        wait_until(
            lambda: [server.get(f"/v1/tasks/{name}")["status"] for name in tuple(proxy.tasks)] == [word],
            timeout=HANG_GUARD,
        )
        process.kill()
        return

    def kill(seen, content=b""):
        if seen == kind and word.encode() in content and not killed.is_set():
            killed.set()
            if moment == "half":
                wait_until(lambda: any(home.rglob("*.part")), timeout=HANG_GUARD)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    if moment == "request":
        proxy.on_request = kill
    elif moment == "answer":
        proxy.on_answer = kill
    else:
        proxy.half_sent = kill


def _finished_files(home):
    """The files under final names, each whole or it counts as none."""
    found = {}
    for path in (home / "images").glob("*") if (home / "images").exists() else ():
        if path.suffix == ".json":
            found[path.name] = bool(json.loads(path.read_text(encoding="utf-8"))["prompt"])
        elif path.suffix != ".part":
            with Image.open(path) as image:
                image.load()
            found[path.name] = True
    return found


#: The quick run takes the stage in which a job could most easily be lost or be paid for twice.
QUICK = "the POST acted on"


@pytest.mark.parametrize(
    "stage",
    [pytest.param(stage, marks=[] if stage == QUICK else pytest.mark.slow) for stage in (*SELF_KILLED, *PROXY_KILLED)],
)
def test_killed_process_is_resumed(killed, stage):
    row = killed[(stage,)].result(HANG_GUARD)
    assert (row["ended by"], row["printed"]) == (signal.SIGKILL, "")
    assert all(row["finished"].values())
    if stage == "before the intent":
        assert (row["state"], row["tasks"], row["images"]) == ([], 0, [])
        return
    assert row["state"] in (["submitting"], ["running"], ["completed"])
    assert row["half"] or stage not in {"half downloaded", "before the renaming"}
    ((path,),) = row["images"]
    name = os.path.basename(path)  # noqa: PTH119
    assert set(row["files"]) == {name, f"{name}.json"}
    assert (row["tasks"], row["billed"], row["final states"], row["open"]) == (1, 1, ["done"], 0)
    assert (row["partial"], row["locks"]) == ([], [])
