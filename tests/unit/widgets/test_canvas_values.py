"""Strokes, boxes and colours that a program gives: read whatever their numbers are, or refused in words."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.jobs.request import build
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor

STROKE = {"kind": "paint", "size": 20, "points": [[60, 40]]}
OTHER = {"kind": "paint", "size": 10, "points": [[20, 20], [30, 20]]}
PALETTE = [{"hex": "#102030", "ratio": 50}, {"hex": "#FFFFFF", "ratio": 30}, {"hex": "#00FF00", "ratio": 20}]
URL = "https://images.example/a.png"
EDITIONS = ["2026-04", "2026-09"]


def photo(width=120, height=80):
    return Image.new("RGB", (width, height), (40, 90, 160))


def painted(brush):
    mask = np.asarray(brush.mask)
    return (mask[:, :, 3] == 0 if mask.ndim == 3 else mask == 255).sum()


def area_of(*strokes):
    brush = MaskBrush(photo())
    brush.value = list(strokes)
    return painted(brush)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float32, np.float64, np.float16, Fraction, float])
def test_numbers_of_any_kind_are_read(kind):
    brush = MaskBrush(photo())
    brush.value = [{"kind": "paint", "size": kind(20), "points": [[kind(60), kind(40)]]}]
    assert painted(brush) == area_of(STROKE)
    assert {type(number) for number in (brush.value[0]["size"], *brush.value[0]["points"][0])} <= {int, float}
    editor = BoxEditor(photo())
    editor.value = [[kind(20), kind(10), kind(90), kind(60)]]
    assert editor.boxes == [[20, 10, 90, 60]]
    assert {type(edge) for edge in editor.boxes[0]} == {int}
    shares = PaletteEditor([("#000", kind(10)), ("#111", kind(20)), ("#222", kind(70))]).palette
    assert [one["ratio"] for one in shares] == [10, 20, 70]


@pytest.mark.parametrize("form", [np.array, tuple, lambda rows: [np.array(row) for row in rows]])
def test_arrays_are_read(form):
    editor = BoxEditor(photo())
    editor.value = form([[20, 10, 90, 60], [1, 2, 3, 4]])
    assert editor.boxes == [[20, 10, 90, 60], [1, 2, 3, 4]]
    brush = MaskBrush(photo())
    brush.value = [{**OTHER, "points": form(OTHER["points"])}]
    assert painted(brush) == area_of(OTHER)


@pytest.mark.parametrize("given", [None, 5, "boxes", {"a": 1}, object(), np.float64(3)])
@pytest.mark.parametrize("control", [MaskBrush, BoxEditor])
def test_other_values_are_refused_in_words(control, given):
    editor = control(photo())
    with pytest.raises(OptionMistake, match="a list is needed here, such as"):
        editor.value = given
    assert editor.value == []


@pytest.mark.parametrize("given", [None, 5, {"a": 1}])
def test_palette_is_refused_in_words(given):
    editor = PaletteEditor()
    before = editor.palette
    with pytest.raises(OptionMistake, match="3 to 10 colours"):
        editor.value = given
    assert editor.palette == before


@pytest.mark.parametrize(
    "box",
    [
        [0.1, 0.2, 0.5, 0.6],
        [0.0, 0.0, 1.0, 1.0],
        np.array([0.25, 0, 0.75, 1]),
        [Fraction(1, 3), 0, 1, 1],
        [500, 500, 600, 600],
        [-50, 10, -20, 40],
        [1, 2, 3],
        [1, 2, math.nan, 4],
        ["1", "2", "3", "4"],
        [Decimal("1.5"), 2, 3, 4],
        [10**400, 0, 9, 9],
    ],
)
def test_box_of_no_pixels_is_refused(box):
    editor = BoxEditor(photo())
    editor.value = [[1, 2, 3, 4]]
    with pytest.raises(OptionMistake, match="in pixels of the image"):
        editor.value = [[20, 10, 90, 60], box]
    assert editor.boxes == [[1, 2, 3, 4]]


def test_box_of_the_first_pixel_is_one():
    editor = BoxEditor(photo())
    for box in ([0, 0, 1, 1], np.array([0, 0, 1, 1]), [0, 0, 2.0, 1.0]):
        editor.value = [box]
        assert editor.boxes == [[0, 0, int(box[2]), 1]]


@pytest.mark.parametrize("count", [3, 4, 50])
def test_too_many_boxes_are_refused(count):
    editor = BoxEditor(photo(), most=2)
    with pytest.raises(OptionMistake, match=f"2 of them here, and {count} were given"):
        editor.value = [[1, 2, 3, 4]] * count
    editor.set_state({"value": [[1, 2, 3, 4]] * count})
    assert editor.boxes == [[1, 2, 3, 4]] * 2


@pytest.mark.parametrize(
    ("strokes", "most"),
    [
        ([{"kind": "invert"}] * 5001, 5000),
        ([{"kind": "paint", "size": 9, "points": [[1, 1]] * 20_001}], 20_000),
        ([STROKE, {"kind": "erase", "size": 9, "points": [[1, 1.5]] * 20_002}], 20_000),
    ],
)
def test_too_much_painting_is_refused(strokes, most):
    brush = MaskBrush(photo())
    with pytest.raises(OptionMistake, match=f"there may be {most} of them here"):
        brush.value = strokes
    assert brush.value == []
    brush.set_state({"value": strokes})
    assert len(brush.value) <= 5000
    assert all(len(stroke.get("points", ())) <= 20_000 for stroke in brush.value)


@pytest.mark.parametrize(
    ("build", "value", "kept"),
    [
        (lambda: MaskBrush(photo()), [STROKE, "no stroke"], [STROKE]),
        (lambda: BoxEditor(photo()), [[1, 2, 3, 4], [5, 6], [2, 3, 4, 5]], [[1, 2, 3, 4], [2, 3, 4, 5]]),
        (PaletteEditor, PALETTE, PALETTE),
        (lambda: MaskBrush(photo()), [], []),
        (lambda: MaskBrush(photo()), None, []),
        (lambda: BoxEditor(photo()), {"1": 2}, []),
    ],
)
def test_value_comes_at_once_and_is_not_sent_back(monkeypatch, build, value, kept):
    """As a message of its own: ipywidgets holds a trait back while the kernel handles the one before."""
    control, sent = build(), []
    monkeypatch.setattr(control, "_send", lambda message, **_: sent.append(message["state"]))
    control._handle_custom_msg({"value": value}, [])
    assert control.value == kept
    assert [state["value"] for state in sent] == ([kept] if kept != value and kept else [])


@pytest.mark.parametrize("state", [None, "strokes", 5, {}])
def test_browser_breaks_nothing(state):
    brush, editor = MaskBrush(photo()), BoxEditor(photo())
    brush.value, editor.value = [STROKE], [[1, 2, 3, 4]]
    for control in (brush, editor):
        control.set_state({"value": state})
    assert (brush.value, editor.value) == ([STROKE], [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("change", "strokes"),
    [
        (lambda value: value.append(OTHER), [STROKE, OTHER]),
        (lambda value: value.clear() or value.append(OTHER), [OTHER]),
        (lambda value: value[0]["points"].append([90, 40]), [{**STROKE, "points": [[60, 40], [90, 40]]}]),
        (lambda value: value[0].update(size=np.int64(30)), [{**STROKE, "size": 30}]),
    ],
)
def test_mask_follows_a_change_in_place(change, strokes):
    brush = MaskBrush(photo())
    brush.value = [{**STROKE, "points": [[60, 40]]}]
    assert painted(brush) == area_of(STROKE)
    change(brush.value)
    assert painted(brush) == area_of(*strokes)
    assert brush.mask is brush.mask


def test_junk_in_place_is_refused():
    brush, editor = MaskBrush(photo()), BoxEditor(photo())
    brush.value.append({"kind": "paint"})
    with pytest.raises(OptionMistake, match="a list is needed"):
        _ = brush.mask
    for junk in ([0.1, 0.2, 0.5, 0.6], "box"):
        editor.value = []
        editor.value.append(junk)
        with pytest.raises(OptionMistake, match="is no box"):
            _ = editor.boxes


@pytest.mark.parametrize("alpha", [True, False, None])
def test_mask_follows_its_convention(alpha):
    brush = MaskBrush(photo(), alpha)
    brush.value = [STROKE]
    for wanted in (False, True, False):
        _ = brush.mask
        brush.alpha = wanted
        assert brush.mask.mode == ("RGBA" if wanted else "L")
        assert painted(brush) == area_of(STROKE)


def editor_with(boxes):
    editor = BoxEditor(photo())
    editor.value = boxes
    return editor


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize(
    "given",
    [
        editor_with([[20, 10, 90, 60]]),
        np.array([[[20, 10, 90, 60]]]),
        np.array([[[20, 10, 90, 60]]], np.float32),
        [[[np.int64(20), np.uint8(10), 90, 60]]],
        "[[[20, 10, 90, 60]]]",
    ],
)
def test_boxes_of_any_kind_are_sent(edition, given):
    model = next(one for one in load(edition) if "bbox_list" in one.parameters)
    request = build(load(edition), "a clock here", {"images": [URL], "bbox_list": given}, model=model.id)
    assert request.body["bbox_list"] == [[[20, 10, 90, 60]]]


@pytest.mark.parametrize("edition", EDITIONS)
def test_palette_editor_is_a_value(edition):
    model = next(one for one in load(edition) if "color_palette" in one.parameters)
    for colours in (["#264653", "#2a9d8f", "#e9c46a"], None, [("#000", 1), ("#111", 1), ("#222", 2)]):
        editor = PaletteEditor(colours)
        request = build(load(edition), "a cat", {"color_palette": editor}, model=model.id)
        assert request.body["color_palette"] == editor.palette


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize(
    "box", [[0.1, 0.2, 0.5, 0.6], [0, 0, 0.5, 1], [0.25, 0.25, 1, 1], np.array([0.1, 0.2, 0.5, 0.6])]
)
def test_parts_of_an_image_are_no_pixels(edition, box):
    model = next(one for one in load(edition) if "bbox_list" in one.parameters)
    with pytest.raises(RequestRefused, match="in pixels inside the image"):
        build(load(edition), "a clock", {"images": [URL], "bbox_list": [[box]]}, model=model.id)
    for fine in ([0, 0, 1, 1], [0, 0, 1.5, 2], [0.5, 0.5, 9, 9]):
        request = build(load(edition), "a clock", {"images": [URL], "bbox_list": [[fine]]}, model=model.id)
        assert request.body["bbox_list"] == [[fine]]


def test_editors_are_values_in_every_function(clean_environment, monkeypatch):
    monkeypatch.chdir(clean_environment)
    editor, options = editor_with([[20, 10, 90, 60]]), {"images": [URL], "model": "wan2.7-image"}
    qwave.use_demo(latency=0.01)
    panel = qwave.panel("x", action="interactive_edit", bbox_list=editor, **options)
    for request in (qwave.build("x", bbox_list=editor, **options), panel.request()):
        assert request.body["bbox_list"] == [[[20, 10, 90, 60]]]
    panel.close()
    qwave.use_demo(on=False)


@pytest.mark.parametrize("how", ["earlier release", "another tool", "its own save", "optimised"])
@pytest.mark.parametrize("alpha", [True, False])
def test_mask_without_a_mark_is_replaced(tmp_path, how, alpha):
    brush = qwave.paint_mask(Image.new("RGB", (80, 60)))
    brush.alpha = alpha
    brush.value = [{"kind": "paint", "size": 20, "points": [[20, 20]]}]
    file = tmp_path / "mask.png"
    if how == "another tool":
        brush.mask.convert("RGBA").save(file)
    elif how == "its own save":
        brush.save(file)
    else:
        brush.mask.save(file, optimize=how == "optimised")
    brush.value = [{"kind": "paint", "size": 9, "points": [[50, 50]]}]
    assert brush.save(file) == file
    with Image.open(file) as written:
        assert written.convert("RGBA").tobytes() == brush.mask.convert("RGBA").tobytes()
    (tmp_path / "area").mkdir()
    assert brush.save(tmp_path / "area") == tmp_path / "area.png"


@pytest.mark.parametrize("colour", ["red", (0, 0, 200), (254, 255, 255)])
def test_image_is_not_replaced_by_a_mask(tmp_path, colour):
    brush = qwave.paint_mask(Image.new("RGB", (80, 60)))
    brush.value = [{"kind": "paint", "size": 20, "points": [[20, 20]]}]
    file = tmp_path / "mine.png"
    Image.new("RGB", (80, 60), colour).save(file)
    before = file.read_bytes()
    with pytest.raises(qwave.QwaveError, match="Delete it, or give another path"):
        brush.save(file)
    assert file.read_bytes() == before
