"""What the words of a prompt do to light and colour."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

__all__ = ["Colour", "Mood", "mixed", "mood_of"]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Mood:
    """The light of a scene.

    Args:
        high: the sky above.
        low: the sky at the horizon.
        ground: the nearest ground.
        light: sun, moon or lamps.
        accent: what catches the eye.
        stars: whether there are any.
        wet: whether the ground mirrors.
    """

    high: Colour
    low: Colour
    ground: Colour
    light: Colour
    accent: Colour
    stars: bool = False
    wet: bool = False


_NIGHT = Mood((9, 12, 38), (58, 40, 92), (10, 10, 24), (240, 236, 214), (255, 64, 160), stars=True)
_DAWN = Mood((96, 128, 190), (255, 196, 160), (52, 62, 84), (255, 240, 210), (255, 140, 110))
_DUSK = Mood((74, 48, 110), (255, 138, 76), (40, 26, 48), (255, 220, 150), (255, 96, 72))
_MIST = Mood((176, 186, 194), (222, 226, 226), (92, 104, 110), (246, 246, 240), (150, 120, 100))
_STORM = Mood((52, 64, 78), (122, 134, 146), (32, 40, 48), (214, 222, 230), (240, 180, 60), wet=True)
_SNOW = Mood((140, 176, 214), (232, 240, 248), (206, 220, 234), (255, 252, 240), (200, 60, 60))
_AUTUMN = Mood((150, 176, 200), (250, 214, 160), (112, 62, 30), (255, 236, 200), (214, 92, 24))
_DESERT = Mood((92, 160, 210), (246, 214, 160), (188, 126, 66), (255, 246, 214), (160, 70, 40))
_SPACE = Mood((4, 4, 16), (24, 16, 60), (70, 66, 84), (200, 220, 255), (250, 130, 40), stars=True)
_TIMES = (
    (r"space|planet|galaxy|astronaut|宇宙|太空|宇航", _SPACE),
    (r"night|midnight|star|moon|neon|夜|星|月", _NIGHT),
    (r"dawn|sunrise|morning|晨|日出", _DAWN),
    (r"sunset|dusk|evening|golden|黄昏|日落|夕阳", _DUSK),
    (r"\bfog|mist|雾", _MIST),
    (r"rain|storm|雨|暴风", _STORM),
    (r"snow|winter|\bice\b|雪|冬", _SNOW),
    (r"autumn|秋", _AUTUMN),
    (r"desert|dune|沙漠", _DESERT),
)
_DAYS = (
    Mood((70, 142, 214), (206, 230, 244), (58, 104, 74), (255, 248, 222), (232, 84, 62)),
    Mood((98, 116, 206), (250, 208, 214), (72, 82, 122), (255, 240, 226), (250, 120, 90)),
    Mood((52, 150, 166), (228, 238, 206), (34, 92, 92), (255, 250, 214), (244, 162, 60)),
)
_COLOURS: dict[str, Colour] = {
    r"\bred\b|红": (206, 40, 44),
    r"\bblue\b|蓝": (40, 92, 206),
    r"\bgreen\b|绿": (48, 146, 74),
    r"\byellow\b|黄色": (244, 200, 48),
    r"\bpurple\b|\bviolet\b|紫": (124, 58, 170),
    r"\borange\b|橙": (240, 130, 36),
    r"\bpink\b|粉": (244, 130, 172),
    r"\bwhite\b|白": (244, 244, 240),
    r"\bblack\b|黑": (40, 40, 46),
    r"\bgold\b|金": (222, 176, 66),
}


def mood_of(prompt: str, dice: random.Random) -> Mood:
    """The mood that a prompt asks for, or one of the ordinary days.

    Args:
        prompt: the words in lower case, English or Chinese.
        dice: decides what the words leave open.
    """
    mood = next((mood for words, mood in _TIMES if re.search(words, prompt)), dice.choice(_DAYS))
    named = [colour for words, colour in _COLOURS.items() if re.search(words, prompt)]
    if named:
        mood = replace(mood, accent=named[0], low=mixed(mood.low, named[-1], 0.25))
    wet = bool(re.search(r"\bwet\b|\bsea\b|lake|river|water|ocean|reflect|湖|海|河|水|湿", prompt))
    return replace(mood, wet=mood.wet or wet)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two.

    Args:
        one: where share is 0.
        other: where share is 1.
        share: 0 to 1.
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
