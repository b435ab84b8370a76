"""A synchronous wait: it ends when it should, hears an interrupt everywhere, and holds up nobody's leaving."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading

import pytest

from qwave_jupyter.jobs import wait


@pytest.fixture(autouse=True)
def as_before():
    yield
    wait.set_way(None)


def soon(action):
    """Do something in another thread while this one waits."""
    threading.Timer(0.2, action).start()


def test_wait_for_ends_with_event_or_time():
    over = threading.Event()
    assert wait.wait_for(over, 0.01) is False
    soon(over.set)
    assert wait.wait_for(over, 20) is True
    assert wait.wait_for(over) is True


def test_wait_for_is_interrupted_in_a_loop():
    noted = []
    handler = signal.signal(signal.SIGINT, lambda *_: noted.append("the loop's own"))

    async def blocked():
        soon(lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            wait.wait_for(threading.Event(), 20)
        return signal.getsignal(signal.SIGINT)

    try:
        mine = signal.getsignal(signal.SIGINT)
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(blocked()) is mine
        loop.close()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert noted == []


def test_wait_for_keeps_a_programs_handler():
    noted = []
    handler = signal.signal(signal.SIGINT, lambda *_: noted.append("its own"))
    try:
        over = threading.Event()
        soon(lambda: (os.kill(os.getpid(), signal.SIGINT), over.set()))
        assert wait.wait_for(over, 20)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert noted == ["its own"]


def test_wait_for_ends_when_the_process_does():
    wait.set_way(None, leaving=lambda: True)
    with pytest.raises(SystemExit):
        wait.wait_for(threading.Event(), 20)


class Alive:
    """A way that says where it serves."""

    def __init__(self, serves):
        self._serves = serves
        self.asked = []

    def serves(self):
        return self._serves

    def __call__(self, over, timeout):
        self.asked.append(timeout)
        return False

    @contextlib.asynccontextmanager
    async def beside(self):
        self.asked.append("beside")
        yield


@pytest.mark.parametrize(("serves", "asked"), [(True, [0.01]), (False, [])])
def test_wait_for_uses_a_way_that_serves(serves, asked):
    way = Alive(serves)
    wait.set_way(way)
    assert wait.wait_for(threading.Event(), 0.01) is False
    assert way.asked == asked


def test_beside_runs_while_awaiting():
    way = Alive(serves=True)
    wait.set_way(way)

    async def awaiting():
        async with wait.beside():
            await asyncio.sleep(0)

    asyncio.run(awaiting())
    wait.set_way(None)
    asyncio.run(awaiting())
    assert way.asked == ["beside"]
