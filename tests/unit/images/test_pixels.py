"""Images and arrays of any kind as people see them."""

from __future__ import annotations

import io
import json
import struct
import threading
import warnings
from importlib import resources

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps, TiffImagePlugin

from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.images import image_io, pixels
from qwave_jupyter.jobs.references import ImageLimits, resolve
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


def stored(orientation, kind="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    corners = Image.new("RGB", (60, 40), "white")
    corners.paste("red", (0, 0, 20, 20))
    return Image.open(io.BytesIO(encoded(corners, kind, exif=exif)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image.rotate(-90, expand=True),
        lambda image: image.transpose(Image.Transpose.ROTATE_270),
        lambda image: image.crop((0, 0, 30, 40)),
        lambda image: image.resize((30, 20)),
        lambda image: image.reduce(2),
        lambda image: image.convert("L"),
        lambda image: image.copy(),
        lambda image: image.filter(ImageFilter.BLUR),
        lambda image: image.point(lambda value: value),
        lambda image: image.quantize(8),
        ImageOps.mirror,
        ImageOps.invert,
        lambda image: ImageOps.fit(image, (20, 20)),
        lambda image: Image.merge("RGB", image.split()),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_edited_image_is_what_the_notebook_shows(edit, kind):
    edited = edit(stored(6, kind))
    seen = pixels.normalize(edited)
    assert seen.changes == ("unturned",)
    assert (values(seen) == np.asarray(edited.convert(seen.image.mode))).all()
    # Neither Pillow nor the server turns it later.
    assert not seen.image.info
    assert seen.image.getexif().get(0x0112) is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image.load(),
        lambda image: image.thumbnail((30, 30)),
        lambda image: image.draft("RGB", (30, 30)),
        lambda image: image.paste("blue", (40, 20, 60, 40)),
        lambda image: image.putalpha(200),
    ],
)
def test_image_changed_in_place_is_turned(edit):
    image = stored(6)
    edit(image)
    size = image.size
    seen = pixels.normalize(image)
    assert (seen.image.size, seen.changes) == (size[::-1], ("turned",))
    assert seen.image.getpixel((seen.image.width - 2, 2))[0] > 200


@pytest.mark.parametrize("in_place", [False, True])
def test_image_turned_by_pillow_is_not_turned_again(in_place):
    image = stored(6)
    image = ImageOps.exif_transpose(image, in_place=in_place) or image
    seen = pixels.normalize(image)
    assert (seen.image.size, seen.changes) == ((40, 60), ())


@pytest.mark.parametrize("orientation", [0, 9, 300])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_invalid_orientation_turns_nothing(orientation, kind):
    seen = pixels.normalize(stored(orientation, kind))
    assert (seen.image.size, seen.changes) == ((60, 40), ())


@pytest.mark.parametrize("key", ["exif", "xmp", "icc_profile", "comment", "Raw profile type exif", "dpi"])
@pytest.mark.parametrize("value", ["text", 5, (1,), b"Exif no", None, object()], ids=lambda value: type(value).__name__)
def test_metadata_that_cannot_be_written_is_left_out(key, value):
    image = Image.new("RGB", (6, 4), "teal")
    image.info[key] = value
    seen = pixels.normalize(image)
    for kind in ("PNG", "JPEG", "WEBP"):
        assert image_io.load(encoded(seen.image, kind)).size == (6, 4)
    assert image.info == {key: value}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "CMYK"])
@pytest.mark.parametrize("space", [b"RGB ", b"GRAY", b"CMYK"])
def test_profile_is_kept_where_it_is_that_of_the_colours(mode, space):
    image = Image.new(mode, (6, 4))
    image.info["icc_profile"] = profile = bytes(16) + space + bytes(108)
    seen = pixels.normalize(image).image
    fits = space == (b"GRAY" if mode in {"L", "LA"} else b"RGB ")
    assert seen.info == ({"icc_profile": profile} if fits else {})


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("alpha_high", [1, 255])
@pytest.mark.parametrize("colour_high", [1, 255])
def test_colours_and_alpha_have_ranges_of_their_own(kind, colour_high, alpha_high):
    hole = np.indices((16, 16)).sum(axis=0) % 2
    given = np.zeros((16, 16, 4), kind)
    given[:, :, :3] = (hole * colour_high)[:, :, None]
    given[:, :, 3] = hole[::-1] * alpha_high
    seen = pixels.from_array(given)
    assert (values(seen)[:, :, :3] == (hole * 255)[:, :, None]).all()
    assert (values(seen)[:, :, 3] == hole[::-1] * 255).all()
    stretched = [name for name, high in (("stretched", colour_high), ("alpha_stretched", alpha_high)) if high == 1]
    assert list(seen.changes) == ([] if kind is np.float32 else stretched)


@pytest.mark.parametrize("alpha", [4.0, -1.0, 300.0, np.nan])
def test_alpha_of_no_known_range_is_refused(alpha):
    given = np.full((8, 8, 4), 200.0)
    given[:, :, 3] = 0
    given[0, 0, 3] = alpha
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.from_array(given)
    assert refused.value.reason == "array"


@pytest.mark.parametrize("kind", [np.uint8, np.float32, bool])
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (8, 8, 4)])
def test_masked_array_is_refused(kind, shape):
    given = np.ma.zeros(shape, kind)
    assert pixels.from_array(given).image.size == (8, 8)
    given[2, 2] = np.ma.masked
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.from_array(given)
    assert refused.value.reason == "masked"
    assert pixels.from_array(given.filled(0)).image.size == (8, 8)


