"""The card of a job says what came up while the job ran."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from qwave_jupyter.catalog import Violation
from qwave_jupyter.errors import TaskFailed
from qwave_jupyter.jobs.snapshot import JobState
from qwave_jupyter.views import job_card


def notice_of(code, parameter, given, **detail):
    return Violation(code, parameter, given, severity="warn", detail=detail, section="generation")


NOTICES = {
    "held": (notice_of("held_too_dear_kept", "max_cost", "$0.50", ceiling="$0.10"), "$0.50"),
    "missing": (notice_of("some_missing", "images", 2, count=2, reason="<gone>"), "gone"),
    "references": (notice_of("references_not_kept", "images", "disk full"), "disk full"),
}


@pytest.fixture
def snapshot(submit):
    job = submit()
    job.result(20)
    return job.snapshot


@pytest.mark.parametrize(("notice", "word"), NOTICES.values(), ids=NOTICES)
@pytest.mark.parametrize("stage", ["running", "done", "failed"])
def test_card_shows_notices(snapshot, notice, word, stage):
    now = replace(snapshot, notices=(notice,))
    if stage == "running":
        markup = job_card.render_running(replace(now, phase=JobState.PROCESSING), 0.0)
    else:
        failed = TaskFailed("generation.unknown_task", given="t1") if stage == "failed" else None
        now = replace(now, error=failed)
        markup = job_card.render_ended(now)
        assert word in job_card.format_text(now, 0.0)
    assert '<div class="qw-wa">' in markup
    assert word in markup
    assert "<gone>" not in markup


def test_card_repeats_no_notice_of_the_request(snapshot):
    notice = NOTICES["references"][0]
    now = replace(snapshot, notices=(notice,), request=replace(snapshot.request, warnings=(notice,)))
    assert "qw-wa" not in job_card.render_ended(now)


@pytest.mark.parametrize("notice", [notice for notice, _ in NOTICES.values()], ids=NOTICES)
def test_notice_is_logged(submit, caplog, notice):
    with caplog.at_level(logging.WARNING, "qwave_jupyter"):
        job = submit()
        job.result(20)
        job._runner._add_notices(notice)
    assert str(notice) in caplog.text
