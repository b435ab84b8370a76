"""What was drawn, removed or moved last is what a button acts on, as what was typed last."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from tests.browser.driver import expect
from tests.browser.test_canvas import Surface, open_tool, read_json
from tests.browser.test_panel import open_panel
from tests.browser.test_typed_last import TURN_ROUND, busy

__all__ = ["open_panel", "open_tool"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def read_cell(panel):
    """The cell of the last run."""
    run = panel.runs.first
    expect(run.locator(".qwp-images img")).to_have_count(1)
    run.get_by_role("button", name="Copy cell").click()
    text = run.get_by_role("textbox", name="Text to copy")
    expect(text).to_be_visible()
    return text.input_value()


def test_drawing_is_sent_as_it_is_seen(open_panel):
    """ipywidgets holds every value after the first back until the kernel has handled that."""
    panel = open_panel("qwave.panel('a balloon', model='gpt-image-2', images='photo.png', action='inpaint')")
    frame, mouse = panel.sheet("brush"), panel.page.mouse
    with busy(panel.notebook):
        for height in (0.2, 0.5, 0.8):
            mouse.move(frame["x"] + 0.3 * frame["width"], frame["y"] + height * frame["height"])
            mouse.down()
            mouse.move(frame["x"] + 0.5 * frame["width"], frame["y"] + height * frame["height"], steps=4)
            mouse.up()
        panel.button("Generate").click()
    (file,) = re.findall(r"--mask \"?([^\s\"]+)", read_cell(panel))
    with Image.open(panel.notebook.workspace.folder / file) as mask:
        painted = [mask.getchannel("A").getpixel((120, round(height * 200))) == 0 for height in (0.2, 0.35, 0.5, 0.8)]
    assert painted == [True, False, True, True]


def test_references_are_sent_as_they_are_seen(open_panel, workspace):
    """Kernels may handle the click, and each change before it, in any order."""
    folder = workspace.folder
    for name in ("first.png", "third.png"):
        Image.effect_noise((300, 200), 40).save(folder / name)
    panel = open_panel("qwave.panel('a balloon', model='gpt-image-2', images=['photo.png', 'first.png'])")
    panel.page.evaluate(TURN_ROUND)
    panel.root.get_by_role("button", name="Remove: photo.png", exact=True).click()
    panel.root.locator("input[type=file]").first.set_input_files(folder / "third.png")
    panel.button("Generate").click()
    sent = [(folder / file).read_bytes() for file in re.findall(r"-i (\S+)", read_cell(panel))]
    assert sent == [(folder / name).read_bytes() for name in ("first.png", "third.png")]


def test_cell_finds_what_was_drawn(open_tool):
    notebook = open_tool(
        'mask = qwave.paint_mask("photo.png")',
        'boxes = qwave.draw_boxes("photo.png")',
        "print(json.dumps([area(mask), boxes.boxes]))",
    )
    with busy(notebook):
        brush = Surface(notebook, 1)
        for height in (100, 500, 900):
            brush.drag((700, height), (900, height))
        boxes = Surface(notebook, 2)
        for left in (200, 900):
            boxes.drag((left, 300), (left + 400, 600))
        notebook.run(3)
    notebook.wait(3)
    found, drawn = read_json(notebook, 3)
    assert found["at"] == [255, 0, 0, 255, 255]
    assert len(drawn) == 2
