"""HTTP connections with one deadline for a whole response, and decompression with a size limit.

A socket's timeout starts anew with each byte, so a slow peer could be waited for without end. Here every read of a
response, headers included, is bounded by one :class:`TransferLimit`.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import NewConnectionError

from qwave_jupyter.client.write_tracking import WriteTrackingAdapter

__all__ = ["AddressRefused", "BodyTooLarge", "BoundedAdapter", "TransferLimit", "apply_limit", "decompress_chunks"]

#: Maximum size of a decompressed body: so many times its compressed size, or so many bytes if that is more.
_MAX_EXPANSION, _FREE_EXPANSION = 20, 16 * 1024 * 1024
_CHUNK = 256 * 1024

#: Whether an IP address may be dialled.
AddressFilter = Callable[[str], bool]


class AddressRefused(Exception):
    """A host has an address that may not be dialled; nothing was sent."""


class BodyTooLarge(Exception):
    """A decompressed body exceeds its maximum size."""


class TransferLimit:
    """The deadline of an exchange, extended by what arrives.

    Args:
        seconds: from now until the deadline, before any extension.
        rate: bytes that extend the deadline by a second; None for no extension.
        longest: seconds from now beyond which it is never extended.
    """

    def __init__(self, seconds: float, *, rate: float | None = None, longest: float | None = None) -> None:
        now = time.monotonic()
        self._ends = now + seconds
        self._last = now + (seconds if longest is None else longest)
        self._rate = rate
        self._bytes_received = 0

    def remaining(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: it has passed.
        """
        bought = self._bytes_received / self._rate if self._rate else 0.0
        seconds = min(self._last, self._ends + bought) - time.monotonic()
        if seconds <= 0:
            msg = "the exchange took too long"
            raise TimeoutError(msg)
        return seconds

    def max_remaining(self) -> float:
        """Seconds until the latest possible deadline."""
        return max(0.0, self._last - time.monotonic())

    def add_bytes(self, size: int) -> None:
        """Record that bytes arrived."""
        self._bytes_received += size


_current = threading.local()


@contextlib.contextmanager
def apply_limit(limit: TransferLimit) -> Iterator[None]:
    """Apply a limit to every response that the calling thread begins to read."""
    before = getattr(_current, "limit", None)
    _current.limit = limit
    try:
        yield
    finally:
        _current.limit = before


class BoundedAdapter(WriteTrackingAdapter):
    """Connections whose answers obey :func:`apply_limit`, and that dial permitted addresses only.

    Args:
        allow_address: whether an IP address may be dialled; None for all. A proxy is always dialled.
    """

    def __init__(self, allow_address: AddressFilter | None = None) -> None:
        self._allow_address = allow_address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _bounded_pools(self.poolmanager, self._allow_address)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pools for a proxy, which is what its connections dial."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _bounded_pools(manager, None)
        return manager


class _LimitedReader(io.RawIOBase):
    """Reads a socket until the limit."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, limit: TransferLimit) -> None:
        self._raw = raw
        self._sock = sock
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left, usual = self._limit.remaining(), self._sock.gettimeout()
        self._sock.settimeout(left if usual is None else min(usual, left))
        try:
            size = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(usual)
        self._limit.add_bytes(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        limit = getattr(_current, "limit", None)
        if limit is not None and hasattr(sock, "gettimeout"):
            self.fp = io.BufferedReader(_LimitedReader(self.fp.detach(), sock, limit))


class _PinnedConnection:
    """Connects to the addresses that were checked, which protects against DNS rebinding."""

    response_class = _LimitedResponse
    allow_address: AddressFilter | None = None

    def _new_conn(self) -> socket.socket:
        allow_address, name = type(self).allow_address, self._dns_host  # type: ignore[has-type]
        if allow_address is None:
            return super()._new_conn()  # type: ignore[misc, no-any-return]
        try:
            found = socket.getaddrinfo(name.strip("[]"), self.port, type=socket.SOCK_STREAM)  # type: ignore[attr-defined]
        except (OSError, UnicodeError) as problem:
            raise NewConnectionError(self, f"no address: {problem}") from problem  # type: ignore[arg-type]
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
                return super()._new_conn()  # type: ignore[misc, no-any-return]
            except Exception:
                if number == len(addresses):
                    raise
        raise AddressRefused


def _bounded_pools(manager: Any, allow_address: AddressFilter | None) -> dict[str, Any]:
    """The pool classes of a manager, with bounded connections."""
    return {scheme: _bounded_pool(pool, allow_address) for scheme, pool in manager.pool_classes_by_scheme.items()}


def _bounded_pool(pool: Any, allow_address: AddressFilter | None) -> type:
    usual = pool.ConnectionCls
    if issubclass(usual, _PinnedConnection):
        return pool  # type: ignore[no-any-return]
    allowed = None if allow_address is None else staticmethod(allow_address)
    connection = type(usual.__name__, (_PinnedConnection, usual), {"allow_address": allowed})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


@dataclass
class _Decompressor:
    """Decompresses chunks with a size limit."""

    encoding: str
    received: int = 0
    made: int = 0

    def __call__(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        unpack: Any = None
        for chunk in chunks:
            self.received += len(chunk)
            rest = chunk
            while rest:
                if unpack is None or unpack.eof:
                    # Several gzip members in a row are one body.
                    unpack = _make_decompressor(self.encoding, rest)
                piece = unpack.decompress(rest, _CHUNK)
                rest = unpack.unconsumed_tail or unpack.unused_data
                self._count(len(piece))
                if piece:
                    yield piece

    def _count(self, size: int) -> None:
        self.made += size
        if self.made > max(_FREE_EXPANSION, _MAX_EXPANSION * self.received):
            raise BodyTooLarge


def decompress_chunks(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """A body without its ``Content-Encoding``, in pieces of bounded size.

    Args:
        chunks: what arrives.
        encoding: the header, "" where there is none.

    Raises:
        BodyTooLarge: it becomes far larger than it was.
        ValueError: an unsupported encoding.
        zlib.error: it isn't what it says.

    Example:
        >>> b"".join(decompress_chunks([zlib.compress(b"x")], "deflate"))
        b'x'
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        yield from chunks
    elif name in {"gzip", "x-gzip", "deflate"}:
        yield from _Decompressor(name)(chunks)
    else:
        raise ValueError(name)


def _make_decompressor(encoding: str, start: bytes) -> Any:
    if encoding != "deflate":
        return zlib.decompressobj(31)
    # Some servers send deflate without the zlib header that the standard demands (RFC 9110, 8.4.1.2).
    with_header = start[0] & 0x0F == 8 and (len(start) < 2 or int.from_bytes(start[:2], "big") % 31 == 0)
    return zlib.decompressobj(15 if with_header else -15)
