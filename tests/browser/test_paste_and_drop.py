"""Images pasted and dropped onto references, mask and brush.

What lies in the browser's clipboard is pasted by a real Ctrl+V. Several files, and others than PNG, can't be put
there by a page: those come as a ClipboardEvent, and drops of files as drag events, whose DataTransfer holds them.
A result is dragged with the mouse.
"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.browser.driver import await_steady, expect
from tests.browser.test_panel import open_panel

__all__ = ["open_panel"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = "qwave.panel('a red lighthouse', resolution='1k')"
#: Puts a PNG of a size and colour into the clipboard.
COPY_PNG = """async ([width, height, colour]) => {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext('2d');
  pen.fillStyle = colour;
  pen.fillRect(0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
}"""
#: Gives files to an element as the browser does; `kind` is paste or drop, and bytes are a list or their number.
GIVE = """(element, [kind, files]) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const options = { bubbles: true, cancelable: true, composed: true };
  if (kind === 'paste') return !element.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
  element.dispatchEvent(new DragEvent('dragenter', { ...options, dataTransfer: data }));
  const isTaken = !element.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: data }));
  element.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: data }));
  return isTaken;
}"""


def image_file(name, size=(60, 40), colour="teal", **options):
    target = io.BytesIO()
    kind = {"jpg": "JPEG"}.get(name[-3:], "PNG")
    Image.new("RGB", size, colour).save(target, kind, **options)
    return [name, f"image/{kind.lower()}", list(target.getvalue())]


def phone_photo(name):
    """A JPEG that lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return image_file(name, exif=exif)


def give(locator, kind, *files):
    assert locator.evaluate(GIVE, [kind, list(files)])


def strip(panel, label="References"):
    return panel.root.locator(f".qwp-field:has(ol[aria-label='{label}'])")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_clipboard_is_pasted_by_keyboard(open_panel, context, face):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = open_panel(SMALL, face=face)
    keys, references = panel.page.keyboard, strip(panel)
    captions, notes = references.locator(".qwp-caption"), references.locator(".qwp-refused")
    panel.page.evaluate(COPY_PNG, [90, 60, "teal"])
    panel.button("Upload").first.focus()
    keys.press("Control+v")
    expect(captions).to_have_text(["image.png"])
    thumb = references.locator(".qwp-thumbs img")
    expect(thumb).to_have_js_property("naturalWidth", 90)
    # In the text field too, and there a text is a text.
    place = references.get_by_role("textbox")
    panel.page.evaluate(COPY_PNG, [60, 90, "gold"])
    place.focus()
    keys.press("Control+v")
    expect(captions).to_have_text(["image.png", "image.png"])
    expect(thumb.nth(1)).to_have_js_property("naturalHeight", 90)
    panel.page.evaluate("() => navigator.clipboard.writeText('photo.png')")
    place.focus()
    keys.press("Control+v")
    expect(place).to_have_value("photo.png")
    expect(notes).to_be_empty()
    keys.press("Enter")
    expect(captions).to_have_text(["image.png", "image.png", "photo.png"])
    panel.button("Upload").first.focus()
    keys.press("Control+v")
    expect(notes).to_have_text("There is no image in the clipboard. Copy one, then paste it here.")
    panel.screenshot(f"pasted-{face}")
    references.get_by_role("button", name="Remove: photo.png").press("Enter")
    expect(notes).to_be_empty()
    assert panel.page.locator(".jp-Notebook .jp-Cell").count() == 2
    panel.generate()


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_files_are_dropped_and_refused_in_words(open_panel, face):
    panel = open_panel(SMALL, face=face)
    references = strip(panel)
    captions, notes = references.locator(".qwp-caption"), references.locator(".qwp-refused > div")
    heavy = ["heavy.png", "image/png", 9_000_001]
    files = [image_file("one.png"), ["notes.txt", "text/plain", [104, 105]], heavy, phone_photo("phone.jpg")]
    give(references, "drop", *files)
    expect(captions).to_have_text(["one.png", "phone.jpg"])
    expect(notes).to_have_text(
        [
            "Too heavy to upload: heavy.png. Above 9 MB a browser loses it; give its path instead.",
            "notes.txt in images is no image that can be read: it is text. Give a PNG, JPEG or WebP.",
        ]
    )
    # Upright, as a person sees it.
    thumb = references.locator(".qwp-thumbs img").nth(1)
    expect(thumb).to_have_js_property("naturalHeight", 60)
    expect(references).not_to_have_class("qwp-drop")
    panel.screenshot(f"dropped-{face}")
    give(references, "paste", image_file("two.png", colour="gold"), phone_photo("three.jpg"))
    expect(captions).to_have_text(["one.png", "phone.jpg", "two.png", "three.jpg"])
    expect(notes).to_have_count(0)
    give(references, "drop", *(image_file(f"{number}.png", (20 + number, 20)) for number in range(20)))
    expect(references.locator(".qwp-caption")).to_have_count(16)
    expect(notes).to_contain_text(["There was room for 12 images more"])
    give(references, "drop", image_file("last.png"))
    expect(notes).to_have_text(["Not taken: last.png. There is no room for more images; remove one first."])
    panel.screenshot_themes(480, "dropped-")
    panel.generate()


