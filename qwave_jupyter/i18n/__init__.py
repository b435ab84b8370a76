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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from qwave_jupyter.types import JSONObject

__all__ = [
    "LANGUAGES",
    "PrintableValue",
    "columns",
    "dollars",
    "join_values",
    "language",
    "pad",
    "place",
    "printable",
    "text",
    "use",
]

LANGUAGES = ("en", "zh")
_MAX_SHOWN = 120
#: Python writes no longer ones.
_MAX_INTEGER = 10**300
#: Digits behind the point that a price may be shown with.
_MAX_PLACES = 9

#: What only a cell can do.
_NEEDS_CELL = re.compile(r"%qwave |qwave_jupyter\.")
_KEY_LIKE = re.compile(r"(?<![\w/\\-])sk-(?=[\w-]*\d)[\w-]{12,}")
#: Where the texts of this thread or task are read: "panel", or "app" for a panel that a visitor sees; "" is a cell.
_place: ContextVar[str] = ContextVar("place", default="")
#: Of the process: an error's text is made when it is read, wherever that is.
_chosen: list[str] = []


def use(name: str | None) -> None:
    """Choose the language of every text from now on; None follows the locale again."""
    if name is not None and name not in LANGUAGES:
        msg = f"language {name!r} is not one of {', '.join(LANGUAGES)}"
        raise ValueError(msg)
    _chosen[:] = [name] if name else []


def language() -> str:
    """The language in force: the chosen one, else the locale's, else English."""
    if _chosen:
        return _chosen[0]
    wanted = _find_locale().lower().replace("chinese", "zh")
    return next((name for name in LANGUAGES if wanted.startswith(name)), "en")


@contextlib.contextmanager
def place(name: str) -> Iterator[None]:
    """Use the texts of a place before others: a panel has no cell that could be run again, a visitor none at all."""
    token = _place.set(name)
    try:
        yield
    finally:
        _place.reset(token)


def text(key: str, /, **fields: object) -> str:
    """The text behind a key, filled in; lists are joined with :func:`join_values`."""
    section, _, name = key.partition(".")
    here = _load_section(language(), "in_panel").get(key) if _place.get() else None
    entry = _load_section(language(), section).get(name) if here is None else here
    if entry is None:
        entry = _load_section("en", section)[name]
    if isinstance(entry, Mapping):
        entry = entry["one"] if fields.get("count") == 1 and "one" in entry else entry["other"]
    filled = {field: _to_field(field, value) for field, value in fields.items()}
    # What somebody typed in the wrong place is quoted back to them, and saved with the notebook.
    said = _KEY_LIKE.sub("sk-…", str(entry).format_map(filled))
    if _place.get() == "app" and here is not None and _NEEDS_CELL.search(str(entry)):
        # Of two texts, one inside the other, the outer says it.
        note = text("panel.owner_has_cells")
        return f"{said.replace(f' {note}', '')} {note}"
    return said


def has_text(key: str) -> bool:
    """Whether there is a text behind a key."""
    section, _, name = key.partition(".")
    return section.isidentifier() and name in _load_section("en", section)


def _to_field(name: str, value: object) -> object:
    if type(value) is list or type(value) is tuple:
        return join_values(value)
    if type(value) is str and (name != "given" or len(value) <= _MAX_SHOWN):
        # An empty cell of a table would leave a hole in the sentence.
        return value or ("''" if name == "given" else "")
    is_number = isinstance(value, float) or (isinstance(value, int) and abs(value) < _MAX_INTEGER)
    # Our own values, paths and errors are sentences or parts of them, and whole; of others nobody knows what they do.
    is_ours = str(type(value).__module__).startswith("qwave_jupyter") or isinstance(value, (PurePath, BaseException))
    return value if is_number or is_ours else PrintableValue(value)


def join_values(values: Iterable[object], limit: int = 24) -> str:
    """Values as a sentence holds them: ``a, b or c``; a long list is cut with a word about it."""
    texts = [value if isinstance(value, str) else _convert(value, str) for value in values]
    if len(texts) > limit:
        texts = [*texts[: limit - 1], text("words.and_more", count=len(texts) - limit + 1)]
        return text("words.separator").join(texts)
    if len(texts) < 2:
        return "".join(texts)
    return text("words.or", head=text("words.separator").join(texts[:-1]), last=texts[-1])


def columns(text: str) -> int:
    """How many columns of a fixed-width font a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1 for character in text)


def pad(text: str, width: int) -> str:
    """A text filled up with spaces, so that what follows stands in line.

    Args:
        text: one line.
        width: columns to fill.
    """
    return text + " " * max(0, width - columns(text))


def dollars(usd: float) -> str:
    """A price as people read it: ``$0.0128``, ``$1.20``, with as many digits as a small price needs."""
    return f"${_round_price(usd):f}"


def dollars_where(holds: Callable[..., bool], *amounts: float) -> tuple[str, ...]:
    """Prices with as many digits as it takes for what is said of them to hold as they are shown.

    Args:
        holds: called with the rounded amounts, in their order.
        amounts: USD.

    Example:
        >>> dollars_where(lambda price, limit: price > limit, 0.019125, 0.0191)
        ('$0.01913', '$0.01910')
    """
    shown = [_round_price(amount) for amount in amounts]
    places = min((_count_places(price) for price in shown), default=0)
    while not holds(*shown) and places < _MAX_PLACES:
        places += 1
        shown = [_round_price(amount, places) for amount in amounts]
    return tuple(f"${price:f}" for price in shown)


def _round_price(usd: float, places: int = 0) -> Decimal:
    exact = Decimal(str(usd))
    digits = Decimal("0.0001") if exact and abs(exact) < 1 else Decimal("0.01")
    if exact and abs(exact) < digits:
        digits = Decimal(1).scaleb(exact.adjusted())
    return exact.quantize(min(digits, Decimal(1).scaleb(-places)), ROUND_HALF_UP)


def _count_places(price: Decimal) -> int:
    return max(0, -int(price.as_tuple().exponent))


def _find_locale() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return os.environ[variable]
    # Windows has none of them, and calls its languages by name.
    with contextlib.suppress(ValueError):
        return locale.getlocale()[0] or ""
    return ""


@cache
def _load_section(name: str, section: str) -> JSONObject:
    source = files(__package__) / name / f"{section}.json"
    if not source.is_file():
        return {}
    entries: JSONObject = json.loads(source.read_text(encoding="utf-8"))
    return entries


def printable(value: object) -> str:
    """A value as an error's text holds it: printable and short, whatever it is."""
    return _shorten(_convert(value, str))


class PrintableValue:
    """A value of any kind as an error may hold it: as printable, short texts, which can be pickled."""

    def __init__(self, value: object) -> None:
        self._text, self._representation = printable(value), _shorten(_convert(value, repr))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._representation


def _convert(value: object, convert: Callable[[object], str]) -> str:
    # A user's object may fail at anything, and a number have more digits than Python writes.
    try:
        if isinstance(value, (str, list, tuple)):
            # Long ones are cut before every character is looked at.
            value = value[: _MAX_SHOWN + 1]
        return convert(value)
    except Exception:  # noqa: BLE001 - see above
        return f"<{type(value).__name__}>"


def _shorten(text: str) -> str:
    text = "".join(char if char.isprintable() else "�" for char in text[: _MAX_SHOWN + 1])
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
