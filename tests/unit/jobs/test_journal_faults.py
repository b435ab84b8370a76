"""What can befall the journal's file: torn, full, read-only, moved, of a later release, on a network's disk."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import warnings
from pathlib import Path

import pytest

from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning
from tests.fake_clock import FakeClock
from tests.waiting import PATIENCE


def entry(name: str, **more) -> Entry:
    return Entry(job_id=name, created=more.pop("created", 1_775_000_000.0), **more)


def names(journal) -> list[str]:
    return sorted(one.job_id for one in journal.open_jobs())


@pytest.fixture
def torn(tmp_path):
    """What a process leaves that was killed in the middle of its work: all is in the log, nothing in place."""
    home = tmp_path / "home"
    code = f"""
        import os, signal
        from pathlib import Path
        from qwave_jupyter.jobs.journal.store import Entry, Journal
        journal = Journal(Path({str(home)!r}))
        for place in range(20):
            journal.begin(Entry(job_id=f"j{{place:02}}", created=1.0, prompt="p" * 200))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (home / "journal.sqlite3-wal").stat().st_size > 50_000
    return home


@pytest.mark.parametrize("how", ["whole", "cut", "cut long", "garbled", "zeroed", "half a frame more"])
def test_journal_with_a_torn_write(torn, how):
    log = torn / "journal.sqlite3-wal"
    content = log.read_bytes()
    changed = {
        "whole": content,
        "cut": content[:-100],
        "cut long": content[: len(content) // 2 + 7],
        "garbled": content[:-2000] + os.urandom(2000),
        "zeroed": content[:-5000] + bytes(5000),
        "half a frame more": content + content[-4000:-2000],
    }[how]
    log.write_bytes(changed)
    journal = Journal(torn)
    found = names(journal)
    assert found == [f"j{place:02}" for place in range(len(found))]
    assert len(found) >= {"whole": 20, "half a frame more": 20, "cut long": 5}.get(how, 17)
    journal.begin(entry("new"))
    assert names(journal) == [*found, "new"]
    assert not list(torn.glob("journal-damaged-*"))
    journal.close()


def _as_later_release(journal, *statements: str) -> bytes:
    journal.begin(entry("a"))
    journal.close()
    connection = sqlite3.connect(journal.path)
    for statement in (*statements, "PRAGMA user_version=99"):
        connection.execute(statement)
    connection.commit()
    connection.close()
    return journal.path.read_bytes()


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE jobs RENAME TO tasks", "ALTER TABLE jobs RENAME COLUMN prompt TO words", "DROP TABLE jobs"],
)
def test_journal_of_a_newer_schema(tmp_path, statement):
    journal = Journal(tmp_path)
    before = _as_later_release(journal, statement)

    def use() -> None:
        for name in ("b", "c"):
            journal.begin(entry(name))
            journal.update(name, state="running")
            assert journal.open_jobs() == journal.history() == ()

    with pytest.warns(JournalWarning, match="later release") as said:
        use()
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    journal.close()
    assert journal.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["journal.sqlite3"]


def test_journal_with_added_columns(tmp_path):
    journal = Journal(tmp_path)
    _as_later_release(journal, "ALTER TABLE jobs ADD COLUMN mood TEXT DEFAULT 'calm'", "CREATE TABLE moods (name TEXT)")
    journal.begin(entry("b"))
    journal.update("a", state="done")
    assert names(journal) == ["b"]
    journal.close()
    connection = sqlite3.connect(journal.path)
    assert connection.execute("SELECT job_id, mood FROM jobs ORDER BY 1").fetchall() == [("a", "calm"), ("b", "calm")]
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 99
    connection.close()


def test_journal_moved_by_another_kernel(tmp_path):
    first, second = Journal(tmp_path), Journal(tmp_path)
    first.begin(entry("a"))
    second.begin(entry("b"))
    for path in list(tmp_path.glob("journal.sqlite3*")):
        path.replace(path.with_name(path.name.replace("journal", "aside")))
    second.begin(entry("c"))
    first.begin(entry("d"))
    second.update("d", state="running", task_id="t")
    assert names(first) == names(second) == ["c", "d"]
    assert first.find("t")[0].job_id == "d"
    first.close()
    second.close()


