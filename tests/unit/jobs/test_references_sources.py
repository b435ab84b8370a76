"""What users hand over as an image, and what is sent of it."""

from __future__ import annotations

import base64
import gc
import io
import pickle
import re
import sys
import tempfile
from collections import deque
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlparse, urlsplit

import IPython.display
import ipywidgets
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.batches.batch import Batch, Outcome
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ReferenceMistake, RequestRefused
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.references import ImageLimits, flatten_images, resolve
from qwave_jupyter.jobs.request import build
from qwave_jupyter.widgets.canvas.base import decode_image
from tests.image_factory import encoded, noise, plain

NOW = 1_775_000_000.0
TAKES = ImageLimits("takes-bytes", max_mb=1, formats=("jpeg", "png", "webp"))
CATALOG = load("2026-04")
CONTENT = plain(6, 4)
#: One that documents a mask's size, and one that doesn't.
SAME_SIZE = next(one.id for one in CATALOG if one.mask is not None and one.mask.same_size)
ANY_SIZE = next(one.id for one in CATALOG if "mask" in one.parameters and not (one.mask and one.mask.same_size))


@pytest.fixture(autouse=True)
def _in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def content_of(reference):
    return base64.b64decode(reference.uri.partition(",")[2])


def image_of(reference):
    return Image.open(io.BytesIO(content_of(reference)))


def refused(given, parameter="images"):
    with pytest.raises(ReferenceMistake) as caught:
        resolve(given, parameter, TAKES, now=NOW)
    assert "\n" not in str(caught.value)
    return caught.value.fields["mistake"]


class OwnPath:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def written_buffer():
    buffer = io.BytesIO()
    buffer.write(CONTENT)
    return buffer


def spooled_file():
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the test hands it over open
    file.write(CONTENT)
    return file


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.open("rb"),
        lambda _: io.BytesIO(CONTENT),
        lambda _: written_buffer(),
        lambda _: spooled_file(),
        PurePosixPath,
        OwnPath,
        lambda _: {"name": "a.png", "type": "image/png", "size": len(CONTENT), "content": memoryview(CONTENT)},
        lambda _: ipywidgets.Image(value=CONTENT),
        lambda _: IPython.display.Image(CONTENT),
        lambda path: IPython.display.Image(filename=str(path)),
        lambda _: memoryview(CONTENT),
    ],
)
def test_source_is_sent_as_its_bytes(make, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    given = make(path)
    for _ in range(2):
        assert content_of(resolve(given, "images", TAKES, now=NOW)) == CONTENT
    if callable(getattr(given, "close", None)):
        given.close()


def test_source_uploads_of_both_generations():
    one = {"name": "a.png", "content": memoryview(CONTENT)}
    for uploads in ((one, one), {"a.png": {"metadata": {}, "content": CONTENT}, "b.png": {"content": CONTENT}}):
        several = [resolve(given, "images", TAKES, now=NOW) for given in flatten_images(uploads)]
        assert [content_of(reference) for reference in several] == [CONTENT, CONTENT]
    widget = ipywidgets.FileUpload()
    for empty in (widget, widget.value, {}):
        assert list(flatten_images(empty)) == [empty]
        assert refused(empty).code == "reference_nothing"


class NamedFile(NamedTuple):
    name: str
    data: bytes


@pytest.mark.parametrize(
    "given",
    [
        ("a.png", CONTENT),
        ("a.png", CONTENT, "image/png"),
        ("a.png", bytearray(CONTENT), None),
        ("a.png", memoryview(CONTENT), "image/png", {"Expires": "0"}),
        (None, CONTENT),
        ("a.png", io.BytesIO(CONTENT)),
        NamedFile("a.png", CONTENT),
    ],
)
@pytest.mark.parametrize("name", ["images", "mask"])
def test_source_named_as_for_a_form_is_one_image(given, name):
    options = {"images": [plain(9, 9)], name: given}
    request = build(CATALOG, "x", options, model=ANY_SIZE, now=NOW)
    assert content_of(request.references[-1]) == CONTENT
    assert len(request.references) == (1 if name == "images" else 2)
    assert decode_image(given).size == (6, 4)
    assert len(build(CATALOG, "x", {"images": [given, CONTENT]}, model=ANY_SIZE, now=NOW).references) == 2


@pytest.mark.parametrize(
    "given",
    [
        ("https://example.com/a.png", CONTENT),
        (CONTENT, CONTENT),
        ["https://example.com/a.png", CONTENT],
        ("https://example.com/a.png", CONTENT, "https://example.com/b.png"),
        (CONTENT, Image.new("RGB", (4, 4))),
    ],
)
def test_source_of_several_images_in_a_tuple_stays_several(given):
    assert len(build(CATALOG, "x", {"images": given}, model=ANY_SIZE, now=NOW).references) == len(given)


@pytest.mark.parametrize("split", [urlparse, urlsplit])
@pytest.mark.parametrize("url", ["https://example.com/a.png", "http://example.com/a;b.png?x=1#c"])
def test_source_address_in_its_parts(split, url):
    assert build(CATALOG, "x", {"images": split(url)}, model=ANY_SIZE, now=NOW).body["image_urls"] == [url]
    assert build(CATALOG, "x", {"images": [split(url)]}, model=ANY_SIZE, now=NOW).body["image_urls"] == [url]


@pytest.mark.parametrize("kind", [set, frozenset])
def test_source_without_an_order_is_refused(kind):
    several = kind({"https://example.com/a.png", "https://example.com/b.png"})
    for given in (several, [several], [CONTENT, several]):
        with pytest.raises(RequestRefused, match="has no order"):
            build(CATALOG, "x", {"images": given}, model=ANY_SIZE, now=NOW)
    assert len(build(CATALOG, "x", {"images": kind({CONTENT})}, model=ANY_SIZE, now=NOW).references) == 1


def test_source_address_in_a_widget():
    url = "https://example.com/a.png"
    for given in (ipywidgets.Image.from_url(url), IPython.display.Image(url=url)):
        assert resolve(given, "images", TAKES, now=NOW).uri == url


class Fails:
    def __init__(self, name, problem):
        self.problem = problem
        setattr(self, name, self.fail)

    def fail(self, *_, **__):
        raise self.problem


class OnTheGpu:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("cuda:0")


@pytest.mark.parametrize(
    "given",
    [
        OnTheGpu(),
        Fails("read", OSError("gone")),
        Fails("savefig", RuntimeError("no canvas")),
        Fails("_qwave_image_", KeyError("x")),
    ],
)
def test_source_whose_own_code_fails_is_refused(given):
    assert refused(given).code == "reference_fails"


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
        pd.Series([1, 2]),
        pd.Index([1, 2]),
        sys,
        pytest,
        Image,
        Path,
        np.ndarray,
        7,
        object(),
    ],
)
def test_source_that_is_no_image_is_refused(given):
    assert refused(given).code == "reference_unknown_kind"


