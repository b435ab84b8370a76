"""What of a panel is seen: its widgets, where they stand, and how a state is drawn into them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import ipywidgets
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.views.templating import render_template, trust
from qwave_jupyter.widgets.canvas.base import SlimLayout, read_assets
from qwave_jupyter.widgets.panel.fields import Field, FieldsWidget, PlainFields
from qwave_jupyter.widgets.panel.images import ImageStrip
from qwave_jupyter.widgets.panel.models import ModelPicker
from qwave_jupyter.widgets.panel.prompt import EarlierPrompts, PromptControls, PromptField
from qwave_jupyter.widgets.panel.results import Comparison, CopyText
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import PanelState, ValidationResult

__all__ = ["PanelEvents", "PanelView"]


class PanelEvents(Protocol):
    """What a person does in a panel."""

    def choose_model(self, name: str) -> None:
        """Another model was chosen."""

    def set(self, name: str, value: object) -> None:
        """A parameter was set."""

    def set_prompt(self, text: str) -> None:
        """The prompt was changed."""

    def change_images(self, parameter: str, kind: str, value: object, detail: object) -> None:
        """The references or the mask are to be changed."""

    def generate_prompt(self, prompt: str) -> object:
        """Send what stands in the panel with this prompt."""

    def press(self, button: str) -> None:
        """A button was pressed."""

    def list_earlier(self) -> EarlierPrompts | None:
        """Earlier prompts were asked for; None where there is no journal to look into."""


class PanelView:
    """The widgets of a panel."""

    def __init__(
        self,
        models: Iterable[Model],
        state: PanelState,
        events: PanelEvents,
        tools: ipywidgets.Widget,
        sent: SentValues,
        *,
        plain: bool = False,
    ) -> None:
        self._events = events
        self._drawing = False
        models = tuple(models)
        self.models = ModelPicker(models, state.model.id, events.choose_model)
        self._plain_models: ipywidgets.Combobox | None = None
        self.fields = FieldsWidget(events.set, self._hide_plain_button)
        self.plain: PlainFields | None = None
        self.prompt = PromptField(state.prompt)
        self.prompt.observe(self._change_prompt, "value")
        self.prompt_controls = PromptControls(
            self.prompt, events.generate_prompt, events.set, events.list_earlier, sent
        )
        self.references = ImageStrip(
            i18n.text("panel.references"), lambda *change: events.change_images("images", *change)
        )
        self.mask = ImageStrip(
            i18n.text("panel.mask"), lambda *change: events.change_images("mask", *change), single=True
        )
        self.strips = {"images": self.references, "mask": self.mask}
        sent.watch(self.models, self.fields, self.prompt_controls, self.references, self.mask)
        self._tools = tools
        self.line = _make_html("qwp-status")
        #: What :meth:`show_error` has shown last, as long as it stands there.
        self.error = ""
        self._budget = ("", False)
        self._status = (ValidationResult((), "waiting"), False)
        self.copy = CopyText()
        self.comparison = Comparison()
        self.lookup = ipywidgets.VBox(layout=SlimLayout())
        self.card = ipywidgets.HTML(layout=SlimLayout())
        self.runs = ipywidgets.VBox(layout=SlimLayout())
        names = ("generate", "copy_as_cell", "copy_as_python", "presets", "find_model", "about_model", "plain_controls")
        self.buttons = {name: self._build_button(name) for name in names}
        self.buttons["generate"].add_class("qwp-generate")
        sent.add_buttons(self.buttons["copy_as_cell"], self.buttons["copy_as_python"])
        self.widget = self._build_layout()
        self.copy.layout.display = "none"
        if plain:
            self.use_plain()

    def _build_button(self, name: str) -> ipywidgets.Button:
        button = ipywidgets.Button(
            description=i18n.text(f"panel.{name}"), tooltip=i18n.text(f"panel.{name}_tip"), layout=SlimLayout()
        )
        button.on_click(lambda _: self._events.press(name))
        return button

    def _build_layout(self) -> ipywidgets.VBox:
        buttons = list(self.buttons.values())
        send = _make_box(*buttons[:3], self.line, style_class="qwp-go")
        links = _make_box(*buttons[3:], style_class="qwp-links")
        self._model_column = _make_column(self.models, style_class="qwp-order-1")
        self._field_column = _make_column(self.fields, links, style_class="qwp-order-4")
        left = _make_column(self._model_column, self._field_column, style_class="qwp-left")
        right = _make_column(
            _make_column(self.prompt, self.prompt_controls, style_class="qwp-order-2"),
            _make_column(self.references, self.mask, self._tools, style_class="qwp-order-3"),
            _make_column(send, self.copy, style_class="qwp-order-5"),
            _make_column(self.lookup, self.comparison, self.runs, style_class="qwp-order-6"),
            style_class="qwp-right",
        )
        css = read_assets(__file__, "style.css")
        hidden = SlimLayout(display="none")
        style = ipywidgets.HTML(render_template("panel_style.html", css=trust(css)), layout=hidden)
        frame = _make_box(left, right, style_class="qwp-frame")
        root = ipywidgets.VBox([style, frame], layout=SlimLayout())
        root.add_class("qwp-panel")
        return root

    @property
    def is_plain(self) -> bool:
        """Whether only ipywidgets are used."""
        return self.plain is not None

    @property
    def plain_controls(self) -> tuple[ipywidgets.Widget, ...]:
        """The controls that stand in the place of our own."""
        return tuple(self._model_column.children) + ((self.plain.widget,) if self.plain is not None else ())

    def draw(
        self,
        state: PanelState,
        validation: ValidationResult,
        fields: tuple[Field, ...],
        budget: tuple[str, bool],
        *,
        demo: bool,
    ) -> None:
        """Show a state; what is already shown like that isn't sent again."""
        self._drawing = True
        self.error = ""
        try:
            # One message for each place that changes: what stands together is one widget.
            self.models.value = state.model.id
            if self._plain_models is not None:
                self._plain_models.value = state.model.id
            self.prompt.value = state.prompt
            (self.plain or self.fields).draw(fields, state.notes)
            self.prompt_controls.draw(state, with_negative=not self.is_plain)
            self._budget = budget
            self._show_status(validation, demo=demo)
        finally:
            self._drawing = False

    def show_error(self, text: str) -> None:
        """Show one line where the check stands."""
        self.error = text
        self._show_status(ValidationResult((text,), "wrong"), demo=False)

    def show_budget(self, text: str, *, short: bool) -> None:
        """Show beside Generate what is left to spend, and whether that is less than what stands in the panel."""
        self._budget = (text, short)
        validation, demo = self._status
        self._show_status(validation, demo=demo)

    def show_lookup(self, finder: ipywidgets.Widget | None, card: str) -> None:
        """Show the finder, a model's card, or neither."""
        self.card.value = render_template("panel_lookup.html", card=trust(card))
        self.lookup.children = [finder] if finder is not None else [self.card] if card else []

    def use_plain(self) -> None:
        """Put ipywidgets in the place of our own controls."""
        if self.plain is None:
            self.plain = PlainFields(self._events.set)
            self._plain_models = self._build_plain_models()
            self._model_column.children = [self._plain_models]
            self._field_column.children = [self.plain.widget, *self._field_column.children[1:]]
            self._tools.layout.display = "none"
            self._hide_plain_button()

    def close_all(self) -> None:
        """Close every widget, shown or not."""
        for part in (self.models, self.fields, self.card, self.widget):
            close_all(part)

    def _hide_plain_button(self) -> None:
        # Also once our own controls were drawn: then nobody needs the plain ones.
        self.buttons["plain_controls"].layout.display = "none"

    def _build_plain_models(self) -> ipywidgets.Combobox:
        control = ipywidgets.Combobox(
            options=[one["id"] for one in self.models.models],
            value=self.models.value,
            description=i18n.text("panel.model"),
            continuous_update=False,
        )
        control.add_class("qwp-f")
        control.observe(self._choose_plain_model, "value")
        return control

    def _choose_plain_model(self, change: traitlets.Bunch) -> None:
        # What is only half typed is no model yet.
        if change["new"] in change["owner"].options:
            self._events.choose_model(change["new"])

    def _change_prompt(self, change: traitlets.Bunch) -> None:
        if not self._drawing:
            self._events.set_prompt(change["new"])

    def _show_status(self, validation: ValidationResult, *, demo: bool) -> None:
        self._status = (validation, demo)
        text, short = self._budget
        self.line.value = render_template(
            "panel_status.html",
            lines=validation.lines,
            advice=validation.advice,
            tone=validation.tone,
            demo=demo,
            budget=text,
            short=short,
        )


def _make_html(style_class: str) -> ipywidgets.HTML:
    html = ipywidgets.HTML(layout=SlimLayout())
    html.add_class(style_class)
    return html


def _make_box(*children: ipywidgets.Widget, style_class: str) -> ipywidgets.Box:
    box = ipywidgets.Box(children, layout=SlimLayout())
    box.add_class(style_class)
    return box


def _make_column(*children: ipywidgets.Widget, style_class: str) -> ipywidgets.VBox:
    # Lists of choices open over what stands below.
    box = ipywidgets.VBox(children, layout=SlimLayout(overflow="visible"))
    box.add_class(style_class)
    return box
