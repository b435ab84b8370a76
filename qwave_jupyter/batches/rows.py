"""A batch's rows, in whatever form they come: prompts, dicts, a DataFrame, or a generator of any of these."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs.request import Request

__all__ = ["Row", "builder", "read"]


@dataclass(frozen=True)
class Row:
    """The request of a row.

    Args:
        request: what to make.
        force: an unknown price is no reason to refuse it.
    """

    request: Request
    force: bool = False


#: ``(prompt, model or None, options)`` to the request of a row.
Build = Callable[[str, "str | None", Mapping[str, Any]], Row]


def read(rows: Any) -> tuple[int | None, Iterable[Any]]:
    """How many rows there are, where that is known, and the rows.

    Args:
        rows: a list, a pandas DataFrame, or anything that can be iterated once.

    Raises:
        OptionMistake: a single text, which would be a row for each of its letters.
    """
    if isinstance(rows, (str, bytes, Mapping)):
        raise OptionMistake("generation.batch_rows", kind=type(rows).__name__)
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        rows = [dict(zip(map(str, rows.columns), values, strict=True)) for values in rows.itertuples(index=False)]
    if not isinstance(rows, Iterable):
        raise OptionMistake("generation.batch_rows", kind=type(rows).__name__)
    count = len(rows) if isinstance(rows, Sized) else None
    return count, rows


def builder(row: Any, build: Build) -> Request | Callable[[], Row]:
    """What makes the request of a row when its turn comes.

    Args:
        row: a prompt, a dict with ``prompt``, perhaps ``model``, and parameters, or a request.
        build: makes the request.
    """
    return row if isinstance(row, Request) else functools.partial(_built, row, build)


def _built(row: Any, build: Build) -> Row:
    if isinstance(row, str):
        return build(row, None, {})
    if not isinstance(row, Mapping) or "prompt" not in row:
        raise OptionMistake("generation.batch_row", kind=type(row).__name__)
    options = dict(_set(row))
    prompt, model = str(options.pop("prompt", "")), options.pop("model", None)
    return build(prompt, None if model is None else str(model), options)


def _set(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        # A table has a value in every cell; None, NaN and pandas' NA mean that there is none.
        missing = value is None or (not isinstance(value, (str, bytes, list, tuple, Mapping)) and _is_nan(value))
        if not missing:
            yield str(name), value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _is_nan(value: Any) -> bool:
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124 - only NaN differs from itself
    except (TypeError, ValueError):
        return False
