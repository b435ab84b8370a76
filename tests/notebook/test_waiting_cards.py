"""What a card says at each moment, in markup and in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qwave_jupyter import settings, verbs, words
from qwave_jupyter.api.retries import Retry
from qwave_jupyter.errors import Cancelled, ConnectionFailed, RateLimited, TaskFailed
from qwave_jupyter.generation.charges import Charge
from qwave_jupyter.generation.snapshot import Snapshot
from qwave_jupyter.notebook import cards

TASK = "task-wave0123456789abcdef"


@pytest.fixture
def now(clean_environment):
    """A job that was sent a while ago."""
    settings.configure(demo=False)
    request = verbs.build("a city", model="gpt-image-2", aspect_ratio="16:9", resolution="2k")
    yield Snapshot("job-1", request, phase="processing", task_id=TASK, started=0.0, status_word="processing")
    settings.configure(demo=None)


def bar(markup):
    """Width and name of the progress bar, or None."""
    found = re.search(r'role="progressbar" aria-label="([^"]+)".*?aria-valuenow="(\d+)"><b style="width:(\d+)%', markup)
    return found and (found[1], int(found[2]), int(found[3]))


def spoken(markup):
    """What a screen reader is told of by itself."""
    return re.findall(r'<span role="status" aria-live="polite">(.*?)</span>', markup)


def test_the_servers_progress_is_shown_as_it_is(now):
    markup = cards.running(replace(now, progress=0.45, usual=(8.0, 14.0)), 5.0)
    assert bar(markup) == ("progress", 45, 45)
    assert "by earlier runs" not in markup
    assert "usually 8–14 s" in markup
    assert "Processing</span> 45%" in markup
    assert "Processing 45%" in cards.text_of(replace(now, progress=0.45), 5.0)


def test_an_estimate_from_earlier_runs_is_marked_as_one(now):
    markup = cards.running(replace(now, usual=(8.0, 14.0)), 7.0)
    assert bar(markup) == ("estimated from earlier runs", 50, 50)
    assert "qw-guess" in markup
    assert "about 50 %, by earlier runs of 8–14 s" in markup
    late = cards.running(replace(now, usual=(8.0, 14.0)), 60.0)
    assert bar(late)[1] == 95


def test_without_a_past_nothing_is_estimated(now):
    markup = cards.running(now, 7.0)
    assert bar(markup) is None
    assert "about" not in markup


def test_within_the_first_second_there_is_neither_bar_nor_clock(now):
    markup = cards.running(replace(now, progress=0.9), 0.9)
    assert bar(markup) is None
    assert " s ·" not in markup


def test_numbers_that_run_are_not_spoken(now):
    first, second = (spoken(cards.running(replace(now, progress=clock / 10), clock)) for clock in (5.0, 6.0))
    assert first == second == ["Processing"]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (ConnectionFailed("api.no_answer"), "The server is not answering; trying again in 4 s"),
        (RateLimited("api.rate_limited"), "The server asks for patience; trying again in 4 s"),
    ],
)
def test_a_repetition_is_said_in_words(now, reason, says):
    told = replace(now, retry=Retry(2, 4.0, reason))
    assert spoken(cards.running(told, 9.0)) == [says]
    assert says in cards.text_of(told, 9.0)


def test_the_task_is_short_and_whole_on_demand(now):
    markup = cards.running(now, 5.0)
    assert re.search(rf'class="qw-mono qw-id" title="{TASK}[^"]*">{TASK[-6:]}<', markup)
    assert "user-select:all" in cards.STYLE


def test_the_place_of_the_picture_has_its_ratio(now):
    width, height = re.search(r'<i style="width:(\d+)px;height:(\d+)px"', cards.running(now, 5.0)).groups()
    assert int(width) / int(height) == pytest.approx(16 / 9, rel=0.03)


def test_the_price_stands_on_the_card_and_what_is_held_counts_more(now):
    assert words.dollars(now.request.estimate_usd) in cards.running(now, 5.0)
    assert "$0.5000" in cards.running(replace(now, held_usd=0.5), 5.0)


def test_a_cancel_is_no_mishap_and_a_failure_is(now):
    charge = Charge("accepted", state="cancelled", refunded=True, refunded_quota=5000)
    cancelled = Cancelled("generation.cancelled_refunded", charge=charge, outcome="refunded", job_id="", task_id="")
    failed = TaskFailed("generation.failed", message="<b>no</b>", failure="task_failed")
    calm = cards.ended(replace(now, phase="cancelled", error=cancelled))
    loud = cards.ended(replace(now, phase="failed", error=failed))
    assert "qw-bad" not in calm
    assert "$0.0100 was refunded" in calm
    assert "qw-bad" in loud
    assert "&lt;b&gt;no" in loud


def test_what_comes_from_outside_is_escaped(now):
    strange = replace(now, task_id='"><script>alert(1)</script>', status_word="<img src=x>")
    for markup in (cards.running(strange, 5.0), cards.running(strange, 5.0, hint="<b>")):
        assert "<script" not in markup
        assert "<img" not in markup
