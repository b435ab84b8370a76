"""The mask brush, the box editor and the palette editor, without a browser."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances as live_widgets
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.catalog import ImageInfo, load
from qwave_jupyter.errors import OptionMistake, QwaveError, ReferenceMistake
from qwave_jupyter.images import metadata
from qwave_jupyter.jobs.references import ImageLimits, resolve
from qwave_jupyter.magics.cell_options import parse_line
from qwave_jupyter.widgets import canvas
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor, read_boxes
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush, rasterize
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor, divide
from tests.checks import collect_failures
from tests.image_factory import encoded, noise, plain

HERE = Path(canvas.__file__).parent
BOXED = next(one for one in load("2026-04") if "bbox_list" in one.parameters)
#: The editions' pages differ: whole percentages, or decimals as well.
COLOURED = {
    decimals: next(one for one in load(edition) if "color_palette" in one.parameters)
    for decimals, edition in ((0, "2026-04"), (2, "2026-09"))
}
MASKED = next(one for one in load("2026-04") if one.mask is not None and one.mask.same_size)


@pytest.fixture(autouse=True)
def _in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def photo(width=120, height=80):
    return Image.new("RGB", (width, height), (40, 90, 160))


def stroke(*points, size=20, kind="paint"):
    return {"kind": kind, "size": size, "points": [list(point) for point in points]}


def under(size, *discs_and_links):
    """Which pixel centres lie within a radius of a polyline: the definition, in another way than the code's."""
    height, width = size[1], size[0]
    y, x = np.mgrid[0:height, 0:width] + 0.5
    found = np.zeros((height, width), bool)
    points, radius = discs_and_links
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        length = (bx - ax) ** 2 + (by - ay) ** 2
        share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / (length or 1), 0, 1)
        found |= (x - ax - share * (bx - ax)) ** 2 + (y - ay - share * (by - ay)) ** 2 <= radius**2
    return found


def painted(brush):
    mask = brush.mask
    return np.asarray(mask)[:, :, 3] == 0 if mask.mode == "RGBA" else np.asarray(mask) == 255


coordinate = st.integers(-300, 1500).map(lambda tenth: tenth / 10)


@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=5), st.integers(1, 60))
@example([(10.0, 10.0)], 1)
@example([(5.5, 5.5), (90.5, 5.5)], 2)
def test_stroke_covers_pixel_centres(points, size):
    area = np.frombuffer(rasterize([stroke(*points, size=size)], (120, 80)), np.uint8).reshape(80, 120) == 255
    exact = under((120, 80), points, size / 2)
    # A centre that lies on the very rim may fall either way in floating point.
    rim = under((120, 80), points, size / 2 + 1e-6) & ~under((120, 80), points, size / 2 - 1e-6)
    assert not ((area != exact) & ~rim).any()


def test_mask_has_the_image_size():
    brush = MaskBrush(photo(2000, 1500))
    assert brush.mask is None
    brush.value = [stroke((0, 0), size=2)]
    assert brush.mask.size == (2000, 1500)
    assert painted(brush).sum() == 1
    brush.value = [stroke((-500, -500))]
    assert brush.mask is None


def test_brush_erase_invert_clear_undo():
    brush = MaskBrush(photo())
    brush.value = [stroke((30, 40)), stroke((30, 40), size=10, kind="erase")]
    ring = under((120, 80), [(30, 40)], 10) & ~under((120, 80), [(30, 40)], 5)
    assert (painted(brush) == ring).all()
    brush.invert()
    assert (painted(brush) == ~ring).all()
    brush.clear()
    assert brush.mask is None
    brush.invert()
    assert painted(brush).all()
    for _ in range(3):
        brush.undo()
    assert (painted(brush) == ring).all()
    for _ in range(5):
        brush.undo()
    assert brush.value == []


@given(st.lists(st.sampled_from(["paint", "erase", "invert", "clear", "undo", "look"]), max_size=12), st.randoms())
def test_mask_is_independent_of_reads(steps, dice):
    brush = MaskBrush(photo(30, 20))
    for step in steps:
        if step == "undo":
            brush.undo()
        elif step == "look":
            assert brush.mask is None or brush.mask.size == (30, 20)
        elif step in {"invert", "clear"}:
            getattr(brush, step)()
        else:
            brush.value = [*brush.value, stroke((dice.random() * 30, dice.random() * 20), size=9, kind=step)]
    found = brush.mask
    again = MaskBrush(photo(30, 20))
    again.value = brush.value
    assert (found and found.tobytes()) == (again.mask and again.mask.tobytes())
    brush.close_all()
    again.close_all()


