"""A wrong clock neither repeats an order whose key has expired nor gives a young one up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.jobs.job import resume
from tests.faults.accelerated_clock import AcceleratedClock
from tests.faults.order_server import OrderServer
from tests.faults.order_site import WITH_KEY, order_site
from tests.waiting import PATIENCE

HOUR, DAY = 3600.0, 86_400.0
BEGIN = 1_790_000_000.0


class SetClock(AcceleratedClock):
    def __init__(self) -> None:
        super().__init__(40)
        self.wall = BEGIN

    def now(self) -> float:
        return self.wall


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def server():
    with OrderServer() as made:
        yield made


@pytest.fixture
def site(server, tmp_path, clock):
    with order_site(server, tmp_path, WITH_KEY, clock=clock) as made:
        yield made


def leave_open(site, **changes):
    """An order whose answer never came, written down at the clock's time."""
    entry = replace(records.new_entry(site.request(), "killed", site.bench), **changes)
    site.bench.journal.begin(entry)
    return entry


def resumed(site):
    (job,) = resume(site.bench)
    job.wait(PATIENCE)
    return job


@pytest.mark.parametrize(
    ("intent", "now"),
    [
        (BEGIN, BEGIN - HOUR),
        (BEGIN, BEGIN - 2 * DAY),
        (BEGIN, 0.0),
        (BEGIN, 1000 * DAY),
        (0.0, BEGIN),
        (5 * DAY, BEGIN),
        (5 * DAY, 5 * DAY + HOUR),
        (BEGIN + 2 * DAY, BEGIN),
        (BEGIN + 10_000 * DAY, BEGIN),
    ],
)
def test_age_unknown_is_not_repeated_and_stays_open(site, server, clock, intent, now):
    clock.wall = intent
    leave_open(site)
    clock.wall = now
    for _ in range(2):
        job = resumed(site)
        assert job.error.code == "order_unknown_age"
        assert "clock" in str(job.error)
        assert "unknown" in str(job.error)
    assert (server.posts, site.states) == ([], ["submitting"])


def test_clock_set_right_again_resumes_a_young_order(site, server, clock):
    leave_open(site)
    clock.wall = 0.0
    resumed(site)
    clock.wall = BEGIN + HOUR
    assert resumed(site).error is None
    assert server.billed == 1


def test_clock_set_back_does_not_revive_a_key(site, server, clock):
    leave_open(site)
    # Another job was written down when the key had expired already; then the clock was set back.
    clock.wall = BEGIN + 30 * HOUR
    site.bench.journal.begin(replace(records.new_entry(site.request(), "later", site.bench), state="done"))
    clock.wall = BEGIN + 2 * HOUR
    job = resumed(site)
    assert job.error.code == "order_unknown_age"
    assert server.posts == []


def test_clock_far_ahead_gives_nothing_up(site, server, clock):
    leave_open(site)
    clock.wall = BEGIN + 5000 * DAY
    assert resumed(site).error.code == "order_unknown_old"
    assert (server.posts, site.states) == ([], ["submitting"])
    clock.wall = BEGIN + HOUR
    assert resumed(site).error is None
    assert server.billed == 1


def test_clock_that_is_set_right_daily_is_trusted(site, server, clock):
    leave_open(site)
    clock.wall = BEGIN - 60
    assert resumed(site).error is None
    assert server.billed == 1


def test_key_that_expires_during_a_pause_is_not_repeated(site, server, clock):
    def lose():
        clock.wall += 25 * HOUR
        return "cut"

    server.on_submit = lose
    with pytest.raises(QwaveError) as caught:
        site.job().start().result(PATIENCE)
    assert caught.value.fields["outcome_unknown"]
    assert len(server.posts) == 1
    assert site.states == ["submitting"]


@pytest.mark.parametrize(
    ("created", "state"), [(0.0, "running"), (BEGIN + DAY, "running"), (BEGIN - 8 * DAY, "unknown")]
)
def test_lost_task_is_given_up_by_a_true_age_only(site, clock, created, state):
    leave_open(site, created=created, state="running", task_id="task-of-another-key")
    job = resumed(site)
    assert job.error.fields["status"] == 404
    assert site.states == [state]


@pytest.mark.parametrize(
    ("created", "alive"),
    [
        (BEGIN, True),
        (BEGIN + 200, True),
        (BEGIN + 400, None),
        (BEGIN - idempotency.KEY_LIVES, True),
        (BEGIN - idempotency.KEY_LIVES - 1, False),
        (BEGIN - DAY, False),
        (0.0, None),
        (None, None),
    ],
)
def test_key_life(site, created, alive):
    assert idempotency.is_key_alive(created, site.bench) is alive
