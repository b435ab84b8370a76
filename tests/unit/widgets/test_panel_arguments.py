"""What a program opens a panel with: values count as in a request, and what is none is refused in one line."""

from __future__ import annotations

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import QwaveError, ReferenceMistake, RequestRefused
from qwave_jupyter.widgets.panel.panel import Panel
from tests.image_factory import plain

MODEL = "gpt-image-2"


@pytest.fixture
def panel(clean_environment):
    opened = []

    def start(**parameters):
        opened.append(qwave.panel("a cat", model=MODEL, **parameters))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("seed", [np.int64(3), np.uint8(3), np.float64(3), np.array(3), np.ma.array(3)], ids=repr)
def test_number_of_numpy_is_a_number(panel, seed):
    opened = panel(seed=seed)
    assert opened.request().body["seed"] == 3
    assert "--seed 3" in opened.cell()


def hold_itself():
    held = []
    held += [held, held]
    return held


OBJECTS = {
    "NA": pd.NA,
    "NaT": pd.NaT,
    "array": np.array([1, 2]),
    "empty array": np.array([]),
    "Series": pd.Series([1, 2]),
    "DataFrame": pd.DataFrame({"a": [1]}),
    "masked": np.ma.masked,
    "masked number": np.ma.array(3, mask=True),
    "module": np,
    "class": pd.Series,
    "object": object(),
    "list": hold_itself(),
    "dict": {"a": pd.NA},
}


@pytest.mark.parametrize("name", ["seed", "quality", "n", "aspect_ratio"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_object_that_is_no_value_is_refused(panel, kind, name):
    with pytest.raises(RequestRefused) as refused:
        panel(**{name: OBJECTS[kind]})
    assert f"{name} must be" in str(refused.value)
    assert "\n" not in str(refused.value)
    opened = panel()
    # A control shows what is wrong, and the panel stays as it is.
    opened.set(name, OBJECTS[kind])
    assert name not in opened.request().body


@pytest.mark.parametrize("given", [float("nan"), "three", 1.5])
def test_unreadable_number_is_shown(panel, given):
    opened = panel(seed=given)
    assert "seed must be a whole number" in repr(opened)
    with pytest.raises(QwaveError):
        opened.request()


@pytest.mark.parametrize("name", ["images", "mask"])
@pytest.mark.parametrize("kind", ["NA", "array", "Series", "masked", "module", "object", "list"])
def test_object_that_is_no_image_is_refused(panel, kind, name):
    with pytest.raises(ReferenceMistake) as refused:
        panel(**{name: OBJECTS[kind]})
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["images", "mask"])
@pytest.mark.parametrize(
    "given", [(), {}, [None], [()], ipywidgets.FileUpload(), ipywidgets.FileUpload().value], ids=repr
)
def test_empty_upload_is_refused(panel, given, name):
    with pytest.raises(ReferenceMistake, match=f"{name} holds no image"):
        panel(**{name: given})
    assert panel(**{name: []}).request().references == ()


@pytest.mark.parametrize("name", ["images", "mask"])
@pytest.mark.parametrize("held", [(), {}, None, [None]])
def test_variable_without_an_image_is_not_selected(panel, held, name):
    opened = Panel(panel().state, {"files": held})
    opened.change_images(name, "add", "files")
    assert f"{name} holds no image" in str(opened.view.strips[name].notes)
    assert (opened.state.selected, opened.state.mask) == ((), None)
    opened.close()


def test_variable_goes_before_a_folder_of_its_name(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city").mkdir()
    (tmp_path / "sea").write_bytes(plain(8, 8))
    image = Image.new("RGB", (4, 4), "teal")
    opened = Panel(panel().state, {"city": image, "sea": image})
    for name in ("city", "sea"):
        opened.change_images("images", "add", name)
    assert [one.source for one in opened.state.selected] == [image, "sea"]
    opened.close()
