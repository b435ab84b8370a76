"""What of a panel is seen: its widgets, where they stand, and how a state is drawn into them."""

from __future__ import annotations

import html
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Protocol

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.widgets.panel.copy_text import CopyText
from qwave_jupyter.widgets.panel.field_specs import Field
from qwave_jupyter.widgets.panel.field_widget import PanelFields
from qwave_jupyter.widgets.panel.image_slider import Comparison
from qwave_jupyter.widgets.panel.image_strip import ReferencesStrip
from qwave_jupyter.widgets.panel.ipywidgets_fields import PlainFields
from qwave_jupyter.widgets.panel.model_picker import ModelChoice
from qwave_jupyter.widgets.panel.state import PanelState
from qwave_jupyter.widgets.panel.validation import Verdict

__all__ = ["Face", "Hearer"]


class Hearer(Protocol):
    """Who is told what a person does."""

    def choose_model(self, name: str) -> None:
        """Another model was chosen."""

    def set(self, name: str, value: Any) -> None:
        """A parameter was set."""

    def set_prompt(self, text: str) -> None:
        """The prompt was changed."""

    def pictures_asked(self, parameter: str, kind: str, value: Any, more: Any) -> None:
        """Something was asked of the references or of the mask."""

    def pressed(self, button: str) -> None:
        """A button was pressed."""


class Face:
    """The widgets of a panel.

    Args:
        models: every model, family by family.
        state: what stands in it first.
        hearer: who is told.
        tools: the widget with the tools for mask, boxes and palette.
        plain: use ipywidgets alone.
    """

    def __init__(
        self, models: Iterable[Model], state: PanelState, hearer: Hearer, tools: Any, *, plain: bool = False
    ) -> None:
        self._hearer = hearer
        self._drawing = False
        models = tuple(models)
        ids = [one.id for one in models]
        style = (files(__package__) / "style.css").read_text(encoding="utf-8")
        self._style = ipywidgets.HTML(f"<style>{style}</style>")
        self._style.layout.display = "none"
        self.models = ModelChoice(models, state.model.id, hearer.choose_model)
        self._plain_models = ipywidgets.Combobox(
            options=ids, value=state.model.id, description=i18n.say("panel.model"), continuous_update=False
        )
        self._plain_models.observe(self._chose_plainly, "value")
        self.fields = PanelFields(hearer.set, self._seen)
        self.plain: PlainFields | None = None
        self.notes = ipywidgets.HTML()
        self._counted = ipywidgets.HTML()
        self.prompt = ipywidgets.Textarea(value=state.prompt, tooltip=i18n.say("panel.prompt"), rows=4)
        self.prompt.placeholder = i18n.say("panel.prompt_placeholder")
        self.prompt.observe(self._typed, "value")
        self.references = ReferencesStrip(i18n.say("panel.references"), self._asked("images"))
        self.mask = ReferencesStrip(i18n.say("panel.mask"), self._asked("mask"), single=True)
        self._tools = tools
        self.line = ipywidgets.HTML()
        self.copy = CopyText()
        self.comparison = Comparison()
        self.lookup = ipywidgets.VBox()
        self.card = ipywidgets.HTML()
        self.runs = ipywidgets.VBox()
        self.widget = self._laid_out()
        self.copy.layout.display = "none"
        if plain:
            self.use_plain()

    def _laid_out(self) -> Any:
        def button(name: str, style: str = "") -> Any:
            made = ipywidgets.Button(description=i18n.say(f"panel.{name}"), tooltip=i18n.say(f"panel.{name}_tip"))
            made.on_click(lambda _: self._hearer.pressed(name))
            if style:
                made.add_class(style)
            return made

        self.buttons = {
            name: button(name, "qwp-generate" if name == "generate" else "")
            for name in ("generate", "copy_as_cell", "copy_as_python", "find_model", "about_model", "plain_controls")
        }
        go = _box(*(self.buttons[name] for name in ("generate", "copy_as_cell", "copy_as_python")), style="qwp-go")
        links = _box(
            *(self.buttons[name] for name in ("find_model", "about_model", "plain_controls")), style="qwp-links"
        )
        self.prompt.add_class("qwp-prompt")
        self._chosen = _column(self.models, self.notes, style="qwp-order-1")
        self._controls = _column(self.fields, links, style="qwp-order-4")
        left = _column(self._chosen, self._controls, style="qwp-left")
        right = _column(
            _column(self._counted, self.prompt, style="qwp-order-2"),
            _column(self.references, self.mask, self._tools, style="qwp-order-3"),
            _column(go, self.line, self.copy, style="qwp-order-5"),
            _column(self.lookup, self.comparison, self.runs, style="qwp-order-6"),
            style="qwp-right",
        )
        frame = _box(left, right, style="qwp-frame")
        root = ipywidgets.VBox([self._style, frame])
        root.add_class("qwp-panel")
        return root

    @property
    def is_plain(self) -> bool:
        """Whether only ipywidgets are used."""
        return self.plain is not None

    def draw(self, state: PanelState, judged: Verdict, fields: tuple[Field, ...], *, demo: bool) -> None:
        """Show a state; what is already shown like that isn't sent again.

        Args:
            state: what stands in the panel.
            judged: what is said of it.
            fields: its controls.
            demo: whether the demo serves.
        """
        self._drawing = True
        try:
            # The check and the notes are one message each; the controls are one as well.
            self.models.value = self._plain_models.value = state.model.id
            self.prompt.value = state.prompt
            (self.plain or self.fields).draw(fields)
            self.notes.value = _notes(state.notes)
            self._counted.value = _counted(state)
            self.line.value = _line(judged, demo=demo)
            self.references.layout.display = "" if "images" in state.model.parameters else "none"
        finally:
            self._drawing = False

    def say(self, text: str, tone: str = "wrong") -> None:
        """One line where the check stands."""
        self.line.value = _line(Verdict((text,), tone), demo=False)

    def show_lookup(self, finder: Any, card: str) -> None:
        """Show the finder, a model's card, or neither."""
        self.card.value = f'<div class="qwp-lookup">{card}</div>' if card else ""
        self.lookup.children = [finder] if finder is not None else [self.card] if card else []

    def use_plain(self) -> None:
        """Put ipywidgets in the place of our own controls."""
        if self.plain is None:
            self.plain = PlainFields(self._hearer.set)
            self._plain_models.add_class("qwp-f")
            self._chosen.children = [self._plain_models, self.notes]
            self._controls.children = [self.plain.widget, *self._controls.children[1:]]
            self._tools.layout.display = "none"
            self.buttons["plain_controls"].layout.display = "none"

    def close_all(self) -> None:
        """Close every widget, shown or not."""
        for part in (self.models, self.fields, self._plain_models, self.card):
            close_all(part)
        close_all(self.widget)

    def _seen(self) -> None:
        # Our own controls were drawn, so nobody needs the plain ones.
        self.buttons["plain_controls"].layout.display = "none"

    def _chose_plainly(self, change: Any) -> None:
        # What is only half typed is no model yet.
        if change["new"] in self._plain_models.options:
            self._hearer.choose_model(change["new"])

    def _typed(self, change: Any) -> None:
        if not self._drawing:
            self._hearer.set_prompt(change["new"])

    def _asked(self, parameter: str) -> Any:
        return lambda kind, value, more: self._hearer.pictures_asked(parameter, kind, value, more)


