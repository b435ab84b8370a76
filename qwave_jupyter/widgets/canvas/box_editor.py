"""The box editor: mark the places of a picture that an edit is about."""

from __future__ import annotations

from typing import Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.widgets.canvas import boxes
from qwave_jupyter.widgets.canvas.base import PictureControl, front_end, show_now
from qwave_jupyter.widgets.canvas.preview_image import look_at

__all__ = ["BoxEditor", "draw_boxes"]


class BoxEditor(PictureControl):
    """Draw, move, resize and delete boxes, with the pointer, with keys or by typing their numbers.

    ``value`` is the list of boxes, in the picture's own pixels, and can be observed and set.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        most: how many boxes there may be.

    Raises:
        ReferenceMistake: the image can't be used.
        OptionMistake: ``most`` isn't 1 or more.

    Example:
        >>> editor = BoxEditor(picture)
        >>> editor.value = [[90, 10, 20, 60]]
        >>> editor.boxes
        [[20, 10, 90, 60]]
    """

    _esm = front_end("elements.js", "viewport.js", "box_editor.js")
    _css = front_end("controls.css", "box_editor.css")
    _static = "canvas.static_boxes"
    _said = (
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
        "fit",
        "full_size",
        "keys_boxes",
        "no_boxes",
        "tools",
        "too_many_boxes",
        "zoom",
        "zoom_in",
        "zoom_out",
    )

    value: traitlets.List[Any] = traitlets.List().tag(sync=True)
    most = traitlets.Int(2).tag(sync=True)

    def __init__(self, image: Any, most: int = 2) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise OptionMistake("canvas.bad_most", given=most)
        super().__init__(look_at(image), most=most)

    @traitlets.validate("value")
    def _trusted(self, proposal: Any) -> list[list[int]]:
        return boxes.read(proposal["value"], self.size, self.most)

    @property
    def boxes(self) -> list[list[int]]:
        """The boxes as ``[[x1, y1, x2, y2], …]``, whole pixels inside the picture."""
        return [list(box) for box in self.value]

    def _qwave_value_(self) -> list[list[list[int]]]:
        """What a parameter reads when it is given this control: the boxes of the one picture that there is."""
        return [self.boxes]

    def __repr__(self) -> str:
        return i18n.say("canvas.repr_boxes", width=self.width, height=self.height, boxes=str(self.boxes))


def draw_boxes(image: Any, most: int = 2) -> BoxEditor:
    """Show a box editor over a picture, and return it for its ``.boxes``.

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
    show_now(editor)
    return editor
