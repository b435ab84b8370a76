"""Random panel states that a model's page allows."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from qwave_jupyter import api
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.widgets.panel.state import PanelState, SelectedImage, with_model, with_parameter

MODELS = [(edition, name) for edition in ("2026-04", "2026-09") for name in load(edition).ids()]
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30)
PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), min_size=1, max_size=60)
URLS = st.builds("https://images.example/{}.png".format, st.integers(1, 9))
SHADES = st.integers(0, 0xFFFFFF).map("#{:06X}".format)
BOXES = st.tuples(*[st.integers(0, 400)] * 2, *[st.integers(401, 900)] * 2).map(list)


def _value(parameter):
    """Any value that suits a parameter by itself."""
    if parameter.choices:
        return st.sampled_from([one for one in parameter.choices if one not in parameter.opaque])
    if parameter.type == "boolean":
        return st.sampled_from([one for one in (False, True) if one not in parameter.opaque])
    low = 1 if parameter.minimum is None else parameter.minimum
    high = 2000 if parameter.maximum is None else parameter.maximum
    by_type = {
        "integer": st.integers(int(low), int(high)),
        "number": st.floats(low, high, allow_nan=False).map(lambda number: round(number, 6)),
        "object[]": st.lists(SHADES, min_size=4, max_size=4).map(
            lambda shades: tuple({"hex": shade, "ratio": 25} for shade in shades)
        ),
        "number[][][]": st.lists(BOXES, min_size=1, max_size=2).map(lambda boxes: (boxes,)),
    }
    return by_type.get(parameter.type, WORDS)


@st.composite
def states(draw, model):
    """A state of which a request can be built, now and then by way of another model; what is refused is taken back."""
    state = PanelState(model, prompt=draw(PROMPTS))
    if draw(st.booleans()):
        other = draw(st.sampled_from(list(load(model.edition))))
        state = with_model(draw(_set(PanelState(other, prompt=state.prompt))), model)
    state = draw(_set(state))
    images = draw(st.lists(URLS, max_size=3))
    state = replace(state, selected=tuple(SelectedImage(url, url) for url in images))
    if "mask" in model.parameters and draw(st.booleans()):
        state = replace(state, mask=SelectedImage("https://images.example/mask.png", "https://images.example/mask.png"))
    return mended(state)


@st.composite
def _set(draw, state):
    """A state with some parameters set."""
    names = [one.name for one in state.model.parameters.values() if not one.internal and not one.is_image]
    for name in draw(st.lists(st.sampled_from([name for name in names if name != "prompt"] or [""]), max_size=8)):
        if name:
            state = with_parameter(state, name, draw(_value(state.model.parameters[name])))
    return state


def mended(state):
    """The state without what the catalogue refuses."""
    for _ in range(20):
        try:
            api.build(state.prompt, model=state.model.id, **state.to_options())
        except RequestRefused as refused:
            state = _without(state, refused.fields["violations"][0])
        else:
            return state
    # Some knots can't be untied one by one; the bare request is always allowed.
    return PanelState(state.model, prompt="a cat")


def _without(state, violation):
    if violation.parameter == "prompt":
        return replace(state, prompt="a cat")
    if violation.parameter == "images":
        most = violation.detail.get("most")
        if violation.code in {"needed_with", "too_few_with"} and len(state.selected) < 3:
            url = f"https://images.example/{len(state.selected)}.png"
            return replace(state, selected=(*state.selected, SelectedImage(url, url)))
        return replace(state, selected=state.selected[: most or 0] if len(state.selected) > (most or 0) else ())
    if violation.parameter == "mask":
        return replace(state, mask=None)
    if violation.parameter in state.values and violation.parameter in state.requested:
        return with_parameter(state, violation.parameter, None)
    # What is needed and isn't there: give up what needs it.
    last = list(state.requested)[-1] if state.requested else ""
    return with_parameter(replace(state, mask=None), last, None)
