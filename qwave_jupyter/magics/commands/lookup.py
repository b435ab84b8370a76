"""Verbs that look up what the models can do."""

from __future__ import annotations

from qwave_jupyter import api
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default
from qwave_jupyter.views.model_card import ModelCard
from qwave_jupyter.views.model_comparison import Comparison
from qwave_jupyter.views.model_table import ModelTable

__all__ = ["VERBS"]


def _models(_: Console, asked: Asked) -> ModelTable:
    filters = dict(asked.options)
    refresh = bool(filters.pop("refresh", False))
    found: ModelTable = api.models(*asked.words, refresh=refresh, **filters)
    return found


def _model(_: Console, asked: Asked) -> ModelCard:
    return ModelCard(api.model(asked.first or default().settings.model, live=asked.on("live")))


def _compare(_: Console, asked: Asked) -> Comparison:
    return Comparison([api.model(name) for name in asked.words])


VERBS = (
    Verb(
        "models",
        _models,
        "[WORDS]",
        {
            "action": "text",
            "aspect_ratio": "text",
            "resolution": "text",
            "references": "whole",
            "mask": "switch",
            "max_price": "number",
            "prompt_chars": "whole",
            "refresh": "switch",
        },
    ),
    Verb("model", _model, "[ID]", {"live": "switch"}),
    Verb("compare", _compare, "ID ID…"),
)
