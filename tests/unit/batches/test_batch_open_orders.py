"""What an earlier run left open of a batch's rows goes on, whoever runs the row; it isn't paid for a second time."""

from __future__ import annotations

import gc
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from qwave_jupyter import catalog
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import GenerationError
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import resume
from tests.image_factory import plain
from tests.waiting import PATIENCE


class AtOnce:
    """An executor that runs each row where it is submitted."""

    def submit(self, work, *args):
        future = Future()
        future.set_result(work(*args))
        return future


@pytest.fixture
def left_open(bench, asked, server):
    """What a killed kernel leaves of an order: ``lost`` before it arrived, ``taken`` unanswered, ``answered``."""

    def leave(how, **options):
        entry = records.new_entry(asked(**options), f"killed-{len(bench.journal.open_jobs())}", bench)
        bench.journal.begin(entry)
        if how != "lost":
            server.tasks["task-left"] = {"states": ["queued", "completed"], "made": False, "body": {}}
            server.by_key[entry.job_id] = "task-left"
        if how == "answered":
            bench.journal.update(entry.job_id, state="running", task_id="task-left")
        return entry

    return leave


@pytest.fixture
def keyless(bench, monkeypatch):
    """The contract of a server that makes a second task for a key that it has seen."""
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: False)
    return bench


@pytest.mark.parametrize("executor", [None, AtOnce(), "pool"], ids=["threads", "at once", "pool"])
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("how", ["lost", "taken", "answered"])
def test_batch_goes_on_with_an_open_order(bench, asked, server, left_open, executor, reuse, how):
    entry = left_open(how)
    with ThreadPoolExecutor(2) as pool:
        runs_in = pool if executor == "pool" else executor
        (outcome,) = Batch([asked()], bench, reuse=reuse, executor=runs_in).start().results()
    assert outcome.gallery[0].job_id == entry.job_id
    assert len(server.tasks) == 1
    assert [one.state for one in bench.journal.find(entry.job_id)] == ["done"]
    assert bench.journal.open_jobs() == ()


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["threads", "executor"])
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("images", [{}, {"images": plain(300, 300)}], ids=["prompt", "references"])
def test_batch_reports_an_order_that_no_key_makes_safe(keyless, asked, server, left_open, executor, reuse, images):
    left_open("taken", **images)
    budget = Budget(1.0)
    rows = [asked(**images), asked("a dog")]
    batch = Batch(rows, keyless, reuse=reuse, executor=executor, limits=Limits(budget))
    first, second = batch.start().results()
    assert isinstance(first.error, GenerationError)
    assert first.error.code == "order_unknown_left"
    for part in ("unknown", "not ordered again", "%qwave resume --repeat", "is at stake"):
        assert part in str(first.error)
    assert second.gallery
    assert len(server.tasks) == 2
    # Nothing was ordered for the first, so nothing is held for it.
    assert budget.spent_usd == pytest.approx(second.cost_usd)


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["threads", "executor"])
@pytest.mark.parametrize("equal_rows", [2, 3])
def test_open_order_is_one_of_equal_rows(keyless, asked, server, left_open, executor, equal_rows):
    left_open("taken")
    rows = [asked() for _ in range(equal_rows)]
    first, *others = Batch(rows, keyless, executor=executor).start().results()
    assert first.error.code == "order_unknown_left"
    assert all(one.gallery for one in others)
    assert len(server.tasks) == equal_rows


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["threads", "executor"])
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("how", ["lost", "taken"])
def test_batch_sends_its_own_images_where_those_of_the_order_are_gone(
    bench, asked, server, left_open, executor, reuse, how
):
    entry = left_open(how, images=plain(300, 300))
    for file in bench.journal.blobs.folder.iterdir():
        file.unlink()
    request = asked(images=plain(300, 300))
    (outcome,) = Batch([request], bench, reuse=reuse, executor=executor).start().results()
    assert outcome.gallery
    assert list(server.by_key) == [entry.job_id]
    assert len(server.tasks) == 1
    assert server.bodies == [request.body]


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["threads", "executor"])
@pytest.mark.parametrize("reuse", [False, True])
def test_batch_reports_an_order_that_nobody_can_repeat(keyless, asked, server, left_open, executor, reuse):
    entry = left_open("taken", images=plain(300, 300))
    for file in keyless.journal.blobs.folder.iterdir():
        file.unlink()
    rows = [asked(images=plain(300, 300))]
    (outcome,) = Batch(rows, keyless, reuse=reuse, executor=executor).start().results()
    assert outcome.error.code == "cannot_repeat"
    assert server.seen == []
    # It is closed where somebody asks for that, and the row is ordered anew.
    (job,) = resume(keyless, repeat=True)
    assert job.error.code == "cannot_repeat"
    assert keyless.journal.find(entry.job_id)[0].state == "unknown"
    (outcome,) = Batch(rows, keyless, reuse=reuse, executor=executor).start().results()
    assert outcome.gallery
    assert len(server.tasks) == 2