def test_stroke_width_follows_pressure():
    brush = MaskBrush(photo())
    brush.value = [stroke((20, 40, 4), (100, 40, 40))]
    columns = painted(brush).sum(axis=0)
    assert columns[20] == pytest.approx(4, abs=2)
    assert columns[60] == pytest.approx(22, abs=2)
    assert columns[100] == 40


@pytest.mark.parametrize(("alpha", "mode"), [(True, "RGBA"), (None, "RGBA"), (False, "L")])
def test_mask_follows_the_models_convention(alpha, mode):
    brush = MaskBrush(photo(), alpha)
    brush.value = [stroke((60, 40))]
    assert brush.mask.mode == mode
    inside, outside = brush.mask.getpixel((60, 40)), brush.mask.getpixel((0, 0))
    assert (inside, outside) == (((0, 0, 0, 0), (255, 255, 255, 255)) if mode == "RGBA" else (255, 0))


@pytest.mark.parametrize(
    "junk",
    [
        [None],
        ["paint"],
        [{}],
        [{"kind": "explode", "size": 1, "points": [[1, 1]]}],
        [{"kind": "paint", "size": "big", "points": [[1, 1]]}],
        [{"kind": "paint", "size": 9, "points": []}],
        [{"kind": "paint", "size": 9, "points": "1,1"}],
        [{"kind": "paint", "size": 9, "points": [[math.nan, 1]]}],
        [{"kind": "paint", "size": math.inf, "points": [[1, 1]]}],
        [{"kind": "paint", "size": 9, "points": [[True, 1]]}],
        [{"kind": "paint", "size": 9, "points": [[1]]}],
    ],
)
def test_brush_ignores_invalid_strokes(junk):
    brush = MaskBrush(photo())
    # From a browser; what a program sets means something, and is refused.
    brush.set_state({"value": [*junk, stroke((60, 40))]})
    assert brush.value == [stroke((60, 40))]
    with pytest.raises(OptionMistake, match=r"is no stroke|is no point|a list is needed"):
        brush.value = [stroke((60, 40)), *junk]
    assert brush.value == [stroke((60, 40))]


def test_brush_clips_absurd_strokes():
    brush = MaskBrush(photo())
    brush.value = [stroke((10**12, 40), (-(10**12), 40), size=10**9)]
    assert painted(brush).all()


def test_mask_save_takes_image_options(tmp_path):
    brush = MaskBrush(photo())
    with pytest.raises(ReferenceMistake, match="empty"):
        brush.save(tmp_path / "mask.png")
    limits = ImageLimits.of(MASKED, "mask", tuple)
    with pytest.raises(ReferenceMistake) as refused:
        resolve(brush, "mask", limits, now=0.0)
    assert "is empty" in str(refused.value.fields["mistake"])
    brush.value = [stroke((60, 40))]
    path = brush.save(tmp_path / "new" / "mask")
    assert path.name == "mask.png"
    with Image.open(path) as kept:
        assert (kept.size, kept.mode) == ((120, 80), "RGBA")
    with pytest.raises(ReferenceMistake, match="can't be written"):
        brush.save(path / "mask.png")
    options = parse_line("--mask mask", MASKED, {"mask": brush}).values
    reference = resolve(options["mask"], "mask", limits, now=0.0)
    sent = Image.open(io.BytesIO(base64.b64decode(reference.uri.partition(",")[2])))
    assert sent.convert("RGBA").tobytes() == brush.mask.tobytes()
    assert (reference.size, reference.format) == ((120, 80), "png")
    for size, said in (((120, 80), []), ((60, 40), ["mask_size"])):
        facts = ImageInfo(sizes=(size,), mask_size=reference.size, mask_format="png", mask_bytes=reference.weight)
        wrong = MASKED.check({"mask": reference.uri, "images": ("https://example.com/a.png",)}, facts)
        assert [one.code for one in wrong if one.parameter == "mask"] == said


edge = st.one_of(st.integers(-500, 500), st.floats(-1e9, 1e9), st.floats(allow_nan=True, allow_infinity=True))


