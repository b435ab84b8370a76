"""Sweeps: ``--sweep seed=1..4 --sweep style=oil,ink`` as axes, and axes as the requests of a grid.

Pure reading and multiplying; nothing here knows how a request is built or run.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwave_jupyter.errors import OptionMistake

__all__ = ["LARGEST_GRID", "Axis", "Tile", "expand", "parse"]

#: More requests than this from one cell are a slip of the keyboard; a batch takes more.
LARGEST_GRID = 1000

_RANGE = re.compile(r"\s*(-?\d{1,18})\s*\.\.\s*(-?\d{1,18})\s*(?:\.\.\s*(\d{1,9})\s*)?", re.ASCII)
_QUOTES = "\"'"
#: A Chinese keyboard's comma parts values as well; quotes keep either.
_COMMAS = ",，"


@dataclass(frozen=True)
class Axis:
    """One direction of a grid.

    Args:
        key: a parameter, ``model``, or a name of the prompt.
        values: what it takes in turn.
        in_prompt: whether it is a name of the prompt.
    """

    key: str
    values: tuple[Any, ...]
    in_prompt: bool = False


@dataclass(frozen=True)
class Tile:
    """One request of a grid.

    Args:
        labels: what is different here: key to value, in the order of the axes.
        options: the request's options.
        variables: values for the prompt's names.
        model: the model, when that is swept.
        place: its index along each axis.
    """

    labels: Mapping[str, Any]
    options: Mapping[str, Any]
    variables: Mapping[str, Any]
    model: str | None
    place: tuple[int, ...]


def parse(text: str, *, prompt_names: Iterable[str] = ()) -> Axis:
    """One ``KEY=V1,V2`` as an axis.

    Args:
        text: the option's value: values separated by commas, quoted where they hold commas, or a range ``1..8`` or
            ``0..100..25``.
        prompt_names: the names that the prompt asks for.

    Raises:
        OptionMistake: no key, no values, or a value twice.

    Example:
        >>> parse("seed=1..3").values
        (1, 2, 3)
        >>> parse('style=oil,"ink, wet"').values
        ('oil', 'ink, wet')
    """
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not equals or not re.fullmatch(r"\{\{\s*\w+\s*\}\}|[\w-]+", key):
        raise OptionMistake("generation.sweep_form", given=text)
    braced = key.startswith("{{")
    name = key.strip("{} ") if braced else key.replace("-", "_")
    values = _range(listed, text) or _split(listed, text)
    if not values or any(value == "" for value in values):
        raise OptionMistake("generation.sweep_empty", key=name, given=text)
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise OptionMistake("generation.sweep_twice", key=name, value=twice[0])
    known = set(prompt_names)
    in_prompt = name in known
    if braced and not in_prompt:
        raise OptionMistake("generation.sweep_no_name", key=name, allowed=sorted(known) or ["–"])
    return Axis(name, values, in_prompt)


def expand(
    axes: Sequence[Axis], options: Mapping[str, Any] | None = None, variables: Mapping[str, Any] | None = None
) -> tuple[Tile, ...]:
    """Every combination of the axes' values, the last axis fastest.

    Args:
        axes: the directions.
        options: what all requests have in common.
        variables: values for the prompt's names that all have in common.

    Raises:
        OptionMistake: one key twice, or far too many requests.

    Example:
        >>> [dict(tile.labels) for tile in expand([Axis("seed", (1, 2)), Axis("style", ("oil",))])]
        [{'seed': 1, 'style': 'oil'}, {'seed': 2, 'style': 'oil'}]
    """
    keys = [axis.key for axis in axes]
    twice = [key for place, key in enumerate(keys) if key in keys[:place]]
    if twice:
        raise OptionMistake("generation.sweep_key_twice", key=twice[0])
    total = math.prod(len(axis.values) for axis in axes)
    if total > LARGEST_GRID:
        raise OptionMistake("generation.sweep_too_large", total=total, most=LARGEST_GRID)
    tiles = []
    for places in itertools.product(*(range(len(axis.values)) for axis in axes)):
        chosen = [(axis, axis.values[place]) for axis, place in zip(axes, places, strict=True)]
        plain = {axis.key: value for axis, value in chosen if not axis.in_prompt and axis.key != "model"}
        named = {axis.key: value for axis, value in chosen if axis.in_prompt}
        models = [str(value) for axis, value in chosen if axis.key == "model" and not axis.in_prompt]
        tiles.append(
            Tile(
                labels={axis.key: value for axis, value in chosen},
                options={**(options or {}), **plain},
                variables={**(variables or {}), **named},
                model=models[0] if models else None,
                place=places,
            )
        )
    return tuple(tiles)


def _range(listed: str, text: str) -> tuple[int, ...]:
    found = _RANGE.fullmatch(listed)
    if found is None:
        return ()
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if step == 0 or abs(last - first) // step >= LARGEST_GRID:
        raise OptionMistake("generation.sweep_range", given=text, most=LARGEST_GRID)
    return tuple(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))


def _split(listed: str, text: str) -> tuple[str, ...]:
    values: list[str] = []
    current, quote, was_quoted = "", "", False
    for sign in listed:
        if quote:
            quote = "" if sign == quote else quote
            current += "" if not quote else sign
        elif sign in _QUOTES and not current.strip():
            current, quote, was_quoted = "", sign, True
        elif sign in _COMMAS:
            values.append(current if was_quoted else current.strip())
            current, was_quoted = "", False
        elif not (was_quoted and sign.isspace()):
            current += sign
    if quote:
        raise OptionMistake("generation.sweep_quote", given=text)
    return (*values, current if was_quoted else current.strip())
