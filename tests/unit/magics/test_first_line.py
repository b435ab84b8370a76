"""Options given twice, loose words, and one reading of the words of cells and lines."""

from __future__ import annotations

import os
import unicodedata

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics import cell_options

CATALOG = load("2026-04")
TURBO = CATALOG.model("z-image-turbo")


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("-m gpt-image-2 --model z-image-turbo", "-m", "--model"),
        ("--seed 1 --seed=2", "--seed", "--seed"),
        ("-r 1:1 --size 16:9", "-r", "--size"),
        ("-p seed=1 --seed 2", "-p seed", "--seed"),
        ("--save a --save b", "--save", "--save"),
    ],
)
def test_options_given_twice_are_refused(line, first, second):
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(line, TURBO, {})
    assert str(refusal.value).startswith(f"{first} and {second} give one option twice; keep one of them.")


def test_options_that_repeat_are_kept():
    parsed = cell_options.parse_line(
        "-i https://x.example/1.png -i https://x.example/2.png", CATALOG.model("gpt-image-2"), {}
    )
    assert parsed.values == {"images": ("https://x.example/1.png", "https://x.example/2.png")}


@pytest.mark.parametrize("words", ["a red fox", "a red fox in the deep snow", "一只 红色 狐狸"])
def test_loose_words_are_one_sentence(words):
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(f"{words} --seed 1", TURBO, {})
    assert str(refusal.value).count("goes below") == 1
    assert words in str(refusal.value)


def test_loose_words_hide_a_key():
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line("a fox sk-verysecret123", TURBO, {})
    assert "verysecret" not in str(refusal.value)
    assert "%qwave key" in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("models —action edit", ["models", "--action", "edit"]),
        ("models --max-price “0.02”", ["models", "--max-price", "0.02"]),
        ("history\u3000‘a fox’", ["history", "a fox"]),
    ],
)
def test_line_reads_words_like_cell(line, tokens):
    assert cell_options.tokenize(line) == tokens


@pytest.mark.skipif(os.name == "nt", reason="there no backslash escapes anything")
@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        (r"--save C:\Users\me\pics", ["--save", r"C:\Users\me\pics"]),
        (r"-i sub\blue.png", ["-i", r"sub\blue.png"]),
        (r"--save=out\2026\_new\图", [r"--save=out\2026\_new\图"]),
        (r"--sweep s='a b',c\d", ["--sweep", r"s='a b',c\d"]),
        (r"-i my\ photo.png", ["-i", "my photo.png"]),
        (r"-o it\'s \\server\share", ["-o", "it's", r"\server\share"]),
        (r"-i 'a\b' " + r'"c\d" "e\\f"', ["-i", r"a\b", r"c\d", r"e\f"]),
    ],
)
def test_backslash_of_a_path_stays(line, tokens):
    assert cell_options.tokenize(line) == tokens


@pytest.mark.parametrize("name", ["नाम", "ชื่อ", "cafe\u0301", "fish"], ids=ascii)
@pytest.mark.parametrize("form", ["{{{{{}}}}}", "{{{{ {} }}}}", "｛｛{}｝｝", "｛｛ {} ｝｝"])
def test_name_in_an_option_is_found_as_python_finds_it(name, form):
    variables = {unicodedata.normalize("NFKC", name): 7}
    assert cell_options.parse_line(f"--seed {form.format(name)}", TURBO, variables).values == {"seed": "7"}
