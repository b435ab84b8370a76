"""Edition files: JSON, checked by ``editions/schema.json``, to values; an error names the place in the file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.catalog.model import Mask, Model, Price, References
from qwave_jupyter.catalog.parameter import UNSET, Parameter
from qwave_jupyter.catalog.rules import Rule
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.types import JSONObject, Values

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["find_mismatch", "make_edition_error", "read_family", "read_index"]

#: Line ends, and the joiner that emoji are made with.
_KEPT_CHARACTERS = "\n\u200d"


class _Malformed(Exception):
    def __init__(self, place: str, problem: str, **fields: object) -> None:
        super().__init__(place)
        self.place, self.problem = place, i18n.text(f"edition.{problem}", **fields)


def read_index(file: Path | Traversable) -> JSONObject:
    """An edition's ``index.json``: its name, its host, and which models stand in which file."""
    return _read_json(file, "index")


def read_family(file: Path | Traversable, edition: str) -> tuple[Model, ...]:
    """The models of one family file."""
    content = _read_json(file, "")
    try:
        _to_unique_dict([(entry["id"], None) for entry in content["models"]], "models")
        models = [_read_model(one, f"models[{index}]", edition, content) for index, one in enumerate(content["models"])]
    except _Malformed as problem:
        raise make_edition_error(file, problem.place, problem.problem) from None
    return tuple(models)


def make_edition_error(file: Path | Traversable, place: str, problem: str) -> ConfigurationError:
    """The error for an edition file, with the place in it, such as ``models[0].id``; "" for the whole."""
    place = place or i18n.text("edition.whole")
    return ConfigurationError("catalog.edition_malformed", file=file.name, place=place, problem=problem)


def _read_json(file: Path | Traversable, definition: str) -> JSONObject:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_to_unique_dict)
    except OSError as problem:
        raise make_edition_error(file, "", i18n.text("edition.unreadable", reason=problem.strerror or "?")) from None
    except UnicodeDecodeError:
        raise make_edition_error(file, "", i18n.text("edition.not_text")) from None
    except _Malformed as problem:
        raise make_edition_error(file, "", problem.problem) from None
    except json.JSONDecodeError as problem:
        raise make_edition_error(file, f"line {problem.lineno}:", problem.msg) from None
    except (ValueError, RecursionError):
        raise make_edition_error(file, "", i18n.text("edition.not_json")) from None
    wrong = find_mismatch(content, definition)
    if wrong is not None:
        raise make_edition_error(file, *wrong)
    return {name: _replace_unprintable(one) for name, one in content.items()}


def _replace_unprintable(value: object) -> object:
    # A file may hold control characters that a terminal obeys, or that can't be saved in a notebook.
    if isinstance(value, str):
        return "".join(
            character if character.isprintable() or character in _KEPT_CHARACTERS else " " for character in value
        )
    if isinstance(value, list):
        return [_replace_unprintable(one) for one in value]
    if isinstance(value, dict):
        return {_replace_unprintable(name): _replace_unprintable(one) for name, one in value.items()}
    return value


