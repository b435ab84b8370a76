"""A picture from its link to its final name: whole, decodable, with its provenance, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.client.retry import OnRetry
from qwave_jupyter.client.tasks import ImageLink
from qwave_jupyter.errors import DownloadFailed
from qwave_jupyter.image_formats import RESULT_FORMATS
from qwave_jupyter.images import filenames, image_io, metadata
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.images.preview import shrink, write_thumbnail

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.request import Request

__all__ = ["Keeper", "Kept"]


@dataclass(frozen=True)
class Kept:
    """One picture on disk.

    Args:
        image: the picture.
        digest: the SHA-256 of what the server sent.
    """

    image: GeneratedImage
    digest: str


@dataclass(frozen=True)
class Keeper:
    """Fetches the pictures of one job.

    Args:
        bench: client and folders.
        request: what was asked for.
        job_id: our job.
        task_id: the server's task.
        created: Unix seconds that stand in the file names.
        cost_usd: one picture's share of the cost, or None.
        stop: ends a transfer.
        deadline: monotonic seconds of the clock beyond which a transfer isn't repeated.
        on_retry: told before each repetition.
    """

    bench: JobContext
    request: Request
    job_id: str
    task_id: str
    created: float
    cost_usd: float | None
    stop: threading.Event
    deadline: float
    on_retry: OnRetry

    def keep(self, link: ImageLink, index: int, is_known: Callable[[str], bool]) -> Kept | None:
        """Fetch one picture and put it under its final name.

        Args:
            link: where it lies.
            index: its place among the job's pictures, from 1.
            is_known: whether a picture of this digest is there already.

        Returns:
            The picture; None when it is known.

        Raises:
            DownloadFailed: it can't be fetched, read or written; ``fields["links"]`` still lead to it.
            Stopped: the stop event was set.
        """
        folder = self.bench.save_dir
        stem = filenames.file_stem(self.request.prompt, self.job_id, index, self.created)
        # A name of its own for each attempt: an abandoned transfer may wake up much later, and clear its own file away.
        part = folder / f".{stem}.{uuid.uuid4().hex[:8]}.part"
        found: list[image_io.PictureFacts] = []
        small: list[Image.Image] = []

        def check(arrived: Path) -> None:
            try:
                picture = image_io.load(arrived, RESULT_FORMATS)
                found[:] = [image_io.facts_of(picture)]
            except image_io.NotAPicture as problem:
                raise self._failed("not_decodable", link, reason=problem.detail or problem.reason) from None
            # It had to be decoded anyway; whoever shows it needn't wait for that again.
            with contextlib.suppress(OSError, ValueError):
                small[:] = [shrink(picture, self.bench.preview_px)]

        try:
            folder.mkdir(parents=True, exist_ok=True)
            timed = replace(link, expires_at=self.expiry(link))
            self.bench.client.download(
                timed, part, stop=self.stop, deadline=self.deadline, on_retry=self.on_retry, check=check
            )
            content = part.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if is_known(digest):
                return None
            kept = Kept(self._named(part, content, found[0], stem, index, link), digest)
            with contextlib.suppress(OSError, ValueError):
                if small:
                    write_thumbnail(kept.image.path, small[0], self.bench.showing)
            return kept  # noqa: TRY300 - what can go wrong stands above
        except (OSError, ValueError) as problem:
            # A folder's name that no file system takes is a ValueError.
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise self._failed("cannot_save", link, folder=str(folder), reason=reason) from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def clear_away(self) -> None:
        """Remove what a killed process left half done of this job, whose lock is ours."""
        with contextlib.suppress(OSError):
            for left in self.bench.save_dir.glob(f".*-{filenames.short_id(self.job_id)}-*.part"):
                left.unlink()

    def _named(
        self, part: Path, content: bytes, facts: image_io.PictureFacts, stem: str, index: int, link: ImageLink
    ) -> GeneratedImage:
        image = GeneratedImage(
            path=part.with_name(f"{stem}.{image_io.ENDINGS[facts.format]}"),
            url=link.urls[0] if link.urls else None,
            expires_at=self.expiry(link),
            prompt=self.request.prompt,
            model=self.request.model.id,
            parameters=self.request.parameters,
            task_id=self.task_id,
            cost_usd=self.cost_usd,
            width=facts.width,
            height=facts.height,
            format=facts.format,
            job_id=self.job_id,
            index=index,
            created=self.created,
            edition=self.request.model.edition,
            demo=self.bench.demo,
            showing=self.bench.showing,
            session=self.bench.session,
        )
        image = replace(image, path=image.path.absolute())
        facts_told = metadata.provenance_of(image, self.request.action)
        _write_whole(part, metadata.splice(content, facts_told))
        part.replace(image.path)
        sidecar = metadata.sidecar_of(image.path)
        note = sidecar.with_name(f".{sidecar.name}.part")
        try:
            _write_whole(note, (metadata.as_json(facts_told, indent=2) + "\n").encode())
            note.replace(sidecar)
        finally:
            note.unlink(missing_ok=True)
        return image

    def expiry(self, link: ImageLink) -> float | None:
        """Unix seconds when a link dies, as the server says or else the model's page; None where neither does."""
        if link.expires_at is not None:
            return link.expires_at
        hours = self.request.model.link_hours
        return self.created + hours * 3600 if hours else None

    def _failed(self, code: str, link: ImageLink, **fields: str) -> DownloadFailed:
        where = link.urls[0][:500] if link.urls else "–"
        return DownloadFailed(
            f"generation.{code}",
            link=where,
            links=link.urls,
            job_id=self.job_id,
            task_id=self.task_id,
            repeat=code == "not_decodable",
            retry_after=None,
            **fields,
        )


def _write_whole(path: Path, content: bytes) -> None:
    # On disk before it gets its name, so that a power cut leaves no empty file under a final name.
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
