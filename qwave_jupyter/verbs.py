"""What a program says to us: the Python API, of which the magic and the panel are thin faces.

Every function builds the same request and runs the same job; the notebook adds only how the waiting is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings, words
from qwave_jupyter.errors import OptionMistake, TooExpensive, UnknownModel, UnknownTask

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.generation.gallery import Gallery
    from qwave_jupyter.generation.job import Job
    from qwave_jupyter.generation.request import Request
    from qwave_jupyter.lookup import ModelTable

__all__ = [
    "as_completed",
    "balance",
    "build",
    "generate",
    "history",
    "jobs",
    "live_estimate",
    "model",
    "models",
    "present",
    "resume",
    "set_presenter",
    "start",
    "submit",
]

Presenter = Callable[["Job"], "Gallery"]

#: The jobs that this process has started, newest last: what ``%qwave status`` lists.
_started: list[Job] = []
_presenter: list[Presenter] = []


def set_presenter(presenter: Presenter | None) -> None:
    """Say how :func:`generate` waits: the notebook shows a live status, a plain script just waits.

    Args:
        presenter: waits for a job and returns its gallery; None goes back to plain waiting.
    """
    _presenter[:] = [presenter] if presenter else []


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

    Example:
        >>> build("a cat", model="gpt-image-2", resolution="1k").body["resolution"]
        '1k'
    """
    from qwave_jupyter.generation import request as requests_of

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
    from qwave_jupyter.generation.job import Job

    now = settings.current()
    ceiling = max_cost if max_cost is not None else now.max_cost
    _hold_to(ceiling, request, force=force)
    bench = settings.workbench()
    changes: dict[str, Any] = {}
    if save is not None:
        changes["save_dir"] = Path(save).expanduser()
    if timeout is not None:
        changes["timeout"] = timeout
    job = Job(
        request,
        replace(bench, **changes) if changes else bench,
        max_cost=None if force else ceiling,
        reuse=now.reuse if reuse is None else reuse,
    )
    job.start()
    _started.append(job)
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


def present(job: Job) -> Gallery:
    """Wait for a job as the surroundings do: with a live status in a notebook, plainly in a script.

    Raises:
        GenerationError: how it ended, if not with pictures.
    """
    return _presenter[-1](job) if _presenter else job.result()


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
    from qwave_jupyter.lookup import ModelTable

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
    from qwave_jupyter.api.answers import read_estimate

    body = {name: value for name, value in request.body.items() if name != "model"}
    answer = settings.workbench().client.tool("estimate_cost", {"model": request.model.id, "input": body})
    return read_estimate(answer)


def _listed_only(model_id: str) -> Model:
    from qwave_jupyter.generation.request import unvalidated_model

    return unvalidated_model(model_id)


def jobs() -> tuple[Job, ...]:
    """The jobs that this process has started, newest first."""
    return tuple(reversed(_started))


def job(name: str | None = None) -> Job:
    """A job of this process by its task id, its job id, or the end of either; the newest without a name.

    Raises:
        UnknownTask: there is none, or several end like that.
    """
    found = [one for one in jobs() if name is None or _is_called(one, name)]
    if name is None:
        found = found[:1]
    if len(found) != 1:
        raise UnknownTask("generation.unknown_task" if not found else "generation.ambiguous_task", given=name or "")
    return found[0]


def resume() -> Sequence[Job]:
    """Pick up every open job of the journal that no other kernel holds.

    Returns:
        The jobs, followed again in threads of their own: iterate, and ask each for ``result()``.
    """
    from qwave_jupyter.generation import resuming

    picked = resuming.resume(settings.workbench())
    _started.extend(picked)
    return picked


def history(words: str = "", limit: int = 100) -> Gallery:
    """The finished pictures that the journal knows, newest first.

    Args:
        words: words to look for in prompts and model ids.
        limit: how many jobs at most.
    """
    from qwave_jupyter.generation import resuming

    return resuming.history(settings.workbench(), words=words, limit=limit)


def as_completed(several: Iterable[Job]) -> Iterator[Job]:
    """The jobs in the order in which they end.

    Example:
        >>> for done in as_completed([submit("a cat"), submit("a dog")]):
        ...     print(done.status)
    """
    from qwave_jupyter.generation import job as jobs_of

    return jobs_of.as_completed(several)


def balance() -> Any:
    """What the account has left, where the server tells.

    Raises:
        ApiError: the server doesn't know the question (editions before 2026-09) or refuses the key.
    """
    return settings.workbench().client.balance()


def _hold_to(ceiling: float | None, request: Request, *, force: bool) -> None:
    if ceiling is None or force:
        return
    if ceiling <= 0:
        raise OptionMistake("settings.not_positive", setting="max_cost", given=ceiling)
    allowed = words.dollars(ceiling)
    if request.estimate_usd is None:
        raise TooExpensive("generation.price_unknown", model=request.model.id, ceiling_words=allowed)
    if request.estimate_usd > ceiling:
        estimate = words.dollars(request.estimate_usd)
        raise TooExpensive("generation.too_expensive", estimate_words=estimate, ceiling_words=allowed)


def _is_called(job: Job, name: str) -> bool:
    return any(known and (known == name or known.endswith(name)) for known in (job.task_id, job.id))
