"""``%%qwave``: parse the cell, start a job or a sweep, wait, show."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qwave_jupyter import api, frontend, i18n
from qwave_jupyter.batches.sweep import SweepRun
from qwave_jupyter.errors import Cancelled, ConfigurationError, OptionMistake, QwaveError, TooExpensive
from qwave_jupyter.jobs import idempotency
from qwave_jupyter.jobs.own_options import OwnOptions
from qwave_jupyter.magics.batch_view import BatchView
from qwave_jupyter.magics.cell_options import ParsedCell, find_model_id, parse_cell, split_cell
from qwave_jupyter.magics.kernel_wait import wait_async
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import JobView, make_view, open_view
from qwave_jupyter.session import default
from qwave_jupyter.types import Namespace
from qwave_jupyter.views.models import ModelCard, format_unknown_price

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo

    from qwave_jupyter.batches.sweep import Sweep
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.request import Request

__all__ = ["CellMagic"]


class CellMagic:
    """The cell magic, shown on a console; it waits in two ways."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._raw_cell = ""

    def remember_raw_cell(self, info: ExecutionInfo) -> None:
        """Keep the raw cell: IPython strips ``>>> `` from the body that a magic gets."""
        self._raw_cell = info.raw_cell or ""

    async def run_async(self, line: str, body: str, variables: Namespace | None = None) -> object:
        """Run a top-level cell: the kernel lives on while it waits."""
        raw, self._raw_cell = self._raw_cell, ""
        started = self._start(line, _restore_prompts(raw, body), variables)
        if started is None:
            return None
        work, own = started
        with self._show(work, own, receives_clicks=True) as view:
            if view.detached:
                return self._assign_out(work, own)
            await wait_async(work, self._console.shell, lambda: _cancel(work))
            gallery = self._take_result(work)
        return self._assign_out(_choose_result(work, gallery, own), own)

    def run_blocking(self, line: str, body: str, variables: Namespace | None = None) -> object:
        """Run a nested cell, or one in a terminal: an interrupt arrives, a click only where loops can be nested."""
        started = self._start(line, body, variables)
        if started is None:
            return None
        work, own = started
        receives_clicks = self._is_detached(own) or (not isinstance(work, SweepRun) and frontend.current().can_wait())
        with self._show(work, own, receives_clicks=receives_clicks) as view:
            if view.detached:
                return self._assign_out(work, own)
            gallery = self._take_result(work)
        return self._assign_out(_choose_result(work, gallery, own), own)

    def _take_result(self, work: Job | SweepRun) -> Gallery:
        gallery = work.result()
        if isinstance(work, SweepRun) and not gallery and self._console.is_headless:
            # Its sheet of reasons is for a person; nobody but the exit code tells a script that nothing was made.
            for outcome in work.batch.outcomes:
                if outcome.error is not None:
                    raise outcome.error
        return gallery

    def present(self, job: Job) -> Gallery:
        """Show a job of ``generate()`` while it is waited for, and return its gallery."""
        with _cancel_on_interrupt(job):
            self._show_warnings(job.request)
        with self._show(job, OwnOptions(), receives_clicks=frontend.current().can_wait()):
            return job.result()

    def _start(self, line: str, body: str, variables: Namespace | None) -> tuple[Job | SweepRun, OwnOptions] | None:
        variables = self._console.variables if variables is None else variables
        line, prompt = split_cell(line, body)
        model_id = ""
        try:
            model_id = default().settings.model
            named = find_model_id(line, variables)
            model_id = model_id if named is None else named
            cell = parse_cell(line, prompt, model_id, variables)
            if cell.own.help:
                self._console.show(ModelCard(cell.model))
                return None
            work = self._start_sweep(cell, variables) if cell.own.sweep else self._start_job(cell, variables)
        except QwaveError as error:
            self._console.show_refusal(error, model_id)
            raise
        return None if work is None else (work, cell.own)

    def _start_job(self, cell: ParsedCell, variables: Namespace) -> Job | None:
        own = cell.own
        request = api.build(cell.prompt, model=cell.model.id, force=own.force, variables=variables, **cell.values)
        if own.dry_run:
            self._console.show_lines(_format_dry_run(request, own))
            return None
        self._show_warnings(request)
        job = default().start(
            request,
            timeout=own.timeout,
            save=own.save,
            max_cost=own.max_cost,
            reuse=own.reuse or None,
            force=own.force,
        )
        if job.snapshot.demo:
            with _cancel_on_interrupt(job):
                self._console.show_demo_notice()
        return job

    def _show_warnings(self, request: Request) -> None:
        for notice in request.warnings:
            self._console.show_text(i18n.text("notebook.advised", text=str(notice)))

    def _start_sweep(self, cell: ParsedCell, variables: Namespace) -> SweepRun | None:
        own = cell.own
        sweep = default().plan_sweep(
            cell.prompt,
            own.sweep,
            model=cell.model.id,
            force=own.force,
            variables=variables,
            options=cell.values,
        )
        refused = sum(one.refusal is not None for one in sweep.grid)
        if refused:
            self._console.show_text(i18n.text("notebook.sweep_refused", count=refused))
        if own.dry_run:
            self._console.show_lines(_format_sweep_plan(sweep, own))
            return None
        run = default().prepare_sweep(
            sweep,
            max_cost=own.max_cost,
            reuse=own.reuse or None,
            save=own.save,
            timeout=own.timeout,
            force=own.force,
        )
        try:
            run.start()
            if default().serves_demo():
                self._console.show_demo_notice()
        except KeyboardInterrupt as interrupt:
            error = interrupt if isinstance(interrupt, Cancelled) else run.stop()
            self._assign_out(_choose_result(run, run.so_far(), own), own)
            raise error from None
        return run

    def _show(
        self, work: Job | SweepRun, own: OwnOptions, *, receives_clicks: bool
    ) -> contextlib.AbstractContextManager[JobView]:
        if isinstance(work, SweepRun):
            view: JobView = self._make_sweep_view(work, own, receives_clicks=receives_clicks)
        else:
            detached = self._is_detached(own)
            view = make_view(work, self._console, receives_clicks=receives_clicks, detached=detached, embed=own.embed)

        def cancel(interrupt: KeyboardInterrupt) -> BaseException:
            is_cancelled = work.done() if isinstance(work, SweepRun) else isinstance(interrupt, Cancelled)
            error = interrupt if is_cancelled else _cancel(work)
            if isinstance(work, SweepRun):
                # What is done can be reached by its name, as after a cell that ran to its end.
                self._assign_out(_choose_result(work, work.so_far(), own), own)
            return error

        return open_view(view, cancel)

    def _make_sweep_view(self, run: SweepRun, own: OwnOptions, *, receives_clicks: bool) -> BatchView:
        sweep = run.sweep
        models = next((len(axis.values) for axis in sweep.axes if axis.key == "model" and not axis.in_prompt), None)
        made_by = sweep.model if models is None else i18n.text("notebook.models_swept", count=models)
        return BatchView(
            run.batch,
            i18n.text("notebook.sweep_title", model=made_by, shape="×".join(map(str, sweep.shape))),
            self._console,
            total=len(sweep.requests),
            estimate_usd=sweep.estimate_usd,
            receives_clicks=receives_clicks,
            in_terminal=self._console.kernel is None or default().settings.display == "text",
            sheet=run.so_far,
            detached=self._is_detached(own),
        )

    def _is_detached(self, own: OwnOptions) -> bool:
        # Without a person nobody would wait for the end, and the saved file would hold half a run.
        return own.no_wait and self._console.updates_later

    def _assign_out(self, value: object, own: OwnOptions) -> object:
        self._console.assign(own.out, value)
        return value


