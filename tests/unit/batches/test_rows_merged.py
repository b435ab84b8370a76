"""What a row gives replaces what all rows have in common, by whatever name either is written."""

from __future__ import annotations

import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from tests.fake_session import replace_default

RED, BLUE, GREEN = "https://x.example/red.png", "https://x.example/blue.png", "https://x.example/green.png"
EDIT = {"images": RED, "prompt": "x"}


@pytest.fixture(autouse=True)
def ours(clean_environment, bench, monkeypatch):
    replace_default(monkeypatch, bench)


def body_of(server, row, **common):
    (outcome,) = qwave.batch([row], **{"model": "gpt-image-2", **common}).results()
    assert outcome.error is None, outcome.error
    return server.bodies[-1]


@pytest.mark.parametrize(
    ("own", "common", "field", "sent"),
    [
        ({"image": BLUE}, {"images": [RED]}, "image_urls", [BLUE]),
        ({"images": [BLUE, GREEN]}, {"image_urls": RED}, "image_urls", [BLUE, GREEN]),
        ({"image_urls": GREEN}, {"image": RED}, "image_urls", [GREEN]),
        ({"size": "2:3"}, {"aspect_ratio": "16:9"}, "aspect_ratio", "2:3"),
        ({"aspect-ratio": "3:2"}, {"size": "16:9"}, "aspect_ratio", "3:2"),
        ({"aspect_ratio": "1:1"}, {"aspect-ratio": "16:9"}, "aspect_ratio", "1:1"),
        ({**EDIT, "mask_url": BLUE}, {"mask": GREEN}, "mask_url", BLUE),
        ({**EDIT, "mask": BLUE}, {"mask_url": GREEN}, "mask_url", BLUE),
    ],
)
def test_row_replaces_a_common_option_by_any_name(server, own, common, field, sent):
    assert body_of(server, {"prompt": "a cat", **own}, **common)[field] == sent


def test_row_without_the_option_has_the_common_one(server):
    assert body_of(server, {"prompt": "a cat", "size": None}, aspect_ratio="16:9")["aspect_ratio"] == "16:9"
    assert body_of(server, {"prompt": "a cat", "seed": 3}, size="4:3")["aspect_ratio"] == "4:3"
    assert body_of(server, "a cat", image=[RED])["image_urls"] == [RED]


def test_row_may_have_common_options_of_its_own_model(server):
    row = {"prompt": "a cat", "model": "z-image-turbo", "size": "3:4"}
    assert body_of(server, row, aspect_ratio="16:9")["aspect_ratio"] == "3:4"


def test_row_that_gives_an_option_twice_is_refused(server):
    rows = [{"prompt": "a cat", "size": "1:1", "aspect_ratio": "16:9"}]
    (outcome,) = qwave.batch(rows, model="gpt-image-2", aspect_ratio="4:3").results()
    assert isinstance(outcome.error, RequestRefused)
    assert "is given twice, as size and as aspect_ratio; keep one" in str(outcome.error)
    assert server.bodies == []


@pytest.mark.parametrize(
    ("common", "own", "merged"),
    [
        ({"size": "1:1", "n": 2}, {"aspect_ratio": "16:9"}, {"n": 2, "aspect_ratio": "16:9"}),
        ({"images": ["a"], "mask": "m"}, {"image": "b", "mask_url": None}, {"image": "b", "mask_url": None}),
        ({"foo-bar": 1}, {"foo_bar": 2}, {"foo_bar": 2}),
        ({"force": True}, {}, {"force": True}),
    ],
)
def test_options_are_merged_by_their_one_name(common, own, merged):
    assert load("2026-04").model("gpt-image-2").merge_options(common, own) == merged


def test_row_replaces_a_common_image_object(server):
    red, blue = (Image.new("RGB", (64, 64), name) for name in ("red", "blue"))
    alone = body_of(server, {"prompt": "a cat", "images": [blue]})
    assert body_of(server, {"prompt": "a cat", "image": blue}, images=red) == alone
