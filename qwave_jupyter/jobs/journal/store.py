"""The record of every job, from its intent to its files: nothing that was paid for is ever lost.

SQLite, safe for several processes: short transactions, a patient busy timeout, WAL where the file system can. The API
key is never in it. When it can't be written, that is said once and the jobs go on.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from qwave_jupyter import forking
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import JournalUnavailable
from qwave_jupyter.jobs.journal import schema
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.journal.locks import JobLock, NoLock, lock_of
from qwave_jupyter.jobs.journal.record import Costs, Entry, from_row, stored, to_row
from qwave_jupyter.jobs.journal.salvage import salvage

__all__ = ["Costs", "Entry", "Journal", "JournalWarning", "NullJournal", "open_journal"]

Result = TypeVar("Result")

_BUSY_SECONDS = 20.0
_ALL = ", ".join(schema.COLUMNS)
_PACE_NEEDED = 3
#: How long to wait for another kernel that mends the journal.
_MENDING_SECONDS, _MENDING_STEPS = 10.0, 200

#: What forked children got of their parents, kept so that nobody closes it.
_of_parents: list[sqlite3.Connection] = []


class JournalWarning(UserWarning):
    """The journal was damaged, or can't be written."""


class Journal:
    """The journal in one folder.

    Args:
        home: the folder; made on first need.
        clock: time.

    Example:
        >>> journal = open_journal(Path("~/.local/share/qwave-jupyter").expanduser())
        >>> [entry.task_id for entry in journal.open_jobs()]
        []
    """

    def __init__(self, home: Path, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.home = home
        self.path = home / "journal.sqlite3"
        self.blobs = Blobs(home / "blobs")
        self._clock = clock
        self._lock = forking.guard(threading.RLock())
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._file: tuple[int, int] | None = None
        self._writable = True
        self._warned: set[str] = set()
        #: The open jobs of this process as they should stand in the file, and those of which a write failed.
        self._begun: dict[str, Entry] = {}
        self._unwritten: set[str] = set()

    def __del__(self) -> None:
        # A journal goes out of use when settings change; whether its file is closed must not depend on the collector.
        try:  # noqa: SIM105 - at the interpreter's end contextlib may be gone before us
            self.close()
        except Exception:  # noqa: BLE001, S110 - so may everything else be
            pass

    def __repr__(self) -> str:
        return f"Journal({str(self.home)!r})"

    def __reduce__(self) -> Any:
        return (Journal, (self.home,))

    @property
    def writable(self) -> bool:
        """Whether changes are kept."""
        return self._writable

    def begin(self, entry: Entry) -> None:
        """Write a job's intent; this comes before its submit."""
        with self._lock:
            self.remember(entry)
            self._write_whole(entry)

    def remember(self, entry: Entry) -> None:
        """Know an open job whole, so that its row can be written again where it is missing."""
        self._begun[entry.job_id] = entry

    def update(self, job_id: str, **changes: Any) -> None:
        """Change some columns of a job; a row that is missing, or of which a write failed, is written whole.

        Args:
            job_id: the job.
            changes: fields of :class:`Entry`.
        """
        unknown = set(changes) - set(schema.COLUMNS)
        if unknown:
            raise TypeError(sorted(unknown))
        changes = {"updated": self._clock.now(), **changes}
        assignments = ", ".join(f"{name} = ?" for name in changes)
        values = [stored(name, value) for name, value in changes.items()]
        sql = f"UPDATE jobs SET {assignments} WHERE job_id = ?"  # noqa: S608 - our own names
        with self._lock:
            known = self._begun.get(job_id)
            if known is not None:
                known = self._begun[job_id] = replace(known, **changes)
            written = 0 if job_id in self._unwritten else self._write(sql, [*values, job_id])
            if known is None:
                return
            if written == 0:
                written = self._write_whole(known)
            elif written is None:
                self._unwritten.add(job_id)
            if (written or not self._writable) and known.state not in schema.OPEN_STATES:
                del self._begun[job_id]

    def find(self, name: str) -> tuple[Entry, ...]:
        """The jobs of that job or task id, or whose id begins or ends with it; newest first."""
        if not name:
            return ()
        exact = self._entries("WHERE job_id = ? OR task_id = ? ORDER BY created DESC LIMIT 20", (name, name))
        if exact:
            return exact
        like = _like(name)
        where = "WHERE job_id LIKE ? ESCAPE '\\' OR task_id LIKE ? ESCAPE '\\' ORDER BY created DESC LIMIT 20"
        return self._entries(where, (f"{like}%", f"%{like}"))

    def open_jobs(self, *, base_url: str | None = None) -> tuple[Entry, ...]:
        """The jobs that somebody may still get pictures from, oldest first.

        Args:
            base_url: only those of this server; None for all.
        """
        states = ", ".join(f"'{state}'" for state in schema.OPEN_STATES)
        entries = self._entries(f"WHERE state IN ({states}) ORDER BY created")
        return tuple(entry for entry in entries if base_url is None or entry.base_url == base_url)

    def abandoned(self, *, base_url: str | None = None) -> tuple[Entry, ...]:
        """The open jobs that no process works on."""
        return tuple(entry for entry in self.open_jobs(base_url=base_url) if not self.lock(entry.job_id).is_held())

    def has_later(self, after: float, before: float) -> bool:
        """Whether anything was written between two moments, in Unix seconds."""
        return bool(self._read("SELECT 1 FROM jobs WHERE updated > ? AND updated < ? LIMIT 1", (after, before)))

    def history(self, limit: int = 100, search: str = "") -> tuple[Entry, ...]:
        """Finished jobs, newest first.

        Args:
            limit: how many at most.
            search: words that must all stand in prompt or model id.
        """
        words = search.split()
        conditions = "".join(" AND (prompt LIKE ? ESCAPE '\\' OR model LIKE ? ESCAPE '\\')" for _ in words)
        values: list[Any] = [f"%{_like(word)}%" for word in words for _ in range(2)]
        return self._entries(f"WHERE state = 'done'{conditions} ORDER BY created DESC LIMIT ?", (*values, limit))

    def durations(
        self, model: str, *, action: str = "", resolution: str = "", quality: str = "", n: int = 1, limit: int = 40
    ) -> tuple[float, ...]:
        """How long similar jobs took, in seconds, newest first; less similar ones where there are too few."""
        alike: tuple[tuple[str, tuple[Any, ...]], ...] = (
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
            if len(found) >= _PACE_NEEDED:
                break
        return found

    def find_finished(self, fingerprint: str, *, base_url: str | None = None) -> Entry | None:
        """The newest finished job of this very request whose files are all still there.

        Args:
            fingerprint: the request.
            base_url: only what this server made; None for all.
        """
        where, values = "WHERE state = 'done' AND fingerprint = ?", [fingerprint]
        if base_url is not None:
            where, values = f"{where} AND base_url = ?", [*values, base_url]
        for entry in self._entries(f"{where} ORDER BY created DESC LIMIT 20", values):
            if entry.files and all(os.path.isfile(str(file["path"])) for file in entry.files):  # noqa: PTH113 - NULs
                return entry
        return None

    def costs(
        self, by: str = "model", *, since: float = 0.0, notebook: str | None = None, demo: bool | None = None
    ) -> tuple[Costs, ...]:
        """What jobs cost, in groups; the newest day first, else the dearest group first.

        Args:
            by: ``day``, ``model`` or ``notebook``.
            since: Unix seconds of the oldest intent that counts.
            notebook: only this notebook's jobs.
            demo: only the jobs of a server on this machine, or only those of others; None for all.
        """
        group = {
            "day": "date(created, 'unixepoch', 'localtime')",
            "model": "model",
            "notebook": "coalesce(notebook, '')",
        }
        states = ", ".join(f"'{state}'" for state in schema.OPEN_STATES)
        order = "1 DESC" if by == "day" else "5 DESC, 3 DESC"
        where = "created >= ? AND state != 'refused'" + (" AND notebook = ?" if notebook is not None else "")
        if demo is not None:
            here = "base_url = 'demo' OR base_url LIKE 'http://127.0.0.1%' OR base_url LIKE 'http://localhost%'"
            where += f" AND {'' if demo else 'NOT '}({here})"
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
        return lock_of(self.home, job_id)

    def close(self) -> None:
        """Close the file; it opens again when it is needed."""
        with self._lock:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
            elif self._connection is not None:
                # Closed in a child, a parent's connection might take its locks and its log away.
                _of_parents.append(self._connection)
            self._connection = None

    def _entries(self, where: str, values: Iterable[Any] = ()) -> tuple[Entry, ...]:
        return tuple(from_row(row) for row in self._read(f"SELECT {_ALL} FROM jobs {where}", values))  # noqa: S608

    def _read(self, sql: str, values: Iterable[Any]) -> Sequence[Any]:
        rows = self._do(lambda connection: connection.execute(sql, tuple(values)).fetchall(), writing=False)
        return rows or ()

    def _write_whole(self, entry: Entry) -> int | None:
        places = ", ".join("?" * len(schema.COLUMNS))
        sql = f"INSERT OR REPLACE INTO jobs ({_ALL}) VALUES ({places})"  # noqa: S608 - our own names
        written = self._write(sql, to_row(entry, self._clock.now()))
        (self._unwritten.discard if written else self._unwritten.add)(entry.job_id)
        return written

    def _write(self, sql: str, values: Iterable[Any]) -> int | None:
        """How many rows were written; None where nothing could be."""

        def change(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            try:
                written = connection.execute(sql, tuple(values)).rowcount
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(*schema.FAILURES):
                    connection.execute("ROLLBACK")
                raise
            return written

        return self._do(change, writing=True)

    def _do(self, work: Callable[[sqlite3.Connection], Result], *, writing: bool) -> Result | None:
        with self._lock:
            seen = _identity(self.path)
            failure: Exception
            try:
                return self._try(work, writing=writing)
            except schema.FAILURES as problem:
                failure = problem
            # A damaged file is moved aside, once, and the work is done on the new one.
            if self._writable and schema.is_damage(failure) and self._mend(failure, seen):
                try:
                    return self._try(work, writing=writing)
                except schema.FAILURES as problem:
                    failure = problem
            self._writable = self._writable and not schema.is_read_only(failure)
            newer = isinstance(failure, schema.FromNewerRelease)
            self._say("journal_newer" if newer else "journal_unwritable" if writing else "journal_unreadable", failure)
            return None

    def _try(self, work: Callable[[sqlite3.Connection], Result], *, writing: bool) -> Result | None:
        connection = self._open()
        return None if connection is None or (writing and not self._writable) else work(connection)

    def _open(self) -> sqlite3.Connection | None:
        # A connection must not be carried into a forked process, nor be written to when its file is there no more:
        # another kernel may have moved it aside as damaged, or a person has cleaned up.
        usable = self._connection is not None and self._owner == os.getpid()
        if usable and _identity(self.path) == self._file:
            return self._connection
        self.close()
        self._owner = os.getpid()
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._connection = schema.connect(self.path, busy_seconds=_BUSY_SECONDS)
        except (OSError, sqlite3.OperationalError) as problem:
            if isinstance(problem, sqlite3.Error) and schema.is_damage(problem):
                raise
            self._writable = False
            self._say("journal_unwritable", problem)
            if not self.path.is_file():
                return None
            self._connection = schema.connect_read_only(self.path, busy_seconds=_BUSY_SECONDS)
        self._file = _identity(self.path)
        return self._connection

    def _mend(self, problem: Exception, seen: tuple[int, int] | None) -> bool:
        """Move a damaged file aside and begin a new one with what can still be read of it."""
        self.close()
        mending = JobLock(self.home / "locks" / "mending.lock")
        for _ in range(_MENDING_STEPS):
            if mending.acquire():
                break
            self._clock.wait(_MENDING_SECONDS / _MENDING_STEPS)
        try:
            if _identity(self.path) != seen:
                # Another kernel has mended it meanwhile.
                return True
            aside = self.path.with_name(f"journal-damaged-{int(self._clock.now())}-{os.getpid()}.sqlite3")
            for ending in ("-wal", "-shm", ""):
                file = self.path.with_name(self.path.name + ending)
                if file.is_file():
                    file.replace(aside.with_name(aside.name + ending))
            connection = self._open()
            saved = salvage(aside, connection) if connection is not None and self._writable else 0
        except (OSError, *schema.FAILURES):
            return False
        else:
            self._say("journal_damaged", problem, aside=aside.name, saved=saved)
            return True
        finally:
            mending.release()

    def _say(self, code: str, problem: Exception, **more: Any) -> None:
        if code in self._warned:
            return
        self._warned.add(code)
        error = JournalUnavailable(f"generation.{code}", path=self.path, reason=schema.describe(problem), **more)
        warnings.warn(str(error), JournalWarning, stacklevel=2)


class NullJournal(Journal):
    """A journal that keeps nothing: for tests and for those who want no trace."""

    def __init__(self, home: Path, *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(home, clock=clock)
        self.blobs = Blobs(home / "blobs", most_bytes=0)
        self._writable = False

    def remember(self, entry: Entry) -> None:
        """There is no row to write again."""

    def lock(self, job_id: str) -> JobLock:
        """A lock that writes nothing."""
        return NoLock(super().lock(job_id).path)

    def _open(self) -> sqlite3.Connection | None:
        return None


def open_journal(home: Path, *, clock: Clock = SYSTEM_CLOCK) -> Journal:
    """The journal in a folder; its file is made when the first job is written down.

    Args:
        home: the folder.
        clock: time.
    """
    return Journal(home, clock=clock)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
