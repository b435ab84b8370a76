"""A sweep that is interrupted while its orders are being sent counts what it has, and its variable is bound."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading

import pytest

from qwave_jupyter.errors import Cancelled
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import Session, default
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE, wait_until

CELL = "-m gpt-image-2 --sweep seed=1..4 -o grid"


@pytest.fixture
def console():
    return RecordingConsole(user_ns={"grid": None})


@pytest.fixture
def interrupt(monkeypatch):
    """Interrupt the main thread in a function, when it is called for the nth time, before or after its work."""

    def plan(owner, name, number, *, after=False, first=lambda: None):
        before, calls = getattr(owner, name), []

        def call(*args, **options):
            if threading.current_thread() is not threading.main_thread():
                return before(*args, **options)
            calls.append(args)
            made = before(*args, **options) if after or len(calls) != number else None
            if len(calls) == number:
                first()
                os.kill(os.getpid(), signal.SIGINT)
                # The signal is handled between two steps of this thread.
                threading.Event().wait(5)
            return made

        monkeypatch.setattr(owner, name, call)

    return plan


def run(console, line=CELL):
    with pytest.raises(Cancelled) as stopped:
        CellMagic(console).run_blocking(line, "a fox")
    return stopped.value


def assert_cancelled(error, server, said):
    assert f"stopped: 0 images are done and kept{said}. Nothing was charged." in str(error)
    (batch,) = default().batches
    assert error.batch is batch
    assert batch.wait(PATIENCE)
    assert {task["states"][0] for task in server.tasks.values()} <= {"cancelled"}
    assert default().spent_usd == 0.0


@pytest.mark.parametrize(
    ("name", "number", "after", "said"),
    [
        ("reserve", 1, False, ", 4 not ordered"),
        ("start", 1, False, ", 1 cancelled, 3 not ordered"),
        ("start", 2, False, ", 2 cancelled, 2 not ordered"),
        ("start", 2, True, ", 2 cancelled, 2 not ordered"),
        ("add_made_callback", 3, True, ", 2 cancelled, 2 not ordered"),
        ("start", 4, True, ", 4 cancelled"),
    ],
)
def test_interrupt_between_two_orders(queued_batches, server, console, interrupt, name, number, after, said):
    interrupt(Job, name, number, after=after)
    error = run(console)
    assert_cancelled(error, server, said)
    grid = console.variables["grid"]
    assert (grid.shape, len(grid)) == ((4,), 0)
    assert all(isinstance(reason, Cancelled) for reason in grid.errors.values())


@pytest.mark.parametrize(
    ("owner", "name"), [(Session, "register_batch"), (Session, "serves_demo"), (RecordingConsole, "show_demo_notice")]
)
def test_interrupt_around_the_orders(queued_batches, server, console, interrupt, monkeypatch, owner, name):
    if name == "show_demo_notice":
        monkeypatch.setattr(Session, "serves_demo", lambda *_: True)
    interrupt(owner, name, 1, after=True)
    with pytest.raises(KeyboardInterrupt):
        CellMagic(console).run_blocking(CELL, "a fox")
    for batch in default().batches:
        assert batch.wait(PATIENCE)
    assert {task["states"][0] for task in server.tasks.values()} <= {"cancelled"}
    assert default().spent_usd == 0.0


@pytest.fixture
def first_made(server, monkeypatch):
    """Let the tasks of the first seeds complete, and the others stay queued."""
    over, answer = threading.Event(), server._status

    def plan(count):
        def answer_first(request, path):
            if server.tasks[path.split("/")[3]]["body"]["seed"] > count:
                over.wait(PATIENCE)
            return answer(request, path)

        server.before.clear()
        monkeypatch.setattr(server, "_status", answer_first)
        monkeypatch.setattr(server, "_lock", contextlib.nullcontext())

    yield plan
    over.set()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_done_is_kept(queued_batches, server, console, interrupt, first_made, monkeypatch, count):
    first_made(count)
    server.states = ["queued", "completed"]
    monkeypatch.setattr(Session, "serves_demo", lambda *_: True)

    def wait():
        (batch,) = default().batches
        wait_until(lambda: len(batch.outcomes) == count and len(batch.running) == 8, "eight under way")

    interrupt(RecordingConsole, "show_demo_notice", 1, first=wait)
    error = run(console, "-m gpt-image-2 --sweep seed=1..12 -o grid")
    images = "1 image is" if count == 1 else f"{count} images are"
    assert f"stopped: {images} done and kept, 8 cancelled, {4 - count} not ordered. $" in str(error)
    grid = console.variables["grid"]
    assert [image.parameters["seed"] for image in grid] == list(range(1, count + 1))
    assert list(grid.errors) == [(index,) for index in range(count, count + 8)]
    assert grid.best(0).path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("options", ["", " --reuse", " --max-cost 1"])
def test_name_of_a_sweep_that_does_not_wait_is_bound(queued_batches, server, console, interrupt, options):
    interrupt(Job, "start", 2)
    assert_cancelled(run(console, CELL + " --no-wait" + options), server, ", 2 cancelled, 2 not ordered")
    assert isinstance(console.variables["grid"].result(), Gallery)


def test_interrupt_in_an_awaited_cell(queued_batches, server, console, interrupt):
    interrupt(Job, "start", 3)

    async def cell():
        with pytest.raises(Cancelled) as stopped:
            await CellMagic(console).run_async(CELL, "a fox")
        return stopped.value

    error = asyncio.run(cell())
    assert_cancelled(error, server, ", 3 cancelled, 1 not ordered")
    assert len(console.variables["grid"].errors) == 3


def test_interrupt_in_the_python_api(queued_batches, server, interrupt):
    interrupt(Job, "start", 2)
    sweep = default().plan_sweep("a fox", ["seed=1..4"], model="gpt-image-2")
    with pytest.raises(Cancelled) as stopped:
        default().prepare_sweep(sweep).start()
    assert_cancelled(stopped.value, server, ", 2 cancelled, 2 not ordered")
    assert len(stopped.value.batch.outcomes) == 2


def test_interrupt_before_anything_is_ordered_leaves_the_name(queued_batches, server, console, interrupt):
    interrupt(Session, "build", 2)
    with pytest.raises(KeyboardInterrupt):
        CellMagic(console).run_blocking(CELL, "a fox")
    assert console.variables["grid"] is None
    assert not default().batches


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [(Job, "start", False), (Job, "start", True), (Session, "register", False), (Session, "register", True)],
)
def test_interrupt_of_a_single_order_cancels_it(queued_batches, server, console, interrupt, owner, name, after):
    interrupt(owner, name, 1, after=after)
    with pytest.raises(KeyboardInterrupt):
        CellMagic(console).run_blocking("-m gpt-image-2", "a fox")
    for job in default().jobs:
        assert job.wait(PATIENCE)
    wait_until(lambda: default().spent_usd == 0.0, "the reservation to be given back")
    assert {task["states"][0] for task in server.tasks.values()} <= {"cancelled"}
