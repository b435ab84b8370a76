"""One request to the API and its response: authentication, timeouts and errors, without retries."""

from __future__ import annotations

import json
import math
import re
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ReadTimeoutError

from qwave_jupyter.client.auth import KeyAuth, Secret, is_loopback, origin_of
from qwave_jupyter.client.bounded import BodyTooLarge, TransferLimit, apply_limit, decompress_chunks
from qwave_jupyter.client.connections import SessionPool
from qwave_jupyter.client.error_responses import is_error_body, one_line, read_error, retry_after, unreadable
from qwave_jupyter.client.image_links import read_link, resolve_redirect
from qwave_jupyter.client.interruptible import Abandoned, run_interruptibly
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.client.write_tracking import WriteTracker
from qwave_jupyter.clock import Clock
from qwave_jupyter.errors import ApiError, ConnectionFailed, QwaveError, UnexpectedRedirect

__all__ = ["NO_PROXIES", "ApiResponse", "Timeouts", "Transport", "is_tls_failure", "root_cause"]

#: Four 4k images as base64 weigh about 130 MB; an answer beyond that is no answer of this API.
_MAX_RESPONSE = 200_000_000
#: A refusal says what it has to say in its first bytes.
_MAX_ERROR_BODY = 1_000_000
#: Bytes of an answer that buy a further second, up to so many seconds: base64 images take longer than the read timeout.
_MIN_RATE, _MAX_EXTRA = 100_000.0, 60.0
#: Seconds that an exchange is given even where the caller's time is up.
_LEAST = 5.0
#: Seconds after which an exchange that should have ended by itself is left behind.
_SLACK = 0.5
_MAX_REDIRECTS = 3
#: Exceptions that say more than their causes. Whether anything was sent is decided by :class:`WriteTracker`.
_PREFERRED_CAUSES = frozenset({"NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ProxyError"})
#: OpenSSL's reasons for which no encrypted connection stands, where nothing was written before.
_TLS_FAILURES = frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "HTTP_REQUEST",
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
        "UNKNOWN_PROTOCOL",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
#: Loopback is never behind a proxy, whatever the environment says.
NO_PROXIES = {"http": "", "https": "", "all": ""}


class Timeouts(NamedTuple):
    """Seconds until a connection must stand, and until its answer must be there."""

    connect: float
    read: float


@dataclass(frozen=True)
class ApiResponse:
    """What came back with a 2xx status.

    Args:
        body: the decoded JSON.
        wait: seconds that the server asks to wait in ``Retry-After``, or None.
    """

    body: Any
    wait: float | None = None


class _RawResponse(NamedTuple):
    """A response with the key redacted."""

    status: int
    headers: Mapping[str, str]
    text: str
    secret: Secret


