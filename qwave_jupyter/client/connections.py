"""A pool of sessions, so that connections are reused across jobs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from qwave_jupyter import forking
from qwave_jupyter.client.bounded import AddressFilter, BoundedAdapter

__all__ = ["SessionPool"]

#: More idle sessions than jobs that run at once are only open sockets.
_MAX_IDLE = 16


class SessionPool:
    """A pool of ``requests.Session`` objects, each used by one thread at a time.

    A session isn't safe for two threads at once, and a job's thread ends with the job: a pool instead of one
    session for each thread lets the next job reuse an open connection.

    Args:
        make: makes a session.
        auth: what every session puts on its requests. It is always set, for only that keeps requests from looking
            into ``.netrc``.
        allow_address: whether an IP address may be dialled; None for all.
    """

    def __init__(
        self,
        make: Callable[[], requests.Session],
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest],
        allow_address: AddressFilter | None = None,
    ) -> None:
        self.allow_address = allow_address
        self._make = make
        self._auth = auth
        self._idle: list[requests.Session] = []
        self._lock = forking.guard(threading.Lock())
        self._process = os.getpid()

    @contextmanager
    def borrow(self, *, fresh: bool = False) -> Iterator[requests.Session]:
        """A session for the calling thread; it is closed instead of kept when something breaks.

        Args:
            fresh: one without a connection that the peer may have given up meanwhile.
        """
        session = self._new_session() if fresh else self._acquire()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        self._release(session)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def _acquire(self) -> requests.Session:
        with self._lock:
            if self._process != os.getpid():
                # After a fork the sockets belong to the parent.
                self._idle, self._process = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return self._new_session()

    def _new_session(self) -> requests.Session:
        session = self._make()
        session.auth = self._auth
        # Redirects are followed by hand; requests would read the whole body of one even so.
        session.resolve_redirects = _no_redirects  # type: ignore[method-assign]
        for scheme in ("http://", "https://"):
            # An adapter that the caller chose stays.
            if type(session.get_adapter(scheme)) is HTTPAdapter:
                session.mount(scheme, BoundedAdapter(self.allow_address))
        return session

    def _release(self, session: requests.Session) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE and self._process == os.getpid():
                self._idle.append(session)
                return
        session.close()


def _no_redirects(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())
