"""Images that a browser sends to a control: bounded in bytes and number, upright, and refused in words."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from qwave_jupyter import i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.received_images import store_upload
from qwave_jupyter.widgets.panel.images import ImageStrip
from qwave_jupyter.widgets.panel.panel import Panel
from qwave_jupyter.widgets.panel.state import PanelState
from tests.fake_session import replace_default
from tests.image_factory import encoded, plain

CATALOG = load("2026-04")
SET = ("16:9", "2k", "low", 3, "opaque", 7)
STROKE = {"kind": "paint", "size": 10, "points": [[9, 9]]}


@pytest.fixture(autouse=True)
def _english_home(tmp_path, monkeypatch):
    i18n.use("en")
    monkeypatch.setenv("QWAVE_HOME", str(tmp_path / "home"))
    replace_default(monkeypatch)
    yield
    i18n.use(None)


@pytest.fixture
def open_panel():
    opened = []

    def start(model="gpt-image-2", **values):
        opened.append(Panel(PanelState(CATALOG.model(model), prompt="a pier", **values)))
        return opened[-1]

    yield start
    for panel in opened:
        panel.close()


def send(control, message, *buffers):
    """What a frontend sends."""
    content = {"content": {"data": {"method": "custom", "content": message}}, "buffers": list(buffers)}
    control.comm.handle_msg(content)


def turned_photo(width=60, height=40, orientation=6):
    """A photo as a phone writes it: its pixels lie on their side."""
    image = Image.new("RGB", (width, height), "teal")
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"%PDF-1.7 and so on", "it is a PDF"),
        (b"PK\x03\x04 and so on", "it is a ZIP archive"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is an SVG drawing"),
        (plain()[:60], "damaged or cut off"),
    ],
)
def test_what_is_no_image_is_refused_in_words(open_panel, content, said):
    panel = open_panel()
    send(panel.view.references, {"files": {"heavy": [], "beyond": []}})
    send(panel.view.references, {"upload": "a.png"}, content)
    send(panel.view.references, {"upload": "b.png"}, plain())
    # The reason stays beside the one that was taken.
    (note,) = panel.view.references.notes
    assert note.startswith("a.png in images is no image that can be read: ")
    assert said in note
    assert [image.label for image in panel.state.selected] == ["b.png"]
    send(panel.view.references, {"remove": 0})
    assert panel.view.references.notes == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_allowed_formats_are_written_to_files(tmp_path, kind):
    content = plain(kind=kind)
    file = store_upload(content, tmp_path, "../../evil.png")
    assert file.parent == tmp_path / "uploads"
    assert file.read_bytes() == content
    assert file.suffix == {"JPEG": ".jpg", "TIFF": ".tif"}.get(kind, f".{kind.lower()}")


@pytest.mark.parametrize(
    ("refused", "notes"),
    [
        (
            {"heavy": ["a.png", "b.png"], "beyond": []},
            ["Too heavy to upload: a.png, b.png. Above 9 MB a browser loses it; give its path instead."],
        ),
        (
            {"heavy": [], "beyond": ["c.png"]},
            ["Not taken: c.png. There was room for 4 images more; remove some to add others."],
        ),
        ({"heavy": [7, None, "x\n" + "y" * 99 + ".png"], "beyond": 3}, None),
        ({"heavy": None}, []),
    ],
)
def test_files_that_stay_behind_are_named(refused, notes):
    strip = ImageStrip("References", lambda *_: None)
    strip.room = 4
    send(strip, {"files": refused})
    if notes is None:
        (note,) = strip.notes
        assert "x yyy" in note
        assert len(note) < 150
    else:
        assert strip.notes == notes
    strip.close_all()


@pytest.mark.parametrize(
    ("room", "said"), [(0, "no room for more images"), (1, "one image more"), (20, "20 images at once")]
)
def test_number_of_files_is_bounded_in_words(room, said):
    strip = ImageStrip("References", lambda *_: None)
    strip.room = room
    send(strip, {"files": {"beyond": ["z.png"]}})
    assert said in strip.notes[0]
    strip.close_all()


def test_bytes_are_bounded_in_the_kernel_too():
    taken = []
    strip = ImageStrip("References", lambda *change: taken.append(change))
    strip.max_bytes = 1000
    for size in (999, 1000, 1001, 5000):
        send(strip, {"upload": f"{size}.png"}, b"x" * size)
    assert [name for _, _, name in taken] == ["999.png", "1000.png"]
    assert [note.partition(". Above")[0] for note in strip.notes] == [
        "Too heavy to upload: 1001.png",
        "Too heavy to upload: 5000.png",
    ]
    strip.close_all()


@pytest.mark.parametrize("model", ["gpt-4o-image", "gpt-image-2", "wan2.7-image"])
def test_references_have_room_for_as_many_as_go_along(open_panel, model):
    panel = open_panel(model)
    strip, most = panel.view.references, panel.state.max_images
    assert strip.room == min(most, 20)
    for number in range(most + 2):
        send(strip, {"upload": f"{number}.png"}, plain(30 + number, 20))
    assert len(panel.state.selected) == len(panel.state.images) == most
    assert strip.room == 0
    assert strip.notes[0].startswith(f"Not added: {model} takes ")
    assert strip.notes[0].endswith("to add another.")
    for message in ({"dropped": "other.png"}, {"add": "other.png"}):
        send(strip, message)
        assert len(panel.state.selected) == most
        assert strip.notes[0].startswith(f"Not added: {model} takes ")


def test_result_is_taken_by_its_path(open_panel, tmp_path):
    file = tmp_path / "result.png"
    file.write_bytes(plain())
    panel = open_panel()
    send(panel.view.references, {"dropped": str(file)})
    assert [image.expression for image in panel.state.selected] == [str(file)]
    send(panel.view.references, {"pasted": ""})
    assert panel.view.references.notes == ["There is no image in the clipboard. Copy one, then paste it here."]
    send(panel.view.references, {"unreadable": "folder"})
    assert panel.view.references.notes[1:] == ["The browser can't read folder. Give an image file, not a folder."]


@pytest.mark.parametrize(
    "message", [{"upload": 3}, {"upload": "x"}, {"dropped": 3}, {"files": []}, {"unreadable": None}]
)
def test_other_messages_change_nothing(open_panel, message):
    panel = open_panel()
    send(panel.view.references, message)
    assert panel.state.selected == ()
    assert panel.view.references.notes == []


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photos_are_upright_everywhere(open_panel, orientation):
    upright = (40, 60) if orientation != 3 else (60, 40)
    panel = open_panel("gpt-image-2")
    send(panel.view.references, {"upload": "phone.jpg"}, turned_photo(orientation=orientation))
    assert [reference.size for reference in panel.request().references] == [upright]
    panel.set("action", "inpaint")
    assert panel.tools.brush.size == upright
    brush = MaskBrush(plain())
    send(brush, {"upload": "phone.jpg"}, turned_photo(orientation=orientation))
    assert brush.size == upright
    brush.close_all()


def test_brush_lies_on_what_it_is_given(tmp_path):
    brush = MaskBrush(plain(90, 70))
    brush.value = [STROKE]
    former = brush.preview
    result = tmp_path / "result.png"
    result.write_bytes(plain(50, 80, colour="gold"))
    for message, buffers, size, name in (
        ({"upload": "a.png"}, [plain(120, 40)], (120, 40), "a.png"),
        ({"dropped": str(result)}, [], (50, 80), "result.png"),
    ):
        brush.value = [STROKE]
        send(brush, {"files": {}})
        send(brush, message, *buffers)
        assert brush.size == size
        assert brush.value == []
        assert brush.mask is None
        assert brush.preview != former
        assert brush.notes[0].startswith(f"You now paint over {name}. Give the cell this image too: -i ")
        brush.value = [STROKE]
        assert brush.mask.size == size
        former = brush.preview
    assert str(result) in brush.notes[0]
    for message, buffers in (
        ({"upload": "a.png"}, [b"no image"]),
        ({"dropped": "nowhere.png"}, []),
        ({"dropped": "\0"}, []),
    ):
        brush.notes = []
        send(brush, message, *buffers)
        assert (brush.size, brush.value) == ((50, 80), [STROKE])
        assert len(brush.notes) == 1
    send(brush, {"files": {"beyond": ["b.png", "c.png"]}})
    assert brush.notes == ["Not taken: b.png, c.png. One image is painted over at a time."]
    brush.close_all()


def test_brush_in_the_panel_changes_the_first_reference(open_panel, tmp_path):
    panel = open_panel("gpt-image-2")
    for number in (1, 2):
        send(panel.view.references, {"upload": f"{number}.png"}, plain(40 + number, 30))
    panel.set("action", "inpaint")
    brush = panel.tools.brush
    brush.value = [STROKE]
    assert panel.state.mask is not None
    send(brush, {"upload": "other.png"}, plain(77, 33))
    assert [image.label for image in panel.state.selected] == ["other.png", "2.png"]
    assert panel.state.mask is None
    assert panel.tools.brush is brush
    assert (brush.size, brush.value) == ((77, 33), [])
    result = tmp_path / "result.png"
    result.write_bytes(plain(21, 22))
    send(brush, {"dropped": str(result)})
    assert panel.state.selected[0].expression == str(result)
    assert brush.size == (21, 22)
    send(brush, {"upload": "bad.png"}, b"no image")
    assert panel.state.selected[0].expression == str(result)
    assert "bad.png in images is no image" in brush.notes[0]


def test_mask_is_taken_once(open_panel):
    panel = open_panel("gpt-image-2")
    send(panel.view.references, {"upload": "a.png"}, plain(40, 30))
    assert panel.view.mask.room == 1
    send(panel.view.mask, {"upload": "m.png"}, encoded(Image.new("RGBA", (40, 30)), "PNG"))
    assert (panel.state.mask.label, panel.view.mask.room) == ("m.png", 0)
    send(panel.view.mask, {"upload": "n.png"}, encoded(Image.new("RGBA", (40, 30), "red"), "PNG"))
    assert panel.state.mask.label == "m.png"
    assert panel.view.mask.notes == ["There is a mask already. Remove it to take another."]


@pytest.mark.parametrize("change", ["images", "values", "prompt"])
def test_messages_of_several_threads_lose_nothing(open_panel, change):
    # JupyterLab may send a control's first messages to the kernel's main thread, and later ones to a subshell's.
    panel = open_panel("gpt-image-2")
    together = threading.Barrier(6)
    ratios = ("1:1", "3:2", "2:3", "4:3", "3:4", "16:9")

    def act(number):
        together.wait(30)
        if change == "images":
            panel.change_images("images", "upload", plain(30 + number, 20), f"{number}.png")
        elif change == "values":
            panel.set(("aspect_ratio", "resolution", "quality", "n", "background", "seed")[number], SET[number])
        else:
            panel.set("aspect_ratio", ratios[number])
            panel.set_prompt(f"prompt {number}")

    started = [threading.Thread(target=act, args=[number]) for number in range(6)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(60)
    if change == "images":
        assert {image.label for image in panel.state.selected} == {f"{number}.png" for number in range(6)}
        assert [item["label"] for item in panel.view.references.items] == [one.label for one in panel.state.selected]
    elif change == "values":
        assert panel.state.values == dict(
            zip(("aspect_ratio", "resolution", "quality", "n", "background", "seed"), SET, strict=True)
        )
    else:
        assert panel.view.prompt.value == panel.state.prompt
        assert panel.request().values["aspect_ratio"] == panel.state.values["aspect_ratio"]


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_upload_that_cannot_be_read_writes_nothing(tmp_path, content):
    with pytest.raises(ReferenceMistake):
        store_upload(content, tmp_path, "a.png")
    assert not (tmp_path / "uploads").exists()
