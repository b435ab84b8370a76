"""Whoever watches a job is told in a thread apart, so that a slow or failing view never costs a picture."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from qwave_jupyter import forking
from qwave_jupyter.jobs.snapshot import Snapshot

__all__ = ["Watcher", "Watchers"]

Watcher = Callable[[Snapshot], None]

#: A watcher that is slower than this misses the oldest snapshots, never the last.
_MOST_WAITING = 64


class Watchers:
    """The watchers of one job, each with what it has not yet been told."""

    def __init__(self) -> None:
        self._change = threading.Condition(forking.guard(threading.RLock()))
        self._waiting: dict[int, tuple[Watcher, deque[Snapshot]]] = {}
        self._next = 0
        self._thread: threading.Thread | None = None
        self._over = False

    def add(self, watcher: Watcher, now: Snapshot) -> Callable[[], None]:
        """Tell a watcher of everything from now on, beginning with the present state.

        Args:
            watcher: called in a thread of the job's, with one snapshot after the other.
            now: the present state.

        Returns:
            A function that ends it; it may be called at any time.
        """
        with self._change:
            if not self._over:
                number, self._next = self._next, self._next + 1
                self._waiting[number] = (watcher, deque([now], maxlen=_MOST_WAITING))
                self._wake()
                return lambda: self._remove(number)
        _tell(watcher, now)
        return lambda: None

    def tell(self, now: Snapshot) -> None:
        """Hand on a snapshot; the last one is the one whose job is over."""
        with self._change:
            self._over = self._over or now.is_over
            for _, queue in self._waiting.values():
                queue.append(now)
            if self._waiting:
                self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="qwave-watchers", daemon=True)
            self._thread.start()
        self._change.notify_all()

    def _remove(self, number: int) -> None:
        with self._change:
            self._waiting.pop(number, None)
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                while not any(queue for _, queue in self._waiting.values()):
                    if self._over or not self._waiting:
                        self._waiting.clear()
                        self._thread = None
                        return
                    self._change.wait()
                due = [(watcher, queue.popleft()) for watcher, queue in self._waiting.values() if queue]
            for watcher, now in due:
                _tell(watcher, now)


def _tell(watcher: Watcher, now: Snapshot) -> None:
    try:
        watcher(now)
    except Exception as problem:  # noqa: BLE001 - a view that fails must not take the pictures with it
        threading.excepthook(
            threading.ExceptHookArgs((type(problem), problem, problem.__traceback__, threading.current_thread()))
        )
