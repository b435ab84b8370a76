"""Looking up what the models can do, offline unless asked to ask the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings
from qwave_jupyter.errors import UnknownModel

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.views.model_table import ModelTable

__all__ = ["live_estimate", "model", "models"]


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
