"""The record of every job, from its intent to its files: nothing that was paid for is ever lost.

SQLite, safe for several processes: short transactions, a long busy timeout, WAL where the file system can. The API
key is never in it. When it can't be written, one warning says so and the jobs go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from qwave_jupyter import threads
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import JournalUnavailable
from qwave_jupyter.folders import is_file
from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.journal.locks import JobLock, job_lock
from qwave_jupyter.jobs.journal.record import (
    COLUMNS,
    OPEN_STATES,
    Costs,
    Entry,
    EntryState,
    from_row,
    to_column,
    to_row,
)
from qwave_jupyter.tracebacks import contain
from qwave_jupyter.types import JSONObject

__all__ = ["Costs", "Entry", "Journal", "JournalWarning"]

Result = TypeVar("Result")

_BUSY_SECONDS = 20.0
_COLUMNS = ", ".join(COLUMNS)
_MIN_DURATIONS = 3
#: How many ended jobs without a cost are asked about at a time.
_MAX_UNSETTLED = 50
#: What is on disk stays in the history, also where other images of the job are awaited, or its money went back.
_WITH_FILES = f"(state = '{EntryState.DONE}' OR files NOT IN ('', '[]'))"
#: In how many of the newest jobs earlier prompts are looked for.
_MAX_RECENT = 2000
#: How long to wait for another kernel that mends the journal.
_REPAIR_SECONDS, _REPAIR_STEPS = 10.0, 200
#: How often a write is repeated whose file was moved aside meanwhile.
_MAX_MOVES = 3
#: How many ended jobs are kept whose rows can't be written.
_MAX_UNWRITTEN = 1000

#: Connections that a forked child got from its parent; referenced so that nothing closes them.
_inherited: list[sqlite3.Connection] = []


class JournalWarning(UserWarning):
    """The journal was damaged, or can't be written."""


