"""Download one image to a file: without the key, complete, and checked to be an image.

Result links are plain public URLs in every documented example, so nothing that belongs to the API travels there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from qwave_jupyter.client.auth import Secret, is_loopback
from qwave_jupyter.client.bounded import AddressRefused, TransferLimit, apply_limit, decompress_chunks
from qwave_jupyter.client.connections import SessionPool
from qwave_jupyter.client.error_responses import one_line, retry_after
from qwave_jupyter.client.image_links import literal_address, read_link, resolve_redirect
from qwave_jupyter.client.interruptible import Abandoned, run_interruptibly
from qwave_jupyter.client.retry import RetryPolicy, Stopped
from qwave_jupyter.client.tasks import ImageLink
from qwave_jupyter.client.transport import NO_PROXIES, is_tls_failure, root_cause
from qwave_jupyter.clock import Clock
from qwave_jupyter.errors import DownloadFailed, QwaveError

__all__ = ["MAX_IMAGE_BYTES", "RETRY_POLICY", "Downloader", "may_repeat"]

#: A 4k PNG of noise weighs about 25 MB; far above that it is not an image of this API.
MAX_IMAGE_BYTES = 256 * 1024 * 1024
RETRY_POLICY = RetryPolicy(attempts=5)
_CHUNK = 256 * 1024
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({401, 403, 404, 410})
#: Bytes of a file that buy a further second, up to so many seconds altogether.
_MIN_RATE, _MAX_EXTRA = 4096.0, 600.0
#: Seconds that a transfer is given even where the caller's time is up.
_LEAST = 5.0
#: Seconds after which a transfer that should have ended by itself is left behind.
_SLACK = 5.0
#: First bytes of the formats that image models write.
_IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM", b"\x00\x00\x00", b"II*\x00", b"MM\x00*")
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_TEXT_STARTS = (b"<", b"{", b"[", b'"')


@dataclass(frozen=True)
class Downloader:
    """Fetches links into files.

    Args:
        sessions: sessions that carry no key.
        timeouts: seconds until a connection must stand, and until bytes must arrive at a usable pace.
        clock: time.
        max_bytes: the largest file that is accepted.
        stop: ends the transfer.
        check: looks at a file that has arrived; a :class:`DownloadFailed` of its own sends us to the next mirror.
        deadline: monotonic seconds of the clock at which a transfer has to be over, some grace aside.
        secret: the key, which no error quotes even where the host does.
    """

    sessions: SessionPool
    timeouts: tuple[float, float]
    clock: Clock
    max_bytes: int = MAX_IMAGE_BYTES
    stop: threading.Event | None = None
    check: Callable[[Path], None] | None = None
    deadline: float | None = None
    secret: Secret = field(default_factory=lambda: Secret(""))

    def __call__(self, link: ImageLink, target: Path) -> int:
        """Write the image behind a link.

        Raises:
            DownloadFailed: no mirror gave it; ``fields["repeat"]`` says whether a later attempt can help.
            OSError: the file can't be written.
            Stopped: ``stop`` was set.
        """
        if link.data is not None:
            return self._write_data(link.data, target)
        failures = []
        for url in link.urls:
            outcome = self._fetch_interruptibly(url, target)
            if isinstance(outcome, int):
                return outcome
            failures.append(self._with_expiry(outcome, link.expires_at))
        if not failures:
            raise DownloadFailed("api.no_link", links=(), link="", url="", repeat=False)
        # Prefer the error of a mirror that may work later.
        telling = next((failed for failed in failures if failed.fields["repeat"]), failures[-1])
        raise DownloadFailed(telling.key, **{**telling.fields, "links": link.urls})

    def _with_expiry(self, failed: DownloadFailed, expires_at: float | None) -> DownloadFailed:
        """A refusal as it is meant before and after the link's end: before, the file may only not be there yet."""
        if failed.key != "api.link_dead" or failed.fields["gone"] or expires_at is None:
            return failed
        if self.clock.now() >= expires_at:
            return DownloadFailed(failed.key, **{**failed.fields, "gone": True})
        return DownloadFailed("api.link_not_ready", **{**failed.fields, "repeat": True})

    def _write_data(self, data: bytes, target: Path) -> int:
        if len(data) > self.max_bytes:
            raise _failure("api.too_large", "", repeat=False, limit_mb=_megabytes(self.max_bytes))
        target.write_bytes(data)
        try:
            self._run_check(target)
        except DownloadFailed as failed:
            # The answer that carried it is the only one there is.
            failed.fields["repeat"] = False
            raise
        return len(data)

    def _run_check(self, target: Path) -> None:
        if self.check is not None:
            self.check(target)

    def _fetch_interruptibly(self, url: str, target: Path) -> int | DownloadFailed:
        try:
            limit = self._limit()
            return run_interruptibly(lambda: self._fetch(url, target, limit), self.stop, limit.max_remaining() + _SLACK)
        except DownloadFailed as failed:
            clean = self.secret.resolve().redact
            said = {name: clean(value) if isinstance(value, str) else value for name, value in failed.fields.items()}
            return DownloadFailed(failed.key, **said)
        except Abandoned:
            if self.stop is None or not self.stop.is_set():
                return _failure("api.download_broke", url, repeat=True, reason="timeout")
            raise Stopped from None

    def _limit(self) -> TransferLimit:
        left = _MAX_EXTRA
        if self.deadline is not None:
            left = min(left, max(_LEAST, self.deadline - self.clock.monotonic()))
        return TransferLimit(min(left, sum(self.timeouts)), rate=_MIN_RATE, longest=left)

    def _fetch(self, url: str, target: Path, limit: TransferLimit) -> int:
        whole = False
        try:
            with self.sessions.borrow() as session, apply_limit(limit):
                answer = self._answer(session, url)
                with answer:
                    written = self._write_response(answer, url, target)
            self._run_check(target)
            whole = True
            return written
        finally:
            if not whole:
                target.unlink(missing_ok=True)

    def _answer(self, session: requests.Session, url: str) -> requests.Response:
        address = url
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._get(session, address, url)
            if answer.status_code not in _REDIRECTS or not answer.headers.get("location"):
                return answer
            # Followed by hand: requests would look into .netrc for every host on the way.
            address = resolve_redirect(address, answer.headers["location"])
            answer.close()
        raise _failure("api.download_refused", url, repeat=False, status=answer.status_code)

    def _get(self, session: requests.Session, address: str, url: str) -> requests.Response:
        link = read_link(address)
        if link is None:
            is_http = address.strip().lower().startswith(("http:", "https:"))
            raise _failure("api.link_ambiguous" if is_http else "api.not_http", one_line(address, 500), repeat=False)
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
            final = isinstance(problem, requests.exceptions.InvalidURL) or is_tls_failure(problem)
            raise _failure("api.download_broke", url, repeat=not final, reason=root_cause(problem)) from None

    @staticmethod
    def _address_refused(host: str, url: str) -> DownloadFailed:
        return _failure("api.address_refused", url, repeat=False, host=one_line(host, 200))

    def _write_response(self, answer: requests.Response, url: str, target: Path) -> int:
        self._check(answer, url)
        announced = _content_length(answer)
        if announced > self.max_bytes:
            raise _failure("api.too_large", url, repeat=False, limit_mb=_megabytes(self.max_bytes))
        written = 0
        kind = answer.headers.get("content-type", "").lower().partition(";")[0].strip()
        with target.open("wb") as file:
            for chunk in self._chunks(answer, url):
                if not written and not _may_be_image(chunk, kind):
                    raise _failure("api.not_a_picture", url, repeat=True, kind=one_line(kind, 60) or "text")
                written += len(chunk)
                if written > self.max_bytes:
                    raise _failure("api.too_large", url, repeat=False, limit_mb=_megabytes(self.max_bytes))
                file.write(chunk)
        encoded = answer.headers.get("content-encoding", "identity").lower() != "identity"
        if not written or (announced and not encoded and written != announced):
            raise _failure("api.truncated", url, repeat=True, written=written, announced=announced or "?")
        return written

    def _check(self, answer: requests.Response, url: str) -> None:
        status = answer.status_code
        if status in _GONE:
            raise _failure("api.link_dead", url, repeat=False, status=status, gone=status == 410)
        if status != 200:
            wait = retry_after(answer.headers, now=self.clock.now())
            raise _failure("api.download_refused", url, repeat=status >= 429, status=status, retry_after=wait)

    def _chunks(self, answer: requests.Response, url: str) -> Iterator[bytes]:
        # requests would unpack without bounds.
        encoding = answer.headers.get("content-encoding", "")
        chunks = decompress_chunks(answer.raw.stream(_CHUNK, decode_content=False), encoding)
        while True:
            try:
                chunk = next(chunks, b"")
            except Exception as problem:  # noqa: BLE001 - as above
                raise _failure("api.download_broke", url, repeat=True, reason=root_cause(problem)) from None
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


def _content_length(answer: requests.Response) -> int:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _megabytes(size: int) -> int:
    return max(1, size // 2**20)


def _failure(key: str, url: str, **fields: object) -> DownloadFailed:
    return DownloadFailed(key, **{"url": url[:500], "links": (url,), "link": url, "retry_after": None, **fields})
