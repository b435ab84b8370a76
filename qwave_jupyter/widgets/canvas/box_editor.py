"""The box editor: mark the places of an image that an edit is about."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.widgets.canvas.base import (
    CHANGES_SCRIPT,
    VIEWPORT_TEXTS,
    ImageControl,
    display_now,
    read_assets,
    read_items,
    read_number,
    to_list,
)

__all__ = ["BoxEditor", "draw_boxes"]


class BoxEditor(ImageControl):
    """Draw, move, resize and delete boxes, with the pointer, with keys or by typing their numbers.

    ``value`` is the list of boxes, in the image's own pixels, and can be observed and set, also as an array; what isn't
    one, or too many, is refused.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        most: how many boxes there may be.

    Raises:
        ReferenceMistake: the image can't be used.
        OptionMistake: ``most`` isn't 1 or more.

    Example:
        >>> editor = BoxEditor(image)
        >>> editor.value = [[90, 10, 20, 60]]
        >>> editor.boxes
        [[20, 10, 90, 60]]
    """

    _esm = CHANGES_SCRIPT + read_assets(
        __file__, "keyboard.js", "shortcut_list.js", "elements.js", "viewport.js", "box_editor.js"
    )
    _css = read_assets(__file__, "controls.css", "shortcut_list.css", "box_editor.css")
    _static_key = "canvas.static_boxes"
    _shortcuts = "boxes"
    _text_keys = (
        *VIEWPORT_TEXTS,
        "add_box",
        "box_label",
        "box_surface",
        "box_title",
        "boxes_label",
        "boxes_left",
        "delete_box",
        "edge_x1",
        "edge_x2",
        "edge_y1",
        "edge_y2",
        "no_boxes",
        "too_many_boxes",
    )

    # Of any kind, so that what is no list is refused in words.
    value: traitlets.TraitType[Any, Any] = traitlets.TraitType().tag(sync=True)
    most = traitlets.Int(2).tag(sync=True)

    def __init__(self, image: object, most: int = 2) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise OptionMistake("canvas.bad_most", given=most)
        super().__init__(image, most=most)

    @traitlets.validate("value")
    def _validate_value(self, proposal: traitlets.Bunch) -> list[list[int]]:
        return read_boxes(proposal["value"], self.size, self.most, leave_out=self._is_receiving)

    @traitlets.default("value")
    def _make_value(self) -> list[list[int]]:
        return []

    @property
    def boxes(self) -> list[list[int]]:
        """The boxes as ``[[x1, y1, x2, y2], …]``, whole pixels inside the image."""
        # Read again: a list can be changed in place.
        return read_boxes(self.value, self.size, self.most, leave_out=False)

    def _qwave_value_(self) -> list[list[list[int]]]:
        """What a parameter reads when it is given this control: the boxes of the one image that there is."""
        return [self.boxes]

    def __repr__(self) -> str:
        return i18n.text("canvas.repr_boxes", width=self.width, height=self.height, boxes=str(self.boxes))


def draw_boxes(image: object, most: int = 2) -> BoxEditor:
    """Show a box editor over an image, and return it for its ``.boxes``.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        most: how many boxes there may be.

    Raises:
        ReferenceMistake: the image can't be used.

    Example:
        >>> boxes = draw_boxes(gallery[0])
        >>> # draw, and then: qwave.generate("a clock here", images=[photo], bbox_list=[boxes.boxes])
    """
    editor = BoxEditor(image, most)
    display_now(editor)
    return editor


def read_boxes(given: object, size: tuple[int, int], maximum: int, *, leave_out: bool = True) -> list[list[int]]:
    """Read boxes ``[x1, y1, x2, y2]`` as whole pixels inside the image; what isn't one is left out, or refused.

    Raises:
        OptionMistake: unless that is left out.
    """
    read, example = partial(_read_box, size), "[[20, 10, 90, 60]]"
    return read_items(given, read, maximum, bad="canvas.bad_box", example=example, leave_out=leave_out)


def _read_box(size: tuple[int, int], given: object) -> list[int] | None:
    raw: list[Any] = to_list(given) or []
    edges = [edge for one in raw if (edge := read_number(one)) is not None]
    if len(raw) != 4 or len(edges) != 4:
        return None
    # Numbers from 0 to 1 with a point are parts of the image; as pixels they would be a corner of it.
    if all(0 <= edge <= 1 for edge in edges) and not all(isinstance(one, Integral) for one in raw):
        return None
    across, down = edges[::2], edges[1::2]
    if max(across) < 0 or min(across) > size[0] or max(down) < 0 or min(down) > size[1]:
        return None
    left, right = _order_edges(across, size[0])
    top, bottom = _order_edges(down, size[1])
    return [left, top, right, bottom]


def _order_edges(edges: list[float], length: int) -> tuple[int, int]:
    low, high = sorted(min(max(round(edge), 0), length) for edge in edges)
    if low == high:
        low = min(low, length - 1)
        high = low + 1
    return low, high
