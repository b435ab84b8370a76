"""A model's parameters as controls, described as plain data: nothing for a model is written by hand.

The description is drawn by :mod:`qwave_jupyter.widgets.panel.field_widget`, or by
:mod:`qwave_jupyter.widgets.panel.ipywidgets_fields` where a frontend loads no widgets of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import UNSET, Parameter
from qwave_jupyter.catalog.violations import ratio_of
from qwave_jupyter.widgets.panel.state import Choice, PanelState, action_of, choices_of

__all__ = ["Field", "Option", "described", "fields_of", "is_shown", "worded"]

#: What everybody looks for first; the rest folds away until a mode needs it.
_FIRST = ("action", "aspect_ratio", "resolution", "quality", "n")
_SEED = "seed"
_STRUCTURES = {"object", "object[]", "number[][][]", "string[]"}
_LONGEST_FRAME = 26
_SHORT_RANGE = 20
_MOST_SEGMENTS = 8


@dataclass(frozen=True)
class Option:
    """One choice of a control.

    Args:
        value: what is set by it.
        label: how it is called.
        reason: why it is impossible now, or "".
        width: of its little frame in pixels, or 0.
        height: likewise.
    """

    value: Any
    label: str
    reason: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Field:
    """One control.

    Args:
        name: the parameter.
        label: how it is called.
        kind: ``frames``, ``segments``, ``menu``, ``stepper``, ``slider``, ``number``, ``text`` or ``json``.
        value: what is set, or None.
        meant: what an omitted value means, or None where no page says.
        options: its choices.
        minimum: the least number.
        maximum: the greatest number.
        step: between numbers.
        hint: what else the page says.
        why: why some choices are impossible, in one line.
        advanced: whether it folds away.
        random: whether a random number makes sense.
        offers: what might be typed.
    """

    name: str
    label: str
    kind: str
    value: Any = None
    meant: Any = None
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    hint: str = ""
    why: str = ""
    advanced: bool = False
    random: bool = False
    offers: tuple[str, ...] = ()


def fields_of(state: PanelState, without: tuple[str, ...] = (), tasks: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """The controls of a state, first those that everybody looks for.

    Args:
        state: what is set.
        without: parameters that have a control of their own elsewhere.
        tasks: ids of earlier tasks, for the parameters that name one.
    """
    judged = choices_of(state)
    action = action_of(state)
    fields = [
        replace(_field(parameter, state, judged.get(name, ()), action), offers=tasks if parameter.task else ())
        for name, parameter in state.model.parameters.items()
        if name not in without and is_shown(parameter, state, action)
    ]
    order = {name: place for place, name in enumerate(_FIRST)}
    return tuple(sorted(fields, key=lambda field: (field.advanced, order.get(field.name, len(order)))))


def described(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    """Controls as JSON, what is empty left out."""
    found = []
    for field in fields:
        one = {name: value for name, value in asdict(field).items() if value not in (None, "", (), False)}
        for name in ("value", "meant"):
            if getattr(field, name) is not None:
                one[name] = getattr(field, name)
        one["options"] = [
            {name: value for name, value in asdict(option).items() if name == "value" or value}
            for option in field.options
        ]
        found.append(one)
    return found


def worded(name: str, key: str) -> str:
    """A parameter's or an action's name as people say it.

    Args:
        name: the API's own name.
        key: ``field`` or ``action``.
    """
    try:
        return i18n.say(f"panel.{key}_{name}")
    except KeyError:
        return name.replace("_", " ").replace("-", " ").capitalize()


def is_shown(parameter: Parameter, state: PanelState, action: str) -> bool:
    """Whether a parameter has a place among the controls: of use in a notebook, and taken by the mode in force."""
    if parameter.internal or parameter.picture or parameter.name == "prompt":
        return False
    if parameter.name == "action" and len(parameter.choices) == 1 and parameter.name not in state.values:
        return False
    return not parameter.only_for or action in parameter.only_for or parameter.name in state.values


def _field(parameter: Parameter, state: PanelState, choices: tuple[Choice, ...], action: str) -> Field:
    meant = None if parameter.default is UNSET else parameter.default
    if parameter.name == "action":
        meant = action
    elif parameter.name == _SEED and meant is not None:
        # Both editions' pages: -1 stands for any.
        meant = i18n.say("panel.random_seed") if meant == -1 else meant
    value = state.values.get(parameter.name)
    kind = _kind(parameter, choices)
    if kind == "json" and value is not None and not isinstance(value, str):
        value = json.dumps(value)
    return Field(
        name=parameter.name,
        label=worded(parameter.name, "field"),
        kind=kind,
        value=value,
        meant=meant,
        options=tuple(_option(parameter, one) for one in choices),
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        step=1 if parameter.type == "integer" else 0.1,
        hint=parameter.note,
        why=_why(choices),
        advanced=not _comes_first(parameter, state, action),
        random=parameter.name == _SEED,
    )


def _comes_first(parameter: Parameter, state: PanelState, action: str) -> bool:
    # A mode's own parameters stand beside it; those of the usual mode are many.
    special = parameter.only_for and state.model.default_action not in parameter.only_for
    return parameter.name in _FIRST or bool(special) or action in parameter.required_for


def _kind(parameter: Parameter, choices: tuple[Choice, ...]) -> str:
    if choices:
        ratios = [one for one in choices if ratio_of(one.value)]
        if len(ratios) > len(choices) / 2:
            return "frames"
        letters = sum(len(str(one.value)) + 3 for one in choices)
        few = len(choices) <= _MOST_SEGMENTS and (parameter.name == "action" or letters <= 46)
        return "segments" if few else "menu"
    if parameter.name == _SEED:
        return "number"
    if parameter.type in {"integer", "number"}:
        return _number_kind(parameter)
    return "json" if parameter.type in _STRUCTURES else "text"


def _number_kind(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return "stepper" if parameter.type == "integer" and high - low <= _SHORT_RANGE else "slider"
    return "stepper" if low is not None and parameter.type == "integer" else "number"


def _option(parameter: Parameter, choice: Choice) -> Option:
    width, height = _frame(choice.value)
    label = str(choice.value)
    if isinstance(choice.value, bool):
        label = i18n.say("panel.on" if choice.value else "panel.off")
    elif parameter.name == "action":
        label = worded(label, "action")
    return Option(choice.value, label, choice.reason, width, height)


def _frame(value: Any) -> tuple[int, int]:
    ratio = ratio_of(value)
    if not ratio:
        return 0, 0
    # Frames of about the same area read better than frames of the same width.
    width = min(_LONGEST_FRAME + 4.0, 20 * ratio**0.5)
    return max(4, round(width)), max(4, min(_LONGEST_FRAME, round(width / ratio)))


def _why(choices: tuple[Choice, ...]) -> str:
    reason = next((one.reason for one in choices if one.reason), "")
    # The rest of the sentence says what was asked for, which stands right there.
    return re.split("[;；]", reason)[0].rstrip(".。") if reason else ""


def summary(fields: tuple[Field, ...]) -> Mapping[str, str]:
    """What folds away, by name: for the line that unfolds it."""
    return {field.name: field.label for field in fields if field.advanced}
