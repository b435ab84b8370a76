"""What a refusal for its price says of two amounts holds for the amounts as they are shown."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.errors import TooExpensive
from qwave_jupyter.session import default

PRICE = 0.006375


def amounts(error):
    return [Decimal(found) for found in re.findall(r"\$(\d+(?:\.\d+)?)", str(error).split(";")[0])]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("below", [0.00001, 0.000026, 0.001])
def test_max_cost_refusal_shows_more_than_its_limit(ours, count, below):
    limit = round(count * PRICE - below, 6)
    with pytest.raises(TooExpensive) as raised:
        qwave.generate("a cat", n=count, max_cost=limit)
    price, allowed = amounts(raised.value)[:2]
    assert price > allowed


@pytest.mark.parametrize("count", [1, 3, 7])
def test_budget_refusal_shows_more_than_what_is_left(ours, count):
    qwave.generate("a dog")
    default().configure(budget=round(PRICE + count * PRICE - 0.00001, 6))
    with pytest.raises(TooExpensive) as raised:
        qwave.generate("a cat", n=count)
    shown = {name: Decimal(raised.value.fields[f"{name}_words"][1:]) for name in ("spent", "estimate", "budget")}
    assert shown["spent"] + shown["estimate"] > shown["budget"]
    assert all(str(value) in str(raised.value) for value in shown.values())


@pytest.mark.parametrize(
    ("price", "limit", "shown"),
    [
        (0.02, 0.01, ("$0.0200", "$0.0100")),
        (0.019125, 0.0191, ("$0.01913", "$0.01910")),
        (1.2345, 1.23, ("$1.235", "$1.230")),
        (1.230000001, 1.23, ("$1.230000001", "$1.230000000")),
        (12.0, 1.0, ("$12.00", "$1.00")),
    ],
)
def test_dollars_where_shows_as_many_digits_as_needed(price, limit, shown):
    assert i18n.dollars_where(lambda more, less: more > less, price, limit) == shown


def test_dollars_where_ends_where_nothing_tells_apart():
    assert len(i18n.dollars_where(lambda *_: False, 0.5, 0.5)) == 2
