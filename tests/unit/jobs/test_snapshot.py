"""What a snapshot of a job says."""

from __future__ import annotations

import pytest

from qwave_jupyter.jobs.snapshot import JobState, Snapshot
from qwave_jupyter.views.job_card import format_text


@pytest.mark.parametrize(
    ("phase", "word", "expected"),
    [
        (JobState.PROCESSING, "warming_up", "warming_up"),
        (JobState.PROCESSING, "PROCESSING", ""),
        (JobState.PROCESSING, "Queued", ""),
        (JobState.PROCESSING, "", ""),
        (JobState.QUEUED, "warming_up", ""),
    ],
)
def test_unusual_status_is_the_servers_word(asked, phase, word, expected):
    now = Snapshot("job", asked(), phase=phase, status_word=word)
    assert now.unusual_status == expected
    assert (f"({word})" in format_text(now, 0.0)) is bool(expected)


@pytest.mark.parametrize("phase", list(JobState))
def test_snapshot_is_over_in_final_phases(asked, phase):
    over = {"done", "failed", "cancelled", "timeout"}
    assert Snapshot("job", asked(), phase=phase).is_over is (phase.value in over)