def closed_file(tmp_path):
    (tmp_path / "closed.jpg").write_bytes(encoded(noise(40, 30), "JPEG"))
    with Image.open(tmp_path / "closed.jpg") as image:
        return image


def closed_later(_):
    image = Image.new("RGB", (4, 4))
    image.close()
    return image


def closed_after_reading(tmp_path):
    image = Image.open(io.BytesIO(encoded(noise(40, 30), "PNG")))
    image.load()
    image.close()
    return image


def raw_preview(_):
    return Image.open(io.BytesIO(raw_file({50706: b"\1\4\0\0"})))


def cut_file(_):
    return Image.open(io.BytesIO(encoded(noise(80, 60), "JPEG")[:3000]))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (closed_file, "closed"),
        (closed_later, "closed"),
        (closed_after_reading, "closed"),
        (raw_preview, "raw"),
        (cut_file, "broken"),
        (lambda _: Image.new("RGB", (0, 5)), "no_pixels"),
        (lambda _: Image.new("L", (5, 0)), "no_pixels"),
    ],
)
def test_unusable_images_are_named(make, reason, tmp_path):
    with pytest.raises(image_io.NotAnImage) as refused:
        pixels.normalize(make(tmp_path))
    assert refused.value.reason == reason


@pytest.mark.parametrize("make", [closed_file, closed_later, closed_after_reading])
def test_closed_image_is_not_called_unread(make, tmp_path):
    with pytest.raises(ReferenceMistake, match="it is closed") as refused:
        resolve(make(tmp_path), "images", ImageLimits(""), now=0)
    assert "before its pixels were read" not in str(refused.value)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]
)
def test_every_mode_becomes_one_that_can_be_sent(mode):
    seen = pixels.normalize(Image.new(mode, (5, 4)))
    assert seen.image.mode in {"L", "LA", "RGB", "RGBA"}
    assert seen.image.size == (5, 4)


def raw_file(tags, size=(16, 12)):
    """A TIFF whose first image can be read, as in the raw files of many cameras."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        directory.tagtype[tag] = 1 if isinstance(value, bytes) else 4
        directory[tag] = value
    return encoded(Image.new("RGB", size, "teal"), "TIFF", tiffinfo=directory)


def media_file(major, *others):
    return struct.pack(">I", 16 + 4 * len(others)) + b"ftyp" + major + bytes(4) + b"".join(others) + bytes(40) + b"qt  "


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((media_file(brand), "avif") for brand in (b"avif", b"avis")),
        *((media_file(brand), "heic") for brand in (b"heic", b"heim", b"hevc", b"hevs", b"mif1", b"msf1", b"miaf")),
        *((media_file(brand), "video") for brand in (b"isom", b"mp42", b"qt  ", b"3gp5", b"M4V ")),
        (media_file(b"crx ", b"crx ", b"isom"), "raw"),
        (media_file(b"mif1", b"mif1", b"miaf", b"avif"), "avif"),
        (media_file(b"msf1", b"mp42", b"hevc"), "heic"),
        (media_file(b"abcd", b"iso5"), "video"),
        (media_file(b"abcd"), "unknown"),
        (media_file(b"M4A "), "unknown"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "raw"),
        (b"IIU\0" + bytes(40), "raw"),
        (raw_file({50706: b"\1\4\0\0"}), "raw"),
        (raw_file({254: 1, 330: 8})[:600], "raw"),
        (raw_file({254: 1})[:300], "damaged"),
        (encoded(noise(40, 40), "TIFF")[:20], "damaged"),
        (b"MM\0*\0\0\0\x08\0\1\1\6\0\3\0\0\0\1\x80\x23\0\0", "raw"),
        (b"MM\0*", "damaged"),
        (b"II+\0\x08\0\0\0", "damaged"),
    ],
)
def test_file_of_many_brands_is_identified(content, kind):
    assert image_io.identify(content) == kind


def canon_file():
    """A raw file of a Canon: a TIFF whose first image is a JPEG that libtiff decodes."""
    jpeg = encoded(Image.new("RGB", (64, 48), "teal"), "JPEG")
    entries = {
        256: (3, 1, 64),
        257: (3, 1, 48),
        258: (3, 3, 94),
        259: (3, 1, 6),
        273: (4, 1, 100),
        279: (4, 1, len(jpeg)),
    }
    directory = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in entries.items())
    head = b"II*\0" + struct.pack("<I", 16) + b"CR\2\0" + bytes(4) + struct.pack("<H", len(entries))
    return head + directory + bytes(4) + struct.pack("<HHH", 8, 8, 8) + jpeg


@pytest.mark.parametrize("tags", [{50706: b"\1\4\0\0"}, {254: 1, 330: 8}, {50706: b"\1\1\0\0", 254: 1}])
def test_preview_of_a_raw_file_is_not_sent(tags, tmp_path):
    path = tmp_path / "IMG_1.dng"
    path.write_bytes(raw_file(tags))
    for given in (path, path.read_bytes(), Image.open(io.BytesIO(path.read_bytes()))):
        with pytest.raises(ReferenceMistake, match="raw file"):
            resolve(given, "images", ImageLimits(""), now=0)
    path.write_bytes(canon_file())
    with pytest.raises(ReferenceMistake, match=r"IMG_1\.dng in images is no image.*raw file"):
        resolve(path, "images", ImageLimits(""), now=0)
    path.write_bytes(raw_file({254: 1}))
    assert resolve(path, "images", ImageLimits(""), now=0).size == (16, 12)


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
    kinds = {"broken", "closed", "damaged", "masked", "mode", "no_pixels", "raw", "svg", "text", "unknown", "video"}
    assert set(english) == set(chinese)
    assert kinds <= set(english)
