"""Models side by side, with their differences marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model, Parameter
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.views.model_facts import format_allowed, format_default, format_price, format_references, option_name
from qwave_jupyter.views.templating import render_template

__all__ = ["Comparison"]

_MIN_MODELS = 2
_MAX_WIDTH = 36


class Comparison:
    """Models side by side.

    Args:
        models: two or more.

    Raises:
        OptionMistake: fewer than two.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        if len(models) < _MIN_MODELS:
            raise OptionMistake("lookup.compare_two")
        self.models = tuple(models)

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what is compared and each model's text for it."""
        yield i18n.say("lookup.head_price"), tuple(format_price(one) for one in self.models)
        yield i18n.say("lookup.head_does"), tuple(", ".join(one.actions) or "generate" for one in self.models)
        yield i18n.say("lookup.head_references"), tuple(format_references(one) for one in self.models)
        names = dict.fromkeys(
            name
            for one in self.models
            for name, parameter in one.parameters.items()
            if not parameter.internal and name not in {"prompt", "action", "images"}
        )
        for name in names:
            found = [one.parameters.get(name) for one in self.models]
            first = next(one for one in found if one is not None)
            yield option_name(first), tuple("–" if one is None else _format_parameter(one) for one in found)

    def __repr__(self) -> str:
        lines = [("", "", tuple(one.id for one in self.models))]
        lines += [("≠" if len(set(cells)) > 1 else " ", name, cells) for name, cells in self.rows()]
        widths = [
            min(_MAX_WIDTH, max(map(i18n.columns, column))) for column in zip(*(c for _, _, c in lines), strict=True)
        ]
        left = max(i18n.columns(name) for _, name, _ in lines)
        return "\n".join(
            f"{mark:1} {i18n.padded(name, left)}  "
            + "  ".join(i18n.padded(_truncate(cell), wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()
            for mark, name, cells in lines
        )

    def _repr_html_(self) -> str:
        return render_template("model_comparison.html", models=self.models, rows=self.rows(), origin=self._origin())

    def _origin(self) -> str:
        dates = ", ".join(f"{one.id} {one.documented}" for one in self.models if one.documented)
        return i18n.say("lookup.compared", edition=self.models[0].edition, dates=dates)


def _format_parameter(parameter: Parameter) -> str:
    default = format_default(parameter)
    return format_allowed(parameter) + (i18n.say("lookup.default", default=default) if default else "")


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 1] + "…"
