"""Many requests at once: sweeps and batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings, started, surroundings, verbs

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.batches.sweep import Sweep, SweepRun
    from qwave_jupyter.jobs.request import Request

__all__ = ["batch", "plan_sweep", "start_sweep"]

#: How long a batch lets the server keep an answer back (``Prefer: wait``, at most 60 s; Submit page, edition 2026-06).
HOLD_SECONDS = 30.0


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
        return verbs.build(prompt, model=swept or chosen, force=force, variables=filled, **own)

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

    own = started.limits(max_cost)
    again = settings.current().reuse if reuse is None else reuse
    bench = verbs.bench(save, timeout)
    paid = sweep.to_pay(bench, reuse=again)
    paid.hold_to(own.max_cost, force=force)
    together = own.budget.allot(
        paid.estimate_usd, limit=own.max_cost, refusal="generation.over_sweep_limit", unknown_ok=force
    )
    limits = Limits(together, own.max_cost, force=force)
    try:
        run = sweep.start(bench, concurrency=concurrency, reuse=again, limits=limits, on_done=together.close)
    except BaseException:
        together.close()
        raise
    started.note_batch(run.batch)
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

    bench = verbs.bench(save, timeout)
    limits = started.limits(max_cost)

    def built(prompt: str, chosen: str | None, own: Mapping[str, Any]) -> Row:
        together = {**options, **own}
        request = verbs.build(prompt, model=chosen or model, variables={}, **together)
        return Row(request, force=bool(together.get("force")))

    def ready(row: Any) -> Callable[[], Row]:
        made = rows_of.builder(row, built)
        return made if callable(made) else functools.partial(Row, made, force=bool(options.get("force")))

    count, listed = rows_of.read(rows)
    running = Batch(
        map(ready, listed),
        bench,
        concurrency=concurrency,
        limits=limits,
        reuse=settings.current().reuse if reuse is None else reuse,
        hold=HOLD_SECONDS,
        executor=executor,
        write=surroundings.absolute(write) if write is not None else None,
        total=count,
    )
    started.note_batch(running)
    try:
        with wait.interruptible():
            running.start()
            surroundings.present_batch(running)
    except KeyboardInterrupt:
        stopped = running.interrupt()
        # In a notebook the name is bound, so that what was made can be reached, and the cell ends with the error.
        if not surroundings.fail_cell(stopped):
            raise stopped from None
    return running
