"""A sweep that may be meant in two ways is refused, or read as the only way that makes sense; nothing is guessed."""

from __future__ import annotations

import enum

import pytest
from PIL import Image

from qwave_jupyter import i18n
from qwave_jupyter.batches.axes import parse_axis
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics import cell_options
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import Session
from tests.recording_console import RecordingConsole

np = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")

RED, BLUE = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))


@pytest.fixture
def plan(clean_environment):
    def make(prompt, *sweeps, model="gpt-image-2", **options):
        return Session(edition="2026-04").plan_sweep(prompt, list(sweeps), model=model, **options)

    return make


@pytest.fixture
def planned_cell(plan):
    def make(line, prompt, **variables):
        parsed = cell_options.parse_line(line, load("2026-04").model("gpt-image-2"), variables)
        options = {"variables": variables, "options": parsed.values, "force": parsed.own.force}
        return plan(prompt, *parsed.own.sweep, **options)

    return make


def values_of(text, **variables):
    return parse_axis(text, prompt_names=["s"], variables=variables).values


# One key, two meanings


@pytest.mark.parametrize(
    ("prompt", "sweep"),
    [
        ("{{model}} on a table", "model=gpt-image-2,z-image-turbo"),
        ("a cat, {{ seed }} of it", "seed=1..3"),
        ("{{n}} cats", "n=1,2"),
        ("a {{quality}} photo", "quality=low,high"),
        ("a {{size}} cat", "size=1:1,16:9"),
        ("a {{aspect_ratio}} cat", "aspect-ratio=1:1,16:9"),
        ("{{images}} of cats", "images=red,blue"),
    ],
)
def test_key_of_an_option_and_of_the_prompt_is_refused(plan, prompt, sweep):
    key = sweep.partition("=")[0].replace("-", "_")
    with pytest.raises(OptionMistake) as no:
        plan(prompt, sweep)
    assert str(no.value).startswith(f"--sweep {key}: {key} is an option, and the prompt has {{{{{key}}}}} as well.")
    assert f"Write --sweep {{{{{key}}}}}=… to fill the prompt alone" in str(no.value)


@pytest.mark.parametrize(
    ("key", "values"), [("seed", "3,4"), ("n", "1,2"), ("model", "clay,wood"), ("size", "big,wee")]
)
def test_key_in_braces_fills_the_prompt_alone(plan, key, values):
    sweep = plan(f"a {{{{{key}}}}} of clay", f"{{{{{key}}}}}={values}", options={"seed": 7})
    assert [one.body["prompt"] for one in sweep.requests] == [f"a {one} of clay" for one in values.split(",")]
    assert {(one.model.id, one.body["seed"], one.images_asked) for one in sweep.requests} == {("gpt-image-2", 7, 1)}


def test_key_of_a_swept_model_counts_too(plan):
    with pytest.raises(OptionMistake, match="quality is an option"):
        plan("a {{quality}} cat", "quality=low,high", "model=gpt-image-2,z-image-turbo", model="z-image-turbo")
    sweep = plan("a {{quality}} cat", "quality=low,high", model="z-image-turbo")
    assert [one.body["prompt"] for one in sweep.requests] == ["a low cat", "a high cat"]