@pytest.mark.slow
def test_source_plotting_module_is_no_figure():
    import matplotlib.pyplot as plt

    assert refused(plt).code == "reference_unknown_kind"


def test_source_opened_as_text_is_refused(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>")
    with (tmp_path / "a.svg").open() as text:
        assert refused(text).code == "reference_text_file"
    assert refused(io.StringIO("x")).code == "reference_text_file"
    assert refused(text).code == "reference_fails"


@pytest.mark.parametrize("content", [noise(30, 30, "RGB"), Image.new("L", (9, 9)), Image.new("RGBA", (50, 5))])
def test_source_opened_as_text_says_so_whatever_its_bytes(content, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(content, "PNG"))
    with path.open(encoding="utf-8") as text, tempfile.NamedTemporaryFile("w+", encoding="utf-8") as named:
        Path(named.name).write_bytes(path.read_bytes())
        for given in (text, named):
            mistake = refused(given)
            assert mistake.code == "reference_text_file"
            assert "'rb'" in str(mistake)


class Upload:
    async def read(self, size=-1):
        return CONTENT


class Answer:
    def read(self, size=-1):
        return Upload().read()


class AsyncFile(Upload):
    async def seekable(self):
        return True


@pytest.mark.parametrize("given", [Upload(), Answer(), AsyncFile()])
def test_source_that_is_read_with_await_says_so(given, recwarn):
    mistake = refused(given)
    gc.collect()
    assert mistake.code == "reference_async"
    assert "await" in str(mistake)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"a.png": CONTENT}, "reference_dict"),
        ({"bytes": CONTENT, "path": None}, "reference_dict"),
        ({"path": "a.png"}, "reference_dict"),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, "reference_dict"),
        ((one for one in [CONTENT]), "reference_no_list"),
        (Path().glob("*.png"), "reference_no_list"),
        ({"a": CONTENT}.values(), "reference_no_list"),
        (deque([CONTENT]), "reference_no_list"),
        (map(str, "ab"), "reference_no_list"),
        (pd.Series(["a.png", "b.png"]), "reference_no_list"),
        (pd.Index(["a.png", "b.png"]), "reference_no_list"),
        (np.array(["a.png", "b.png"]), "reference_no_list"),
        (Job.__new__(Job), "reference_not_ended"),
        (Batch.__new__(Batch), "reference_not_ended"),
        (Outcome.__new__(Outcome), "reference_not_ended"),
        (Future(), "reference_not_ended"),
        (Path("https://example.com/a.png"), "reference_path_of_url"),
        (PurePosixPath("http://example.com/a.png"), "reference_path_of_url"),
        (OwnPath(Path("https://example.com/a.png?x=1")), "reference_path_of_url"),
        ("", "reference_nothing"),
        (" \n", "reference_nothing"),
        (["", CONTENT], "reference_nothing"),
    ],
)
def test_source_that_similar_tools_take_is_refused_with_its_own_reason(given, code):
    for language in ("en", "zh"):
        i18n.use(language)
        with pytest.raises(RequestRefused) as caught:
            build(CATALOG, "x", {"images": given}, model=ANY_SIZE, now=NOW)
        (mistake,) = caught.value.fields["violations"]
        assert mistake.code == code
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (base64.b64encode(encoded(noise(60, 60, "RGB"), "PNG")).decode(), "base64"),
        (base64.b64encode(encoded(noise(60, 60, "RGB"), "JPEG")), "base64"),
        (base64.encodebytes(encoded(noise(60, 60, "RGB"), "WEBP")).decode(), "base64"),
        (base64.encodebytes(encoded(noise(60, 60, "RGB"), "GIF")), "base64"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (IPython.display.SVG("<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"), "SVG"),
        (IPython.display.HTML("<html><img src='a.png'></html>"), "web page"),
        (IPython.display.HTML("<div>a</div>"), "text"),
        (IPython.display.Markdown("![](a.png)"), "text"),
        ("<!doctype html>\n<img src='a.png'>", "web page"),
    ],
)
def test_source_that_is_a_text_says_what_it_is(given, said):
    mistake = refused(given)
    assert mistake.code == "reference_not_an_image"
    assert said in str(mistake)


