"""Requests and pictures as the journal and the files remember them, and back again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qwave_jupyter.errors import UnknownModel
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.journal.store import Entry
from qwave_jupyter.jobs.request import Request, finished, unvalidated_model

__all__ = ["gallery_of", "image_record", "intent", "recalled"]

#: Unix seconds of the year 9999; no other number of a record is larger.
_LARGEST = 253_370_764_800.0


def intent(request: Request, job_id: str, bench: JobContext) -> Entry:
    """A job as it is written down before its submit.

    Raises:
        OSError: the bytes of its reference pictures can't be kept.
    """
    effective = request.model.effective(request.values)
    return Entry(
        job_id=job_id,
        created=bench.clock.now(),
        edition=request.model.edition,
        base_url=server_of(bench),
        model=request.model.id,
        action=request.action,
        prompt=request.prompt,
        resolution=str(effective.get("resolution") or ""),
        quality=str(effective.get("quality") or ""),
        n=request.pictures_asked,
        parameters=request.parameters,
        body=json.dumps(bench.journal.blobs.put_away(request.body)),
        fingerprint=request.fingerprint,
        estimate_usd=request.estimate_usd,
        save_dir=str(bench.save_dir.absolute()),
        notebook=bench.notebook,
        pid=os.getpid(),
    )


def server_of(bench: JobContext) -> str:
    """What the journal calls the server: the demo's port changes from run to run, its tasks don't."""
    return "demo" if bench.demo else bench.client.base_url


def recalled(entry: Entry, bench: JobContext) -> Request:
    """The request of a journal entry, its body to the byte.

    Raises:
        FileNotFoundError: the bytes of a reference picture were given up.
        ValueError: the entry can't be read.
    """
    body = bench.journal.blobs.bring_back(json.loads(entry.body))
    if not isinstance(body, dict):
        raise TypeError(entry.job_id)
    try:
        model = bench.catalog.model(entry.model)
        unvalidated = False
    except UnknownModel:
        model, unvalidated = unvalidated_model(entry.model), True
    parameters = dict(entry.parameters or {})
    values = {"prompt": entry.prompt, **parameters}
    return finished(model, values, {}, unvalidated=unvalidated, body=body)


def gallery_of(entry: Entry, bench: JobContext) -> Gallery:
    """The pictures of an entry whose files are still there."""
    records = (record for record in entry.files if isinstance(record, Mapping) and _is_there(record.get("path")))
    return Gallery([_image(entry, record, bench) for record in records], showing=bench.showing)


def image_record(image: GeneratedImage, digest: str = "") -> dict[str, Any]:
    """A picture as the journal keeps it."""
    return {
        "path": str(image.path),
        "index": image.index,
        "url": image.url,
        "expires_at": image.expires_at,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "cost_usd": image.cost_usd,
        "created": image.created,
        "digest": digest,
    }


def _image(entry: Entry, record: Mapping[str, Any], bench: JobContext) -> GeneratedImage:
    return GeneratedImage(
        path=Path(str(record.get("path") or "")),
        url=str(record["url"]) if record.get("url") else None,
        expires_at=_number(record.get("expires_at")),
        prompt=entry.prompt,
        model=entry.model,
        parameters=dict(entry.parameters or {}),
        task_id=entry.task_id or "",
        cost_usd=_number(record.get("cost_usd")),
        width=int(_number(record.get("width")) or 0),
        height=int(_number(record.get("height")) or 0),
        format=str(record.get("format") or ""),
        job_id=entry.job_id,
        index=int(_number(record.get("index")) or 1),
        created=_number(record.get("created")) or entry.created,
        edition=entry.edition,
        demo=entry.base_url == "demo",
        showing=bench.showing,
        session=bench.session,
    )


def _is_there(path: Any) -> bool:
    try:
        return isinstance(path, str) and Path(path).is_file()
    except (OSError, ValueError):
        return False


def _number(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return value if usable else None