def test_thumbnail_is_not_dragged_as_a_file(open_panel):
    panel = open_panel(f"{SMALL[:-1]}, images='photo.png')")
    references = strip(panel)
    references.locator(".qwp-thumbs img").drag_to(panel.button("Upload").first)
    panel.sync()
    expect(references.locator(".qwp-caption")).to_have_text(["photo.png"])


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_images_are_given_to_the_brush_in_the_panel(open_panel, context, face):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = open_panel("qwave.panel('a boat', images='photo.png', action='inpaint')", face=face)
    (result,) = paint_and_generate(panel)
    brush, captions = panel.root.locator(".qwc-brush"), strip(panel).locator(".qwp-caption")
    panel.page.evaluate(COPY_PNG, [320, 180, "teal"])
    brush.locator(".qwc-sheet").focus()
    panel.page.keyboard.press("Control+v")
    expect(brush.locator(".qwc-state")).to_have_text("Nothing painted yet · 320 × 180 px")
    expect(captions).to_have_text(["image.png"])
    expect(brush.locator(".qwc-sheet")).to_be_focused()
    panel.page.keyboard.press("Space")
    expect(brush.locator(".qwc-state")).to_contain_text("% painted · 320 × 180 px")

    give(brush, "drop", phone_photo("phone.jpg"), image_file("other.png"))
    expect(brush.locator(".qwc-state")).to_have_text("Nothing painted yet · 40 × 60 px")
    expect(brush.locator(".qwc-notes")).to_have_text("Not taken: other.png. One image is painted over at a time.")
    give(brush, "drop", ["notes.txt", "text/plain", [104, 105]])
    expect(brush.locator(".qwc-notes")).to_contain_text("notes.txt in images is no image that can be read")
    expect(captions).to_have_text(["phone.jpg"])
    panel.screenshot(f"brush-refuses-{face}")

    # The result, dragged by the mouse.
    await_steady(panel.runs.first)
    panel.runs.first.locator(".qwp-enlarge").first.drag_to(brush.locator(".qwc-foot"))
    expect(captions).to_contain_text([result.name[:20]])
    expect(brush.locator(".qwc-state")).to_contain_text("Nothing painted yet · 300 × 200 px")
    paint_and_generate(panel)
    panel.screenshot(f"brush-result-{face}")


def paint_and_generate(panel):
    panel.drag(panel.sheet("brush"), (0.3, 0.3), (0.5, 0.3))
    return panel.generate()


def test_images_are_given_to_a_brush_of_its_own(open_notebook, workspace, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    (workspace.folder / "photo.png").write_bytes(bytes(image_file("photo.png", (160, 100))[2]))
    notebook = open_notebook(
        "import qwave_jupyter as qwave\nmask = qwave.paint_mask('photo.png')", "print(mask.mask.size, len(mask.value))"
    )
    notebook.run(0)
    brush = notebook.cell(0).locator(".qwc-brush")
    state, notes, sheet = brush.locator(".qwc-state"), brush.locator(".qwc-notes"), brush.locator(".qwc-sheet")
    expect(state).to_have_text("Nothing painted yet · 160 × 100 px")
    sheet.focus()
    notebook.page.keyboard.press("Space")
    expect(state).to_contain_text("% painted")
    notebook.page.evaluate(COPY_PNG, [200, 120, "gold"])
    notebook.page.keyboard.press("Control+v")
    expect(state).to_have_text("Nothing painted yet · 200 × 120 px")
    expect(notes).to_contain_text("You now paint over image.png. Give the cell this image too: -i ")
    expect(sheet).to_be_focused()
    expect(sheet.locator("img")).to_have_js_property("naturalWidth", 200)
    notebook.page.keyboard.press("Space")
    expect(state).to_contain_text("% painted")
    notebook.screenshot("brush-pasted", 0)
    notebook.sync()
    notebook.run(1)
    notebook.wait(1)
    notebook.expect_text(1, "(200, 120) 1")
