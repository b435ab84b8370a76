"""The look at load: what is open, without a trace and without a fuss."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from qwave_jupyter.jobs.journal.schema import count_open
from qwave_jupyter.jobs.journal.store import Entry, Journal


def fill(home, *states, base_url="s"):
    journal = Journal(home)
    for place, state in enumerate(states):
        journal.begin(Entry(job_id=f"{base_url}-{place}", created=float(place), state=state, base_url=base_url))
    return journal


def files(home):
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_count_open_writes_nothing(tmp_path):
    journal = fill(tmp_path, "submitting", "running", "completed", "done", "failed", "unknown")
    beside = fill(tmp_path, "running", base_url="elsewhere")
    before = files(tmp_path)
    assert "journal.sqlite3-wal" in before
    assert count_open(tmp_path) == 4
    assert count_open(tmp_path, base_url="s") == 3
    assert files(tmp_path) == before
    journal.close()
    beside.close()
    before = files(tmp_path)
    assert before == ["journal.sqlite3", "locks"]
    assert count_open(tmp_path) == 4
    assert files(tmp_path) == before


def test_count_open_reads_a_killed_kernels_log(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from qwave_jupyter.jobs.journal.store import Entry, Journal\n"
        "Journal(Path(sys.argv[1])).begin(Entry(job_id='a', created=0.0)); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    assert count_open(tmp_path) == 1


def test_count_open_skips_running_jobs(tmp_path):
    journal = fill(tmp_path, "running", "running")
    lock = journal.lock("s-0")
    lock.acquire()
    assert count_open(tmp_path) == 1
    assert lock.is_ours
    lock.release()
    assert count_open(tmp_path) == 2
    journal.close()


def _torn(home):
    fill(home, "running").close()
    path = home / "journal.sqlite3"
    path.write_bytes(path.read_bytes()[:5000])


def _a_folder(home):
    (home / "journal.sqlite3").mkdir()


def _another_shape(home):
    with sqlite3.connect(home / "journal.sqlite3") as connection:
        connection.execute("CREATE TABLE jobs (mood TEXT)")
    connection.close()


def _hostile_rows(home):
    fill(home, "running").close()
    with sqlite3.connect(home / "journal.sqlite3") as connection:
        connection.executescript(
            "INSERT INTO jobs (job_id, created, updated, state) VALUES (x'ff00', 0, 0, 'running');"
        )
    connection.close()


@pytest.mark.parametrize(
    ("make", "counted"),
    [
        (lambda home: home.rmdir(), {0}),
        (lambda home: (home / "journal.sqlite3").write_bytes(b""), {0}),
        (lambda home: (home / "journal.sqlite3").write_bytes(os.urandom(9000)), {0}),
        (_a_folder, {0}),
        (_torn, {0, 1}),
        (_another_shape, {0}),
        (_hostile_rows, {2}),
    ],
)
def test_count_open_ignores_obstacles(tmp_path, make, counted):
    home = tmp_path / "home"
    home.mkdir()
    make(home)
    before = files(home) if home.exists() else None
    assert count_open(home) in counted
    assert (files(home) if home.exists() else None) == before


def test_count_open_with_hostile_ids(tmp_path):
    journal = fill(tmp_path)
    for name in ("../../../etc/passwd", "a" * 9000, "\x00", "", "ü" * 300):
        journal.begin(Entry(job_id=name, created=0.0))
        lock = journal.lock(name)
        assert lock.path.parent == tmp_path / "locks"
        assert lock.acquire()
        lock.release()
    assert count_open(tmp_path) == 5
    journal.close()


def test_count_open_of_a_locked_journal(tmp_path):
    fill(tmp_path, "running").close()
    connection = sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("UPDATE jobs SET state = 'done'")
    assert count_open(tmp_path) == 0
    connection.close()


def test_count_open_imports_nothing_heavy(tmp_path):
    fill(tmp_path, "running").close()
    code = (
        "import sys; from pathlib import Path; from qwave_jupyter.jobs.journal.schema import count_open\n"
        "print(count_open(Path(sys.argv[1])))\n"
        "print([name for name in ('requests', 'PIL', 'ipywidgets', 'numpy', 'IPython') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n")[:2] == ["1", "[]"]
