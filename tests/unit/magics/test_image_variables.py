"""An image option means the variable where a folder has its name."""

from __future__ import annotations

import re

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


@pytest.mark.parametrize("option", ["-i ", "--mask ", "-p images="])
@pytest.mark.parametrize(
    "code",
    [
        "city[0]",
        "city[-1].path",
        "city(1)",
        "city[a b]",
        "city.pil",
        "city.copy()",
        "city,city",
        "[city]",
        "[sea,city]",
        "(city)",
        "list(city)",
        "sea.crop(city.box)",
    ],
)
def test_image_expression_hints_at_variable(option, code):
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(f'{option}"{code}"', GPT, {"city": [object()]})
    assert f"put it into a variable first, such as one = {code}. Nothing" in str(refusal.value)


@pytest.mark.parametrize("code", ["city，city", "［city］", "city、sea", "city（1）"])
def test_image_expression_of_a_wide_keyboard_hints_at_variable(code):
    with pytest.raises(OptionMistake, match=r"put it into a variable first, such as one = .?city"):
        cell_options.parse_line(f"-i {code}", GPT, {"city": [object()]})


@pytest.mark.parametrize("code", ["{city}", "$city"])
def test_image_variable_of_other_magics_hints_at_variable(code):
    with pytest.raises(OptionMistake, match=r"--images .*is named without braces, --images city"):
        cell_options.parse_line(f"-i {code}", GPT, {"city": object()})


def test_task_expression_hints_at_variable():
    model = load("2026-09").model("midjourney")
    with pytest.raises(OptionMistake, match=re.escape("such as one = jobs[0]")):
        cell_options.parse_line("--ref-task-id jobs[0]", model, {"jobs": [object()]})


@pytest.mark.parametrize(
    "path", ["city.png", "sea/city", "city-2", "city.JPG", "my photo (city)", "https://a.b/city[0]", "sea.dat", "[a]"]
)
def test_image_path_is_no_expression(path):
    assert cell_options.parse_line(f'-i "{path}"', GPT, {"city": object()}).values == {"images": (path,)}


@pytest.mark.parametrize("line", ["-i city", "--mask city", "-i {{city}}", "-i city[0]"])
def test_unreachable_image_variable_is_no_path(line):
    with pytest.raises(OptionMistake, match="the variable city has no value here"):
        cell_options.parse_line(line, GPT, CallerVariables({"city": object()}, {"city": ""}))


def test_image_path_like_expression_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city.png").touch()
    assert cell_options.parse_line("-i city.png", GPT, {"city": object()}).values == {"images": ("city.png",)}
