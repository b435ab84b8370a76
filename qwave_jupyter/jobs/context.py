"""What a job works with: the wiring of one set of settings, handed in from above."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.frontend import Frontend

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Catalog
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.images.preview import PreviewOptions
    from qwave_jupyter.jobs.journal.store import Journal
    from qwave_jupyter.session import Session

__all__ = ["JobContext"]

#: Seconds to wait when no setting says so: "about 5 minutes", and 4k can take longer (Submit page, edition 2026-06).
_TIMEOUT, _TIMEOUT_4K = 300.0, 600.0


@dataclass(frozen=True)
class JobContext:
    """Everything that one generation needs from outside."""

    catalog: Catalog
    client: Client
    journal: Journal
    home: Path
    save_dir: Path
    #: Whether this call has named the folder: what an earlier one has made goes there too.
    is_folder_named: bool = False
    preview_px: int = 768
    #: Seconds; None for the default.
    timeout: float | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    notebook: str | None = None
    demo: bool = False
    frontend: Frontend | None = field(default=None, repr=False)
    session: Session | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, object]:
        # A worker in another process has neither.
        return {**vars(self), "frontend": None, "session": None}

    @property
    def showing(self) -> PreviewOptions:
        """How galleries made here are previewed."""
        from qwave_jupyter.images.preview import PreviewOptions

        return PreviewOptions(preview_px=self.preview_px, cache=self.home / "previews")

    @property
    def server(self) -> str:
        """What the journal calls the server: the demo's port changes from run to run, its tasks don't."""
        return "demo" if self.demo else self.client.base_url

    def timeout_for(self, resolution: object) -> float:
        """Seconds to wait for a job of this resolution."""
        if self.timeout is not None:
            return self.timeout
        return _TIMEOUT_4K if str(resolution).lower() == "4k" else _TIMEOUT
