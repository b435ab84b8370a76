"""Results as other libraries take them."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from operator import add
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images.gallery import Gallery, GeneratedImage


@pytest.fixture
def gallery(tmp_path):
    for name, colour in (("a", "red"), ("b", "blue"), ("c", "lime")):
        Image.new("RGB", (6, 4), colour).save(tmp_path / f"{name}.png")
    return Gallery(GeneratedImage(tmp_path / f"{name}.png", parameters={"seed": 1, "l": [1]}) for name in "abc")


def test_image_is_hashable(gallery):
    assert len(set(gallery)) == 3
    assert {gallery[0]: "x"}[replace(gallery[0])] == "x"
    assert hash(gallery[0]) == hash(replace(gallery[0], parameters={}))
    assert len({gallery, Gallery(gallery)}) == 1


def test_image_is_a_path(gallery):
    assert os.fspath(gallery[0]) == str(gallery[0].path)
    with Image.open(gallery[1]) as opened:
        assert (opened.size, opened.getpixel((0, 0))) == ((6, 4), (0, 0, 255))


def test_image_is_an_array(gallery):
    for index, colour in enumerate([(255, 0, 0), (0, 0, 255), (0, 255, 0)]):
        array = np.asarray(gallery[index])
        assert (array.shape, array.dtype) == ((4, 6, 3), np.uint8)
        assert tuple(array[0, 0]) == colour
        assert np.asarray(gallery[index], dtype=float).dtype == np.float64
    with pytest.raises(OptionMistake, match="copy=False"):
        gallery[0].__array__(copy=False)


def test_image_in_a_table_stays_an_image(gallery):
    for table in (pd.DataFrame({"image": list(gallery)}), pd.DataFrame([{"image": one} for one in gallery])):
        assert list(table["image"]) == list(gallery)


def test_gallery_is_an_array_of_one_size(gallery, tmp_path):
    assert np.asarray(gallery).shape == (3, 4, 6, 3)
    assert np.asarray(gallery[:0]).size == 0
    Image.new("RGB", (9, 9)).save(tmp_path / "other.png")
    with pytest.raises(OptionMistake, match="9×9×3"):
        np.asarray(Gallery([*gallery, GeneratedImage(tmp_path / "other.png")]))
    assert pd.DataFrame({"made": [gallery, gallery[:1]]})["made"][1] == gallery[:1]


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (["a.png"], "str"),
        ("ab", "str"),
        ([Path("a.png")], "Path"),
        (b"ab", "int"),
        ({"a": 1}, "str"),
        ([None], "NoneType"),
    ],
)
def test_gallery_of_others_is_refused(gallery, other, kind):
    for make in (partial(add, gallery), Gallery):
        with pytest.raises(OptionMistake) as refused:
            make(other)
        for language in ("en", "zh"):
            i18n.use(language)
            assert kind in str(refused.value)
        i18n.use(None)


@pytest.mark.parametrize("given", [7, None, object()])
def test_gallery_of_no_list_is_refused(given):
    with pytest.raises(OptionMistake, match=f"of type {type(given).__name__}"):
        Gallery(given)


def test_gallery_takes_galleries_and_lists(gallery):
    images = list(gallery)
    assert list(gallery + gallery[:1]) == [*images, images[0]]
    assert list(gallery + images[1:]) == [*images, *images[1:]]
    assert list(gallery + (one for one in images)) == images * 2
    assert add(gallery, []) == gallery
    for single in images:
        with pytest.raises(OptionMistake, match="GeneratedImage"):
            add(gallery, single)
