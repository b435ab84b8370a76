"""Every model of both editions against the pages' tables, copied by hand: no value more, none less, no other."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from qwave_jupyter.catalog import load
from tests.checks import collect_failures
from tests.unit.catalog.parameter_tables import APRIL, MORE, SEPTEMBER, SETS

FLAGS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Field:
    """What a table says of one field: its values, its range, its default; None where it says nothing."""

    values: tuple = ()
    low: float | None = None
    high: float | None = None
    default: object = None


def number(text):
    return float(text) if "." in text else int(text)


def parse_value(text):
    """A value as JSON has it."""
    return FLAGS.get(text, number(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text)


def field_of(text):
    words = " ".join(SETS.get(word, word) for word in text.split()).split()
    default = next(
        (parse_value(word.replace("*", "").removesuffix("..").split("..")[0]) for word in words if "*" in word), None
    )
    span = next((word.replace("*", "") for word in words if ".." in word), None)
    if span is not None:
        low, high = span.split("..")
        return Field((), number(low), number(high) if high else None, default)
    if words == ["-1*"] or words[0].startswith("?"):
        return Field((), default=default)
    values = tuple(parse_value(word.removesuffix("*")) for word in dict.fromkeys(words))
    return Field(() if isinstance(default, bool) else tuple(dict.fromkeys(values)), default=default)


def rest_of(text):
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        if part in MORE:
            yield from rest_of(MORE[part])
        else:
            name, _, values = part.partition(":")
            yield name.rstrip("[]{}"), field_of(values) if values else Field()


def table(edition, text):
    for line in text.strip().splitlines():
        model, actions, ratio, tiers, n, references, rest = (cell.strip() for cell in line.split(" | "))
        fields = dict(rest_of(rest))
        for name, cell in (("action", actions), ("resolution", tiers), ("n", n)):
            if cell != "-" and not cell.startswith("("):
                fields[name] = field_of(cell)
        if ratio != "-":
            named = ratio.startswith("size:")
            fields["size" if named else "aspect_ratio"] = field_of(ratio.removeprefix("size:"))
        if references != "-":
            fields["image_urls"] = Field()
        yield pytest.param(edition, model, fields, references, id=f"{edition}-{model}")


ROWS = [*table("2026-04", APRIL), *table("2026-09", SEPTEMBER)]
#: Every value that any table has for a field.
ALL = {}
for row in ROWS:
    for wire, said in row.values[2].items():
        ALL.setdefault(wire, set()).update(said.values)
ALL["aspect_ratio"] |= ALL["size"] | {"5:1", "wide"}
ALL["size"] = ALL["aspect_ratio"]


def by_wire(model):
    return {".".join(one.wire_path): one for one in model.parameters.values()}


def is_refused(model, wire, value):
    """Whether a strict server refuses one value of one field for itself."""
    body = value
    for name in reversed(wire.split(".")):
        body = {name: body}
    values, wrong = model.from_wire({"model": model.id, "prompt": "x", **body})
    found = [one.code for one in (*wrong, *model.check(values)) if one.parameter == by_wire(model)[wire].name]
    return not {"wrong_type", "not_a_choice", "out_of_range"}.isdisjoint(found)


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_edition_has_the_documented_models(edition):
    assert {row.values[1] for row in ROWS if row.values[0] == edition} == set(load(edition).ids())


@pytest.mark.parametrize(("edition", "name", "fields", "references"), ROWS)
def test_model_matches_its_page(edition, name, fields, references):
    """Fields, values, ranges, defaults and references: those of the page and no others."""
    model = load(edition).model(name)
    defaults = model.effective({})
    with collect_failures() as check:
        with check(name, "fields"):
            assert set(by_wire(model)) == {"prompt", *fields}
        for wire, said in fields.items():
            with check(name, wire, "values"):
                check_values(model, wire, said)
            with check(name, wire, "default"):
                default = defaults.get(by_wire(model)[wire].name)
                assert (default, type(default)) == (said.default, type(said.default))
        with check(name, "references", references):
            check_references(model, references)


def check_values(model, wire, said):
    if said.values:
        tried = ALL[wire] | set(said.values)
        assert {value for value in tried if not is_refused(model, wire, value)} == set(said.values)
        assert is_refused(model, wire, "no-such-value")
    if said.low is not None:
        step = 1 if by_wire(model)[wire].type == "integer" else 0.25
        assert not is_refused(model, wire, said.low)
        assert is_refused(model, wire, said.low - step)
        beyond = 10**6 if said.high is None else said.high + step
        assert is_refused(model, wire, beyond) == (said.high is not None)
        assert said.high is None or not is_refused(model, wire, said.high)


def check_references(model, references):
    most, _, by_bytes = references.partition(" ")
    assert model.references.takes_bytes == (by_bytes == "bytes")
    assert model.references.maximum == {"-": 0, "?": None}.get(most, int(most) if most.isdecimal() else 0)
    if most.isdecimal():
        for count, wanted in ((int(most), False), (int(most) + 1, True)):
            values, _ = model.read({"prompt": "x", "images": ["https://a.example/1"] * count})
            found = model.check({**values, "action": "edit"} if "edit" in model.actions else values)
            assert any(one.code == "too_long" and one.parameter == "images" for one in found) == wanted
