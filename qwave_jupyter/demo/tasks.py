"""A task whose state is a function of time: queued, processing, completed; nothing runs in between."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from qwave_jupyter.types import Values

__all__ = ["Task", "task_seconds", "typical_seconds"]

#: Quality and resolution lengthen a generation; the documented range is 1 to 30 seconds.
_SLOWER = {"high": 1.5, "low": 0.8, "2k": 1.2, "3k": 1.4, "4k": 1.8}
_QUEUE_SHARE = 0.2
_MIN_SECONDS, _MAX_SECONDS = 1.0, 30.0


@dataclass
class Task:
    """One task.

    Args:
        task_id: its id.
        model: the model id.
        action: the action.
        values: the values of all parameters, defaults included, by the user's names.
        created: Unix seconds.
        seconds: how long it takes in all.
        held: quota that is reserved.
        failure: the code it ends with, or "".
        cancelled: Unix seconds at which it was cancelled, or None.
        key: its idempotency key, or "".
        given: the names of the values that the request set.
    """

    task_id: str
    model: str
    action: str
    values: Values = field(repr=False)
    created: float
    seconds: float
    held: int
    failure: str = ""
    cancelled: float | None = None
    key: str = field(default="", repr=False)
    given: Sequence[str] = ()

    def status(self, now: float) -> str:
        """Return the documented name of its state."""
        if self.cancelled is not None:
            return "cancelled"
        age = now - self.created
        if age < self.seconds * _QUEUE_SHARE:
            return "queued"
        if age < self.seconds:
            return "processing"
        return "failed" if self.failure else "completed"

    def progress(self, now: float) -> int:
        """Return 0 to 100; 0 for queued, failed and cancelled (Status page, edition 2026-04)."""
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
        """The number of its images."""
        return int(self.values.get("n") or 1)

    @property
    def seed(self) -> int:
        """The requested seed, or one derived from the id."""
        wanted = self.values.get("seed")
        if isinstance(wanted, int) and wanted >= 0:
            return wanted
        return int.from_bytes(hashlib.sha256(self.task_id.encode()).digest()[:4], "big")

    def cost(self, now: float) -> int:
        """Return the quota that is charged in the end; 0 after a refund."""
        return self.held if self.status(now) == "completed" else 0

    def charge(self, now: float) -> int:
        """Return the quota that it takes from the balance: first what is held, then its cost."""
        return self.cost(now) if now >= self.ends else self.held


def typical_seconds(family: str, model: str, seed: int | None) -> float:
    """Return the seconds of a plain image: 1 to 30, the documented range; similar within a family."""
    kin = random.Random(f"{seed or 0}/{family}")  # noqa: S311 - latencies, not secrets
    own = random.Random(f"{seed or 0}/{family}/{model}")  # noqa: S311
    return min(
        _MAX_SECONDS, max(_MIN_SECONDS, math.exp(kin.uniform(math.log(2), math.log(20))) * own.lognormvariate(0, 0.3))
    )


def task_seconds(dice_seed: str, values: Values, typical: float) -> float:
    """Return the seconds that a task takes, the same for the same seed."""
    dice = random.Random(dice_seed)  # noqa: S311 - latencies, not secrets
    slower = 1.0
    for name in ("quality", "resolution"):
        slower *= _SLOWER.get(str(values.get(name)).lower(), 1.0)
    return typical * slower * dice.lognormvariate(0, 0.2) * (1 + 0.1 * (int(values.get("n") or 1) - 1))
