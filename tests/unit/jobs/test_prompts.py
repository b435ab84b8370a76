from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs import prompt_template

PROMPT_AS_JSON = '{"scene": {"mood": "calm"}, "list": [{"a": 1}, {}], "n": {{count}}}'


def test_prompt_names_are_filled_once():
    filled = prompt_template.fill(PROMPT_AS_JSON, {"count": 3})
    assert filled == PROMPT_AS_JSON.replace("{{count}}", "3")
    assert prompt_template.fill("{{ a }} {{a}}", {"a": "{{b}}", "b": "no"}) == "{{b}} {{b}}"
    assert prompt_template.fill(r"\{{a}} {{a}}", {"a": "x"}) == "{{a}} x"
    assert prompt_template.fill('{"a": {"b": {{"c": 1}}}}', {}) == '{"a": {"b": {{"c": 1}}}}'
    assert prompt_template.fill("{{天气}}", {"天气": "雨"}) == "雨"


@pytest.mark.parametrize("value", ["text", 3, 2.5, True, date(2026, 4, 8), Path("a/b")])
def test_prompt_takes_numbers_dates_and_paths(value):
    assert prompt_template.fill("<{{v}}>", {"v": value}) == f"<{value}>"


@pytest.mark.parametrize("value", [math, len, None, object(), {"a": 1}, b"x", [1], int])
def test_prompt_refuses_other_types(value):
    with pytest.raises(RequestRefused) as refused:
        prompt_template.fill("{{v}}", {"v": value})
    assert type(value).__name__ in str(refused.value)


def test_prompt_names_all_missing():
    with pytest.raises(RequestRefused) as refused:
        prompt_template.fill("{{wether}} and {{zzz}}", {"weather": "rain", "_hidden": 1, "np": math})
    first, second = refused.value.fields["violations"]
    assert (first.given, first.nearest) == ("wether", "weather")
    assert second.given == "zzz"
    assert second.nearest is None
    assert "weather" in str(second)
    assert "{{wether}}" in str(refused.value)


@pytest.mark.parametrize("inside", ["a.b", "a[0]", "f(x)", "a!r", "a:>3", " a . b ", "my name", "a | upper"])
def test_prompt_refuses_code(inside):
    with pytest.raises(RequestRefused, match="no plain variable name"):
        prompt_template.fill(f"{{{{{inside}}}}}", {"a": 1, "f": 2})


def test_prompt_names_are_listed_in_order():
    assert prompt_template.names(r"{{b}} {{ a }} {{b}} \{{c}} {{d.e}}") == ("b", "a")
