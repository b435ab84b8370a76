"""Stars for results: written beside the jobs, found again, and no matter to an earlier release or its journal."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings

import pytest

from qwave_jupyter.errors import JournalUnavailable
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.store import Entry, Journal
from qwave_jupyter.session import Session


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path)
    yield opened
    opened.close()


def add_jobs(journal, *names):
    for place, name in enumerate(names):
        journal.begin(Entry(job_id=name, created=float(place), prompt=f"prompt {name}"))
        journal.update(name, state="done")


def test_star_set_and_taken_back(journal):
    add_jobs(journal, "a", "b", "c")
    for job, image in (("a", 1), ("a", 3), ("c", 2)):
        assert journal.star(job, image, on=True)
    assert journal.star("a", 1, on=True), "twice is once"
    assert journal.list_stars() == {("a", 1), ("a", 3), ("c", 2)}
    assert journal.list_stars(["a", "b"]) == {("a", 1), ("a", 3)}
    assert [one.job_id for one in journal.history(starred=True)] == ["c", "a"]
    assert [one.job_id for one in journal.history(search="prompt a", starred=True)] == ["a"]
    assert journal.star("a", 3, on=False)
    assert journal.star("b", 9, on=False), "no star is no mistake"
    assert journal.list_stars() == {("a", 1), ("c", 2)}


def test_history_of_starred_images(bench, submit):
    first, second, third = (submit(words).result(30) for words in ("a red cat", "a blue dog", "a green owl"))
    for gallery in (first, third):
        assert bench.journal.star(gallery[0].job_id, gallery[0].index, on=True)
    assert records.history(bench, starred=True).paths == third.paths + first.paths
    assert records.history(bench, words="cat", starred=True).paths == first.paths
    assert len(records.history(bench)) == 3
    assert second.paths[0] not in records.history(bench, starred=True).paths


def downgrade(path):
    """Make the journal one that the first release wrote."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE stars")
        connection.execute("PRAGMA user_version=1")


def test_earlier_journal_opens_and_takes_stars(tmp_path):
    old = Journal(tmp_path)
    add_jobs(old, "a", "b")
    old.close()
    downgrade(old.path)
    now = Journal(tmp_path)
    assert [one.job_id for one in now.history()] == ["b", "a"]
    assert now.star("a", 1, on=True)
    assert now.list_stars() == {("a", 1)}
    now.close()


def test_earlier_journal_that_is_read_only(tmp_path, monkeypatch):
    old = Journal(tmp_path)
    add_jobs(old, "a")
    old.close()
    downgrade(old.path)

    problem = sqlite3.OperationalError("attempt to write a readonly database")

    def refuse(*_, **__):
        raise problem

    monkeypatch.setattr(schema, "connect", refuse)
    now = Journal(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [one.job_id for one in now.history()] == ["a"]
        assert now.history(starred=True) == ()
        assert now.list_stars() == frozenset()
        assert not now.star("a", 1, on=True)
    assert not list(tmp_path.glob("journal-damaged*"))
    now.close()


def test_stars_of_a_damaged_journal_are_saved(tmp_path):
    old = Journal(tmp_path / "old")
    add_jobs(old, "a", "b", "c")
    for job in ("a", "b", "c"):
        old.star(job, 1, on=True)
    old.close()
    with contextlib.closing(schema.connect(tmp_path / "new.sqlite3", busy_seconds=1.0)) as into:
        assert schema.salvage(old.path, into) == 3
        assert [tuple(row) for row in into.execute("SELECT * FROM stars ORDER BY 1")] == [("a", 1), ("b", 1), ("c", 1)]


def test_session_says_what_cannot_be_starred(tmp_path, bench, submit, monkeypatch):
    (image,) = submit("a cat").result(30)
    session = Session(home=tmp_path / "home")
    monkeypatch.setattr(session, "context", lambda: bench)
    session.star(image)
    assert session.history(starred=True).paths == (image.path,)
    session.star(image, on=False)
    assert len(session.history(starred=True)) == 0
    monkeypatch.setattr(bench.journal, "_write", lambda *_: None)
    with pytest.raises(JournalUnavailable, match="QWAVE_HOME"):
        session.star(image)
