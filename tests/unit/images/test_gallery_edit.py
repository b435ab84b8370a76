"""An edit with further reference images than the image itself."""

from __future__ import annotations

import base64
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from qwave_jupyter import i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ReferenceMistake, RequestRefused
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.request import build
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from tests.image_factory import plain

MODEL = "gpt-image-2"
URL, OTHER = "https://example.com/hat.png", "https://example.com/scarf.png"
CAT = "https://example.com/cat.png"
BYTES = plain(300, 300)


class RecordingSession:
    """A session that builds what is submitted and sends nothing."""

    catalog = load("2026-04")

    def submit(self, prompt, *, model, **options):
        return build(self.catalog, prompt, options, model=model)


def make_image(url):
    return GeneratedImage(Path("gone.png"), url=url, prompt="a cat", model=MODEL, session=RecordingSession())


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        (URL, [URL]),
        ([URL, OTHER], [URL, OTHER]),
        ((URL,), [URL]),
        (make_image(OTHER), [OTHER]),
        (Gallery([make_image(OTHER), make_image(URL)]), [OTHER, URL]),
        ([], []),
        (None, []),
    ],
    ids=["url", "urls", "tuple", "image", "gallery", "none", "nothing"],
)
def test_edit_takes_one_or_several_images(more, sent):
    assert make_image(CAT).edit("with a hat", images=more, wait=False).body["image_urls"] == [CAT, *sent]


@pytest.mark.parametrize("spell", [Path, str, lambda path: path.read_bytes()], ids=["path", "text", "bytes"])
def test_edit_takes_a_single_file(tmp_path, spell):
    file = tmp_path / "hat.png"
    file.write_bytes(BYTES)
    first, second = make_image(CAT).edit("with a hat", images=spell(file), wait=False).body["image_urls"]
    assert first == CAT
    assert base64.b64decode(second.partition("base64,")[2]) == BYTES


def test_edit_keeps_the_mask_beside_images():
    body = make_image(CAT).inpaint(OTHER, "a hat", images=URL, wait=False).body
    assert (body["image_urls"], body["mask_url"]) == ([CAT, URL], OTHER)


@pytest.mark.parametrize(
    "mask",
    [
        None,
        [],
        (),
        {},
        Gallery(),
        ipywidgets.FileUpload().value,
        MaskBrush(Image.new("RGB", (8, 8))).mask,
    ],
    ids=["none", "list", "tuple", "dict", "gallery", "upload", "unpainted"],
)
def test_inpaint_without_a_mask_is_refused(mask):
    with pytest.raises(ReferenceMistake) as refused:
        make_image(CAT).inpaint(mask, "a hat", wait=False)
    assert refused.value.code == "inpaint_no_mask"
    for language in ("en", "zh"):
        i18n.use(language)
        assert "edit()" in str(refused.value)
    i18n.use(None)


@pytest.mark.parametrize("mask", ["", [None], [[], ()], ipywidgets.FileUpload(), {None}])
def test_inpaint_with_nothing_in_its_mask_is_refused(mask):
    with pytest.raises(RequestRefused, match="mask holds no image"):
        make_image(CAT).inpaint(mask, "a hat", wait=False)


@pytest.mark.parametrize("mask", [OTHER, Image.new("RGBA", (8, 8)), np.eye(8, dtype=bool), [OTHER]])
def test_inpaint_sends_its_mask(mask):
    assert make_image(CAT).inpaint(mask, "a hat", wait=False).body["mask_url"].startswith(("https://", "data:"))
