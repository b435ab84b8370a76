"""The images that answers list: which ones are the same, and how the journal keeps them.

Their links are kept, and their bytes where nobody can be asked again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qwave_jupyter.client.image_links import image_address
from qwave_jupyter.client.tasks import ResultImage
from qwave_jupyter.jobs.journal.record import MAX_TIME, read_number

if TYPE_CHECKING:
    from qwave_jupyter.jobs.journal.blobs import Blobs
    from qwave_jupyter.jobs.journal.record import Entry

__all__ = [
    "NOT_LISTED",
    "ListedImage",
    "count_listed",
    "identify",
    "restore_links",
    "split_entries",
    "to_records",
    "unite_links",
]

#: What stands for the type in the data URI of an image whose format nobody has looked at yet.
_MIME = "application/octet-stream"
#: Empty addresses of one entry that a row may hold.
_MAX_EMPTY = 100
#: Links of one address that are kept: what is signed anew comes before what was signed earlier.
_MAX_SIGNED = 2


#: Stands for the entry of what the last answer doesn't list.
NOT_LISTED = -1


@dataclass(frozen=True)
class ListedImage:
    """What may be one image of an answer, and the number of the entry that it comes from."""

    link: ResultImage
    entry: int


def identify(image: ResultImage) -> frozenset[str]:
    """What stays the same of an image in every answer that lists it: where it is, or the hash of its bytes."""
    if image.data is not None:
        return frozenset({hashlib.sha256(image.data).hexdigest()})
    return frozenset(map(image_address, image.urls))


def split_entries(images: Sequence[ResultImage], n: int) -> tuple[ListedImage, ...]:
    """What to download for a result: mirrors stay together, unless there are fewer entries than were asked for."""
    # The oldest dialect lists mirrors of one file in an entry; later pages don't say what several addresses in one
    # entry mean (Status pages, editions 2026-04 and 2026-06). With fewer entries than ``n`` each address is fetched,
    # and the caller drops files that are the same byte for byte.
    whole = [
        ListedImage(image, NOT_LISTED if image.is_former or image.is_dropped else entry)
        for entry, image in enumerate(images)
    ]
    if sum(not image.is_former for image in images) >= n:
        return tuple(whole)
    return tuple(ListedImage(part, one.entry) for one in whole for part in _split(one.link))


def _split(image: ResultImage) -> list[ResultImage]:
    if image.data is not None or not image.urls:
        return [image]
    by_address: dict[str, list[str]] = {}
    for url in image.urls:
        by_address.setdefault(image_address(url), []).append(url)
    parts = [replace(image, urls=tuple(urls), empty_urls=0) for urls in by_address.values()]
    return parts + [ResultImage()] * (0 if image.is_former else image.empty_urls)


def unite_links(listed: Sequence[ResultImage], noted: Sequence[ResultImage]) -> tuple[ResultImage, ...]:
    """The images that the last answer lists, each with its earlier links, and those that only earlier answers list."""
    if not listed or not noted:
        return tuple(listed or noted)
    united, left = list(listed), []
    for place, known in enumerate(noted):
        same = next((index for index, image in enumerate(listed) if identify(image) & identify(known)), None)
        if same is not None:
            united[same] = _add_links(united[same], known)
        elif known.is_filled:
            left.append((place, known))
    former, others = ([one for _, one in left if one.is_former is flag] for flag in (True, False))
    if len(left) == sum(known.is_filled for known in noted):
        # All addresses are new, so nothing but the content tells which image is which. Were some dropped already,
        # those of the longest answer count.
        kept = max(others, former, key=lambda images: sum(len(identify(image)) for image in images))
        return (*united, *(replace(one, is_former=True) for one in kept))
    # An address names the same image as before, so what isn't listed any more is an image of its own.
    dropped = {place: replace(known, is_dropped=True) for place, known in left if not known.is_former}
    empty = [place for place, image in enumerate(united) if not image.is_filled]
    for place in empty:
        if place in dropped:
            united[place] = dropped.pop(place)
    for place in empty:
        if dropped and not united[place].is_filled:
            united[place] = dropped.pop(min(dropped))
    return (*united, *dropped.values(), *former)


def _add_links(image: ResultImage, known: ResultImage) -> ResultImage:
    urls = list(image.urls)
    filled = len(identify(known) - identify(image))
    for url in known.urls:
        address = image_address(url)
        if url not in urls and sum(image_address(one) == address for one in urls) < _MAX_SIGNED:
            urls.append(url)
    return replace(image, urls=tuple(urls), empty_urls=max(0, image.empty_urls - filled))


def to_records(images: Sequence[ResultImage], blobs: Blobs | None = None) -> list[dict[str, object]]:
    """The images as they stand in the row; with ``blobs`` their bytes are stored there, which may be an OSError."""
    records: list[dict[str, object]] = []
    for image in images:
        record: dict[str, object] = {"urls": list(image.urls), "expires_at": image.expires_at}
        if image.empty_urls:
            record["empty_urls"] = image.empty_urls
        for name, is_so in (("former", image.is_former), ("dropped", image.is_dropped)):
            if is_so:
                record[name] = True
        if blobs is not None and image.data is not None:
            uri = f"data:{_MIME};base64,{base64.b64encode(image.data).decode('ascii')}"
            record["data"] = blobs.externalize(uri)
        records.append(record)
    return records


def restore_links(entry: Entry, blobs: Blobs) -> tuple[ResultImage, ...]:
    """The images of a row, each in its place; empty where none of them can be had from the row."""
    links = tuple(_restore_link(record, blobs) for record in entry.links)
    return links if any(link.is_filled for link in links) else ()


def count_listed(entry: Entry) -> int:
    """How many images of their own a row lists."""
    return sum(not (isinstance(record, Mapping) and record.get("former") is True) for record in entry.links)


def _restore_link(record: object, blobs: Blobs) -> ResultImage:
    if not isinstance(record, Mapping):
        return ResultImage()
    urls = record.get("urls")
    return ResultImage(
        urls=tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        data=_restore_bytes(record.get("data"), blobs),
        expires_at=read_number(record.get("expires_at"), MAX_TIME),
        empty_urls=int(read_number(record.get("empty_urls"), _MAX_EMPTY) or 0),
        is_former=record.get("former") is True,
        is_dropped=record.get("dropped") is True,
    )


def _restore_bytes(kept: object, blobs: Blobs) -> bytes | None:
    try:
        uri = blobs.restore(kept)
        return base64.b64decode(uri.partition(",")[2], validate=True) if isinstance(uri, str) else None
    except (OSError, ValueError):
        return None
