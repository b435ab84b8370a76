r"""One checked and priced request: what the user wrote, as what will be sent.

Every mistake is named at once, in the order prompt, options, images, rules; nothing is sent before this has passed.
``{{name}}`` in a prompt is the user's variable of that name: plain names only, no attributes and no code, filled in one
pass. All other braces are literal, so that prompts written as JSON survive; ``\{{`` is a literal ``{{``.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from enum import Enum, Flag
from functools import partial
from numbers import Number
from pathlib import PurePath
from typing import TYPE_CHECKING, overload
from uuid import UUID

from qwave_jupyter import i18n
from qwave_jupyter.arguments import escape_braces, find_name
from qwave_jupyter.catalog import ImageInfo, Model, Parameter, Violation
from qwave_jupyter.catalog.parameter import UnreadableValue, to_json_value
from qwave_jupyter.catalog.rules import parse_ratio
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import ReferenceMistake, RequestRefused, UnknownModel
from qwave_jupyter.jobs import references
from qwave_jupyter.jobs.journal.blobs import map_strings
from qwave_jupyter.jobs.references import Reference
from qwave_jupyter.types import JSONObject, Namespace, Values

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Catalog

__all__ = [
    "Request",
    "Violations",
    "build",
    "fill_prompt",
    "fill_values",
    "find_value",
    "fingerprint_of",
    "holds_key",
    "normalize_prompt",
    "prompt_names",
    "read_field",
    "refuse",
    "takes_images",
    "takes_names",
    "unvalidated_model",
]

_IMAGES = ("images", "mask")
#: Stands for an image where it only matters that it isn't an address.
_SOME_BYTES = "data:image/png;base64,"
_MAX_TEXT = 20_000
_LONG_DATA = re.compile(r"(data:[\w/+.-]*;base64,)([A-Za-z0-9+/=]{40,})")

#: What shows nothing: controls and formats, but those that are signs; selectors and silent vowels, which belong to the
#: character before them; and blanks. Together they hold all of Unicode's Default_Ignorable_Code_Point, also what it
#: reserves for later.
_FORMATS = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_SELECTORS = r"\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BLANKS = r"\s\u115f\u1160\u2800\u3164\uffa0"
#: The flags of regions are a black flag with tags.
_SIGN = rf"(?:\U0001f3f4[\U000e0020-\U000e007f]+|[^{_BLANKS}{_FORMATS}{_SELECTORS}])[{_SELECTORS}]*"
_VISIBLE, _UP_TO_LAST_VISIBLE = re.compile(_SIGN), re.compile(rf".*{_SIGN}", re.DOTALL)
_INVISIBLE = re.compile(f"[{_FORMATS}{_SELECTORS}]")
_LINE_END = re.compile(r"[\r\n]")
#: The first line of a cell, pasted into a prompt or left there where cells were merged.
_FIRST_LINE = re.compile(r"\s*%%qwave\b")
#: The zero-width joiner, and the class of the signs behind which Indic scripts use it.
_JOINER, _VIRAMA = "\u200d", 9

#: Characters of the prompt in a representation.
_MAX_REPR = 60


@dataclass(frozen=True)
class Request:
    """A request that may be sent.

    Args:
        model: the model.
        values: what is set, by the user's names; images as they go over the wire.
        body: the request body, exactly as it will be sent.
        estimate_usd: USD for the whole request as documented, or None where no price is published.
        prompt: the prompt, its braces filled.
        action_inferred: the action that fits the other values and was added, or None.
        defaulted: what is left to the page's defaults: name to default.
        warnings: what the pages advise against, and what was done to images.
        unvalidated: the edition doesn't know the model, so nothing was checked.
        fingerprint: the same for the same body with the same images.
        former_fingerprint: what the release before made of it, where that differs; its journals have that one.
        references: the images that go along, references first, then the mask.
        released: images whose bytes were let go: what identifies each, to its MIME type.
    """

    model: Model
    values: Values
    body: JSONObject = field(repr=False)
    estimate_usd: float | None
    prompt: str
    action_inferred: str | None = None
    defaulted: Values = field(default_factory=dict, repr=False)
    warnings: tuple[Violation, ...] = ()
    unvalidated: bool = False
    fingerprint: str = ""
    former_fingerprint: str = ""
    references: tuple[Reference, ...] = field(default=(), repr=False)
    released: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_values(
        cls,
        model: Model,
        values: Values,
        resolved: Mapping[str, Iterable[Reference]],
        *,
        inferred: str | None = None,
        warnings: tuple[Violation, ...] = (),
        unvalidated: bool = False,
        body: JSONObject | None = None,
    ) -> Request:
        """A request from values that need no check any more; ``body`` where it is already written down."""
        images = tuple(one for several in resolved.values() for one in several)
        body = model.to_wire(values) if body is None else body
        effective = model.effective(values)
        return cls(
            model=model,
            values=values,
            body=body,
            estimate_usd=None if unvalidated else model.price.estimate(effective),
            prompt=str(values.get("prompt", "")),
            action_inferred=inferred,
            defaulted={name: value for name, value in effective.items() if name not in values},
            warnings=warnings,
            unvalidated=unvalidated,
            fingerprint=fingerprint_of(body, {one.uri: one.content_id for one in images}),
            references=images,
        )

    def __hash__(self) -> int:
        # Its values and its body are dicts.
        return hash((self.model.id, self.fingerprint))

    def __repr__(self) -> str:
        prompt = self.prompt if len(self.prompt) <= _MAX_REPR else self.prompt[: _MAX_REPR - 1] + "…"
        return f"Request({self.model.id}, {prompt!r})"

    @property
    def action(self) -> str:
        """The action in force: the set one, else the documented default."""
        return str(self.values.get("action") or self.model.default_action or "")

    @property
    def images_asked(self) -> int:
        """How many images are asked for."""
        n = self.effective("n") or 1
        return int(n) if isinstance(n, (int, float)) and n >= 1 else 1

    @property
    def parameters(self) -> dict[str, object]:
        """What was set without the prompt, images that are bytes as their hashes: fit for a record."""
        hashes = {one.uri: one.content_id for one in self.references}
        return {
            name: _replace_images(value, hashes) if name in _IMAGES else value
            for name, value in self.values.items()
            if name != "prompt"
        }

    @property
    def aspect_ratio(self) -> str:
        """The ratio that is asked for or meant, or ""."""
        return str(self.effective("aspect_ratio") or "")

    @property
    def ratio(self) -> float | None:
        """Width by height as they are asked for or meant, or None."""
        return parse_ratio(self.aspect_ratio)

    def effective(self, name: str) -> object:
        """A value as it is set, else as the page means it when it is omitted, else None."""
        return self.values.get(name, self.defaulted.get(name))

    @property
    def fixed_seed(self) -> object:
        """The seed that makes the same image again; None where the server chooses one."""
        seed = self.effective("seed")
        return None if seed == -1 else seed

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those under which a journal may have it."""
        return (self.fingerprint, self.former_fingerprint) if self.former_fingerprint else (self.fingerprint,)

    def body_text(self) -> str:
        """The body as a person reads it: indented JSON, images and very long texts cut, no invisible character."""
        text = json.dumps(map_strings(self.body, _shorten), ensure_ascii=False, indent=2)
        return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def build(
    catalog: Catalog,
    prompt: str,
    options: Values,
    *,
    model: str,
    force: bool = False,
    variables: Namespace | None = None,
    now: float | None = None,
    demo: bool = False,
) -> Request:
    """Check and price what a user wrote.

    Args:
        catalog: the documented models.
        prompt: the text; its ``{{names}}`` are filled from ``variables``; None leaves its braces alone.
        options: parameters by the user's names; images as anything that :func:`references.resolve` takes.
        model: a model id.
        force: what would be refused becomes a warning, and unknown parameters are sent as they are.
        variables: name to value for the prompt.
        now: Unix seconds; None for the present.
        demo: whether the built-in demo serves, which alone can follow the links to its own images.

    Raises:
        RequestRefused: with every mistake.
        UnknownModel: no such id; the nearest is named.

    Example:
        >>> build(load("2026-04"), "a cat", {"n": "2"}, model="gpt-image-2").body
        {'model': 'gpt-image-2', 'prompt': 'a cat', 'n': 2}
    """
    allowed = force or catalog.is_live_only(model)
    chosen, unvalidated = _model(catalog, model, options, unknown_ok=allowed)
    wrong: list[Violation] = []
    text = prompt
    if variables is not None:
        try:
            text = fill_prompt(prompt, variables)
        except RequestRefused as refused:
            wrong.extend(refused.fields["violations"])
    if isinstance(text, str) and holds_key(text):
        wrong.append(Violation("key_in_prompt", "prompt", section="generation"))
    if isinstance(text, str) and any(map(_FIRST_LINE.match, text.splitlines())):
        wrong.append(Violation("cell_in_prompt", "prompt", section="generation"))
    plain, given_images = _split_images(chosen, options)
    plain = {name: _task_id(chosen, name, given) for name, given in plain.items()}
    # A step from an earlier image needs no words, and an empty field isn't an omitted one.
    written: dict[str, object] = {"prompt": text, **plain}
    if isinstance(written["prompt"], str):
        written["prompt"] = _strip_invisible(written["prompt"]) or None
    values, unread = chosen.read({name: _unify_line_ends(given) for name, given in written.items()})
    others = _OthersWithBytes(catalog, chosen, {} if unread else values)
    resolve = partial(references.resolve, now=SYSTEM_CLOCK.now() if now is None else now, demo=demo)
    resolved = _resolve_images(others, given_images, resolve, wrong)
    values.update(_image_values(chosen, resolved))
    inferred = _infer_action(chosen, values)
    found = catalog.check(chosen, values, _image_info(resolved), unread=_tolerate_unknown(unread, forced=force))
    if any(one.severity == "reject" for one in wrong):
        # Another model wouldn't mend the prompt or the images.
        found = tuple(replace(one, others=()) for one in found)
    tolerable = [one for one in (*wrong, *found) if one.severity == "warn" or (force and _may_be_forced(one))]
    intolerable = [one for one in (*wrong, *found) if one not in tolerable]
    if intolerable:
        raise refuse(intolerable)
    if force:
        values.update(_unknown_parameters(chosen, plain, values))
    detail = {"edition": catalog.edition}
    warnings: tuple[Violation, ...] = (
        *(
            [Violation("unvalidated", "model", model, severity="warn", detail=detail, section="generation")]
            if unvalidated
            else ()
        ),
        *(notice for images in resolved.values() for one in images for notice in one.notices),
        *_check_mask_size(chosen, resolved),
        *(replace(one, severity="warn") for one in tolerable),
    )
    request = Request.from_values(
        chosen, values, resolved, inferred=inferred, warnings=warnings, unvalidated=unvalidated
    )
    if not any(isinstance(given, str) and "\r" in given for given in written.values()):
        return request
    # A release before 0.2 sent every kind of line end as it came.
    former = {name: value for name, value in chosen.read(written)[0].items() if isinstance(value, str)}
    body = chosen.to_wire({**values, **former})
    return replace(
        request, former_fingerprint=fingerprint_of(body, {one.uri: one.content_id for one in request.references})
    )


