"""A batch's rows: prompts, dicts, a DataFrame or a generator of any of these; and how many of them ended how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import Cancelled, OptionMistake, UserMistake
from qwave_jupyter.jobs.costs import Charge
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.jobs.snapshot import CancelOutcome
from qwave_jupyter.types import Values

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Outcome

__all__ = ["Row", "Tally", "build_row", "read_rows", "tally"]

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
    _refuse_name_twice(kind, columns)
    rows: list[dict[str, object]] = []
    try:
        rows.extend(dict(zip(columns, row, strict=True)) for row in values)
    except Exception as problem:
        raise _unreadable(len(rows) + 1, kind, problem) from problem
    return rows


def _refuse_name_twice(kind: str, names: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise OptionMistake("generation.batch_column_twice", kind=kind, name=twice)


def _unreadable(row: int, kind: str, problem: Exception) -> UserMistake:
    reason = f"{type(problem).__name__}: {problem}".rstrip(": ")[:_MAX_REASON]
    return UserMistake("generation.batch_row_unreadable", row=row, kind=kind, reason=reason)


def build_row(row: object, build: Callable[[Any, Any, Values], Row]) -> Row:
    """The request of a row; what its prompt and its model may be is checked where it is built."""
    if isinstance(row, str):
        return build(row, None, {})
    # What Excel puts before the first column's name is none of it.
    named = {name.lstrip("\ufeff") if isinstance(name, str) else name: one for name, one in _read_names(row).items()}
    if not named:
        raise OptionMistake("generation.batch_row", kind=type(row).__name__)
    surplus = named.pop(None, None)
    if isinstance(surplus, list) and any(str(one).strip() for one in surplus):
        # As csv.DictReader gives what stands behind the last column.
        raise OptionMistake("generation.batch_row_surplus", values=i18n.PrintableValue(surplus))
    if "prompt" not in named:
        names = [i18n.printable(name) for name in named]
        listed = i18n.text("words.separator").join([*names[:_MAX_KEYS], *["…"] * (len(names) > _MAX_KEYS)])
        raise OptionMistake("generation.batch_row_keys", names=listed, count=len(names))
    options = dict(_present_values(named))
    return build(options.pop("prompt", ""), options.pop("model", None), options)


def _read_names(row: Any) -> Mapping[Any, object]:
    """A row by its names: a dict, a named tuple, or a row of a table; {} for anything else."""
    if isinstance(row, Mapping):
        return row
    if isinstance(row, tuple) and hasattr(row, "_fields"):
        # What pandas' itertuples puts before the columns is the table's index.
        is_indexed = type(row).__module__.startswith("pandas.") and row._fields[:1] == ("Index",)
        names, values = row._fields[is_indexed:], row[is_indexed:]
    elif hasattr(row, "to_dict") and hasattr(row, "index") and not hasattr(row, "columns"):
        names, values = list(map(str, row.index)), row
    else:
        return {}
    _refuse_name_twice(type(row).__name__, names)
    return dict(zip(names, values, strict=True))


def _present_values(row: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    """The values of a row without those that a table's empty cells hold: None, NaN, pandas' NA, csv's ""."""
    for name, given in row.items():
        is_scalar = type(given).__module__ == "numpy" and getattr(given, "shape", None) == ()
        value = given.item() if is_scalar else given  # type: ignore[attr-defined]
        # Without its model or its prompt a row would be another one.
        is_empty_cell = isinstance(value, str) and not value and name not in {"prompt", "model"}
        if value is not None and not is_empty_cell and not _is_nan(value):
            yield str(name), value


def _is_nan(value: object) -> bool:
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    # Arrays and tensors have no single answer; they are images.
    return isinstance(value, Real) and value != value  # noqa: PLR0124 - only NaN differs from itself


