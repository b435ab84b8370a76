"""Images and arrays of any kind as people see them: upright, 8 bits a channel, grey or colour, maybe with alpha."""

from __future__ import annotations

import array
import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwave_jupyter.image_formats import quiet_pillow
from qwave_jupyter.images.image_io import MAX_PIXELS, NotAnImage, is_raw

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

__all__ = ["MIN_RANGE", "NormalizedImage", "extrema", "from_array", "has_alpha", "normalize"]

#: How far resampling carries the values of an image in 0–1 beyond that range; they are clipped.
_OVERSHOOT = 0.1
#: Below this no maximum is that of an image in 0–255 that shows something, and above 1.1 none of one in 0–1.
MIN_RANGE = 16.0
_SIXTEEN_BITS = 65535
_ORIENTATION = 0x0112
_READY = frozenset({"RGB", "RGBA", "L", "LA"})


@dataclass(frozen=True)
class NormalizedImage:
    """An image as people see it.

    Args:
        image: upright, of mode RGB, RGBA, L or LA.
        changes: what was done to its pixels: ``turned``, ``scaled``, ``clipped``, ``stretched``, ``alpha_stretched``;
            ``unturned`` where an EXIF orientation was not applied.
        frame: which of several frames it is, from 1.
        frames: how many there are.
    """

    image: Image.Image
    changes: tuple[str, ...] = ()
    frame: int = 1
    frames: int = 1


def normalize(image: Image.Image) -> NormalizedImage:
    """Return an image as people see it.

    An image as it was opened from a file is turned by its EXIF orientation, like in every viewer. Pillow leaves the
    orientation on the results of rotate, crop, resize, convert and the like, whose pixels may be upright by now; they
    are left as the notebook shows them. What Pillow changes in place keeps its class and is never turned by that.

    Args:
        image: a PIL image of any mode, opened or made.

    Raises:
        NotAnImage: closed, truncated, without pixels, too large, but the preview of a raw file, or of a mode or range
            that shows nothing.
    """
    if is_raw(getattr(image, "tag_v2", {})):
        raise NotAnImage("raw")
    if 0 in image.size:
        raise NotAnImage("no_pixels")
    if image.width * image.height > MAX_PIXELS:
        raise NotAnImage("too_large", f"{image.width}×{image.height}")
    try:
        with quiet_pillow():
            image.load()
            frame, frames = _count_frames(image)
            upright, turns = _make_upright(image)
            ready, changes = _to_eight_bits(upright)
            ready = _strip_info(ready)
    except NotAnImage:
        raise
    except AssertionError:
        # Pillow says no more of an image whose file was closed before its pixels were read.
        raise NotAnImage("closed") from None
    except Exception as problem:  # noqa: BLE001
        # Pillow's decoders and converters fail in many ways.
        is_closed = isinstance(problem, (ValueError, AttributeError)) and "closed" in str(problem)
        reason = "closed" if is_closed else "mode" if isinstance(problem, ValueError) else "broken"
        raise NotAnImage(reason, image.mode if reason == "mode" else str(problem)[:120]) from None
    return NormalizedImage(ready, (*turns, *changes), frame, frames)


def extrema(band: Image.Image) -> tuple[float, float]:
    """Return the least and the greatest value of an image of one band."""
    low, high = band.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):
        raise TypeError(band.mode)
    return low, high


def has_alpha(image: Image.Image) -> bool:
    """Whether an image has transparency of any kind."""
    return image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info


def from_array(values: npt.NDArray[np.generic]) -> NormalizedImage:
    """Return an array of pixels as people see it.

    Args:
        values: height × width, or × 1, 3 or 4: booleans, integers 0–1 or 0–255, floats 0–1 or 0–255; colours and alpha
            each in a range of their own.

    Raises:
        NotAnImage: its shape, type or range is no image's, or some of its values are masked.
    """
    import numpy as np
    from PIL import Image

    if np.ma.is_masked(values):
        raise NotAnImage("masked")
    values = np.asarray(values)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    shaped = values.ndim == 2 or (values.ndim == 3 and values.shape[2] in {3, 4})
    if not shaped or values.size == 0 or values.dtype.kind not in "biuf":
        raise NotAnImage("array", f"{values.dtype} {values.shape}")
    if values.shape[0] * values.shape[1] > MAX_PIXELS:
        raise NotAnImage("too_large", f"{values.shape}")
    if values.dtype.kind == "b":
        return NormalizedImage(Image.fromarray(np.ascontiguousarray(values.astype(np.uint8) * 255)))
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        if not np.isfinite(values).all():
            raise NotAnImage("array", f"{values.dtype} NaN/inf")
    has_alpha = values.ndim == 3 and values.shape[2] == 4
    parts = [values[:, :, :3], values[:, :, 3:]] if has_alpha else [values]
    scaled = [_scale_array(part) for part in parts]
    eight_bits = np.concatenate([part for part, _ in scaled], axis=2) if has_alpha else scaled[0][0]
    # Only the alpha of an image that has some comes second.
    changes = [
        "alpha_stretched" if index and change == "stretched" else change
        for index, (_, found) in enumerate(scaled)
        for change in found
    ]
    return NormalizedImage(Image.fromarray(np.ascontiguousarray(eight_bits)), tuple(dict.fromkeys(changes)))


