"""HTTP requests and responses as values, and the error that becomes a response."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from qwave_jupyter.types import JSONObject

#: Far beyond any documented body; what is deeper exhausts the stack where it is copied or written.
_MAX_DEPTH, _TOO_DEEP = 64, "The body is nested too deeply"
#: Commas and colons, those in texts included: each value between them takes many times its bytes once it is read.
_MAX_SEPARATORS, _TOO_MANY = 1_000_000, "The body holds too many values"

#: Addresses of this machine in a ``Host`` header or a link, with any port: it may be forwarded. For :mod:`re`.
LOOPBACK_HOST = r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?"

__all__ = [
    "LOOPBACK_HOST",
    "ApiError",
    "Hold",
    "Request",
    "Response",
    "json_response",
    "method_not_allowed",
    "parse_json",
    "parse_object",
]


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Args:
        method: ``GET`` or ``POST``; others are refused.
        path: without host and query.
        headers: names in lower case.
        body: bytes.
        origin: the server's address as the client wrote it, e.g. ``http://localhost:8000``; "" for the server's own.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""


@dataclass(frozen=True)
class Hold:
    """When and how a held response is sent.

    Args:
        until: Unix seconds at which it is sent at the latest.
        is_over: whether it can be sent now.
        make_response: builds it at that moment.
    """

    until: float
    is_over: Callable[[], bool]
    make_response: Callable[[], Response]


@dataclass(frozen=True)
class Response:
    """One HTTP response.

    Args:
        status: the HTTP status.
        body: bytes.
        content_type: the ``Content-Type`` header.
        headers: further headers.
        hold: delays it; without support for that the response itself is valid as well.
        delay: seconds by which it is late.
        connection_fault: ``reset`` (the connection breaks), ``hang`` (nothing is sent for ``delay`` seconds),
            ``truncate`` (half of the body is sent), or "".
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: Hold | None = None
    delay: float = 0.0
    connection_fault: str = ""


class ApiError(Exception):
    """A refused request; the dialect gives the response its shape.

    Args:
        status: the HTTP status.
        code: the documented code.
        message: for a person.
        param: the invalid field, or "".
        headers: further headers, such as ``Retry-After``.
        more: further fields of the error object.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        more: JSONObject | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.headers, self.more = headers or {}, more or {}


def method_not_allowed(request: Request, allowed: Iterable[str]) -> ApiError:
    """Return the refusal of a method that an address does not take."""
    names = ", ".join(sorted(allowed))
    message = f"{request.method[:20]} is not allowed here; use {names}"
    return ApiError(405, "invalid_request", message, headers={"Allow": names})


def json_response(status: int, content: JSONObject, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    # Python's escape of a lone surrogate is JSON's as well.
    return Response(status, text.encode("utf-8", "backslashreplace"), headers=headers or {})


def parse_json(body: bytes) -> object:
    """Parse JSON in UTF-8.

    Raises:
        ValueError: it is something else, or holds what cannot be written again: a lone surrogate, a number beyond
            all bounds, very deep nesting, or a million values.
    """
    if body.count(b",") + body.count(b":") > _MAX_SEPARATORS:
        raise ValueError(_TOO_MANY)
    try:
        # json itself would decode bytes with lone surrogates in them.
        text = body.decode("utf-8-sig")
        content: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _is_deeper(content, _MAX_DEPTH):
        raise ValueError(_TOO_DEEP)
    if rb"\ud" in body.lower():
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def parse_object(body: bytes) -> JSONObject:
    """Parse the JSON object in a request's body.

    Raises:
        ApiError: it is not a JSON object.
    """
    try:
        content = parse_json(body)
    except ValueError as problem:
        message = str(problem) if str(problem) in {_TOO_DEEP, _TOO_MANY} else "The body is not JSON in UTF-8"
        raise ApiError(400, "invalid_request", message) from None
    if not isinstance(content, dict):
        raise ApiError(400, "invalid_request", "The body must be a JSON object")
    return content


def _is_deeper(content: object, depth: int) -> bool:
    level = [content]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, (list, dict))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
