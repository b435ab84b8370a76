"""Values of wrong types and sizes in settings: one line each that says what is allowed."""

from __future__ import annotations

import enum
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.settings import Settings


class Broken:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


class Model(enum.Enum):
    SMALL = "z-image-turbo"
    LIMIT = 0.5


class Chosen(enum.Enum):
    MODEL = Model.SMALL
    LIMIT = Model.LIMIT


NO_TEXTS = [b"x", [], {}, math.nan, 1, True, object, Path("x"), np.array(["x"]), "a\0b", "x" * 100_000, Broken()]
NO_AMOUNTS = [b"1", "1", [1], math.nan, math.inf, -1, 0, 10**400, 1e300, True, np.nan, np.array([1, 2]), Broken()]


def refuse(**values):
    with pytest.raises(ConfigurationError) as refusal:
        Settings(**values)
    text = str(refusal.value)
    assert text.startswith(f"setting {next(iter(values))} must be ")
    assert "\n" not in text
    assert len(text) < 400
    assert str(pickle.loads(pickle.dumps(refusal.value))) == text
    return text


@pytest.mark.parametrize("name", ["base_url", "edition", "model"])
@pytest.mark.parametrize("value", NO_TEXTS, ids=lambda one: type(one).__name__)
def test_settings_of_texts(name, value):
    assert "must be text in quotes; it was " in refuse(**{name: value})


@pytest.mark.parametrize("name", ["timeout", "max_cost", "budget"])
@pytest.mark.parametrize("value", NO_AMOUNTS, ids=lambda one: type(one).__name__)
def test_settings_of_amounts(name, value):
    assert "must be a number above 0" in refuse(**{name: value})


@pytest.mark.parametrize(
    "value", [b"1", "768", [1], math.nan, 768.0, True, -1, 10**400, 63, 4097, np.array(3), Broken()]
)
def test_settings_of_whole_numbers(value):
    assert "whole number" in refuse(preview_px=value)


@pytest.mark.parametrize("value", [b"x", 1, None, [], "html5", "HTML", Broken(), np.array(["html"]), object()])
def test_settings_of_choices(value):
    allowed = "auto, widget, html or text" if isinstance(value, str) else "text in quotes"
    assert allowed in refuse(display=value)


@pytest.mark.parametrize("value", [1, 0, "yes", b"1", [], np.bool_(True), math.nan, Broken()])
def test_settings_of_switches(value):
    assert "True or False" in refuse(demo=value)


@pytest.mark.parametrize("value", [b"x", 1, [], "", " ", "a\0b", Path("a\0b"), np.array(["x"]), Broken()])
@pytest.mark.parametrize("name", ["home", "save_dir"])
def test_settings_of_folders(name, value):
    assert "the path of a folder" in refuse(**{name: value})


def test_settings_take_equal_values():
    given = Settings(
        model=Model.SMALL,
        max_cost=Model.LIMIT,
        preview_px=np.int64(300),
        timeout=np.float64(2),
        display=np.str_("html"),
    )
    assert (given.model, given.max_cost, given.preview_px, given.timeout) == ("z-image-turbo", 0.5, 300, 2.0)
    assert type(given.display) is str
    nested = Settings(model=Chosen.MODEL, max_cost=Chosen.LIMIT)
    assert (nested.model, nested.max_cost) == (given.model, given.max_cost)


@pytest.mark.parametrize(
    "edition", ["~nobody/x", "~nobody/x.json", "x" * 5000, "\ud800", "2026/04", "", "２０２６-０４", "a\0"]
)
def test_settings_of_editions_that_are_not_there(edition):
    with pytest.raises(ConfigurationError) as refusal:
        load(edition)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "name"), [("QWAVE_DEMO", "demo"), ("QWAVE_EDITION", "edition"), ("QWAVE_BASE_URL", "base_url")]
)
def test_settings_of_the_environment(clean_environment, monkeypatch, variable, name):
    from qwave_jupyter.session import Session

    monkeypatch.setenv(variable, "x" * 5000)
    with pytest.raises(ConfigurationError) as refusal:
        Session().build("a", model="z-image-turbo")
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("empty", ["", " ", "\u3000"])
@pytest.mark.parametrize("name", ["model", "edition"])
def test_empty_names_are_refused(name, empty):
    refuse(**{name: empty})
