"""Transactions of the journal's file."""

from __future__ import annotations

import sqlite3

import pytest

from qwave_jupyter.jobs.journal.schema import migrate, transaction


class FailingConnection:
    """A connection on which statements that begin with some words fail, as on a full or broken disk."""

    def __init__(self, *failing):
        self.real = sqlite3.connect(":memory:", isolation_level=None)
        self.real.execute("CREATE TABLE words (word TEXT)")
        self.failing = failing

    def execute(self, sql, values=()):
        words = " ".join(sql.split())
        if words.startswith(self.failing):
            raise sqlite3.OperationalError(words)
        return self.real.execute(sql, values)

    def words(self):
        return [row[0] for row in self.real.execute("SELECT word FROM words")]


@pytest.fixture
def connect():
    made = []

    def connect_failing(*failing):
        made.append(FailingConnection(*failing))
        return made[-1]

    yield connect_failing
    for connection in made:
        connection.real.close()


def write(connection, word, problem=None):
    with transaction(connection):
        connection.execute("INSERT INTO words VALUES (?)", [word])
        if problem is not None:
            raise problem


def test_transaction_commits(connect):
    connection = connect("never")
    write(connection, "cat")
    write(connection, "dog")
    assert connection.words() == ["cat", "dog"]
    assert not connection.real.in_transaction


@pytest.mark.parametrize("problem", [sqlite3.OperationalError("disk full"), KeyboardInterrupt(), ValueError("bad")])
def test_transaction_rolls_back_whatever_is_raised(connect, problem):
    connection = connect("never")
    write(connection, "cat")
    with pytest.raises(type(problem)) as raised:
        write(connection, "dog", problem)
    assert raised.value is problem
    assert connection.words() == ["cat"]
    assert not connection.real.in_transaction


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
def test_transaction_raises_what_failed_first(connect, statement):
    connection = connect(statement, "ROLLBACK")
    with pytest.raises(sqlite3.OperationalError, match=f"^{statement}"):
        write(connection, "dog")


@pytest.mark.parametrize("statement", ["CREATE TABLE jobs", "CREATE INDEX", "PRAGMA user_version=", "COMMIT"])
def test_migrate_raises_what_failed_first(connect, statement):
    with pytest.raises(sqlite3.OperationalError, match=f"^{statement}"):
        migrate(connect(statement, "ROLLBACK"))
