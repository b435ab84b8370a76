"""What jobs need, in a folder of a test's own."""

from __future__ import annotations

import contextlib
from pathlib import Path

from qwave_jupyter import catalog
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.journal.store import Journal


@contextlib.contextmanager
def open_context(folder: Path, client, clock, *, edition: str = "2026-04", images: str = "images", **options):
    """A context whose journal is closed at the end.

    Args:
        folder: gets ``home`` and the folder of the images.
        client: of a server.
        clock: time.
        edition: the contract.
        images: the name of the folder of the images.
        options: further fields of the context.
    """
    home = folder / "home"
    journal = Journal(home, clock=clock)
    try:
        yield JobContext(catalog.load(edition), client, journal, home, folder / images, clock=clock, **options)
    finally:
        journal.close()
