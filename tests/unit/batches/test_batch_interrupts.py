"""An interrupt inside ``batch()`` and inside a wait for its results stops the batch, wherever the signal goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import traceback

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.batches import batch as batch_module
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import Cancelled
from qwave_jupyter.session import default
from tests.fake_session import replace_frontend

WAIT = 20


@pytest.fixture
def failed_cells(monkeypatch):
    """The errors with which cells are to end, as a notebook would be told."""
    errors = []
    replace_frontend(monkeypatch, fail_cell=lambda error: errors.append(error) or True)
    return errors


def interrupt_once(condition):
    """Send this process what the stop button sends, once a condition holds."""

    def watch():
        for _ in range(WAIT * 100):
            if condition():
                os.kill(os.getpid(), signal.SIGINT)
                return
            threading.Event().wait(0.01)

    threading.Thread(target=watch, daemon=True).start()


def waits_in_main_thread():
    """Whether the main thread is in a wait of ours: before it, an interrupt is the caller's."""
    frame = sys._current_frames()[threading.main_thread().ident]
    return any(call.name == "wait_for" for call in traceback.extract_stack(frame))


def interrupted_rows(server):
    yield "a cat"
    while not server.tasks:
        threading.Event().wait(0.01)
    raise KeyboardInterrupt


def assert_stopped(batch, server):
    assert batch.wait(WAIT)
    assert {task["states"][0] for task in server.tasks.values()} == {"cancelled"}


def test_interrupt_while_rows_are_built_binds_the_batch(queued_batches, server, failed_cells):
    batch = qwave.batch(interrupted_rows(server))
    assert_stopped(batch, server)
    assert [type(outcome.error) for outcome in batch.outcomes] == [Cancelled]
    assert [type(error) for error in failed_cells] == [Cancelled]
    with pytest.raises(Cancelled, match="stopped"):
        batch.results()
    assert batch.results() == batch.outcomes
    assert default().spent_usd == 0.0


def test_interrupt_in_a_plain_program_is_raised_and_stops_the_batch(queued_batches, server):
    with pytest.raises(Cancelled, match="stopped"):
        qwave.batch(interrupted_rows(server))
    assert_stopped(default().batches[0], server)


def test_interrupt_while_a_batch_is_shown_binds_it(queued_batches, server, failed_cells, monkeypatch):
    def interrupted(_):
        while not server.tasks:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    replace_frontend(monkeypatch, present_batch=interrupted, fail_cell=lambda error: failed_cells.append(error) or True)
    batch = qwave.batch(["a cat"])
    assert_stopped(batch, server)
    assert [type(error) for error in failed_cells] == [Cancelled]


@pytest.mark.parametrize("wait", [Batch.results, lambda batch: list(batch.as_completed()), Batch.wait])
def test_interrupt_is_heard_where_a_loop_keeps_the_signal(queued_batches, server, wait):
    batch = qwave.batch(["a cat", "a dog"])

    async def cell():
        interrupt_once(lambda: len(server.tasks) == 2 and waits_in_main_thread())
        with pytest.raises(KeyboardInterrupt):
            wait(batch)

    asyncio.run(cell())
    if wait is Batch.wait:
        batch.stop()
    assert_stopped(batch, server)


def test_interrupt_between_two_waits(queued_batches, server, monkeypatch):
    batch = qwave.batch(["a cat", "a dog"])
    waits = []

    def wait_for(over, timeout=None, frontend=None):
        if threading.current_thread() is not threading.main_thread():
            return over.wait(timeout)
        waits.append(timeout)
        if len(waits) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return over.wait(0.01)

    async def cell():
        monkeypatch.setattr(batch_module, "wait_for", wait_for)
        with pytest.raises(KeyboardInterrupt):
            batch.results()
        monkeypatch.undo()

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(cell())
    assert_stopped(batch, server)


def test_wait_leaves_the_outcomes_to_the_caller(bench, asked):
    batch = Batch([asked("a cat"), asked("a dog")], bench).start()
    assert batch.wait(WAIT)
    assert len(list(batch.as_completed())) == 2


def test_wait_ends_with_the_time(queued_batches):
    batch = qwave.batch(["a cat"])
    assert not batch.wait(0.05)
    batch.stop()
    assert batch.wait(0)
