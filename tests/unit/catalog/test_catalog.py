"""The catalogue against expectations written by hand from the documents, and what every edition must hold."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ConfigurationError, UnknownModel
from tests.checks import collect_failures

APRIL = load("2026-04")
EDITIONS = ("2026-04", "2026-09")
MODELS = [(edition, model) for edition in EDITIONS for model in load(edition)]
URL = "https://images.example/a.png"


def judged(model_id, options, edition="2026-04"):
    """What a request would be sent as, and the names of what is rejected."""
    catalog = load(edition)
    model = catalog.model(model_id)
    values, unread = model.read({"prompt": "a cat", **options})
    action = model.infer_action(values)
    if action and "action" not in values and "action" in model.parameters:
        values["action"] = action
    found = catalog.check(model, values, unread=unread)
    return model.to_wire(values), [one.parameter for one in found if one.severity == "reject"], found


# From the GPT-Image, gpt-4o-image, Qwen and Seedream pages of April 2026: what is sent, under which names.
SENT = [
    ("gpt-image-2", {"size": "16x9", "resolution": "2K"}, {"aspect_ratio": "16:9", "resolution": "2k"}),
    ("gpt-image-2", {"n": "2"}, {"n": 2}),
    ("gpt-image-2", {"resolution": "4k", "aspect_ratio": "21:9"}, {"resolution": "4k", "aspect_ratio": "21:9"}),
    ("gpt-image-2", {"images": [URL]}, {"image_urls": [URL], "action": "image2image"}),
    ("gpt-image-2", {"images": [URL, URL + "?2"]}, {"image_urls": [URL, URL + "?2"], "action": "reference"}),
    ("gpt-image-2", {"images": [URL], "mask": URL}, {"image_urls": [URL], "mask_url": URL, "action": "inpaint"}),
    (
        "gpt-image-2",
        {"output_format": "webp", "output_compression": 60},
        {"output_format": "webp", "output_compression": 60},
    ),
    ("gpt-image-2", {"background": "transparent"}, {"background": "transparent"}),
    ("gpt-image-2", {"aspect_ratio": "auto"}, {"aspect_ratio": "auto"}),
    ("gpt-image-1.5-official", {"aspect_ratio": "3:2"}, {"aspect_ratio": "3:2"}),
    ("gpt-image-1-official", {"quality": "HIGH"}, {"quality": "high"}),
    ("gpt-4o-image", {"aspect_ratio": "2:3", "n": 4}, {"size": "2:3", "n": 4}),
    ("gpt-4o-image", {"images": [URL]}, {"image_urls": [URL]}),
    ("qwen-image-2.0", {"resolution": "1k", "aspect_ratio": "3:4"}, {"resolution": "1K", "aspect_ratio": "3:4"}),
    ("qwen-image-2.0-pro", {"images": [URL]}, {"image_urls": [URL], "action": "image2image"}),
    ("seedream-5.0", {"aspect_ratio": "4:5", "resolution": "3k"}, {"size": "4:5", "resolution": "3K"}),
    ("seedream-5.0", {"web_search": True}, {"extra": {"tools": [{"type": "web_search"}]}}),
    (
        "seedream-5.0",
        {"output_format": "png", "watermark": False},
        {"extra": {"output_format": "png"}, "watermark": False},
    ),
    ("seedream-4.0", {"guidance_scale": "7.5"}, {"extra": {"guidance_scale": 7.5}}),
    ("seedream-4.5", {"optimize_prompt_mode": "fast"}, {"extra": {"optimize_prompt_options": {"mode": "fast"}}}),
    ("seedream-4.5", {"images": [URL], "n": 14}, {"image_urls": [URL], "n": 14}),
    (
        "wan2.7-image",
        {"images": [URL], "bbox_list": [[[0, 0, 9, 9]]]},
        {"image_urls": [URL], "bbox_list": [[[0, 0, 9, 9]]], "action": "interactive_edit"},
    ),
    ("z-image-turbo", {"resolution": "2k"}, {"resolution": "2K"}),
]

# The same pages: what is refused, and the parameter that the refusal names.
REFUSED = [
    ("gpt-image-2", {"resolution": "4k", "aspect_ratio": "1:1"}, "aspect_ratio"),
    ("gpt-image-2", {"resolution": "4k"}, "aspect_ratio"),
    ("gpt-image-2", {"resolution": "8k"}, "resolution"),
    ("gpt-image-2", {"quality": "ultra"}, "quality"),
    ("gpt-image-2", {"n": 0}, "n"),
    ("gpt-image-2", {"n": "two"}, "n"),
    ("gpt-image-2", {"action": "inpaint", "images": [URL]}, "mask"),
    ("gpt-image-2", {"action": "edit"}, "images"),
    ("gpt-image-2", {"images": [URL] * 17}, "images"),
    ("gpt-image-2", {"output_compression": 101}, "output_compression"),
    ("gpt-image-1.5-official", {"aspect_ratio": "16:9"}, "aspect_ratio"),
    ("gpt-image-1.5-official", {"output_format": "webp"}, "output_format"),
    ("gpt-image-1-official", {"resolution": "1k"}, "resolution"),
    ("gpt-4o-image", {"n": 3}, "n"),
    ("gpt-4o-image", {"aspect_ratio": "16:9"}, "aspect_ratio"),
    ("gpt-4o-image", {"images": [URL] * 6}, "images"),
    ("gpt-4o-image", {"mask": URL}, "images"),
    ("gpt-4o-image", {"prompt": "x" * 1001}, "prompt"),
    ("qwen-image-2.0", {"prompt": "画" * 801}, "prompt"),
    ("qwen-image-2.0", {"aspect_ratio": "21:9"}, "aspect_ratio"),
    ("qwen-image-2.0-pro", {"resolution": "4K"}, "resolution"),
    ("qwen-image-2.0-pro", {"action": "image2image", "images": [URL, URL]}, "images"),
    ("seedream-5.0", {"resolution": "4K"}, "resolution"),
    ("seedream-5.0", {"stream": True}, "stream"),
    ("seedream-5.0", {"response_format": "b64_json"}, "response_format"),
    ("seedream-4.5", {"n": 6, "images": [f"{URL}?{n}" for n in range(10)]}, "n"),
    ("seedream-4.5", {"aspect_ratio": "4:5"}, "aspect_ratio"),
    ("seedream-4.0", {"guidance_scale": 11}, "guidance_scale"),
    ("wan2.7-image", {"enable_sequential": True, "resolution": "4K"}, "resolution"),
    ("wan2.7-image", {"images": [URL], "bbox_list": [[[0, 0, 9, 9]] * 3]}, "bbox_list"),
    ("wan2.7-image", {"images": [URL], "bbox_list": [[[9, 9, 0, 0]]]}, "bbox_list"),
    ("wan2.7-image", {"color_palette": [{"hex": "#112233", "ratio": 33}] * 3}, "color_palette"),
    ("wan2.7-image", {"color_palette": [{"hex": "#112233", "ratio": 50}] * 2}, "color_palette"),
]


def test_wire_uses_documented_names():
    with collect_failures() as check:
        for model, options, sent in SENT:
            with check(model, options):
                body, rejected, found = judged(model, options)
                assert not rejected, [str(one) for one in found]
                assert body == {"model": model, "prompt": "a cat", **sent}


def test_check_refuses_by_parameter():
    with collect_failures() as check:
        for model, options, name in REFUSED:
            with check(model, str(options)[:100], "refused for", name):
                _, rejected, found = judged(model, options)
                assert name in rejected
                assert all("\n" not in str(one) for one in found)


def test_wire_of_a_bare_request():
    for _, model in MODELS:
        body, _, _ = judged(model.id, {}, model.edition)
        assert body == {"model": model.id, "prompt": "a cat"}


def test_refusal_names_nearest_and_others():
    _, _, found = judged("gpt-image-2", {"resolution": "4k", "aspect_ratio": "1:1"})
    text = str(found[0])
    for part in ("16:9, 9:16, 2:1, 1:2, 21:9 or 9:21", "you asked for 1:1", "resolution 2k", "wan2.7-image"):
        assert part in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"aspect_ratio": "4K"}, "4K is a value of resolution."),
        ({"resolution": "16x9"}, "16x9 is a value of aspect_ratio."),
        ({"background": "webp"}, "webp is a value of output_format."),
        # Several take it, or none.
        ({"output_format": "auto"}, "you asked for auto"),
        ({"aspect_ratio": "2.4:1"}, "Nearest: 21:9."),
        ({"quality": "hihg"}, "Nearest: high."),
    ],
)
def test_refusal_names_the_parameter_that_takes_the_value(options, said):
    _, rejected, found = judged("gpt-image-2", options)
    assert rejected == list(options)
    text = str(found[0])
    assert said in text
    assert ("Nearest" in text) == ("Nearest" in said)
    assert ("is a value of" in text) == ("is a value of" in said)


def test_check_names_all_mistakes():
    _, rejected, _ = judged("gpt-image-2", {"resolution": "4k", "quality": "ultra", "sead": 1})
    assert set(rejected) == {"aspect_ratio", "quality", "sead"}


def test_check_warns_of_advice():
    _, rejected, found = judged("gpt-image-1-official", {"background": "transparent"})
    assert not rejected
    assert [one.severity for one in found] == ["warn"]


def test_same_id_differs_between_editions():
    april, september = (load(edition).model("gpt-image-2") for edition in EDITIONS)
    assert april.price.from_usd == pytest.approx(0.006375)
    assert september.price.unit == "token"
    assert "inpaint" in april.actions
    assert set(september.actions) == {"generate", "edit"}


def test_price_by_tier_number_and_references():
    september = load("2026-09")
    assert APRIL.model("gpt-image-2").price.estimate({"n": 3, "official_fallback": False}) == pytest.approx(0.019125)
    assert september.model("gpt-image-2-rev").price.estimate({"resolution": "4k"}) == pytest.approx(0.02363)
    grok = september.model("grok-imagine-image").price
    assert grok.estimate({"resolution": "1k", "n": 2, "images": (URL,)}) == pytest.approx(2 * 0.018 + 2 * 0.0018)
    assert APRIL.model("seedream-4.0").price.estimate({"n": 1}) is None


def test_unknown_model_names_nearest():
    with pytest.raises(UnknownModel, match="gpt-image-2"):
        APRIL.model("gpt-imge-2")


def test_find_filters_and_sorts():
    assert [one.id for one in APRIL.find(action="inpaint", max_price=0.02)] == ["gpt-image-2"]
    prices = [one.price.from_usd for one in APRIL.find() if one.price.from_usd is not None]
    assert prices == sorted(prices)
    assert all(one.references.maximum is None or one.references.maximum >= 12 for one in APRIL.find(references=12))


def test_editions_are_complete():
    assert [len(load(edition).ids()) for edition in EDITIONS] == [21, 41]


@pytest.mark.parametrize("edition", EDITIONS)
def test_edition_files_obey_the_schema(edition):
    folder = files("qwave_jupyter.catalog") / "editions"
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for file in (folder / edition).iterdir():
        if file.name != "index.json":
            validator.validate(json.loads(file.read_text(encoding="utf-8")))


WRONG = {
    "integer": "api",
    "number": "much",
    "boolean": "perhaps",
    "object[]": "{",
    "object": "[",
    "number[][][]": "{",
}


def test_check_names_a_wrong_value():
    with collect_failures() as check:
        for edition, model in MODELS:
            options = {"no_such_parameter": 1}
            for parameter in model.parameters.values():
                if parameter.choices and parameter.type == "string":
                    options[parameter.name] = "no such choice"
                elif parameter.type in WRONG:
                    options[parameter.name] = WRONG[parameter.type]
            for name, wrong in options.items():
                with check(edition, model.id, name, wrong):
                    assert name in judged(model.id, {name: wrong}, edition)[1]


def test_wire_is_read_back():
    with collect_failures() as check:
        for edition, model in MODELS:
            with check(edition, model.id):
                body, _, _ = judged(model.id, {}, edition)
                values, wrong = model.from_wire(body)
                assert not wrong
                assert values["prompt"] == "a cat"
                _, wrong = model.from_wire({**body, "n": "1", "undeclared": True})
                assert {"undeclared"} <= {one.parameter for one in wrong}


@given(st.text(max_size=40))
def test_read_takes_any_text(text):
    model = APRIL.model("gpt-image-2")
    values, unread = model.read({"aspect_ratio": text, "n": text, "output_compression": text, "images": text or "x"})
    assert isinstance(values, dict)
    for one in (*unread, *model.check({"prompt": "x", **values})):
        assert "\n" not in str(one)


def test_read_of_a_list_given_as_text():
    model = APRIL.model("gpt-image-2")
    for text in ("completed", '["completed"]'):
        values, unread = model.read({"callback_events": text})
        assert (values["callback_events"], unread) == (("completed",), ()), text


def test_own_edition_adds_a_model(tmp_path):
    file = tmp_path / "mine.json"
    model = {
        "id": "my-model",
        "documented": "2026-11-01",
        "parameters": {
            "prompt": {"type": "string", "required_for": ["*"]},
            "mood": {"type": "string", "choices": ["calm", "wild"], "wire": "extra.mood"},
        },
        "price": {"usd": 0.5},
    }
    file.write_text(json.dumps({"family": "mine", "vendor": "me", "models": [model]}), encoding="utf-8")
    mine = load(str(file))
    assert mine.model("my-model").to_wire({"prompt": "x", "mood": "calm"})["extra"] == {"mood": "calm"}
    assert mine.model("gpt-image-2").id == "gpt-image-2"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", "line 1"),
        ("[]", "object"),
        ('{"models": [{"parameters": {}}]}', "models[0].id"),
        ('{"models": [{"id": "x", "parameters": {"a": {"type": "colour"}}}]}', "models[0].parameters.a.type"),
        ('{"models": [{"id": "x", "parameters": {}, "rules": [{"forbit": []}]}]}', "models[0].rules[0].forbit"),
    ],
)
def test_own_edition_errors_name_the_place(tmp_path, content, place):
    file = tmp_path / "broken.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        load(str(file))
    assert "broken.json" in str(refusal.value)
    assert place in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "closest"), [("ratio", "aspect_ratio"), ("prompt_negative", None), ("qualty", "quality")]
)
def test_unknown_option_names_the_closest(name, closest):
    model = APRIL.model("gpt-image-2")
    (wrong,) = model.read({name: "16:9"})[1]
    assert wrong.nearest == closest
