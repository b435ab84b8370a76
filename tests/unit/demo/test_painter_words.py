"""What the painter reads in a prompt: motifs in two languages, moods, styles, lettering."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw

from qwave_jupyter import fonts, i18n
from qwave_jupyter.demo.painter import Brief, paint
from qwave_jupyter.demo.painting import lettering
from qwave_jupyter.demo.painting.lighting import find_colour
from qwave_jupyter.demo.painting.motifs.registry import MOTIFS, find_motifs
from qwave_jupyter.demo.painting.styles import STYLES, find_style

pytestmark = pytest.mark.slow

SIDE = 160


def render(prompt, **options):
    options = {"width": SIDE, "height": SIDE, "seed": 5, **options}
    return Image.open(io.BytesIO(paint(Brief(prompt=prompt, **options)))).convert("RGB")


def changed_share(one, other):
    grey = ImageChops.difference(one, other).convert("L")
    return sum(grey.histogram()[12:]) / (grey.width * grey.height)


MOTIFS_IN = {
    "a cat and a dog": ["cat", "dog"],
    "一只猫和一只狗": ["cat", "dog"],
    "熊猫": ["panda"],
    "机器人在城市里": ["robot", "city"],
    "灯塔, 大海, 帆船": ["lighthouse", "boat"],
    "a cottage under the moon": ["house", "moon"],
    "雨中的伞": ["umbrella"],
    "火箭飞过月亮": ["rocket", "moon"],
    "a careful catalogue of concepts": [],
    "a rocket, a car, a bird, a fish, a person": ["rocket", "car", "bird", "fish", "person"],
    "a teapot on a bridge by a forest": ["cup", "bridge", "forest"],
    "山上的树和花": ["mountain", "tree", "flower"],
}


def test_prompt_names_motifs_in_order():
    assert {prompt: [motif.name for motif in find_motifs(prompt)] for prompt in MOTIFS_IN} == MOTIFS_IN


def test_counts_and_colours_precede_motif():
    motifs = {motif.name: motif for motif in find_motifs("two white cats and a red car")}
    assert (motifs["cat"].count, motifs["car"].count) == (2, 1)
    assert motifs["cat"].colour == find_colour("white")
    assert motifs["car"].colour == find_colour("red")


def test_negative_prompt_removes_motifs():
    assert [motif.name for motif in find_motifs("a cat in a forest", "cats, blurry")] == ["forest"]


def test_every_motif_is_drawn():
    invisible = []
    for name in MOTIFS:
        prompt = {"cup": "teacup"}.get(name, name)
        alone = Image.open(io.BytesIO(paint(Brief(prompt=prompt, width=SIDE, height=SIDE, transparent=True))))
        if sum(alone.getchannel("A").histogram()[200:]) <= SIDE * SIDE * 0.04:
            invisible.append(name)
    assert invisible == []


def test_every_backdrop_is_drawn():
    backdrops = [name for name, motif in MOTIFS.items() if motif.stance in {"sky", "far"}]
    assert backdrops
    shares = {
        name: changed_share(render(f"a view, {name}"), render(f"a view, {name}", negative=name)) for name in backdrops
    }
    assert {name: share for name, share in shares.items() if share <= 0.01} == {}


STYLES_IN = {
    "ink wash": "ink",
    "水墨": "ink",
    "oil painting": "oil",
    "油画": "oil",
    "watercolor": "watercolour",
    "水彩": "watercolour",
    "pixel art": "pixel",
    "像素": "pixel",
    "blueprint": "blueprint",
    "neon": "neon",
    "赛博朋克": "neon",
    "pencil sketch": "pencil",
    "素描": "pencil",
    "flat poster": "poster",
    "海报": "poster",
    "vintage photo": "vintage",
    "boiling water": "",
    "think": "",
}


def test_prompt_names_styles():
    assert {words: find_style(words) for words in STYLES_IN} == STYLES_IN


def test_every_style_changes_the_image():
    plain = render("a cat")
    for name in STYLES:
        style = {"watercolour": "watercolor", "pixel": "pixel art"}.get(name, name)
        assert changed_share(plain, render("a cat", style=style)) > 0.25, name


QUOTED = {
    'a sign "OPEN LATE" above': "OPEN LATE",
    "a poster “Hello”": "Hello",
    "海报上写着「你好」和『世界』": "你好\n世界",
    "it's John's cat's hat": "",
    "a mug says 'Good morning'": "Good morning",
    'an empty "" pair': "",
    '"a\x07b"': "a b",
}


def test_quoted_text_is_lettered():
    assert {prompt: lettering.extract_quoted_text(prompt) for prompt in QUOTED} == QUOTED


def test_letters_are_large():
    for text in ("OPEN", "A somewhat longer line of words for a poster", "Käse & Öl"):
        sheet = Image.new("RGB", (600, 400), (90, 120, 150))
        plain = sheet.copy()
        lettering.draw_title(sheet, text, (200, 40, 40))
        left, _, right, _ = ImageChops.difference(sheet, plain).getbbox()
        assert right - left > 300, text
        bright = sheet.convert("L").point(lambda value: 255 * (value > 240)).getbbox()
        assert bright[3] - bright[1] > 24, text


def test_chinese_lettering_or_font_notice(monkeypatch):
    sheets = []
    for missing in (False, True):
        if missing:
            monkeypatch.setattr(fonts, "_find_cjk_file", lambda: None)
        sheet = Image.new("RGB", (600, 400), (90, 120, 150))
        lettering.draw_title(sheet, "你好世界", (200, 40, 40))
        sheets.append(sheet)
    said = []
    monkeypatch.setattr(i18n, "text", lambda name, **fields: said.append((name, fields)) or "4 characters")
    lettering.draw_title(Image.new("RGB", (600, 400)), "你好世界", (200, 40, 40))
    assert said == [("painter.no_font", {"count": 4})]
    assert all(sheet.convert("L").getextrema()[1] > 240 for sheet in sheets)


def test_mark_fits_inside_region():
    allowed = Image.new("L", (400, 400))
    ImageDraw.Draw(allowed).ellipse((40, 40, 360, 360), fill=255)
    room = lettering.find_mark_area(allowed, (40, 40, 361, 361))
    assert allowed.crop(room).getextrema() == (255, 255)
