"""Two processes at once that ask for the same image with reuse order it once."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.faults.conftest import MODEL, RESOLUTION
from tests.faults.faulty_proxy import FaultyProxy
from tests.notebook.kernels import journal_rows

WAIT = 120

GENERATE = f"""
import json
import qwave_jupyter as qwave
input()
gallery = qwave.generate("a cat", model={MODEL!r}, resolution={RESOLUTION!r}, reuse=True, timeout=100)
print(json.dumps([str(path) for path in gallery.paths]))
"""


def test_two_processes_order_an_equal_request_once(steady_server, tmp_path):
    with FaultyProxy(steady_server.url) as proxy:
        environment = {**steady_server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", GENERATE],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        paths = [json.loads(process.communicate(timeout=WAIT)[0]) for process in processes]
        assert len(proxy.tasks) == 1
        assert paths[0] == paths[1] == paths[2]
        assert [row["state"] for row in journal_rows(tmp_path)] == ["done"]
        assert not list(tmp_path.rglob("*.lock"))