@pytest.mark.parametrize("key", ["prompt", "variables", "what", "style"])
def test_key_that_can_only_be_of_the_prompt_needs_no_braces(plan, key):
    sweep = plan(f"a {{{{{key}}}}}", f"{key}=cat,dog")
    assert [one.body["prompt"] for one in sweep.requests] == ["a cat", "a dog"]
    assert not any("style" in one.body for one in sweep.requests)


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("--sweep {{model}}=clay,wood", "gpt-image-2 · sweep 2"),
        ("--sweep model=gpt-image-2,gpt-image-1-official", "2 models · sweep 2"),
    ],
)
def test_title_names_the_models_that_are_swept(ours, capsys, line, title):
    prompt = "a {{ model }}" if "{{" in line else "a cat"
    CellMagic(RecordingConsole()).run_blocking(f"-m gpt-image-2 {line}", prompt, {})
    assert f"qwave: {title} · 2 of 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("prompt", "sweep", "near"),
    [
        ("a cat", "m=gpt-image-2,z-image-turbo", "model"),
        ("a cat", "r=1:1,16:9", "aspect_ratio"),
        ("a cat", "i=red,blue", "image"),
        ("a cat", "a=text2image,image2image", "action"),
        ("a {{style}} cat", "stlye=oil,ink", "{{style}}"),
        ("a {{mood}} {{weather}}", "wether=rain,snow", "{{weather}}"),
        ("{{animal}} at sea", "animals=cat,dog", "{{animal}}"),
    ],
)
def test_unknown_key_names_what_is_near(plan, prompt, sweep, near):
    with pytest.raises(OptionMistake) as no:
        plan(prompt, sweep, variables=dict.fromkeys(("style", "mood", "weather", "animal"), "x"))
    assert str(no.value).endswith(f"Nearest: --sweep {near}=….")


def test_unknown_key_is_sent_where_it_is_forced(plan):
    assert [one.body["m"] for one in plan("a cat", "m=1,2", force=True).requests] == [1, 2]


# Values


@pytest.mark.parametrize(
    "text",
    [
        "s=[oil,ink]",
        's=("oil","ink")',
        "s={oil,ink}",
        "s=<oil,ink>",
        "s= [ 'a]', \"b\" ] ",
        "s=（oil，ink）",
        "s=[[1,2],[3]]",
    ],
)
def test_brackets_around_values_are_refused(text):
    with pytest.raises(OptionMistake, match=r"has brackets around its values\. Write them without brackets"):
        values_of(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("s=(oil),(ink)", ("(oil)", "(ink)")),
        ("s=[a] b,c", ("[a] b", "c")),
        ('s="[oil,ink]",{a} or {b}', ("[oil,ink]", "{a} or {b}")),
        ("s={{a}},{{b}}", ("x", "y")),
        ("s=:(,:)", (":(", ":)")),
    ],
)
def test_brackets_of_values_stay(text, values):
    assert values_of(text, a="x", b="y") == values


@pytest.mark.parametrize(
    "value",
    [
        "0.1..0.5",
        "1...3",
        "a..c",
        "1..3..",
        "10%..20%",
        "mon..fri",
        "1…3",
        "1.. 2.5",
        "5..",
        "..5",
        "{{low}}..c",
        "-1....4",
    ],
)
@pytest.mark.parametrize("listed", ["{}", "{},7", "oil,{}"])
def test_what_only_looks_like_a_range_is_refused(value, listed):
    with pytest.raises(
        OptionMistake, match=r"looks like a range and is none\. A range has whole numbers and stands alone"
    ):
        values_of(f"s={listed.format(value)}", low=2)


@pytest.mark.parametrize("text", ["s=1900..1950..10,2000", "s=1..3,5", "s=oil,1..3"])
def test_range_beside_values_is_refused(text):
    with pytest.raises(OptionMistake, match=r"'[\d.]+' looks like a range and is none"):
        values_of(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("s=1..3", (1, 2, 3)),
        ("s=１．．３", (1, 2, 3)),
        ("s=../a.png,b/../c.png", ("../a.png", "b/../c.png")),
        ("s=\"0.1..0.5\",'a..c'", ("0.1..0.5", "a..c")),
        ("s=oh...,wait ... what now", ("oh...", "wait ... what now")),
        ("s=0.1,0.5,v1.2", ("0.1", "0.5", "v1.2")),
        ("s={{x}},b", ("a..c", "b")),
    ],
)
def test_dots_of_values_stay(text, values):
    assert values_of(text, x="a..c") == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("s=油画、水墨", ("油画", "水墨")),
        ("s=油画、水墨，素描,照片", ("油画、水墨", "素描", "照片")),
        ("s=红、黄，蓝、绿", ("红、黄", "蓝、绿")),
        ("s='红，黄'、蓝", ("红，黄", "蓝")),
        ("s=“春、夏”、秋".replace("“", '"').replace("”", '"'), ("春、夏", "秋")),
        ("s=oil;ink,a|b", ("oil;ink", "a|b")),
        ("s=晴；雨", ("晴；雨",)),
    ],
)
def test_signs_that_separate(text, values):
    assert values_of(text) == values


