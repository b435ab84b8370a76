"""Keys pressed in a control of ours stay there: real keys in every kind of control, and the notebook as before."""

from __future__ import annotations

import pytest

from qwave_jupyter.demo.painter import Brief, paint
from tests.browser.driver import _CURRENT, expect
from tests.browser.test_panel import PanelPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """%load_ext qwave_jupyter
import qwave_jupyter as qwave
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor"""
#: What the notebook would take for its own commands; those of two keys are pressed twice.
KEYS = ("m", "b", "a", "z", "i", "i", "d", "d", "x", "v", "Escape", "m", "Shift+Enter", "Enter")
STATE = f"""() => {{ const notebook = {_CURRENT}.content; return notebook.widgets.map(
    cell => [cell.model.type, cell.model.sharedModel.source, cell.model.executionCount]); }}"""
FOCUS = "() => document.activeElement.closest('.qwp-panel, .qwc, .qwl, .qwk, .qw-live') !== null"


class NotebookGuard:
    """The notebook's cells, and what was asked of the kernel, before keys are pressed and afterwards."""

    def __init__(self, notebook):
        self._page = notebook.page
        self._before = self._page.evaluate(STATE)
        self._interrupts = []
        self._page.on("request", self._note_request)

    def _note_request(self, request):
        if request.url.endswith(("/interrupt", "/restart")):
            self._interrupts.append(request.url)

    def press(self, locator, keys=KEYS):
        """Press keys in a control; cells, kernel and focus are as before."""
        locator.scroll_into_view_if_needed()
        locator.focus()
        for key in keys:
            self._page.keyboard.press(key)
        self.check(str(locator))

    def check(self, where):
        # What a key has begun is done in the next frames.
        self._page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert self._page.evaluate(STATE) == self._before, where
        assert self._page.evaluate(FOCUS), where
        assert not self._interrupts, where


