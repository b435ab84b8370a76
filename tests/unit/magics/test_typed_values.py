"""Quoted dashes, help as text, full-width numbers, options given twice and names in braces, wherever they are typed."""

from __future__ import annotations

import pytest

from qwave_jupyter.batches.sweep import parse_axis
from qwave_jupyter.catalog import load
from qwave_jupyter.demo import __main__ as demo_main
from qwave_jupyter.errors import OptionMistake, UnknownModel, UserMistake
from qwave_jupyter.jobs import codegen
from qwave_jupyter.magics import cell_options
from qwave_jupyter.magics.caller_scope import CallerVariables
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.magics.line_magic import COMMANDS
from qwave_jupyter.session import Session
from tests.recording_console import RecordingConsole

CATALOG = load("2026-09")
QWEN = CATALOG.model("qwen-image-3.0")
GPT = load("2026-04").model("gpt-image-2")
SEEDREAM = load("2026-04").model("seedream-5.0")
WAN = load("2026-04").model("wan2.7-image")


def parse(line, model=QWEN, **variables):
    return cell_options.parse_line(line, model, variables)


def parse_command(line, **variables):
    name, *tokens = cell_options.tokenize(line)
    return COMMANDS[name].parse(tokens, variables)


# Values that begin with dashes


@pytest.mark.parametrize("text", ["--no text", "-n", "--dry-run", "--help", "-h", "-m", "—dry-run", "--seed=3"])
@pytest.mark.parametrize("form", ['--negative-prompt "{}"', "--negative-prompt '{}'", "--negative-prompt=“{}”"])
def test_quoted_dashes_are_text(form, text):
    parsed = parse(form.format(text))
    assert parsed.values == {"negative_prompt": text}
    assert not parsed.own.help
    assert not parsed.own.dry_run


def test_quoted_dashes_name_no_model():
    line = '--negative-prompt "-m" -m qwen-image-3.0'
    assert cell_options.find_model_id(line) == "qwen-image-3.0"
    assert parse(line).values == {"negative_prompt": "-m"}
    with pytest.raises(OptionMistake, match="neither an option"):
        parse('"-m" z-image-turbo')


@pytest.mark.parametrize("line", ["--negative-prompt --dry-run", "--negative-prompt -n 2", "--save --force"])
def test_unquoted_dashes_begin_an_option(line):
    with pytest.raises(OptionMistake, match="needs a value"):
        parse(line)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ('resume --save "--out"', {"save": "--out"}),
        ('report "-a.html" --by "-n"', {"by": "-n"}),
        ('models --action "--mask"', {"action": "--mask"}),
    ],
)
def test_quoted_dashes_in_commands(line, options):
    assert parse_command(line).options == options


def test_quoted_dashes_in_words_of_commands():
    assert parse_command('report "--all" --all').words == ("--all",)
    with pytest.raises(OptionMistake, match="--by needs a value"):
        parse_command("report a.html --by --all")


# Help


@pytest.mark.parametrize("line", ["--help", "-h", "-n 2 --help --bogus", "－－help", "--negative-prompt x -h"])
def test_help_on_a_cell(line):
    assert parse(line).own.help


@pytest.mark.parametrize("line", ["models --help", "models -h", "history a --help", "panel -n 2 --help", "cost -h"])
def test_help_on_a_command(line):
    assert parse_command(line).help


@pytest.mark.parametrize(
    "line", ['history "how --help works"', 'history "--help"', "report a.html --by=--help", "resume --save '-h'"]
)
def test_help_as_text_of_a_command(line):
    assert not parse_command(line).help


# Full-width characters


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("-n ２ －－seed＝１２", {"n": 2, "seed": 12}),
        ("-r １６：９ -p seed＝７", {"aspect_ratio": "16:9", "seed": 7}),
        ("——resolution ２ｋ", {"resolution": "2k"}),
    ],
)
def test_wide_numbers_are_read(line, values):
    read, wrong = GPT.read(parse(line, GPT).values)
    assert (read, wrong) == (values, ())


def test_wide_characters_stay_in_text():
    text = "１＋１＝２，－－no “text”"
    assert parse(f"--negative-prompt '{text}'").values == {"negative_prompt": text}
    assert parse("--negative-prompt “a —b\u3000c”").values == {"negative_prompt": "a —b\u3000c"}
    assert QWEN.read({"prompt": "第１张"})[0] == {"prompt": "第１张"}


