"""What a program says to us: the Python API, of which the magic and the panel are thin faces.

Every function builds the same request and runs the same job; the notebook adds only how the waiting is shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings, started, surroundings
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs import followups
from qwave_jupyter.surroundings import present

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.context import Workbench
    from qwave_jupyter.jobs.costs import CostTable
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.request import Request

__all__ = [
    "as_completed",
    "balance",
    "bench",
    "build",
    "cost",
    "generate",
    "history",
    "present",
    "resume",
    "start",
    "submit",
]


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

    limits = started.limits(max_cost, force=force)
    reuse = settings.current().reuse if reuse is None else reuse
    job = Job(request, bench(save, timeout), reuse=reuse, limits=limits).reserve()
    try:
        job.start()
    except BaseException:
        if job.reservation is not None:
            job.reservation.release()
        raise
    started.note(job)
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

    workbench = settings.workbench() if save is None else bench(save)
    folder = None if save is None else workbench.save_dir
    picked = resume_jobs.resume(workbench, started.limits(), folder, repeat=repeat)
    for job in picked:
        started.note(job)
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


def bench(save: str | Path | None = None, timeout: float | None = None) -> Workbench:
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
        changes["save_dir"] = surroundings.absolute(save)
    if timeout is not None:
        started.positive("timeout", timeout)
        changes["timeout"] = timeout
    usual = settings.workbench()
    chosen = replace(usual, **changes) if changes else usual
    save_folder.check_folder(chosen.save_dir)
    return chosen
