"""Presets, finder and budget in the panel, by keyboard and in a narrow column."""

from __future__ import annotations

import pytest

from tests.browser.test_panel import open_panel

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def press(panel, name):
    """Press a button by the keyboard."""
    panel.button(name).focus()
    panel.page.keyboard.press("Enter")
    panel.sync()


def test_parameters_are_saved_and_used_by_keyboard(open_panel):
    panel = open_panel("qwave.panel('a pier', aspect_ratio='16:9', resolution='2k')")
    keys = panel.page.keyboard
    press(panel, "Presets")
    panel.root.get_by_label("Save these parameters as").focus()
    keys.type("wide one")
    keys.press("Tab")
    keys.press("Enter")
    panel.expect_text("Saved as wide-one.")
    panel.screenshot("presets")
    panel.choose("Aspect ratio", "1:1")
    panel.choose("Resolution", "1k")
    panel.root.get_by_label("Preset", exact=True).focus()
    press(panel, "Use")
    panel.expect_chosen("Aspect ratio", "16:9")
    panel.expect_chosen("Resolution", "2k")
    press(panel, "Delete")
    panel.expect_text("wide-one is deleted.")


WIDER_THAN_SEEN = """root => [...root.querySelectorAll('.qwp-lookup *')].filter(one => {
  const edge = root.getBoundingClientRect().right + 1;
  return one.offsetParent && one.getBoundingClientRect().right > edge && !one.closest('.widget-html-content');
}).map(one => one.outerHTML.slice(0, 100))"""


def test_finder_in_a_narrow_column(open_panel):
    panel = open_panel("qwave.configure(budget=0.5)\nqwave.panel('a pier')", size=(1600, 1300))
    panel.expect_text("$0.5000 left of $0.5000", ".qwp-go")
    press(panel, "Find a model that can…")
    table = panel.root.locator(".qwp-lookup table")
    table.wait_for()
    for width in (1600, 480):
        panel.screenshot_themes(width, "finder-")
        assert not panel.root.evaluate(WIDER_THAN_SEEN)
        # What doesn't fit can be scrolled to: the last column is there.
        price = table.locator("th").last
        price.scroll_into_view_if_needed()
        edge = panel.root.evaluate("root => root.getBoundingClientRect().right")
        box = price.bounding_box()
        assert box["x"] + box["width"] <= edge
    panel.root.get_by_label("At most USD").fill("0,05")
    panel.page.keyboard.press("Tab")
    panel.expect_text("At most USD '0,05' is no amount.")
