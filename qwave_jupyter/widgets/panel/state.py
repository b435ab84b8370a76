"""What stands in a panel, as values and texts, and whether it can be sent; no widget."""

from __future__ import annotations

import contextlib
import math
import os
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api, i18n
from qwave_jupyter.catalog import Model, Parameter, Violation
from qwave_jupyter.catalog.model import INCOMPLETE_CODES
from qwave_jupyter.catalog.parameter import UnreadableValue
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import ConfigurationError, QwaveError, ReferenceMistake, RequestRefused
from qwave_jupyter.folders import expand
from qwave_jupyter.frontend import has_visitor
from qwave_jupyter.image_formats import quiet_pillow
from qwave_jupyter.images.image_io import MAX_PIXELS
from qwave_jupyter.jobs import references
from qwave_jupyter.jobs.references import ImageLimits, Reference
from qwave_jupyter.jobs.request import normalize_prompt, refuse
from qwave_jupyter.session import default
from qwave_jupyter.types import Namespace, Values

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = [
    "Choice",
    "PanelState",
    "ReferenceCache",
    "SelectedImage",
    "ValidationResult",
    "build",
    "describe_renewed",
    "keeps_drawing",
    "list_choices",
    "list_with_room",
    "panel_texts",
    "renew",
    "validate",
    "with_images",
    "with_model",
    "with_parameter",
    "with_parameters",
    "with_preset",
    "with_seed",
]

#: What is missing can still be added: that isn't a mistake yet.
_STILL_TO_COME = frozenset({"empty_prompt", "needed_with", "too_few_with"})
#: Whatever Python or IPython may take for the end of a line, which an option can't hold.
_LINE_ENDS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_MAX_REPAIRS = 8
_MAX_CACHED = 200
_SEED, _MAX_SEED = "seed", 2**31 - 1
#: The type of parameters that hold one item for each reference.
_PER_IMAGE = "number[][][]"


@dataclass(frozen=True)
class SelectedImage:
    """An image that was selected as reference or mask; under the same name it is equal while it looks the same."""

    source: object = field(compare=False)
    #: How a cell writes it: URL, path or variable.
    expression: str
    label: str = field(default="", compare=False)
    #: What a mask was painted over.
    painted_over: SelectedImage | None = None
    #: What was done to it when it was written to a file, which doesn't tell.
    notices: tuple[Violation, ...] = field(default=(), compare=False)
    #: Whether it was selected by that name, which may stand for another image later; an object stays what it is.
    is_by_name: bool = field(default=False, compare=False)
    #: What tells it apart from an image that had or will have its name.
    content: tuple[object, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", tuple(map(_identify, references.flatten_images(self.source))))

    @property
    def is_remote(self) -> bool:
        """Whether it lies at an address, which is never fetched from here."""
        return isinstance(self.source, str) and self.source.startswith(("http://", "https://"))


class _Object:
    """Anything else that may be an image: equal to itself alone, and kept, so that no other takes its address."""

    def __init__(self, held: object) -> None:
        self._held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Object) and self._held is other._held

    def __hash__(self) -> int:
        return id(self._held)


def _identify(image: Any) -> object:
    """What is the same for an image as long as it looks the same; a file isn't read for it."""
    try:
        if isinstance(image, (str, os.PathLike)):
            return _identify_file(image)
        if callable(getattr(image, "_qwave_image_", None)):
            image = image._qwave_image_()
        size: Any = getattr(image, "shape", None) or image.size
        if callable(getattr(image, "tobytes", None)) and math.prod(size[:2]) <= MAX_PIXELS:
            # A PIL image or an array: drawn on in place, it is the same object.
            form = tuple(str(getattr(image, name, "")) for name in ("mode", "size", "dtype", "shape"))
            with quiet_pillow():
                return *form, zlib.crc32(image.tobytes())
    except Exception:  # noqa: BLE001 - a user's object may fail at anything; it is refused where it is read
        return _Object(image)
    return _Object(image)


def _identify_file(path: str | os.PathLike[str]) -> tuple[object, ...]:
    try:
        facts = expand(path).stat()
    except (OSError, ValueError, RuntimeError):
        # An address, or no file yet.
        return (os.fspath(path),)
    return os.fspath(path), facts.st_mtime_ns, facts.st_size


