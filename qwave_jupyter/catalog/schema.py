"""Validation of edition files: the part of JSON Schema that ``editions/schema.json`` uses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from qwave_jupyter import i18n

__all__ = ["find_mismatch"]


def find_mismatch(content: Any, definition: str = "") -> tuple[str, str] | None:
    """The first place where a file violates its schema, and what it must be; None if valid.

    A ``pattern`` in the schema has a ``$comment``: the name of the text that says what it means.

    Args:
        content: what the file holds.
        definition: the part of the schema that it must obey; "" for a whole family file.

    Example:
        >>> find_mismatch({"family": "f", "vendor": "v", "models": [{"id": 5}]})
        ('models[0].id', 'must be a text')
    """
    schema = _schema()
    wanted = schema["$defs"][definition] if definition else schema
    return next(_mismatches(content, wanted, ""), None)


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads((files(__package__) / "editions" / "schema.json").read_text("utf-8"))
    return schema


def _mismatches(value: Any, wanted: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    if "$ref" in wanted:
        wanted = _schema()["$defs"][wanted["$ref"].rpartition("/")[2]]
    kinds = wanted.get("type")
    if kinds is not None:
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if not any(_IS[kind](value) for kind in kinds):
            yield at, i18n.say("edition.kind", kinds=[i18n.say(f"edition.{kind}") for kind in kinds])
            return
    if "enum" in wanted and value not in wanted["enum"]:
        yield at, i18n.say("edition.one_of", allowed=wanted["enum"])
    if isinstance(value, str) and not re.search(wanted.get("pattern", ""), value):
        yield at, i18n.say(f"edition.a_{wanted['$comment']}")
    if isinstance(value, dict):
        yield from _object_mismatches(value, wanted, at)
    elif isinstance(value, list):
        yield from _list_mismatches(value, wanted, at)
    elif _IS["number"](value):
        least, above = wanted.get("minimum", -math.inf), wanted.get("exclusiveMinimum", -math.inf)
        if value < least or value <= above:
            yield at, i18n.say("edition.at_least", least=least) if value < least else i18n.say("edition.positive")


def _object_mismatches(value: Mapping[str, Any], wanted: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    known = wanted.get("properties", {})
    others = wanted.get("additionalProperties", True)
    for name in wanted.get("required", ()):
        if name not in value:
            yield _inside(at, name), i18n.say("edition.missing")
    if len(value) < wanted.get("minProperties", 0):
        yield at, i18n.say("edition.empty")
    names = wanted.get("propertyNames", {}).get("pattern", "")
    for name, part in value.items():
        place = _inside(at, name)
        if name not in known and not re.search(names, name):
            yield place, i18n.say(f"edition.a_{wanted['propertyNames']['$comment']}")
        elif name in known:
            yield from _mismatches(part, known[name], place)
        elif others is False:
            yield place, i18n.say("edition.unknown", allowed=list(known))
        elif others is not True:
            yield from _mismatches(part, others, place)


def _list_mismatches(value: list[Any], wanted: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    least, most = wanted.get("minItems", 0), wanted.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield at, i18n.say("edition.entries" if least == most else "edition.empty", count=least)
    for index, part in enumerate(value):
        kind = wanted["prefixItems"][index] if index < len(wanted.get("prefixItems", ())) else wanted.get("items", {})
        yield from _mismatches(part, kind, f"{at}[{index}]")


def _inside(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


_IS: Mapping[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf,
    "null": lambda value: value is None,
}