def _restore_prompts(raw: str, body: str) -> str:
    """The body as it was typed, for IPython takes ``>>> `` from its lines; the body where the raw cell is another."""
    head, _, typed = raw.lstrip().partition("\n")
    lines, given = typed.splitlines(), body.splitlines()
    is_same = len(lines) == len(given) and all(map(str.endswith, lines, given))
    return typed if head.startswith("%%") and is_same else body


@contextlib.contextmanager
def _cancel_on_interrupt(work: Job | SweepRun) -> Iterator[None]:
    """Let nothing that was ordered go on unseen where an interrupt strikes before its view is open."""
    try:
        yield
    except KeyboardInterrupt:
        raise _cancel(work) from None


def _cancel(work: Job | SweepRun) -> QwaveError:
    return work.stop() if isinstance(work, SweepRun) else work.cancel_and_describe()


def _choose_result(work: Job | SweepRun, gallery: Gallery, own: OwnOptions) -> object:
    """The work itself for ``--no-wait``, though the cell has waited where nobody is there; else its gallery."""
    from qwave_jupyter.images.gallery import Gallery

    if own.no_wait:
        return work
    showing = replace(gallery.showing, embed=own.embed or default().settings.embed)
    if not isinstance(work, SweepRun):
        return Gallery(gallery, showing=showing, labels=gallery.labels)
    gallery.showing = showing
    return gallery


