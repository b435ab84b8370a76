from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning
from tests.fake_clock import FakeClock

URI = "data:image/png;base64," + "QUJD" * 400


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "home", clock=FakeClock())
    yield opened
    opened.close()


def entry(name: str, **more) -> Entry:
    return Entry(job_id=name, created=more.pop("created", 1_775_000_000.0), **more)


def test_journal_writes_nothing_unasked(tmp_path):
    journal = Journal(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    journal.begin(entry("a"))
    assert journal.path.is_file()
    journal.close()


def test_journal_follows_a_job(journal, tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(b"x")
    journal.begin(entry("a", model="m", prompt="a cat", fingerprint="f", parameters={"seed": 1}))
    assert [one.state for one in journal.open_jobs()] == ["submitting"]
    journal.update("a", state="running", task_id="task-1", held_quota=3000)
    assert journal.open_jobs()[0].task_id == "task-1"
    journal.update("a", state="done", files=[{"path": str(image)}], cost_quota=2500, duration=8.0, finished=1.0)
    assert journal.open_jobs() == ()
    (done,) = journal.history()
    assert done.parameters == {"seed": 1}
    assert done.files == [{"path": str(image)}]
    assert journal.find_finished("f") == done
    assert journal.find("task-1") == journal.find("a") == (done,)
    assert journal.find("nothing") == ()
    image.unlink()
    assert journal.find_finished("f") is None


def test_journal_search_is_literal(journal):
    for place, prompt in enumerate(["a 100% cat", "a dog", "Cat and dog"]):
        journal.begin(entry(str(place), created=float(place), prompt=prompt, model="m", state="done"))
    assert [one.prompt for one in journal.history(search="cat")] == ["Cat and dog", "a 100% cat"]
    assert [one.prompt for one in journal.history(search="0%")] == ["a 100% cat"]
    assert [one.prompt for one in journal.history(search="dog cat")] == ["Cat and dog"]
    assert len(journal.history(limit=2)) == 2


def test_journal_durations_of_similar_jobs(journal):
    for place in range(4):
        journal.begin(
            entry(f"a{place}", model="m", resolution="4k", state="done", duration=40.0 + place, finished=place)
        )
        journal.begin(entry(f"b{place}", model="m", resolution="1k", state="done", duration=4.0, finished=place))
    assert journal.durations("m", resolution="4k") == (43.0, 42.0, 41.0, 40.0)
    assert len(journal.durations("m", resolution="8k")) == 8
    assert journal.durations("other") == ()


def test_journal_costs_by_group(journal):
    journal.begin(entry("1", model="m", state="running", estimate_usd=0.01, held_quota=5000))
    journal.begin(entry("2", model="m", state="done", estimate_usd=0.01, held_quota=5000, cost_quota=4000))
    journal.begin(
        entry("3", model="k", state="cancelled", estimate_usd=0.5, held_quota=9, refunded_quota=9, notebook="n")
    )
    journal.begin(entry("4", model="k", state="refused", estimate_usd=7.0))
    first, second = journal.costs("model")
    assert (first.group, first.jobs, first.held_quota, first.settled_quota, first.refunded_quota) == (
        "m",
        2,
        5000,
        4000,
        0,
    )
    assert (second.group, second.jobs, second.held_quota, second.refunded_quota) == ("k", 1, 0, 9)
    assert [one.group for one in journal.costs("notebook")] == ["", "n"]
    assert len(journal.costs("day")) == 1
    assert journal.costs("model", notebook="n")[0].group == "k"
    assert journal.costs("model", since=2e9) == ()


def test_journal_never_scans_all_jobs(journal):
    connection = schema.connect(_made(journal.path), busy_seconds=5)
    rows = ((f"j{n}", n, n, f"m{n % 7}", f"prompt {n}", "done", f"f{n}", 5.0, n) for n in range(20_000))
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO jobs (job_id, created, updated, model, prompt, state, fingerprint, duration, finished)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    connection.execute("COMMIT")
    connection.close()
    thousands = []
    journal.begin(entry("new", model="m1"))
    journal._open().set_progress_handler(lambda: thousands.append(1), 1000)
    journal.update("new", state="running")
    assert len(journal.open_jobs()) == 1
    assert len(journal.durations("m1", resolution="")) == 40
    assert journal.find_finished("f500") is None
    assert len(journal.history(50)) == 50
    assert journal.find("j777")[0].prompt == "prompt 777"
    # A single scan of all rows takes more instructions of SQLite's machine than all of these together.
    assert len(thousands) < 20


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    return path


def test_journal_keeps_hostile_text(journal):
    prompt = "'; DROP TABLE jobs; -- <script>\x00\u202e\ud800" + "x" * 100_000
    journal.begin(entry("a", prompt=prompt, state="done"))
    (kept,) = journal.history()
    assert kept.prompt == prompt.replace("\ud800", "?")


def _use(journal) -> None:
    for place in range(3):
        journal.history(1000)
        journal.begin(entry(f"new{place}"))
        journal.update(f"new{place}", state="running")


@pytest.mark.parametrize("damage", [b"this is no database, and never was one" * 99, "middle", "truncated"])
def test_journal_damaged_is_moved_aside(tmp_path, damage):
    home = tmp_path / "home"
    first = Journal(home)
    for place in range(300):
        first.begin(entry(f"j{place}", prompt="p" * 300, state="done"))
    first.close()
    content = first.path.read_bytes()
    if damage == "middle":
        content = content[:20_000] + os.urandom(40_000) + content[60_000:]
    elif damage == "truncated":
        content = content[: len(content) // 2]
    else:
        content = damage
    first.path.write_bytes(content)
    second = Journal(home)
    with pytest.warns(JournalWarning, match="moved aside"):
        _use(second)
    assert len(second.open_jobs()) == 3
    assert len(list(home.glob("journal-damaged-*.sqlite3"))) == 1
    second.close()


def test_journal_unwritable_is_still_read(tmp_path, monkeypatch):
    home = tmp_path / "home"
    first = Journal(home)
    first.begin(entry("a", state="done", prompt="kept"))
    first.close()

    def refuse(*_args, **_options):
        raise sqlite3.OperationalError

    monkeypatch.setattr(schema, "connect", refuse)
    second = Journal(home)
    with pytest.warns(JournalWarning, match="can't be written") as said:
        _use(second)
    assert len(said) == 1
    assert [one.prompt for one in second.history()] == ["kept"]
    second.close()


def test_journal_home_that_is_a_file(tmp_path):
    home = tmp_path / "file"
    home.write_text("in the way")
    journal = Journal(home)
    with pytest.warns(JournalWarning):
        journal.begin(entry("a"))
    assert journal.open_jobs() == ()
    assert journal.lock("a").acquire()


def test_journal_of_a_newer_release(journal):
    journal.begin(entry("a"))
    connection = sqlite3.connect(journal.path)
    connection.execute("ALTER TABLE jobs ADD COLUMN mood TEXT")
    connection.execute("PRAGMA user_version=99")
    connection.commit()
    connection.close()
    journal.close()
    journal.update("a", state="done")
    assert journal.history()[0].job_id == "a"


def _write_many(home: str, name: str) -> None:
    journal = Journal(Path(home))
    for place in range(25):
        journal.begin(entry(f"{name}-{place}"))
        journal.update(f"{name}-{place}", state="done")
    journal.close()


def test_journal_takes_several_processes(tmp_path):
    spawning = multiprocessing.get_context("spawn")
    writers = [spawning.Process(target=_write_many, args=(str(tmp_path), str(number))) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    journal = Journal(tmp_path)
    assert len(journal.history(1000)) == 75
    journal.close()


def test_lock_is_exclusive(tmp_path):
    first, second = (JobLock(tmp_path / "locks" / "a.lock") for _ in range(2))
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert not first.path.exists()
    assert second.acquire()
    second.release()
    second.release()


def test_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "a.lock"
    code = f"""
        from pathlib import Path
        from qwave_jupyter.jobs.journal.locks import JobLock
        lock = JobLock(Path({str(path)!r}))
        print(lock.acquire(), flush=True)
        input()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline().strip() == "True"
    lock = JobLock(path)
    assert not lock.acquire()
    holder.kill()
    holder.communicate()
    assert lock.acquire()
    lock.release()


def test_lock_survives_concurrent_checks(tmp_path):
    path = tmp_path / "locks" / "a.lock"
    path.parent.mkdir()
    over = threading.Event()

    def look():
        while not over.wait(0.0005):
            # Somebody's file, left behind by a killed process.
            path.touch()
            JobLock(path).is_held()

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    taken = []
    for _ in range(300):
        lock = JobLock(path)
        taken.append(lock.acquire())
        lock.release()
    over.set()
    for looker in lookers:
        looker.join()
    assert all(taken)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_lock_is_not_inherited(tmp_path):
    path = tmp_path / "a.lock"
    code = f"""
        import os, signal, sys, time
        from pathlib import Path
        from qwave_jupyter.jobs.journal.locks import JobLock
        lock = JobLock(Path({str(path)!r}))
        lock.acquire()
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        print(child, flush=True)
        input()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = int(holder.stdout.readline())
    lock = JobLock(path)
    try:
        # The child's letting go takes nothing from its parent.
        time.sleep(0.2)
        assert not lock.acquire()
        holder.kill()
        holder.wait()
        assert lock.acquire()
    finally:
        os.kill(child, signal.SIGKILL)
        holder.communicate()
    lock.release()


def test_abandoned_jobs_are_unlocked(journal):
    journal.begin(entry("a", base_url="s"))
    journal.begin(entry("b", base_url="s"))
    journal.begin(entry("c", base_url="elsewhere"))
    held = journal.lock("a")
    assert held.acquire()
    assert [one.job_id for one in journal.abandoned_jobs(base_url="s")] == ["b"]
    held.release()
    assert [one.job_id for one in journal.abandoned_jobs(base_url="s")] == ["a", "b"]


def test_blobs_are_stored_once(tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    odd = URI[:-1] + "\n"
    body = {"a": [URI, "https://x.y/z"], "b": {"c": URI, "odd": odd}, "prompt": "data: not one", "n": 2}
    away = blobs.externalize(body)
    assert "QUJDQUJD" not in str(away)
    assert len(list(blobs.folder.iterdir())) == 2
    assert blobs.restore(away) == body


def test_blobs_are_bounded(tmp_path):
    blobs = Blobs(tmp_path / "blobs", max_bytes=2500)
    away = []
    for number in range(4):
        away.append(blobs.externalize("data:image/png;base64," + f"AA{number}A" * 400))
        for file in blobs.folder.iterdir():
            os.utime(file, (number, number)) if file.name == away[-1]["$blob"] else None
    assert len(list(blobs.folder.iterdir())) == 2
    blobs.restore(away[-1])
    with pytest.raises(FileNotFoundError):
        blobs.restore(away[0])
    with pytest.raises(FileNotFoundError):
        blobs.restore({"$blob": "../../etc/passwd", "mime": ""})