def test_source_file_of_base64_says_so(tmp_path):
    path = tmp_path / "a.png"
    for content in (CONTENT * 2, encoded(noise(60, 60, "RGB"), "JPEG"), encoded(noise(60, 60, "RGB"), "BMP")):
        path.write_bytes(base64.b64encode(content))
        assert "base64" in str(refused(path))
    path.write_text("A plain text, even one that is as long as that, is no image in any encoding at all." * 3)
    assert "it is text" in str(refused(path))


@pytest.mark.slow
def test_source_part_of_a_figure_names_the_figure():
    from matplotlib.figure import Figure

    axes = Figure(figsize=(1, 1)).subplots()
    for given in (axes, axes.imshow(np.eye(3)), axes.plot([1, 2])[0]):
        mistake = refused(given)
        assert mistake.code == "reference_in_figure"
        assert ".figure" in str(mistake)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://example.com/my cat.png", "https://example.com/my%20cat.png"),
        ("https://example.com/猫.png?q=红 色", "https://example.com/%E7%8C%AB.png?q=%E7%BA%A2%20%E8%89%B2"),
        ("https://bücher.example/a.png", "https://xn--bcher-kva.example/a.png"),
        ("https://example.com/a%20b.png?x=1&y=a/b#c", "https://example.com/a%20b.png?x=1&y=a/b#c"),
        ("https://example.com/a%20b ü.png", "https://example.com/a%20b%20%C3%BC.png"),
        ("https://example.com/a|b.png", "https://example.com/a%7Cb.png"),
        ('https://example.com/"a".png?q={b}', "https://example.com/%22a%22.png?q=%7Bb%7D"),
        ("https://example.com/a^b`c.png#<d>", "https://example.com/a%5Eb%60c.png#%3Cd%3E"),
        ("https://example.com/100%.png?q=5%zz", "https://example.com/100%25.png?q=5%25zz"),
        ("https://example.com/a.png?", "https://example.com/a.png?"),
        ("HTTPS://Example.com/a;b=c,d'e(f)*!$@[1].png", "HTTPS://Example.com/a;b=c,d'e(f)*!$@[1].png"),
    ],
)
def test_source_url_is_percent_encoded(given, sent):
    reference = resolve(given, "images", TAKES, now=NOW)
    assert (reference.uri, reference.notices) == (sent, ())


@pytest.mark.parametrize(
    "given",
    [
        "https://example.com/\ud800",
        "https://example.com/a?\udfff=1",
        "https://example.com/ü#\ud800",
        "https://example.com\\a.png",
        "https://example.com/a\\b.png",
        "https://exa|mple.com/a.png",
        "https://exam ple.com/a.png",
        'https://"example.com"/a.png',
        "https://example.com/a\n.png",
        "https://example.com/a.png?x=\r\n1",
        "https://example.com/a\t.png",
        "https://exam\tple.com/a.png",
        "https://example.com/a\x00.png",
        "https://example.com/a\u2028b.png",
    ],
)
def test_source_url_with_two_meanings_or_none_is_refused(given):
    assert refused(given).code == "reference_bad_url"


