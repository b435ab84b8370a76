"""What a refusing or failing answer means: HTTP status, headers and body to one exception of the tree.

The body may have any documented shape (``{error: {…}}``, ``{code, message, data: null}``, plain text, a gateway's
HTML), so the code is looked for everywhere and read before the status: ``price_not_configured`` is a 500 that must not
be retried (error pages, editions 2026-06 and 2026-09).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from qwave_jupyter import errors
from qwave_jupyter.client.coerce import describe_shape, read_text, read_time
from qwave_jupyter.types import JSONObject

__all__ = [
    "format_duration",
    "is_error_body",
    "is_transient",
    "is_transient_status",
    "read_error",
    "read_retry_after",
    "to_one_line",
    "unreadable_answer",
]

#: Codes after which repeating the same request can't help, whatever the status says.
_FINAL_CODES = frozenset({"price_not_configured"})
_TRANSIENT_STATUS = frozenset({408, 425, 429})
#: What gateways write where a request was given up on the way.
_GIVEN_UP = 499
#: Server errors that say "never", not "not now".
_FINAL_STATUS = frozenset({501, 505, 510, 511})
#: Codes that refuse a request even where the status says that it succeeded, beside those of ``_BY_CODE``.
_REFUSALS = frozenset({"invalid_request", "invalid_request_error"})
_MAX_MESSAGE = 400
_MAX_CODE = 80
_MAX_BODY = 1_000_000
#: What a key looks like in a server's words, should it quote another than ours.
_KEY_LIKE = re.compile(r"\b(?:sk|pk|key)-(?=[\w-]*\d)[\w-]{6,}|(?<=bearer )[\w.~+/=-]{6,}", re.IGNORECASE)

_Kind = tuple[type[errors.ApiError], str]
_BY_STATUS: Mapping[int, _Kind] = {
    401: (errors.AuthenticationFailed, "api.authentication"),
    402: (errors.PaymentRequired, "api.payment"),
    403: (errors.PermissionDenied, "api.permission"),
    404: (errors.NotFound, "api.not_found"),
    429: (errors.RateLimited, "api.rate_limited"),
}
_BY_CODE: Mapping[str, _Kind] = {
    "authentication_error": (errors.AuthenticationFailed, "api.authentication"),
    "unauthorized": (errors.AuthenticationFailed, "api.authentication"),
    "payment_required": (errors.PaymentRequired, "api.payment"),
    "quota_not_enough": (errors.PaymentRequired, "api.payment"),
    "permission_error": (errors.PermissionDenied, "api.permission"),
    "task_not_found": (errors.NotFound, "api.task_not_found"),
    "task_not_exist": (errors.NotFound, "api.task_not_found"),
    "model_not_found": (errors.NotFound, "api.model_not_found"),
    "quota_window_exceeded": (errors.RateLimited, "api.window_exceeded"),
    "rate_limit_error": (errors.RateLimited, "api.rate_limited"),
    "price_not_configured": (errors.ServerFault, "api.price_not_configured"),
    "server_error": (errors.ServerFault, "api.server_fault"),
    "get_task_failed": (errors.ServerFault, "api.server_fault"),
    "bad_gateway": (errors.ServerFault, "api.server_fault"),
    "task_not_cancellable": (errors.RequestRejected, "api.not_cancellable"),
    "capability_violation": (errors.RequestRejected, "api.capability"),
}


def read_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    now: float,
) -> errors.ApiError:
    """The exception that a refusing answer stands for."""
    body = _read_body(content)
    kind, key = _BY_CODE.get(body.code) or _BY_STATUS.get(status) or _kind_of_status(status, body.code)
    location = _find_header(headers, "location")
    message = to_one_line(body.message or (f"→ {location}" if location and 300 <= status < 400 else ""))
    param = to_one_line(body.param) or None
    wait = read_retry_after(headers, body.reset_at, now=now)
    if key == "api.capability" and not param:
        key = "api.rejected"
    if key in {"api.rate_limited", "api.window_exceeded"} and wait:
        key += "_for"
    request_id = _find_header(headers, "x-request-id", "request-id", "x-oneapi-request-id") or body.request_id
    return kind(
        key,
        status=status,
        api_code=body.code,
        message=message,
        said=message or body.code or f"HTTP {status}",
        param=param,
        request_id=to_one_line(request_id, _MAX_CODE) or None,
        retry_after=wait,
        wait="" if wait is None else format_duration(wait),
        window=body.window,
    )


def unreadable_answer(key: str, /, *, status: int | None = None, **fields: object) -> errors.UnreadableAnswer:
    """The error for an answer that is not the documented JSON, with all the fields that an API error always has."""
    return errors.UnreadableAnswer(
        key, **{"status": status, "api_code": "", "message": "", "param": None, "request_id": None, **fields}
    )


def is_error_body(body: object) -> bool:
    """Whether a 2xx answer is a refusal all the same, as the ``{code, message, data: null}`` dialect has them."""
    if not isinstance(body, Mapping) or any(body.get(name) for name in ("task_id", "id", "status", "data", "result")):
        return False
    if body.get("error"):
        return isinstance(body["error"], (Mapping, str))
    return bool(_read_code(body.get("code"))) and body["code"] != "success"


def is_transient_status(status: int) -> bool:
    """Whether a status says that the same request can succeed later."""
    return status in _TRANSIENT_STATUS or (status >= 500 and status not in _FINAL_STATUS) or _is_no_answer(status)


def is_transient(error: errors.QwaveError) -> bool:
    """Whether asking the same again later can help."""
    if isinstance(error, errors.UnreadableAnswer):
        return True
    if isinstance(error, errors.ApiError):
        if error.api_code in _FINAL_CODES:
            return False
        if error.api_code == "quota_window_exceeded":
            # It opens again at reset_at; before that, and without one, asking is in vain.
            return error.retry_after is not None
        if error.status in _TRANSIENT_STATUS:
            return True
        return isinstance(error, (errors.ServerFault, errors.RateLimited)) and error.status not in _FINAL_STATUS
    return isinstance(error, errors.ConnectionFailed) and not error.fields.get("final")


def read_retry_after(headers: Mapping[str, str], reset_at: object = None, *, now: float) -> float | None:
    """Seconds to wait, from ``Retry-After`` (seconds or a date) or ``reset_at`` (s, ms or ISO 8601)."""
    text = _find_header(headers, "retry-after").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    if text:
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except (TypeError, ValueError, OverflowError, IndexError):
            pass
    moment = read_time(reset_at)
    return None if moment is None else max(0.0, moment - now)


def to_one_line(text: str, max_length: int = _MAX_MESSAGE) -> str:
    r"""A server's text as one printable line, cut where it is long."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 10 * max_length])
    line = _KEY_LIKE.sub("…", " ".join(printable.split()))
    return line if len(line) <= max_length else line[:max_length] + "…"


