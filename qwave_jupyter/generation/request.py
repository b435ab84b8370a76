"""Options and capabilities to one checked, priced request; every mistake at once, and nothing is sent."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qwave_jupyter import words
from qwave_jupyter.catalog import Catalog, Facts, Model, Violation
from qwave_jupyter.errors import OptionMistake, ReferenceMistake, RequestRefused
from qwave_jupyter.generation import prompts, references

__all__ = ["Request", "build"]

_LONGEST_SHOWN = 96


@dataclass(frozen=True)
class Request:
    """What will be sent, and what it means.

    Args:
        model: the model.
        prompt: the prompt as it is sent, names filled in.
        values: what is set, by the user's names.
        body: the exact request body.
        estimate_usd: what it costs by the edition's price; None where that isn't published.
        inferred_action: the action that was chosen because the other values ask for it, or "".
        defaulted: what omitted parameters mean, by the documentation.
        warnings: what the documentation advises against; with ``force`` also what it refuses.
        notices: what was done to reference pictures, in words.
        fingerprint: the same for the same request, whatever its spelling.
    """

    model: Model
    prompt: str
    values: Mapping[str, Any]
    body: Mapping[str, Any] = field(repr=False)
    estimate_usd: float | None = None
    inferred_action: str = ""
    defaulted: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Violation, ...] = ()
    notices: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def pictures(self) -> int:
        """How many pictures are asked for."""
        return int(self.values.get("n") or 1)

    @property
    def aspect_ratio(self) -> str:
        """The ratio that is asked for or meant, or ""."""
        return str(self.values.get("aspect_ratio") or self.defaulted.get("aspect_ratio") or "")

    def effective(self, name: str) -> Any:
        """A value as it is set, else as the documentation means it, else None."""
        return self.values.get(name, self.defaulted.get(name))

    def summary(self) -> str:
        """What is asked for besides the prompt, in a few words: ``16:9 · 2k · 2 pictures · seed 42``."""
        parts = [str(self.values[name]) for name in ("aspect_ratio", "resolution", "quality") if name in self.values]
        if self.pictures > 1:
            parts.append(words.say("generation.pictures", count=self.pictures))
        if self.values.get("seed") not in {None, -1}:
            parts.append(f"seed {self.values['seed']}")
        return " · ".join(parts)

    def body_text(self) -> str:
        """The body as readable JSON, data URIs cut short."""
        return json.dumps(_shortened(self.body), indent=2, ensure_ascii=False)


def build(
    catalog: Catalog,
    prompt: str,
    options: Mapping[str, Any],
    *,
    model: str,
    force: bool = False,
    variables: Mapping[str, Any] | None = None,
    now: float | None = None,
) -> Request:
    """Check and price what the user asks for.

    Args:
        catalog: the edition.
        prompt: the text; ``{{name}}`` is filled in.
        options: parameters by name; None means not set.
        model: the model id.
        force: mistakes become warnings, and undocumented parameters are sent as they are.
        variables: values for the prompt's names.
        now: Unix seconds.

    Raises:
        UnknownModel: no such id.
        OptionMistake: a name in the prompt that can't be filled.
        RequestRefused: all other mistakes at once.
    """
    chosen = catalog.model(model)
    text = prompts.fill(prompt, variables or {}).strip()
    given = {name: value for name, value in options.items() if value is not None}
    values, unread = chosen.read({"prompt": text, **given})
    values, facts, notices, wrong = _with_references(catalog, chosen, values, time.time() if now is None else now)
    inferred = ""
    if "action" not in values and "action" in chosen.parameters:
        inferred = chosen.fitting_action(values) or ""
        if inferred:
            values["action"] = inferred
    found = (*wrong, *catalog.check(chosen, values, facts, unread))
    rejected = tuple(one for one in found if one.severity == "reject")
    if rejected and (not force or any(one.code == "empty_prompt" for one in rejected)):
        raise RequestRefused(
            "generation.refused", model=chosen.id, mistakes=" ".join(map(str, rejected)), violations=rejected
        )
    body = chosen.to_wire(values)
    if force:
        body.update({one.parameter: given[one.parameter] for one in unread if one.parameter in given})
    effective = chosen.effective(values)
    return Request(
        model=chosen,
        prompt=text,
        values=values,
        body=body,
        estimate_usd=chosen.price.estimate(effective),
        inferred_action=inferred,
        defaulted={name: value for name, value in effective.items() if name not in values},
        warnings=tuple(replace(one, severity="warn") for one in found),
        notices=notices,
        fingerprint=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
    )


def _with_references(
    catalog: Catalog, model: Model, values: dict[str, Any], now: float
) -> tuple[dict[str, Any], Facts, tuple[str, ...], tuple[Violation, ...]]:
    wrong: list[Violation] = []
    notices: list[str] = []

    def able() -> tuple[str, ...]:
        return tuple(one.id for one in catalog if one.references.takes_bytes)

    def resolved(name: str, given: Any, formats: tuple[str, ...], max_mb: float | None) -> references.Reference | None:
        try:
            found = references.resolve(
                given,
                takes_bytes=model.references.takes_bytes,
                formats=formats,
                max_mb=max_mb,
                able=able,
                model=model.id,
                now=now,
            )
        except ReferenceMistake as mistake:
            wrong.append(Violation("reference", name, detail={"mistake": str(mistake)}))
            return None
        notices.extend(words.say(notice) for notice in found.notices)
        return found

    limits = model.references
    several = [resolved("images", one, limits.formats, limits.max_mb) for one in values.get("images", ())]
    pictures = [one for one in several if one is not None]
    if "images" in values:
        values["images"] = tuple(one.wire for one in pictures) or values["images"]
    mask = None
    if "mask" in values and model.mask is not None:
        mask = resolved("mask", values["mask"], (), None)
        if mask is not None:
            values["mask"] = mask.wire
    facts = Facts(
        sizes=tuple(one.size for one in pictures),
        mask_size=mask.size if mask else None,
        mask_format=mask.format if mask else "",
        mask_bytes=mask.weight if mask else None,
    )
    return values, facts, tuple(notices), tuple(wrong)


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(one) for one in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > _LONGEST_SHOWN:
        return f"{value[:40]}… ({len(value)} characters)"
    return value


def require_positive(name: str, value: float | None) -> None:
    """Refuse zero and less.

    Raises:
        OptionMistake: the value isn't above 0.
    """
    if value is not None and not value > 0:
        raise OptionMistake("generation.not_positive", option=name, given=value)
