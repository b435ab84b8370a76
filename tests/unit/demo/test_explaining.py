"""What the demo says of itself: every switch is explained, as typed and as it works."""

from __future__ import annotations

import pytest

from qwave_jupyter.demo.explaining import explained, manual
from qwave_jupyter.demo.switches import SWITCHES, Switches
from qwave_jupyter.errors import ConfigurationError
from tests.unit.demo.demo_app import Demo


def said(demo):
    return explained(demo.protocol.switches, demo.protocol.faults.still_open())


def test_a_plain_demo_has_nothing_to_explain():
    demo = Demo()
    demo.protocol.change(latency="off")
    assert said(demo) == []
    assert "the demo behaves" in manual(Switches(), ())[-1]


@pytest.mark.parametrize(
    ("switch", "typed", "says"),
    [
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
    ],
)
def test_what_is_turned_is_explained_in_one_line_and_turned_back_with_off(switch, typed, says):
    demo = Demo()
    demo.protocol.change(latency="off")
    demo.protocol.change(**{switch: typed})
    (line,) = said(demo)
    assert says in line
    assert f"  {line}" in manual(demo.protocol.switches, demo.protocol.faults.still_open())
    demo.protocol.change(**{switch: "off"})
    assert said(demo) == []
    assert demo.protocol.switches == Switches()


def test_faults_that_a_program_has_set_are_counted_and_not_taken_back_by_a_switch():
    demo = Demo(latency=3.0)
    demo.protocol.break_next(at="status", how="reset")
    demo.protocol.break_next(at="submit", how="502")
    demo.protocol.change(reset="off")
    (line,) = said(demo)
    assert line.startswith("2 more faults")


def test_the_manual_has_every_switch_and_what_it_shows_can_be_typed():
    lines = manual(Switches(), ())
    shown = [line.split()[3:] for line in lines if line.startswith("%qwave demo on ")]
    assert sorted(one[0].removeprefix("--").replace("-", "_") for one in shown) == sorted(SWITCHES)
    for name, *value in shown:
        demo = Demo()
        demo.protocol.change(**{name.removeprefix("--").replace("-", "_"): value[0] if value else True})
        assert said(demo)


@pytest.mark.parametrize(
    ("switch", "typed"),
    [
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
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line_and_changes_nothing(switch, typed):
    demo = Demo()
    before = demo.protocol.switches
    with pytest.raises(ConfigurationError) as refusal:
        demo.protocol.change(**{"latency": 1.0, switch: typed})
    assert switch in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert (demo.protocol.switches, demo.protocol.faults.still_open()) == (before, ())
