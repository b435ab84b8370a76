"""Measure the images in a saved notebook, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake

__all__ = ["NotebookSize", "measure_notebook"]

#: Bytes of a preview of ours with its text; what is larger was embedded in full or by something else.
_MAX_PREVIEW = 420_000
_MAX_LINES = 12


@dataclass(frozen=True)
class CellSize:
    """How many bytes the images of one cell take; ``cell`` is its number, from 1, and ``first`` its first line."""

    cell: int
    first: str
    images: int
    size: int


@dataclass(frozen=True)
class NotebookSize:
    """How many bytes a notebook and its images take; the cells with images, the largest first."""

    path: Path
    total: int
    images: int
    cells: tuple[CellSize, ...] = ()

    def __repr__(self) -> str:
        lines = [i18n.text("generation.weight", name=self.path.name, total=_format_size(self.total))]
        count = len(self.cells)
        lines[0] += i18n.text("generation.weight_images", size=_format_size(self.images), cells=count, count=count)
        for cell in self.cells[:_MAX_LINES]:
            mark = i18n.text("generation.weight_heavy") if cell.size > _MAX_PREVIEW else ""
            lines.append(f"  {_format_size(cell.size):>9}  [{cell.cell}] {cell.first}{mark}")
        if any(cell.size > _MAX_PREVIEW for cell in self.cells):
            lines.append(i18n.text("generation.weight_shrink"))
        return "\n".join(lines)


def measure_notebook(path: Path) -> NotebookSize:
    """Measure an ``.ipynb`` as it was last saved; raises OptionMistake where there is none."""
    try:
        content = path.read_bytes()
        cells = list(json.loads(content)["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OptionMistake("generation.no_notebook", path=path) from None
    sizes = [size for number, cell in enumerate(cells, 1) if (size := _measure_cell(number, cell)) is not None]
    sizes.sort(key=lambda size: -size.size)
    return NotebookSize(path, len(content), sum(size.size for size in sizes), tuple(sizes))


def _measure_cell(number: int, cell: object) -> CellSize | None:
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
    return CellSize(number, first[:70], len(sizes), sum(sizes))


def _format_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
