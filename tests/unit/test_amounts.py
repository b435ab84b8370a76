"""NaN, negative and infinite prices and costs are no amounts, wherever they come from: unknown, and said."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.arguments import read_amount
from qwave_jupyter.catalog import load
from qwave_jupyter.catalog.live import LiveCatalog, read_list
from qwave_jupyter.catalog.model import Price
from qwave_jupyter.client import tasks
from qwave_jupyter.client.client import read_estimate
from qwave_jupyter.errors import ConfigurationError, OptionMistake
from qwave_jupyter.jobs.request import build
from qwave_jupyter.session import default, require_positive
from qwave_jupyter.views.models import ModelCard, ModelTable

ODD = (math.nan, math.inf, -math.inf, -1, -0.5)
MODEL = "gpt-image-2"


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none())
def test_amount_is_finite_and_not_negative_or_none(value):
    amount = read_amount(value)
    assert amount is None or (0 <= amount < math.inf)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e9:
        assert amount == value


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["pre_consumed_cost", "cost"])
def test_task_with_an_odd_cost_has_none_and_says_so(odd, field):
    task = tasks.read_task({"task_id": "t", "status": "completed", field: odd})
    assert (task.held_quota, task.cost_quota) == (None, None)
    assert task.unreadable_fields == (field,)


def test_task_without_or_with_usual_costs_has_nothing_to_say():
    assert tasks.read_task({"task_id": "t", "status": "queued"}).unreadable_fields == ()
    task = tasks.read_task({"task_id": "t", "status": "completed", "cost": "3187", "pre_consumed_cost": None})
    assert (task.cost_quota, task.unreadable_fields) == (3187, ())


@pytest.mark.parametrize("odd", ODD)
def test_odd_refund_is_unknown(odd):
    answer = {"task_id": "t", "status": "cancelled", "refunded": True, "refunded_quota": odd}
    assert tasks.read_cancellation(answer, "t").refunded_quota is None


@pytest.mark.parametrize("odd", [*ODD, 1e300])
def test_odd_estimate_of_the_server_is_unknown(odd):
    assert read_estimate({"estimated_cost_usd": odd, "cost": odd}) is None


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "config",
    [lambda odd: {"base": odd}, lambda odd: {"base": 0.01, "image_prices": {"1k": odd, "2k": 0.02, "default": 0.01}}],
    ids=["base", "tier"],
)
def test_odd_live_price_is_unknown_and_said(odd, config):
    live = LiveCatalog(load("2026-04"), read_list([{"id": MODEL, "price_config": config(odd)}]))
    request = build(live, "a cat", {"resolution": "1k"}, model=MODEL)
    assert request.estimate_usd is None
    assert any("no amount" in str(one) for one in request.warnings)
    model = live.model(MODEL)
    assert "nan" not in repr(ModelCard(model)).lower()
    assert "nan" not in repr(ModelTable([model], "2026-04")).lower()


def test_live_price_of_other_tiers_stands():
    prices = {"1k": math.nan, "2k": 0.02}
    live = LiveCatalog(load("2026-04"), read_list([{"id": MODEL, "price_config": {"image_prices": prices}}]))
    assert build(live, "a cat", {"resolution": "2k"}, model=MODEL).estimate_usd == 0.02


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["usd", "reference_usd"])
def test_price_of_odd_parts_estimates_nothing(odd, name):
    price = Price(**{"usd": 0.01, name: odd})
    assert price.estimate({"n": 1, "images": ["a"]}) is None
    assert Price(tiers={"1k": odd, "2k": 0.5}, by="resolution").from_usd == 0.5


@pytest.mark.parametrize("n", [-3, math.nan, math.inf, "many", 1e300])
def test_forced_count_that_is_none_has_no_price(n):
    assert Price(usd=0.01).estimate({"n": n}) is None


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-1"])
def test_odd_price_of_an_edition_is_refused(odd, tmp_path):
    family = (
        '{"family": "f", "vendor": "v", "models": [{"id": "m-1", "summary": "s", "documented": "2026-11-20",'
        ' "sources": ["s"], "actions": ["generate"], "default_action": "generate",'
        ' "parameters": {"prompt": {"type": "string", "required_for": ["*"]}}, "price": {"tiers": {"1k": ODD}}}]}'
    ).replace("ODD", odd)
    assert json.loads(family)
    path = tmp_path / "own.json"
    path.write_text(family)
    with pytest.raises(ConfigurationError):
        load(str(path))


@pytest.mark.parametrize("odd", [*ODD, True, 10**400])
@pytest.mark.parametrize("name", ["budget", "max_cost"])
def test_odd_limit_is_refused(odd, name):
    with pytest.raises(ConfigurationError):
        default().configure(**{name: odd})
    with pytest.raises(OptionMistake):
        require_positive(name, odd)
