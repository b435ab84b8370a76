"""The mask brush, the box editor and the palette editor under a real mouse and keyboard, in a real JupyterLab."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.demo.painter import Brief, paint
from tests.browser.driver import NotebookPage

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 1600, 1000
COUNT = "window.jupyterapp.shell.currentWidget.content.widgets[place].model.executionCount"
SETUP = """import json
import qwave_jupyter as qwave
from qwave_jupyter.notebook.canvas import PaletteEditor
def area(brush):
    mask = brush.mask
    if mask is None:
        return None
    painted = mask.getchannel("A").point(lambda alpha: 255 - alpha)
    where = ((800, 500), (400, 500), (1200, 500), (800, 100), (800, 900))
    return {"size": mask.size, "box": painted.getbbox(), "pixels": painted.histogram()[255],
            "at": [painted.getpixel(spot) for spot in where]}"""


@pytest.fixture
def opened(lab, context, quick_server):
    """A notebook with a picture beside it; the first cell has run."""
    notebooks = []

    def start(*cells, face="lab", size=(1200, 900)):
        server = lab(quick_server)
        brief = Brief("a red lighthouse on a cliff at dusk", WIDTH, HEIGHT, seed=3)
        (server.folder / "photo.png").write_bytes(paint(brief))
        notebook = NotebookPage(context, server, server.notebook("canvas.ipynb", SETUP, *cells), face)
        notebook.page.set_viewport_size({"width": size[0], "height": size[1]})
        notebook.run(*range(len(cells)))
        notebook.wait(len(cells) - 1)
        notebooks.append(notebook)
        return notebook

    yield start
    for notebook in notebooks:
        notebook.close()


def ask(notebook, place):
    """Run a cell that prints JSON, and read it."""
    notebook.page.wait_for_timeout(400)
    before = notebook.page.evaluate(f"place => {COUNT}", place)
    notebook.run(place)
    notebook.page.wait_for_function(
        f"([place, before]) => {COUNT} > before",
        arg=[place, before or 0],
    )
    notebook.wait(place)
    return json.loads(notebook.text(place))


def narrow(notebook):
    """As wide as a phone, without the file browser."""
    notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    notebook.page.set_viewport_size({"width": 420, "height": 800})
    notebook.page.wait_for_timeout(800)


class Surface:
    """The picture on the screen, in the picture's own pixels."""

    def __init__(self, notebook, place):
        self.notebook, self.mouse = notebook, notebook.page.mouse
        self.sheet = notebook.cell(place).locator(".qwc-sheet")
        self.sheet.wait_for()
        self.sheet.scroll_into_view_if_needed()
        notebook.page.wait_for_timeout(300)

    def on_screen(self, x, y):
        frame = self.sheet.bounding_box()
        return frame["x"] + x * frame["width"] / WIDTH, frame["y"] + y * frame["height"] / HEIGHT

    @property
    def pixel(self):
        """How many of the picture's pixels one of the screen's is."""
        return WIDTH / self.sheet.bounding_box()["width"]

    def drag(self, *points):
        self.mouse.move(*self.on_screen(*points[0]))
        self.mouse.down()
        for point in points[1:]:
            self.mouse.move(*self.on_screen(*point), steps=8)
        self.mouse.up()


