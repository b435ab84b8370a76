"""Every request that a page describes, as a user writes it: what leaves, what doesn't, and what is said."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs import request
from tests.checks import collect_failures
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


def by_page(*kinds):
    """One case for each page that has expectations of these kinds."""
    pages = [page for page in PAGES if any(getattr(page, kind) for kind in kinds)]
    return pytest.mark.parametrize("page", pages, ids=str)


def build(page, options):
    plain = {name: value for name, value in options.items() if name != "prompt"}
    return request.build(load(page.edition), options.get("prompt", "a cat"), plain, model=page.model)


def to_text(options):
    return json.dumps(options, ensure_ascii=False)[:100]


@by_page("sent", "advised")
def test_page_request_is_sent(page):
    with collect_failures() as check:
        for options, body in page.sent:
            with check(page, to_text(options)):
                made = build(page, options)
                whole = {"model": page.model, "prompt": "a cat", **body}
                assert made.body == {name: value for name, value in whole.items() if value is not None}
                assert json.loads(json.dumps(made.body)) == made.body
                assert not [str(one) for one in made.warnings if one.code != "retired"]
        for options, parameter in page.advised:
            with check(page, to_text(options), "advised against"):
                assert parameter in [one.parameter for one in build(page, options).warnings]


@by_page("refused")
def test_page_request_is_refused(page):
    with collect_failures() as check:
        for options, parameter, *words in page.refused:
            with check(page, to_text(options), "refused for", parameter):
                with pytest.raises(RequestRefused) as refused:
                    build(page, options)
                violations = refused.value.fields["violations"]
                found = [one for one in violations if one.parameter == parameter]
                assert found, [str(one) for one in violations]
                text = " ".join(map(str, found))
                for part in (parameter, *words):
                    assert part in text
                    assert part in str(refused.value)
                assert all("\n" not in str(one) for one in violations)


def test_pages_have_enough_expectations():
    assert PAGES
    assert {
        str(page): (len(page.sent), len(page.refused)) for page in PAGES if min(len(page.sent), len(page.refused)) < 8
    } == {}


@pytest.mark.parametrize(("model", "date"), [("imagen-4.0", "2026-09-03"), ("gpt-image-2.5", "2026-09-23")])
def test_retired_model_warns_unoffered(model, date):
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


def test_page_examples_are_sent():
    with collect_failures() as check:
        for options, printed in EXAMPLES:
            body = json.loads(printed)
            with check(body["model"], to_text(options)):
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


def refusal(page, options):
    """The error that a request raises."""
    with pytest.raises(RequestRefused) as refused:
        build(page, options)
    return refused.value


def test_refusal_names_all_mistakes():
    with collect_failures() as check:
        for edition, model, options, parameters in SEVERAL:
            with check(edition, model, to_text(options)):
                refused = refusal(Page(edition, model, [], []), options)
                assert {one.parameter for one in refused.fields["violations"]} >= parameters
                assert [parameter for parameter in parameters if parameter not in str(refused)] == []


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


def test_refusal_offers_capable_models():
    with collect_failures() as check:
        for edition, model, options, other in OTHERS:
            with check(edition, model, to_text(options)):
                refused = refusal(Page(edition, model, [], []), options)
                offered = {one for violation in refused.fields["violations"] for one in violation.others}
                assert other in offered
                assert model not in offered
                assert other in str(refused)
                # Each offered model takes the request.
                for one in offered:
                    assert build(Page(edition, one, [], []), options).body


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


def test_refusal_names_a_mistake_once():
    with collect_failures() as check:
        for edition, model, options, parameters in ONCE:
            with check(edition, model, to_text(options)):
                violations = refusal(Page(edition, model, [], []), options).fields["violations"]
                assert sorted(one.parameter for one in violations if one.severity == "reject") == parameters


def test_refusal_tells_defaults_from_choices():
    for options, said in (({}, "left out, it is 1:1"), ({"aspect_ratio": "1:1"}, "you asked for 1:1")):
        refused = refusal(Page("2026-04", "gpt-image-2", [], []), {"resolution": "4k", **options})
        assert said in str(refused)
        assert "Nearest: 16:9" in str(refused)
