"""Anything that an option, a setting or a public function can be given ends in a value or in our own error."""

from __future__ import annotations

import enum
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.magics.cell_options import find_model_id, parse_line, tokenize
from qwave_jupyter.magics.line_magic import COMMANDS
from qwave_jupyter.session import Session
from qwave_jupyter.settings import Settings


class Failing:
    """Fails at whatever is asked of it."""

    def fail(self, *_, **__):
        raise RuntimeError

    __str__ = __repr__ = __eq__ = __bool__ = __len__ = __iter__ = __index__ = __array__ = __fspath__ = __getattr__ = (
        fail
    )
    __hash__ = None


class FailingText(str):
    __slots__ = ()

    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


class Colour(enum.Enum):
    RED = "red"
    TWO = 2


def _nest(depth):
    nested = []
    for _ in range(depth):
        nested = [nested]
    return nested


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)
ODD = [
    Failing(),
    FailingText("x"),
    Colour.RED,
    Colour.TWO,
    _nest(3000),
    ENDLESS,
    10**5000,
    -(10**5000),
    math.nan,
    np.float64("inf"),
    np.array(3),
    np.array([1, 2]),
    np.datetime64("NaT", "s"),
    Path("a\0b"),
    Path("~nobody/x"),
    "\ud800",
    "\0",
    "[" * 5000,
    "9" * 5000,
    '{"a": 1e999}',
    "{{x}}",
    "data:image/png;base64,x",
    "http://[",
    b"x",
    bytearray(b"x"),
    memoryview(b"x"),
    Image.new("RGB", (8, 8)),
    io.BytesIO(b"x"),
    object(),
    object,
    Colour,
    len,
    Ellipsis,
    range(3),
    {("a",): 1},
    {"a": object()},
    [object()],
    [None],
    {"a": math.nan},
]
VALUES = st.one_of(
    st.sampled_from(ODD),
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary(max_size=20),
    st.text(max_size=60),
    st.recursive(st.text(max_size=9) | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)),
)
MODELS = [(edition, one) for edition in ("2026-04", "2026-09") for one in load(edition)]
PARAMETERS = [(edition, model.id, name) for edition, model in MODELS for name in model.parameters if name != "prompt"]
FILTERS = ("action", "aspect_ratio", "resolution", "references", "mask", "max_price", "prompt_chars")
QUICK = settings(
    max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SLOW = settings(QUICK, max_examples=150)


@pytest.fixture
def session(clean_environment):
    return Session(demo=True, home=clean_environment / "home")


def attempt(call):
    """Call it; only our own error may come out, in a text that can be read."""
    try:
        call()
    except QwaveError as error:
        assert len(str(error)) < 5000
        assert repr(error)


def _show(request):
    return request.body_text(), repr(request), hash(request), request.parameters


def _build(session, parameter, value, force):
    edition, model, name = parameter
    session.configure(edition=edition)
    attempt(lambda: _show(session.build("a", model=model, force=force, **{name: value})))


def _build_around(session, value):
    for options in (
        {"model": value},
        {"model": value, "force": True},
        {"force": value},
        {"variables": value},
        {"variables": {"x": value}},
        {"unknown": value},
        {"unknown": value, "force": True},
        {"model": "nobody-knows", "force": True, "other": value, "n": value, "images": value},
    ):
        attempt(lambda options=options: _show(session.build("a {{x}}", **{"model": "gpt-image-2", **options})))
    attempt(lambda: session.build(value, model="gpt-image-2"))


def _ask(session, value):
    for call in (session.model, session.models, session.find_job, session.history):
        attempt(lambda call=call: repr(call(value)))
    for name in FILTERS:
        attempt(lambda name=name: repr(session.models(**{name: value})))
    attempt(lambda: session.history(limit=value))
    attempt(lambda: session.plan_sweep("a", [value], model="gpt-image-2"))
    attempt(lambda: session.plan_sweep(value, ["n=1,2"], model="gpt-image-2"))


def _set(name, value):
    attempt(lambda: repr(Settings(**{name: value})))


def _type(line, variables):
    def run():
        model = load("2026-04").model("gpt-image-2")
        find_model_id(line, variables)
        model.read(parse_line(line, model, variables).values)

    attempt(run)
    for command in COMMANDS.values():
        attempt(lambda command=command: command.parse(tokenize(line), variables))


LINES = st.lists(
    st.sampled_from(
        [
            "-n",
            "-i",
            "--style",
            "－－seed",
            "--sweep",
            "-p",
            "x＝",
            "{{x}}",
            '"',
            "“--n”",
            "--help",
            "-h",
            "=",
            "--mask",
            "\\",
        ]
    )
    | st.text(max_size=8),
    max_size=8,
).map(" ".join)
TESTS = [
    ("build", _build, st.sampled_from(PARAMETERS), VALUES, st.booleans()),
    ("build_around", _build_around, VALUES),
    ("ask", _ask, VALUES),
    ("set", _set, st.sampled_from(list(Settings.definitions())), VALUES),
    ("type", _type, LINES, st.dictionaries(st.just("x"), VALUES)),
]


def _run(test, session, bounds):
    _, function, *strategies = test
    takes_session = function in {_build, _build_around, _ask}

    @bounds
    @given(st.tuples(*strategies))
    def run(arguments):
        function(*((session,) if takes_session else ()), *arguments)

    run()
    assert not session.jobs


@pytest.mark.parametrize("test", TESTS, ids=lambda one: one[0])
def test_public_values_end_in_our_errors(session, test):
    _run(test, session, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("test", TESTS, ids=lambda one: one[0])
def test_public_values_at_length(session, test):
    _run(test, session, SLOW)


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD, ids=lambda one: type(one).__name__)
def test_odd_values_everywhere(session, value):
    _build_around(session, value)
    _ask(session, value)
    for name in Settings.definitions():
        _set(name, value)
    kinds = {}
    for edition, model in MODELS:
        for one in model.parameters.values():
            if one.name != "prompt":
                kinds.setdefault((one.type, one.is_image, one.task, bool(one.choices)), (edition, model.id, one.name))
    for parameter in kinds.values():
        for force in (False, True):
            _build(session, parameter, value, force)
    assert not session.jobs
