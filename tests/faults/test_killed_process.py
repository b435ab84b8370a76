"""A process that is killed at whatever moment loses nothing: the next one finishes what it began, paid once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.faults.conftest import MODEL, RESOLUTION
from tests.faults.faulty_proxy import FaultyProxy
from tests.notebook.kernels import journal_rows

PATIENCE = 60

#: Paints one picture; what is named on the command line is where it kills itself.
FIRST = f"""
import importlib, os, signal, sys
import qwave_jupyter as qwave
qwave.configure(timeout=60)
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
qwave.configure(timeout=60)
jobs = qwave.resume()
print(json.dumps([[str(path) for path in job.result(60).paths] for job in jobs]))
print(len(qwave.resume()))
"""

#: Where the process kills itself, or what the proxy sees when it pulls the plug; and whether a task exists then.
OWN_HAND = {
    "before the intent": "before qwave_jupyter.generation.journal.Journal.begin",
    "before the POST": "after qwave_jupyter.generation.journal.Journal.begin",
    "answered, not yet written down": "after qwave_jupyter.api.client.Client.submit",
    "completed, not yet written down": "before qwave_jupyter.generation.fetching.Fetch.__call__",
    "downloaded, not yet looked at": "after qwave_jupyter.api.client.Client.download",
    "before the renaming": "before pathlib.Path.replace",
    "renamed, without its sidecar": "after pathlib.Path.replace",
    "sidecar written, not yet renamed": "before pathlib.Path.replace:2",
    "renamed, not yet written down": "after pathlib.Path.replace:2",
    "written down, not yet done": "after qwave_jupyter.generation.fetching.Fetch._each",
}
PLUG_PULLED = {
    "the POST in flight": ("request", "submit", ""),
    "the POST acted on": ("answer", "submit", ""),
    "queued": ("server", "", "queued"),
    "processing": ("server", "", "processing"),
    "completed": ("answer", "status", "completed"),
    "downloading": ("request", "download", ""),
    "half downloaded": ("half", "download", ""),
}


@pytest.fixture(scope="module")
def ended(steady_server, tmp_path_factory):
    base = tmp_path_factory.mktemp("killed")
    with ThreadPoolExecutor(4) as pool:
        yield {
            stage: pool.submit(_life, steady_server, base / str(place), stage)
            for place, stage in enumerate((*OWN_HAND, *PLUG_PULLED))
        }


def _life(server, home, stage):
    home.mkdir()
    with FaultyProxy(server.url) as proxy:
        environment = {**server.environment(home), "QWAVE_BASE_URL": proxy.url}
        first = subprocess.Popen(
            [sys.executable, "-c", FIRST, OWN_HAND.get(stage, "")],
            env=environment,
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if stage in PLUG_PULLED:
            _pull(proxy, server, first, *PLUG_PULLED[stage])
        _, said = first.communicate(timeout=PATIENCE)
        proxy.on_request, proxy.on_answer, proxy.half_sent = lambda _: None, lambda *_: None, None
        row = {
            "ended by": -first.returncode,
            "said": said,
            "state": [one["state"] for one in journal_rows(home)],
            "finished": _finished(home),
            "half": [path.name for path in home.rglob("*.part")],
        }
        second = subprocess.run(
            [sys.executable, "-W", "error", "-c", SECOND],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 0, second.stderr
        pictures, again = second.stdout.splitlines()
        costs = [server.get(f"/v1/tasks/{name}").get("cost") for name in proxy.tasks]
        return {
            **row,
            "pictures": json.loads(pictures),
            "open": int(again),
            "billed": sum(map(bool, costs)),
            "tasks": len(costs),
            "in the end": [one["state"] for one in journal_rows(home)],
            "kept": _finished(home),
            "litter": [path.name for path in home.rglob("*.part")],
            "locks": [path.name for path in home.rglob("*.lock")],
        }


def _pull(proxy, server, process, moment, kind, word):
    pulled = threading.Event()
    if moment == "server":
        while process.poll() is None:
            if any(server.get(f"/v1/tasks/{name}")["status"] == word for name in tuple(proxy.tasks)):
                process.kill()
            time.sleep(0.05)
        return

    def pull(seen, content=b""):
        if seen == kind and word.encode() in content and not pulled.is_set():
            pulled.set()
            # The client opens its file meanwhile.
            time.sleep(0.3 if moment == "half" else 0)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    if moment == "request":
        proxy.on_request = pull
    elif moment == "answer":
        proxy.on_answer = pull
    else:
        proxy.half_sent = pull


def _finished(home):
    """The files under final names, each whole or it counts as none."""
    found = {}
    for path in (home / "pictures").glob("*") if (home / "pictures").exists() else ():
        if path.suffix == ".json":
            found[path.name] = bool(json.loads(path.read_text(encoding="utf-8"))["prompt"])
        elif path.suffix != ".part":
            with Image.open(path) as picture:
                picture.load()
            found[path.name] = True
    return found


@pytest.mark.parametrize("stage", [*OWN_HAND, *PLUG_PULLED])
def test_nothing_is_lost_nothing_is_paid_twice_and_no_half_file_has_a_name(ended, stage):
    row = ended[stage].result(PATIENCE)
    assert (row["ended by"], row["said"]) == (signal.SIGKILL, "")
    assert all(row["finished"].values())
    if stage == "before the intent":
        assert (row["state"], row["tasks"], row["pictures"]) == ([], 0, [])
        return
    assert row["state"] in (["submitting"], ["running"], ["completed"])
    assert row["half"] or stage not in {"half downloaded", "before the renaming"}
    ((path,),) = row["pictures"]
    name = os.path.basename(path)  # noqa: PTH119
    assert set(row["kept"]) == {name, f"{name}.json"}
    assert (row["tasks"], row["billed"], row["in the end"], row["open"]) == (1, 1, ["done"], 0)
    assert (row["litter"], row["locks"]) == ([], [])