# Lists


class Look(enum.Enum):
    INK = "ink"
    OIL = "oil"


@pytest.mark.parametrize(
    ("held", "values"),
    [
        (["oil", "ink, wet"], ("oil", "ink, wet")),
        (("a..b",), ("a..b",)),
        (range(3), ("0", "1", "2")),
        (np.array([0.5, 2.0], np.float32), ("0.5", "2.0")),
        (np.array(["oil", "ink"]), ("oil", "ink")),
        (pandas.Series(["oil", "ink"], index=[5, 9]), ("oil", "ink")),
        (list(Look), ("ink", "oil")),
        ("[oil,ink]", ("[oil,ink]",)),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["s={{held}}", "s={{ held }}", "{{s}}={{held}}", 's="{{held}}"'])
def test_name_of_a_list_stands_for_its_values(form, held, values):
    assert values_of(form, held=held) == values


def test_list_stands_beside_other_values(plan):
    assert values_of("s=pen,{{held}},{{one}} pen", held=["oil", "ink"], one="red") == ("pen", "oil", "ink", "red pen")
    sweep = plan("a {{what}}", "what={{held}}", "seed={{seeds}}", variables={"held": ["cat", "dog"], "seeds": [4, 8]})
    sent = [(one.body["prompt"], one.body["seed"]) for one in sweep.requests]
    assert sent == [("a cat", 4), ("a cat", 8), ("a dog", 4), ("a dog", 8)]
    assert [cell.combination.caption for cell in sweep.grid][:2] == ["what cat · seed 4", "what cat · seed 8"]


@pytest.mark.parametrize(
    "held", [["oil", None], [float("nan")], [RED], [["a"]], np.zeros((2, 2)), {"oil", "ink"}, {"a": 1}]
)
def test_list_of_what_is_no_text_is_refused(held):
    with pytest.raises(OptionMistake, match="must be variables that hold text"):
        values_of("s={{held}}", held=held)


@pytest.mark.parametrize("held", [["oil", "ink"], (1, 2), range(3), np.array([1, 2]), pandas.Series(["oil"])], ids=str)
@pytest.mark.parametrize("key", ["style", "seed", "what", "model"])
def test_bare_name_of_a_list_is_refused_with_a_hint(plan, key, held):
    with pytest.raises(OptionMistake) as no:
        plan("a {{what}}", f"{key}=several", variables={"what": "cat", "several": held})
    assert f"Write {key}={{{{several}}}} to sweep these" in str(no.value)


@pytest.mark.parametrize(
    ("text", "values"),
    [("s='several'", ("several",)), ("s=several,oil", ("several", "oil")), ("s=one", ("one",)), ("s=pics", ("pics",))],
)
def test_bare_name_that_may_be_a_text_stays(text, values):
    assert values_of(text, several=["oil", "ink"], one="x", pics=[RED]) == values


def test_bare_name_of_a_list_of_images_is_one_value(plan):
    sweep = plan("a cat", "images=both", variables={"both": ["https://x.example/a.png", "https://x.example/b.png"]})
    assert [one.body["image_urls"] for one in sweep.requests] == [
        ["https://x.example/a.png", "https://x.example/b.png"]
    ]


# Addresses

FIRST, SECOND = "https://res.x.example/w_400,h_300/sample.jpg", "https://x.example/b.png"


@pytest.mark.parametrize(
    "listed",
    [
        FIRST,
        f"city,{FIRST}",
        "HTTP://x.example/a,b.png",
        f"{SECOND},{FIRST}",
        "data:image/png;base64,AAAA",
        f"{SECOND},red.png",
        f"{SECOND}、b.png",
    ],
)
def test_comma_inside_an_address_is_refused(plan, listed):
    with pytest.raises(OptionMistake, match="Put the address into quotes"):
        plan("a cat", f"images={listed}", variables={"city": RED})


@pytest.mark.parametrize(
    ("listed", "addresses"),
    [
        (f'"{FIRST}",{SECOND}', [FIRST, SECOND]),
        (f"{SECOND},'{FIRST}'", [SECOND, FIRST]),
        (f"{SECOND}, http://x.example/c.png", [SECOND, "http://x.example/c.png"]),
        (f"{SECOND},first", [SECOND, FIRST]),
        (f"{SECOND},{{{{first}}}}", [SECOND, FIRST]),
        (f"{SECOND},first,'{SECOND}?2'", [SECOND, FIRST, f"{SECOND}?2"]),
        ("{{both}}", [FIRST, SECOND]),
    ],
)
def test_comma_between_addresses_separates(plan, listed, addresses):
    sweep = plan("a cat", f"images={listed}", variables={"first": FIRST, "both": [FIRST, SECOND]})
    assert [one.body["image_urls"] for one in sweep.requests] == [[one] for one in addresses]


# Code


@pytest.mark.parametrize(
    ("listed", "given"),
    [
        ("red[0],blue", "red[0]"),
        ("blue,red[0]", "red[0]"),
        ("d['a'],blue", "d['a']"),
        ('blue,d["a"]', 'd["a"]'),
        ("blue.pil,red", "blue.pil"),
        ("blue,blue.copy()", "blue.copy()"),
    ],
)
@pytest.mark.parametrize("key", ["images", "image", "mask"])
def test_code_is_no_swept_image(planned_cell, key, listed, given):
    line = f"--sweep {key}={listed}" + " -i blue" * (key == "mask")
    with pytest.raises(OptionMistake) as no:
        planned_cell(line, "a cat", red=[RED], blue=BLUE, d={"a": RED})
    said = (
        f"--sweep {key} takes the name of a variable and no code, and was given {given}; put it into a variable first"
    )
    assert said in str(no.value)


def test_code_is_text_of_other_sweeps(planned_cell):
    sweep = planned_cell("--sweep s=red[0],blue.copy", "a {{s}}", red=[RED], blue=BLUE)
    assert [one.body["prompt"] for one in sweep.requests] == ["a red[0]", "a blue.copy"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--sweep {{s}}=[oil,ink]", "has brackets"),
        ('--sweep s=("oil","ink")', "has brackets"),
        ("--sweep s=0.1..0.5", "looks like a range"),
        ("--sweep s=several", "Write s={{several}}"),
        ("--sweep s={several}", "a variable is filled in as {{several}}"),
        ("--sweep s=pen、$several", "a variable is filled in as {{several}}"),
        (f"--sweep images={FIRST}", "Put the address into quotes"),
    ],
)
def test_cell_is_refused_in_the_same_words(planned_cell, line, said):
    with pytest.raises(OptionMistake) as no:
        planned_cell(line, "a {{s}}", several=["oil", "ink"], s="x")
    assert said in str(no.value)
    assert "\n" not in str(no.value)


def test_cell_sweeps_a_list(planned_cell):
    sweep = planned_cell('--sweep {{style}}={{styles}},"pixel art"', "a {{style}} cat", styles=["oil", "ink"])
    assert [one.body["prompt"] for one in sweep.requests] == ["a oil cat", "a ink cat", "a pixel art cat"]


def test_refusals_in_chinese(plan):
    i18n.use("zh")
    try:
        for sweep, said in [
            ("seed=1,2", "--sweep {{seed}}=…"),
            ("r=1:1,16:9", "--sweep aspect_ratio=…"),
            ("quality=[low,high]", "括号"),
            ("quality=0.1..0.5", "范围"),
            ("quality=several", "{{several}}"),
            (f"images={FIRST}", "引号"),
        ]:
            with pytest.raises(OptionMistake) as no:
                plan("a {{seed}}", sweep, variables={"seed": "x", "several": ["low", "high"]})
            assert said in str(no.value)
    finally:
        i18n.use(None)
