"""JSON to :class:`Task`, whichever documented dialect it arrives in.

A dialect is recognised by what is there, never by model or date: the same host answered ``{"code", "data"}`` and flat
objects in the same week (Submit pages, edition 2026-04). Whatever arrives, the result is a value of this module or
:class:`~qwave_jupyter.errors.UnreadableAnswer`; unknown fields are kept in ``raw``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qwave_jupyter.client.coerce import (
    read_base64,
    read_id,
    read_number,
    read_progress,
    read_quota,
    read_text,
    read_time,
    shape_of,
)
from qwave_jupyter.client.error_responses import one_line, unreadable

__all__ = [
    "ENDED",
    "QUOTA_PER_USD",
    "Cancellation",
    "Failure",
    "ImageLink",
    "Task",
    "expand_mirrors",
    "read_cancellation",
    "read_submission",
    "read_task",
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
#: Names under which the documented and the oldest result objects hold their images.
_IMAGE_FIELDS = ("images", "data", "image_urls", "urls", "url", "image_url", "image")
#: What an order costs, before and after.
_AMOUNTS = ("pre_consumed_cost", "cost")
#: States and codes stand in one-line texts.
_MAX_WORD = 80
#: Envelopes around the task, ``{"code", "data": {...}}``, are opened this often at most.
_MAX_ENVELOPE_DEPTH = 3


@dataclass(frozen=True)
class ImageLink:
    """One image of a result.

    Args:
        urls: its addresses; several are mirrors of one file in the oldest dialect, and may be several images where an
            answer has fewer entries than were asked for.
        data: the image itself, where the answer carried it as base64.
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
        billing_status: the billing status, or "".
        poll_hint: seconds after which the server wants to be asked again, or None.
        unreadable: the fields of money that arrived and are no amounts.
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
    pictures: tuple[ImageLink, ...] = ()
    failure: Failure | None = None
    held_quota: int | None = None
    cost_quota: int | None = None
    billing_status: str = ""
    poll_hint: float | None = None
    unreadable: tuple[str, ...] = ()
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
        refunded: whether what was held went back, or None where the server doesn't say.
        refunded_quota: how much, or None where the server doesn't say.
    """

    task_id: str
    refunded: bool | None
    refunded_quota: int | None


def read_submission(answer: Any) -> Task:
    """The task that a submit created.

    Args:
        answer: the decoded JSON: a flat object with ``task_id``; ``{"code": "success", "data": <id or object>}``; the
            oldest ``{"id", "type", …}``; or the images themselves, ``{"created", "data": [...]}``, which make a
            completed task without an id.

    Raises:
        UnreadableAnswer: neither a task id nor an image is in it.

    Example:
        >>> read_submission({"code": "success", "data": "task-wave17486"}).task_id
        'task-wave17486'
    """
    body = _require_object(answer)
    data = read_id(body.get("data"))
    if data and not read_id(body.get("task_id")):
        return Task(task_id=data, state="queued", status="queued", raw=body)
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
    body = _require_object(answer)
    flat = _unwrap_envelope(body)
    links = tuple(_image_links(flat))
    name = read_id(flat.get("task_id")) or read_id(flat.get("id")) or task_id
    status = one_line(read_text(flat.get("status")) or read_text(flat.get("state")), _MAX_WORD)
    if not status and links:
        # The OpenAI-compatible endpoints answer {created, data: [...]}: images and neither state nor id.
        status = "completed"
    if not (name or links) or not (status or where == "submit"):
        raise unreadable("api.no_task", where=where, seen=shape_of(body))
    state = _STATES.get(status.lower(), "unknown") if status else "queued"
    return Task(
        task_id=name,
        state=state,
        status=status or "queued",
        progress=read_progress(flat.get("progress")),
        model=read_text(flat.get("model")),
        action=read_text(flat.get("action")),
        created_at=read_time(flat.get("created_at")) or read_time(flat.get("created")),
        completed_at=read_time(flat.get("completed_at")),
        pictures=links,
        failure=_failure(flat.get("error")) if state == "failed" else None,
        held_quota=read_quota(flat.get("pre_consumed_cost")),
        cost_quota=read_quota(flat.get("cost")),
        billing_status=read_text(flat.get("billing_status")),
        poll_hint=read_number(flat.get("next_poll_after_seconds")),
        unreadable=tuple(name for name in _AMOUNTS if _is_unreadable(flat.get(name))),
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
    body = _require_object(answer)
    flat = _unwrap_envelope(body)
    if _STATES.get(read_text(flat.get("status")).lower()) != "cancelled":
        raise unreadable("api.not_cancelled", seen=shape_of(body))
    return Cancellation(
        task_id=read_id(flat.get("task_id")) or task_id,
        refunded=flat["refunded"] if isinstance(flat.get("refunded"), bool) else None,
        refunded_quota=read_quota(flat.get("refunded_quota")),
    )


def expand_mirrors(links: Sequence[ImageLink], n: int) -> tuple[ImageLink, ...]:
    """The links to download for a result: mirrors stay together, unless there are fewer entries than were asked for.

    The oldest dialect lists mirrors of one file in an entry, later pages don't say what several addresses in one entry
    mean (Status pages, editions 2026-04 and 2026-06). With fewer entries than ``n`` each address is fetched, and the
    caller drops files that are the same byte for byte.

    Args:
        links: what the task lists.
        n: how many images were asked for.

    Example:
        >>> [link.urls for link in expand_mirrors([ImageLink(urls=("https://a/1", "https://a/2"))], 2)]
        [('https://a/1',), ('https://a/2',)]
    """
    if len(links) >= n:
        return tuple(links)
    return tuple(
        part
        for link in links
        for part in ([replace(link, urls=(url,)) for url in link.urls] if link.data is None else [link])
    )


def to_usd(quota: int | None) -> float | None:
    """Quota in USD; None stays None."""
    return None if quota is None else quota / QUOTA_PER_USD


def _is_unreadable(amount: Any) -> bool:
    return amount is not None and amount != "" and read_quota(amount) is None


def _require_object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise unreadable("api.not_an_object", seen=type(answer).__name__)
    return answer


def _unwrap_envelope(body: Mapping[str, Any]) -> Mapping[str, Any]:
    # {"code": "success", "data": {...}} around the task; a "data" list is OpenAI's images and stays.
    for _ in range(_MAX_ENVELOPE_DEPTH):
        inner = body.get("data")
        if not isinstance(inner, Mapping) or "task_id" in body or "status" in body:
            break
        body = inner
    return body


def _image_links(flat: Mapping[str, Any]) -> Iterator[ImageLink]:
    entries = _entries(flat.get("result"))
    if entries is None and isinstance(flat.get("data"), list):
        entries = flat["data"]
    found = [link for link in map(_image_link, entries or ()) if link is not None]
    if found:
        yield from found
    elif urls := _urls(flat.get("url")):
        yield ImageLink(urls=urls)


def _entries(result: Any) -> list[Any] | None:
    if isinstance(result, list):
        return result
    if isinstance(result, str):
        return [result]
    if not isinstance(result, Mapping):
        return None
    for name in _IMAGE_FIELDS:
        held = result.get(name)
        if isinstance(held, (str, Mapping)) and held:
            return [held]
        if isinstance(held, list) and held:
            return held
    return [result] if "b64_json" in result else None


def _image_link(entry: Any) -> ImageLink | None:
    if isinstance(entry, (str, list)):
        urls = _urls(entry)
        return ImageLink(urls=urls) if urls else None
    if not isinstance(entry, Mapping):
        return None
    urls = next(filter(None, (_urls(entry.get(name)) for name in ("url", "urls", "image_url"))), ())
    data = read_base64(entry.get("b64_json"))
    if data is None and len(urls) == 1 and urls[0].startswith("data:"):
        data, urls = read_base64(urls[0]), ()
    if not urls and data is None:
        return None
    return ImageLink(urls=urls, data=data, expires_at=read_time(entry.get("expires_at")))


def _urls(value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    texts = [one.strip() for one in several if isinstance(one, str) and one.strip()]
    return tuple(dict.fromkeys(texts))


def _failure(error: Any) -> Failure:
    if isinstance(error, Mapping):
        code = read_text(error.get("code")) or read_text(error.get("type"))
        message = read_text(error.get("message"))
    else:
        code, message = "", read_text(error)
    # Messages start with "[<code>]" since June 2026; the field is the reliable one.
    label = re.match(r"\[([\w.-]{1,60})\]\s*", message)
    if label:
        message = message[label.end() :]
        code = code or label[1]
    return Failure(code=one_line(code, _MAX_WORD) or "task_failed", message=message)