def _scale_array(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Scale the colours or the alpha of an array to 0–255."""
    import numpy as np

    low, high = float(values.min()), float(values.max())
    is_float = values.dtype.kind == "f"
    scale, changes = _find_scale(low, high, is_float=is_float)
    if scale is None:
        raise NotAnImage("array", f"{values.dtype} {low:g}…{high:g}")
    scaled = values if scale == 1 else values.astype(np.float64) * scale
    return np.clip(scaled.round() if is_float else scaled, 0, 255).astype(np.uint8), changes


def _find_scale(low: float, high: float, *, is_float: bool) -> tuple[int | None, tuple[str, ...]]:
    """What values are multiplied with to reach 0–255, None where their range is no image's, and what to say of it."""
    if not is_float:
        if low < 0 or high > 255:
            return None, ()
        return (255, ("stretched",)) if high == 1 else (1, ())
    if low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT:
        return 255, (("clipped",) if low < -1e-3 or high > 1 + 1e-3 else ())
    return (1, ()) if low >= -0.5 and MIN_RANGE <= high <= 255.5 else (None, ())


def _count_frames(image: Image.Image) -> tuple[int, int]:
    if image.format in {"JPEG", "MPO"}:
        # A camera's further frames are previews and depth maps.
        return 1, 1
    try:
        place = image.tell()
        frames = int(getattr(image, "n_frames", 1))
    except (ValueError, OSError, EOFError, AttributeError):
        # The file was closed after its pixels were read, or is cut off in a later frame.
        return 1, 1
    return place + 1, frames


def _make_upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    from PIL import ImageFile

    turn = _find_turn(image)
    if turn is None:
        return image, ()
    if not isinstance(image, ImageFile.ImageFile):
        # The result of an operation: nobody knows whether it was turned since, but people see its pixels as they are.
        return image, ("unturned",)
    return image.transpose(turn), ("turned",)


def _find_turn(image: Image.Image) -> Image.Transpose | None:
    """What makes the pixels upright by their EXIF orientation; None where they are, or no orientation says so."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    # Metadata that can't be read turns nothing, in viewers neither; Pillow fails at it in many ways.
    with contextlib.suppress(Exception):
        return turns.get(image.getexif().get(_ORIENTATION, 1))
    return None


def _strip_info(image: Image.Image) -> Image.Image:
    """The image without what Pillow's encoders would write besides its pixels and colours, or fail at."""
    profile = image.info.get("icc_profile")
    # Of a CMYK photo that was converted, say, the profile is no longer that of its colours.
    space = b"GRAY" if image.mode in {"L", "LA"} else b"RGB "
    has_profile = isinstance(profile, bytes) and profile[16:20] == space
    if len(image.info) == has_profile:
        return image
    stripped = image.copy()
    stripped.info = {"icc_profile": profile} if has_profile else {}
    return stripped


def _to_eight_bits(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _scale_deep(image)
    if image.mode in _READY and "transparency" not in image.info:
        return image, ()
    if image.mode in {"La", "RGBa"}:
        return image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode]), ()
    return image.convert("RGBA" if has_alpha(image) else "L" if image.mode == "1" else "RGB"), ()


def _scale_deep(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Scale 16-bit, 32-bit and float pixels to 8 bits."""
    is_float = image.mode == "F"
    values = image if is_float else image.convert("I")
    if is_float and not all(map(math.isfinite, array.array("f", values.tobytes()))):
        raise NotAnImage("array", f"{image.mode} NaN/inf")
    low, high = extrema(values)
    is_sixteen_bits = image.mode != "I" or image.format == "PNG"
    if is_float or (high <= 255 and not is_sixteen_bits) or (low >= 0 and high == 1):
        scale, changes = _find_scale(low, high, is_float=is_float)
    else:
        scale, changes = (None, ()) if low < 0 or high > _SIXTEEN_BITS else (1, ("scaled",))
    if scale is None:
        raise NotAnImage("array", f"{image.mode} {low:g}…{high:g}")
    factor = 255 / _SIXTEEN_BITS if changes == ("scaled",) else scale
    return values.convert("F").point(lambda value: value * factor + 0.5).convert("L"), changes
