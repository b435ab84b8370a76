from __future__ import annotations

import threading

from qwave_jupyter.clock import Clock


def test_clock_wait_tells_what_ended_it():
    clock, stop = Clock(), threading.Event()
    assert clock.wait(-1.0) is False
    assert clock.wait(0.001) is False
    assert clock.wait(0.001, stop) is False
    stop.set()
    assert clock.wait(3600.0, stop) is True


def test_clock_tells_both_times():
    clock = Clock()
    assert clock.now() > 1_700_000_000
    assert clock.monotonic() <= clock.monotonic()
