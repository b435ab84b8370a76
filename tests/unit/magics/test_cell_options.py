"""The first line of a cell and the names in a prompt: read alike everywhere, refused clearly."""

from __future__ import annotations

import subprocess
import sys

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.batches import sweep
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake, QwaveError, UserMistake
from qwave_jupyter.jobs.own_options import OwnOptions
from qwave_jupyter.jobs.request import fill_prompt
from qwave_jupyter.magics import cell_options

CATALOG = load("2026-04")
GPT = CATALOG.model("gpt-image-2")
SEEDREAM = CATALOG.model("seedream-5.0")


def read(line, model=GPT, variables=None):
    return cell_options.parse_line(line, model, variables or {})


def test_options_cover_every_parameter():
    parsed = read('-n 2 -r 16:9 --quality high --background=transparent --style "old film" --no-official-fallback')
    assert parsed.values == {
        "n": "2",
        "aspect_ratio": "16:9",
        "quality": "high",
        "background": "transparent",
        "style": "old film",
        "official_fallback": False,
    }


def test_switch_options_have_an_opposite():
    assert read("--web-search --no-watermark", SEEDREAM).values == {"web_search": True, "watermark": False}
    assert read("--watermark false", SEEDREAM).values == {"watermark": "false"}


def test_own_options_are_typed():
    own = read("-o city --timeout 5 --max-cost 0.05 --save out --dry-run --embed link").own
    assert own == OwnOptions(out="city", timeout=5.0, max_cost=0.05, save="out", dry_run=True, embed="link")


def test_image_options_by_url_path_or_variable(tmp_path):
    image = object()
    file = tmp_path / "a b.png"
    file.touch()
    parsed = read(f"-i https://x.example/a.png -i city --image '{file}' --mask city", variables={"city": image})
    assert parsed.values["images"] == ("https://x.example/a.png", image, str(file))
    assert parsed.values["mask"] is image


def test_options_as_key_and_value():
    assert read("-p quality=low -p style='a = b'").values == {"quality": "low", "style": "a = b"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--timeout 0", "--timeout needs a number above 0"),
        ("--timeout soon", "--timeout needs a number above 0"),
        ("--timeot 5", "--timeout"),
        ("--max-cost", "--max-cost needs a value"),
        ("-o 2city", "-o needs a variable name"),
        ("-x 3", "there is no option -x"),
        ("a cat", "the prompt goes below"),
        ('--style "open', "never closed"),
        ("--embed all", "preview, full, link or html"),
        ("-p quality", "KEY=VALUE"),
    ],
)
def test_options_errors_say_what_to_do(line, says):
    with pytest.raises(OptionMistake) as refusal:
        read(line)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "line", ["--api-key sk-verysecret123", "--key=sk-verysecret123", "sk-verysecret123", "-p key=sk-verysecret123"]
)
def test_options_refuse_and_hide_a_key(line):
    with pytest.raises(OptionMistake) as refusal:
        read(line)
    assert "%qwave key" in str(refusal.value)
    assert "verysecret" not in str(refusal.value)


@pytest.mark.parametrize(
    "line",
    [
        "--quality “high” -r 16:9",
        "—quality high －r 16:9",
        "–-quality ‘high’\u3000-r\u00a016:9",
        '"--quality" "high" -r "16:9"',
    ],
)
def test_options_with_typographic_characters(line):
    assert read(line).values == {"quality": "high", "aspect_ratio": "16:9"}


def test_options_keep_quoted_characters():
    assert read('--style "a “b”\u3000—c"').values == {"style": "a “b”\u3000—c"}
    assert read("--style “it's old”").values == {"style": "it's old"}
    assert read("--style=a–b").values == {"style": "a–b"}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('--sweep s="a, b",c', ("a, b", "c")),
        ("--sweep s='a, b',c -n 2", ("a, b", "c")),
        ('--sweep s=oil,"pixel art"', ("oil", "pixel art")),
        ('--sweep "s=oil,pixel art"', ("oil", "pixel art")),
        ("--sweep=s=油画，水墨", ("油画", "水墨")),
    ],
)
def test_options_keep_a_quoted_comma(line, values):
    (written,) = read(line).own.sweep
    assert sweep.parse_axis(written, prompt_names=["s"]).values == values


