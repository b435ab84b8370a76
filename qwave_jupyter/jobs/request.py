"""One checked and priced request: what the user wrote, as what will be sent.

Every mistake is named at once, in the order prompt, options, pictures, rules; nothing is sent before this has passed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import ImageInfo, Model, Parameter, Violation
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import ReferenceMistake, RequestRefused, UnknownModel
from qwave_jupyter.jobs import prompt_template, references
from qwave_jupyter.jobs.references import Reference
from qwave_jupyter.jobs.validation_errors import Mistake, refuse

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Catalog

__all__ = ["Request", "build", "fingerprint_of", "unvalidated_model"]

_PICTURES = ("images", "mask")
_MOST_OTHERS = 4
_LONGEST_TEXT = 20_000
_SHORTENED = re.compile(r"(data:[\w/+.-]*;base64,)([A-Za-z0-9+/=]{40,})")


#: Characters of the prompt in a representation.
_SAID = 60


@dataclass(frozen=True)
class Request:
    """A request that may be sent.

    Args:
        model: the model.
        values: what is set, by the user's names; pictures as they go over the wire.
        body: the request body, exactly as it will be sent.
        estimate_usd: USD for the whole request as documented, or None where no price is published.
        prompt: the prompt, its braces filled.
        action_inferred: the action that fits the other values and was added, or None.
        defaulted: what is left to the page's defaults: name to default.
        warnings: what the pages advise against, and what was done to pictures.
        unvalidated: the edition doesn't know the model, so nothing was checked.
        fingerprint: the same for the same body with the same pictures.
        references: the pictures that go along, references first, then the mask.
        released: pictures whose bytes were let go: what identifies each, to its MIME type.
    """

    model: Model
    values: Mapping[str, Any]
    body: Mapping[str, Any] = field(repr=False)
    estimate_usd: float | None
    prompt: str
    action_inferred: str | None = None
    defaulted: Mapping[str, Any] = field(default_factory=dict, repr=False)
    warnings: tuple[Violation, ...] = ()
    unvalidated: bool = False
    fingerprint: str = ""
    references: tuple[Reference, ...] = field(default=(), repr=False)
    released: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        said = self.prompt if len(self.prompt) <= _SAID else self.prompt[: _SAID - 1] + "…"
        return f"Request({self.model.id}, {said!r})"

    @property
    def action(self) -> str:
        """The action in force: the set one, else the documented default."""
        return str(self.values.get("action") or self.model.default_action or "")

    @property
    def pictures_asked(self) -> int:
        """How many pictures are asked for."""
        n = self.effective("n") or 1
        return int(n) if isinstance(n, (int, float)) and n >= 1 else 1

    @property
    def parameters(self) -> dict[str, Any]:
        """What was set without the prompt, pictures that are bytes as their hashes: fit for a record."""
        hashes = {one.wire: one.content_id for one in self.references}
        return {
            name: _recorded(value, hashes) if name in _PICTURES else value
            for name, value in self.values.items()
            if name != "prompt"
        }

    @property
    def aspect_ratio(self) -> str:
        """The ratio that is asked for or meant, or ""."""
        return str(self.effective("aspect_ratio") or "")

    def effective(self, name: str) -> Any:
        """A value as it is set, else as the page means it when it is omitted, else None."""
        return self.values.get(name, self.defaulted.get(name))

    def body_text(self) -> str:
        """The body as a person reads it: indented JSON, pictures and very long texts inside it cut, no sign unseen."""
        text = json.dumps(_shortened(self.body), ensure_ascii=False, indent=2)
        return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)


def build(
    catalog: Catalog,
    prompt: str,
    options: Mapping[str, Any],
    *,
    model: str,
    force: bool = False,
    variables: Mapping[str, Any] | None = None,
    unknown_ok: bool = False,
    now: float | None = None,
) -> Request:
    """Check and price what a user wrote.

    Args:
        catalog: the documented models.
        prompt: the text; its ``{{names}}`` are filled from ``variables``; None leaves its braces alone.
        options: parameters by the user's names; pictures as anything that :func:`references.resolve` takes.
        model: a model id.
        force: what would be refused becomes a warning, and unknown parameters are sent as they are.
        variables: name to value for the prompt.
        unknown_ok: a model that the edition doesn't know is used without validation.
        now: Unix seconds; None for the present.

    Raises:
        RequestRefused: with every mistake.
        UnknownModel: no such id; the nearest is named.

    Example:
        >>> build(load("2026-04"), "a cat", {"n": "2"}, model="gpt-image-2").body
        {'model': 'gpt-image-2', 'prompt': 'a cat', 'n': 2}
    """
    allowed = unknown_ok or force or catalog.lists(model)
    chosen, unvalidated = _model(catalog, model, options, unknown_ok=allowed)
    wrong: list[Violation] = []
    text = prompt
    if variables is not None:
        try:
            text = prompt_template.fill(prompt, variables)
        except RequestRefused as refused:
            wrong.extend(refused.fields["violations"])
    plain, given_pictures = _apart(chosen, options)
    plain = {name: _task_id(chosen, name, given) for name, given in plain.items()}
    # A step from an earlier picture needs no words, and an empty field isn't an omitted one.
    values, unread = chosen.read({"prompt": None if isinstance(text, str) and not text.strip() else text, **plain})
    resolved = _resolved(catalog, chosen, given_pictures, SYSTEM_CLOCK.now() if now is None else now, wrong)
    values.update(_picture_values(chosen, resolved))
    inferred = _fit_action(chosen, values)
    found = catalog.check(chosen, values, _facts(resolved), unread=_readable(unread, forced=force))
    tolerable = [one for one in (*wrong, *found) if one.severity == "warn" or (force and _may_be_forced(one))]
    intolerable = [one for one in (*wrong, *found) if one not in tolerable]
    if intolerable:
        raise refuse(intolerable)
    if force:
        values.update(_unknown(chosen, plain))
    detail = {"edition": catalog.edition}
    warnings: tuple[Violation, ...] = (
        *([Mistake("unvalidated", "model", model, severity="warn", detail=detail)] if unvalidated else ()),
        *(notice for pictures in resolved.values() for one in pictures for notice in one.notices),
        *(replace(one, severity="warn") for one in tolerable),
    )
    return finished(chosen, values, resolved, inferred=inferred, warnings=warnings, unvalidated=unvalidated)


def finished(
    model: Model,
    values: Mapping[str, Any],
    resolved: Mapping[str, Iterable[Reference]],
    *,
    inferred: str | None = None,
    warnings: tuple[Violation, ...] = (),
    unvalidated: bool = False,
    body: Mapping[str, Any] | None = None,
) -> Request:
    """A request from values that need no check any more; ``body`` where it is already written down."""
    pictures = tuple(one for several in resolved.values() for one in several)
    body = model.to_wire(values) if body is None else body
    effective = model.effective(values)
    return Request(
        model=model,
        values=values,
        body=body,
        estimate_usd=None if unvalidated else model.price.estimate(effective),
        prompt=str(values.get("prompt", "")),
        action_inferred=inferred,
        defaulted={name: value for name, value in effective.items() if name not in values},
        warnings=warnings,
        unvalidated=unvalidated,
        fingerprint=fingerprint_of(body, {one.wire: one.content_id for one in pictures}),
        references=pictures,
    )


def fingerprint_of(body: Mapping[str, Any], content_ids: Mapping[str, str]) -> str:
    """What is the same for the same request, however its JSON is ordered and its pictures are encoded.

    Args:
        body: the request body.
        content_ids: for pictures in it, the wire string to what identifies their content.
    """
    canonical = json.dumps(_recorded(body, content_ids), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
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

    def read(self, given: Any) -> Any:
        return _json_or_text(given)

    def validate(self, value: Any) -> Violation | None:  # noqa: ARG002 - anything goes
        return None


def _model(catalog: Catalog, name: str, options: Mapping[str, Any], *, unknown_ok: bool) -> tuple[Model, bool]:
    try:
        return catalog.model(name), False
    except UnknownModel:
        if not unknown_ok:
            raise
    return unvalidated_model(name, options), True


def _apart(model: Model, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plain options, and those that are pictures, under their own names."""
    plain: dict[str, Any] = {}
    several: dict[str, Any] = {}
    for name, given in options.items():
        parameter = model.named(name)
        canonical = parameter.name if parameter is not None else name.replace("-", "_")
        if canonical in _PICTURES and parameter is not None:
            if given is not None:
                several[canonical] = [several[canonical], given] if canonical in several else given
        else:
            plain[name] = given
    return plain, several


