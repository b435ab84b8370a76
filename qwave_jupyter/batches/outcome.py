"""What became of one row of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import QwaveError

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.request import Request

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What became of one row.

    Args:
        index: its place, from 0.
        job: its job, or None when nothing was sent from here: it was refused, or an executor ran it.
        gallery: its pictures, or None.
        error: why there are none, or None.
        cost_usd: what it cost, or None where nobody said.
        request: what was asked for, or None when it was refused before it became one.
    """

    index: int
    job: Job | None = None
    gallery: Gallery | None = None
    error: QwaveError | None = None
    cost_usd: float | None = None
    request: Request | None = None

    def __repr__(self) -> str:
        came = repr(self.error) if self.error is not None else repr(self.gallery)
        cost = "" if self.cost_usd is None else f", {i18n.dollars(self.cost_usd)}"
        return f"Outcome({self.index}, {came}{cost})"

    def to_record(self) -> dict[str, Any]:
        """One dict: prompt, model, files, cost, error."""
        return {
            "index": self.index,
            "prompt": self.request.prompt if self.request else None,
            "model": self.request.model.id if self.request else None,
            "paths": [str(path) for path in self.gallery.paths] if self.gallery else [],
            "cost_usd": self.cost_usd,
            "error": None if self.error is None else str(self.error),
        }
