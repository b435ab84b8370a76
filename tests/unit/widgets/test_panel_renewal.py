"""The panel's images are those that their names mean by now: shown, sent, painted over and copied alike."""

from __future__ import annotations

import base64
import io
import os
import types
from functools import partial

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image, ImageDraw

import qwave_jupyter as qwave
from qwave_jupyter.images import image_io
from qwave_jupyter.widgets.panel import panel as panels

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 128, 0)
STROKE = {"kind": "paint", "size": 20, "points": [[20, 20]]}


@pytest.fixture
def variables(quick_demo, monkeypatch):
    known = {}
    monkeypatch.setattr(panels, "find_variables", lambda: known)
    return known


def sheet(colour, size=(80, 60)):
    return Image.new("RGB", size, colour)


def redefine(variables, colour, size):
    variables["photo"] = sheet(colour, size)


def redefine_array(variables, colour, size):
    variables["photo"] = np.asarray(sheet(colour, size))


def save_again(_, colour, size):
    sheet(colour, size).save("plot.png")
    # Two saves within one tick of the clock differ by their time all the same.
    os.utime("plot.png", ns=(sum(colour), sum(colour)))


def save_behind_variable(variables, colour, size):
    save_again(variables, colour, size)
    variables["photo"] = "plot.png"


def draw_in_place(variables, colour, size):
    image = variables.setdefault("photo", sheet(colour, size))
    # The very object, whose pixels and size are others now.
    image.im = sheet(colour, size).im
    image._size = size


CHANGES = [
    ("photo", redefine),
    ("photo", redefine_array),
    ("photo", save_behind_variable),
    ("photo", draw_in_place),
    ("plot.png", save_again),
]


def sent(request):
    return [
        (one.size, image_io.load(base64.b64decode(one.uri.partition(",")[2])).convert("RGB").getpixel((1, 1)))
        for one in request.references
    ]


def shown(panel):
    (item,) = panel.view.references.items
    image = Image.open(io.BytesIO(base64.b64decode(item["thumb"].partition(",")[2]))).convert("RGB")
    return [max(range(3), key=image.getpixel((1, 1)).__getitem__)]


def open_with(variables, name, change, *, painted=False):
    change(variables, RED, (80, 60))
    panel = qwave.panel("x", model="gpt-image-2")
    panel.change_images("images", "add", name)
    if painted:
        panel.tools.buttons["mask"].value = True
        panel.tools.brush.value = [STROKE]
        assert panel.state.mask is not None
    assert sent(panel.request())[0] == ((80, 60), RED)
    return panel


@pytest.mark.parametrize(("name", "change"), CHANGES)
@pytest.mark.parametrize("size", [(80, 60), (40, 90)])
def test_renewed_image_is_shown_and_sent(variables, name, change, size):
    panel = open_with(variables, name, change)
    assert shown(panel) == [0]
    change(variables, BLUE, size)
    assert sent(panel.request()) == [(size, BLUE)]
    assert shown(panel) == [2]
    assert panel.state.notes == (f"{name} is another image by now: the new one is shown and sent.",)
    change(variables, GREEN, size)
    panel.set_prompt("y")
    assert sent(panel.validation.request) == [(size, GREEN)]
    assert shown(panel) == [1]
    panel.close()


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_mask_stays_with_the_image_it_was_painted_over(variables, name, change):
    panel = open_with(variables, name, change, painted=True)
    change(variables, BLUE, (40, 90))
    assert sent(panel.request()) == [((40, 90), BLUE)]
    assert panel.state.mask is None
    assert panel.tools.brush.size == (40, 90)
    assert panel.tools.brush.value == []
    assert "what was drawn over the old one is gone" in panel.state.notes[0]
    panel.tools.brush.value = [STROKE]
    assert [one.size for one in panel.request().references] == [(40, 90), (40, 90)]
    assert not panel.validation.advice
    panel.close()


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_image_added_again_is_the_new_one(variables, name, change):
    panel = open_with(variables, name, change, painted=True)
    panel.change_images("images", "remove", 0)
    change(variables, BLUE, (40, 90))
    panel.change_images("images", "add", name)
    assert shown(panel) == [2]
    assert panel.tools.brush.size == (40, 90)
    panel.tools.brush.value = [STROKE]
    assert [one.size for one in panel.request().references] == [(40, 90), (40, 90)]
    panel.close()


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_generate_stops_where_a_drawing_is_lost(variables, name, change):
    panel = open_with(variables, name, change, painted=True)
    change(variables, BLUE, (80, 60))
    panel.generate()
    assert panel.runs == []
    assert f"{name} is another image by now" in panel.view.line.value
    assert "Nothing was sent" in panel.view.line.value
    run = panel.generate()
    assert run.job.result(timeout=60)
    assert [one.size for one in run.job.request.references] == [(80, 60)]
    panel.close()


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_variation_is_of_the_same_image(variables, name, change):
    panel = open_with(variables, name, change)
    run = panel.generate()
    run.job.result(timeout=60)
    panel._act("vary", run, None)
    assert len(panel.runs) == 2
    change(variables, BLUE, (80, 60))
    panel._act("vary", run, None)
    assert len(panel.runs) == 2
    assert "is another image by now than in this run" in panel.view.line.value
    panel.close()