@pytest.mark.parametrize(
    "holds", [None, [], (), [None], "", {}, ((), [None]), ipywidgets.FileUpload(), ipywidgets.FileUpload().value]
)
@pytest.mark.parametrize("option", ["-i", "--mask"])
def test_options_refuse_a_variable_without_image(option, holds):
    with pytest.raises(OptionMistake, match="the variable city holds no image"):
        read(f"{option} city", variables={"city": holds})


@pytest.mark.parametrize("name", ["class", "print", "In", "None"])
def test_options_out_keeps_python_names(name):
    with pytest.raises(OptionMistake, match=f"-o {name} would cover up"):
        read(f"-o {name}")


#: Says what a first line makes of each name that IPython itself has set after some cells.
IN_IPYTHON = """
from IPython.core.interactiveshell import InteractiveShell
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.cell_options import parse_line
shell = InteractiveShell()
for number in range(4):
    shell.run_cell(f"{number}", store_history=True, silent=False)
print()
for name in shell.user_ns:
    try:
        parse_line(f"-o {name}", load("2026-04").model("gpt-image-2"), {})
    except OptionMistake as mistake:
        print(name, "would cover up" in str(mistake))
    else:
        print(name, "taken")
"""


def test_options_out_keeps_what_ipython_sets(clean_environment):
    run = [sys.executable, "-c", IN_IPYTHON]
    ended = subprocess.run(run, capture_output=True, text=True, timeout=100, check=True)
    said = dict(line.split() for line in ended.stdout.partition("\n\n")[2].split("\n") if line.count(" ") == 1)
    assert {"_", "__", "___", "_i", "_ii", "_ih", "_oh", "_dh", "_4", "_i4", "In", "Out", "exit", "quit"} <= set(said)
    assert [name for name, result in said.items() if result != "True"] == []


@pytest.mark.parametrize("name", ["____", "_city", "_i_", "i", "_x1", "Outs", "exits", "_4x"])
def test_options_out_takes_other_names(name):
    assert read(f"-o {name}").own.out == name


def test_prompt_refuses_and_hides_a_key():
    with pytest.raises(OptionMistake, match="%qwave key") as refusal:
        cell_options.refuse_key("use sk-verysecret1234567890 for a cat")
    assert "verysecret" not in str(refusal.value)
    cell_options.refuse_key("a sk-8erboarder at the disk-shaped lake")


def test_options_name_all_mistakes():
    with pytest.raises(OptionMistake) as refusal:
        read("--timeout 0 -o 1x stray")
    assert all(part in str(refusal.value) for part in ("--timeout", "-o", "stray"))


def test_options_continue_after_a_backslash():
    assert cell_options.split_cell("-n 2 \\", "--quality low\na cat\nat night") == (
        "-n 2  --quality low",
        "a cat\nat night",
    )


@given(st.text(max_size=60))
def test_options_take_any_line(line):
    try:
        read(line)
    except QwaveError as refusal:
        assert "\n" not in str(refusal)


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("a {{colour}} cat", "a red cat"),
        ("a {{ colour }} cat", "a red cat"),
        ("{one} }{ braces", "{one} }{ braces"),
        (r"\{{colour}}", "{{colour}}"),
        ('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 1}}}'),
        ("{{twice}}", "{{colour}}"),
        ("{{number}} cats", "3 cats"),
    ],
)
def test_prompt_variables_are_filled_once(prompt, filled):
    assert fill_prompt(prompt, {"colour": "red", "twice": "{{colour}}", "number": 3}) == filled


@pytest.mark.parametrize(
    ("prompt", "says"), [("{{wether}}", "weather"), ("{{a.b}}", "a.b"), ("{{os}}", "module"), ("{{f()}}", "f()")]
)
def test_prompt_variables_errors(prompt, says):
    import os

    with pytest.raises(UserMistake) as refusal:
        fill_prompt(prompt, {"weather": "x", "os": os})
    assert says in str(refusal.value)


@given(st.text(max_size=200))
def test_prompt_without_braces_is_unchanged(text):
    if "{{" not in text:
        assert fill_prompt(text, {}) == text


def test_options_boxes_and_palettes_by_variable():
    wan = CATALOG.model("wan2.7-image")
    colours = [{"hex": "#102030", "ratio": 100}]
    parsed = read("--color-palette colours --bbox-list boxes", wan, {"colours": colours, "boxes": ([[1, 2, 3, 4]],)})
    assert parsed.values == {"color_palette": colours, "bbox_list": [[[1, 2, 3, 4]]]}
    assert read("--color-palette colours", wan).values == {"color_palette": "colours"}
