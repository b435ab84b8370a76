"""Two kernels on one journal, at once: no lock error reaches anybody, and no job is taken twice."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

from tests.faults.conftest import MODEL, RESOLUTION
from tests.faults.faulty_proxy import FaultyProxy
from tests.notebook.kernels import NEWEST, Kernel, journal_rows

PATIENCE = 240
JOBS = 50

#: Fifty jobs at once, each with its own threads and notes.
SUBMIT = f"""
import json, sys
import qwave_jupyter as qwave
qwave.configure(timeout=200)
input()
light = dict(model={MODEL!r}, resolution={RESOLUTION!r})
jobs = [qwave.submit(f"{{sys.argv[1]}} {{number}}", **light) for number in range({JOBS})]
print(json.dumps([str(path) for job in jobs for path in job.result(200).paths]))
"""
#: The same, and gone before anything is answered.
ABANDON = f"""
import os, sys, threading
import qwave_jupyter as qwave
from qwave_jupyter.session import default
from qwave_jupyter.client.client import Client
from qwave_jupyter.jobs import idempotency
# The demo heeds idempotency keys, as an earlier job has found out.
idempotency.remember(default().context())
sent = threading.Semaphore(0)
true = Client.submit
def submit(*args, **options):
    task = true(*args, **options)
    sent.release()
    threading.Event().wait()
Client.submit = submit
light = dict(model={MODEL!r}, resolution={RESOLUTION!r})
jobs = [qwave.submit(f"{{sys.argv[1]}} {{number}}", **light) for number in range({JOBS})]
for _ in jobs:
    sent.acquire()
os._exit(9)
"""
RESUME = """
import json
import qwave_jupyter as qwave
qwave.configure(timeout=200)
input()
jobs = qwave.resume()
print(json.dumps([[job.id for job in jobs], [str(path) for job in jobs for path in job.result(200).paths]]))
"""


def at_once(code, environment, *names):
    """Several processes that begin together; what each prints, and what it complains of."""
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [(*process.communicate(timeout=PATIENCE), process.returncode) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.mark.slow
def test_two_processes_share_a_journal(prompt_server, tmp_path):
    with FaultyProxy(prompt_server.url) as proxy:
        environment = {**prompt_server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        ended = at_once(SUBMIT, environment, "one", "two")
        assert [(said, code) for _, said, code in ended] == [("", 0)] * 2
        paths = [path for printed, _, _ in ended for path in json.loads(printed)]
        assert len(paths) == len(set(paths)) == 2 * JOBS
        rows = journal_rows(tmp_path)
        assert [row["state"] for row in rows] == ["done"] * 2 * JOBS
        assert len({row["pid"] for row in rows}) == 2
        assert len(proxy.tasks) == 2 * JOBS
        assert not list(tmp_path.rglob("*.lock"))


@pytest.mark.slow
def test_resume_takes_each_job_once(prompt_server, tmp_path):
    with FaultyProxy(prompt_server.url) as proxy:
        environment = {**prompt_server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        ((_, said, code),) = at_once(ABANDON, environment, "gone")
        assert (said, code) == ("", 9)
        assert {row["state"] for row in journal_rows(tmp_path)} == {"submitting"}
        downloads = proxy.count("download")
        ended = at_once(RESUME, environment, "one", "two")
        assert [(said, code) for _, said, code in ended] == [("", 0)] * 2
        (first, second), paths = zip(*(json.loads(printed) for printed, _, _ in ended), strict=True)
        assert set(first).isdisjoint(second)
        assert len(first) + len(second) == JOBS
        assert len({path for some in paths for path in some}) == JOBS
        assert {row["state"] for row in journal_rows(tmp_path)} == {"done"}
        assert len(proxy.tasks) == JOBS
        assert proxy.count("download") - downloads == JOBS


@pytest.mark.kernel
@pytest.mark.slow
def test_two_kernels_share_a_journal(prompt_server, tmp_path):
    order = f"""
        import qwave_jupyter as qwave
        qwave.configure(timeout=100)
        light = dict(model={MODEL!r}, resolution={RESOLUTION!r})
        jobs = [qwave.submit(f"a cat {{number}}", **light) for number in range({JOBS})]
        print(sum(len(job.result(100)) for job in jobs), "images")
    """
    with FaultyProxy(prompt_server.url) as proxy:
        environment = {**prompt_server.environment(tmp_path), "QWAVE_BASE_URL": proxy.url}
        kernels = []
        try:
            kernels.extend(Kernel(NEWEST, environment, tmp_path) for _ in range(2))
            cells = [kernel.queue(textwrap.dedent(order))[0] for kernel in kernels]
            for kernel, cell in zip(kernels, cells, strict=True):
                kernel.wait(cell, PATIENCE)
                assert kernel.text(cell).strip() == f"{JOBS} images"
            (cell,) = kernels[0].queue("%qwave resume")
            kernels[0].wait(cell, PATIENCE)
            assert "Nothing is open" in kernels[0].text(cell)
        finally:
            for kernel in kernels:
                kernel.close()
        rows = journal_rows(tmp_path)
        assert [row["state"] for row in rows] == ["done"] * 2 * JOBS
        assert len({row["pid"] for row in rows}) == 2
        assert len(proxy.tasks) == 2 * JOBS
