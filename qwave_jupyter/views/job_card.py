"""The card of a job, as HTML that needs neither script nor kernel, and as text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.errors import Cancelled, QwaveError, RateLimited, RequestRefused
from qwave_jupyter.folders import find_working_folder
from qwave_jupyter.views.models import format_unknown_price
from qwave_jupyter.views.templating import STYLE, inline_style, render_template, wrap_cards

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.jobs.snapshot import Snapshot

__all__ = [
    "PROGRESS_DELAY",
    "STYLE",
    "format_task_id",
    "format_text",
    "join",
    "render_batch",
    "render_ended",
    "render_error",
    "render_refusal",
    "render_running",
    "to_mimebundle",
]

#: Seconds before the progress bar is shown; earlier it would only flash.
PROGRESS_DELAY = 1.0
#: This many last characters of an id tell a user's jobs apart, and every command takes them.
_SHORT_ID = 6
#: Of more files only the first and the last are named.
_MAX_NAMES = 9


def render_running(snapshot: Snapshot, now: float, *, hint: str = "") -> str:
    """Return the card of a job under way at ``now`` (monotonic seconds); ``hint`` says how to stop it."""
    elapsed = _measure_elapsed(snapshot, now)
    show_progress = elapsed >= PROGRESS_DELAY
    estimate = min(0.95, elapsed / snapshot.usual[1]) if snapshot.usual and not snapshot.progress else 0.0
    parts = [f"{elapsed:.0f} s"] if show_progress else []
    if snapshot.usual:
        low, high = (f"{seconds:.0f}" for seconds in snapshot.usual)
        key = "status.estimated" if estimate and show_progress else "notebook.usually"
        parts.append(i18n.text(key, percent=round(estimate * 100), low=low, high=high))
    if hint:
        parts.append(hint)
    price = snapshot.held_usd if snapshot.held_usd is not None else snapshot.request.estimate_usd
    width, height = _scale_placeholder(snapshot.request)
    return render_template(
        "job_running.html",
        **_build_job_values(snapshot),
        phase=_format_phase(snapshot),
        percent=_format_percent(snapshot),
        parts=parts,
        notices=_list_notices(snapshot),
        price=i18n.dollars(price) if price is not None else "",
        width=width,
        height=height,
        bar=_build_bar(snapshot.progress or estimate, estimated=not snapshot.progress) if show_progress else None,
    )


def render_ended(snapshot: Snapshot) -> str:
    """Return the card that a saved notebook contains."""
    if snapshot.error is not None:
        return render_error(snapshot.error, snapshot)
    return render_template(
        "job_ended.html",
        **_build_job_values(snapshot),
        outcome=_format_outcome(snapshot),
        files=_format_files(snapshot),
        # Frontends draw images without their alternative text: a screen reader finds it here.
        prompt=snapshot.gallery.alt if snapshot.gallery else "",
        notices=_list_notices(snapshot),
        price=_format_price(snapshot),
    )


def render_error(error: QwaveError, snapshot: Snapshot | None = None) -> str:
    """Return the card of an error: what went wrong, why, and what to do next."""
    return render_template(
        "job_error.html",
        job=_build_job_values(snapshot) if snapshot else None,
        error=str(error),
        notices=_list_notices(snapshot) if snapshot else [],
        # A job that the user cancelled isn't shown as an error.
        cancelled=isinstance(error, Cancelled),
    )


def render_refusal(error: QwaveError, model: str) -> str:
    """Return the card of a request that wasn't sent: each violation on a line of its own."""
    if not isinstance(error, RequestRefused):
        return render_error(error)
    violations = [str(violation) for violation in error.fields["violations"]]
    return render_template("job_refusal.html", model=model, violations=violations)


def format_text(snapshot: Snapshot, now: float) -> str:
    """Return a job in one line, for terminals and viewers without HTML; one that is over has its notices below."""
    notices = "".join(f"\nqwave: {notice}" for notice in _list_notices(snapshot))
    if snapshot.error is not None:
        return f"qwave: {snapshot.error}{notices}"
    if snapshot.is_over:
        parts = (_format_outcome(snapshot), snapshot.request.model.id, _format_files(snapshot), _format_price(snapshot))
        return f"qwave: {' · '.join(filter(None, parts))}{notices}"
    phase = _format_phase(snapshot) + _format_percent(snapshot)
    return f"qwave: {snapshot.request.model.id} · {phase} · {_measure_elapsed(snapshot, now):.0f} s"


