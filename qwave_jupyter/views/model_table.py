"""Models in a table, cheapest first, as HTML and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.views.model_facts import choices_of, format_price, format_references
from qwave_jupyter.views.templating import render_template

__all__ = ["ModelTable"]

_COLUMNS = ("model", "does", "ratios", "resolution", "references", "price")
_MAX_WIDTH = 44


class ModelTable(Sequence[Model]):
    """Models in a table; iterates as models.

    Args:
        models: in the order in which they are shown.
        edition: the edition that documents them.
        unusable: ids that the live list doesn't have.
        unknown: ids that only the live list has.
        live: whether a live list was queried.

    Example:
        >>> [model.id for model in qwave.models("seedream", resolution="4k")]
    """

    def __init__(
        self,
        models: Sequence[Model],
        edition: str = "",
        *,
        unusable: Sequence[str] = (),
        unknown: Sequence[str] = (),
        live: bool = False,
    ) -> None:
        self._models = tuple(models)
        self._edition = edition
        self._unusable = frozenset(unusable)
        self._unknown = tuple(unknown)
        self._live = live

    @overload
    def __getitem__(self, index: int) -> Model: ...

    @overload
    def __getitem__(self, index: slice) -> ModelTable: ...

    def __getitem__(self, index: int | slice) -> Model | ModelTable:
        if isinstance(index, slice):
            return ModelTable(self._models[index], self._edition, unusable=tuple(self._unusable), live=self._live)
        return self._models[index]

    def __len__(self) -> int:
        return len(self._models)

    def to_records(self) -> list[dict[str, Any]]:
        """One dict for each model."""
        return [
            {
                "id": one.id,
                "vendor": one.vendor,
                "family": one.family,
                "actions": list(one.actions),
                "aspect_ratios": list(choices_of(one, "aspect_ratio")),
                "resolutions": list(choices_of(one, "resolution")),
                "references": one.references.maximum if "images" in one.parameters else 0,
                "reference_bytes": one.references.takes_bytes,
                "mask": "mask" in one.parameters,
                "price_usd": one.price.from_usd,
                "price_unit": one.price.unit,
                "documented": one.documented,
            }
            for one in self._models
        ]

    def to_dataframe(self) -> Any:
        """A pandas DataFrame.

        Raises:
            ModuleNotFoundError: pandas isn't installed.
        """
        import pandas as pd

        return pd.DataFrame(self.to_records())

    def __repr__(self) -> str:
        if not self._models and not self._unknown:
            return i18n.say("lookup.no_models", edition=self._edition)
        rows = [self._head(), *([self._mark(one) + row[0], *row[1:]] for one in self._models for row in [_row(one)])]
        widths = [min(_MAX_WIDTH, max(i18n.columns(row[column]) for row in rows)) for column in range(len(_COLUMNS))]
        lines = [
            "  ".join(i18n.padded(_truncate(cell), wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, "", *self._notes()])

    def _repr_html_(self) -> str:
        return render_template(
            "model_table.html",
            head=self._head(),
            rows=tuple(self._html_rows()),
            notes=self._notes(),
            empty="" if self._models or self._unknown else repr(self),
        )

    def _html_rows(self) -> Iterator[dict[str, Any]]:
        for model in self._models:
            name, *cells = _row(model)
            yield {
                "name": self._mark(model) + name,
                "vendor": model.vendor,
                "cells": cells,
                "usable": model.id not in self._unusable,
            }

    def _head(self) -> list[str]:
        return [i18n.say(f"lookup.head_{name}") for name in _COLUMNS]

    def _mark(self, model: Model) -> str:
        return "✕ " if model.id in self._unusable else ""

    def _notes(self) -> list[str]:
        dates = sorted({one.documented for one in self._models if one.documented})
        notes = [i18n.say("lookup.prices_of", edition=self._edition, dates=_span(dates))] if dates else []
        if self._live:
            notes = [i18n.say("lookup.prices_live")]
        if any(one.id in self._unusable for one in self._models):
            notes.append(i18n.say("lookup.unusable"))
        if self._unknown:
            notes.append(i18n.say("lookup.unknown", names=list(self._unknown)))
        return notes


def _row(model: Model) -> list[str]:
    ratios = choices_of(model, "aspect_ratio")
    return [
        model.id,
        ", ".join(model.actions) or "generate",
        str(len(ratios)) if ratios else "–",
        " ".join(map(str, choices_of(model, "resolution"))) or "–",
        format_references(model),
        format_price(model),
    ]


def _span(dates: Sequence[str]) -> str:
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} – {dates[-1]}"


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 1] + "…"
