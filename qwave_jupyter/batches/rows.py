"""A batch's rows, in whatever form they come: prompts, dicts, a DataFrame, or a generator of any of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake, UserMistake
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.types import Values

__all__ = ["Row", "build_row", "read_rows"]

_MAX_REASON, _MAX_KEYS = 300, 12


@dataclass(frozen=True)
class Row:
    """The request of a row."""

    request: Request
    force: bool = False


def read_rows(rows: object) -> tuple[int | None, Iterable[object]]:
    """How many rows there are, where that is known, and the rows."""
    if isinstance(rows, (str, bytes, Mapping)):
        raise OptionMistake("generation.batch_rows", kind=type(rows).__name__)
    try:
        if hasattr(rows, "to_dict") and hasattr(rows, "columns") and hasattr(rows, "itertuples"):
            rows = _read_table(type(rows).__name__, list(map(str, rows.columns)), iter(rows.itertuples(index=False)))
        count = len(rows) if isinstance(rows, Sized) else None
    except UserMistake:
        raise
    except Exception:  # noqa: BLE001 - a user's object may fail at anything; an array may call itself sized and not be
        raise OptionMistake("generation.batch_rows", kind=type(rows).__name__) from None
    if not isinstance(rows, Iterable):
        raise OptionMistake("generation.batch_rows", kind=type(rows).__name__)
    try:
        return count, iter(rows)
    except Exception as problem:
        raise _unreadable(1, type(rows).__name__, problem) from problem


def _read_table(kind: str, columns: Sequence[str], values: Iterator[Iterable[object]]) -> list[dict[str, object]]:
    """The rows of a table; they are read at once, for it may change while the batch goes on."""
    twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if twice is not None:
        raise OptionMistake("generation.batch_column_twice", kind=kind, name=twice)
    rows: list[dict[str, object]] = []
    try:
        rows.extend(dict(zip(columns, row, strict=True)) for row in values)
    except Exception as problem:
        raise _unreadable(len(rows) + 1, kind, problem) from problem
    return rows


def _unreadable(row: int, kind: str, problem: Exception) -> UserMistake:
    reason = f"{type(problem).__name__}: {problem}".rstrip(": ")[:_MAX_REASON]
    return UserMistake("generation.batch_row_unreadable", row=row, kind=kind, reason=reason)


def build_row(row: object, build: Callable[[str, str | None, Values], Row]) -> Row:
    """The request of a row."""
    if isinstance(row, str):
        return build(row, None, {})
    if not isinstance(row, Mapping) or not row:
        raise OptionMistake("generation.batch_row", kind=type(row).__name__)
    if "prompt" not in row:
        names = [i18n.printable(name) for name in row]
        listed = i18n.text("words.separator").join([*names[:_MAX_KEYS], *["…"] * (len(names) > _MAX_KEYS)])
        raise OptionMistake("generation.batch_row_keys", names=listed, count=len(names))
    options = dict(_present_values(row))
    prompt, model = str(options.pop("prompt", "")), options.pop("model", None)
    return build(prompt, None if model is None else str(model), options)


def _present_values(row: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    """The values of a row without those that only a table's empty cells hold: None, NaN and pandas' NA."""
    for name, value in row.items():
        if value is None or (not isinstance(value, (str, bytes, list, tuple, Mapping)) and _is_nan(value)):
            continue
        yield str(name), value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _is_nan(value: object) -> bool:
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124 - only NaN differs from itself
    except (TypeError, ValueError):
        return False
