"""The options of a cell that are ours and no model's: each is defined once.

The parser of a cell, completion, generated cells and the reference page read them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

from qwave_jupyter import i18n
from qwave_jupyter.settings import EMBED_CHOICES

__all__ = [
    "OWN_OPTIONS",
    "PARAMETER_SHORT_FORMS",
    "RESERVED",
    "SHORT_FORMS",
    "OwnOption",
    "OwnOptions",
    "describe",
    "to_flag",
    "to_name",
]

_T = TypeVar("_T")


def _option(kind: str, default: _T, *, short: str = "", choices: tuple[str, ...] = ()) -> _T:
    return field(default=default, metadata={"kind": kind, "short": short, "choices": choices})


@dataclass(frozen=True)
class OwnOptions:
    """Values of our own options, typed; each field defines an option."""

    model: str = _option("text", "", short="-m")
    out: str = _option("name", "", short="-o")
    timeout: float | None = _option("number", None)
    save: str | None = _option("text", None)
    max_cost: float | None = _option("number", None)
    embed: str | None = _option("text", None, choices=EMBED_CHOICES)
    no_wait: bool = _option("switch", default=False)
    dry_run: bool = _option("switch", default=False)
    reuse: bool = _option("switch", default=False)
    force: bool = _option("switch", default=False)
    live: bool = _option("switch", default=False)
    sweep: tuple[str, ...] = _option("several", ())
    help: bool = _option("switch", default=False)


@dataclass(frozen=True)
class OwnOption:
    """How one of our own options is written."""

    name: str
    #: ``text``, ``name`` (of a variable), ``number``, ``switch`` or ``several``.
    kind: str
    short: str = ""
    choices: tuple[str, ...] = ()


OWN_OPTIONS: Mapping[str, OwnOption] = {one.name: OwnOption(one.name, **one.metadata) for one in fields(OwnOptions)}
#: What a cell says elsewhere, and a request takes beside its parameters.
RESERVED = frozenset({"prompt", "model", "force", "variables"})
#: Short forms of parameters that every model has.
PARAMETER_SHORT_FORMS = {"-a": "action", "-n": "n", "-r": "aspect_ratio", "-i": "image", "-p": "param"}
SHORT_FORMS = {**{one.short: one.name for one in OWN_OPTIONS.values() if one.short}, **PARAMETER_SHORT_FORMS}


def to_name(written: str) -> str:
    """Return the name of an option as it was written."""
    return SHORT_FORMS.get(written, written.lstrip("-").replace("-", "_"))


def to_flag(name: str) -> str:
    """Return how an option is written: ``--max-cost``."""
    return f"--{name.replace('_', '-')}"


def describe(name: str) -> str:
    """Return what an option of ours, or a parameter with a short form, does."""
    return i18n.text(f"own_options.{name}")
