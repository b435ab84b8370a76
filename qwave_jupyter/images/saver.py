"""Save an image from its link under its final name: whole, decodable, with its provenance, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.client.image_links import shorten_link
from qwave_jupyter.client.retry import OnRetry
from qwave_jupyter.client.tasks import ResultImage
from qwave_jupyter.errors import DownloadFailed, OptionMistake
from qwave_jupyter.folders import absolute, describe, is_file, write_synced
from qwave_jupyter.i18n import printable
from qwave_jupyter.image_formats import RESULT_FORMATS
from qwave_jupyter.images import image_io, metadata
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.images.preview import shrink, write_thumbnail
from qwave_jupyter.tracebacks import contain
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.request import Request

__all__ = ["ImageSaver", "SavedImage", "check_folder", "find_saved", "find_slug", "is_unchanged"]

_SUFFIXES = frozenset(f".{suffix}" for suffix in image_io.SUFFIXES.values())


@dataclass(frozen=True)
class SavedImage:
    """An image on disk, with the SHA-256 of what the server sent, of the file, and of its pixels; "" for unknown."""

    image: GeneratedImage
    digest: str = ""
    file_digest: str = ""
    pixel_digest: str = ""


@dataclass(frozen=True)
class ImageSaver:
    """Downloads and saves the images of one job; ``deadline`` is in monotonic seconds of the context's clock."""

    context: JobContext
    request: Request
    job_id: str
    task_id: str
    #: The prompt's words in the names of its files.
    slug: str
    created: float
    cost_usd: float | None
    #: How many images the job has, as far as is known.
    count: int
    stop: threading.Event
    deadline: float
    on_retry: OnRetry
    #: Called with each image just before it gets its name, so that none is there of which nobody knows.
    note: Callable[[SavedImage], None]

    def save(self, link: ResultImage, index: int, is_known: Callable[[str], bool]) -> SavedImage | None:
        """Download one image and save it under its final name; None where ``is_known`` knows its digest."""
        folder = self.context.save_dir
        stem = metadata.make_file_stem(self.slug, self.job_id, index, self.created)
        part = folder / f".{stem}.part"
        infos: list[image_io.FileInfo] = []
        pixel_digest = [""]
        thumbnails: list[Image.Image] = []

        def check(file: Path) -> None:
            try:
                image = image_io.load(file, RESULT_FORMATS)
                infos[:] = [image_io.info_of(image)]
            except image_io.NotAnImage as problem:
                raise self._make_error("not_decodable", link, reason=problem.detail or problem.reason) from None
            # It is decoded here anyway, so that nobody waits for that when it is shown.
            with contain("pixels and thumbnail"):
                pixel_digest[:] = [image_io.digest_pixels(image)]
                thumbnails[:] = [shrink(image, self.context.preview_px)]

        try:
            folder.mkdir(parents=True, exist_ok=True)
            link = replace(link, expires_at=self.expiry(link))
            self.context.client.download(
                link, part, stop=self.stop, deadline=self.deadline, on_retry=self.on_retry, check=check
            )
            content = part.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if is_known(digest):
                return None
            path = absolute(folder) / f"{stem}.{image_io.SUFFIXES[infos[0].format]}"
            path = self._choose_path(path, index, content)
            image = self._build_image(path, infos[0], index, link)
            provenance = self._build_provenance(image)
            content = metadata.embed(content, provenance)
            saved = SavedImage(image, digest, hashlib.sha256(content).hexdigest(), pixel_digest[0])
            write_synced(part, content)
            self.note(saved)
            part.replace(path)
            _write_sidecar(path, provenance)
            with contain("thumbnail"):
                if thumbnails:
                    write_thumbnail(path, thumbnails[0], image.showing)
        except (OSError, ValueError) as problem:
            # A folder's name that no file system takes is a ValueError.
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise self._make_error("cannot_save", link, folder=str(folder), reason=reason) from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        return saved

    def add_missing_sidecars(self, images: Iterable[GeneratedImage]) -> None:
        """Write the sidecars of images that a killed process saved without them."""
        for image in images:
            if not is_file(metadata.find_sidecar(image.path)):
                with contextlib.suppress(OSError, ValueError):
                    _write_sidecar(image.path, self._build_provenance(image))

    def _build_provenance(self, image: GeneratedImage) -> JSONObject:
        # With the count, what a killed process has saved tells whether more is to come.
        return {**metadata.build_provenance(image, self.request.action), "images": self.count}

    def _choose_path(self, path: Path, index: int, content: bytes) -> Path:
        """The path, or one beside it where another order's image is, which may have been paid for as well."""
        ours = {"job_id": self.job_id, "task_id": self.task_id, "index": index}

        def is_free(one: Path) -> bool:
            if not one.exists():
                return True
            said = metadata.find_provenance(one)
            if not ours.items() <= dict(said).items():
                return False
            # Two orders of one job that were answered without a task differ in nothing but their images.
            return bool(self.task_id) or one.read_bytes() == metadata.embed(content, said)

        beside = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
        return next(one for one in itertools.chain((path,), beside) if is_free(one))

    def remove_partial_files(self) -> None:
        """Remove the partial files that a killed process left of this job, whose lock is ours."""
        with contextlib.suppress(OSError):
            for part in self.context.save_dir.glob(f".*-{metadata.short_id(self.job_id)}-*.part"):
                part.unlink()

    def _build_image(self, path: Path, info: image_io.FileInfo, index: int, link: ResultImage) -> GeneratedImage:
        return GeneratedImage(
            path=path,
            url=link.urls[0] if link.urls else None,
            expires_at=link.expires_at,
            prompt=self.request.prompt,
            model=self.request.model.id,
            parameters=self.request.parameters,
            task_id=self.task_id,
            cost_usd=self.cost_usd,
            width=info.width,
            height=info.height,
            format=info.format,
            job_id=self.job_id,
            index=index,
            created=self.created,
            edition=self.request.model.edition,
            demo=self.context.demo,
            showing=self.context.showing,
            session=self.context.session,
        )

    def expiry(self, link: ResultImage) -> float | None:
        """Return when a link expires (Unix seconds), by the server, else by the model's page; None if neither says."""
        # One that lies before the order was written in another unit, or by a clock that differs from this one.
        if link.expires_at is not None and link.expires_at > self.created:
            return link.expires_at
        hours = self.request.model.link_hours
        return self.created + hours * 3600 if hours else None

    def _make_error(self, code: str, link: ResultImage, **fields: str) -> DownloadFailed:
        words = "generation.the_link" if code == "not_decodable" else "generation.until_it_expires"
        return DownloadFailed(
            f"generation.{code}",
            # What came within the answer has no link that could be tried.
            where=i18n.text(words, link=shorten_link(link.urls[0])) if link.urls else "",
            links=link.urls,
            job_id=self.job_id,
            task_id=self.task_id,
            repeat=code == "not_decodable",
            retry_after=None,
            **fields,
        )


