"""The last stage of a job: its images onto the disk, at once, because their links die."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qwave_jupyter.client.error_responses import format_duration, is_transient
from qwave_jupyter.client.image_links import image_address
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.client.tasks import ResultImage, Task, to_usd
from qwave_jupyter.errors import DownloadFailed, NotFound, QwaveError
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.images.saver import ImageSaver, SavedImage, find_slug
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import share_cost
from qwave_jupyter.jobs.journal.record import EntryState
from qwave_jupyter.jobs.result_links import NOT_LISTED, ListedImage, split_entries

if TYPE_CHECKING:
    from qwave_jupyter.jobs.runner import JobRunner

__all__ = ["LONGEST_LIFE", "ResultDownloader"]

#: Seconds for fetching where the time for the whole job is nearly up: the images are paid for.
_MIN_SECONDS = 60.0
#: Links that were like this when the job was picked up again will be so for ever; after so many seconds all are dead
#: (seven days: Status page, edition 2026-09).
_LOST, LONGEST_LIFE = frozenset({"not_http", "too_large"}), 7 * 86_400.0
#: The same of images that came in the answer to the order, whenever it is noticed.
_LOST_BYTES = frozenset({"cannot_save_bytes", "not_decodable_bytes", "no_link"})
#: What isn't there yet, and may come while the job waits.
_AWAITED = frozenset({"link_not_ready", "image_not_listed"})
#: What a host may answer otherwise later, where the problem is one to try again.
_PASSING = frozenset({"download_broke", "download_refused", "truncated"})
#: Seconds between two rounds of asking for images that aren't at their links yet.
_ROUND = 15.0
#: Seconds before their end in which a notice says so.
_NEAR = 4 * 3600.0


class ResultDownloader:
    """Downloads what a task made; the good images are saved even where others fail."""

    def __init__(self, job: JobRunner) -> None:
        self._job, self._context, self._entry = job, job.context, job.entry
        #: Each image that is on disk, by its index.
        self._here: dict[int, SavedImage] = {}
        #: The index of the image that is at an address.
        self._by_address: dict[str, int] = {}
        #: What went wrong with links that this run doesn't try again.
        self._given_up: dict[tuple[str, ...], DownloadFailed] = {}

    def download(self, task: Task) -> Gallery:
        """Download the images of a completed task."""
        self._here = self._already_here()
        self._by_address = {
            image_address(saved.image.url): index for index, saved in self._here.items() if saved.image.url
        }
        self._job.mark_downloading()
        saver = self._saver(task)
        if self._entry is not None:
            saver.remove_partial_files()
            saver.add_missing_sidecars(saved.image for saved in self._here.values())
            self._warn_if_links_end(task, saver)
        failed = self._save_listed(task, saver)
        while self._is_awaited(failed):
            left = saver.deadline - self._context.clock.monotonic()
            if left <= 0:
                break
            if self._context.clock.wait(min(_ROUND, left), self._job.stop):
                raise Stopped
            if any(problem.code == "image_not_listed" for problem in failed) or self._job.query_error is not None:
                task = self._job.ask_again(task)
            failed = self._save_listed(task, saver)
        self._share_cost(task, len(self._here) + len(failed))
        self._conclude(failed)
        return self._gallery()

    def _is_awaited(self, failed: Sequence[DownloadFailed]) -> bool:
        """Whether something that is missing may still come while the job waits."""
        codes = {problem.code for problem in failed}
        if not codes or "cannot_save" in codes:
            return False
        unanswered = self._job.query_error
        return bool(codes & _AWAITED) or (unanswered is not None and is_transient(unanswered))

    def _share_cost(self, task: Task, count: int) -> None:
        # How many images the links lead to is known only now, and what they cost may have changed meanwhile.
        cost = to_usd(task.cost_quota)
        if cost is None or not self._here:
            return
        share = share_cost(cost, count)
        if any(saved.image.cost_usd != share for saved in self._here.values()):
            self._here = {
                index: replace(saved, image=replace(saved.image, cost_usd=share)) for index, saved in self._here.items()
            }
            self._write_files(self._here)

    def _write_files(self, images: Mapping[int, SavedImage]) -> None:
        self._job.update_entry(files=[records.image_record(images[index]) for index in sorted(images)])

    def _warn_if_links_end(self, task: Task, saver: ImageSaver) -> None:
        links = [one.link for one in split_entries(task.images, self._job.request.images_asked)]
        links = [link for link in links if link.is_filled and not link.is_former]
        ends = [end for link in links if (end := saver.expiry(link)) is not None]
        left, count = min(ends) - self._context.clock.now() if ends else _NEAR, len(links)
        if 0 < left < _NEAR and len(self._here) < count:
            self._job.add_notice("links_near_end", "images", count, wait=format_duration(left), count=count)

    def _saver(self, task: Task) -> ImageSaver:
        job, clock = self._job, self._context.clock
        cost = to_usd(task.cost_quota)
        entries = sum(not link.is_former for link in task.images)
        are_spread = len(split_entries(task.images, job.request.images_asked)) > len(task.images)
        likely = job.request.images_asked if are_spread else entries
        return ImageSaver(
            context=self._context,
            request=job.request,
            job_id=job.job_id,
            task_id=job.task_id,
            slug=job.slug or find_slug(self._context.save_dir, job.request.prompt, job.job_id),
            created=clock.now() if job.created is None else job.created,
            cost_usd=None if cost is None else share_cost(cost, likely),
            count=likely,
            stop=job.stop,
            deadline=max(job.deadline, clock.monotonic() + _MIN_SECONDS),
            on_retry=job.on_retry,
            note=self._note,
        )

    def _note(self, saved: SavedImage) -> None:
        self._write_files({**self._here, saved.image.index: saved})

    def _save_listed(self, task: Task, saver: ImageSaver) -> list[DownloadFailed]:
        """Save each image that isn't here yet; what went wrong, once for each image that is missing."""
        everything = split_entries(task.images, self._job.request.images_asked)
        # What was never paid for isn't missing.
        may_come = task.cost_quota != 0 or not self._job.task_id
        listed = [one for one in everything if not one.link.is_former and (one.link.is_filled or may_come)]
        former = [one for one in everything if one.link.is_former]
        #: The entry that each image on disk belongs to, by the image's index.
        claims: dict[int, int] = {}
        awaited: list[tuple[int, ListedImage]] = []
        seen: set[str] = set()
        for place, one in enumerate(listed, 1):
            index, addresses = self._find(one.link), set(map(image_address, one.link.urls))
            if index is not None:
                claims.setdefault(index, one.entry)
            elif not addresses & seen:
                awaited.append((place, one))
            seen |= addresses
        failed = self._save_each(awaited, saver, claims)
        again = [(place, one) for place, one in enumerate(former, 1) if self._find(one.link) is None]
        problems = self._save_each(again, saver, claims)
        # Where neither address nor content tells, the place in the answer does.
        missing = [problem for place, problem in failed.items() if place not in self._here or place in claims]
        unseen = len(former) - len(self._here) - len(missing)
        missing += list(problems.values())[: max(0, unseen)]
        if len(everything) == len(task.images):
            return missing
        # The addresses of an entry are its images, or mirrors of one image: mirrors needn't all work, but one that may
        # work later may be another image.
        if set(claims.values()) >= {one.entry for one in listed}:
            missing = [problem for problem in missing if not _is_lost(problem)]
        return missing[: max(0, self._job.request.images_asked - len(self._here))]

    def _save_each(
        self, awaited: Sequence[tuple[int, ListedImage]], saver: ImageSaver, claims: dict[int, int]
    ) -> dict[int, DownloadFailed]:
        """Save images; what went wrong, by their places."""
        failed: dict[int, DownloadFailed] = {}
        reserved = {place for place, _ in awaited}
        for position, (place, one) in enumerate(awaited):
            problem = self._given_up.get(one.link.urls)
            if problem is None:
                problem = self._save(place, one, saver, claims, reserved)
            if problem is None:
                continue
            failed[place] = problem
            if problem.code == "cannot_save":
                return failed | dict.fromkeys((later for later, _ in awaited[position:]), problem)
            if problem.code not in _AWAITED and one.link.urls:
                self._given_up[one.link.urls] = problem
        return failed

    def _save(
        self, place: int, one: ListedImage, saver: ImageSaver, claims: dict[int, int], reserved: set[int]
    ) -> DownloadFailed | None:
        if not one.link.is_filled and self._job.task_id:
            return DownloadFailed("generation.image_not_listed", links=(), task_id=self._job.task_id)
        index = self._choose_index(place, reserved)
        same: list[int] = []

        def is_known(digest: str) -> bool:
            same[:] = self._find_equal(digest, one.entry, claims)[:1]
            return bool(same)

        try:
            saved = saver.save(one.link, index, is_known)
        except DownloadFailed as problem:
            problem.fields["expires_at"] = saver.expiry(one.link)
            return problem
        if saved is None:
            (index,) = same
            # So that it is known by its new address next time.
            known = self._here[index]
            url = next(iter(one.link.urls), known.image.url)
            self._here[index] = replace(known, image=replace(known.image, url=url, expires_at=saver.expiry(one.link)))
            self._write_files(self._here)
        else:
            self._here[index] = saved
            self._job.show_gallery(self._gallery())
        if not one.link.is_former:
            claims.setdefault(index, one.entry)
        self._by_address |= dict.fromkeys(map(image_address, one.link.urls), index)
        return None

    def _choose_index(self, place: int, reserved: set[int]) -> int:
        """The number that an image is saved under: its place, unless that is another's."""
        if place not in self._here:
            return place
        return next(number for number in itertools.count(1) if number not in self._here and number not in reserved)

    def _find(self, link: ResultImage) -> int | None:
        """The index of an image that is here already."""
        found = (self._by_address.get(image_address(url)) for url in link.urls)
        return next((index for index in found if index is not None and index in self._here), None)

    def _find_equal(self, digest: str, entry: int, claims: Mapping[int, int]) -> list[int]:
        """The images here that one with this digest may be."""
        # Only addresses of one entry can be mirrors; two entries are two images, even of equal bytes. What the last
        # answer doesn't list may be any image that it does.
        equal = [index for index, saved in self._here.items() if saved.digest == digest]
        return [index for index in equal if entry == NOT_LISTED or claims.get(index, NOT_LISTED) in {NOT_LISTED, entry}]

    def _already_here(self) -> dict[int, SavedImage]:
        found = [] if self._entry is None else records.saved_images(self._entry, self._context)
        # What was emptied or cut off since is fetched anew; what somebody painted over stays.
        return {saved.image.index: saved for saved in found if image_io.is_whole(saved.image.path)}

    def _gallery(self) -> Gallery:
        return Gallery([self._here[index].image for index in sorted(self._here)], showing=self._context.showing)

    def _are_lost(self, failed: Sequence[DownloadFailed]) -> bool:
        """Whether picking the job up once more can't bring what is missing."""
        if all(problem.code in _LOST_BYTES for problem in failed):
            return True
        if self._entry is None:
            return False
        # Of a server that couldn't be asked, the links are those of an earlier run. One that knows no such task lists
        # none that are newer.
        unanswered, old = self._job.query_error, self._job.is_old()
        asked = unanswered is None or (old and isinstance(unanswered, NotFound))
        return all(
            problem.code in _LOST_BYTES or (asked and (_is_lost(problem) or (old and self._is_outlived(problem))))
            for problem in failed
        )

    def _is_outlived(self, problem: DownloadFailed) -> bool:
        """Whether what is missing of a job that is older than any link lives can't come any more."""
        end = problem.fields.get("expires_at")
        is_good = isinstance(end, (int, float)) and end > self._context.clock.now()
        is_passing = problem.code == "cannot_save" or (problem.code in _PASSING and problem.fields["repeat"])
        return not (is_good or is_passing)

    def _without_task(self, problem: DownloadFailed) -> DownloadFailed:
        """The same where the server named no task that could be asked for the images again."""
        code = problem.code
        if not problem.fields["links"] and (
            code == "not_decodable" or (code == "cannot_save" and not self._job.bytes_kept)
        ):
            return DownloadFailed(f"generation.{code}_bytes", **problem.fields)
        return DownloadFailed("generation.link_dead", **problem.fields) if code == "link_dead" else problem

    def _conclude(self, failed: Sequence[DownloadFailed]) -> None:
        job = self._job
        if not job.task_id:
            failed = [self._without_task(problem) for problem in failed]
        if failed:
            reason = self._reason(failed[0])
            state = EntryState.DONE if self._here else EntryState.FAILED
            ending = {"state": state} if self._are_lost(failed) else {}
            job.update_entry(error={"code": reason.code, "text": str(reason)[:500]}, **ending)
            if not self._here:
                raise reason
            job.add_notice("some_missing", "images", len(failed), count=len(failed), reason=str(reason))
            return
        job.update_entry(state=EntryState.DONE, error=None)
        asked = job.request.images_asked
        if len(self._here) < asked:
            self._job.add_notice("fewer_images", "n", len(self._here), asked=asked, count=len(self._here))

    def _reason(self, problem: DownloadFailed) -> QwaveError:
        """Why images are missing, with what is known of the money."""
        unanswered = self._job.query_error
        if unanswered is not None and problem.code == "link_dead":
            # A fresh link would help, and this is why there is none.
            return unanswered
        problem.fields["charge"] = self._job.charge()
        return problem


def _is_lost(problem: DownloadFailed) -> bool:
    # A link whose end is unknown may be refused now and work later.
    return problem.code in _LOST or (problem.code == "link_dead" and bool(problem.fields["gone"]))
