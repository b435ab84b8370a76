"""What the words of a prompt do to light, weather and colour."""

from __future__ import annotations

import colorsys
import math
import random
import re
from dataclasses import dataclass, field, replace

__all__ = [
    "COLOURS",
    "Colour",
    "Mood",
    "at_time_of_day",
    "find_colour",
    "find_mood",
    "has_special_light",
    "mix",
    "shift_hue",
]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Mood:
    """The light of a scene.

    Args:
        sky: colours from the zenith to the horizon.
        far: the farthest hills, which is the colour of the air.
        near: the nearest ground.
        leaf: grass and trees.
        light: sun, moon or lamps.
        accent: what catches the eye.
        sun: how high the light stands, from 0 at the horizon to 1.
        night: whether windows and lamps are lit.
        stars: whether there are any.
        wet: whether the ground is water or mirrors.
        place: ``land``, ``sea``, ``desert``, ``space`` or ``underwater``.
        season: ``spring``, ``summer``, ``autumn``, ``winter`` or "".
        weather: any of ``rain``, ``storm``, ``snow``, ``fog``, ``clouds``, ``aurora``, ``rainbow``.
    """

    sky: tuple[Colour, ...]
    far: Colour
    near: Colour
    leaf: Colour
    light: Colour
    accent: Colour
    sun: float = 0.6
    night: bool = False
    stars: bool = False
    wet: bool = False
    place: str = "land"
    season: str = ""
    weather: frozenset[str] = field(default_factory=frozenset)


_NIGHT = Mood(
    ((7, 11, 34), (18, 28, 72), (48, 54, 116), (104, 92, 150)),
    (78, 80, 136),
    (9, 13, 30),
    (16, 34, 52),
    (246, 240, 214),
    (255, 176, 92),
    sun=0.72,
    night=True,
    stars=True,
)
_BLUE_HOUR = replace(
    _NIGHT, sky=((16, 24, 66), (38, 56, 122), (112, 104, 168), (240, 158, 140)), far=(112, 102, 154), sun=0.55
)
_DAWN = Mood(
    ((84, 116, 176), (150, 164, 206), (244, 196, 186), (255, 222, 178)),
    (206, 176, 184),
    (44, 60, 74),
    (66, 98, 88),
    (255, 240, 206),
    (240, 110, 96),
    sun=0.14,
)
_DUSK = Mood(
    ((58, 44, 104), (142, 68, 122), (238, 110, 92), (255, 190, 104)),
    (214, 104, 104),
    (38, 22, 46),
    (64, 40, 62),
    (255, 226, 150),
    (255, 120, 72),
    sun=0.1,
)
_GOLDEN = replace(
    _DUSK,
    sky=((116, 140, 176), (196, 178, 160), (250, 206, 140), (255, 226, 160)),
    far=(214, 168, 118),
    near=(62, 48, 36),
    leaf=(104, 96, 48),
    sun=0.3,
)
_SPACE = Mood(
    ((5, 6, 20), (16, 14, 46), (44, 26, 84), (94, 46, 118)),
    (72, 52, 104),
    (22, 20, 38),
    (40, 40, 72),
    (214, 228, 255),
    (255, 138, 66),
    night=True,
    stars=True,
    place="space",
)
_UNDERWATER = Mood(
    ((136, 222, 220), (48, 156, 186), (18, 92, 142), (8, 44, 90)),
    (20, 92, 138),
    (6, 30, 58),
    (24, 110, 98),
    (222, 255, 244),
    (255, 138, 84),
    sun=0.9,
    place="underwater",
)
_DAYS = (
    Mood(
        ((44, 116, 200), (96, 166, 226), (168, 212, 238), (232, 240, 232)),
        (158, 194, 214),
        (36, 84, 62),
        (74, 140, 76),
        (255, 248, 222),
        (232, 84, 62),
    ),
    Mood(
        ((92, 108, 196), (142, 154, 220), (228, 196, 220), (255, 226, 204)),
        (180, 168, 206),
        (52, 60, 96),
        (92, 124, 118),
        (255, 244, 226),
        (250, 116, 96),
        sun=0.4,
    ),
    Mood(
        ((22, 120, 150), (70, 172, 182), (166, 220, 204), (244, 240, 206)),
        (136, 194, 186),
        (18, 70, 76),
        (46, 124, 104),
        (255, 250, 214),
        (244, 148, 54),
        sun=0.45,
    ),
    Mood(
        ((58, 132, 190), (132, 188, 214), (214, 222, 206), (255, 232, 184)),
        (190, 196, 182),
        (66, 88, 52),
        (120, 148, 64),
        (255, 246, 206),
        (222, 88, 76),
        sun=0.5,
    ),
)
_TIMES = (
    (r"\b(outer )?space\b|planet|galaxy|nebula|astronaut|\bmars\b|宇宙|太空|宇航|银河|行星", _SPACE),
    (r"underwater|under the sea|coral|\breef\b|海底|水下|珊瑚", _UNDERWATER),
    (r"midnight|\bnight|starry|\bstars\b|moonlight|neon|cyberpunk|aurora|夜|星空|月光|霓虹|赛博|极光", _NIGHT),
    (r"blue hour|twilight|暮色|蓝调", _BLUE_HOUR),
    (r"\bdawn|sunrise|morning|daybreak|晨|日出|黎明|清早", _DAWN),
    (r"sunset|\bdusk|evening|黄昏|日落|夕阳|傍晚|晚霞", _DUSK),
    (r"golden hour|afternoon|午后|下午", _GOLDEN),
    (r"\bmoon\b|明月|圆月|月亮|月下", _NIGHT),
)
_WEATHERS = (
    ("storm", r"\bstorm|thunder|lightning|tempest|暴风|雷|闪电"),
    ("rain", r"\brain(?!bow)|drizzle|shower|雨"),
    ("snow", r"\bsnow(?!-?capped|y (?:mountain|peak))|blizzard|雪(?!山)"),
    ("fog", r"\bfog|\bmist|haz[ey]|雾|霾"),
    ("clouds", r"cloud|overcast|云|阴天"),
    ("aurora", r"aurora|northern lights|极光"),
    ("rainbow", r"rainbow|彩虹"),
)
_SEASONS = (
    ("winter", r"winter|\bic[ey]\b|icicle|frozen|snowy|christmas|冬|冰|圣诞"),
    ("autumn", r"autumn|\bfall\b(?! (?:off|down|in))|october|秋|枫"),
    ("spring", r"spring|cherry blossom|sakura|april|春|樱"),
    ("summer", r"summer|tropical|july|夏|热带"),
)
COLOURS: dict[str, Colour] = {
    r"\bred\b|crimson|scarlet|红": (214, 48, 49),
    r"\bblue\b|azure|navy|蓝": (44, 100, 214),
    r"\bgreen\b|emerald|绿": (46, 154, 84),
    r"\byellow\b|黄色|黄的": (248, 204, 56),
    r"\bpurple\b|\bviolet\b|紫": (128, 66, 180),
    r"\borange\b|橙|橘": (244, 132, 40),
    r"\bpink\b|粉": (246, 138, 178),
    r"\bwhite\b|白色|白的|白猫|白狗": (244, 243, 238),
    r"\bblack\b|黑": (44, 44, 52),
    r"\bgold(en)?\b(?! hour)|金色": (226, 180, 70),
    r"\bteal\b|turquoise|cyan|青色": (38, 168, 172),
    r"\bbrown\b|棕|褐": (134, 88, 56),
    r"\bgr[ea]y\b|silver|灰|银色": (150, 156, 164),
}


