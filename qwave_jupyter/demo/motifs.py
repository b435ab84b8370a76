"""What the words of a prompt put into the scene."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo import creatures, things
from qwave_jupyter.demo.moods import Colour, Mood, colour_in, mixed
from qwave_jupyter.demo.pens import Pen, lit
from qwave_jupyter.demo.scenery import Scene

__all__ = ["MOTIFS", "Motif", "Wish", "place", "place_middle", "wishes_in"]

Draw = Callable[[Pen, Mood, Colour | None, random.Random], None]


@dataclass(frozen=True)
class Motif:
    """Something that can be drawn.

    Args:
        words: a pattern for the words that call it, in lower case.
        stance: ``sky``, ``far`` (painted across the view), ``middle`` (stands in the landscape), ``near``, ``air``,
            ``water`` (floats where there is water).
        draw: how, for all but ``sky`` and ``far``.
        wide: half its width in its own units.
        tall: its height in its own units.
        size: a unit of it in tenths of the picture's shorter side.
    """

    words: str
    stance: str
    draw: Draw | None = None
    wide: float = 1.3
    tall: float = 2.7
    size: float = 1.7


MOTIFS: dict[str, Motif] = {
    "sun": Motif(r"\bsun\b|sunny|太阳|阳光", "sky"),
    "moon": Motif(r"\bmoon(?!light)|月亮|明月|圆月|月(?!光)", "sky"),
    "mountain": Motif(r"mountain|\balps?\b|\bpeaks?\b|volcano|himalaya|\bfuji|山", "far"),
    "city": Motif(
        r"\bcit(y|ies)\b|\btown\b|street|skyline|skyscraper|buildings?\b|tokyo|shanghai|城市|都市|街|大楼|高楼", "far"
    ),
    "forest": Motif(r"forest|woods\b|woodland|jungle|pines?\b|森林|树林|松", "far"),
    "bridge": Motif(r"bridge|桥", "far"),
    "castle": Motif(r"castle|palace|fortress|城堡|宫殿|皇宫", "middle", things.castle, 1.4, 3.2, 1.35),
    "pagoda": Motif(r"pagoda|temple|shrine|塔|寺|庙", "middle", things.pagoda, 1.2, 2.7, 1.35),
    "windmill": Motif(r"windmill|风车", "middle", things.windmill, 1.5, 2.8, 1.25),
    "lighthouse": Motif(r"lighthouse|灯塔", "middle", things.lighthouse, 1.3, 2.7, 1.6),
    "house": Motif(
        r"\bhouses?\b|cottage|cabin|\bhut\b|\bhome\b|village|farm\b|房子|小屋|房屋|村",
        "middle",
        things.house,
        1.4,
        2.9,
        1.15,
    ),
    "tree": Motif(r"\btrees?\b|\boak\b|orchard|blossom|樱花|枫叶|大树|树(?!林)", "middle", things.tree, 1.5, 2.7, 1.5),
    "boat": Motif(r"\bboats?\b|\bships?\b|\bsail|yacht|帆|船|舟", "water", things.boat, 1.3, 2.5, 1.15),
    "balloon": Motif(r"balloon|气球", "air", things.balloon, 1.1, 2.7, 1.0),
    "rocket": Motif(r"rocket|spaceship|spacecraft|shuttle|火箭|飞船", "air", things.rocket, 0.9, 2.8, 1.5),
    "bird": Motif(
        r"\bbirds?\b|eagle|swallow|seagull|parrot|\bcranes?\b|鸟|燕|鹤|鹰", "air", creatures.bird, 1.5, 2.4, 1.05
    ),
    "butterfly": Motif(r"butterfl|moth\b|蝴蝶", "air", creatures.butterfly, 1.3, 2.2, 0.95),
    "lantern": Motif(r"lanterns?\b|灯笼", "air", things.lantern, 0.9, 2.4, 0.85),
    "fish": Motif(r"\bfish(es)?\b|goldfish|\bkoi\b|鱼", "swim", creatures.fish, 1.5, 2.0, 1.3),
    "whale": Motif(r"whale|dolphin|鲸|海豚", "swim", creatures.whale, 2.1, 1.6, 1.5),
    "car": Motif(r"\bcars?\b|taxi|\bvan\b|automobile|汽车|轿车|跑车|车(?!站)", "near", things.car, 1.5, 1.4, 1.6),
    "flower": Motif(
        r"flowers?\b|\broses?\b|tulip|daisy|sunflower|peon|lotus|花(?!园|瓶)|玫瑰|牡丹|莲|荷",
        "near",
        things.flower,
        0.9,
        2.3,
        1.2,
    ),
    "umbrella": Motif(r"umbrella|parasol|伞", "near", things.umbrella, 1.3, 2.5, 1.4),
    "cup": Motif(
        r"\bcups?\b|teacup|\bmugs?\b|coffee|\btea\b|teapot|latte|杯|茶|咖啡", "near", things.cup, 1.4, 2.6, 1.8
    ),
    "person": Motif(
        r"\bpersons?\b|\bpeople\b|\bm[ae]n\b|\bwom[ae]n\b|\bgirls?\b|\bboys?\b|\bchild(ren)?\b|portrait|farmer|teacher|student|人(?!工)|女孩|男孩|孩子|少女",
        "near",
        creatures.person,
        0.8,
        2.7,
        1.65,
    ),
    "astronaut": Motif(r"astronaut|cosmonaut|spaceman|宇航员|太空人", "near", creatures.astronaut, 1.0, 2.6, 1.65),
    "robot": Motif(r"robots?\b|android|\bmecha\b|机器人", "near", creatures.robot, 1.1, 2.7, 1.65),
    "panda": Motif(r"pandas?\b|熊猫", "near", creatures.panda, 1.1, 2.4, 1.75),
    "rabbit": Motif(r"rabbits?\b|bunn(y|ies)|\bhares?\b|兔", "near", creatures.rabbit, 0.9, 2.8, 1.45),
    "dog": Motif(r"\bdogs?\b|pupp(y|ies)|corgi|shiba|husky|狗|犬", "near", creatures.dog, 1.2, 2.3, 1.75),
    "cat": Motif(r"\bcats?\b|kitten|kitty|(?<!熊)猫", "near", creatures.cat, 1.3, 2.4, 1.75),
}
_MOST = 5
_NUMBERS = {
    r"\btwo|\bpair of|\bcouple of|两|二|双": 2,
    r"\bthree|三": 3,
    r"\bfour|四": 4,
    r"\bfive|\bsix|\bseven|\bmany|\bseveral|\bherd of|\bflock of|五|六|七|很多|几": 5,
}


@dataclass(frozen=True)
class Wish:
    """One motif that a prompt calls.

    Args:
        name: a key of :data:`MOTIFS`.
        count: how many.
        colour: the colour that stands before its word, or None.
        at: where in the prompt.
    """

    name: str
    count: int = 1
    colour: Colour | None = None
    at: int = 0

    @property
    def motif(self) -> Motif:
        """How it is drawn."""
        return MOTIFS[self.name]


def wishes_in(prompt: str, refused: str = "") -> list[Wish]:
    """The motifs that a prompt calls, in the order of its words.

    Args:
        prompt: the words in lower case, English or Chinese.
        refused: the negative prompt in lower case; what it names is left out.

    Example:
        >>> [(wish.name, wish.count) for wish in wishes_in("two red cats on a boat", "boat")]
        [('cat', 2)]
    """
    found = []
    for name, motif in MOTIFS.items():
        match = re.search(motif.words, prompt)
        if not match or (refused and re.search(motif.words, refused)):
            continue
        before = re.split(
            r"[,.;，。；、]|\band\b|\bwith\b|\bon\b|\bin\b|和", prompt[max(0, match.start() - 28) : match.start()]
        )[-1]
        count = next((number for words, number in _NUMBERS.items() if re.search(words, before)), 1)
        if count == 1 and re.fullmatch(r"\w+s|people|children|women|men", match[0]) and name not in {"cup", "city"}:
            count = 3 if match[0] != "glass" else 1
        found.append(Wish(name, count, colour_in(before), match.start()))
    return sorted(found, key=lambda wish: wish.at)


def place(scene: Scene, wishes: Sequence[Wish], *, alone: bool = False) -> None:
    """Draw the motifs that stand, float and fly.

    Args:
        scene: is changed.
        wishes: which; those of the sky and across the view are passed over.
        alone: whether there is nothing but motifs, which are then large and in the middle.
    """
    drawn = [wish for wish in wishes if wish.motif.draw]
    if alone:
        _row(scene, drawn[:3])
        return
    for wish in (one for one in drawn if one.motif.stance in {"water", "swim", "air"}):
        _floating(scene, wish)
    near = [one for one in drawn if one.motif.stance == "near"][:_MOST]
    _near(scene, near)


def place_middle(scene: Scene, wishes: Sequence[Wish]) -> None:
    """Draw the motifs that stand in the landscape, so that water laid before them mirrors them.

    Args:
        scene: is changed.
        wishes: which; all others are passed over.
    """
    for wish in wishes:
        if wish.motif.stance == "middle":
            _middle(scene, wish)


def _middle(scene: Scene, wish: Wish) -> None:
    width, height = scene.image.size
    depth = 0.5 if not scene.mood.wet else 0.22
    base = scene.horizon + (height - scene.horizon) * depth
    for number in range(wish.count):
        away = -scene.side * scene.dice.uniform(0.05, 0.2)
        x = (
            width * (0.5 + away)
            if wish.count == 1
            else width * (number + 0.5 + scene.dice.uniform(-0.2, 0.2)) / wish.count
        )
        unit = scene.unit * wish.motif.size * (1 if wish.count == 1 else 0.62)
        draw(scene, wish, (x, base + scene.dice.uniform(0, 0.06) * height), unit, hazy=0.16)


def _floating(scene: Scene, wish: Wish) -> None:
    width, height = scene.image.size
    for number in range(wish.count):
        dice = scene.dice
        small = 1.0 if number == 0 else dice.uniform(0.5, 0.8)
        unit = scene.unit * wish.motif.size * small * (1.25 if wish.count == 1 else 0.9)
        x = (
            width * (0.5 + dice.uniform(-0.16, 0.16))
            if wish.count == 1
            else width * (number + dice.uniform(0.3, 0.7)) / wish.count
        )
        x += scene.shift * width
        if wish.motif.stance == "water" or (wish.motif.stance == "swim" and scene.mood.wet):
            y = scene.horizon + (height - scene.horizon) * (0.42 + 0.3 * small * dice.random() + 0.1 * (small == 1))
            draw(scene, wish, (x, y), unit, hazy=0.1 * (1 - small), mirrored=True)
        elif wish.motif.stance == "swim":
            y = height * (0.4 + 0.3 * dice.random()) + unit
            draw(scene, wish, (x, y), unit, hazy=0.12 + 0.5 * (1 - small))
        else:
            y = scene.horizon * dice.uniform(0.34, 0.62) + unit * wish.motif.tall * 0.5
            draw(scene, wish, (x, y), unit, hazy=0.5 * (1 - small))


def _near(scene: Scene, near: Sequence[Wish]) -> None:
    width = scene.image.width
    each = [(wish, number) for wish in near for number in range(wish.count)][:7]
    if not each:
        return
    shrink = (1.0, 1.0, 0.84, 0.68, 0.58, 0.5, 0.46, 0.42)[len(each)]
    shrink = min(shrink, width / (scene.unit * 3.2 * len(each)))
    spots = list(range(len(each)))
    drawn = []
    for (wish, number), spot in zip(each, spots, strict=True):
        middle = 0.5 + (spot - (len(each) - 1) / 2) * min(0.3, 0.86 / len(each))
        if len(each) == 1:
            middle = 0.5 - scene.side * scene.dice.uniform(0.02, 0.16)
        middle += scene.dice.uniform(-0.025, 0.025)
        small = scene.dice.uniform(0.82, 1.0) if number else 1.0
        drawn.append((wish, width * (middle + scene.shift), small))
    for wish, x, small in sorted(drawn, key=lambda one: one[2]):
        unit = scene.unit * wish.motif.size * shrink * small
        y = scene.floor + scene.unit * (0.5 * (small - 1) + scene.dice.uniform(-0.15, 0.15))
        draw(scene, wish, (x, y), unit, hazy=0.0)


def _row(scene: Scene, wishes: Sequence[Wish]) -> None:
    width, height = scene.image.size
    each = [wish for wish in wishes for _ in range(wish.count)][:5]
    for number, wish in enumerate(each):
        motif = wish.motif
        unit = min(width * 0.86 / len(each) / (motif.wide * 2), height * 0.8 / motif.tall)
        x = width * (number + 0.5) / len(each)
        draw(scene, wish, (x, height / 2 + unit * motif.tall * 0.48), unit, hazy=0.0, shadow=False)


def draw(
    scene: Scene,
    wish: Wish,
    at: tuple[float, float],
    unit: float,
    *,
    hazy: float,
    mirrored: bool = False,
    shadow: bool = True,
) -> None:
    """Draw one motif in the light of the scene.

    Args:
        scene: is changed.
        wish: which, and in which colour.
        at: where its foot stands, in pixels.
        unit: pixels per unit of the motif.
        hazy: how much air lies before it, 0 to 1.
        mirrored: whether it stands in water.
        shadow: whether it throws one.
    """
    motif, mood = wish.motif, scene.mood
    if motif.draw is None:
        return
    pen = Pen(max(3.0, unit), motif.wide, motif.tall)
    motif.draw(pen, mood, wish.colour, scene.fork())
    sheet, x, y = pen.finished()
    strength = 0.75 if not mood.night else 1.0
    shade = mixed(mood.sky[0], mood.near, 0.5)
    if scene.image.mode == "RGB":
        sheet = lit(sheet, mixed(mood.light, mood.sky[-1], 0.25), shade, scene.side, strength)
        dusky = 0.34 if mood.night else 0.14 if mood.sun < 0.35 else 0.0
        dusky = 0.3 if mood.place == "underwater" else dusky
        sheet = _tinted(sheet, mixed(mood.near, mood.sky[1], 0.45), dusky)
        sheet = _tinted(sheet, mood.far, hazy)
    spot = round(at[0] - x), round(at[1] - y)
    if scene.image.mode == "RGBA":
        scene.image.alpha_composite(_cut(sheet, spot, scene.image.size), (max(0, spot[0]), max(0, spot[1])))
        return
    if mirrored:
        _mirror(scene, sheet, at, y)
    elif shadow and motif.stance in {"near", "middle"}:
        _shadow(scene, at, unit, motif.wide)
    scene.image.paste(sheet.convert("RGB"), spot, sheet.getchannel("A"))
    for right, down, radius, colour in pen.lamps:
        _lamp(scene, (at[0] + right, at[1] + down), radius, colour)


def _cut(sheet: Image.Image, spot: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    left, top = max(0, -spot[0]), max(0, -spot[1])
    right, bottom = min(sheet.width, size[0] - spot[0]), min(sheet.height, size[1] - spot[1])
    return sheet.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _tinted(sheet: Image.Image, colour: Colour, much: float) -> Image.Image:
    if much <= 0:
        return sheet
    tinted = Image.blend(sheet.convert("RGB"), Image.new("RGB", sheet.size, colour), min(0.9, much))
    tinted.putalpha(sheet.getchannel("A"))
    return tinted


def _shadow(scene: Scene, at: tuple[float, float], unit: float, wide: float) -> None:
    reach, flat = max(4, round(unit * wide * 1.1)), max(2, round(unit * 0.2))
    soft = Image.new("L", (reach * 2, flat * 6))
    ImageDraw.Draw(soft).ellipse((reach * 0.3, flat * 2, reach * 1.7, flat * 4), fill=150)
    soft = soft.filter(ImageFilter.GaussianBlur(flat * 0.6))
    spot = round(at[0] - reach - scene.side * unit * 0.3), round(at[1] - flat * 3)
    scene.image.paste(mixed(scene.mood.near, (0, 0, 10), 0.55), spot, soft)


def _mirror(scene: Scene, sheet: Image.Image, at: tuple[float, float], foot: float) -> None:
    upper = sheet.crop((0, 0, sheet.width, max(1, round(foot))))
    flipped = upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    flipped = flipped.resize((flipped.width, max(1, round(flipped.height * 0.7))), Image.Resampling.BICUBIC)
    waved = Image.new("RGBA", flipped.size)
    step = max(2, flipped.height // 60)
    for row in range(0, flipped.height, step):
        shift = round(math.sin(row / step * 1.1) * scene.unit * 0.06 * (row / flipped.height + 0.3))
        waved.paste(flipped.crop((0, row, flipped.width, min(flipped.height, row + step))), (shift, row))
    waved = waved.filter(ImageFilter.GaussianBlur(max(0.5, scene.unit / 70)))
    fade = ImageChops.invert(Image.linear_gradient("L").resize(waved.size))
    alpha = ImageChops.multiply(waved.getchannel("A"), fade.point([value * 2 // 3 for value in range(256)]))
    scene.image.paste(waved.convert("RGB"), (round(at[0] - sheet.width / 2), round(at[1])), alpha)


def _lamp(scene: Scene, at: tuple[float, float], radius: float, colour: Colour) -> None:
    reach = max(3, round(radius))
    curve = [round(200 * max(0.0, 1 - value / 181) ** 2.4) for value in range(256)]
    soft = Image.radial_gradient("L").point(curve).resize((reach * 2, reach * 2), Image.Resampling.BICUBIC)
    scene.image.paste(colour, (round(at[0]) - reach, round(at[1]) - reach), soft)