def test_wide_numbers_of_our_own():
    own = parse("--timeout １２ --max-cost ０．０２ --sweep seed＝１..３").own
    assert (own.timeout, own.max_cost) == (12.0, 0.02)
    assert parse_axis(own.sweep[0]).values == (1, 2, 3)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("models －－max-price＝０．０２", {"max_price": 0.02}),
        ("models —references ２", {"references": 2}),
        ("models --prompt-chars １０００ －－mask", {"prompt_chars": 1000, "mask": True}),
    ],
)
def test_wide_numbers_of_commands(line, options):
    assert parse_command(line).options == options


@pytest.mark.parametrize("text", ["-1", "nan", "two", "1.5", "9" * 30])
def test_numbers_of_commands_are_checked(text):
    with pytest.raises(OptionMistake, match="whole number"):
        parse_command(f"models --references={text}")


# Given twice


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("--dry-run --dry-run", "--dry-run", "--dry-run"),
        ("--watermark --no-watermark", "--watermark", "--no-watermark"),
        ("--watermark false --watermark", "--watermark", "--watermark"),
        ("-p watermark=true --no-watermark", "-p watermark", "--no-watermark"),
        ("－－seed 1 --seed 2", "--seed", "--seed"),
        ("-o a --out b", "-o", "--out"),
        ("--sparkle 1 --sparkle 2", "--sparkle", "--sparkle"),
        ("-p timeout=1 -p timeout=2", "-p timeout", "-p timeout"),
        ("-a edit --action generate", "-a", "--action"),
    ],
)
def test_given_twice_names_both(line, first, second):
    with pytest.raises(OptionMistake) as refusal:
        parse(line, SEEDREAM)
    assert str(refusal.value).startswith(f"{first} and {second} give one option twice; keep one of them. Nothing")


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("models --action edit -a generate", "--action", "-a"),
        ("models --mask —mask", "--mask", "--mask"),
        ("demo --latency 1 --latency=2", "--latency", "--latency"),
        ("resume --save a --save b", "--save", "--save"),
    ],
)
def test_given_twice_in_commands(line, first, second):
    with pytest.raises(OptionMistake, match=f"{first} and {second} give one option twice"):
        parse_command(line)


@pytest.mark.parametrize("line", ["model gpt-image-2 z-image-turbo", "show a b", "cancel a b c"])
def test_words_that_nothing_reads_are_refused(line):
    with pytest.raises(OptionMistake, match="takes one word"):
        parse_command(line)


@pytest.mark.parametrize(
    ("options", "sweep"), [({"seed": 1}, "seed=1..3"), ({"size": "1:1"}, "aspect_ratio=1:1,2:3"), ({"n": 1}, "n=1,2")]
)
def test_given_twice_by_a_sweep(clean_environment, options, sweep):
    with pytest.raises(OptionMistake, match="--sweep"):
        Session().plan_sweep("a", [sweep], model="seedream-5.0", options=options)


def test_given_twice_is_no_name_of_the_prompt(clean_environment):
    plan = Session().plan_sweep("a {{style}}", ["style=oil,ink"], model="gpt-image-2", options={"style": "old"})
    assert [one.body["style"] for one in plan.requests] == ["old", "old"]


@pytest.mark.parametrize("line", ["--port 1 --port 2", "--slow --slow", "--seed 1 --see 2"])
def test_given_twice_in_a_terminal(line, capsys):
    with pytest.raises(SystemExit):
        demo_main._parser().parse_args(line.split())
    assert "give one option twice; keep one of them." in capsys.readouterr().err


def test_terminal_takes_options_once():
    read = demo_main._parser().parse_args(["--port", "5", "--slow", "--latency=1"])
    assert (read.port, read.slow, read.latency) == (5, True, "1")


# Names in braces


def test_names_fill_every_kind_of_option():
    line = (
        "-n {{count}} -r {{ ratio }} --style '{{style}} on paper' -p quality={{quality}} "
        "-i {{url}} -o {{out}} --timeout {{seconds}} --embed {{embed}} --official-fallback {{flag}}"
    )
    names = {
        "count": 2,
        "ratio": "16:9",
        "style": "ink",
        "quality": "low",
        "url": "https://x.example/a.png",
        "out": "city",
        "seconds": 2.5,
        "embed": "link",
        "flag": False,
    }
    parsed = parse(line, GPT, **names)
    assert GPT.read(parsed.values) == (
        {
            "n": 2,
            "aspect_ratio": "16:9",
            "style": "ink on paper",
            "quality": "low",
            "images": ("https://x.example/a.png",),
            "official_fallback": False,
        },
        (),
    )
    assert (parsed.own.out, parsed.own.timeout, parsed.own.embed) == ("city", 2.5, "link")


