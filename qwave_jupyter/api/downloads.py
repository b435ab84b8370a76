"""One picture from its link to a file: without the key, whole, and not something else.

Result links are plain public URLs in every documented example, so nothing that belongs to the API travels there.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from qwave_jupyter.api.retries import Stopped
from qwave_jupyter.api.wire import PictureLink
from qwave_jupyter.errors import DownloadFailed, QwaveError

__all__ = ["LARGEST_PICTURE", "Download", "may_repeat"]

#: A 4k PNG of noise weighs about 25 MB; far above that it is not a picture of this API.
LARGEST_PICTURE = 256 * 1024 * 1024
_CHUNK = 256 * 1024
_NOT_PICTURES = ("text/", "application/json", "application/xml", "application/xhtml")
_GONE = frozenset({401, 403, 404, 410})


@dataclass(frozen=True)
class Download:
    """Fetches links into files.

    Args:
        session: a session that carries no key.
        timeouts: seconds to connect and between two bytes.
        max_bytes: the largest file that is accepted.
        stop: ends the transfer.
    """

    session: requests.Session
    timeouts: tuple[float, float]
    max_bytes: int = LARGEST_PICTURE
    stop: threading.Event | None = None

    def __call__(self, link: PictureLink, target: Path) -> int:
        """Write the picture behind a link.

        Raises:
            DownloadFailed: no mirror gave it; ``fields["repeat"]`` says whether a later attempt can help.
            OSError: the file can't be written.
        """
        if link.data is not None:
            target.write_bytes(link.data)
            return len(link.data)
        problem = DownloadFailed("api.no_link", links=(), repeat=False)
        worth_repeating = False
        for url in link.urls:
            try:
                return self._fetch(url, target)
            except DownloadFailed as failed:  # noqa: PERF203 - one mirror after the other
                target.unlink(missing_ok=True)
                problem, worth_repeating = failed, worth_repeating or bool(failed.fields["repeat"])
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        raise DownloadFailed(problem.key, **{**problem.fields, "links": link.urls, "repeat": worth_repeating})

    def _fetch(self, url: str, target: Path) -> int:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise _failed("api.not_http", url, repeat=False)
        try:
            with self.session.get(url, stream=True, timeout=self.timeouts, headers={"Accept": "image/*"}) as answer:
                self._refuse_what_is_no_picture(answer, url)
                return self._write(answer, url, target)
        except requests.RequestException as problem:
            raise _failed("api.download_broke", url, repeat=True, reason=type(problem).__name__) from None

    def _refuse_what_is_no_picture(self, answer: requests.Response, url: str) -> None:
        if answer.status_code in _GONE:
            raise _failed("api.link_dead", url, repeat=False, status=answer.status_code)
        if answer.status_code != 200:
            raise _failed("api.download_refused", url, repeat=answer.status_code >= 429, status=answer.status_code)
        kind = answer.headers.get("content-type", "").lower()
        if kind.startswith(_NOT_PICTURES):
            raise _failed("api.not_a_picture", url, repeat=True, kind=kind[:60])
        if _announced(answer) > self.max_bytes:
            raise _failed("api.too_large", url, repeat=False, limit_mb=self.max_bytes // 2**20)

    def _write(self, answer: requests.Response, url: str, target: Path) -> int:
        written = 0
        with target.open("wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                if self.stop is not None and self.stop.is_set():
                    raise Stopped
                written += len(chunk)
                if written > self.max_bytes:
                    raise _failed("api.too_large", url, repeat=False, limit_mb=self.max_bytes // 2**20)
                file.write(chunk)
        announced = _announced(answer)
        encoded = answer.headers.get("content-encoding", "identity") != "identity"
        if not written or (announced and not encoded and written != announced):
            raise _failed("api.truncated", url, repeat=True, written=written, announced=announced)
        return written


def may_repeat(error: QwaveError) -> bool:
    """Whether a failed download is worth another attempt."""
    return isinstance(error, DownloadFailed) and bool(error.fields.get("repeat"))


def _announced(answer: requests.Response) -> int:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isdecimal() else 0


def _failed(key: str, url: str, **fields: object) -> DownloadFailed:
    return DownloadFailed(key, url=url[:500], links=(url,), **fields)
