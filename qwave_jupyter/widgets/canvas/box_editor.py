"""The box editor: mark the places of an image that an edit is about."""

from __future__ import annotations

import math
from collections.abc import Iterable

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.widgets.canvas.base import VIEWPORT_TEXTS, ImageControl, display_now, read_assets

__all__ = ["BoxEditor", "draw_boxes"]


class BoxEditor(ImageControl):
    """Draw, move, resize and delete boxes, with the pointer, with keys or by typing their numbers.

    ``value`` is the list of boxes, in the image's own pixels, and can be observed and set.

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

    _esm = read_assets(__file__, "keyboard.js", "shortcut_list.js", "elements.js", "viewport.js", "box_editor.js")
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

    value: traitlets.List[list[int]] = traitlets.List().tag(sync=True)
    most = traitlets.Int(2).tag(sync=True)

    def __init__(self, image: object, most: int = 2) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise OptionMistake("canvas.bad_most", given=most)
        super().__init__(image, most=most)

    @traitlets.validate("value")
    def _validate_value(self, proposal: traitlets.Bunch) -> list[list[int]]:
        return read_boxes(proposal["value"], self.size, self.most)

    @property
    def boxes(self) -> list[list[int]]:
        """The boxes as ``[[x1, y1, x2, y2], …]``, whole pixels inside the image."""
        return [list(box) for box in self.value]

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


def read_boxes(given: Iterable[object], size: tuple[int, int], maximum: int) -> list[list[int]]:
    """Read boxes ``[x1, y1, x2, y2]`` as whole pixels inside the image; leave out what isn't one or too many."""
    return [box for raw in given if (box := _read_box(raw, size))][:maximum]


def _read_box(given: object, size: tuple[int, int]) -> list[int] | None:
    if not isinstance(given, (list, tuple)) or len(given) != 4:
        return None
    if any(isinstance(edge, bool) or not isinstance(edge, (int, float)) or not math.isfinite(edge) for edge in given):
        return None
    left, right = _order_edges(given[0], given[2], size[0])
    top, bottom = _order_edges(given[1], given[3], size[1])
    return [left, top, right, bottom]


def _order_edges(one: float, other: float, length: int) -> tuple[int, int]:
    low, high = sorted(min(max(round(edge), 0), length) for edge in (one, other))
    if low == high:
        low = min(low, length - 1)
        high = low + 1
    return low, high
