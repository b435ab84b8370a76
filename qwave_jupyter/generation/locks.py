"""Who works on a job: an operating system's lock, which dies with its process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

__all__ = ["JobLock"]


class JobLock:
    """Holds one open job for this process.

    Args:
        file: the lock file; it is made on first need and removed when the job is given up.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: IO[Any] | None = None

    def take(self) -> bool:
        """Take the job; False when another process (or job of ours) holds it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = self._file.open("a+b")
        try:
            _lock(handle)
        except OSError:
            handle.close()
            return False
        self._held = handle
        return True

    def release(self) -> None:
        """Give the job up."""
        if self._held is not None:
            self._file.unlink(missing_ok=True)
            self._held.close()
            self._held = None


if sys.platform == "win32":  # pragma: no cover - judged on Windows only
    import msvcrt

    def _lock(handle: IO[Any]) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: IO[Any]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
