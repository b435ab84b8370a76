"""What stands in a panel, as values: the chosen model, what is set, what fits and what doesn't; no widget.

What the user wished for is kept apart from what fits the model at hand, so that a wish comes back with a model that can
fulfil it. Everything is asked of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model, Parameter, Violation
from qwave_jupyter.catalog.parameter import Unreadable

__all__ = ["Choice", "PanelState", "Picked", "action_of", "choices_of", "chosen", "named", "switched", "with_pictures"]

#: What is missing can still be added, so it rules nothing out.
_INCOMPLETE = frozenset({"needed_with", "too_few_with", "empty_prompt", "value_needed_with", "boxes_per_picture"})
_PICTURES = ("images", "mask")
#: Whatever Python or IPython may take for the end of a line, which an option can't hold.
_LINE_ENDS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_MOST_ROUNDS = 8
#: The type of what stands once for each reference.
_PER_PICTURE = "number[][][]"


@dataclass(frozen=True)
class Picked:
    """A picture that was picked as reference or mask.

    Args:
        source: what a request takes: URL, path, image, array, figure or earlier result.
        written: how a cell writes it: URL, path or variable.
        label: how it is called in the panel.
        over: how the picture is written that a mask was painted over, or "".
    """

    source: Any = field(compare=False)
    written: str
    label: str = ""
    over: str = ""


@dataclass(frozen=True)
class PanelState:
    """One consistent content of a panel.

    Args:
        model: the chosen model.
        prompt: the text as it is typed, braces unfilled.
        wishes: what the user set, by name, whatever the model.
        values: what of it goes into the request, in the model's own spelling.
        picked: every reference that was picked, in order.
        mask: the mask that was picked.
        instead: what a change of model put in the place of wishes that don't fit, None for nothing.
        notes: what was changed on the user's behalf, and why.
    """

    model: Model
    prompt: str = ""
    wishes: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    picked: tuple[Picked, ...] = ()
    mask: Picked | None = None
    instead: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[Picked, ...]:
        """The references that go along: those that the model takes at all."""
        if "images" not in self.model.parameters:
            return ()
        return self.picked[: self.most_images]

    @property
    def most_images(self) -> int | None:
        """How many references the model takes; None where no page says."""
        parameter = self.model.parameters.get("images")
        limits = [limit for limit in (parameter and parameter.maximum, self.model.references.maximum) if limit]
        return int(min(limits)) if limits else None

    def options(self) -> dict[str, Any]:
        """What a request is built from, beside model and prompt."""
        found = dict(self.values)
        if self.images:
            found["images"] = [one.source for one in self.images]
        if self._sent_mask is not None:
            found["mask"] = self._sent_mask.source
        return found

    def written(self) -> dict[str, Any]:
        """The same with the pictures as a cell writes them."""
        found = dict(self.values)
        if self.images:
            found["images"] = [one.written for one in self.images]
        if self._sent_mask is not None:
            found["mask"] = self._sent_mask.written
        return found

    def judged(self) -> dict[str, Any]:
        """The values with a stand-in for each picture and for a prompt that is still to come."""
        found = {"prompt": self.prompt if self.prompt.strip() else "…", **self.values}
        if self.images:
            found["images"] = tuple(one.written for one in self.images)
        if self._sent_mask is not None:
            found["mask"] = self._sent_mask.written
        return found

    @property
    def takes_mask(self) -> bool:
        """Whether a mask would go along: the model takes one, and the set mode does."""
        parameter = self.model.parameters.get("mask")
        if parameter is None:
            return False
        return not parameter.only_for or self.values.get("action") in {None, *parameter.only_for}

    @property
    def _sent_mask(self) -> Picked | None:
        return self.mask if self.takes_mask else None


@dataclass(frozen=True)
class Choice:
    """One documented value of a parameter.

    Args:
        value: the value.
        reason: why it is out of the question now, or "".
    """

    value: Any
    reason: str = ""


def chosen(state: PanelState, name: str, value: Any) -> PanelState:
    """The state with one parameter set, or given back to the page's default with None.

    Args:
        state: the state before.
        name: the parameter, by its own name or an alias.
        value: as the user wrote it; what can't be read is kept, so that the check can say so.

    Example:
        >>> chosen(PanelState(model), "resolution", "2K").values
        {'resolution': '2k'}
    """
    parameter = state.model.named(name)
    name = parameter.name if parameter is not None else name
    wishes = {known: wish for known, wish in state.wishes.items() if known != name}
    value = _on_one_line(value)
    if value is not None and value not in ("", (), []):
        wishes[name] = value
    instead = {known: other for known, other in state.instead.items() if known != name}
    return _arranged(replace(state, wishes=wishes, instead=instead))


def named(state: PanelState, wishes: Mapping[str, Any]) -> PanelState:
    """The state with several parameters set at once, and nothing else.

    Args:
        state: the state before.
        wishes: parameters by name; without prompt and pictures.
    """
    state = replace(state, wishes={}, instead={})
    for name, value in wishes.items():
        state = chosen(state, name, value)
    return state


def with_pictures(state: PanelState, picked: tuple[Picked, ...]) -> PanelState:
    """The state with other references; boxes and a painted mask stay with the picture that they were made for.

    Args:
        state: the state before.
        picked: every reference, in order.
    """
    after = replace(state, picked=picked)
    if state.mask is not None and state.mask.over and state.mask.over != (picked[0].written if picked else ""):
        after = replace(after, mask=None)
    for name, value in state.values.items():
        parameter = state.model.parameters.get(name)
        if parameter is None or parameter.type != _PER_PICTURE or not isinstance(value, (list, tuple)):
            continue
        known = {one.written: boxes for one, boxes in zip(state.images, value, strict=False)}
        boxes = [known.get(one.written, ()) for one in after.images]
        after = chosen(after, name, boxes if any(boxes) else None)
    return after


def switched(state: PanelState, model: Model) -> PanelState:
    """The state with another model: what fits is kept, the rest is changed or left out, and ``notes`` say why.

    Args:
        state: the state before.
        model: the model to change to.

    Example:
        >>> switched(chosen(PanelState(gpt), "resolution", "4k"), z_image).notes
        ('resolution 4k is left out: z-image-turbo has no such option.',)
    """
    return _arranged(replace(state, model=model, instead={}), repair=True)


def action_of(state: PanelState) -> str:
    """The action in force: the set one, else the one that the other values ask for, else the documented default."""
    explicit = state.values.get("action")
    if explicit:
        return str(explicit)
    return str(state.model.fitting_action(state.judged()) or state.model.default_action or "")


def choices_of(state: PanelState) -> dict[str, tuple[Choice, ...]]:
    """Every documented value of every parameter, with the reason where it is impossible beside what is set.

    Args:
        state: what is set.

    Returns:
        By parameter; switches count as a choice of False and True.
    """
    given = state.judged()
    found: dict[str, tuple[Choice, ...]] = {}
    for name, parameter in state.model.parameters.items():
        values = parameter.choices or ((False, True) if parameter.type == "boolean" else ())
        if values and not parameter.internal:
            found[name] = _judged_choices(state.model, name, values, given)
    return found


def _judged_choices(model: Model, name: str, values: Iterable[Any], given: Mapping[str, Any]) -> tuple[Choice, ...]:
    wrong: list[tuple[Any, dict[tuple[str, str], Violation]]] = []
    for value in values:
        tried = {**given, name: value}
        if name == "action":
            # What another mode has no use for is left out with it, so it rules that mode out no more.
            tried = {known: one for known, one in tried.items() if _goes_with(model.parameters.get(known), value)}
        if "action" not in tried and (fitting := model.fitting_action(tried)):
            tried["action"] = fitting
        found = [one for one in model.check(tried) if one.severity == "reject" and one.code not in _INCOMPLETE]
        wrong.append((value, {(one.code, one.parameter): one for one in found}))
    # What every value meets with is not this parameter's fault.
    shared = set.intersection(*(set(found) for _, found in wrong)) if len(wrong) > 1 else set()
    return tuple(
        Choice(value, next((str(one) for key, one in found.items() if key not in shared), "")) for value, found in wrong
    )


def _goes_with(parameter: Parameter | None, action: Any) -> bool:
    return parameter is None or not parameter.only_for or action in parameter.only_for


def _arranged(state: PanelState, *, repair: bool = False) -> PanelState:
    """What of the wishes goes into the request."""
    values: dict[str, Any] = {}
    notes: list[str] = []
    for name, wish in state.wishes.items():
        parameter = state.model.named(name)
        if name in state.instead:
            if state.instead[name] is not None:
                values[name] = state.instead[name]
        elif parameter is not None:
            values.update(_fitted(parameter, wish, notes, repair=repair))
        elif repair:
            why = i18n.say("panel.no_such_option", model=state.model.id)
            notes.append(i18n.say("panel.left_out", parameter=name, value=_short(wish), why=why))
        else:
            values[name] = wish
    arranged = replace(state, values=values)
    waiting = _leave_out_of_place(arranged, values, notes, told=repair)
    _complete(arranged, values, notes)
    instead = state.instead
    if repair:
        _mend(arranged, values, notes)
        notes.extend(_picture_notes(arranged))
        # What was put right stays so until it is set anew, or another model is chosen.
        instead = {name: values.get(name) for name, wish in state.wishes.items() if name not in waiting}
    return replace(arranged, instead=instead, notes=tuple(notes))


def _fitted(parameter: Parameter, wish: Any, notes: list[str], *, repair: bool) -> Iterator[tuple[str, Any]]:
    try:
        value = parameter.read(wish)
        violation = parameter.validate(value)
    except Unreadable as problem:
        value, violation = wish, problem.violation
    if not repair or violation is None or violation.severity != "reject":
        yield parameter.name, value
    elif violation.nearest is not None:
        yield parameter.name, violation.nearest
        notes.append(_became(parameter.name, wish, violation.nearest, violation))
    else:
        notes.append(_left_out(parameter.name, wish, violation))


def _leave_out_of_place(state: PanelState, values: dict[str, Any], notes: list[str], *, told: bool) -> set[str]:
    """A wish for another mode waits until that mode comes back; which do."""
    action = values.get("action")
    if not action:
        return set()
    waiting = set()
    for name in list(values):
        parameter = state.model.parameters.get(name)
        if parameter is not None and not _goes_with(parameter, action):
            value = values.pop(name)
            waiting.add(name)
            if told:
                mistake = Violation("only_for_action", name, value, parameter.only_for, detail={"action": action})
                notes.append(_left_out(name, value, mistake))
    return waiting


def _mend(state: PanelState, values: dict[str, Any], notes: list[str]) -> None:
    for _ in range(_MOST_ROUNDS):
        found = state.model.check(replace(state, values=values).judged())
        wrong = [one for one in found if one.severity == "reject" and one.code not in _INCOMPLETE]
        if not wrong or not _mended(wrong[0], values, notes):
            return


def _mended(wrong: Violation, values: dict[str, Any], notes: list[str]) -> bool:
    name, given = wrong.parameter, values.get(wrong.parameter)
    # Where only a default is in the way, what the user set gives way before anything is set behind their back.
    cause = next((known for known in values if known in str(wrong.detail.get("because", "")).split()), "")
    if name not in values:
        if cause:
            notes.append(_left_out(cause, values.pop(cause), wrong))
    elif wrong.nearest is not None and wrong.nearest != given:
        values[name] = wrong.nearest
        notes.append(_became(name, given, wrong.nearest, wrong))
    else:
        notes.append(_left_out(name, values.pop(name), wrong))
    return name in values or bool(cause) or given is not None


def _complete(state: PanelState, values: dict[str, Any], notes: list[str]) -> None:
    """Where a choice leaves another parameter a single value, that is set along with it."""
    for one in state.model.check(replace(state, values=values).judged()):
        if one.code == "value_needed_with" and len(one.allowed) == 1 and one.parameter not in state.wishes:
            values[one.parameter] = one.allowed[0]
            because = one.detail.get("because", "")
            notes.append(i18n.say("panel.set_too", parameter=one.parameter, value=_short(one.allowed[0]), why=because))


def _picture_notes(state: PanelState) -> Iterator[str]:
    left = len(state.picked) - len(state.images)
    if left and not state.images:
        yield i18n.say("panel.no_pictures_taken", model=state.model.id, count=left)
    elif left:
        yield i18n.say("panel.pictures_left", model=state.model.id, most=state.most_images, count=left)


def _became(name: str, before: Any, after: Any, violation: Violation) -> str:
    return i18n.say("panel.became", parameter=name, value=_short(before), after=_short(after), why=_why(violation))


def _left_out(name: str, before: Any, violation: Violation) -> str:
    return i18n.say("panel.left_out", parameter=name, value=_short(before), why=_why(violation))


def _why(violation: Violation) -> str:
    detail = {**violation.detail, "instead": ""}
    return str(replace(violation, nearest=None, others=(), detail=detail))


def _short(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text if len(text) <= 40 else text[:39] + "…"


def _on_one_line(value: Any) -> Any:
    if isinstance(value, str):
        return _LINE_ENDS.sub(" ", value).strip()
    return round(value, 12) if isinstance(value, float) else value
