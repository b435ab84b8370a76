"""An image option means the variable where a folder has its name."""

from __future__ import annotations

import re
import unicodedata
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.jobs.request import build, find_value, unvalidated_model
from qwave_jupyter.magics import cell_options
from qwave_jupyter.magics.caller_scope import CallerVariables
from tests.image_factory import plain

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


@pytest.mark.parametrize("name", ["नाम", "ชื่อ", "cafe\u0301", "ｆish", "ﬁsh"], ids=ascii)
@pytest.mark.parametrize("form", ["-i {0}", "--mask {0}", "-p images={0}"])
def test_image_variable_is_found_as_python_finds_it(name, form):
    scope = {}
    exec(f"{name} = object()", scope)  # noqa: S102 - Python says what it takes
    held = scope[unicodedata.normalize("NFKC", name)]
    (value,) = cell_options.parse_line(form.format(name), GPT, scope).values.values()
    assert value in (held, (held,))


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


@pytest.mark.parametrize("option", ["-i ", "--mask ", "--image=", "-p images=", "-i sea.png -i "])
@pytest.mark.parametrize("code", ["city['a']", 'city["a b"]', "city.get('a')", "city['a'][0]", "city[0]"])
@pytest.mark.parametrize("around", ["{}", "{{{{{}}}}}", "{{{}}}", "${}", "${{{}}}", '"{{{{{}}}}}"'])
def test_image_expression_is_shown_as_written(option, code, around):
    if around.startswith('"'):
        code = code.replace('"', "'")
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(option + around.format(code), GPT, {"city": {"a": object()}})
    assert f"put it into a variable first, such as one = {code}. Nothing" in str(refusal.value)


@pytest.mark.parametrize("option", ["-i ", "--mask ", "--image=", "-p mask=", "-i city -i "])
@pytest.mark.parametrize("empty", ["''", '""', "' '", "'\t'"])
def test_image_that_is_empty_hints_at_variable(option, empty):
    with pytest.raises(OptionMistake, match=r"is empty; give a path, a URL or the name of a variable that holds an"):
        cell_options.parse_line(option + empty, GPT, {"city": object()})


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


RED, BLUE = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
SEEN = {
    "city": RED,
    "sea": BLUE,
    "array": np.full((64, 64), 90, np.uint8),
    "nothing": None,
    "files": (),
    "gone": [None],
    "jobs": SimpleNamespace(task_id="task-1"),
}


@pytest.fixture
def plan(clean_environment):
    def make(line, variables=SEEN):
        parsed = cell_options.parse_line(line, GPT, variables)
        own, options = parsed.own, {"variables": variables, "options": parsed.values}
        return qwave.Session(edition="2026-04").plan_sweep("a cat", own.sweep, model=GPT.id, force=own.force, **options)

    return make


@pytest.mark.parametrize("key", ["images", "image", "image_urls"])
@pytest.mark.parametrize("names", [("city", "sea"), ("sea", "array", "city")])
def test_sweep_over_image_variables(plan, key, names):
    sweep = plan(f"--sweep {key}={','.join(names)}")
    expected = [build(load("2026-04"), "a cat", {"images": SEEN[name]}, model=GPT.id).body for name in names]
    assert [request.body["image_urls"] for request in sweep.requests] == [body["image_urls"] for body in expected]
    assert [cell.combination.caption for cell in sweep.grid] == [f"{key} {name}" for name in names]
    written = sweep.cell(0).splitlines()[0]
    assert find_values(written) == {"images": (SEEN[names[0]],)}


def find_values(written):
    return {
        name: value
        for name, value in cell_options.parse_line(written.removeprefix("%%qwave"), GPT, SEEN).values.items()
        if name != "model"
    }


def test_image_variables_of_a_model_of_which_nothing_is_known():
    model = unvalidated_model("lab-model")
    parsed = cell_options.parse_line("-i city --image sea --mask array", model, SEEN)
    assert parsed.values == {"images": (RED, BLUE), "mask": SEEN["array"]}
    for name in ("nothing", "files", "gone"):
        with pytest.raises(OptionMistake, match=f"the variable {name} holds no image"):
            cell_options.parse_line(f"-i {name}", model, SEEN)


def test_sweep_over_mask_variables(plan):
    sweep = plan("-i city --sweep mask=sea,array")
    assert len({request.body["mask_url"] for request in sweep.requests}) == 2
    assert all(request.body["image_urls"] for request in sweep.requests)


def test_sweep_over_images_and_models(plan):
    sweep = plan("--sweep images=city,sea --sweep model=gpt-image-2,lab-model --force")
    assert [bool(request.references) for request in sweep.requests] == [True] * 4


@pytest.mark.parametrize("name", ["nothing", "files", "gone"])
@pytest.mark.parametrize("key", ["images", "mask", "image"])
def test_sweep_over_a_variable_without_image_is_refused(plan, key, name):
    with pytest.raises(OptionMistake, match=f"--sweep {key} {name}: the variable {name} holds no image"):
        plan(f"-i city --sweep {key}=sea,{name}" if key == "mask" else f"--sweep {key}=sea,{name}")


def test_sweep_over_an_unreachable_variable_is_refused(plan):
    variables = CallerVariables({"city": RED, "sea": BLUE}, {"sea": ""})
    with pytest.raises(OptionMistake, match="the variable sea has no value here"):
        plan("--sweep images=city,sea", variables)


def test_sweep_over_files_goes_before_variables(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city").write_bytes(plain(32, 32))
    sizes = [request.references[0].size for request in plan("--sweep images=city,sea").requests]
    assert sizes == [(32, 32), (64, 64)]


@pytest.mark.parametrize(("given", "name"), [("$city", "city"), ("{sea}", "sea")])
def test_sweep_over_variables_of_other_magics_hints_at_variable(given, name):
    with pytest.raises(OptionMistake, match=f"a variable is filled in as {name}\\."):
        cell_options.parse_line(f"--sweep images={given},sea", GPT, SEEN)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ref_task_id", "jobs", SEEN["jobs"]),
        ("ref_task_id", "other", "other"),
        ("prompt", "city", "city"),
        ("images", "city", RED),
        ("images", "https://a.b/city.png", "https://a.b/city.png"),
    ],
)
def test_value_that_names_a_variable(name, text, value):
    model = load("2026-09").model("midjourney")
    assert find_value(model.find_parameter(name), text, SEEN) is value


A, B = "https://example.com/a.png", "https://example.com/b.png"


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (f'-p \'image_urls=["{A}","{B}"]\'', [A, B]),
        (f'--images \'["{A}", "{B}"]\'', [A, B]),
        (f"-i {B} --images '[\"{A}\"]'", [B, A]),
        (f"-i '[\"{A}\"]' -p 'images=[\"{B}\"]'", [A, B]),
    ],
)
def test_images_written_as_json_are_several(line, sent):
    given = cell_options.parse_line(line, GPT, {}).values
    assert build(load("2026-04"), "x", given, model=GPT.id).body["image_urls"] == sent
    from_python = build(load("2026-04"), "x", {"images": [f'["{A}"]', B]}, model=GPT.id)
    assert from_python.body["image_urls"] == [A, B]


@pytest.mark.parametrize("listed", ["[]", "[null]", '["nowhere.png"]', '["https://example.com/a.png"'])
def test_images_written_as_json_that_hold_none_are_refused(listed):
    given = cell_options.parse_line(f"-p 'images={listed}'", GPT, {}).values
    with pytest.raises(RequestRefused):
        build(load("2026-04"), "x", given, model=GPT.id)
