from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.references import ImageLimits, flatten_images, resolve
from tests.image_factory import encoded, noise, plain

NOW = 1_775_000_000.0
TAKES = ImageLimits("takes-bytes", takes_bytes=True, max_mb=1, formats=("jpeg", "png", "webp"))
URL_ONLY = ImageLimits("url-only", takes_bytes=False, others=lambda: ("gpt-image-2",))


def sent(reference):
    assert reference.uri.startswith("data:image/")
    return base64.b64decode(reference.uri.partition(",")[2])


def mistake(given, limits=TAKES, parameter="images"):
    with pytest.raises(ReferenceMistake) as refused:
        resolve(given, parameter, limits, now=NOW)
    assert str(refused.value)
    return refused.value.fields["mistake"]


def test_reference_url_is_passed_on():
    reference = resolve(" https://example.com/a.png?x=1 ", "images", URL_ONLY, now=NOW)
    assert reference.uri == "https://example.com/a.png?x=1"
    assert (reference.size, reference.weight, reference.is_bytes) == (None, None, False)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_reference_file_is_sent_unchanged(tmp_path, kind):
    content = plain(64, 48, kind)
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    for given in (path, str(path), content, bytearray(content)):
        reference = resolve(given, "images", TAKES, now=NOW)
        assert sent(reference) == content
        assert (reference.size, reference.weight, reference.format) == ((64, 48), len(content), kind.lower())
        assert not reference.notices


def test_reference_data_uri_is_checked():
    content = plain()
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    assert sent(resolve(uri, "images", TAKES, now=NOW)) == content
    assert mistake("data:image/png;base64,@@@").code == "reference_bad_uri"
    assert mistake("data:image/png,abc").code == "reference_bad_uri"
    assert mistake("data:image/png;base64," + base64.b64encode(b"no image").decode()).code == "reference_not_an_image"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK", "I;16", "F", "LA"])
def test_reference_pil_of_every_mode(mode):
    image = Image.new("RGB", (20, 10), "red").convert("L").convert("F").convert("L") if mode == "F" else None
    image = image.convert("F") if image else Image.new("RGBA", (20, 10), "red").convert("RGBA")
    if mode == "I;16":
        image = Image.new("I;16", (20, 10))
    elif mode != "F":
        image = image.convert("L").convert("LA") if mode == "LA" else image.convert("RGB" if mode == "CMYK" else mode)
        image = image.convert("CMYK") if mode == "CMYK" else image
    assert resolve(image, "images", TAKES, now=NOW).size == (20, 10)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((10, 20), np.uint8),
        np.ones((10, 20, 1), bool),
        np.full((10, 20, 3), 0.5),
        np.full((10, 20, 3), 200.0, np.float32),
        np.full((10, 20, 4), 255, np.int64),
    ],
)
def test_reference_arrays(array):
    assert resolve(array, "images", TAKES, now=NOW).size == (20, 10)


def test_reference_float_array_is_scaled():
    reference = resolve(np.full((2, 2, 3), 0.5), "images", TAKES, now=NOW)
    assert Image.open(io.BytesIO(sent(reference))).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3,)),
        np.zeros((2, 2, 2)),
        np.zeros((0, 5)),
        np.full((2, 2), -1),
        np.full((2, 2), 300),
        np.array([["a"]]),
        np.array([[np.nan]]),
    ],
)
def test_reference_arrays_are_refused(array):
    assert mistake(array).code == "reference_bad_array"


@pytest.mark.slow
def test_reference_figure():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    assert resolve(figure, "images", TAKES, now=NOW).format == "png"


def test_reference_earlier_image(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(plain())
    image = GeneratedImage(path, "https://cdn.example.com/a.png", NOW + 3600, width=64, height=48, format="png")
    assert resolve(image, "images", URL_ONLY, now=NOW).uri == image.url
    assert resolve(image, "images", TAKES, now=NOW).uri == image.url
    assert sent(resolve(image, "images", TAKES, now=NOW + 3500)) == path.read_bytes()
    dead = None
    with pytest.raises(ReferenceMistake) as refused:
        resolve(image, "images", URL_ONLY, now=NOW + 3500)
    dead = refused.value.fields["mistake"]
    assert (dead.code, dead.others) == ("reference_link_dead", ("gpt-image-2",))
    assert list(flatten_images([Gallery([image, image]), "https://x.y/z"])) == [image, image, "https://x.y/z"]


def test_reference_bytes_for_a_url_only_model():
    found = mistake(Image.new("RGB", (4, 4)), URL_ONLY)
    assert (found.code, found.others) == ("reference_url_only", ("gpt-image-2",))
    assert "gpt-image-2" in str(found)


def test_reference_too_heavy_is_reencoded():
    heavy = encoded(noise(900, 700), "PNG")
    assert len(heavy) > 2**20
    reference = resolve(heavy, "images", TAKES, now=NOW)
    assert len(sent(reference)) <= 2**20
    (notice,) = reference.notices
    assert notice.severity == "warn"
    assert "MB" in str(notice)
    (notice,) = resolve(noise(900, 700), "images", TAKES, now=NOW).notices
    assert notice.code == "reference_encoded_lightly"


def test_reference_format_is_converted():
    (notice,) = resolve(plain(kind="BMP"), "images", TAKES, now=NOW).notices
    assert notice.code == "reference_reformatted"
    assert "png" in str(notice)


def test_mask_is_never_reencoded():
    small = ImageLimits("m", takes_bytes=True, max_mb=0.01, formats=("png",))
    assert mistake(noise(300, 300, "RGBA"), small, "mask").code == "reference_too_large"
    assert resolve(Image.new("RGBA", (8, 8)), "mask", small, now=NOW).format == "png"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("nowhere.png", "reference_no_file"),
        (Path("nowhere.png"), "reference_no_file"),
        ("ftp://example.com/a.png", "reference_scheme"),
        ("a\x00b", "reference_unreadable_file"),
        (42, "reference_unknown_kind"),
        (object(), "reference_unknown_kind"),
        (b"GIF89a nonsense", "reference_not_an_image"),
        (plain()[:60], "reference_not_an_image"),
    ],
)
def test_reference_refuses_what_is_no_image(given, code):
    found = mistake(given)
    assert found.code in {code, "reference_no_file"}
    assert str(found)


def test_reference_refuses_a_bomb():
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += struct.pack(">I", 9) + b"IDAT" + b"x" * 13
    assert mistake(bomb).code == "reference_too_many_pixels"