@pytest.mark.parametrize(
    "given",
    [
        "https://example.com/a.png\nhttps://example.com/b.png",
        "https://example.com/a.png, https://example.com/b.png",
        "https://example.com/a.png,https://example.com/b.png?x=1",
        "https://example.com/a.png?x=1 HTTP://example.com/b.png",
        "https://example.com/a.png;\thttp://example.com/b.png",
        "https://example.com/a.png，https://example.com/b.png",
        "https://example.com/a.png,data:image/png;base64,iVBO",
    ],
)
def test_source_of_several_addresses_in_one_text_is_refused(given):
    mistake = refused(given)
    assert mistake.code == "reference_several_urls"
    assert "list" in str(mistake)


@pytest.mark.parametrize(
    "url",
    [
        "https://res.example.com/demo/image/upload/w_100,h_200,c_fill/a.png",
        "https://res.example.com/demo/image/fetch/w_100,h_200/https://example.com/a.png",
        "https://web.example.com/2026/https://example.com/a.png",
        "https://proxy.example.com/?url=https://example.com/a.png&w=1,2",
        "https://example.com/a,b.png",
    ],
)
def test_source_address_with_commas_or_another_address_in_it_is_sent(url):
    assert resolve(url, "images", TAKES, now=NOW).uri == url


@pytest.mark.parametrize(
    "host",
    [
        *("localhost:8888", "127.0.0.1", "192.168.1.5:80", "10.0.0.3", "[::1]", "nas.local", "myserver", "169.254.1.1"),
        *("127.1", "0x7f.1", "0177.0.0.1:80", "2130706433", "10.1", "１２７.０.０.１", "[::ffff:192.168.1.5]"),
        *("printer.home.arpa", "fritz.box", "nas.fritz.box:443", "Server.LAN.", "pc.home", "db.corp", "x.localdomain"),
        "localhost.localdomain",
    ],
)
def test_source_local_url_warns(host):
    (notice,) = resolve(f"http://{host}/a.png", "images", TAKES, now=NOW).notices
    assert (notice.code, notice.severity) == ("reference_local_address", "warn")
    for public in ("8.8.8.8", "0x8.0x8.0x8.0x8", "fritz.box.example.com", "myfritz.box", "home.com", "lan.example"):
        assert not resolve(f"http://{public}/a.png", "images", TAKES, now=NOW).notices


def phone_photo(kind="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.new("RGB", (60, 40), "white")
    photo.paste("red", (0, 0, 20, 20))
    return encoded(photo, kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_source_has_one_orientation(kind, tmp_path):
    content = phone_photo(kind)
    path = tmp_path / "phone"
    path.write_bytes(content)
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    for given in (path, str(path), content, io.BytesIO(content), uri, Image.open(path), {"content": content}):
        sent = image_of(resolve(given, "images", TAKES, now=NOW))
        # Stored at the top left, the red corner is at the top right for people.
        assert (sent.size, sent.getexif().get(0x0112, 1)) == ((40, 60), 1)
        red, green, _ = sent.convert("RGB").getpixel((35, 5))
        assert red > 200
        assert green < 60
        seen = decode_image(given)
        assert seen.size == (40, 60)
        assert seen.convert("RGB").getpixel((35, 5))[1] < 60


def test_source_upright_mask_fits_a_phone_photo():
    mask = Image.new("RGBA", (40, 60))
    request = build(CATALOG, "x", {"images": [phone_photo()], "mask": mask}, model=SAME_SIZE, now=NOW)
    assert [one.size for one in request.references] == [(40, 60), (40, 60)]


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "GIF", "TIFF"])
def test_source_of_several_frames_says_which_one_goes(kind):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    reference = resolve(content, "images", TAKES, now=NOW)
    sent = image_of(reference)
    assert getattr(sent, "n_frames", 1) == 1
    assert sent.convert("RGB").getpixel((5, 5))[0] > 240
    assert "3 frames" in str(reference.notices[0])
    opened = Image.open(io.BytesIO(content))
    opened.seek(1)
    reference = resolve(opened, "images", TAKES, now=NOW)
    assert image_of(reference).convert("RGB").getpixel((5, 5))[1] > 240
    assert "number 2" in str(reference.notices[0])


HOLE = np.zeros((12, 16), bool)
HOLE[3:9, 4:12] = True


