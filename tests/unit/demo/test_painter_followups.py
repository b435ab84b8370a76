"""Requests that refer to an earlier task: upscale, zoom, pan, variation; style references; early stop."""

import io
from functools import cache

from PIL import Image, ImageChops

from qwave_jupyter.demo.painter import Brief, paint
from qwave_jupyter.demo.render_request import make_brief

FIRST = {"prompt": "a cat on a hill", "seed": 3}


def decode(content):
    return Image.open(io.BytesIO(content)).convert("RGB")


def fetch_nothing(address):
    return None


@cache
def first():
    return paint(Brief(prompt=FIRST["prompt"], width=192, height=128, seed=3))


def follow_up(seed=9, **values):
    asked = []

    def earlier(task, index):
        asked.append((task, index))
        return (FIRST, first()) if task == "t1" else None

    brief = make_brief({"ref_task_id": "t1", "index": 2, **values}, 0, seed, "png", fetch_nothing, {}, earlier)
    return brief, asked


def changed_share(one, other):
    grey = ImageChops.difference(one, other).convert("L")
    return sum(grey.histogram()[24:]) / (grey.width * grey.height)


def test_earlier_image_is_found_by_index():
    _, asked = follow_up(action="upscale")
    assert asked == [("t1", 1)]


#: The size of the new image, and where in it the earlier one is.
WINDOWS = [
    ({"action": "upscale"}, (384, 256), (0, 0, 384, 256)),
    ({"action": "zoom", "zoom_ratio": 1.5}, (192, 128), (32, 21, 160, 106)),
    ({"action": "zoom", "zoom_ratio": 2}, (192, 128), (48, 32, 144, 96)),
    ({"action": "pan", "direction": "left"}, (288, 128), (96, 0, 288, 128)),
    ({"action": "pan", "direction": "down"}, (192, 192), (0, 0, 192, 128)),
]


def test_earlier_image_is_in_the_new_one():
    before = decode(first())
    for values, size, box in WINDOWS:
        brief, _ = follow_up(**values)
        image = decode(paint(brief))
        assert image.size == size, values
        inside = changed_share(image.crop(box).resize(before.size, Image.Resampling.BICUBIC), before)
        assert inside < 0.16, values
        assert inside < changed_share(image.resize(before.size), before) or values["action"] == "upscale", values


def test_variation_repaints_the_same_prompt():
    for action in ("variation", "high-variation", "reroll", "remix-strong"):
        brief, _ = follow_up(action=action)
        assert (brief.prompt, brief.references, brief.seed) == (FIRST["prompt"], [], 9), action


def test_subtle_change_starts_from_the_image():
    for action in ("low-variation", "remix-subtle", "edit", "inpaint"):
        brief, _ = follow_up(action=action, prompt="night")
        assert (brief.prompt, brief.references, brief.window) == ("night", [first()], ""), action


def test_unknown_earlier_task_is_ignored():
    brief, _ = follow_up(action="zoom", ref_task_id="gone", prompt="a cat")
    assert (brief.references, brief.window) == ([], "")


def test_malformed_index_is_tolerated():
    for index in (None, 0, -3, 10**30, "2", True):
        brief, asked = follow_up(action="zoom", index=index)
        assert brief.window == "zoom", index
        assert asked[0][1] >= 0, index


def test_style_reference_is_shown():
    plain = {"prompt": "a hill", "aspect_ratio": "1:1", "resolution": "0.5k"}
    brief = make_brief({**plain, "sref": "https://images.example/red-car.png"}, 0, 1, "png", fetch_nothing)
    assert not brief.references
    assert changed_share(decode(paint(brief)), decode(paint(make_brief(plain, 0, 1, "png", fetch_nothing)))) > 0.02


def test_early_stop_is_blurred():
    def detail(stop):
        image = decode(
            paint(make_brief({"prompt": "a city", "resolution": "0.5k", "stop": stop}, 0, 1, "png", fetch_nothing))
        )
        edges = ImageChops.difference(image, ImageChops.offset(image, 1, 0)).convert("L")
        return sum(level * count for level, count in enumerate(edges.histogram()))

    assert detail(20) < detail(70) < detail(100)
