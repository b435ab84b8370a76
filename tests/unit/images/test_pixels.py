"""Images and arrays of any kind as people see them."""

from __future__ import annotations

import io
import json
import threading
import warnings
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from qwave_jupyter.images import image_io, pixels
from tests.image_factory import encoded, noise

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def values(seen):
    return np.asarray(seen.image)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("beyond", [0.0, 1e-7, 0.004, 0.05])
def test_float_overshoot_is_clipped(kind, beyond):
    given = (RAMP / 255).astype(kind)
    given[0, 0], given[-1, -1] = -beyond, 1 + beyond
    seen = pixels.from_array(given)
    assert np.abs(values(seen).astype(int) - RAMP).max() <= (1 if kind is np.float16 else 0)
    assert seen.changes == (("clipped",) if beyond > 0.001 else ())


@pytest.mark.parametrize("edges", [(-1.0, 1.0), (0.0, 1.5), (0.0, 4.0), (0.0, 300.0), (-40.0, 255.0), (0.0, np.inf)])
def test_float_of_no_known_range_is_refused(edges):
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.from_array(np.linspace(*edges, 64).reshape(8, 8) if np.isfinite(edges[1]) else np.full((8, 8), np.inf))
    assert refused.value.reason == "array"


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64, np.uint16, bool])
@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 1), (16, 16, 3)])
def test_zeros_and_ones_become_black_and_white(kind, shape):
    given = np.zeros(shape, kind)
    given[4:12, 4:12] = 1
    seen = values(pixels.from_array(given))
    assert (seen == np.where(given.reshape(seen.shape), 255, 0)).all()


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(RAMP.astype(np.uint16) * 257),
        Image.open(io.BytesIO(encoded(Image.fromarray(RAMP.astype(np.uint16) * 257), "PNG"))),
        Image.open(io.BytesIO(encoded(Image.fromarray(RAMP.astype(np.uint16) * 257), "TIFF"))),
        Image.frombytes("I;16B", (16, 16), (RAMP.astype(">u2") * 257).astype(">u2").tobytes()),
        Image.fromarray(RAMP.astype(np.int32) * 257),
        Image.fromarray(RAMP.astype(np.int32)),
        Image.fromarray((RAMP / 255).astype(np.float32)),
        Image.fromarray(RAMP.astype(np.float32)),
        Image.open(io.BytesIO(encoded(Image.fromarray((RAMP / 255).astype(np.float32)), "TIFF"))),
    ],
    ids=["I;16", "png", "tiff", "I;16B", "I of 16 bits", "I of 8 bits", "F 0-1", "F 0-255", "float tiff"],
)
def test_deep_pixels_are_scaled_to_eight_bits(image):
    assert (values(pixels.normalize(image)) == RAMP).all()


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(np.full((4, 4), 70_000, np.int32)),
        Image.fromarray(np.full((4, 4), -3, np.int32)),
        Image.fromarray(np.full((4, 4), np.nan, np.float32)),
        Image.fromarray(np.full((4, 4), 900.0, np.float32)),
    ],
)
def test_deep_pixels_of_no_known_range_are_refused(image):
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.normalize(image)
    assert refused.value.reason == "array"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_what_people_see(orientation):
    corners = Image.new("RGB", (60, 40), "white")
    corners.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = pixels.normalize(Image.open(io.BytesIO(encoded(corners, "PNG", exif=exif)))).image
    # Where the stored top left corner lies for people: the definition in the EXIF standard.
    left, top = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    assert seen.size == ((60, 40) if orientation < 5 else (40, 60))
    assert seen.getpixel((left * (seen.width - 1), top * (seen.height - 1))) == (255, 0, 0)


def closed_file(tmp_path):
    (tmp_path / "closed.jpg").write_bytes(encoded(noise(40, 30), "JPEG"))
    with Image.open(tmp_path / "closed.jpg") as image:
        return image


def closed_later(_):
    image = Image.new("RGB", (4, 4))
    image.close()
    return image


def cut_file(_):
    return Image.open(io.BytesIO(encoded(noise(80, 60), "JPEG")[:3000]))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (closed_file, "closed"),
        (closed_later, "closed"),
        (cut_file, "broken"),
        (lambda _: Image.new("RGB", (0, 5)), "no_pixels"),
        (lambda _: Image.new("L", (5, 0)), "no_pixels"),
    ],
)
def test_unusable_images_are_named(make, reason, tmp_path):
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.normalize(make(tmp_path))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]
)
def test_every_mode_becomes_one_that_can_be_sent(mode):
    seen = pixels.normalize(Image.new(mode, (5, 4)))
    assert seen.image.mode in {"L", "LA", "RGB", "RGBA"}
    assert seen.image.size == (5, 4)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"<!DOCTYPE html><title>404</title>", "html"),
        (b"\xef\xbb\xbf\n<html>", "html"),
        (b"<?xml version='1.0'?><svg/>", "svg"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04abc", "zip"),
        (b'{"error": "gone"}', "json"),
        (b"version https://git-lfs.github.com/spec/v1\n", "lfs"),
        ("一张图片".encode(), "text"),
        (encoded(noise(40, 40), "PNG")[:200], "damaged"),
        (bytes(range(128, 250)), "unknown"),
    ],
)
def test_file_that_is_no_image_is_identified(content, kind):
    assert image_io.identify(content) == kind


def test_no_warning_of_pillow_leaks(recwarn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    palette = Image.new("P", (30, 20))
    palette.info["transparency"] = bytes([0, 128, 255])
    pixels.normalize(palette)
    image_io.load(encoded(noise(30, 20), "PNG"))
    image_io.probe(encoded(palette, "PNG"))
    assert not recwarn.list


def test_other_threads_keep_their_warnings():
    before = list(warnings.filters)
    start = threading.Barrier(4)

    def read():
        start.wait()
        for _ in range(20):
            image_io.load(encoded(noise(30, 20), "PNG"))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)
    for thread in threads:
        thread.join()
    assert [one for one in warnings.filters if one not in before] == []


def test_faults_of_images_are_said_in_both_languages():
    english, chinese = (
        json.loads((resources.files("qwave_jupyter.i18n") / language / "image_faults.json").read_text("utf-8"))
        for language in ("en", "zh")
    )
    kinds = {"broken", "closed", "damaged", "mode", "no_pixels", "svg", "text", "unknown", "video"}
    assert set(english) == set(chinese)
    assert kinds <= set(english)
