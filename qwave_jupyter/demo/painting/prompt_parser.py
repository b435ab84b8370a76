"""What an image has to obey, and what its words come to."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qwave_jupyter.demo.painting import lettering
from qwave_jupyter.demo.painting.image_ops import Boxes
from qwave_jupyter.demo.painting.lighting import Mood, colour_in, mood_at, mood_of, shift_hue, tells_light
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif, find_motifs
from qwave_jupyter.demo.painting.palettes import Share
from qwave_jupyter.demo.painting.styles import style_of

__all__ = ["Brief", "Plan", "dice_of", "has_motif", "parse_prompt"]

_FINE = {"low": 0, "high": 2}
#: What every landscape has.
_EVERYWHERE = r"landscape|scener|\bhills?\b|meadow|\bfields?\b|grass|\bsky\b|nature|clouds?\b|风景|草|天空|田野|自然|云"


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
        captions: what is said in small letters at the lower left.
        vivid: factor of how strong the colours are.
        weird: 0 to 1, how far colours are from the usual.
        chaos: 0 to 1, how much the images of one order differ.
        tile: whether the edges meet when it is laid side by side.
        window: how the first reference lies in the image: ``keep``, ``zoom``, ``left``, ``right``, ``up`` or ``down``
            for all of it and nothing else, else "".
        zoom: how much smaller it is for ``zoom``.
        beside: bytes of images that are shown besides, and nothing else.
        done: 0 to 1, how far the painting went before it was stopped.
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
    vivid: float = 1.0
    weird: float = 0.0
    chaos: float = 0.0
    tile: bool = False
    window: str = ""
    zoom: float = 1.5
    beside: Sequence[bytes] = ()
    done: float = 1.0

    @property
    def part(self) -> float:
        """How far into its series an image is, 0 to 1."""
        return self.index / (self.series - 1) if self.series > 1 else 0.0


@dataclass(frozen=True)
class Plan:
    """What the words of a brief come to.

    Args:
        mood: the light and the weather.
        wishes: the motifs.
        style: one of the styles, or "".
        text: what is lettered, one line each.
        fine: 0 for a rough sketch to 2 for much detail.
        refused: the motifs that mustn't appear.
    """

    mood: Mood
    wishes: Sequence[PromptMotif]
    style: str
    text: str
    fine: int
    refused: frozenset[str]


def parse_prompt(brief: Brief) -> Plan:
    """What the words of a brief come to.

    Args:
        brief: of the image.
    """
    prompt = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", brief.prompt[:4000])
    read = prompt.lower()
    refused = brief.negative[:2000].lower()
    index = brief.index if brief.chaos > 0 and not brief.series else 0
    words = f"{read} {brief.style[:200].lower()}"
    wishes = find_motifs(read, refused)
    # A colour that belongs to a motif is none of the air.
    tint = 0.25 if any(wish.colour for wish in wishes) else 1.0
    mood = mood_of(words, dice_of(prompt, brief.seed, -1 - index), refused, tint)
    if brief.series:
        mood = mood_at(mood, brief.part)
    if brief.weird or brief.vivid != 1.0:
        mood = _distort_mood(mood, brief.weird, brief.vivid)
    style = style_of(words, refused)
    return Plan(
        mood=mood,
        wishes=wishes,
        style=style,
        text=lettering.quoted_text(prompt),
        # Flat inks want flat land.
        fine=0 if style == "poster" else _FINE.get(brief.quality, 1),
        refused=frozenset(wish.name for wish in find_motifs(refused)),
    )


def has_motif(prompt: str) -> bool:
    """Whether anything that a prompt says is seen in its image; an empty one says nothing.

    Args:
        prompt: as it was written.
    """
    read = prompt[:4000].lower()
    if (
        not read.strip()
        or re.search(_EVERYWHERE, read)
        or find_motifs(read)
        or style_of(read)
        or lettering.quoted_text(prompt[:4000])
        or colour_in(read)
    ):
        return True
    mood = mood_of(read, dice_of(read, 0, 0))
    return tells_light(mood) or mood.wet


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


def dice_of(prompt: str, seed: int, index: int) -> random.Random:
    """The dice of one image: the same for the same words, seed and place.

    Args:
        prompt: the words.
        seed: of the order.
        index: which of its images.
    """
    digest = hashlib.sha256(f"{prompt}\0{seed}\0{index}".encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - images, not secrets
