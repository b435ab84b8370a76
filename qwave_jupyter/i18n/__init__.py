"""Everything a person reads, as data: one JSON file per section and language.

A text is looked up by ``"section.name"`` and filled with ``str.format`` fields. An entry may be a string, or an object
``{"one": …, "other": …}`` chosen by the field ``count``. English is the fallback of every other language.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["LANGUAGES", "columns", "dollars", "language", "listed", "padded", "printable", "say", "use"]

LANGUAGES = ("en", "zh")
_LONGEST_SHOWN = 120

_KEY_LIKE = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{12,}")
_chosen: list[str] = []


def use(name: str | None) -> None:
    """Choose the language of every text from now on.

    Args:
        name: ``"en"``, ``"zh"``, or None to follow the locale again.

    Raises:
        ValueError: a language that isn't shipped.
    """
    if name is not None and name not in LANGUAGES:
        msg = f"language {name!r} is not one of {', '.join(LANGUAGES)}"
        raise ValueError(msg)
    _chosen[:] = [name] if name else []


def language() -> str:
    """The language in force: the chosen one, else the locale's, else English."""
    if _chosen:
        return _chosen[0]
    return "zh" if _locale().lower().startswith(("zh", "chinese")) else "en"


def say(key: str, /, **fields: Any) -> str:
    """The text behind a key, filled in.

    Args:
        key: ``"section.name"``, e.g. ``"catalog.not_a_choice"``.
        fields: values that the text names; lists are joined with :func:`listed`.

    Raises:
        KeyError: no language has this key.

    Example:
        >>> say("words.and_more", count=3)
        'and 3 more'
    """
    section, _, name = key.partition(".")
    entry = _section(language(), section).get(name)
    if entry is None:
        entry = _section("en", section)[name]
    if isinstance(entry, Mapping):
        entry = entry["one"] if fields.get("count") == 1 and "one" in entry else entry["other"]
    filled = {field: listed(value) if isinstance(value, (list, tuple)) else value for field, value in fields.items()}
    # What somebody typed in the wrong place is quoted back to them, and saved with the notebook.
    return _KEY_LIKE.sub("sk-…", str(entry).format_map(filled))


def listed(values: Iterable[Any], most: int = 24) -> str:
    """Values as a sentence holds them: ``a, b or c``; a long list is cut with a word about it.

    Example:
        >>> listed(["1k", "2k", "4k"])
        '1k, 2k or 4k'
    """
    texts = [str(value) for value in values]
    if len(texts) > most:
        texts = [*texts[: most - 1], say("words.and_more", count=len(texts) - most + 1)]
        return say("words.separator").join(texts)
    if len(texts) < 2:
        return "".join(texts)
    return say("words.or", head=say("words.separator").join(texts[:-1]), last=texts[-1])


def columns(text: str) -> int:
    """How many columns of a fixed-width font a text takes: Chinese characters take two.

    Example:
        >>> columns("size"), columns("大小")
        (4, 4)
    """
    return sum(2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1 for sign in text)


def padded(text: str, width: int) -> str:
    """A text filled up with spaces, so that what follows stands in line.

    Args:
        text: one line.
        width: columns to fill.
    """
    return text + " " * max(0, width - columns(text))


def dollars(usd: float) -> str:
    """A price as people read it: ``$0.0128``, ``$1.20``, with as many digits as a small price needs.

    Example:
        >>> dollars(0.01275), dollars(1.2), dollars(0)
        ('$0.0128', '$1.20', '$0.00')
    """
    exact = Decimal(str(usd))
    cents = exact.quantize(Decimal("0.0001") if exact and abs(exact) < 1 else Decimal("0.01"), ROUND_HALF_UP)
    return f"${cents}"


def _locale() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return os.environ[variable]
    # Windows has none of them, and calls its languages by name.
    with contextlib.suppress(ValueError):
        return locale.getlocale()[0] or ""
    return ""


@cache
def _section(name: str, section: str) -> Mapping[str, Any]:
    source = files(__package__) / name / f"{section}.json"
    if not source.is_file():
        return {}
    entries: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return entries


def printable(value: Any) -> str:
    """A value as an error's text holds it: printable and short."""
    text = "".join(char if char.isprintable() else "�" for char in str(value)[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
