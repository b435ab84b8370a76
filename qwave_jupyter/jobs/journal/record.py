"""One job as the journal keeps it, and how its columns become values again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from qwave_jupyter.jobs.journal import schema

__all__ = ["Costs", "Entry", "from_row", "stored", "to_row"]

_JSON_COLUMNS = frozenset({"parameters", "links", "files", "error"})
#: What stands on lines, in addresses and in paths.
_LINES = ("edition", "base_url", "model", "action", "resolution", "quality", "fingerprint", "state")
_LONGEST_LINE = 4096
#: Unix seconds of the year 9999, beyond which calendars end somewhere on the earth.
_LAST_MOMENT = 253_370_764_800.0
_MOMENTS = ("created", "updated", "submitted", "finished")
_QUOTAS = ("held_quota", "cost_quota", "refunded_quota", "pid")
_MOST_PICTURES = 1000


@dataclass(frozen=True)
class Entry:
    """One job as the journal knows it.

    Args:
        job_id: a UUID, and the idempotency key of its submit.
        created: Unix seconds of the intent.
        updated: Unix seconds of the last change.
        edition: the edition of its request.
        base_url: where it was sent.
        model: the model id.
        action: the action in force.
        prompt: what to paint.
        resolution: the resolution in force, or "".
        quality: likewise.
        n: how many pictures were asked for.
        parameters: what was set, by the user's names.
        body: the request body as JSON text, its pictures replaced by marks.
        fingerprint: the same for the same request.
        state: ``submitting``, ``running``, ``completed`` (not yet downloaded), ``done``, ``failed``, ``cancelled``,
            ``refused``, or ``unknown`` (the submit was never answered and is too old to be repeated).
        task_id: the server's task, once it is known.
        estimate_usd: what it was expected to cost.
        held_quota: what the server reserved.
        cost_quota: what it charged.
        refunded_quota: what it gave back.
        links: where the pictures lie: ``{"urls": […], "expires_at": …}``.
        files: what was kept: ``{"path": …, "url": …, "width": …, …}``.
        submitted: Unix seconds when the server had it.
        duration: seconds from submit to end.
        finished: Unix seconds of the end.
        error: ``{"code": …, "text": …}``.
        save_dir: the folder for its pictures.
        notebook: the notebook's path.
        pid: the process that made it.
    """

    job_id: str
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
    parameters: Mapping[str, Any] | None = None
    body: str = "{}"
    fingerprint: str = ""
    state: str = "submitting"
    task_id: str | None = None
    estimate_usd: float | None = None
    held_quota: int | None = None
    cost_quota: int | None = None
    refunded_quota: int | None = None
    links: Sequence[Mapping[str, Any]] = ()
    files: Sequence[Mapping[str, Any]] = ()
    submitted: float | None = None
    duration: float | None = None
    finished: float | None = None
    error: Mapping[str, Any] | None = None
    save_dir: str | None = None
    notebook: str | None = None
    pid: int | None = None


@dataclass(frozen=True)
class Costs:
    """What one group of jobs cost; the kinds are never mixed.

    Args:
        group: the day, model or notebook.
        jobs: how many.
        estimated_usd: what was expected.
        held_quota: what is reserved for jobs that haven't ended.
        settled_quota: what was charged.
        refunded_quota: what was given back.
    """

    group: str
    jobs: int
    estimated_usd: float
    held_quota: int
    settled_quota: int
    refunded_quota: int


def to_row(entry: Entry, now: float) -> list[Any]:
    """An entry as the values of its columns."""
    values = {one.name: getattr(entry, one.name) for one in fields(entry)}
    values["updated"] = now
    return [stored(name, values[name]) for name in schema.COLUMNS]


def stored(name: str, value: Any) -> Any:
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
    values |= {name: schema.decode_text(value) for name, value in values.items() if isinstance(value, bytes)}
    for name in _JSON_COLUMNS:
        values[name] = _read_json(values[name], {} if name in {"parameters", "error"} else [])
    values["error"] = values["error"] or None
    values["files"] = [file for file in values["files"] if isinstance(file, dict) and file.get("path")]
    for name in ("job_id", "prompt", "body", *_LINES):
        values[name] = values[name] if isinstance(values[name], str) else str(values[name] or "")
    # Sent again, a body must be the same to the byte.
    values["body"] = "" if schema.INVALID in values["body"] else values["body"]
    for name in ("task_id", "notebook", "save_dir"):
        values[name] = values[name] if isinstance(values[name], str) else None
    for name in (*_LINES, "task_id", "notebook"):
        values[name] = _line(values[name])
    for name in _MOMENTS:
        values[name] = _number(values[name], _LAST_MOMENT)
    values["created"], values["updated"] = values["created"] or 0.0, values["updated"] or 0.0
    values["duration"], values["estimate_usd"] = _number(values["duration"], 1e9), _number(values["estimate_usd"], 1e9)
    for name in _QUOTAS:
        number = _number(values[name], 2.0**53)
        values[name] = None if number is None else int(number)
    values["n"] = int(_number(values["n"], _MOST_PICTURES) or 1)
    return Entry(**values)


def _line(text: str | None) -> str | None:
    if text is None or (text.isprintable() and len(text) <= _LONGEST_LINE):
        return text
    return "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST_LINE])


def _number(value: Any, most: float) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most
    return value if usable else None


def _read_json(text: Any, otherwise: Any) -> Any:
    try:
        value = json.loads(text) if text else otherwise
    except (ValueError, TypeError, RecursionError):
        return otherwise
    return value if isinstance(value, type(otherwise)) else otherwise
