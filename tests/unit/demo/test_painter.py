"""Pictures obey: size, seed, format, transparency, masks and boxes to the pixel, palettes, series, wild inputs."""

import io
import time
from itertools import pairwise

import pytest
from PIL import Image, ImageChops, ImageDraw

from qwave_jupyter.demo.painter import Brief, paint, pixel_size
from qwave_jupyter.demo.painting.palettes import Share

SIDE = 256


def painted(prompt="a cat", **wishes):
    wishes = {"width": SIDE, "height": SIDE, "seed": 7, **wishes}
    return paint(Brief(prompt=prompt, **wishes))


def shown(content):
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def file_of(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def differing(one, other):
    """How many pixels differ visibly, as a share."""
    grey = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
    return sum(grey.histogram()[12:]) / (grey.width * grey.height)


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [
        ("1:1", "1k", (1024, 1024)),
        ("16:9", "4k", (3840, 2160)),
        ("9:16", "2K", (1152, 2048)),
        ("auto", None, (1024, 1024)),
        ("1:0", "", (1024, 1024)),
        ("nan:1", "1k", (1024, 1024)),
        ("1:1", "4mp", (2048, 2048)),
        ("4:1", "0.5k", (512, 128)),
    ],
)
def test_ratio_and_tier_are_the_true_pixel_size(ratio, resolution, size):
    assert pixel_size(ratio, resolution) == size
    width, height = (side // 8 for side in size)
    assert shown(painted(width=width, height=height)).size == (width, height)


def test_the_same_seed_gives_the_same_bytes_and_another_another_composition():
    assert painted(seed=3) == painted(seed=3)
    assert differing(shown(painted(seed=3)), shown(painted(seed=4))) > 0.2


def test_several_pictures_of_one_order_are_variations():
    first, second = (shown(painted(index=index)) for index in (0, 1))
    assert differing(first, second) > 0.05


@pytest.mark.parametrize(("kind", "name"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_formats_are_real(kind, name):
    assert shown(painted(format=kind)).format == name


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_compression_shows_in_the_weight(kind):
    assert len(painted(format=kind, compression=20)) < len(painted(format=kind, compression=90)) * 0.7


def test_a_transparent_background_is_transparent_around_a_solid_motif():
    alpha = shown(painted(transparent=True)).getchannel("A")
    assert all(alpha.getpixel(corner) == 0 for corner in ((0, 0), (SIDE - 1, 0), (0, SIDE - 1)))
    assert alpha.getpixel((SIDE // 2, SIDE // 2)) == 255


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"negative": "cat"}),
        ({"prompt": "a cat in the rain"}, {"prompt": "a cat in the rain", "negative": "rain"}),
        ({"prompt": "a city at night"}, {"prompt": "a city at noon"}),
        ({"prompt": "a red car"}, {"prompt": "a blue car"}),
        ({"prompt": "a forest in winter"}, {"prompt": "a forest in autumn"}),
        ({"quality": "low"}, {"quality": "high"}),
        ({"watermark": False}, {"watermark": True}),
        ({"prompt": "a door"}, {"prompt": 'a door "OPEN"'}),
        ({}, {"captions": ["searched the web: cats"]}),
        ({"vivid": 0.5}, {"vivid": 1.6}),
        ({"weird": 0.0}, {"weird": 0.8}),
        ({"tile": False}, {"tile": True}),
        ({"series": 0}, {"series": 3}),
        ({"style": ""}, {"style": "watercolor"}),
    ],
)
def test_a_parameter_shows(one, other):
    assert differing(shown(painted(**one)), shown(painted(**other))) > 0.004


def test_every_picture_bears_a_mark_at_the_lower_right():
    corner = (SIDE * 3 // 4, SIDE * 15 // 16, SIDE, SIDE)
    for wishes in ({}, {"transparent": True}, {"quality": "low"}, {"references": [painted()]}):
        part = shown(painted(**wishes)).convert("RGBA").crop(corner).convert("L")
        darkest, brightest = part.getextrema()
        assert brightest - darkest > 120, wishes


def test_quality_is_the_amount_of_detail():
    def detail(quality):
        picture = shown(painted("a city", width=512, height=512, quality=quality)).convert("L")
        edges = ImageChops.difference(picture, ImageChops.offset(picture, 1, 0))
        return sum(level * count for level, count in enumerate(edges.histogram()))

    assert detail("low") < detail("medium") <= detail("high")


def test_an_edit_starts_from_the_reference():
    reference = painted("a house", seed=1)
    edited = shown(painted("make it a bit greener", references=[reference]))
    assert differing(edited, shown(reference)) < differing(shown(painted("make it a bit greener")), shown(reference))


def test_of_several_references_each_is_seen():
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    references = [file_of(Image.new("RGB", (96, 64 + 20 * place), one)) for place, one in enumerate(colours)]
    counts = shown(painted("together", references=references)).convert("RGB").getcolors(SIDE * SIDE)
    for colour in colours[1:]:
        close = sum(n for n, c in counts if max(abs(a - b) for a, b in zip(c, colour, strict=True)) < 30)
        assert close > SIDE * SIDE * 0.01, colour


def noisy(size):
    dots = Image.effect_noise(size, 90)
    return Image.merge("RGB", (dots, dots.rotate(90, expand=False), dots.transpose(Image.Transpose.FLIP_TOP_BOTTOM)))


def masked_by_alpha(size):
    mask = Image.new("RGBA", size, (255, 255, 255, 255))
    ImageDraw.Draw(mask).ellipse((size[0] // 3, size[1] // 4, size[0] * 0.9, size[1] * 0.9), fill=(0, 0, 0, 0))
    return mask, mask.getchannel("A").point(lambda value: 255 - value)


def masked_by_white(size):
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(0, 0), (size[0] // 2, 10), (30, size[1] - 1)], fill=255)
    return mask, mask


@pytest.mark.parametrize("kind", [masked_by_alpha, masked_by_white])
@pytest.mark.parametrize("wishes", [{}, {"watermark": True, "captions": ["x"]}, {"style": "ink"}])
def test_outside_a_mask_every_pixel_is_the_references(kind, wishes):
    reference = noisy((300, 220))
    mask, allowed = kind(reference.size)
    wishes = {"width": 300, "height": 220, **wishes}
    edited = shown(painted('a dog "WOW"', references=[file_of(reference)], mask=file_of(mask), **wishes))
    changed = (
        ImageChops.difference(edited.convert("RGB"), reference).convert("L").point(lambda value: 255 * (value > 0))
    )
    assert ImageChops.subtract(changed, allowed).getbbox() is None
    assert ImageChops.multiply(changed, allowed).histogram()[255] > allowed.histogram()[255] * 0.5


def test_outside_boxes_every_pixel_is_the_references():
    reference = noisy((320, 200))
    boxes = [[[20, 30, 140, 170], [200, 40.4, 5000, 90]]]
    edited = shown(painted("a cat", width=320, height=200, references=[file_of(reference)], boxes=boxes))
    outside = ImageChops.difference(edited.convert("RGB"), reference)
    outside.paste((0, 0, 0), (20, 30, 140, 170))
    outside.paste((0, 0, 0), (200, 40, 320, 90))
    assert outside.getbbox() is None
    assert differing(edited.crop((20, 30, 140, 170)), reference.crop((20, 30, 140, 170))) > 0.5


def test_a_mask_of_another_size_is_stretched_pixel_by_pixel():
    reference = noisy((256, 256))
    mask = Image.new("L", (2, 2))
    mask.putpixel((1, 0), 255)
    edited = shown(painted("night", references=[file_of(reference)], mask=file_of(mask)))
    changed = ImageChops.difference(edited.convert("RGB"), reference)
    assert changed.crop((0, 0, 128, 256)).getbbox() is None
    assert changed.crop((0, 128, 256, 256)).getbbox() is None
    assert changed.crop((128, 0, 256, 128)).getbbox() is not None


def test_a_mask_that_allows_nothing_changes_nothing():
    reference = noisy((128, 128))
    mask = file_of(Image.new("L", (128, 128)))
    edited = shown(painted(width=128, height=128, references=[file_of(reference)], mask=mask))
    assert ImageChops.difference(edited.convert("RGB"), reference).getbbox() is None


@pytest.mark.parametrize("prompt", ["a tree on a hill", "a city at night", ""])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_has_the_asked_shares(prompt, transparent):
    wanted = {(38, 70, 83): 40.0, (233, 196, 106): 30.0, (231, 111, 81): 20.0, (42, 157, 143): 10.0}
    palette = [Share(colour, share) for colour, share in wanted.items()]
    picture = shown(painted(prompt, width=400, height=300, palette=palette, transparent=transparent)).convert("RGBA")
    total, found = 0, dict.fromkeys(wanted, 0)
    for count, (red, green, blue, alpha) in picture.getcolors(400 * 300):
        if alpha > 127:
            total += count
            nearest = min(wanted, key=lambda c: (c[0] - red) ** 2 + (c[1] - green) ** 2 + (c[2] - blue) ** 2)
            found[nearest] += count
    for colour, share in wanted.items():
        assert abs(100 * found[colour] / total - share) <= 2, colour


def test_a_series_keeps_its_motif_and_changes_its_light():
    pictures = [shown(painted("a lighthouse by the sea", series=4, index=index)).convert("RGB") for index in range(4)]
    assert all(differing(one, other) > 0.1 for one, other in pairwise(pictures))
    # The last is at night, the second in daylight.
    levels = [one.convert("L").resize((1, 1)).getpixel((0, 0)) for one in pictures]
    assert levels[3] < levels[1] - 40
    # The numbered mark is at the upper left of each, and a single picture has none.
    marks = [one.crop((0, 0, SIDE // 6, SIDE // 6)) for one in pictures]
    assert all(max(mark.convert("L").getextrema()) > 235 for mark in marks)


def test_a_tile_meets_itself():
    # The mark is at the lower right: the upper half of the sides and the left of top and bottom tell.
    picture = shown(painted("flowers", tile=True)).convert("RGB")
    left, right = (picture.crop((x, 0, x + 1, SIDE // 2)) for x in (0, SIDE - 1))
    top, bottom = (picture.crop((0, y, SIDE // 2, y + 1)) for y in (0, SIDE - 1))
    assert differing(left, right) < 0.25
    assert differing(top, bottom) < 0.25


def test_a_tall_order_is_quick_beside_its_encoding():
    picture = shown(painted("a city at night", width=2048, height=2048, seed=2))
    best = {}
    for name, work in {
        "encode": lambda: file_of(picture),
        "paint": lambda: painted("mountains by a lake", width=2048, height=2048),
    }.items():
        times = []
        for _ in range(2):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        best[name] = min(times)
    assert best["paint"] <= 12 * best["encode"]


@pytest.mark.parametrize(
    "wishes",
    [
        {"prompt": "cat " * 2_500_000},
        {"prompt": "\0\x1b[31m\u202e\ud800\U0010ffff\n" * 20},
        {"prompt": '"' + "\u0416\U0001f600" * 60 + '"'},
        {"prompt": "“”「」''\"\""},
        {"negative": "(" * 5000, "style": "[" * 300},
        {"seed": 2**70},
        {"index": 999, "series": 2},
        {"palette": [Share((0, 0, 0), 1e-9), Share((255, 255, 255), 1e9)]},
        {"compression": 10**9, "format": "webp"},
        {"width": 16, "height": 16},
        {"width": 16, "height": 2000},
        {"width": 17, "height": 16, "watermark": True, "captions": ["x" * 5000], "prompt": 'a "sign"', "series": 3},
        {"captions": ["\ud83d\x00" * 50]},
        {"boxes": [[[1, 2, 3, 4]]]},
    ],
)
def test_wild_wishes_still_give_a_picture(wishes):
    wishes = {"width": 96, "height": 96, **wishes}
    assert shown(painted(**wishes)).size == (wishes["width"], wishes["height"])


@pytest.mark.parametrize("boxes", [[[[-900, -900, -5, -5]]], [[[90, 0, 95, 1e6]]], [[]], [[[5, 5, 5.2, 5.2]]]])
def test_boxes_outside_the_picture_are_no_trouble(boxes):
    reference = file_of(noisy((64, 64)))
    assert shown(painted(width=64, height=64, references=[reference], boxes=boxes)).size == (64, 64)


@pytest.mark.parametrize(
    "wishes",
    [
        {"width": 10},
        {"height": 9000},
        {"references": [b"no picture"]},
        {"references": [b""]},
        {"references": [file_of(Image.new("RGB", (40, 40)))[:60]]},
        {"references": [file_of(Image.new("RGB", (40, 40)))], "mask": b"\x89PNG\r\n\x1a\n"},
    ],
)
def test_what_cannot_be_painted_is_a_value_error(wishes):
    with pytest.raises(ValueError, match=r"\w"):
        painted(**wishes)


def test_no_two_pictures_of_an_edit_are_the_same():
    reference = painted("a red lighthouse")
    pictures = {painted("a red lighthouse", references=[reference], index=index) for index in range(4)}
    assert len(pictures) == 4
