"""A model's parameters as controls, described as plain data and drawn by one widget of ours, or by ipywidgets alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

import ipywidgets
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import UNSET, Parameter
from qwave_jupyter.catalog.rules import parse_ratio
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.types import JSONObject
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.canvas.base import CHANGES_SCRIPT, Control, read_assets
from qwave_jupyter.widgets.panel.state import Choice, PanelState, list_choices

__all__ = ["Field", "FieldsWidget", "PlainFields", "format_name", "is_shown", "list_fields"]

#: What everybody looks for first; the rest folds away until an action needs it.
_PROMINENT = ("action", "aspect_ratio", "resolution", "quality", "n")
_SEED = "seed"
_STRUCTURES = {"object", "object[]", "number[][][]", "string[]"}
_MAX_FRAME = 26
_MAX_STEPPER_RANGE = 20
_MAX_SEGMENTS = 8
_MAX_SEGMENT_LETTERS = 46


@dataclass(frozen=True)
class Option:
    """One choice of a control: why it is impossible now, or "", and the size of its little frame in pixels, or 0."""

    value: object
    label: str
    reason: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Field:
    """One control."""

    name: str
    label: str
    #: ``frames``, ``segments``, ``menu``, ``stepper``, ``slider``, ``number``, ``text`` or ``json``.
    kind: str
    value: object = None
    default: object = None
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    hint: str = ""
    reason: str = ""
    advanced: bool = False
    random: bool = False
    offers: tuple[str, ...] = ()

    def to_json(self) -> JSONObject:
        """The field as the front end reads it, what is empty left out."""
        described = {name: value for name, value in asdict(self).items() if value not in (None, "", (), False)}
        for name in ("value", "default"):
            if getattr(self, name) is not None:
                described[name] = getattr(self, name)
        described["options"] = [
            {name: value for name, value in asdict(option).items() if name == "value" or value}
            for option in self.options
        ]
        return described


def list_fields(state: PanelState, without: tuple[str, ...] = (), tasks: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """List the controls of a state, prominent ones first; ``tasks`` are what parameters that name a task offer."""
    choices = list_choices(state)
    action = state.action
    fields = [
        _build_field(parameter, state, choices.get(name, ()), action, tasks)
        for name, parameter in state.model.parameters.items()
        if name not in without and is_shown(parameter, state, action)
    ]
    order = {name: position for position, name in enumerate(_PROMINENT)}
    return tuple(sorted(fields, key=lambda field: (field.advanced, order.get(field.name, len(order)))))


def format_name(name: str, kind: str) -> str:
    """Format the API's name of a parameter (kind ``field``) or of an action (kind ``action``) for people."""
    try:
        return i18n.text(f"panel.{kind}_{name}")
    except KeyError:
        return name.replace("_", " ").replace("-", " ").capitalize()


def is_shown(parameter: Parameter, state: PanelState, action: str) -> bool:
    """Whether a parameter has a control: of use in a notebook, and taken by the action in force."""
    if parameter.internal or parameter.is_image or parameter.name == "prompt":
        return False
    if parameter.name == "action" and len(parameter.choices) == 1 and parameter.name not in state.values:
        return False
    return not parameter.only_for or action in parameter.only_for or parameter.name in state.values


def _build_field(
    parameter: Parameter, state: PanelState, choices: tuple[Choice, ...], action: str, tasks: tuple[str, ...]
) -> Field:
    default = None if parameter.default is UNSET else parameter.default
    if parameter.name == "action":
        default = action
    elif parameter.name == _SEED and default == -1:
        # Both editions' pages: -1 stands for any.
        default = i18n.text("panel.random_seed")
    value = state.values.get(parameter.name)
    kind = _choose_kind(parameter, choices)
    if kind == "json" and value is not None and not isinstance(value, str):
        value = json.dumps(value)
    # An action's own parameters stand beside it; those of the usual action are many.
    special = bool(parameter.only_for) and state.model.default_action not in parameter.only_for
    reason = next((choice.reason for choice in choices if choice.reason), "")
    return Field(
        name=parameter.name,
        label=format_name(parameter.name, "field"),
        kind=kind,
        value=value,
        default=default,
        options=tuple(_build_option(parameter, choice) for choice in choices),
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        step=1 if parameter.type == "integer" else 0.1,
        hint=parameter.note,
        # The rest of the sentence says what was asked for, which stands right there.
        reason=re.split("[;；]", reason)[0].rstrip(".。"),
        advanced=not (parameter.name in _PROMINENT or special or action in parameter.required_for),
        random=parameter.name == _SEED,
        offers=tasks if parameter.task else (),
    )


def _choose_kind(parameter: Parameter, choices: tuple[Choice, ...]) -> str:
    if choices:
        if sum(bool(parse_ratio(choice.value)) for choice in choices) > len(choices) / 2:
            return "frames"
        letters = sum(len(str(choice.value)) + 3 for choice in choices)
        is_short = parameter.name == "action" or letters <= _MAX_SEGMENT_LETTERS
        return "segments" if is_short and len(choices) <= _MAX_SEGMENTS else "menu"
    if parameter.type in {"integer", "number"} and parameter.name != _SEED:
        low, high = parameter.minimum, parameter.maximum
        if low is not None and high is not None:
            return "stepper" if parameter.type == "integer" and high - low <= _MAX_STEPPER_RANGE else "slider"
        return "stepper" if low is not None and parameter.type == "integer" else "number"
    if parameter.name == _SEED:
        return "number"
    return "json" if parameter.type in _STRUCTURES else "text"