@pytest.mark.parametrize(
    "mask",
    [
        HOLE,
        HOLE.astype(np.uint8),
        HOLE.astype(np.int64),
        HOLE.astype(np.float32),
        Image.fromarray(HOLE.astype(np.uint8)),
        Image.fromarray(HOLE.astype(np.int32)),
        encoded(Image.fromarray(HOLE.astype(np.uint8)), "PNG"),
        encoded(Image.merge("RGB", [Image.fromarray(HOLE.astype(np.uint8))] * 3), "PNG"),
    ],
)
def test_mask_of_zeros_and_ones_is_black_and_white(mask):
    reference = resolve(mask, "mask", TAKES, now=NOW)
    assert (np.asarray(image_of(reference).convert("L")) == HOLE * 255).all()


OPAQUE = ~HOLE
GREY = Image.effect_noise((16, 12), 60)


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize(
    "mask",
    [
        Image.merge("RGBA", [GREY] * 3 + [Image.fromarray(OPAQUE.astype(np.uint8))]),
        Image.merge("LA", [GREY, Image.fromarray(OPAQUE.astype(np.uint8))]),
        Image.merge("RGBA", [Image.fromarray(OPAQUE.astype(np.uint8))] * 4),
        Image.fromarray(np.dstack([np.asarray(GREY)] * 3 + [OPAQUE.astype(np.uint8)])),
    ],
)
def test_mask_whose_alpha_is_zeros_and_ones_keeps_its_hole(mask, as_file):
    limits = ImageLimits("any", formats=("png",), alpha=True)
    reference = resolve(encoded(mask, "PNG") if as_file else mask, "mask", limits, now=NOW)
    assert (np.asarray(image_of(reference).getchannel("A")) == OPAQUE * 255).all()
    assert "reference_alpha_stretched" in {one.code for one in reference.notices}
    # An image that isn't a mask may be as faint as it likes.
    faint = image_of(resolve(mask, "images", limits, now=NOW)).getchannel("A")
    assert (np.asarray(faint) == OPAQUE).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_mask_array_of_colours_and_alpha_keeps_its_hole(kind):
    mask = np.full((12, 16, 4), 200, kind)
    mask[:, :, 3] = OPAQUE
    reference = resolve(mask, "mask", ImageLimits("any", formats=("png",), alpha=True), now=NOW)
    assert (np.asarray(image_of(reference)) == np.dstack([np.full((12, 16, 3), 200), OPAQUE * 255])).all()


@pytest.mark.parametrize("turn", [lambda image: image.rotate(-90, expand=True), lambda image: image.convert("L")])
def test_source_edited_by_hand_is_sent_as_shown(turn):
    edited = turn(Image.open(io.BytesIO(phone_photo())))
    reference = resolve(edited, "images", TAKES, now=NOW)
    sent = image_of(reference)
    assert (sent.size, sent.getexif().get(0x0112, 1)) == (edited.size, 1)
    assert sent.tobytes() == edited.tobytes()
    assert [one.code for one in reference.notices] == ["reference_unturned"]
    assert "exif_transpose" in str(reference.notices[0])
    assert decode_image(edited).tobytes() == edited.tobytes()