@dataclass(frozen=True)
class PanelState:
    """One consistent content of a panel."""

    model: Model
    prompt: str = ""
    #: What the user set, whatever the model; what of it fits this one; what a change of model put in its place.
    requested: Values = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    overrides: Values = field(default_factory=dict)
    selected: tuple[SelectedImage, ...] = ()
    mask: SelectedImage | None = None
    #: The name under which a negative prompt is requested: models may call it differently.
    negative_name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[SelectedImage, ...]:
        """The references that go along: those that the model takes at all."""
        return self.selected[: self.max_images] if "images" in self.model.parameters else ()

    @property
    def max_images(self) -> int | None:
        """How many references the model takes; None where no page says."""
        parameter = self.model.parameters.get("images")
        limits = [limit for limit in (parameter and parameter.maximum, self.model.references.maximum) if limit]
        return int(min(limits)) if limits else None

    @property
    def takes_mask(self) -> bool:
        """Whether a mask would go along: the model takes one, and the set action does."""
        parameter = self.model.parameters.get("mask")
        return parameter is not None and _is_for_action(parameter, self.values.get("action"))

    @property
    def action(self) -> str:
        """The action in force: the set one, else the one that the values ask for, else the documented default."""
        explicit = self.values.get("action")
        return str(explicit or self.model.infer_action(self.to_checkable()) or self.model.default_action or "")

    def to_options(self) -> Values:
        """What a request is built from, beside model and prompt."""
        options = dict(self.values)
        if self.images:
            options["images"] = [image.source for image in self.images]
        if self.mask is not None and self.takes_mask:
            options["mask"] = self.mask.source
        return options

    def to_cell_options(self) -> Values:
        """The same with the images as a cell writes them."""
        options = dict(self.to_options())
        if self.images:
            options["images"] = [image.expression for image in self.images]
        if self.mask is not None and "mask" in options:
            options["mask"] = self.mask.expression
        return options

    def to_checkable(self) -> Values:
        """The values with a placeholder for each image and for a prompt that is still to come."""
        options = {"prompt": normalize_prompt(self.prompt) or "…", **self.to_cell_options()}
        if self.images:
            options["images"] = tuple(image.expression for image in self.images)
        return options


@dataclass(frozen=True)
class Choice:
    """One documented value of a parameter, and why it is impossible now, or ""."""

    value: object
    reason: str = ""


def with_parameter(state: PanelState, name: str, value: object) -> PanelState:
    """Set one parameter by its name or an alias, readable or not; None gives it back to the page's default."""
    parameter = state.model.find_parameter(name)
    name = parameter.name if parameter is not None else name
    requested = {known: other for known, other in state.requested.items() if known != name}
    if parameter is not None:
        value = _to_plain(parameter, value)
    if isinstance(value, str):
        value = _LINE_ENDS.sub(" ", value).strip()
    elif isinstance(value, float):
        value = round(value, 12)
    if value is not None and not (isinstance(value, (str, tuple, list)) and not value):
        requested[name] = value
    overrides = {known: other for known, other in state.overrides.items() if known != name}
    if parameter is not None and parameter == state.model.negative_prompt:
        state = replace(state, negative_name=name)
    return _ValueResolver(replace(state, requested=requested, overrides=overrides)).resolve()


def _to_plain(parameter: Parameter, value: object) -> object:
    """A value that can be compared, copied and written; raises RequestRefused for an object that can't be read as one.

    Texts and numbers stay as they are: readable or not, they can be changed in the panel, and another model may read
    them in another way.
    """
    if value is None or parameter.task or type(value) in {str, bool, int, float}:
        return value
    try:
        return parameter.read(value)
    except UnreadableValue as problem:
        raise refuse([problem.violation]) from None


def with_parameters(state: PanelState, parameters: Values) -> PanelState:
    """Set several parameters at once, and nothing else; without prompt and images."""
    state = replace(state, requested={}, overrides={})
    for name, value in parameters.items():
        state = with_parameter(state, name, value)
    return state


def with_seed(state: PanelState, *, anew: bool = False) -> PanelState:
    """Choose a seed where the model has one and none is set, or with ``anew`` another: what has one can be repeated."""
    parameter = state.model.parameters.get(_SEED)
    if parameter is None or (_SEED in state.values and not anew):
        return state
    if parameter.only_for and state.action not in parameter.only_for:
        return state
    low = max(1, round(parameter.minimum or 1))
    high = min(_MAX_SEED, round(parameter.maximum or _MAX_SEED))
    # An image's seed is no secret.
    return with_parameter(state, _SEED, random.randint(low, max(low, high)))  # noqa: S311


