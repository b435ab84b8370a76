"""A job whose row can't be written, or is gone, is in the journal again with its next change."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest

from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal import store as journal_of
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning
from tests.faults.scripted_bench import scripted
from tests.waiting import PATIENCE


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(journal_of, "_BUSY_SECONDS", 0.05)


@contextlib.contextmanager
def locked(path):
    """Another process in the middle of a write."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def entry(name: str, **more) -> Entry:
    return Entry(job_id=name, created=1.0, base_url="https://x", prompt="a cat", model="m", **more)


def test_an_intent_behind_a_lock_is_written_with_the_task(tmp_path, impatient):
    journal = Journal(tmp_path)
    journal.begin(entry("other"))
    with locked(journal.path), pytest.warns(JournalWarning, match="can't be written"):
        journal.begin(entry("a"))
    assert journal.find("a") == ()
    journal.update("a", state="running", task_id="t")
    (found,) = journal.find("a")
    assert (found.state, found.task_id, found.prompt, found.base_url) == ("running", "t", "a cat", "https://x")
    journal.close()


def test_a_task_behind_a_lock_is_written_with_the_next_change(tmp_path, impatient):
    journal = Journal(tmp_path)
    journal.begin(entry("a"))
    with locked(journal.path), pytest.warns(JournalWarning, match="can't be written"):
        journal.update("a", state="running", task_id="t")
    journal.update("a", held_quota=5)
    (found,) = journal.find("a")
    assert (found.state, found.task_id, found.held_quota) == ("running", "t", 5)
    journal.close()


def test_a_deleted_home_holds_the_job_again(tmp_path):
    home = tmp_path / "home"
    journal = Journal(home)
    journal.begin(entry("a"))
    journal.update("a", state="running", task_id="t")
    shutil.rmtree(home)
    journal.update("a", state="completed", links=[{"urls": ["https://x/1.png"]}])
    (found,) = journal.open_jobs()
    assert (found.state, found.task_id, found.prompt, found.links) == (
        "completed",
        "t",
        "a cat",
        [{"urls": ["https://x/1.png"]}],
    )
    journal.close()


def test_a_home_deleted_while_a_job_runs(tmp_path):
    with scripted(tmp_path) as here:
        here.server.before["image"] = lambda: shutil.rmtree(here.bench.home, ignore_errors=True)
        gallery = here.submit("a cat").result(PATIENCE)
        assert records.history(here.bench).paths == gallery.paths


def test_a_resumed_job_is_written_again_too(tmp_path):
    with scripted(tmp_path) as here:
        left = here.leave_open("left")
        here.server.before["image"] = lambda: shutil.rmtree(here.bench.home, ignore_errors=True)
        gallery = Job.resume(left, here.bench).start().result(PATIENCE)
        assert records.history(here.bench).paths == gallery.paths


def test_an_unknown_job_makes_no_row(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(entry("a"))
    journal.update("never begun", state="done")
    assert [one.job_id for one in journal._entries("")] == ["a"]
    journal.close()


def test_an_ended_job_is_remembered_no_more(tmp_path):
    journal = Journal(tmp_path)
    for place in range(50):
        journal.begin(entry(f"j{place}"))
        journal.update(f"j{place}", state="done" if place else "running")
    assert set(journal._open_entries) == {"j0"}
    assert len(journal._entries("")) == 50
    journal.close()