@given(st.lists(st.lists(edge, min_size=3, max_size=5), max_size=5), st.integers(1, 300), st.integers(1, 200))
@example([["1", 2, 3, 4], [True, 0, 9, 9], [0, 0, float("nan"), 9], [0, 0, 9], [9, 9, 1, 1]], 10, 10)
def test_boxes_are_integers_inside(given_boxes, width, height):
    found = read_boxes(given_boxes, (width, height), 2)
    assert len(found) <= 2
    for x1, y1, x2, y2 in found:
        assert all(isinstance(one, int) for one in (x1, y1, x2, y2))
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
    assert read_boxes(found, (width, height), 2) == found


def test_boxes_fit_the_parameter():
    editor = BoxEditor(photo(), most=2)
    # From a browser; what a program sets means something, and is refused.
    editor.set_state({"value": [[90, 70, 20.4, 10], [1, 2, 3], "box", [0, 0, 10, 10], [5, 5, 6, 6]]})
    assert editor.boxes == [[20, 10, 90, 70], [0, 0, 10, 10]]
    editor.boxes.clear()
    assert len(editor.boxes) == 2
    options = parse_line("--bbox-list editor --action interactive_edit", BOXED, {"editor": editor}).values
    values, wrong = BOXED.read({**options, "images": ["https://example.com/a.png"]})
    assert not wrong
    assert values["bbox_list"] == (editor.boxes,)
    assert not [one for one in BOXED.check(values, ImageInfo(sizes=((120, 80),))) if one.parameter == "bbox_list"]
    assert parse_line("--bbox-list BoxEditor", BOXED, {"BoxEditor": BoxEditor}).values == {"bbox_list": "BoxEditor"}


@pytest.mark.parametrize("most", [0, -1, True, 1.5, "2"])
def test_box_editor_most_is_a_number(most):
    with pytest.raises(OptionMistake, match="1 or more"):
        BoxEditor(photo(), most=most)


weight = st.one_of(st.floats(0, 1e308), st.floats(0, 100), st.integers(0, 100))


@given(st.lists(weight, min_size=3, max_size=10), st.sampled_from([0, 2]))
@example([1e308] * 10, 2)
@example([0.0] * 10, 0)
@example([5e-324, 1.0, 1e308], 0)
@example([100.0] + [0.0] * 9, 0)
def test_palette_shares_sum_to_100(weights, decimals):
    palette = PaletteEditor([("#102030", one) for one in weights], decimals).palette
    ratios = [one["ratio"] for one in palette]
    unit = 10**decimals
    assert sum(round(ratio * unit) for ratio in ratios) == 100 * unit
    assert all(ratio > 0 and round(ratio, decimals) == ratio for ratio in ratios)
    assert all(isinstance(ratio, float if decimals else int) for ratio in ratios)
    assert PaletteEditor(palette, decimals).palette == palette
    values, wrong = COLOURED[decimals].read({"color_palette": palette})
    assert not wrong
    assert not [one for one in COLOURED[decimals].check(values) if one.parameter == "color_palette"]


@given(st.lists(st.floats(0.1, 1e6), min_size=3, max_size=10))
def test_palette_share_error_is_bounded(weights):
    divided = divide(weights, 10_000)
    exact = [one * 10_000 / sum(weights) for one in weights]
    assert all(abs(one - want) <= len(weights) for one, want in zip(divided, exact, strict=True))


def test_palette_in_every_spelling():
    assert PaletteEditor(["abc", "#FFFFFF", " 102030 "]).palette == [
        {"hex": "#AABBCC", "ratio": 34},
        {"hex": "#FFFFFF", "ratio": 33},
        {"hex": "#102030", "ratio": 33},
    ]
    given_items = [{"hex": "#000000", "ratio": 10}, ("#111111", 20), "#222222"]
    assert [one["ratio"] for one in PaletteEditor(given_items).palette] == [22, 45, 33]
    editor = PaletteEditor()
    editor.value = [("#000", 1), ("#111", 1), ("#222", 2)]
    assert [one["ratio"] for one in editor.palette] == [25, 25, 50]
    options = parse_line("--color-palette colours", BOXED, {"colours": editor}).values
    assert options["color_palette"] == editor.palette


