"""The panel under a real mouse and keyboard, in JupyterLab and Notebook 7: what is clicked is what is generated."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from PIL import Image, ImageChops

from qwave_jupyter.demo.painter import Brief, paint, pixel_size
from tests.browser.driver import ROOT, SCREENSHOTS, await_steady, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"
SHARES = {(0x26, 0x46, 0x53): 40, (0x2A, 0x9D, 0x8F): 30, (0xE9, 0xC4, 0x6A): 20, (0xE7, 0x6F, 0x51): 10}


class PanelPage:
    """A panel on the screen."""

    def __init__(self, notebook):
        self.notebook, self.page, self.sync = notebook, notebook.page, notebook.sync
        self.root = notebook.cell(1).locator(".qwp-panel")
        self.root.locator("[data-field]").first.wait_for()
        self.sync()
        self._seen = set(self._files())

    def _files(self):
        folder = self.notebook.workspace.images
        return sorted(file for file in folder.glob("*") if file.suffix in {".png", ".jpg", ".jpeg", ".webp"})

    @property
    def model(self):
        return self.root.get_by_role("combobox", name="Model")

    def choose_model(self, name):
        self.model.click()
        self.model.fill(name)
        self.root.get_by_role("option", name=name).first.wait_for()
        self.model.press("Enter")
        self.model.press("Escape")
        expect(self.model).to_have_value(name)
        # The controls are drawn anew when the kernel has answered.
        self.sync()

    def radio(self, field, option):
        group = self.root.get_by_role("radiogroup", name=field, exact=True)
        return group.get_by_role("radio", name=option, exact=True)

    def choose(self, field, option):
        self.radio(field, option).click()
        self.expect_chosen(field, option)

    def expect_chosen(self, field, option, chosen="true"):
        expect(self.radio(field, option)).to_have_attribute("aria-checked", chosen)

    def expect_text(self, text, where=""):
        expect(self.root.locator(where) if where else self.root).to_contain_text(text)

    def unfold(self):
        details = self.root.locator("details.qwp-more")
        if details.get_attribute("open") is None:
            details.locator("summary").click()

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    @property
    def runs(self):
        return self.root.locator(".qwp-run")

    def generate(self, count=1):
        """Press Generate; the files of its images."""
        before = self.runs.count()
        self.sync()
        expect(self.root.locator(".qwp-line").first).to_contain_text("Ready")
        self.button("Generate").click()
        expect(self.runs).to_have_count(before + 1)
        images = self.runs.first.locator(".qwp-images img")
        expect(images).to_have_count(count)
        # What isn't shown yet takes no focus: a key would go elsewhere.
        expect(images.last).to_be_visible()
        files = [file for file in self._files() if file not in self._seen]
        self._seen.update(files)
        assert len(files) == count
        return files

    def sheet(self, tool):
        """The box of what is drawn on."""
        sheet = self.root.locator(f".qwc-{tool} .qwc-sheet")
        sheet.wait_for()
        sheet.scroll_into_view_if_needed()
        await_steady(sheet)
        return sheet.bounding_box()

    def drag(self, frame, start, end):
        """Drag over a sheet, from and to shares of its width and height."""
        mouse = self.page.mouse
        mouse.move(frame["x"] + start[0] * frame["width"], frame["y"] + start[1] * frame["height"])
        mouse.down()
        mouse.move(frame["x"] + end[0] * frame["width"], frame["y"] + end[1] * frame["height"], steps=8)
        mouse.up()
        self.sync()

    def screenshot(self, name):
        self.notebook.screenshot(f"panel-{name}", 1)

    def screenshot_themes(self, width, prefix=""):
        """Screenshots in both themes at a width of the page, with as much room for the notebook as there is."""
        self.page.set_viewport_size({"width": width, "height": 1300})
        if width < 800:
            self.notebook.collapse_sidebar()
        for theme in ("Light", "Dark"):
            self.notebook.set_theme(theme)
            await_steady(self.root)
            self.screenshot(f"{prefix}{theme.lower()}-{width}")


@pytest.fixture
def open_panel(open_notebook, workspace):
    def start(call="qwave.panel('a red lighthouse on a cliff at dusk')", face="lab", size=(1300, 1000)):
        (workspace.folder / "photo.png").write_bytes(paint(Brief("a garden", 300, 200, seed=3)))
        notebook = open_notebook(SETUP, call, face=face, size=size)
        notebook.run(0, 1)
        notebook.wait(1)
        return PanelPage(notebook)

    return start


def size_of(file):
    with Image.open(file) as image:
        return image.size


def changed(before, after):
    """The box in which two images differ, beyond what compression does."""
    with Image.open(before) as one, Image.open(after) as other:
        assert one.size == other.size
        difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return difference.convert("L").point(lambda level: 255 if level > 24 else 0).getbbox()


def shares_of(file):
    """By colour of the palette, the percentage of the image's pixels that are nearest to it."""
    with Image.open(file) as image:
        small = image.convert("RGB").resize((256, 256), Image.Resampling.NEAREST)
    counts = dict.fromkeys(SHARES, 0)
    raw = small.tobytes()
    for pixel in zip(raw[::3], raw[1::3], raw[2::3], strict=True):
        counts[
            min(SHARES, key=lambda shade: sum((one - other) ** 2 for one, other in zip(shade, pixel, strict=True)))
        ] += 1
    return {shade: 100 * count / 256**2 for shade, count in counts.items()}


