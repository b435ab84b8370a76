"""What a name in a prompt, or an option, may hold."""

from __future__ import annotations

import enum
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from qwave_jupyter.catalog import Parameter
from qwave_jupyter.catalog.parameter import UnreadableValue
from qwave_jupyter.errors import RequestRefused
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
