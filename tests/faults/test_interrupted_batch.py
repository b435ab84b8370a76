"""A batch whose process is killed is continued by the next one: every row is billed once."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading

import pytest

from tests.conftest import serve
from tests.faults.conftest import HANG_GUARD, MODEL, RESOLUTION
from tests.faults.faulty_proxy import FaultyProxy
from tests.waiting import wait_until

ROWS = 12
#: The same lines in both processes, as a notebook's "Run All" would send them again.
BATCH = f"""
import json
import qwave_jupyter as qwave
rows = [{{"prompt": f"a cat, number {{place}}", "resolution": {RESOLUTION!r}}} for place in range({ROWS})]
batch = qwave.batch(rows, model={MODEL!r}, concurrency=3, reuse=True)
print("ready", flush=True)
outcomes = batch.results()
print(json.dumps([[one.gallery[0].prompt, str(one.gallery[0].path)] if one.gallery else str(one.error)
                  for one in outcomes]))
"""


@pytest.fixture(scope="module")
def server():
    yield from serve("--latency", "0.2")


@contextlib.contextmanager
def limited_proxy(server, submits):
    """A proxy that lets only so many submits through, so that no batch is ever finished before it is killed."""
    lock, passed = threading.Lock(), 0

    def limit(kind):
        nonlocal passed
        if kind == "submit":
            with lock:
                passed += 1
                late = passed > submits
            if late:
                proxy.over.wait(HANG_GUARD)
                raise ConnectionAbortedError

    with FaultyProxy(server.url) as proxy:
        proxy.on_request = limit
        yield proxy


@pytest.mark.slow
@pytest.mark.parametrize("moment", [2, 7])
def test_interrupted_batch_bills_rows_once(server, tmp_path, moment):
    before = server.get("/demo/counts")["billed"]
    with limited_proxy(server, moment + 3) as proxy:
        environment = {**server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        with subprocess.Popen(
            [sys.executable, "-c", BATCH], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
        ) as first:
            try:
                assert first.stdout.readline() == b"ready\n"
                wait_until(lambda: server.get("/demo/counts")["billed"] - before >= moment, timeout=HANG_GUARD)
            finally:
                first.send_signal(signal.SIGKILL)
        assert server.get("/demo/counts")["billed"] - before < ROWS
        proxy.on_request = lambda _: None
        second = subprocess.run(
            [sys.executable, "-c", BATCH],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=HANG_GUARD,
            check=True,
        )
    made = json.loads(second.stdout.splitlines()[-1])
    assert [prompt for prompt, _ in made] == [f"a cat, number {place}" for place in range(ROWS)]
    assert len({path for _, path in made}) == ROWS
    assert server.get("/demo/counts")["billed"] - before == ROWS
