"""The choice of a model: a searchable list, filters by what models can do, and the chosen one's card."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets
import traitlets

from qwave_jupyter import api, i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.types import JSONObject, Values
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.canvas.base import CHANGES_SCRIPT, Control, read_assets
from qwave_jupyter.widgets.panel.fields import format_name

__all__ = ["ModelFinder", "ModelPicker"]


#: More than any model takes or costs.
_MAX_NUMBER = 1e6


class ModelPicker(Control):
    """A searchable list of models, grouped by family, the price beside each."""

    _esm = CHANGES_SCRIPT + read_assets(__file__, "elements.js", "model_picker.js")
    _text_keys = ("model", "no_model_found")

    models: traitlets.List[JSONObject] = traitlets.List().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, models: Iterable[Model], value: str, on_change: Callable[[str], None]) -> None:
        described = [
            {
                "id": model.id,
                "family": model.family,
                "price": _format_price(model),
                "search": " ".join((model.id, model.family, model.vendor, model.summary, *model.actions)).lower(),
            }
            for model in models
        ]
        super().__init__(models=described, value=value)
        self._on_change = on_change
        self.on_msg(self._receive)

    def _receive(self, _: object, content: JSONObject, __: object) -> None:
        # A message of its own is neither held back while the kernel is busy nor sent back.
        name = content.get("choose")
        if isinstance(name, str):
            with self._lock_property(value=name):
                self.value = name
            self._on_change(name)


class ModelFinder:
    """The filters of ``%qwave models`` as controls, and what they find."""

    def __init__(self, models: tuple[Model, ...], on_choose: Callable[[str], None]) -> None:
        self._on_choose = on_choose
        actions = sorted({action for model in models for action in model.actions})
        ratios = _list_values(models, "aspect_ratio")
        # Models spell them in capitals or not; the filter takes either.
        resolutions = sorted(
            {value.lower() for value in _list_values(models, "resolution")}, key=lambda value: (len(value), value)
        )
        self.words = _build_text("words")
        self.action = _build_dropdown("action", [(format_name(action, "action"), action) for action in actions])
        self.ratio = _build_dropdown("ratio", [(ratio, ratio) for ratio in ratios])
        self.resolution = _build_dropdown("resolution", [(value, value) for value in resolutions])
        self.references = _build_text("references", placeholder="0")
        self.price = _build_text("price", placeholder="0.05")
        self.mask = ipywidgets.Checkbox(description=i18n.text("panel.filter_mask"), indent=False)
        controls = (self.words, self.action, self.ratio, self.resolution, self.references, self.price, self.mask)
        self._table = ipywidgets.HTML()
        self._found = ipywidgets.Dropdown(description=i18n.text("panel.put_in"))
        self._found.add_class("qwp-f")
        self.use = ipywidgets.Button(description=i18n.text("panel.use_model"))
        self.use.on_click(lambda _: self._choose())
        rows = [ipywidgets.Box(controls), ipywidgets.Box([self._found, self.use])]
        for row in rows:
            row.add_class("qwp-filters")
        self.widget = ipywidgets.VBox([*rows, self._table])
        self.widget.add_class("qwp-lookup")
        for control in controls:
            control.observe(lambda _: self.find(), "value")

    @i18n.place("panel")
    def find(self) -> None:
        """Apply the filters, and show what is found."""
        try:
            found = api.models(*str(self.words.value).split(), **self._read_filters())
        except QwaveError as error:
            self._table.value = render_template("panel_message.html", style_class="qwp-line qwp-wrong", text=str(error))
            return
        self._found.options = [(f"{model.id} · {_format_price(model)}", model.id) for model in found]
        # New options don't choose the first of them by themselves while the index stays the same.
        self._found.value = found[0].id if found else None
        self.use.disabled = not found
        self._table.value = found._repr_html_()

    def _choose(self) -> None:
        if self._found.value:
            self._on_choose(self._found.value)

    def _read_filters(self) -> Values:
        filters = {
            "action": self.action.value,
            "aspect_ratio": self.ratio.value,
            "resolution": self.resolution.value,
            "references": self._read_number("references", self.references, int),
            "max_price": self._read_number("price", self.price, float),
            "mask": bool(self.mask.value),
        }
        return {name: value for name, value in filters.items() if value}

    def _read_number(self, name: str, control: ipywidgets.Text, kind: type[int | float]) -> float | None:
        """Read a number from 0; None for an empty field, whatever invisible characters are left in it."""
        text = "".join(filter(str.isprintable, str(control.value))).strip()
        if not text:
            return None
        try:
            number = kind(text.lstrip("$ "))
        except ValueError:
            number = -1
        if not 0 <= number < _MAX_NUMBER:
            label = i18n.text(f"panel.filter_{name}")
            raise OptionMistake(f"panel.bad_{name}", label=label, given=repr(text[:40]))
        return number


def _build_text(name: str, **options: str) -> ipywidgets.Text:
    control = ipywidgets.Text(description=i18n.text(f"panel.filter_{name}"), continuous_update=False, **options)
    control.add_class("qwp-f")
    return control


def _build_dropdown(name: str, options: list[tuple[str, str]]) -> ipywidgets.Dropdown:
    anything = (i18n.text("panel.any"), None)
    control = ipywidgets.Dropdown(description=i18n.text(f"panel.filter_{name}"), options=[anything, *options])
    control.add_class("qwp-f")
    return control


def _list_values(models: tuple[Model, ...], name: str) -> list[str]:
    parameters = [model.parameters[name] for model in models if name in model.parameters]
    return list(dict.fromkeys(str(choice) for parameter in parameters for choice in parameter.choices))


def _format_price(model: Model) -> str:
    """Format what one image costs at least."""
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return i18n.text("panel.by_tokens" if model.price.unit == "token" else "panel.no_price")
    unit = i18n.text("panel.per_call" if model.price.unit == "call" else "panel.per_image")
    exact = i18n.dollars(low) if low == high else i18n.text("panel.price_from", usd=i18n.dollars(low))
    return f"{exact} {unit}"
