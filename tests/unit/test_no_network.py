"""Looking up, listing, checking, pricing, completing and planning never touch the network unless asked to."""

from __future__ import annotations

import socket

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.magics.completion import complete
from qwave_jupyter.session import default
from qwave_jupyter.views.models import ModelCard, ModelComparison


@pytest.fixture
def cut_off(clean_environment, monkeypatch):
    """A key and a server are configured, and every way out is closed."""

    def refuse(*_, **__):
        pytest.fail("the network was touched")

    monkeypatch.setenv("QWAVE_API_KEY", "sk-nobodys")
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_lookups_use_no_network(cut_off, monkeypatch, edition):
    monkeypatch.setenv("QWAVE_EDITION", edition)
    models = qwave.models(resolution="2k")
    assert repr(models)
    assert models._repr_html_()
    for model in qwave.models():
        assert repr(ModelCard(api.model(model.id)))
    assert repr(ModelComparison(list(models)[:3]))
    assert api.build("a cat", model="gpt-image-2", images=["https://example.com/a.png"]).body
    with pytest.raises(RequestRefused):
        api.build("a cat", model="gpt-image-2", aspect_ratio="99:1")
    assert len(default().plan_sweep("a cat", ["quality=low,medium,high"], model="gpt-image-2").requests) == 3
    line = "%%qwave -m gpt-image-2 --"
    assert complete(line, 0, len(line), {}).texts
    assert len(qwave.history()) == 0
    assert repr(qwave.cost())
