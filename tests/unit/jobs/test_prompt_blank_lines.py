"""Blank lines and invisible characters around a prompt are neither sent nor counted, and alone they are no prompt."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs import request

CATALOG = load("2026-04")


@pytest.mark.parametrize("written", ["A red fox\n", "\n\nA red fox", " \t\nA red fox\n  \n\n", "A red fox\r\n"])
def test_prompt_outer_blank_lines(written):
    plain = request.build(CATALOG, "A red fox", {}, model="z-image-turbo")
    built = request.build(CATALOG, written, {}, model="z-image-turbo")
    assert built.body["prompt"] == built.prompt == "A red fox"
    assert built.fingerprint == plain.fingerprint


def test_prompt_outer_blank_lines_of_variable():
    built = request.build(CATALOG, "\n{{animal}}", {}, model="z-image-turbo", variables={"animal": "a fox\n"})
    assert built.prompt == "a fox"


@pytest.mark.parametrize("written", ["A fox\n\nin snow", "  A fox\n  in snow", "A fox  "])
def test_prompt_inner_text_is_unchanged(written):
    assert request.build(CATALOG, written, {}, model="z-image-turbo").prompt == written


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=ascii)
@pytest.mark.parametrize("text", ["A fox{0}in snow", "A fox{0}{0}in snow{0} at night", "{0}A fox{0}  in snow{0}"])
def test_prompt_has_one_kind_of_line_end(text, end):
    catalog = load("2026-09")
    model = next(one for one in catalog if one.negative_prompt)
    for name in ("prompt", model.negative_prompt.name):
        given, plain = ({"prompt": "x", name: text.format(one)} for one in (end, "\n"))
        built, wanted = (
            request.build(catalog, one.pop("prompt"), one, model=model.id, variables={}) for one in (given, plain)
        )
        assert (built.body, built.fingerprint) == (wanted.body, wanted.fingerprint)
        assert "\r" not in str(built.body)
    filled = request.build(catalog, "{{x}}", {}, model=model.id, variables={"x": text.format(end)})
    assert filled.prompt == text.format("\n").strip("\n")


ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(one)) for one in "gbeng") + "\U000e007f"
INVISIBLE = [
    "\ufeff",
    "\u200b",
    "\u200c\u200d",
    "\u2060\u2060",
    "\xad",
    "\x00",
    "\x1b\x07",
    "\u200e\u202e\u2069",
    "\u2028\u2029",
    "\ufe0f",
    "\u180e\u034f",
    ENGLAND[1:],
    "\u17b4",
    "\u17b5\u17b4\u17b5",
    "\ufff0\ufff8",
    "\U000e0000\U000e0002\U000e00ff",
    "\U000e01f0\U000e0fff",
]
#: What belongs to the character before it.
JOINED = {"\ufe0f", "\u180e\u034f", "\u17b4", "\u17b5\u17b4\u17b5"}
#: Default_Ignorable_Code_Point of DerivedCoreProperties.txt.
IGNORABLE = """
00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8
1BCA0-1BCA3 1D173-1D17A E0000-E0FFF
"""


@pytest.mark.parametrize("hidden", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("form", ["{}", " {}\n{}\t", "\n{}\r\n"])
@pytest.mark.parametrize("force", [True, False])
def test_prompt_of_invisible_characters_is_empty(hidden, form, force):
    with pytest.raises(RequestRefused, match="the prompt is empty"):
        request.build(CATALOG, form.format(hidden, hidden), {}, model="z-image-turbo", force=force)


def test_prompt_of_all_that_unicode_ignores_is_empty():
    for ends in (span.split("-") for span in IGNORABLE.split()):
        for code in range(int(ends[0], 16), int(ends[-1], 16) + 1):
            assert not request.normalize_prompt(f" {chr(code)}\n"), ascii(chr(code))


@pytest.mark.parametrize("blank", ["\u2800\u2800", "\u3164", "\u3000\xa0", "\u115f\u1160"], ids=ascii)
def test_prompt_of_blanks_is_empty(blank):
    assert request.normalize_prompt(blank) == ""
    assert request.normalize_prompt(f"{blank}\nA fox\n{blank}") == "A fox"
    assert request.normalize_prompt(f"{blank}A fox") == f"{blank}A fox"


def test_prompt_of_invisible_variable_is_empty():
    with pytest.raises(RequestRefused, match="the prompt is empty"):
        request.build(CATALOG, "{{animal}}", {}, model="z-image-turbo", variables={"animal": "\ufeff\u200b"})


@pytest.mark.parametrize("hidden", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("form", ["{0}A red fox{0}", "{0}\n{0}A red fox\n{0}", "\n{0}A red fox{0}\r\n{0} {0}\n"])
def test_prompt_outer_invisible_characters(hidden, form):
    plain = request.build(CATALOG, "A red fox", {}, model="z-image-turbo")
    # A selector belongs to the character before it.
    written = form.format(hidden) if hidden not in JOINED else f"{hidden}\nA red fox\n{hidden}"
    built = request.build(CATALOG, written, {}, model="z-image-turbo")
    assert (built.body["prompt"], built.fingerprint) == ("A red fox", plain.fingerprint)


@pytest.mark.parametrize(
    "text",
    [
        "\u2764\ufe0f in a book \u2764\ufe0f",
        "1\ufe0f\u20e3 fox, 1\ufe0f\u20e3",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        f"{ENGLAND} and {ENGLAND}",
        "\u845b\U000e0100",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0647\u200d",
        "\u200d\u0647",
        "\u0915\u094d\u200d",
        "\u1780\u17b5 \u1780\u17b4",
        "\u0601\u0661",
        "fox\u200b in\xad snow",
        "  a\x00b",
    ],
    ids=ascii,
)
def test_prompt_visible_signs_stay(text):
    assert request.normalize_prompt(text) == text
    assert request.normalize_prompt(f"\ufeff\n{text}\n\u200b") == text
    assert request.normalize_prompt(f"\ufeff{text}\u200b") == text
