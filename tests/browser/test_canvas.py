"""The mask brush, the box editor and the palette editor under a real mouse and keyboard, in a real JupyterLab."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.demo.painter import Brief, paint
from tests.browser.driver import await_steady, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTH, HEIGHT = 1600, 1000
SETUP = """import json
import qwave_jupyter as qwave
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor
def area(brush):
    mask = brush.mask
    if mask is None:
        return None
    painted = mask.getchannel("A").point(lambda alpha: 255 - alpha)
    where = ((800, 500), (400, 500), (1200, 500), (800, 100), (800, 900))
    return {"size": mask.size, "box": painted.getbbox(), "pixels": painted.histogram()[255],
            "at": [painted.getpixel(spot) for spot in where]}"""


@pytest.fixture
def open_tool(open_notebook, workspace):
    """A notebook with an image beside it; all cells have run, so that the last answers from now on."""

    def start(*cells, face="lab"):
        brief = Brief("a red lighthouse on a cliff at dusk", WIDTH, HEIGHT, seed=3)
        (workspace.folder / "photo.png").write_bytes(paint(brief))
        notebook = open_notebook(SETUP, *cells, face=face)
        notebook.run(*range(len(cells) + 1))
        notebook.wait(len(cells))
        return notebook

    return start


def ask(notebook, place):
    """Run a cell that prints JSON once the kernel knows what was done on the screen, and read it."""
    notebook.sync()
    notebook.run(place)
    notebook.wait(place)
    return read_json(notebook, place)


def read_json(notebook, place):
    """Read what a cell has printed."""
    (output,) = notebook.outputs(place)
    return json.loads("".join(output["text"]))


def narrow(notebook, surface):
    """As wide as a phone, without the file browser."""
    notebook.collapse_sidebar()
    notebook.page.set_viewport_size({"width": 420, "height": 800})
    await_steady(surface)


class Surface:
    """The image on the screen, in the image's own pixels."""

    def __init__(self, notebook, place):
        self.notebook, self.mouse = notebook, notebook.page.mouse
        self.sheet = notebook.cell(place).locator(".qwc-sheet")
        self.sheet.wait_for()
        self.sheet.scroll_into_view_if_needed()
        await_steady(self.sheet)

    @property
    def width(self):
        return self.sheet.bounding_box()["width"]

    def expect_width(self, condition, value):
        """Wait until the sheet's width obeys a condition in JavaScript, such as ``width > value``."""
        self.notebook.page.wait_for_function(
            f"([sheet, value]) => {{ const width = sheet.getBoundingClientRect().width; return {condition}; }}",
            arg=[self.sheet.element_handle(), value],
        )

    def on_screen(self, x, y):
        frame = self.sheet.bounding_box()
        return frame["x"] + x * frame["width"] / WIDTH, frame["y"] + y * frame["height"] / HEIGHT

    @property
    def pixel(self):
        """How many of the image's pixels one of the screen's is."""
        return WIDTH / self.width

    def drag(self, *points):
        await_steady(self.sheet)
        self.mouse.move(*self.on_screen(*points[0]))
        self.mouse.down()
        for point in points[1:]:
            self.mouse.move(*self.on_screen(*point), steps=8)
        self.mouse.up()


