"""A job whose row can't be written, or is gone, is in the journal again with its next change."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest

from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal import store as journal_of
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning
from tests.fake_clock import FakeClock
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


def read_again(home, name: str) -> tuple[Entry, ...]:
    """What another process reads."""
    journal = Journal(home)
    try:
        return journal.find(name)
    finally:
        journal.close()


class Disk:
    """A disk that takes no write of a journal while it is full.

    Args:
        patch: what changes ``schema`` for the test.
    """

    def __init__(self, patch) -> None:
        self.full = False
        self.refused = 0
        self._connect, self._transaction = schema.connect, schema.transaction
        patch.setattr(schema, "transaction", self.transaction)
        patch.setattr(schema, "connect", self.connect)

    def transaction(self, connection):
        self._check()
        return self._transaction(connection)

    def connect(self, path, **options):
        # Opening a journal makes the files beside it.
        self._check()
        return self._connect(path, **options)

    def _check(self) -> None:
        if self.full:
            self.refused += 1
            raise sqlite3.OperationalError("database or disk is full")  # noqa: TRY003


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def entry(name: str, **more) -> Entry:
    return Entry(job_id=name, created=1.0, base_url="https://x", prompt="a cat", model="m", **more)


def test_an_intent_behind_a_lock_is_written_with_the_task(tmp_path, impatient):
    journal = Journal(tmp_path)
    journal.begin(entry("other"))
    with locked(journal.path), pytest.warns(JournalWarning, match="can't be written"):
        journal.begin(entry("a"))
    assert read_again(tmp_path, "a") == ()
    journal.update("a", state="running", task_id="t")
    (found,) = read_again(tmp_path, "a")
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


#: What succeeds next, of another job.
NEXT = {
    "begin": lambda journal: journal.begin(entry("next")),
    "update": lambda journal: journal.update("other", state="running"),
    "star": lambda journal: journal.star("other", 1, on=True),
    "read": lambda journal: journal.open_jobs(),
    "reuse": lambda journal: journal.find_finished("f"),
}


@pytest.mark.parametrize("following", NEXT)
@pytest.mark.parametrize("moment", ["intent", "task", "end"])
def test_rows_of_a_full_disk_are_written_with_the_next_success(tmp_path, disk, moment, following):
    journal = Journal(tmp_path)
    journal.begin(entry("other"))
    steps = [
        lambda: journal.begin(entry("a")),
        lambda: journal.update("a", state="running", task_id="t"),
        lambda: journal.update("a", state="done", files=[{"path": "x.png"}]),
    ]
    for number, step in enumerate(steps):
        disk.full = number >= ["intent", "task", "end"].index(moment)
        with pytest.warns(JournalWarning) if disk.full and not disk.refused else contextlib.nullcontext():
            step()
    disk.full = False
    NEXT[following](journal)
    (found,) = read_again(tmp_path, "a")
    assert (found.state, found.task_id, len(found.files)) == ("done", "t", 1)
    assert (journal._unwritten, "a" in journal._open_entries) == (set(), False)
    journal.close()


@pytest.mark.parametrize("following", NEXT)
def test_a_journal_that_was_opened_on_a_full_disk_is_written_later(tmp_path, disk, following):
    before = Journal(tmp_path)
    before.begin(entry("other"))
    before.close()
    journal = Journal(tmp_path)
    disk.full = True
    with pytest.warns(JournalWarning, match="can't be written"):
        journal.begin(entry("a"))
    assert [one.job_id for one in journal.open_jobs()] == ["other"]
    journal.update("a", state="running", task_id="t")
    disk.full = False
    NEXT[following](journal)
    (found,) = read_again(tmp_path, "a")
    assert (found.state, found.task_id) == ("running", "t")
    journal.close()


def test_a_job_that_ended_on_a_full_disk_is_not_open_for_the_same_kernel(tmp_path, disk):
    with scripted(tmp_path) as here:
        disk.full = True
        with pytest.warns(JournalWarning, match="can't be written"):
            gallery = here.submit("a cat").result(PATIENCE)
        disk.full = False
        assert resume(here.bench) == ()
        assert records.history(here.bench).paths == gallery.paths
        again = Job(here.build("a cat"), here.bench, reuse=True).start()
        assert again.result(PATIENCE).paths == gallery.paths
        assert len(here.server.tasks) == 1


def test_what_another_kernel_has_written_since_stays(tmp_path, disk):
    clock = FakeClock()
    journal, other = Journal(tmp_path, clock=clock), Journal(tmp_path, clock=clock)
    journal.begin(entry("a"))
    disk.full = True
    with pytest.warns(JournalWarning):
        journal.update("a", state="running", task_id="first")
    disk.full = False
    clock.advance(60)
    other.update("a", state="done", task_id="second")
    journal.begin(entry("b"))
    assert [(one.state, one.task_id) for one in read_again(tmp_path, "a")] == [("done", "second")]
    for one in (journal, other):
        one.close()


def test_jobs_that_cannot_be_written_are_kept_within_bounds(tmp_path, disk, monkeypatch):
    monkeypatch.setattr(journal_of, "_MAX_UNWRITTEN", 10)
    journal = Journal(tmp_path)
    disk.full = True
    with pytest.warns(JournalWarning):
        journal.begin(entry("j0"))
    for place in range(1, 50):
        journal.begin(entry(f"j{place}"))
        journal.update(f"j{place}", state="done")
    assert len(journal._open_entries) <= 11
    disk.full = False
    journal.begin(entry("next"))
    assert len(journal._entries("")) == 11
    journal.close()
