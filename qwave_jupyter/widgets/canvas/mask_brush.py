"""The mask brush: paint over a picture what is to be painted anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.widgets.canvas import rasterize
from qwave_jupyter.widgets.canvas.base import PictureControl, front_end, show_now
from qwave_jupyter.widgets.canvas.preview_image import look_at

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MaskBrush", "paint_mask"]


class MaskBrush(PictureControl):
    """Paint and erase over a picture with mouse, pen, touch or keyboard.

    What travels is the strokes, as numbers in the picture's own pixels; the mask is made from them here, so it has the
    picture's exact size whatever the browser shows. ``value`` is the list of strokes and can be observed and set.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        alpha: the model's convention: True makes what was painted transparent and the rest white, False makes what was
            painted white and the rest black. None, where no page says, is taken as True.

    Raises:
        ReferenceMistake: the image can't be used.

    Example:
        >>> brush = MaskBrush(picture)
        >>> brush.value = [{"kind": "paint", "size": 40, "points": [[100, 80], [180, 80]]}]
        >>> brush.mask.size == picture.size
        True
    """

    _esm = front_end("elements.js", "viewport.js", "mask_brush.js")
    _css = front_end("controls.css", "mask_brush.css")
    _static = "canvas.static_mask"
    _said = (
        "brush_label",
        "brush_surface",
        "clear",
        "erase",
        "fit",
        "full_size",
        "invert",
        "keys_brush",
        "mode",
        "nothing_painted",
        "paint",
        "painted",
        "redo",
        "size",
        "size_value",
        "tools",
        "undo",
        "zoom",
        "zoom_in",
        "zoom_out",
    )

    value: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, image: Any, alpha: bool | None = True) -> None:
        super().__init__(look_at(image))
        self.alpha = alpha is not False
        self._made: tuple[list[dict[str, Any]], Image.Image | None] | None = None
        self._area: tuple[list[dict[str, Any]], bytes] = ([], bytes(self.width * self.height))

    @traitlets.validate("value")
    def _trusted(self, proposal: Any) -> list[dict[str, Any]]:
        return rasterize.read(proposal["value"], self.size)

    @property
    def mask(self) -> Image.Image | None:
        """The mask in the picture's own pixel size, or None while nothing is painted."""
        if self._made is None or self._made[0] is not self.value:
            self._made = (self.value, self._painted())
        return self._made[1]

    def undo(self) -> None:
        """Take the last stroke back."""
        self.value = self.value[:-1]

    def clear(self) -> None:
        """Begin anew; undo brings the strokes back."""
        self.value = [*self.value, {"kind": "clear"}]

    def invert(self) -> None:
        """Swap what is painted and what isn't."""
        self.value = [*self.value, {"kind": "invert"}]

    def save(self, path: str | Path) -> Path:
        """Write the mask as a PNG.

        Args:
            path: where to; missing folders are made.

        Raises:
            ReferenceMistake: nothing is painted yet, or it can't be written.
        """
        mask = self.mask
        if mask is None:
            raise ReferenceMistake("canvas.empty_mask")
        target = Path(path).expanduser()
        target = target if target.suffix.lower() == ".png" else target.with_name(f"{target.name}.png")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            mask.save(target, "PNG")
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise ReferenceMistake("canvas.cannot_save", path=target, reason=reason) from None
        return target

    def _qwave_picture_(self) -> Image.Image | None:
        """What ``--mask`` and ``-i`` read when they are given this control."""
        return self.mask

    def _painted(self) -> Image.Image | None:
        from PIL import Image, ImageChops

        before, area = self._area
        # More strokes on the same ones are the usual case, and only they need to be drawn.
        if self.value[: len(before)] == before:
            area = rasterize.rastered(self.value[len(before) :], self.size, area)
        else:
            area = rasterize.rastered(self.value, self.size)
        self._area = (self.value, area)
        if 255 not in area:
            return None
        painted = Image.frombytes("L", self.size, area)
        if not self.alpha:
            return painted
        kept = ImageChops.invert(painted)
        # The pages say "transparent = repaint", and one adds "white = keep": both hold.
        return Image.merge("RGBA", (kept, kept, kept, kept))

    def __repr__(self) -> str:
        return i18n.say("canvas.repr_mask", width=self.width, height=self.height, count=len(self.value))


def paint_mask(image: Any, alpha: bool | None = True) -> MaskBrush:
    """Show a mask brush over a picture, and return it for ``--mask`` or ``.mask``.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        alpha: whether what is painted becomes transparent, or white on black.

    Raises:
        ReferenceMistake: the image can't be used.

    Example:
        >>> mask = paint_mask(gallery[0])
        >>> # paint, and then in the next cell: %%qwave -a inpaint -i photo --mask mask
    """
    brush = MaskBrush(image, alpha)
    show_now(brush)
    return brush
