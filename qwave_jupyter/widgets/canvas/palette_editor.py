"""The palette editor: colours and how much of the image each should have."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import (
    CHANGES_SCRIPT,
    CanvasControl,
    decode_image,
    read_assets,
    read_number,
    to_list,
)

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PaletteEditor"]

#: Both editions' pages of the one family that takes a palette: 3 to 10 items.
_MIN_COLOURS, _MAX_COLOURS = 3, 10
_DEFAULT_COLOURS = ("#264653", "#2A9D8F", "#E9C46A", "#E76F51")
_DEFAULT_SHARES = (40, 30, 20, 10)
_HEX = re.compile(r"#?(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
#: Enough to count colours by, and quick at any image's size.
_SAMPLE_SIDE = 200
#: How far apart made-up shades lie, of 255.
_SHADE_STEP = 18


class PaletteEditor(CanvasControl):
    """3 to 10 colours with shares that always sum to exactly 100.

    ``value`` is the palette as the API wants it and can be observed and set; whatever is set is brought to the sum.

    Args:
        colors: hex colours, ``(hex, percent)`` pairs, or ``{"hex": …, "ratio": …}`` items; None for a first palette.
        decimals: 0 for whole percents, which every edition takes, or 2 for hundredths, which ``2026-09`` takes.

    Raises:
        OptionMistake: a colour that can't be read, or too few or too many of them.

    Example:
        >>> PaletteEditor(["#264653", "#2a9d8f", "#e9c46a"]).palette
        [{'hex': '#264653', 'ratio': 34}, {'hex': '#2A9D8F', 'ratio': 33}, {'hex': '#E9C46A', 'ratio': 33}]
    """

    _esm = CHANGES_SCRIPT + read_assets(__file__, "keyboard.js", "shortcut_list.js", "elements.js", "palette_editor.js")
    _css = read_assets(__file__, "controls.css", "shortcut_list.css", "palette_editor.css")
    _static_key = "canvas.static_palette"
    _shortcuts = "palette"
    _text_keys = (
        "add_colour",
        "border",
        "border_value",
        "colour_hex",
        "colour_share",
        "colour_swatch",
        "equal_shares",
        "palette_help",
        "palette_label",
        "palette_sum",
        "remove_colour",
    )

    # Of any kind, so that what is no list is refused in words.
    value: traitlets.TraitType[Any, Any] = traitlets.TraitType().tag(sync=True)
    decimals = traitlets.Int(0).tag(sync=True)
    fewest = traitlets.Int(_MIN_COLOURS).tag(sync=True)
    most = traitlets.Int(_MAX_COLOURS).tag(sync=True)

    def __init__(self, colors: Sequence[object] | None = None, decimals: int = 0) -> None:
        if decimals not in {0, 2}:
            raise OptionMistake("canvas.bad_decimals", given=decimals)
        if colors is None:
            colors = list(zip(_DEFAULT_COLOURS, _DEFAULT_SHARES, strict=True))
        super().__init__(decimals=decimals, value=_read_palette(colors, decimals))

    @classmethod
    def from_image(cls, image: object, colors: int = 5, decimals: int = 0) -> PaletteEditor:
        """A palette of an image's main colours, by how much of it each covers.

        Args:
            image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
            colors: how many.
            decimals: 0 for whole percents, or 2 for hundredths.

        Raises:
            ReferenceMistake: the image can't be used.
            OptionMistake: fewer than 3 colours or more than 10.
        """
        if isinstance(colors, bool) or not isinstance(colors, int) or not _MIN_COLOURS <= colors <= _MAX_COLOURS:
            raise OptionMistake("canvas.palette_length", count=colors, least=_MIN_COLOURS, most=_MAX_COLOURS)
        return cls(_find_main_colours(decode_image(image), colors), decimals)

    @traitlets.validate("value")
    def _validate_value(self, proposal: traitlets.Bunch) -> list[JSONObject]:
        return _read_palette(proposal["value"], self.decimals)

    @property
    def palette(self) -> list[JSONObject]:
        """The palette as the API wants it: ``[{"hex": "#RRGGBB", "ratio": percent}, …]``."""
        # Read again: a list can be changed in place.
        return _read_palette(self.value, self.decimals)

    def _qwave_value_(self) -> list[JSONObject]:
        """What a parameter reads when it is given this control."""
        return self.palette

    def __repr__(self) -> str:
        return i18n.text(
            "canvas.repr_palette", colours=", ".join(f"{one['hex']} {one['ratio']} %" for one in self.value)
        )


def _read_palette(given: object, decimals: int) -> list[JSONObject]:
    items = to_list(given) or [given]
    if not _MIN_COLOURS <= len(items) <= _MAX_COLOURS:
        raise OptionMistake("canvas.palette_length", count=len(items), least=_MIN_COLOURS, most=_MAX_COLOURS)
    pairs = [_read_colour(item) for item in items]
    known = [share for _, share in pairs if share is not None]
    # A colour without a share gets as much as the others have on average.
    average = sum(known) / len(known) if known else 1.0
    scale = 10**decimals
    shares = divide([average if share is None else share for _, share in pairs], 100 * scale)
    return [
        {"hex": shade, "ratio": round(share / scale, decimals) if decimals else share}
        for (shade, _), share in zip(pairs, shares, strict=True)
    ]


def _read_colour(item: object) -> tuple[str, float | None]:
    shade, share = item, None
    if isinstance(item, Mapping):
        shade, share = item.get("hex"), item.get("ratio")
    elif isinstance(item, (list, tuple)) and len(item) == 2:
        shade, share = item
    if not isinstance(shade, str) or not _HEX.fullmatch(shade.strip()):
        raise OptionMistake("canvas.not_a_colour", given=i18n.printable(str(shade)[:60]))
    number = read_number(share)
    if share is not None and (number is None or number < 0):
        raise OptionMistake("canvas.not_a_share", given=i18n.printable(str(share)[:60]))
    digits = shade.strip().lstrip("#").upper()
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return f"#{digits}", number


def divide(weights: Sequence[float], total: int) -> list[int]:
    """Divide a total into whole shares in the proportion of the weights, each at least 1, by the largest remainder."""
    finite = [float(weight) if math.isfinite(weight) and weight > 0 else 0.0 for weight in weights]
    largest = max(finite, default=0.0)
    # Scaled first: the sum of huge weights would be infinite.
    scaled = [weight / largest for weight in finite] if largest else [1.0] * len(finite)
    whole = sum(scaled)
    exact = [weight * total / whole for weight in scaled]
    # Shares that are whole already stay what they are, whatever the floating point made of them.
    if all(abs(share - round(share)) < 1e-9 and share >= 1 for share in exact):
        return [round(share) for share in exact]
    shares = [max(1, math.floor(share)) for share in exact]
    while sum(shares) > total:
        shares[max(range(len(shares)), key=lambda index: shares[index])] -= 1
    rest = sorted(range(len(shares)), key=lambda index: shares[index] - exact[index])
    for step in range(total - sum(shares)):
        shares[rest[step % len(rest)]] += 1
    return shares


def _find_main_colours(image: Image.Image, colors: int) -> list[tuple[str, float]]:
    """Find that many colours of an image with the number of their pixels, the most frequent first."""
    from PIL import Image

    small = image.convert("RGBA")
    small.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.BOX)
    paper = Image.new("RGB", small.size, (255, 255, 255))
    paper.paste(small, mask=small.getchannel("A"))
    quantized = paper.quantize(colors, method=Image.Quantize.MEDIANCUT, kmeans=2)
    table = quantized.getpalette() or []
    counts = quantized.histogram()[: len(table) // 3]
    found: dict[str, float] = {}
    for index in sorted(range(len(counts)), key=lambda index: -counts[index]):
        if counts[index]:
            red, green, blue = table[3 * index : 3 * index + 3]
            shade = f"#{red:02X}{green:02X}{blue:02X}"
            found[shade] = found.get(shade, 0) + counts[index]
    return [*found.items(), *((shade, 0.0) for shade in _make_similar_shades(list(found), colors))][:colors]


def _make_similar_shades(found: Sequence[str], count: int) -> list[str]:
    """Make near shades for an image that has fewer colours than are asked for."""
    made: list[str] = []
    # Darker and lighter by turns: whatever the colour, one of the ways leads on.
    for offset in (sign * _SHADE_STEP * step for step in range(1, 1 + 255 // _SHADE_STEP) for sign in (-1, 1)):
        for shade in found:
            levels = [int(shade[start : start + 2], 16) for start in (1, 3, 5)]
            other = "#" + "".join(f"{min(255, max(0, level + offset)):02X}" for level in levels)
            if other not in found and other not in made:
                made.append(other)
    return made[:count]