@dataclass(frozen=True)
class Transport:
    """Exchanges with one API host.

    Args:
        base_url: the address that paths are appended to.
        auth: the key and the origin it belongs to.
        sessions: open connections.
        clock: time.
        timeouts: for answers that aren't held.
    """

    base_url: str
    auth: KeyAuth
    sessions: SessionPool
    clock: Clock
    timeouts: Timeouts

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        hold: float = 0.0,
        within: float | None = None,
        deadline: float | None = None,
        stop: threading.Event | None = None,
        fresh: bool = False,
    ) -> ApiResponse:
        """Ask once.

        The whole exchange, redirects included, is over within both timeouts and ``hold``; a large answer is given up
        to a minute more, as long as it arrives at a usable pace.

        Args:
            method: ``GET`` or ``POST``.
            path: below the base URL.
            body: sent as JSON.
            headers: further ones.
            hold: seconds for which the server was asked to keep the answer back.
            within: seconds for the whole exchange.
            deadline: monotonic seconds of the clock at which it has to be over, some grace aside.
            stop: ends the wait for the answer.
            fresh: use a new connection, since an idle one may be closed by the peer.

        Raises:
            Stopped: ``stop`` was set; its ``outcome_unknown`` says whether a POST may have been acted on.
            ApiError: the server refused, or its answer is no JSON.
            ConnectionFailed: there was no answer.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", **kind, **(headers or {})}
        url = self.base_url + path
        connect, read = self.timeouts
        seconds, longest = self._time_limits(connect + read + hold, within, deadline)
        timeouts = Timeouts(min(connect, seconds), min(read + hold, seconds))
        limit = TransferLimit(seconds, rate=_MIN_RATE, longest=longest)
        status = 0
        for _ in range(_MAX_REDIRECTS + 1):
            # What failed comes back as a value and is raised here: the frames and errors of the libraries below hold
            # the headers, and with them the key.
            received = self._run_exchange(method, url, content, sent, timeouts, stop, limit, fresh)
            if not isinstance(received, _RawResponse):
                raise received
            if not _is_redirect(received.status, received.headers):
                return self._read(received)
            status, url = received.status, self._redirect_target(method, url, received)
        raise self._redirect_error(status, url)

    def _run_exchange(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        stop: threading.Event | None,
        limit: TransferLimit,
        fresh: bool,
    ) -> _RawResponse | QwaveError | Stopped | KeyboardInterrupt | SystemExit:
        record = WriteTracker()
        try:
            with_limit = partial(self._exchange, method, url, content, headers, timeouts, limit, record, fresh)
            return run_interruptibly(with_limit, stop, limit.max_remaining() + _SLACK)
        except Abandoned:
            sent = record.abort()
            if stop is not None and stop.is_set():
                return Stopped(outcome_unknown=method == "POST" and sent)
            return self._connection_error("api.timed_out", method, "timeout", sent=sent)
        except (ApiError, KeyboardInterrupt, SystemExit) as error:
            # An interrupt comes up through the very frames that hold the key.
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)
        except Exception as problem:  # noqa: BLE001 - http.client and urllib3 let strange answers escape in many ways
            root, sent = root_cause(problem), record.may_have_sent
            if is_tls_failure(problem) and not sent:
                return self._connection_error("api.certificate", method, root, sent=False, final=True)
            key = "api.timed_out" if isinstance(problem, requests.Timeout) else "api.unreachable"
            return self._connection_error(key, method, root, sent=sent)

    def _exchange(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        limit: TransferLimit,
        record: WriteTracker,
        fresh: bool,
    ) -> _RawResponse:
        secret = self.auth.secret.resolve()
        with self.sessions.borrow(fresh=fresh) as session, apply_limit(limit), record.track(session, url):
            answer = session.request(
                method,
                url,
                data=content,
                headers=headers,
                timeout=timeouts,
                allow_redirects=False,
                stream=True,
                proxies=NO_PROXIES if is_loopback(urlsplit(url).hostname or "") else None,
            )
            said = {name.lower(): secret.redact(value) for name, value in answer.headers.items()}
            return _RawResponse(
                answer.status_code, said, secret.redact(_decode_text(self._content(answer, limit))), secret
            )

    def _time_limits(self, usual: float, within: float | None, deadline: float | None) -> tuple[float, float]:
        """Seconds until an exchange has to be over, and until a large answer has to be."""
        most = math.inf if within is None else within
        if deadline is not None:
            most = min(most, max(_LEAST, deadline - self.clock.monotonic()))
        return min(usual, most), min(usual + _MAX_EXTRA, most)

    def _content(self, answer: requests.Response, limit: TransferLimit) -> bytes:
        parts, size = [], 0
        status = answer.status_code
        with answer:
            if _is_redirect(status, answer.headers):
                return b""
            try:
                # requests would unpack without bounds.
                chunks = answer.raw.stream(256 * 1024, decode_content=False)
                for chunk in decompress_chunks(chunks, answer.headers.get("content-encoding", "")):
                    parts.append(chunk)
                    size += len(chunk)
                    if size > _MAX_RESPONSE:
                        raise unreadable("api.not_json", status=status, seen=f"> {size // 2**20} MB")
                    if size > _MAX_ERROR_BODY and not 200 <= status < 300:
                        break
                    limit.remaining()
            except (ReadTimeoutError, TimeoutError):
                raise requests.ReadTimeout from None
            except (BodyTooLarge, ValueError, zlib.error):
                raise unreadable("api.not_json", status=status, seen="compressed") from None
        return b"".join(parts)

    def _read(self, received: _RawResponse) -> ApiResponse:
        text, now = received.text, self.clock.now()
        if not 200 <= received.status < 300:
            raise read_error(received.status, received.headers, text.encode(), now=now)
        kind = received.headers.get("content-type", "")
        try:
            body = received.secret.redact_json(_parse_json(text, kind))
        except (ValueError, RecursionError):
            body = unreadable("api.not_json", status=received.status, seen=_describe_body(text, kind))
        if isinstance(body, ApiError):
            raise body
        if is_error_body(body):
            raise read_error(received.status, received.headers, text.encode(), now=now)
        return ApiResponse(body, retry_after(received.headers, now=now))

    def _redirect_target(self, method: str, url: str, received: _RawResponse) -> str:
        to = resolve_redirect(url, received.headers.get("location", ""))
        link = read_link(to)
        if method != "GET" or link is None or origin_of(link.url) != self.auth.origin:
            raise self._redirect_error(received.status, to)
        return link.url

    def _redirect_error(self, status: int, to: str) -> UnexpectedRedirect:
        link = read_link(to)
        elsewhere = link is None or origin_of(link.url) != self.auth.origin
        shown = urlsplit(link.url).path if link and not elsewhere else origin_of(link.url if link else to) or to
        return UnexpectedRedirect(
            "api.redirected" if elsewhere else "api.redirected_here",
            status=status,
            api_code="",
            message="",
            param=None,
            request_id=None,
            origin=self.auth.origin,
            to=one_line(shown, 200),
        )

    def _connection_error(
        self, key: str, method: str, reason: str, *, sent: bool, final: bool = False
    ) -> ConnectionFailed:
        return ConnectionFailed(
            key, host=self.auth.origin, reason=reason, outcome_unknown=method == "POST" and sent, final=final
        )


def root_cause(problem: BaseException) -> str:
    """The name of what is at the bottom of a failed exchange; the texts above it may quote headers."""
    names = [type(one).__name__ for one in _cause_chain(problem)]
    return next((name for name in names if name in _PREFERRED_CAUSES), names[-1])


def is_tls_failure(problem: BaseException) -> bool:
    """Whether the two sides couldn't agree on an encrypted connection."""
    return any(
        isinstance(one, (ssl.SSLCertVerificationError, ssl.CertificateError))
        or (isinstance(one, ssl.SSLError) and str(one.reason).upper() in _TLS_FAILURES)
        for one in _cause_chain(problem)
    )