@dataclass(frozen=True)
class Tally:
    """Counts of rows, each in one of them, and their money.

    Args:
        done: with images.
        images: how many images these have.
        kept: too late to cancel; the server makes them.
        unknown: cancelled without an answer.
        running: begun and not ended yet.
        cancelled: cancelled before they were made.
        failed: refused or failed.
        not_ordered: never begun, as far as the number of rows is known.
        charged_usd: what is known to be charged.
        open: rows of which it isn't known yet whether and what they cost.
        open_usd: what these may cost, or None where a price isn't known.
    """

    done: int = 0
    images: int = 0
    kept: int = 0
    unknown: int = 0
    running: int = 0
    cancelled: int = 0
    failed: int = 0
    not_ordered: int = 0
    charged_usd: float = 0.0
    open: int = 0
    open_usd: float | None = 0.0

    @property
    def stopped_rows(self) -> int:
        """Rows without images because somebody stopped them."""
        return self.kept + self.unknown + self.cancelled

    def to_error(self, key: str, count: int) -> Cancelled:
        """The error of an interrupted batch; ``count`` of what it calls done. What still runs was not answered."""
        others = "".join(
            i18n.text("generation.stopped_and", text=i18n.text(f"generation.stopped_{name}", count=number))
            for name, number in (
                ("kept", self.kept),
                ("unknown", self.unknown + self.running),
                ("cancelled", self.cancelled),
                ("failed", self.failed),
                ("not_ordered", self.not_ordered),
            )
            if number
        )
        return Cancelled(
            key,
            count=count,
            others=others,
            money=self._describe_money(),
            job_id="",
            task_id="",
            charged=self.charged_usd,
        )

    def _describe_money(self) -> str:
        """Sentences about what was charged, what is open, and how to get at it."""
        if self.charged_usd > 0:
            text = i18n.text("charges.charged", amount=i18n.dollars(self.charged_usd))
        else:
            text = "" if self.open else i18n.text("charges.nothing")
        sentences = [text]
        if self.open:
            amount = None if self.open_usd is None else i18n.dollars(self.open_usd)
            key = "stopped_open" if amount is None else "stopped_open_amount"
            sentences.append(i18n.text(f"generation.{key}", count=self.open, amount=amount))
        if self.kept or self.unknown or self.running:
            sentences.append(i18n.text("generation.stopped_resume"))
        first, *rest = [one for one in sentences if one]
        for one in rest:
            first = i18n.text("words.sentences", first=first, second=one)
        return first


def tally(
    outcomes: Iterable[Outcome], running: int = 0, total: int | None = None, open_usd: float | None = 0.0
) -> Tally:
    """Count outcomes.

    Args:
        outcomes: of the rows that have ended.
        running: rows that were begun and haven't ended.
        total: rows in all, where that is known.
        open_usd: what the running ones may cost, or None.
    """
    counts = {"done": 0, "kept": 0, "unknown": 0, "cancelled": 0, "failed": 0}
    images, ended, charged, open_rows = 0, 0, 0.0, running
    for one in outcomes:
        ended += 1
        counts[_find_kind(one)] += 1
        images += len(one.gallery or ())
        if one.cost_usd is not None:
            charged += one.cost_usd
        elif not _is_free(one):
            open_rows += 1
            price = one.request.estimate_usd if one.request is not None else None
            open_usd = None if price is None or open_usd is None else open_usd + price
    return Tally(
        **counts,
        images=images,
        running=running,
        not_ordered=0 if total is None else max(0, total - ended - running),
        charged_usd=charged,
        open=open_rows,
        open_usd=open_usd,
    )


def _find_kind(outcome: Outcome) -> str:
    error = outcome.error
    if error is None:
        return "done"
    if not isinstance(error, Cancelled):
        return "failed"
    became = error.fields.get("outcome", CancelOutcome.UNSENT)
    return {CancelOutcome.KEPT: "kept", CancelOutcome.UNKNOWN: "unknown"}.get(became, "cancelled")


def _is_free(outcome: Outcome) -> bool:
    """Whether nothing was charged, though nobody named a cost."""
    error = outcome.error
    if error is None:
        return False
    charge = error.fields.get("charge")
    if isinstance(charge, Charge):
        return charge.is_charged is False
    return isinstance(error, UserMistake) or error.code == "cancelled_unsent"
