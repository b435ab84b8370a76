"""Tasks done by keyboard alone: the focus starts in the panel's first control, and every step is a real key."""

from __future__ import annotations

import pytest

from tests.browser.driver import expect
from tests.browser.test_panel import open_panel

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = "qwave.panel('a pier', resolution='1k')"
_HAS_FOCUS = "element => element === document.activeElement"
_MAX_STOPS = 80


class Keyboard:
    """Somebody who has no mouse."""

    def __init__(self, panel):
        self.panel, self._keys = panel, panel.page.keyboard
        panel.model.focus()

    def press(self, *keys):
        for key in keys:
            self._keys.press(key)

    def type(self, text):
        self._keys.type(text)

    def go_to(self, locator, key="Tab"):
        """Press Tab until a control has the focus."""
        locator.wait_for()
        for _ in range(_MAX_STOPS):
            if locator.evaluate(_HAS_FOCUS):
                return
            self._keys.press(key)
        pytest.fail(f"{key} doesn't lead to {locator}")

    def press_button(self, name):
        self.go_to(self.panel.button(name))
        self.press("Enter")


@pytest.fixture
def start(open_panel):
    def open_with_keyboard(call=SMALL):
        panel = open_panel(call)
        return panel, Keyboard(panel)

    return open_with_keyboard


def test_choose_a_model(start):
    """Choose a model by words of its name, and see its price."""
    panel, keys = start()
    keys.type("qwen 2.0")
    expect(panel.root.get_by_role("option")).to_contain_text(["qwen-image-2.0-pro", "qwen-image-2.0"])
    keys.press("ArrowDown", "Enter")
    expect(panel.model).to_have_value("qwen-image-2.0")
    expect(panel.root.locator(".qwp-combo > .qwp-price")).to_contain_text("$")


def test_write_a_prompt(start):
    """Write a prompt of two lines, and see how long it is and what it costs."""
    panel, keys = start("qwave.panel()")
    keys.go_to(panel.root.get_by_role("textbox", name="Prompt", exact=True))
    keys.type("a lighthouse")
    keys.press("Enter")
    keys.type("at dusk")
    panel.expect_text("20 characters", ".qwp-length")
    panel.expect_text("Ready: $")


def test_set_ratio_number_and_seed(start):
    """Set the ratio, the number of images and the seed, and see them in the cell that makes the same request."""
    panel, keys = start()
    keys.go_to(panel.radio("Aspect ratio", "1:1"))
    keys.press("ArrowRight", "Enter")
    panel.expect_chosen("Aspect ratio", "3:2")
    keys.go_to(panel.root.get_by_role("textbox", name="Images", exact=True))
    keys.press("ArrowUp", "ArrowUp")
    panel.expect_text("for 3 images")
    keys.go_to(panel.root.locator("summary"))
    keys.press("Enter")
    keys.go_to(panel.root.get_by_role("textbox", name="Seed"))
    keys.type("7")
    keys.press_button("Copy as cell")
    text = panel.root.get_by_role("textbox", name="Text to copy")
    expect(text).to_have_value("%%qwave -m gpt-image-2 --resolution 1k --aspect-ratio 3:2 -n 3 --seed 7\na pier")


def test_add_and_remove_a_reference(start):
    """Add a reference by its path, see its thumbnail, and remove it again."""
    panel, keys = start()
    keys.go_to(panel.root.get_by_role("textbox", name="Address, path or variable of an image").first)
    keys.type("photo.png")
    keys.press("Enter")
    expect(panel.root.locator(".qwp-thumbs img")).to_have_count(1)
    keys.go_to(panel.root.get_by_role("button", name="Remove: photo.png"), "Shift+Tab")
    keys.press("Enter")
    expect(panel.root.locator(".qwp-thumbs img")).to_have_count(0)


def test_generate_and_enlarge(start):
    """Generate with Ctrl+Enter in the prompt, enlarge the result, and close it again."""
    panel, keys = start()
    keys.go_to(panel.root.get_by_role("textbox", name="Prompt", exact=True))
    keys.press("Control+Enter")
    result = panel.runs.first.locator(".qwp-enlarge")
    keys.go_to(result)
    keys.press("Enter")
    enlarged = panel.page.get_by_role("dialog", name="Enlarge")
    expect(enlarged.locator("img")).to_have_attribute("data-full", "whole")
    keys.press("Escape")
    expect(enlarged).to_have_count(0)
    expect(result).to_be_focused()


def test_star_a_result(start):
    """Generate with the button, and star the result."""
    panel, keys = start()
    keys.press_button("Generate")
    star = panel.runs.first.locator(".qwp-star")
    keys.go_to(star)
    keys.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_have_text("★")


def test_save_and_use_a_preset(start):
    """Save the parameters as a preset, change one, and take the preset again."""
    panel, keys = start("qwave.panel('a pier', aspect_ratio='16:9')")
    keys.press_button("Presets")
    keys.go_to(panel.root.get_by_label("Save these parameters as"))
    keys.type("wide")
    keys.press("Tab", "Enter")
    panel.expect_text("Saved as wide.")
    keys.go_to(panel.radio("Aspect ratio", "16:9"), "Shift+Tab")
    keys.press("ArrowLeft", "Enter")
    panel.expect_chosen("Aspect ratio", "16:9", "false")
    keys.press_button("Use")
    panel.expect_chosen("Aspect ratio", "16:9")


def test_find_a_model(start):
    """Find a model that can edit boxes, and choose it."""
    panel, keys = start()
    keys.press_button("Find a model that can…")
    keys.go_to(panel.root.get_by_label("Can do"))
    keys.type("Boxes")
    expect(panel.root.get_by_label("Found")).to_contain_text("wan2.7-image")
    keys.press_button("Choose")
    expect(panel.model).to_have_value("wan2.7-image")


def test_paint_a_mask(start):
    """Paint a mask with arrows and the space bar, take a stroke back, and generate."""
    panel, keys = start("qwave.panel('a boat', images='photo.png')")
    keys.press_button("Paint a mask")
    keys.go_to(panel.root.locator(".qwc-brush .qwc-sheet"))
    keys.press("Space", "ArrowRight", "ArrowRight", "Space")
    state = panel.root.locator(".qwc-brush .qwc-state")
    expect(state).to_contain_text("% painted")
    keys.press("z", "z")
    expect(state).to_contain_text("Nothing painted yet")
    keys.press("Space")
    expect(state).to_contain_text("% painted")
    panel.expect_text("Ready: $")
    keys.press_button("Generate")
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)


def test_cancel_a_running_job(start, demo, workspace):
    """Cancel a running job, and see that it is refunded."""
    demo.change(latency=600)
    panel, keys = start()
    keys.press_button("Generate")
    panel.runs.first.get_by_text("queued", exact=False).first.wait_for()
    keys.go_to(panel.runs.first.get_by_role("button", name="Cancel"))
    keys.press("Enter")
    panel.runs.first.get_by_text("refunded").wait_for()
    assert workspace.statuses() == ["cancelled"]
