"""One request to the API and its response: authentication, timeouts and errors, without retries."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationValueError, NewConnectionError, ReadTimeoutError
from urllib3.util import parse_url

from qwave_jupyter import i18n, threads
from qwave_jupyter.client.auth import KeyAuth, Secret, is_loopback, origin_of
from qwave_jupyter.client.coerce import map_texts
from qwave_jupyter.client.connections import (
    BodyTooLarge,
    SessionPool,
    TransferLimit,
    WriteTracker,
    decompress_chunks,
)
from qwave_jupyter.client.error_responses import (
    is_error_body,
    read_error,
    read_retry_after,
    to_one_line,
    unreadable_answer,
)
from qwave_jupyter.client.image_links import read_link, resolve_redirect
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.clock import Clock
from qwave_jupyter.errors import ApiError, ConnectionFailed, OptionMistake, QwaveError, UnexpectedRedirect
from qwave_jupyter.i18n import printable
from qwave_jupyter.types import JSONObject

__all__ = [
    "MIN_EXCHANGE_SECONDS",
    "NO_PROXIES",
    "Abandoned",
    "ApiResponse",
    "Timeouts",
    "Transport",
    "encode_body",
    "is_redirect",
    "is_tls_failure",
    "root_cause",
    "run_interruptibly",
]

Result = TypeVar("Result")

#: Four 4k images as base64 weigh about 130 MB; a response beyond that is no response of this API.
_MAX_RESPONSE = 200_000_000
#: A refusal says what it has to say in its first bytes.
_MAX_ERROR_BODY = 1_000_000
#: Bytes of a response that buy a further second, up to so many: base64 images take longer than the read timeout.
_MIN_RATE, _MAX_EXTRA = 100_000.0, 60.0
#: Seconds that an exchange is given even where the caller's time is up.
MIN_EXCHANGE_SECONDS = 5.0
#: Statuses that lead elsewhere, where there is a ``Location``.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_CONTENT = 204
#: Those after which a POST is to be sent again, as nobody has acted on it (RFC 9110, 15.4.8 and 15.4.9).
_METHOD_KEPT = frozenset({307, 308})
#: Seconds between two checks of the stop event.
_CHECK_INTERVAL = 0.1
#: Seconds after which an exchange that should have ended by itself is left behind.
_SLACK = 0.5
_MAX_REDIRECTS = 3
#: Exceptions that say more than their causes. Whether anything was sent is decided by :class:`WriteTracker`.
_PREFERRED_CAUSES = frozenset({"NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ProxyError"})
#: OpenSSL's reasons, in its several versions, where the other side speaks no TLS at this port.
_NO_TLS = frozenset({"HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER"})
#: Its reasons for which no encrypted connection stands, where nothing was written before.
_TLS_FAILURES = _NO_TLS | frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
        "UNSUPPORTED_PROTOCOL",
    }
)
#: The variables that name proxies, and what a proxy's address may begin with.
_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
_PROXY_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
#: Loopback is never behind a proxy, whatever the environment says.
NO_PROXIES = {"http": "", "https": "", "all": ""}


class Timeouts(NamedTuple):
    """Seconds until a connection must stand, and until its response must be there."""

    connect: float
    read: float


@dataclass(frozen=True)
class ApiResponse:
    """What came back with a 2xx status."""

    body: object
    retry_after: float | None = None


class Abandoned(Exception):
    """The wait for a call was ended; the call goes on in its thread until its own timeout."""


@dataclass(frozen=True)
class _ApiRequest:
    method: str
    url: str
    content: bytes | None
    headers: Mapping[str, str]
    timeouts: Timeouts
    limit: TransferLimit
    fresh: bool


class _RawResponse(NamedTuple):
    """A response with the key redacted."""

    status: int
    headers: Mapping[str, str]
    text: str
    secret: Secret


@dataclass(frozen=True)
class Transport:
    """Exchanges with one API host."""

    base_url: str
    auth: KeyAuth
    sessions: SessionPool
    clock: Clock
    timeouts: Timeouts
    #: Set once anything was answered.
    answered: threading.Event = field(default_factory=threading.Event)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: JSONObject | None = None,
        headers: Mapping[str, str] | None = None,
        prefer_wait: float = 0.0,
        within: float | None = None,
        deadline: float | None = None,
        stop: threading.Event | None = None,
        fresh: bool = False,
        is_answer: Callable[[object], bool] = lambda _: False,
    ) -> ApiResponse:
        """Send one request to a path below the base URL and read its response."""
        # ``is_answer`` tells whether a body is what was asked for, whatever the status says.
        # The whole exchange, redirects included, is over within both timeouts and ``prefer_wait``, ``within`` and
        # ``deadline``; a large response is given up to a minute more, as long as it arrives at a usable pace.
        content = None if body is None else encode_body(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        connect, read = self.timeouts
        seconds, max_seconds = self._time_limits(connect + read + prefer_wait, within, deadline)
        request = _ApiRequest(
            method,
            self.base_url + path,
            content,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **kind, **(headers or {})},
            timeouts=Timeouts(min(connect, seconds), min(read + prefer_wait, seconds)),
            limit=TransferLimit(seconds, rate=_MIN_RATE, max_seconds=max_seconds),
            fresh=fresh,
        )
        status = 0
        for _ in range(_MAX_REDIRECTS + 1):
            # What failed comes back as a value and is raised here: the frames and errors of the libraries below hold
            # the headers, and with them the key.
            received = self._run_exchange(request, stop)
            if not isinstance(received, _RawResponse):
                raise received
            if not _may_redirect(request, received):
                return self._read(received, is_answer)
            status = received.status
            request = replace(request, url=self._redirect_target(request, received))
        raise self._redirect_error(status, request.url)

    def _run_exchange(
        self, request: _ApiRequest, stop: threading.Event | None
    ) -> _RawResponse | QwaveError | Stopped | KeyboardInterrupt | SystemExit:
        tracker = WriteTracker()
        try:
            return run_interruptibly(
                lambda: self._exchange(request, tracker), stop, request.limit.max_remaining() + _SLACK
            )
        except Abandoned:
            sent = tracker.abort()
            if stop is not None and stop.is_set():
                return Stopped(outcome_unknown=request.method == "POST" and sent)
            return self._connection_error("api.timed_out", request.method, reason="timeout", sent=sent)
        except (ApiError, KeyboardInterrupt, SystemExit) as error:
            # An interrupt comes up through the very frames that hold the key.
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)
        except Exception as problem:  # noqa: BLE001 - http.client and urllib3 let strange answers escape in many ways
            root, sent = root_cause(problem), tracker.may_have_sent
            fault = find_setup_fault(problem)
            if fault is None and is_tls_failure(problem) and not sent:
                is_plain = _has_tls_reason(problem, _NO_TLS)
                fault = SetupFault("api.certificate", {"reason": i18n.text("api.no_tls") if is_plain else root})
            if fault is not None:
                final = not fault.may_pass or (fault.at_once and not self.answered.is_set())
                fields = {"reason": root, **fault.fields}
                return self._connection_error(fault.key, request.method, sent=sent, final=final, **fields)
            key = "api.timed_out" if isinstance(problem, requests.Timeout) else "api.unreachable"
            return self._connection_error(key, request.method, reason=root, sent=sent)

    def _exchange(self, request: _ApiRequest, tracker: WriteTracker) -> _RawResponse:
        secret = self.auth.secret.resolve()
        with self.sessions.borrow(request.url, request.limit, tracker, fresh=request.fresh) as session:
            response = session.request(
                request.method,
                request.url,
                data=request.content,
                headers=request.headers,
                timeout=request.timeouts,
                allow_redirects=False,
                stream=True,
                proxies=NO_PROXIES if is_loopback(urlsplit(request.url).hostname or "") else None,
            )
            self.answered.set()
            headers = {name.lower(): secret.redact(value) for name, value in response.headers.items()}
            text = secret.redact(_decode_text(self._content(response, request.limit)))
            status = response.status_code
            if status < 200 or 300 <= status < 400 or status == _NO_CONTENT:
                # What may still arrive on such a connection would be taken for the answer to the next request.
                session.close()
            return _RawResponse(status, headers, text, secret)

    def _time_limits(self, usual: float, within: float | None, deadline: float | None) -> tuple[float, float]:
        """Seconds until an exchange has to be over, and until a large response has to be."""
        max_seconds = math.inf if within is None else within
        if deadline is not None:
            max_seconds = min(max_seconds, max(MIN_EXCHANGE_SECONDS, deadline - self.clock.monotonic()))
        return min(usual, max_seconds), min(usual + _MAX_EXTRA, max_seconds)

    def _content(self, response: requests.Response, limit: TransferLimit) -> bytes:
        parts, size = [], 0
        status = response.status_code
        with response:
            if is_redirect(status, response.headers):
                return b""
            try:
                # requests would unpack without bounds.
                chunks = response.raw.stream(256 * 1024, decode_content=False)
                for chunk in decompress_chunks(chunks, response.headers.get("content-encoding", "")):
                    parts.append(chunk)
                    size += len(chunk)
                    if size > _MAX_RESPONSE:
                        raise unreadable_answer("api.not_json", status=status, seen=f"> {size // 2**20} MB")
                    if size > _MAX_ERROR_BODY and not 200 <= status < 300:
                        break
                    limit.seconds_left()
            except (ReadTimeoutError, TimeoutError):
                raise requests.ReadTimeout from None
            except (BodyTooLarge, ValueError, zlib.error):
                raise unreadable_answer("api.not_json", status=status, seen="compressed") from None
        return b"".join(parts)

    def _read(self, received: _RawResponse, is_answer: Callable[[object], bool]) -> ApiResponse:
        text, now = received.text, self.clock.now()
        kind, is_success = received.headers.get("content-type", ""), 200 <= received.status < 300
        try:
            body = received.secret.redact_json(_parse_json(text, kind))
        except (ValueError, RecursionError):
            body = unreadable_answer("api.not_json", status=received.status, seen=_describe_body(text, kind))
        if is_success and isinstance(body, ApiError):
            raise body
        if is_error_body(body) if is_success else not is_answer(body):
            raise read_error(received.status, received.headers, text.encode(), now=now)
        return ApiResponse(body, read_retry_after(received.headers, now=now))

    def _redirect_target(self, request: _ApiRequest, received: _RawResponse) -> str:
        to = resolve_redirect(request.url, received.headers.get("location", ""))
        link = read_link(to)
        if request.method != "GET" or link is None or origin_of(link.url) != self.auth.origin:
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
            to=to_one_line(shown, 200),
        )

    def _connection_error(
        self, key: str, method: str, *, sent: bool, final: bool = False, **fields: str
    ) -> ConnectionFailed:
        unknown = method == "POST" and sent
        return ConnectionFailed(key, host=self.auth.origin, outcome_unknown=unknown, final=final, **fields)


def run_interruptibly(call: Callable[[], Result], stop: threading.Event | None, within: float) -> Result:
    """Run a blocking call in a daemon thread and return its result."""
    # A blocked ``recv`` can't be interrupted, so the thread is abandoned when the wait ends.
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as problem:  # noqa: BLE001 - handed on to the thread that waits
            future.set_exception(problem)

    threads.spawn(run, name="exchange")
    ends = time.monotonic() + within
    while not wait_for_futures([future], max(0.0, min(_CHECK_INTERVAL, ends - time.monotonic()))).done:
        if (stop is not None and stop.is_set()) or time.monotonic() >= ends:
            raise Abandoned
    return future.result()


def root_cause(problem: BaseException) -> str:
    """The name of what is at the bottom of a failed exchange; the texts above it may quote headers."""
    names = [type(one).__name__ for one in _cause_chain(problem)]
    return next((name for name in names if name in _PREFERRED_CAUSES), names[-1])


@dataclass(frozen=True)
class SetupFault:
    """What is wrong on this machine before any exchange: the key and fields of its text.

    Args:
        key: of the text.
        fields: of the text.
        may_pass: whether it can be over soon, as where a network is away for a while.
        at_once: whether it is final all the same as long as nothing was ever answered: a mistake is likelier then.
    """

    key: str
    fields: Mapping[str, str]
    may_pass: bool = False
    at_once: bool = False


def find_setup_fault(problem: BaseException) -> SetupFault | None:
    """What has to be set up differently on this machine before an exchange can succeed; None for other problems."""
    if isinstance(problem, requests.exceptions.InvalidSchema) and "SOCKS" in str(problem):
        return SetupFault("api.no_socks", {"variables": ", ".join(_list_proxies()) or _PROXIES[0]})
    return _find_ca_fault(problem) or _find_proxy_fault(problem)


def _find_ca_fault(problem: BaseException) -> SetupFault | None:
    # requests raises a plain OSError before it connects; OpenSSL refuses what is in the file when it has connected.
    is_missing = type(problem) is OSError and "certificate" in str(problem)
    if not is_missing and not any(isinstance(one, (ssl.SSLError, PermissionError)) for one in _cause_chain(problem)):
        return None
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(variable, "")
        fields = {"variable": variable, "path": printable(path)}
        if path and not os.path.exists(path):  # noqa: PTH110 - a Path refuses some texts that a variable may hold
            return SetupFault("api.no_ca_bundle", fields) if is_missing else None
        if path and not is_missing:
            # The first that is set counts.
            return None if _is_ca_bundle(path) else SetupFault("api.bad_ca_bundle", fields)
    return None


def _is_ca_bundle(path: str) -> bool:
    if os.path.isdir(path):  # noqa: PTH112 - as above
        return True
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        return False
    return True


def _find_proxy_fault(problem: BaseException) -> SetupFault | None:
    chain = list(_cause_chain(problem))
    # The URL itself was read before. An unknown version of SOCKS is a plain ValueError.
    kinds = (requests.exceptions.InvalidURL, LocationValueError)
    if any(isinstance(one, kinds) or type(one) is ValueError for one in chain):
        unusable = [name for name in _list_proxies() if not _is_proxy(os.environ.get(name, ""))]
        return SetupFault("api.bad_proxy", {"variables": ", ".join(unusable)}) if unusable else None
    if isinstance(problem, requests.exceptions.ProxyError) and any(
        isinstance(one, NewConnectionError) for one in chain
    ):
        names = ", ".join(_list_proxies())
        is_unknown = any(isinstance(one, socket.gaierror) and one.errno == socket.EAI_NONAME for one in chain)
        fields = {"variables": names, "reason": type(chain[-1]).__name__}
        return SetupFault("api.no_proxy", fields, may_pass=True, at_once=is_unknown) if names else None
    return None


def _list_proxies() -> list[str]:
    """The variables that name a proxy."""
    return [name for one in _PROXIES for name in (one, one.lower()) if os.environ.get(name)]


def _is_proxy(text: str) -> bool:
    """Whether a text names a proxy, read as requests reads it."""
    try:
        parts = parse_url(text)
        host = parts.host or ""
        host.encode("idna")
    except ValueError:
        return False
    return bool(host) and parts.port != 0 and (parts.scheme or "http") in _PROXY_SCHEMES


def is_tls_failure(problem: BaseException) -> bool:
    """Whether the two sides couldn't agree on an encrypted connection."""
    is_untrusted = any(
        isinstance(one, (ssl.SSLCertVerificationError, ssl.CertificateError)) for one in _cause_chain(problem)
    )
    return is_untrusted or _has_tls_reason(problem, _TLS_FAILURES)


