"""Ctrl+Enter in the panel's prompt: the text as typed is generated, even where the kernel was busy meanwhile."""

from __future__ import annotations

import re

import pytest

from tests.browser.driver import expect
from tests.browser.test_panel import open_panel
from tests.notebook.kernels import journal_rows

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = "qwave.panel('a pier', model='z-image-turbo')"
BUSY = """import pathlib, time
while not pathlib.Path('go').exists():
    time.sleep(0.05)"""


def prompts(panel):
    return [row["prompt"] for row in journal_rows(panel.notebook.workspace.home)]


def prompt_of(panel, place=0):
    return panel.page.get_by_role("textbox", name="Prompt", exact=True).nth(place)


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_enter_with_ctrl_generates(open_panel, face):
    panel = open_panel(SMALL, face=face)
    prompt, keys = prompt_of(panel), panel.page.keyboard
    prompt.fill("")
    prompt.press_sequentially("one")
    prompt.press("Enter")
    prompt.press_sequentially("two")
    prompt.press("Shift+Enter")
    prompt.press_sequentially("three")
    expect(prompt).to_have_value("one\ntwo\nthree")
    expect(panel.runs).to_have_count(0)
    prompt.press("Control+Enter")
    expect(panel.runs.locator(".qwp-images img")).to_have_count(1)
    prompt.press("Meta+Enter")
    expect(panel.runs.locator(".qwp-images img")).to_have_count(2)
    # Held down, it is one press; with other keys, it is another.
    keys.down("Control")
    for _ in range(3):
        keys.down("Enter")
    keys.up("Enter")
    keys.up("Control")
    for key in ("Control+Shift+Enter", "Control+Alt+Enter"):
        prompt.press(key)
    expect(panel.runs.locator(".qwp-images img")).to_have_count(3)
    panel.sync()
    expect(panel.runs).to_have_count(3)
    assert prompts(panel) == ["one\ntwo\nthree"] * 3
    expect(prompt).to_have_value("one\ntwo\nthree")
    expect(prompt).to_be_focused()
    assert panel.page.locator(".jp-Notebook .jp-Cell").count() == 2
    # A refusal is shown where the button shows it.
    prompt.fill("")
    prompt.press("Control+Enter")
    panel.expect_text("Nothing was sent.", ".qwp-line.qwp-wrong")
    expect(panel.runs).to_have_count(3)
    panel.screenshot(f"prompt-{face}")


def test_text_typed_while_busy_is_sent(open_panel):
    panel = open_panel(f"panel = {SMALL}\npanel")
    prompt, notebook = prompt_of(panel), panel.notebook
    go = notebook.workspace.folder / "go"
    for number, press in enumerate(("Control+Enter", "Generate by mouse", "Generate by keyboard"), 1):
        go.unlink(missing_ok=True)
        prompt.fill("")
        panel.sync()
        notebook.page.evaluate(
            "code => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }",
            BUSY,
        )
        text = f"a pier at {number} o'clock"
        prompt.press_sequentially(text)
        more = ""
        if press == "Control+Enter":
            more = " and later"
            prompt.press(press)
            prompt.press_sequentially(more)
        elif press == "Generate by mouse":
            panel.button("Generate").click()
        else:
            panel.button("Generate").press("Enter")
        go.touch()
        expect(panel.runs.locator(".qwp-images img")).to_have_count(number)
        panel.sync()
        assert prompts(panel)[-1] == text
        # What was typed after the press stays.
        expect(prompt).to_have_value(text + more)


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_composition_is_left_alone(open_panel, face):
    panel = open_panel(SMALL, face=face)
    prompt = prompt_of(panel)
    prompt.fill("")
    session = panel.page.context.new_cdp_session(panel.page)
    for text in ("deng", "灯", "灯塔"):
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        panel.page.keyboard.press("Control+Enter")
    panel.sync()
    expect(panel.runs).to_have_count(0)
    session.send("Input.insertText", {"text": "灯塔"})
    prompt.press("Control+Enter")
    expect(panel.runs.locator(".qwp-images img")).to_have_count(1)
    assert prompts(panel) == [prompt.input_value()]


def test_two_panels_generate_their_own(open_panel):
    panel = open_panel(
        f"first = {SMALL}\nsecond = qwave.panel('a barn', model='z-image-turbo')\ndisplay(first, second)"
    )
    for place, text in ((1, "a barn"), (0, "a pier"), (1, "a mill")):
        prompt = prompt_of(panel, place)
        prompt.fill(text)
        before = panel.page.locator(".qwp-run").count()
        prompt.press("Control+Enter")
        expect(panel.page.locator(".qwp-images img")).to_have_count(before + 1)
    assert sorted(prompts(panel)) == ["a barn", "a mill", "a pier"]


def test_prompt_label_focuses_field(open_panel):
    panel = open_panel(SMALL)
    panel.root.locator("label", has_text="Prompt").click()
    expect(prompt_of(panel)).to_be_focused()
    expect(panel.root.locator(".qwp-length")).to_have_text(re.compile(r"^6 (of \d+ )?characters$"))