def find_mood(prompt: str, dice: random.Random, excluded: str = "", tint: float = 1.0) -> Mood:
    """Return the mood that a prompt in lower case asks for, or an ordinary day.

    Weather and times that the negative prompt ``excluded`` names are skipped; ``tint`` is 0 to 1, how much a colour
    in the prompt tints the air.
    """
    day = dice.choice(_DAYS)
    turn = dice.uniform(-0.025, 0.025)

    def matches(pattern: str) -> bool:
        return bool(re.search(pattern, prompt)) and not re.search(pattern, excluded)

    mood = next((mood for pattern, mood in _TIMES if matches(pattern)), day)
    weather = {name for name, pattern in _WEATHERS if matches(pattern)}
    season = next((name for name, pattern in _SEASONS if matches(pattern)), "winter" if "snow" in weather else "")
    if mood.place == "land":
        mood = _apply_season(mood, season)
        if matches(r"desert|\bdunes?\b|sahara|沙漠"):
            mood = _apply_desert(mood)
    mood = _apply_weather(mood, frozenset(weather))
    if mood.place == "space" and matches(r"\bmars\b|火星"):
        mood = replace(mood, leaf=(186, 92, 58), near=(70, 28, 26), far=(156, 82, 70))
    water = (
        r"\bwet\b|\bsea\b|lake|river|water(?!colou?r)|ocean|harbou?r|beach|coast|pond|湖|(?<!上)海(?!报)|河|江|水(?!彩|墨|杯)|湿"
        r"|\bboats?\b|\bships?\b|\bsail|yacht|bridge|whale|dolphin|lighthouse|船|舟|帆|桥|鲸|海豚|灯塔"
    )
    wet = matches(water) and mood.place == "land"
    sea = mood.place == "land" and matches(r"\bsea\b|ocean|harbou?r|beach|coast|(?<!上)海(?!报)")
    mood = replace(mood, wet=mood.wet or wet, place="sea" if sea else mood.place)
    named = find_colour(prompt)
    if named:
        tinted = tuple(mix(one, named, (0.12 + 0.1 * index) * tint) for index, one in enumerate(mood.sky))
        mood = replace(mood, accent=named, sky=tinted, far=mix(mood.far, named, 0.2 * tint))
    return replace(
        mood,
        sky=tuple(shift_hue(one, turn) for one in mood.sky),
        far=shift_hue(mood.far, turn),
        near=shift_hue(mood.near, turn * 0.5),
    )


