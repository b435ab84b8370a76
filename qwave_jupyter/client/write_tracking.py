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

__all__ = ["SendRecord", "WatchingAdapter"]


class _Withdrawn(OSError):
    """Nobody waits for the exchange any more, and nothing of it was written yet."""


class SendRecord:
    """What was written of one exchange; one thread makes the exchange, another may withdraw it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written = False
        self._withdrawn = False
        self._watched = True

    @contextlib.contextmanager
    def watching(self, session: requests.Session, url: str) -> Iterator[None]:
        """Record what this thread writes through a session.

        Args:
            session: the session that sends the request.
            url: where to.
        """
        # An adapter of somebody else's says nothing of its bytes.
        self._watched = isinstance(session.get_adapter(url), WatchingAdapter)
        _current.record = self
        try:
            yield
        finally:
            _current.record = None

    def begin(self) -> None:
        """Take note that the first byte is about to be written.

        Raises:
            OSError: the exchange was withdrawn before.
        """
        with self._lock:
            if self._withdrawn:
                raise _Withdrawn
            self._written = True

    def withdraw(self) -> bool:
        """Let nothing more be begun.

        Returns:
            Whether the peer may have got something; True where nobody can know.
        """
        with self._lock:
            self._withdrawn = True
            return self._written or not self._watched

    @property
    def may_be_sent(self) -> bool:
        """Whether the peer may have got something; True where nobody can know."""
        return self._written or not self._watched


class _Current(threading.local):
    record: SendRecord | None = None


_current = _Current()


class _WatchingConnection:
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
            record.begin()
        super().send(data)  # type: ignore[misc]


class WatchingAdapter(HTTPAdapter):
    """Connections that record what they write; see :class:`SendRecord`."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _watching_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Make the pools for a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _watching_pools(manager)
        return manager


def _watching_pools(manager: Any) -> dict[str, type]:
    return {scheme: _watching_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}


@cache
def _watching_pool(pool: Any) -> type:
    if issubclass(pool.ConnectionCls, _WatchingConnection):
        return pool  # type: ignore[no-any-return]
    connection = type(pool.ConnectionCls.__name__, (_WatchingConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
