"""Edition files of one's own: a malformed one is one clear error with its place, and none can break us later."""

from __future__ import annotations

import copy
import json
import re
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.catalog import ImageInfo, load
from qwave_jupyter.catalog.loader import find_mismatch
from qwave_jupyter.errors import ConfigurationError
from tests.checks import collect_failures

EDITIONS = files("qwave_jupyter.catalog") / "editions"
SCHEMA = json.loads((EDITIONS / "schema.json").read_text(encoding="utf-8"))
SHIPPED = [
    json.loads((EDITIONS / edition / family).read_text(encoding="utf-8"))
    for edition, family in (("2026-04", "gpt-image.json"), ("2026-04", "wan-image.json"), ("2026-09", "seedream.json"))
]
PARAMETERS = {"prompt": {"type": "string"}, "n": {"type": "integer", "minimum": 1}}


def model(**more):
    """A file with one model, on one line."""
    return json.dumps({"models": [{"id": "m", "parameters": PARAMETERS, **more}]})


def mood(**more):
    return model(parameters={**PARAMETERS, "mood": {"type": "string", **more}})


MALFORMED = [
    ('{\n "models": [\n', "line 3", "Expecting"),
    ("[1]", "the file", "object"),
    ('{"models": [], "models": []}', "the file", "models twice"),
    (
        '{"models": [{"id": "m", "parameters": {"n": {"type": "integer", "maximum": NaN}}}]}',
        "models[0].parameters.n.maximum",
        "number",
    ),
    ("[" * 100_000, "the file", "JSON"),
    ('{"family": "f"}', "models", "missing"),
    ('{"models": [5]}', "models[0]", "object"),
    ('{"models": [{"parameters": {}}]}', "models[0].id", "missing"),
    ('{"models": [{"id": "a b", "parameters": {}}]}', "models[0].id", "one word"),
    ('{"models": [{"id": "m", "parameters": {}}, {"id": "m", "parameters": {}}]}', "models", "m twice"),
    (model(colour="blue"), "models[0].colour", "not known"),
    (model(documented="last year"), "models[0].documented", "date"),
    (model(actions="generate"), "models[0].actions", "list"),
    (model(default_action="paint"), "models[0].default_action", "paint"),
    (model(parameters={"My Mood": {"type": "string"}}), "models[0].parameters.My Mood", "Python variable"),
    (mood(type="colour"), "models[0].parameters.mood.type", "boolean"),
    (mood(choices="calm"), "models[0].parameters.mood.choices", "list"),
    (mood(choices=["calm", 5]), "models[0].parameters.mood.choices[1]", "string"),
    (mood(choices=["calm"], default="wild"), "models[0].parameters.mood.default", "calm"),
    (mood(minimum=5, maximum=3), "models[0].parameters.mood.minimum", "maximum"),
    (mood(wire="extra..mood"), "models[0].parameters.mood.wire", "dots"),
    (mood(wire="n"), "models[0].parameters.mood.wire", "n twice"),
    (mood(wire="n.mood"), "models[0].parameters.mood.wire", "n twice"),
    (mood(aliases=["prompt"]), "models[0].parameters.mood.aliases", "prompt"),
    (mood(required_for=["edit"]), "models[0].parameters.mood.required_for", "edit"),
    (model(rules=[{"forbit": ["n"]}]), "models[0].rules[0].forbit", "not known"),
    (model(rules=[{"severity": "warn"}]), "models[0].rules[0]", "empty"),
    (model(rules=[{"require": ["seed"]}]), "models[0].rules[0].require", "prompt or n"),
    (model(rules=[{"when": {"seed": 1}, "require": ["n"]}]), "models[0].rules[0].when", "seed"),
    (model(rules=[{"when": {"n": ">many"}, "require": ["n"]}]), "models[0].rules[0].when.n", "number"),
    (model(rules=[{"count": {"n": [1]}}]), "models[0].rules[0].count.n", "2 entries"),
    (model(rules=[{"allow": {"n": 3}}]), "models[0].rules[0].allow.n", "list"),
    (model(rules=[{"check": "taste"}]), "models[0].rules[0].check", "palette"),
    (model(infer=[{"when": {"n": 1}, "action": "edit"}]), "models[0].infer[0].action", "edit"),
    (model(references={"by_action": {"edit": [1, 2]}}), "models[0].references.by_action", "edit"),
    (model(references={"maximum": "api"}), "models[0].references.maximum", "whole number or null"),
    (model(mask={"max_mb": 0}), "models[0].mask.max_mb", "more than 0"),
    (model(price={"usd": "much"}), "models[0].price.usd", "number"),
    (model(price={"by": "resolution", "tiers": {"1k": 1}}), "models[0].price", "resolution"),
    (model(link_hours=0), "models[0].link_hours", "1 or more"),
]