@pytest.mark.parametrize("size", [(40, 90), (60, 80), (81, 60)])
@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_mask_of_another_size_is_said(variables, name, change, size):
    panel = open_with(variables, name, change)
    sheet((255, 255, 255)).convert("LA").save("mask.png")
    hole = Image.new("RGBA", (80, 60), (255, 255, 255, 255))
    ImageDraw.Draw(hole).rectangle((0, 0, 9, 9), fill=(0, 0, 0, 0))
    hole.save("mask.png")
    panel.change_images("mask", "add", "mask.png")
    assert not panel.validation.advice
    change(variables, BLUE, size)
    panel.request()
    assert [f"first image {size[0]}×{size[1]}" in text for text in panel.validation.advice] == [True]
    assert panel.state.mask is not None
    panel.close()


@pytest.mark.parametrize("value", [None, [], 5, "nowhere.png"])
def test_variable_without_an_image_is_refused(variables, value):
    panel = open_with(variables, "photo", redefine)
    variables["photo"] = value
    panel.set_prompt("y")
    assert panel.validation.tone == "wrong"
    with pytest.raises(qwave.QwaveError):
        panel.request()
    variables["photo"] = sheet(GREEN)
    assert sent(panel.request()) == [((80, 60), GREEN)]
    panel.close()


def test_equal_image_keeps_what_was_drawn(variables):
    for name, change in CHANGES:
        panel = open_with(variables, name, change, painted=True)
        change(variables, RED, (80, 60))
        assert len(panel.request().references) == 2
        assert panel.tools.brush.value == [STROKE]
        panel.close()
        variables.clear()


@pytest.mark.parametrize("colour", [BLUE, GREEN, (0, 0, 0)])
def test_boxes_stay_with_their_image(variables, colour):
    variables.update(photo=sheet(RED), other=sheet((9, 9, 9)))
    panel = qwave.panel("x", model="wan2.7-image", action="interactive_edit")
    panel.change_images("images", "add", "photo")
    panel.tools.buttons["boxes"].value = True
    next(iter(panel.tools.editors.values())).value = [[1, 2, 30, 40]]
    assert [list(boxes) for boxes in panel.state.values["bbox_list"]] == [[[1, 2, 30, 40]]]
    variables["photo"] = sheet(colour, (50, 50))
    panel.generate()
    assert panel.runs == []
    assert "bbox_list" not in panel.state.values
    (editor,) = panel.tools.editors.values()
    assert (editor.size, editor.value) == ((50, 50), [])
    panel.close()