def _box(*children: Any, style: str) -> Any:
    box = ipywidgets.Box(children)
    box.add_class(style)
    return box


def _column(*children: Any, style: str) -> Any:
    box = ipywidgets.VBox(children)
    box.add_class(style)
    # Lists of choices open over what stands below.
    box.layout.overflow = "visible"
    return box


def _notes(notes: tuple[str, ...]) -> str:
    lines = "".join(f"<div>{html.escape(note)}</div>" for note in notes)
    return f'<div class="qwp-notes" role="status">{lines}</div>' if notes else ""


def _counted(state: PanelState) -> str:
    parameter = state.model.parameters.get("prompt")
    most = parameter.maximum if parameter is not None else None
    length = len(state.prompt)
    if most is None:
        said = i18n.say("panel.characters", count=length)
    else:
        said = i18n.say("panel.characters_of", count=length, most=round(most))
    over = ' class="qwp-over"' if most is not None and length > most else ""
    label = html.escape(i18n.say("panel.prompt"))
    return f'<div class="qwp-row2"><span>{label}</span><span{over}>{html.escape(said)}</span></div>'


def _line(judged: Verdict, *, demo: bool) -> str:
    pill = '<span class="qw-pill">DEMO</span>' if demo else ""
    lines = [f'<div class="qwp-line qwp-{judged.tone}">{pill}{html.escape(judged.lines[0])}</div>']
    lines += [f'<div class="qwp-line qwp-{judged.tone}">{html.escape(one)}</div>' for one in judged.lines[1:]]
    lines += [f'<div class="qwp-line qwp-advice">{html.escape(one)}</div>' for one in judged.advice]
    return f'<div role="status" aria-live="polite">{"".join(lines)}</div>'
