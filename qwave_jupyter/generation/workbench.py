"""What one generation needs, handed in as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from qwave_jupyter.api.client import Client
    from qwave_jupyter.catalog import Catalog
    from qwave_jupyter.generation.journal import Journal

__all__ = ["Workbench"]


@dataclass(frozen=True)
class Workbench:
    """The catalogue, the client, the journal and the folders of a job.

    Args:
        catalog: the edition in force.
        client: the API.
        journal: the record of jobs.
        home: the folder of previews.
        save_dir: the folder of finished pictures.
        preview_px: the long side of previews in pixels.
        timeout: seconds to wait; None for 300, and 600 at 4k.
        notebook: the notebook's path, written into the journal.
        demo: whether the demo serves.
        clock: time.
    """

    catalog: Catalog
    client: Client
    journal: Journal
    home: Path
    save_dir: Path
    preview_px: int = 768
    timeout: float | None = None
    notebook: str | None = None
    demo: bool = False
    clock: Clock = SYSTEM_CLOCK