def _has_tls_reason(problem: BaseException, reasons: Container[str]) -> bool:
    return any(isinstance(one, ssl.SSLError) and str(one.reason).upper() in reasons for one in _cause_chain(problem))


def _cause_chain(problem: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = problem
    for _ in range(10):
        if seen is None:
            return
        yield seen
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        seen = inner if isinstance(inner, BaseException) else (seen.__cause__ or seen.__context__)


def is_redirect(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a response leads elsewhere."""
    return status in _REDIRECTS and bool(headers.get("location"))


def _may_redirect(request: _ApiRequest, received: _RawResponse) -> bool:
    """Whether a response sends the very request elsewhere."""
    if not is_redirect(received.status, received.headers):
        return False
    if request.method == "GET" or received.status in _METHOD_KEPT:
        return True
    # After a POST the others may lead to what came of it (RFC 9110, 15.4.4; servers use 301 and 302 like 303): only the
    # same path at another address is a sign that nothing was done.
    paths = [_path_of(url) for url in (request.url, resolve_redirect(request.url, received.headers["location"]))]
    return received.status != HTTPStatus.SEE_OTHER and paths[0] == paths[1]


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return url


def _decode_text(content: bytes) -> str:
    # JSON is UTF-8, -16 or -32, whatever a header says (RFC 7159); other bodies read as well as they can that way.
    return content.decode(json.detect_encoding(content), "replace").removeprefix("\ufeff")


def encode_body(body: JSONObject) -> bytes:
    """The bytes of a body; OptionMistake where JSON can't hold it."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        raise OptionMistake("api.not_sendable", reason=printable(problem)) from None


def _parse_json(text: str, kind: str) -> object:
    if kind.lower().startswith("text/event-stream"):
        # The tools endpoint may stream its single response; the last event holds it.
        events = re.findall(r"^data:(.*)$", text, re.MULTILINE)
        text = events[-1] if events else ""
    body = json.loads(text)
    # Half a surrogate pair is legal JSON, and can't be written to any file or screen.
    if re.search(r"\\u[dD][89a-fA-F]", text):
        return map_texts(body, lambda one: one.encode("utf-8", "replace").decode())
    return body


def _describe_body(text: str, kind: str) -> str:
    if not text.strip():
        return "empty"
    return to_one_line(kind.partition(";")[0], 60) or f"{len(text)} characters"
