"""The panel under a real mouse and keyboard, in JupyterLab and Notebook 7: what is clicked is what is painted."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect

from qwave_jupyter.demo.painter import Brief, paint, pixel_size
from tests.browser.driver import ROOT, SHOTS, NotebookPage

pytestmark = pytest.mark.browser

CURRENT = "window.jupyterapp.shell.currentWidget"
#: Milliseconds that a machine with much else to do may take to answer.
PATIENCE = 20_000

SETUP = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"
SHARES = {(0x26, 0x46, 0x53): 40, (0x2A, 0x9D, 0x8F): 30, (0xE9, 0xC4, 0x6A): 20, (0xE7, 0x6F, 0x51): 10}


class PanelPage:
    """A panel as a person sees it."""

    def __init__(self, notebook, server):
        self.notebook, self.page, self.server = notebook, notebook.page, server
        self.root = notebook.cell(1).locator(".qwp-panel")
        self.root.locator("[data-field]").first.wait_for(timeout=30_000)
        self._seen = set(self._files())

    def _files(self):
        folder = self.server.folder / "home" / "pictures"
        return sorted(file for file in folder.glob("*") if file.suffix in {".png", ".jpg", ".jpeg", ".webp"})

    def choose_model(self, name):
        box = self.root.get_by_role("combobox", name="Model")
        box.click()
        box.fill(name)
        self.root.get_by_role("option", name=name).first.wait_for()
        box.press("Enter")
        box.press("Escape")
        expect(box).to_have_value(name)
        # The controls are drawn anew once the kernel has answered.
        self.answered()

    def radio(self, field, option):
        group = self.root.get_by_role("radiogroup", name=field, exact=True)
        return group.get_by_role("radio", name=option, exact=True)

    def choose(self, field, option):
        self.radio(field, option).click()
        expect(self.radio(field, option)).to_have_attribute("aria-checked", "true", timeout=PATIENCE)

    def unfold(self):
        details = self.root.locator("details.qwp-more")
        if details.get_attribute("open") is None:
            details.locator("summary").click()

    def write(self, prompt):
        self.root.locator(".qwp-prompt textarea").fill(prompt)
        self.answered()

    def answered(self):
        """Wait until the kernel has nothing left to answer."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(f"() => {CURRENT}.sessionContext.session?.kernel?.status === 'idle'")
        self.page.wait_for_timeout(200)

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    @property
    def runs(self):
        return self.root.locator(".qwp-run")

    def generate(self, count=1):
        """Press Generate; the files that it gave."""
        before = self.runs.count()
        expect(self.root.locator(".qwp-line").first).to_contain_text("Ready", timeout=PATIENCE)
        self.button("Generate").click()
        self.page.wait_for_function(
            "([root, count]) => root.querySelectorAll('.qwp-run').length === count",
            arg=[self.root.element_handle(), before + 1],
        )
        newest = self.runs.first
        newest.locator(".qwp-pictures img").nth(count - 1).wait_for(timeout=60_000)
        assert newest.locator(".qwp-pictures img").count() == count
        files = [file for file in self._files() if file not in self._seen]
        self._seen.update(files)
        assert len(files) == count
        return files

    def act(self, name):
        self.runs.first.get_by_role("button", name=name, exact=True).click()
        self.answered()

    def sheet(self, tool):
        """What is drawn on."""
        sheet = self.root.locator(f".qwc-{tool} .qwc-sheet")
        sheet.wait_for()
        sheet.scroll_into_view_if_needed()
        self.page.wait_for_timeout(400)
        return sheet.bounding_box()

    def drag(self, frame, start, end):
        """Drag over a sheet, from and to shares of its width and height."""
        mouse = self.page.mouse
        mouse.move(frame["x"] + start[0] * frame["width"], frame["y"] + start[1] * frame["height"])
        mouse.down()
        mouse.move(frame["x"] + end[0] * frame["width"], frame["y"] + end[1] * frame["height"], steps=8)
        mouse.up()
        self.answered()

    def shot(self, name):
        self.notebook.shot(f"panel-{name}", 1)


