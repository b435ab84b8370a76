"""Sweeps: ``--sweep seed=1..4 --sweep style=oil,ink`` as axes, and axes as the combinations of a grid.

Pure parsing and multiplying; nothing here knows how a request is built or run.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qwave_jupyter.amounts import to_ascii_digits
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.i18n import printable
from qwave_jupyter.jobs.request import fill_prompt
from qwave_jupyter.types import Namespace, Values

__all__ = ["Axis", "Combination", "expand_axes", "parse_axis"]

#: More requests than this from one cell are a slip of the keyboard; a batch takes more.
_MAX_GRID = 1000

_RANGE = re.compile(r"\s*(-?\d{1,18})\s*\.\.\s*(-?\d{1,18})\s*(?:\.\.\s*(\d{1,9})\s*)?", re.ASCII)
_QUOTES = "\"'"
#: A Chinese keyboard's comma separates values as well; quotes keep either.
_COMMAS = ",，"


@dataclass(frozen=True)
class Axis:
    """One direction of a grid."""

    key: str
    values: tuple[object, ...]
    in_prompt: bool = False


@dataclass(frozen=True)
class Combination:
    """One value of each axis."""

    labels: Mapping[str, object]
    options: Values
    variables: Namespace
    model: str | None
    position: tuple[int, ...]

    @property
    def caption(self) -> str:
        """The labels in a line."""
        return " · ".join(f"{key} {value}" for key, value in self.labels.items())


def parse_axis(text: str, *, prompt_names: Iterable[str] = (), variables: Namespace | None = None) -> Axis:
    """One ``KEY=V1,V2`` as an axis; ``{{names}}`` in its values are filled."""
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not equals or not re.fullmatch(r"\{\{\s*\w+\s*\}\}|[\w-]+", key):
        raise OptionMistake("generation.sweep_form", given=text)
    braced = key.startswith("{{")
    name = key.strip("{} ") if braced else key.replace("-", "_")
    known_variables = variables or {}
    values: tuple[object, ...] = _parse_range(_fill(listed, text, known_variables), text) if ".." in listed else ()
    if not values:
        # Filled after they are told apart: a comma in a variable separates nothing.
        values = tuple(_fill(value, text, known_variables) for value in _split_values(listed, text))
    if not values or any(value == "" for value in values):
        raise OptionMistake("generation.sweep_empty", key=name, given=text)
    twice = _find_repeated(values)
    if twice:
        raise OptionMistake("generation.sweep_twice", key=name, value=twice[0])
    known = set(prompt_names)
    in_prompt = name in known
    if braced and not in_prompt:
        raise OptionMistake("generation.sweep_no_name", key=name, allowed=sorted(known) or ["–"])
    return Axis(name, values, in_prompt)


def expand_axes(
    axes: Sequence[Axis], options: Values | None = None, variables: Namespace | None = None
) -> tuple[Combination, ...]:
    """Every combination of the axes' values, the last axis fastest."""
    twice = _find_repeated([axis.key for axis in axes])
    if twice:
        raise OptionMistake("generation.sweep_key_twice", key=twice[0])
    total = math.prod(len(axis.values) for axis in axes)
    if total > _MAX_GRID:
        raise OptionMistake("generation.sweep_too_large", total=total, most=_MAX_GRID)
    combinations = []
    for position in itertools.product(*(range(len(axis.values)) for axis in axes)):
        chosen = [(axis, axis.values[index]) for axis, index in zip(axes, position, strict=True)]
        plain = {axis.key: value for axis, value in chosen if not axis.in_prompt}
        model = plain.pop("model", None)
        combinations.append(
            Combination(
                labels={axis.key: value for axis, value in chosen},
                options={**(options or {}), **plain},
                variables={**(variables or {}), **{axis.key: value for axis, value in chosen if axis.in_prompt}},
                model=None if model is None else str(model),
                position=position,
            )
        )
    return tuple(combinations)


def _fill(value: str, text: str, variables: Namespace) -> str:
    try:
        return fill_prompt(value, variables)
    except RequestRefused:
        raise OptionMistake("options.cannot_fill", option="--sweep", given=printable(text)) from None


def _find_repeated(values: Sequence[object]) -> list[object]:
    return [value for index, value in enumerate(values) if value in values[:index]]


def _parse_range(listed: str, text: str) -> tuple[int, ...]:
    found = _RANGE.fullmatch(to_ascii_digits(listed))
    if found is None:
        return ()
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if step == 0 or abs(last - first) // step >= _MAX_GRID:
        raise OptionMistake("generation.sweep_range", given=text, most=_MAX_GRID)
    return tuple(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))


def _split_values(listed: str, text: str) -> tuple[str, ...]:
    values: list[str] = []
    current, quote, was_quoted = "", "", False
    for character in listed:
        if quote:
            quote = "" if character == quote else quote
            current += "" if not quote else character
        elif character in _QUOTES and not current.strip():
            current, quote, was_quoted = "", character, True
        elif character in _COMMAS:
            values.append(current if was_quoted else current.strip())
            current, was_quoted = "", False
        elif not (was_quoted and character.isspace()):
            current += character
    if quote:
        raise OptionMistake("generation.sweep_quote", given=text)
    return (*values, current if was_quoted else current.strip())
