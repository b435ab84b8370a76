"""A model's facts in words, as every table and card spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import UNSET, Model, Parameter

__all__ = [
    "allowed_words",
    "choices_of",
    "default_words",
    "option_of",
    "price_words",
    "references_words",
    "tiers_words",
]


def choices_of(model: Model, name: str) -> tuple[Any, ...]:
    """The documented values of a parameter; empty where the model doesn't have it."""
    parameter = model.parameters.get(name)
    return parameter.choices if parameter else ()


def option_of(parameter: Parameter) -> str:
    """How it is written on the first line of a cell."""
    return f"--{parameter.name.replace('_', '-')}"


def allowed_words(parameter: Parameter) -> str:
    """What it may be."""
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


def default_words(parameter: Parameter) -> str:
    """What leaving it out means, or ""."""
    default = parameter.default
    if default is UNSET:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def price_words(model: Model) -> str:
    """What one picture costs, from and to, or that no page says."""
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return i18n.say("lookup.by_tokens") if model.price.unit == "token" else i18n.say("lookup.no_price")
    return i18n.dollars(low) if low == high else f"{i18n.dollars(low)}–{i18n.dollars(high)}"


def tiers_words(model: Model) -> tuple[str, ...]:
    """Examples of its price: each tier, the fee for references, the rates of tokens."""
    price = model.price
    named: Mapping[str, float] = price.tiers
    lines = [
        i18n.say("lookup.tier", by=price.by, tier="…" if tier == "*" else tier, usd=i18n.dollars(usd))
        for tier, usd in named.items()
    ]
    if not lines and price.usd is not None:
        unit = i18n.say("lookup.per_call" if price.unit == "call" else "lookup.per_picture")
        lines = [f"{i18n.dollars(price.usd)} {unit}", i18n.say("lookup.four", usd=i18n.dollars(_four(model)))]
    if price.reference_usd:
        lines.append(i18n.say("lookup.per_reference", usd=i18n.dollars(price.reference_usd)))
    lines += [
        i18n.say("lookup.rate", kind=kind.replace("_", " "), usd=f"${rate:g}") for kind, rate in price.rates.items()
    ]
    if price.note:
        lines.append(price.note)
    return tuple(lines)


def references_words(model: Model) -> str:
    """How many reference pictures it takes, and as what."""
    if "images" not in model.parameters:
        return "–"
    most = model.references.maximum
    takes = i18n.say("lookup.url_or_bytes" if model.references.takes_bytes else "lookup.url")
    return f"{most if most is not None else i18n.say('lookup.some')}, {takes}"


def _four(model: Model) -> float:
    each = model.price.usd or 0.0
    return each if model.price.unit == "call" else each * 4
