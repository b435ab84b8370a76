"""Verbs about jobs: those of this kernel, those that are open, and those that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api, frontend, i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import GenerationError, UnknownTask
from qwave_jupyter.magics import batch_magic
from qwave_jupyter.magics.async_wait import stopped
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import view_for
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery, GeneratedImage
    from qwave_jupyter.jobs.job import Job

__all__ = ["VERBS"]

#: What ended earlier is in the history.
_MOST_ENDED = 10


def _show(console: Console, asked: Asked) -> Any:
    try:
        job = default().find_job(asked.first)
    except UnknownTask:
        found = [one for one in api.history() if asked.first is None or one.task_id.endswith(asked.first)]
        if not found:
            raise
        return _only(found, found[0].task_id)
    if not job.done():
        _follow(console, job)
        return None
    if job.error is not None:
        # What it ended with was raised where it was waited for; here it is looked at.
        console.publish(_still([job]))
        return None
    return job.result()


def _status(console: Console, asked: Asked) -> None:
    chosen = (default().find_job(asked.first),) if asked.first else default().jobs
    batches = () if asked.first else tuple(one for one in default().batches if not one.done())
    if not chosen and not batches:
        console.say(i18n.say("notebook.no_jobs"))
    for batch in batches:
        if console.kernel is None:
            console.say(repr(batch))
        else:
            with frontend.contain_view_errors():
                batch_magic.follow(batch, console)
    for job in chosen:
        if not job.done():
            with frontend.contain_view_errors():
                _follow(console, job, pictures=False)
    ended = [job for job in chosen if job.done()][:_MOST_ENDED]
    if ended:
        console.publish(_still(ended))


def _follow(console: Console, job: Job, *, pictures: bool = True) -> None:
    if console.kernel is None:
        # The line below would run over the prompt.
        console.publish(_still([job]))
        return
    now = default().settings
    view = view_for(job, console.shell, now.display, hears_clicks=True, stays=True, embed=now.embed)
    view.with_pictures = pictures
    view.open()


def _still(jobs: Sequence[Job]) -> dict[str, str]:
    clock = SYSTEM_CLOCK.monotonic()
    now = [job.snapshot for job in jobs]
    markup = [job_card.render_ended(one) if one.is_over else job_card.render_running(one, clock) for one in now]
    return job_card.to_mimebundle("".join(markup), "\n".join(job_card.format_text(one, clock) for one in now))


def _cancel(console: Console, asked: Asked) -> None:
    job = default().find_job(asked.first)
    console.say(str(stopped(job)))


def _resume(console: Console, asked: Asked) -> Any:
    jobs = api.resume(save=asked.options.get("save"), repeat=asked.on("repeat"))
    if not jobs:
        console.say(i18n.say("notebook.nothing_open"))
        return None
    # What can't go on is told and stands in nobody's way.
    unknown = [job for job in jobs if job.error is not None and job.error.fields.get("outcome_unknown")]
    if unknown:
        console.publish(_still(unknown))
    return _finish(console, [job for job in jobs if job not in unknown])


def _finish(console: Console, jobs: Sequence[Job]) -> Any:
    """Wait for all jobs; the images of those that made some, or an error that names every failure."""
    for job in jobs:
        _wait_for(console, job)
    together: Any = None
    for job in jobs:
        if job.error is None and job.gallery is not None:
            together = job.gallery if together is None else together + job.gallery
    errors = [job.error for job in jobs if job.error is not None]
    if not errors:
        return together
    if together is not None:
        from IPython.display import display

        # The error below leaves the cell without a result.
        with frontend.contain_view_errors():
            display(together)
    if len(errors) == 1:
        raise errors[0].with_traceback(None)
    if console.kernel is None:
        # Elsewhere each stands on the card of its job.
        for error in errors:
            console.say(str(error))
    raise GenerationError(
        "generation.resume_failed",
        count=len(errors),
        total=len(jobs),
        reasons=" · ".join(dict.fromkeys(map(str, errors))),
        errors=tuple(errors),
        job_id="",
        task_id="",
    )


def _wait_for(console: Console, job: Job) -> None:
    """Show a job until it is over, however it ends; an interrupt cancels it and ends the waiting for the others too."""
    now = default().settings
    hears_clicks = frontend.installed().can_wait()
    view = view_for(job, console.shell, now.display, hears_clicks=hears_clicks, embed=now.embed)
    try:
        with frontend.contain_view_errors():
            view.open()
        job.wait()
    except KeyboardInterrupt:
        raise stopped(job) from None
    finally:
        with frontend.contain_view_errors():
            view.close()


def _only(pictures: Sequence[GeneratedImage], task_id: str) -> Gallery:
    from qwave_jupyter.images.gallery import Gallery

    return Gallery([one for one in pictures if one.task_id == task_id])


VERBS = (
    Verb("show", _show, "[TASK]"),
    Verb("status", _status, "[TASK]"),
    Verb("cancel", _cancel, "[TASK]"),
    Verb("resume", _resume, options={"save": "text", "repeat": "switch"}),
)