def render_batch(
    *, title: str, line: str, right: str, share: float | None, demo: bool, bad: bool = False, prompt: str = ""
) -> str:
    """Return the card of many jobs from plain texts; ``share`` is 0 to 1 while it goes on, None when it has ended."""
    values = {"title": title, "line": line, "right": right, "demo": demo, "bad": bad, "prompt": prompt}
    return render_template("batch_card.html", **values, bar=_build_bar(share or 0.0), live=share is not None)


def format_task_id(job: Job) -> str:
    """Return the end of a job's task id, or of its own id before it has one."""
    return str(job.task_id or job.id)[-_SHORT_ID:]


def join(cards: Iterable[str]) -> str:
    """Return several cards below each other."""
    return '<div class="qw-gap"></div>'.join(cards)


def to_mimebundle(markup: str, text: str) -> dict[str, str]:
    """Return the HTML of cards and their text as a MIME bundle."""
    return {"text/html": inline_style(wrap_cards(markup, with_style=False)), "text/plain": text}


def _build_job_values(snapshot: Snapshot) -> dict[str, str | bool]:
    return {
        "model": snapshot.request.model.id,
        "options": _format_options(snapshot.request),
        "demo": snapshot.demo,
        "task_id": snapshot.task_id,
        "short_id": snapshot.task_id[-_SHORT_ID:],
    }


def _list_notices(snapshot: Snapshot) -> list[str]:
    # Those of the request are shown before it is sent; that images are reused, the outcome says.
    known = snapshot.request.warnings
    return [str(notice) for notice in snapshot.notices if notice not in known and notice.code != "reused"]


def _build_bar(share: float, *, estimated: bool = False) -> dict[str, int | bool] | None:
    return {"percent": min(99, round(share * 100)), "estimated": estimated} if share else None


def _format_options(request: Request) -> str:
    values = (request.values.get(name) for name in ("aspect_ratio", "resolution", "quality"))
    parts = [str(value) for value in values if value is not None]
    if request.images_asked > 1:
        parts.append(i18n.text("notebook.images", count=request.images_asked))
    if request.fixed_seed is not None:
        parts.append(f"seed {request.fixed_seed}")
    if request.action_inferred:
        parts.append(i18n.text("notebook.action", action=request.action_inferred))
    return " · ".join(part for part in parts if part)


def _scale_placeholder(request: Request) -> tuple[str, str]:
    ratio = request.ratio or 1.0
    width, height = (60, 60 / ratio) if ratio > 1.5 else (40 * ratio, 40)
    return f"{width:.0f}", f"{max(8, height):.0f}"


def _format_phase(snapshot: Snapshot) -> str:
    if snapshot.retry is not None:
        key = "status.throttled" if isinstance(snapshot.retry.reason, RateLimited) else "notebook.retrying"
        return i18n.text(key, seconds=f"{snapshot.retry.delay:.0f}")
    text = i18n.text(f"notebook.phase_{snapshot.phase}")
    return f"{text} ({snapshot.unusual_status[:40]})" if snapshot.unusual_status else text


def _format_percent(snapshot: Snapshot) -> str:
    return f" {snapshot.progress:.0%}" if snapshot.progress and snapshot.retry is None else ""


def _measure_elapsed(snapshot: Snapshot, now: float) -> float:
    return snapshot.elapsed if snapshot.is_over else max(0.0, now - snapshot.started)


def _format_outcome(snapshot: Snapshot) -> str:
    images = i18n.text("notebook.images", count=len(snapshot.gallery or ()))
    if snapshot.reused:
        return i18n.text("notebook.reused", images=images)
    return i18n.text("notebook.done", images=images, seconds=f"{snapshot.elapsed:.1f}")


def _format_files(snapshot: Snapshot) -> str:
    paths = snapshot.gallery.paths if snapshot.gallery else ()
    if not paths:
        return ""
    # One job's files differ in the end of their names alone.
    ends = [path.name[path.name.rindex("-") :] for path in paths[1:]]
    if len(ends) > _MAX_NAMES:
        ends = ["…", ends[-1]]
    return ", ".join([_format_path(paths[0]), *ends])


def _format_path(path: Path) -> str:
    # A path relative to the notebook is enough for its reader and tells nothing of the machine.
    try:
        return str(path.relative_to(find_working_folder()))
    except ValueError:
        return str(path)


def _format_price(snapshot: Snapshot) -> str:
    if snapshot.cost_usd is not None:
        return i18n.dollars(snapshot.cost_usd)
    if snapshot.request.estimate_usd is not None:
        return i18n.text("notebook.about", usd=i18n.dollars(snapshot.request.estimate_usd))
    return format_unknown_price(snapshot.request.model)
