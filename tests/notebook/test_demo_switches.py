"""A lesson in a real kernel: the teacher lets tasks fail, the student sees words, and nothing is charged."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


def test_failing_tasks_cost_nothing(keyless):
    reply, text, _ = keyless.said_by("%qwave demo on --latency 0.1 --fail upstream_unavailable:1")
    assert reply["status"] == "ok"
    assert "The next task fails with upstream_unavailable" in text
    reply, _, _ = keyless.said_by("%%qwave\na cat")
    assert (reply["status"], reply["ename"]) == ("error", "TaskFailed")
    assert keyless.said_by("%%qwave\na cat")[0]["status"] == "ok"
    assert [row["state"] for row in keyless.new_rows()] == ["failed", "done"]


def test_doctor_lists_switches(keyless):
    keyless.said_by("%qwave demo on --rate-limit 50 --dialect percent")
    _, text, _ = keyless.said_by("%qwave doctor --live")
    for part in ("Only 50 requests per second", "Dialect percent", "this key may use 21 models", "Nothing to look at"):
        assert part in text
    assert "behaves again" in keyless.said_by("%qwave demo normal")[1]
    assert "Dialect percent" not in keyless.said_by("%qwave doctor")[1]


def test_unknown_switch_turns_nothing(keyless):
    reply, _, _ = keyless.said_by("%qwave demo on --slow --dialect klingon")
    assert reply["ename"] == "ConfigurationError"
    assert "code-data" in reply["evalue"]
    assert "five times" not in keyless.said_by("%qwave doctor")[1]
