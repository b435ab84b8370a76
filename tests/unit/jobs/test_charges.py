"""Sentences about money say what is known, and no more."""

from __future__ import annotations

import itertools
import pickle
import re

import pytest

from qwave_jupyter import i18n
from qwave_jupyter.client.tasks import Cancellation, Task, TaskState
from qwave_jupyter.errors import TaskFailed
from qwave_jupyter.jobs.costs import Charge, is_free

#: 3187 quota are $0.0064, 5000 are $0.01.
TABLE = [
    ({"stage": "unsent"}, False, "Nothing was sent, so nothing was charged."),
    ({"stage": "refused"}, False, "The order was refused, so nothing was charged."),
    ({"stage": "unknown"}, None, "Whether it was charged is unknown, and its price isn't published."),
    ({"stage": "unknown", "estimate_usd": 0.0064}, None, "Whether it was charged is unknown: $0.0064 is at stake."),
    ({"state": ""}, None, "The task goes on as far as is known, and may be charged."),
    ({"state": "queued"}, None, "The task goes on as far as is known, and may be charged."),
    (
        {"state": "processing", "held_quota": 3187},
        None,
        "The task goes on as far as is known; $0.0064 is held for it and may be charged.",
    ),
    # A cost named before the end is no settlement.
    ({"state": "processing", "cost_quota": 0}, None, "The task goes on as far as is known, and may be charged."),
    ({"state": "unknown"}, None, "The task goes on as far as is known, and may be charged."),
    ({"state": "completed"}, True, "Its images are made and will be charged."),
    ({"state": "completed", "cost_quota": 3187}, True, "$0.0064 was charged."),
    ({"state": "completed", "cost_quota": 0}, False, "Nothing was charged."),
    ({"state": "failed", "cost_quota": 0}, False, "Nothing was charged."),
    ({"state": "failed", "cost_quota": 3187, "billing_status": "settled"}, True, "$0.0064 was charged."),
    ({"state": "failed", "cost_quota": 3187}, True, "$0.0064 was charged."),
    (
        {"state": "failed", "cost_quota": 3187, "billing_status": "refund_pending"},
        True,
        "The server names a cost of $0.0064 and calls it refund_pending.",
    ),
    ({"state": "failed", "billing_status": "settled"}, True, "The server calls it settled, so it was charged."),
    ({"state": "failed", "billing_status": "refunded"}, False, "The server says that it was refunded."),
    ({"state": "failed", "billing_status": "refund_pending"}, None, "The server says that its refund is pending."),
    (
        {"state": "failed"},
        None,
        "The server didn't say whether it was charged; by the provider's rules failed tasks are refunded.",
    ),
    (
        {"state": "cancelled"},
        None,
        "The server didn't say whether what was held went back; its pages promise it.",
    ),
    ({"state": "cancelled", "cost_quota": 0}, False, "Nothing was charged."),
    ({"state": "cancelled", "cost_quota": 3187}, True, "$0.0064 was charged."),
    ({"state": "cancelled", "refunded": True}, False, "What was held went back, the server says."),
    ({"state": "cancelled", "refunded": True, "refunded_quota": 3187}, False, "$0.0064 was refunded."),
    (
        {"state": "cancelled", "refunded": True, "refunded_quota": 3187, "held_quota": 5000},
        True,
        "Of $0.01 that was held, $0.0064 was refunded.",
    ),
    (
        {"state": "cancelled", "refunded": True, "refunded_quota": 0, "held_quota": 5000},
        True,
        "Of $0.01 that was held, $0.00 was refunded.",
    ),
    ({"state": "cancelled", "refunded": True, "refunded_quota": 0}, True, "The server says that it was not refunded."),
    ({"state": "cancelled", "refunded": False}, True, "The server says that it was not refunded."),
    (
        {"state": "cancelled", "refunded": False, "held_quota": 5000},
        True,
        "Of $0.01 that was held, $0.00 was refunded.",
    ),
    (
        {"state": "cancelled", "refunded": True, "refunded_quota": 5000, "held_quota": 5000},
        False,
        "$0.01 was refunded.",
    ),
]


@pytest.mark.parametrize(("facts", "charged", "sentence"), TABLE, ids=lambda one: str(one)[:60])
def test_charge_sentence(facts, charged, sentence):
    charge = Charge(**{"stage": "accepted", **facts})
    assert str(charge).replace("$0.0100", "$0.01") == sentence
    assert charge.is_charged is charged