def test_batch_orders_a_row_whose_open_order_was_finished_meanwhile(bench, asked, server, left_open):
    entry = left_open("taken")

    def rows():
        yield asked("a dog")
        # What another kernel does.
        (job,) = resume(bench)
        job.result(PATIENCE)
        yield asked()

    first, second = Batch(rows(), bench, concurrency=1).start().results()
    assert first.gallery
    assert second.gallery[0].job_id != entry.job_id
    assert bench.journal.find(entry.job_id)[0].state == "done"
    # Each has a task of its own, and none was asked for twice.
    assert len(server.tasks) == server.seen.count("submit") == 3


def test_batch_orders_a_row_whose_open_order_another_kernel_works_on(bench, asked, server, left_open):
    entry = left_open("taken")
    lock = bench.journal.lock(entry.job_id)

    def rows():
        yield asked("a dog")
        assert lock.acquire()
        yield asked()

    outcomes = Batch(rows(), bench, concurrency=1).start().results()
    lock.release()
    assert [bool(outcome.gallery) for outcome in outcomes] == [True, True]
    assert bench.journal.find(entry.job_id)[0].state == "submitting"


@pytest.mark.parametrize("how", ["lost", "taken", "answered"])
def test_batch_goes_on_with_an_order_that_was_left_open_after_its_start(bench, asked, server, left_open, how):
    left = []

    def rows():
        yield asked("a dog")
        left.append(left_open(how, prompt="a cat"))
        yield asked()

    server.before["submit"] = lambda: server.tasks.setdefault(
        "task-0", {"states": ["completed"], "made": 0, "body": {}}
    )
    first, second = Batch(rows(), bench, concurrency=1).start().results()
    assert first.gallery
    assert second.gallery[0].job_id == left[0].job_id


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["threads", "executor"])
def test_equal_rows_are_ordered_each_where_one_of_them_is_left_open(keyless, asked, server, executor):
    server.faults["submit"] = [("after", ConnectionResetError())]
    outcomes = Batch([asked()] * 4, keyless, concurrency=1, executor=executor).start().results()
    assert [bool(outcome.gallery) for outcome in outcomes] == [False, True, True, True]
    assert outcomes[0].error.fields["outcome_unknown"]
    assert len(server.tasks) == 4
    # The next run finds that one, and pays for none in its place.
    (outcome,) = Batch([asked()], keyless, executor=executor).start().results()
    assert outcome.error.fields["job_id"] == outcomes[0].error.fields["job_id"]
    assert len(server.tasks) == 4


def test_equal_rows_with_reuse_share_an_open_order(bench, asked, server, left_open):
    left_open("taken")
    outcomes = Batch([asked()] * 4, bench, reuse=True).start().results()
    assert len({outcome.gallery.paths for outcome in outcomes}) == 1
    assert len(server.tasks) == 1


@pytest.mark.parametrize("reuse", [False, True])
def test_batch_finds_open_orders_of_its_own_server_only(bench, asked, server, left_open, reuse):
    entry = left_open("taken")
    bench.journal.update(entry.job_id, base_url="https://elsewhere.example.com/v1")
    edition = replace(bench, catalog=catalog.load("2026-09"))
    for context in (bench, edition):
        (outcome,) = Batch([asked()], context, reuse=reuse).start().results()
        assert outcome.gallery[0].job_id != entry.job_id


@pytest.mark.parametrize("how", ["resume", "run again"])
def test_row_of_an_executor_that_is_picked_up_counts_once(bench, asked, server, how):
    budget = Budget()
    limits = Limits(budget)
    server.states = ["queued"]
    (outcome,) = Batch([asked()], replace(bench, timeout=10.0), executor=AtOnce(), limits=limits).start().results()
    assert outcome.error.code == "timeout"
    assert budget.spent_usd > 0
    server.tasks["task-1"]["states"] = ["completed"]
    if how == "resume":
        (job,) = resume(bench, limits)
        assert job.result(PATIENCE)
    else:
        (outcome,) = Batch([asked()], bench, executor=AtOnce(), limits=limits).start().results()
        assert outcome.gallery
    assert (server.billed, budget.spent_usd) == (1, pytest.approx(server.cost / 500_000))


def test_rows_of_several_batches_with_executors_count_each(bench, asked, server):
    budget = Budget()
    for _ in range(5):
        # Each batch is gone before the next, which may take its place in memory.
        Batch([asked()], bench, executor=AtOnce(), limits=Limits(budget)).start().results()
        gc.collect()
    assert (server.billed, budget.spent_usd) == (5, pytest.approx(5 * server.cost / 500_000))
