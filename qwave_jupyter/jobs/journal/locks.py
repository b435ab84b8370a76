"""A lock on one job that dies with the process that holds it.

The operating system gives the lock back when the process ends, however it ends, so a killed kernel's job can be taken
at once, and two kernels never work on the same one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from pathlib import Path

__all__ = ["JobLock", "job_lock"]

#: File systems take names of 255 bytes; a journal row may say anything.
_MAX_NAME = 100
#: A lock that is still taken after so many attempts, so many seconds apart, is held by somebody who works.
_MAX_ATTEMPTS, _ATTEMPT_SECONDS = 8, 0.002


#: Every lock of this process, for its children.
_locks: weakref.WeakSet[JobLock] = weakref.WeakSet()


class JobLock:
    """A lock file, held by locking it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        _locks.add(self)

    @property
    def is_ours(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock without waiting; False when somebody else holds it."""
        # True also where the file system knows no locks or can't be written: two kernels that then work on one job
        # still can't be charged twice, for they use one idempotency key.
        if self.is_ours:
            return True
        attempts = 0
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                return True
            try:
                if not _try_lock(descriptor):
                    os.close(descriptor)
                    if attempts == _MAX_ATTEMPTS:
                        return False
                    # It may only be somebody who looks whether it is held, and for that must hold it for a moment.
                    attempts += 1
                    time.sleep(_ATTEMPT_SECONDS)
                    continue
                if _is_same_file(descriptor, self.path):
                    self._descriptor = descriptor
                    return True
                # Its last holder removed the file between our opening and locking it.
            except OSError:
                self._descriptor = descriptor
                return True
            os.close(descriptor)

    def is_held(self) -> bool:
        """Whether somebody holds it; looking makes no file."""
        if self.is_ours:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except OSError:
            return False
        try:
            return not _try_lock(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def _close_in_child(self) -> None:
        # A child that outlives its parent must not go on holding what died with it. The parent's lock stands.
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if sys.platform == "win32":
            os.close(descriptor)
            with contextlib.suppress(OSError):
                self.path.unlink()
            return
        # Removed while it is still locked: whoever opened it meanwhile sees that it is no longer there.
        with contextlib.suppress(OSError):
            self.path.unlink()
        os.close(descriptor)


def job_lock(home: Path, job_id: str) -> JobLock:
    """The lock of a job."""
    name = "".join(char for char in job_id if (char.isascii() and char.isalnum()) or char == "-")
    return JobLock(home / "locks" / f"{name[:_MAX_NAME]}.lock")


def _close_all_in_child() -> None:
    for lock in tuple(_locks):
        lock._close_in_child()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_all_in_child)


def _is_same_file(descriptor: int, path: Path) -> bool:
    if sys.platform == "win32":
        return True
    try:
        ours, there = os.fstat(descriptor), path.stat()
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
