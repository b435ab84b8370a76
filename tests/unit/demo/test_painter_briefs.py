"""The values of a task become a brief: references, sizes, masks, palettes, series, captions; malformed values."""

import base64
import io

import pytest
from PIL import Image

from qwave_jupyter.demo.painter import paint
from qwave_jupyter.demo.render_request import make_brief


def fetch_nothing(address):
    return None


def build(fetch=fetch_nothing, defaults=None, index=0, kind="png", **values):
    return make_brief({"prompt": "a cat", **values}, index, 7, kind, fetch, defaults)


def png(size=(40, 30), colour=(200, 30, 30)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(content, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_data_uri_is_the_reference():
    content = png()
    assert build(images=[data_uri(content)]).references == [content]


#: As large as this mask a stand-in is painted, which is quicker than at its full size.
SMALL_MASK = data_uri(png((64, 48)))


def test_only_own_links_are_fetched():
    fetched = []

    def fetch(address):
        fetched.append(address)
        return png() if "127.0.0.1" in address else None

    own, foreign = "http://127.0.0.1:1/files/t/0.png", "https://images.example/red-fox-in-snow.png"
    brief = build(fetch, images=[own, foreign], mask=SMALL_MASK)
    assert brief.references[0] == png()
    assert fetched == [own, foreign]
    # The stand-in is a painted image, the same for the same address and another for another.
    assert build(images=[foreign], mask=SMALL_MASK).references == [brief.references[1]]
    assert build(images=["https://images.example/a-boat.png"], mask=SMALL_MASK).references != [brief.references[1]]


BROKEN_REFERENCES = [
    "data:",
    "data:image/png;base64,",
    "data:image/png;base64,@@@",
    data_uri(b"text"),
    "data:,%00",
    "\0",
    "http://[",
]


def test_broken_reference_gets_stand_in():
    for broken in BROKEN_REFERENCES:
        brief = build(images=[broken], mask=SMALL_MASK)
        assert Image.open(io.BytesIO(brief.references[0])).size == (64, 48), broken
        assert bool(brief.captions) == broken.startswith("data:"), broken
    (reference,) = build(images=["data:"]).references
    assert Image.open(io.BytesIO(reference)).size == (1024, 1024)


def test_size_follows_first_reference():
    images = [data_uri(png((301, 187))), data_uri(png((64, 64)))]
    defaults = {"aspect_ratio": "1:1", "resolution": "1k"}
    cases = [
        ({}, (301, 187)),
        ({"aspect_ratio": "auto"}, (301, 187)),
        ({"aspect_ratio": "1:1"}, (301, 187)),  # the default, which counts as not asked for
        ({"aspect_ratio": "16:9"}, (1024, 576)),
        ({"resolution": "2k"}, (2048, 1272)),
    ]
    briefs = [(build(defaults=defaults, images=images, **values), values, size) for values, size in cases]
    assert [values for brief, values, size in briefs if (brief.width, brief.height) != size] == []


def test_mask_and_boxes_need_a_reference():
    mask = png((40, 30), (255, 255, 255))
    boxes = [[[0, 0, 5, 5]], []]
    brief = build(images=[data_uri(png())], mask=data_uri(mask), bbox_list=boxes)
    assert (brief.mask, brief.boxes) == (mask, boxes)
    assert build(mask=data_uri(mask), bbox_list=boxes).mask is None


def test_palette_colours_and_shares():
    brief = build(color_palette=[{"hex": "#ff0000", "ratio": 0.75}, {"hex": "00FF00", "ratio": 25}, {"hex": "red"}, 3])
    assert [(one.colour, one.weight) for one in brief.palette] == [((255, 0, 0), 0.75), ((0, 255, 0), 25)]


SERIES = [
    ({"n": 4}, 0),
    ({"n": 4, "action": "group"}, 4),
    ({"n": 3, "enable_sequential": True}, 3),
    ({"sequential_image_generation": "auto", "max_images": 5}, 5),
    ({"sequential_image_generation": "disabled", "max_images": 5}, 0),
]


def test_group_and_sequence_are_series():
    assert [(values, series) for values, series in SERIES if build(**values).series != series] == []


def test_search_adds_a_caption():
    for name in ("web_search", "google_search", "google_image_search"):
        (caption,) = build(**{name: True}).captions
        assert "a cat" in caption, name
        assert not build(**{name: False}).captions, name


FIELDS = [
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
]


def test_values_reach_their_fields():
    read = [(values, field, getattr(build(**values), field)) for values, field, _ in FIELDS]
    assert read == FIELDS


#: Whether a caption says that nothing in the prompt could be painted.
UNPAINTABLE = {
    "quantum chromodynamics": True,
    "量子色动力学": True,
    "a cat": False,
    "": False,
    "  ": False,
    "at night": False,
    "a wall painted blue": False,
    '"HELLO"': False,
    "oil painting of nothing": False,
}


def test_unpaintable_prompt_is_captioned():
    for prompt, expected in UNPAINTABLE.items():
        captions = make_brief({"prompt": prompt}, 0, 7, "png", fetch_nothing).captions
        assert [prompt in one for one in captions] == [True] * expected, prompt


def test_jpeg_is_never_transparent():
    assert build(background="transparent", kind="jpeg").transparent is False


MALFORMED = [
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


VALUE_NAMES = [
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
]


@pytest.mark.slow
def test_malformed_values_still_render():
    small = data_uri(png((32, 24)))
    rendered = set()
    for name in VALUE_NAMES:
        for value in MALFORMED:
            values = {"images": [small], "aspect_ratio": "8:1", "resolution": "0.5k", name: value}
            if name == "images":
                values["mask"] = SMALL_MASK
            brief = build(**values)
            # Most values are read alike: each brief is painted once.
            if repr(brief) not in rendered:
                rendered.add(repr(brief))
                size = Image.open(io.BytesIO(paint(brief))).size
                assert size == (brief.width, brief.height), (name, value)
    assert len(rendered) > len(VALUE_NAMES)
