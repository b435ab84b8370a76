"""The palette editor: colours and how much of the picture each should have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.widgets.canvas import ratios
from qwave_jupyter.widgets.canvas.base import Control, front_end
from qwave_jupyter.widgets.canvas.preview_image import decoded

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FEWEST", "MOST", "PaletteEditor"]

#: Both editions' pages of the one family that takes a palette: 3 to 10 items.
FEWEST, MOST = 3, 10
_FIRST = ("#264653", "#2A9D8F", "#E9C46A", "#E76F51")
_FIRST_SHARES = (40, 30, 20, 10)
_HEX = re.compile(r"#?(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
#: Enough to count colours by, and quick at any picture's size.
_SIDE = 200
#: How far apart made-up shades lie, of 255.
_STEP = 18


class PaletteEditor(Control):
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

    _esm = front_end("elements.js", "palette_editor.js")
    _css = front_end("controls.css", "palette_editor.css")
    _static = "canvas.static_palette"
    _said = (
        "add_colour",
        "border",
        "border_value",
        "colour_hex",
        "colour_share",
        "colour_swatch",
        "equal_shares",
        "keys_palette",
        "palette_label",
        "palette_sum",
        "remove_colour",
    )

    value: traitlets.List[Any] = traitlets.List().tag(sync=True)
    decimals = traitlets.Int(0).tag(sync=True)
    fewest = traitlets.Int(FEWEST).tag(sync=True)
    most = traitlets.Int(MOST).tag(sync=True)

    def __init__(self, colors: Sequence[Any] | None = None, decimals: int = 0) -> None:
        if decimals not in {0, 2}:
            raise OptionMistake("canvas.bad_decimals", given=decimals)
        first = list(zip(_FIRST, _FIRST_SHARES, strict=True)) if colors is None else colors
        palette = _read(first, decimals)
        super().__init__(decimals=decimals, value=palette)

    @classmethod
    def from_picture(cls, image: Any, colors: int = 5, decimals: int = 0) -> PaletteEditor:
        """A palette of a picture's main colours, by how much of it each covers.

        Args:
            image: a path, bytes, a PIL image, an array, a Matplotlib figure, or an earlier result.
            colors: how many.
            decimals: 0 for whole percents, or 2 for hundredths.

        Raises:
            ReferenceMistake: the image can't be used.
            OptionMistake: fewer than 3 colours or more than 10.
        """
        if isinstance(colors, bool) or not isinstance(colors, int) or not FEWEST <= colors <= MOST:
            raise OptionMistake("canvas.palette_length", count=colors, least=FEWEST, most=MOST)
        return cls(_counted(decoded(image), colors), decimals)

    @traitlets.validate("value")
    def _trusted(self, proposal: Any) -> list[dict[str, Any]]:
        return _read(proposal["value"], self.decimals)

    @property
    def palette(self) -> list[dict[str, Any]]:
        """The palette as the API wants it: ``[{"hex": "#RRGGBB", "ratio": percent}, …]``."""
        return [dict(one) for one in self.value]

    def _qwave_value_(self) -> list[dict[str, Any]]:
        """What a parameter reads when it is given this control."""
        return self.palette

    def __repr__(self) -> str:
        return i18n.say(
            "canvas.repr_palette", colours=", ".join(f"{one['hex']} {one['ratio']} %" for one in self.value)
        )


def _read(given: Any, decimals: int) -> list[dict[str, Any]]:
    items = list(given) if isinstance(given, (list, tuple)) else [given]
    if not FEWEST <= len(items) <= MOST:
        raise OptionMistake("canvas.palette_length", count=len(items), least=FEWEST, most=MOST)
    pairs = [_pair(item) for item in items]
    known = [share for _, share in pairs if share is not None]
    # A colour without a share gets as much as the others have on average.
    usual = sum(known) / len(known) if known else 1.0
    divided = ratios.divided([usual if share is None else share for _, share in pairs], ratios.units(decimals))
    return [
        {"hex": shade, "ratio": ratios.ratio(share, decimals)} for (shade, _), share in zip(pairs, divided, strict=True)
    ]


def _pair(item: Any) -> tuple[str, float | None]:
    shade, share = item, None
    if isinstance(item, Mapping):
        shade, share = item.get("hex"), item.get("ratio")
    elif isinstance(item, (list, tuple)) and len(item) == 2:
        shade, share = item
    if not isinstance(shade, str) or not _HEX.fullmatch(shade.strip()):
        raise OptionMistake("canvas.not_a_colour", given=_shown(shade))
    if share is not None and (isinstance(share, bool) or not isinstance(share, (int, float)) or not share >= 0):
        raise OptionMistake("canvas.not_a_share", given=_shown(share))
    digits = shade.strip().lstrip("#").upper()
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return f"#{digits}", share


def _shown(given: Any) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in str(given)[:60])


def _counted(picture: Image.Image, colors: int) -> list[tuple[str, float]]:
    from PIL import Image

    small = picture.convert("RGBA")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    paper = Image.new("RGB", small.size, (255, 255, 255))
    paper.paste(small, mask=small.getchannel("A"))
    few = paper.quantize(colors, method=Image.Quantize.MEDIANCUT, kmeans=2)
    table = few.getpalette() or []
    found: dict[str, float] = {}
    counts = few.histogram()[: len(table) // 3]
    for place in sorted(range(len(counts)), key=lambda place: -counts[place]):
        if not counts[place]:
            break
        red, green, blue = table[3 * place : 3 * place + 3]
        shade = f"#{red:02X}{green:02X}{blue:02X}"
        found[shade] = found.get(shade, 0) + counts[place]
    return [*found.items(), *_shades(list(found), colors)][:colors]


def _shades(found: Sequence[str], colors: int) -> list[tuple[str, float]]:
    """Near shades for a picture that has fewer colours than are asked for, with next to no share."""
    made: list[tuple[str, float]] = []
    # Darker and lighter by turns: whatever the colour, one of the ways leads on.
    for away in (sign * _STEP * step for step in range(1, 1 + 255 // _STEP) for sign in (-1, 1)):
        for shade in found:
            levels = [int(shade[place : place + 2], 16) for place in (1, 3, 5)]
            other = "#" + "".join(f"{min(255, max(0, level + away)):02X}" for level in levels)
            if other not in found and all(other != known for known, _ in made):
                made.append((other, 0.0))
    return made[:colors]
