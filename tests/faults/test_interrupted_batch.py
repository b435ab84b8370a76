"""A batch whose kernel dies goes on in the next one: every row is billed once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import serve
from tests.faults.conftest import MODEL, RESOLUTION

ROWS = 12
#: The same lines in both kernels, as a notebook's "Run All" would send them again.
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
    yield from serve("--latency", "0.6")


@pytest.mark.parametrize("moment", [2, 7])
def test_every_row_is_billed_once(server, tmp_path, moment):
    before = server.get("/demo/counts")["billed"]
    environment = server.environment(tmp_path)
    first = subprocess.Popen([sys.executable, "-c", BATCH], env=environment, cwd=tmp_path, stdout=subprocess.PIPE)
    assert first.stdout.readline() == b"ready\n"
    ends = time.monotonic() + 60
    while server.get("/demo/counts")["billed"] - before < moment:
        assert time.monotonic() < ends
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    first.stdout.close()
    assert server.get("/demo/counts")["billed"] - before < ROWS

    second = subprocess.run(
        [sys.executable, "-c", BATCH],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    made = json.loads(second.stdout.splitlines()[-1])
    assert [prompt for prompt, _ in made] == [f"a cat, number {place}" for place in range(ROWS)]
    assert len({path for _, path in made}) == ROWS
    assert server.get("/demo/counts")["billed"] - before == ROWS
