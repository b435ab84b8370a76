"""Settings that environment variables give: amounts among them, and every variable that a text names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwave_jupyter import credentials, i18n
from qwave_jupyter.errors import ConfigurationError, TooExpensive
from qwave_jupyter.session import Session
from qwave_jupyter.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture(autouse=True)
def default_language():
    i18n.use(None)
    yield
    i18n.use(None)


@pytest.mark.parametrize(("text", "usd"), [("0.50", 0.5), ("2", 2.0), (" 1e-2 ", 0.01), ("０．５", 0.5)])
def test_budget_from_environment(monkeypatch, text, usd):
    monkeypatch.setenv("QWAVE_BUDGET", text)
    budget = Session().budget
    assert budget.limit_usd == usd
    assert budget.left_usd == usd
    with pytest.raises(TooExpensive):
        budget.reserve(usd * 1.01)
    # A program that says otherwise has the last word.
    assert Session(budget=3.0).budget.limit_usd == 3.0


def test_budget_without_text_is_none(monkeypatch):
    for text in ("", "  "):
        monkeypatch.setenv("QWAVE_BUDGET", text)
        assert Session().budget.limit_usd is None


@pytest.mark.parametrize("text", ["$1", "0,50", "free", "0", "-1", "nan", "inf", "1e300", "0x10", "1_0"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_budget_that_is_no_amount(monkeypatch, text, language):
    i18n.use(language)
    monkeypatch.setenv("QWAVE_BUDGET", text)
    with pytest.raises(ConfigurationError) as refusal:
        Session().budget.reserve(0.01)
    said = str(refusal.value)
    assert "QWAVE_BUDGET" in said
    assert text in said
    assert "0.50" in said
    assert "\n" not in said


def test_every_named_variable_is_read():
    """Whatever a page, a text or a notebook tells people to set has an effect."""
    read = {name for setting in Settings.definitions().values() for name in setting.variables}
    read |= {*credentials.KEY_VARIABLES, "QWAVE_KEYRING"}
    files = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "notebooks").iterdir(),
        *(ROOT / "binder").iterdir(),
        *(ROOT / "qwave_jupyter" / "i18n").rglob("*.json"),
    ]
    files = [file for file in files if "_build" not in file.parts and file.name != "CONTRIBUTING.md" and file.is_file()]
    named = {(name, file.name) for file in files for name in re.findall(r"QWAVE_[A-Z_]+", file.read_text("utf-8"))}
    assert len(named) > 20
    assert {(name, file) for name, file in named if name not in read} == set()
