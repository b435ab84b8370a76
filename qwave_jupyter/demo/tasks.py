"""A task's life as a function of time: queued, processing, completed; nothing runs in between."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Task", "task_seconds", "typical_seconds"]

#: Quality and resolution lengthen a generation; the documented range is 1 to 30 seconds.
_SLOWER = {"high": 1.5, "low": 0.8, "2k": 1.2, "3k": 1.4, "4k": 1.8}
_QUEUE_SHARE = 0.2
_MIN_SECONDS, _MAX_SECONDS = 1.0, 30.0


@dataclass
class Task:
    """One task that was ordered.

    Args:
        task_id: its id.
        model: the model id.
        action: the action.
        values: what was set and the defaults of the rest, by the user's names.
        created: Unix seconds.
        seconds: how long it takes in all.
        held: quota that is reserved.
        failure: the code it ends with, or "".
        cancelled: Unix seconds at which it was cancelled, or None.
        key: the idempotency key that it was ordered with, or "".
        given: the names of those values that were set.
    """

    task_id: str
    model: str
    action: str
    values: Mapping[str, Any] = field(repr=False)
    created: float
    seconds: float
    held: int
    failure: str = ""
    cancelled: float | None = None
    key: str = field(default="", repr=False)
    given: Sequence[str] = ()

    def status(self, now: float) -> str:
        """The documented word for its state at a moment."""
        if self.cancelled is not None:
            return "cancelled"
        age = now - self.created
        if age < self.seconds * _QUEUE_SHARE:
            return "queued"
        if age < self.seconds:
            return "processing"
        return "failed" if self.failure else "completed"

    def progress(self, now: float) -> int:
        """0 to 100; 0 for queued, failed and cancelled (Status page, edition 2026-04)."""
        status = self.status(now)
        if status == "completed":
            return 100
        if status != "processing":
            return 0
        waited = self.seconds * _QUEUE_SHARE
        return min(99, max(1, round(100 * (now - self.created - waited) / (self.seconds - waited))))

    @property
    def starts(self) -> float:
        """Unix seconds at which it leaves the queue."""
        return self.created + self.seconds * _QUEUE_SHARE

    @property
    def ends(self) -> float:
        """Unix seconds at which it ends."""
        return self.cancelled if self.cancelled is not None else self.created + self.seconds

    @property
    def image_count(self) -> int:
        """How many images it makes."""
        return int(self.values.get("n") or 1)

    @property
    def seed(self) -> int:
        """The seed that was asked for, or one of the task's own."""
        wanted = self.values.get("seed")
        if isinstance(wanted, int) and wanted >= 0:
            return wanted
        return int.from_bytes(hashlib.sha256(self.task_id.encode()).digest()[:4], "big")

    def cost(self, now: float) -> int:
        """Quota that is charged in the end; 0 after a refund."""
        return self.held if self.status(now) == "completed" else 0

    def charge(self, now: float) -> int:
        """Quota that it takes from the balance at a moment: what is held, then what it costs."""
        return self.cost(now) if now >= self.ends else self.held


def typical_seconds(family: str, model: str, seed: int | None) -> float:
    """Seconds that a plain image of a model takes: between 1 and 30, the documented span; kin take about as long.

    Args:
        family: the model's family.
        model: the model id.
        seed: makes another set of models quick; None for the usual one.
    """
    kin = random.Random(f"{seed or 0}/{family}")  # noqa: S311 - latencies, not secrets
    own = random.Random(f"{seed or 0}/{family}/{model}")  # noqa: S311
    return min(
        _MAX_SECONDS, max(_MIN_SECONDS, math.exp(kin.uniform(math.log(2), math.log(20))) * own.lognormvariate(0, 0.3))
    )


def task_seconds(dice_seed: str, values: Mapping[str, Any], typical: float) -> float:
    """Seconds that a task takes, the same for the same seed.

    Args:
        dice_seed: seeds the dice, such as the task's id.
        values: what was set.
        typical: seconds for a plain request.
    """
    dice = random.Random(dice_seed)  # noqa: S311 - latencies, not secrets
    slower = 1.0
    for name in ("quality", "resolution"):
        slower *= _SLOWER.get(str(values.get(name)).lower(), 1.0)
    return typical * slower * dice.lognormvariate(0, 0.2) * (1 + 0.1 * (int(values.get("n") or 1) - 1))
