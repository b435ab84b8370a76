"""JSON to :class:`Task`, whichever documented dialect it arrives in.

A dialect is recognised by what is there, never by model or date: the same host answered ``{"code", "data"}`` and flat
objects in the same week (Submit pages, edition 2026-04). Whatever arrives, the result is a value of this module or
:class:`~qwave_jupyter.errors.UnreadableAnswer`; unknown fields are kept in ``raw``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote

from qwave_jupyter.client.coerce import (
    describe_shape,
    read_base64,
    read_id,
    read_number,
    read_progress,
    read_quota,
    read_text,
    read_time,
)
from qwave_jupyter.client.error_responses import to_one_line, unreadable_answer
from qwave_jupyter.errors import UnreadableAnswer
from qwave_jupyter.types import JSONObject

__all__ = [
    "ENDED_STATES",
    "QUOTA_PER_USD",
    "Cancellation",
    "Failure",
    "ResultImage",
    "Task",
    "TaskState",
    "is_named_task",
    "is_same_id",
    "is_settled",
    "other_task",
    "read_cancellation",
    "read_submission",
    "read_task",
    "to_usd",
]

#: 500 000 quota are 1 USD (Status page, edition 2026-09; earlier editions only say "quota").
QUOTA_PER_USD = 500_000


class TaskState(StrEnum):
    """The states of a task; any other word of the server is ``UNKNOWN``."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


#: States in which nothing changes any more.
ENDED_STATES = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED})

