"""The last stage of a job: its pictures onto the disk, at once, because their links die."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.client.error_responses import span
from qwave_jupyter.client.retry import OnRetry, Stopped
from qwave_jupyter.client.tasks import ImageLink, Task, expand_mirrors, to_usd
from qwave_jupyter.errors import DownloadFailed
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.saver import Keeper
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.jobs.cancellation import Course
from qwave_jupyter.jobs.journal.record import Entry
from qwave_jupyter.jobs.validation_errors import Mistake

__all__ = ["LONGEST_LIFE", "Fetch"]

#: Seconds for fetching where the time for the whole job is nearly up: the pictures are paid for.
_LEAST = 60.0
#: Links that were like this when the job was picked up again will be so for ever; after so many seconds all are dead
#: (seven days: Status page, edition 2026-09).
_LOST, LONGEST_LIFE = frozenset({"not_http", "no_link", "too_large"}), 7 * 86_400.0
#: Seconds between two rounds of asking for images that aren't at their links yet.
_ROUND = 15.0
#: Seconds before their end in which links are said to be near it.
_NEAR = 4 * 3600.0


@dataclass
class Fetch:
    """Fetches what a task made; the good ones are kept even where others fail.

    Args:
        course: the job.
        publish: makes the next snapshot from changes.
        on_retry: told before each repetition.
        say: adds a notice.
        deadline: monotonic seconds of the clock beyond which a transfer isn't repeated, some grace aside.
        entry: the journal's entry of a job that is picked up again, with what is there already.
    """

    course: Course
    publish: Callable[..., Any]
    on_retry: OnRetry
    say: Callable[[Mistake], None]
    deadline: float
    entry: Entry | None = None
    _here: dict[int, tuple[GeneratedImage, str]] = field(default_factory=dict)

    def __call__(self, task: Task) -> Gallery:
        """Fetch the pictures of a completed task.

        Raises:
            DownloadFailed: not one of them could be fetched or kept.
            Stopped: the job's stop event was set.
        """
        links = expand_mirrors(task.pictures, self.course.request.pictures_asked)
        self._here = self._already_here()
        self.publish(phase="downloading", progress=None, retry=None)
        keeper = self._keeper(task)
        if self.entry is not None:
            keeper.clear_away()
            self._warn_of_the_end(links, keeper)
        places = dict(enumerate(links, 1))
        failed, missing = self._each(places, keeper)
        if len(links) > len(task.pictures) and len(self._here) >= len(task.pictures):
            # Links that may have been mirrors of one image needn't all work; one that isn't ready may be another image.
            failed = {index: problem for index, problem in failed.items() if problem.code == "link_not_ready"}
        else:
            missing -= self._later(places, keeper, failed)
        self._conclude([failed[index] for index in sorted(failed)], missing)
        return self._gallery()

    def _warn_of_the_end(self, links: Sequence[ImageLink], keeper: Keeper) -> None:
        ends = [end for link in links if (end := keeper.expiry(link)) is not None]
        left = min(ends) - self.course.bench.clock.now() if ends else _NEAR
        if 0 < left < _NEAR and len(self._here) < len(links):
            self.say(Mistake("links_near_end", "images", len(links), severity="warn", detail={"wait": span(left)}))

    def _keeper(self, task: Task) -> Keeper:
        course = self.course
        cost = to_usd(task.cost_quota)
        return Keeper(
            bench=course.bench,
            request=course.request,
            job_id=course.job_id,
            task_id=course.task_id,
            created=self._created(),
            cost_usd=None if cost is None else round(cost / max(1, len(task.pictures)), 9),
            stop=course.stop,
            deadline=max(self.deadline, course.bench.clock.monotonic() + _LEAST),
            on_retry=self.on_retry,
        )

    def _created(self) -> float:
        if self.entry is not None:
            return self.entry.created
        return self.course.bench.clock.now() if self.course.created is None else self.course.created

    def _each(self, links: Mapping[int, ImageLink], keeper: Keeper) -> tuple[dict[int, DownloadFailed], int]:
        """What went wrong, by place, and how many images are missing for it."""
        failed: dict[int, DownloadFailed] = {}
        missing = 0
        for index, link in links.items():
            if index in self._here:
                continue
            try:
                kept = keeper.keep(link, index, self._is_known)
            except DownloadFailed as problem:
                failed[index] = problem
                missing += 1
                if problem.code == "cannot_save":
                    missing += sum(later > index and later not in self._here for later in links)
                    break
                continue
            if kept is not None:
                self._here[index] = (kept.image, kept.digest)
                files = [records.image_record(image, digest) for _, (image, digest) in sorted(self._here.items())]
                self.course.note(files=files)
                self.publish(gallery=self._gallery(), retry=None)
        return failed, missing

    def _later(self, links: Mapping[int, ImageLink], keeper: Keeper, failed: dict[int, DownloadFailed]) -> int:
        """Ask for images that weren't at their links yet until the time is up; how many are missing less for it."""
        clock, found = self.course.bench.clock, 0
        while not any(problem.code == "cannot_save" for problem in failed.values()):
            waiting = {index: links[index] for index, problem in failed.items() if problem.code == "link_not_ready"}
            left = keeper.deadline - clock.monotonic()
            if not waiting or left <= 0:
                break
            if clock.wait(min(_ROUND, left), self.course.stop):
                raise Stopped
            again, missing = self._each(waiting, keeper)
            found += len(waiting) - missing
            for index in waiting:
                del failed[index]
            failed.update(again)
        return found

    def _already_here(self) -> dict[int, tuple[GeneratedImage, str]]:
        if self.entry is None:
            return {}
        digests = {str(one["path"]): str(one.get("digest") or "") for one in self.entry.files}
        images = records.gallery_of(self.entry, self.course.bench)
        return {image.index: (image, digests.get(str(image.path), "")) for image in images}

    def _is_known(self, digest: str) -> bool:
        return any(digest == known for _, known in self._here.values())

    def _gallery(self) -> Gallery:
        return Gallery([self._here[index][0] for index in sorted(self._here)], showing=self.course.bench.showing)

    def _is_in_vain(self, failed: Sequence[DownloadFailed]) -> bool:
        """Whether picking the job up once more can't bring what is missing."""
        if self.entry is None:
            return False
        age = idempotency.age_of(self.entry.created, self.course.bench)
        old = age is not None and age > LONGEST_LIFE
        return all(_is_lost(problem) or (old and problem.code != "cannot_save") for problem in failed)

    def _conclude(self, failed: Sequence[DownloadFailed], missing: int) -> None:
        course = self.course
        if failed:
            said = {"code": failed[0].code, "text": str(failed[0])[:500]}
            ending = {"state": "done" if self._here else "failed"} if self._is_in_vain(failed) else {}
            course.note(error=said, **ending)
        if failed and not self._here:
            raise failed[0]
        if failed:
            detail = {"count": missing, "reason": str(failed[0])}
            self.say(Mistake("some_missing", "images", missing, severity="warn", detail=detail))
            return
        course.note(state="done", error=None)
        asked = course.request.pictures_asked
        if len(self._here) < asked:
            detail = {"asked": asked, "count": len(self._here)}
            self.say(Mistake("fewer_pictures", "n", len(self._here), severity="warn", detail=detail))


def _is_lost(problem: DownloadFailed) -> bool:
    # A link whose end nobody told may be refused now and work later.
    return problem.code in _LOST or (problem.code == "link_dead" and bool(problem.fields["gone"]))