@pytest.fixture
def opened(lab, context):
    notebooks = []

    def start(api, call="qwave.panel('a red lighthouse on a cliff at dusk')", face="lab", size=(1300, 1000)):
        server = lab(api)
        (server.folder / "photo.png").write_bytes(paint(Brief("a garden", 300, 200, seed=3)))
        notebook = NotebookPage(context, server, server.notebook("panel.ipynb", SETUP, call), face)
        notebook.page.set_viewport_size({"width": size[0], "height": size[1]})
        notebook.run(0, 1)
        notebook.wait(1)
        notebooks.append(notebook)
        return PanelPage(notebook, server)

    yield start
    for notebook in notebooks:
        notebook.close()


def size_of(file):
    with Image.open(file) as picture:
        return picture.size


def changed(before, after):
    """The box in which two pictures differ, beyond what compression does."""
    with Image.open(before) as one, Image.open(after) as other:
        assert one.size == other.size
        difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return difference.convert("L").point(lambda level: 255 if level > 24 else 0).getbbox()


def shares_of(file):
    """By colour of the palette, the percentage of the picture's pixels that are nearest to it."""
    with Image.open(file) as picture:
        small = picture.convert("RGB").resize((256, 256), Image.Resampling.NEAREST)
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


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_the_picture_of_a_family_has_the_pixels_that_were_set(opened, quick_server, face):
    panel = opened(quick_server, face=face)
    for family, model, settings, size in SIZES:
        panel.choose_model(model)
        for field, option in settings.items():
            panel.choose(field, option)
        (file,) = panel.generate()
        assert size_of(file) == pixel_size(*size)
        panel.shot(f"{family}-{face}")
        if family == "gemini":
            # The next model has neither ratio nor tier, and that is said.
            panel.choose_model("imagen-4.0")
            said = panel.root.locator(".qwp-notes").inner_text()
            assert "8:1 became" in said
            assert "resolution 0.5K is left out" in said


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_series_transparency_and_palette_can_be_seen_on_the_picture(opened, quick_server, face):
    panel = opened(quick_server, face=face)
    panel.choose_model("doubao-seedream-5.0-lite")
    panel.unfold()
    panel.choose("File format", "png")
    panel.root.get_by_role("button", name="More").first.click()
    panel.answered()
    files = panel.generate(2)
    assert {file.suffix for file in files} == {".png"}
    assert {size_of(file) for file in files} == {pixel_size("1:1", "2k")}
    assert changed(*files) is not None
    panel.shot(f"seedream-{face}")

    panel.choose_model("gpt-image-2")
    panel.root.get_by_role("button", name="Fewer").first.click()
    panel.choose("Resolution", "1k")
    panel.unfold()
    panel.choose("Background", "transparent")
    (file,) = panel.generate()
    with Image.open(file) as picture:
        assert picture.convert("RGBA").getchannel("A").getextrema() == (0, 255)
    panel.shot(f"gpt-image-{face}")

    panel.choose_model("wan2.7-image")
    panel.button("Set colours").click()
    panel.root.locator(".qwc-palette").wait_for()
    (file,) = panel.generate()
    assert shares_of(file) == {shade: pytest.approx(share, abs=4) for shade, share in SHARES.items()}
    panel.shot(f"wan-{face}")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_a_painted_mask_and_drawn_boxes_confine_the_change(opened, quick_server, face):
    panel = opened(quick_server, face=face)
    panel.choose("Resolution", "1k")
    (before,) = panel.generate()
    panel.act("Use as reference")
    panel.choose("Mode", "Inpaint")
    panel.write("a hot air balloon")
    frame = panel.sheet("brush")
    panel.drag(frame, (0.3, 0.3), (0.5, 0.3))
    panel.shot(f"mask-{face}")
    (after,) = panel.generate()
    box = changed(before, after)
    assert box is not None
    assert 180 <= box[0] <= box[2] <= 640
    assert 180 <= box[1] <= box[3] <= 440

    panel.choose_model("wan2.7-image")
    panel.choose("Mode", "Boxes")
    frame = panel.sheet("boxes")
    panel.drag(frame, (0.6, 0.55), (0.9, 0.85))
    panel.shot(f"boxes-{face}")
    (edited,) = panel.generate()
    box = changed(before, edited)
    assert box is not None
    assert 590 <= box[0] <= box[2] <= 945
    assert 540 <= box[1] <= box[3] <= 890