def _build_option(parameter: Parameter, choice: Choice) -> Option:
    label = str(choice.value)
    if isinstance(choice.value, bool):
        label = i18n.text("panel.on" if choice.value else "panel.off")
    elif parameter.name == "action":
        label = format_name(label, "action")
    return Option(choice.value, label, choice.reason, *_measure_frame(choice.value))


def _measure_frame(value: object) -> tuple[int, int]:
    ratio = parse_ratio(value)
    if not ratio:
        return 0, 0
    # Frames of about the same area read better than frames of the same width.
    width = min(_MAX_FRAME + 4.0, 20 * ratio**0.5)
    return max(4, round(width)), max(4, min(_MAX_FRAME, round(width / ratio)))


class FieldsWidget(Control):
    """All controls as one widget: one description goes out for a model, one message comes back for a change."""

    _esm = CHANGES_SCRIPT + read_assets(__file__, "elements.js", "typed_text.js", "fields.js")
    _text_keys = ("advanced", "reset", "random", "less", "more", "meant")

    fields: traitlets.List[JSONObject] = traitlets.List().tag(sync=True)
    notes: traitlets.List[str] = traitlets.List().tag(sync=True)

    def __init__(self, on_change: Callable[[str, object], None], on_drawn: Callable[[], None]) -> None:
        super().__init__()
        self._on_change = on_change
        self._on_drawn = on_drawn
        self.on_msg(self._receive)

    def draw(self, fields: tuple[Field, ...], notes: tuple[str, ...]) -> None:
        """Show notes and controls, in one message; what is already shown like that isn't sent again."""
        described = [field.to_json() for field in fields]
        with self.hold_sync():
            self.notes = list(notes)
            if described != self.fields:
                self.fields = described

    def _receive(self, _: object, content: JSONObject, __: object) -> None:
        if content.get("alive"):
            self._on_drawn()
        elif isinstance(content.get("set"), str):
            self._on_change(content["set"], content.get("value"))


class PlainFields:
    """All controls from ipywidgets alone, for frontends that load no widgets of ours."""

    def __init__(self, on_change: Callable[[str, object], None]) -> None:
        self._on_change = on_change
        self.controls: dict[str, tuple[str, ipywidgets.Widget]] = {}
        self._drawing = False
        self.notes = ipywidgets.HTML()
        self._reasons = ipywidgets.HTML()
        self._first = ipywidgets.VBox()
        self._more = ipywidgets.VBox()
        self._more.layout.display = "none"
        unfold = ipywidgets.ToggleButton(description=i18n.text("panel.advanced"))
        unfold.observe(self._fold, "value")
        self.widget = ipywidgets.VBox([self.notes, self._first, self._reasons, unfold, self._more])

    def draw(self, fields: tuple[Field, ...], notes: tuple[str, ...]) -> None:
        """Show notes and controls; those that are there already stay."""
        self._drawing = True
        try:
            self.notes.value = render_template("panel_notes.html", notes=notes)
            before, self.controls = self.controls, {}
            for field in fields:
                kind = "choice" if field.options else "json" if field.kind == "json" else "text"
                if field.name in before and before[field.name][0] == kind:
                    control = before.pop(field.name)[1]
                else:
                    control = self._build_control(field, kind)
                self.controls[field.name] = (kind, control)
                _update_control(control, field)
            self._first.children = [self.controls[field.name][1] for field in fields if not field.advanced]
            self._more.children = [self.controls[field.name][1] for field in fields if field.advanced]
            for _, control in before.values():
                close_all(control)
            reasons = [field.reason for field in fields if field.reason]
            self._reasons.value = render_template("panel_reasons.html", reasons=reasons)
        finally:
            self._drawing = False

    def _build_control(self, field: Field, kind: str) -> ipywidgets.Widget:
        kinds = {"choice": ipywidgets.Dropdown, "json": ipywidgets.Textarea, "text": ipywidgets.Text}
        options = {} if kind == "choice" else {"continuous_update": False}
        control = kinds[kind](description=field.label, tooltip=field.hint or field.label, **options)
        control.add_class("qwp-f")
        control.observe(lambda change: self._set(field.name, change["new"]), "value")
        return control

    def _set(self, name: str, value: object) -> None:
        if not self._drawing:
            self._on_change(name, None if value == "" else value)

    def _fold(self, change: traitlets.Bunch) -> None:
        self._more.layout.display = "" if change["new"] else "none"


def _update_control(control: ipywidgets.Widget, field: Field) -> None:
    default = i18n.text("panel.meant").replace("…", str(field.default)) if field.default is not None else "–"
    if field.options:
        options: list[tuple[str, object]] = [(default, None)]
        for option in field.options:
            label = i18n.text("panel.impossible", label=option.label) if option.reason else option.label
            options.append((label, option.value))
        if tuple(control.options) != tuple(options):
            control.options = options
        control.value = field.value if field.value in [value for _, value in options] else None
    else:
        control.placeholder = default
        control.value = "" if field.value is None else str(field.value)
