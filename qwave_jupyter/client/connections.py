"""Pooled connections with one deadline for a whole exchange, a record of what they wrote, and bounded decompression.

A socket's timeout starts anew with each byte, so a slow peer could be waited for without end. Here every read of a
response, headers included, is bounded by one :class:`TransferLimit`.

The names of exceptions don't tell whether any byte of a request was written: a proxy that cuts after the POST raises
``ProxyError`` like one that was never reached, and plain text inside a TLS tunnel raises ``WRONG_VERSION_NUMBER``
before and after the request alike. So the connection itself records it in a :class:`WriteTracker`.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from qwave_jupyter import threads

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3 import HTTPConnectionPool, PoolManager
    from urllib3.connection import HTTPConnection
else:
    HTTPConnection = object

__all__ = ["AddressRefused", "BodyTooLarge", "SessionPool", "TransferLimit", "WriteTracker", "decompress_chunks"]

#: Maximum size of a decompressed body: so many times its compressed size, or so many bytes if that is more.
_MAX_EXPANSION, _FREE_EXPANSION = 20, 16 * 1024 * 1024
_CHUNK = 256 * 1024
#: More idle sessions than jobs that run at once are only open sockets.
_MAX_IDLE = 16

#: Whether an IP address may be dialled.
AddressFilter = Callable[[str], bool]


class AddressRefused(Exception):
    """A host has an address that may not be dialled; nothing was sent."""


class BodyTooLarge(Exception):
    """A decompressed body exceeds its maximum size."""


class _Aborted(OSError):
    """The exchange was aborted before anything was written."""


class TransferLimit:
    """The deadline of an exchange: so many seconds, one more for each ``rate`` bytes that arrive, at most so many."""

    def __init__(self, seconds: float, *, rate: float, max_seconds: float) -> None:
        now = time.monotonic()
        self._ends = now + seconds
        self._max_end = now + max_seconds
        self._rate = rate
        self._bytes_received = 0

    def seconds_left(self) -> float:
        """Seconds until the deadline; TimeoutError where it has passed."""
        seconds = min(self._max_end, self._ends + self._bytes_received / self._rate) - time.monotonic()
        if seconds <= 0:
            msg = "the exchange took too long"
            raise TimeoutError(msg)
        return seconds

    def max_remaining(self) -> float:
        """Seconds until the latest possible deadline."""
        return max(0.0, self._max_end - time.monotonic())

    def add_bytes(self, size: int) -> None:
        """Record that bytes arrived."""
        self._bytes_received += size


class WriteTracker:
    """Whether anything of one exchange was written; another thread may abort it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written = False
        self._aborted = False
        #: False where a custom adapter sends the request, which doesn't report its writes.
        self.is_connected = True

    def mark_written(self) -> None:
        """Record that the first byte is about to be written; OSError where the exchange was aborted before."""
        with self._lock:
            if self._aborted:
                raise _Aborted
            self._written = True

    def abort(self) -> bool:
        """Keep the exchange from writing if it has not begun to, and return whether the peer may have got something."""
        with self._lock:
            self._aborted = True
            return self.may_have_sent

    @property
    def may_have_sent(self) -> bool:
        """Whether the peer may have got something; True if unknown."""
        return self._written or not self.is_connected


class SessionPool:
    """A pool of ``requests.Session`` objects, each used by one thread at a time."""

    # A session isn't safe for two threads at once, and a job's thread ends with the job: a pool instead of one
    # session for each thread lets the next job reuse an open connection.

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
        self._lock = threads.fork_safe(threading.Lock())
        self._process = os.getpid()

    @contextmanager
    def borrow(
        self, url: str, limit: TransferLimit, tracker: WriteTracker | None = None, *, fresh: bool = False
    ) -> Iterator[requests.Session]:
        """A session for one exchange of the calling thread; it is closed instead of kept when something breaks."""
        session = self._new_session() if fresh else self._acquire()
        try:
            if tracker is not None:
                tracker.is_connected = isinstance(session.get_adapter(url), _ExchangeAdapter)
            _set_exchange(session, limit, tracker)
            yield session
        except BaseException:
            session.close()
            raise
        _set_exchange(session, None, None)
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
        # Only this keeps requests from looking into .netrc.
        session.auth = self._auth
        # Redirects are followed by hand; requests would read the whole body of one even so.
        session.resolve_redirects = lambda *_, **__: iter(())  # type: ignore[method-assign]
        for scheme in ("http://", "https://"):
            # An adapter that the caller chose stays.
            if type(session.get_adapter(scheme)) is HTTPAdapter:
                session.mount(scheme, _ExchangeAdapter(self.allow_address))
        return session

    def _release(self, session: requests.Session) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE and self._process == os.getpid():
                self._idle.append(session)
                return
        session.close()