_STATES = {
    "queued": TaskState.QUEUED,
    "pending": TaskState.QUEUED,
    "processing": TaskState.PROCESSING,
    "completed": TaskState.COMPLETED,
    "succeeded": TaskState.COMPLETED,
    "success": TaskState.COMPLETED,
    "failed": TaskState.FAILED,
    "cancelled": TaskState.CANCELLED,
    "canceled": TaskState.CANCELLED,
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
class ResultImage:
    """One image of a result, or the place of one that isn't there yet."""

    #: Mirrors of one file in the oldest dialect; perhaps several images where an answer has too few entries.
    urls: tuple[str, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    #: Unix seconds after which the links die.
    expires_at: float | None = None
    #: How many addresses of the entry are empty, which may be images of their own.
    empty_urls: int = 0
    #: Whether it comes from an earlier answer, and may be one of the images that the last one lists elsewhere.
    is_former: bool = False
    #: Whether the last answer lists it no more, though others by their old addresses.
    is_dropped: bool = False

    @property
    def is_filled(self) -> bool:
        """Whether it says where the image is."""
        return bool(self.urls) or self.data is not None


@dataclass(frozen=True)
class Failure:
    """Why a task failed, in the server's words."""

    code: str
    message: str


@dataclass(frozen=True)
class Task:
    """What the server says of a task at one moment."""

    task_id: str
    state: TaskState = TaskState.UNKNOWN
    #: The server's own word for the state.
    status: str = ""
    #: From 0 to 1.
    progress: float | None = None
    model: str = ""
    action: str = ""
    #: Unix seconds.
    created_at: float | None = None
    completed_at: float | None = None
    #: Each in its place, with empty ones between them; empty where not one is filled.
    images: tuple[ResultImage, ...] = ()
    failure: Failure | None = None
    #: ``pre_consumed_cost`` and ``cost``: reserved at the submit, and charged once the task has ended and is settled.
    held_quota: int | None = None
    cost_quota: int | None = None
    billing_status: str = ""
    #: Seconds after which the server wants to be asked again.
    poll_hint: float | None = None
    #: Fields of money that arrived and are no amounts.
    unreadable_fields: tuple[str, ...] = ()
    raw: JSONObject = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in ENDED_STATES

    @property
    def is_refunded(self) -> bool | None:
        """Whether all that was held went back; None where the server doesn't say."""
        return None if self.cost_quota is None else self.cost_quota == 0


@dataclass(frozen=True)
class Cancellation:
    """The server's answer to a cancel that it accepted."""

    task_id: str
    #: None where the server doesn't say.
    refunded: bool | None
    refunded_quota: int | None
    #: What the answer says of the task.
    task: Task | None = field(default=None, compare=False)


def read_submission(answer: object) -> Task:
    """The task that a submit created."""
    # A flat object with ``task_id``; ``{"code": "success", "data": <id or object>}``; the oldest ``{"id", "type", …}``;
    # or the images themselves, ``{"created", "data": […]}``, which make a completed task without an id.
    body = _require_object(answer)
    data = read_id(body.get("data"))
    if data and not read_id(body.get("task_id")):
        return Task(task_id=data, state=TaskState.QUEUED, status="queued", raw=body)
    return read_task(body, where="submit")


def read_task(answer: object, *, task_id: str = "", where: str = "status") -> Task:
    """The state of a task, of the one that was asked for where that is given."""
    body = _require_object(answer)
    flat = _unwrap_envelope(body)
    links = tuple(_read_image_links(flat))
    name = _read_task_id(flat, asked=task_id)
    status = to_one_line(read_text(flat.get("status")) or read_text(flat.get("state")), _MAX_WORD)
    if not status and links:
        # The OpenAI-compatible endpoints answer {created, data: [...]}: images and neither state nor id.
        status = "completed"
    if not (name or links) or not (status or where == "submit"):
        raise unreadable_answer("api.no_task", where=where, seen=describe_shape(body))
    state = _STATES.get(status.lower(), TaskState.UNKNOWN) if status else TaskState.QUEUED
    if links and not name and state not in ENDED_STATES:
        # Whatever the server calls its state, there is nothing to ask for later, and the images are here.
        state = TaskState.COMPLETED
    billing_status = read_text(flat.get("billing_status"))
    held, cost = read_quota(flat.get("pre_consumed_cost")), read_quota(flat.get("cost"))
    if state in {TaskState.QUEUED, TaskState.PROCESSING}:
        # It is documented for ended tasks only (Status pages since June 2026).
        cost = None
    elif not is_settled(billing_status):
        held, cost = max(held or 0, cost or 0) or held, None
    elif cost is None and billing_status.lower() == "refunded":
        # Whatever an earlier answer has named is not charged any more.
        cost = 0
    return Task(
        task_id=name,
        state=state,
        status=status or "queued",
        progress=read_progress(flat.get("progress")),
        model=read_text(flat.get("model")),
        action=read_text(flat.get("action")),
        created_at=read_time(flat.get("created_at")) or read_time(flat.get("created")),
        completed_at=read_time(flat.get("completed_at")),
        images=links,
        failure=_read_failure(flat.get("error")) if state == TaskState.FAILED else None,
        held_quota=held,
        cost_quota=cost,
        billing_status=billing_status,
        poll_hint=read_number(flat.get("next_poll_after_seconds")),
        unreadable_fields=tuple(name for name in _AMOUNTS if _is_unreadable(flat.get(name))),
        raw=body,
    )


def is_named_task(answer: object) -> bool:
    """Whether an answer names a task and its state, as the answer to an order may do beside an error status."""
    # "HTTP status of a Prefer: wait timeout" is documented nowhere, nor that of a key that was used before.
    if not isinstance(answer, Mapping):
        return False
    flat = _unwrap_envelope(answer)
    return bool(read_id(flat.get("task_id"))) and read_text(flat.get("status")).lower() in _STATES


def read_cancellation(answer: object, task_id: str) -> Cancellation:
    """The server's answer to a cancel."""
    body = _require_object(answer)
    flat = _unwrap_envelope(body)
    if _STATES.get(read_text(flat.get("status")).lower()) != TaskState.CANCELLED:
        raise unreadable_answer("api.not_cancelled", seen=describe_shape(body))
    task, refunded = read_task(body, task_id=task_id), flat.get("refunded")
    quota = read_quota(flat.get("refunded_quota"))
    return Cancellation(
        task_id=task.task_id,
        refunded=refunded if isinstance(refunded, bool) else bool(quota) or task.is_refunded,
        refunded_quota=quota,
        task=task,
    )


def is_settled(billing_status: str) -> bool:
    """Whether the cost beside a ``billing_status`` is final; most answers have none and are."""
    # "reserved" and "pricing_pending", "settlement_pending", "refund_pending" (billing pages, edition 2026-09).
    word = billing_status.lower()
    return word != "reserved" and not word.endswith("pending")


def to_usd(quota: int | None) -> float | None:
    """Quota in USD; None stays None."""
    return None if quota is None else quota / QUOTA_PER_USD


def is_same_id(one: str, other: str) -> bool:
    """Whether two spellings name one task: as a number or text, in other capitals, percent-encoded, or as a path."""
    first, second = (unicodedata.normalize("NFC", unquote(text)).strip().casefold() for text in (one, other))
    if first.isdigit() and second.isdigit():
        return first.lstrip("0") == second.lstrip("0")
    return first == second or first.endswith(f"/{second}") or second.endswith(f"/{first}")


def other_task(asked: str, named: str) -> UnreadableAnswer:
    """The error for an answer about another task than the one that was asked for."""
    return unreadable_answer("api.other_task", asked=to_one_line(asked, _MAX_WORD), named=to_one_line(named, _MAX_WORD))


def _is_unreadable(amount: object) -> bool:
    return amount is not None and amount != "" and read_quota(amount) is None


def _require_object(answer: object) -> JSONObject:
    if not isinstance(answer, Mapping):
        raise unreadable_answer("api.not_an_object", seen=type(answer).__name__)
    return answer


def _unwrap_envelope(body: JSONObject) -> JSONObject:
    # {"code": "success", "data": {...}} around the task; a "data" list is OpenAI's images and stays.
    for _ in range(_MAX_ENVELOPE_DEPTH):
        inner = body.get("data")
        if not isinstance(inner, Mapping) or "task_id" in body or "status" in body:
            break
        body = inner
    return body


def _read_task_id(flat: JSONObject, *, asked: str) -> str:
    """The id of the task that an answer is about; the one that was asked for where it names none."""
    named = read_id(flat.get("task_id")) or read_id(flat.get("id"))
    if asked and named and not is_same_id(asked, named):
        # An answer that was cached or mixed up on the way says nothing of this task, nor of its money.
        raise other_task(asked, named)
    return asked or named


def _read_image_links(flat: JSONObject) -> Iterator[ResultImage]:
    entries = _find_entries(flat.get("result"))
    if entries is None and isinstance(flat.get("data"), list):
        entries = flat["data"]
    found = [link for entry in entries or () for link in _read_entry(entry)]
    if not any(link.is_filled for link in found):
        found = _read_entry(flat.get("url"))
    if any(link.is_filled for link in found):
        yield from found


def _find_entries(result: object) -> list[object] | None:
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


def _read_entry(entry: object) -> list[ResultImage]:
    """The image of an entry, or its images where it holds the bytes of several."""
    fields: JSONObject = entry if isinstance(entry, Mapping) else {"url": entry}
    held = next((fields[name] for name in ("url", "urls", "image_url") if _read_urls(fields.get(name))), None)
    inside = {url: read_base64(url) for url in _read_urls(held) if url.startswith("data:")}
    contents = [one for one in (read_base64(fields.get("b64_json")), *inside.values()) if one is not None]
    # Addresses beside bytes are mirrors of the first.
    first = ResultImage(
        urls=tuple(url for url in _read_urls(held) if inside.get(url) is None),
        data=next(iter(contents), None),
        expires_at=read_time(fields.get("expires_at")),
        empty_urls=_count_empty(held),
    )
    return [first, *(ResultImage(data=one) for one in contents[1:])]


def _read_urls(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    texts = [one.strip() for one in several if isinstance(one, str) and one.strip()]
    return tuple(dict.fromkeys(texts))


def _count_empty(value: object) -> int:
    return sum(not _read_urls(one) for one in value) if isinstance(value, list) else 0


def _read_failure(error: object) -> Failure:
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
    return Failure(code=to_one_line(code, _MAX_WORD) or "task_failed", message=message)
