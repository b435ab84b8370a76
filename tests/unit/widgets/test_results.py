"""The images of a run as the browser gets them: previews at first, a file on demand, never more than fits."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.widgets.panel import results
from qwave_jupyter.widgets.panel.results import Comparison, Results, read_full


def write_image(folder, name, size=(90, 60), mode="RGB"):
    file = folder / name
    Image.effect_noise(size, 80).convert(mode).save(file)
    return GeneratedImage(file, prompt=f"prompt of {name}", model="some-model", width=size[0], height=size[1])


def receive(control, message):
    """What a frontend sends."""
    control.comm.handle_msg({"content": {"data": {"method": "custom", "content": message}}, "buffers": []})


@pytest.mark.parametrize(("name", "mime"), [("a.png", "image/png"), ("b.jpg", "image/jpeg"), ("c.webp", "image/webp")])
def test_full_image_is_the_file(tmp_path, name, mime):
    image = write_image(tmp_path, name)
    full = read_full(image)
    assert (full.content, full.mime, full.note) == (image.path.read_bytes(), mime, "")


@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGB"), ("b.png", "RGBA"), ("c.tif", "RGB")])
def test_full_image_that_is_too_large_is_smaller(tmp_path, monkeypatch, name, mode):
    image = write_image(tmp_path, name, (600, 400), mode)
    monkeypatch.setattr(results, "MAX_FULL_BYTES", 60_000)
    full = read_full(image)
    assert 0 < len(full.content) <= 60_000 * 4
    assert str(image.path) in full.note
    assert "MB" in full.note
    with Image.open(io.BytesIO(full.content)) as shown:
        assert shown.size == (600, 400)


def test_full_image_that_is_gone(tmp_path):
    gone, broken, folder = (write_image(tmp_path, name) for name in ("a.png", "b.png", "c.png"))
    gone.path.unlink()
    broken.path.write_bytes(b"no image")
    folder.path.unlink()
    folder.path.mkdir()
    for image in (gone, broken, folder):
        full = read_full(image)
        assert full.content == b""
        assert str(image.path) in full.note


def test_results_send_previews_then_one_file(tmp_path, monkeypatch):
    asked, sent = [], []
    control = Results(lambda kind, index: asked.append((kind, index)))
    gallery = Gallery([write_image(tmp_path, name) for name in ("a.png", "b.png", "c.png")])
    control.show(gallery)
    assert [item["name"] for item in control.items] == ["a.png", "b.png", "c.png"]
    assert [item["alt"] for item in control.items] == ["prompt of a.png", "prompt of b.png", "prompt of c.png"]
    assert all(item["src"].startswith("data:image/jpeg") for item in control.items)
    monkeypatch.setattr(control, "send", lambda content, buffers: sent.append((content, buffers)))
    receive(control, {"open": 1})
    assert sent == [({"full": 1, "mime": "image/png", "note": ""}, [gallery[1].path.read_bytes()])]
    receive(control, {"star": 2})
    receive(control, {"compare": 0})
    assert asked == [("star", 2), ("compare", 0)]
    control.set_star(2, on=True)
    control.set_star(0, on=True)
    control.set_star(2, on=False)
    assert control.starred == [0]
    for message in ({"open": 3}, {"open": -1}, {"open": "1"}, {"star": True}, {"compare": None}, {"other": 1}, {}):
        receive(control, message)
    assert len(sent) == 1
    assert len(asked) == 2
    control.close_all()


def test_comparison_needs_two(tmp_path):
    images = [write_image(tmp_path, name) for name in ("a.png", "b.png", "c.png")]
    control = Comparison()
    for count, shown in ((0, 0), (1, 0), (2, 2), (3, 3)):
        control.compare(images[:count])
        assert len(control.images) == shown
    images[1].path.unlink()
    control.compare(images)
    assert [one["caption"] for one in control.images] == ["some-model · a.png", "some-model · c.png"]
    control.close_all()
