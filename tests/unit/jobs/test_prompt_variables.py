from __future__ import annotations

import math
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs.request import fill_prompt, fill_values, prompt_names

PROMPT_AS_JSON = '{"scene": {"mood": "calm"}, "list": [{"a": 1}, {}], "n": {{count}}}'


def test_prompt_names_are_filled_once():
    filled = fill_prompt(PROMPT_AS_JSON, {"count": 3})
    assert filled == PROMPT_AS_JSON.replace("{{count}}", "3")
    assert fill_prompt("{{ a }} {{a}}", {"a": "{{b}}", "b": "no"}) == "{{b}} {{b}}"
    assert fill_prompt(r"\{{a}} {{a}}", {"a": "x"}) == "{{a}} x"
    assert fill_prompt('{"a": {"b": {{"c": 1}}}}', {}) == '{"a": {"b": {{"c": 1}}}}'
    assert fill_prompt("{{天气}}", {"天气": "雨"}) == "雨"


@pytest.mark.parametrize("value", ["text", 3, 2.5, True, date(2026, 4, 8), Path("a/b")])
def test_prompt_takes_numbers_dates_and_paths(value):
    assert fill_prompt("<{{v}}>", {"v": value}) == f"<{value}>"


@pytest.mark.parametrize("value", [math, len, None, object(), {"a": 1}, b"x", [1], int])
def test_prompt_refuses_other_types(value):
    with pytest.raises(RequestRefused) as refused:
        fill_prompt("{{v}}", {"v": value})
    assert type(value).__name__ in str(refused.value)


def test_prompt_names_all_missing():
    with pytest.raises(RequestRefused) as refused:
        fill_prompt("{{wether}} and {{zzz}}", {"weather": "rain", "_hidden": 1, "np": math})
    first, second = refused.value.fields["violations"]
    assert (first.given, first.nearest) == ("wether", "weather")
    assert second.given == "zzz"
    assert second.nearest is None
    assert "weather" in str(second)
    assert "{{wether}}" in str(refused.value)


@pytest.mark.parametrize("inside", ["a.b", "a[0]", "f(x)", "a!r", "a:>3", " a . b ", "my name", "a | upper"])
def test_prompt_refuses_code(inside):
    with pytest.raises(RequestRefused, match="no plain variable name"):
        fill_prompt(f"{{{{{inside}}}}}", {"a": 1, "f": 2})


@pytest.mark.parametrize(
    "written",
    [
        "{{\u200bfish}}",
        "{{fish\ufeff}}",
        "{{\xadfish }}",
        "{{\nfish\n}}",
        "{{\t\u2060fish\r\n}}",
        "｛｛fish｝｝",
        "｛｛ fish\u3000｝｝",
        "{{ｆish}}",
    ],
    ids=ascii,
)
def test_name_is_found_whatever_surrounds_it(written):
    assert fill_prompt(f"a {written}.", {"fish": "carp"}) == "a carp."
    assert prompt_names(written) == ("fish",)
    with pytest.raises(RequestRefused, match="no such variable"):
        fill_prompt(written, {"cat": "x"})


@pytest.mark.parametrize("written", [r"\{{fish}}", r"\｛｛fish｝｝", r"\{{ 3*fish }}"])
def test_escaped_braces_of_each_keyboard_stay(written):
    assert fill_prompt(written, {"fish": "carp"}) == written.removeprefix("\\")
    assert prompt_names(written) == ()


@pytest.mark.parametrize(
    "name", ["नाम", "ชื่อ", "cafe\u0301", "caf\u00e9", "ｆish", "ﬁsh", "한글", "天气", "μ", "µ"], ids=ascii
)
def test_name_is_what_python_takes_for_one(name):
    scope = {}
    exec(f"{name} = 'carp'", scope)  # noqa: S102 - Python says what it takes
    for variables in (scope, {name: "carp"}, {unicodedata.normalize("NFD", name): "carp"}):
        for written in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
            assert fill_prompt(f"a {{{{{written}}}}}", variables) == "a carp"


@pytest.mark.parametrize(
    "inside", ["3*n", "-fish", "(fish)", "$fish", "3 * fish", "*n", "!fish", "[fish]", "+ n + 'x'"]
)
def test_prompt_refuses_code_about_a_variable(inside):
    with pytest.raises(RequestRefused, match="no plain variable name"):
        fill_prompt(f"{{{{{inside}}}}}", {"fish": 1, "n": 2})
    assert fill_prompt(f"{{{{{inside}}}}}", {"cat": 1}) == f"{{{{{inside}}}}}"


@pytest.mark.parametrize(
    "text", ['{{"fish": 1}}', "{{'fish': n}}", "{{3: 'fish'}}", "{{\n  fish: 1\n}}", "{{}}", "{{ }}", "{{1, 2}}"]
)
def test_prompt_keeps_pieces_of_json(text):
    assert fill_prompt(text, {"fish": 1, "n": 2}) == text


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("{{a}} {{ a }} {{b}}", {"a": "x"}, "x x {{b}}"),
        ("｛｛a｝｝ \\{{a}}", {"a": "{{b}}"}, "\\{{b}} \\{{a}}"),
        ("{{cafe\u0301}}", {"caf\u00e9": 3}, "3"),
    ],
)
def test_some_names_are_filled_for_good(text, values, filled):
    assert fill_values(text, values) == filled


def test_prompt_names_are_listed_in_order():
    assert prompt_names(r"{{b}} {{ a }} {{b}} \{{c}} {{d.e}}") == ("b", "a")


@pytest.mark.parametrize(
    "prompt",
    [
        "function f() {{\n  return\n}}",
        r"{{\bf x}} in gold letters",
        "{{% if x %}} a sign {{% endif %}}",
        "{{#x}} on a wall",
        "({{1.2::x}}), masterpiece",
        "{{*x*}}",
    ],
)
def test_braces_of_other_languages_stay(prompt):
    assert fill_prompt(prompt, {"x": "cat"}) == prompt
