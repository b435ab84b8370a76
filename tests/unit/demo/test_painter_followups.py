"""Orders that name an earlier task: enlarged, zoomed out of, panned, varied; pictures shown besides; stopped early."""

import io

import pytest
from PIL import Image, ImageChops

from qwave_jupyter.demo.briefs import brief_of
from qwave_jupyter.demo.painter import Brief, paint

FIRST = {"prompt": "a cat on a hill", "seed": 3}


def shown(content):
    return Image.open(io.BytesIO(content)).convert("RGB")


def nothing_fetched(address):
    return None


def first():
    return paint(Brief(prompt=FIRST["prompt"], width=192, height=128, seed=3))


def followed(seed=9, **values):
    asked = []

    def earlier(task, index):
        asked.append((task, index))
        return (FIRST, first()) if task == "t1" else None

    brief = brief_of({"ref_task_id": "t1", "index": 2, **values}, 0, seed, "png", nothing_fetched, {}, earlier)
    return brief, asked


def differing(one, other):
    grey = ImageChops.difference(one, other).convert("L")
    return sum(grey.histogram()[24:]) / (grey.width * grey.height)


def test_the_earlier_picture_is_asked_for_by_its_place():
    _, asked = followed(action="upscale")
    assert asked == [("t1", 1)]


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"action": "upscale"}, (384, 256)),
        ({"action": "zoom", "zoom_ratio": 1.5}, (192, 128)),
        ({"action": "zoom", "zoom_ratio": 2}, (192, 128)),
        ({"action": "pan", "direction": "left"}, (288, 128)),
        ({"action": "pan", "direction": "down"}, (192, 192)),
    ],
)
def test_the_earlier_picture_is_in_the_new_one(values, size):
    brief, _ = followed(**values)
    picture, before = shown(paint(brief)), shown(first())
    assert picture.size == size
    boxes = {
        "upscale": (0, 0, 384, 256),
        "zoom": (48, 32, 144, 96) if values.get("zoom_ratio") == 2 else (32, 21, 160, 106),
        "pan": (96, 0, 288, 128) if values.get("direction") == "left" else (0, 0, 192, 128),
    }
    inside = picture.crop(boxes[values["action"]]).resize(before.size, Image.Resampling.BICUBIC)
    assert differing(inside, before) < 0.16
    assert differing(inside, before) < differing(picture.resize(before.size), before) or values["action"] == "upscale"


@pytest.mark.parametrize("action", ["variation", "high-variation", "reroll", "remix-strong"])
def test_a_variation_paints_the_same_words_anew(action):
    brief, _ = followed(action=action)
    assert (brief.prompt, brief.references, brief.seed) == (FIRST["prompt"], [], 9)


@pytest.mark.parametrize("action", ["low-variation", "remix-subtle", "edit", "inpaint"])
def test_a_gentle_change_starts_from_the_picture(action):
    brief, _ = followed(action=action, prompt="night")
    assert (brief.prompt, brief.references, brief.window) == ("night", [first()], "")


def test_an_unknown_earlier_task_is_no_trouble():
    brief, _ = followed(action="zoom", ref_task_id="gone", prompt="a cat")
    assert (brief.references, brief.window) == ([], "")


@pytest.mark.parametrize("index", [None, 0, -3, 10**30, "2", True])
def test_wild_indices_are_no_trouble(index):
    brief, asked = followed(action="zoom", index=index)
    assert brief.window == "zoom"
    assert asked[0][1] >= 0


def test_pictures_to_be_like_are_shown_besides():
    plain = {"prompt": "a hill", "aspect_ratio": "1:1", "resolution": "0.5k"}
    brief = brief_of({**plain, "sref": "https://images.example/red-car.png"}, 0, 1, "png", nothing_fetched)
    assert not brief.references
    assert differing(shown(paint(brief)), shown(paint(brief_of(plain, 0, 1, "png", nothing_fetched)))) > 0.02


def test_a_painting_that_was_stopped_is_vague():
    def detail(stop):
        picture = shown(paint(brief_of({"prompt": "a city", "stop": stop}, 0, 1, "png", nothing_fetched)))
        edges = ImageChops.difference(picture, ImageChops.offset(picture, 1, 0)).convert("L")
        return sum(level * count for level, count in enumerate(edges.histogram()))

    assert detail(20) < detail(70) < detail(100)
