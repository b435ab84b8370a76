"""Settings, keys and words: what overrides what, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from qwave_jupyter import credentials, errors, i18n
from qwave_jupyter.session import default
from tests.fake_session import replace_default, replace_frontend


@pytest.fixture(autouse=True)
def untouched(monkeypatch, tmp_path):
    for variable in (
        *credentials.KEY_VARIABLES,
        "QWAVE_BASE_URL",
        "WAVEAPI_BASE_URL",
        "QWAVE_EDITION",
        "QWAVE_DEMO",
        "QWAVE_SAVE_DIR",
        "JPY_SESSION_NAME",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("QWAVE_HOME", str(tmp_path / "home"))
    replace_default(monkeypatch)
    yield
    credentials.forget()
    i18n.use(None)


def test_settings_precedence(monkeypatch):
    assert default().settings.edition == "2026-04"
    monkeypatch.setenv("QWAVE_EDITION", "2026-09")
    assert default().settings.edition == "2026-09"
    default().configure(edition="2026-04")
    assert default().settings.edition == "2026-04"
    default().configure(edition=None)
    assert default().settings.edition == "2026-09"


def test_settings_read_the_environment_late(monkeypatch):
    monkeypatch.setenv("WAVEAPI_BASE_URL", "http://127.0.0.1:1")
    assert default().settings.base_url == "http://127.0.0.1:1"
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:2/v1")
    assert default().settings.base_url == "http://127.0.0.1:2/v1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timeout": 0}, "above 0"),
        ({"timeout": -3}, "above 0"),
        ({"max_cost": "cheap"}, "above 0"),
        ({"preview_px": 5}, "64 to 4096"),
        ({"display": "loud"}, "auto, widget, html or text"),
        ({"embed": "all"}, "preview, full, link or html"),
        ({"language": "tlh"}, "en or zh"),
        ({"modle": "x"}, "there is no setting"),
    ],
)
def test_settings_refuse_unusable_values(change, says):
    with pytest.raises(errors.ConfigurationError) as refusal:
        default().configure(**change)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert default().overrides == {}


def test_settings_key_precedence(monkeypatch):
    assert credentials.find() is None
    monkeypatch.setenv("WAVEAPI_API_KEY", "third")
    monkeypatch.setenv("WAVE_API_KEY", "second")
    assert default()._key() == "second"
    monkeypatch.setenv("QWAVE_API_KEY", "first")
    assert default()._key() == "first"
    credentials.type_in(" typed \n")
    assert default()._key() == "typed"
    assert credentials.find().source == "%qwave key"


def test_key_repr_is_hidden():
    credentials.type_in("sk-very-secret")
    assert "secret" not in repr(credentials.find()).replace("secret=", "")


@pytest.mark.parametrize("text", ["", "  ", "two words", "tab\tinside", "ключ"])
def test_key_that_cannot_be_is_refused(text):
    with pytest.raises(errors.ConfigurationError) as refusal:
        credentials.type_in(text)
    assert not text.strip() or text not in str(refusal.value)


def test_demo_serves_only_a_person_or_on_request(monkeypatch):
    assert not default().serves_demo()
    replace_frontend(monkeypatch, interactive=True)
    assert default().serves_demo()
    monkeypatch.setenv("QWAVE_API_KEY", "sk-x")
    assert not default().serves_demo()
    monkeypatch.setenv("QWAVE_DEMO", "1")
    assert default().serves_demo()
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:9")
    assert not default().serves_demo()


def test_missing_key_names_the_ways_out():
    with pytest.raises(errors.ConfigurationError) as refusal:
        default().context()
    for way in ("QWAVE_API_KEY", "%qwave key", "%qwave demo on"):
        assert way in str(refusal.value)


def test_base_url_without_a_key_is_an_error(monkeypatch):
    replace_frontend(monkeypatch, interactive=True)
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(errors.ConfigurationError):
        default().context()


def test_save_dir_is_beside_the_notebook(monkeypatch, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "lesson.ipynb"))
    assert default().save_folder() == tmp_path / "qwave-images"
    monkeypatch.setenv("QWAVE_SAVE_DIR", str(tmp_path / "elsewhere"))
    assert default().save_folder() == tmp_path / "elsewhere"


def test_switch_setting_refuses_other_words(monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "perhaps")
    with pytest.raises(errors.ConfigurationError, match="QWAVE_DEMO"):
        _ = default().settings


def test_errors_survive_pickling():
    error = errors.ConfigurationError("settings.unknown", given="x", allowed=["a", "b"])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is errors.ConfigurationError
    assert str(copy) == str(error)


def test_cancelled_and_timeout_error_types():
    assert issubclass(errors.Cancelled, KeyboardInterrupt)
    assert issubclass(errors.WaitTimeout, TimeoutError)


def test_lists_and_prices_in_words():
    assert i18n.join_values(["a"]) == "a"
    assert i18n.join_values(["a", "b", "c"]) == "a, b or c"
    assert i18n.join_values(range(100)).endswith("and 77 more")
    assert [i18n.dollars(usd) for usd in (0, 0.01275, 1.2)] == ["$0.00", "$0.0128", "$1.20"]
    assert [i18n.dollars(usd) for usd in (0.00002, 0.0000034, 0.0001)] == ["$0.00002", "$0.000003", "$0.0001"]


def test_paths_as_text_are_expanded():
    assert default().configure(save_dir="~/images").save_dir == Path.home() / "images"