def with_images(state: PanelState, selected: tuple[SelectedImage, ...]) -> PanelState:
    """Select other references; boxes and a painted mask stay with the image that they were made for."""
    after = replace(state, selected=selected)
    if state.mask is not None and state.mask.painted_over not in {None, *selected[:1]}:
        after = replace(after, mask=None)
    for name, value in state.values.items():
        parameter = state.model.parameters.get(name)
        if parameter is None or parameter.type != _PER_IMAGE or not isinstance(value, (list, tuple)):
            continue
        known = dict(zip(state.images, value, strict=False))
        boxes = [known.get(image, ()) for image in after.images]
        after = with_parameter(after, name, boxes if any(boxes) else None)
    return after


def renew(state: PanelState, variables: Namespace) -> PanelState:
    """Let the name of each image mean what it means by now; what was drawn over another goes, and ``notes`` say so."""
    selected = tuple(_renew_image(image, variables) for image in state.selected)
    mask = state.mask and _renew_image(state.mask, variables)
    if selected == state.selected and mask == state.mask:
        return state
    renewed = with_images(replace(state, mask=mask), selected)
    key = "panel.images_renewed" if keeps_drawing(state, renewed) else "panel.images_renewed_drawn"
    note = i18n.text(key, names=describe_renewed(state, renewed))
    return replace(renewed, notes=tuple(dict.fromkeys((*renewed.notes, note))))


def _renew_image(image: SelectedImage, variables: Namespace) -> SelectedImage:
    if not image.is_by_name:
        return replace(image)
    source = references.find_image(image.expression, variables)
    # Nothing at all would be left out, where an empty tuple is refused.
    return replace(image, source=() if references.is_empty(source) else source)


def keeps_drawing(before: PanelState, after: PanelState) -> bool:
    """Whether the mask and the boxes of a state are all in another."""
    return (before.mask is None) == (after.mask is None) and before.values == after.values


def describe_renewed(before: PanelState, after: PanelState) -> str:
    """Name the images and the mask that stand for others than before."""
    pairs = zip((*before.selected, before.mask), (*after.selected, after.mask), strict=True)
    names = dict.fromkeys(one.label for one, other in pairs if one is not None and other not in {one, None})
    return i18n.text("words.separator").join(names)


def list_with_room(state: PanelState) -> tuple[SelectedImage, ...]:
    """List the references where one more can be added; raise ReferenceMistake where there are as many as go along."""
    maximum = state.max_images
    if maximum is not None and len(state.selected) >= maximum:
        raise ReferenceMistake("panel.references_full", model=state.model.id, count=maximum)
    return state.selected


def with_model(state: PanelState, model: Model) -> PanelState:
    """Change to another model: what fits is kept, the rest is changed or left out, and ``notes`` say why."""
    requested, negative = dict(state.requested), model.negative_prompt
    known_as = state.negative_name or (state.model.negative_prompt.name if state.model.negative_prompt else "")
    if negative is not None:
        if known_as != negative.name and known_as in requested and negative.name not in requested:
            requested[negative.name] = requested.pop(known_as)
        known_as = negative.name
    state = replace(state, model=model, requested=requested, overrides={}, negative_name=known_as)
    return _ValueResolver(state, repair=True).resolve()


def with_preset(state: PanelState, model: Model, values: Values) -> PanelState:
    """Set a preset's model and values, and no others; what doesn't fit is changed or left out, and ``notes`` say so."""
    return with_model(replace(state, model=model, requested=dict(values), values={}, negative_name=""), model)


def list_choices(state: PanelState) -> dict[str, tuple[Choice, ...]]:
    """List the documented values of every parameter, with the reason where one is impossible beside what is set."""
    given = state.to_checkable()
    choices: dict[str, tuple[Choice, ...]] = {}
    for name, parameter in state.model.parameters.items():
        allowed = () if parameter.internal else state.model.allowed_values(name, given, is_complete=False)
        if allowed:
            choices[name] = tuple(Choice(value, reason) for value, reason in allowed)
    return choices


def _list_conflicts(model: Model, values: Values) -> list[Violation]:
    return [found for found in model.check(values) if found.severity == "reject" and found.code not in INCOMPLETE_CODES]


def _is_for_action(parameter: Parameter | None, action: object) -> bool:
    return parameter is None or not parameter.only_for or action in (None, *parameter.only_for)