NUMBERS = (None, 0, 3187, 5000)
EVERY = [
    Charge(stage, state, cost, held, refunded, back, billing, 0.0064)
    for stage, state, cost, held, refunded, back, billing in itertools.product(
        ("unsent", "refused", "unknown", "accepted"),
        ("", "queued", "processing", "completed", "failed", "cancelled", "unknown"),
        NUMBERS,
        NUMBERS,
        (None, True, False),
        NUMBERS,
        ("", "settled", "refunded", "refund_pending", "reserved"),
    )
]


def test_nothing_charged_is_said_only_where_it_is_known():
    for charge in EVERY:
        free = re.search("nothing was charged", str(charge), re.IGNORECASE)
        if free:
            assert charge.is_charged is False, charge
            assert charge.stage in {"unsent", "refused"} or charge.cost_quota == 0, charge
        if re.search(r"was refunded\.$|went back, the server", str(charge)) and "Of " not in str(charge):
            assert charge.refunded or charge.billing_status == "refunded" or "not refunded" in str(charge), charge


def test_charge_is_one_line_in_every_language():
    for language in i18n.LANGUAGES:
        i18n.use(language)
        try:
            for charge in EVERY[::97]:
                assert str(charge).strip()
                assert "\n" not in str(charge)
        finally:
            i18n.use(None)


def test_charged_quota():
    held = Charge("accepted", held_quota=5000)
    assert held.charged_quota is None
    for answer, left in (
        (Cancellation("t", True, 5000), 0),
        (Cancellation("t", True, None), 0),
        (Cancellation("t", True, 3187), 1813),
        (Cancellation("t", False, None), 5000),
        (Cancellation("t", None, None), None),
    ):
        assert held.after_cancel(answer).charged_quota == left


@pytest.mark.parametrize("state", ["queued", "processing", "unknown"])
@pytest.mark.parametrize("cost", [0, 3187])
def test_cost_before_the_end_is_no_charge(asked, state, cost):
    charge = Charge.of_task(Task("t", TaskState(state), cost_quota=cost, held_quota=5000), asked())
    assert (charge.is_charged, charge.charged_quota) == (None, None)
    refunded = charge.after_cancel(Cancellation("t", True, 5000))
    assert (refunded.is_charged, refunded.charged_quota) == (False, 0)
    silent = charge.after_cancel(Cancellation("t", None, None))
    assert (silent.is_charged, silent.charged_quota) == (None, None)


@pytest.mark.parametrize("billing", ["reserved", "pricing_pending", "settlement_pending", "refund_pending", "Pending"])
@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_cost_that_is_not_settled_is_no_charge(asked, billing, state):
    task = Task("t", TaskState(state), cost_quota=0, held_quota=5000, billing_status=billing)
    charge = Charge.of_task(task, asked())
    assert charge.charged_quota is None
    assert charge.is_charged is not False
    assert "othing was charged" not in str(charge)
    assert not is_free(TaskFailed("generation.failed", failure="x", charge=charge))


@pytest.mark.parametrize(
    ("cost", "billing", "charged", "sentence"),
    [
        (0, "", False, "Nothing was charged."),
        (3187, "", True, "$0.0064 was charged."),
        (None, "refunded", False, "The server says that it was refunded."),
        (None, "refund_pending", None, "The server says that its refund is pending."),
    ],
)
def test_charge_of_a_task_cancelled_before(asked, cost, billing, charged, sentence):
    task = Task("t", TaskState.CANCELLED, cost_quota=cost, billing_status=billing)
    running = Charge.of_task(Task("t", TaskState.QUEUED, held_quota=5000), asked())
    charge = running.after_cancel(Cancellation("t", None if cost is None else cost == 0, None, task))
    assert (str(charge), charge.is_charged) == (sentence, charged)


def test_unknown_stage_is_refused():
    with pytest.raises(ValueError, match="lost"):
        Charge("lost")


def test_error_says_its_charge_in_the_language_in_force():
    error = TaskFailed("generation.no_images", task_id="t1", charge=Charge("accepted", state="failed", cost_quota=0))
    assert str(error).endswith(" Nothing was charged.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    i18n.use("zh")
    try:
        assert str(error).endswith("。没有扣费。")
    finally:
        i18n.use(None)
