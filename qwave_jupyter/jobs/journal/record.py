"""One job as the journal keeps it, and how its columns become values again."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from qwave_jupyter.types import JSONObject

__all__ = [
    "COLUMNS",
    "MAX_TIME",
    "OPEN_STATES",
    "Costs",
    "Entry",
    "EntryState",
    "decode_text",
    "from_row",
    "read_number",
    "to_column",
    "to_row",
]

_JSON_COLUMNS = frozenset({"parameters", "links", "files", "error"})
#: What stands on lines, in addresses and in paths.
_LINE_COLUMNS = ("edition", "base_url", "model", "action", "resolution", "quality", "fingerprint", "state")
_MAX_LINE = 4096
#: Unix seconds of the year 9999, beyond which calendars end somewhere on the earth.
MAX_TIME = 253_370_764_800.0
_TIME_COLUMNS = ("created", "updated", "submitted", "finished")
_INTEGER_COLUMNS = ("held_quota", "cost_quota", "refunded_quota", "pid")
_MAX_IMAGES = 1000


#: Reads a TEXT value with invalid bytes in it, which would otherwise make SQLite refuse every row of the query.
decode_text = functools.partial(str, encoding="utf-8", errors="replace")
#: What stands for an invalid byte; no JSON of ours holds it, for that is ASCII.
INVALID = "\ufffd"


class EntryState(StrEnum):
    """How far a job has come in the journal."""

    SUBMITTING = "submitting"
    RUNNING = "running"
    #: Not yet downloaded.
    COMPLETED = "completed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    #: Never answered, and too old to be repeated.
    UNKNOWN = "unknown"


#: States of jobs that somebody may still get images from.
OPEN_STATES = (EntryState.SUBMITTING, EntryState.RUNNING, EntryState.COMPLETED)


@dataclass(frozen=True)
class Entry:
    """One job as the journal knows it."""

    #: A UUID, and the idempotency key of the submit.
    job_id: str
    #: Unix seconds, like every moment here.
    created: float
    updated: float = 0.0
    edition: str = ""
    base_url: str = ""
    model: str = ""
    action: str = ""
    prompt: str = ""
    resolution: str = ""
    quality: str = ""
    n: int = 1
    parameters: JSONObject | None = None
    #: The request body as JSON text, its images replaced by marks.
    body: str = "{}"
    fingerprint: str = ""
    #: An ``EntryState``, or the word of a later release.
    state: str = EntryState.SUBMITTING
    task_id: str | None = None
    estimate_usd: float | None = None
    held_quota: int | None = None
    cost_quota: int | None = None
    refunded_quota: int | None = None
    #: ``{"urls": […], "expires_at": …}``, with ``data`` where the bytes came in an answer that names no task.
    links: Sequence[JSONObject] = ()
    #: ``{"path": …, "url": …, "width": …, …}``.
    files: Sequence[JSONObject] = ()
    submitted: float | None = None
    duration: float | None = None
    finished: float | None = None
    #: ``{"code": …, "text": …}``.
    error: JSONObject | None = None
    save_dir: str | None = None
    notebook: str | None = None
    pid: int | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the server has answered the order, with a task or with the images themselves."""
        return bool(self.task_id) or self.state in {EntryState.COMPLETED, EntryState.DONE}


#: Every column of ``jobs`` that this release knows.
COLUMNS = tuple(one.name for one in fields(Entry))


@dataclass(frozen=True)
class Costs:
    """What one group of jobs cost; the kinds are never mixed."""

    group: str
    jobs: int
    estimated_usd: float
    held_quota: int
    settled_quota: int
    refunded_quota: int


def to_row(entry: Entry, now: float) -> list[object]:
    """An entry as the values of its columns."""
    values = {one.name: getattr(entry, one.name) for one in fields(entry)}
    values["updated"] = now
    return [to_column(name, values[name]) for name in COLUMNS]


def to_column(name: str, value: object) -> object:
    """A value as its column holds it."""
    if name in _JSON_COLUMNS and not (name == "error" and value is None):
        return json.dumps(value, default=str)
    if isinstance(value, str):
        # A lone surrogate from a notebook can't be stored as UTF-8.
        return value.encode("utf-8", "replace").decode()
    return value


def from_row(row: sqlite3.Row) -> Entry:
    """An entry from a row; what can't be read in it is left out."""
    values: dict[str, Any] = dict(row)
    values |= {name: decode_text(value) for name, value in values.items() if isinstance(value, bytes)}
    for name in _JSON_COLUMNS:
        values[name] = _read_json(values[name], {} if name in {"parameters", "error"} else [])
    values["error"] = values["error"] or None
    values["files"] = [file for file in values["files"] if isinstance(file, dict) and file.get("path")]
    for name in ("job_id", "prompt", "body", *_LINE_COLUMNS):
        values[name] = values[name] if isinstance(values[name], str) else str(values[name] or "")
    # Sent again, a body must be the same to the byte.
    values["body"] = "" if INVALID in values["body"] else values["body"]
    for name in ("task_id", "notebook", "save_dir"):
        values[name] = values[name] if isinstance(values[name], str) else None
    for name in (*_LINE_COLUMNS, "task_id", "notebook"):
        values[name] = _clean_line(values[name])
    for name in _TIME_COLUMNS:
        values[name] = read_number(values[name], MAX_TIME)
    values["created"], values["updated"] = values["created"] or 0.0, values["updated"] or 0.0
    values["duration"], values["estimate_usd"] = (
        read_number(values["duration"], 1e9),
        read_number(values["estimate_usd"], 1e9),
    )
    for name in _INTEGER_COLUMNS:
        number = read_number(values[name], 2.0**53)
        values[name] = None if number is None else int(number)
    values["n"] = int(read_number(values["n"], _MAX_IMAGES) or 1)
    return Entry(**values)


def _clean_line(text: str | None) -> str | None:
    if text is None or (text.isprintable() and len(text) <= _MAX_LINE):
        return text
    return "".join(char if char.isprintable() else " " for char in text[:_MAX_LINE])


def read_number(value: object, maximum: float) -> float | None:
    """A number from 0 to the maximum; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value <= maximum else None


def _read_json(text: Any, otherwise: Any) -> Any:
    try:
        value = json.loads(text) if text else otherwise
    except (ValueError, TypeError, RecursionError):
        return otherwise
    return value if isinstance(value, type(otherwise)) else otherwise
