"""Beside the prompt, with real keys: earlier prompts, the negative prompt, and the list of keys."""

from __future__ import annotations

import pytest

from tests.browser.driver import await_steady, expect
from tests.browser.test_panel import open_panel
from tests.browser.test_prompt_keys import prompt_of, prompts

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "qwen-image-2.0"
EDITION = "qwave.configure(edition='2026-09')"
HOSTILE = "<img src=x onerror=alert(1)> {{name}}"


def panel_call(prompt, model=MODEL, **options):
    more = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"{EDITION}\nname = 'x'\nqwave.panel({prompt!r}, model={model!r}{more})"


def generate(panel, text):
    prompt = prompt_of(panel)
    prompt.fill(text)
    before = panel.runs.count()
    prompt.press("Control+Enter")
    expect(panel.runs).to_have_count(before + 1)
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_arrows_walk_through_earlier_prompts(open_panel, face):
    panel = open_panel(panel_call(""), face=face)
    prompt = prompt_of(panel)
    prompt.press("ArrowUp")
    panel.sync()
    expect(prompt).to_have_value("")
    for text in ("a pier", "a barn\nat dusk", HOSTILE):
        generate(panel, text)
    prompt.fill("")
    # Pressed faster than the kernel answers, too.
    prompt.press("ArrowUp")
    expect(prompt).to_have_value(r"<img src=x onerror=alert(1)> x")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a barn\nat dusk")
    prompt.press("ArrowUp")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a pier")
    prompt.press("ArrowDown")
    expect(prompt).to_have_value("a barn\nat dusk")
    # Elsewhere in the text the keys are the field's own.
    prompt.press("End")
    prompt.press("ArrowDown")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a barn\nat dusk")
    prompt.press("Control+Home")
    prompt.press("ArrowDown")
    prompt.press("ArrowDown")
    expect(prompt).to_have_value("")
    # What was typed comes back, and what is sent is what stands there.
    prompt.press_sequentially("a mill")
    prompt.press("Home")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value(r"<img src=x onerror=alert(1)> x")
    prompt.press("ArrowDown")
    expect(prompt).to_have_value("a mill")
    prompt.press("ArrowUp")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a barn\nat dusk")
    expect(panel.root.locator(".qwp-length")).to_contain_text("14 ")
    prompt.press("Control+Enter")
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    expect(panel.runs).to_have_count(4)
    panel.sync()
    assert prompts(panel)[-1] == "a barn\nat dusk"


def test_earlier_prompts_are_searched(open_panel):
    panel = open_panel(panel_call("a mill"))
    keys, button = panel.page.keyboard, panel.button("Earlier prompts")
    button.press("Enter")
    panel.expect_text("There are no earlier prompts yet.", ".qwp-popup")
    keys.press("Escape")
    expect(button).to_be_focused()
    for text in ("a pier in fog", "a barn\nat dusk", "雾中的灯塔", HOSTILE):
        generate(panel, text)
    button.focus()
    keys.press("Enter")
    rows = panel.root.get_by_role("listbox", name="Earlier prompts").get_by_role("option")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text("<img src=x onerror=alert(1)> x")
    assert panel.root.locator(".qwp-popup img").count() == 0
    panel.screenshot("earlier")
    keys.type("a in")
    expect(rows).to_have_count(1)
    keys.press("Enter")
    expect(prompt_of(panel)).to_have_value("a pier in fog")
    expect(prompt_of(panel)).to_be_focused()
    expect(rows.first).to_be_hidden()
    button.click()
    keys.type("nowhere")
    panel.expect_text("No earlier prompt has all of these words.", ".qwp-popup")
    for _ in "nowhere":
        keys.press("Backspace")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(prompt_of(panel)).to_have_value("a barn\nat dusk")
    button.click()
    rows.filter(has_text="雾中").click()
    expect(prompt_of(panel)).to_have_value("雾中的灯塔")
    panel.button("Generate").click()
    expect(panel.runs).to_have_count(5)
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    assert prompts(panel)[-1] == "雾中的灯塔"
    for width in (1600, 480):
        panel.screenshot_themes(width, "prompt-")
        button.click()
        expect(rows).to_have_count(4)
        panel.screenshot(f"earlier-dark-{width}")
        keys.press("Escape")


