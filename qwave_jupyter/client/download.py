"""Download one image to a file: without the key, complete, and checked to be an image.

Result links are plain public URLs in every documented example, so nothing that belongs to the API travels there.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from qwave_jupyter.client.auth import Secret, is_loopback
from qwave_jupyter.client.connections import AddressRefused, SessionPool, TransferLimit, decompress_chunks
from qwave_jupyter.client.error_responses import is_transient_status, read_retry_after, to_one_line
from qwave_jupyter.client.image_links import literal_address, read_link, resolve_redirect, shorten_link
from qwave_jupyter.client.retry import RetryPolicy, Stopped
from qwave_jupyter.client.tasks import ResultImage
from qwave_jupyter.client.transport import (
    MIN_EXCHANGE_SECONDS,
    NO_PROXIES,
    Abandoned,
    find_setup_fault,
    is_redirect,
    is_tls_failure,
    root_cause,
    run_interruptibly,
)
from qwave_jupyter.clock import Clock
from qwave_jupyter.errors import DownloadFailed, QwaveError

__all__ = ["MAX_IMAGE_BYTES", "RETRY_POLICY", "Downloader", "may_repeat"]

#: A 4k PNG of noise weighs about 25 MB; far above that it is not an image of this API.
MAX_IMAGE_BYTES = 256 * 1024 * 1024
RETRY_POLICY = RetryPolicy(attempts=5)
_CHUNK = 256 * 1024
_MAX_REDIRECTS = 5
_GONE = frozenset({401, 403, 404, 410})
#: Bytes of a file that buy a further second, up to so many seconds altogether.
_MIN_RATE, _MAX_EXTRA = 4096.0, 600.0
#: Seconds after which a transfer that should have ended by itself is left behind.
_SLACK = 5.0
#: First bytes of the formats that image models write.
_IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM", b"\x00\x00\x00", b"II*\x00", b"MM\x00*")
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_TEXT_STARTS = (b"<", b"{", b"[", b'"')


@dataclass(frozen=True)
class Downloader:
    """Fetches links into files."""

    sessions: SessionPool
    timeouts: tuple[float, float]
    clock: Clock
    max_bytes: int
    stop: threading.Event | None
    check: Callable[[Path], None]
    deadline: float | None
    #: The key, which no error quotes even where the host does.
    secret: Secret

    def fetch(self, link: ResultImage, target: Path) -> int:
        """Write the image behind a link; DownloadFailed says in ``repeat`` whether a later attempt can help."""
        if link.data is not None:
            return self._write_data(link.data, target)
        failures = []
        for url in link.urls:
            outcome = self._fetch_url(url, target)
            if isinstance(outcome, int):
                return outcome
            failures.append(self._with_expiry(outcome, link.expires_at))
        if not failures:
            raise DownloadFailed("api.no_link", links=(), link="", url="", repeat=False)
        # Prefer the error of a mirror that may work later.
        chosen = next((failed for failed in failures if failed.fields["repeat"]), failures[-1])
        raise DownloadFailed(chosen.key, **{**chosen.fields, "links": link.urls})

    def _with_expiry(self, failed: DownloadFailed, expires_at: float | None) -> DownloadFailed:
        """A refusal as it is meant before and after the link's end: before, the file may only not be there yet."""
        if failed.key != "api.link_dead" or failed.fields["gone"] or expires_at is None:
            return failed
        if self.clock.now() >= expires_at:
            return DownloadFailed(failed.key, **{**failed.fields, "gone": True})
        return DownloadFailed("api.link_not_ready", **{**failed.fields, "repeat": True})

    def _write_data(self, data: bytes, target: Path) -> int:
        if len(data) > self.max_bytes:
            raise _make_error("api.too_large", "", repeat=False, limit_mb=_megabytes(self.max_bytes))
        target.write_bytes(data)
        try:
            self.check(target)
        except DownloadFailed as failed:
            # The response that carried it is the only one there is.
            failed.fields["repeat"] = False
            raise
        return len(data)

    def _fetch_url(self, url: str, target: Path) -> int | DownloadFailed:
        # A file of its own for each attempt: an abandoned transfer may wake up much later, and clears away what is its.
        part = target.with_name(f"{target.name.removesuffix('.part')}.{uuid.uuid4().hex[:8]}.part")
        left = threading.Event()
        try:
            limit = self._make_limit()
            written = run_interruptibly(
                lambda: self._transfer(url, part, limit, left), self.stop, limit.max_remaining() + _SLACK
            )
            self.check(part)
            part.replace(target)
        except DownloadFailed as failed:
            clean = self.secret.resolve().redact
            fields = {name: clean(value) if isinstance(value, str) else value for name, value in failed.fields.items()}
            return DownloadFailed(failed.key, **fields)
        except Abandoned:
            if self.stop is None or not self.stop.is_set():
                return _make_error("api.download_broke", url, repeat=True, reason="timeout")
            raise Stopped from None
        else:
            return written
        finally:
            left.set()
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _make_limit(self) -> TransferLimit:
        max_seconds = _MAX_EXTRA
        if self.deadline is not None:
            max_seconds = min(max_seconds, max(MIN_EXCHANGE_SECONDS, self.deadline - self.clock.monotonic()))
        return TransferLimit(min(max_seconds, sum(self.timeouts)), rate=_MIN_RATE, max_seconds=max_seconds)

    def _transfer(self, url: str, part: Path, limit: TransferLimit, left: threading.Event) -> int:
        try:
            with self.sessions.borrow(url, limit) as session:
                response = self._follow_redirects(session, url)
                with response:
                    return self._write_response(response, url, part)
        finally:
            if left.is_set():
                # Nobody waits for it any more.
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)

    def _follow_redirects(self, session: requests.Session, url: str) -> requests.Response:
        address = url
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._send(session, address, url)
            if not is_redirect(response.status_code, response.headers):
                return response
            # Followed by hand: requests would look into .netrc for every host on the way.
            address = resolve_redirect(address, response.headers["location"])
            response.close()
        raise _make_error("api.download_refused", url, repeat=False, status=response.status_code)

    def _send(self, session: requests.Session, address: str, url: str) -> requests.Response:
        link = read_link(address)
        if link is None:
            is_http = address.strip().lower().startswith(("http:", "https:"))
            raise _make_error(
                "api.link_ambiguous" if is_http else "api.not_http", to_one_line(address, 500), repeat=False
            )
        literal, allow_address = literal_address(link.host), self.sessions.allow_address
        if allow_address is not None and literal is not None and not allow_address(literal):
            raise self._address_refused(link.host, url)
        try:
            return session.get(
                link.url,
                stream=True,
                timeout=self.timeouts,
                allow_redirects=False,
                headers={"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"},
                proxies=NO_PROXIES if is_loopback(literal or link.host) else None,
            )
        except AddressRefused:
            raise self._address_refused(link.host, url) from None
        except Exception as problem:  # noqa: BLE001 - urllib3 and http.client let strange answers escape in many ways
            fault = find_setup_fault(problem)
            if fault is not None:
                raise _make_error(fault.key, url, repeat=fault.may_pass, **fault.fields) from None
            final = isinstance(problem, requests.exceptions.InvalidURL) or is_tls_failure(problem)
            raise _make_error("api.download_broke", url, repeat=not final, reason=root_cause(problem)) from None

    @staticmethod
    def _address_refused(host: str, url: str) -> DownloadFailed:
        return _make_error("api.address_refused", url, repeat=False, host=to_one_line(host, 200))

    def _write_response(self, response: requests.Response, url: str, target: Path) -> int:
        self._raise_for_status(response, url)
        announced = _content_length(response)
        if announced > self.max_bytes:
            raise _make_error("api.too_large", url, repeat=False, limit_mb=_megabytes(self.max_bytes))
        written = 0
        kind = response.headers.get("content-type", "").lower().partition(";")[0].strip()
        with target.open("wb") as file:
            for chunk in self._iter_chunks(response, url):
                if not written and not _may_be_image(chunk, kind):
                    raise _make_error("api.not_an_image", url, repeat=True, kind=to_one_line(kind, 60) or "text")
                written += len(chunk)
                if written > self.max_bytes:
                    raise _make_error("api.too_large", url, repeat=False, limit_mb=_megabytes(self.max_bytes))
                file.write(chunk)
        encoded = response.headers.get("content-encoding", "identity").lower() != "identity"
        if not written or (announced and not encoded and written != announced):
            raise _make_error("api.truncated", url, repeat=True, written=written, announced=announced or "?")
        return written

    def _raise_for_status(self, response: requests.Response, url: str) -> None:
        status = response.status_code
        if status in _GONE:
            raise _make_error("api.link_dead", url, repeat=False, status=status, gone=status == 410)
        if status != 200:
            wait = read_retry_after(response.headers, now=self.clock.now())
            repeat = is_transient_status(status)
            raise _make_error("api.download_refused", url, repeat=repeat, status=status, retry_after=wait)

    def _iter_chunks(self, response: requests.Response, url: str) -> Iterator[bytes]:
        # requests would unpack without bounds.
        encoding = response.headers.get("content-encoding", "")
        chunks = decompress_chunks(response.raw.stream(_CHUNK, decode_content=False), encoding)
        while True:
            try:
                chunk = next(chunks, b"")
            except Exception as problem:  # noqa: BLE001 - as above
                raise _make_error("api.download_broke", url, repeat=True, reason=root_cause(problem)) from None
            if self.stop is not None and self.stop.is_set():
                raise Stopped
            if not chunk:
                return
            yield chunk


def may_repeat(error: QwaveError) -> bool:
    """Whether a failed download is worth another attempt."""
    return isinstance(error, DownloadFailed) and bool(error.fields.get("repeat"))


def _may_be_image(start: bytes, kind: str) -> bool:
    if start.startswith(_IMAGE_SIGNATURES):
        return True
    return not kind.startswith(_TEXT_TYPES) and not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_TEXT_STARTS)


def _content_length(response: requests.Response) -> int:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _megabytes(size: int) -> int:
    return max(1, size // 2**20)


def _make_error(key: str, url: str, **fields: object) -> DownloadFailed:
    return DownloadFailed(
        key, **{"url": shorten_link(url), "links": (url,), "link": url, "retry_after": None, **fields}
    )
