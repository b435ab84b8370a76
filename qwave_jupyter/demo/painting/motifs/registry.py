"""What the words of a prompt put into the scene."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from qwave_jupyter.demo.painting.lighting import Colour, Mood, find_colour
from qwave_jupyter.demo.painting.motifs import animals, buildings, food, landscape, objects, people, plants, vehicles
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["MOTIFS", "Motif", "PromptMotif", "find_motifs"]

Draw = Callable[[Pen, Mood, Colour | None, random.Random], None]


@dataclass(frozen=True)
class Motif:
    """Something that can be drawn.

    Args:
        words: a pattern for the words that call it, in lower case.
        stance: ``sky``, ``far`` (painted across the view), ``middle`` (stands in the landscape), ``near``, ``air``,
            ``water`` (floats where there is water).
        draw: how; what is in the sky or far is drawn so only where there is no background.
        wide: half its width in its own units.
        tall: its height in its own units.
        size: a unit of it in tenths of the image's shorter side.
    """

    words: str
    stance: str
    draw: Draw
    wide: float = 1.3
    tall: float = 2.7
    size: float = 1.7


MOTIFS: dict[str, Motif] = {
    "sun": Motif(r"\bsun\b|sunny|太阳|阳光", "sky", landscape.draw_sun, 1.2, 2.4),
    "moon": Motif(r"\bmoon(?!light)|月亮|明月|圆月|月(?!光)", "sky", landscape.draw_moon, 1.1, 2.3),
    "mountain": Motif(
        r"mountain|\balps?\b|\bpeaks?\b|volcano|himalaya|\bfuji|山", "far", landscape.draw_mountain, 1.5, 2.2
    ),
    "city": Motif(
        r"\bcit(y|ies)\b|\btown\b|street|skyline|skyscraper|buildings?\b|tokyo|shanghai|城市|都市|街|大楼|高楼",
        "far",
        landscape.draw_city,
        1.3,
        2.7,
    ),
    "forest": Motif(r"forest|woods\b|woodland|jungle|pines?\b|森林|树林|松", "far", landscape.draw_forest, 1.4, 2.5),
    "bridge": Motif(r"bridge|桥", "far", landscape.draw_bridge, 1.9, 1.8),
    "castle": Motif(r"castle|palace|fortress|城堡|宫殿|皇宫", "middle", buildings.draw_castle, 1.4, 3.2, 1.35),
    "pagoda": Motif(r"pagoda|temple|shrine|(?<!灯)塔|寺|庙", "middle", buildings.draw_pagoda, 1.2, 2.7, 1.35),
    "windmill": Motif(r"windmill|风车", "middle", buildings.draw_windmill, 1.5, 2.8, 1.25),
    "lighthouse": Motif(r"lighthouse|灯塔", "middle", buildings.draw_lighthouse, 1.3, 2.7, 1.6),
    "house": Motif(
        r"\bhouses?\b|cottage|cabin|\bhut\b|\bhome\b|village|farm\b|房子|小屋|房屋|村",
        "middle",
        buildings.draw_house,
        1.4,
        2.9,
        1.15,
    ),
    "tree": Motif(
        r"(?<!palm )\btrees?\b|\boak\b|orchard|blossom|樱花|枫叶|大树|树(?!林)",
        "middle",
        plants.draw_tree,
        1.5,
        2.7,
        1.5,
    ),
    "boat": Motif(r"\bboats?\b|\bships?\b|\bsail|yacht|帆|船|舟", "water", vehicles.draw_boat, 1.3, 2.5, 1.15),
    "balloon": Motif(r"balloon|气球", "air", vehicles.draw_balloon, 1.1, 2.7, 1.0),
    "rocket": Motif(r"rocket|spaceship|spacecraft|shuttle|火箭|飞船", "air", vehicles.draw_rocket, 0.9, 2.8, 1.5),
    "bird": Motif(
        r"\bbirds?\b|eagle|swallow|seagull|parrot|\bcranes?\b|鸟|燕|鹤|(?<!头)鹰",
        "air",
        animals.draw_bird,
        1.5,
        2.4,
        1.05,
    ),
    "butterfly": Motif(r"butterfl|moth\b|蝴蝶", "air", animals.draw_butterfly, 1.3, 2.2, 0.95),
    "lantern": Motif(r"lanterns?\b|灯笼", "air", objects.draw_lantern, 0.9, 2.4, 0.85),
    "fish": Motif(r"\bfish(es)?\b|goldfish|\bkoi\b|鱼", "swim", animals.draw_fish, 1.5, 2.0, 1.3),
    "whale": Motif(r"whale|dolphin|鲸|海豚", "swim", animals.draw_whale, 2.1, 1.6, 1.5),
    "car": Motif(
        r"\bcars?\b|taxi|\bvan\b|automobile|汽车|轿车|跑车|(?<![火列单行])车(?!站)",
        "near",
        vehicles.draw_car,
        1.5,
        1.4,
        1.6,
    ),
    "flower": Motif(
        r"flowers?\b|\broses?\b|tulip|daisy|sunflower|peon|lotus|(?<!樱)花(?!园|瓶)|玫瑰|牡丹|莲|荷",
        "near",
        plants.draw_flower,
        0.9,
        2.3,
        1.2,
    ),
    "umbrella": Motif(r"umbrella|parasol|伞", "near", objects.draw_umbrella, 1.3, 2.5, 1.4),
    "cup": Motif(
        r"\bcups?\b|teacup|\bmugs?\b|coffee|\btea\b|teapot|latte|杯|茶|咖啡", "near", food.draw_cup, 1.4, 2.6, 1.8
    ),
    "person": Motif(
        r"\bpersons?\b|\bpeople\b|\bm[ae]n\b|\bwom[ae]n\b|\bgirls?\b|\bboys?\b|\bchild(ren)?\b|portrait|\bkids?\b|\blady\b|\bking\b|\bqueen\b|couple|family|farmer|teacher|student|(?<![器雪])人(?!工|掌)|女孩|男孩|孩子|少女",
        "near",
        people.draw_person,
        0.8,
        2.7,
        1.65,
    ),
    "astronaut": Motif(r"astronaut|cosmonaut|spaceman|宇航员|太空人", "near", people.draw_astronaut, 1.0, 2.6, 1.65),
    "robot": Motif(r"robots?\b|android|\bmecha\b|机器人", "near", people.draw_robot, 1.1, 2.7, 1.65),
    "panda": Motif(r"pandas?\b|熊猫", "near", animals.draw_panda, 1.1, 2.4, 1.75),
    "rabbit": Motif(r"rabbits?\b|bunn(y|ies)|\bhares?\b|兔", "near", animals.draw_rabbit, 0.9, 2.8, 1.45),
    "airplane": Motif(
        r"air ?planes?|\bplanes?\b|aircraft|\bjets?\b|飞机", "air", vehicles.draw_airplane, 2.0, 2.1, 1.05
    ),
    "star": Motif(r"\bstar\b|五角星", "air", objects.draw_star, 1.1, 2.1, 0.9),
    "heart": Motif(r"\bhearts?\b|\blove\b|爱心|心形", "air", objects.draw_heart, 1.1, 1.9, 1.0),
    "bus": Motif(r"\bbus(es)?\b|公交|巴士|校车", "near", vehicles.draw_bus, 1.8, 1.9, 1.6),
    "apple": Motif(r"\bapples?\b|\bfruits?\b|苹果|水果", "near", food.draw_apple, 1.1, 2.1, 1.5),
    "cake": Motif(r"\bcakes?\b|birthday|dessert|蛋糕|生日", "near", food.draw_cake, 1.4, 2.1, 1.8),
    "gift": Motif(r"\bgifts?\b|\bpresents?\b|parcel|礼物|礼盒", "near", objects.draw_gift, 1.1, 2.1, 1.6),
    "elephant": Motif(r"elephants?|大象|小象", "near", animals.draw_elephant, 1.9, 2.3, 1.7),
    "dragon": Motif(r"dragons?\b|(?<!恐)龙", "near", animals.draw_dragon, 1.7, 2.6, 1.6),
    "turtle": Motif(r"turtles?|tortoise|龟", "near", animals.draw_turtle, 1.7, 1.6, 1.6),
    "dinosaur": Motif(r"dinosaurs?|brontosaurus|恐龙", "near", animals.draw_dinosaur, 2.0, 2.8, 1.5),
    "palm": Motif(r"\bpalms?\b|coconut|椰", "middle", plants.draw_palm, 1.7, 2.8, 1.5),
    "cactus": Motif(r"\bcact(us|i)|saguaro|仙人掌", "middle", plants.draw_cactus, 0.9, 2.6, 1.1),
    "train": Motif(r"\btrains?\b|locomotive|railway|火车|列车", "near", vehicles.draw_train, 2.6, 2.7, 1.5),
    "bicycle": Motif(r"bicycles?|\bbikes?\b|cyclist|自行车|单车", "near", vehicles.draw_bicycle, 1.5, 1.9, 1.7),
    "bottle": Motif(r"bottles?|perfume|\bwine\b|瓶|香水|酒", "near", food.draw_bottle, 0.8, 2.4, 1.7),
    "book": Motif(r"\bbooks?\b|novel|书(?!写|法)", "near", objects.draw_book, 1.2, 1.5, 1.8),
    "fox": Motif(r"\bfox(es)?\b|狐", "near", animals.draw_fox, 1.4, 2.5, 1.7),
    "owl": Motif(r"\bowls?\b|猫头鹰", "near", animals.draw_owl, 1.1, 2.4, 1.75),
    "bear": Motif(r"\bbears?\b|teddy|(?<!猫)熊(?!猫)", "near", animals.draw_bear, 1.0, 2.4, 1.75),
    "penguin": Motif(r"penguins?|企鹅", "near", animals.draw_penguin, 0.9, 2.2, 1.7),
    "horse": Motif(
        r"\bhorses?\b|\bpony\b|stallion|unicorn|马(?!路|上|拉松)", "near", animals.draw_horse, 1.6, 2.8, 1.5
    ),
    "snowman": Motif(r"snowm[ae]n|雪人", "near", people.draw_snowman, 1.2, 2.6, 1.6),
    "dog": Motif(r"\bdogs?\b|pupp(y|ies)|corgi|shiba|husky|狗|犬", "near", animals.draw_dog, 1.2, 2.3, 1.75),
    "cat": Motif(r"\bcats?\b|kitten|kitty|(?<!熊)猫(?!头鹰)", "near", animals.draw_cat, 1.3, 2.4, 1.75),
}
_NEVER_PLURAL = frozenset({"city", "cactus", "book", "bus"})
#: Colours that a word brings along.
_BY_NATURE: dict[str, Colour] = {
    "sunflower": (250, 190, 40),
    "rose": (206, 44, 66),
    "tulip": (232, 76, 92),
    "daisy": (248, 246, 240),
    "玫瑰": (206, 44, 66),
    "lotus": (246, 160, 190),
}
_NUMBERS = {
    r"\btwo|\bpair of|\bcouple of|两|二|双": 2,
    r"\bthree|三": 3,
    r"\bfour|四": 4,
    r"\bfive|\bsix|\bseven|\bmany|\bseveral|\bherd of|\bflock of|五|六|七|很多|几": 5,
}


@dataclass(frozen=True)
class PromptMotif:
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
    def kind(self) -> Motif:
        """How it is drawn."""
        return MOTIFS[self.name]


def find_motifs(prompt: str, excluded: str = "") -> list[PromptMotif]:
    """The motifs that a prompt calls, in the order of its words.

    Example:
        >>> [(motif.name, motif.count) for motif in find_motifs("two red cats on a boat", "boat")]
        [('cat', 2)]
    """
    found = []
    for name, motif in MOTIFS.items():
        match = re.search(motif.words, prompt)
        if not match or (excluded and re.search(motif.words, excluded)):
            continue
        before = re.split(
            r"[,.;，。；、]|\band\b|\bwith\b|\bon\b|\bin\b|和", prompt[max(0, match.start() - 28) : match.start()]
        )[-1]
        count = next((number for words, number in _NUMBERS.items() if re.search(words, before)), 1)
        whole = match[0] + prompt[match.end() : match.end() + 1].strip()
        if (
            count == 1
            and re.fullmatch(r"\w+s|people|children|women|men|village|村", whole)
            and name not in _NEVER_PLURAL
        ):
            count = 3
        own = next((colour for word, colour in _BY_NATURE.items() if match[0].startswith(word)), None)
        found.append(PromptMotif(name, count, find_colour(before) or own, match.start()))
    return sorted(found, key=lambda motif: motif.at)
