"""What a name in a prompt, or an option, may hold."""

from __future__ import annotations

import enum
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.catalog import Parameter
from qwave_jupyter.catalog.parameter import UnreadableValue
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.jobs.request import fill_prompt


class Mood(str, enum.Enum):  # noqa: UP042 - as many write them
    CALM = "very calm"


class Light(enum.StrEnum):
    DUSK = "at dusk"


class Count(enum.IntEnum):
    FEW = 3


class Flag(int, enum.Enum):
    SEVEN = 7


class Plain(enum.Enum):
    OIL = "oil paint"
    SIZE = 2


class Spoken(enum.Enum):
    RED = "#f00"

    def __str__(self):
        return "deep red"


class Way(enum.Flag):
    LEFT = 1
    UP = 2


class Style(enum.Enum):
    OIL = Plain.OIL
    MOOD = Mood.CALM
    FEW = Count.FEW
    UP = Way.UP
    RED = Spoken.RED
    BOTH = (Plain.OIL, Plain.SIZE)


class Nested(enum.Enum):
    OIL = Style.OIL


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        np.float64("nan"),
        np.float32("nan"),
        Decimal("NaN"),
        Decimal("sNaN"),
        complex(math.nan, 0),
        pd.NA,
        pd.NaT,
        np.datetime64("NaT", "s"),
        None,
    ],
)
def test_missing_value_is_refused_in_a_prompt(value):
    with pytest.raises(RequestRefused) as refused:
        fill_prompt("a {{mood}} cat", {"mood": value})
    assert refused.value.fields["violations"][0].code == "not_text"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Mood.CALM, "very calm"),
        (Light.DUSK, "at dusk"),
        (Count.FEW, "3"),
        (Flag.SEVEN, "7"),
        (Plain.OIL, "oil paint"),
        (Plain.SIZE, "2"),
        (Spoken.RED, "deep red"),
        (Way.UP, "2"),
        (Way.LEFT | Way.UP, "3"),
        (Way(0), "0"),
        (Style.OIL, "oil paint"),
        (Style.MOOD, "very calm"),
        (Style.FEW, "3"),
        (Style.UP, "2"),
        (Style.RED, "deep red"),
        (Nested.OIL, "oil paint"),
        (np.True_, "True"),
        (np.bool_(0), "False"),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.datetime64("2026-01-02T03:04", "m"), "2026-01-02T03:04"),
        (pd.Series([True, False])[0], "True"),
        (0, "0"),
        (1.5, "1.5"),
        (pd.Timestamp("2026-01-02").date(), "2026-01-02"),
    ],
)
def test_value_in_a_prompt(value, text):
    assert fill_prompt("{{x}}", {"x": value}) == text


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("string", Mood.CALM, "very calm"),
        ("string", Plain.OIL, "oil paint"),
        ("string", Count.FEW, "3"),
        ("integer", Count.FEW, 3),
        ("integer", Flag.SEVEN, 7),
        ("integer", Plain.SIZE, 2),
        ("number", Flag.SEVEN, 7),
        ("integer", Way.UP, 2),
        ("integer", Style.FEW, 3),
        ("string", Style.MOOD, "very calm"),
        ("string", Nested.OIL, "oil paint"),
        ("string[]", [Mood.CALM, Light.DUSK], ("very calm", "at dusk")),
        ("string[]", [Nested.OIL, Style.MOOD], ("oil paint", "very calm")),
        ("object", {"a": Nested.OIL, "b": [Way.UP]}, {"a": "oil paint", "b": [2]}),
    ],
)
def test_enumeration_in_an_option_counts_by_value(kind, value, read):
    found = Parameter("x", kind, ("x",)).read(value)
    assert found == read
    members = found if isinstance(found, tuple) else (found,)
    assert not any(isinstance(one, enum.Enum) for one in members)


@pytest.mark.parametrize("kind", ["string", "integer", "number"])
def test_enumeration_of_several_values_is_refused(kind):
    with pytest.raises(RequestRefused) as refused:
        fill_prompt("{{x}}", {"x": Style.BOTH})
    assert refused.value.fields["violations"][0].code == "not_text"
    with pytest.raises(UnreadableValue):
        Parameter("x", kind, ("x",)).read(Style.BOTH)


def test_enumeration_chooses_a_choice():
    class Ratio(enum.StrEnum):
        WIDE = "16:9"

    assert Parameter("x", "string", ("x",), choices=("1:1", "16:9")).read(Ratio.WIDE) == "16:9"


@pytest.mark.parametrize("value", [math.nan, np.float64("nan"), math.inf, pd.NA, pd.NaT])
@pytest.mark.parametrize("kind", ["string", "integer", "number"])
def test_missing_value_is_refused_in_an_option(kind, value):
    with pytest.raises(UnreadableValue):
        Parameter("x", kind, ("x",)).read(value)


@pytest.mark.parametrize("written", ["2.0", "2", " 2.00", "２.0", "+2.0"])
def test_whole_number_is_read_from_text_with_its_point(written):
    assert Parameter("n", "integer", ("n",)).read(written) == 2
    assert type(Parameter("n", "integer", ("n",)).read(written)) is int


@pytest.mark.parametrize("value", [2.0, np.float64(2), np.float32(2), pd.Series([2.0])[0]])
def test_whole_number_fills_an_option_as_python_takes_it(value):
    filled = fill_prompt("{{n}}", {"n": value})
    assert Parameter("n", "integer", ("n",)).read(filled) == Parameter("n", "integer", ("n",)).read(float(value)) == 2


@pytest.mark.parametrize("written", ["2.5", "2.", ".0", "2.0.0", "2,0", "2.01", "1e0"])
def test_what_is_no_whole_number_is_refused(written):
    with pytest.raises(UnreadableValue):
        Parameter("n", "integer", ("n",)).read(written)


@pytest.mark.parametrize("name", [1, None, ("a",), b"a", 2.5])
def test_name_of_a_variable_must_be_a_text(name):
    with pytest.raises(OptionMistake) as refused:
        qwave.build("a {{a}}", variables={name: "cat"})
    for language in ("en", "zh"):
        i18n.use(language)
        assert repr(name) in str(refused.value)
        assert "variables" in str(refused.value)
    i18n.use(None)
