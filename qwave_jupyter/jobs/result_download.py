"""The last stage of a job: its images onto the disk, at once, because their links die."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qwave_jupyter.client.error_responses import format_duration
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.client.tasks import ResultImage, Task, expand_mirrors, to_usd
from qwave_jupyter.errors import DownloadFailed
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.saver import ImageSaver, find_slug
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.journal.record import EntryState
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from qwave_jupyter.jobs.runner import JobRunner

__all__ = ["LONGEST_LIFE", "ResultDownloader"]

#: Seconds for fetching where the time for the whole job is nearly up: the images are paid for.
_MIN_SECONDS = 60.0
#: Links that were like this when the job was picked up again will be so for ever; after so many seconds all are dead
#: (seven days: Status page, edition 2026-09).
_LOST, LONGEST_LIFE = frozenset({"not_http", "no_link", "too_large"}), 7 * 86_400.0
#: The same of images that came in the answer to the order, whenever it is noticed.
_LOST_BYTES = frozenset({"cannot_save_bytes", "not_decodable_bytes"})
#: Seconds between two rounds of asking for images that aren't at their links yet.
_ROUND = 15.0
#: Seconds before their end in which a notice says so.
_NEAR = 4 * 3600.0


class ResultDownloader:
    """Downloads what a task made; the good images are saved even where others fail."""

    def __init__(self, job: JobRunner) -> None:
        self._job, self._context, self._entry = job, job.context, job.entry
        #: Each image that is on disk with its digest, by its index.
        self._here: dict[int, tuple[GeneratedImage, str]] = {}
        #: The entry of the answer that each link comes from, by the link's index.
        self._entry_of: dict[int, int] = {}

    def download(self, task: Task) -> Gallery:
        """Download the images of a completed task."""
        links = expand_mirrors(task.images, self._job.request.images_asked)
        are_spread = len(links) > len(task.images)
        parts = [max(1, len(link.urls)) if are_spread and link.data is None else 1 for link in task.images]
        entries = [entry for entry, count in enumerate(parts) for _ in range(count)]
        self._entry_of = dict(enumerate(entries, 1))
        self._here = self._already_here()
        self._job.mark_downloading()
        likely = self._job.request.images_asked if are_spread else len(task.images)
        saver = self._saver(task, likely)
        if self._entry is not None:
            saver.remove_partial_files()
            self._warn_if_links_end(links, saver)
        indexed = dict(enumerate(links, 1))
        failed, missing = self._save_each(indexed, saver)
        if len(links) > len(task.images) and len(self._here) >= len(task.images):
            # Links that may have been mirrors of one image needn't all work; one that isn't ready may be another image.
            failed = {index: problem for index, problem in failed.items() if problem.code == "link_not_ready"}
        else:
            missing -= self._retry_later(indexed, saver, failed)
        if not failed:
            self._share_cost(task, likely)
        self._conclude([failed[index] for index in sorted(failed)], missing)
        return self._gallery()

    def _share_cost(self, task: Task, likely: int) -> None:
        # An entry with several links may be one image and its mirrors, or several: only now their number is known.
        cost = to_usd(task.cost_quota)
        if cost is None or len(self._here) in {0, likely}:
            return
        share = round(cost / len(self._here), 9)
        self._here = {index: (replace(image, cost_usd=share), digest) for index, (image, digest) in self._here.items()}
        self._job.update_entry(files=self._file_records())

    def _file_records(self) -> list[JSONObject]:
        return [records.image_record(image, digest) for _, (image, digest) in sorted(self._here.items())]

    def _warn_if_links_end(self, links: Sequence[ResultImage], saver: ImageSaver) -> None:
        ends = [end for link in links if (end := saver.expiry(link)) is not None]
        left = min(ends) - self._context.clock.now() if ends else _NEAR
        if 0 < left < _NEAR and len(self._here) < len(links):
            count = len(links)
            self._job.add_notice("links_near_end", "images", count, wait=format_duration(left), count=count)

    def _saver(self, task: Task, likely: int) -> ImageSaver:
        job, clock = self._job, self._context.clock
        cost = to_usd(task.cost_quota)
        return ImageSaver(
            context=self._context,
            request=job.request,
            job_id=job.job_id,
            task_id=job.task_id,
            slug=job.slug or find_slug(self._context.save_dir, job.request.prompt, job.job_id),
            created=clock.now() if job.created is None else job.created,
            cost_usd=None if cost is None else round(cost / max(1, likely), 9),
            stop=job.stop,
            deadline=max(job.deadline, clock.monotonic() + _MIN_SECONDS),
            on_retry=job.on_retry,
        )

    def _save_each(self, links: Mapping[int, ResultImage], saver: ImageSaver) -> tuple[dict[int, DownloadFailed], int]:
        """What went wrong, by index, and how many images are missing for it."""
        failed: dict[int, DownloadFailed] = {}
        missing = 0
        for index, link in links.items():
            if index in self._here:
                continue
            try:
                saved = saver.save(link, index, functools.partial(self._is_known, index))
            except DownloadFailed as problem:
                failed[index] = problem
                missing += 1
                if problem.code == "cannot_save":
                    missing += sum(later > index and later not in self._here for later in links)
                    break
                continue
            if saved is not None:
                self._here[index] = (saved.image, saved.digest)
                self._job.update_entry(files=self._file_records())
                self._job.show_gallery(self._gallery())
        return failed, missing

    def _retry_later(
        self, links: Mapping[int, ResultImage], saver: ImageSaver, failed: dict[int, DownloadFailed]
    ) -> int:
        """Ask for images that weren't at their links yet until the time is up; how many are missing less for it."""
        clock, found = self._context.clock, 0
        while not any(problem.code == "cannot_save" for problem in failed.values()):
            waiting = {index: links[index] for index, problem in failed.items() if problem.code == "link_not_ready"}
            left = saver.deadline - clock.monotonic()
            if not waiting or left <= 0:
                break
            if clock.wait(min(_ROUND, left), self._job.stop):
                raise Stopped
            again, missing = self._save_each(waiting, saver)
            found += len(waiting) - missing
            for index in waiting:
                del failed[index]
            failed.update(again)
        return found

    def _already_here(self) -> dict[int, tuple[GeneratedImage, str]]:
        if self._entry is None:
            return {}
        digests = {str(one["path"]): str(one.get("digest") or "") for one in self._entry.files}
        images = records.gallery_of(self._entry, self._context)
        return {image.index: (image, digests.get(str(image.path), "")) for image in images}

    def _is_known(self, index: int, digest: str) -> bool:
        # Only addresses of one entry can be mirrors; two entries are two images, even of equal bytes.
        entry = self._entry_of[index]
        return any(digest == known and self._entry_of.get(other) == entry for other, (_, known) in self._here.items())

    def _gallery(self) -> Gallery:
        return Gallery([self._here[index][0] for index in sorted(self._here)], showing=self._context.showing)

    def _are_lost(self, failed: Sequence[DownloadFailed]) -> bool:
        """Whether picking the job up once more can't bring what is missing."""
        if all(problem.code in _LOST_BYTES for problem in failed):
            return True
        if self._entry is None:
            return False
        old = self._job.is_old()
        return all(
            problem.code in _LOST_BYTES or _is_lost(problem) or (old and problem.code != "cannot_save")
            for problem in failed
        )

    def _without_task(self, problem: DownloadFailed) -> DownloadFailed:
        """The same where the server named no task that could be asked for the images again."""
        code = problem.code
        if not problem.fields["links"] and (
            code == "not_decodable" or (code == "cannot_save" and not self._job.bytes_kept)
        ):
            return DownloadFailed(f"generation.{code}_bytes", **problem.fields, charge=self._job.charge())
        return DownloadFailed("generation.link_dead", **problem.fields) if code == "link_dead" else problem

    def _conclude(self, failed: Sequence[DownloadFailed], missing: int) -> None:
        job = self._job
        if not job.task_id:
            failed = [self._without_task(problem) for problem in failed]
        if failed:
            record = {"code": failed[0].code, "text": str(failed[0])[:500]}
            state = EntryState.DONE if self._here else EntryState.FAILED
            ending = {"state": state} if self._are_lost(failed) else {}
            job.update_entry(error=record, **ending)
        if failed and not self._here:
            raise failed[0]
        if failed:
            self._job.add_notice("some_missing", "images", missing, count=missing, reason=str(failed[0]))
            return
        job.update_entry(state=EntryState.DONE, error=None)
        asked = job.request.images_asked
        if len(self._here) < asked:
            self._job.add_notice("fewer_images", "n", len(self._here), asked=asked, count=len(self._here))


def _is_lost(problem: DownloadFailed) -> bool:
    # A link whose end is unknown may be refused now and work later.
    return problem.code in _LOST or (problem.code == "link_dead" and bool(problem.fields["gone"]))
