"""Any walk through a panel: it never breaks, and what it calls ready is what its cell would send."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter import api, i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.magics import cell_options
from qwave_jupyter.widgets.panel import panel as panel_module
from qwave_jupyter.widgets.panel.editors import KINDS

BROKEN = i18n.text("panel.unexpected", reason="§").partition("§")[0]
HOSTILE = st.sampled_from(
    ["", " ", "x", "-1", "99999999999999999999", "1e400", "nan", "[", '[{"hex": 3}]', "{}", "<b>", "\0"]
)
STROKES = st.lists(st.integers(0, 90), min_size=1, max_size=3).map(
    lambda places: [{"kind": "paint", "size": 12, "points": [[place, 30], [place + 20, 40]]} for place in places]
)
BOXES = st.lists(st.tuples(*[st.integers(-10, 130)] * 4).map(list), max_size=3)


@pytest.fixture
def photos(clean_environment):
    files = []
    for name in ("one.png", "two.png"):
        file = clean_environment / name
        Image.effect_noise((120, 80), 60).convert("RGB").save(file)
        files.append(str(file))
    yield [*files, "result", "https://images.example/a.png", "nowhere.png"]
    qwave.configure(edition=None)


@pytest.fixture
def variables(photos, monkeypatch):
    """A notebook in which an earlier result lives, which goes along by its link and can be drawn on."""
    result = GeneratedImage(Path(photos[0]), url="https://images.example/result.png", width=120, height=80)
    monkeypatch.setattr(panel_module, "find_variables", lambda: {"result": result})
    return {"result": result}


def steps(edition, photos):
    """What a person, or a broken frontend, may do next."""
    catalog = load(edition)
    values = {name: one for model in catalog for name, one in model.parameters.items() if not one.is_image}
    names = st.sampled_from(sorted(values))

    def value_of(name):
        known = st.sampled_from([*values[name].choices, None, True, False, 1, 3])
        return st.tuples(st.just("set"), st.just(name), known | HOSTILE)

    images = st.one_of(
        st.tuples(st.just("add"), st.sampled_from(photos), st.none()),
        st.tuples(st.just("remove"), st.integers(0, 2), st.none()),
        st.tuples(st.just("move"), st.integers(0, 2), st.sampled_from([-1, 1])),
    )
    return st.one_of(
        st.tuples(st.just("model"), st.sampled_from(catalog.ids()), st.none()),
        names.flatmap(value_of),
        st.tuples(st.just("prompt"), st.text(max_size=20), st.none()),
        st.tuples(st.just("images"), st.sampled_from(["images", "images", "mask"]), images),
        st.tuples(st.just("tool"), st.sampled_from(KINDS), st.none()),
        st.tuples(st.just("paint"), STROKES, st.none()),
        st.tuples(st.just("boxes"), BOXES, st.none()),
    )


def take(panel, step):
    kind, one, other = step
    if kind == "model":
        panel.choose_model(one)
    elif kind == "set":
        panel.set(one, other)
    elif kind == "prompt":
        panel.set_prompt(one)
    elif kind == "images":
        panel.change_images(one, *other)
    elif kind == "tool":
        panel.tools.buttons[one].value = not panel.tools.buttons[one].value
    elif kind == "paint" and panel.tools.brush is not None:
        panel.tools.brush.set_state({"value": one})
    elif kind == "boxes":
        for editor in panel.tools.editors.values():
            editor.set_state({"value": one})


def starts(edition, photos):
    """A panel that is empty, or in the middle of something."""
    catalog = load(edition)
    masked = [{"model": one.id, "images": photos[:1]} for one in catalog if "mask" in one.parameters]
    drawn = [{"model": one.id, "images": photos[2:3]} for one in catalog if "bbox_list" in one.parameters]
    return st.just({}) | st.sampled_from(masked) | st.sampled_from(drawn)


def body_of(text, variables):
    """What the magic would send for a cell."""
    line, _, body = text.removeprefix("%%qwave ").partition("\n")
    line, prompt = cell_options.split_cell(line, body)
    model = api.model(cell_options.find_model_id(line))
    read = cell_options.parse_line(line, model, variables)
    return api.build(prompt, model=model.id, variables=variables, **read.values).body


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_panel_ready_means_ready(photos, variables, edition):
    qwave.configure(edition=edition)
    one_step = steps(edition, photos)

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(starts(edition, photos), st.lists(one_step, min_size=4, max_size=14))
    def holds(start, walk):
        with contextlib.closing(panel_module.panel("a cat", **start)) as panel:
            for step in walk:
                take(panel, step)
                assert BROKEN not in panel.view.line.value, (step, panel.view.line.value)
                if panel.validation.tone == "ready":
                    body = panel.request().body
                    assert body_of(panel.cell(), variables) == body

    holds()
