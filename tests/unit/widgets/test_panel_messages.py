"""How many messages a panel sends: few for another model, whatever it was before, and none for what is typed."""

from __future__ import annotations

import json

import comm
import pytest
from ipywidgets.widgets import widget as registry
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.catalog import load
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel.images import select_image
from qwave_jupyter.widgets.panel.panel import Panel
from qwave_jupyter.widgets.panel.state import PanelState, SelectedImage, with_parameter

MOST = 6
MOST_TO_OPEN = 150_000
URL = SelectedImage("https://images.example/a.png", "https://images.example/a.png")


class Wire:
    """The messages of every widget to the browser."""

    def __init__(self):
        self.sent = []

    def make_comm(self, *given, **named):
        sent = self.sent

        class Recorded(comm.base_comm.BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                kind = type(registry._instances.get(self.comm_id)).__name__
                weight = len(json.dumps(data, default=str)) + sum(map(len, buffers or ()))
                sent.append((msg_type, kind, tuple((data or {}).get("state") or ()), weight))

        return Recorded(*given, **named)


@pytest.fixture
def wire(monkeypatch):
    made = Wire()
    monkeypatch.setattr(comm, "create_comm", made.make_comm)
    return made


@pytest.fixture
def open_panel(clean_environment, monkeypatch):
    opened = []

    def start(model, **fields):
        qwave.configure(edition=model.edition)
        panel = Panel(PanelState(model, **{"prompt": "a cat", **fields}))
        opened.append(panel)
        return panel

    yield start
    for panel in opened:
        panel.close()
    qwave.configure(edition=None)


def receive(widget, message):
    data = {"method": "custom", "content": message}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def switches(catalog):
    """A walk through the models in which each family follows each other one."""
    first = {}
    for model in catalog:
        first.setdefault(model.family, model)
    models = list(first.values())
    return [model for index, one in enumerate(models) for other in models[index + 1 :] for model in (one, other)]


@pytest.mark.slow_except("prompt-2026-09")
@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
@pytest.mark.parametrize("given", ["prompt", "images", "values"])
def test_switch_sends_six_messages(wire, open_panel, tmp_path, edition, given):
    catalog = load(edition)
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "photo.png")
    photo = select_image(tmp_path / "photo.png", {}, default().settings.home)
    selected = (photo, URL) if given == "images" else ()
    panel = open_panel(next(iter(catalog)), selected=selected, mask=URL if given == "images" else None)
    if given == "values":
        panel._set_state(with_parameter(panel.state, "aspect_ratio", "21:9"))
        panel._set_state(with_parameter(panel.state, "quality", "high"))
    for model in switches(catalog):
        wire.sent.clear()
        receive(panel.view.models, {"choose": model.id})
        assert panel.state.model is model
        assert len(wire.sent) <= MOST, (model.id, wire.sent)


def test_choice_is_not_sent_back(wire, open_panel):
    panel = open_panel(load("2026-04").model("gpt-image-2"))
    for name in ("wan2.7-image", "imagen-4.0", "gpt-image-2"):
        wire.sent.clear()
        receive(panel.view.models, {"choose": name})
        assert panel.state.model.id == panel.view.models.value == name
        assert "ModelPicker" not in [kind for _, kind, _, _ in wire.sent]
    # Chosen elsewhere, it has to be shown.
    wire.sent.clear()
    panel.choose_model("imagen-4.0")
    assert ("comm_msg", "ModelPicker", ("value",)) in [one[:3] for one in wire.sent]


@pytest.mark.parametrize("message", [{"choose": 3}, {"choose": None}, {}, {"choose": ["imagen-4.0"]}])
def test_other_choices_are_ignored(wire, open_panel, message):
    panel = open_panel(load("2026-04").model("gpt-image-2"))
    receive(panel.view.models, message)
    assert panel.state.model.id == panel.view.models.value == "gpt-image-2"


@pytest.mark.parametrize("text", ["a dog", "a dog at dusk", "狗"])
def test_typing_sends_next_to_nothing(wire, open_panel, text):
    panel = open_panel(load("2026-04").model("gpt-image-2"))
    wire.sent.clear()
    panel.view.prompt_controls._receive(None, {"prompt": text}, [])
    assert panel.state.prompt == text
    assert wire.sent == []


def test_panel_opens_below_the_limit(wire, open_panel):
    for edition in ("2026-04", "2026-09"):
        wire.sent.clear()
        open_panel(next(iter(load(edition))))
        assert 0 < sum(weight for *_, weight in wire.sent) < MOST_TO_OPEN