def _kind_of_status(status: int, code: str) -> _Kind:
    if status >= 500:
        return errors.ServerFault, "api.server_fault"
    if _is_no_answer(status):
        return errors.UnreadableAnswer, "api.no_answer"
    if status < 300 and code not in _REFUSALS:
        # Of a request that succeeded, only what is documented says that nothing was done.
        return errors.UnreadableAnswer, "api.unknown_error"
    return errors.RequestRejected, "api.rejected"


def _is_no_answer(status: int) -> bool:
    """Whether a status neither brings what was asked for nor refuses it; redirects are told before."""
    return status < 200 or 300 <= status < 400 or status == _GIVEN_UP


@dataclass(frozen=True)
class _ErrorBody:
    code: str = ""
    message: str = ""
    param: str = ""
    request_id: str = ""
    reset_at: object = None
    window: JSONObject = field(default_factory=dict)


def _read_body(content: bytes) -> _ErrorBody:
    try:
        body = json.loads(content[:_MAX_BODY])
    except (ValueError, RecursionError):
        return _ErrorBody(message=_find_message(content))
    if not isinstance(body, Mapping):
        return _ErrorBody(message=body if isinstance(body, str) else "")
    inner = body.get("error")
    layers = [inner, body] if isinstance(inner, Mapping) else [body]

    def first(read: Callable[[object], str], *names: str) -> str:
        return next(filter(None, (read(layer.get(name)) for layer in layers for name in names)), "")

    def first_set(name: str) -> object:
        return next((layer[name] for layer in layers if layer.get(name) is not None), None)

    code = first(_read_code, "code") or first(_read_code, "type")
    message = (inner if isinstance(inner, str) else "") or first(read_text, "message", "detail")
    window = {name: first_set(name) for name in ("window", "used", "cap")}
    return _ErrorBody(
        code,
        message or ("" if code else describe_shape(body)),
        param=first(read_text, "param"),
        request_id=first(read_text, "request_id"),
        reset_at=first_set("reset_at"),
        window={name: value for name, value in window.items() if value is not None},
    )


def _read_code(value: object) -> str:
    # Numbers repeat the HTTP status.
    return value if isinstance(value, str) and re.fullmatch(rf"[A-Za-z][\w.-]{{,{_MAX_CODE - 1}}}", value) else ""


def _find_message(content: bytes) -> str:
    text = content[:20_000].decode("utf-8", "replace")
    if re.search(r"<(html|!doctype|body|head)\b", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
        return title[1] if title else ""
    return text


def format_duration(seconds: float) -> str:
    """Seconds in the unit that fits; its symbols are the same in every language that words may be in."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"


def _find_header(headers: Mapping[str, str], *names: str) -> str:
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in names if lowered.get(name)), "")
