"""Of a damaged journal everything is saved that SQLite still yields; a second reader of its own says what that is."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import warnings

import pytest

from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.store import Entry, Journal, JournalWarning

PAGE = 4096
JOBS = 40
OPEN = {f"job-{place:02}" for place in range(0, JOBS, 5)}


def name_of(place: int) -> str:
    return f"job-{place:02}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A closed journal of some dozen pages, a few prompts of which overflow theirs."""
    home = tmp_path_factory.mktemp("whole")
    journal = Journal(home)
    for place in range(JOBS):
        name = name_of(place)
        state = "running" if name in OPEN else "done"
        prompt = f"prompt {place} " + "p" * (6000 if place % 13 == 12 else 700)
        journal.begin(Entry(job_id=name, created=float(place), state=state, task_id=f"task-{name}", prompt=prompt))
    journal.close()
    content = journal.path.read_bytes()
    assert len(content) > 12 * PAGE
    return content


def readable_rows(path) -> dict[str, str]:
    """Each row by itself on a connection of its own: what SQLite yields by rowid, all columns whole."""
    found = {}
    for rowid in range(1, JOBS + 1):
        # A message that quotes invalid bytes is a UnicodeDecodeError.
        failures = contextlib.suppress(sqlite3.Error, UnicodeDecodeError)
        with failures, contextlib.closing(sqlite3.connect(path)) as connection:
            connection.text_factory = lambda content: content.decode("utf-8", "replace")
            connection.execute("PRAGMA writable_schema=ON")
            row = connection.execute("SELECT * FROM jobs WHERE rowid = ?", [rowid]).fetchone()
            if row is not None:
                found[row[0]] = row[7]
    return found


def saved_rows(home) -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(home / "journal.sqlite3")) as connection:
        connection.text_factory = lambda content: content.decode("utf-8", "replace")
        return dict(connection.execute("SELECT job_id, prompt FROM jobs"))


def mended(home, content: bytes) -> set[str]:
    """Damage, work with it as a kernel does, and the ids that are in the journal then."""
    home.mkdir(parents=True)
    (home / "journal.sqlite3").write_bytes(content)
    shutil.copy(home / "journal.sqlite3", home.parent / "damaged.sqlite3")
    journal = Journal(home)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JournalWarning)
        journal.open_jobs()
        journal.history(1000)
        journal.begin(Entry(job_id="new", created=1e6))
        journal.update("new", state="running")
        assert "new" in {one.job_id for one in journal.open_jobs()}
    journal.close()
    return set(saved_rows(home))


def zeroed(content: bytes, start: int, size: int) -> bytes:
    return content[:start] + bytes(size) + content[start + size :]


