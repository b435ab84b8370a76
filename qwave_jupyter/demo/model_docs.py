"""What the tools endpoint says of a model, from the catalogue: its schema, and its page in words (edition 2026-09)."""

from __future__ import annotations

from typing import Any

from qwave_jupyter.catalog.model import Model
from qwave_jupyter.catalog.parameter import UNSET, Parameter

__all__ = ["docs_of", "schema_of"]

#: Fields that the Submit page documents for every model (editions 2026-04 to 2026-09).
_COMMON = frozenset(
    {
        "action",
        "aspect_ratio",
        "callback_events",
        "callback_url",
        "image_urls",
        "mask_url",
        "n",
        "negative_prompt",
        "prompt",
        "resolution",
        "seed",
        "size",
    }
)


def schema_of(model: Model) -> dict[str, Any]:
    """What ``get_model_schema`` answers."""
    names = {name: ".".join(parameter.wire) for name, parameter in model.parameters.items()}
    defaults = {
        names[name]: parameter.to_wire(parameter.default)
        for name, parameter in model.parameters.items()
        if parameter.default is not UNSET
    }
    return {
        "model": model.id,
        "supported_actions": list(model.actions),
        "supported_common_params": sorted(name for name in names.values() if name in _COMMON),
        "specific_parameters": [
            _describe_parameter(name, model.parameters[known]) for known, name in names.items() if name not in _COMMON
        ],
        "constraints": [{"message": {"en": rule}} for rule in model.rule_words],
        "aspect_ratios": _choices(model, "aspect_ratio"),
        "resolutions": _choices(model, "resolution"),
        "qualities": _choices(model, "quality"),
        "max_image_inputs": model.references.maximum,
        "defaults": defaults,
        "billing_type": "token" if model.price.rates else "fixed",
    }


def docs_of(model: Model) -> str:
    """What ``get_model_docs`` answers: Markdown."""
    lines = [f"# {model.id}", "", model.summary, "", "| field | type | values | default |", "|---|---|---|---|"]
    for parameter in model.parameters.values():
        values = ", ".join(map(str, parameter.choices))
        default = "" if parameter.default is UNSET else str(parameter.default)
        lines.append(f"| {'.'.join(parameter.wire)} | {parameter.type} | {values} | {default} |")
    for title, texts in (("Rules", model.rule_words), ("Notes", model.notes), ("Sources", model.sources)):
        if texts:
            lines += ["", f"## {title}", "", *(f"- {text}" for text in texts)]
    return "\n".join(lines)


def _describe_parameter(name: str, parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "type": parameter.type}
    if parameter.choices:
        entry["enum"] = [parameter.to_wire(choice) for choice in parameter.choices]
    if parameter.default is not UNSET:
        entry["default"] = parameter.to_wire(parameter.default)
    bounds = {"min": parameter.minimum, "max": parameter.maximum}
    return entry | {key: bound for key, bound in bounds.items() if bound is not None}


def _choices(model: Model, name: str) -> list[Any]:
    parameter = model.parameters.get(name)
    return [] if parameter is None else [parameter.to_wire(choice) for choice in parameter.choices]
