"""What an image has to obey, and what its words come to."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qwave_jupyter.demo.painting import lettering
from qwave_jupyter.demo.painting.image_ops import Boxes
from qwave_jupyter.demo.painting.lighting import (
    Mood,
    at_time_of_day,
    find_colour,
    find_mood,
    has_special_light,
    shift_hue,
)
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif, find_motifs
from qwave_jupyter.demo.painting.palettes import Share
from qwave_jupyter.demo.painting.styles import find_style

__all__ = ["Brief", "Plan", "has_motif", "make_dice", "parse_prompt"]

_FINE = {"low": 0, "high": 2}
#: What every landscape has.
_LANDSCAPE_WORDS = (
    r"landscape|scener|\bhills?\b|meadow|\bfields?\b|grass|\bsky\b|nature|clouds?\b|风景|草|天空|田野|自然|云"
)


@dataclass(frozen=True)
class Brief:
    """What an image has to obey.

    Args:
        prompt: the words.
        width: pixels.
        height: pixels.
        seed: the same seed gives the same composition.
        index: which of several images, from 0.
        format: ``png``, ``jpeg`` or ``webp``.
        compression: 0 to 100 for JPEG and WebP, or None.
        quality: ``low``, ``medium``, ``high`` or anything else.
        transparent: whether the background is left out.
        watermark: whether a watermark is drawn.
        references: bytes of reference images, the first of which is the ground of an edit.
        negative: words for what mustn't appear.
        style: words for the style besides the prompt's.
        mask: bytes of a mask of the first reference; outside it nothing changes.
        boxes: per reference, boxes (left, top, right, bottom in its own pixels) that confine the change.
        palette: colours and the share of the pixels that each covers.
        series: of how many images this is one, all of the same motif; 0 for none.
        captions: notes in small letters at the lower left.
        saturation: factor of the colours' saturation.
        weird: 0 to 1, how far colours are from the usual.
        chaos: 0 to 1, how much the images of one order differ.
        tile: whether the edges meet when it is laid side by side.
        window: how the first reference lies in the image: ``keep``, ``zoom``, ``left``, ``right``, ``up`` or ``down``
            for all of it and nothing else, else "".
        zoom: how much smaller it is for ``zoom``.
        insets: bytes of images that are shown besides, and nothing else.
        completion: 0 to 1, how far the painting went before it was stopped.
    """

    prompt: str
    width: int = 1024
    height: int = 1024
    seed: int = 0
    index: int = 0
    format: str = "png"
    compression: int | None = None
    quality: str = ""
    transparent: bool = False
    watermark: bool = False
    references: Sequence[bytes] = ()
    negative: str = ""
    style: str = ""
    mask: bytes | None = None
    boxes: Boxes = ()
    palette: Sequence[Share] = ()
    series: int = 0
    captions: Sequence[str] = ()
    saturation: float = 1.0
    weird: float = 0.0
    chaos: float = 0.0
    tile: bool = False
    window: str = ""
    zoom: float = 1.5
    insets: Sequence[bytes] = ()
    completion: float = 1.0

    @property
    def series_progress(self) -> float:
        """The position of an image in its series, 0 to 1."""
        return self.index / (self.series - 1) if self.series > 1 else 0.0


@dataclass(frozen=True)
class Plan:
    """The result of parsing a brief.

    Args:
        mood: the light and the weather.
        motifs: the motifs.
        style: one of the styles, or "".
        text: what is lettered, one line each.
        fine: 0 for a rough sketch to 2 for much detail.
        excluded: the motifs that mustn't appear.
    """

    mood: Mood
    motifs: Sequence[PromptMotif]
    style: str
    text: str
    fine: int
    excluded: frozenset[str]


def parse_prompt(brief: Brief) -> Plan:
    """Parse the prompt, the style and the negative prompt of a brief."""
    prompt = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", brief.prompt[:4000])
    read = prompt.lower()
    excluded = brief.negative[:2000].lower()
    index = brief.index if brief.chaos > 0 and not brief.series else 0
    words = f"{read} {brief.style[:200].lower()}"
    motifs = find_motifs(read, excluded)
    # A colour that belongs to a motif is none of the air.
    tint = 0.25 if any(motif.colour for motif in motifs) else 1.0
    mood = find_mood(words, make_dice(prompt, brief.seed, -1 - index), excluded, tint)
    if brief.series:
        mood = at_time_of_day(mood, brief.series_progress)
    if brief.weird or brief.saturation != 1.0:
        mood = _distort_mood(mood, brief.weird, brief.saturation)
    style = find_style(words, excluded)
    return Plan(
        mood=mood,
        motifs=motifs,
        style=style,
        text=lettering.extract_quoted_text(prompt),
        # Flat inks want flat land.
        fine=0 if style == "poster" else _FINE.get(brief.quality, 1),
        excluded=frozenset(motif.name for motif in find_motifs(excluded)),
    )


def has_motif(prompt: str) -> bool:
    """Return whether anything in a prompt can be painted; an empty one counts as such."""
    read = prompt[:4000].lower()
    if (
        not read.strip()
        or re.search(_LANDSCAPE_WORDS, read)
        or find_motifs(read)
        or find_style(read)
        or lettering.extract_quoted_text(prompt[:4000])
        or find_colour(read)
    ):
        return True
    mood = find_mood(read, make_dice(read, 0, 0))
    return has_special_light(mood) or mood.wet


def _distort_mood(mood: Mood, weird: float, vivid: float) -> Mood:
    turn = weird * 0.45
    return replace(
        mood,
        sky=tuple(shift_hue(one, turn, vivid) for one in mood.sky),
        far=shift_hue(mood.far, turn, vivid),
        near=shift_hue(mood.near, -turn, vivid),
        leaf=shift_hue(mood.leaf, -turn, vivid),
        accent=shift_hue(mood.accent, turn, vivid),
    )


def make_dice(prompt: str, seed: int, index: int) -> random.Random:
    """Return a random generator, the same for the same words, seed and index."""
    digest = hashlib.sha256(f"{prompt}\0{seed}\0{index}".encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - images, not secrets
