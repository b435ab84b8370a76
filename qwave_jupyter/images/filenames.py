"""File names that are safe on every file system, whatever the prompt says."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

__all__ = ["make_ascii", "make_file_stem", "make_portable", "make_slug", "read_file_stem", "short_id"]

_MAX_SLUG_BYTES = 48
#: Names of devices on Windows, with any suffix: a file that is copied there must not be one.
_RESERVED = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"))
)


def make_slug(text: str) -> str:
    """Return the first words of a text as a part of a file name, in its own alphabet."""
    plain = unicodedata.normalize("NFKC", text[:400]).lower()
    words = re.findall(r"[^\W_]+", plain)
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word
        # File systems count bytes, and a Chinese character has three.
        if len(longer.encode()) > _MAX_SLUG_BYTES:
            break
        name = longer
    if not name and words:
        name = words[0].encode()[:_MAX_SLUG_BYTES].decode(errors="ignore")
    return name or "image"


def make_ascii(slug: str) -> str:
    """Return what is left of a slug in ASCII."""
    plain = unicodedata.normalize("NFKD", slug).encode("ascii", "ignore").decode()
    return re.sub("-+", "-", plain).strip("-") or "image"


def make_portable(name: str) -> str:
    """Return a file name that no Windows reserves for a device."""
    stem, dot, suffix = name.partition(".")
    return f"{stem.rstrip()}_{dot}{suffix}" if stem.strip().upper() in _RESERVED else name


def short_id(job_id: str) -> str:
    """Return the first eight letters of a job's id: what people read and type."""
    return re.sub(r"[^0-9a-zA-Z]", "", job_id)[:8] or "0"


def make_file_stem(slug: str, job_id: str, index: int, created: float) -> str:
    """Return ``<local date>-<slug>-<short id>-<index>``; the suffix depends on the image's true format."""
    date = datetime.fromtimestamp(created, tz=UTC).astimezone().date()
    return f"{date.isoformat()}-{slug}-{short_id(job_id)}-{index}"


def read_file_stem(stem: str, job_id: str) -> tuple[int, int] | None:
    """The index in a name that an image of this job is saved under, and the number behind it; None for other names."""
    # A copy that somebody makes has more behind its index: "-Copy1", " copy", "(1)".
    numbers = r"([0-9]{1,6})(?:-([0-9]{1,6}))?"
    found = re.fullmatch(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}-.+-{short_id(job_id)}-{numbers}", stem)
    return None if found is None else (int(found[1]), int(found[2] or 1))
