"""Edition files: JSON to values; an error names the place in the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog.model import Mask, Model, References
from qwave_jupyter.catalog.parameter import UNSET, Parameter
from qwave_jupyter.catalog.pricing import Price
from qwave_jupyter.catalog.rules import Rule
from qwave_jupyter.catalog.schema import find_mismatch
from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["edition_error", "read_family", "read_index"]

#: Line ends, and the joiner that emoji are made with.
_KEPT_CHARACTERS = "\n\u200d"


class _Malformed(Exception):
    def __init__(self, place: str, problem: str, **fields: Any) -> None:
        super().__init__(place)
        self.place, self.problem = place, i18n.say(f"edition.{problem}", **fields)


def read_index(file: Path | Traversable) -> Mapping[str, Any]:
    """The index of an edition's folder: its name, its host, and which models stand in which file.

    Args:
        file: ``index.json``.

    Raises:
        ConfigurationError: it can't be read, or isn't of the form of ``editions/schema.json``; the place is named.
    """
    return _read_json(file, "index")


def read_family(file: Path | Traversable, edition: str) -> tuple[Model, ...]:
    """The models of one family file.

    Args:
        file: a JSON file of the form that ``editions/schema.json`` describes.
        edition: the name of the edition.

    Raises:
        ConfigurationError: the file isn't of that form, or contradicts itself; the place is named.
    """
    content = _read_json(file, "")
    try:
        _unique_keys([(entry["id"], None) for entry in content["models"]], "models")
        models = [_model(one, f"models[{index}]", edition, content) for index, one in enumerate(content["models"])]
    except _Malformed as problem:
        raise edition_error(file, problem.place, problem.problem) from None
    return tuple(models)


def edition_error(file: Path | Traversable, place: str, problem: str) -> ConfigurationError:
    """The error for an edition file that can't be used.

    Args:
        file: the file.
        place: where in it, such as ``models[0].id``; "" for the whole.
        problem: what is wrong there.
    """
    place = place or i18n.say("edition.whole")
    return ConfigurationError("catalog.edition_malformed", file=file.name, place=place, problem=problem)


def _read_json(file: Path | Traversable, definition: str) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_unique_keys)
    except OSError as problem:
        raise edition_error(file, "", i18n.say("edition.unreadable", reason=problem.strerror or "?")) from None
    except UnicodeDecodeError:
        raise edition_error(file, "", i18n.say("edition.not_text")) from None
    except _Malformed as problem:
        raise edition_error(file, "", problem.problem) from None
    except json.JSONDecodeError as problem:
        raise edition_error(file, f"line {problem.lineno}:", problem.msg) from None
    except (ValueError, RecursionError):
        raise edition_error(file, "", i18n.say("edition.not_json")) from None
    wrong = find_mismatch(content, definition)
    if wrong is not None:
        raise edition_error(file, *wrong)
    return dict(_replace_unprintable(content))


def _replace_unprintable(value: Any) -> Any:
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


def _unique_keys(pairs: Iterable[tuple[str, Any]], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Malformed(at, "twice", given=name)
        found[name] = value
    return found


def _model(entry: Mapping[str, Any], at: str, edition: str, family: Mapping[str, Any]) -> Model:
    actions = tuple(entry.get("actions", ()))
    parameters = {
        name: _parameter(name, spec, f"{at}.parameters.{name}", actions) for name, spec in entry["parameters"].items()
    }
    _require_distinct_names(parameters, f"{at}.parameters")
    action = parameters.get("action")
    if action is not None and action.choices != actions:
        raise _Malformed(f"{at}.parameters.action.choices", "actions_differ")
    default_action = entry.get("default_action", "")
    _known_action([default_action] if default_action else [], actions, f"{at}.default_action")
    references = entry.get("references", {})
    spans = {name: tuple(span) for name, span in references.get("by_action", {}).items()}
    _known_action(spans, actions, f"{at}.references.by_action")
    return Model(
        id=entry["id"],
        edition=edition,
        family=entry.get("family") or family.get("family", ""),
        vendor=entry.get("vendor") or family.get("vendor", ""),
        summary=entry.get("summary", ""),
        actions=actions,
        default_action=default_action,
        parameters=parameters,
        rules=tuple(_rule(one, f"{at}.rules[{index}]", parameters) for index, one in enumerate(entry.get("rules", ()))),
        infer=tuple(_read_inference(entry.get("infer", ()), f"{at}.infer", parameters, actions)),
        references=References(**{**_freeze(references), "by_action": spans}),
        mask=Mask(**_freeze(entry["mask"])) if entry.get("mask") else None,
        price=_price(entry.get("price", {}), f"{at}.price", entry.get("documented", ""), parameters),
        rule_words=tuple(entry.get("rule_words", ())),
        notes=tuple(entry.get("notes", ())),
        sources=tuple(entry.get("sources", ())),
        documented=entry.get("documented", ""),
        link_hours=entry.get("link_hours"),
        answer=entry.get("answer", "flat"),
        retired=entry.get("retired", ""),
    )


def _parameter(name: str, spec: Mapping[str, Any], at: str, actions: tuple[str, ...]) -> Parameter:
    fields = _freeze({key: value for key, value in spec.items() if key not in {"wire", "default"}})
    wire = tuple(spec.get("wire", name).split("."))
    default = _hashable(spec["default"]) if "default" in spec else UNSET
    parameter = Parameter(name=name, wire=wire, default=default, **fields)
    for part in ("choices", "opaque"):
        for index, choice in enumerate(spec.get(part, ())):
            if not parameter.fits(choice):
                raise _Malformed(f"{at}.{part}[{index}]", "choice_of_type", type=parameter.type, given=choice)
    if default is not UNSET and not parameter.fits(spec["default"]):
        raise _Malformed(f"{at}.default", "choice_of_type", type=parameter.type, given=default)
    if default is not UNSET and parameter.choices and default not in parameter.choices:
        raise _Malformed(f"{at}.default", "default_among", allowed=list(parameter.choices))
    if parameter.minimum is not None and parameter.maximum is not None and parameter.minimum > parameter.maximum:
        raise _Malformed(f"{at}.minimum", "reversed")
    for part in ("required_for", "only_for"):
        _known_action([one for one in spec.get(part, ()) if one != "*"], actions, f"{at}.{part}")
    return parameter


def _require_distinct_names(parameters: Mapping[str, Parameter], at: str) -> None:
    taken: dict[tuple[str, ...], str] = {}
    for name, parameter in parameters.items():
        for depth in range(1, len(parameter.wire) + 1):
            if parameter.wire[:depth] in taken:
                raise _Malformed(f"{at}.{name}.wire", "twice", given=".".join(parameter.wire[:depth]))
        if any(other[: len(parameter.wire)] == parameter.wire for other in taken):
            raise _Malformed(f"{at}.{name}.wire", "twice", given=".".join(parameter.wire))
        taken[parameter.wire] = name
        for alias in parameter.aliases:
            if alias in parameters or any(alias in one.aliases for one in parameters.values() if one is not parameter):
                raise _Malformed(f"{at}.{name}.aliases", "twice", given=alias)


def _rule(entry: Mapping[str, Any], at: str, parameters: Mapping[str, Parameter]) -> Rule:
    when = entry.get("when", {})
    demands = {key: value for key, value in entry.items() if key not in {"when", "severity"}}
    _conditions(when, f"{at}.when", parameters)
    if not demands:
        raise _Malformed(at, "empty")
    for demand, wanted in demands.items():
        if demand != "check":
            names = wanted["fields"] if demand == "sum_max" else wanted
            _known_parameter(names, parameters, f"{at}.{demand}")
    return Rule(when=when, demands=demands, severity=entry.get("severity", "reject"))


def _read_inference(
    entries: list[Mapping[str, Any]], at: str, parameters: Mapping[str, Parameter], actions: tuple[str, ...]
) -> Iterable[tuple[Mapping[str, Any], str]]:
    for index, entry in enumerate(entries):
        _conditions(entry["when"], f"{at}[{index}].when", parameters)
        _known_action([entry["action"]], actions, f"{at}[{index}].action")
        yield entry["when"], entry["action"]


def _conditions(when: Mapping[str, Any], at: str, parameters: Mapping[str, Parameter]) -> None:
    _known_parameter(when, parameters, at)
    for name, wanted in when.items():
        if isinstance(wanted, str) and wanted.startswith(">") and not wanted[1:].isdecimal():
            raise _Malformed(f"{at}.{name}", "kind", kinds=[i18n.say("edition.number")])


def _price(spec: Mapping[str, Any], at: str, documented: str, parameters: Mapping[str, Parameter]) -> Price:
    only_when = {name: tuple(values) for name, values in spec.get("only_when", {}).items()}
    tiers = {tier.lower(): usd for tier, usd in spec.get("tiers", {}).items()}
    _known_parameter([*only_when, *([spec["by"]] if spec.get("by") else [])], parameters, at)
    return Price(**{"documented": documented, **spec, "only_when": only_when, "tiers": tiers})


def _known_parameter(names: Iterable[str], parameters: Mapping[str, Parameter], at: str) -> None:
    for name in names:
        if name not in parameters:
            raise _Malformed(at, "no_parameter", given=name, allowed=list(parameters))


def _known_action(names: Iterable[str], actions: tuple[str, ...], at: str) -> None:
    for name in names:
        if name not in actions:
            raise _Malformed(at, "no_action", given=name, allowed=list(actions) or ["?"])


def _freeze(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _hashable(value) for name, value in fields.items()}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
