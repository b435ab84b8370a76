"""``%config QWave`` and ipython_config.py, over a real shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

from qwave_jupyter import credentials, i18n, settings
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.session import default
from tests.fake_session import replace_default


@pytest.fixture
def start(monkeypatch, clean_environment):
    replace_default(monkeypatch)
    for variable in credentials.KEY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    shells = []

    def started(**configured):
        config = Config()
        config.QWave.update(configured)
        config.HistoryManager.enabled = False
        shells.append(InteractiveShell.instance(config=config))
        shells[0].run_line_magic("load_ext", "qwave_jupyter")
        return shells[0]

    yield started
    for shell in shells:
        shell.run_line_magic("unload_ext", "qwave_jupyter")
    InteractiveShell.clear_instance()
    i18n.use(None)


def config(shell, line):
    shell.run_line_magic("config", line)


def test_config_is_seen_by_requests(start):
    shell = start()
    config(shell, 'QWave.language = "zh"')
    config(shell, "QWave.max_cost = 1")
    config(shell, 'QWave.save_dir = "best"')
    assert i18n.language() == "zh"
    now = default().settings
    assert (now.language, now.max_cost, now.save_dir) == ("zh", 1, Path("best").absolute())
    config(shell, "QWave.language = None")
    assert i18n.language() == "en"
    assert default().settings.save_dir == Path("best").absolute()


def test_config_none_resets_a_setting(start, monkeypatch):
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:1")
    shell = start()
    config(shell, 'QWave.base_url = "http://127.0.0.1:2"')
    assert default().settings.base_url == "http://127.0.0.1:2"
    config(shell, "QWave.base_url = None")
    assert default().settings.base_url == "http://127.0.0.1:1"
    monkeypatch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:3")
    assert default().settings.base_url == "http://127.0.0.1:3"


def test_config_from_ipython_config(start):
    start(model="z-image-turbo", language="zh")
    assert default().settings.model == "z-image-turbo"
    assert i18n.language() == "zh"


def test_config_trait_shows_the_value(start, capsys):
    shell = start()
    default().configure(model="wan2.7-image", language="en")
    config(shell, "QWave")
    said = capsys.readouterr().out
    assert "Current: 'wan2.7-image'" in said
    assert "at 4k" in said
    config(shell, 'QWave.language = "zh"')
    config(shell, "QWave")
    assert "单元格没有指明模型时使用的模型" in capsys.readouterr().out


def test_config_has_every_setting_but_the_key(start):
    shell = start()
    (found,) = [one for one in shell.configurables if one.__class__.__name__ == "QWave"]
    traits = set(found.__class__.class_traits(config=True))
    assert traits == set(settings.Settings.definitions())
    assert not [name for name in traits if "key" in name]
    assert all(trait.help for trait in found.__class__.class_traits(config=True).values())
    shell.run_line_magic("unload_ext", "qwave_jupyter")
    assert found not in shell.configurables
    shell.run_line_magic("load_ext", "qwave_jupyter")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("language", "tlh", "en or zh"),
        ("language", 3, "text in quotes"),
        ("model", 5, "text in quotes"),
        ("max_cost", -1, "above 0"),
        ("max_cost", True, "a number"),
        ("preview_px", 7.5, "a whole number"),
        ("demo", "yes", "True or False"),
        ("home", 7, "the path of a folder"),
        ("reuse", "no", "True or False"),
        ("save_dir", 5, "the path of a folder"),
        ("budget", "1", "a number"),
        ("timeout", False, "a number"),
        ("preview_px", 10, "from 64 to 4096"),
    ],
)
def test_config_refuses_wrong_values(start, caplog, name, value, said):
    shell = start()
    before = default().settings
    config(shell, f"QWave.{name} = {value!r}")
    assert said in caplog.text
    assert default().settings == before
    config(shell, 'QWave.model = "z-image-turbo"')
    assert default().settings.model == "z-image-turbo"


def test_configure_refuses_what_config_refuses(start):
    start()
    before = default().settings
    for name, value in (("reuse", "no"), ("max_cost", True), ("save_dir", 5), ("model", 5), ("preview_px", "768")):
        with pytest.raises(ConfigurationError, match=f"setting {name} must be"):
            default().configure(**{name: value})
    assert default().settings == before


def test_configure_refuses_unknown_names(start):
    start()
    for value in ("red", None):
        with pytest.raises(ConfigurationError, match="there is no setting 'colour'"):
            default().configure(colour=value)


def test_numpy_numbers_are_numbers(start):
    numpy = pytest.importorskip("numpy")
    start()
    now = default().configure(max_cost=numpy.float32(0.5), timeout=numpy.int64(7), preview_px=numpy.int16(512))
    assert (now.max_cost, now.timeout, now.preview_px) == (0.5, 7, 512)
    assert type(now.preview_px) is int


def test_settings_do_not_change(start):
    start()
    with pytest.raises(TraitError):
        default().settings.model = "z-image-turbo"


def test_config_wrong_ipython_config(start):
    with pytest.raises(ConfigurationError, match="auto, widget, html or text"):
        start(display="loud")
