"""The negative prompt beside the prompt: where a model has one, by the edition's word, through a change of models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.widgets.panel.prompt import EarlierPrompts, PromptControls, PromptField, list_negative
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import PanelState, with_model, with_parameter, with_preset

CATALOG = load("2026-09")
WITH = tuple(model for model in CATALOG if model.negative_prompt is not None)
QWEN = CATALOG.model("qwen-image-2.0")
WITHOUT = next(model for model in CATALOG if model.negative_prompt is None)


def rename(model, name):
    """The model with its negative prompt under another name."""
    parameters = dict(model.parameters)
    parameters[name] = replace(parameters.pop(model.negative_prompt.name), name=name, wire_path=(name,))
    return replace(model, parameters=parameters)


@pytest.fixture
def controls():
    changed = []
    field = PromptField("a pier")
    made = PromptControls(field, lambda _: None, lambda *change: changed.append(change), EarlierPrompts, SentValues())
    made.changed = changed
    yield made
    made.close_all()
    field.close()


def test_models_with_one_are_marked():
    assert {model.family for model in WITH} >= {"qwen-image", "midjourney"}
    for model in CATALOG:
        named = "negative_prompt" in model.parameters
        assert (model.negative_prompt is not None) == named, model.id


@pytest.mark.parametrize("text", ["blur", "text, people", "模糊"])
def test_value_survives_a_switch(text):
    state = with_parameter(PanelState(QWEN, "a cat"), "negative_prompt", text)
    for model in (*WITH, QWEN):
        state = with_model(state, model)
        if list_negative(state):
            assert state.values[model.negative_prompt.name] == text
            assert not [note for note in state.notes if "negative" in note]


@pytest.mark.parametrize("text", ["blur", "text, people", "模糊"])
def test_value_survives_another_name(text):
    named = [rename(QWEN, name) for name in ("avoid", "without", "negative_prompt")]
    state = with_parameter(PanelState(QWEN, "a cat"), "negative_prompt", text)
    for model in (named[0], WITHOUT, named[1], WITHOUT, named[2]):
        state = with_model(state, model)
        if model is WITHOUT:
            assert text not in state.values.values()
            assert any(text in note and "no such option" in note for note in state.notes)
        else:
            assert state.values == {model.negative_prompt.name: text}
            assert state.notes == ()


def test_preset_sets_its_own():
    state = with_parameter(PanelState(rename(QWEN, "avoid"), "a cat"), "avoid", "blur")
    state = with_preset(state, QWEN, {"negative_prompt": "people"})
    assert with_model(state, rename(QWEN, "without")).values == {"without": "people"}
    assert with_preset(state, QWEN, {}).values == {}


def test_controls_show_it_where_it_is(controls):
    state = with_parameter(PanelState(QWEN, "a cat"), "negative_prompt", "blur")
    controls.draw(state)
    assert controls.negative == {
        "name": "negative_prompt",
        "label": "Negative prompt",
        "hint": "",
        "maximum": 500,
        "value": "blur",
    }
    assert list_negative(state) == ("negative_prompt",)
    controls.draw(PanelState(WITHOUT, "a cat"))
    assert controls.negative == {}
    assert list_negative(PanelState(WITHOUT)) == ()
    # An action that doesn't take it hides it, as any other field.
    journey = next(model for model in WITH if model.negative_prompt.only_for)
    other = next(action for action in journey.actions if action not in journey.negative_prompt.only_for)
    assert list_negative(PanelState(journey)) == ("negative_prompt",)
    assert list_negative(with_parameter(PanelState(journey), "action", other)) == ()


@pytest.mark.parametrize("text", ["blur", "", "模糊\n文字"])
def test_typed_text_is_set_under_its_name(controls, text):
    for name in ("negative_prompt", "avoid"):
        controls.draw(PanelState(rename(QWEN, name), "a cat"))
        controls._receive(None, {"negative": text}, [])
        assert controls.changed.pop() == (name, text)
    for ignored in ({"negative": 3}, {"negative": None}, {"negative": ["a"]}):
        controls._receive(None, ignored, [])
    controls.draw(PanelState(WITHOUT))
    controls._receive(None, {"negative": "late"}, [])
    assert controls.changed == []
