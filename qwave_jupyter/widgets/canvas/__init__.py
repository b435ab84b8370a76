"""Controls that a picture is worked on with: a mask brush, a box editor, and a palette editor.

Each lives alone in a cell, or inside a panel; none needs the network. They are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwave_jupyter.widgets.canvas.box_editor import BoxEditor as BoxEditor
    from qwave_jupyter.widgets.canvas.box_editor import draw_boxes as draw_boxes
    from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush as MaskBrush
    from qwave_jupyter.widgets.canvas.mask_brush import paint_mask as paint_mask
    from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor as PaletteEditor

__all__ = ["BoxEditor", "MaskBrush", "PaletteEditor", "draw_boxes", "paint_mask"]

_HOMES = {
    "BoxEditor": "box_editor",
    "MaskBrush": "mask_brush",
    "PaletteEditor": "palette_editor",
    "draw_boxes": "box_editor",
    "paint_mask": "mask_brush",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