def _cause_chain(problem: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = problem
    for _ in range(10):
        if seen is None:
            return
        yield seen
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        seen = inner if isinstance(inner, BaseException) else (seen.__cause__ or seen.__context__)


def _is_redirect(status: int, headers: Mapping[str, str]) -> bool:
    return status in {301, 302, 303, 307, 308} and bool(headers.get("location"))


def _decode_text(content: bytes) -> str:
    # JSON is UTF-8, -16 or -32, whatever a header says (RFC 7159); other bodies read as well as they can that way.
    return content.decode(json.detect_encoding(content), "replace").removeprefix("\ufeff")


def _parse_json(text: str, kind: str) -> Any:
    if kind.lower().startswith("text/event-stream"):
        # The tools endpoint may stream its single answer; the last event holds it.
        events = re.findall(r"^data:(.*)$", text, re.MULTILINE)
        text = events[-1] if events else ""
    body = json.loads(text)
    # Half a surrogate pair is legal JSON, and can't be written to any file or screen.
    return _writable(body) if re.search(r"\\u[dD][89a-fA-F]", text) else body


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {_writable(name): _writable(one) for name, one in value.items()}
    return value


def _describe_body(text: str, kind: str) -> str:
    if not text.strip():
        return "empty"
    return one_line(kind.partition(";")[0], 60) or f"{len(text)} characters"
