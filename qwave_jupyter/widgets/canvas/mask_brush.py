"""The mask brush: paint over an image what is to be painted anew.

A stroke is a mapping as the browser sends it: ``kind`` (``paint``, ``erase``, ``clear`` or ``invert``) and, for the
first two, ``size`` (the brush's diameter) and ``points`` (``[x, y]`` or ``[x, y, size]``), all in the image's own
pixels. Pixel (i, j) belongs to a stroke when its centre (i + ½, j + ½) lies under the brush, so a mask is the same on
every machine.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.folders import absolute, absolute_file, is_file
from qwave_jupyter.images import image_io
from qwave_jupyter.images.metadata import find_provenance
from qwave_jupyter.session import default
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import (
    VIEWPORT_TEXTS,
    ImageControl,
    decode_image,
    display_now,
    encode_preview,
    read_assets,
    read_items,
    read_number,
    to_list,
)
from qwave_jupyter.widgets.canvas.received_images import RECEIVE_SCRIPT, ImageReceiver, shorten_name, store_upload

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MaskBrush", "paint_mask"]

_MAX_STROKES = 5000
_MAX_POINTS = 20_000
#: What the file of a mask says, so that another mask may replace it.
_MARK = ("Software", "qwave-jupyter mask brush")
_INVERTED = bytes(255 - value for value in range(256))

_Disc = tuple[float, float, float]
_Edge = tuple[float, float, float, float]


class MaskBrush(ImageReceiver, ImageControl):
    """Paint and erase over an image with mouse, pen, touch or keyboard.

    What travels is the strokes, as numbers in the image's own pixels; the mask is made from them here, so it has the
    image's exact size whatever the browser shows. ``value`` is the list of strokes and can be observed and set; what
    isn't one, or too many, is refused. An image that is pasted or dropped is painted over in place of the first one.

    Args:
        image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
        alpha: the model's convention: True makes what was painted transparent and the rest white, False makes what was
            painted white and the rest black. None, where no page says, is taken as True.

    Raises:
        ReferenceMistake: the image can't be used.

    Example:
        >>> brush = MaskBrush(image)
        >>> brush.value = [{"kind": "paint", "size": 40, "points": [[100, 80], [180, 80]]}]
        >>> brush.mask.size == image.size
        True
    """

    _esm = RECEIVE_SCRIPT + read_assets(
        __file__, "keyboard.js", "shortcut_list.js", "elements.js", "viewport.js", "mask_brush.js"
    )
    _css = read_assets(__file__, "controls.css", "shortcut_list.css", "mask_brush.css")
    _static_key = "canvas.static_mask"
    _shortcuts = "brush"
    _text_keys = (
        *VIEWPORT_TEXTS,
        "brush_label",
        "brush_surface",
        "clear",
        "erase",
        "invert",
        "mode",
        "nothing_painted",
        "paint",
        "painted",
        "redo",
        "size",
        "size_value",
        "undo",
    )

    # Of any kind, so that what is no list is refused in words.
    value: traitlets.TraitType[Any, Any] = traitlets.TraitType().tag(sync=True)

    def __init__(self, image: object, alpha: bool | None = True) -> None:
        super().__init__(image, room=1)
        self.alpha = alpha is not False
        #: What takes an image that was pasted or dropped, where that isn't the brush itself.
        self.on_image: Callable[[str, object, object], None] | None = None
        self.on_msg(self._receive)
        self._last_mask: tuple[bool, list[JSONObject], Image.Image | None] | None = None
        self._last_area: tuple[list[JSONObject], bytes] = ([], bytes(self.width * self.height))

    @traitlets.validate("value")
    def _validate_value(self, proposal: traitlets.Bunch) -> list[JSONObject]:
        return _read_strokes(proposal["value"], self.size, leave_out=self._is_receiving)

    @traitlets.default("value")
    def _make_value(self) -> list[JSONObject]:
        return []

    @property
    def mask(self) -> Image.Image | None:
        """The mask in the image's own pixel size, or None while nothing is painted."""
        # Read again: a list can be changed in place.
        strokes = _read_strokes(self.value, self.size)
        if self._last_mask is None or self._last_mask[:2] != (self.alpha, strokes):
            self._last_mask = (self.alpha, strokes, self._make_mask(strokes))
        return self._last_mask[2]

    def change_image(self, image: object) -> None:
        """Lie on another image, and begin anew.

        Args:
            image: as for the brush itself.

        Raises:
            ReferenceMistake: the image can't be used; the first one stays.
        """
        upright = decode_image(image)
        preview = encode_preview(upright)
        # In one message: strokes, size and preview belong together.
        with self.hold_sync():
            self._last_mask, self._last_area = None, ([], bytes(upright.width * upright.height))
            self.width, self.height = upright.size
            self.preview = preview
            self.value = []

    def take_image(self, kind: str, value: bytes | str, name: str) -> None:
        """Paint over an image that was pasted or dropped."""
        if self.on_image is not None:
            self.on_image(kind, value, name)
            return
        try:
            path = Path(value) if isinstance(value, str) else store_upload(value, default().settings.home, name)
            self.change_image(path)
        except ReferenceMistake as mistake:
            self.add_note(str(mistake))
        else:
            self.add_note(i18n.text("canvas.other_image", name=shorten_name(name or path.name), path=path))

    def _describe_bound(self) -> str:
        return "canvas.one_to_paint"

    def _receive(self, _: object, content: JSONObject, buffers: Sequence[memoryview]) -> None:
        self._receive_images(content, buffers)

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
            path: where to; missing folders are made, and an earlier mask of that name is replaced.

        Raises:
            ReferenceMistake: nothing is painted yet, another file than a mask lies there, or it can't be written.
        """
        mask = self.mask
        if mask is None:
            raise ReferenceMistake("canvas.empty_mask")
        target = absolute(path)
        named = path if target.suffix.lower() == ".png" else target.with_name(f"{target.name}.png")
        target = absolute_file(named, "path", "mask.png")
        from PIL.PngImagePlugin import PngInfo

        if is_file(target) and not _may_be_replaced(target):
            raise ReferenceMistake("generation.path_is_other_file", path=target)
        facts = PngInfo()
        facts.add_text(*_MARK)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            mask.save(target, "PNG", pnginfo=facts)
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise ReferenceMistake("canvas.cannot_save", path=target, reason=reason) from None
        return target

    def _qwave_image_(self) -> Image.Image | None:
        """What ``--mask`` and ``-i`` read when they are given this control."""
        return self.mask

    def _make_mask(self, strokes: list[JSONObject]) -> Image.Image | None:
        from PIL import Image, ImageChops

        before, area = self._last_area
        # More strokes on the same ones are the usual case, and only they need to be drawn.
        if strokes[: len(before)] == before:
            area = rasterize(strokes[len(before) :], self.size, area)
        else:
            area = rasterize(strokes, self.size)
        self._last_area = (strokes, area)
        if 255 not in area:
            return None
        painted = Image.frombytes("L", self.size, area)
        if not self.alpha:
            return painted
        unpainted = ImageChops.invert(painted)
        # The pages say "transparent = repaint", and one adds "white = keep": both hold.
        return Image.merge("RGBA", (unpainted, unpainted, unpainted, unpainted))

    def __repr__(self) -> str:
        return i18n.text("canvas.repr_mask", width=self.width, height=self.height, count=len(self.value))


def _may_be_replaced(file: Path) -> bool:
    """Whether a file is a mask that a brush has written, or empty."""
    with contextlib.suppress(OSError, ValueError):
        if not file.stat().st_size:
            return True
        image = image_io.load(file)
        name, text = _MARK
        return image.info.get(name) == text or (_looks_like_mask(image) and not find_provenance(file))
    return False


def _looks_like_mask(image: Image.Image) -> bool:
    """Whether it has the two values that a brush leaves: a release before 0.2, and other tools, write no mark."""
    colours = {colour for _, colour in image.convert("RGBA").getcolors(2) or ()}
    return colours in ({(0, 0, 0, 0), (255, 255, 255, 255)}, {(0, 0, 0, 255), (255, 255, 255, 255)})


def paint_mask(image: object, alpha: bool | None = True) -> MaskBrush:
    """Show a mask brush over an image, and return it for ``--mask`` or ``.mask``.

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
    display_now(brush)
    return brush