def test_a_mask_is_painted_undone_inverted_and_read_by_python(opened):
    notebook = opened('mask = qwave.paint_mask("photo.png")\nmask', "print(json.dumps(area(mask)))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    assert cell.locator(".qwc-brush").count() == 1
    assert ask(notebook, 2) is None

    surface.drag((400, 500), (1200, 500))
    found = ask(notebook, 2)
    near = 3 * surface.pixel
    assert found["size"] == [WIDTH, HEIGHT]
    assert found["at"] == [255, 255, 255, 0, 0]
    assert found["box"] == pytest.approx([350, 450, 1250, 550], abs=near)
    assert "5.5 % painted" in cell.locator(".qwc-state").inner_text()

    surface.drag((800, 100), (800, 300), (600, 200))
    assert ask(notebook, 2)["at"] == [255, 255, 255, 255, 0]
    notebook.shot("brush-light", 1)
    notebook.theme("Dark")
    notebook.shot("brush-dark", 1)
    notebook.theme("Light")

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
    assert cell.locator(".qwc-number").inner_text() == "120 px"
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


def test_zoomed_strokes_land_where_the_mouse_is(opened):
    notebook = opened('mask = qwave.paint_mask("photo.png")', "print(json.dumps(area(mask)))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    fitted = surface.sheet.bounding_box()["width"]
    assert fitted <= cell.locator(".qwc-view").bounding_box()["width"] + 1
    surface.mouse.move(*surface.on_screen(800, 500))
    notebook.page.keyboard.down("Control")
    for _ in range(6):
        surface.mouse.wheel(0, -60)
        notebook.page.wait_for_timeout(60)
    notebook.page.keyboard.up("Control")
    assert surface.sheet.bounding_box()["width"] > 3 * fitted
    notebook.shot("brush-zoomed")
    surface.drag((780, 500), (820, 500))
    found = ask(notebook, 2)
    assert found["at"] == [255, 0, 0, 0, 0]
    assert found["box"] == pytest.approx([730, 450, 870, 550], abs=3)
    notebook.shot("brush-zoomed", 1)
    cell.get_by_role("button", name="100 %").click()
    assert surface.sheet.bounding_box()["width"] == WIDTH
    cell.get_by_role("button", name="Fit").click()
    assert surface.sheet.bounding_box()["width"] == pytest.approx(fitted, abs=1)
    narrow(notebook)
    notebook.shot("brush-narrow", 1)
    frame, view = surface.sheet.bounding_box(), cell.locator(".qwc").bounding_box()
    assert frame["x"] >= view["x"]
    assert frame["x"] + frame["width"] <= view["x"] + view["width"]


def test_boxes_are_drawn_moved_resized_typed_and_deleted(opened):
    notebook = opened('boxes = qwave.draw_boxes("photo.png")', "print(json.dumps(boxes.boxes))")
    cell = notebook.cell(1)
    surface = Surface(notebook, 1)
    near = 2 * surface.pixel
    surface.drag((400, 300), (800, 600))
    ((x1, y1, x2, y2),) = ask(notebook, 2)
    assert [x1, y1, x2, y2] == pytest.approx([400, 300, 800, 600], abs=near)
    assert [one.input_value() for one in cell.locator(".qwc-edges input").all()] == [
        str(one) for one in (x1, y1, x2, y2)
    ]

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
    notebook.shot("boxes-light", 1)
    notebook.theme("Dark")
    notebook.shot("boxes-dark", 1)
    notebook.theme("Light")

    surface.drag((1300, 100), (1500, 200))
    assert len(ask(notebook, 2)) == 2
    assert cell.get_by_role("button", name="Add box").is_disabled()

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
    narrow(notebook)
    notebook.shot("boxes-narrow", 1)


def test_a_palette_always_sums_to_100(opened):
    notebook = opened(
        'palette = PaletteEditor.from_picture("photo.png", 5, decimals=2)\npalette',
        "print(json.dumps(palette.palette))",
        "PaletteEditor()",
    )
    cell = notebook.cell(1)
    cell.locator(".qwc-palette").wait_for()

    def palette():
        found = ask(notebook, 2)
        assert sum(round(100 * one["ratio"]) for one in found) == 10_000
        return found

    first = palette()
    border = cell.locator(".qwc-border").nth(1)
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
    notebook.shot("palette-light", 1)
    notebook.theme("Dark")
    notebook.shot("palette-dark", 1)
    notebook.theme("Light")

    cell.get_by_role("button", name="Add colour").click()
    assert len(palette()) == 6
    for _ in range(3):
        cell.get_by_role("button", name="Remove colour 1").click()
    assert len(palette()) == 3
    assert cell.get_by_role("button", name="Remove colour 1").is_disabled()
    cell.locator(".qwc-border").first.focus()
    before = palette()
    cell.locator(".qwc-border").first.focus()
    notebook.page.keyboard.press("ArrowRight")
    assert palette()[0]["ratio"] == pytest.approx(before[0]["ratio"] + 1)
    narrow(notebook)
    notebook.shot("palette-narrow", 1)


def test_a_finger_paints_two_fingers_zoom_and_a_pen_presses_in_notebook_7(opened):
    notebook = opened('mask = qwave.paint_mask("photo.png")', "print(json.dumps(area(mask)))", face="notebook")
    surface = Surface(notebook, 1)
    wire = notebook.page.context.new_cdp_session(notebook.page)

    def touch(kind, *points):
        spots = [
            dict(zip("xy", surface.on_screen(*point), strict=True), id=place) for place, point in enumerate(points)
        ]
        wire.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": spots})
        notebook.page.wait_for_timeout(30)

    def pen(kind, x, y, force):
        x, y = surface.on_screen(x, y)
        event = {"type": f"mouse{kind}", "x": x, "y": y, "button": "left", "clickCount": 1, "force": force}
        wire.send("Input.dispatchMouseEvent", {**event, "buttons": 1, "pointerType": "pen"})
        notebook.page.wait_for_timeout(30)

    touch("Start", (400, 500))
    for x in (600, 900, 1200):
        touch("Move", (x, 500))
    touch("End")
    found = ask(notebook, 2)
    assert found["at"] == [255, 255, 255, 0, 0]
    assert found["box"] == pytest.approx([350, 450, 1250, 550], abs=3 * surface.pixel)

    before = surface.sheet.bounding_box()["width"]
    touch("Start", (700, 500))
    touch("Start", (700, 500), (900, 500))
    frame = surface.sheet.bounding_box()
    for spread in (120, 200, 300):
        middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
        spots = [{"x": middle[0] + sign * spread / 2, "y": middle[1], "id": place} for place, sign in ((0, -1), (1, 1))]
        wire.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": spots})
        notebook.page.wait_for_timeout(30)
    touch("End")
    assert surface.sheet.bounding_box()["width"] > 1.5 * before
    assert ask(notebook, 2) == found

    notebook.cell(1).get_by_role("button", name="Fit").click()
    notebook.cell(1).get_by_role("button", name="Clear").click()
    pen("Pressed", 400, 500, 0.05)
    for x in (600, 800, 1000, 1200):
        pen("Moved", x, 500, x / 1200)
    pen("Released", 1200, 500, 0)
    heights = ask(notebook, 2)["box"]
    assert heights == pytest.approx([380, 450, 1250, 550], abs=4 * surface.pixel)
    notebook.shot("brush-pen", 1)
