"""Requests and images as the journal and the files remember them, and back again."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qwave_jupyter.client.tasks import QUOTA_PER_USD, TaskState
from qwave_jupyter.client.transport import encode_body
from qwave_jupyter.errors import GenerationError, OptionMistake, UnknownModel
from qwave_jupyter.folders import absolute, is_file
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.saver import SavedImage, check_folder, find_saved
from qwave_jupyter.jobs import idempotency
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.costs import Charge, OrderStage
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.jobs.journal.record import MAX_TIME, Entry, EntryState, read_number
from qwave_jupyter.jobs.request import Request, unvalidated_model
from qwave_jupyter.jobs.result_links import count_listed, restore_links
from qwave_jupyter.types import JSONObject

__all__ = [
    "OpenOrder",
    "answer_lost_error",
    "bare_request",
    "copy_to_named",
    "find_open_order",
    "gallery_of",
    "history",
    "image_record",
    "new_entry",
    "notebook_gallery",
    "prepare",
    "recall",
    "restore_request",
    "save_folder",
    "saved_images",
]

_MAX_REPORT_JOBS = 500


def new_entry(request: Request, job_id: str, context: JobContext) -> Entry:
    """A job as it is written down before its submit."""
    effective = request.model.effective(request.values)
    return Entry(
        job_id=job_id,
        created=context.clock.now(),
        edition=request.model.edition,
        base_url=context.server,
        model=request.model.id,
        action=request.action,
        prompt=request.prompt,
        resolution=str(effective.get("resolution") or ""),
        quality=str(effective.get("quality") or ""),
        n=request.images_asked,
        parameters=request.parameters,
        body=json.dumps(context.journal.blobs.externalize(request.body)),
        fingerprint=request.fingerprint,
        estimate_usd=request.estimate_usd,
        save_dir=str(absolute(context.save_dir)),
        notebook=context.notebook,
        pid=os.getpid(),
    )


def restore_request(entry: Entry, context: JobContext) -> Request:
    """The request of a journal entry, its body to the byte."""
    body = context.journal.blobs.restore(json.loads(entry.body))
    if not isinstance(body, dict):
        raise TypeError(entry.job_id)
    try:
        model = context.catalog.model(entry.model)
        unvalidated = False
    except UnknownModel:
        model, unvalidated = unvalidated_model(entry.model), True
    parameters = dict(entry.parameters or {})
    values = {"prompt": entry.prompt, **parameters}
    return Request.from_values(model, values, {}, unvalidated=unvalidated, body=body)


def recall(entry: Entry, context: JobContext) -> Request:
    """The request of a journal entry, or what is left of it."""
    try:
        return restore_request(entry, context)
    except Exception:  # noqa: BLE001 - a row may say anything, and what is answered needs none of it
        return bare_request(entry)


@dataclass(frozen=True)
class OpenOrder:
    """An open order that goes on: its row, which is locked, its request, and the context with its folder."""

    entry: Entry
    lock: JobLock
    request: Request
    context: JobContext


def find_open_order(request: Request, context: JobContext, *, other_than: Collection[str] = ()) -> OpenOrder | None:
    """Lock an open order of this very request that nobody works on, so that it goes on; None where there is none.

    Args:
        request: what is to be ordered; where the row has lost the images of its order, those of this one are sent.
        context: what is needed.
        other_than: ids of jobs that are left alone.

    Raises:
        GenerationError: there is one that may have been paid for and can't be repeated safely.
    """
    refusal: GenerationError | None = None
    for found in idempotency.find_abandoned(request, context):
        locked = None if found.job_id in other_than else context.journal.lock_open(found)
        if locked is None:
            continue
        entry, lock = locked
        try:
            entry, known, own_context = prepare(entry, context, equal=request)
        except GenerationError as error:
            lock.release()
            # Of what was paid for and is lost nothing can come any more.
            if error.code != "answer_lost":
                refusal = refusal or error
        except BaseException:
            lock.release()
            raise
        else:
            return OpenOrder(entry, lock, known, own_context)
    if refusal is not None:
        raise refusal
    return None


def prepare(
    entry: Entry, context: JobContext, *, repeat: bool = False, equal: Request | None = None
) -> tuple[Entry, Request, JobContext]:
    """An entry that goes on, its request, or an equal one where that is lost, and the context with its folder."""
    folder = save_folder(entry)
    own_context = context if folder is None else replace(context, save_dir=folder)
    if changes := _find_made(entry, own_context):
        context.journal.remember(entry)
        context.journal.update(entry.job_id, **changes)
        entry = replace(entry, **changes)
    is_made = entry.state == EntryState.DONE
    if context.is_folder_named:
        own_context, folder = context, context.save_dir
        with contextlib.suppress(Exception):
            # The images go there whether or not the journal takes it.
            context.journal.update(entry.job_id, save_dir=str(folder))
        entry = replace(entry, save_dir=str(folder))
    if entry.is_answered and not (is_made or entry.task_id or restore_links(entry, context.journal.blobs)):
        raise answer_lost_error(entry)
    request = recall(entry, context)
    is_lost = not request.body
    if equal is not None and is_lost:
        request = equal
    if not entry.is_answered:
        # Before the key is looked at: no answer of a server could change these.
        if not request.body:
            raise idempotency.open_order_error("cannot_repeat", entry)
        _check_body(request)
        if not repeat:
            _check_key(entry, context, is_lost=is_lost)
        _check_folder(own_context.save_dir)
    if not is_made:
        context.journal.remember(entry)
    return entry, request, own_context


def _find_made(entry: Entry, context: JobContext) -> dict[str, Any]:
    """What a job's images on disk say that its row doesn't, as where the disk was full; empty where nothing is new."""
    if len(entry.files) >= entry.n:
        return {}
    found = find_saved(context.save_dir, entry.job_id)
    task_id = entry.task_id or next((str(said["task_id"]) for said in found.values() if said.get("task_id")), None)
    saved: dict[object, tuple[Path, JSONObject]] = {}
    for path, said in found.items():
        if said.get("task_id") == (task_id or "") and image_io.is_whole(path):
            saved.setdefault(said["index"], (path, said))
    if not saved:
        return {}
    counts = (read_number(said.get("images"), MAX_TIME) or 0 for _, said in saved.values())
    if len(saved) < max(entry.n, count_listed(entry), *counts):
        # The task is followed, or the order is repeated with its key, and what is missing is fetched.
        return {} if entry.is_answered or not task_id else {"state": EntryState.RUNNING, "task_id": task_id}
    cost = entry.cost_quota
    if cost is None:
        costs = [read_number(said.get("cost_usd"), MAX_TIME) for _, said in saved.values()]
        cost = None if None in costs else round(sum(one for one in costs if one is not None) * QUOTA_PER_USD)
    return {
        "state": EntryState.DONE,
        "task_id": task_id,
        "files": [_saved_record(path, said) for path, said in saved.values()],
        "cost_quota": cost,
        "finished": context.clock.now(),
        "error": None,
    }


def _saved_record(path: Path, said: JSONObject) -> JSONObject:
    """An image on disk as the journal keeps it, by what it says of itself."""
    record: dict[str, object] = {"path": str(path), "index": said.get("index"), "cost_usd": said.get("cost_usd")}
    with contextlib.suppress(image_io.NotAnImage, OSError):
        record |= asdict(image_io.probe(path))
    return record


def answer_lost_error(entry: Entry) -> GenerationError:
    """The error of an order whose images came in its answer, of which nothing is left."""
    charge = Charge(OrderStage.ACCEPTED, TaskState.COMPLETED, entry.cost_quota)
    return GenerationError("generation.answer_lost", job_id=entry.job_id, task_id="", charge=charge)


def bare_request(entry: Entry) -> Request:
    """A request of which only the record is left: good for following and naming, not for sending."""
    model = unvalidated_model(entry.model)
    try:
        values = {"prompt": entry.prompt, **json.loads(json.dumps(dict(entry.parameters or {})))}
        return Request.from_values(model, values, {}, unvalidated=True, body={})
    except Exception:  # noqa: BLE001 - a row may say anything, and a job must be named all the same
        return Request.from_values(model, {"prompt": entry.prompt}, {}, unvalidated=True, body={})


def save_folder(entry: Entry) -> Path | None:
    """The folder that its images were meant for; None where the row names none that we could have written there."""
    text = entry.save_dir or ""
    folder = Path(text)
    return folder if text.isprintable() and folder.is_absolute() and ".." not in folder.parts else None


def history(context: JobContext, *, words: str = "", limit: int = 100, starred: bool = False) -> Gallery:
    """The finished images that the journal knows, newest job first, as far as their files are still there."""
    entries = context.journal.history(limit, words, starred=starred)
    images = [image for entry in entries for image in gallery_of(entry, context)]
    if starred:
        stars = context.journal.list_stars()
        images = [image for image in images if (image.job_id, image.index) in stars]
    return Gallery(images, showing=context.showing)


def find_result(link: str, context: JobContext) -> GeneratedImage | None:
    """The earlier result that a link leads to, where the journal knows it and its file is still there."""
    entries = context.journal.find_linked(link)
    return next((image for entry in entries for image in gallery_of(entry, context) if image.url == link), None)


def notebook_gallery(context: JobContext) -> Gallery:
    """Return the images of this notebook if its name is known, else of this process; oldest first."""
    entries = [
        entry
        for entry in context.journal.history(_MAX_REPORT_JOBS)
        # Containers give every kernel the same few process ids, so where a notebook has a name that alone decides.
        if entry.notebook == context.notebook and (context.notebook is not None or entry.pid == os.getpid())
    ]
    images = itertools.chain.from_iterable(gallery_of(entry, context) for entry in reversed(entries))
    return Gallery(images, showing=context.showing)


def gallery_of(entry: Entry, context: JobContext) -> Gallery:
    """The images of an entry whose files are still there."""
    return Gallery([saved.image for saved in saved_images(entry, context)], showing=context.showing)


def saved_images(entry: Entry, context: JobContext) -> list[SavedImage]:
    """The same with what tells whether a file is still what was saved."""
    records = (record for record in entry.files if isinstance(record, Mapping) and _is_there(record.get("path")))
    return [
        SavedImage(
            _image(entry, record, context),
            *(str(record.get(name) or "") for name in ("digest", "file_digest", "pixel_digest")),
        )
        for record in records
    ]


def copy_to_named(gallery: Gallery, context: JobContext) -> Gallery:
    """What was made earlier, as copies in the folder that this call has named, where it has."""
    return gallery.save(context.save_dir) if context.is_folder_named else gallery


def image_record(saved: SavedImage) -> dict[str, object]:
    """An image as the journal keeps it."""
    image = saved.image
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
        "digest": saved.digest,
        "file_digest": saved.file_digest,
        "pixel_digest": saved.pixel_digest,
    }


def _check_body(request: Request) -> None:
    """Refuse what no run can have sent."""
    try:
        encode_body(request.body)
    except OptionMistake as problem:
        problem.fields["charge"] = Charge.of_order(request, sent=False)
        raise


def _check_key(entry: Entry, context: JobContext, *, is_lost: bool) -> None:
    """Refuse to repeat an order that no key makes safe; of one whose body is lost nobody can repeat it either."""
    if not idempotency.is_supported(context):
        raise idempotency.open_order_error("cannot_repeat" if is_lost else "order_unknown_left", entry)
    alive = idempotency.is_key_alive(entry.created, context)
    if not alive:
        code = "order_unknown_age" if alive is None else "order_unknown_old"
        raise idempotency.open_order_error("cannot_repeat" if is_lost else code, entry)


def _check_folder(folder: Path) -> None:
    """Refuse to repeat an order, which may be paid for only now, where its images can't be saved."""
    try:
        check_folder(folder)
    except OptionMistake as problem:
        raise OptionMistake("generation.resume_folder", reason=str(problem)) from None


def _image(entry: Entry, record: JSONObject, context: JobContext) -> GeneratedImage:
    return GeneratedImage(
        path=Path(str(record.get("path") or "")),
        url=str(record["url"]) if record.get("url") else None,
        expires_at=read_number(record.get("expires_at"), MAX_TIME),
        prompt=entry.prompt,
        model=entry.model,
        parameters=dict(entry.parameters or {}),
        task_id=entry.task_id or "",
        cost_usd=read_number(record.get("cost_usd"), MAX_TIME),
        width=int(read_number(record.get("width"), MAX_TIME) or 0),
        height=int(read_number(record.get("height"), MAX_TIME) or 0),
        format=str(record.get("format") or ""),
        job_id=entry.job_id,
        index=int(read_number(record.get("index"), MAX_TIME) or 1),
        created=read_number(record.get("created"), MAX_TIME) or entry.created,
        edition=entry.edition,
        demo=entry.base_url == "demo",
        showing=context.showing,
        session=context.session,
    )


def _is_there(path: object) -> bool:
    return isinstance(path, str) and is_file(path)
