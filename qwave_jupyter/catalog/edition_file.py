"""Edition files: JSON to values, with the place in the file of whatever can't be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter.catalog.model import Mask, Model, References
from qwave_jupyter.catalog.parameters import UNSET, Parameter
from qwave_jupyter.catalog.prices import Price
from qwave_jupyter.catalog.rules import CHECKS, Rule
from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["read_family", "read_json"]

_TYPES = ("string", "integer", "number", "boolean", "string[]", "object", "object[]", "number[][][]")
_DEMANDS = (
    "require",
    "forbid",
    "allow",
    "forbid_values",
    "require_values",
    "count",
    "sum_max",
    "max",
    "check",
)


class _Malformed(Exception):
    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place)
        self.place, self.problem = place, problem


def read_json(file: Path | Traversable) -> Mapping[str, Any]:
    """The JSON object in a file.

    Raises:
        ConfigurationError: it can't be read, or isn't JSON; the line is named.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _refused(file, "", problem.strerror or "can't be read") from None
    except UnicodeDecodeError:
        raise _refused(file, "", "is not UTF-8 text") from None
    except ValueError as problem:
        line = getattr(problem, "lineno", "?")
        raise _refused(file, f"line {line}", getattr(problem, "msg", "is not JSON")) from None
    if not isinstance(content, dict):
        raise _refused(file, "", "must hold an object")
    return content


def read_family(file: Path | Traversable, edition: str) -> tuple[Model, ...]:
    """The models of one family file.

    Args:
        file: a JSON file of the form that ``editions/schema.json`` describes.
        edition: the name of the edition.

    Raises:
        ConfigurationError: the file isn't of that form; the place is named.
    """
    content = read_json(file)
    try:
        entries = _part(content, "models", list, "")
        family = {name: content.get(name, "") for name in ("family", "vendor")}
        models = [_model(entry, f"models[{place}]", edition, family) for place, entry in enumerate(entries)]
    except _Malformed as problem:
        raise _refused(file, problem.place, problem.problem) from None
    return tuple(models)


def _refused(file: Path | Traversable, place: str, problem: str) -> ConfigurationError:
    return ConfigurationError("catalog.edition_malformed", file=file.name, place=place, problem=problem)


def _model(entry: Any, at: str, edition: str, family: Mapping[str, str]) -> Model:
    if not isinstance(entry, dict):
        raise _Malformed(at, "must be an object")
    name = _part(entry, "id", str, at)
    written = _part(entry, "parameters", dict, at)
    parameters = {one: _parameter(one, spec, f"{at}.parameters.{one}") for one, spec in written.items()}
    references = dict(entry.get("references") or {})
    by_action = {action: tuple(span) for action, span in references.pop("by_action", {}).items()}
    mask = entry.get("mask")
    infer = tuple((_part(one, "when", dict, at), _part(one, "action", str, at)) for one in entry.get("infer", ()))
    return Model(
        id=name,
        edition=edition,
        family=str(entry.get("family") or family["family"]),
        vendor=str(entry.get("vendor") or family["vendor"]),
        summary=str(entry.get("summary", "")),
        actions=_texts(entry, "actions", at),
        default_action=str(entry.get("default_action", "")),
        parameters=parameters,
        rules=tuple(_rule(one, f"{at}.rules[{place}]") for place, one in enumerate(entry.get("rules", ()))),
        infer=infer,
        references=_built(References, {**references, "by_action": by_action}, f"{at}.references"),
        mask=_built(Mask, mask, f"{at}.mask") if mask else None,
        price=_price(entry.get("price") or {}, f"{at}.price", str(entry.get("documented", ""))),
        rule_words=_texts(entry, "rule_words", at),
        notes=_texts(entry, "notes", at),
        sources=_texts(entry, "sources", at),
        documented=str(entry.get("documented", "")),
        link_hours=entry.get("link_hours"),
        answer=str(entry.get("answer", "flat")),
    )


def _parameter(name: str, spec: Any, at: str) -> Parameter:
    if not isinstance(spec, dict):
        raise _Malformed(at, "must be an object")
    kind = _part(spec, "type", str, at)
    if kind not in _TYPES:
        raise _Malformed(f"{at}.type", f"must be one of {', '.join(_TYPES)}")
    if not name.isidentifier():
        raise _Malformed(at, "must be named like a Python variable")
    fields = {key: _frozen(value) for key, value in spec.items() if key not in {"type", "wire", "default"}}
    wire = tuple(str(spec.get("wire", name)).split("."))
    default = _frozen(spec["default"]) if "default" in spec else UNSET
    parameter: Parameter = _built(
        Parameter, {"name": name, "type": kind, "wire": wire, "default": default, **fields}, at
    )
    return parameter


def _rule(entry: Any, at: str) -> Rule:
    if not isinstance(entry, dict):
        raise _Malformed(at, "must be an object")
    demands = {key: value for key, value in entry.items() if key not in {"when", "severity"}}
    for name, wanted in demands.items():
        if name not in _DEMANDS:
            raise _Malformed(f"{at}.{name}", f"is no demand; there are {', '.join(_DEMANDS)}")
        if name == "check" and wanted not in CHECKS:
            raise _Malformed(f"{at}.check", f"must be one of {', '.join(CHECKS)}")
    severity = entry.get("severity", "reject")
    if severity not in {"reject", "warn"}:
        raise _Malformed(f"{at}.severity", "must be reject or warn")
    return Rule(when=entry.get("when", {}), demands=demands, severity=severity)


def _price(spec: Any, at: str, documented: str) -> Price:
    if not isinstance(spec, dict):
        raise _Malformed(at, "must be an object")
    only_when = {name: tuple(values) for name, values in spec.get("only_when", {}).items()}
    tiers = {str(tier).lower(): usd for tier, usd in spec.get("tiers", {}).items()}
    price: Price = _built(Price, {"documented": documented, **spec, "only_when": only_when, "tiers": tiers}, at)
    return price


def _built(kind: Any, fields: Mapping[str, Any], at: str) -> Any:
    known = kind.__dataclass_fields__
    for name in fields:
        if name not in known:
            raise _Malformed(f"{at}.{name}", f"is not known; there are {', '.join(known)}")
    return kind(**{name: _frozen(value) for name, value in fields.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _texts(entry: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    values = entry.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _Malformed(f"{at}.{name}", "must be a list of texts")
    return tuple(values)


def _part(entry: Any, name: str, kind: type, at: str) -> Any:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, kind):
        place = f"{at}.{name}".lstrip(".")
        raise _Malformed(place, f"must be {'a text' if kind is str else 'an ' + kind.__name__}")
    return value