def _task_id(model: Model, name: str, given: Any) -> Any:
    """An earlier job or result as the id of its task, where the parameter names one."""
    parameter = model.named(name)
    if parameter is None or not parameter.task or isinstance(given, str):
        return given
    first = given[0] if isinstance(given, Sequence) and given else given
    return getattr(first, "task_id", given)


def _resolved(
    catalog: Catalog, model: Model, given: Mapping[str, Any], now: float, wrong: list[Violation]
) -> dict[str, list[Reference]]:
    resolved: dict[str, list[Reference]] = {}

    def taking_bytes() -> tuple[str, ...]:
        takes = [one for one in catalog.find(references=1) if one.references.takes_bytes and one.id != model.id]
        return tuple(one.id for one in takes[:_MOST_OTHERS])

    for name in _PICTURES:
        if name not in given:
            continue
        limits = references.Limits.of(model, name, taking_bytes)
        resolved[name] = []
        for one in references.each(_listed(given[name])):
            try:
                resolved[name].append(references.resolve(one, name, limits, now=now))
            except ReferenceMistake as mistake:
                wrong.append(mistake.fields["mistake"])
        if name == "mask" and len(resolved[name]) > 1:
            wrong.append(Mistake("one_mask", name, len(resolved[name])))
    return resolved


