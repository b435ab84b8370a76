"""Model entries, prices, schemas and pages, built from the catalogue (Models and MCP pages, edition 2026-09)."""

from __future__ import annotations

from qwave_jupyter.catalog.model import Model
from qwave_jupyter.catalog.parameter import UNSET, Parameter

__all__ = ["build_entry", "build_schema", "format_docs"]

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
#: A tier for all values that have none of their own, there and in the catalogue.
_FALLBACK, _ANY = "default", "*"


def build_schema(model: Model) -> dict[str, object]:
    """Return the result of ``get_model_schema``."""
    names = {name: ".".join(parameter.wire_path) for name, parameter in model.parameters.items()}
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
        "aspect_ratios": _list_choices(model, "aspect_ratio"),
        "resolutions": _list_choices(model, "resolution"),
        "qualities": _list_choices(model, "quality"),
        "max_image_inputs": model.references.maximum,
        "defaults": defaults,
        "billing_type": "token" if model.price.rates else "fixed",
        # No page shows the field; the name and the shape are those of GET /models.
        "price_config": _build_price_config(model),
    }


def format_docs(model: Model) -> str:
    """Return the result of ``get_model_docs``, in Markdown."""
    lines = [f"# {model.id}", "", model.summary, "", "| field | type | values | default |", "|---|---|---|---|"]
    for parameter in model.parameters.values():
        values = ", ".join(map(str, parameter.choices))
        default = "" if parameter.default is UNSET else str(parameter.default)
        lines.append(f"| {'.'.join(parameter.wire_path)} | {parameter.type} | {values} | {default} |")
    for title, texts in (("Rules", model.rule_words), ("Notes", model.notes), ("Sources", model.sources)):
        if texts:
            lines += ["", f"## {title}", "", *(f"- {text}" for text in texts)]
    return "\n".join(lines)


def _describe_parameter(name: str, parameter: Parameter) -> dict[str, object]:
    entry: dict[str, object] = {"name": name, "type": parameter.type}
    if parameter.choices:
        entry["enum"] = [parameter.to_wire(choice) for choice in parameter.choices]
    if parameter.default is not UNSET:
        entry["default"] = parameter.to_wire(parameter.default)
    bounds = {"min": parameter.minimum, "max": parameter.maximum}
    return entry | {key: bound for key, bound in bounds.items() if bound is not None}


def _list_choices(model: Model, name: str) -> list[object]:
    parameter = model.parameters.get(name)
    return [] if parameter is None else [parameter.to_wire(choice) for choice in parameter.choices]


def build_entry(model: Model) -> dict[str, object]:
    """Return the entry of a model in ``GET /models``: id, tags, description and price, no capabilities."""
    return {
        "id": model.id,
        "object": "model",
        "description": model.summary,
        "tags": ["image", model.vendor],
        "price_config": _build_price_config(model),
    }


def _build_price_config(model: Model) -> dict[str, object]:
    """Return the price in USD: per image and tier, or per million tokens."""
    price = model.price
    if price.rates:
        return {"settle_image_by_usage": True, "image_usage_rates": dict(price.rates)}
    config: dict[str, object] = {} if price.from_usd is None else {"base": price.from_usd}
    if price.tiers:
        config["image_prices"] = {_FALLBACK if tier == _ANY else tier: usd for tier, usd in price.tiers.items()}
    return config