def test_journal_repaired_by_another_meanwhile(tmp_path):
    first = Journal(tmp_path)
    first.begin(entry("old", state="done"))
    first.close()
    first.path.write_bytes(b"no database" * 99)
    lock = JobLock(tmp_path / "locks" / "mending.lock")
    assert lock.acquire()

    class Repairing(FakeClock):
        def wait(self, seconds, stop=None):
            # What the process that holds the lock does while this one waits for it.
            if lock.is_ours:
                first.path.replace(tmp_path / "aside.sqlite3")
                lock.release()
                repaired = Journal(tmp_path)
                repaired.begin(entry("new"))
                repaired.close()
            return super().wait(seconds, stop)

    journal = Journal(tmp_path, clock=Repairing())
    assert names(journal) == ["new"]
    journal.begin(entry("mine"))
    assert names(journal) == ["mine", "new"]
    assert not list(tmp_path.glob("journal-damaged-*"))
    journal.close()


def test_journal_repaired_once_by_many(tmp_path):
    first = Journal(tmp_path)
    for place in range(100):
        first.begin(entry(f"old{place}", state="done", prompt="p" * 300))
    first.close()
    content = first.path.read_bytes()
    first.path.write_bytes(content[:12_000] + os.urandom(8_000) + content[20_000:])
    kernels = [Journal(tmp_path) for _ in range(6)]
    start, broken = threading.Barrier(len(kernels)), []

    def work(kernel, name):
        start.wait()
        try:
            kernel.history(1000)
            for number in range(5):
                kernel.begin(entry(f"{name}-{number}"))
        except Exception as problem:  # noqa: BLE001 - shown below
            broken.append(problem)

    threads = [threading.Thread(target=work, args=(kernel, name)) for name, kernel in enumerate(kernels)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert broken == []
    assert [str(one.message).split(" (")[0] for one in said] == ["the journal was damaged"]
    assert len(list(tmp_path.glob("journal-damaged-*.sqlite3"))) == 1
    assert all(len(names(kernel)) == 5 * len(kernels) for kernel in kernels)
    for kernel in kernels:
        kernel.close()


def test_journal_not_opened_while_another_moves_it_aside(tmp_path, monkeypatch):
    damaged, other = Journal(tmp_path), Journal(tmp_path)
    damaged.begin(entry("old"))
    damaged.close()
    damaged.path.write_bytes(b"no database" * 99)
    steps, moving, connecting, salvaging = [], Path.replace, schema.connect, schema.salvage
    opening = threading.Thread(target=lambda: other.begin(entry("other")))

    def connect(path, **more):
        if threading.current_thread() is opening:
            steps.append("other connects")
        return connecting(path, **more)

    def salvage(*args):
        steps.append("salvage")
        return salvaging(*args)

    def move_slowly(self, target):
        opening.start()
        opening.join(0.3)
        steps.append("move")
        return moving(self, target)

    monkeypatch.setattr(schema, "connect", connect)
    monkeypatch.setattr(schema, "salvage", salvage)
    monkeypatch.setattr(Path, "replace", move_slowly)
    with pytest.warns(JournalWarning, match="was damaged"):
        damaged.begin(entry("mine"))
    opening.join(PATIENCE)
    assert steps == ["move", "salvage", "other connects"]
    assert names(damaged) == ["mine", "other"]
    for journal in (damaged, other):
        journal.close()


@pytest.mark.parametrize("change", ["begin", "update", "star"])
def test_journal_written_again_where_the_file_was_moved_meanwhile(tmp_path, monkeypatch, change):
    journal, transaction = Journal(tmp_path), schema.transaction
    journal.begin(entry("job"))

    def move_first(connection):
        monkeypatch.setattr(schema, "transaction", transaction)
        for ending in ("-wal", "-shm", ""):
            file = journal.path.with_name(journal.path.name + ending)
            file.replace(file.with_name("aside" + file.name))
        later = Journal(tmp_path)
        later.begin(entry("job"))
        later.close()
        return transaction(connection)

    monkeypatch.setattr(schema, "transaction", move_first)
    if change == "begin":
        journal.begin(entry("new"))
    elif change == "update":
        journal.update("job", state="running")
    else:
        journal.star("job", 0, on=True)
    found = Journal(tmp_path)
    if change == "begin":
        assert set(names(found)) == {"job", "new"}
    elif change == "update":
        assert found.find("job")[0].state == "running"
    else:
        assert found.list_stars(["job"]) == {("job", 0)}
    found.close()
    journal.close()


def test_journal_home_removed(tmp_path):
    home = tmp_path / "home"
    journal = Journal(home)
    journal.begin(entry("a"))
    shutil.rmtree(home)
    journal.begin(entry("b"))
    assert names(journal) == ["b"]
    journal.close()


def test_journal_on_a_full_disk(bench, submit, server):
    bench.journal.begin(entry("first", state="done"))
    connection = bench.journal._open()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.warns(JournalWarning, match="can't be written") as said:
        paths = [path for seed in range(3) for path in submit("p" * 20_000, seed=seed).result(PATIENCE).paths]
    assert len(paths) == 3
    assert len(said) == 1
    assert "full" in str(said[0].message)
    connection.execute(f"PRAGMA max_page_count={pages * 100}")
    job = submit("with room again")
    job.result(PATIENCE)
    assert bench.journal.find(job.id)[0].state == "done"


def test_journal_in_a_read_only_folder(bench, submit, monkeypatch):
    kept = submit("kept").result(PATIENCE)
    bench.journal.close()

    def refuse(*_args, **_options):
        raise sqlite3.OperationalError("attempt to write a readonly database")  # noqa: TRY003

    monkeypatch.setattr(schema, "connect", refuse)
    with pytest.warns(JournalWarning, match="can't be written") as said:
        paths = [path for seed in range(2) for path in submit("another", seed=seed).result(PATIENCE).paths]
    assert len(paths) == 2
    assert len(said) == 1
    assert "QWAVE_HOME" in str(said[0].message)
    assert records.history(bench).paths == kept.paths
    assert resume(bench) == ()


#: Runs as somebody who may read everything and write nothing.
READER = """
import os, sys, urllib.parse, urllib.request, warnings
from pathlib import Path
from qwave_jupyter import i18n
from qwave_jupyter.jobs.journal.store import Entry, Journal
from qwave_jupyter.jobs.journal.schema import count_open
i18n.text("generation.journal_unwritable", path="", reason="")
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
home = Path(sys.argv[1])
journal = Journal(home)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name in ("x", "y"):
        journal.begin(Entry(job_id=name, created=1.0))
        journal.update(name, state="done")
    print([one.job_id for one in journal.open_jobs()], len(said), journal.lock("a").acquire())
    print(count_open(home), "can't be written" in str(said[0].message))
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of another kind")
@pytest.mark.parametrize("left_open", [True, False], ids=["with its log", "closed"])
def test_journal_home_read_only(left_open):
    # Not in pytest's own folder, into which nobody else may look.
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        journal = Journal(home)
        journal.begin(entry("a"))
        if not left_open:
            journal.close()
        for path in home.iterdir():
            path.chmod(0o444)
        home.chmod(0o555)
        home.parent.chmod(0o755)
        before = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
        ended = subprocess.run([sys.executable, "-c", READER, str(home)], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.splitlines() == ["['a'] 1 True", "1 True"]
        assert {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()} == before
        home.chmod(0o755)
        journal.close()


@pytest.fixture
def network(monkeypatch):
    """A file system without shared memory, as a network's disk is: SQLite then knows no write-ahead log."""
    true = schema._open

    def opened(name, busy_seconds, *, uri=False):
        address = name if uri else f"file:{name}?"
        return true(f"{address}{'&' if uri else ''}vfs=unix-dotfile", busy_seconds, uri=True)

    monkeypatch.setattr(schema, "_open", opened)


@pytest.mark.skipif(os.name != "posix", reason="SQLite's other file systems are those of Unix")
def test_journal_on_a_network_disk(tmp_path, network):
    first, second = Journal(tmp_path), Journal(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads = [
            threading.Thread(target=lambda one=one, name=name: [one.begin(entry(f"{name}{n}")) for n in range(10)])
            for one, name in ((first, "a"), (second, "b"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert first._open().execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    assert len(names(first)) == len(names(second)) == 20
    assert not (tmp_path / "journal.sqlite3-wal").exists()
    first.close()
    second.close()


@pytest.mark.parametrize("complaint", ["locking protocol", "disk I/O error", "unable to open database file"])
def test_journal_where_wal_fails(tmp_path, monkeypatch, complaint):
    true = schema._open

    class Promising(sqlite3.Connection):
        log = True

        def execute(self, sql, *values):
            if "journal_mode=DELETE" in sql:
                self.log = False
            elif self.log and "journal_mode" not in sql:
                raise sqlite3.OperationalError(complaint)
            return super().execute(sql, *values)

    def opened(name, busy_seconds, **_):
        connection = sqlite3.connect(
            name, timeout=busy_seconds, isolation_level=None, check_same_thread=False, factory=Promising
        )
        connection.row_factory = sqlite3.Row
        return connection

    monkeypatch.setattr(schema, "_open", opened)
    journal = Journal(tmp_path)
    journal.begin(entry("a"))
    journal.update("a", state="running")
    assert names(journal) == ["a"]
    journal.close()
    monkeypatch.setattr(schema, "_open", true)
    connection = sqlite3.connect(journal.path)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    connection.close()


def test_blobs_of_killed_kernels_are_removed(tmp_path):
    blobs = Blobs(tmp_path / "blobs", max_bytes=3000)
    blobs.folder.mkdir()
    for place in range(3):
        left = blobs.folder / f"{place}.part"
        left.write_bytes(bytes(1000))
        os.utime(left, (place, place))
    uri = "data:image/png;base64," + "QUJD" * 400
    away = blobs.externalize(uri)
    assert blobs.restore(away) == uri
    assert sum(path.stat().st_size for path in blobs.folder.iterdir()) <= 3000
    assert {path.name for path in blobs.folder.iterdir()} == {away["$blob"], "2.part"}


def test_blobs_in_use_are_kept(tmp_path):
    blobs = Blobs(tmp_path / "blobs", max_bytes=2500)
    uris = ["data:image/png;base64," + f"AA{number}A" * 400 for number in range(3)]
    first, second = blobs.externalize(uris[0]), blobs.externalize(uris[1])
    for place, away in enumerate((first, second)):
        os.utime(blobs.folder / away["$blob"], (place, place))
    blobs.externalize(uris[0])
    blobs.externalize(uris[2])
    assert blobs.restore(first) == uris[0]
    with pytest.raises(FileNotFoundError):
        blobs.restore(second)


@pytest.fixture
def next_release(monkeypatch):
    """What a later release will do to the tables: add to them."""
    step = "ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'; CREATE INDEX jobs_mood ON jobs (mood)"

    def upgrade():
        monkeypatch.setattr(schema, "_STEPS", (*schema._STEPS, step))
        monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    return upgrade


def version_of(path) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()


def test_journal_upgrade_beside_an_older_release(tmp_path, next_release):
    older = Journal(tmp_path)
    older.begin(entry("a"))
    version = version_of(older.path)
    next_release()
    newer = Journal(tmp_path)
    newer.begin(entry("b"))
    assert version_of(newer.path) == version + 1
    older.begin(entry("c"))
    older.update("b", state="done")
    newer.update("a", state="running", task_id="t")
    assert names(older) == names(newer) == ["a", "c"]
    assert older.find("t")[0].job_id == "a"
    older.close()
    newer.close()


def test_journal_failed_upgrade_is_undone(tmp_path, monkeypatch):
    older = Journal(tmp_path)
    older.begin(entry("a"))
    older.close()
    version = version_of(older.path)
    broken = "ALTER TABLE jobs ADD COLUMN mood TEXT; CREATE INDEX jobs_mood ON jobs (no_such_column)"
    monkeypatch.setattr(schema, "_STEPS", (*schema._STEPS, broken))
    monkeypatch.setattr(schema, "VERSION", version + 1)
    connection = schema._open(str(older.path), 1.0)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection)
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(jobs)")}
    connection.close()
    assert "mood" not in columns
    assert version_of(older.path) == version


def test_journal_upgraded_once_by_many(tmp_path, next_release):
    older = Journal(tmp_path)
    older.begin(entry("a"))
    older.close()
    next_release()
    kernels = [Journal(tmp_path) for _ in range(6)]
    start = threading.Barrier(len(kernels))

    def work(kernel, name):
        start.wait()
        kernel.begin(entry(name))

    threads = [threading.Thread(target=work, args=(kernel, f"k{place}")) for place, kernel in enumerate(kernels)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert all(len(names(kernel)) == 7 for kernel in kernels)
    for kernel in kernels:
        kernel.close()
