"""Numbers of every type count as what they are: NumPy's, decimals, fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, TooExpensive
from qwave_jupyter.session import default
from tests.fake_session import replace_default
from tests.waiting import PATIENCE

MODEL = "z-image-turbo"
LARGE = [np.float32(PATIENCE), np.longdouble(PATIENCE), np.int16(PATIENCE), Decimal(PATIENCE), Fraction(PATIENCE)]
SMALL = [np.float32(1e-4), Decimal("0.0001"), Fraction(1, 10_000)]


@pytest.fixture(autouse=True)
def demo(clean_environment, monkeypatch, small_images, short_waits):
    replace_default(monkeypatch)
    qwave.use_demo(latency=np.float64(0.01))
    yield
    qwave.use_demo(on=False)


def test_time_of_any_type():
    jobs = [qwave.submit("a cat", model=MODEL, timeout=seconds) for seconds in LARGE]
    for job, seconds in zip(jobs, LARGE, strict=True):
        assert job.wait(seconds)
        assert [one.result(seconds) for one in qwave.as_completed([job], seconds)] == [job.result()]
    for whole in (np.int64(1), np.uint8(1), 1):
        assert job.result().sheet(whole).width > 0
        assert len(qwave.history(limit=whole)) == 1
    outcomes = qwave.batch(["a cat", "a dog"], model=MODEL, timeout=LARGE[0], concurrency=np.int8(2)).results()
    assert [len(one.gallery) for one in outcomes] == [1, 1]


@pytest.mark.parametrize("usd", SMALL, ids=lambda one: type(one).__name__)
def test_limit_of_any_type_holds(usd):
    with pytest.raises(TooExpensive, match=r"above --max-cost \$0\.0001"):
        qwave.generate("a cat", model=MODEL, max_cost=usd)
    (outcome,) = qwave.batch(["a cat"], model=MODEL, max_cost=usd).results()
    assert isinstance(outcome.error, TooExpensive)
    assert default().configure(budget=usd).budget == pytest.approx(1e-4)


@pytest.mark.parametrize("seconds", ["5", True, float("nan"), Decimal("sNaN"), 10**400, 1j])
def test_what_is_no_time_is_refused(seconds):
    with pytest.raises(OptionMistake, match="timeout must be a number"):
        list(qwave.as_completed([], seconds))


@pytest.mark.parametrize("wrong", [True, 1.5, np.float32(1), "1"])
def test_what_is_no_whole_number_is_refused(wrong):
    with pytest.raises(OptionMistake, match="must be a whole number"):
        qwave.history(limit=wrong)


def test_whole_number_of_any_type():
    for kind in (np.int64, np.uint8, int):
        assert list(qwave.models(references=kind(1))) == list(qwave.models(references=1))
        qwave.use_demo(rate_limit=kind(200), seed=kind(3))
