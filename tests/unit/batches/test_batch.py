from __future__ import annotations

import gc
import json
import threading
from pathlib import Path

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import Cancelled, RequestRefused, TaskFailed, UserMistake
from tests.conftest import TEST_ALL
from tests.waiting import PATIENCE, wait_until


def resident():
    """Bytes of memory in use, where the system tells."""
    told = Path("/proc/self/statm")
    return int(told.read_text("ascii").split()[1]) * 4096 if told.exists() else 0


def under_way(server):
    """How many tasks the server has in hand; what is only being downloaded is done for it."""
    return sum(task["states"][0] in {"queued", "processing"} for task in list(server.tasks.values()))


def test_batch_keeps_order_and_collects_errors(bench, asked, server):
    built = []

    def row(number):
        def build():
            built.append(number)
            return asked("" if number == 3 else f"cat {number}", seed=number)

        return build

    most = 0
    lock = threading.Lock()

    def count():
        nonlocal most
        with lock:
            most = max(most, under_way(server))

    server.before["status"] = count
    server.faults["submit"] = [[400, {"error": {"code": "invalid_request", "message": "no"}}]]
    batch = Batch((row(number) for number in range(20)), bench, concurrency=4)
    outcomes = batch.start().results()
    assert [outcome.index for outcome in outcomes] == list(range(20))
    assert isinstance(outcomes[3].error, RequestRefused)
    assert sum(outcome.error is not None for outcome in outcomes) == 2
    assert [outcome.gallery[0].parameters["seed"] for outcome in outcomes if outcome.gallery] == [
        outcome.index for outcome in outcomes if outcome.gallery
    ]
    assert most <= 4
    assert server.billed == 18
    assert batch.done()


def test_batch_download_frees_its_slot(server, bench, asked):
    submits, arrived = [], threading.Event()
    server.before["submit"] = lambda: submits.append(1)
    server.before["image"] = lambda: arrived.wait(PATIENCE)
    batch = Batch([asked(f"cat {number}") for number in range(9)], bench, concurrency=2).start()
    # Two at a time at the server, and no more than as many again on their way.
    wait_until(lambda: [job.status for job in batch.running] == ["downloading"] * 4, "four downloads")
    assert len(submits) == 4
    arrived.set()
    assert all(outcome.gallery for outcome in batch.results())


def test_batch_yields_outcomes_as_they_end(bench, asked, server):
    server.states = ["queued", "failed"]
    outcomes = list(Batch([asked(seed=place) for place in range(3)], bench, concurrency=2).start().as_completed())
    assert {outcome.index for outcome in outcomes} == {0, 1, 2}
    assert all(isinstance(outcome.error, TaskFailed) for outcome in outcomes)


def test_batch_interrupt_keeps_finished_rows(bench, asked, server):
    server.states = ["queued"] * 50
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    batch = Batch((asked(seed=place) for place in range(50)), bench, concurrency=3).start()
    wait_until(lambda: server.seen.count("status") >= 3, "three jobs under way")
    with pytest.raises(Cancelled, match="rows are done"):
        _interrupt(batch)
    gate.set()
    assert len(server.tasks) == 3
    assert {task["states"][0] for task in server.tasks.values()} == {"cancelled"}
    assert all(isinstance(outcome.error, Cancelled) for outcome in batch.outcomes)


def _interrupt(batch):
    coming = batch.as_completed()
    batch._ended.put(None)
    next(coming)
    coming.throw(KeyboardInterrupt)


def test_batch_of_nothing(bench):
    assert Batch([], bench).start().results() == ()
    with pytest.raises(UserMistake):
        Batch([], bench, concurrency=0)


def test_batch_raises_errors_of_its_rows(bench, asked):
    def rows():
        yield asked()
        raise ZeroDivisionError

    batch = Batch(rows(), bench, concurrency=1).start()
    with pytest.raises(UserMistake, match=r"before row 2 \(ZeroDivisionError\)"):
        batch.results()
    assert [bool(outcome.gallery) for outcome in batch.outcomes] == [True]


@pytest.mark.slow
def test_batch_of_many_rows(bench, asked, server):
    """No more than eight at once, one in ten fails and says why, the order holds, and memory stays flat."""
    rows_asked, first = (200, 60) if TEST_ALL else (100, 40)
    most, measured, failed = 0, {}, {row for row in range(rows_asked) if row % 10 == 3}
    lock = threading.Lock()

    def look():
        nonlocal most
        with lock:
            most = max(most, under_way(server))

    def rows():
        for row in range(rows_asked):
            if row in {first, rows_asked - 1}:
                gc.collect()
                measured[row] = resident()
            yield asked(f"number {row}", seed=row)

    true = server._submit

    def submit(request, path):
        if json.loads(request.body)["seed"] in failed:
            return 400, {"error": {"code": "invalid_request", "message": "one in ten"}}
        return true(request, path)

    server._submit, server.before["status"] = submit, look
    batch = Batch(rows(), bench, concurrency=8, total=rows_asked)
    outcomes = batch.start().results()
    assert [outcome.index for outcome in outcomes] == list(range(rows_asked))
    assert set(batch.errors) == failed
    assert all("one in ten" in str(error) for error in batch.errors.values())
    assert [outcome.gallery[0].prompt for outcome in outcomes if outcome.gallery] == [
        f"number {row}" for row in range(rows_asked) if row not in failed
    ]
    assert 1 < most <= 8
    assert server.billed == rows_asked - len(failed)
    # What stays of a row is its outcome; images, bodies and connections are gone.
    assert (measured[rows_asked - 1] - measured[first]) / (rows_asked - 1 - first) < 150_000
