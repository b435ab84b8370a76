"""A sweep's cell, read back, makes the very request of its tile, whatever prompt and values hold."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.magics import cell_options
from qwave_jupyter.session import Session

OTHERS = {"who": "an owl", "odd": "{{x}}", "tail": "\\"}


@pytest.fixture
def read_back(clean_environment):
    """The requests of a sweep, and those of its cells where the same variables are there."""

    def make(prompt, *sweeps, **options):
        session = Session(edition="2026-04")
        sweep = session.plan_sweep(prompt, list(sweeps), model="gpt-image-2", **options)
        known = options.get("variables") or {}
        again = []
        for index, _ in enumerate(sweep.grid):
            line, _, text = sweep.cell(index).partition("\n")
            parsed = cell_options.parse_line(line.removeprefix("%%qwave"), load("2026-04").model("gpt-image-2"), known)
            again.append(session.build(text, model=parsed.own.model, variables=known, **parsed.values))
        return [one.body for one in sweep.requests], [one.body for one in again], sweep

    return make


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        (r"A {{s}} sign that says \{{s}}", ["A oil sign that says {{s}}", "A {{ink}} sign that says {{s}}"]),
        (r"\\{{s}} {{ s }}", [r"\{{s}} oil", r"\{{s}} {{ink}}"]),
        ("{ {{s}} } {{{s}}}", ["{ oil } {oil}", "{ {{ink}} } {{{ink}}}"]),
        ('{{"a": 1}} {{s}}', ['{{"a": 1}} oil', '{{"a": 1}} {{ink}}']),
        (r"{{s}}\{{s}}{{s}}", ["oil{{s}}oil", "{{ink}}{{s}}{{ink}}"]),
    ],
)
def test_cell_keeps_literal_braces(read_back, prompt, prompts):
    sent, again, _ = read_back(prompt, "s=oil,'{{x}}'".replace("{{x}}", "{{odd}}"), variables={"odd": "{{ink}}"})
    assert [one["prompt"] for one in sent] == prompts
    assert again == sent


@pytest.mark.parametrize(
    ("prompt", "sweeps"),
    [
        ("{{a}}{{b}} end", ["a='{',x", "b='{{odd}} y','{x}}'"]),
        ("{{a}}{x}} and {{a}}", ["a='{',b"]),
        ("{{a}}{{who}}", ["a={{tail}},'{',plain"]),
        (r"{{who}} {{a}} \{{who}}", ["a={{odd}},{{tail}}"]),
        ("{{a}} at sea", ["a=\\1,a\\nb"]),
        ("{{seed}} {{who}}", ["{{seed}}=1,2"]),
        ("{{a}} cat", ["a={{several}}", "quality=low,high"]),
    ],
)
def test_cell_makes_its_tile_again(read_back, prompt, sweeps):
    sent, again, _ = read_back(prompt, *sweeps, variables={**OTHERS, "several": ["{{odd}}", "two\nlines", "x"]})
    assert again == sent


def test_cell_keeps_the_names_that_are_not_swept(read_back):
    *_, sweep = read_back(r"{{who}} in {{s}}, \{{who}}", "s=oil,ink", variables=OTHERS)
    assert sweep.cell(1) == "%%qwave -m gpt-image-2\n{{who}} in ink, \\{{who}}"


@pytest.mark.parametrize("prompt", ["a {{s}} cat", r"\{{s}} {{s}}"])
def test_cell_of_a_tile_that_is_refused(clean_environment, prompt):
    sweep = Session(edition="2026-04").plan_sweep(prompt, ["s=oil,ink", "quality=low,best"], model="gpt-image-2")
    assert sweep.grid[1].refusal is not None
    assert sweep.cell(1) == f"%%qwave -m gpt-image-2 --quality best\n{prompt}".replace(" {{s}}", " oil")
