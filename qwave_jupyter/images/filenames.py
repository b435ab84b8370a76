"""File names that are safe on every file system, whatever the prompt says."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

__all__ = ["file_stem", "short_id", "slug"]

_LONGEST_SLUG = 48


def slug(text: str) -> str:
    r"""The first words of a text as a part of a file name, in its own alphabet.

    Example:
        >>> slug("../A Cat,\nsitting!")
        'a-cat-sitting'
    """
    plain = unicodedata.normalize("NFKC", text[:400]).lower()
    words = re.findall(r"[^\W_]+", plain)
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word
        # File systems count bytes, and a Chinese character has three.
        if len(longer.encode()) > _LONGEST_SLUG:
            break
        name = longer
    if not name and words:
        name = words[0].encode()[:_LONGEST_SLUG].decode(errors="ignore")
    return name or "picture"


def short_id(job_id: str) -> str:
    """The first eight letters of a job's id: what people read and type.

    Example:
        >>> short_id("8499f3a2-0000-4000-8000-000000000000")
        '8499f3a2'
    """
    return re.sub(r"[^0-9a-zA-Z]", "", job_id)[:8] or "0"


def file_stem(prompt: str, job_id: str, place: int, moment: float) -> str:
    """``<date>-<slug>-<short id>-<place>``, without the ending that the picture's true format decides.

    Args:
        prompt: what was painted.
        job_id: the job.
        place: which of its pictures, from 1.
        moment: Unix seconds; the date is the local one.
    """
    date = datetime.fromtimestamp(moment, tz=UTC).astimezone().date()
    return f"{date.isoformat()}-{slug(prompt)}-{short_id(job_id)}-{place}"
