"""Commands about jobs: those under way, those that are open, what was made and what it cost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qwave_jupyter import api, frontend, i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import GenerationError, OptionMistake, UnknownTask
from qwave_jupyter.folders import expand
from qwave_jupyter.images.metadata import short_id
from qwave_jupyter.jobs.journal.record import Entry
from qwave_jupyter.magics import batch_view
from qwave_jupyter.magics.commands import Command, CommandArgs
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import make_view, open_view
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.images.preview import NotebookSize
    from qwave_jupyter.jobs.job import Job

__all__ = ["COMMANDS"]

#: What ended earlier is in the history.
_MAX_ENDED = 10


def _show(console: Console, args: CommandArgs) -> object:
    from qwave_jupyter.jobs import records

    job = default().find_known_job(args.first)
    if isinstance(job, Entry):
        gallery = records.gallery_of(job, default().context())
        if not gallery:
            raise _make_error("earlier_job_bare", job)
        return gallery
    if not job.done():
        _follow(console, job)
        return None
    if job.error is not None:
        # Its error was raised where it was waited for; here it is only shown.
        console.publish(_bundle_job_cards([job]))
        return None
    return job.result()


def _status(console: Console, args: CommandArgs) -> None:
    found = default().find_known_job(args.first) if args.first else None
    if isinstance(found, Entry):
        console.show_text(str(_make_error("earlier_job", found)))
        return
    chosen = (found,) if found else default().jobs
    batches = () if found else tuple(one for one in default().batches if not one.done())
    if not chosen and not batches:
        console.show_text(i18n.text("notebook.no_jobs"))
    for batch in batches:
        if console.kernel is None:
            console.show_text(repr(batch))
        else:
            with frontend.contain_view_errors():
                batch_view.follow(batch, console)
    for job in chosen:
        if not job.done():
            with frontend.contain_view_errors():
                _follow(console, job, with_images=False)
    ended = [job for job in chosen if job.done()][:_MAX_ENDED]
    if ended:
        console.publish(_bundle_job_cards(ended))


def _follow(console: Console, job: Job, *, with_images: bool = True) -> None:
    if console.kernel is None:
        # The line below would run over the prompt.
        console.publish(_bundle_job_cards([job]))
        return
    make_view(job, console, receives_clicks=True, detached=True, with_images=with_images).open()


def _bundle_job_cards(jobs: Sequence[Job]) -> dict[str, str]:
    clock = SYSTEM_CLOCK.monotonic()
    now = [job.snapshot for job in jobs]
    markup = [job_card.render_ended(one) if one.is_over else job_card.render_running(one, clock) for one in now]
    return job_card.to_mimebundle(job_card.join(markup), "\n".join(job_card.format_text(one, clock) for one in now))


def _cancel(console: Console, args: CommandArgs) -> None:
    # The newest of an earlier kernel is never what is meant without a name.
    job = default().find_known_job(args.first) if args.first else default().find_job()
    if isinstance(job, Entry):
        raise _make_error("earlier_job", job)
    console.show_text(str(job.cancel_and_describe()))


def _make_error(code: str, earlier: Entry) -> UnknownTask:
    """The error of a job that this kernel has only the record of."""
    return UnknownTask(f"notebook.{code}", given=short_id(earlier.job_id), state=str(earlier.state))


def _resume(console: Console, args: CommandArgs) -> object:
    jobs = api.resume(save=args.options.get("save"), repeat=args.has("repeat"))
    elsewhere = default().describe_open_elsewhere()
    for line in elsewhere:
        console.show_text(line)
    if not jobs:
        if not elsewhere:
            console.show_text(i18n.text("notebook.nothing_open"))
        return None
    # A job that can't go on is shown and doesn't stop the others.
    unknown = [job for job in jobs if job.error is not None and job.error.fields.get("outcome_unknown")]
    if unknown:
        console.publish(_bundle_job_cards(unknown))
    return _finish(console, [job for job in jobs if job not in unknown])


def _finish(console: Console, jobs: Sequence[Job]) -> object:
    """Wait for all jobs; the images of those that made some, or an error that names every failure."""
    for job in jobs:
        _wait_for(console, job)
    together: Gallery | None = None
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
            console.show_text(str(error))
    failure = GenerationError(
        "generation.resume_failed",
        count=len(errors),
        total=len(jobs),
        reasons=" · ".join(dict.fromkeys(map(str, errors))),
        errors=tuple(errors),
        job_id="",
        task_id="",
    )
    # In a notebook each reason stands on the card of its job already.
    are_shown = all(error.shown_above for error in errors)
    failure.shown_above = are_shown and console.kernel is not None and frontend.current().is_interactive()
    raise failure


def _wait_for(console: Console, job: Job) -> None:
    """Show a job until it is over, however it ends; an interrupt cancels it and ends the waiting for the others too."""
    view = make_view(job, console, receives_clicks=frontend.current().can_wait())
    with open_view(view, lambda _: job.cancel_and_describe()):
        job.wait()


def _balance(console: Console, _: CommandArgs) -> None:
    console.show_text(i18n.text("notebook.balance", available=i18n.dollars(api.balance().available_usd)))


def _weight(_: Console, args: CommandArgs) -> NotebookSize:
    from qwave_jupyter.images.preview import measure_notebook

    path = args.first or os.environ.get("JPY_SESSION_NAME", "")
    if not path:
        raise OptionMistake("notebook.weight_needs")
    return measure_notebook(expand(path))


def _report(console: Console, args: CommandArgs) -> None:
    from qwave_jupyter.images.gallery import write_report
    from qwave_jupyter.jobs.records import notebook_gallery

    if args.first is None:
        raise OptionMistake("notebook.report_needs")
    made = api.history() if args.has("all") else notebook_gallery(default().context())
    path = write_report(args.first, made, by=str(args.options.get("by", "")))
    console.show_text(i18n.text("notebook.report_written", path=path, count=len(made)))


COMMANDS = (
    Command("show", _show, "[TASK]"),
    Command("status", _status, "[TASK]"),
    Command("cancel", _cancel, "[TASK]"),
    Command("resume", _resume, options={"save": "text", "repeat": "switch"}),
    Command(
        "history",
        lambda _, args: api.history(" ".join(args.words), starred=args.has("starred")),
        "[WORDS]",
        {"starred": "switch"},
    ),
    Command("cost", lambda *_: api.cost()),
    Command("balance", _balance),
    Command("weight", _weight, "[NOTEBOOK]"),
    Command("report", _report, "FILE", {"by": "text", "all": "switch"}),
)