def test_names_choose_the_model():
    assert cell_options.find_model_id("-m {{model}}", {"model": "z-image-turbo"}) == "z-image-turbo"
    assert cell_options.find_model_id("--model=z-{{kind}}", {"kind": "image"}) == "z-image"
    with pytest.raises(OptionMistake, match="must be variables that hold text"):
        cell_options.find_model_id("-m {{model}}", {})


@pytest.mark.parametrize("option", ["--seed", "--negative-prompt", "-i", "-o", "--timeout", "-m", "--embed", "-r"])
@pytest.mark.parametrize("name", ["missing", "nothing", "a.b"])
def test_names_are_refused_everywhere(option, name):
    with pytest.raises(OptionMistake, match="must be variables that hold text"):
        parse(f"{option} {{{{{name}}}}}", nothing=None)


def test_names_of_images_go_without_braces():
    with pytest.raises(OptionMistake, match="named without braces, -i photo"):
        parse("-i {{photo}}", GPT, photo=object())


def test_names_fill_values_of_a_sweep():
    axis = parse_axis("style={{a}},ink", variables={"a": "oil, wet"})
    assert axis.values == ("oil, wet", "ink")
    assert parse_axis("seed={{low}}..{{high}}", variables={"low": 2, "high": 4}).values == (2, 3, 4)
    with pytest.raises(OptionMistake, match="must be variables"):
        parse_axis("style={{a}}", variables={})


@pytest.mark.parametrize(
    ("line", "words", "options"),
    [
        ("model {{model}}", ("z-image-turbo",), {}),
        ("resume --save {{folder}}/x", (), {"save": "out/x"}),
        ("models --references {{count}}", (), {"references": 2}),
    ],
)
def test_names_fill_values_of_commands(line, words, options):
    args = parse_command(line, model="z-image-turbo", folder="out", count=2)
    assert (args.words, args.options) == (words, options)
    with pytest.raises(OptionMistake, match="must be variables that hold text"):
        parse_command(line)


@pytest.mark.parametrize("text", ["{{x}}", r"\{{x}}", "{{{{", "a {{ b }} c"])
def test_names_in_generated_cells_are_literal(text):
    line, _, _ = codegen.cell("gpt-image-2", "a", {"style": text, "timeout": text}).partition("\n")
    assert parse(line.removeprefix("%%qwave"), GPT).values == {"style": text, "timeout": text}


@pytest.mark.parametrize("value", ["$folder", "x/{folder}", "${folder}/y", "{folder}-$nobody"])
def test_names_in_other_braces_are_refused(value):
    with pytest.raises(OptionMistake, match=r"filled in as \{\{folder\}\}\."):
        parse(f"--save '{value}'", folder="out")
    assert parse(f"--save '{value}'").own.save == value


OTHER_BRACES = ["${name}", "{{{name}}}", "${{{name}}}"]


@pytest.mark.parametrize("braces", OTHER_BRACES)
@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("--style {}", GPT),
        ("--style='{}'", GPT),
        ("-p style={}", GPT),
        ("-p foo={} --force", GPT),
        ("--foo {} --force", GPT),
        ("-n {}", GPT),
        ("-r {}", GPT),
        ("--timeout {}", GPT),
        ("-o {}", GPT),
        ("--embed {}", GPT),
        ("--sweep style=ink,{}", GPT),
        ("--sweep style='{}',ink", GPT),
        ("--watermark={}", SEEDREAM),
        ("--color-palette {}", WAN),
    ],
)
def test_values_of_other_braces_are_refused(line, model, braces):
    for name in ("look", "bild_2"):
        value = braces.format(name=name)
        with pytest.raises(OptionMistake, match=rf"filled in as \{{\{{{name}\}}\}}\.") as refused:
            parse(line.format(value), model, **{name: "ink"})
        assert value in str(refused.value)


@pytest.mark.parametrize("braces", OTHER_BRACES)
@pytest.mark.parametrize("line", ["--style {}", "-p style={}", "-p foo={} --force", "--sweep style={}"])
def test_values_of_other_braces_stay_without_a_variable(line, braces):
    value = braces.format(name="look")
    parsed = parse(line.format(value), GPT, other="ink")
    assert value in str((parsed.values, parsed.own.sweep))


@pytest.mark.parametrize("text", ["costs $look", "{look} and more", "{a: look}", "$look$", "{look}{look}"])
def test_other_braces_within_a_text_stay(text):
    assert parse(f"--style '{text}'", GPT, look="ink").values == {"style": text}


@pytest.mark.parametrize("held", ["$look", "{look}", "${look}"])
def test_other_braces_from_a_variable_stay(held):
    assert parse("--style {{look}}", GPT, look=held).values == {"style": held}
    assert parse("-p style={{look}}", GPT, look=held).values == {"style": held}


