"""The card of a job, as HTML that needs neither script nor kernel, and as text.

It uses JupyterLab's colours with fallbacks, for light and dark, Notebook 7, VS Code and static HTML.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog.violations import ratio_of
from qwave_jupyter.errors import Cancelled, QwaveError, RateLimited, RequestRefused
from qwave_jupyter.folders import working_folder
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.jobs.snapshot import Snapshot
from qwave_jupyter.views.style import STYLE
from qwave_jupyter.views.templating import render_template

__all__ = [
    "PROGRESS_DELAY",
    "STYLE",
    "format_text",
    "render_batch",
    "render_ended",
    "render_error",
    "render_refusal",
    "render_running",
    "short_id",
    "to_mimebundle",
]

#: Seconds before the progress bar is shown; earlier it would only flash.
PROGRESS_DELAY = 1.0
#: This many last characters of an id tell a user's jobs apart, and every command takes them.
_SHORT_ID = 6
#: Of more files only the first and the last are named.
_MAX_NAMES = 9


def render_running(now: Snapshot, clock: float, *, hint: str = "") -> str:
    """Return the card of a job under way.

    Args:
        now: the job.
        clock: the monotonic clock, seconds.
        hint: how to stop it, where there is no button.
    """
    elapsed = _elapsed(now, clock)
    show_progress = elapsed >= PROGRESS_DELAY
    estimate = 0.0 if now.progress else _estimated_progress(now, elapsed)
    parts = [f"{elapsed:.0f} s"] if show_progress else []
    if now.usual:
        low, high = (f"{seconds:.0f}" for seconds in now.usual)
        key = "status.estimated" if estimate and show_progress else "notebook.usually"
        parts.append(i18n.say(key, percent=round(estimate * 100), low=low, high=high))
    if hint:
        parts.append(hint)
    price = now.held_usd if now.held_usd is not None else now.request.estimate_usd
    width, height = _placeholder_size(now.request)
    return render_template(
        "job_running.html",
        **_job_values(now),
        phase=_phase(now),
        percent=_percent(now),
        parts=parts,
        price=i18n.dollars(price) if price is not None else "",
        width=width,
        height=height,
        bar=_bar(now.progress or estimate, estimated=not now.progress) if show_progress else None,
    )


def render_ended(now: Snapshot) -> str:
    """Return the card that a saved notebook contains."""
    if now.error is not None:
        return render_error(now.error, now)
    return render_template(
        "job_ended.html", **_job_values(now), outcome=_outcome(now), files=_files(now), price=_price(now)
    )


def render_error(error: QwaveError, now: Snapshot | None = None) -> str:
    """Return the card of an error: what went wrong, why, and what to do next."""
    return render_template(
        "job_error.html",
        job=_job_values(now) if now else None,
        error=str(error),
        # A job that the user cancelled isn't shown as an error.
        cancelled=isinstance(error, Cancelled),
    )


def render_refusal(error: QwaveError, model: str) -> str:
    """Return the card of a request that wasn't sent: each violation on a line of its own."""
    if not isinstance(error, RequestRefused):
        return render_error(error)
    violations = [str(violation) for violation in error.fields["violations"]]
    return render_template("job_refusal.html", model=model, violations=violations)


def format_text(now: Snapshot, clock: float) -> str:
    """Return a job in one line, for terminals and viewers without HTML."""
    if now.error is not None:
        return f"qwave: {now.error}"
    if now.phase == "done":
        return f"qwave: {_outcome(now)} · {_files(now)} · {_price(now)}"
    elapsed = f"{_elapsed(now, clock):.0f} s"
    return " · ".join(part for part in ("qwave: " + now.request.model.id, _phase(now) + _percent(now), elapsed) if part)


def render_batch(*, title: str, line: str, right: str, share: float | None, demo: bool, bad: bool = False) -> str:
    """Return the card of many jobs.

    Args:
        title: plain text.
        line: plain text.
        right: plain text.
        share: 0 to 1 while it goes on; None when it has ended.
        demo: whether the demo serves.
        bad: whether every job failed.
    """
    return render_template(
        "batch_card.html",
        title=title,
        line=line,
        right=right,
        bar=_bar(share or 0.0),
        live=share is not None,
        demo=demo,
        bad=bad,
    )