def _read_strokes(given: object, size: tuple[int, int], *, leave_out: bool = False) -> list[JSONObject]:
    """Read strokes, their points kept near the image; what isn't one or too many is refused, or left out.

    Raises:
        OptionMistake: unless that is left out.
    """
    read, example = partial(_read_stroke, size, leave_out), '[{"kind": "paint", "size": 40, "points": [[100, 80]]}]'
    return read_items(given, read, _MAX_STROKES, bad="canvas.bad_stroke", example=example, leave_out=leave_out)


def _read_stroke(size: tuple[int, int], leave_out: bool, raw: object) -> JSONObject | None:
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind in ("clear", "invert"):
        return {"kind": kind}
    if not isinstance(raw, Mapping) or kind not in ("paint", "erase"):
        return None
    brush_size, read = _clamp_number(raw.get("size"), 0.5, 4.0 * max(size)), partial(_read_point, size)
    points = read_items(
        raw.get("points"), read, _MAX_POINTS, bad="canvas.bad_point", example="[[100, 80]]", leave_out=leave_out
    )
    return {"kind": kind, "size": brush_size, "points": points} if brush_size is not None and points else None


def rasterize(strokes: Iterable[JSONObject], size: tuple[int, int], before: bytes | None = None) -> bytes:
    """Draw strokes: one byte per pixel, row by row, 255 where it is painted and 0 elsewhere."""
    width, height = size
    area = bytearray(width * height) if before is None else bytearray(before)
    for stroke in strokes:
        if stroke["kind"] == "clear":
            area = bytearray(width * height)
        elif stroke["kind"] == "invert":
            area = area.translate(_INVERTED)
        else:
            full = (b"\xff" if stroke["kind"] == "paint" else b"\0") * width
            for row, left, right in _iterate_spans(stroke, width, height):
                area[row * width + left : row * width + right] = full[: right - left]
    return bytes(area)


