"""Tasks by id and idempotency key, and the balance of the account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from qwave_jupyter.clock import Clock
from qwave_jupyter.demo.http_types import Refused
from qwave_jupyter.demo.tasks import Task

__all__ = ["QUOTA_PER_USD", "Ledger"]

#: 500 000 quota are 1 USD (Status page, edition 2026-09).
QUOTA_PER_USD = 500_000
#: An idempotency key stands for its task for 24 hours (Submit page, editions 2026-06 and 2026-09).
_KEY_SECONDS = 24 * 3600.0


class Ledger:
    """Tasks and money; safe for threads.

    Args:
        clock: time.
        granted_usd: what the account has at the start.
    """

    def __init__(self, clock: Clock, granted_usd: float) -> None:
        self.tasks: dict[str, Task] = {}
        self._clock = clock
        self._granted = granted_usd
        self._by_key: dict[str, str] = {}
        self._changed: list[Task] = []
        self._lock = threading.Lock()

    def remember(self, tasks: Iterable[Task]) -> None:
        """Take up tasks, and their keys, of an earlier run."""
        with self._lock:
            for task in tasks:
                self.tasks[task.task_id] = task
                if task.key:
                    self._by_key[task.key] = task.task_id

    def get_or_create(self, key: str, make: Callable[[], Task]) -> Task:
        """The task of an idempotency key: the one that is known, or a new one.

        Args:
            key: the key, or "".
            make: judges the request and makes the task.

        Raises:
            Refused: the request can't be served, or the balance is too low for it.
        """
        with self._lock:
            now = self._clock.now()
            known = self.tasks.get(self._by_key.get(key, "")) if key else None
            if known is not None and now - known.created < _KEY_SECONDS:
                return known
            task = replace(make(), key=key)
            if task.held > self._left(now):
                raise Refused(402, "payment_required", "Insufficient balance")
            self.tasks[task.task_id] = task
            self._changed.append(task)
            if key:
                self._by_key[key] = task.task_id
            return task

    def take_changed(self) -> tuple[Task, ...]:
        """The tasks that are new or cancelled since the last time."""
        with self._lock:
            changed, self._changed = tuple(self._changed), []
        return changed

    def get(self, task_id: str) -> Task:
        """The task of an id.

        Raises:
            Refused: no such task.
        """
        task = self.tasks.get(task_id)
        if task is None:
            raise Refused(404, "task_not_found", "Task not found")
        return task

    def cancel(self, task_id: str) -> dict[str, Any]:
        """Cancel a task that is queued; the answer as the Cancel page has it (edition 2026-04).

        Raises:
            Refused: no such task, or no longer queued.
        """
        with self._lock:
            task, now = self.get(task_id), self._clock.now()
            if task.status(now) != "queued":
                raise Refused(400, "task_not_cancellable", "Only queued tasks can be cancelled")
            task.cancelled = now
            self._changed.append(task)
        return {"task_id": task_id, "status": "cancelled", "refunded": True, "refunded_quota": task.held}

    def balance(self) -> dict[str, Any]:
        """``GET /dashboard/billing/balance`` (Account pages, edition 2026-09)."""
        now = self._clock.now()
        left = self._left(now) / QUOTA_PER_USD
        return {
            "object": "credit_summary",
            "currency": "USD",
            "total_granted_usd": self._granted,
            "total_used_usd": round(self._granted - left, 6),
            "total_available_usd": round(left, 6),
            "as_of": round(now),
        }

    def usage(self) -> dict[str, Any]:
        """``GET /dashboard/billing/usage``: US cents; dates are ignored (Account pages, edition 2026-09)."""
        return {"object": "list", "total_usage": round(self.balance()["total_used_usd"] * 100, 4)}

    def subscription(self) -> dict[str, Any]:
        """``GET /dashboard/billing/subscription``: the limits are what was ever granted (as above)."""
        return {
            "object": "billing_subscription",
            "has_payment_method": True,
            "hard_limit_usd": self._granted,
            "soft_limit_usd": self._granted,
            "system_hard_limit_usd": self._granted,
            "access_until": 0,
        }

    def _left(self, now: float) -> float:
        return self._granted * QUOTA_PER_USD - sum(task.charge(now) for task in list(self.tasks.values()))