def normalize_prompt(text: str) -> str:
    """The text with line feeds alone, without blank lines and invisible characters around it; "" where nothing is left.

    A cell, ``%%time``, an editor and a web page add different ones. Inside they have a meaning, such as in emoji.
    """
    return str(_unify_line_ends(_strip_invisible(text)))


def _unify_line_ends(given: object) -> object:
    # A table's file ends lines in another way than a cell, and both mean one request.
    return given.replace("\r\n", "\n").replace("\r", "\n") if isinstance(given, str) else given


def _strip_invisible(text: str) -> str:
    first = _VISIBLE.search(text)
    last = _UP_TO_LAST_VISIBLE.match(text)
    if first is None or last is None:
        return ""
    start, end = first.start(), last.end()
    # These letters change their shape beside a joiner.
    start -= text[start - 1 : start] == _JOINER and unicodedata.bidirectional(text[start]) == "AL"
    joins = unicodedata.bidirectional(text[end - 1]) == "AL" or unicodedata.combining(text[end - 1]) == _VIRAMA
    end += joins and text[end : end + 1] == _JOINER
    before, after = (_INVISIBLE.sub("", one) for one in (text[:start], text[end:]))
    return _LINE_END.split(before)[-1] + text[start:end] + _LINE_END.split(after)[0]


