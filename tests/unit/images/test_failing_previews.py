"""Thumbnails, previews, sheets and terminal images that fail are logged with their whole reason, and never raised."""

from __future__ import annotations

import logging
import struct

import pytest
from PIL import Image

from qwave_jupyter.images import contact_sheet, image_io, pixels, preview, saver
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.preview import PreviewOptions, preview_file
from qwave_jupyter.magics import terminal_view
from qwave_jupyter.widgets.panel.images import _render_thumbnail
from qwave_jupyter.widgets.panel.results import read_full
from tests.image_factory import plain
from tests.waiting import PATIENCE

PROBLEMS = pytest.mark.parametrize(
    "problem",
    [
        OSError(28, "No space left"),
        ValueError("bad value"),
        SyntaxError("broken PNG file"),
        struct.error("unpack requires 4 bytes"),
        MemoryError("too large"),
        AttributeError("no such mode"),
        RecursionError("too deep"),
    ],
    ids=lambda one: type(one).__name__,
)


@pytest.fixture
def logged(caplog):
    """The exceptions that were logged, by what they were of."""
    caplog.set_level(logging.WARNING, "qwave_jupyter")
    return lambda: [(one.args[0], one.exc_info[1]) for one in caplog.records if one.name == "qwave_jupyter.problems"]


@pytest.fixture
def fail(monkeypatch):
    def plan(owner, name, problem):
        def raise_problem(*_, **__):
            raise problem

        monkeypatch.setattr(owner, name, raise_problem)

    return plan


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(2)]
    for path in paths:
        path.write_bytes(plain(64, 48))
    return paths


@PROBLEMS
@pytest.mark.parametrize(("owner", "name"), [(saver, "shrink"), (saver, "write_thumbnail"), (preview, "replace_file")])
def test_paid_image_is_kept_without_its_thumbnail(submit, logged, fail, owner, name, problem):
    fail(owner, name, problem)
    (image,) = submit().result(PATIENCE)
    assert image.path.read_bytes().startswith(b"\x89PNG")
    assert logged()[0][1] is problem
    assert problem.__traceback__ is not None


@PROBLEMS
@pytest.mark.parametrize("count", [1, 2])
def test_gallery_that_can_not_be_previewed_is_shown_in_words(files, logged, fail, problem, count):
    gallery = Gallery([GeneratedImage(path, prompt="a cat") for path in files[:count]])
    fail(preview, "render_preview", problem)
    data, _ = gallery.mimebundle()
    assert list(data) == ["text/plain"]
    assert str(files[0]) in data["text/plain"]
    assert problem in [one for _, one in logged()]


@PROBLEMS
@pytest.mark.parametrize("owner", [image_io, pixels])
def test_sheet_leaves_out_what_can_not_be_drawn(files, logged, fail, problem, owner):
    fail(owner, "load" if owner is image_io else "normalize", problem)
    sheet = contact_sheet.draw_sheet([contact_sheet.Tile(path, "x") for path in files], width=300)
    assert sheet.width == 300
    assert ("contact sheet", problem) in logged()


@PROBLEMS
@pytest.mark.parametrize("protocol", ["kitty", "iterm"])
@pytest.mark.parametrize("count", [1, 2])
def test_terminal_image_that_fails_is_left_out(files, logged, monkeypatch, problem, protocol, count):
    def raise_problem(*_, **__):
        raise problem

    gallery = Gallery([GeneratedImage(path) for path in files[:count]])
    assert terminal_view.render_images(gallery, protocol)
    monkeypatch.setattr(Image.Image, "save", raise_problem)
    assert terminal_view.render_images(gallery, protocol) == ""
    assert logged() == [("terminal image", problem)]


@PROBLEMS
def test_thumbnail_of_the_panel_is_left_out(files, logged, fail, problem):
    assert _render_thumbnail(files[0].read_bytes()).startswith("data:image/")
    fail(image_io, "load", problem)
    assert _render_thumbnail(files[0].read_bytes()) == ""
    assert logged() == [("thumbnail", problem)]


@PROBLEMS
def test_enlarged_image_says_that_it_is_gone(files, logged, fail, problem):
    image = GeneratedImage(files[0])
    assert read_full(image).content == files[0].read_bytes()
    fail(image_io, "probe", problem)
    assert (read_full(image).content, str(files[0]) in read_full(image).note) == (b"", True)
    assert set(logged()) == {("enlarged image", problem)}


@pytest.mark.parametrize("content", [b"", b"x" * 99, plain(64, 48)[:60]])
def test_file_that_is_no_image_is_logged(tmp_path, logged, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    assert preview_file(path, PreviewOptions()) is None
    assert preview_file(tmp_path / "gone.png", PreviewOptions()) is None
    assert [(what, type(one).__name__) for what, one in logged()] == [
        ("preview", "NotAnImage"),
        ("preview", "FileNotFoundError"),
    ]


def test_preview_that_is_not_cached_yet_is_no_problem(files, tmp_path, logged):
    assert preview_file(files[0], PreviewOptions(cache=tmp_path / "cache")) is not None
    assert preview_file(files[0], PreviewOptions(cache=tmp_path / "cache")) is not None
    assert logged() == []
