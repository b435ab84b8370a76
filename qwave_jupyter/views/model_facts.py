"""Format a model's limits, defaults and prices as text for tables and cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import UNSET, Model, Parameter

__all__ = [
    "choices_of",
    "format_allowed",
    "format_default",
    "format_price",
    "format_references",
    "format_tiers",
    "option_name",
]


def choices_of(model: Model, name: str) -> tuple[Any, ...]:
    """Return the documented values of a parameter; empty where the model doesn't have it."""
    parameter = model.parameters.get(name)
    return parameter.choices if parameter else ()


def option_name(parameter: Parameter) -> str:
    """Return a parameter's option as it is written in a cell."""
    return f"--{parameter.name.replace('_', '-')}"


def format_allowed(parameter: Parameter) -> str:
    """Format the values that a parameter allows."""
    if parameter.choices:
        return ", ".join(
            str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in parameter.choices
        )
    low, high = (None if limit is None else f"{limit:g}" for limit in (parameter.minimum, parameter.maximum))
    kind = "pictures" if parameter.picture else "task" if parameter.task else parameter.type.rstrip("[]")
    text = i18n.say(f"lookup.kind_{kind}")
    if low is None and high is None:
        return text
    if low is None or high is None:
        return f"{text}, {f'≥ {low}' if high is None else f'≤ {high}'}"
    return f"{text}, {low}–{high}"


def format_default(parameter: Parameter) -> str:
    """Format a parameter's default, or "" without one."""
    default = parameter.default
    if default is UNSET:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def format_price(model: Model) -> str:
    """Format the price range of one image, or that it isn't documented."""
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return i18n.say("lookup.by_tokens") if model.price.unit == "token" else i18n.say("lookup.no_price")
    return i18n.dollars(low) if low == high else f"{i18n.dollars(low)}–{i18n.dollars(high)}"


def format_tiers(model: Model) -> tuple[str, ...]:
    """Format the price of each tier, the fee for references and the rates of tokens."""
    price = model.price
    tiers: Mapping[str, float] = price.tiers
    lines = [
        i18n.say("lookup.tier", by=price.by, tier="…" if tier == "*" else tier, usd=i18n.dollars(usd))
        for tier, usd in tiers.items()
    ]
    if not lines and price.usd is not None:
        unit = i18n.say("lookup.per_call" if price.unit == "call" else "lookup.per_picture")
        lines = [f"{i18n.dollars(price.usd)} {unit}", i18n.say("lookup.four", usd=i18n.dollars(_price_of_four(model)))]
    if price.reference_usd:
        lines.append(i18n.say("lookup.per_reference", usd=i18n.dollars(price.reference_usd)))
    lines += [
        i18n.say("lookup.rate", kind=kind.replace("_", " "), usd=f"${rate:g}") for kind, rate in price.rates.items()
    ]
    if price.note:
        lines.append(price.note)
    return tuple(lines)


def format_references(model: Model) -> str:
    """Format how many reference images a model takes, and whether as URLs or bytes."""
    if "images" not in model.parameters:
        return "–"
    maximum = model.references.maximum
    takes = i18n.say("lookup.url_or_bytes" if model.references.takes_bytes else "lookup.url")
    return f"{maximum if maximum is not None else i18n.say('lookup.some')}, {takes}"


def _price_of_four(model: Model) -> float:
    each = model.price.usd or 0.0
    return each if model.price.unit == "call" else each * 4
