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

__all__ = ["JobLock", "NoLock", "lock_of"]

#: File systems take names of 255 bytes; a journal row may say anything.
_LONGEST_NAME = 100
#: A lock that is still taken after so many looks, so many seconds apart, is held by somebody who works.
_MOST_GLANCES, _GLANCE = 8, 0.002


#: Every lock of this process, for its children.
_all: weakref.WeakSet[JobLock] = weakref.WeakSet()


class JobLock:
    """A lock file, held by locking it.

    Args:
        path: the file; made on first need, removed when the lock is given back.

    Example:
        >>> lock = JobLock(home / "locks" / "8499f3a2.lock")
        >>> if lock.acquire():
        ...     lock.release()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        _all.add(self)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock without waiting.

        Returns:
            False when somebody else holds it. True also where the file system knows no locks or can't be written: two
            kernels that then work on one job still can't be charged twice, for they use one idempotency key.
        """
        if self.held:
            return True
        glances = 0
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                return True
            try:
                if not _lock(descriptor):
                    os.close(descriptor)
                    if glances == _MOST_GLANCES:
                        return False
                    # It may only be somebody who looks whether it is held, and for that must hold it for a moment.
                    glances += 1
                    time.sleep(_GLANCE)
                    continue
                if _is_still(descriptor, self.path):
                    self._descriptor = descriptor
                    return True
                # Its last holder removed the file between our opening and locking it.
            except OSError:
                self._descriptor = descriptor
                return True
            os.close(descriptor)

    def is_held(self) -> bool:
        """Whether somebody holds it; looking makes no file."""
        if self.held:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except OSError:
            return False
        try:
            return not _lock(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def _forked(self) -> None:
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


class NoLock(JobLock):
    """A lock that anybody gets, for a journal that keeps nothing: no two can meet there."""

    def acquire(self) -> bool:
        """Take it; nothing is written."""
        return True

    def is_held(self) -> bool:
        """Nobody ever holds it."""
        return False


def lock_of(home: Path, job_id: str) -> JobLock:
    """The lock of a job.

    Args:
        home: the journal's folder.
        job_id: the job; whatever it says, the file lies in the folder of locks.
    """
    name = "".join(sign for sign in job_id if (sign.isascii() and sign.isalnum()) or sign == "-")
    return JobLock(home / "locks" / f"{name[:_LONGEST_NAME]}.lock")


def _let_go() -> None:
    for lock in tuple(_all):
        lock._forked()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _is_still(descriptor: int, path: Path) -> bool:
    if sys.platform == "win32":
        return True
    try:
        ours, there = os.fstat(descriptor), path.stat()
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