def test_an_impossible_choice_says_why_and_the_cell_is_exact(opened, quick_server):
    panel = opened(quick_server)
    large = panel.radio("Resolution", "4k")
    assert large.get_attribute("aria-disabled") == "true"
    # To Playwright what is aria-disabled can't be clicked; to a person it can.
    large.click(force=True)
    assert panel.radio("Resolution", "4k").get_attribute("aria-checked") == "false"
    assert "needs aspect_ratio 16:9" in panel.root.locator("[data-field=resolution] .qwp-why").inner_text()
    panel.choose("Aspect ratio", "16:9")
    panel.choose("Resolution", "4k")
    square = panel.radio("Aspect ratio", "1:1")
    assert square.get_attribute("aria-disabled") == "true"
    square.hover()
    assert "4k" in panel.root.locator("[data-field=aspect_ratio] .qwp-why").inner_text()
    panel.shot("4k-light")

    panel.button("Copy as cell").click()
    text = panel.root.get_by_role("textbox", name="Text to copy")
    text.wait_for()
    expected = "%%qwave -m gpt-image-2 --aspect-ratio 16:9 --resolution 4k\na red lighthouse on a cliff at dusk"
    expect(text).to_have_value(expected)
    panel.choose("Resolution", "2k")
    expect(text).to_have_value(expected.replace("4k", "2k"), timeout=PATIENCE)
    panel.button("Copy as Python").click()
    panel.answered()
    assert text.input_value().startswith("import qwave_jupyter as qwave")

    panel.choose_model("wan2.7-image")
    assert panel.radio("Aspect ratio", "16:9").get_attribute("aria-checked") == "true"
    assert panel.radio("Resolution", "2K").get_attribute("aria-checked") == "true"
    panel.choose("Aspect ratio", "2:3")
    panel.choose_model("imagen-4.0")
    assert "2:3 became" in panel.root.locator(".qwp-notes").inner_text()
    panel.shot("switched-light")


def test_a_model_is_looked_up_found_and_put_in(opened, quick_server):
    panel = opened(quick_server)
    panel.button("About this model").click()
    panel.root.locator(".qwp-lookup").get_by_text("--output-format").first.wait_for()
    panel.button("Find a model that can…").click()
    panel.root.get_by_label("Can do").select_option(label="Boxes")
    panel.root.locator(".qwp-lookup table").get_by_text("wan2.7-image").wait_for()
    panel.shot("find-light")
    panel.button("Choose").click()
    panel.answered()
    assert panel.root.get_by_role("combobox", name="Model").input_value() == "wan2.7-image"