def decompress_chunks(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """A body without its ``Content-Encoding``, in pieces of bounded size."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        yield from chunks
        return
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise ValueError(name)
    received = written = 0
    decompressor = None
    for chunk in chunks:
        received += len(chunk)
        rest = chunk
        while rest:
            if decompressor is None or decompressor.eof:
                # Several gzip members in a row are one body.
                decompressor = zlib.decompressobj(_window_bits(name, rest))
            piece = decompressor.decompress(rest, _CHUNK)
            rest = decompressor.unconsumed_tail or decompressor.unused_data
            written += len(piece)
            if written > max(_FREE_EXPANSION, _MAX_EXPANSION * received):
                raise BodyTooLarge
            if piece:
                yield piece


def _window_bits(encoding: str, start: bytes) -> int:
    if encoding != "deflate":
        return 31
    # Some servers send deflate without the zlib header that the standard demands (RFC 9110, 8.4.1.2).
    with_header = start[0] & 0x0F == 8 and (len(start) < 2 or int.from_bytes(start[:2], "big") % 31 == 0)
    return 15 if with_header else -15


class _Exchange:
    """What the connections of a session obey at the moment."""

    limit: TransferLimit | None = None
    tracker: WriteTracker | None = None


def _set_exchange(session: requests.Session, limit: TransferLimit | None, tracker: WriteTracker | None) -> None:
    for adapter in session.adapters.values():
        if isinstance(adapter, _ExchangeAdapter):
            adapter.exchange.limit, adapter.exchange.tracker = limit, tracker


class _ExchangeAdapter(HTTPAdapter):
    """Opens connections that obey an exchange, and that dial permitted addresses only; a proxy is always dialled."""

    def __init__(self, allow_address: AddressFilter | None) -> None:
        self.exchange = _Exchange()
        self._allow_address = allow_address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self._extend_pools(self.poolmanager, self._allow_address)

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        self._extend_pools(manager, None)
        return manager

    def _extend_pools(self, manager: PoolManager, allow_address: AddressFilter | None) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _extend_pool(pool, self.exchange, allow_address)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _extend_pool(
    pool: type[HTTPConnectionPool], exchange: _Exchange, allow_address: AddressFilter | None
) -> type[HTTPConnectionPool]:
    usual = pool.ConnectionCls
    if issubclass(usual, _ExchangeConnection):
        return pool
    allowed = None if allow_address is None else staticmethod(allow_address)
    namespace = {"exchange": exchange, "allow_address": allowed}
    connection = type(usual.__name__, (_ExchangeConnection, usual), namespace)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _ExchangeConnection(HTTPConnection):
    """Mixed into urllib3's connection classes, which send headers and bodies through :meth:`send`."""

    # It connects to the very addresses that were checked, which protects against DNS rebinding.

    exchange: _Exchange
    allow_address: AddressFilter | None
    _in_tunnel = False

    @property
    def response_class(self) -> Callable[..., http.client.HTTPResponse]:  # type: ignore[override]
        return partial(_LimitedResponse, self.exchange.limit)

    def _tunnel(self) -> None:
        # What a tunnel or a TLS handshake needs is no byte of the request.
        self._in_tunnel = True
        try:
            super()._tunnel()
        finally:
            self._in_tunnel = False

    def send(self, data: Any) -> None:
        tracker = self.exchange.tracker
        if tracker is not None and not self._in_tunnel:
            if self.sock is None and self.auto_open:
                self.connect()
            tracker.mark_written()
        super().send(data)

    def _new_conn(self) -> socket.socket:
        allow_address, name = type(self).allow_address, self._dns_host
        if allow_address is None:
            return super()._new_conn()
        try:
            found = socket.getaddrinfo(name.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise NewConnectionError(self, f"no address: {problem}") from problem
        addresses = list(dict.fromkeys(str(where[4][0]) for where in found))
        if not addresses or not all(map(allow_address, addresses)):
            raise AddressRefused(name)
        try:
            return self._connect_first(addresses)
        finally:
            # The certificate is still that of the name.
            self._dns_host = name

    def _connect_first(self, addresses: list[str]) -> socket.socket:
        for number, address in enumerate(addresses, 1):
            self._dns_host = address
            try:
                return super()._new_conn()
            except Exception:
                if number == len(addresses):
                    raise
        raise AddressRefused


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, limit: TransferLimit | None, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        if limit is not None and hasattr(sock, "gettimeout"):
            self.fp = io.BufferedReader(_LimitedReader(self.fp.detach(), sock, limit))

    def _read_status(self) -> tuple[str, int, str]:
        # Any number of interim responses may precede the response (RFC 9110, 15.2), and http.client skips 100 only.
        # 101 is the last one of its protocol.
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc] # not in typeshed
            if not http.HTTPStatus.SWITCHING_PROTOCOLS < status < http.HTTPStatus.OK:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _LimitedReader(io.RawIOBase):
    """Reads a socket until the limit."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, limit: TransferLimit) -> None:
        self._raw = raw
        self._sock = sock
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        remaining, usual = self._limit.seconds_left(), self._sock.gettimeout()
        self._sock.settimeout(remaining if usual is None else min(usual, remaining))
        try:
            size = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(usual)
        self._limit.add_bytes(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
