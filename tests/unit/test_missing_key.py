"""Without a key and without the demo: who can do something about it is told what."""

from __future__ import annotations

import pytest

from qwave_jupyter import credentials, frontend, i18n
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.session import Session, default
from qwave_jupyter.widgets.panel.panel import panel
from tests.fake_session import NOTEBOOK, VOILA, FakeFrontend, replace_default

SCRIPT = FakeFrontend()


@pytest.fixture(autouse=True)
def without_key(clean_environment, monkeypatch):
    credentials.forget()
    replace_default(monkeypatch)
    i18n.use(None)
    yield
    i18n.use(None)


def install(monkeypatch, place):
    monkeypatch.setattr(frontend, "_installed", [place])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("environment", [{"QWAVE_DEMO": "0"}, {"QWAVE_BASE_URL": "http://127.0.0.1:9"}])
@pytest.mark.parametrize(("place", "typed"), [(SCRIPT, True), (NOTEBOOK, True), (VOILA, False)])
def test_key_missing_names_next_step(monkeypatch, place, typed, environment, language):
    install(monkeypatch, place)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    i18n.use(language)
    with pytest.raises(ConfigurationError) as refusal:
        Session().context()
    said = str(refusal.value)
    assert ("%qwave" in said) is typed
    assert "QWAVE_API_KEY" in said
    assert "QWAVE_DEMO=1" in said
    assert ("server" in said or "服务器" in said) is not typed
    assert "\n" not in said


def test_key_or_demo_is_enough(monkeypatch):
    for place in (NOTEBOOK, VOILA):
        install(monkeypatch, place)
        default().check_key()
        assert Session().serves_demo()
    install(monkeypatch, SCRIPT)
    with pytest.raises(ConfigurationError):
        default().check_key()
    monkeypatch.setenv("QWAVE_DEMO", "1")
    default().check_key()
    monkeypatch.setenv("QWAVE_DEMO", "0")
    monkeypatch.setenv("WAVE_API_KEY", "sk-x")
    default().check_key()


@pytest.mark.parametrize("prompt", ["", "a lighthouse", "{{missing}}"])
def test_panel_says_at_once_that_key_is_missing(monkeypatch, prompt):
    install(monkeypatch, VOILA)
    monkeypatch.setenv("QWAVE_DEMO", "0")
    opened = panel(prompt)
    assert "whoever runs this server must set QWAVE_API_KEY" in opened.validation.lines[0]
    assert opened.validation.tone == "wrong"
    assert not any("Ready" in line for line in opened.validation.lines)
    assert len(opened.validation.lines) == (1 if prompt == "a lighthouse" else 2)
    opened.press("generate")
    assert not opened.runs
    if prompt == "a lighthouse":
        assert "whoever runs this server" in opened.view.line.value
    opened.close()


def test_panel_with_key_is_ready(monkeypatch):
    install(monkeypatch, VOILA)
    monkeypatch.setenv("QWAVE_API_KEY", "sk-x")
    opened = panel("a lighthouse")
    assert opened.validation.tone == "ready"
    opened.close()
