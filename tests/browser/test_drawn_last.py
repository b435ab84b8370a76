"""What was drawn, removed or moved last is what a button acts on, as what was typed last."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from tests.browser.driver import expect
from tests.browser.test_panel import open_panel
from tests.browser.test_typed_last import TURN_ROUND, busy

__all__ = ["open_panel"]

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
    frame = panel.sheet("brush")
    with busy(panel):
        for height in (0.2, 0.5, 0.8):
            panel.page.mouse.move(frame["x"] + 0.3 * frame["width"], frame["y"] + height * frame["height"])
            panel.page.mouse.down()
            panel.page.mouse.move(frame["x"] + 0.5 * frame["width"], frame["y"] + height * frame["height"], steps=4)
            panel.page.mouse.up()
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