@pytest.mark.parametrize("orientation", [0, 9])
def test_source_of_invalid_orientation_is_sent_as_it_is(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = plain(40, 20, exif=exif)
    reference = resolve(content, "images", TAKES, now=NOW)
    assert (content_of(reference), reference.notices) == (content, ())


@pytest.mark.parametrize("key", ["icc_profile", "comment", "exif"])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_source_with_strange_metadata_is_sent(key, kind):
    image = Image.new("RGB", (6, 4))
    image.info[key] = 5
    reference = resolve(image, "images", ImageLimits("any", formats=(kind,)), now=NOW)
    assert image_of(reference).size == (6, 4)
    assert decode_image(image).size == (6, 4)


class HoldsMasked:
    def __array__(self, dtype=None, copy=None):
        return np.ma.masked_less(np.arange(16.0).reshape(4, 4) / 16, 0.2)


@pytest.mark.parametrize("given", [np.ma.masked, np.ma.masked_equal(np.eye(4), 1), HoldsMasked()])
def test_source_with_masked_values_is_refused(given):
    for language, said in (("en", "masked"), ("zh", "filled")):
        i18n.use(language)
        assert said in str(refused(given))


@pytest.mark.parametrize("module", [None, 5, object()])
def test_source_of_a_class_from_nowhere_is_refused(module):
    assert refused(type("Odd", (), {"__module__": module})()).code == "reference_unknown_kind"


def hold_itself(kind):
    held = []
    held += [kind([held]), held]
    return held


@pytest.mark.parametrize("kind", [list, tuple])
def test_source_that_holds_itself_is_refused(kind):
    found = list(flatten_images(hold_itself(kind)))
    assert {refused(one).code for one in found} == {"reference_unknown_kind"}
    with pytest.raises(ReferenceMistake):
        decode_image(hold_itself(kind))
    with pytest.raises(RequestRefused, match="type list is no image"):
        build(CATALOG, "x", {"images": hold_itself(kind)}, model=SAME_SIZE, now=NOW)


def with_alpha(alpha):
    return Image.merge("RGBA", [*[Image.new("L", (16, 12), 255)] * 3, Image.fromarray(alpha.astype(np.uint8))])


LABELS = Image.fromarray(HOLE.astype(np.uint8))
OPAQUE_LABELS = Image.merge("RGBA", [*[LABELS] * 3, Image.new("L", (16, 12), 255)])


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize(
    ("image", "most"),
    [
        (LABELS, 1),
        (Image.merge("RGB", [LABELS] * 3), 1),
        (LABELS.convert("P"), 1),
        (OPAQUE_LABELS, 1),
        (LABELS.point(lambda value: value * 15), 15),
        (Image.fromarray(HOLE.astype(np.int32) * 2), 2),
        (Image.fromarray(HOLE.astype(np.uint16) * 1000), 4),
        (Image.new("L", (4, 4)), 0),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 250)), 5),
        (Image.fromarray(HOLE.astype(np.uint16) * 4095), 16),
        (Image.fromarray(HOLE.astype(np.uint16) * 1023), 4),
        (Image.fromarray(HOLE.astype(np.uint16) * 15), 0),
    ],
)
def test_image_that_is_nearly_black_warns(image, most, as_file):
    reference = resolve(encoded(image, "PNG") if as_file and image.mode != "I" else image, "images", TAKES, now=NOW)
    (notice,) = [one for one in reference.notices if one.code == "reference_nearly_black"]
    assert notice.severity == "warn"
    assert f"highest value is {most} of 255" in str(notice)
    i18n.use("zh")
    assert f"{most}（满值 255）" in str(notice)


@pytest.mark.parametrize(
    "image",
    [
        HOLE.astype(np.uint8),
        HOLE.astype(np.float32),
        Image.fromarray(HOLE.astype(np.int32)),
        LABELS.point(lambda value: value * 16),
        Image.fromarray(HOLE.astype(np.uint16) * 16383),
        Image.new("RGB", (4, 4), (0, 0, 40)),
        with_alpha(HOLE * 255).point([0] * 768 + list(range(256))),
        Image.new("LA", (4, 4)),
    ],
    ids=["array", "float array", "I", "16", "14 bits", "blue", "black on transparent", "transparent"],
)
def test_image_that_shows_something_has_no_such_warning(image):
    reference = resolve(image, "images", TAKES, now=NOW)
    assert "reference_nearly_black" not in {one.code for one in reference.notices}


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize(
    ("image", "most"),
    [
        (Image.new("RGBA", (4, 4), (200, 30, 30, 0)), 0),
        (Image.new("LA", (4, 4), (200, 2)), 2),
        (Image.merge("RGBA", [GREY] * 3 + [Image.fromarray(HOLE.astype(np.uint8))]), 1),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 15)), 15),
    ],
)
def test_image_that_is_nearly_transparent_warns(image, most, as_file):
    reference = resolve(encoded(image, "PNG") if as_file else image, "images", TAKES, now=NOW)
    (notice,) = reference.notices
    assert (notice.code, notice.severity) == ("reference_nearly_transparent", "warn")
    assert f"highest alpha is {most} of 255" in str(notice)
    i18n.use("zh")
    assert f"{most}（满值 255）" in str(notice)


@pytest.mark.parametrize("alpha", [HOLE * 255, HOLE * 16, OPAQUE * 255])
def test_image_that_is_transparent_in_part_has_no_such_warning(alpha):
    assert resolve(with_alpha(alpha), "images", TAKES, now=NOW).notices == ()


@pytest.mark.parametrize("white", [1023, 4095, 16383, 65535])
def test_advice_on_deep_arrays_keeps_what_they_show(white):
    array = HOLE.astype(np.uint16) * white
    code = re.search(r"\(array[^。:]*'uint8'\)", str(refused(array)))[0]
    assert "65535" in code
    scaled = eval(code.replace("65535", str(white)), {"array": array})  # noqa: S307 - our own text
    assert (np.asarray(image_of(resolve(scaled, "images", TAKES, now=NOW))) == HOLE * 255).all()
    assert resolve(scaled, "images", TAKES, now=NOW).notices == ()


def test_request_warns_of_a_black_image():
    request = build(CATALOG, "x", {"images": [LABELS, HOLE]}, model=SAME_SIZE, now=NOW)
    assert [one.code for one in request.warnings] == ["reference_nearly_black"]


