"""A panel's request as a cell and as Python: read back, it is the same request."""

from __future__ import annotations

import sys
import types

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qwave_jupyter
from qwave_jupyter import api
from qwave_jupyter.catalog import load
from qwave_jupyter.jobs import codegen
from qwave_jupyter.magics import cell_options
from qwave_jupyter.widgets.panel.state import PanelState, with_parameter
from tests.conftest import TEST_ALL
from tests.unit.widgets.panel_values import MODELS, states

LOOSE = settings(
    max_examples=20 if TEST_ALL else 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.differing_executors],
)


@pytest.fixture
def in_edition(clean_environment):
    yield lambda edition: qwave_jupyter.configure(edition=edition)
    qwave_jupyter.configure(edition=None)


def body_of_cell(text, variables=()):
    """What the magic would send for a cell."""
    variables = dict(variables)
    assert text.startswith("%%qwave ")
    line, _, body = text.removeprefix("%%qwave ").partition("\n")
    line, prompt = cell_options.split_cell(line, body)
    model = api.model(cell_options.find_model_id(line))
    parsed = cell_options.parse_line(line, model, variables)
    return api.build(prompt, model=model.id, variables=variables, **parsed.values).body


def body_of_python(text, variables=()):
    """What the Python call would send."""
    stand_in = types.ModuleType("qwave_jupyter")
    stand_in.generate = lambda prompt, **more: api.build(prompt, **more).body
    here, sys.modules["qwave_jupyter"] = sys.modules["qwave_jupyter"], stand_in
    names = dict(variables)
    try:
        exec(text, names)  # noqa: S102 - the very text that is handed to people
    finally:
        sys.modules["qwave_jupyter"] = here
    return names["gallery"]


@pytest.mark.slow_except("2026-04-gpt-image-2", "2026-04-seedream", "2026-09-midjourney", "2026-09-flux")
@pytest.mark.parametrize(("edition", "name"), MODELS)
def test_cell_and_python_text_round_trip(in_edition, edition, name):
    in_edition(edition)
    model = load(edition).model(name)

    @LOOSE
    @given(st.data())
    def holds(data):
        state = data.draw(states(model))
        body = api.build(state.prompt, model=name, variables={}, **state.to_options()).body
        assert body_of_cell(codegen.cell(name, state.prompt, state.to_cell_options())) == body
        assert body_of_python(codegen.python(name, state.prompt, state.to_cell_options(), {})) == body

    holds()


@pytest.mark.parametrize(
    "style", ["-x", "--style", "it's", 'say "hi"', "back\\slash\\", "a=b", "two\nlines", "#hash", "$HOME {x}", "日本"]
)
def test_cell_text_quotes_hostile_values(in_edition, style):
    in_edition("2026-04")
    state = with_parameter(PanelState(load("2026-04").model("gpt-image-2"), prompt="a cat"), "style", style)
    body = body_of_cell(codegen.cell("gpt-image-2", "a cat", state.to_cell_options()))
    assert body["style"] == style.replace("\n", " ")


def test_cell_text_is_idiomatic():
    written = {"action": "edit", "aspect_ratio": "16:9", "n": 2, "watermark": False, "images": ["a b.png", "city"]}
    assert codegen.cell("gpt-image-2", "a cat\non a mat", written, out="cat") == (
        "%%qwave -m gpt-image-2 -a edit --aspect-ratio 16:9 -n 2 --no-watermark -i 'a b.png' -i city -o cat\n"
        "a cat\non a mat"
    )


def test_cell_text_keeps_variable_names(in_edition):
    in_edition("2026-04")
    city = "https://images.example/city.png"
    variables = {"city": city, "mood": "calm"}
    written = {"images": ["city", "https://images.example/b.png"]}
    text = codegen.python("gpt-image-2", "a {{mood}} street", written, variables)
    assert "images=[city, " in text
    body = body_of_python(text, variables)
    assert body["prompt"] == "a calm street"
    assert body == body_of_cell(codegen.cell("gpt-image-2", "a {{mood}} street", written), variables)
