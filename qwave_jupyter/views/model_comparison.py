"""Models side by side, their differences marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model, Parameter
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.views.model_facts import allowed_words, default_words, option_of, price_words, references_words
from qwave_jupyter.views.templating import render_template

__all__ = ["Comparison"]

_FEWEST = 2
_WIDEST = 36


class Comparison:
    """Models side by side.

    Args:
        models: two or more.

    Raises:
        OptionMistake: fewer than two.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        if len(models) < _FEWEST:
            raise OptionMistake("lookup.compare_two")
        self.models = tuple(models)

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What is compared, with each model's words for it."""
        yield i18n.say("lookup.head_price"), tuple(price_words(one) for one in self.models)
        yield i18n.say("lookup.head_does"), tuple(", ".join(one.actions) or "generate" for one in self.models)
        yield i18n.say("lookup.head_references"), tuple(references_words(one) for one in self.models)
        names = dict.fromkeys(
            name
            for one in self.models
            for name, parameter in one.parameters.items()
            if not parameter.internal and name not in {"prompt", "action", "images"}
        )
        for name in names:
            found = [one.parameters.get(name) for one in self.models]
            first = next(one for one in found if one is not None)
            yield option_of(first), tuple("–" if one is None else _told(one) for one in found)

    def __repr__(self) -> str:
        lines = [("", "", tuple(one.id for one in self.models))]
        lines += [("≠" if len(set(cells)) > 1 else " ", name, cells) for name, cells in self.rows()]
        widths = [
            min(_WIDEST, max(i18n.columns(cells[place]) for _, _, cells in lines)) for place in range(len(self.models))
        ]
        left = max(i18n.columns(name) for _, name, _ in lines)
        return "\n".join(
            f"{mark:1} {i18n.padded(name, left)}  "
            + "  ".join(i18n.padded(_cut(cell), wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()
            for mark, name, cells in lines
        )

    def _repr_html_(self) -> str:
        return render_template("model_comparison.html", models=self.models, rows=self.rows(), origin=self._origin())

    def _origin(self) -> str:
        dates = ", ".join(f"{one.id} {one.documented}" for one in self.models if one.documented)
        return i18n.say("lookup.compared", edition=self.models[0].edition, dates=dates)


def _told(parameter: Parameter) -> str:
    default = default_words(parameter)
    return allowed_words(parameter) + (i18n.say("lookup.default", default=default) if default else "")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
