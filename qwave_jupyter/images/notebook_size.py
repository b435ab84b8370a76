"""What the pictures in a saved notebook weigh, cell by cell, and what would shrink."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake

__all__ = ["Weight", "weigh"]

#: A preview of ours with its alternative text; what is heavier was embedded in full or by something else.
_LIGHT = 420_000
_LINES = 12


@dataclass(frozen=True)
class Heavy:
    """One cell's pictures.

    Args:
        cell: its place among the notebook's cells, from 1.
        first: its first line.
        pictures: how many.
        size: bytes in the file.
    """

    cell: int
    first: str
    pictures: int
    size: int


@dataclass(frozen=True)
class Weight:
    """What a notebook weighs.

    Args:
        path: the file.
        total: bytes of the file.
        pictures: bytes of its pictures as they are stored.
        cells: the cells with pictures, the heaviest first.
    """

    path: Path
    total: int
    pictures: int
    cells: tuple[Heavy, ...] = ()

    def __repr__(self) -> str:
        lines = [i18n.say("generation.weight", name=self.path.name, total=_megabytes(self.total))]
        lines[0] += i18n.say("generation.weight_pictures", size=_megabytes(self.pictures), cells=len(self.cells))
        for heavy in self.cells[:_LINES]:
            mark = i18n.say("generation.weight_heavy") if heavy.size > _LIGHT else ""
            lines.append(f"  {_megabytes(heavy.size):>9}  [{heavy.cell}] {heavy.first}{mark}")
        if any(heavy.size > _LIGHT for heavy in self.cells):
            lines.append(i18n.say("generation.weight_shrink"))
        return "\n".join(lines)


def weigh(path: Path) -> Weight:
    """Weigh a notebook file.

    Args:
        path: an ``.ipynb`` as it was last saved.

    Raises:
        OptionMistake: there is no such notebook.
    """
    try:
        content = path.read_bytes()
        cells = list(json.loads(content)["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OptionMistake("generation.no_notebook", path=path) from None
    found = [one for place, cell in enumerate(cells, 1) if (one := _weighed(place, cell)) is not None]
    found.sort(key=lambda one: -one.size)
    return Weight(path, len(content), sum(one.size for one in found), tuple(found))


def _weighed(place: int, cell: Any) -> Heavy | None:
    if not isinstance(cell, Mapping):
        return None
    sizes = [
        len(value) if isinstance(value, str) else len(json.dumps(value))
        for output in cell.get("outputs") or ()
        for mime, value in (output.get("data") or {}).items()
        if mime.startswith("image/") or (mime == "text/html" and "data:image" in "".join(value))
    ]
    if not sizes:
        return None
    source = cell.get("source") or ""
    first = ("".join(source).strip().splitlines() or [""])[0]
    return Heavy(place, first[:70], len(sizes), sum(sizes))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
