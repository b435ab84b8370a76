"""A job at one moment: what every view is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwave_jupyter.api.retries import Retry
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.generation.gallery import Gallery
    from qwave_jupyter.generation.request import Request

__all__ = ["ENDED", "Snapshot"]

#: Phases in which nothing changes any more.
ENDED = frozenset({"done", "failed", "cancelled", "timeout"})


@dataclass(frozen=True)
class Snapshot:
    """What is known of a job now.

    Args:
        job_id: our id, also its idempotency key.
        request: what was asked for.
        phase: ``preparing``, ``submitting``, ``queued``, ``processing``, ``downloading``, ``done``, ``failed``,
            ``cancelled`` or ``timeout``.
        task_id: the server's id, once it is known.
        status: the server's own word.
        progress: 0 to 1 as the server reports it, or None.
        started: on the monotonic clock, seconds.
        ended: likewise, or None.
        usual: seconds (shortest, longest) that similar jobs usually took, or None.
        held_usd: what the server holds, or None.
        cost_usd: what it charged in the end, or None.
        refunded_usd: what went back, or None.
        retry: the repetition that is being waited for, or None.
        error: why it ended without pictures.
        gallery: the pictures that are here.
        demo: whether the demo serves.
        reused: whether an earlier job's pictures are shown and nothing was paid.
    """

    job_id: str
    request: Request
    phase: str = "preparing"
    task_id: str = ""
    status: str = ""
    progress: float | None = None
    started: float = 0.0
    ended: float | None = None
    usual: tuple[float, float] | None = None
    held_usd: float | None = None
    cost_usd: float | None = None
    refunded_usd: float | None = None
    retry: Retry | None = None
    error: QwaveError | None = None
    gallery: Gallery | None = None
    demo: bool = False
    reused: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.phase in ENDED

    def elapsed(self, now: float) -> float:
        """Seconds since the start.

        Args:
            now: on the monotonic clock.
        """
        return max(0.0, (self.ended if self.ended is not None else now) - self.started)
