"""The stages of one job, in the order in which they happen, each written down before the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qwave_jupyter import words
from qwave_jupyter.api.polling import Schedule
from qwave_jupyter.api.retries import Retry, Stopped
from qwave_jupyter.api.wire import PictureLink, Task, to_usd
from qwave_jupyter.errors import (
    ApiError,
    Cancelled,
    ConnectionFailed,
    DownloadFailed,
    GenerationError,
    QwaveError,
    TaskFailed,
    TooExpensive,
    WaitTimeout,
)
from qwave_jupyter.generation.gallery import Gallery, GeneratedImage
from qwave_jupyter.generation.keeping import Origin, keep
from qwave_jupyter.generation.request import Request
from qwave_jupyter.generation.snapshot import Snapshot
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["Run", "likeness"]

#: The pages give up after 5 minutes; at 4k and high quality two minutes are documented as normal.
_TIMEOUT, _TIMEOUT_4K = 300.0, 600.0
_CANCEL_WITHIN = 3.0
_FAILURES = {
    "upstream_bad_request": "generation.task_upstream_bad_request",
    "upstream_rate_limited": "generation.task_upstream_rate_limited",
    "upstream_unavailable": "generation.task_upstream_unavailable",
}


@dataclass
class Run:
    """One pass through the stages.

    Args:
        bench: what is needed.
        stop: set when the user wants it to end.
        publish: makes the next snapshot from changes.
        max_cost: USD that the server may hold.
        reuse: show an identical finished job instead.
    """

    bench: Workbench
    stop: threading.Event
    publish: Callable[..., Snapshot]
    max_cost: float | None = None
    reuse: bool = False

    def __call__(self, now: Snapshot, *, resumes: bool = False) -> None:
        """Run to the end; whatever happens is published."""
        lock = self.bench.journal.lock(now.job_id)
        lock.take()
        try:
            self._stages(now, resumes=resumes)
        except QwaveError as error:
            phase = (
                "cancelled"
                if isinstance(error, Cancelled)
                else "timeout"
                if isinstance(error, WaitTimeout)
                else "failed"
            )
            self.publish(phase=phase, error=error, retry=None, ended=self.bench.clock.monotonic())
        except Exception as problem:  # noqa: BLE001 - see below
            # A fault of ours must end the waiting too, and be seen whole by whoever asks for the result.
            fault = GenerationError("generation.our_fault", reason=f"{type(problem).__name__}: {problem}")
            fault.__cause__ = problem
            self.publish(phase="failed", error=fault, retry=None, ended=self.bench.clock.monotonic())
        finally:
            lock.release()

    def _stages(self, now: Snapshot, *, resumes: bool) -> None:
        request, started = now.request, self.bench.clock.now()
        if self.reuse and not resumes and self._shown_again(request):
            return
        if not resumes:
            self._intend(now, started)
        if now.task_id:
            task = Task(task_id=now.task_id)
        else:
            task = self._submitted(now.job_id, request)
            self._hold_to_limit(task)
        now = self._published(task)
        task = self._followed(task, now)
        gallery = self._fetched(task, now, started)
        seconds = self.bench.clock.monotonic() - now.started
        cost = to_usd(task.cost_quota)
        known = {} if resumes else {"seconds": seconds}
        self._note(now.job_id, state="done", cost_quota=task.cost_quota, **known)
        self.publish(phase="done", gallery=gallery, cost_usd=cost, retry=None, ended=self.bench.clock.monotonic())

    def _shown_again(self, request: Request) -> bool:
        row = self.bench.journal.same(request.fingerprint)
        pictures = [GeneratedImage.from_record(one) for one in row.files] if row else []
        if row is None or not pictures or not all(picture.path.is_file() for picture in pictures):
            return False
        gallery = Gallery(pictures, preview_px=self.bench.preview_px)
        ended = self.bench.clock.monotonic()
        self.publish(phase="done", gallery=gallery, reused=True, task_id=row.task_id or "", cost_usd=0.0, ended=ended)
        return True

    def _intend(self, now: Snapshot, created: float) -> None:
        request = now.request
        self.bench.journal.intend(
            now.job_id,
            created=created,
            edition=request.model.edition,
            base_url=_server(self.bench),
            model=request.model.id,
            action=str(request.effective("action") or ""),
            prompt=request.prompt,
            body=request.body,
            fingerprint=request.fingerprint,
            likeness=likeness(request),
            estimate_usd=request.estimate_usd,
            notebook=self.bench.notebook,
            save_dir=str(self.bench.save_dir),
        )

    def _submitted(self, job_id: str, request: Request) -> Task:
        if self.stop.is_set():
            self._note(job_id, state="cancelled")
            raise Cancelled("generation.cancelled_unsent", job_id=job_id, task_id="")
        self.publish(phase="submitting")
        try:
            task = self.bench.client.submit(
                request.body, idempotency_key=job_id, stop=self.stop, on_retry=self._retrying
            )
        except Stopped:
            raise Cancelled("generation.cancelled_unknown", job_id=job_id, task_id="") from None
        except ApiError as error:
            self._note(job_id, state="failed", error=str(error))
            raise
        except ConnectionFailed as error:
            if error.outcome_unknown:
                self._note(job_id, error="no answer")
                raise ConnectionFailed("generation.unknown_answer", outcome_unknown=True, job_id=job_id) from error
            self._note(job_id, state="failed", error=str(error))
            raise
        self._note(job_id, state="submitted", task_id=task.task_id, held_quota=task.held_quota)
        self.publish(task_id=task.task_id)
        return task

    def _hold_to_limit(self, task: Task) -> None:
        held = to_usd(task.held_quota)
        if self.max_cost is None or held is None or held <= self.max_cost or task.ended:
            return
        outcome = self._asked_to_cancel(task.task_id)
        raise TooExpensive(
            "generation.too_dear_after_submit",
            held=words.dollars(held),
            ceiling_words=words.dollars(self.max_cost),
            outcome=str(outcome),
        )

    def _followed(self, task: Task, now: Snapshot) -> Task:
        clock, request = self.bench.clock, now.request
        schedule = Schedule(self.bench.journal.durations(likeness(request)))
        self.publish(usual=schedule.usual())
        timeout = self.bench.timeout or _default_timeout(request)
        newborn = bool(task.status)
        while not task.ended:
            elapsed = clock.monotonic() - now.started
            if elapsed >= timeout:
                raise WaitTimeout("generation.timeout", seconds=timeout, job_id=now.job_id, task_id=task.task_id)
            delay = 0.0 if not task.status else schedule.next_delay(elapsed, task.progress, task.poll_hint)
            try:
                self._wait(min(delay, timeout - elapsed))
                answer = self.bench.client.task(task.task_id, newborn=newborn, stop=self.stop, on_retry=self._retrying)
            except Stopped:
                raise self._cancelled(now.job_id, task.task_id) from None
            newborn, task = False, answer
            self._published(task)
        return self._judged(task, now)

    def _wait(self, seconds: float) -> None:
        if self.bench.clock.wait(seconds, self.stop):
            raise Stopped

    def _published(self, task: Task) -> Snapshot:
        phase = task.state if task.state in {"queued", "processing"} else "processing"
        changes: dict[str, Any] = {"status": task.status, "progress": task.progress, "retry": None}
        if task.held_quota is not None:
            changes["held_usd"] = to_usd(task.held_quota)
        return self.publish(phase=phase, task_id=task.task_id, **changes)

    def _judged(self, task: Task, now: Snapshot) -> Task:
        if task.state == "completed" and task.pictures:
            return task
        ids = {"job_id": now.job_id, "task_id": task.task_id}
        if task.state == "cancelled":
            self._note(now.job_id, state="cancelled", cost_quota=task.cost_quota)
            raise Cancelled("generation.cancelled_elsewhere", **ids)
        failure = task.failure
        code = failure.code if failure else ""
        if task.state == "completed":
            error = TaskFailed("generation.completed_empty", **ids)
        else:
            message = (failure.message if failure else "").rstrip(".")[:300]
            key = _FAILURES.get(code, "generation.task_failed")
            error = TaskFailed(key, message=message, failure=code or "no reason given", **ids)
        self._note(now.job_id, state="failed", error=code or "completed without pictures", cost_quota=task.cost_quota)
        raise error

    def _fetched(self, task: Task, now: Snapshot, started: float) -> Gallery:
        self.publish(phase="downloading", progress=None)
        request = now.request
        row = self.bench.journal.row(now.job_id)
        pictures = [GeneratedImage.from_record(one) for one in (row.files if row else ())]
        self._note(now.job_id, state="completed")
        links = _links(task, request.pictures)
        cost = to_usd(task.cost_quota)
        origin = Origin(
            prompt=request.prompt,
            model=request.model.id,
            edition=request.model.edition,
            parameters=_parameters(request),
            task_id=task.task_id,
            created=row.created if row else started,
            cost_usd=None if cost is None else round(cost / len(links), 9),
        )
        here = {picture.index for picture in pictures}
        failed: DownloadFailed | None = None
        for index, link in enumerate(links, 1):
            if index in here:
                continue
            try:
                picture = keep(link, index, origin, self.bench, stop=self.stop, on_retry=self._retrying)
            except Stopped:
                raise Cancelled("generation.cancelled_kept", job_id=now.job_id, task_id=task.task_id) from None
            except DownloadFailed as problem:
                failed = problem
                continue
            pictures = sorted([*pictures, picture], key=lambda one: one.index)
            self._note(now.job_id, files=[one.record() for one in pictures])
            self.publish(gallery=Gallery(pictures, preview_px=self.bench.preview_px), retry=None)
        if failed is not None:
            raise failed
        return Gallery(pictures, preview_px=self.bench.preview_px)

    def _cancelled(self, job_id: str, task_id: str) -> Cancelled:
        outcome = self._asked_to_cancel(task_id)
        if outcome.code in {"cancelled_refunded", "cancelled_elsewhere"}:
            self._note(job_id, state="cancelled", refunded_quota=outcome.fields.get("quota"))
            self.publish(refunded_usd=to_usd(outcome.fields.get("quota")))
        outcome.fields["job_id"] = job_id
        return outcome

    def _asked_to_cancel(self, task_id: str) -> Cancelled:
        try:
            answer = self.bench.client.cancel(task_id, within=_CANCEL_WITHIN)
        except ApiError as error:
            known = error.status is not None and 400 <= error.status < 500
            return Cancelled("generation.cancelled_kept" if known else "generation.cancelled_unknown", task_id=task_id)
        except QwaveError:
            return Cancelled("generation.cancelled_unknown", task_id=task_id)
        quota = answer.refunded_quota
        usd = to_usd(quota)
        refund = words.dollars(usd) if usd is not None else words.say("generation.what_was_held")
        return Cancelled("generation.cancelled_refunded", task_id=task_id, refund=refund, quota=quota)

    def _retrying(self, retry: Retry) -> None:
        self.publish(retry=retry)

    def _note(self, job_id: str, **facts: Any) -> None:
        self.bench.journal.note(job_id, now=self.bench.clock.now(), **facts)


def likeness(request: Request) -> str:
    """What makes two jobs take about the same time: model, action, resolution, quality, number."""
    parts = [request.effective(name) for name in ("action", "resolution", "quality")]
    return "|".join(str(part or "") for part in (request.model.id, *parts, request.pictures))


def _links(task: Task, wanted: int) -> tuple[PictureLink, ...]:
    # Fewer entries than asked for, one of them with several links: those may be several pictures, not mirrors.
    if len(task.pictures) == 1 < wanted and len(task.pictures[0].urls) > 1:
        (only,) = task.pictures
        return tuple(PictureLink((url,), None, only.expires_at) for url in only.urls)
    return task.pictures


def _parameters(request: Request) -> Mapping[str, Any]:
    left = {name: value for name, value in request.values.items() if name != "prompt"}
    shown = {name: [_cut(one) for one in value] if name == "images" else _cut(value) for name, value in left.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}


def _cut(value: Any) -> Any:
    return "data:…" if isinstance(value, str) and value.startswith("data:") else value


def _default_timeout(request: Request) -> float:
    return _TIMEOUT_4K if str(request.effective("resolution")).lower() == "4k" else _TIMEOUT


def _server(bench: Workbench) -> str:
    # The demo's port changes from run to run; its tasks don't.
    return "demo" if bench.demo else bench.client.base_url