def short_id(job: Any) -> str:
    """Return the end of a job's task id, or of its own id before it has one."""
    return str(job.task_id or job.id)[-_SHORT_ID:]


def to_mimebundle(markup: str, text: str) -> dict[str, str]:
    """Return HTML and its text as a MIME bundle."""
    return {"text/html": f'{STYLE}<div class="qw">{markup}</div>', "text/plain": text}


def _job_values(now: Snapshot) -> dict[str, Any]:
    return {
        "model": now.request.model.id,
        "options": _options(now.request),
        "demo": now.demo,
        "task_id": now.task_id,
        "short_id": now.task_id[-_SHORT_ID:],
    }


def _bar(share: float, *, estimated: bool = False) -> dict[str, Any] | None:
    return {"percent": min(99, round(share * 100)), "estimated": estimated} if share else None


def _options(request: Request) -> str:
    values = (request.values.get(name) for name in ("aspect_ratio", "resolution", "quality"))
    parts = [str(value) for value in values if value is not None]
    if request.pictures_asked > 1:
        parts.append(i18n.say("notebook.pictures", count=request.pictures_asked))
    if request.values.get("seed") not in {None, -1}:
        parts.append(f"seed {request.values['seed']}")
    if request.action_inferred:
        parts.append(i18n.say("notebook.action", action=request.action_inferred))
    return " · ".join(part for part in parts if part)


def _placeholder_size(request: Request) -> tuple[str, str]:
    ratio = ratio_of(request.aspect_ratio) or 1.0
    width, height = (60, 60 / ratio) if ratio > 1.5 else (40 * ratio, 40)
    return f"{width:.0f}", f"{max(8, height):.0f}"


def _phase(now: Snapshot) -> str:
    if now.retry is not None:
        key = "status.throttled" if isinstance(now.retry.reason, RateLimited) else "notebook.retrying"
        return i18n.say(key, seconds=f"{now.retry.delay:.0f}")
    known = i18n.say(f"notebook.phase_{now.phase}")
    unknown = now.phase == "processing" and now.status_word and now.status_word.lower() not in {"processing", "queued"}
    return f"{known} ({now.status_word[:40]})" if unknown else known


def _percent(now: Snapshot) -> str:
    return f" {now.progress:.0%}" if now.progress and now.retry is None else ""


def _elapsed(now: Snapshot, clock: float) -> float:
    return now.elapsed if now.is_over else max(0.0, clock - now.started)


def _estimated_progress(now: Snapshot, elapsed: float) -> float:
    return min(0.95, elapsed / now.usual[1]) if now.usual else 0.0


def _outcome(now: Snapshot) -> str:
    images = i18n.say("notebook.pictures", count=len(now.gallery or ()))
    if now.reused:
        return i18n.say("notebook.reused", pictures=images)
    return i18n.say("notebook.done", pictures=images, seconds=f"{now.elapsed:.1f}")


def _files(now: Snapshot) -> str:
    paths = now.gallery.paths if now.gallery else ()
    if not paths:
        return ""
    # One job's files differ in the end of their names alone.
    ends = [path.name[path.name.rindex("-") :] for path in paths[1:]]
    if len(ends) > _MAX_NAMES:
        ends = ["…", ends[-1]]
    return ", ".join([_relative(paths[0]), *ends])


def _relative(path: Path) -> str:
    # A path relative to the notebook is enough for its reader and tells nothing of the machine.
    try:
        return str(path.relative_to(working_folder()))
    except ValueError:
        return str(path)


def _price(now: Snapshot) -> str:
    known: Any = now.cost_usd
    if known is not None:
        return i18n.dollars(known)
    if now.request.estimate_usd is not None:
        return i18n.say("notebook.about", usd=i18n.dollars(now.request.estimate_usd))
    return i18n.say("notebook.no_price")
