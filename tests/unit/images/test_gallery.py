from __future__ import annotations

import base64
import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from PIL import Image

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images import contact_sheet
from qwave_jupyter.images.gallery import Gallery, GeneratedImage, write_report
from qwave_jupyter.images.preview import PreviewOptions, preview_file
from tests.image_factory import encoded, noise, plain
from tests.waiting import PATIENCE


def detailed(width, height):
    """As detailed as a photograph: noise of every scale."""
    image = Image.new("RGB", (width, height))
    for scale in (4, 16, 64):
        layer = noise(max(1, width // scale), max(1, height // scale)).resize((width, height), Image.Resampling.BICUBIC)
        image = Image.blend(image, layer, 0.5)
    return image


@cache
def photo_png(side):
    """A detailed square as a PNG."""
    return encoded(detailed(side, side), "PNG", compress_level=1)


@pytest.fixture
def made(tmp_path):
    def make(name="a.png", content=None, **more):
        path = tmp_path / "images" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if content is not None else plain(400, 300))
        showing = more.pop("showing", PreviewOptions(cache=tmp_path / "previews"))
        told = {"prompt": "a <b>cat</b>", "model": "gpt-image-2", "task_id": "task-1", "job_id": "8499f3a2-1"}
        return GeneratedImage(path, width=400, height=300, format="png", showing=showing, **{**told, **more})

    return make


def shown(bundle, mime):
    return Image.open(io.BytesIO(base64.b64decode(bundle[0][mime])))


OTHER_FILES = {
    "b.png": plain(),
    "b.jpg": plain(kind="JPEG"),
    "b.html": plain(kind="WEBP"),
    "b.png.json": b'{"prompt": "a cat"}',
    "analysis.ipynb": b'{"cells": []}',
    "notes.txt": b"mine",
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_page_replaces_nothing_but_a_page(made, tmp_path, name):
    gallery, path = Gallery([made()]), tmp_path / name
    path.write_bytes(OTHER_FILES[name])
    writers = [gallery.to_html, *([lambda path: write_report(path, gallery)] if name.endswith("html") else [])]
    for write in writers:
        with pytest.raises(OptionMistake, match=f"{name} is a file of another kind"):
            write(path)
        assert path.read_bytes() == OTHER_FILES[name]


def test_page_replaces_an_earlier_page(made, tmp_path):
    (tmp_path / "page.html").touch()
    first = Gallery([made()]).to_html(tmp_path / "page.html", title="first")
    assert "second" in Gallery([made()]).to_html(first, title="second").read_text("utf-8")
    (tmp_path / "link.html").symlink_to(made().path)
    with pytest.raises(OptionMistake, match="another kind"):
        Gallery([made()]).to_html(tmp_path / "link.html")


def test_alternative_text_reaches_a_classic_page(made):
    data, metadata = made(content=plain())._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert '<img alt="a &lt;b&gt;cat&lt;/b&gt;"' in page


@pytest.mark.slow
def test_preview_is_a_light_jpeg(made):
    image = made(content=photo_png(2048))
    data, metadata = bundle = image._repr_mimebundle_()
    assert set(data) == {"image/jpeg", "text/plain"}
    assert shown(bundle, "image/jpeg").size == (768, 768)
    assert len(json.dumps(data)) < 160_000
    assert metadata["image/jpeg"] == {"alt": "a <b>cat</b>", "width": 768, "height": 768}
    assert str(image.path) in data["text/plain"]
    assert "a <b>cat</b>" in data["text/plain"]


def test_preview_is_written_atomically(made, tmp_path, monkeypatch):
    image, whole = made(), Path.write_bytes
    meeting = threading.Barrier(2)
    halves = []

    def slowly(path, content):
        whole(path, content[: len(content) // 2])
        meeting.wait(PATIENCE)
        halves.append(path)
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", slowly)
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: image.mimebundle(), range(2)))
    assert len(set(halves)) == 2
    assert [file.suffix for file in (tmp_path / "previews").iterdir()] == [".jpg"]


def test_preview_keeps_transparency(made):
    image = made(content=encoded(Image.new("RGBA", (900, 300), (0, 0, 0, 0)), "PNG"))
    assert shown(image.mimebundle(), "image/png").getpixel((3, 3))[3] == 0
    opaque = made("b.png", encoded(Image.new("RGBA", (900, 300), (9, 9, 9, 255)), "PNG"))
    assert "image/jpeg" in opaque.mimebundle()[0]


def test_preview_is_not_enlarged(made):
    assert shown(made(content=plain(40, 30)).mimebundle(), "image/jpeg").size == (40, 30)


def test_embed_full_and_link(made):
    image = made()
    full, _ = image.mimebundle(embed="full")
    assert base64.b64decode(full["image/png"]) == image.path.read_bytes()
    assert set(image.mimebundle(embed="link")[0]) == {"text/plain"}
    webp = made("a.webp", plain(1000, 500, "WEBP"))
    assert shown(webp.mimebundle(embed="full"), "image/jpeg").size == (1000, 500)


@pytest.mark.parametrize("count", [1, 3], ids=["image", "sheet"])
def test_embed_html_names_the_image_for_a_screen_reader(made, count):
    gallery = Gallery(made(f"{place}.png", prompt=f'"{place}" & <b>cats</b>') for place in range(count))
    data, metadata = gallery.mimebundle(embed="html")
    assert {kind: data[kind] for kind in ("image/jpeg", "text/plain")} == gallery.mimebundle()[0]
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (image,) = BeautifulSoup(page, "html.parser").select("img")
    assert image["alt"] == " | ".join(f'"{place}" & <b>cats</b>' for place in range(count))
    assert image["src"] == f"data:image/jpeg;base64,{data['image/jpeg']}"
    assert (int(image["width"]), int(image["height"])) == shown((data, metadata), "image/jpeg").size


@pytest.mark.parametrize("embed", ["HTML", "", "png"])
def test_embed_of_another_name_is_refused(made, embed):
    for one in (made(), Gallery([made(), made("b.png")])):
        with pytest.raises(OptionMistake, match="preview, full, link or html"):
            one.mimebundle(embed=embed)


def test_preview_cache_follows_the_file(made, tmp_path):
    image = made()
    first = image.mimebundle()
    (kept,) = (tmp_path / "previews").iterdir()
    kept.write_bytes(plain(7, 7, "JPEG"))
    assert shown(image.mimebundle(), "image/jpeg").size == (7, 7)
    kept.write_bytes(b"torn")
    assert image.mimebundle() == first
    image.path.write_bytes(plain(50, 50))
    assert shown(image.mimebundle(), "image/jpeg").size == (50, 50)


def test_preview_of_a_broken_file(made):
    image = made()
    image.path.unlink()
    assert set(image.mimebundle()[0]) == {"text/plain"}
    assert set(made("b.png", b"nonsense").mimebundle()[0]) == {"text/plain"}
    gallery = Gallery([image, made("c.png")])
    assert "image/jpeg" in gallery.mimebundle()[0]


@pytest.mark.slow
def test_contact_sheet_keeps_its_budget(made):
    gallery = Gallery(made(f"{place}.png", photo_png(1024), parameters={"seed": place, "n": 8}) for place in range(8))
    data, metadata = bundle = gallery._repr_mimebundle_()
    sheet = shown(bundle, "image/jpeg")
    assert sheet.width <= 768
    assert len(json.dumps(data)) < 400_000
    assert gallery.captions() == tuple(f"{place + 1} · seed {place}" for place in range(8))
    assert data["text/plain"].count("\n") == 15
    assert metadata["image/jpeg"]["alt"] == "a <b>cat</b>"


def test_gallery_is_a_sequence(made):
    images = [made(f"{place}.png") for place in range(3)]
    gallery = Gallery(images)
    assert gallery[0] is images[0]
    assert gallery[-1] is images[2]
    assert isinstance(gallery[1:], Gallery)
    assert list(gallery[1:] + gallery[:1]) == [images[1], images[2], images[0]]
    assert len(gallery + images) == 6
    assert gallery == Gallery(images)
    assert images[1] in gallery
    with pytest.raises(TypeError):
        gallery + 3
    with pytest.raises(IndexError):
        gallery[3]
    assert Gallery().mimebundle() == ({"text/plain": "no images"}, {})


def test_gallery_save_copies_safely(made, tmp_path):
    images = [made(f"{place}.png", parameters={"seed": 7}) for place in range(2)]
    images[0].path.with_name("0.png.json").write_text("{}")
    gallery = Gallery(images)
    copies = gallery.save(tmp_path / "best", "{slug}/../{model}-{seed}")
    assert [one.path.name for one in copies] == ["a-b-cat-b-..-gpt-image-2-7.png", "a-b-cat-b-..-gpt-image-2-7-2.png"]
    assert (tmp_path / "best" / "a-b-cat-b-..-gpt-image-2-7.png.json").is_file()
    assert [one.path.name for one in gallery.save(tmp_path / "as-is")] == ["0.png", "1.png"]
    with pytest.raises(OptionMistake, match="slug"):
        gallery.save(tmp_path, "{nonsense}")


def test_gallery_page_is_escaped(made, tmp_path):
    page = Gallery([made(parameters={"style": "<script>"})]).to_html(tmp_path / "out" / "g.html").read_text("utf-8")
    assert "<script" not in page
    assert "a &lt;b&gt;cat&lt;/b&gt;" in page
    assert re.search(r'<img alt="a &lt;b&gt;cat[^>]+src="data:image/jpeg;base64,', page)
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_contact_sheet_labels_empty_tiles(made):
    tiles = [contact_sheet.Tile(made().path, "one"), contact_sheet.Tile(None, "two", "the provider refused the prompt")]
    sheet = contact_sheet.draw_sheet(tiles * 2, row_labels=["oil", "墨"], column_labels=["seed 1", "seed 2"], width=500)
    assert sheet.width == pytest.approx(500, abs=4)
    assert len(set(sheet.crop((300, 60, 480, 120)).getcolors() or [])) > 1
    assert Gallery([made()] * 5).sheet(columns=5).width <= 768


@pytest.mark.slow
def test_gallery_memory_is_bounded(made):
    import tracemalloc

    content = encoded(Image.new("RGB", (1000, 1000), "navy"), "PNG")
    gallery = Gallery(made(f"{place}.png", content) for place in range(30))
    tracemalloc.start()
    gallery.mimebundle()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_image_pil_keeps_no_file_open(made):
    image = made()
    opened = image.pil
    image.path.unlink()
    assert opened.getpixel((1, 1)) == (0, 128, 128)
    assert preview_file(image.path, PreviewOptions()) is None


@pytest.mark.parametrize("pattern", ["x", "cat-{i}", "{name}"])
@pytest.mark.parametrize("kept", [".png.json", ".png", "-2.png.json"])
def test_gallery_save_overwrites_no_file_of_others(made, tmp_path, pattern, kept):
    image = made("0.png")
    image.path.with_name("0.png.json").write_text("{}")
    folder = tmp_path / "best"
    folder.mkdir()
    name = {"x": "x", "cat-{i}": "cat-1", "{name}": "0"}[pattern]
    theirs = folder / f"{name}{kept}"
    theirs.write_text("mine")
    (folder / f"{name}.png").write_text("mine")
    (copy,) = Gallery([image]).save(folder, pattern)
    assert theirs.read_text() == "mine"
    assert copy.path.name == f"{name}-{3 if kept == '-2.png.json' else 2}.png"
    assert copy.path.read_bytes() == image.path.read_bytes()
    assert copy.path.with_name(f"{copy.path.name}.json").read_text() == "{}"


@pytest.mark.parametrize("pattern", ["x", "{name}", "{slug}-{i}"])
def test_gallery_saved_again_makes_no_second_copy(made, tmp_path, pattern):
    images = Gallery([made("0.png"), made("1.png")])
    first = images.save(tmp_path / "best", pattern)
    assert images.save(tmp_path / "best", pattern).paths == first.paths
    assert len(set(first.paths)) == 2
    assert sorted(tmp_path.joinpath("best").glob("*.png")) == sorted(first.paths)


def test_gallery_save_into_its_own_folder_by_another_name(made, tmp_path):
    image = made("0.png")
    (tmp_path / "link").symlink_to(image.path.parent)
    assert [one.path.read_bytes() for one in Gallery([image]).save(tmp_path / "link")] == [image.path.read_bytes()]
    assert [one.name for one in image.path.parent.glob("*.png")] == ["0.png"]
