"""Other models are proposed only where one of them would take the very request."""

from __future__ import annotations

import pytest
from PIL import Image

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs.request import build

CATALOG = load("2026-04")


def propose(model, prompt="a", **options):
    with pytest.raises(RequestRefused) as refusal:
        build(CATALOG, prompt, options, model=model, variables={})
    return {name for one in refusal.value.fields["violations"] for name in one.others}


@pytest.mark.parametrize(
    "options",
    [
        {"size": "1:1", "aspect_ratio": "16:9"},
        {"n": 0},
        {"n": -3},
        {"quality": "hihg"},
        {"resolution": "99k"},
        {"sead": 1},
        {"seed": "many"},
        {"seed": "many", "resolution": "4k", "aspect_ratio": "1:1"},
        {"images": "missing.png", "resolution": "4k", "aspect_ratio": "1:1"},
        {"action": "edit"},
        {"action": "nope"},
        {"action": "inpant"},
        {"action": "nope", "resolution": "1k"},
    ],
)
def test_proposals_are_none_for_slips(options):
    assert propose("gpt-image-2", **options) == set()


def test_proposals_are_none_beside_a_missing_name():
    assert propose("gpt-image-2", "a {{fox}}", resolution="4k", aspect_ratio="1:1") == set()


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("gpt-image-2", {"resolution": "4k", "aspect_ratio": "1:1"}),
        ("z-image-turbo", {"aspect_ratio": "8:1"}),
        ("gpt-image-2", {"thinking_mode": True}),
    ],
)
def test_proposals_take_the_request(model, options):
    found = propose(model, **options)
    assert found
    for one in found:
        assert build(CATALOG, "a", options, model=one).body


@pytest.mark.parametrize("options", [{}, {"n": 2}, {"resolution": "2K"}])
def test_proposals_for_bytes_take_the_other_values(options):
    image = Image.new("RGB", (256, 256))
    found = propose("qwen-image-2.0", images=image, **options)
    assert found
    for one in found:
        assert build(CATALOG, "a", {"images": image, **options}, model=one).body


def test_proposals_for_bytes_leave_out_who_lacks_an_option():
    # A negative prompt and bytes go together nowhere.
    parameters = {"negative_prompt": "text"}
    capable = CATALOG.find_capable(
        CATALOG.model("qwen-image-2.0"),
        {"prompt": "a", "images": ("data:image/png;base64,",), **parameters},
        takes_bytes=True,
    )
    assert propose("qwen-image-2.0", images=Image.new("RGB", (256, 256)), **parameters) == set(capable)