def _to_unique_dict(pairs: Iterable[tuple[str, object]], path: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _Malformed(path, "twice", given=name)
        found[name] = value
    return found


def _read_model(entry: JSONObject, path: str, edition: str, family: JSONObject) -> Model:
    actions = tuple(entry.get("actions", ()))
    parameters = {
        name: _read_parameter(name, spec, f"{path}.parameters.{name}", actions)
        for name, spec in entry["parameters"].items()
    }
    _check_distinct_names(parameters, f"{path}.parameters")
    action = parameters.get("action")
    if action is not None and action.choices != actions:
        raise _Malformed(f"{path}.parameters.action.choices", "actions_differ")
    default_action = entry.get("default_action", "")
    _check_actions_exist([default_action] if default_action else [], actions, f"{path}.default_action")
    references = entry.get("references", {})
    spans = {name: tuple(span) for name, span in references.get("by_action", {}).items()}
    _check_actions_exist(spans, actions, f"{path}.references.by_action")
    return Model(
        id=entry["id"],
        edition=edition,
        family=entry.get("family") or family.get("family", ""),
        vendor=entry.get("vendor") or family.get("vendor", ""),
        summary=entry.get("summary", ""),
        actions=actions,
        default_action=default_action,
        parameters=parameters,
        rules=tuple(
            _read_rule(one, f"{path}.rules[{index}]", parameters) for index, one in enumerate(entry.get("rules", ()))
        ),
        infer=tuple(_read_inference(entry.get("infer", ()), f"{path}.infer", parameters, actions)),
        references=References(**{**_freeze(references), "by_action": spans}),
        mask=Mask(**_freeze(entry["mask"])) if entry.get("mask") else None,
        price=_read_price(entry.get("price", {}), f"{path}.price", entry.get("documented", ""), parameters),
        rule_words=tuple(entry.get("rule_words", ())),
        notes=tuple(entry.get("notes", ())),
        sources=tuple(entry.get("sources", ())),
        documented=entry.get("documented", ""),
        link_hours=entry.get("link_hours"),
        answer=entry.get("answer", "flat"),
        retired=entry.get("retired", ""),
    )


def _read_parameter(name: str, spec: JSONObject, path: str, actions: tuple[str, ...]) -> Parameter:
    fields = _freeze({key: value for key, value in spec.items() if key not in {"wire", "default", "picture"}})
    wire_path = tuple(spec.get("wire", name).split("."))
    default = spec.get("default", UNSET)
    if isinstance(default, list):
        default = tuple(default)
    parameter = Parameter(name=name, wire_path=wire_path, default=default, is_image=bool(spec.get("picture")), **fields)
    for part in ("choices", "opaque"):
        for index, choice in enumerate(spec.get(part, ())):
            if not parameter.has_type(choice):
                raise _Malformed(f"{path}.{part}[{index}]", "choice_of_type", type=parameter.type, given=choice)
    if default is not UNSET and not parameter.has_type(spec["default"]):
        raise _Malformed(f"{path}.default", "choice_of_type", type=parameter.type, given=default)
    if default is not UNSET and parameter.choices and default not in parameter.choices:
        raise _Malformed(f"{path}.default", "default_among", allowed=list(parameter.choices))
    if parameter.minimum is not None and parameter.maximum is not None and parameter.minimum > parameter.maximum:
        raise _Malformed(f"{path}.minimum", "reversed")
    for part in ("required_for", "only_for"):
        _check_actions_exist([one for one in spec.get(part, ()) if one != "*"], actions, f"{path}.{part}")
    return parameter


def _check_distinct_names(parameters: Mapping[str, Parameter], path: str) -> None:
    names: dict[tuple[str, ...], str] = {}
    for name, parameter in parameters.items():
        for depth in range(1, len(parameter.wire_path) + 1):
            if parameter.wire_path[:depth] in names:
                raise _Malformed(f"{path}.{name}.wire", "twice", given=".".join(parameter.wire_path[:depth]))
        if any(other[: len(parameter.wire_path)] == parameter.wire_path for other in names):
            raise _Malformed(f"{path}.{name}.wire", "twice", given=".".join(parameter.wire_path))
        names[parameter.wire_path] = name
        for alias in parameter.aliases:
            if alias in parameters or any(alias in one.aliases for one in parameters.values() if one is not parameter):
                raise _Malformed(f"{path}.{name}.aliases", "twice", given=alias)


def _read_rule(entry: JSONObject, path: str, parameters: Mapping[str, Parameter]) -> Rule:
    when = entry.get("when", {})
    demands = {key: value for key, value in entry.items() if key not in {"when", "severity"}}
    _check_conditions(when, f"{path}.when", parameters)
    if not demands:
        raise _Malformed(path, "empty")
    for demand, wanted in demands.items():
        if demand != "check":
            names = wanted["fields"] if demand == "sum_max" else wanted
            _check_parameters_exist(names, parameters, f"{path}.{demand}")
    return Rule(when=when, demands=demands, severity=entry.get("severity", "reject"))


def _read_inference(
    entries: list[JSONObject], path: str, parameters: Mapping[str, Parameter], actions: tuple[str, ...]
) -> Iterator[tuple[JSONObject, str]]:
    for index, entry in enumerate(entries):
        _check_conditions(entry["when"], f"{path}[{index}].when", parameters)
        _check_actions_exist([entry["action"]], actions, f"{path}[{index}].action")
        yield entry["when"], entry["action"]


def _check_conditions(when: JSONObject, path: str, parameters: Mapping[str, Parameter]) -> None:
    _check_parameters_exist(when, parameters, path)
    for name, wanted in when.items():
        if isinstance(wanted, str) and wanted.startswith(">") and not wanted[1:].isdecimal():
            raise _Malformed(f"{path}.{name}", "kind", kinds=[i18n.text("edition.number")])


def _read_price(spec: JSONObject, path: str, documented: str, parameters: Mapping[str, Parameter]) -> Price:
    only_when = {name: tuple(values) for name, values in spec.get("only_when", {}).items()}
    tiers = {tier.lower(): usd for tier, usd in spec.get("tiers", {}).items()}
    _check_parameters_exist([*only_when, *([spec["by"]] if spec.get("by") else [])], parameters, path)
    return Price(**{"documented": documented, **spec, "only_when": only_when, "tiers": tiers})


def _check_parameters_exist(names: Iterable[str], parameters: Mapping[str, Parameter], path: str) -> None:
    for name in names:
        if name not in parameters:
            raise _Malformed(path, "no_parameter", given=name, allowed=list(parameters))


def _check_actions_exist(names: Iterable[str], actions: tuple[str, ...], path: str) -> None:
    for name in names:
        if name not in actions:
            raise _Malformed(path, "no_action", given=name, allowed=list(actions) or ["?"])


def _freeze(fields: JSONObject) -> Values:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def find_mismatch(content: object, definition: str = "") -> tuple[str, str] | None:
    """The first place where a file violates its schema, and what it must be; None if valid."""
    # jsonschema would be a further dependency, and its messages have no translation.
    schema = _load_schema()
    return next(_find_mismatches(content, schema["$defs"][definition] if definition else schema, ""), None)


@cache
def _load_schema() -> JSONObject:
    schema: JSONObject = json.loads((files(__package__) / "editions" / "schema.json").read_text("utf-8"))
    return schema


def _find_mismatches(value: object, schema: JSONObject, path: str) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = _load_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds and not any(_JSON_TYPES[kind](value) for kind in kinds):
        yield path, i18n.text("edition.kind", kinds=[i18n.text(f"edition.{kind}") for kind in kinds])
        return
    if "enum" in schema and value not in schema["enum"]:
        yield path, i18n.text("edition.one_of", allowed=schema["enum"])
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield path, i18n.text(f"edition.a_{schema['$comment']}")
    if isinstance(value, dict):
        yield from _find_in_object(value, schema, path)
    elif isinstance(value, list):
        yield from _find_in_list(value, schema, path)
    elif _JSON_TYPES["number"](value):
        minimum = schema.get("minimum", -math.inf)
        if value < minimum:
            yield path, i18n.text("edition.at_least", least=minimum)
        elif value <= schema.get("exclusiveMinimum", -math.inf):
            yield path, i18n.text("edition.positive")


def _find_in_object(value: JSONObject, schema: JSONObject, path: str) -> Iterator[tuple[str, str]]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield _join_path(path, name), i18n.text("edition.missing")
    if len(value) < schema.get("minProperties", 0):
        yield path, i18n.text("edition.empty")
    names = schema.get("propertyNames", {}).get("pattern", "")
    for name, part in value.items():
        inner = _join_path(path, name)
        if name not in known and not re.search(names, name):
            yield inner, i18n.text(f"edition.a_{schema['propertyNames']['$comment']}")
        elif name in known:
            yield from _find_mismatches(part, known[name], inner)
        elif others is False:
            yield inner, i18n.text("edition.unknown", allowed=list(known))
        elif others is not True:
            yield from _find_mismatches(part, others, inner)


def _find_in_list(value: list[object], schema: JSONObject, path: str) -> Iterator[tuple[str, str]]:
    minimum, maximum = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not minimum <= len(value) <= maximum:
        yield path, i18n.text("edition.entries" if minimum == maximum else "edition.empty", count=minimum)
    for index, part in enumerate(value):
        kind = schema["prefixItems"][index] if index < len(schema.get("prefixItems", ())) else schema.get("items", {})
        yield from _find_mismatches(part, kind, f"{path}[{index}]")


def _join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_JSON_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf,
    "null": lambda value: value is None,
}
