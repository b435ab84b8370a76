"""A job at one moment: what every view is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwave_jupyter.catalog import Violation

if TYPE_CHECKING:
    from qwave_jupyter.client.retry import Retry
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.request import Request

__all__ = ["ENDED", "Snapshot"]

#: Phases in which nothing changes any more.
ENDED = frozenset({"done", "failed", "cancelled", "timeout"})


@dataclass(frozen=True)
class Snapshot:
    """What is known of a job now.

    Args:
        job_id: our id, also the idempotency key of its submit.
        request: what was asked for.
        phase: ``preparing``, ``submitting``, ``queued``, ``processing``, ``downloading``, ``done``, ``failed``,
            ``cancelled`` or ``timeout``.
        task_id: the server's id, "" until it is known.
        status_word: the server's own word for the state.
        progress: 0 to 1 as the server reports it, or None.
        started: seconds on the job's monotonic clock.
        elapsed: seconds from the start to this snapshot.
        usual: seconds (shortest, longest) that similar jobs usually took, or None without a past.
        held_usd: what the server reserved, or None.
        cost_usd: what it charged in the end, or None.
        refunded_usd: what it gave back, or None.
        retry: the repetition that is being waited for, or None when the server answers.
        error: why it ended without pictures.
        gallery: the pictures that are on disk so far.
        notices: what is to be said beside the pictures.
        stopped: what became of a cancelled job on the server: ``unsent``, ``refunded``, ``cancelled`` (not, or not
            wholly, refunded as far as is known), ``kept``, ``unknown``, or "".
        reused: an earlier job's pictures are shown, and nothing was paid.
        over_limit: the server holds or charged more than was allowed, and it was too late to cancel.
        demo: the built-in demo serves.
    """

    job_id: str
    request: Request
    phase: str = "preparing"
    task_id: str = ""
    status_word: str = ""
    progress: float | None = None
    started: float = 0.0
    elapsed: float = 0.0
    usual: tuple[float, float] | None = None
    held_usd: float | None = None
    cost_usd: float | None = None
    refunded_usd: float | None = None
    retry: Retry | None = None
    error: QwaveError | None = None
    gallery: Gallery | None = None
    notices: tuple[Violation, ...] = field(default=())
    stopped: str = ""
    reused: bool = False
    over_limit: bool = False
    demo: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.phase in ENDED
