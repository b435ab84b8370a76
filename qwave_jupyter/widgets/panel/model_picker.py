"""The choice of a model: searchable, grouped by family, the price beside each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model

__all__ = ["ModelChoice", "price_of"]


class ModelChoice(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """A combobox of models.

    Args:
        models: in the order of their families.
        value: the chosen id.
        changed: called with the id of another choice.
    """

    _esm = Path(__file__).parent / "model_picker.js"
    models: traitlets.List[Any] = traitlets.List().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, models: Iterable[Model], value: str, changed: Callable[[str], None]) -> None:
        listed = [
            {
                "id": one.id,
                "family": one.family,
                "price": price_of(one),
                "search": f"{one.id} {one.family} {one.vendor} {one.summary} {' '.join(one.actions)}".lower(),
            }
            for one in models
        ]
        said = {"label": i18n.say("panel.model"), "none": i18n.say("panel.no_model_found")}
        super().__init__(models=listed, value=value, words=said)
        self.observe(lambda change: changed(change["new"]), "value")

    def close_all(self) -> None:
        """Close it with its layout."""
        self.layout.close()
        self.close()


def price_of(model: Model) -> str:
    """A model's price in a few letters: what one picture costs at least."""
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return i18n.say("panel.by_tokens" if model.price.unit == "token" else "panel.no_price")
    unit = i18n.say("panel.per_call" if model.price.unit == "call" else "panel.per_picture")
    exact = i18n.dollars(low) if low == high else i18n.say("panel.price_from", usd=i18n.dollars(low))
    return f"{exact} {unit}"