def _format_dry_run(request: Request, own: OwnOptions) -> Iterator[str]:
    """A dry run in lines."""
    where = i18n.text("notebook.the_demo") if default().serves_demo() else default().settings.base_url
    yield i18n.text("notebook.dry_run", url=where or default().catalog.host)
    yield request.body_text()
    yield _format_estimate(request)
    yield from _format_refusal(lambda: _check_folder(own))
    yield from _format_refusal(lambda: _check_limits(request, own))
    if own.live:
        live = default().live_estimate(request)
        yield (
            i18n.text("notebook.live_price", price=i18n.dollars(live))
            if live is not None
            else i18n.text("notebook.live_price_unknown")
        )
    if request.defaulted:
        pairs = ", ".join(
            f"{name} {value if value not in {True, False} else str(value).lower()}"
            for name, value in request.defaulted.items()
        )
        yield i18n.text("notebook.leave_out", defaults=pairs)
    for notice in request.warnings:
        yield i18n.text("notebook.advised", text=str(notice))


def _format_sweep_plan(sweep: Sweep, own: OwnOptions) -> Iterator[str]:
    """A dry run in lines: how many requests, for how much, and each with its labels."""
    count, total = len(sweep.requests), sweep.estimate_usd
    if total is None:
        yield i18n.text("notebook.sweep_plan_unpriced", count=count)
    else:
        yield i18n.text("notebook.sweep_plan", count=count, price=i18n.dollars(total))
    yield from _format_refusal(lambda: _check_folder(own))
    yield from _format_refusal(lambda: _check_sweep(sweep, own))
    for cell in sweep.grid:
        yield f"  {cell.combination.caption}  {cell.refusal or _format_price(cell.requests)}"


def _check_folder(own: OwnOptions) -> None:
    from qwave_jupyter.images.saver import check_folder

    check_folder(default().save_folder(save=own.save), make=False)


def _check_limits(request: Request, own: OwnOptions) -> None:
    limits = default().limits(own.max_cost, force=own.force)
    context = _find_reuse_context(own)
    if context is None or not idempotency.may_be_free(request, context):
        limits.check(request)


def _check_sweep(sweep: Sweep, own: OwnOptions) -> None:
    limits = default().limits(own.max_cost)
    context = _find_reuse_context(own)
    paid = sweep if context is None else sweep.without_reused(context)
    paid.check_max_cost(limits.max_cost, force=own.force)
    if paid.requests:
        limits.budget.check(paid.estimate_usd)


def _find_reuse_context(own: OwnOptions) -> JobContext | None:
    """What finds earlier results; None where they aren't to be shown again, or without a key, which an order needs."""
    if not (own.reuse or default().settings.reuse):
        return None
    with contextlib.suppress(ConfigurationError):
        return default().context()
    return None


def _format_refusal(check: Callable[[], None]) -> Iterator[str]:
    """What a limit, or the folder for the images, would say without ``--dry-run``."""
    try:
        check()
    except (OptionMistake, TooExpensive) as refusal:
        yield i18n.text("notebook.would_be_refused", reason=str(refusal))


def _format_estimate(request: Request) -> str:
    """What a request costs, in a sentence."""
    if request.estimate_usd is not None:
        return i18n.text("notebook.price", price=i18n.dollars(request.estimate_usd))
    by_tokens = request.model.price.unit == "token"
    return i18n.text("notebook.price_by_tokens" if by_tokens else "notebook.price_unpublished")


def _format_price(requests: Sequence[Request]) -> str:
    """What the requests of one tile cost."""
    unpriced = next((one for one in requests if one.estimate_usd is None), None)
    if unpriced is not None:
        return format_unknown_price(unpriced.model)
    return i18n.dollars(math.fsum(one.estimate_usd or 0.0 for one in requests))
