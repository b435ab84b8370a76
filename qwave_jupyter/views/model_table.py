"""Models in a table, cheapest first, and models side by side, as HTML and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.views.model_card import (
    format_option,
    format_parameter,
    format_price,
    format_references,
    list_choices,
)
from qwave_jupyter.views.templating import format_columns, render_template

if TYPE_CHECKING:
    import pandas as pd

    from qwave_jupyter.catalog import Model

__all__ = ["ModelComparison", "ModelTable"]

_COLUMNS = ("model", "does", "ratios", "resolution", "references", "price")
#: Characters of a cell in plain text.
_MAX_TABLE_CELL, _MAX_COMPARISON_CELL = 44, 36
_MIN_COMPARED = 2


class ModelTable(Sequence["Model"]):
    """Models in a table; iterates as models. A live list may lack ids (``unusable``) and add others (``unknown``)."""

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

    def to_records(self) -> list[dict[str, object]]:
        """One dict for each model."""
        return [
            {
                "id": one.id,
                "vendor": one.vendor,
                "family": one.family,
                "actions": list(one.actions),
                "aspect_ratios": list(list_choices(one, "aspect_ratio")),
                "resolutions": list(list_choices(one, "resolution")),
                "references": one.references.maximum if "images" in one.parameters else 0,
                "reference_bytes": one.references.takes_bytes,
                "mask": "mask" in one.parameters,
                "price_usd": one.price.from_usd,
                "price_unit": one.price.unit,
                "documented": one.documented,
            }
            for one in self._models
        ]

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.to_records())

    def __repr__(self) -> str:
        if not self._models and not self._unknown:
            return i18n.text("lookup.no_models", edition=self._edition)
        lines = format_columns([self._build_head(), *self._build_rows()], _MAX_TABLE_CELL)
        return "\n".join([lines, "", *self._format_notes()])

    def _repr_html_(self) -> str:
        return render_template(
            "model_table.html",
            head=self._build_head(),
            rows=list(zip(self._models, self._build_rows(), strict=True)),
            unusable=self._unusable,
            notes=self._format_notes(),
            empty="" if self._models or self._unknown else repr(self),
        )

    def _build_head(self) -> list[str]:
        return [i18n.text(f"lookup.head_{name}") for name in _COLUMNS]

    def _build_rows(self) -> Iterator[list[str]]:
        for model in self._models:
            ratios = list_choices(model, "aspect_ratio")
            yield [
                f"✕ {model.id}" if model.id in self._unusable else model.id,
                _format_actions(model),
                str(len(ratios)) if ratios else "–",
                " ".join(map(str, list_choices(model, "resolution"))) or "–",
                format_references(model),
                format_price(model),
            ]

    def _format_notes(self) -> list[str]:
        dates = sorted({one.documented for one in self._models if one.documented})
        notes = []
        if self._live:
            notes.append(i18n.text("lookup.prices_live"))
        elif dates:
            span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} – {dates[-1]}"
            notes.append(i18n.text("lookup.prices_of", edition=self._edition, dates=span))
        if any(one.id in self._unusable for one in self._models):
            notes.append(i18n.text("lookup.unusable"))
        if self._unknown:
            notes.append(i18n.text("lookup.unknown", names=list(self._unknown)))
        return notes


class ModelComparison:
    """Two models or more side by side."""

    def __init__(self, models: Sequence[Model]) -> None:
        if len(models) < _MIN_COMPARED:
            raise OptionMistake("lookup.compare_two")
        self.models = tuple(models)

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what is compared and each model's text for it."""
        yield i18n.text("lookup.head_price"), tuple(map(format_price, self.models))
        yield i18n.text("lookup.head_does"), tuple(map(_format_actions, self.models))
        yield i18n.text("lookup.head_references"), tuple(map(format_references, self.models))
        names = dict.fromkeys(
            name
            for one in self.models
            for name, parameter in one.parameters.items()
            if not parameter.internal and name not in {"prompt", "action", "images"}
        )
        for name in names:
            cells = (format_parameter(one.parameters[name]) if name in one.parameters else "–" for one in self.models)
            yield format_option(name), tuple(cells)

    def __repr__(self) -> str:
        rows = [["", *(one.id for one in self.models)]]
        rows += [[f"{'≠' if len(set(cells)) > 1 else ' '} {name}", *cells] for name, cells in self.rows()]
        return format_columns(rows, _MAX_COMPARISON_CELL)

    def _repr_html_(self) -> str:
        return render_template(
            "model_comparison.html", models=self.models, rows=self.rows(), origin=self._format_origin()
        )

    def _format_origin(self) -> str:
        dates = ", ".join(f"{one.id} {one.documented}" for one in self.models if one.documented)
        return i18n.text("lookup.compared", edition=self.models[0].edition, dates=dates)


def _format_actions(model: Model) -> str:
    return ", ".join(model.actions) or "generate"