def at_time_of_day(mood: Mood, part: float) -> Mood:
    """Return a mood at another time of day, from 0 at dawn to 1 at night; its land keeps most of its colours."""
    if mood.place in {"space", "underwater"}:
        return mood
    times = (_DAWN, _DAYS[0], _GOLDEN, _DUSK, _BLUE_HOUR, _NIGHT)
    position = max(0.0, min(1.0, part)) * (len(times) - 1)
    left = min(len(times) - 2, int(position))
    one, other, share = times[left], times[left + 1], position - left
    skies = zip(one.sky, other.sky, mood.sky, strict=True)
    night = part > 0.74
    return replace(
        mood,
        sky=tuple(mix(mix(a, b, share), own, 0.2) for a, b, own in skies),
        far=mix(mix(one.far, other.far, share), mood.far, 0.3),
        near=mix(mood.near, mix(one.near, other.near, share), 0.55),
        leaf=mix(mood.leaf, mix(one.leaf, other.leaf, share), 0.5),
        light=mix(one.light, other.light, share),
        sun=0.16 + 0.6 * math.sin(part * math.pi) if not night else 0.72,
        night=night,
        stars=night,
    )


def has_special_light(mood: Mood) -> bool:
    """Return whether a prompt asked for a light, a season or a setting, rather than for an ordinary day."""
    return bool(mood.night or mood.sun < 0.35 or mood.weather or mood.season or mood.place != "land")


def find_colour(text: str) -> Colour | None:
    """Return the colour that is named first in a text in lower case, or None."""
    found = [(match.start(), colour) for words, colour in COLOURS.items() if (match := re.search(words, text))]
    return min(found)[1] if found else None


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours: ``one`` at share 0, ``other`` at share 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def shift_hue(colour: Colour, turn: float, vivid: float = 1.0) -> Colour:
    """Turn the hue of a colour, in turns of the circle, and multiply its saturation."""
    hue, light, full = colorsys.rgb_to_hls(*(one / 255 for one in colour))
    red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1, light, min(1.0, full * vivid))
    return round(red * 255), round(green * 255), round(blue * 255)


def _apply_season(mood: Mood, season: str) -> Mood:
    if season == "winter":
        white = (238, 243, 250) if not mood.night else (112, 130, 172)
        blue = (150, 172, 204) if not mood.night else (44, 58, 98)
        return replace(mood, season=season, leaf=mix(mood.leaf, white, 0.9), near=mix(mood.near, blue, 0.8))
    if season == "autumn":
        return replace(
            mood,
            season=season,
            leaf=mix(mood.leaf, (206, 98, 30), 0.75),
            near=mix(mood.near, (96, 44, 22), 0.65),
            far=mix(mood.far, (232, 178, 120), 0.35),
            accent=(226, 92, 32),
        )
    if season == "spring":
        return replace(
            mood,
            season=season,
            leaf=mix(mood.leaf, (126, 178, 84), 0.5),
            far=mix(mood.far, (246, 196, 214), 0.35),
            accent=(244, 138, 174),
        )
    if season == "summer":
        return replace(mood, season=season, leaf=mix(mood.leaf, (72, 156, 62), 0.5))
    return mood


def _apply_desert(mood: Mood) -> Mood:
    sand = (226, 160, 92) if not mood.night else (92, 72, 96)
    return replace(mood, place="desert", leaf=sand, near=mix(sand, (112, 48, 28), 0.55), far=mix(mood.far, sand, 0.45))


def _apply_weather(mood: Mood, weather: frozenset[str]) -> Mood:
    mood = replace(mood, weather=weather)
    grey = (62, 72, 88) if mood.night else (148, 158, 168)
    if "storm" in weather:
        tones = ((26, 32, 46), (46, 54, 70), (82, 92, 106), (132, 138, 142))
        sky = tuple(mix(one, tone, 0.86) for one, tone in zip(mood.sky, tones, strict=True))
        near, leaf = mix(mood.near, (22, 28, 36), 0.5), mix(mood.leaf, (58, 74, 76), 0.5)
        far = mix(mood.far, tones[2], 0.75)
        return replace(mood, sky=sky, far=far, near=near, leaf=leaf, wet=True, stars=False, sun=0.8)
    if weather & {"rain", "fog", "snow"}:
        light = (1.0, 0.92, 0.6, 0.35) if weather & {"snow", "fog"} and not mood.night else (0.3, 0.2, 0.0, 0.0)
        airs = [mix(grey, (240, 243, 247), 0.75 * (1 - part)) for part in light]
        if "rain" in weather:
            airs = [mix(grey, (58, 70, 88), 0.6 * part) for part in (1.0, 0.7, 0.3, 0.0)]
        sky = tuple(mix(one, air, 0.7) for one, air in zip(mood.sky, airs, strict=True))
        far = mix(mood.far, airs[-1], 0.6)
        return replace(mood, sky=sky, far=far, stars=False, wet=mood.wet or "rain" in weather)
    return mood
