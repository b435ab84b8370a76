"""File names that say what is in them and can't lead anywhere else."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone

__all__ = ["picture_name", "short_id"]

_LONGEST_SLUG = 40


def picture_name(created: float, prompt: str, task_id: str, index: int, extension: str) -> str:
    """``<date>-<slug>-<short id>-<i>.<ext>``.

    Args:
        created: Unix seconds; the date is the local one.
        prompt: its first words become the slug.
        task_id: the server's id, of which the end is kept.
        index: from 1.
        extension: by the file's true format.

    Example:
        >>> picture_name(1763700000, "A cat, at night!", "task-wave…8499", 1, "png")
        '2025-11-21-a-cat-at-night-8499-1.png'
    """
    date = datetime.fromtimestamp(created, tz=timezone.utc).astimezone().strftime("%Y-%m-%d")
    return f"{date}-{_slug(prompt)}-{short_id(task_id)}-{index}.{extension}"


def short_id(task_id: str) -> str:
    """The end of an id, fit for a file name.

    Example:
        >>> short_id("task-wave1775285160b950328499")
        '8499'
    """
    return re.sub(r"[^A-Za-z0-9]", "", task_id)[-4:] or "0000"


def _slug(prompt: str) -> str:
    text = unicodedata.normalize("NFKC", prompt[:400]).lower()
    kept = re.sub(r"[^\w]+", "-", text).strip("-_")
    # Cut by bytes: a name may have 255 of them, and one Chinese sign takes three.
    while len(kept.encode("utf-8")) > _LONGEST_SLUG:
        shorter = kept[:-1].rpartition("-")[0] if "-" in kept[:-1] else kept[:-1]
        kept = shorter or kept[:-1]
    return kept.strip("-_") or "picture"
