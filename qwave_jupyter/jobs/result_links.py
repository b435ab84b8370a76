"""The images of an answer as the journal keeps them: their links, and their bytes where nobody can be asked again."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qwave_jupyter.client.tasks import ResultImage
from qwave_jupyter.jobs.journal.record import MAX_TIME, read_number

if TYPE_CHECKING:
    from qwave_jupyter.jobs.journal.blobs import Blobs
    from qwave_jupyter.jobs.journal.record import Entry

__all__ = ["restore_links", "to_records"]

#: What stands for the type in the data URI of an image whose format nobody has looked at yet.
_MIME = "application/octet-stream"


def to_records(images: Sequence[ResultImage], blobs: Blobs | None = None) -> list[dict[str, object]]:
    """The images as they stand in the row; with ``blobs`` their bytes are stored there, which may be an OSError."""
    records: list[dict[str, object]] = []
    for image in images:
        record: dict[str, object] = {"urls": list(image.urls), "expires_at": image.expires_at}
        if blobs is not None and image.data is not None:
            uri = f"data:{_MIME};base64,{base64.b64encode(image.data).decode('ascii')}"
            record["data"] = blobs.externalize(uri)
        records.append(record)
    return records


def restore_links(entry: Entry, blobs: Blobs) -> tuple[ResultImage, ...]:
    """The images of a row, each in its place; empty where none of them can be had from the row."""
    links = tuple(_restore_link(record, blobs) for record in entry.links)
    return links if any(link.urls or link.data is not None for link in links) else ()


def _restore_link(record: object, blobs: Blobs) -> ResultImage:
    if not isinstance(record, Mapping):
        return ResultImage()
    urls = record.get("urls")
    return ResultImage(
        urls=tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        data=_restore_bytes(record.get("data"), blobs),
        expires_at=read_number(record.get("expires_at"), MAX_TIME),
    )


def _restore_bytes(kept: object, blobs: Blobs) -> bytes | None:
    try:
        uri = blobs.restore(kept)
        return base64.b64decode(uri.partition(",")[2], validate=True) if isinstance(uri, str) else None
    except (OSError, ValueError):
        return None
