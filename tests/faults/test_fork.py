"""A forked child neither hangs on a lock that a thread of its parent held, nor waits for a thread of its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")

PATIENCE = 240
CHILDREN = 100
#: Seconds after which a child counts as hanging; it does nothing that takes longer than a few milliseconds.
HANGING = 20

SETUP = f"""
    import json, os, signal, sys, threading, time, warnings
    from pathlib import Path
    warnings.simplefilter("ignore", DeprecationWarning)
    from tests.faults.scripted_bench import scripted
    from qwave_jupyter.jobs.journal.store import Entry, Journal

    def fork(work):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm({HANGING})
            try:
                said = work()
            except BaseException as problem:
                said = f"{{type(problem).__name__}}: {{problem}}"
            os.write(write, json.dumps(said).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        return [status, json.loads(said or b"null")]
"""


def run(code: str, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SETUP) + textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout)


def test_no_child_hangs_while_jobs_are_written(tmp_path):
    """Threads write to the journal all the time; every child reads and writes it."""
    code = f"""
        home = Path(sys.argv[1])
        journal = Journal(home)
        over = threading.Event()

        def write(name):
            number = 0
            while not over.is_set():
                number += 1
                journal.begin(Entry(job_id=f"{{name}}-{{number}}", created=1.0, state="done", prompt="p" * 500))
                journal.history(20)

        threads = [threading.Thread(target=write, args=(name,), daemon=True) for name in range(6)]
        for thread in threads:
            thread.start()

        def work():
            name = f"child-{{os.getpid()}}"
            journal.begin(Entry(job_id=name, created=2.0))
            return len(journal.find(name))

        outcomes = [fork(work) for _ in range({CHILDREN})]
        over.set()
        for thread in threads:
            thread.join()
        print(json.dumps([outcomes, len(journal.open_jobs())]))
    """
    outcomes, written = run(code, tmp_path)
    assert outcomes == [[0, 1]] * CHILDREN
    assert written == CHILDREN


def test_no_child_hangs_while_jobs_run(tmp_path):
    """Jobs change all the time; every child looks at those of its parent and makes one of its own."""
    code = """
        with scripted(Path(sys.argv[1])) as here:
            over, jobs = threading.Event(), []

            def keep_busy():
                while not over.is_set():
                    job = here.submit("parent")
                    job.subscribe(lambda now: None)
                    jobs.append(job)
                    job.result(20)

            threads = [threading.Thread(target=keep_busy, daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(jobs) < 8:
                time.sleep(0.01)

            def work():
                for job in jobs[-8:]:
                    job.subscribe(lambda now: None)
                    if not job.done():
                        try:
                            job.result()
                        except Exception as problem:
                            assert "\\n" not in str(problem)
                return len(here.submit("child").result(15))

            outcomes = [fork(work) for _ in range(30)]
            over.set()
            for thread in threads:
                thread.join()
            print(json.dumps(outcomes))
    """
    assert run(code, tmp_path) == [[0, 1]] * 30


WAYS = {
    "result": "job.result()",
    "wait": "job.wait()",
    "cancel": "job.cancel()",
    "as_completed": "list(as_completed([job]))",
    "await": "asyncio.run(awaited(job))",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_child_is_told_that_the_job_is_its_parents(tmp_path, way):
    code = f"""
        import asyncio
        from qwave_jupyter.jobs.job import as_completed

        async def awaited(job):
            return await job

        with scripted(Path(sys.argv[1])) as here:
            go_on = threading.Event()
            here.server.before["image"] = go_on.wait
            job = here.submit("a cat")
            while job.status != "downloading":
                time.sleep(0.01)
            outcome = fork(lambda: str({WAYS[way]}))
            go_on.set()
            print(json.dumps([outcome, len(job.result(20)), fork(lambda: len(job.result()))]))
    """
    (status, said), made, afterwards = run(code, tmp_path)
    assert status == 0
    assert said.startswith("GenerationError: ")
    assert "another process" in said
    assert "\n" not in said
    # The job itself goes on, and what has ended can be looked at anywhere.
    assert made == 1
    assert afterwards == [0, 1]


@pytest.mark.parametrize("way", ["batch.results()", "list(batch.as_completed())", "batch.stop()"])
def test_a_child_is_told_that_the_batch_is_its_parents(tmp_path, way):
    code = f"""
        from qwave_jupyter.batches.batch import Batch

        with scripted(Path(sys.argv[1])) as here:
            go_on = threading.Event()
            here.server.before["image"] = go_on.wait
            batch = Batch([here.build("a cat")], here.bench).start()
            while not batch.jobs or batch.jobs[0].status != "downloading":
                time.sleep(0.01)
            outcome = fork(lambda: str({way}))
            go_on.set()
            (made,) = batch.results()
            print(json.dumps([outcome, len(made.gallery), fork(lambda: len(batch.results()))]))
    """
    (status, said), made, afterwards = run(code, tmp_path)
    assert status == 0
    assert said.startswith("GenerationError: ")
    assert "\n" not in said
    assert (made, afterwards) == (1, [0, 1])


def test_a_child_leaves_its_parents_connection_alone(tmp_path):
    code = """
        journal = Journal(Path(sys.argv[1]))
        journal.begin(Entry(job_id="a", created=1.0))

        def work():
            journal.begin(Entry(job_id="b", created=1.0))
            journal.close()
            return 1

        outcome = fork(work)
        journal.update("a", state="running")
        found = sorted(one.job_id for one in journal.open_jobs())
        print(json.dumps([outcome, found, journal.path.with_name(journal.path.name + "-wal").exists()]))
    """
    assert run(code, tmp_path) == [[0, 1], ["a", "b"], True]
