"""What a live server says, laid over an edition: tolerant of all that it may say or not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.catalog import Model, load
from qwave_jupyter.catalog.live import LiveCatalog, apply_schema, read_list
from qwave_jupyter.client.client import read_estimate
from qwave_jupyter.errors import RequestRefused, UnknownModel
from qwave_jupyter.jobs.request import build

BASE = load("2026-04")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9**9) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)
FIELDS = (
    "supported_actions",
    "supported_common_params",
    "specific_parameters",
    "aspect_ratios",
    "resolutions",
    "qualities",
    "max_image_inputs",
    "defaults",
    "constraints",
)


def listed(*entries):
    return LiveCatalog(BASE, read_list(entries))


def test_live_list_marks_unusable_and_new():
    live = listed({"id": "gpt-image-2"}, {"id": "brand-new"})
    assert "z-image-turbo" in live.unusable
    assert live.unknown == ("brand-new",)
    request = build(live, "a cat", {"sparkle": "7"}, model="brand-new")
    assert request.body == {"model": "brand-new", "prompt": "a cat", "sparkle": 7}
    assert request.unvalidated
    assert any("nothing was checked" in str(one) for one in request.warnings)
    with pytest.raises(UnknownModel):
        build(live, "a cat", {}, model="neither-here-nor-there")


def test_live_price_wins():
    live = listed({"id": "z-image-turbo", "price_config": {"base": 0.5}})
    model = live.model("z-image-turbo")
    assert (model.price.from_usd, model.live) == (0.5, "list")
    assert build(live, "a cat", {}, model="z-image-turbo").estimate_usd == 0.5


def test_live_tiers_have_a_fallback():
    config = {"base": 0.1, "image_prices": {"1K": 0.1, "2K": 0.2, "default": 0.4}}
    live = listed({"id": "gpt-image-2", "price_config": config})
    price = live.model("gpt-image-2").price
    assert price.estimate({"resolution": "2k", "official_fallback": False}) == 0.2
    assert price.estimate({"resolution": "4k", "official_fallback": False}) == 0.4


def test_live_price_of_another_shape():
    config = {"settle_image_by_usage": True, "image_usage_rates": {"image_output": 30}}
    live = listed({"id": "gpt-image-2", "price_config": config})
    request = build(live, "a cat", {}, model="gpt-image-2")
    assert request.estimate_usd is None
    assert any("by tokens" in str(one) for one in request.warnings)
    assert not build(listed({"id": "gpt-image-2"}), "a cat", {}, model="gpt-image-2").warnings


def test_live_schema_changes_the_choices():
    schema = {
        "supported_actions": ["generate"],
        "supported_common_params": ["prompt", "aspect_ratio", "resolution", "n"],
        "specific_parameters": [{"name": "sparkle", "type": "integer", "min": 1, "max": 3, "default": 2}],
        "aspect_ratios": ["1:1", "5:4"],
        "max_image_inputs": 2,
    }
    live = LiveCatalog(BASE, None, {"gpt-image-2": apply_schema(BASE.model("gpt-image-2"), schema)})
    assert build(live, "a cat", {"aspect_ratio": "5:4", "sparkle": "3"}, model="gpt-image-2").body["sparkle"] == 3
    for options in ({"aspect_ratio": "16:9"}, {"sparkle": 4}, {"quality": "high"}):
        with pytest.raises(RequestRefused, match=next(iter(options))):
            build(live, "a cat", options, model="gpt-image-2")


def test_live_schema_keeps_the_rest():
    before = BASE.model("gpt-image-2")
    after = apply_schema(before, {})
    assert after.parameters == before.parameters
    assert after.live == "schema"


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_live_schema_takes_any_json(schema):
    model = apply_schema(BASE.model("gpt-image-2"), schema)
    assert isinstance(model, Model)
    model.check({"prompt": "a cat"})


@given(st.lists(JSON | st.fixed_dictionaries({"id": JSON, "price_config": JSON}), max_size=4))
def test_live_list_takes_any_json(entries):
    live = LiveCatalog(BASE, read_list(entries))
    assert len(list(live)) == len(list(BASE))
    live.check(live.model("gpt-image-2"), {"prompt": "a cat"})


@pytest.mark.parametrize(
    ("answer", "usd"),
    [
        ({"estimated_cost_usd": 0.5}, 0.5),
        ({"cost": 5000}, 0.01),
        ({"data": {"total_usd": "0.25"}}, 0.25),
        ({"estimate": {"cost_usd": 1}}, 1),
        ({}, None),
        ({"cost": "unknown"}, None),
    ],
)
def test_live_estimate_is_read(answer, usd):
    assert read_estimate(answer) == usd


@given(JSON)
def test_live_estimate_takes_any_json(answer):
    amount = read_estimate(answer)
    assert amount is None or amount >= 0
