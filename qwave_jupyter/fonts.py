"""Fonts for captions and lettering: Pillow's own for Latin letters, the system's for everything else."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.folders import expand

if TYPE_CHECKING:
    from PIL import ImageFont

__all__ = ["find_font", "is_latin", "replace_undrawable"]

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
    """Whether Pillow's own font has every character of a text."""
    return all(ord(char) < _LATIN_ENDS or char in _PUNCTUATION for char in text)


def find_font(text: str, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return a font of so many pixels that has the characters of a text, as far as this machine has one."""
    return _load_font(None if is_latin(text) else _find_cjk_file(), size)


def replace_undrawable(text: str) -> str:
    """Return a text with ``?`` for every character that no font of this machine has."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    if is_latin(printable) or _find_cjk_file() is not None:
        return printable
    return "".join(char if is_latin(char) else "?" for char in printable)


@cache
def _load_font(path: str | None, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    if path is not None:
        try:
            return ImageFont.truetype(path, size)
        except OSError:
            # A file that only looks like a font; Pillow's own is always there.
            return _load_font(None, size)
    return ImageFont.load_default(size)


@cache
def _find_cjk_file() -> str | None:
    found: dict[str, str] = {}
    for folder in _list_font_folders():
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


def _list_font_folders() -> tuple[Path, ...]:
    home = expand("~")
    if sys.platform == "darwin":
        return home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",)
    return home / ".local/share/fonts", home / ".fonts", Path("/usr/share/fonts"), Path("/usr/local/share/fonts")