@pytest.mark.parametrize("size", [(40, 90), (30, 30), (81, 61)])
def test_painted_mask_is_written_for_its_own_image(variables, size):
    # The same strokes on another image are another mask, and another file.
    panel = open_with(variables, "photo", redefine, painted=True)
    first = panel.state.mask.expression
    panel.cell()
    variables["photo"] = sheet(RED, size)
    panel.set_prompt("y")
    panel.tools.brush.value = [STROKE]
    panel.cell()
    with Image.open(panel.state.mask.expression) as mask:
        assert mask.size == size
    with Image.open(first) as mask:
        assert mask.size == (80, 60)
    panel.close()


def test_closed_brush_brings_back_no_mask_of_another_image(variables):
    for size in ((80, 60), (40, 90), (20, 20)):
        panel = open_with(variables, "photo", redefine, painted=True)
        panel.tools.buttons["mask"].value = False
        variables["photo"] = sheet(BLUE, size)
        panel.set_prompt("y")
        panel.tools.buttons["mask"].value = True
        assert panel.state.mask is None
        assert panel.tools.brush.size == size
        panel.close()


@pytest.mark.parametrize("colour", [BLUE, GREEN, (9, 9, 9)])
def test_painted_variable_is_renewed_as_a_mask(variables, colour):
    brush = qwave.paint_mask(sheet(RED))
    brush.value = [STROKE]
    variables.update(photo=sheet(colour), area=brush)
    panel = qwave.panel("x", model="gpt-image-2", images="photo", mask="area")
    first = panel.request().references[1]
    brush.value = [{"kind": "paint", "size": 9, "points": [[50, 50]]}]
    assert panel.request().references[1].content_id != first.content_id
    assert panel.validation.request.references[1] == panel.request().references[1]
    panel.close()


def copy_into(file, target, **_):
    target.write(file.getvalue())


def test_figures_and_files_are_told_apart(variables):
    for kind in ("figure", "file"):
        files = [io.BytesIO(), io.BytesIO()]
        for file, colour in zip(files, (RED, BLUE), strict=True):
            sheet(colour).save(file, "PNG")
        values = files
        if kind == "figure":
            values = [types.SimpleNamespace(savefig=partial(copy_into, file)) for file in files]
        variables["photo"] = values[0]
        panel = qwave.panel("x", model="gpt-image-2", images="photo")
        assert sent(panel.validation.request) == [((80, 60), RED)]
        variables["photo"] = values[1]
        panel.set_prompt("y")
        assert sent(panel.validation.request) == [((80, 60), BLUE)]
        panel.close()


def test_object_that_was_given_stays(variables):
    panels_of = {}
    for name, colour in {"red": RED, "blue": BLUE, "green": GREEN}.items():
        variables["photo"] = sheet(colour)
        panels_of[name] = qwave.panel("x", model="gpt-image-2", images=variables["photo"])
    assert panels_of["green"].cell().splitlines()[0].endswith("-i photo")
    variables.pop("photo")
    for (name, panel), colour in zip(panels_of.items(), (RED, BLUE, GREEN), strict=True):
        panel.set_prompt(name)
        assert sent(panel.request()) == [((80, 60), colour)]
        # The cell that is copied leads to the image that is sent.
        file = panel.cell().splitlines()[0].rpartition("-i ")[2]
        with Image.open(file) as written:
            assert written.convert("RGB").getpixel((1, 1)) == colour
        assert file in panel.python()
        panel.close()


@pytest.mark.parametrize("way", ["object", "name"])
def test_cell_of_a_panel_in_a_function_names_no_variable_of_it(clean_environment, monkeypatch, way):
    monkeypatch.chdir(clean_environment)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.user_ns.update(qwave=qwave, sheet=sheet, photo=sheet(BLUE), way=way)
    shell.run_cell(
        "def edit():\n    photo = sheet((255, 0, 0))\n"
        "    return qwave.panel('x', model='gpt-image-2', images=photo if way == 'object' else 'photo')\n"
        "panel = edit()"
    )
    panel = shell.user_ns["panel"]
    try:
        assert sent(panel.request()) == [((80, 60), RED)]
        for text in (panel.cell(), panel.python()):
            assert "uploads" in text
            assert "photo" not in text
    finally:
        panel.close()
        InteractiveShell.clear_instance()
