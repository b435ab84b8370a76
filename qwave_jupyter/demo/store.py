"""The demo's tasks on disk for the day, so that a restarted kernel finds them again."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from qwave_jupyter.clock import Clock
from qwave_jupyter.demo.tasks import Task

__all__ = ["Store"]

_DAY_SECONDS = 24 * 3600.0
_NAME = "task-*.json"


class Store:
    """A folder with a file for each task of the last 24 hours, so that several kernels can share it.

    Args:
        folder: where it lies; made on first need.
        clock: time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "demo-tasks"
        self._clock = clock
        self._lock = threading.Lock()

    def load(self) -> tuple[Task, ...]:
        """The tasks that are kept, oldest first; a file that is torn or too old is thrown away."""
        since = self._clock.now() - _DAY_SECONDS
        found = []
        for file in sorted(self._files()):
            task = _read(file)
            if task is not None and task.created > since:
                found.append(task)
            else:
                _delete(file)
        return tuple(found)

    def keep(self, tasks: Iterable[Task]) -> None:
        """Write tasks that are new or changed, as far as the disk lets us."""
        with self._lock, contextlib.suppress(OSError):
            for task in tasks:
                self._folder.mkdir(parents=True, exist_ok=True)
                file = self._folder / f"{task.task_id}.json"
                part = file.with_suffix(f".{os.getpid()}.part")
                part.write_text(json.dumps(asdict(task)), encoding="utf-8")
                part.replace(file)

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(_NAME) if self._folder.is_dir() else iter(())


def _read(file: Path) -> Task | None:
    try:
        return Task(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # A torn file is skipped: the store is a convenience.
        return None


def _delete(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