def find_saved(folder: Path, job_id: str) -> dict[Path, JSONObject]:
    """The images of a job in a folder that say so themselves, under names of ours, in order, with what they say."""
    with contextlib.suppress(OSError, ValueError):
        files = [path for path in folder.glob(f"*-{metadata.short_id(job_id)}-*") if path.suffix in _SUFFIXES]
        numbers = {path: metadata.read_file_stem(path.stem, job_id) for path in files}
        ordered = sorted((number, path) for path, number in numbers.items() if number is not None)
        read = [(index, path, metadata.find_provenance(path)) for (index, _), path in ordered]
        return {path: said for index, path, said in read if (said.get("job_id"), said.get("index")) == (job_id, index)}
    return {}


def is_unchanged(record: JSONObject) -> bool:
    """Whether a file that the journal lists is still the image that was saved there."""
    with contextlib.suppress(OSError, ValueError):
        content = Path(str(record["path"])).read_bytes()
        if record.get("file_digest") == hashlib.sha256(content).hexdigest():
            return True
        # A file that was optimised, or rated in a photo library, is no reason to pay again: it shows the same.
        image = image_io.load(content)
        if pixel_digest := record.get("pixel_digest"):
            return bool(pixel_digest == image_io.digest_pixels(image))
        # Of what a release before 0.2 has saved, the size is known.
        facts = asdict(image_io.info_of(image))
        return all(record.get(name) in (None, fact) for name, fact in facts.items())
    return False


def _write_sidecar(path: Path, provenance: JSONObject) -> None:
    sidecar = metadata.find_sidecar(path)
    sidecar_part = sidecar.with_name(f".{sidecar.name}.part")
    try:
        write_synced(sidecar_part, (metadata.to_json(provenance, indent=2) + "\n").encode())
        sidecar_part.replace(sidecar)
    finally:
        sidecar_part.unlink(missing_ok=True)


def find_slug(folder: Path, prompt: str, job_id: str) -> str:
    """The words of a prompt as the folder's file system takes them in names: as they are, in ASCII, or none."""
    slug = metadata.make_slug(prompt)
    candidates = dict.fromkeys((slug, metadata.make_ascii(slug), "image"))
    # Where not even the last one works, the names are not what is wrong.
    return next((one for one in candidates if _takes_name(folder, one, job_id)), slug)


def _takes_name(folder: Path, slug: str, job_id: str) -> bool:
    # The longest name of a file of ours; what a killed process leaves is removed with the job's other partial files.
    longest = folder / f".{metadata.make_file_stem(slug, job_id, 100, 0.0)}.webp.json.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        longest.open("ab").close()
        longest.unlink(missing_ok=True)
    except (OSError, ValueError):
        return False
    return True


def check_folder(folder: Path, *, make: bool = True) -> None:
    """Make a folder and a file in it, before anything is paid for; raises OptionMistake where that can't be done.

    Args:
        folder: where images are to be kept.
        make: False leaves the folder unmade, and tries the nearest one above that is there.
    """
    # Permissions alone don't tell: links lead nowhere, disks are full, file systems are mounted read-only.
    try:
        # The journal has to spell it too, and a path that isn't Unicode would be another one there.
        os.fspath(folder).encode()
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        there = next(one for one in (folder, *folder.parents) if one.exists())
        with tempfile.NamedTemporaryFile(prefix=".qwave-", suffix=".part", dir=there) as file:
            file.write(b"\0")
    except (OSError, ValueError) as problem:
        raise _make_folder_error(folder, problem) from None


def _make_folder_error(folder: Path, problem: Exception) -> OptionMistake:
    try:
        existing = next((one for one in (folder, *folder.parents) if one.exists()), folder)
        if existing.is_file():
            return OptionMistake("generation.folder_is_none", folder=printable(folder), place=printable(existing))
    except (OSError, ValueError):
        existing = folder
    if isinstance(problem, PermissionError):
        return OptionMistake("generation.folder_read_only", folder=printable(folder), place=printable(existing))
    return OptionMistake("generation.folder_unusable", folder=printable(folder), reason=describe(problem))
