"""A panel's results under a real mouse and keyboard: enlarged, copied, downloaded, starred, compared, dragged."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from tests.browser.driver import await_steady, expect
from tests.browser.test_panel import open_panel

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

THREE = "qwave.panel('a red lighthouse at dusk', resolution='1k', n=3)"


def enlarged(panel):
    return panel.page.get_by_role("dialog", name="Enlarge")


def result(panel, number, run=0):
    return panel.runs.nth(run).locator(".qwp-enlarge").nth(number - 1)


@pytest.mark.full_size
@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_click_enlarges_and_keys_move(open_panel, face):
    panel = open_panel(THREE, face=face)
    files = panel.generate(3)
    result(panel, 1).click()
    box = enlarged(panel)
    image = box.locator("img")
    expect(image).to_have_attribute("data-full", "whole")
    expect(box.locator(".qwl-name")).to_have_text(files[0].name)
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1024, 1024]
    keys = panel.page.keyboard
    for key, number in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowRight", 1), ("ArrowLeft", 3)):
        keys.press(key)
        expect(box.locator(".qwl-name")).to_have_text(files[number - 1].name)
        expect(box.locator(".qwl-count")).to_have_text(f"{number} / 3")
    # Letters and Escape stay here: the cell below is neither changed nor left.
    for key in ("m", "b", "z", "d", "d"):
        keys.press(key)
    expect(image).to_have_attribute("data-full", "whole")
    assert image.bounding_box()["height"] < 1000
    box.get_by_role("button", name="100 %").click()
    assert image.bounding_box()["height"] == 1024
    panel.screenshot(f"lightbox-{face}")
    keys.press("0")
    assert image.bounding_box()["height"] < 1000
    panel.page.screenshot(path=f"test-results/screenshots/lightbox-page-{face}.png")
    keys.press("Escape")
    expect(box).to_have_count(0)
    expect(result(panel, 1)).to_be_focused()
    expect(panel.root).to_be_visible()
    assert panel.page.locator(".jp-Notebook .jp-Cell").count() == 2
    keys.press("Enter")
    expect(enlarged(panel)).to_be_visible()
    enlarged(panel).get_by_role("button", name="Close").click()
    expect(enlarged(panel)).to_have_count(0)


@pytest.mark.full_size
def test_lightbox_copies_and_downloads(open_panel, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = open_panel(THREE)
    files = panel.generate(3)
    result(panel, 2).focus()
    panel.page.keyboard.press("Enter")
    box = enlarged(panel)
    expect(box.locator("img")).to_have_attribute("data-full", "whole")
    with panel.page.expect_download() as download:
        box.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == files[1].name
    assert download.value.path().read_bytes() == files[1].read_bytes()
    box.get_by_role("button", name="Copy", exact=True).click()
    expect(box.get_by_role("status")).to_have_text("The image is in the clipboard.")
    address = panel.page.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const blob = await item.getType('image/png');
          return new Promise(resolve => {
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result);
            reader.readAsDataURL(blob);
          });
        }"""
    )
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as copied:
        assert copied.size == (1024, 1024)


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_star_and_compare_by_keyboard(open_panel, face):
    panel = open_panel(THREE, face=face)
    files = panel.generate(3)
    keys, run = panel.page.keyboard, panel.runs.first
    for number in (1, 3):
        star = run.get_by_role("button", name=f"Star: {files[number - 1].name}")
        star.focus()
        keys.press("Enter")
        expect(star).to_have_attribute("aria-pressed", "true")
        expect(star).to_be_focused()
    for number in (1, 2, 3):
        pick = run.get_by_role("button", name=f"Compare: {files[number - 1].name}")
        pick.focus()
        keys.press("Space")
        expect(pick).to_have_attribute("aria-pressed", "true")
        if number == 2:
            expect(panel.root.get_by_role("slider", name="Move to compare the two images")).to_be_visible()
            panel.button("Side by side").click()
            expect(panel.root.locator(".qwp-beside img")).to_have_count(2)
            panel.button("Slider").click()
            expect(panel.root.locator(".qwp-beside img")).to_have_count(0)
    expect(panel.root.locator(".qwp-beside img")).to_have_count(3)
    await_steady(panel.root)
    panel.screenshot(f"beside-{face}")
    panel.root.locator(".qwp-compare").get_by_role("button", name="Close").click()
    expect(panel.root.locator(".qwp-beside img")).to_have_count(0)
    expect(run.locator(".qwp-pick[aria-pressed=true]")).to_have_count(0)


def test_result_is_dragged_with_its_bytes(open_panel):
    panel = open_panel("qwave.panel('a red lighthouse at dusk', resolution='1k')")
    (file,) = panel.generate()
    panel.page.evaluate(
        """() => {
          const place = document.createElement('div');
          place.id = 'place';
          place.style.cssText = 'position:fixed;left:0;bottom:0;width:200px;height:120px;z-index:99;background:gold';
          place.addEventListener('dragover', (event) => event.preventDefault());
          place.addEventListener('drop', async (event) => {
            event.preventDefault();
            const data = event.dataTransfer;
            const found = { image: data.getData('application/x-qwave-image') };
            const blob = await (await fetch(data.getData('text/uri-list'))).blob();
            window.dropped = { ...found, type: blob.type, size: blob.size };
          });
          document.body.append(place);
        }"""
    )
    # A first press brings the file; a person takes longer than that to move.
    result(panel, 1).click()
    expect(enlarged(panel).locator("img")).to_have_attribute("data-full", "whole")
    panel.page.keyboard.press("Escape")
    result(panel, 1).drag_to(panel.page.locator("#place"))
    panel.page.wait_for_function("() => window.dropped")
    dropped = panel.page.evaluate("() => window.dropped")
    assert dropped["image"] == str(file)
    assert (dropped["type"], dropped["size"]) == ("image/png", file.stat().st_size)


def test_result_dragged_onto_references(open_panel):
    panel = open_panel("qwave.panel('a red lighthouse at dusk', resolution='1k')")
    (file,) = panel.generate()
    result(panel, 1).drag_to(panel.root.get_by_role("button", name="Upload").first)
    expect(panel.root.locator(".qwp-thumbs img")).to_have_count(1)
    expect(panel.root.locator(".qwp-thumbs li")).to_contain_text(file.name[:20])


def test_same_seed_repeats_a_result(open_panel):
    panel = open_panel("qwave.panel('a red lighthouse at dusk', resolution='1k')")
    (first,) = panel.generate()
    panel.expect_text("seed", ".qwp-run .qw-card")
    (other,) = panel.generate()
    panel.runs.nth(1).get_by_role("button", name="Same seed").click()
    panel.unfold()
    expect(panel.root.get_by_label("Seed")).not_to_have_value("")
    (again,) = panel.generate()
    pixels = [Image.open(file).convert("RGB").tobytes() for file in (first, other, again)]
    assert pixels[0] == pixels[2] != pixels[1]
