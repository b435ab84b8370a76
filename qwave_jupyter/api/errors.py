"""What a refusing or failing answer means: HTTP status, headers and body to one exception of the tree.

The body may have any documented shape (``{error: {…}}``, ``{code, message, data}``, plain text, a gateway's HTML), so
the code is looked for everywhere and read before the status: ``price_not_configured`` is a 500 that must not be
retried (error pages, editions 2026-04 and 2026-09).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from qwave_jupyter import errors
from qwave_jupyter.api.wire import read_time

__all__ = ["is_transient", "read_error", "retry_after"]

#: Codes after which repeating the same request can't help, whatever the status says.
_FINAL_CODES = frozenset({"price_not_configured"})
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_MESSAGE = 400
_KEY_LIKE = re.compile(r"(?i)\b(?:sk|key|pk)-[\w-]{6,}|(?<=bearer )\S+")

_BY_STATUS: Mapping[int, tuple[type[errors.ApiError], str]] = {
    401: (errors.AuthenticationFailed, "api.authentication"),
    402: (errors.PaymentRequired, "api.payment"),
    403: (errors.PermissionDenied, "api.permission"),
    404: (errors.NotFound, "api.not_found"),
    429: (errors.RateLimited, "api.rate_limited"),
}
_BY_CODE: Mapping[str, tuple[type[errors.ApiError], str]] = {
    "authentication_error": (errors.AuthenticationFailed, "api.authentication"),
    "payment_required": (errors.PaymentRequired, "api.payment"),
    "quota_not_enough": (errors.PaymentRequired, "api.payment"),
    "task_not_found": (errors.NotFound, "api.task_not_found"),
    "task_not_exist": (errors.NotFound, "api.task_not_found"),
    "model_not_found": (errors.NotFound, "api.model_not_found"),
    "quota_window_exceeded": (errors.RateLimited, "api.window_exceeded"),
    "rate_limit_error": (errors.RateLimited, "api.rate_limited"),
    "price_not_configured": (errors.ServerFault, "api.price_not_configured"),
    "task_not_cancellable": (errors.RequestRejected, "api.not_cancellable"),
    "capability_violation": (errors.RequestRejected, "api.capability"),
}


def read_error(
    status: int, headers: Mapping[str, str], content: bytes, *, now: float, secret: str = ""
) -> errors.ApiError:
    """The exception that an answer outside 2xx stands for.

    Args:
        status: the HTTP status.
        headers: the answer's headers.
        content: the body, of any kind.
        now: Unix seconds, to turn moments into waits.
        secret: the API key, removed from the server's words should they repeat it.

    Example:
        >>> read_error(500, {}, b'{"error": {"code": "price_not_configured"}}', now=0).code
        'price_not_configured'
    """
    found = _fields(content)
    api_code = found["code"]
    kind, key = _BY_CODE.get(api_code) or _BY_STATUS.get(status) or _by_class(status)
    return kind(
        key,
        status=status,
        api_code=api_code or str(status),
        message=_cleaned(found["message"], secret),
        param=found["param"],
        request_id=_header(headers, "x-request-id", "request-id", "x-oneapi-request-id") or found["request_id"],
        retry_after=retry_after(headers, found["reset_at"], now=now),
    )


def is_transient(error: errors.QwaveError) -> bool:
    """Whether asking again later can help."""
    if isinstance(error, errors.ApiError):
        return error.api_code not in _FINAL_CODES and (error.status in _TRANSIENT_STATUS or _hiccup(error))
    return isinstance(error, errors.ConnectionFailed)


def retry_after(headers: Mapping[str, str], reset_at: Any = None, *, now: float) -> float | None:
    """Seconds to wait, from ``Retry-After`` (seconds or a date) or ``reset_at`` (s, ms or ISO 8601).

    Args:
        headers: the answer's headers.
        reset_at: the spend window's end, whose unit no page states.
        now: Unix seconds.

    Example:
        >>> retry_after({"Retry-After": "7"}, now=0)
        7.0
    """
    text = _header(headers, "retry-after").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    if text:
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except (TypeError, ValueError, OverflowError):
            pass
    moment = read_time(reset_at)
    return None if moment is None else max(0.0, moment - now)


def _hiccup(error: errors.ApiError) -> bool:
    return isinstance(error, errors.UnreadableAnswer)


def _by_class(status: int) -> tuple[type[errors.ApiError], str]:
    if status >= 500:
        return errors.ServerFault, "api.server_fault"
    return errors.RequestRejected, "api.rejected"


def _fields(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"code": "", "message": "", "param": None, "request_id": None, "reset_at": None}
    try:
        body = json.loads(content[:1_000_000])
    except (ValueError, RecursionError):
        found["message"] = _from_text(content)
        return found
    if not isinstance(body, Mapping):
        found["message"] = str(body)
        return found
    inner = body.get("error")
    layers = [inner, body] if isinstance(inner, Mapping) else [body]
    if isinstance(inner, str):
        found["message"] = inner
    for layer in layers:
        found["code"] = found["code"] or _code(layer.get("code")) or _code(layer.get("type"))
        found["message"] = found["message"] or _word(layer.get("message")) or _word(layer.get("detail"))
        for name in ("param", "request_id"):
            found[name] = found[name] or _word(layer.get(name)) or None
        found["reset_at"] = found["reset_at"] or layer.get("reset_at")
    return found


def _code(value: Any) -> str:
    # Numbers repeat the HTTP status and "success" isn't a reason.
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w.-]{0,80}", value) else ""


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _from_text(content: bytes) -> str:
    text = content[:20_000].decode("utf-8", "replace")
    if re.search(r"<(html|!doctype|body|head)\b", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
        return title[1] if title else ""
    return text


def _cleaned(message: str, secret: str) -> str:
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in message).split())
    if secret:
        text = text.replace(secret, "…")
    text = _KEY_LIKE.sub("…", text)
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def _header(headers: Mapping[str, str], *names: str) -> str:
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in names if lowered.get(name)), "")
