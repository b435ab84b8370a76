"""A demo whose images are small, also as a program: painting one costs more than all the rest of a job."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from qwave_jupyter.demo import __main__ as program
from qwave_jupyter.demo import painter
from qwave_jupyter.demo.painter import Brief, paint

__all__ = ["paint_at_most"]


def paint_at_most(pixels: int) -> Callable[[Brief], bytes]:
    """A painter whose images have no longer side than this, in the proportions that were asked for."""

    def paint_small(brief: Brief) -> bytes:
        scale = pixels / max(pixels, brief.width, brief.height)
        size = {side: max(16, round(getattr(brief, side) * scale)) for side in ("width", "height")}
        return paint(replace(brief, **size))

    return paint_small


if __name__ == "__main__":
    painter.paint = paint_at_most(96)
    sys.exit(program.main())