class Journal:
    """The journal in one folder."""

    def __init__(self, home: Path, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.home = home
        self.path = home / "journal.sqlite3"
        self.blobs = Blobs(home / "blobs")
        self._clock = clock
        self._lock = threads.fork_safe(threading.RLock())
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        #: Held while the file is opened or moved aside, so that nobody opens half of a journal.
        self._opening = JobLock(home / "locks" / "mending.lock")
        self._file: tuple[int, int] | None = None
        #: Whether it is worth trying to write, and whether the connection only reads, as where the disk was full.
        self._writable, self._only_reads = True, False
        self._warned: set[str] = set()
        #: The open jobs of this process as they should stand in the file, and those of which a write failed.
        self._open_entries: dict[str, Entry] = {}
        self._unwritten: set[str] = set()

    def __del__(self) -> None:
        # A journal goes out of use when settings change; whether its file is closed must not depend on the collector.
        try:  # noqa: SIM105 - at the interpreter's end contextlib may be gone before us
            self.close()
        except Exception:  # noqa: BLE001, S110 - so may everything else be
            pass

    def __repr__(self) -> str:
        return f"Journal({str(self.home)!r})"

    def __reduce__(self) -> tuple[type[Journal], tuple[Path]]:
        return (Journal, (self.home,))

    def begin(self, entry: Entry) -> None:
        """Write a job's intent; this comes before its submit."""
        entry = replace(entry, updated=self._clock.now())
        with self._lock:
            self.remember(entry)
            self._write_whole(entry)
            self._write_missing()

    def remember(self, entry: Entry) -> None:
        """Know an open job whole, so that its row can be written again where it is missing."""
        self._open_entries[entry.job_id] = entry

    def update(self, job_id: str, **changes: Any) -> None:
        """Change some columns of a job; a row that is missing, or of which a write failed, is written whole."""
        unknown = set(changes) - set(COLUMNS)
        if unknown:
            raise TypeError(sorted(unknown))
        changes = {"updated": self._clock.now(), **changes}
        assignments = ", ".join(f"{name} = ?" for name in changes)
        values = [to_column(name, value) for name, value in changes.items()]
        sql = f"UPDATE jobs SET {assignments} WHERE job_id = ?"  # noqa: S608 - our own names
        with self._lock:
            known = self._open_entries.get(job_id)
            if known is not None:
                known = self._open_entries[job_id] = replace(known, **changes)
            written = 0 if job_id in self._unwritten else self._write(sql, [*values, job_id])
            if known is not None:
                if written is None:
                    self._unwritten.add(job_id)
                elif written == 0:
                    self._write_whole(known)
                self._forget_ended(known)
            self._write_missing()

    def _write_missing(self) -> None:
        """Write the rows again that couldn't be written, such as on a full disk, up to the first that still can't."""
        with self._lock:
            for job_id in sorted(self._unwritten) if self._writable else ():
                entry = self._open_entries[job_id]
                if self._write_whole(entry) is None:
                    return
                self._forget_ended(entry)

    def _forget_ended(self, entry: Entry) -> None:
        is_kept = entry.job_id in self._unwritten and self._writable and len(self._unwritten) <= _MAX_UNWRITTEN
        if entry.state not in OPEN_STATES and not is_kept:
            del self._open_entries[entry.job_id]
            self._unwritten.discard(entry.job_id)

    def find(self, name: str) -> tuple[Entry, ...]:
        """The jobs of that job or task id, or whose job id begins, or one of whose ids ends with it; newest first."""
        if not name:
            return ()
        exact = self._entries("WHERE job_id = ? OR task_id = ? ORDER BY created DESC LIMIT 20", (name, name))
        if exact:
            return exact
        like = _like(name)
        alike = ("job_id LIKE ? ESCAPE '\\'", "job_id LIKE ? ESCAPE '\\'", "task_id LIKE ? ESCAPE '\\'")
        where = f"WHERE {' OR '.join(alike)} ORDER BY created DESC LIMIT 20"
        return self._entries(where, (f"{like}%", f"%{like}", f"%{like}"))

    def lock_open(self, entry: Entry) -> tuple[Entry, JobLock] | None:
        """Lock an open job; None where another process works on it, or it has ended since it was listed."""
        lock = self.lock(entry.job_id)
        if not lock.acquire():
            return None
        now = next((one for one in self.find(entry.job_id) if one.job_id == entry.job_id), entry)
        if now.state in OPEN_STATES:
            return now, lock
        lock.release()
        return None

    def open_jobs(self, *, base_url: str | None = None, fingerprint: str | None = None) -> tuple[Entry, ...]:
        """The jobs that somebody may still get images from, oldest first."""
        states = ", ".join(f"'{state}'" for state in OPEN_STATES)
        where, values = f"WHERE state IN ({states})", []
        if fingerprint is not None:
            where, values = f"{where} AND fingerprint = ?", [fingerprint]
        entries = self._entries(f"{where} ORDER BY created", values)
        return tuple(entry for entry in entries if base_url is None or entry.base_url == base_url)

    def abandoned_jobs(self, *, base_url: str | None = None, fingerprint: str | None = None) -> tuple[Entry, ...]:
        """The open jobs that no process works on."""
        entries = self.open_jobs(base_url=base_url, fingerprint=fingerprint)
        return tuple(entry for entry in entries if not self._is_held(entry))

    def unsettled_jobs(self, *, base_url: str, since: float) -> tuple[Entry, ...]:
        """The jobs that ended since a moment, in Unix seconds, with something held and no cost named; newest first."""
        # Where nothing was held, the server names no amounts at all.
        where = (
            f"WHERE state IN ('{EntryState.DONE}', '{EntryState.FAILED}', '{EntryState.CANCELLED}') AND base_url = ? "
            "AND task_id != '' AND held_quota > 0 AND cost_quota IS NULL AND finished > ? "
            f"ORDER BY created DESC LIMIT {_MAX_UNSETTLED}"
        )
        return self._entries(where, (base_url, since))

    def _is_held(self, entry: Entry) -> bool:
        try:
            return self.lock(entry.job_id).is_held()
        except (OSError, ValueError):
            # Whoever locks it is told why that fails.
            return False

    def has_later(self, after: float, before: float) -> bool:
        """Whether anything was written between two moments, in Unix seconds."""
        return bool(self._read("SELECT 1 FROM jobs WHERE updated > ? AND updated < ? LIMIT 1", (after, before)))

    def star(self, job_id: str, image: int, *, on: bool) -> bool:
        """Star an image by its place in its job, or take the star back; return whether that is written down."""
        sql = "INSERT OR IGNORE INTO stars VALUES (?, ?)" if on else "DELETE FROM stars WHERE job_id = ? AND image = ?"
        written = self._write(sql, (job_id, image))
        self._write_missing()
        return written is not None

    def list_stars(self, job_ids: Iterable[str] = ()) -> frozenset[tuple[str, int]]:
        """The starred images, as job and place, of some jobs or of all."""
        if not self._has_stars():
            return frozenset()
        names = tuple(job_ids)
        where = f" WHERE job_id IN ({', '.join('?' * len(names))})" if names else ""
        rows = self._read(f"SELECT job_id, image FROM stars{where}", names)  # noqa: S608 - our own names
        return frozenset((str(row[0]), row[1]) for row in rows if isinstance(row[1], int))

    def _has_stars(self) -> bool:
        # A journal of an earlier release that can't be written has no such table, and isn't damaged for that.
        return bool(self._read("SELECT 1 FROM sqlite_master WHERE name = 'stars'", ()))

    def history(self, limit: int = 100, search: str = "", *, starred: bool = False) -> tuple[Entry, ...]:
        """Jobs with finished images, newest first; with ``starred`` those that have a starred image."""
        if starred and not self._has_stars():
            return ()
        words = search.split()
        conditions = "".join(" AND (prompt LIKE ? ESCAPE '\\' OR model LIKE ? ESCAPE '\\')" for _ in words)
        if starred:
            conditions += " AND job_id IN (SELECT job_id FROM stars)"
        values: list[object] = [f"%{_like(word)}%" for word in words for _ in range(2)]
        return self._entries(f"WHERE {_WITH_FILES}{conditions} ORDER BY created DESC LIMIT ?", (*values, limit))

    def find_linked(self, link: str) -> tuple[Entry, ...]:
        """The jobs of whose files one may have been fetched from a link; newest first."""
        where = f"WHERE {_WITH_FILES} AND instr(files, ?) > 0 ORDER BY created DESC LIMIT 20"
        return self._entries(where, (json.dumps(link),))

    def list_prompts(
        self, limit: int, *, notebook: str | None = None, pid: int | None = None, longest: int
    ) -> tuple[tuple[str | None, float], ...]:
        """List different prompts with when each was last used, newest first; None stands for those that are longer."""
        conditions = "typeof(prompt) = 'text'"
        values: list[object] = [longest]
        for name, value in (("notebook", notebook), ("pid", pid)):
            if value is not None:
                conditions += f" AND {name} = ?"
                values.append(value)
        sql = f"""
            SELECT prompt, max(created) FROM (
                SELECT CASE WHEN length(prompt) <= ? THEN prompt END AS prompt, created
                FROM jobs WHERE {conditions} ORDER BY created DESC LIMIT {_MAX_RECENT}
            ) GROUP BY prompt ORDER BY 2 DESC LIMIT ?
        """  # noqa: S608 - our own names
        rows = self._read(sql, (*values, limit))
        return tuple((row[0], float(row[1])) for row in rows if isinstance(row[1], (int, float)))

    def durations(
        self, model: str, *, action: str = "", resolution: str = "", quality: str = "", n: int = 1, limit: int = 40
    ) -> tuple[float, ...]:
        """How long similar jobs took, in seconds, newest first; less similar ones where there are too few."""
        alike: tuple[tuple[str, tuple[object, ...]], ...] = (
            ("resolution = ? AND action = ? AND quality = ? AND n = ?", (resolution, action, quality, n)),
            ("resolution = ?", (resolution,)),
            ("1", ()),
        )
        found: tuple[float, ...] = ()
        for condition, values in alike:
            sql = (
                f"SELECT duration FROM jobs WHERE model = ? AND {condition} AND duration IS NOT NULL "  # noqa: S608
                "ORDER BY finished DESC LIMIT ?"
            )
            rows = self._read(sql, (model, *values, limit))
            found = tuple(float(row[0]) for row in rows if isinstance(row[0], (int, float)))
            if len(found) >= _MIN_DURATIONS:
                break
        return found

    def find_finished(
        self,
        fingerprint: str,
        *,
        base_url: str | None = None,
        is_there: Callable[[JSONObject], bool] = lambda file: is_file(str(file["path"])),
    ) -> Entry | None:
        """The newest finished job of this very request whose files are all still there."""
        where, values = "WHERE state = 'done' AND fingerprint = ?", [fingerprint]
        if base_url is not None:
            where, values = f"{where} AND base_url = ?", [*values, base_url]
        for entry in self._entries(f"{where} ORDER BY created DESC LIMIT 20", values):
            if entry.files and all(map(is_there, entry.files)):
                return entry
        return None

    def costs(
        self, by: str = "model", *, since: float = 0.0, notebook: str | None = None, demo: bool | None = None
    ) -> tuple[Costs, ...]:
        """What jobs cost, in groups; the newest day first, else the dearest group first."""
        group = {
            "day": "date(created, 'unixepoch', 'localtime')",
            "model": "model",
            "notebook": "coalesce(notebook, '')",
        }
        # What was held for images that were made, and has no settled cost, is held still.
        states = ", ".join(f"'{state}'" for state in (*OPEN_STATES, EntryState.DONE))
        order = "1 DESC" if by == "day" else "5 DESC, 3 DESC"
        where = "created >= ? AND state != 'refused'" + (" AND notebook = ?" if notebook is not None else "")
        if demo is not None:
            local = "base_url = 'demo' OR base_url LIKE 'http://127.0.0.1%' OR base_url LIKE 'http://localhost%'"
            where += f" AND {'' if demo else 'NOT '}({local})"
        sql = f"""
            SELECT {group[by]}, count(*), coalesce(sum(estimate_usd), 0),
                coalesce(sum(CASE WHEN state IN ({states}) AND cost_quota IS NULL THEN held_quota END), 0),
                coalesce(sum(cost_quota), 0), coalesce(sum(refunded_quota), 0)
            FROM jobs WHERE {where} GROUP BY 1 ORDER BY {order}
        """  # noqa: S608 - our own names
        rows = self._read(sql, (since, notebook) if notebook is not None else (since,))
        return tuple(Costs(str(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in rows)

    def lock(self, job_id: str) -> JobLock:
        """The lock that whoever works on a job holds."""
        return job_lock(self.home, job_id)

    def close(self) -> None:
        """Close the file; it opens again when it is needed."""
        with self._lock:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
            elif self._connection is not None:
                # Closed in a child, a parent's connection might take its locks and its log away.
                _inherited.append(self._connection)
            self._connection = None

    def _entries(self, where: str, values: Iterable[object] = ()) -> tuple[Entry, ...]:
        return tuple(from_row(row) for row in self._read(f"SELECT {_COLUMNS} FROM jobs {where}", values))  # noqa: S608

    def _read(self, sql: str, values: Iterable[object]) -> Sequence[sqlite3.Row]:
        self._write_missing()
        rows = self._run(lambda connection: connection.execute(sql, tuple(values)).fetchall(), writing=False)
        return rows or ()

    def _write_whole(self, entry: Entry) -> int | None:
        # Not over what another kernel has written since: it may have taken the job up.
        places = ", ".join("?" * len(COLUMNS))
        later = "SELECT 1 FROM jobs WHERE job_id = ? AND updated > ?"
        sql = f"INSERT OR REPLACE INTO jobs ({_COLUMNS}) SELECT {places} WHERE NOT EXISTS ({later})"
        written = self._write(sql, [*to_row(entry, entry.updated), entry.job_id, entry.updated])
        (self._unwritten.add if written is None else self._unwritten.discard)(entry.job_id)
        return written

    def _write(self, sql: str, values: Iterable[object]) -> int | None:
        """How many rows were written; None where nothing could be."""

        def change(connection: sqlite3.Connection) -> int:
            with schema.transaction(connection):
                return connection.execute(sql, tuple(values)).rowcount

        return self._run(change, writing=True)

    def _run(self, work: Callable[[sqlite3.Connection], Result], *, writing: bool) -> Result | None:
        with self._lock:
            seen = _identity(self.path)
            failure: Exception
            try:
                return self._run_once(work, writing=writing)
            except schema.FAILURES as problem:
                failure = problem
            # A damaged file is moved aside, once, and the work is done on the new one.
            if self._writable and schema.is_damage(failure) and self._repair(failure, seen):
                try:
                    return self._run_once(work, writing=writing)
                except schema.FAILURES as problem:
                    failure = problem
            self._writable = self._writable and not schema.is_read_only(failure)
            newer = isinstance(failure, schema.FromNewerRelease)
            self._warn("journal_newer" if newer else "journal_unwritable" if writing else "journal_unreadable", failure)
            return None

    def _run_once(self, work: Callable[[sqlite3.Connection], Result], *, writing: bool) -> Result | None:
        for _ in range(_MAX_MOVES):
            connection = self._open(writing=writing)
            if connection is None or (writing and (self._only_reads or not self._writable)):
                return None
            result = work(connection)
            # What was written into a file that has just been moved aside is written again into its successor.
            if not writing or _identity(self.path) == self._file:
                break
        return result

    def _open(self, *, writing: bool = False) -> sqlite3.Connection | None:
        # A connection must not be carried into a forked process, nor be written to when its file is there no more:
        # another kernel may have moved it aside as damaged, or a person has cleaned up.
        usable = self._connection is not None and self._owner == os.getpid()
        if self._only_reads and self._writable and writing:
            # There may be room again, or whoever held the file has let it go.
            usable = False
        if usable and _identity(self.path) == self._file:
            return self._connection
        self.close()
        self._owner, self._only_reads = os.getpid(), False
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with self._hold_opening():
                self._connection = schema.connect(self.path, busy_seconds=_BUSY_SECONDS)
                self._file = _identity(self.path)
        except (OSError, sqlite3.OperationalError) as problem:
            if isinstance(problem, sqlite3.Error) and schema.is_damage(problem):
                raise
            self._only_reads = True
            self._writable = self._writable and not schema.is_read_only(problem)
            self._warn("journal_unwritable", problem)
            if not self.path.is_file():
                return None
            self._connection = schema.connect_read_only(self.path, busy_seconds=_BUSY_SECONDS)
            self._file = _identity(self.path)
        return self._connection

    def _repair(self, problem: Exception, seen: tuple[int, int] | None) -> bool:
        """Move a damaged file aside and begin a new one with what can still be read of it."""
        self.close()
        try:
            with self._hold_opening():
                if _identity(self.path) != seen:
                    # Another kernel has mended it meanwhile.
                    return True
                aside = self.path.with_name(f"journal-damaged-{int(self._clock.now())}-{os.getpid()}.sqlite3")
                for ending in ("-wal", "-shm", ""):
                    file = self.path.with_name(self.path.name + ending)
                    if file.is_file():
                        file.replace(aside.with_name(aside.name + ending))
                connection = self._open(writing=True)
                saved = 0 if connection is None or self._only_reads else schema.salvage(aside, connection)
        except (OSError, *schema.FAILURES):
            return False
        self._warn("journal_damaged", problem, aside=aside.name, saved=saved, count=saved)
        return True

    @contextlib.contextmanager
    def _hold_opening(self) -> Iterator[None]:
        if self._opening.is_ours:
            yield
            return
        for _ in range(_REPAIR_STEPS):
            if self._opening.acquire():
                break
            self._clock.wait(_REPAIR_SECONDS / _REPAIR_STEPS)
        try:
            yield
        finally:
            self._opening.release()

    def _warn(self, code: str, problem: Exception, **more: object) -> None:
        if code in self._warned:
            return
        self._warned.add(code)
        error = JournalUnavailable(f"generation.{code}", path=self.path, reason=schema.describe(problem), **more)
        # Where warnings are errors, too, it ends no job: the images are paid for, and can be kept without a journal.
        with contain("journal"):
            warnings.warn(str(error), JournalWarning, stacklevel=2)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
