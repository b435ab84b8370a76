"""A batch whose process is killed is continued by the next one: every row is billed once."""

from __future__ import annotations

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

ROWS, CONCURRENCY = 12, 3
#: The same lines in both processes, as a notebook's "Run All" would send them again.
BATCH = f"""
import json
import qwave_jupyter as qwave
rows = [{{"prompt": f"a cat, number {{place}}", "resolution": {RESOLUTION!r}}} for place in range({ROWS})]
batch = qwave.batch(rows, model={MODEL!r}, concurrency={CONCURRENCY}, reuse=True)
print("ready", flush=True)
outcomes = batch.results()
print(json.dumps([[one.gallery[0].prompt, str(one.gallery[0].path)] if one.gallery else str(one.error)
                  for one in outcomes]))
"""


@pytest.fixture(scope="module")
def server():
    yield from serve("--latency", "0.2", "--dialect", "string-url")


class Holding:
    """Lets so many tasks complete and holds the answers that tell of any other, until the proxy ends.

    A batch then stands still with a task in each of its places, and no order is under way: one that is cut off would
    rightly not be repeated.
    """

    def __init__(self, proxy, completions):
        self.proxy, self.left, self.held = proxy, completions, 0
        self.lock = threading.Lock()

    def __call__(self, kind, content):
        if kind == "status" and b'"completed"' in content:
            with self.lock:
                self.left -= 1
                passes = self.left >= 0
                self.held += not passes
            if not passes:
                self.proxy.released.wait(HANG_GUARD)
                raise ConnectionAbortedError


@pytest.mark.slow
@pytest.mark.parametrize("moment", [2, 7])
def test_interrupted_batch_bills_rows_once(server, tmp_path, moment):
    before = server.get("/demo/counts")["billed"]
    with FaultyProxy(server.url) as proxy:
        holding = proxy.on_answer = Holding(proxy, moment)
        environment = {**server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        with subprocess.Popen(
            [sys.executable, "-c", BATCH], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
        ) as first:
            try:
                assert first.stdout.readline() == b"ready\n"
                wait_until(lambda: holding.held == CONCURRENCY, timeout=HANG_GUARD)
            finally:
                first.send_signal(signal.SIGKILL)
        assert server.get("/demo/counts")["billed"] - before == moment + CONCURRENCY
        proxy.on_answer = lambda *_: None
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
    assert [one for one in made if isinstance(one, str)] == []
    assert [prompt for prompt, _ in made] == [f"a cat, number {place}" for place in range(ROWS)]
    assert len({path for _, path in made}) == ROWS
    assert server.get("/demo/counts")["billed"] - before == ROWS