@pytest.mark.parametrize(
    ("colors", "said"),
    [
        (["#000", "#111"], "3 to 10 colours"),
        (["#000"] * 11, "3 to 10 colours"),
        ("#000", "3 to 10 colours"),
        (["#000", "#111", "red"], "#RRGGBB"),
        (["#000", "#111", None], "#RRGGBB"),
        (["#000", "#111", "#1234567"], "#RRGGBB"),
        ([("#000", -1), "#111", "#222"], "percentage"),
        ([("#000", "half"), "#111", "#222"], "percentage"),
        ([("#000", math.nan), "#111", "#222"], "percentage"),
    ],
)
def test_palette_errors(colors, said):
    with pytest.raises(OptionMistake, match=said):
        PaletteEditor(colors)


def test_palette_from_image_has_proportions():
    image = Image.new("RGB", (100, 100), "#FF0000")
    image.paste("#00FF00", (0, 0, 30, 100))
    image.paste("#0000FF", (30, 0, 40, 100))
    assert PaletteEditor.from_image(image, 3).palette == [
        {"hex": "#FF0000", "ratio": 60},
        {"hex": "#00FF00", "ratio": 30},
        {"hex": "#0000FF", "ratio": 10},
    ]


@pytest.mark.parametrize("shade", ["black", "white", "#808080"])
def test_palette_from_one_colour(shade):
    palette = PaletteEditor.from_image(Image.new("RGBA", (9, 9), shade), 10).palette
    assert len({one["hex"] for one in palette}) == 10
    assert palette[0]["ratio"] == 91
    with pytest.raises(OptionMistake, match="3 to 10 colours"):
        PaletteEditor.from_image(photo(), 2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16"])
def test_editor_shows_every_image_mode(mode):
    image = Image.new(mode, (30, 20)) if mode in {"LAB", "I;16", "HSV"} else photo(30, 20).convert(mode)
    editor = BoxEditor(image)
    assert editor.size == (30, 20)
    with Image.open(io.BytesIO(editor.preview)) as preview:
        assert (preview.format, preview.size) == ("JPEG", (30, 20))


NO_IMAGES = [
    b"",
    b"no image",
    plain()[:60],
    Path("/nowhere/at/all.png"),
    Path("/"),
    "/nowhere/at/all.png",
    "https://example.com/a.png",
    "data:image/png;base64,@@@",
    "file:///etc/passwd",
    "a\0b.png",
    None,
    42,
    object(),
    [],
    [photo(), photo()],
    np.zeros((2, 2, 9)),
    Image.new("RGB", (0, 5)),
]


def test_controls_refuse_what_is_no_image():
    with collect_failures() as check:
        for control in (MaskBrush, BoxEditor, PaletteEditor.from_image):
            for hostile in NO_IMAGES:
                before = len(live_widgets)
                with check(control.__qualname__, type(hostile).__name__, repr(hostile)[:40]):
                    with pytest.raises(ReferenceMistake) as refused:
                        control(hostile)
                    assert str(refused.value)
                    assert "\n" not in str(refused.value)
                    assert len(live_widgets) == before


def test_controls_refuse_a_bomb(monkeypatch):
    monkeypatch.setattr("qwave_jupyter.images.image_io.MAX_PIXELS", 1000)
    for bomb in (photo(), plain(64, 48)):
        with pytest.raises(ReferenceMistake, match="megapixel"):
            MaskBrush(bomb)


OTHERS = {
    "photo": plain(120, 80),
    "photo of the mask's kind": encoded(Image.new("RGBA", (120, 80)), "PNG"),
    "drawing": encoded(Image.new("L", (120, 80), 255), "PNG"),
    "JPEG": plain(120, 80, "JPEG"),
    "text": b"mine",
    "half a PNG": plain(120, 80)[:40],
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("alpha", [True, False])
def test_mask_save_replaces_nothing_but_a_mask(tmp_path, other, alpha):
    brush = MaskBrush(photo(), alpha)
    brush.value = [stroke((60, 40))]
    path = tmp_path / "mine.png"
    path.write_bytes(OTHERS[other])
    for target in (path, tmp_path / "mine"):
        with pytest.raises(ReferenceMistake, match=r"mine\.png is a file of another kind"):
            brush.save(target)
    assert path.read_bytes() == OTHERS[other]
    path.write_bytes(b"")
    brush.save(path)
    later = MaskBrush(photo(), not alpha)
    later.value = [stroke((10, 10))]
    assert Image.open(later.save(path)).tobytes() == later.mask.tobytes()


@pytest.mark.parametrize("place", ["file", "sidecar"])
def test_mask_save_keeps_a_generated_image(tmp_path, place):
    provenance, path = {"prompt": "a cat"}, tmp_path / "cat.png"
    paid = metadata.embed(plain(120, 80), provenance) if place == "file" else plain(120, 80)
    path.write_bytes(paid)
    if place == "sidecar":
        metadata.find_sidecar(path).write_text(metadata.to_json(provenance))
    brush = MaskBrush(path)
    brush.value = [stroke((60, 40))]
    for target in (path, tmp_path / "cat"):
        with pytest.raises(ReferenceMistake, match=r"cat\.png is a file of another kind"):
            brush.save(target)
    assert path.read_bytes() == paid
    brush.save(tmp_path / "mask.png")
    brush.value = [stroke((10, 10))]
    assert Image.open(brush.save(tmp_path / "mask.png")).tobytes() == brush.mask.tobytes()


def test_controls_respect_exif_rotation(tmp_path):
    turned = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    # The same sizes as those that are sent and that a mask has to have.
    limits = ImageLimits("any", takes_bytes=True)
    path = tmp_path / "turned.jpg"
    with Image.open(path) as opened:
        for reference in (path, str(path), opened):
            assert BoxEditor(reference).size == resolve(reference, "images", limits, now=0.0).size


def traffic(control):
    """What a frontend is sent when a control opens, in bytes."""
    state = control.get_state()
    binary = sum(len(value) for value in state.values() if isinstance(value, bytes))
    return binary + len(json.dumps({name: value for name, value in state.items() if not isinstance(value, bytes)}))


LARGE_IMAGES = {
    "RGB": lambda: noise(2400, 1600),
    "L": lambda: Image.effect_noise((1500, 3000), 120),
    "RGBA": lambda: Image.merge("RGBA", [Image.effect_noise((1600, 1600), 120)] * 4),
}


@pytest.mark.slow_except("RGB]")
@pytest.mark.parametrize("mode", LARGE_IMAGES)
def test_controls_open_below_200_kb(mode):
    image = LARGE_IMAGES[mode]()
    for control in (MaskBrush(image), BoxEditor(image), PaletteEditor.from_image(image)):
        assert traffic(control) < 200_000
        control.close_all()


def test_front_ends_are_offline():
    for control in (MaskBrush, BoxEditor, PaletteEditor):
        script, style = str(control._esm), str(control._css)
        assert not re.search(r"https?:|import\s|@import|url\(", script + style)
        asked = set(re.findall(r'formatText\(texts, "(\w+)"', script)) | set(
            re.findall(r'openViewport\([^)]*"(\w+)"\)', script)
        )
        asked |= {name for name in control._text_keys if name.startswith("edge_")}
        asked |= {"painted", "nothing_painted"} if control is MaskBrush else set()
        assert asked == set(control._text_keys)


def test_canvas_texts_are_used():
    known = set(json.loads((files("qwave_jupyter.i18n") / "en" / "canvas.json").read_text("utf-8")))
    sources = "\n".join(path.read_text("utf-8") for path in HERE.glob("*.py"))
    said = set(re.findall(r'"canvas\.(\w+)"', sources))
    for control in (MaskBrush, BoxEditor, PaletteEditor):
        said |= set(control._text_keys)
    assert said == known


def test_controls_close_completely():
    before = set(live_widgets)
    for control in (MaskBrush(photo()), BoxEditor(photo()), PaletteEditor()):
        control.close_all()
    assert set(live_widgets) == before


def test_controls_explain_a_missing_front_end():
    for control, what in (
        (MaskBrush(photo()), "--mask"),
        (BoxEditor(photo()), "bbox_list"),
        (PaletteEditor(), "color_"),
    ):
        data, _ = control._repr_mimebundle_()
        assert what in data["text/html"]
        assert "<script" not in data["text/html"]
        assert data["text/plain"] == repr(control)
        assert "application/vnd.jupyter.widget-view+json" in data


def test_controls_in_a_plain_script():
    assert isinstance(qwave.paint_mask(photo()), MaskBrush)
    assert isinstance(qwave.draw_boxes(photo(), most=1), BoxEditor)
    with pytest.raises(QwaveError):
        qwave.paint_mask("nowhere.png")
