from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs.request import fill_prompt, prompt_names

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


def test_prompt_names_are_listed_in_order():
    assert prompt_names(r"{{b}} {{ a }} {{b}} \{{c}} {{d.e}}") == ("b", "a")
