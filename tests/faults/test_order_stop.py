"""A job that is stopped while its order waits for an answer: the task is found and cancelled, or told as unknown."""

from __future__ import annotations

import time

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.jobs import runner
from qwave_jupyter.jobs.job import resumable, resume
from qwave_jupyter.jobs.journal.schema import OPEN_STATES
from tests.faults.order_server import OrderServer
from tests.faults.order_site import WITH_KEY, order_site
from tests.waiting import PATIENCE

ROWS = 8


def eventually(holds):
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)
    return True


@pytest.fixture
def server():
    with OrderServer(state="queued") as made:
        yield made


@pytest.fixture
def impatient(monkeypatch):
    """A person who is told after a moment."""
    monkeypatch.setattr(runner, "CANCEL_WITHIN", 0.3)


def test_stopped_batch_with_held_answers_is_cancelled(server, tmp_path):
    with order_site(server, tmp_path, WITH_KEY) as site:
        rows = [site.request(f"cat {place}") for place in range(ROWS)]
        batch = Batch(rows, site.bench, concurrency=ROWS, prefer_wait=60).start()
        eventually(lambda: len(server.tasks) == ROWS)
        assert all(one["Prefer"] == "wait=60" for one in server.posts)
        batch.stop(PATIENCE)
        eventually(lambda: set(site.states) == {"cancelled"})
        assert len(server.tasks) == server.cancels == ROWS
        assert server.billed == 0
        assert all("Prefer" not in one for one in server.posts[ROWS:])
        assert {job.snapshot.stopped for job in batch.jobs} <= {"refunded", "unknown"}


def test_slow_answer_with_key_is_repeated_and_cancelled(server, tmp_path, impatient):
    server.slow = [60]
    with order_site(server, tmp_path, WITH_KEY) as site:
        job = site.job().start()
        eventually(lambda: server.tasks)
        job.cancel()
        eventually(lambda: site.states == ["cancelled"])
        assert (len(server.tasks), server.billed) == (1, 0)


def test_job_told_as_unknown_is_cancelled_later(server, tmp_path, impatient):
    server.slow = [60, 1.0]
    with order_site(server, tmp_path, WITH_KEY) as site:
        job = site.job().start()
        eventually(lambda: server.tasks)
        snapshot = job.cancel()
        assert snapshot.stopped == "unknown"
        assert "unknown" in str(job.error)
        assert "$0.0113" in str(job.error)
        assert site.states[0] in OPEN_STATES
        eventually(lambda: site.states == ["cancelled"])
        assert (len(server.tasks), server.billed) == (1, 0)


def test_slow_answer_without_key_is_cancelled_when_it_comes(tmp_path, impatient):
    with OrderServer(knows_key=False, state="queued") as server, order_site(server, tmp_path) as site:
        server.slow = [1.0]
        job = site.job(prefer_wait=60).start()
        eventually(lambda: server.tasks)
        assert job.cancel().stopped == "unknown"
        assert site.states[0] in OPEN_STATES
        eventually(lambda: site.states == ["cancelled"])
        assert (len(server.posts), server.billed) == (1, 0)
        # An answer is only asked to be held back where it can be asked for again.
        assert "Prefer" not in server.posts[0]


def test_lost_answer_of_a_stopped_job_without_key_stays_open(tmp_path, impatient):
    with OrderServer(knows_key=False, state="queued") as server, order_site(server, tmp_path) as site:
        server.slow = [1.0]
        server.on_submit = lambda: "cut"
        job = site.job().start()
        eventually(lambda: server.tasks)
        assert job.cancel().stopped == "unknown"
        eventually(lambda: resumable(site.bench))
        (again,) = resume(site.bench)
        assert "--repeat" in str(again.error)
        assert (len(server.posts), site.states) == (1, ["submitting"])


def test_stop_in_the_pause_after_a_lost_answer(server, tmp_path):
    server.answers = [(True, 503, b"")]
    with order_site(server, tmp_path, WITH_KEY) as site:
        job = site.job()
        job.subscribe(lambda now: now.retry and job.cancel(wait=False))
        job.start()
        eventually(lambda: site.states == ["cancelled"])
        assert (len(server.tasks), server.billed) == (1, 0)


def test_stop_in_the_pause_after_nothing_was_sent(tmp_path):
    with OrderServer(state="queued") as server, order_site(server, tmp_path, WITH_KEY) as site:
        server.answers = [(False, 429, b"{}")] * 100
        job = site.job()
        job.subscribe(lambda now: now.retry and job.cancel(wait=False))
        job.start()
        assert job.wait(PATIENCE)
        assert job.snapshot.stopped == "unsent"
        assert "nothing was charged" in str(job.error)
        assert (server.tasks, site.states) == ({}, ["cancelled"])


def test_kernel_that_dies_while_an_answer_is_held_can_resume(server, tmp_path, impatient):
    server.slow = [60, 60]
    with order_site(server, tmp_path, WITH_KEY) as site:
        job = site.job().start()
        eventually(lambda: server.tasks)
        assert job.cancel().stopped == "unknown"
        (entry,) = site.bench.journal.open_jobs()
        server.tasks["task-1"]["state"] = "completed"
        # What another kernel does once the lock of the dead one is gone.
        with order_site(server, tmp_path / "other", WITH_KEY) as other:
            other.bench.journal.begin(entry)
            (again,) = resume(other.bench)
            assert len(again.result(PATIENCE)) == 1
        assert len(server.tasks) == 1


def test_cancelling_a_picked_up_order_before_it_starts_keeps_it_open(server, tmp_path):
    from qwave_jupyter.jobs import records
    from qwave_jupyter.jobs.job import Job

    with order_site(server, tmp_path, WITH_KEY) as site:
        entry = records.new_entry(site.request(), "killed", site.bench)
        site.bench.journal.begin(entry)
        job = Job.resume(entry, site.bench)
        assert job.cancel().stopped == "unknown"
        assert site.states == ["submitting"]
