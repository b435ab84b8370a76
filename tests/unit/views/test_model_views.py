"""Tables, cards and comparisons: complete in words, escaped in HTML, no network."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.cell_options import parse_line, split_cell
from qwave_jupyter.views.models import ModelCard, ModelComparison, ModelTable
from tests.checks import collect_failures

EVERY = [(edition, name) for edition in ("2026-04", "2026-09") for name in load(edition).ids()]


@pytest.fixture(autouse=True)
def offline(clean_environment, monkeypatch):
    def refused(*_, **__):
        pytest.fail("looking up must not touch the network")

    monkeypatch.setattr("socket.socket.connect", refused)


def test_models_table_and_records():
    table = qwave.models(action="inpaint", max_price=0.02)
    assert [model.id for model in table] == ["gpt-image-2"]
    assert "gpt-image-2" in repr(table)
    assert "<table" in table._repr_html_()
    (record,) = table.to_records()
    assert (record["id"], record["mask"], record["price_usd"]) == ("gpt-image-2", True, 0.006375)
    assert isinstance(table.to_dataframe(), pd.DataFrame)
    assert "documented" in repr(table)


def test_models_filters_and_order():
    prices = [model.price.from_usd for model in qwave.models() if model.price.from_usd is not None]
    assert prices == sorted(prices)
    assert {model.family for model in qwave.models("seedream")} == {"seedream"}
    assert all(
        "4k" in map(str.lower, model.parameters["resolution"].choices) for model in qwave.models(resolution="4K")
    )
    assert all(
        model.references.maximum is None or model.references.maximum >= 9 for model in qwave.models(references=9)
    )
    assert len(qwave.models(prompt_chars=30_000)) < len(qwave.models())


def test_models_without_a_match():
    assert "ask for less" in repr(qwave.models("no such words at all"))


def test_card_names_options_rules_and_page():
    with collect_failures() as check:
        for edition, name in EVERY:
            model = load(edition).model(name)
            card = ModelCard(model)
            text, markup = repr(card), card._repr_html_()
            for parameter in model.parameters.values():
                if not parameter.internal and parameter.name != "prompt":
                    option = f"--{parameter.name.replace('_', '-')}"
                    with check(edition, name, option):
                        assert option in text
                        assert option in markup
            for said in (*model.rule_words, *model.notes, model.documented, edition):
                with check(edition, name, said):
                    assert said in text
            with check(edition, name):
                assert "<script" not in markup


def test_card_example_is_a_valid_cell(monkeypatch):
    with collect_failures() as check:
        for edition, name in EVERY:
            monkeypatch.setenv("QWAVE_EDITION", edition)
            with check(edition, name):
                model = api.model(name)
                head, _, body = ModelCard(model).example().partition("\n")
                line, prompt = split_cell(head.removeprefix("%%qwave"), body)
                request = api.build(prompt, model=name, **parse_line(line, model, {}).values)
                assert request.model.id == name


def test_comparison_marks_differences():
    several = ModelComparison([load("2026-04").model(name) for name in ("gpt-image-2", "z-image-turbo")])
    text = repr(several)
    assert re.search(r"≠ --resolution", text)
    assert "gpt-image-2" in text.splitlines()[0]
    assert "≠" in several._repr_html_()
    same = ModelComparison([load("2026-04").model("gpt-image-2")] * 2)
    assert "≠" not in repr(same)


def test_comparison_needs_two_models():
    with pytest.raises(OptionMistake, match="two models"):
        ModelComparison([load("2026-04").model("gpt-image-2")])


def test_lookup_output_is_escaped():
    hostile = "<script>alert(1)</script>"
    model = replace(load("2026-04").model("gpt-image-2"), vendor=hostile, summary=hostile, notes=(hostile,), id=hostile)
    for shown in (ModelCard(model), ModelTable([model], hostile), ModelComparison([model, model])):
        assert "<script" not in shown._repr_html_()
