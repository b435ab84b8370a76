"""The Python API. The magics and the panel build the same requests and run the same jobs through it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import frontend, session, settings
from qwave_jupyter.errors import OptionMistake, UnknownModel
from qwave_jupyter.frontend import present
from qwave_jupyter.jobs import followups

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.batches.sweep import Sweep, SweepRun
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.context import Workbench
    from qwave_jupyter.jobs.costs import CostTable
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.views.model_table import ModelTable

__all__ = [
    "as_completed",
    "balance",
    "batch",
    "build",
    "cost",
    "generate",
    "history",
    "job_context",
    "live_estimate",
    "model",
    "models",
    "plan_sweep",
    "present",
    "resume",
    "start",
    "start_sweep",
    "submit",
]

#: How long a batch lets the server keep an answer back (``Prefer: wait``, at most 60 s; Submit page, edition 2026-06).
HOLD_SECONDS = 30.0


def _start_chained(prompt: str, model: str, options: Mapping[str, Any], wait: bool) -> Any:
    job = submit(prompt, model=model, **options)
    return present(job) if wait else job


followups.set_starter(_start_chained, lambda name: settings.catalog().model(name))


def build(
    prompt: str,
    *,
    model: str | None = None,
    force: bool = False,
    variables: Mapping[str, Any] | None = None,
    **options: Any,
) -> Request:
    """Check and price a request without sending it.

    Args:
        prompt: what to paint; ``{{name}}`` is filled from ``variables``.
        model: a model id; None for the one in the settings.
        force: send what the documentation says will be refused.
        variables: values for the names in the prompt.
        options: parameters of the model by name, such as ``aspect_ratio="16:9"`` or ``images=[…]``.

    Raises:
        RequestRefused: every mistake at once, each with what is allowed.
        UnknownModel: no such id; the nearest is named.
        OptionMistake: the prompt is no text.

    Example:
        >>> build("a cat", model="gpt-image-2", resolution="1k").body["resolution"]
        '1k'
    """
    from qwave_jupyter.jobs import request as requests_of

    if not isinstance(prompt, str):
        raise OptionMistake("generation.prompt_no_text", given=type(prompt).__name__)
    return requests_of.build(
        settings.catalog(),
        prompt,
        options,
        model=model or settings.current().model,
        force=force,
        variables=variables or {},
    )


def start(
    request: Request,
    *,
    timeout: float | None = None,
    save: str | Path | None = None,
    max_cost: float | None = None,
    reuse: bool | None = None,
    force: bool = False,
) -> Job:
    """Send a checked request and follow it in a thread of its own.

    Args:
        request: what :func:`build` returned.
        timeout: seconds to wait at most; None for the setting.
        save: the folder for the pictures; None for the setting.
        max_cost: USD that this request may cost; None for the setting.
        reuse: True shows an identical finished request again instead of paying again; None for the setting.
        force: go on although the price isn't known.

    Raises:
        TooExpensive: the price is above ``max_cost`` or the budget, or isn't published; nothing was sent.
        ConfigurationError: no key, and no demo either.
    """
    from qwave_jupyter.jobs.job import Job

    limits = session.limits(max_cost, force=force)
    reuse = settings.current().reuse if reuse is None else reuse
    job = Job(request, job_context(save, timeout), reuse=reuse, limits=limits).reserve()
    try:
        job.start()
    except BaseException:
        if job.reservation is not None:
            job.reservation.release()
        raise
    session.note(job)
    return job


def submit(
    prompt: str,
    *,
    model: str | None = None,
    timeout: float | None = None,
    save: str | Path | None = None,
    max_cost: float | None = None,
    reuse: bool | None = None,
    force: bool = False,
    variables: Mapping[str, Any] | None = None,
    **options: Any,
) -> Job:
    """Send a request and return at once; ``job.result()`` or ``await job`` gives the gallery.

    Args:
        prompt: what to paint.
        model: a model id; None for the setting.
        timeout: seconds to wait at most.
        save: the folder for the pictures.
        max_cost: USD that this request may cost.
        reuse: True shows an identical finished request again.
        force: send what the documentation says will be refused.
        variables: values for ``{{names}}`` in the prompt.
        options: parameters of the model by name.

    Example:
        >>> job = submit("a cat", model="z-image-turbo")
        >>> job.result()[0].path.suffix
        '.png'
    """
    request = build(prompt, model=model, force=force, variables=variables, **options)
    return start(request, timeout=timeout, save=save, max_cost=max_cost, reuse=reuse, force=force)


def generate(prompt: str, **options: Any) -> Gallery:
    """Send a request and wait for its pictures; takes what :func:`submit` takes.

    Raises:
        GenerationError: the task failed, was cancelled, or took longer than the timeout.

    Example:
        >>> gallery = generate("a cat", model="gpt-image-2", aspect_ratio="16:9")
        >>> gallery[0].path
        PosixPath('qwave-images/2026-11-21-a-cat-8499-1.png')
    """
    return present(submit(prompt, **options))


def resume(*, save: str | Path | None = None, repeat: bool = False) -> Sequence[Job]:
    """Pick up every open job of the journal that no other kernel holds.

    What they cost counts in the budget. A task that the server still has queued is cancelled where it holds more than
    the limits allow; what is being made is fetched, whatever it costs, for it is charged already.

    Args:
        save: the folder for their pictures; None for the one that each was meant for.
        repeat: order again what got no usable answer and no idempotency key makes safe to repeat: it may be paid twice.

    Returns:
        The jobs, followed again in threads of their own: iterate, and ask each for ``result()``.

    Raises:
        OptionMistake: the folder can't be written to.
    """
    from qwave_jupyter.jobs import resume as resume_jobs

    workbench = settings.workbench() if save is None else job_context(save)
    folder = None if save is None else workbench.save_dir
    picked = resume_jobs.resume(workbench, session.limits(), folder, repeat=repeat)
    for job in picked:
        session.note(job)
    return picked


def history(words: str = "", limit: int = 100) -> Gallery:
    """The finished pictures that the journal knows, newest first.

    Args:
        words: words to look for in prompts and model ids.
        limit: how many jobs at most.
    """
    from qwave_jupyter.jobs import resume as resume_jobs

    return resume_jobs.history(settings.workbench(), words=words, limit=limit)


def cost() -> CostTable:
    """What was spent: today, for this notebook, by model; expected, held, charged and refunded kept apart.

    Example:
        >>> cost().to_records()[0]["charged_usd"]
        0.0128
    """
    from qwave_jupyter.jobs import costs

    return costs.table(settings.workbench())


def as_completed(several: Iterable[Job]) -> Iterator[Job]:
    """The jobs in the order in which they end.

    Example:
        >>> for done in as_completed([submit("a cat"), submit("a dog")]):
        ...     print(done.status)
    """
    from qwave_jupyter.jobs import job as jobs_of

    return jobs_of.as_completed(several)


def balance() -> Any:
    """What the account has left, where the server tells.

    Raises:
        ApiError: the server doesn't know the question (editions before 2026-09) or refuses the key.
    """
    return settings.workbench().client.balance()


def job_context(save: str | Path | None = None, timeout: float | None = None) -> Workbench:
    """What jobs need, with the folder and the patience of one call.

    Args:
        save: the folder for the pictures; None for the setting.
        timeout: seconds to wait; None for the setting.

    Raises:
        OptionMistake: no such patience, or the folder can't be written to, which is better known before the pictures
            are paid for than after.
    """
    from qwave_jupyter.images import save_folder

    changes: dict[str, Any] = {}
    if save is not None:
        if not isinstance(save, (str, os.PathLike)):
            raise OptionMistake("generation.folder_no_text", given=save)
        changes["save_dir"] = frontend.absolute(save)
    if timeout is not None:
        session.positive("timeout", timeout)
        changes["timeout"] = timeout
    usual = settings.workbench()
    chosen = replace(usual, **changes) if changes else usual
    save_folder.check_folder(chosen.save_dir)
    return chosen


def plan_sweep(
    prompt: str,
    sweeps: Sequence[str],
    *,
    model: str | None = None,
    force: bool = False,
    variables: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Sweep:
    """Check and price a sweep without sending anything.

    Args:
        prompt: what to paint; its ``{{names}}`` may be swept.
        sweeps: ``KEY=V1,V2`` or ``KEY=1..8``; KEY is a parameter, ``model``, or a name of the prompt.
        model: the model of tiles that sweep none.
        force: send what the documentation says will be refused.
        variables: values for the names that aren't swept.
        options: what all tiles have in common.

    Raises:
        RequestRefused: every tile is refused.
        OptionMistake: a sweep that can't be read, or too large a grid.

    Example:
        >>> plan_sweep("a cat", ["seed=1..3"], model="seedream-5.0").estimate_usd
    """
    from qwave_jupyter.batches import sweep
    from qwave_jupyter.batches import sweep_axes as axes_of
    from qwave_jupyter.jobs import prompt_template

    chosen = model or settings.current().model
    names = prompt_template.names(prompt)
    axes = [axes_of.parse(one, prompt_names=names) for one in sweeps]
    tiles = axes_of.expand(axes, options or {}, variables or {})

    def built(own: Mapping[str, Any], filled: Mapping[str, Any], swept: str | None) -> Request:
        return build(prompt, model=swept or chosen, force=force, variables=filled, **own)

    return sweep.Sweep(tuple(axes), sweep.plan(tiles, built), prompt, dict(options or {}), chosen)


def start_sweep(
    sweep: Sweep,
    *,
    concurrency: int = 8,
    max_cost: float | None = None,
    reuse: bool | None = None,
    save: str | Path | None = None,
    timeout: float | None = None,
    force: bool = False,
) -> SweepRun:
    """Send a planned sweep, a bounded number of requests at once.

    Args:
        sweep: what :func:`plan_sweep` returned.
        concurrency: how many jobs at once.
        max_cost: USD that all of it may cost; None for the setting.
        reuse: True shows identical finished requests again; None for the setting.
        save: the folder for the pictures.
        timeout: seconds to wait for each.
        force: go on although a price isn't known; what is known to be dearer is refused all the same.

    Raises:
        TooExpensive: all of it would cost more; nothing was sent.
    """
    from qwave_jupyter.jobs.limits import Limits

    own = session.limits(max_cost)
    again = settings.current().reuse if reuse is None else reuse
    context = job_context(save, timeout)
    paid = sweep.to_pay(context, reuse=again)
    paid.hold_to(own.max_cost, force=force)
    together = own.budget.allot(
        paid.estimate_usd, limit=own.max_cost, refusal="generation.over_sweep_limit", unknown_ok=force
    )
    limits = Limits(together, own.max_cost, force=force)
    try:
        run = sweep.start(context, concurrency=concurrency, reuse=again, limits=limits, on_done=together.close)
    except BaseException:
        together.close()
        raise
    session.note_batch(run.batch)
    return run


def batch(
    rows: Iterable[Any],
    *,
    model: str | None = None,
    concurrency: int = 8,
    max_cost: float | None = None,
    reuse: bool | None = None,
    save: str | Path | None = None,
    timeout: float | None = None,
    executor: Any = None,
    write: str | Path | None = None,
    **options: Any,
) -> Batch:
    """Many requests, a bounded number at once; returns at once, and shows its progress in a notebook.

    A row that is refused or fails is an outcome with its error, and the others go on. A row whose very request an
    earlier run left open is picked up instead of being paid for again.

    Args:
        rows: prompts, dicts with ``prompt`` and parameters, or a pandas DataFrame of such rows; a generator is
            asked for a row only when there is room for it.
        model: the model of rows that name none.
        concurrency: how many jobs at once.
        max_cost: USD for each of them; a row that is dearer, or has no published price, is refused. Should the server
            take more for one and it is too late to cancel, no further row is ordered. None for the setting.
        reuse: True shows identical finished requests again, so that an interrupted batch that is run anew, here or in
            another kernel, bills every row once; None for the setting.
        save: the folder for the pictures.
        timeout: seconds to wait for each.
        executor: any ``concurrent.futures.Executor`` that runs the rows instead of threads of this process; its workers
            read the key from their own environment.
        write: a file to which each outcome is appended as a line of JSON when it comes.
        options: parameters that all rows have in common.

    An interrupt (Ctrl-C, ⏹) stops the batch: rows under way are cancelled, no further ones are ordered. In a notebook
    the name that the batch is given to is bound all the same, and the cell ends with Cancelled.

    Returns:
        The batch: ``results()`` in the order of the rows, ``as_completed()``, ``gallery()``, ``stop()``.

    Example:
        >>> for outcome in batch(["a cat", "a dog"], model="z-image-turbo").as_completed():
        ...     print(outcome.index, outcome.error or outcome.gallery.paths)
    """
    from qwave_jupyter.batches import rows as rows_of
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.batches.rows import Row
    from qwave_jupyter.jobs import wait

    context = job_context(save, timeout)
    limits = session.limits(max_cost)

    def built(prompt: str, chosen: str | None, own: Mapping[str, Any]) -> Row:
        together = {**options, **own}
        request = build(prompt, model=chosen or model, variables={}, **together)
        return Row(request, force=bool(together.get("force")))

    def ready(row: Any) -> Callable[[], Row]:
        made = rows_of.builder(row, built)
        return made if callable(made) else functools.partial(Row, made, force=bool(options.get("force")))

    count, listed = rows_of.read(rows)
    running = Batch(
        map(ready, listed),
        context,
        concurrency=concurrency,
        limits=limits,
        reuse=settings.current().reuse if reuse is None else reuse,
        hold=HOLD_SECONDS,
        executor=executor,
        write=frontend.absolute(write) if write is not None else None,
        total=count,
    )
    session.note_batch(running)
    try:
        with wait.interruptible():
            running.start()
            frontend.present_batch(running)
    except KeyboardInterrupt:
        stopped = running.interrupt()
        # In a notebook the name is bound, so that what was made can be reached, and the cell ends with the error.
        if not frontend.fail_cell(stopped):
            raise stopped from None
    return running


def models(*words: str, refresh: bool = False, **filters: Any) -> ModelTable:
    """The models of the edition in force that can do what is asked, cheapest first; shows as a table.

    Args:
        words: words to look for in ids, vendors and descriptions.
        refresh: ask the server for its live list first: what the key can't use is marked, and live prices count.
            Without it the network is never touched.
        filters: ``action``, ``aspect_ratio``, ``resolution``, ``references`` (how many), ``mask``, ``max_price`` (USD),
            ``prompt_chars``.

    Raises:
        ApiError: with ``refresh``, the server refuses or doesn't answer.

    Example:
        >>> [found.id for found in models(action="inpaint", max_price=0.02)]
        ['gpt-image-2']
    """
    from qwave_jupyter.catalog.live import LiveCatalog
    from qwave_jupyter.views.model_table import ModelTable

    if refresh:
        settings.learn(listed=settings.workbench().client.models())
    known = settings.catalog()
    found = known.find(words=" ".join(words), **filters)
    if not isinstance(known, LiveCatalog):
        return ModelTable(found, known.edition)
    asked = " ".join(words).lower().split()
    unknown = [] if filters else [name for name in known.unknown if all(word in name.lower() for word in asked)]
    return ModelTable(found, known.edition, unusable=known.unusable, unknown=unknown, live=True)


def model(model_id: str, *, live: bool = False) -> Model:
    """One model with all that is documented about it.

    Args:
        model_id: its id.
        live: ask the server's tools endpoint how it describes the model now (free); its answer is used for validation
            until this process ends.

    Raises:
        UnknownModel: no such id; the nearest is named.
        ApiError: with ``live``, the server has no such endpoint or doesn't know the model.
    """
    known = settings.catalog()
    if not live:
        return _listed_only(model_id) if known.lists(model_id) else known.model(model_id)
    from qwave_jupyter.catalog.live import with_schema

    schema = settings.workbench().client.tool("get_model_schema", {"model": model_id})
    try:
        documented = known.model(model_id)
    except UnknownModel:
        documented = _listed_only(model_id)
    settings.learn(model=with_schema(documented, schema))
    return settings.catalog().model(model_id)


def live_estimate(request: Request) -> float | None:
    """What the server says that a request would cost, in USD; None where its answer holds no amount.

    Args:
        request: what :func:`build` returned; nothing is submitted.

    Raises:
        ApiError: the server has no such tool, or refuses the question.
    """
    from qwave_jupyter.client.responses import read_estimate

    body = {name: value for name, value in request.body.items() if name != "model"}
    answer = settings.workbench().client.tool("estimate_cost", {"model": request.model.id, "input": body})
    return read_estimate(answer)


def _listed_only(model_id: str) -> Model:
    from qwave_jupyter.jobs.request import unvalidated_model

    return unvalidated_model(model_id)
