"""Every request that a page describes, as a user writes it: what leaves, what doesn't, and what is said."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.generation import request
from tests.unit.catalog import (
    edition_2026_04_gpt_image,
    edition_2026_04_others,
    edition_2026_04_qwen_image,
    edition_2026_04_seedream,
    edition_2026_09_alibaba,
    edition_2026_09_google,
    edition_2026_09_gpt_image,
    edition_2026_09_others,
    edition_2026_09_seedream,
)
from tests.unit.catalog.expectations import A, B, Page, urls

MODULES = (
    edition_2026_04_gpt_image,
    edition_2026_04_others,
    edition_2026_04_qwen_image,
    edition_2026_04_seedream,
    edition_2026_09_alibaba,
    edition_2026_09_google,
    edition_2026_09_gpt_image,
    edition_2026_09_others,
    edition_2026_09_seedream,
)
PAGES = [page for module in MODULES for page in vars(module).values() if isinstance(page, Page)]


def rows(kind):
    found = []
    for page in PAGES:
        for options, told, *words in getattr(page, kind):
            expected = (told, words) if kind == "refused" else (told,)
            found.append(pytest.param(page, options, *expected, id=f"{page}-{json.dumps(options)[:60]}"))
    return found


def built(page, options):
    plain = {name: value for name, value in options.items() if name != "prompt"}
    return request.build(load(page.edition), options.get("prompt", "a cat"), plain, model=page.model)


@pytest.mark.parametrize(("page", "options", "body"), rows("sent"))
def test_exactly_this_json_is_sent(page, options, body):
    made = built(page, options)
    whole = {"model": page.model, "prompt": "a cat", **body}
    assert made.body == {name: value for name, value in whole.items() if value is not None}
    assert json.loads(json.dumps(made.body)) == made.body
    assert not [str(one) for one in made.warnings if one.code != "retired"]


@pytest.mark.parametrize(("page", "options", "parameter", "words"), rows("refused"))
def test_this_is_refused_by_the_parameters_name(page, options, parameter, words):
    with pytest.raises(RequestRefused) as refused:
        built(page, options)
    found = [one for one in refused.value.fields["violations"] if one.parameter == parameter]
    assert found, [str(one) for one in refused.value.fields["violations"]]
    text = " ".join(map(str, found))
    for part in (parameter, *words):
        assert part in text
        assert part in str(refused.value)
    assert all("\n" not in str(one) for one in refused.value.fields["violations"])


@pytest.mark.parametrize(("page", "options", "parameter"), rows("advised"))
def test_this_is_sent_with_a_word_of_warning(page, options, parameter):
    assert parameter in [one.parameter for one in built(page, options).warnings]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_has_enough_to_go_by(page):
    assert min(len(page.sent), len(page.refused)) >= 8


@pytest.mark.parametrize(("model", "date"), [("imagen-4.0", "2026-09-03"), ("gpt-image-2.5", "2026-09-23")])
def test_a_model_that_was_taken_off_is_said_to_be_and_never_offered(model, date):
    catalog = load("2026-09")
    made = request.build(catalog, "a cat", {}, model=model)
    assert any(model in str(one) and date in str(one) for one in made.warnings)
    for options in ({"seed": 1, "n": 9}, {"quality": "max", "n": 1, "output_format": "webp"}):
        for other in catalog:
            wrong = catalog.check(other, {"prompt": "x"}, unread=other.read(options)[1])
            assert model not in {name for one in wrong for name in one.others}


#: The pages' own examples: how a user would write them, and the JSON that stands there.
EXAMPLES = [
    (
        {"aspect_ratio": "1:1", "n": 1, "images": "https://example.com/reference.png"},
        """{"model": "gpt-4o-image", "prompt": "星空下的古老城堡,数字艺术风格", "size": "1:1", "n": 1,
            "image_urls": ["https://example.com/reference.png"]}""",
    ),
    (
        {"aspect_ratio": "16:9", "resolution": "2k"},
        """{"model": "gpt-image-2", "prompt": "未来主义城市夜景,霓虹灯映在湿润街面,电影感构图",
            "aspect_ratio": "16:9", "resolution": "2k"}""",
    ),
    (
        {"resolution": "2k", "aspect_ratio": "3x4"},
        r"""{"model": "qwen-image-2.0-pro",
             "prompt": "Chinese-style poster: ink-wash landscape background, vertical title \"千问\" centered",
             "resolution": "2K", "aspect_ratio": "3:4"}""",
    ),
    (
        {"action": "generate", "size": "16:9", "resolution": "2K", "watermark": "no"},
        """{"model": "seedream-5.0", "action": "generate", "prompt": "一只柴犬穿宇航服站在月球上", "size": "16:9",
            "resolution": "2K", "watermark": false}""",
    ),
    (
        {"web_search": True},
        """{"model": "seedream-5.0", "prompt": "今天的天气", "extra": {"tools": [{"type": "web_search"}]}}""",
    ),
]


@pytest.mark.parametrize(("options", "printed"), EXAMPLES)
def test_the_pages_own_examples_are_what_is_sent(options, printed):
    body = json.loads(printed)
    made = request.build(load("2026-04"), body["prompt"], options, model=body["model"])
    assert made.body == body
    assert not made.warnings


SEVERAL = [
    (
        "2026-04",
        "gpt-image-2",
        {
            "prompt": " ",
            "resolution": "8k",
            "quality": "ultra",
            "n": 0,
            "seed": "x",
            "colour": "blue",
            "images": urls(17),
        },
        {"prompt", "resolution", "quality", "n", "seed", "colour", "images"},
    ),
    ("2026-04", "gpt-image-2", {"resolution": "4k", "action": "inpaint"}, {"aspect_ratio", "images", "mask"}),
    (
        "2026-04",
        "wan2.7-image",
        {"action": "group", "resolution": "8K", "n": 99, "color_palette": [], "bbox_list": [[[0, 0, 1, 1]]]},
        {"enable_sequential", "resolution", "n", "bbox_list"},
    ),
    (
        "2026-09",
        "wan2.7-image-pro",
        {"enable_sequential": True, "resolution": "4k", "n": 13, "thinking_mode": "deep", "mask": A},
        {"resolution", "n", "thinking_mode", "mask"},
    ),
    (
        "2026-09",
        "midjourney",
        {"action": "pan", "hd": True, "version": "v7", "stylize": 2000, "n": 4},
        {"ref_task_id", "index", "direction", "hd", "version", "stylize", "n"},
    ),
    (
        "2026-09",
        "seedream-5.0-pro",
        {"background": "transparent", "n": 2, "seed": 1},
        {"images", "output_format", "n", "seed"},
    ),
]


@pytest.mark.parametrize(("edition", "model", "options", "parameters"), SEVERAL)
def test_all_mistakes_are_named_at_once(edition, model, options, parameters):
    with pytest.raises(RequestRefused) as refused:
        built(Page(edition, model, [], []), options)
    assert {one.parameter for one in refused.value.fields["violations"]} >= parameters
    assert all(parameter in str(refused.value) for parameter in parameters)


#: What was asked, and a model that its page says can do it, cheapest first among those that are offered.
OTHERS = [
    ("2026-04", "gpt-image-1.5-official", {"aspect_ratio": "16:9"}, "z-image-turbo"),
    ("2026-04", "gpt-image-2", {"aspect_ratio": "1:1", "resolution": "4k"}, "wan2.7-image"),
    ("2026-04", "qwen-image-2.0", {"images": [A, B], "mask": A}, "gpt-image-2"),
    ("2026-04", "imagen-4.0", {"google_search": True}, "gemini-3.1-flash-image-preview"),
    ("2026-04", "z-image-turbo", {"aspect_ratio": "8:1"}, "gemini-3.1-flash-image-preview"),
    ("2026-09", "seedream-4.5", {"n": 12}, "seedream-5.0-lite"),
    ("2026-09", "gpt-image-2-rev", {"aspect_ratio": "19.5:9"}, "grok-imagine-image"),
    ("2026-09", "gpt-image-2", {"quality": "max"}, "gpt-image-2.5-flare"),
    ("2026-09", "wan2.7-image", {"resolution": "4k", "enable_sequential": False}, "wan2.7-image-pro"),
]


@pytest.mark.parametrize(("edition", "model", "options", "other"), OTHERS)
def test_a_model_that_could_do_it_is_offered(edition, model, options, other):
    with pytest.raises(RequestRefused) as refused:
        built(Page(edition, model, [], []), options)
    offered = {one for violation in refused.value.fields["violations"] for one in violation.others}
    assert other in offered
    assert model not in offered
    assert other in str(refused.value)
    # What is offered holds what it promises.
    for one in offered:
        assert built(Page(edition, one, [], []), options).body


#: One mistake that several sentences of a page forbid, and what has to be done about it.
ONCE = [
    ("2026-09", "seedream-4.5", {"images": A, "action": "generate"}, ["images"]),
    ("2026-09", "grok-imagine-image-2.0", {"images": A, "quality": "low"}, ["quality"]),
    ("2026-09", "gpt-image-1", {"mask": A}, ["images"]),
    ("2026-09", "gpt-image-1", {"mask": A, "images": A, "action": "generate"}, ["mask"]),
    ("2026-09", "seedream-5.0-flash", {"background": "transparent"}, ["images", "output_format"]),
    ("2026-09", "wan2.7-image", {"bbox_list": [[[0, 0, 1, 1]]]}, ["images"]),
    ("2026-04", "wan2.7-image", {"images": urls(10)}, ["images"]),
    ("2026-04", "doubao-seedream-4.0", {"images": urls(11), "action": "reference"}, ["images"]),
    ("2026-04", "gpt-image-2", {"mask": A}, ["images"]),
    ("2026-04", "gpt-image-2", {"resolution": "4k"}, ["aspect_ratio"]),
]


@pytest.mark.parametrize(("edition", "model", "options", "parameters"), ONCE)
def test_one_mistake_is_said_once(edition, model, options, parameters):
    with pytest.raises(RequestRefused) as refused:
        built(Page(edition, model, [], []), options)
    assert sorted(one.parameter for one in refused.value.fields["violations"] if one.severity == "reject") == parameters


def test_nobody_is_said_to_have_asked_for_a_default():
    for options, said in (({}, "left out, it is 1:1"), ({"aspect_ratio": "1:1"}, "you asked for 1:1")):
        with pytest.raises(RequestRefused) as refused:
            built(Page("2026-04", "gpt-image-2", [], []), {"resolution": "4k", **options})
        assert said in str(refused.value)
        assert "Nearest: 16:9" in str(refused.value)