class _ValueResolver:
    """Derives the values of a request from what the user requested, with notes of what was changed."""

    def __init__(self, state: PanelState, *, repair: bool = False) -> None:
        self._state = state
        self._repair = repair
        self._values: dict[str, object] = {}
        self._notes: list[str] = []

    def resolve(self) -> PanelState:
        """Return the state with values, overrides and notes."""
        state, overrides = self._state, self._state.overrides
        for name, value in state.requested.items():
            self._read(name, value)
        waiting = self._remove_other_actions()
        self._add_forced_values()
        if self._repair:
            self._repair_conflicts()
            self._note_unsent_images()
            # What was put right stays so until it is set anew, or another model is chosen.
            overrides = {name: self._values.get(name) for name in state.requested if name not in waiting}
        return replace(state, values=self._values, overrides=overrides, notes=tuple(self._notes))

    def _read(self, name: str, value: object) -> None:
        parameter = self._state.model.find_parameter(name)
        if name in self._state.overrides:
            if self._state.overrides[name] is not None:
                self._values[name] = self._state.overrides[name]
        elif parameter is not None:
            self._read_parameter(parameter, value)
        elif self._repair:
            why = i18n.text("panel.no_such_option", model=self._state.model.id)
            self._notes.append(_format_left_out(name, value, why))
        else:
            self._values[name] = value

    def _read_parameter(self, parameter: Parameter, given: object) -> None:
        try:
            value = parameter.read(given)
            violation = parameter.validate(value)
        except UnreadableValue as problem:
            value, violation = given, problem.violation
        if not self._repair or violation is None or violation.severity != "reject":
            self._values[parameter.name] = value
        elif violation.nearest is not None:
            self._replace(parameter.name, given, violation)
        else:
            self._note_left_out(parameter.name, given, violation)

    def _remove_other_actions(self) -> set[str]:
        """Remove values of other actions, which wait until that action comes back; return their names."""
        action = self._values.get("action")
        if not action:
            return set()
        parameters = self._state.model.parameters
        waiting = {name for name in self._values if not _is_for_action(parameters.get(name), action)}
        for name in [name for name in self._values if name in waiting]:
            value = self._values.pop(name)
            if self._repair:
                allowed, detail = parameters[name].only_for, {"action": action}
                self._note_left_out(name, value, Violation("only_for_action", name, value, allowed, detail=detail))
        return waiting

    def _add_forced_values(self) -> None:
        """Where a choice leaves another parameter a single value, that is set along with it."""
        for violation in self._state.model.check(self._to_checkable()):
            name, allowed = violation.parameter, violation.allowed
            if violation.code == "value_needed_with" and len(allowed) == 1 and name not in self._state.requested:
                self._values[name] = allowed[0]
                value, why = _truncate(allowed[0]), violation.detail.get("because", "")
                self._notes.append(i18n.text("panel.set_too", parameter=name, value=value, why=why))

    def _repair_conflicts(self) -> None:
        for _ in range(_MAX_REPAIRS):
            conflicts = _list_conflicts(self._state.model, self._to_checkable())
            if not conflicts or not self._repair_conflict(conflicts[0]):
                return

    def _repair_conflict(self, conflict: Violation) -> bool:
        """Change or leave out one value; return whether anything was to be changed."""
        name, given = conflict.parameter, self._values.get(conflict.parameter)
        # Where only a default is in the way, what the user set gives way before anything is set behind their back.
        because = str(conflict.detail.get("because", "")).split()
        cause = next((known for known in self._values if known in because), "")
        if name not in self._values:
            if cause:
                self._note_left_out(cause, self._values.pop(cause), conflict)
        elif conflict.nearest is not None and conflict.nearest != given:
            self._replace(name, given, conflict)
        else:
            self._note_left_out(name, self._values.pop(name), conflict)
        return name in self._values or bool(cause) or given is not None

    def _to_checkable(self) -> Values:
        return replace(self._state, values=self._values).to_checkable()

    def _replace(self, name: str, before: object, violation: Violation) -> None:
        after = self._values[name] = violation.nearest
        value, why = _truncate(before), _format_reason(violation)
        self._notes.append(i18n.text("panel.became", parameter=name, value=value, after=_truncate(after), why=why))

    def _note_left_out(self, name: str, before: object, violation: Violation) -> None:
        self._notes.append(_format_left_out(name, before, _format_reason(violation)))

    def _note_unsent_images(self) -> None:
        state = self._state
        count = len(state.selected) - len(state.images)
        if count and not state.images:
            self._notes.append(i18n.text("panel.no_images_taken", model=state.model.id, count=count))
        elif count:
            text = i18n.text("panel.images_left", model=state.model.id, most=state.max_images, count=count)
            self._notes.append(text)


