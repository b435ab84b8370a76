"""Whether an idempotency key makes repeating an order safe: on this server, and still.

The edition says whether its contract has the key. A server that has shown fields of June 2026 or later is remembered in
the home folder as one that heeds it. Within 24 h the same key gives the same task and no second charge (Submit page,
editions 2026-06 and 2026-09).
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwave_jupyter.jobs.context import JobContext

__all__ = ["KEY_LIVES", "age_of", "heeds_key", "is_key_alive", "remember"]

#: Seconds for which a key is repeated: the documented 24 h with some minutes as a margin.
KEY_LIVES = 24 * 3600.0 - 600.0
#: Seconds by which clocks are set right every day; within the margin above.
_SKEW = 300.0
#: No page of the API is older than November 2025, so a clock before that is wrong.
_EARLIEST = 1_761_955_200.0
#: A row from farther ahead than this tells of a wrong clock once, not of one that has been set back since.
_AHEAD = 30 * 86_400.0


def heeds_key(bench: JobContext) -> bool:
    """Whether the server makes no second task for a key that it has seen."""
    if bench.demo or bench.catalog.has_idempotency_key or bench.client.replays_keys:
        return True
    return _mark(bench).is_file()


def remember(bench: JobContext) -> None:
    """Take note, also for later processes, that the server has shown fields of June 2026 or later."""
    if heeds_key(bench) and not bench.client.replays_keys:
        return
    # Where nothing can be written, the next process has to see it for itself.
    bench.client.replays_keys = True
    mark = _mark(bench)
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(f"{bench.client.origin}\n", encoding="utf-8")


def age_of(created: float | None, bench: JobContext) -> float | None:
    """Seconds since an intent; None where the clock can't be trusted.

    It can't where the intent lies in the future or before the API, nor where the journal was written to later than now.

    Args:
        created: Unix seconds of the intent.
        bench: the clock and the journal.
    """
    now = bench.clock.now()
    if created is None or min(created, now) < _EARLIEST or created > now + _SKEW:
        return None
    if bench.journal.has_later(now + _SKEW, now + _AHEAD):
        return None
    return max(0.0, now - created)


def is_key_alive(created: float | None, bench: JobContext) -> bool | None:
    """Whether the key of an order is still heeded; None where nobody can know.

    Args:
        created: Unix seconds of the order's intent.
        bench: the clock and the journal.
    """
    age = age_of(created, bench)
    return None if age is None else age <= KEY_LIVES


def _mark(bench: JobContext) -> Path:
    digest = hashlib.sha256(bench.client.origin.encode()).hexdigest()[:32]
    return bench.home / "servers-with-keys" / f"{digest}.txt"