#: Family, model, what is set, and the pixel size that it means.
SIZES = (
    ("gpt-4o", "gpt-4o-image", {"Aspect ratio": "3:2"}, ("3:2", None)),
    ("gemini", "gemini-3.1-flash-image-preview", {"Aspect ratio": "8:1", "Resolution": "0.5K"}, ("8:1", "0.5k")),
    ("imagen", "imagen-4.0", {"Aspect ratio": "9:16"}, ("9:16", None)),
    ("qwen", "qwen-image-2.0", {"Resolution": "1K", "Aspect ratio": "3:4"}, ("3:4", "1k")),
    ("z-image", "z-image-turbo", {"Aspect ratio": "16:9", "Resolution": "2K"}, ("16:9", "2k")),
)


@pytest.mark.full_size
def test_family_sets_pixel_size(open_panel):
    panel = open_panel()
    for family, model, settings, size in SIZES:
        panel.choose_model(model)
        for field, option in settings.items():
            panel.choose(field, option)
        (file,) = panel.generate()
        assert size_of(file) == pixel_size(*size)
        panel.screenshot(family)
        if family == "gemini":
            # The next model has neither ratio nor tier, and that is said.
            panel.choose_model("imagen-4.0")
            panel.expect_text("8:1 became", ".qwp-notes")
            panel.expect_text("resolution 0.5K is left out", ".qwp-notes")


@pytest.mark.full_size
def test_series_transparency_palette(open_panel):
    panel = open_panel()
    panel.choose_model("doubao-seedream-5.0-lite")
    panel.unfold()
    panel.choose("File format", "png")
    panel.root.get_by_role("button", name="More").first.click()
    panel.sync()
    files = panel.generate(2)
    assert {file.suffix for file in files} == {".png"}
    assert {size_of(file) for file in files} == {pixel_size("1:1", "2k")}
    assert changed(*files) is not None
    panel.screenshot("seedream")

    panel.choose_model("gpt-image-2")
    panel.root.get_by_role("button", name="Fewer").first.click()
    panel.choose("Resolution", "1k")
    panel.unfold()
    panel.choose("Background", "transparent")
    (file,) = panel.generate()
    with Image.open(file) as image:
        assert image.convert("RGBA").getchannel("A").getextrema() == (0, 255)
    panel.screenshot("gpt-image")

    panel.choose_model("wan2.7-image")
    panel.button("Set colours").click()
    panel.root.locator(".qwc-palette").wait_for()
    (file,) = panel.generate()
    assert shares_of(file) == {shade: pytest.approx(share, abs=4) for shade, share in SHARES.items()}
    panel.screenshot("wan")


