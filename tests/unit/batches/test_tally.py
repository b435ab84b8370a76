"""What a stopped batch says: done, too late to cancel, cancelled, failed and not ordered apart, and the money."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from IPython.display import DisplayHandle

import qwave_jupyter as qwave
from qwave_jupyter.batches.batch import Batch, Outcome
from qwave_jupyter.batches.rows import tally
from qwave_jupyter.errors import Cancelled, TaskFailed, UserMistake
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.costs import Charge
from qwave_jupyter.magics.batch_view import BatchView, present
from qwave_jupyter.session import default
from tests.fake_session import replace_frontend
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE, wait_until


class FakeRequest:
    estimate_usd = 0.02


def cancelled(outcome, **fields):
    return Cancelled(f"generation.cancelled_{outcome}", outcome=outcome, job_id="", task_id="", **fields)


def row(index, error=None, cost=None):
    gallery = Gallery() if error is None else None
    return Outcome(index, gallery=gallery, error=error, cost_usd=cost, request=FakeRequest())


KEPT, UNKNOWN = cancelled("kept"), cancelled("unknown")
REFUNDED = cancelled("refunded")
UNSENT = Cancelled("generation.cancelled_unsent", job_id="", task_id="")
FREE = TaskFailed("generation.worker_failed", reason="no", charge=Charge("unsent"))
REFUSED = UserMistake("generation.batch_row_broken", row=1, reason="no")


@pytest.mark.parametrize(
    ("outcomes", "running", "total", "text"),
    [
        ([], 0, 3, "stopped: 0 rows are done and kept, 3 not ordered. Nothing was charged. "),
        (
            [row(0, cost=0.02), row(1, REFUNDED, 0.0)],
            0,
            2,
            "1 row is done and kept, 1 cancelled. $0.0200 was charged. ",
        ),
        (
            [row(0, KEPT), row(1, REFUNDED, 0.0)],
            0,
            2,
            "0 rows are done and kept, 1 too late to cancel, 1 cancelled. What 1 of them cost isn't known yet, $0.02",
        ),
        (
            [row(0, cost=0.02), row(1, UNKNOWN), row(2, FREE), row(3, REFUSED), row(4, UNSENT)],
            1,
            9,
            "2 without an answer to the cancel, 1 cancelled, 2 failed, 3 not ordered. $0.0200 was charged. What 2",
        ),
        ([row(0, cost=0.0)], 0, None, "1 row is done and kept. Nothing was charged. "),
    ],
)
def test_counts_are_told_apart(outcomes, running, total, text):
    now = tally(outcomes, running, total)
    assert text in str(now.to_error("generation.batch_stopped", now.done))


def test_unknown_price_names_no_amount():
    assert "What 1 of them cost isn't known yet. " in str(tally([], 1, 1, None).to_error("generation.batch_stopped", 0))


def interrupted_rows(server):
    yield "a cat"
    wait_until(lambda: server.tasks, "the first order")
    raise KeyboardInterrupt


def test_error_in_a_program_has_the_batch(queued_batches, server):
    with pytest.raises(Cancelled, match=r"0 rows are done and kept, 1 cancelled\..*\.batch") as stopped:
        qwave.batch(interrupted_rows(server))
    batch = stopped.value.batch
    assert batch is default().batches[0]
    assert [type(one.error) for one in batch.outcomes] == [Cancelled]
    assert repr(batch) == "Batch(0 of ? done, 1 stopped, 0 running)"
    assert pickle.loads(pickle.dumps(stopped.value)).batch is None


def test_error_of_a_cell_has_the_batch(queued_batches, server, monkeypatch):
    failed = []
    replace_frontend(monkeypatch, fail_cell=lambda error: failed.append(error) or True)
    batch = qwave.batch(interrupted_rows(server))
    assert [error.batch for error in failed] == [batch]


def test_rows_that_were_not_ordered_are_counted(bench, asked, server):
    server.states = ["queued"] * 50
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    batch = Batch([asked(seed=place) for place in range(7)], bench, concurrency=3, total=7).start()
    wait_until(lambda: server.seen.count("status") >= 3, "three jobs under way")
    threading.Timer(0.1, gate.set).start()
    error = batch.interrupt()
    assert "0 rows are done and kept, 3 cancelled, 4 not ordered. Nothing was charged." in str(error)
    assert (batch.tally().cancelled, batch.tally().not_ordered, batch.tally().open) == (3, 4, 0)


@pytest.mark.parametrize(("count", "concurrency"), [(1, 1), (2, 2), (5, 3)])
def test_running_rows_are_not_stopped(bench, asked, server, monkeypatch, count, concurrency):
    displayed = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _handle, content, **_options: displayed.append(content))
    monkeypatch.setattr(DisplayHandle, "update", lambda _handle, *_contents, **_options: None)
    server.states = ["queued"] * 400
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    batch = Batch([asked(seed=place) for place in range(count)], bench, concurrency=concurrency, total=count).start()
    wait_until(lambda: server.seen.count("status") >= concurrency, "the jobs under way")
    view = BatchView(batch, "batch", RecordingConsole(), total=count, receives_clicks=False, detached=True)
    view.open()
    shown, now = repr(batch), batch.tally()
    threading.Timer(0.1, gate.set).start()
    batch.stop()
    # Or it draws once more, in the next test.
    view.close()
    assert shown == f"Batch(0 of {count} done, {concurrency} running)"
    assert f"0 of {count}" in displayed[0]["text/plain"]
    assert (now.stopped_rows, now.running, now.not_ordered) == (0, concurrency, count - concurrency)
    assert repr(batch) == f"Batch(0 of {count} done, {concurrency} stopped, 0 running)"


def test_done_rows_are_charged_and_counted(bench, asked, server):
    batch = Batch([asked(seed=place) for place in range(2)], bench, concurrency=2, total=2).start()
    batch.results()
    error = batch.interrupt()
    assert "2 rows are done and kept. $0." in str(error)
    assert "cancelled" not in str(error)
    assert repr(batch) == "Batch(2 of 2 done, 0 running)"


LARGE = {"prompt": "a cat", "model": "z-image-turbo", "resolution": "99k"}


@pytest.mark.parametrize(
    ("rows", "options", "settings", "model"),
    [
        (["a cat", "a dog"], {"model": "z-image-turbo", "max_cost": 0.0001}, {}, "z-image-turbo"),
        (["a cat"], {"model": "z-image-turbo"}, {"budget": 0.0001}, "z-image-turbo"),
        ([{"prompt": "a cat", "model": "z-image-turbo"}, "a dog"], {"max_cost": 0.0001}, {}, "z-image-turbo"),
        (["a cat"], {"model": "z-image-turbo", "resolution": "99k"}, {}, "z-image-turbo"),
        ([LARGE, "a dog"], {"max_cost": 0.0001}, {}, "z-image-turbo"),
        ([5, LARGE], {"max_cost": 0.0001}, {"model": "seedream-5.0"}, "seedream-5.0"),
        (["a cat"], {"executor": ThreadPoolExecutor(1), "max_cost": 0.0001}, {"model": "seedream-5.0"}, "seedream-5.0"),
    ],
)
def test_card_of_refused_rows_names_their_model(ours, server, monkeypatch, rows, options, settings, model):
    displayed = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _handle, content, **_options: displayed.append(content))
    monkeypatch.setattr(DisplayHandle, "update", lambda _handle, content, **_options: displayed.append(content))
    monkeypatch.setattr("qwave_jupyter.magics.batch_view._TICK", 0.01)
    default().configure(display="html", **settings)
    console = RecordingConsole(kernel=SimpleNamespace())
    replace_frontend(monkeypatch, present_batch=lambda batch: present(batch, console))
    batch = qwave.batch(rows, **options)
    assert all(isinstance(one.error, UserMistake) for one in batch.results())
    assert not server.bodies
    # Or the card is closed in the next test.
    wait_until(lambda: not any(thread.name == "qwave-batch-view" for thread in threading.enumerate()))
    assert {one["text/plain"].split(" · ")[0] for one in displayed} == {f"qwave: {model}"}
    assert all(f"{model} · batch" in one["text/html"] for one in displayed)
