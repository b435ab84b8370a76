"""One HTTP request and its answer as values: what the demo's parts hand to each other and to the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Hold", "Refused", "Request", "Response", "json_response", "parse_object"]


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Args:
        method: ``GET`` or ``POST``.
        path: without host and query.
        headers: names in lower case.
        body: bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Hold:
    """An answer that is kept back for a while.

    Args:
        until: Unix seconds at which it has to go out in any case.
        over: whether it can go out before.
        then: the answer at that moment.
    """

    until: float
    over: Callable[[], bool]
    then: Callable[[], Response]


@dataclass(frozen=True)
class Response:
    """One HTTP answer.

    Args:
        status: the HTTP status.
        body: bytes.
        kind: the content type.
        headers: further headers.
        hold: keeps it back; who can't wait sends this answer at once, which is true as well.
        delay: seconds by which the server is late with it.
        fate: ``reset`` (the connection breaks), ``hang`` (nothing comes for ``delay`` seconds), ``truncate`` (half of
            the body comes), or "".
    """

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: Hold | None = None
    delay: float = 0.0
    fate: str = ""


class Refused(Exception):
    """A request that isn't served; the dialect in force gives it its shape.

    Args:
        status: the HTTP status.
        code: the documented code.
        message: words for a person.
        param: the field that is to blame, or "".
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
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.headers, self.more = headers or {}, more or {}


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    return Response(status, json.dumps(content, ensure_ascii=False).encode("utf-8"), headers=headers or {})


def parse_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a request's body.

    Raises:
        Refused: it is none.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_request", "The body is not JSON") from None
    if not isinstance(content, dict):
        raise Refused(400, "invalid_request", "The body must be a JSON object")
    return content
