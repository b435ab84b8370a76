"""A self-contained page of generated images."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.views import gallery_page

__all__ = ["notebook_gallery", "write"]

_MAX_JOBS = 500


def notebook_gallery(workbench: JobContext) -> Gallery:
    """Return the images of this notebook if its name is known, else of this process; oldest first.

    Args:
        workbench: whose journal.
    """
    entries = [
        entry
        for entry in workbench.journal.history(_MAX_JOBS)
        # Containers give every kernel the same few process ids, so where a notebook has a name that alone decides.
        if entry.notebook == workbench.notebook and (workbench.notebook is not None or entry.pid == os.getpid())
    ]
    images: list[GeneratedImage] = []
    for entry in reversed(entries):
        images += records.gallery_of(entry, workbench)
    return Gallery(images, showing=workbench.showing)


def write(path: Path, gallery: Gallery, *, by: str = "") -> Path:
    """Write the page.

    Args:
        path: the file; ``.html`` is added where it has no ending.
        gallery: its images.
        by: the author's name; "" for none.

    Returns:
        The file's path.

    Raises:
        OptionMistake: there is no image yet, or the file isn't HTML or can't be written.
    """
    path = path.expanduser()
    if path.is_dir() or path.suffix.lower() not in {"", ".html", ".htm"}:
        raise OptionMistake("generation.report_no_page", path=path)
    path = path if path.suffix else path.with_suffix(".html")
    if len(gallery) == 0:
        raise OptionMistake("generation.report_empty")
    # Each image has its own share of what its job cost.
    known = [image.cost_usd for image in gallery if image.cost_usd is not None]
    lines = [
        *([i18n.say("generation.report_by", name=by)] if by else []),
        i18n.say(
            "generation.report_sum",
            date=time.strftime("%Y-%m-%d %H:%M"),
            pictures=i18n.say("generation.report_pictures", count=len(gallery)),
            jobs=i18n.say("generation.report_jobs", count=len({image.task_id for image in gallery})),
            cost=i18n.dollars(math.fsum(known)) if known else i18n.say("generation.report_free"),
        ),
    ]
    page = gallery_page.render(gallery, title=i18n.say("generation.report_title"), lines=lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise OptionMistake("generation.report_write", path=path, reason=problem.strerror or "?") from None
    return path