@pytest.mark.parametrize(
    ("alpha", "mask", "code"),
    [
        (True, Image.new("RGBA", (8, 8), (0, 0, 0, 255)), "mask_not_transparent"),
        (True, Image.fromarray(HOLE.astype(np.uint8) * 255), "mask_not_transparent"),
        (True, Image.new("RGBA", (8, 8)), None),
        (False, Image.new("L", (8, 8)), "mask_not_white"),
        (False, HOLE, None),
        (None, np.zeros((8, 8), np.uint8), "mask_nothing_editable"),
        (None, Image.new("RGBA", (8, 8), (255, 255, 255, 255)), "mask_nothing_editable"),
        (None, HOLE, None),
        (None, Image.new("LA", (8, 8)), None),
        (True, Image.new("RGBA", (8, 8), (255, 255, 255, 254)), "mask_not_transparent"),
        (True, Image.new("LA", (8, 8), (0, 128)), "mask_not_transparent"),
        (True, with_alpha(HOLE * 253 + 1), "mask_not_transparent"),
        (True, with_alpha(HOLE * 254), None),
        (None, Image.new("RGBA", (8, 8), (0, 0, 0, 254)), "mask_nothing_editable"),
        (None, Image.new("RGBA", (8, 8), (255, 255, 255, 254)), "mask_nothing_editable"),
        (False, Image.new("RGBA", (8, 8), (255, 255, 255, 254)), None),
        (False, Image.fromarray(HOLE.astype(np.uint8) * 2), "mask_not_white"),
        (False, Image.fromarray(HOLE.astype(np.int32) * 127), "mask_not_white"),
        (None, Image.fromarray(HOLE.astype(np.uint8) * 2), "mask_nothing_editable"),
        (None, HOLE.astype(np.uint8) * 3, "mask_nothing_editable"),
        (True, with_alpha(HOLE * 2), "mask_nearly_transparent"),
        (None, with_alpha(HOLE * 15), "mask_nearly_transparent"),
        (True, with_alpha(HOLE * 16), None),
    ],
)
def test_mask_without_an_editable_pixel_warns(alpha, mask, code):
    reference = resolve(mask, "mask", ImageLimits("any", formats=("png",), alpha=alpha), now=NOW)
    assert [(one.code, one.severity) for one in reference.notices] == ([(code, "warn")] if code else [])
    # A file is judged like what it was made from.
    again = resolve(content_of(reference), "mask", ImageLimits("any", formats=("png",), alpha=alpha), now=NOW)
    assert [one.code for one in again.notices] == ([code] if code else [])


@pytest.mark.parametrize("size", [(20, 10), (10, 20), (40, 20)])
def test_mask_of_another_size_warns_where_no_page_rules(size):
    mask = Image.new("RGBA", size)
    options = {"images": [plain(20, 10)], "mask": mask}
    request = build(CATALOG, "x", options, model=ANY_SIZE, now=NOW, force=True)
    assert ("mask_other_size" in {one.code for one in request.warnings}) == (size != (20, 10))