def test_negative_prompt_is_sent(open_panel):
    # The tests' own server speaks April's contract, which has no negative prompt.
    panel = open_panel(f"qwave.use_demo(latency=0)\n{panel_call('a cat')}")
    negative = panel.root.get_by_label("Negative prompt")
    negative.press_sequentially("blur, people")
    expect(panel.root.locator(".qwp-negative .qwp-hint")).to_have_text("12 of 500 characters")
    # Pressed before what was typed is sent by itself.
    negative.press("Control+Enter")
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    negative.press_sequentially(", text")
    panel.button("Generate").click()
    expect(panel.runs).to_have_count(2)
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(1)
    for run, sent in ((panel.runs.nth(0), "blur, people, text"), (panel.runs.nth(1), "blur, people")):
        run.get_by_role("button", name="Copy cell").click()
        cell = run.get_by_role("textbox", name="Text to copy")
        expect(cell).to_have_value(f"%%qwave -m {MODEL} --negative-prompt '{sent}'\na cat")
    panel.screenshot("negative")
    panel.choose_model("z-image-turbo")
    expect(negative).to_be_hidden()
    panel.expect_text("negative_prompt blur, people, text is left out", ".qwp-notes")
    panel.choose_model(MODEL)
    expect(negative).to_have_value("blur, people, text")
    negative.fill("x" * 501)
    panel.expect_text("negative_prompt", ".qwp-line.qwp-wrong")
    hint = panel.root.locator(".qwp-negative .qwp-hint")
    expect(hint).to_have_class("qwp-hint qwp-over")
    wrong = panel.root.locator(".qwp-line.qwp-wrong").evaluate("node => getComputedStyle(node).color")
    expect(hint).to_have_css("color", wrong)
    negative.fill("")
    panel.sync()
    panel.expect_text("Ready", ".qwp-line")
    panel.button("Copy as cell").click()
    expect(panel.root.locator(".qwp-order-5 textarea")).to_have_value(f"%%qwave -m {MODEL}\na cat")


#: Closes the list, focuses the node, and waits until what the browser does behind that is done.
CLOSE_AND_FOCUS = """node => {
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  node.focus();
  return new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)));
}"""


def test_closing_the_list_of_keys_leaves_later_focus(open_panel):
    panel = open_panel(f"qwave.panel('a cat', model='{MODEL}')")
    panel.root.locator(".qwp-help").press("?")
    expect(panel.page.get_by_role("dialog", name="Keys")).to_be_visible()
    panel.button("Generate").evaluate(CLOSE_AND_FOCUS)
    expect(panel.button("Generate")).to_be_focused()


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_keys_are_listed(open_panel, face):
    panel = open_panel(
        "from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush\nbrush = MaskBrush('photo.png')\n"
        "display(qwave.panel('a cat', images='photo.png', action='inpaint'), brush)",
        face=face,
    )
    dialog = panel.page.get_by_role("dialog", name="Keys")
    keys = panel.page.keyboard
    sheet = panel.root.locator(".qwc-brush .qwc-sheet")
    for control in (
        panel.root.locator(".qwp-help"),
        panel.radio("Aspect ratio", "1:1"),
        panel.button("Generate"),
        sheet,
        panel.root.locator(".qwc-brush").get_by_role("slider"),
    ):
        control.focus()
        keys.press("?")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("heading", level=3)).to_have_text(
            ["Panel", "Prompt", "Results", "Mask brush", "Box editor", "Palette editor"]
        )
        keys.press("Escape")
        expect(dialog).to_have_count(0)
        expect(control).to_be_focused()
    help_button = panel.root.locator(".qwp-help")
    help_button.click()
    keys.press("?")
    expect(dialog).to_have_count(0)
    help_button.press("Enter")
    keys.press("Enter")
    expect(dialog).to_have_count(0)
    expect(help_button).to_be_focused()
    # In a text it is a letter.
    prompt_of(panel).press("End")
    prompt_of(panel).press("?")
    expect(prompt_of(panel)).to_have_value("a cat?")
    expect(dialog).to_have_count(0)
    # The enlarged image, which lies over the panel, and an editor alone, with its own.
    prompt_of(panel).fill("a cat")
    panel.choose("Mode", "Text")
    panel.generate()
    panel.runs.first.locator(".qwp-enlarge").press("Enter")
    box = panel.page.get_by_role("dialog", name="Enlarge")
    box.press("?")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(box).to_be_focused()
    keys.press("Escape")
    alone = panel.notebook.cell(1).locator(".qwc-brush").last
    alone.locator(".qwc-keys").press("Enter")
    expect(dialog.get_by_role("heading", level=3)).to_have_text(["Mask brush"])
    keys.press("Escape")
    alone.locator(".qwc-sheet").press("?")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(alone.locator(".qwc-sheet")).to_be_focused()
    if face == "lab":
        for width in (1600, 480):
            panel.page.set_viewport_size({"width": width, "height": 1000})
            for theme in ("Light", "Dark"):
                panel.notebook.set_theme(theme)
                help_button.click()
                await_steady(dialog)
                panel.notebook.screenshot(f"keys-{theme.lower()}-{width}")
                keys.press("Escape")