def _listed(given: Any) -> Any:
    # -p image_urls='["https://…", "https://…"]' and -p image_urls=https://… mean the same.
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return given


def _picture_values(model: Model, resolved: Mapping[str, list[Reference]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, pictures in resolved.items():
        if not pictures:
            continue
        parameter = model.parameters[name]
        wires = tuple(one.wire for one in pictures)
        values[name] = wires if parameter.type.endswith("[]") else wires[0]
    return values


def _fit_action(model: Model, values: dict[str, Any]) -> str | None:
    if "action" in values or "action" not in model.parameters:
        return None
    fitting = model.fitting_action(values)
    if fitting is not None:
        values["action"] = fitting
    return fitting


def _facts(resolved: Mapping[str, list[Reference]]) -> ImageInfo:
    masks = resolved.get("mask") or [Reference("", "")]
    return ImageInfo(
        sizes=tuple(one.size for one in resolved.get("images", ())),
        mask_size=masks[0].size,
        mask_format=masks[0].format,
        mask_bytes=masks[0].weight,
    )


def _readable(unread: tuple[Violation, ...], *, forced: bool) -> tuple[Violation, ...]:
    # A forced unknown parameter is sent, so no other model has to be looked for.
    if not forced:
        return unread
    return tuple(replace(one, severity="warn") if one.code == "unknown_parameter" else one for one in unread)


def _may_be_forced(violation: Violation) -> bool:
    # What can't be read, filled or found can't be sent either.
    return not isinstance(violation, Mistake) and violation.code not in {"unreadable", "empty_prompt", "given_twice"}


def _unknown(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.replace("-", "_"): _json_or_text(given)
        for name, given in options.items()
        if given is not None and model.named(name) is None
    }


def _json_or_text(given: Any) -> Any:
    if isinstance(given, str):
        try:
            return json.loads(given)
        except (ValueError, RecursionError):
            return given
    return given


def _recorded(value: Any, content_ids: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return content_ids.get(value, value)
    if isinstance(value, Mapping):
        return {str(name): _recorded(one, content_ids) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_recorded(one, content_ids) for one in value]
    return value


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT and not value.startswith("data:"):
            more = i18n.say("generation.cut", count=len(value) - _LONGEST_TEXT)
            value = value[:_LONGEST_TEXT] + more
        return _SHORTENED.sub(
            lambda found: f"{found[1]}{found[2][:16]}… ({len(found[2]) * 3 // 4 // 1024 + 1} KB)", value
        )
    if isinstance(value, Mapping):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(one) for one in value]
    return value
