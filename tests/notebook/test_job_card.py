"""What a card says at each moment, in markup and in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qwave_jupyter import api, i18n
from qwave_jupyter.client.retry import Retry
from qwave_jupyter.errors import Cancelled, ConnectionFailed, RateLimited, TaskFailed
from qwave_jupyter.jobs.costs import Charge
from qwave_jupyter.jobs.snapshot import Snapshot
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card

TASK = "task-wave0123456789abcdef"


@pytest.fixture
def now(clean_environment):
    """A job that was sent a while ago."""
    default().configure(demo=False)
    request = api.build("a city", model="gpt-image-2", aspect_ratio="16:9", resolution="2k")
    yield Snapshot("job-1", request, phase="processing", task_id=TASK, started=0.0, status_word="processing")
    default().configure(demo=None)


def bar(markup):
    """Width and name of the progress bar, or None."""
    found = re.search(
        r'role="progressbar" aria-label="([^"]+)".*?aria-valuenow="(\d+)"><b class="[^"]*" style="width:(\d+)%', markup
    )
    return found and (found[1], int(found[2]), int(found[3]))


def spoken(markup):
    """What a screen reader is told of by itself."""
    return re.findall(r'<span role="status" aria-live="polite">(.*?)</span>', markup)


def test_progress_of_the_server(now):
    markup = job_card.render_running(replace(now, progress=0.45, usual=(8.0, 14.0)), 5.0)
    assert bar(markup) == ("progress", 45, 45)
    assert "by earlier runs" not in markup
    assert "usually 8–14 s" in markup
    assert "Processing</span> 45%" in markup
    assert "Processing 45%" in job_card.format_text(replace(now, progress=0.45), 5.0)


def test_progress_estimated_from_history(now):
    markup = job_card.render_running(replace(now, usual=(8.0, 14.0)), 7.0)
    assert bar(markup) == ("estimated from earlier runs", 50, 50)
    assert "qw-guess" in markup
    assert "about 50 %, by earlier runs of 8–14 s" in markup
    late = job_card.render_running(replace(now, usual=(8.0, 14.0)), 60.0)
    assert bar(late)[1] == 95


def test_progress_without_history(now):
    markup = job_card.render_running(now, 7.0)
    assert bar(markup) is None
    assert "about" not in markup


def test_first_second_has_no_bar(now):
    markup = job_card.render_running(replace(now, progress=0.9), 0.9)
    assert bar(markup) is None
    assert " s ·" not in markup


def test_changing_numbers_not_announced(now):
    first, second = (spoken(job_card.render_running(replace(now, progress=clock / 10), clock)) for clock in (5.0, 6.0))
    assert first == second == ["Processing"]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (ConnectionFailed("api.no_answer"), "The server is not answering; trying again in 4 s"),
        (RateLimited("api.rate_limited"), "The server limits the rate; trying again in 4 s"),
    ],
)
def test_retry_is_announced(now, reason, says):
    told = replace(now, retry=Retry(2, 4.0, reason))
    assert spoken(job_card.render_running(told, 9.0)) == [says]
    assert says in job_card.format_text(told, 9.0)


def test_task_id_short_with_tooltip(now):
    markup = job_card.render_running(now, 5.0)
    assert re.search(rf'class="qw-mono qw-id" title="{TASK}[^"]*">{TASK[-6:]}<', markup)
    assert "user-select:all" in job_card.STYLE


def test_placeholder_has_aspect_ratio(now):
    width, height = re.search(
        r'<i class="qw-area" style="width:(\d+)px;height:(\d+)px"', job_card.render_running(now, 5.0)
    ).groups()
    assert int(width) / int(height) == pytest.approx(16 / 9, rel=0.03)


def test_price_estimated_or_held(now):
    assert i18n.dollars(now.request.estimate_usd) in job_card.render_running(now, 5.0)
    assert "$0.5000" in job_card.render_running(replace(now, held_usd=0.5), 5.0)


def test_cancel_is_not_an_error_card(now):
    charge = Charge("accepted", state="cancelled", refunded=True, refunded_quota=5000)
    cancelled = Cancelled("generation.cancelled_refunded", charge=charge, outcome="refunded", job_id="", task_id="")
    failed = TaskFailed("generation.failed", message="<b>no</b>", failure="task_failed")
    calm = job_card.render_ended(replace(now, phase="cancelled", error=cancelled))
    loud = job_card.render_ended(replace(now, phase="failed", error=failed))
    assert "qw-bad" not in calm
    assert "$0.0100 was refunded" in calm
    assert "qw-bad" in loud
    assert "&lt;b&gt;no" in loud


def test_server_text_is_escaped(now):
    strange = replace(now, task_id='"><script>alert(1)</script>', status_word="<img src=x>")
    for markup in (job_card.render_running(strange, 5.0), job_card.render_running(strange, 5.0, hint="<b>")):
        assert "<script" not in markup
        assert "<img" not in markup
