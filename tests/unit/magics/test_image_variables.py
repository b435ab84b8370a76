"""An image option means the variable where a folder has its name."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics import cell_options
from qwave_jupyter.magics.caller_scope import CallerVariables

GPT = load("2026-04").model("gpt-image-2")


@pytest.mark.parametrize("name", ["city", "städte", "out_2"])
def test_image_variable_goes_before_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    image = object()
    parsed = cell_options.parse_line(f"-i {name} --mask {name}", GPT, {name: image})
    assert parsed.values == {"images": (image,), "mask": image}


def test_image_file_goes_before_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city").touch()
    assert cell_options.parse_line("-i city", GPT, {"city": object()}).values == {"images": ("city",)}


@pytest.mark.parametrize("code", ["city[0]", "city[-1].path", "city(1)"])
def test_image_expression_hints_at_variable(code):
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(f"-i {code}", GPT, {"city": [object()]})
    assert f"put it into a variable first, such as one = {code}" in str(refusal.value)


@pytest.mark.parametrize("line", ["-i city", "--mask city", "-i {{city}}", "-i city[0]"])
def test_unreachable_image_variable_is_no_path(line):
    reason = OptionMistake("options.variable_unbound", name="city")
    with pytest.raises(OptionMistake, match="the variable city has no value here"):
        cell_options.parse_line(line, GPT, CallerVariables({"city": object()}, {"city": reason}))


def test_image_path_like_expression_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city.png").touch()
    assert cell_options.parse_line("-i city.png", GPT, {"city": object()}).values == {"images": ("city.png",)}