def test_mask_is_painted_and_undone(open_tool):
    notebook = open_tool('mask = qwave.paint_mask("photo.png")\nmask', "print(json.dumps(area(mask)))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    expect(cell.locator(".qwc-brush")).to_have_count(1)
    assert ask(notebook, 2) is None

    surface.drag((400, 500), (1200, 500))
    found = ask(notebook, 2)
    near = 3 * surface.pixel
    assert found["size"] == [WIDTH, HEIGHT]
    assert found["at"] == [255, 255, 255, 0, 0]
    assert found["box"] == pytest.approx([350, 450, 1250, 550], abs=near)
    expect(cell.locator(".qwc-state")).to_contain_text("5.5 % painted")

    surface.drag((800, 100), (800, 300), (600, 200))
    assert ask(notebook, 2)["at"] == [255, 255, 255, 255, 0]
    notebook.screenshot("brush-light", 1)
    notebook.set_theme("Dark")
    notebook.screenshot("brush-dark", 1)
    notebook.set_theme("Light")

    cell.get_by_role("button", name="Undo").click()
    assert ask(notebook, 2)["at"] == [255, 255, 255, 0, 0]
    cell.get_by_role("button", name="Invert").click()
    inverted = ask(notebook, 2)
    assert inverted["at"] == [0, 0, 0, 255, 255]
    assert inverted["pixels"] == WIDTH * HEIGHT - found["pixels"]

    # The same by keys, and none of them reaches JupyterLab.
    cells = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    surface.sheet.focus()
    notebook.page.keyboard.press("i")
    notebook.page.keyboard.press("e")
    surface.drag((790, 500), (810, 500))
    assert ask(notebook, 2)["at"] == [0, 255, 255, 0, 0]
    surface.sheet.focus()
    for key in ("z", "b", "]", "]", "["):
        notebook.page.keyboard.press(key)
    expect(cell.locator(".qwc-number")).to_have_text("120 px")
    assert ask(notebook, 2)["at"] == [255, 255, 255, 0, 0]
    surface.sheet.focus()
    notebook.page.keyboard.press("Shift+Z")
    assert ask(notebook, 2)["at"] == [0, 255, 255, 0, 0]
    cell.get_by_role("button", name="Clear").click()
    assert ask(notebook, 2) is None
    surface.sheet.focus()
    notebook.page.keyboard.press(" ")
    assert ask(notebook, 2) is not None
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_zoomed_stroke_follows_mouse(open_tool):
    notebook = open_tool('mask = qwave.paint_mask("photo.png")', "print(json.dumps(area(mask)))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    fitted = surface.width
    assert fitted <= cell.locator(".qwc-view").bounding_box()["width"] + 1
    surface.mouse.move(*surface.on_screen(800, 500))
    notebook.page.keyboard.down("Control")
    for _ in range(6):
        # The browser may join wheel events, and one of any size zooms by one step.
        before = surface.width
        surface.mouse.wheel(0, -60)
        surface.expect_width("width > value", before)
    notebook.page.keyboard.up("Control")
    assert surface.width > 3 * fitted
    notebook.screenshot("brush-zoomed")
    surface.drag((780, 500), (820, 500))
    found = ask(notebook, 2)
    assert found["at"] == [255, 0, 0, 0, 0]
    assert found["box"] == pytest.approx([730, 450, 870, 550], abs=3)
    notebook.screenshot("brush-zoomed", 1)
    cell.get_by_role("button", name="100 %").click()
    surface.expect_width("width === value", WIDTH)
    cell.get_by_role("button", name="Fit").click()
    surface.expect_width("Math.abs(width - value) <= 1", fitted)
    narrow(notebook, surface.sheet)
    notebook.screenshot("brush-narrow", 1)
    frame, view = surface.sheet.bounding_box(), cell.locator(".qwc").bounding_box()
    assert frame["x"] >= view["x"]
    assert frame["x"] + frame["width"] <= view["x"] + view["width"]


def test_boxes_are_drawn_and_edited(open_tool):
    notebook = open_tool('boxes = qwave.draw_boxes("photo.png")', "print(json.dumps(boxes.boxes))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    near = 2 * surface.pixel
    surface.drag((400, 300), (800, 600))
    ((x1, y1, x2, y2),) = ask(notebook, 2)
    assert [x1, y1, x2, y2] == pytest.approx([400, 300, 800, 600], abs=near)
    for edge, value in enumerate((x1, y1, x2, y2)):
        expect(cell.locator(".qwc-edges input").nth(edge)).to_have_value(str(value))

    surface.drag((x2, y2), (1000, 700))
    surface.drag((x1, (y1 + 700) / 2), (300, 500))
    ((x1, y1, x2, y2),) = ask(notebook, 2)
    assert [x1, y1, x2, y2] == pytest.approx([300, 300, 1000, 700], abs=near)

    surface.drag((600, 500), (700, 450))
    (moved,) = ask(notebook, 2)
    assert moved == pytest.approx([x1 + 100, y1 - 50, x2 + 100, y2 - 50], abs=near)
    assert moved[2] - moved[0] == x2 - x1

    surface.drag((100, 800), (-200, 1200))
    assert ask(notebook, 2)[1] == pytest.approx([0, 800, 100, 1000], abs=near)
    notebook.screenshot("boxes-light", 1)
    notebook.set_theme("Dark")
    notebook.screenshot("boxes-dark", 1)
    notebook.set_theme("Light")

    surface.drag((1300, 100), (1500, 200))
    assert len(ask(notebook, 2)) == 2
    expect(cell.get_by_role("button", name="Add box")).to_be_disabled()

    cell.get_by_label("Box 2: Right").fill("250")
    cell.get_by_label("Box 2: Right").press("Enter")
    second = ask(notebook, 2)[1]
    assert second[2] == 250
    cell.get_by_label("Box 2: Right").fill("99999")
    cell.get_by_label("Box 2: Right").press("Tab")
    assert ask(notebook, 2)[1][2] == WIDTH

    mark = cell.locator(".qwc-box").first
    mark.focus()
    before = ask(notebook, 2)[0]
    mark.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Control+ArrowDown", "Shift+ArrowLeft"):
        notebook.page.keyboard.press(key)
    x1, y1, x2, y2 = before
    assert ask(notebook, 2)[0] == [x1 + 2, y1 + 9, x2 + 1, y2 + 9]
    mark.focus()
    notebook.page.keyboard.press("Delete")
    assert len(ask(notebook, 2)) == 1
    cell.get_by_role("button", name="Add box").click()
    assert len(ask(notebook, 2)) == 2
    narrow(notebook, surface.sheet)
    notebook.screenshot("boxes-narrow", 1)


def test_palette_always_sums_to_100(open_tool):
    notebook = open_tool(
        'palette = PaletteEditor.from_image("photo.png", 5, decimals=2)\npalette',
        "print(json.dumps(palette.palette))",
        "PaletteEditor()",
    )
    cell = notebook.cell(1)
    for place in (1, 3):
        expect(notebook.cell(place).locator(".qwc-palette")).to_be_visible()

    def palette():
        found = ask(notebook, 2)
        assert sum(round(100 * one["ratio"]) for one in found) == 10_000
        return found

    first = palette()
    border = cell.locator(".qwc-border").nth(1)
    await_steady(border)
    frame = border.bounding_box()
    middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    notebook.page.mouse.move(*middle)
    notebook.page.mouse.down()
    notebook.page.mouse.move(middle[0] + 40, middle[1], steps=5)
    notebook.page.mouse.up()
    dragged = palette()
    assert dragged[1]["ratio"] > first[1]["ratio"]
    assert dragged[1]["ratio"] + dragged[2]["ratio"] == pytest.approx(first[1]["ratio"] + first[2]["ratio"])
    assert [dragged[place] for place in (0, 3, 4)] == [first[place] for place in (0, 3, 4)]

    cell.get_by_label("Share of colour 1 in percent").fill("33.33")
    cell.get_by_label("Share of colour 1 in percent").press("Enter")
    assert palette()[0]["ratio"] == 33.33
    cell.get_by_label("Hex value of colour 2").fill("#0af")
    cell.get_by_label("Hex value of colour 2").press("Enter")
    assert palette()[1]["hex"] == "#00AAFF"
    cell.get_by_label("Hex value of colour 2").fill("blue?")
    cell.get_by_label("Hex value of colour 2").press("Enter")
    assert palette()[1]["hex"] == "#00AAFF"
    notebook.screenshot("palette-light", 1)
    notebook.set_theme("Dark")
    notebook.screenshot("palette-dark", 1)
    notebook.set_theme("Light")

    cell.get_by_role("button", name="Add colour").click()
    assert len(palette()) == 6
    for _ in range(3):
        cell.get_by_role("button", name="Remove colour 1").click()
    assert len(palette()) == 3
    expect(cell.get_by_role("button", name="Remove colour 1")).to_be_disabled()
    cell.locator(".qwc-border").first.focus()
    before = palette()
    cell.locator(".qwc-border").first.focus()
    notebook.page.keyboard.press("ArrowRight")
    assert palette()[0]["ratio"] == pytest.approx(before[0]["ratio"] + 1)
    narrow(notebook, cell.locator(".qwc-palette"))
    notebook.screenshot("palette-narrow", 1)


def test_touch_pinch_and_pen_pressure(open_tool):
    notebook = open_tool('mask = qwave.paint_mask("photo.png")', "print(json.dumps(area(mask)))", face="notebook")
    surface = Surface(notebook, 1)
    wire = notebook.page.context.new_cdp_session(notebook.page)

    def touch(kind, *points):
        spots = [
            dict(zip("xy", surface.on_screen(*point), strict=True), id=place) for place, point in enumerate(points)
        ]
        wire.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": spots})
        notebook.await_frame()

    def pen(kind, x, y, force):
        x, y = surface.on_screen(x, y)
        event = {"type": f"mouse{kind}", "x": x, "y": y, "button": "left", "clickCount": 1, "force": force}
        wire.send("Input.dispatchMouseEvent", {**event, "buttons": 1, "pointerType": "pen"})
        notebook.await_frame()

    touch("Start", (400, 500))
    for x in (600, 900, 1200):
        touch("Move", (x, 500))
    touch("End")
    found = ask(notebook, 2)
    assert found["at"] == [255, 255, 255, 0, 0]
    assert found["box"] == pytest.approx([350, 450, 1250, 550], abs=3 * surface.pixel)

    before = surface.width
    touch("Start", (700, 500))
    touch("Start", (700, 500), (900, 500))
    frame = surface.sheet.bounding_box()
    for spread in (120, 200, 300):
        middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
        spots = [{"x": middle[0] + sign * spread / 2, "y": middle[1], "id": place} for place, sign in ((0, -1), (1, 1))]
        wire.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": spots})
        notebook.await_frame()
    touch("End")
    surface.expect_width("width > value", 1.5 * before)
    assert ask(notebook, 2) == found

    notebook.cell(1).get_by_role("button", name="Fit").click()
    notebook.cell(1).get_by_role("button", name="Clear").click()
    pen("Pressed", 400, 500, 0.05)
    for x in (600, 800, 1000, 1200):
        pen("Moved", x, 500, x / 1200)
    pen("Released", 1200, 500, 0)
    heights = ask(notebook, 2)["box"]
    assert heights == pytest.approx([380, 450, 1250, 550], abs=4 * surface.pixel)
    notebook.screenshot("brush-pen", 1)
