"""A model in a user's own file only: options, completion, validation, card, price and panel, without code."""

from __future__ import annotations

import json

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.errors import ConfigurationError, RequestRefused
from qwave_jupyter.magics.cell_options import parse_line
from qwave_jupyter.magics.completion import complete
from qwave_jupyter.session import default
from qwave_jupyter.views.models import ModelCard
from qwave_jupyter.widgets.panel.panel import panel as open_panel

FRESCO = {
    "family": "fresco",
    "vendor": "The Wall Company",
    "models": [
        {
            "id": "fresco-1",
            "vendor": "The Wall Company",
            "summary": "Paints on wet plaster",
            "documented": "2026-11-01",
            "actions": ["generate"],
            "default_action": "generate",
            "parameters": {
                "prompt": {"type": "string", "maximum": 40, "required_for": ["*"]},
                "plaster": {"type": "string", "wire": "wall.plaster", "choices": ["wet", "dry"], "default": "wet"},
                "layers": {"type": "integer", "minimum": 1, "maximum": 9},
                "gilded": {"type": "boolean"},
            },
            "rules": [{"when": {"plaster": "dry"}, "forbid": ["gilded"]}],
            "price": {"unit": "image", "usd": 0.5},
        }
    ],
}


@pytest.fixture
def fresco(clean_environment, monkeypatch):
    path = clean_environment / "fresco.json"
    path.write_text(json.dumps(FRESCO), encoding="utf-8")
    monkeypatch.setenv("QWAVE_EDITION", str(path))
    monkeypatch.setenv("QWAVE_API_KEY", "sk-nobodys")
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:9")
    default().configure(model="fresco-1")
    yield api.model("fresco-1")
    default().configure(model=None)


def test_own_model_options(fresco):
    options = parse_line("--plaster wet --layers 3 --gilded", fresco, {}).values
    request = api.build("a saint", model="fresco-1", **options)
    assert json.loads(request.body_text()) == {
        "model": "fresco-1",
        "prompt": "a saint",
        "wall": {"plaster": "wet"},
        "layers": 3,
        "gilded": True,
    }
    assert request.estimate_usd == 0.5


@pytest.mark.parametrize(
    ("options", "named"),
    [({"layers": 12}, "layers"), ({"plaster": "damp"}, "plaster"), ({"plaster": "dry", "gilded": True}, "gilded")],
)
def test_own_model_limits_and_rules(fresco, options, named):
    with pytest.raises(RequestRefused, match=named):
        api.build("a saint", model="fresco-1", **options)
    with pytest.raises(RequestRefused, match="prompt"):
        api.build("x" * 41, model="fresco-1")


def test_own_model_lookup_and_completion(fresco):
    line = "%%qwave -m fresco-1 --plaster "
    assert set(complete(line, 0, len(line), {}).texts) == {"wet", "dry"}
    assert [model.id for model in qwave.models("plaster")] == ["fresco-1"]
    card = repr(ModelCard(fresco))
    assert all(text in card for text in ("--plaster", "--layers", "$0.50", "Paints on wet plaster"))


def test_own_model_panel(fresco):
    panel = open_panel("a saint", layers=3)
    try:
        assert "Ready: $0.50" in repr(panel)
        assert "--layers 3" in panel.cell()
    finally:
        panel.close()


def test_own_edition_file_error(clean_environment, monkeypatch):
    path = clean_environment / "broken.json"
    path.write_text('{"family": "fresco", "models": [{"id": 3}]}', encoding="utf-8")
    monkeypatch.setenv("QWAVE_EDITION", str(path))
    with pytest.raises(ConfigurationError, match=r"broken\.json") as error:
        qwave.models()
    assert "\n" not in str(error.value)
