"""JSON to :class:`Task`, whichever documented dialect it arrives in.

A dialect is recognised by what is there, never by model or date: the same host answered ``{"code", "data"}`` and flat
objects in the same week (Submit pages of April 2026). Whatever arrives, the result is a value of this module or
:class:`~qwave_jupyter.errors.UnreadableAnswer`; unknown fields are kept in ``raw``.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from qwave_jupyter.errors import UnreadableAnswer

__all__ = [
    "ENDED",
    "QUOTA_PER_USD",
    "Cancellation",
    "Failure",
    "PictureLink",
    "Task",
    "read_cancellation",
    "read_submission",
    "read_task",
    "read_time",
    "to_usd",
]

#: 500 000 quota are 1 USD (Status page, edition 2026-09; earlier editions only say "quota").
QUOTA_PER_USD = 500_000

#: States in which nothing changes any more.
ENDED = frozenset({"completed", "failed", "cancelled"})

_STATES = {
    "queued": "queued",
    "pending": "queued",
    "processing": "processing",
    "completed": "completed",
    "succeeded": "completed",
    "success": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
#: A timestamp above this is in milliseconds: in seconds it would lie in the year 5138.
_MILLISECONDS_FROM = 1e11
_MAX_BASE64 = 200_000_000


@dataclass(frozen=True)
class PictureLink:
    """One picture of a result.

    Args:
        urls: where it lies; several are mirrors of one file in the oldest dialect, and may be several pictures where an
            answer has fewer entries than were asked for.
        data: the picture itself, where the answer carried it as base64.
        expires_at: Unix seconds after which the links die, when the server said so.
    """

    urls: tuple[str, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    expires_at: float | None = None


@dataclass(frozen=True)
class Failure:
    """Why a task failed, in the server's words."""

    code: str
    message: str


@dataclass(frozen=True)
class Task:
    """What the server says of a task at one moment.

    Args:
        task_id: the server's name for it.
        state: ``queued``, ``processing``, ``completed``, ``failed``, ``cancelled``, or ``unknown`` for any other word.
        status: the server's own word.
        progress: 0 to 1, or None where the server doesn't say.
        model: the model id, or "".
        action: the action, or "".
        created_at: Unix seconds, or None.
        completed_at: Unix seconds, or None.
        pictures: the result, in order.
        failure: why it failed.
        held_quota: ``pre_consumed_cost``, what was reserved.
        cost_quota: ``cost``, what is charged in the end.
        billing_status: the ledger's word, or "".
        poll_hint: seconds after which the server wants to be asked again, or None.
        raw: everything that arrived.
    """

    task_id: str
    state: str = "unknown"
    status: str = ""
    progress: float | None = None
    model: str = ""
    action: str = ""
    created_at: float | None = None
    completed_at: float | None = None
    pictures: tuple[PictureLink, ...] = ()
    failure: Failure | None = None
    held_quota: int | None = None
    cost_quota: int | None = None
    billing_status: str = ""
    poll_hint: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in ENDED


@dataclass(frozen=True)
class Cancellation:
    """The server's answer to a cancel that it accepted.

    Args:
        task_id: the task.
        refunded: whether what was held went back.
        refunded_quota: how much, or None where the server doesn't say.
    """

    task_id: str
    refunded: bool
    refunded_quota: int | None


def read_submission(answer: Any) -> Task:
    """The task that a submit created.

    Args:
        answer: the decoded JSON: a flat object with ``task_id``, or ``{"code": "success", "data": <id or object>}``.

    Raises:
        UnreadableAnswer: no task id is in it.

    Example:
        >>> read_submission({"code": "success", "data": "task-wave17486"}).task_id
        'task-wave17486'
    """
    body = _object(answer)
    data = body.get("data")
    if isinstance(data, str) and data.strip() and not _text(body.get("task_id")):
        return Task(task_id=data.strip(), state="queued", status="queued", raw=body)
    return read_task(body, where="submit")


def read_task(answer: Any, *, task_id: str = "", where: str = "status") -> Task:
    """The state of a task.

    Args:
        answer: the decoded JSON of any documented dialect.
        task_id: the id that was asked for, for answers that don't repeat it.
        where: the request that was answered, for the error's text.

    Raises:
        UnreadableAnswer: it is no task.

    Example:
        >>> read_task({"task_id": "t", "status": "processing", "progress": "45%"}).progress
        0.45
    """
    body = _object(answer)
    flat = _unwrapped(body)
    links = tuple(_pictures(flat))
    name = _text(flat.get("task_id")) or _text(flat.get("id")) or task_id
    status = _text(flat.get("status")) or _text(flat.get("state"))
    if not status and links:
        # The OpenAI-compatible endpoints answer {created, data: [...]}: pictures and no state.
        status = "completed"
    if not name or not (status or where == "submit"):
        raise UnreadableAnswer("api.no_task", where=where, seen=_shape(body))
    state = _STATES.get(status.lower(), "unknown") if status else "queued"
    return Task(
        task_id=name,
        state=state,
        status=status or "queued",
        progress=_progress(flat.get("progress")),
        model=_text(flat.get("model")),
        action=_text(flat.get("action")),
        created_at=read_time(flat.get("created_at", flat.get("created"))),
        completed_at=read_time(flat.get("completed_at")),
        pictures=links,
        failure=_failure(flat.get("error")) if state == "failed" else None,
        held_quota=_whole(flat.get("pre_consumed_cost")),
        cost_quota=_whole(flat.get("cost")),
        billing_status=_text(flat.get("billing_status")),
        poll_hint=_number(flat.get("next_poll_after_seconds")),
        raw=body,
    )