def _format_left_out(name: str, value: object, why: str) -> str:
    """Say that a value is left out; boxes, colours and other lists are counted, for nobody reads them as numbers."""
    if not isinstance(value, (list, tuple, dict)):
        return i18n.text("panel.left_out", parameter=name, value=_truncate(value), why=why)
    items = list(value)
    if items and all(isinstance(item, (list, tuple)) for item in items):
        return i18n.text("panel.boxes_left_out", count=sum(map(len, items)), why=why)
    if items and all(isinstance(item, dict) and "hex" in item for item in items):
        return i18n.text("panel.colours_left_out", count=len(items), why=why)
    return i18n.text("panel.values_left_out", parameter=name, count=len(items), why=why)


def _format_reason(violation: Violation) -> str:
    detail = {**violation.detail, "instead": ""}
    return str(replace(violation, nearest=None, others=(), detail=detail))


def _truncate(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 40 else text[:39] + "…"


@dataclass(frozen=True)
class ValidationResult:
    """What a panel's status line shows."""

    lines: tuple[str, ...]
    tone: str
    request: Request | None = None
    advice: tuple[str, ...] = ()


class ReferenceCache:
    """Images as models take them, so that a check at every keystroke reads no file twice."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str, str], tuple[SelectedImage, Reference | ReferenceMistake]] = {}

    def resolve(self, image: SelectedImage, parameter: str, model: Model) -> Reference | ReferenceMistake | None:
        """Read one image as a model takes it, or why it doesn't; None for several images behind one name."""
        sources = list(references.flatten_images(image.source))
        if len(sources) != 1:
            return None
        key = (image.expression, parameter, model.id, model.edition)
        known, found = self._known.get(key, (None, None))
        if known != image or found is None:
            if len(self._known) >= _MAX_CACHED:
                self._known.clear()
            limits = ImageLimits.of(model, parameter, tuple)
            try:
                found = references.resolve(
                    sources[0], parameter, limits, now=SYSTEM_CLOCK.now(), demo=default().serves_demo()
                )
            except ReferenceMistake as mistake:
                found = mistake
            self._known[key] = image, found
        return found

    def resolve_all(self, state: PanelState) -> PanelState:
        """Replace the source of every readable image by what was read."""

        def resolve_source(image: SelectedImage, parameter: str) -> SelectedImage:
            found = self.resolve(image, parameter, state.model)
            return replace(image, source=found) if isinstance(found, Reference) else image

        selected = tuple(resolve_source(image, "images") for image in state.selected)
        return replace(state, selected=selected, mask=state.mask and resolve_source(state.mask, "mask"))


def build(state: PanelState, variables: Namespace) -> Request:
    """Build the request of a state; raise QwaveError where it can't be sent."""
    options = state.to_options()
    request = api.build(state.prompt, model=state.model.id, variables=variables, **options)
    sent = (*state.images, *([state.mask] if state.mask is not None and "mask" in options else []))
    return replace(request, warnings=(*(one for image in sent for one in image.notices), *request.warnings))


def validate(state: PanelState, variables: Namespace, cache: ReferenceCache) -> ValidationResult:
    """Check and price what stands in a panel; the notebook's variables fill its prompt."""
    found = _validate_request(state, variables, cache)
    try:
        if default().frontend.is_interactive():
            # Whatever stands in the panel: a person should not fill it in before they hear of it.
            default().check_key()
    except ConfigurationError as problem:
        lines = () if found.tone == "ready" else found.lines
        return ValidationResult((str(problem), *lines), "wrong", found.request, found.advice)
    return found


def _validate_request(state: PanelState, variables: Namespace, cache: ReferenceCache) -> ValidationResult:
    try:
        request = build(cache.resolve_all(state), variables)
    except RequestRefused as refused:
        violations = refused.fields["violations"]
        lines = tuple(
            i18n.text("panel.no_prompt") if found.code == "empty_prompt" else str(found) for found in violations
        )
        only_waits = all(found.code in _STILL_TO_COME for found in violations)
        return ValidationResult(lines, "waiting" if only_waits else "wrong")
    except QwaveError as error:
        return ValidationResult((str(error),), "wrong")
    return ValidationResult((_format_price(request),), "ready", request, tuple(map(str, request.warnings)))


def _format_price(request: Request) -> str:
    count = i18n.text("notebook.images", count=request.images_asked)
    if request.estimate_usd is not None:
        return i18n.text("panel.ready", price=i18n.dollars(request.estimate_usd), images=count)
    by_tokens = request.model.price.unit == "token"
    return i18n.text("panel.ready_by_tokens" if by_tokens else "panel.ready_unpriced", images=count)


@contextlib.contextmanager
def panel_texts() -> Iterator[None]:
    """Use the panel's texts in place of a cell's, or those of an app where a visitor reads them."""
    with i18n.place("app" if has_visitor(default().frontend) else "panel"):
        yield
