"""A synchronous wait: it ends when it should, hears an interrupt everywhere, and holds up nobody's leaving."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from dataclasses import replace

import pytest

from qwave_jupyter import frontend
from qwave_jupyter.frontend import PlainFrontend
from qwave_jupyter.jobs.job import Job
from tests.fake_session import FakeFrontend


def soon(action):
    """Do something in another thread while this one waits."""
    threading.Timer(0.2, action).start()


def test_wait_for_ends_with_event_or_time():
    over = threading.Event()
    assert frontend.wait_for(over, 0.01) is False
    soon(over.set)
    assert frontend.wait_for(over, 20) is True
    assert frontend.wait_for(over) is True


def test_wait_for_is_interrupted_in_a_loop():
    noted = []
    handler = signal.signal(signal.SIGINT, lambda *_: noted.append("the loop's own"))

    async def blocked():
        soon(lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            frontend.wait_for(threading.Event(), 20)
        return signal.getsignal(signal.SIGINT)

    try:
        mine = signal.getsignal(signal.SIGINT)
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(blocked()) is mine
        loop.close()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert noted == []


@contextlib.contextmanager
def kernel_handler():
    """What a kernel sets while it awaits a cell: a handler that leaves a note, which only the loop reads."""
    noted = []

    def handle_sigint(*_):
        noted.append("the kernel's")

    handle_sigint.__module__ = "ipykernel.ipkernel"
    before = signal.signal(signal.SIGINT, handle_sigint)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupt_between_two_waits_is_raised_by_the_next():
    async def cell():
        frontend.wait_for(threading.Event(), 0.01)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            frontend.wait_for(threading.Event(), 20)
        assert frontend.wait_for(threading.Event(), 0.01) is False

    with kernel_handler() as noted:
        asyncio.run(cell())
    assert noted == ["the kernel's"]


def test_interrupt_that_the_loop_passed_on_is_not_raised_again():
    async def cell():
        frontend.wait_for(threading.Event(), 0.01)
        signal.raise_signal(signal.SIGINT)
        asyncio.current_task().cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(20)
        assert frontend.wait_for(threading.Event(), 0.01) is False

    with kernel_handler():
        asyncio.run(cell())


def test_interrupt_of_an_earlier_cell_is_not_raised():
    async def cell():
        frontend.wait_for(threading.Event(), 0.01)

    for _ in range(2):
        with kernel_handler():
            asyncio.run(cell())
            signal.raise_signal(signal.SIGINT)


def test_wait_for_keeps_a_programs_handler():
    noted = []
    handler = signal.signal(signal.SIGINT, lambda *_: noted.append("its own"))
    try:
        over = threading.Event()
        soon(lambda: (os.kill(os.getpid(), signal.SIGINT), over.set()))
        assert frontend.wait_for(over, 20)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert noted == ["its own"]


def test_wait_for_ends_when_the_process_does():
    with pytest.raises(SystemExit):
        frontend.wait_for(threading.Event(), 20, FakeFrontend(is_exiting=lambda: True))


class Alive(PlainFrontend):
    """A frontend that says whether it can wait."""

    def __init__(self, can_wait):
        self._can_wait = can_wait
        self.asked = []

    def can_wait(self):
        return self._can_wait

    def wait(self, over, timeout):
        self.asked.append(timeout)
        return False

    @contextlib.asynccontextmanager
    async def keep_alive(self):
        self.asked.append("kept alive")
        yield


@pytest.mark.parametrize(("can_wait", "asked"), [(True, [0.01]), (False, [])])
@pytest.mark.parametrize("installed", [True, False])
def test_wait_for_uses_a_frontend_that_can(monkeypatch, can_wait, asked, installed):
    here = Alive(can_wait)
    if installed:
        monkeypatch.setattr(frontend, "_installed", [here])
    assert frontend.wait_for(threading.Event(), 0.01, None if installed else here) is False
    assert here.asked == asked


def test_awaited_job_keeps_its_frontend_alive(bench, asked):
    here = Alive(can_wait=False)

    async def awaiting():
        return await Job(asked(), replace(bench, frontend=here)).start()

    assert len(asyncio.run(awaiting())) == 1
    assert here.asked == ["kept alive"]