def _not_json(name: str, given: object, problem: Exception) -> Violation:
    detail = {"reason": f"{type(problem).__name__}: {i18n.printable(problem)}"}
    return Violation("not_json", name, type(given).__name__, detail=detail, section="generation")


def fingerprint_of(body: JSONObject, content_ids: Mapping[str, str]) -> str:
    """What is the same for the same request, however its JSON is ordered and its images are encoded."""
    canonical = json.dumps(_replace_images(body, content_ids), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def unvalidated_model(name: str, options: Iterable[str] = ()) -> Model:
    """A model of which nothing is known: the common fields under their common names, everything else as written."""
    common = {
        "prompt": Parameter("prompt", "string", ("prompt",), required_for=("*",)),
        "action": Parameter("action", "string", ("action",)),
        "n": Parameter("n", "integer", ("n",), aliases=("count",)),
        "seed": Parameter("seed", "integer", ("seed",)),
        "aspect_ratio": Parameter("aspect_ratio", "string", ("aspect_ratio",), aliases=("size",)),
        "resolution": Parameter("resolution", "string", ("resolution",)),
        "images": Parameter("images", "string[]", ("image_urls",), aliases=("image", "image_urls")),
        "mask": Parameter("mask", "string", ("mask_url",), aliases=("mask_url",)),
    }
    taken = {alias for one in common.values() for alias in (one.name, *one.aliases)}
    own = {option: _AsWritten(option, "string", (option,)) for option in options if option not in taken}
    unknown = Model(id=name, parameters={**common, **own})
    return replace(unknown, references=replace(unknown.references, maximum=None, takes_bytes=True))


class _AsWritten(Parameter):
    """A parameter of which nothing is known: JSON where the text is JSON, else the text."""

    def read(self, given: object) -> object:
        try:
            return _json_or_text(given)
        except Exception as problem:  # noqa: BLE001 - a user's object may fail at anything
            raise UnreadableValue(_not_json(self.name, given, problem)) from None

    def validate(self, value: object) -> Violation | None:  # noqa: ARG002 - anything goes
        return None


def _model(catalog: Catalog, name: str, options: Values, *, unknown_ok: bool) -> tuple[Model, bool]:
    try:
        return catalog.model(name), False
    except UnknownModel:
        if not (unknown_ok and name.strip()):
            raise
    return unvalidated_model(name, options), True


def _split_images(model: Model, options: Values) -> tuple[dict[str, object], dict[str, object]]:
    """Plain options, and those that are images, under their own names."""
    plain: dict[str, object] = {}
    several: dict[str, object] = {}
    for name, given in options.items():
        parameter = model.find_parameter(name)
        canonical = model.canonical_name(name)
        if parameter is not None and takes_images(parameter):
            if given is not None:
                several[canonical] = [several[canonical], given] if canonical in several else given
        else:
            plain[name] = given
    return plain, several


def takes_images(parameter: Parameter) -> bool:
    """Whether a parameter takes images or a mask, of a model of which nothing is known too."""
    return parameter.name in _IMAGES


def takes_names(parameter: Parameter) -> bool:
    """Whether a parameter's text may be the name of the variable that is meant."""
    return takes_images(parameter) or parameter.task or parameter.type.endswith("[]")


def find_value(parameter: Parameter | None, text: str, variables: Namespace) -> object:
    """What a text stands for: the variable of that name where the parameter takes images, a task or a list."""
    if parameter is None:
        return text
    if takes_images(parameter):
        return references.find_image(text, variables)
    if parameter.task:
        known = find_name(text, variables)
        return text if known is None else variables[known]
    known = find_name(text, variables) if parameter.type.endswith("[]") else None
    value = None if known is None else variables[known]
    if isinstance(value, (list, tuple)):
        return list(value)
    # A box or palette editor is meant by its variable's name, as a list is.
    read = getattr(value, "_qwave_value_", None)
    return read() if callable(read) and not isinstance(value, type) else text


def _task_id(model: Model, name: str, given: object) -> object:
    """An earlier job or result as the id of its task, where the parameter names one."""
    parameter = model.find_parameter(name)
    if parameter is None or not parameter.task or isinstance(given, str):
        return given
    try:
        first = given[0] if isinstance(given, Sequence) and given else given
        return getattr(first, "task_id", given)
    except Exception:  # noqa: BLE001 - a user's object may fail at anything; it is refused where it is read
        return given


@dataclass(frozen=True)
class _OthersWithBytes:
    """Which other models would take bytes beside the other values."""

    catalog: Catalog
    model: Model
    values: Values

    def find(self, parameter: str) -> tuple[str, ...]:
        """Their ids; asked only for the text of an error."""
        several = {"images": (_SOME_BYTES,), parameter: (_SOME_BYTES,) if parameter == "images" else _SOME_BYTES}
        return self.catalog.find_capable(self.model, {**self.values, **several}, takes_bytes=True)


def _resolve_images(
    others: _OthersWithBytes,
    given: Mapping[str, object],
    resolve: Callable[[object, str, references.ImageLimits], Reference],
    wrong: list[Violation],
) -> dict[str, list[Reference]]:
    resolved: dict[str, list[Reference]] = {}
    for name in _IMAGES:
        if name not in given:
            continue
        limits = references.ImageLimits.of(others.model, name, partial(others.find, name))
        resolved[name] = []
        try:
            listed = references.flatten_images(given[name])
            images = [one for several in listed for one in references.flatten_images(_parse_list(several))]
        except Exception:  # noqa: BLE001 - a user's object may fail at anything, or hold itself
            wrong.append(Violation("reference_unknown_kind", name, type(given[name]).__name__, section="generation"))
            continue
        for one in images:
            try:
                reference = resolve(one, name, limits)
                if name == "mask" and resolved.get("images"):
                    reference = references.scale_mask(reference, resolved["images"][0], limits)
                resolved[name].append(reference)
            except ReferenceMistake as mistake:
                wrong.append(mistake.fields["mistake"])
        if name == "mask" and len(resolved[name]) > 1:
            wrong.append(Violation("one_mask", name, len(resolved[name]), section="generation"))
    return resolved


def _parse_list(given: object) -> object:
    # -p image_urls='["https://…", "https://…"]' and -p image_urls=https://… mean the same.
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            # Unlike a program's list, one that somebody wrote is meant to hold something.
            return tuple(json.loads(given))
        except (ValueError, RecursionError):
            return given
    return given


def _image_values(model: Model, resolved: Mapping[str, list[Reference]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, images in resolved.items():
        if not images:
            continue
        parameter = model.parameters[name]
        wires = tuple(one.uri for one in images)
        values[name] = wires if parameter.type.endswith("[]") else wires[0]
    return values


def _infer_action(model: Model, values: dict[str, object]) -> str | None:
    if "action" in values or "action" not in model.parameters:
        return None
    fitting = model.infer_action(values)
    if fitting is not None:
        values["action"] = fitting
    return fitting


def _image_info(resolved: Mapping[str, list[Reference]]) -> ImageInfo:
    masks = resolved.get("mask") or [Reference("", "")]
    return ImageInfo(
        sizes=tuple(one.size for one in resolved.get("images", ())),
        mask_size=masks[0].size,
        mask_format=masks[0].format,
        mask_bytes=masks[0].weight,
    )


def _check_mask_size(model: Model, resolved: Mapping[str, list[Reference]]) -> Iterator[Violation]:
    """A notice where a mask lies askew on its image and no page has a rule for that."""
    images, masks = resolved.get("images"), resolved.get("mask")
    if not images or not masks or (model.mask is not None and model.mask.same_size):
        return
    wanted, given = images[0].size, masks[0].size
    if wanted and given and wanted != given:
        detail = {"size": f"{wanted[0]}×{wanted[1]}"}
        text = f"{given[0]}×{given[1]}"
        yield Violation("mask_other_size", "mask", text, severity="warn", detail=detail, section="generation")


def _tolerate_unknown(unread: tuple[Violation, ...], *, forced: bool) -> tuple[Violation, ...]:
    # A forced unknown parameter is sent, so no other model has to be looked for.
    if not forced:
        return unread
    return tuple(replace(one, severity="warn") if one.code == "unknown_parameter" else one for one in unread)


def _may_be_forced(violation: Violation) -> bool:
    # What can't be read, filled or found can't be sent either.
    is_of_page = violation.section == "catalog"
    return (is_of_page and violation.code not in {"unreadable", "empty_prompt", "given_twice"}) or (
        violation.code == "cell_in_prompt"
    )


def _unknown_parameters(model: Model, options: Mapping[str, object], known: Values) -> dict[str, object]:
    unknown = {
        name.replace("-", "_"): given
        for name, given in options.items()
        if given is not None and model.find_parameter(name) is None
    }
    common = unvalidated_model(model.id, unknown)
    values, wrong = common.read(unknown)
    # One field holds either of two names, and either an object or what is set inside it.
    fields = {model.parameters[name].wire_path[0]: name for name in known} | dict(zip(known, known, strict=True))
    for name in unknown:
        parameter = common.find_parameter(name)
        if parameter is not None and parameter.name in fields:
            wrong = (*wrong, Violation.of_repetition(parameter.name, fields[parameter.name], name))
    if wrong:
        raise refuse(wrong)
    return values


def _json_or_text(given: object) -> object:
    if isinstance(given, str):
        try:
            return to_json_value(json.loads(given))
        except (ValueError, RecursionError):
            pass
    return to_json_value(given)


def _replace_images(value: object, content_ids: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return content_ids.get(value, value)
    if isinstance(value, Mapping):
        return {str(name): _replace_images(one, content_ids) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_images(one, content_ids) for one in value]
    return value


def _shorten(text: str) -> str:
    if len(text) > _MAX_TEXT and not text.startswith("data:"):
        text = text[:_MAX_TEXT] + i18n.text("generation.cut", count=len(text) - _MAX_TEXT)
    return _LONG_DATA.sub(lambda found: f"{found[1]}{found[2][:16]}… ({len(found[2]) * 3 // 4 // 1024 + 1} KB)", text)


# A name that is written inside braces, those of a Chinese keyboard too, or whatever else two braces enclose.
_FIELD = re.compile(r"\\(?P<escaped>\{\{|｛｛)|(?:\{\{|｛｛)(?P<inside>[^{}｛｝]*)(?:\}\}|｝｝)")
_OUTER_BLANKS = re.compile(rf"^[{_BLANKS}{_FORMATS}{_SELECTORS}]+|[{_BLANKS}{_FORMATS}{_SELECTORS}]+$")
_KEY = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{16,}")
#: A path may hold a name that looks like a key; a key is in a query or before the host.
_URL_PATH = re.compile(r"(https?://[^\s/?#]+)/[^\s?#]*")
_WORD, _QUOTED = re.compile(r"[^\W\d]\w*"), re.compile(r"\"[^\"]*\"|'[^']*'")
_MAX_SUGGESTED = 8
#: How members of enumerations read by default: as ``Color.RED``.
_NAMES_OF_MEMBERS = (Enum.__str__, Flag.__str__)


def prompt_names(text: str) -> tuple[str, ...]:
    """The names that a prompt asks for, each once, in order."""
    found = (_name(match) for match in _FIELD.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def holds_key(text: str) -> bool:
    """Whether a text seems to hold an API key."""
    return _KEY.search(_URL_PATH.sub(r"\1 ", text)) is not None


def fill_prompt(text: str, variables: Namespace) -> str:
    """A prompt with its names replaced."""
    wrong: list[Violation] = []

    def replace_field(match: re.Match[str]) -> str:
        if match["escaped"]:
            return str(match["escaped"])
        name = _name(match)
        if name is None:
            if _is_code(match["inside"], variables):
                wrong.append(Violation("not_a_name", "prompt", match["inside"].strip(), section="generation"))
            return match[0]
        known = find_name(name, variables)
        if known is None:
            wrong.append(_missing_name(name, variables))
            return match[0]
        value = _by_value(variables[known])
        filled_in = _to_text(value)
        if filled_in is None:
            wrong.append(
                Violation("not_text", "prompt", name, detail={"kind": _name_kind(value)}, section="generation")
            )
            return match[0]
        return filled_in

    filled = _FIELD.sub(replace_field, text)
    if wrong:
        raise refuse(wrong)
    return filled


def fill_values(text: str, values: Namespace) -> str:
    """A prompt with some of its names replaced for good, so that what is left can be filled later."""

    def replace_field(match: re.Match[str]) -> str:
        known = find_name(_name(match) or "", values)
        return match[0] if known is None else escape_braces(str(values[known]))

    return _FIELD.sub(replace_field, text)


def read_field(text: str) -> str | None:
    """The name, where a text is nothing but a name in braces."""
    match = _FIELD.fullmatch(text)
    return _name(match) if match else None


def _name(match: re.Match[str]) -> str | None:
    """The name that braces enclose, in Python's normal form."""
    plain = _OUTER_BLANKS.sub("", match["inside"] or "")
    return unicodedata.normalize("NFKC", plain) if plain.isidentifier() and not keyword.iskeyword(plain) else None


def _is_code(inside: str, variables: Namespace) -> bool:
    """Whether braces enclose what is meant to be filled and is no name: {{a.b}}, {{f(x)}}, {{my name}}, {{3 * n}}.

    {{"a": 1}} and what has several lines are pieces of JSON or the like, and stay.
    """
    plain = _OUTER_BLANKS.sub("", inside)
    if _LINE_END.search(inside) or plain[:1] in {"", '"', "'"}:
        return False
    if _WORD.match(plain):
        return True
    try:
        ast.parse(plain.lstrip("$!*"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # LaTeX and templates of other tools.
        return False
    return any(find_name(word, variables) is not None for word in _WORD.findall(_QUOTED.sub("", plain)))


def _missing_name(name: str, variables: Namespace) -> Violation:
    usable = [known for known, value in variables.items() if not known.startswith("_") and _is_text(value)]
    if not variables:
        # In Python a prompt sees no variables but those that it is given.
        return Violation("no_such_name_given", "prompt", name, section="generation")
    near = difflib.get_close_matches(name, usable, n=1, cutoff=0.5)
    some = tuple(sorted(usable)[:_MAX_SUGGESTED]) if not near else ()
    code = "no_such_name" if near or not some else "no_such_name_but"
    return Violation(code, "prompt", name, some, near[0] if near else None, section="generation")


def _by_value(value: object) -> object:
    """An enumeration's member as what it stands for, unless it says itself how it reads."""
    while isinstance(value, Enum) and (isinstance(value, (str, int)) or type(value).__str__ in _NAMES_OF_MEMBERS):
        value = value.value
    return value


def _to_text(value: object) -> str | None:
    """What fills a name; None for what is no text."""
    try:
        return str(value) if _is_text(value) and not _is_missing(value) else None
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        return None


def _name_kind(value: object) -> str:
    return f"{type(value).__name__} ({i18n.printable(value)})" if isinstance(value, Number) else type(value).__name__


def _is_missing(value: object) -> bool:
    # NaN, NaT and their like differ from themselves, or refuse to be compared.
    try:
        return bool(value != value)  # noqa: PLR0124 - see above
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        return True


def _is_text(value: object) -> bool:
    # What reads well inside a sentence; a module, a function, an image or None never does.
    is_numpy = type(value).__module__ == "numpy" and type(value).__name__ in {"bool", "bool_", "datetime64"}
    return is_numpy or isinstance(value, (str, Number, PurePath, date, time, timedelta, UUID, Enum))


class Violations(Sequence[Violation]):
    """Every violation of one request; reads as one short block."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        # Two parameters may break one rule with one text; it is shown once.
        self._violations = tuple({str(one): one for one in violations}.values())

    @overload
    def __getitem__(self, index: int) -> Violation: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Violation, ...]: ...

    def __getitem__(self, index: int | slice) -> Violation | tuple[Violation, ...]:
        return self._violations[index]

    def __len__(self) -> int:
        return len(self._violations)

    def __iter__(self) -> Iterator[Violation]:
        return iter(self._violations)

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __str__(self) -> str:
        if len(self) == 1:
            return str(self[0])
        return "\n".join(f"  · {one}" for one in self)


def refuse(violations: Iterable[Violation]) -> RequestRefused:
    """The error that names every mistake at once."""
    found = Violations(violations)
    return RequestRefused("generation.refused", violations=found, count=len(found))
