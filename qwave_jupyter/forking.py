"""Locks that a forked child finds free, whichever thread of its parent held them at that moment.

A child has only the thread that forked. A lock that another thread held would stay locked in it for ever, and so would
those inside SQLite that such a thread was using.
"""

from __future__ import annotations

import os
import time
import weakref
from typing import Any, TypeVar

__all__ = ["guard", "is_child"]

#: Seconds for which a fork waits until no thread holds any of the locks; then the child only gets them anew.
_PATIENCE = 2.0

LockType = TypeVar("LockType")

_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_held: list[Any] = []


def guard(lock: LockType) -> LockType:
    """Hold a lock while the process forks, and give it to the child unlocked.

    Args:
        lock: a ``threading.Lock`` or ``threading.RLock``.

    Returns:
        The same lock.
    """
    _locks.add(lock)
    return lock


def is_child(process: int | None) -> bool:
    """Whether this process was forked from the one of that id after something had been started there."""
    return process is not None and process != os.getpid()


def _before() -> None:
    locks = _snapshot()
    until = time.monotonic() + _PATIENCE
    # All or none: whoever waits for one lock while it holds another could wait for ever. The one that was taken is
    # waited for the next time, the others are only tried.
    first = 0
    while locks and (left := until - time.monotonic()) > 0:
        if not locks[first].acquire(timeout=left):
            return
        _held.append(locks[first])
        for place, lock in enumerate(locks):
            if place == first:
                continue
            if not lock.acquire(blocking=False):
                first = place
                _release()
                break
            _held.append(lock)
        else:
            return


def _snapshot() -> list[Any]:
    while True:
        try:
            return list(_locks)
        except RuntimeError:
            continue


def _release() -> None:
    while _held:
        _held.pop().release()


def _in_child() -> None:
    held = {id(lock) for lock in _held}
    _release()
    for lock in _snapshot():
        if id(lock) not in held:
            lock._at_fork_reinit()  # noqa: SLF001 - as the standard library's own locks are renewed


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_release, after_in_child=_in_child)
