"""Looking up what models can do without leaving a panel: the chosen one's card, and who else could."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from qwave_jupyter import api, i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.views.model_card import ModelCard
from qwave_jupyter.views.model_table import ModelTable
from qwave_jupyter.widgets.panel.field_specs import worded
from qwave_jupyter.widgets.panel.model_picker import price_of

__all__ = ["ModelFinder", "card_of"]


class ModelFinder:
    """The filters of ``%qwave models`` as controls, and what they find; choosing one puts it into the panel.

    Args:
        models: every model, to fill the filters from.
        chosen: called with a model id.
    """

    def __init__(self, models: tuple[Model, ...], chosen: Callable[[str], None]) -> None:
        self._chosen = chosen
        any_one = (i18n.say("panel.any"), None)
        actions = sorted({action for one in models for action in one.actions})
        self.words = self._control(ipywidgets.Text, "filter_words", continuous_update=False)
        self.action = self._control(
            ipywidgets.Dropdown, "filter_action", options=[any_one, *((worded(one, "action"), one) for one in actions)]
        )
        self.ratio = self._control(
            ipywidgets.Dropdown,
            "filter_ratio",
            options=[any_one, *((one, one) for one in _all(models, "aspect_ratio"))],
        )
        self.resolution = self._control(
            ipywidgets.Dropdown, "filter_resolution", options=[any_one, *((one, one) for one in _sizes(models))]
        )
        self.references = self._control(ipywidgets.Text, "filter_references", placeholder="0", continuous_update=False)
        self.price = self._control(ipywidgets.Text, "filter_price", placeholder="0.05", continuous_update=False)
        self.mask = ipywidgets.Checkbox(description=i18n.say("panel.filter_mask"), indent=False)
        controls = (
            self.words,
            self.action,
            self.ratio,
            self.resolution,
            self.references,
            self.price,
            self.mask,
        )
        self._found = ipywidgets.HTML()
        self._which = ipywidgets.Dropdown(description=i18n.say("panel.put_in"))
        self._which.add_class("qwp-f")
        self.use = ipywidgets.Button(description=i18n.say("panel.use_model"))
        self.use.on_click(lambda _: self._which.value and self._chosen(self._which.value))
        filters = ipywidgets.Box(controls)
        filters.add_class("qwp-filters")
        bottom = ipywidgets.Box([self._which, self.use])
        bottom.add_class("qwp-filters")
        self.widget = ipywidgets.VBox([filters, bottom, self._found])
        self.widget.add_class("qwp-lookup")
        for control in controls:
            control.observe(lambda _: self.find(), "value")

    def find(self) -> tuple[Model, ...]:
        """Look again, and show what is found."""
        try:
            found = tuple(api.models(*str(self.words.value).split(), **self._filters()))
        except (QwaveError, ValueError):
            self._found.value = f'<div class="qwp-line qwp-wrong">{html.escape(i18n.say("panel.bad_filter"))}</div>'
            return ()
        self._which.options = [(f"{one.id} · {price_of(one)}", one.id) for one in found]
        # New options don't choose the first of them by themselves while the index stays the same.
        self._which.value = found[0].id if found else None
        self.use.disabled = not found
        table = ModelTable(found, found[0].edition if found else "")
        self._found.value = table._repr_html_()
        return found

    def close_all(self) -> None:
        """Close every widget of it."""
        close_all(self.widget)

    def _filters(self) -> dict[str, Any]:
        filters = {
            "action": self.action.value,
            "aspect_ratio": self.ratio.value,
            "resolution": self.resolution.value,
            "references": int(self.references.value) if self.references.value.strip() else None,
            "max_price": float(self.price.value.strip().lstrip("$")) if self.price.value.strip() else None,
            "mask": bool(self.mask.value),
        }
        return {name: value for name, value in filters.items() if value}

    def _control(self, kind: Any, key: str, **options: Any) -> Any:
        control = kind(description=i18n.say(f"panel.{key}"), **options)
        control.add_class("qwp-f")
        return control


def card_of(model: Model) -> str:
    """The card of a model as HTML."""
    return ModelCard(model)._repr_html_()


def _all(models: tuple[Model, ...], name: str) -> list[str]:
    found = dict.fromkeys(
        str(choice) for one in models if name in one.parameters for choice in one.parameters[name].choices
    )
    return list(found)


def _sizes(models: tuple[Model, ...]) -> list[str]:
    # Models spell them in capitals or not; the filter takes either.
    return sorted({size.lower() for size in _all(models, "resolution")}, key=lambda size: (len(size), size))