@pytest.mark.full_size
def test_mask_and_boxes_confine_edit(open_panel):
    panel = open_panel()
    panel.choose("Resolution", "1k")
    (before,) = panel.generate()
    panel.runs.first.get_by_role("button", name="Use as reference", exact=True).click()
    expect(panel.root.locator(".qwp-thumbs img")).to_have_count(1)
    panel.choose("Mode", "Inpaint")
    panel.root.locator(".qwp-prompt textarea").fill("a hot air balloon")
    panel.sync()
    frame = panel.sheet("brush")
    panel.drag(frame, (0.3, 0.3), (0.5, 0.3))
    panel.screenshot("mask")
    (after,) = panel.generate()
    box = changed(before, after)
    assert box is not None
    assert 180 <= box[0] <= box[2] <= 640
    assert 180 <= box[1] <= box[3] <= 440

    panel.choose_model("wan2.7-image")
    panel.choose("Mode", "Boxes")
    frame = panel.sheet("boxes")
    panel.drag(frame, (0.6, 0.55), (0.9, 0.85))
    panel.screenshot("boxes")
    (edited,) = panel.generate()
    box = changed(before, edited)
    assert box is not None
    assert 590 <= box[0] <= box[2] <= 945
    assert 540 <= box[1] <= box[3] <= 890


def test_refused_choice_and_copied_cell(open_panel):
    panel = open_panel()
    large = panel.radio("Resolution", "4k")
    expect(large).to_have_attribute("aria-disabled", "true")
    # To Playwright what is aria-disabled can't be clicked; to a person it can.
    large.click(force=True)
    panel.expect_text("needs aspect_ratio 16:9", "[data-field=resolution] .qwp-why")
    panel.sync()
    panel.expect_chosen("Resolution", "4k", "false")
    panel.choose("Aspect ratio", "16:9")
    panel.choose("Resolution", "4k")
    square = panel.radio("Aspect ratio", "1:1")
    expect(square).to_have_attribute("aria-disabled", "true")
    square.hover()
    panel.expect_text("4k", "[data-field=aspect_ratio] .qwp-why")
    panel.screenshot("4k-light")

    panel.button("Copy as cell").click()
    text = panel.root.get_by_role("textbox", name="Text to copy")
    text.wait_for()
    expected = "%%qwave -m gpt-image-2 --aspect-ratio 16:9 --resolution 4k\na red lighthouse on a cliff at dusk"
    expect(text).to_have_value(expected)
    panel.choose("Resolution", "2k")
    expect(text).to_have_value(expected.replace("4k", "2k"))
    panel.button("Copy as Python").click()
    expect(text).to_have_value(re.compile("^import qwave_jupyter as qwave"))

    panel.choose_model("wan2.7-image")
    panel.expect_chosen("Aspect ratio", "16:9")
    panel.expect_chosen("Resolution", "2K")
    panel.choose("Aspect ratio", "2:3")
    panel.choose_model("imagen-4.0")
    panel.expect_text("2:3 became", ".qwp-notes")
    panel.screenshot("switched-light")


def test_model_found_and_chosen(open_panel):
    panel = open_panel()
    panel.button("About this model").click()
    panel.root.locator(".qwp-lookup").get_by_text("--output-format").first.wait_for()
    panel.button("Find a model that can…").click()
    panel.root.get_by_label("Can do").select_option(label="Boxes")
    panel.root.locator(".qwp-lookup table").get_by_text("wan2.7-image").wait_for()
    panel.screenshot("find-light")
    panel.button("Choose").click()
    expect(panel.model).to_have_value("wan2.7-image")


