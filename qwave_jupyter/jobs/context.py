"""What a job works with: the wiring of one set of settings, handed in from above."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Catalog
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.images.gallery import Showing
    from qwave_jupyter.jobs.journal.store import Journal

__all__ = ["Workbench"]

#: Seconds to wait when no setting says so: "about 5 minutes", and 4k can take longer (Submit page, edition 2026-06).
_TIMEOUT, _TIMEOUT_4K = 300.0, 600.0


@dataclass(frozen=True)
class Workbench:
    """Everything that one generation needs from outside.

    Args:
        catalog: the documented models.
        client: the API.
        journal: the record of jobs.
        home: the folder of the journal, previews and stored references.
        save_dir: the folder of finished pictures; made on first need.
        preview_px: the long side of inline previews in pixels.
        timeout: seconds to wait for a job; None for 300, and 600 at 4k.
        clock: time.
        notebook: the notebook's path, for the record.
        demo: whether the client talks to the built-in demo.
    """

    catalog: Catalog
    client: Client
    journal: Journal
    home: Path
    save_dir: Path
    preview_px: int = 768
    timeout: float | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    notebook: str | None = None
    demo: bool = False

    @property
    def showing(self) -> Showing:
        """How galleries made here are previewed."""
        from qwave_jupyter.images.gallery import Showing

        return Showing(preview_px=self.preview_px, cache=self.home / "previews")

    def patience(self, resolution: object) -> float:
        """Seconds to wait for a job of this resolution."""
        if self.timeout is not None:
            return self.timeout
        return _TIMEOUT_4K if str(resolution).lower() == "4k" else _TIMEOUT