def _iterate_spans(stroke: JSONObject, width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """Rows with the first pixel and the one behind the last; what a link covers is convex, so that is enough."""
    discs = [_to_disc(point, stroke["size"]) for point in stroke["points"]]
    links = list(pairwise(discs)) or [(discs[0], discs[0])]
    for start, end in links:
        squared_discs = [(x, y, radius * radius) for x, y, radius in {start, end}]
        edges = _find_tangents(start, end)
        top = min(start[1] - start[2], end[1] - end[2])
        bottom = max(start[1] + start[2], end[1] + end[2])
        for row in range(max(0, math.ceil(top - 0.5)), min(height, math.floor(bottom - 0.5) + 1)):
            crossings = _find_crossings(row + 0.5, squared_discs, edges)
            if crossings:
                left, right = max(0, math.ceil(min(crossings) - 0.5)), min(width, math.floor(max(crossings) - 0.5) + 1)
                if left < right:
                    yield row, left, right


def _find_crossings(middle: float, squared_discs: Sequence[_Disc], edges: Sequence[_Edge]) -> list[float]:
    """Where a line at one height enters and leaves the discs and edges of a link."""
    # This is run for every row of every link, a million times for a big image: no calls that can be spared.
    crossings: list[float] = []
    for x, y, square in squared_discs:
        square_offset = square - (middle - y) ** 2
        if square_offset >= 0:
            half = square_offset**0.5
            crossings += (x - half, x + half)
    for x1, y1, x2, y2 in edges:
        if y1 <= middle <= y2:
            crossings.append(x1 + (x2 - x1) * (middle - y1) / (y2 - y1))
    return crossings


def _find_tangents(start: _Disc, end: _Disc) -> list[_Edge]:
    """The straight edges between two discs, as a browser's canvas draws them too; each from its upper end down."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if not length:
        return []
    across, along = (start[1] - end[1]) / length, (end[0] - start[0]) / length
    ends = [
        (
            (start[0] + side * across * start[2], start[1] + side * along * start[2]),
            (end[0] + side * across * end[2], end[1] + side * along * end[2]),
        )
        for side in (1, -1)
    ]
    upright = (sorted(pair, key=lambda end: end[1]) for pair in ends)
    # A level edge adds nothing to the discs that it joins.
    return [(*upper, *lower) for upper, lower in upright if upper[1] != lower[1]]


def _to_disc(point: Sequence[float], size: float) -> _Disc:
    return point[0], point[1], (point[2] if len(point) > 2 else size) / 2


def _read_point(size: tuple[int, int], raw: object) -> list[float] | None:
    numbers = to_list(raw) or []
    if len(numbers) not in {2, 3}:
        return None
    margin = 4.0 * max(size)
    limits = ((-margin, size[0] + margin), (-margin, size[1] + margin), (0.5, margin))
    point = [_clamp_number(number, *limit) for number, limit in zip(numbers, limits, strict=False)]
    return [number for number in point if number is not None] if None not in point else None


def _clamp_number(given: object, low: float, high: float) -> float | None:
    number = read_number(given)
    return None if number is None else min(max(number, low), high)