def test_panel_works_by_keyboard(open_panel):
    panel = open_panel()
    keys = panel.page.keyboard
    panel.model.focus()
    keys.type("qwen 2.0")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(panel.model).to_have_value("qwen-image-2.0")
    panel.sync()
    panel.root.get_by_role("radiogroup", name="Aspect ratio").locator("[tabindex='0']").focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    panel.sync()
    expect(panel.radio("Aspect ratio", "4:3")).to_have_attribute("aria-checked", "true")
    panel.root.get_by_role("textbox", name="Images").focus()
    keys.press("ArrowUp")
    panel.sync()
    expect(panel.root.locator(".qwp-line").first).to_contain_text("for 2 images")
    panel.button("Generate").focus()
    keys.press("Enter")
    expect(panel.runs.first.locator(".qwp-images img")).to_have_count(2)
    unnamed = panel.root.evaluate(
        """root => [...root.querySelectorAll('button, input, textarea, select, [role=radio]')]
        .filter(one => one.offsetParent && !(one.textContent.trim() || one.ariaLabel || one.title
            || one.labels?.[0]?.textContent.trim())).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert not unnamed


def test_runs_cancel_independently(open_panel, workspace, demo):
    demo.change(latency=600)
    panel = open_panel()
    panel.button("Generate").click()
    panel.runs.nth(0).get_by_text("queued", exact=False).first.wait_for()
    panel.choose("Aspect ratio", "16:9")
    panel.button("Generate").click()
    expect(panel.runs).to_have_count(2)
    panel.screenshot("waiting-light")
    for ended, other in ((1, 0), (0, 1)):
        panel.runs.nth(ended).get_by_text("queued", exact=False).first.wait_for()
        panel.runs.nth(ended).get_by_role("button", name="Cancel").click()
        panel.runs.nth(ended).get_by_text("refunded").wait_for()
        expect(panel.runs.nth(other).get_by_role("button", name="Cancel")).to_be_visible(visible=ended == 1)
    assert workspace.statuses() == ["cancelled"] * 2


def test_references_added_and_removed(open_panel, tmp_path):
    panel = open_panel()
    heavy, text = tmp_path / "heavy.png", tmp_path / "no.png"
    heavy.write_bytes(b"\0" * 9_500_000)
    text.write_bytes(b"no image")
    upload = panel.root.locator("input[type=file]").first
    upload.set_input_files(str(heavy))
    panel.expect_text("give its path instead")
    upload.set_input_files(str(text))
    expect(panel.root.locator(".qwp-wrong")).to_have_count(1)
    upload.set_input_files(str(panel.notebook.workspace.folder / "photo.png"))
    panel.root.locator(".qwp-thumbs img").wait_for()
    place = panel.root.get_by_role("textbox", name="Address, path or variable of an image").first
    place.fill("https://images.example/second.png")
    place.press("Enter")
    captions = panel.root.locator(".qwp-caption")
    expect(captions).to_have_text(["photo.png", "second.png"])
    panel.root.get_by_role("button", name="Move to the front: second.png").click()
    expect(captions).to_have_text(["second.png", "photo.png"])
    panel.screenshot("references-light")
    panel.root.get_by_role("button", name="Remove: second.png").click()
    expect(captions).to_have_text(["photo.png"])
    panel.choose("Resolution", "1k")
    panel.generate()


STICKING_OUT = """root => { const edge = root.getBoundingClientRect().right + 1;
return [...root.querySelectorAll('*')].filter(one => one.offsetParent && !one.closest('.qwp-lookup')
    && one.getBoundingClientRect().right > edge).map(one => one.outerHTML.slice(0, 100)); }"""


def test_panel_fits_widths_and_themes(open_panel):
    panel = open_panel("qwave.panel('a red lighthouse at dusk', resolution='1k', n=2)", size=(1600, 1300))
    panel.generate(2)
    for width in (1600, 1000, 480):
        panel.screenshot_themes(width)
        assert not panel.root.evaluate(STICKING_OUT)
        assert panel.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
    if os.environ.get("QWAVE_UPDATE_SCREENSHOTS"):
        shutil.copy(SCREENSHOTS / "panel-light-1600.png", ROOT / "docs" / "panel.png")
