"""Threads and locks: the one way to start work, what the interpreter's end waits for, and locks that a fork finds free.

A child has only the thread that forked. A lock that another thread of its parent held would stay locked in it for ever,
and so would those inside SQLite that such a thread was using.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol, TypeVar

__all__ = ["before_exit", "fork_safe", "has_exit_passed", "is_child", "report_exception", "spawn"]

#: Seconds for which the end of the interpreter waits, all in all.
EXIT_WITHIN = 10.0
#: Seconds of these where a person is there: kernels are killed after 5.
INTERACTIVE_EXIT_WITHIN = 3.0

#: Seconds for which a fork waits until no thread holds any of the locks; then the child only gets them anew.
_MAX_WAIT = 2.0


class _Lock(Protocol):
    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...

    def release(self) -> None: ...


LockType = TypeVar("LockType", bound=_Lock)

#: Handlers of a fork can't be taken back, and serve the whole process: so do the locks that they know.
_locks: weakref.WeakSet[_Lock] = weakref.WeakSet()
_held: list[_Lock] = []

#: What the end of the interpreter waits for, in the order in which it was begun; and whether that end has begun.
_exit_handlers: dict[int, Callable[[float], str]] = {}
_exit_numbers = itertools.count()
_exiting = threading.Event()


def spawn(work: Callable[[], object], *, name: str, daemon: bool = True) -> threading.Thread:
    """Start work in a daemon thread, which never holds up the exit of a kernel.

    Nothing else starts a thread, so a platform without threads need be served here only.

    Args:
        work: what to do; what it raises is reported by ``threading.excepthook``.
        name: what the thread is called, without the ``qwave-`` in front.
        daemon: False lets the interpreter's end wait for it.

    Returns:
        The thread, which is running.
    """
    thread = threading.Thread(target=work, name=f"qwave-{name}", daemon=daemon)
    thread.start()
    return thread


def report_exception(problem: BaseException) -> None:
    """Report what a callback raised as the end of a thread would be, and go on."""
    threading.excepthook(
        threading.ExceptHookArgs((type(problem), problem, problem.__traceback__, threading.current_thread()))
    )


def before_exit(finish: Callable[[float], str]) -> Callable[[], None]:
    """Let the interpreter not end before a function has been called.

    Args:
        finish: is given the seconds that it may wait, and returns a line for stderr, or "".

    Returns:
        A function that takes it back: there is nothing left to wait for.
    """
    number = next(_exit_numbers)
    _exit_handlers[number] = finish
    if _exiting.is_set():
        # Begun by a thread that outlives the main one: the end waits for a thread that isn't a daemon.
        with contextlib.suppress(RuntimeError):
            spawn(_run_exit_handlers, name="exit", daemon=False)
    return lambda: _take_exit_handler(number)


def has_exit_passed() -> bool:
    """Whether this is an ``atexit`` handler: the interpreter waits for no thread any more, and may start none."""
    main = threading.main_thread()
    return main is threading.current_thread() and not main.is_alive()


def _take_exit_handler(number: int) -> None:
    _exit_handlers.pop(number, None)


def _run_exit_handlers() -> None:
    _exiting.set()
    until = time.monotonic() + EXIT_WITHIN
    while _exit_handlers:
        with contextlib.suppress(KeyError, RuntimeError, StopIteration):
            # Another thread may take one back, or add one, at any moment.
            finish = _exit_handlers.pop(next(iter(_exit_handlers)))
            try:
                line = _finish(finish, until)
            except KeyboardInterrupt:
                # Whoever is impatient still learns what wasn't done.
                until = time.monotonic()
                line = _finish(finish, until)
            if line and sys.stderr is not None:
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write(line + "\n")
                    sys.stderr.flush()


def _finish(finish: Callable[[float], str], until: float) -> str:
    try:
        return finish(max(0.0, until - time.monotonic()))
    except Exception as problem:  # noqa: BLE001 - the others are still to be called
        report_exception(problem)
        return ""


def fork_safe(lock: LockType) -> LockType:
    """Hold a lock while the process forks, and give it to the child unlocked; return the same lock."""
    _locks.add(lock)
    return lock


def is_child(process: int | None) -> bool:
    """Whether this process was forked from the one of that id after something had been started there."""
    return process is not None and process != os.getpid()


def _acquire_all() -> None:
    locks = _list_locks()
    until = time.monotonic() + _MAX_WAIT
    # All or none: whoever waits for one lock while it holds another could wait for ever. The one that was taken is
    # waited for the next time, the others are only tried.
    first = 0
    while locks and (left := until - time.monotonic()) > 0:
        if not locks[first].acquire(timeout=left):
            return
        _held.append(locks[first])
        for index, lock in enumerate(locks):
            if index == first:
                continue
            if not lock.acquire(blocking=False):
                first = index
                _release_all()
                break
            _held.append(lock)
        else:
            return


def _list_locks() -> list[_Lock]:
    while True:
        try:
            return list(_locks)
        except RuntimeError:
            continue


def _release_all() -> None:
    while _held:
        _held.pop().release()


def _renew_in_child() -> None:
    # What its parent began, its parent finishes.
    _exit_handlers.clear()
    held = {id(lock) for lock in _held}
    _release_all()
    for lock in _list_locks():
        if id(lock) not in held:
            lock._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001 - as the standard library's own locks are renewed


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_acquire_all, after_in_parent=_release_all, after_in_child=_renew_in_child)

try:
    # Daemon threads are still alive when these are called, and others can still be started; at ``atexit`` they can't.
    threading._register_atexit(_run_exit_handlers)  # type: ignore[attr-defined]  # noqa: SLF001 - as concurrent.futures does
except RuntimeError:
    # Imported by a thread that outlives the main one.
    _exiting.set()
