"""``read_provenance`` takes whatever holds one image, and refuses everything else in one line."""

from __future__ import annotations

import io
import pathlib
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images import metadata
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from tests.image_factory import encoded, noise

TOLD = {"prompt": 'a <cat> & "dog" 猫', "model": "gpt-image-2", "parameters": {"seed": 7}}
LONG = {"prompt": "猫" * 60_000}
FORMATS = ("PNG", "JPEG", "WEBP")


class PathLike:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


@pytest.fixture(params=FORMATS)
def file(request, tmp_path):
    path = tmp_path / f"image.{request.param.lower()}"
    path.write_bytes(metadata.embed(encoded(noise(37, 21), request.param), TOLD))
    return path


def seek(content, place):
    file = io.BytesIO(content)
    file.seek(place)
    return file


def open_image(file):
    image = Image.open(file)
    image.load()
    return image


@pytest.fixture
def read():
    """Read from a source of the table, and close what it opened."""
    opened = []

    def read_source(source, path):
        opened.append(SOURCES[source](path))
        return qwave.read_provenance(opened[-1])

    yield read_source
    for one in opened:
        if hasattr(one, "close"):
            one.close()


SOURCES = {
    "text": str,
    "path": pathlib.Path,
    "path-like": PathLike,
    "image": GeneratedImage,
    "gallery": lambda path: Gallery([GeneratedImage(path)]),
    "bytes": pathlib.Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "buffer": lambda path: io.BytesIO(path.read_bytes()),
    "buffer at its end": lambda path: seek(path.read_bytes(), 40),
    "open file": lambda path: path.open("rb"),
    "raw file": lambda path: path.open("rb", buffering=0),
    "PIL of a path": Image.open,
    "PIL of a buffer": lambda path: open_image(io.BytesIO(path.read_bytes())),
    "copy of PIL": lambda path: open_image(path).copy(),
}


@pytest.mark.parametrize("source", SOURCES)
def test_source_says_how_it_was_made(file, read, source):
    assert read(source, file) == TOLD


@pytest.mark.parametrize("place", [0, 5, 40])
def test_file_is_left_where_it_stood(file, place):
    given = seek(file.read_bytes(), place)
    qwave.read_provenance(given)
    assert given.tell() == place


@pytest.mark.parametrize("source", ["path", "bytes", "open file", "PIL of a path", "PIL of a buffer"])
def test_long_provenance_is_whole(tmp_path, read, source):
    path = tmp_path / "long.jpeg"
    path.write_bytes(metadata.embed(encoded(noise(37, 21), "JPEG"), LONG))
    assert read(source, path) == LONG


@pytest.mark.parametrize("source", ["path", "image", "gallery", "open file", "PIL of a path"])
def test_sidecar_is_read_where_the_file_is_known(tmp_path, read, source):
    path = tmp_path / "image.gif"
    path.write_bytes(encoded(noise(8, 8), "GIF"))
    metadata.find_sidecar(path).write_text(metadata.to_json(TOLD), "utf-8")
    assert read(source, path) == TOLD


@pytest.mark.parametrize("source", ["bytes", "buffer", "PIL of a buffer", "copy of PIL", "open file", "path"])
@pytest.mark.parametrize("kind", FORMATS)
def test_silent_image_is_refused_in_words(tmp_path, read, source, kind):
    path = tmp_path / "silent"
    path.write_bytes(encoded(noise(8, 8), kind, **({"comment": b"mine"} if kind == "JPEG" else {})))
    with pytest.raises(OptionMistake, match=r"how it was made; only images that this package saved do\.$"):
        read(source, path)


def closed():
    file = io.BytesIO(b"x")
    file.close()
    return file


class Failing:
    def fail(self, *_):
        raise RuntimeError

    __str__ = __repr__ = __len__ = __iter__ = __array__ = __fspath__ = __getattr__ = __getitem__ = fail


class FailingFile(io.BytesIO):
    def read(self, *_):
        raise OSError(5, "I/O")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "NoneType"),
        (5, "int"),
        (1.5, "float"),
        (True, "bool"),
        ({"a": 1}, "dict"),
        ({1, 2}, "set"),
        (object(), "object"),
        (GeneratedImage, "type"),
        (np.zeros((4, 4, 3), "uint8"), "ndarray"),
        (SimpleNamespace(path="x"), "SimpleNamespace"),
        (iter(["x"]), "list_iterator"),
        ([GeneratedImage(pathlib.Path("x"))], "list"),
        (("x",), "tuple"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_wrong_type_is_named(given, said):
    with pytest.raises(OptionMistake, match=rf"^read_provenance takes .*; it was of type {said}\.$") as refused:
        qwave.read_provenance(given)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        *(b"", b"x", bytearray(300), closed(), FailingFile(), io.StringIO("x"), Failing(), [Failing()], Image.Image()),
        *([[]], [5], [None], tempfile.gettempdir(), "", "\0", "~nobody/x"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_anything_else_is_one_line(given):
    with pytest.raises(OptionMistake) as refused:
        qwave.read_provenance(given)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("count", [0, 2, 5])
def test_gallery_of_several_is_refused(file, count):
    with pytest.raises(OptionMistake, match=rf"takes one image, and there are {count}.*gallery\[0\]"):
        qwave.read_provenance(Gallery([GeneratedImage(file)] * count))
