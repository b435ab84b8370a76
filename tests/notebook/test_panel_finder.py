"""The finder and the budget in the panel: each filter says what is wrong with it; what is left is true."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.budget import Budget
from qwave_jupyter.session import default
from tests.notebook.test_panel import finished, open_panel

__all__ = ["open_panel"]


def find(panel, **typed):
    """Type into filters; what the finder shows."""
    if panel.finder is None:
        panel.press("find_model")
    for name, text in typed.items():
        getattr(panel.finder, name).value = text
    return panel.finder._table.value


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"references": "2.5"}, "References &#39;2.5&#39; is no whole number"),
        ({"references": "0.05"}, "References &#39;0.05&#39; is no whole number"),
        ({"references": "-1"}, "References &#39;-1&#39; is no whole number"),
        ({"price": "0,05"}, "At most USD &#39;0,05&#39; is no amount"),
        ({"price": "nan"}, "At most USD &#39;nan&#39; is no amount"),
        ({"price": "-3"}, "At most USD &#39;-3&#39; is no amount"),
        ({"price": "inf"}, "At most USD &#39;inf&#39; is no amount"),
    ],
)
def test_filter_that_cannot_be_read_is_named(open_panel, typed, words):
    assert words in find(open_panel(), **typed)


@pytest.mark.parametrize("emptied", ["", " ", "\u200b", "\u00a0 "])
def test_emptied_filter_asks_for_nothing(open_panel, emptied):
    panel = open_panel()
    find(panel, references="2", price="0.05")
    shown = find(panel, references=emptied)
    assert "z-image-turbo" in shown
    assert "qwp-wrong" not in shown
    assert "z-image-turbo" not in find(panel, references="1")


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_nothing_found_names_the_edition(open_panel, edition):
    panel = open_panel(edition=edition)
    for typed in ({"words": "no-such-word"}, {"words": "", "price": "0.000001"}, {"price": "", "words": "gpt zzz"}):
        assert f"No model of edition {edition} can do all of that" in find(panel, **typed)


@pytest.mark.slow
def test_budget_left_is_shown_and_true(open_panel):
    panel = open_panel("a cat", resolution="1k")
    assert "left of" not in panel.view.line.value
    qwave.configure(budget=default().spent_usd + 0.02)
    try:
        panel.set("n", 2)
        assert "$0.0200 left of" in panel.view.line.value
        panel.generate()
        assert "$0.0073 left of" in panel.view.line.value, "the job under way counts"
        finished(panel)
        panel.set("n", 1)
        assert "$0.0073 left of" in panel.view.line.value
        assert "qwp-wrong" not in panel.view.line.value
        panel.set("n", 4)
        assert "only $0.0073 left of" in panel.view.line.value
        assert "qwp-wrong" in panel.view.line.value
        panel.generate()
        assert len(panel.runs) == 1, "refused, nothing sent"
    finally:
        qwave.configure(budget=None)


def test_budget_knows_what_is_left():
    assert Budget(None).left_usd is None
    for limit, reserved, left in ((1.0, (0.25, 0.5), 0.25), (0.3, (0.1, 0.2), 0.0), (lambda: 0.5, (), 0.5)):
        budget = Budget(limit)
        for amount in reserved:
            budget.reserve(amount)
        assert budget.left_usd == left
    budget = Budget(0.1)
    budget.count(5.0)
    assert budget.left_usd == 0.0
    part = Budget(1.0)
    part.allot(0.6)
    assert part.left_usd == 0.4