def read_cancellation(answer: Any, task_id: str) -> Cancellation:
    """The server's answer to a cancel.

    Args:
        answer: the decoded JSON, ``{task_id, status, refunded, refunded_quota}`` (Cancel page, edition 2026-04).
        task_id: the task that was to be cancelled.

    Raises:
        UnreadableAnswer: it doesn't say that the task is cancelled.
    """
    body = _object(answer)
    flat = _unwrapped(body)
    if _STATES.get(_text(flat.get("status")).lower()) != "cancelled":
        raise UnreadableAnswer("api.not_cancelled", seen=_shape(body))
    return Cancellation(
        task_id=_text(flat.get("task_id")) or task_id,
        refunded=flat.get("refunded") is True,
        refunded_quota=_whole(flat.get("refunded_quota")),
    )


def read_time(value: Any) -> float | None:
    """Unix seconds from seconds, milliseconds or ISO 8601; None from anything else.

    Example:
        >>> read_time(1775285160040), read_time(1720000000), read_time("2026-04-08T00:00:00Z")
        (1775285160.04, 1720000000.0, 1775606400.0)
    """
    number = _number(value)
    if number is not None:
        if number <= 0:
            return None
        return number / 1000 if number > _MILLISECONDS_FROM else number
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        try:
            moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", value.strip()))
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    return None


def to_usd(quota: int | None) -> float | None:
    """Quota in USD; None stays None."""
    return None if quota is None else quota / QUOTA_PER_USD


def _object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise UnreadableAnswer("api.not_an_object", seen=type(answer).__name__)
    return answer


def _unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    # {"code": "success", "data": {...}} around the task; a "data" list is OpenAI's pictures and stays.
    data = body.get("data")
    if isinstance(data, Mapping) and "task_id" not in body:
        return data
    return body


def _pictures(flat: Mapping[str, Any]) -> Iterator[PictureLink]:
    result = flat.get("result")
    entries: Any = None
    if isinstance(result, Mapping):
        entries = result.get("images", result.get("data"))
    elif isinstance(result, list):
        entries = result
    if entries is None and isinstance(flat.get("data"), list):
        entries = flat["data"]
    found = [link for link in map(_picture, entries if isinstance(entries, list) else ()) if link is not None]
    if not found and _addresses(flat.get("url")):
        found = [PictureLink(urls=_addresses(flat["url"]))]
    yield from found


def _picture(entry: Any) -> PictureLink | None:
    if isinstance(entry, (str, list)):
        urls = _addresses(entry)
        return PictureLink(urls=urls) if urls else None
    if not isinstance(entry, Mapping):
        return None
    urls = _addresses(entry.get("url", entry.get("urls")))
    data = _base64(entry.get("b64_json"))
    if not urls and data is None:
        return None
    return PictureLink(urls=urls, data=data, expires_at=read_time(entry.get("expires_at")))


def _addresses(value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    texts = [one.strip() for one in several if isinstance(one, str) and one.strip()]
    return tuple(dict.fromkeys(texts))


def _base64(value: Any) -> bytes | None:
    if not isinstance(value, str) or not value or len(value) > _MAX_BASE64:
        return None
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _failure(error: Any) -> Failure:
    if isinstance(error, Mapping):
        code = _text(error.get("code")) or _text(error.get("type"))
        message = _text(error.get("message"))
    else:
        code, message = "", _text(error)
    # Messages start with "[<code>]" since June 2026; the field is the reliable one.
    label = re.match(r"\[([\w.-]{1,60})\]\s*", message)
    if label:
        message = message[label.end() :]
        code = code or label[1]
    return Failure(code=code or "task_failed", message=message)


def _progress(value: Any) -> float | None:
    if isinstance(value, str):
        text = value.strip()
        value = text.removesuffix("%")
    number = _number(value)
    return None if number is None else min(1.0, max(0.0, number / 100))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None
    elif isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,18}(\.\d{1,18})?\s*", value, re.ASCII):
        number = float(value)
    else:
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return ""


def _shape(body: Mapping[str, Any]) -> str:
    names = [str(name)[:30] for name in list(body)[:6]]
    return "{" + ", ".join(names) + "}"
