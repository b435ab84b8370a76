"""Opening a panel: empty, with parameters, or with a request that was made before."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api
from qwave_jupyter.catalog import Catalog
from qwave_jupyter.errors import OptionMistake, UnknownTask
from qwave_jupyter.jobs import references
from qwave_jupyter.jobs.validation_errors import refuse
from qwave_jupyter.magics import cell_options
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel.image_strip import pick
from qwave_jupyter.widgets.panel.panel import Panel
from qwave_jupyter.widgets.panel.state import PanelState, chosen, named

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["from_line", "from_parameters", "from_request", "notebook_variables", "panel", "request_of"]

_PICTURES = ("images", "mask")


def panel(
    prompt: str = "",
    *,
    model: str | None = None,
    task: str | None = None,
    last: bool = False,
    plain: bool = False,
    **parameters: Any,
) -> Panel:
    """A panel in the notebook, empty or with a request in it.

    Args:
        prompt: what to paint.
        model: a model id; None for the one in the settings.
        task: load the request of this job: its task id, its job id, or the end of either.
        last: load the request of the last job.
        plain: use ipywidgets alone, for frontends that load no others.
        parameters: parameters of the model by name, pictures as a request takes them.

    Raises:
        UnknownModel: no such id; the nearest is named.
        UnknownTask: there is no such job.
        RequestRefused: a parameter that the model doesn't have.

    Example:
        >>> panel("a cat", model="gpt-image-2", aspect_ratio="16:9")
        Panel(gpt-image-2, 'Ready: $0.0064 for 1 picture')
    """
    now, catalog, variables = default().settings, default().catalog, notebook_variables()
    if last or task is not None:
        state = from_request(catalog, request_of(task), now.home)
    else:
        state = from_parameters(catalog, model or now.model, prompt, parameters, variables, now.home)
    return Panel(state, variables, plain=plain)


def from_line(arguments: list[str]) -> Panel:
    """What ``%qwave panel`` opens: ``--from-last``, ``--from TASK``, or the options of a cell.

    Args:
        arguments: the words behind the verb.

    Raises:
        OptionMistake: what can't be read.
    """
    if arguments[:1] == ["--from-last"]:
        return panel(last=True)
    name, equals, task = arguments[0].partition("=") if arguments else ("", "", "")
    if name == "--from" and (equals or len(arguments) > 1):
        return panel(task=task or arguments[1])
    line = shlex.join(arguments)
    chosen_model = api.model(cell_options.model_named(line) or default().settings.model)
    read = cell_options.read_line(line, chosen_model, notebook_variables())
    return panel(model=chosen_model.id, **read.options)


def notebook_variables() -> Mapping[str, Any]:
    """The variables of the notebook, as they are at any time; none outside one."""
    from IPython import get_ipython

    shell = get_ipython()
    variables: Mapping[str, Any] = shell.user_ns if shell is not None else {}
    return variables


def request_of(task: str | None) -> Request:
    """The request of a job by its task id, its job id or the end of either; of the last job without one.

    Args:
        task: which; None for the last one of this kernel, else of the journal.

    Raises:
        UnknownTask: there is none.
        GenerationError: its record is no longer whole.
    """
    from qwave_jupyter.jobs import reference_bytes, resume

    try:
        request = default().find_job(task).request
        try:
            return reference_bytes.restore_bytes(request, default().context().journal.blobs)
        except OptionMistake:
            # Without the pictures that are no longer kept.
            values = {name: value for name, value in request.values.items() if name not in _PICTURES}
            return replace(request, values=values)
    except UnknownTask:
        bench = default().context()
        entries = bench.journal.find(task) if task else bench.journal.history(1)
        if len(entries) != 1:
            raise
        return resume.prepared(entries[0], bench)[0]


def from_request(catalog: Catalog, request: Request, home: Path) -> PanelState:
    """The state that gives a request again.

    Args:
        catalog: the edition in force.
        request: the request.
        home: the folder of ours where its pictures are kept.

    Raises:
        UnknownModel: the edition in force doesn't have its model.
    """
    values = {
        name: value
        for name, value in request.values.items()
        if name not in {"prompt", *_PICTURES} and not (name == "action" and request.action_inferred)
    }
    state = named(PanelState(catalog.model(request.model.id)), values)
    wires = {name: request.values.get(name) for name in _PICTURES}
    return _with_pictures(state, wires, {}, home, prompt=request.prompt.replace("{{", r"\{{"))


def from_parameters(
    catalog: Catalog, model: str, prompt: str, parameters: Mapping[str, Any], variables: Mapping[str, Any], home: Path
) -> PanelState:
    """The state of ``panel(**parameters)``.

    Args:
        catalog: the edition in force.
        model: a model id.
        prompt: the text.
        parameters: by name or alias, pictures as a request takes them.
        variables: the notebook's variables.
        home: the folder of ours where pictures without a name are kept.

    Raises:
        RequestRefused: a parameter that the model doesn't have.
        UnknownModel: no such model.
        ReferenceMistake: a picture that is none.
    """
    state = PanelState(catalog.model(model))
    pictures: dict[str, Any] = {}
    for given, value in parameters.items():
        parameter = state.model.named(given)
        if parameter is None:
            raise refuse(state.model.read({given: value})[1])
        if parameter.name in _PICTURES:
            pictures[parameter.name] = value
        else:
            state = chosen(state, parameter.name, value)
    return _with_pictures(state, pictures, variables, home, prompt=prompt)


def _with_pictures(
    state: PanelState, given: Mapping[str, Any], variables: Mapping[str, Any], home: Path, *, prompt: str
) -> PanelState:
    picked = tuple(pick(one, variables, home) for one in references.each(given.get("images")))
    masks = [pick(one, variables, home) for one in references.each(given.get("mask"))]
    return replace(state, prompt=prompt, picked=picked, mask=masks[0] if masks else None)