@pytest.fixture
def open_panel(open_notebook, workspace):
    def start(*cells, face="lab", size=(1300, 1000)):
        (workspace.folder / "photo.png").write_bytes(paint(Brief("a garden", 300, 200, seed=3)))
        notebook = open_notebook(SETUP, *cells, "print('below')", face=face, size=size)
        notebook.run(*range(len(cells) + 2))
        notebook.wait(len(cells) + 1)
        return PanelPage(notebook)

    return start


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_keys_stay_in_panel(open_panel, face):
    panel = open_panel("panel = qwave.panel('a lighthouse', images='photo.png')\npanel", face=face)
    panel.generate()
    guard = NotebookGuard(panel.notebook)
    root, runs = panel.root, panel.runs.count()
    text = "mbaziiddxvm"
    fields = {
        "prompt": root.locator(".qwp-prompt textarea"),
        "model picker": panel.model,
        "stepper": root.get_by_role("textbox", name="Images"),
        "strip": root.get_by_role("textbox", name="Address, path or variable of an image").first,
    }
    for control in fields.values():
        guard.press(control)
    # What these keys are for in a control still works.
    expect(fields["prompt"]).to_have_value("a lighthouse" + text + "\n\n")
    fields["prompt"].fill("a lighthouse")
    fields["stepper"].fill("1")
    panel.sync()
    expect(root.locator(".qwp-caption")).to_have_text(["photo.png", text])
    root.get_by_role("button", name=f"Remove: {text}").press("Enter")
    expect(root.locator(".qwp-caption")).to_have_text(["photo.png"])
    guard.check("an image that was removed")
    panel.model.press("Escape")
    expect(panel.model).to_have_value("gpt-image-2")

    still = [key for key in KEYS if "Enter" not in key]
    for control in (
        panel.radio("Aspect ratio", "16:9"),
        panel.radio("Resolution", "1k"),
        panel.button("Generate"),
        panel.button("Upload").first,
        root.locator("summary"),
        root.get_by_role("button", name="More"),
        panel.runs.first.get_by_role("button", name="Edit", exact=True),
        panel.runs.first.get_by_role("button", name="Dismiss"),
    ):
        guard.press(control, still)
    assert panel.runs.count() == runs
    panel.radio("Aspect ratio", "16:9").press("Enter")
    panel.expect_chosen("Aspect ratio", "16:9")
    guard.check("a ratio that was chosen")
    panel.button("Copy as cell").press("Enter")
    guard.press(root.get_by_role("textbox", name="Text to copy"))
    panel.button("Find a model that can…").press("Enter")
    guard.press(root.get_by_label("Can do"), still)
    guard.press(root.get_by_label("takes a mask"), still)
    guard.press(root.get_by_label("Words"))

    for name in ("Compare", "Compare"):
        panel.generate()
        panel.runs.first.get_by_role("button", name=name).press("Enter")
    guard.press(root.get_by_role("slider", name="Move to compare the two images"))
    # A click on what is no control leaves the keys in the panel, too.
    panel.runs.first.locator(".qwp-images img").click()
    for key in KEYS:
        panel.page.keyboard.press(key)
    guard.check("an image")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_keys_stay_in_editors(open_panel, face):
    panel = open_panel("panel = qwave.panel('a lighthouse', images='photo.png', action='inpaint')\npanel", face=face)
    guard = NotebookGuard(panel.notebook)
    panel.drag(panel.sheet("brush"), (0.3, 0.3), (0.5, 0.3))
    brush = panel.root.locator(".qwc-brush")
    guard.press(brush.locator(".qwc-sheet"))
    # Z took the stroke back, I inverted twice and Enter did nothing.
    expect(brush.locator(".qwc-state")).to_contain_text("Nothing painted")
    brush.locator(".qwc-sheet").press("i")
    expect(brush.locator(".qwc-state")).to_contain_text("100.0 % painted")
    guard.press(brush.get_by_role("slider"))
    guard.press(brush.get_by_role("button", name="Erase"), ["Escape", "b", "m"])
    panel.choose_model("wan2.7-image")
    panel.choose("Mode", "Boxes")
    panel.drag(panel.sheet("boxes"), (0.2, 0.2), (0.5, 0.6))
    boxes = panel.root.locator(".qwc-boxes")
    guard.press(boxes.locator(".qwc-sheet"))
    guard.press(boxes.locator(".qwc-box"))
    guard.press(boxes.get_by_label("Box 1: Right"))
    boxes.locator(".qwc-box").press("Delete")
    expect(boxes.locator(".qwc-box")).to_have_count(0)
    guard.check("a box that was deleted")
    panel.choose("Mode", "Text")
    panel.button("Set colours").press("Enter")
    palette = panel.root.locator(".qwc-palette")
    guard.press(palette.get_by_label("Hex value of colour 1"))
    guard.press(palette.locator(".qwc-border").first)
    palette.get_by_role("button", name="Remove colour 1").press("Enter")
    guard.check("a colour that was removed")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_focus_survives_what_goes_away(open_panel, demo, demo_clock, face):
    demo.change(latency=600)
    panel = open_panel("panel = qwave.panel('a lighthouse', images='photo.png', n=2)\npanel", face=face)
    guard = NotebookGuard(panel.notebook)
    panel.button("Generate").press("Enter")
    cancel = panel.runs.first.get_by_role("button", name="Cancel")
    guard.press(cancel, ["Escape", "m", "b"])
    demo_clock.skip(3600)
    # The button goes away by itself when the job ends.
    expect(cancel).to_be_hidden()
    guard.check("Cancel")
    for key in KEYS[:-2]:
        panel.page.keyboard.press(key)
    guard.check("what stands where Cancel stood")

    # A button that is disabled by its own press.
    less = panel.root.get_by_role("button", name="Fewer")
    less.press("Enter")
    expect(less).to_be_disabled()
    for key in KEYS[:-2]:
        panel.page.keyboard.press(key)
    guard.check("Fewer")

    # One that goes away with its run.
    panel.runs.first.get_by_role("button", name="Dismiss").press("Enter")
    expect(panel.runs).to_have_count(0)
    for key in KEYS[:-2]:
        panel.page.keyboard.press(key)
    guard.check("Dismiss")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_notebook_saved_from_panel(open_panel, face):
    panel = open_panel("panel = qwave.panel('a lighthouse')\npanel", face=face)
    file = panel.notebook.workspace.folder / "test.ipynb"
    before = file.read_bytes()
    panel.radio("Aspect ratio", "16:9").focus()
    panel.page.keyboard.press("Control+s")
    panel.page.wait_for_function(f"() => !{_CURRENT}.context.model.dirty")
    assert file.read_bytes() != before
    guard = NotebookGuard(panel.notebook)
    guard.press(panel.radio("Aspect ratio", "16:9"), ["m", "d", "d", "Escape"])
