"""A row of the journal that can't be read hides no other row, and no warning quotes what a row says."""

from __future__ import annotations

import sqlite3
import warnings

import pytest

from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.jobs.journal.schema import COLUMNS, count_open
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning
from tests.faults.scripted_bench import scripted
from tests.waiting import PATIENCE

SECRET = "a private prompt"
#: JSON text that Python reads, with numbers that can't be used as such.
ODD_JSON = (
    '[{"path": "/tmp/x.png", "index": NaN, "width": Infinity, "created": 1e300, "cost_usd": -Infinity}]',
    '[{"path": "/tmp/\\ud800.png", "url": 5, "index": "1", "created": "yesterday"}]',
    "[" * 5000,
    '{"path": 7}',
    "[null, 3, []]",
    '{"prompt": {"deep": [NaN]}}',
    "1" * 5000,
)
ODD_VALUES = (b"\xff\xfe", "text", 1e308, 2**62, *ODD_JSON)


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path)
    yield opened
    opened.close()


def change(journal, sql, *values):
    connection = sqlite3.connect(journal.path)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def fill(journal, *states):
    for place, state in enumerate(states):
        name = f"job-{place}"
        journal.begin(Entry(job_id=name, created=100.0 + place, state=state, prompt=f"{SECRET} {place}"))
        journal.update(name, task_id=f"task-{place}", duration=3.0, finished=200.0 + place, model="m")


@pytest.mark.parametrize("column", ["prompt", "model", "parameters", "body", "notebook", "error", "task_id"])
def test_one_invalid_byte_hides_no_row(journal, column):
    fill(journal, "running", "done", "running", "submitting", "completed")
    garble(journal, column, "job-0")
    garble(journal, column, "job-1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [one.job_id for one in journal.open_jobs()] == ["job-0", "job-2", "job-3", "job-4"]
        assert [one.job_id for one in journal.history()] == ["job-1"]
        assert [one.job_id for one in journal.find("job-1")] == ["job-1"]
        assert len(journal.costs()) >= 1
        assert len(journal.durations("m")) >= 3
    assert count_open(journal.home) == 4


def test_one_invalid_id_is_still_counted_at_load(journal):
    fill(journal, "running", "running")
    garble(journal, "job_id", "job-0")
    assert count_open(journal.home) == 2


def test_a_task_id_stored_as_bytes_is_read(journal):
    fill(journal, "running")
    change(journal, "UPDATE jobs SET task_id = CAST(task_id AS BLOB), base_url = CAST('https://x' AS BLOB)")
    (found,) = journal.open_jobs()
    assert (found.task_id, found.base_url) == ("task-0", "https://x")


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:24])
def test_odd_values_of_one_row_hide_no_other(tmp_path, value):
    with scripted(tmp_path) as here:
        whole = here.submit("whole").result(PATIENCE)
        here.submit("odd").result(PATIENCE)
        journal = here.bench.journal
        odd = next(one.job_id for one in journal.history() if one.prompt == "odd")
        for column in COLUMNS:
            if column in {"job_id", "state"}:
                continue
            before = change_one(journal, odd, column, value)
            assert whole.paths[0] in records.history(here.bench).paths, column
            assert whole.paths[0] in records.notebook_gallery(here.bench).paths, column
            assert journal.durations("gpt-image-2"), column
            journal.costs()
            journal.open_jobs()
            change_one(journal, odd, column, before)


def change_one(journal, name, column, value):
    connection = sqlite3.connect(journal.path)
    before = connection.execute("SELECT * FROM jobs WHERE job_id = ?", [name]).fetchone()[COLUMNS.index(column)]
    connection.execute(f"UPDATE OR REPLACE jobs SET {column} = ? WHERE job_id = ?", [value, name])  # noqa: S608
    connection.commit()
    connection.close()
    return before


def garble(journal, column, name):
    change(journal, f"UPDATE jobs SET {column} = CAST(X'6120FF20' AS TEXT) WHERE job_id = ?", name)  # noqa: S608


def test_a_body_with_an_invalid_byte_is_not_sent(tmp_path):
    with scripted(tmp_path) as here:
        here.leave_open("garbled", task=False)
        change(here.bench.journal, "UPDATE jobs SET body = CAST(replace(body, 'garbled', X'61FF') AS TEXT)")
        (job,) = resume(here.bench)
        with pytest.raises(Exception, match="can't be repeated"):
            job.result(PATIENCE)
        assert here.server.seen == []


def test_a_warning_quotes_no_row(journal):
    fill(journal, "done")

    problems = [
        sqlite3.OperationalError(f"Could not decode to UTF-8 column 'prompt' with text '{SECRET}'"),
        sqlite3.OperationalError(f"no such table: {SECRET}"),
        sqlite3.IntegrityError(f"datatype mismatch ({SECRET})"),
        OSError(5, "Input/output error", SECRET),
    ]
    for problem in problems:
        journal._warned.clear()
        with pytest.warns(JournalWarning) as said:
            journal._warn("journal_unreadable", problem)
        assert SECRET not in str(said[0].message)


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:24])
def test_odd_values_of_one_row_stop_no_resume(tmp_path, value):
    columns = [name for name in COLUMNS if name not in {"job_id", "state", "base_url", "created"}]
    with scripted(tmp_path) as here:
        for column in columns:
            here.leave_open(column)
            change_one(here.bench.journal, column, column, value)
        here.leave_open("whole")
        jobs = {job.id: job for job in resume(here.bench)}
        assert set(jobs) == {*columns, "whole"}
        for job in jobs.values():
            assert job.wait(PATIENCE)
        assert len(jobs["whole"].result()) == 1
        # All that is known of their tasks is followed, however odd the rest.
        assert [name for name in columns if jobs[name].error is not None and name != "task_id"] == []
