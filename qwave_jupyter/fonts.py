"""Fonts for captions and lettering: Pillow's own for Latin letters, the system's for everything else."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

__all__ = ["font_for", "is_latin", "legible"]

#: Beginnings of the names of font files that hold Chinese, Japanese and Korean, the best for small sizes first.
_CJK_FILES = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "pingfang",
    "hiragino sans gb",
    "stheiti",
    "msyh",
    "wqy",
    "simhei",
    "droidsansfallback",
    "notoserifcjk",
    "simsun",
    "uming",
    "unifont",
)
_LATIN_ENDS = 0x250
_PUNCTUATION = "…–—·×“”‘’≠≤≥"


def is_latin(text: str) -> bool:
    """Whether Pillow's own font has every sign of a text."""
    return all(ord(sign) < _LATIN_ENDS or sign in _PUNCTUATION for sign in text)


def font_for(text: str, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font that has the signs of a text, as far as this machine has one.

    Args:
        text: what will be written.
        size: pixels.
    """
    path = None if is_latin(text) else _cjk()
    return _loaded(path, size)


def legible(text: str) -> str:
    """A text with ``?`` for every sign that no font of this machine has."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    if is_latin(printable) or _cjk() is not None:
        return printable
    return "".join(sign if is_latin(sign) else "?" for sign in printable)


@cache
def _loaded(path: str | None, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    if path is not None:
        try:
            return ImageFont.truetype(path, size)
        except OSError:
            # A file that only looks like a font; Pillow's own is always there.
            return _loaded(None, size)
    return ImageFont.load_default(size)


@cache
def _cjk() -> str | None:
    found: dict[str, str] = {}
    for folder in _folders():
        for root, _, files in os.walk(folder):
            for file in files:
                if file.lower().endswith((".ttc", ".ttf", ".otf")):
                    found.setdefault(file.lower(), str(Path(root) / file))
    for beginning in _CJK_FILES:
        fitting = sorted(name for name in found if name.startswith(beginning))
        # The plain weight is the one to read at 14 pixels.
        regular = [name for name in fitting if "regular" in name] or fitting
        if regular:
            return found[regular[0]]
    return None


def _folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",)
    return home / ".local/share/fonts", home / ".fonts", Path("/usr/share/fonts"), Path("/usr/local/share/fonts")
