"""What can be known to go wrong is said before anything is sent, in one line."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import started
from qwave_jupyter.errors import OptionMistake, UnknownTask


@pytest.fixture
def demo(clean_environment, monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "1")
    return clean_environment


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeout": "x"}, "timeout must be a number above 0"),
        ({"timeout": -1}, "timeout must be a number above 0"),
        ({"max_cost": "x"}, "max_cost must be a number above 0"),
        ({"max_cost": float("nan")}, "max_cost must be a number above 0"),
        ({"save": 5}, "save must be the path of a folder"),
    ],
)
def test_odd_values_are_refused_before_anything_is_sent(demo, options, says):
    before = started.jobs()
    with pytest.raises(OptionMistake, match=says):
        qwave.submit("a cat", **options)
    assert started.jobs() == before
    assert not (demo / "pictures").exists()


@pytest.mark.parametrize("prompt", [5, ["a", "b"], None])
def test_a_prompt_is_text(demo, prompt):
    with pytest.raises(OptionMistake, match="a prompt must be text"):
        qwave.submit(prompt)


@pytest.mark.parametrize("folder", ["file.txt", "file.txt/deeper"])
def test_a_folder_that_cannot_be_is_said_before_the_pictures_are_paid_for(demo, folder):
    (demo / "file.txt").touch()
    before = started.jobs()
    with pytest.raises(OptionMistake, match="is a file, not a folder") as refusal:
        qwave.submit("a cat", save=demo / folder)
    assert "Nothing was sent" in str(refusal.value)
    assert started.jobs() == before


def test_where_nothing_ran_that_is_said(demo, monkeypatch):
    monkeypatch.setattr(started, "_jobs", [])
    with pytest.raises(UnknownTask, match="no job in this kernel yet"):
        started.job()
