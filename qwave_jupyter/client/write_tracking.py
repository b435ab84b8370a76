"""Whether any byte of a request was written to its connection.

The names of exceptions don't tell: a proxy that cuts after the POST raises ``ProxyError`` like one that was never
reached, and plain text inside a TLS tunnel raises ``WRONG_VERSION_NUMBER`` before and after the request alike. So the
connection itself records it. What a tunnel or a TLS handshake needs is no byte of the request.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter

__all__ = ["WriteTracker", "WriteTrackingAdapter"]


class _Aborted(OSError):
    """The exchange was aborted before anything was written."""


class WriteTracker:
    """Whether anything of one exchange was written; another thread may abort it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written = False
        self._aborted = False
        self._watched = True

    @contextlib.contextmanager
    def track(self, session: requests.Session, url: str) -> Iterator[None]:
        """Record what this thread writes through a session.

        Args:
            session: the session that sends the request.
            url: where to.
        """
        # A custom adapter does not report its writes.
        self._watched = isinstance(session.get_adapter(url), WriteTrackingAdapter)
        _current.record = self
        try:
            yield
        finally:
            _current.record = None

    def mark_written(self) -> None:
        """Record that the first byte is about to be written.

        Raises:
            OSError: the exchange was aborted before.
        """
        with self._lock:
            if self._aborted:
                raise _Aborted
            self._written = True

    def abort(self) -> bool:
        """Keep the exchange from writing if it has not begun to.

        Returns:
            Whether the peer may have got something; True if unknown.
        """
        with self._lock:
            self._aborted = True
            return self._written or not self._watched

    @property
    def may_have_sent(self) -> bool:
        """Whether the peer may have got something; True if unknown."""
        return self._written or not self._watched


class _Current(threading.local):
    record: WriteTracker | None = None


_current = _Current()


class _WriteTrackingConnection:
    """Mixed into urllib3's connection classes, which send headers and bodies through :meth:`send`."""

    _in_tunnel = False
    sock: Any
    auto_open: int

    def _tunnel(self) -> None:
        self._in_tunnel = True
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            self._in_tunnel = False

    def send(self, data: Any) -> None:
        record = _current.record
        if record is not None and not self._in_tunnel:
            if self.sock is None and self.auto_open:
                self.connect()  # type: ignore[attr-defined]
            record.mark_written()
        super().send(data)  # type: ignore[misc]


class WriteTrackingAdapter(HTTPAdapter):
    """Connections that record what they write; see :class:`WriteTracker`."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _write_tracking_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Make the pools for a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _write_tracking_pools(manager)
        return manager


def _write_tracking_pools(manager: Any) -> dict[str, type]:
    return {scheme: _write_tracking_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}


@cache
def _write_tracking_pool(pool: Any) -> type:
    if issubclass(pool.ConnectionCls, _WriteTrackingConnection):
        return pool  # type: ignore[no-any-return]
    connection = type(pool.ConnectionCls.__name__, (_WriteTrackingConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
