"""A lesson in a real kernel: the teacher lets tasks fail, the student sees words, and nothing is charged."""

from __future__ import annotations

import os

import pytest

from tests.conftest import CONFIGURATION
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """A kernel without a key, and its home."""
    home = tmp_path_factory.mktemp("lesson")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    kernel = Kernel(VERSIONS[-1], {**clean, "QWAVE_HOME": str(home), "QWAVE_SAVE_DIR": str(home / "pictures")}, home)
    kernel.run("%load_ext qwave_jupyter")
    yield kernel, home
    kernel.close()


def said(kernel, cell):
    (sent,) = kernel.queue(cell)
    kernel.wait(sent)
    return kernel.replies[sent], kernel.text(sent)


def test_tasks_fail_as_the_teacher_wants_and_cost_nothing(lesson):
    kernel, home = lesson
    reply, text = said(kernel, "%qwave demo on --latency 0.5 --fail upstream_unavailable:1")
    assert reply["status"] == "ok"
    assert "The next task fails with upstream_unavailable" in text
    reply, _ = said(kernel, "%%qwave\na cat")
    assert (reply["status"], reply["ename"]) == ("error", "TaskFailed")
    assert said(kernel, "%%qwave\na cat")[0]["status"] == "ok"
    assert [row["state"] for row in journal_rows(home / "demo")] == ["failed", "done"]


def test_the_doctor_tells_what_is_turned(lesson):
    kernel, _ = lesson
    said(kernel, "%qwave demo on --rate-limit 50 --dialect percent")
    _, text = said(kernel, "%qwave doctor --live")
    for part in ("Only 50 requests per second", "Dialect percent", "this key may use 21 models", "Nothing to look at"):
        assert part in text
    assert "behaves again" in said(kernel, "%qwave demo normal")[1]
    assert "Dialect percent" not in said(kernel, "%qwave doctor")[1]


def test_a_switch_that_there_is_not_is_one_line_and_turns_nothing(lesson):
    kernel, _ = lesson
    reply, _ = said(kernel, "%qwave demo on --slow --dialect klingon")
    assert reply["ename"] == "ConfigurationError"
    assert "code-data" in reply["evalue"]
    assert "five times" not in said(kernel, "%qwave doctor")[1]