@pytest.mark.parametrize("size", [(900, 700), (700, 900), (800, 800)])
@pytest.mark.parametrize("alpha", [True, False])
def test_mask_becomes_smaller_with_its_image(size, alpha, monkeypatch):
    model = CATALOG.model(SAME_SIZE)
    small = replace(
        model,
        references=replace(model.references, max_mb=0.02),
        mask=replace(model.mask, alpha=alpha, max_mb=1),
    )
    catalog = load("2026-04")
    monkeypatch.setattr(type(catalog), "model", lambda *_: small)
    mask = Image.new("RGBA", size, "black")
    mask.paste((255, 255, 255, 0), (0, 0, size[0] // 2, size[1]))
    request = build(catalog, "x", {"images": [noise(*size)], "mask": mask}, model=SAME_SIZE, now=NOW)
    first, sent = request.references
    assert first.size == sent.size
    assert sent.size < size
    drawn = image_of(sent)
    alpha_channel = np.asarray(drawn.getchannel("A"))
    assert np.unique(alpha_channel).tolist() == [0, 255]
    assert abs((alpha_channel == 0).mean() - 0.5) < 0.01
    assert {"reference_encoded_lightly", "mask_scaled"} <= {one.code for one in request.warnings}
    with pytest.raises(RequestRefused):
        build(catalog, "x", {"images": [noise(*size)], "mask": mask.crop((0, 0, 60, 60))}, model=SAME_SIZE, now=NOW)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.jpg", b"", "empty"),
        ("photo.jpg", b"<!doctype html><title>404</title>", "web page"),
        ("IMG_1.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "HEIC"),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("half.png", encoded(noise(60, 60), "PNG")[:2000], "cut off"),
    ],
)
def test_file_that_is_no_image_says_what_it_is(name, content, said, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    for language in ("en", "zh"):
        i18n.use(language)
        assert name in str(refused(path))
    i18n.use("en")
    assert said in str(refused(path))
    with pytest.raises(ReferenceMistake, match=said):
        decode_image(path)


@pytest.mark.parametrize(
    "url", ["http://[bad/a.png", "https://example.com:99999999/a.png", "http://:80/ü.png", "http://a:b/ä"]
)
def test_source_url_that_is_none_is_refused(url):
    assert refused(url).code == "reference_bad_url"


@pytest.mark.parametrize(
    "given",
    [
        *([None], [[], ()], Gallery(), {None}, (), {}, set(), ((),), [{}], "[]", "[null]"),
        *([(), plain()], (plain(), {}), [ipywidgets.FileUpload(), plain()]),
        ipywidgets.FileUpload(),
        ipywidgets.FileUpload().value,
    ],
)
@pytest.mark.parametrize("name", ["images", "mask"])
def test_source_without_an_image_is_refused(given, name):
    options = {"images": [plain()], name: given}
    with pytest.raises(RequestRefused) as caught:
        build(CATALOG, "x", options, model=SAME_SIZE, now=NOW)
    assert "reference_nothing" in {one.code for one in caught.value.fields["violations"]}


@pytest.mark.parametrize("given", [[], None])
def test_source_that_is_left_out_is_no_mistake(given):
    assert build(CATALOG, "x", {"images": given, "mask": given}, model=SAME_SIZE, now=NOW).references == ()
    several = [given, plain(), [plain(), given]]
    assert len(build(CATALOG, "x", {"images": several}, model=SAME_SIZE, now=NOW).references) == 2


class Lazy:
    def __getattr__(self, name):
        raise RuntimeError(name)


def test_source_whose_attributes_fail_is_refused():
    assert refused(Lazy()).code == "reference_unknown_kind"
    assert list(flatten_images([Lazy, 1])) == [Lazy, 1]


def test_request_with_images_is_hashable():
    one, other = (build(CATALOG, "x", {"images": [plain()]}, model=SAME_SIZE, now=NOW) for _ in "12")
    assert (hash(one), len({one, other})) == (hash(other), 1)


@pytest.mark.parametrize("content", [b"", b"<html>404", b"{}"])
def test_upload_that_is_no_image_says_what_it_is(content, tmp_path):
    from qwave_jupyter.widgets.panel.images import _store_upload

    with pytest.raises(ReferenceMistake) as caught:
        _store_upload(content, tmp_path, "a.png")
    assert "a.png" in str(caught.value)


@pytest.mark.parametrize("given", ["http://localhost/a.png", Image.new("I;16", (4, 4), 4000), phone_photo()])
def test_request_with_notices_can_be_pickled(given):
    request = build(
        CATALOG, "x", {"images": [given], "mask": Image.new("L", (9, 9))}, model=ANY_SIZE, force=True, now=NOW
    )
    again = pickle.loads(pickle.dumps(request))
    assert again == request
    assert [str(one) for one in again.warnings] == [str(one) for one in request.warnings]
    assert len(again.warnings) >= 2


@pytest.mark.parametrize("hold", [bytes, io.BytesIO], ids=["bytes", "BytesIO"])
def test_file_beside_other_content_is_an_image_too(tmp_path, monkeypatch, hold):
    monkeypatch.chdir(tmp_path)
    Path("style.png").write_bytes(plain(40, 30, colour="blue"))
    together = qwave.build("a cat", model="gpt-image-2", images=("style.png", hold(plain(20, 20))))
    assert [one.size for one in together.references] == [(40, 30), (20, 20)]
    # The form in which a file goes with its name.
    same = qwave.build("a cat", model="gpt-image-2", images=("style.png", hold(Path("style.png").read_bytes())))
    assert [one.size for one in same.references] == [(40, 30)]
    with Path("style.png").open("rb") as opened:
        assert len(qwave.build("a cat", model="gpt-image-2", images=("style.png", opened)).references) == 1


@pytest.mark.parametrize("mask", [np.zeros((30, 40), bool), np.ones((30, 40), np.uint8) * 255, np.zeros((2, 2, 4))])
def test_array_as_mask_of_a_model_without_masks_is_refused_in_words(mask):
    with pytest.raises(qwave.QwaveError, match="mask") as refused:
        qwave.build("a cat", model="qwen-image-2.0", images="https://e.com/a.png", mask=mask)
    assert "broadcast" not in str(refused.value)
