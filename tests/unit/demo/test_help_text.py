"""The demo's help text: every switch is described as typed and as it takes effect."""

from __future__ import annotations

import pytest

from qwave_jupyter.demo.options import OPTION_NAMES, DemoOptions, describe_options, format_manual
from qwave_jupyter.errors import ConfigurationError
from tests.unit.demo.demo_app import Demo


def help_lines(demo):
    return describe_options(demo.app.options, demo.app.faults.pending())


def test_help_default_demo_has_no_lines():
    demo = Demo(seed=None)
    demo.app.change(latency="off")
    assert help_lines(demo) == []
    assert "the demo behaves" in format_manual(DemoOptions(), ())[-1]


DESCRIBED = [
    ("latency", "8", "about 8 s"),
    ("latency", "auto", "pace of its own"),
    ("latency", 0.5, "about 0.5 s"),
    ("slow", True, "five times"),
    ("slow", "on", "five times"),
    ("seed", "7", "seed 7"),
    ("rate_limit", "1", "Only 1 request per second"),
    ("rate_limit", "3", "Only 3 requests per second"),
    ("expire_links", "60", "dies 60 s after"),
    ("dialect", "percent", "Dialect percent"),
    ("fail", "upstream_unavailable:2", "next 2 tasks fail with upstream_unavailable"),
    ("fail", "task_failed:1", "next task fails"),
    ("fail", "UPSTREAM_BAD_REQUEST", "Every task fails"),
    ("reset", "2", "next 2 connections break"),
    ("junk", "1", "next answer is half"),
]


def test_help_describes_each_switch():
    for switch, typed, expected in DESCRIBED:
        demo = Demo(seed=None)
        demo.app.change(latency="off")
        demo.app.change(**{switch: typed})
        (line,) = help_lines(demo)
        assert expected in line, (switch, typed)
        assert f"  {line}" in format_manual(demo.app.options, demo.app.faults.pending())
        demo.app.change(**{switch: "off"})
        assert help_lines(demo) == [], (switch, typed)
        assert demo.app.options == DemoOptions(), (switch, typed)


def test_help_counts_programmatic_faults():
    demo = Demo(latency=3.0, seed=None)
    demo.app.inject_fault(at="status", how="reset")
    demo.app.inject_fault(at="submit", how="502")
    demo.app.change(reset="off")
    (line,) = help_lines(demo)
    assert line.startswith("2 more faults")


def test_manual_examples_can_be_typed():
    lines = format_manual(DemoOptions(), ())
    shown = [line.split()[3:] for line in lines if line.startswith("%qwave demo on ")]
    assert sorted(one[0].removeprefix("--").replace("-", "_") for one in shown) == sorted(OPTION_NAMES)
    for name, *value in shown:
        demo = Demo(seed=None)
        demo.app.change(**{name.removeprefix("--").replace("-", "_"): value[0] if value else True})
        assert help_lines(demo)


INVALID = [
    ("latency", "soon"),
    ("latency", "-1"),
    ("latency", "nan"),
    ("latency", "inf"),
    ("seed", "1.5"),
    ("slow", "perhaps"),
    ("reset", "-1"),
    ("reset", "many"),
    ("junk", 1.5),
    ("fail", "upstream_gone"),
    ("fail", "task_failed:0"),
    ("fail", "task_failed:²"),
    ("dialect", "klingon"),
]


def test_invalid_switch_value_changes_nothing():
    for switch, typed in INVALID:
        demo = Demo(seed=None)
        before = demo.app.options
        try:
            demo.app.change(**{"latency": 1.0, switch: typed})
        except ConfigurationError as error:
            message = str(error)
        else:
            pytest.fail(f"{switch}={typed!r} was accepted")
        assert switch in message
        assert "\n" not in message
        assert (demo.app.options, demo.app.faults.pending()) == (before, ()), (switch, typed)
