"""What is said about the money of a job that was completed before, when the server can't be asked about it any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import resume
from tests.waiting import PATIENCE

#: Answers that say nothing of the task: another key's, no such address, no right, a wrong key, a refused question.
SILENT = [None, 404, 403, 401, 400]


def leave_open(bench, asked, **changes):
    """What a kernel left behind that died while it fetched the images."""
    entry = records.new_entry(asked(), "killed", bench)
    bench.journal.begin(replace(entry, task_id="task-9", submitted=entry.created, **changes))


def message_of(bench):
    (job,) = resume(bench)
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    return str(caught.value), caught.value.fields["charge"].is_charged


@pytest.mark.parametrize("status", SILENT)
def test_charge_that_is_known_is_told(bench, asked, server, status):
    leave_open(bench, asked, state="completed", held_quota=3188, cost_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "$0.0064 was charged" in text
    assert "may be charged" not in text
    assert charged is True


@pytest.mark.parametrize("status", SILENT)
def test_completed_without_a_cost_was_made(bench, asked, server, status):
    leave_open(bench, asked, state="completed", held_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "goes on" not in text
    assert charged is True


@pytest.mark.parametrize("status", SILENT)
def test_running_task_may_be_charged(bench, asked, server, status):
    leave_open(bench, asked, state="running", held_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "$0.0064 is held for it and may be charged" in text
    assert charged is None


def test_what_the_server_says_now_counts(bench, asked, server):
    leave_open(bench, asked, state="completed", held_quota=3188, cost_quota=3188)
    server.tasks["task-9"] = {"states": ["failed"], "made": False, "body": {}}
    text, charged = message_of(bench)
    assert "Nothing was charged" in text
    assert charged is False
