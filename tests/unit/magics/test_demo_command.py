"""``%qwave demo`` with a teacher's switches: what it turns, what it says, what it refuses."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import ConfigurationError, OptionMistake
from qwave_jupyter.magics.completion import complete
from qwave_jupyter.session import default
from tests.recording_console import RecordingConsole


@pytest.fixture
def typed(clean_environment):
    """What ``%qwave`` shows for a line, as text."""
    yield RecordingConsole().typed
    default().use_demo(on=False)
    default().configure(demo=None)


def switches():
    return default().demo_server().app.options


def test_demo_goes_on_and_off(typed):
    assert typed("demo on").startswith("DEMO: ")
    assert default().serves_demo()
    assert "The demo is off" in typed("demo off")
    assert not default().serves_demo()
    assert typed("demo") == typed("demo on")


def test_demo_is_announced_once(typed, monkeypatch):
    monkeypatch.setattr(default(), "_demo_notice_shown", False)
    console = RecordingConsole()
    console.typed("demo on")
    console.show_demo_notice()
    assert [one["text/plain"][:4] for one in console.shown] == ["DEMO"]


def test_demo_changes_and_explains_switches(typed):
    said = typed(
        "demo on --latency 8 --fail upstream_unavailable:2 --rate-limit 3 --expire-links 60 --dialect percent --seed 5"
    )
    for part in (
        "about 8 s",
        "next 2 tasks fail with upstream_unavailable: the model's maker can't be reached",
        "3 requests per second",
        "dies 60 s after",
        "Dialect percent",
        "seed 5",
        "%qwave demo normal",
    ):
        assert part in said
    turned = switches()
    assert (turned.latency, turned.rate_limit, turned.expire_links) == (8, 3, 60)
    assert (turned.dialect, turned.seed) == ("percent", 5)
    (fault,) = default().demo_server().app.faults.pending()
    assert (fault.how, fault.code, fault.times) == ("fail", "upstream_unavailable", 2)


def test_demo_changes_only_named_switches(typed):
    typed("demo on --latency 60 --slow")
    url = default().demo_server().url
    typed("demo on --latency auto")
    assert (default().demo_server().url, switches().latency, switches().slow) == (url, None, True)
    typed("demo --latency off")
    assert switches().latency == 3


def test_demo_normal_resets_switches(typed):
    typed("demo on --slow --reset 3 --fail task_failed")
    default().demo_server().app.inject_fault(at="status", how="502")
    assert "behaves again" in typed("demo normal")
    assert default().demo_server().describe() == []
    assert default().demo_server().app.faults.pending() == ()
    assert typed("demo on").count("\n") == 0


def test_demo_help_starts_nothing(typed):
    said = typed("demo help")
    for name in ("latency", "slow", "seed", "fail", "rate-limit", "reset", "junk", "expire-links", "dialect"):
        assert f"%qwave demo on --{name}" in said
    assert "upstream_rate_limited" in said
    assert "code-data" in said
    assert not default().serves_demo()
    typed("demo on --slow")
    assert "five times as long." in typed("demo help").splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("demo sideways", "on, off, normal or help"),
        ("demo on off", "on, off, normal or help"),
        ("demo off --latency 3", "takes no switches"),
        ("demo help --slow", "takes no switches"),
        ("demo on --latency soon", "latency"),
        ("demo on --fail everything", "upstream_bad_request"),
        ("demo on --dialect klingon", "code-data"),
        ("demo on --latncy 3", "--latency"),
        ("demo on --latency", "needs a value"),
    ],
)
def test_demo_refuses_wrong_switches(typed, line, says):
    with pytest.raises((OptionMistake, ConfigurationError)) as refusal:
        typed(line)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not default().serves_demo()


@pytest.mark.parametrize(
    ("typing", "offered"),
    [
        ("%qwave demo n", {"normal"}),
        ("%qwave demo on --dia", {"--dialect"}),
        ("%qwave demo on --dialect p", {"percent"}),
        ("%qwave demo on --fail upstream_b", {"upstream_bad_request"}),
        ("%qwave demo on --latency ", {"auto", "off"}),
        ("%qwave demo on --slow --se", {"--seed"}),
    ],
)
@pytest.mark.usefixtures("typed")
def test_demo_switches_are_completed(typing, offered):
    assert set(complete(typing, 0, len(typing), {}).texts) == offered
    assert not default().serves_demo()


@pytest.mark.usefixtures("typed")
def test_demo_output_is_escaped():
    console = RecordingConsole()
    console.typed("demo on --fail upstream_unavailable")
    default().demo_server().app.inject_fault(at="submit", how="fail", code="<b>bold</b>")
    console.typed("demo help")
    assert "<b>bold" in console.shown[-1]["text/plain"]
    assert "<b>bold" not in console.shown[-1]["text/html"]