def test_malformed_file_names_the_place(tmp_path):
    with collect_failures() as check:
        for number, (content, place, said) in enumerate(MALFORMED):
            file = tmp_path / f"broken{number}.json"
            file.write_text(content, encoding="utf-8")
            with check(place, content[:100]):
                with pytest.raises(ConfigurationError) as refusal:
                    load(str(file))
                text = str(refusal.value)
                assert f"{file.name} can't be used: {place}" in text
                assert said in text
                assert "\n" not in text


MALFORMED_FOLDERS = [
    ('{"host": "h", "families": {}}', "", "edition is missing"),
    ('{"edition": "e", "host": "h", "families": []}', "", "families must be an object"),
    ('{"edition": "e", "host": "h", "families": {"../../secret.json": ["m"]}}', "", "beside the index"),
    ('{"edition": "e", "host": "h", "families": {"none.json": ["m"]}}', "", "none.json can't be used"),
    ('{"edition": "e", "host": "h", "families": {"f.json": ["m", "gone"]}}', model(), "lists gone"),
    (
        '{"edition": "e", "host": "h", "families": {"f.json": ["m"]}}',
        '{"models": [',
        "f.json can't be used: line 1",
    ),
]


def test_malformed_folder_is_one_error(tmp_path):
    with collect_failures() as check:
        for number, (index, family, said) in enumerate(MALFORMED_FOLDERS):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "index.json").write_text(index, encoding="utf-8")
            if family:
                (folder / "f.json").write_text(family, encoding="utf-8")
            with check(index, family):
                with pytest.raises(ConfigurationError) as refusal:
                    list(load(str(folder)))
                assert said in str(refusal.value)


def test_file_with_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(model(), encoding="utf-8-sig")
    assert load(str(file)).model("m").parameters["n"].minimum == 1


def places(content, path=()):
    """Every place in JSON."""
    yield path
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


PLACES = [(content, sorted(places(content), key=str)) for content in SHIPPED]


def with_value(content, path, value):
    if not path:
        return value
    content = copy.copy(content)
    content[path[0]] = with_value(content[path[0]], path[1:], value)
    return content


def exercise(catalog):
    """Call every query of a catalog."""
    for one in catalog.find("a", references=1, max_price=9, aspect_ratio="1:1", prompt_chars=9):
        values, unread = one.read({"prompt": "x", "n": "2", "images": "https://a.example/1", "resolution": "2K"})
        found = (
            *unread,
            *one.check(values, ImageInfo(sizes=((9, 9),), mask_format="png", mask_bytes=9, mask_size=(1, 1))),
        )
        assert all(str(violation) for violation in found)
        one.from_wire(one.to_wire(values))
        one.price.estimate(one.effective(values))
        one.infer_action(values)
        for name in one.parameters:
            one.allowed_values(name, {"prompt": "x"})


@given(
    where=st.sampled_from(PLACES).flatmap(lambda pair: st.tuples(st.just(pair[0]), st.sampled_from(pair[1]))),
    value=st.sampled_from(
        [None, True, -1, 0, 2.5, 10**400, "", "x", ">", ">1", "*", [], [1], ["x"], [[]], {}, {"n": 1}]
    ),
)
def test_any_value_is_refused_or_harmless(tmp_path_factory, where, value):
    broken = with_value(*where, value)
    file = tmp_path_factory.getbasetemp() / "fuzzed.json"
    file.write_text(json.dumps(broken), encoding="utf-8")
    try:
        catalog = load(str(file))
    except ConfigurationError as refusal:
        assert "fuzzed.json" in str(refusal)
    else:
        exercise(catalog)


@given(
    where=st.sampled_from(PLACES).flatmap(lambda pair: st.tuples(st.just(pair[0]), st.sampled_from(pair[1]))),
    value=st.sampled_from(
        [None, True, -1, 0, 2.5, "", "x", "2026-01-01", "warn", [], ["x"], [1, None], {}, {"x": ["x"]}]
    ),
)
def test_misfit_agrees_with_jsonschema(where, value):
    broken = with_value(*where, value)
    obeys = jsonschema.Draft202012Validator(SCHEMA).is_valid(broken)
    assert (find_mismatch(broken) is None) == obeys


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_shipped_model_is_described(edition):
    for one in load(edition):
        assert all((one.summary, one.documented, one.sources, one.vendor, one.family, one.link_hours)), one.id
        assert one.price.usd or one.price.tiers or one.price.rates or one.price.unit == "token" or one.price.note
    index = json.loads((EDITIONS / edition / "index.json").read_text(encoding="utf-8"))
    assert find_mismatch(index, "index") is None


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_shipped_texts_are_for_users(edition):
    of_the_wire = re.compile(r"image_urls|mask_url|price_config|base64|HTTP|->|<=|>=|\benum|len\(|this page uses")
    for model in load(edition):
        told = [one.note for one in (*model.parameters.values(), model.price, model.references, model.mask) if one]
        for text in filter(None, (*told, *model.notes, *model.rule_words)):
            assert not of_the_wire.search(text), (model.id, text)
            assert text.endswith("."), (model.id, text)
