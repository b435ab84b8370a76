"""Waiting for a condition, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE", "wait_until"]

#: Seconds after which a test gives up; a hang is noticed, a slow machine is not.
PATIENCE = 100


def wait_until(condition: Callable[[], object], what: str = "", *, timeout: float = PATIENCE) -> None:
    """Return once the condition holds, and fail where it never does.

    Args:
        condition: asked again and again.
        what: what is waited for, for the message.
        timeout: seconds.
    """
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            message = f"waited {timeout} s in vain for {what or condition}"
            raise AssertionError(message)
        time.sleep(0.005)