def test_all_of_it_goes_by_keyboard(opened, quick_server):
    panel = opened(quick_server)
    keys = panel.page.keyboard
    panel.root.get_by_role("combobox", name="Model").focus()
    keys.type("qwen 2.0")
    keys.press("ArrowDown")
    keys.press("Enter")
    panel.answered()
    assert panel.root.get_by_role("combobox", name="Model").input_value() == "qwen-image-2.0"
    panel.root.get_by_role("radiogroup", name="Aspect ratio").locator("[tabindex='0']").focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    panel.answered()
    expect(panel.radio("Aspect ratio", "4:3")).to_have_attribute("aria-checked", "true", timeout=PATIENCE)
    panel.root.get_by_role("textbox", name="Pictures").focus()
    keys.press("ArrowUp")
    panel.answered()
    expect(panel.root.locator(".qwp-line").first).to_contain_text("for 2 pictures", timeout=PATIENCE)
    panel.button("Generate").focus()
    keys.press("Enter")
    panel.runs.first.locator(".qwp-pictures img").nth(1).wait_for(timeout=60_000)
    unnamed = panel.root.evaluate(
        """root => [...root.querySelectorAll('button, input, textarea, select, [role=radio]')]
        .filter(one => one.offsetParent && !(one.textContent.trim() || one.ariaLabel || one.title
            || one.labels?.[0]?.textContent.trim())).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert not unnamed


def test_a_run_goes_on_while_others_start_and_cancel_cancels_its_own(opened, slow_server):
    panel = opened(slow_server)
    panel.button("Generate").click()
    panel.runs.nth(0).get_by_text("queued", exact=False).first.wait_for(timeout=30_000)
    panel.choose("Aspect ratio", "16:9")
    panel.button("Generate").click()
    expect(panel.runs).to_have_count(2, timeout=PATIENCE)
    panel.shot("waiting-light")
    panel.runs.nth(1).get_by_role("button", name="Cancel").click()
    panel.runs.nth(1).get_by_text("refunded").wait_for(timeout=20_000)
    assert panel.runs.nth(0).get_by_role("button", name="Cancel").is_visible()
    panel.runs.nth(0).get_by_role("button", name="Cancel").click()
    panel.runs.nth(0).get_by_text("refunded").wait_for(timeout=20_000)


def test_references_are_uploaded_ordered_and_taken_away(opened, quick_server, tmp_path):
    panel = opened(quick_server)
    heavy, text = tmp_path / "heavy.png", tmp_path / "no.png"
    heavy.write_bytes(b"\0" * 9_500_000)
    text.write_bytes(b"no picture")
    upload = panel.root.locator("input[type=file]").first
    upload.set_input_files(str(heavy))
    panel.answered()
    assert "give its path instead" in panel.root.inner_text()
    upload.set_input_files(str(text))
    panel.answered()
    expect(panel.root.locator(".qwp-wrong")).to_have_count(1, timeout=PATIENCE)
    upload.set_input_files(str(panel.server.folder / "photo.png"))
    panel.root.locator(".qwp-thumbs img").wait_for()
    place = panel.root.get_by_role("textbox", name="Address, path or variable of a picture").first
    place.fill("https://pictures.example/second.png")
    place.press("Enter")
    captions = panel.root.locator(".qwp-caption")
    captions.nth(1).wait_for()
    expect(captions).to_have_text(["photo.png", "second.png"])
    panel.root.get_by_role("button", name="Move to the front: second.png").click()
    panel.answered()
    expect(captions).to_have_text(["second.png", "photo.png"])
    panel.shot("references-light")
    panel.root.get_by_role("button", name="Remove: second.png").click()
    panel.answered()
    expect(captions).to_have_text(["photo.png"])
    panel.choose("Resolution", "1k")
    panel.generate()


@pytest.mark.parametrize("width", [480, 1000, 1600])
def test_it_fits_every_width_in_both_themes(opened, quick_server, width):
    panel = opened(quick_server, "qwave.panel('a red lighthouse at dusk', resolution='1k', n=2)", size=(width, 1300))
    if width < 800:
        panel.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        panel.answered()
    panel.generate(2)
    for theme in ("Light", "Dark"):
        panel.notebook.theme(theme)
        panel.shot(f"{theme.lower()}-{width}")
    if os.environ.get("QWAVE_UPDATE_SCREENSHOTS") and width > 1500:
        shutil.copy(SHOTS / f"panel-light-{width}.png", ROOT / "docs" / "panel.png")
    sticking_out = panel.root.evaluate(
        """root => { const edge = root.getBoundingClientRect().right + 1;
        return [...root.querySelectorAll('*')].filter(one => one.offsetParent && !one.closest('.qwp-lookup')
            && one.getBoundingClientRect().right > edge).map(one => one.outerHTML.slice(0, 100)); }"""
    )
    assert not sticking_out
    assert json.dumps(panel.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")) == "true"
