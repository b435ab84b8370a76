"""Tasks by id and idempotency key, in memory and on disk, and the balance of the account."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from qwave_jupyter import i18n
from qwave_jupyter.clock import Clock
from qwave_jupyter.demo.http_types import ApiError
from qwave_jupyter.demo.tasks import Task
from qwave_jupyter.folders import replace_file
from qwave_jupyter.types import JSONObject

__all__ = ["MAX_FINISHED_TASKS", "MAX_TASKS", "MAX_UNFINISHED_TASKS", "QUOTA_PER_USD", "Ledger", "TaskStore"]

#: 500 000 quota are 1 USD (Status page, edition 2026-09).
QUOTA_PER_USD = 500_000
#: An idempotency key stands for its task for 24 hours (Submit page, editions 2026-06 and 2026-09).
_KEY_SECONDS = 24 * 3600.0
_DAY_SECONDS = 24 * 3600.0
#: So many finished tasks keep their reference images and serve their own; older ones answer like expired links. A
#: reference may have 40 MB, and a server may run for days, but no batch of a lesson has more rows than this.
MAX_FINISHED_TASKS = 500
#: So many characters the values of finished tasks may have together, for the same reason.
_MAX_FINISHED_CHARACTERS = 64_000_000
#: So many tasks may be unfinished, and so many characters their values may have: then a submit is refused until some
#: have ended. No class has as many at once.
MAX_UNFINISHED_TASKS = 1000
_MAX_UNFINISHED_CHARACTERS = 256_000_000
#: So many tasks are known by their ids and idempotency keys; of older ones only the costs are.
MAX_TASKS = 10_000
#: Seconds after which a refused submit may be repeated, at the longest.
_MAX_RETRY_SECONDS = 60
#: What an older task keeps of its values: these are needed for painting only.
_SMALL_VALUE = 1_000
_IMAGE_VALUES = frozenset({"images", "mask"})
#: A longer idempotency key is known by its digest.
_MAX_KEY_LENGTH = 200
_FILE_PATTERN = "task-*.json"


class Ledger:
    """Tasks and money; safe for threads.

    Args:
        clock: time.
        granted_usd: what the account has at the start.
    """

    def __init__(self, clock: Clock, granted_usd: float) -> None:
        self.tasks: dict[str, Task] = {}
        #: How many tasks were ever created.
        self.created = 0
        self._clock = clock
        self._granted = granted_usd
        self._by_key: dict[str, str] = {}
        self._changed: list[Task] = []
        self._unfinished: dict[str, Task] = {}
        #: Finished tasks that have all their values, in the order in which they were seen to have ended.
        self._whole: deque[Task] = deque()
        #: Those that don't, oldest first; a dict for its order.
        self._expired: dict[str, None] = {}
        #: What finished tasks cost, and how many of them cost anything.
        self._settled_quota = self._settled_tasks = 0
        self._lock = threading.Lock()

    def load(self, tasks: Iterable[Task]) -> None:
        """Add tasks, and their keys, of an earlier run."""
        with self._lock:
            for task in tasks:
                self._add(task)
            self._settle(self._clock.now())

    def get_or_create(self, key: str, create: Callable[[], Task]) -> Task:
        """Return the task with an idempotency key, or create one.

        Raises:
            ApiError: the request is invalid, the balance is too low, or too many tasks are unfinished.
        """
        if len(key) > _MAX_KEY_LENGTH:
            key = hashlib.sha256(key.encode("utf-8")).hexdigest()
        with self._lock:
            now = self._clock.now()
            self._settle(now)
            known = self.tasks.get(self._by_key.get(key, "")) if key else None
            if known is not None and now - known.created < _KEY_SECONDS:
                return known
            self._refuse_overload(now)
            task = replace(create(), key=key)
            if task.held > self._remaining_quota(now):
                raise ApiError(402, "payment_required", "Insufficient balance")
            self._add(task)
            self._changed.append(task)
            self._settle(now)
            return task

    def pop_changed(self) -> tuple[Task, ...]:
        """Return the tasks that are new or cancelled since the last call."""
        with self._lock:
            changed, self._changed = tuple(self._changed), []
        return changed

    def get(self, task_id: str) -> Task:
        """Return the task with an id.

        Raises:
            ApiError: no such task.
        """
        task = self.tasks.get(task_id)
        if task is None:
            raise ApiError(404, "task_not_found", "Task not found")
        return task

    def is_expired(self, task_id: str) -> bool:
        """Return whether the images of a task are no longer served, because many others have finished since."""
        return task_id in self._expired

    def cancel(self, task_id: str) -> JSONObject:
        """Cancel a queued task; return the response of the Cancel page (edition 2026-04).

        Raises:
            ApiError: no such task, or no longer queued.
        """
        with self._lock:
            task, now = self.get(task_id), self._clock.now()
            if task.status(now) != "queued":
                raise ApiError(400, "task_not_cancellable", "Only queued tasks can be cancelled")
            task.cancelled = now
            self._changed.append(task)
        return {"task_id": task_id, "status": "cancelled", "refunded": True, "refunded_quota": task.held}

    def balance(self) -> JSONObject:
        """``GET /dashboard/billing/balance`` (Account pages, edition 2026-09)."""
        with self._lock:
            now = self._clock.now()
            self._settle(now)
            remaining = self._remaining_quota(now) / QUOTA_PER_USD
        return {
            "object": "credit_summary",
            "currency": "USD",
            "total_granted_usd": self._granted,
            "total_used_usd": round(self._granted - remaining, 6),
            "total_available_usd": round(remaining, 6),
            "as_of": round(now),
        }

    def usage(self) -> JSONObject:
        """``GET /dashboard/billing/usage`` in US cents; dates are ignored (Account pages, edition 2026-09)."""
        return {"object": "list", "total_usage": round(self.balance()["total_used_usd"] * 100, 4)}

    def subscription(self) -> JSONObject:
        """``GET /dashboard/billing/subscription``: the limits are what was ever granted (as above)."""
        return {
            "object": "billing_subscription",
            "has_payment_method": True,
            "hard_limit_usd": self._granted,
            "soft_limit_usd": self._granted,
            "system_hard_limit_usd": self._granted,
            "access_until": 0,
        }

    def counts(self) -> JSONObject:
        """Return how many ``tasks`` were created, how many are ``billed``, and their ``billed_quota``."""
        with self._lock:
            now = self._clock.now()
            self._settle(now)
            held = [task.charge(now) for task in self._unfinished.values()]
        return {
            "tasks": self.created,
            "billed": self._settled_tasks + sum(quota > 0 for quota in held),
            "billed_quota": self._settled_quota + sum(held),
        }

    def _add(self, task: Task) -> None:
        self.created += 1
        self.tasks[task.task_id] = self._unfinished[task.task_id] = task
        if task.key:
            self._by_key[task.key] = task.task_id

    def _settle(self, now: float) -> None:
        """Book what has ended, and shorten and forget the oldest of that."""
        for task in [task for task in self._unfinished.values() if task.ends <= now]:
            del self._unfinished[task.task_id]
            self._whole.append(task)
            self._settled_quota += task.charge(now)
            self._settled_tasks += task.charge(now) > 0
        characters = sum(map(_count_characters, self._whole))
        while len(self._whole) > MAX_FINISHED_TASKS or (characters > _MAX_FINISHED_CHARACTERS and len(self._whole) > 1):
            task = self._whole.popleft()
            characters -= _count_characters(task)
            self._expired[task.task_id] = None
            task.values = {
                name: value
                for name, value in task.values.items()
                if name not in _IMAGE_VALUES and len(str(value)) <= _SMALL_VALUE
            }
        while self._expired and len(self.tasks) > MAX_TASKS:
            self._forget(next(iter(self._expired)))

    def _forget(self, task_id: str) -> None:
        task = self.tasks.pop(task_id)
        del self._expired[task_id]
        if self._by_key.get(task.key) == task_id:
            del self._by_key[task.key]

    def _refuse_overload(self, now: float) -> None:
        tasks = self._unfinished.values()
        if len(tasks) >= MAX_UNFINISHED_TASKS:
            message = i18n.text("demo.too_many_unfinished", most=MAX_UNFINISHED_TASKS)
        elif sum(map(_count_characters, tasks)) > _MAX_UNFINISHED_CHARACTERS:
            message = i18n.text("demo.too_much_unfinished", most=_MAX_UNFINISHED_CHARACTERS // 1_000_000)
        else:
            return
        seconds = max(1, math.ceil(min(min(task.ends for task in tasks) - now, _MAX_RETRY_SECONDS)))
        raise ApiError(429, "rate_limit_error", message, headers={"Retry-After": str(seconds)})

    def _remaining_quota(self, now: float) -> float:
        held = sum(task.charge(now) for task in self._unfinished.values())
        return self._granted * QUOTA_PER_USD - self._settled_quota - held


def _count_characters(task: Task) -> int:
    several = (value if isinstance(value, (list, tuple)) else (value,) for value in task.values.values())
    return sum(len(one) if isinstance(one, str) else 0 for value in several for one in value)


class TaskStore:
    """A folder with a file for each task of the last 24 hours; several kernels may share it.

    Args:
        folder: its parent; created when needed.
        clock: time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "demo-tasks"
        self._clock = clock
        self._lock = threading.Lock()

    def load(self) -> tuple[Task, ...]:
        """Return the saved tasks, oldest first; delete files that are torn or too old."""
        since = self._clock.now() - _DAY_SECONDS
        found = []
        for file in sorted(self._files()):
            task = _read_task(file)
            if task is not None and task.created > since:
                found.append(task)
            else:
                _delete(file)
        return tuple(found)

    def save(self, tasks: Iterable[Task]) -> None:
        """Write new or changed tasks; a failing disk is ignored."""
        with self._lock, contextlib.suppress(OSError):
            for task in tasks:
                replace_file(self._folder / f"{task.task_id}.json", json.dumps(asdict(task)).encode())

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(_FILE_PATTERN) if self._folder.is_dir() else iter(())


def _read_task(file: Path) -> Task | None:
    try:
        return Task(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # A torn file is skipped: the store is a convenience.
        return None


def _delete(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
