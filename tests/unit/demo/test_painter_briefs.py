"""From a task's values to a brief: references, sizes, masks, palettes, series, captions; and wild values."""

import base64
import io

import pytest
from PIL import Image

from qwave_jupyter.demo.briefs import brief_of
from qwave_jupyter.demo.painter import paint


def nothing_fetched(address):
    return None


def ordered(fetch=nothing_fetched, defaults=None, index=0, kind="png", **values):
    return brief_of({"prompt": "a cat", **values}, index, 7, kind, fetch, defaults)


def file_of(size=(40, 30), colour=(200, 30, 30)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def uri_of(content, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_a_data_uri_is_the_reference_itself():
    content = file_of()
    assert ordered(images=[uri_of(content)]).references == [content]


def test_the_servers_own_link_is_asked_for_and_no_other_is_fetched():
    asked = []

    def fetch(address):
        asked.append(address)
        return file_of() if "127.0.0.1" in address else None

    own, foreign = "http://127.0.0.1:1/files/t/0.png", "https://images.example/red-fox-in-snow.png"
    brief = ordered(fetch, images=[own, foreign])
    assert brief.references[0] == file_of()
    assert asked == [own, foreign]
    # The stand-in is a painted picture, the same for the same address and another for another.
    assert ordered(images=[foreign]).references == [brief.references[1]]
    assert ordered(images=["https://images.example/a-boat.png"]).references != [brief.references[1]]


@pytest.mark.parametrize(
    "broken",
    ["data:", "data:image/png;base64,", "data:image/png;base64,@@@", uri_of(b"text"), "data:,%00", "\0", "http://["],
)
def test_a_broken_reference_has_a_stand_in_and_data_says_so(broken):
    brief = ordered(images=[broken])
    assert Image.open(io.BytesIO(brief.references[0])).size == (1024, 1024)
    assert bool(brief.captions) == broken.startswith("data:")


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({}, (301, 187)),
        ({"aspect_ratio": "auto"}, (301, 187)),
        ({"aspect_ratio": "1:1"}, (301, 187)),  # the default, which counts as not asked for
        ({"aspect_ratio": "16:9"}, (1024, 576)),
        ({"resolution": "2k"}, (2048, 1272)),
    ],
)
def test_the_first_references_size_rules_until_another_is_asked_for(values, size):
    images = [uri_of(file_of((301, 187))), uri_of(file_of((64, 64)))]
    brief = ordered(defaults={"aspect_ratio": "1:1", "resolution": "1k"}, images=images, **values)
    assert (brief.width, brief.height) == size


def test_a_mask_and_boxes_go_with_a_reference():
    mask = file_of((40, 30), (255, 255, 255))
    boxes = [[[0, 0, 5, 5]], []]
    brief = ordered(images=[uri_of(file_of())], mask=uri_of(mask), bbox_list=boxes)
    assert (brief.mask, brief.boxes) == (mask, boxes)
    assert ordered(mask=uri_of(mask), bbox_list=boxes).mask is None


def test_a_palette_is_read_by_colour_and_share():
    brief = ordered(
        color_palette=[{"hex": "#ff0000", "ratio": 0.75}, {"hex": "00FF00", "ratio": 25}, {"hex": "red"}, 3]
    )
    assert [(one.colour, one.weight) for one in brief.palette] == [((255, 0, 0), 0.75), ((0, 255, 0), 25)]


@pytest.mark.parametrize(
    ("values", "series"),
    [
        ({"n": 4}, 0),
        ({"n": 4, "action": "group"}, 4),
        ({"n": 3, "enable_sequential": True}, 3),
        ({"sequential_image_generation": "auto", "max_images": 5}, 5),
        ({"sequential_image_generation": "disabled", "max_images": 5}, 0),
    ],
)
def test_group_and_sequence_are_series(values, series):
    assert ordered(**values).series == series


@pytest.mark.parametrize("name", ["web_search", "google_search", "google_image_search"])
def test_a_search_is_said(name):
    (caption,) = ordered(**{name: True}).captions
    assert "a cat" in caption
    assert not ordered(**{name: False}).captions


@pytest.mark.parametrize(
    ("values", "field", "value"),
    [
        ({"background": "transparent"}, "transparent", True),
        ({"background": "opaque"}, "transparent", False),
        ({"watermark": True}, "watermark", True),
        ({"negative_prompt": "rain"}, "negative", "rain"),
        ({"style": "watercolor"}, "style", "watercolor"),
        ({"quality": "high"}, "quality", "high"),
        ({"hd": True}, "quality", "high"),
        ({"draft": True}, "quality", "low"),
        ({"tile": True}, "tile", True),
        ({"weird": 3000}, "weird", 1.0),
        ({"output_compression": 40}, "compression", 40),
    ],
)
def test_a_value_reaches_its_field(values, field, value):
    assert getattr(ordered(**values), field) == value


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("quantum chromodynamics", True),
        ("量子色动力学", True),
        ("a cat", False),
        ("", False),
        ("  ", False),
        ("at night", False),
        ("a wall painted blue", False),
        ('"HELLO"', False),
        ("oil painting of nothing", False),
    ],
)
def test_what_cannot_be_seen_in_the_picture_is_said(prompt, said):
    captions = brief_of({"prompt": prompt}, 0, 7, "png", nothing_fetched).captions
    assert [prompt in one for one in captions] == [True] * said


def test_jpeg_has_no_transparency():
    assert ordered(background="transparent", kind="jpeg").transparent is False


WILD = [
    None,
    True,
    -1,
    10**400,
    float("nan"),
    "x" * 3000,
    "\0",
    [],
    [[]],
    [[[]]],
    [None],
    {},
    {"hex": {}},
    [[["a"]]],
    1e308,
]


@pytest.mark.parametrize(
    "name",
    [
        "prompt",
        "images",
        "mask",
        "bbox_list",
        "color_palette",
        "n",
        "aspect_ratio",
        "resolution",
        "quality",
        "negative_prompt",
        "style",
        "extra",
        "stylize",
        "weird",
        "chaos",
        "steps",
        "guidance",
        "output_compression",
    ],
)
def test_wild_values_still_paint(name):
    small = uri_of(file_of((32, 24)))
    for value in WILD:
        brief = ordered(**{"images": [small], "aspect_ratio": "4:1", "resolution": "0.5k", name: value})
        assert Image.open(io.BytesIO(paint(brief))).size == (brief.width, brief.height)
