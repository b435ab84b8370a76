"""What a refusing or failing answer means: HTTP status, headers and body to one exception of the tree.

The body may have any documented shape (``{error: {…}}``, ``{code, message, data: null}``, plain text, a gateway's
HTML), so the code is looked for everywhere and read before the status: ``price_not_configured`` is a 500 that must not
be retried (error pages, editions 2026-06 and 2026-09).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from qwave_jupyter import errors
from qwave_jupyter.client.coerce import read_text, read_time, shape_of

__all__ = ["is_error_body", "is_transient", "one_line", "read_error", "retry_after", "span", "unreadable"]

#: Codes after which repeating the same request can't help, whatever the status says.
_FINAL_CODES = frozenset({"price_not_configured"})
_TRANSIENT_STATUS = frozenset({408, 425, 429})
#: Server errors that say "never", not "not now".
_FINAL_STATUS = frozenset({501, 505, 510, 511})
_MAX_MESSAGE = 400
_MAX_CODE = 80
_MAX_BODY = 1_000_000
#: What a key looks like in a server's words, should it quote another than ours.
_KEY_LIKE = re.compile(r"\b(?:sk|pk|key)-[\w-]{6,}|(?<=bearer )[\w.~+/=-]{6,}", re.IGNORECASE)

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
    """The exception that a refusing answer stands for.

    Args:
        status: the HTTP status.
        headers: the answer's headers.
        content: the body, of any kind, without the key.
        now: Unix seconds, to turn moments into waits.

    Example:
        >>> read_error(500, {}, b'{"error": {"code": "price_not_configured"}}', now=0).code
        'price_not_configured'
    """
    found = _fields(content)
    api_code = str(found["code"])
    kind, key = _BY_CODE.get(api_code) or _BY_STATUS.get(status) or _by_class(status)
    message = one_line(found["message"])
    param = one_line(found["param"]) or None
    wait = retry_after(headers, found["reset_at"], now=now)
    if key == "api.capability" and not param:
        key = "api.rejected"
    if key in {"api.rate_limited", "api.window_exceeded"} and wait:
        key += "_for"
    request_id = _header(headers, "x-request-id", "request-id", "x-oneapi-request-id") or found["request_id"]
    return kind(
        key,
        status=status,
        api_code=api_code,
        message=message,
        said=message or api_code or f"HTTP {status}",
        param=param,
        request_id=one_line(request_id, _MAX_CODE) or None,
        retry_after=wait,
        wait="" if wait is None else span(wait),
        window={name: found[name] for name in ("window", "used", "cap") if found[name] is not None},
    )


def unreadable(key: str, /, *, status: int | None = None, **fields: Any) -> errors.UnreadableAnswer:
    """The error for an answer that is not the documented JSON, with all the fields that an API error always has.

    Args:
        key: the template in the words files.
        status: the HTTP status, where it is known.
        fields: what the template names.
    """
    return errors.UnreadableAnswer(
        key, **{"status": status, "api_code": "", "message": "", "param": None, "request_id": None, **fields}
    )


def is_error_body(body: Any) -> bool:
    """Whether a 2xx answer is a refusal all the same, as the ``{code, message, data: null}`` dialect has them."""
    if not isinstance(body, Mapping) or any(body.get(name) for name in ("task_id", "id", "status", "data", "result")):
        return False
    if body.get("error"):
        return isinstance(body["error"], (Mapping, str))
    return bool(_code(body.get("code"))) and body["code"] != "success"


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
        lasting = error.status in _FINAL_STATUS
        return error.status in _TRANSIENT_STATUS or (
            isinstance(error, (errors.ServerFault, errors.RateLimited)) and not lasting
        )
    return isinstance(error, errors.ConnectionFailed) and not error.fields.get("final")


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
        except (TypeError, ValueError, OverflowError, IndexError):
            pass
    moment = read_time(reset_at)
    return None if moment is None else max(0.0, moment - now)


def one_line(text: str, most: int = _MAX_MESSAGE) -> str:
    r"""A server's text as one printable line, cut where it is long.

    Example:
        >>> one_line("bad\n prompt\x00")
        'bad prompt'
    """
    printable = "".join(character if character.isprintable() else " " for character in text[: 10 * most])
    line = _KEY_LIKE.sub("…", " ".join(printable.split()))
    return line if len(line) <= most else line[:most] + "…"


def _by_class(status: int) -> _Kind:
    if status >= 500:
        return errors.ServerFault, "api.server_fault"
    return errors.RequestRejected, "api.rejected"


def _fields(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"code": "", "message": "", "param": "", "request_id": ""}
    found |= dict.fromkeys(("reset_at", "window", "used", "cap"))
    try:
        body = json.loads(content[:_MAX_BODY])
    except (ValueError, RecursionError):
        found["message"] = _from_text(content)
        return found
    if not isinstance(body, Mapping):
        found["message"] = body if isinstance(body, str) else ""
        return found
    inner = body.get("error")
    layers = [inner, body] if isinstance(inner, Mapping) else [body]
    if isinstance(inner, str):
        found["message"] = inner
    for layer in layers:
        found["code"] = found["code"] or _code(layer.get("code"))
        for name in ("message", "param", "request_id"):
            found[name] = found[name] or read_text(layer.get(name))
        found["message"] = found["message"] or read_text(layer.get("detail"))
        for name in ("reset_at", "window", "used", "cap"):
            found[name] = layer.get(name) if found[name] is None else found[name]
    for layer in layers:
        found["code"] = found["code"] or _code(layer.get("type"))
    if not found["message"]:
        found["message"] = "" if found["code"] else shape_of(body)
    return found


def _code(value: Any) -> str:
    # Numbers repeat the HTTP status.
    return value if isinstance(value, str) and re.fullmatch(rf"[A-Za-z][\w.-]{{,{_MAX_CODE - 1}}}", value) else ""


def _from_text(content: bytes) -> str:
    text = content[:20_000].decode("utf-8", "replace")
    if re.search(r"<(html|!doctype|body|head)\b", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
        return title[1] if title else ""
    return text


def span(seconds: float) -> str:
    """Seconds in the unit that fits; its symbols are the same in every language that words may be in.

    Example:
        >>> span(7), span(1800), span(86_400)
        ('7 s', '30 min', '24 h')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"


def _header(headers: Mapping[str, str], *names: str) -> str:
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in names if lowered.get(name)), "")
