"""What was typed or chosen last is what a button acts on, however busy the kernel was meanwhile."""

from __future__ import annotations

import contextlib

import pytest

from qwave_jupyter.jobs.presets import Preset, list_presets, save_preset
from tests.browser.driver import expect
from tests.browser.test_panel import open_panel
from tests.browser.test_prompt_habits import generate
from tests.browser.test_prompt_keys import BUSY, SMALL, prompt_of, prompts

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXECUTE = "code => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }"


#: What changes something arrives after what generates, and backwards.
TURN_ROUND = """() => {
  const send = WebSocket.prototype.send;
  const held = [];
  WebSocket.prototype.send = function (data) {
    const message = typeof data === 'string' ? data : new TextDecoder().decode(data);
    if (/"(number|remove|upload)"/.test(message)) held.unshift(data);
    else send.call(this, data);
    if (message.includes('"generate"')) setTimeout(() => held.splice(0).forEach(one => send.call(this, one)), 500);
  };
}"""


@contextlib.contextmanager
def busy(notebook):
    """The kernel does something else, until all that is pressed has been pressed."""
    go = notebook.workspace.folder / "go"
    go.unlink(missing_ok=True)
    notebook.sync()
    notebook.page.evaluate(EXECUTE, BUSY)
    yield
    go.touch()
    notebook.sync()


def test_buttons_act_on_what_is_seen(open_panel, workspace):
    for name in ("one", "three", "two"):
        save_preset(workspace.home, name, Preset("z-image-turbo", {"aspect_ratio": "16:9"}))
    panel = open_panel(SMALL)
    panel.button("Presets").click()
    chosen = panel.root.get_by_label("Preset", exact=True)
    expect(chosen.locator("option")).to_have_text(["one", "three", "two"])
    with busy(panel.notebook):
        chosen.focus()
        chosen.press("ArrowDown")
        chosen.press("ArrowDown")
        panel.button("Delete").click()
    panel.expect_text("two is deleted.")
    assert sorted(list_presets(workspace.home)) == ["one", "three"]
    with busy(panel.notebook):
        name = panel.root.get_by_label("Save these parameters as")
        name.press_sequentially("fo")
        name.press("Enter")
        name.press_sequentially("ur by four")
        panel.button("Save").click()
    panel.expect_text("Saved as four-by-four.")
    assert "four-by-four" in list_presets(workspace.home)

    # What waits for a pause in typing goes before a button does anything, too.
    seed = panel.root.get_by_role("textbox", name="Seed")
    panel.unfold()
    with busy(panel.notebook):
        seed.press_sequentially("12345")
        panel.button("Generate").click()
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    panel.runs.first.get_by_role("button", name="Copy cell").click()
    cell = panel.runs.first.get_by_role("textbox", name="Text to copy")
    expect(cell).to_have_value("%%qwave -m z-image-turbo --seed 12345\na pier")


@pytest.mark.parametrize("key", ["click", "Enter", "Control+Enter"])
def test_image_is_made_from_what_is_seen(open_panel, key):
    """Kernels may handle the click, and each change before it, in any order."""
    panel = open_panel(SMALL)
    panel.unfold()
    panel.sync()
    panel.page.evaluate(TURN_ROUND)
    prompt_of(panel).fill("a well at noon")
    panel.root.get_by_role("textbox", name="Seed").fill("12345")
    button = panel.button("Generate")
    if key == "click":
        button.click()
    else:
        (button if key == "Enter" else prompt_of(panel)).press(key)
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    expect(panel.runs).to_have_count(1)
    panel.runs.first.get_by_role("button", name="Copy cell").click()
    cell = panel.runs.first.get_by_role("textbox", name="Text to copy")
    expect(cell).to_have_value("%%qwave -m z-image-turbo --seed 12345\na well at noon")


def test_arrow_key_outlives_typed_number(open_panel):
    panel = open_panel()
    images = panel.root.get_by_role("textbox", name="Images")
    for typed, key, sent in (("3", "ArrowUp", 4), ("7", "ArrowDown", 6), ("2", "ArrowUp", 3)):
        images.fill(typed)
        images.press(key)
        expect(images).to_have_value(str(sent))
        # Longer than what waits for a pause in typing.
        panel.page.wait_for_timeout(400)
        panel.sync()
        panel.expect_text(f"for {sent} images", ".qwp-line")


def test_earlier_prompt_outlives_what_was_typed(open_panel):
    panel = open_panel(SMALL)
    prompt = prompt_of(panel)
    for text in ("a mill", "a barn", "a mill"):
        generate(panel, text)
    with busy(panel.notebook):
        prompt.fill("")
        prompt.press_sequentially("a well")
        prompt.press("Home")
        prompt.press("ArrowUp")
        prompt.press("ArrowUp")
    expect(prompt).to_have_value("a barn")
    panel.sync()
    expect(prompt).to_have_value("a barn")
    panel.button("Generate").click()
    expect(panel.runs).to_have_count(4)
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    assert prompts(panel)[-1] == "a barn"
