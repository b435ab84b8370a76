from __future__ import annotations

import unicodedata

import pytest

from qwave_jupyter.batches.sweep import Axis, expand_axes, parse_axis
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs.request import fill_prompt, prompt_names


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=1..4", (1, 2, 3, 4)),
        ("seed=4..1", (4, 3, 2, 1)),
        ("seed=0..100..50", (0, 50, 100)),
        ("seed=7", ("7",)),
        ("style=oil, ink", ("oil", "ink")),
        ("style='oil, thick',ink", ("oil, thick", "ink")),
        ("style=\"it's\",van gogh's", ("it's", "van gogh's")),
        ("aspect-ratio=1:1,16:9", ("1:1", "16:9")),
    ],
)
def test_sweep_axis_values_are_read(text, values):
    assert parse_axis(text).values == values


def test_sweep_axis_of_a_prompt_name():
    assert parse_axis("style=oil", prompt_names=["style"]).in_prompt
    assert parse_axis("{{style}}=oil", prompt_names=["style"]) == Axis("style", ("oil",), in_prompt=True)
    assert not parse_axis("quality=high", prompt_names=["style"]).in_prompt
    assert parse_axis("aspect-ratio=1:1").key == "aspect_ratio"


@pytest.mark.parametrize("name", ["नाम", "ชื่อ", "cafe\u0301", "ｆish", "天气"], ids=ascii)
@pytest.mark.parametrize("form", ["{}", "{{{{{}}}}}", "{{{{ {} }}}}", "｛｛{}｝｝"])
def test_sweep_axis_of_a_name_as_python_reads_it(name, form):
    axis = parse_axis(f"{form.format(name)}=a,b", prompt_names=prompt_names(f"{{{{{name}}}}}"))
    assert axis == Axis(unicodedata.normalize("NFKC", name), ("a", "b"), in_prompt=True)
    filled = [tile.variables for tile in expand_axes([axis])]
    assert [fill_prompt(f"{{{{{name}}}}}", one) for one in filled] == ["a", "b"]


@pytest.mark.parametrize(
    "text", ["", "seed", "=1", "seed=", "a=1,,2", "a=1,1", "a='1", "seed=1..99999", "seed=1..5..0", "{{x}}=1", "a.b=1"]
)
def test_sweep_axis_errors(text):
    with pytest.raises(OptionMistake) as refused:
        parse_axis(text)
    assert str(refused.value)


def test_sweep_axes_multiply():
    axes = [parse_axis("model=a,b"), parse_axis("seed=1..2"), parse_axis("style=oil", prompt_names=["style"])]
    tiles = expand_axes(axes, {"n": 1}, {"style": "ink", "who": "cat"})
    assert len(tiles) == 4
    assert tiles[0].labels == {"model": "a", "seed": 1, "style": "oil"}
    assert tiles[-1].model == "b"
    assert tiles[-1].options == {"n": 1, "seed": 2}
    assert tiles[-1].variables == {"style": "oil", "who": "cat"}
    assert [tile.position for tile in tiles] == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)]


def test_sweep_size_is_limited():
    with pytest.raises(OptionMistake, match="1600"):
        expand_axes([parse_axis("seed=1..40"), parse_axis("n=1..40")])
    with pytest.raises(OptionMistake, match="twice"):
        expand_axes([parse_axis("seed=1..4"), parse_axis("seed=5..6")])