@pytest.mark.parametrize("given", ["$colours", "{colours}", "${colours}"])
def test_list_in_other_braces_goes_by_its_name(given):
    with pytest.raises(OptionMistake, match=r"filled in as colours\."):
        parse(f"--color-palette {given}", WAN, colours=[{"hex": "#102030", "ratio": 100}])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-p api_key=$look", "key"),
        ("-p prompt={look}", "is no parameter"),
        ("-i $look", "named without braces"),
        ("-p mask={look}", "named without braces"),
    ],
)
def test_other_braces_keep_the_refusals_of_their_own(line, says):
    with pytest.raises(OptionMistake, match=says) as refused:
        parse(line, GPT, look="ink")
    assert "filled in as" not in str(refused.value)


@pytest.mark.parametrize("braces", OTHER_BRACES)
@pytest.mark.parametrize("line", ["-m {}", "--model={}", "-n 2 -m '{}' --seed 3"])
def test_model_in_other_braces_is_refused(ours, server, line, braces):
    for name in ("model", "bild_2"):
        value = braces.format(name=name)
        with pytest.raises(OptionMistake, match=rf"filled in as \{{\{{{name}\}}\}}\.") as refused:
            CellMagic(RecordingConsole()).run_blocking(line.format(value), "a cat", {name: "z-image-turbo"})
        assert value in str(refused.value)
    assert not server.bodies
    with pytest.raises(UnknownModel):
        CellMagic(RecordingConsole()).run_blocking(line.format(braces.format(name="other")), "a cat", {"model": "x"})


@pytest.mark.parametrize("braces", OTHER_BRACES)
@pytest.mark.parametrize(
    "line",
    [
        "resume --save {}",
        "resume --save=out/{}",
        "report {}.html",
        "report page --by '{}'",
        "weight {}",
        "show {}",
        "cancel {}",
        "history a {}",
        "model {}",
        "models --action {}",
        "compare z-image-turbo {}",
        "demo --fail {}",
    ],
)
def test_command_in_other_braces_is_refused(line, braces):
    value = braces.format(name="folder")
    with pytest.raises(OptionMistake, match=r"filled in as \{\{folder\}\}\.") as refused:
        parse_command(line.format(value), folder="out")
    assert value in str(refused.value)
    assert value in str(parse_command(line.format(value), other="out"))


# Empty values


@pytest.mark.parametrize("option", ["-m", "--model", "--save"])
@pytest.mark.parametrize("value", ["''", '"{{empty}}"', "{{empty}}", '"{{blank}}"'])
@pytest.mark.parametrize("more", ["", "--force", "--sweep seed=1,2", "--dry-run"])
def test_empty_name_is_refused(ours, server, option, value, more):
    name = "--save" if option == "--save" else "model"
    with pytest.raises(UserMistake, match=rf"^{name} is empty"):
        CellMagic(RecordingConsole()).run_blocking(f"{option} {value} {more}", "a cat", {"empty": "", "blank": " \t"})
    assert not server.bodies


@pytest.mark.parametrize("line", ["--model=", "--save="])
def test_nothing_behind_a_sign_of_equality_is_refused(ours, line):
    with pytest.raises(UserMistake, match="is empty"):
        CellMagic(RecordingConsole()).run_blocking(line, "a cat", {})


@pytest.mark.parametrize("line", ["-m", "--seed 3 --model", "--save"])
def test_option_without_a_value_is_told_from_an_empty_one(ours, line):
    with pytest.raises(OptionMistake, match="needs a value"):
        CellMagic(RecordingConsole()).run_blocking(line, "a cat", {})


# Variables that can't be reached


@pytest.mark.parametrize("line", ["", "--dry-run", "-n 2"])
@pytest.mark.parametrize(
    ("unreachable", "uncertain", "says"),
    [
        ({}, {"animal"}, "can't be told whether animal is"),
        ({"animal": "f"}, set(), r"animal of f\(\) can't be reached"),
        ({"animal": ""}, set(), "animal has no value here"),
        ({"animal": "<genexpr>"}, {"animal"}, "animal of the comprehension"),
    ],
)
def test_variables_without_a_reachable_one_are_not_unknown(ours, server, line, unreachable, uncertain, says):
    variables = CallerVariables({"animal": "newt"}, unreachable, uncertain)
    with pytest.raises(OptionMistake, match=says):
        CellMagic(RecordingConsole()).run_blocking(f"-m gpt-image-2 {line}", "A {{animal}}", variables)
    assert not server.bodies
