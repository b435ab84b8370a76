"""The demo's tasks on disk for the day, so that a restarted kernel finds them again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from qwave_jupyter.clock import Clock
from qwave_jupyter.demo.tasks import Task

__all__ = ["Store"]

_A_DAY = 24 * 3600.0


class Store:
    """A file with the tasks of the last 24 hours.

    Args:
        folder: where it lies; made on first need.
        clock: time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / "demo-tasks.json"
        self._clock = clock
        self._lock = threading.Lock()

    def load(self) -> dict[str, Task]:
        """The tasks that are kept; none where the file is missing or torn."""
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            return {entry["task_id"]: Task(**entry) for entry in entries}
        except (OSError, ValueError, TypeError, KeyError):
            # A demo's memory is a convenience; a torn file costs nobody anything.
            return {}

    def save(self, tasks: Mapping[str, Task]) -> None:
        """Keep the tasks of the last day."""
        since = self._clock.now() - _A_DAY
        with self._lock:
            kept = {**self.load(), **tasks}
            entries = [asdict(task) for task in kept.values() if task.created > since]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps(entries), encoding="utf-8")
            part.replace(self._file)