def test_a_lost_first_page_of_rows_costs_only_its_rows(whole, tmp_path):
    first_leaf = next(place for place in range(2, len(whole) // PAGE) if b"prompt 0 " in page_of(whole, place))
    saved = mended(tmp_path / "home", zeroed(whole, first_leaf * PAGE, PAGE))
    expected = set(readable_rows(tmp_path / "damaged.sqlite3"))
    assert len(expected) > JOBS / 2
    assert expected < {name_of(place) for place in range(JOBS)}
    assert saved >= expected


def page_of(content: bytes, place: int) -> bytes:
    return content[place * PAGE : (place + 1) * PAGE]


@pytest.mark.parametrize("how", ["zeroed", "random", "header zeroed"])
def test_each_lost_page_costs_only_its_rows(whole, tmp_path, how):
    dice = random.Random(7)  # noqa: S311 - a test's
    for page in range(1, len(whole) // PAGE):
        start = page * PAGE
        content = {
            "zeroed": zeroed(whole, start, PAGE),
            "header zeroed": zeroed(whole, start, 12),
            "random": whole[:start] + dice.randbytes(PAGE) + whole[start + PAGE :],
        }[how]
        base = tmp_path / str(page)
        saved = mended(base / "home", content)
        assert saved >= set(readable_rows(base / "damaged.sqlite3")), page
        if b"CREATE TABLE" not in page_of(whole, page) and page > 1 and b"prompt" not in page_of(whole, page):
            # An index, or what overflowed one page: no other row lies there.
            assert len(saved) >= JOBS - 1, page


@pytest.mark.parametrize("size", [16, 100, PAGE], ids=["magic", "header", "first page"])
def test_a_lost_head_costs_no_row(whole, tmp_path, size):
    saved = mended(tmp_path / "home", os.urandom(size) + whole[size:])
    assert saved == {*map(name_of, range(JOBS)), "new"}
    assert saved_rows(tmp_path / "home")["job-03"].startswith("prompt 3 ")


def test_a_file_cut_short_keeps_what_is_there(whole, tmp_path):
    for pages in (4, len(whole) // PAGE // 2, len(whole) // PAGE - 1):
        base = tmp_path / str(pages)
        saved = mended(base / "home", whole[: pages * PAGE + 100])
        assert saved >= set(readable_rows(base / "damaged.sqlite3"))


def test_flipped_bytes_never_stop_the_work(whole, tmp_path):
    dice = random.Random(11)  # noqa: S311 - a test's
    for number in range(60):
        content = bytearray(whole)
        for _ in range(3):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        base = tmp_path / str(number)
        saved = mended(base / "home", bytes(content))
        if (base / "home" / "journal.sqlite3").stat().st_size and list((base / "home").glob("journal-damaged-*")):
            assert saved >= set(readable_rows(base / "damaged.sqlite3")), number


def test_a_row_that_is_half_lost_keeps_its_task(tmp_path):
    journal = Journal(tmp_path / "home")
    for place in range(3):
        # The files come last in a row, and overflow its page.
        journal.begin(Entry(job_id=name_of(place), created=1.0, state="running", task_id=f"task-{place}"))
        files = [{"path": "/x/" + "y" * 20_000 + str(place)}]
        journal.update(name_of(place), files=files)
    journal.close()
    content = journal.path.read_bytes()
    lost = [place for place in range(len(content) // PAGE) if page_of(content, place)[8:].strip(b"y") == b""][1]
    mended(tmp_path / "again" / "home", zeroed(content, lost * PAGE, PAGE))
    with contextlib.closing(sqlite3.connect(tmp_path / "again" / "home" / "journal.sqlite3")) as connection:
        found = dict(connection.execute("SELECT job_id, task_id FROM jobs WHERE state = 'running'"))
    assert found.items() >= {name_of(place): f"task-{place}" for place in range(3)}.items()


def test_open_jobs_are_saved_first(whole, tmp_path):
    """On a disk with room for few rows these are the open ones."""
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(zeroed(whole, 8 * PAGE, PAGE))
    readable = set(readable_rows(damaged))
    into = schema.connect(tmp_path / "new.sqlite3", busy_seconds=1.0)
    pages = into.execute("PRAGMA page_count").fetchone()[0]
    into.execute(f"PRAGMA max_page_count={pages + 6}")
    with contextlib.suppress(sqlite3.Error):
        schema.salvage(damaged, into)
    into.execute("PRAGMA max_page_count=100000")
    saved = {row[0] for row in into.execute("SELECT job_id FROM jobs")}
    into.close()
    assert len(readable) > len(saved)
    assert saved >= readable & OPEN


def test_what_was_saved_is_counted(whole, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "journal.sqlite3").write_bytes(bytes(PAGE) + whole[PAGE:])
    journal = Journal(home)
    with pytest.warns(JournalWarning, match=f"{JOBS} jobs were saved"):
        journal.begin(Entry(job_id="new", created=1.0))
    journal.close()


def test_no_rows_but_garbage_is_a_new_journal(tmp_path):
    saved = mended(tmp_path / "home", os.urandom(50_000))
    assert saved == {"new"}
