"""A view, or a row that can't be written, costs neither image nor outcome."""

from __future__ import annotations

import json
import os

import pytest

from qwave_jupyter import api
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import TaskFailed, UserMistake
from qwave_jupyter.magics import batch_view, cell_magic, terminal_view
from qwave_jupyter.magics.batch_view import present as present_batch
from tests.fake_session import replace_default, replace_frontend
from tests.faults.scripted_bench import scripted
from tests.recording_console import RecordingConsole


class BrokenView(Exception):
    pass


def fail(*_args, **_options):
    raise BrokenView("no display here")  # noqa: TRY003


@pytest.fixture
def here(tmp_path, monkeypatch):
    with scripted(tmp_path) as made:
        replace_default(monkeypatch, made.bench)
        yield made


@pytest.mark.parametrize("step", ["open", "close"])
def test_a_cell_returns_its_images_without_a_view(here, monkeypatch, capsys, step):
    monkeypatch.setattr(terminal_view.TerminalView, step, fail)
    console = RecordingConsole()
    gallery = cell_magic.CellMagic(console).run_blocking("-o mine", "a cat")
    assert len(gallery) == 1
    assert console.variables["mine"].paths == gallery.paths
    assert "no display here" in capsys.readouterr().err


def test_a_cell_without_a_view_raises_the_jobs_own_error(here, monkeypatch):
    here.server.states = ["failed"]
    monkeypatch.setattr(terminal_view.TerminalView, "open", fail)
    monkeypatch.setattr(terminal_view.TerminalView, "close", fail)
    with pytest.raises(TaskFailed):
        cell_magic.CellMagic(RecordingConsole()).run_blocking("", "a cat")


def test_generate_returns_its_images_without_a_presenter(here, monkeypatch, capsys):
    replace_frontend(monkeypatch, present=fail)
    assert len(api.generate("a cat")) == 1
    assert "no display here" in capsys.readouterr().err


def test_a_batch_is_returned_without_a_presenter(here, monkeypatch, capsys):
    replace_frontend(monkeypatch, present_batch=fail)
    (outcome,) = api.batch(["a cat"]).results()
    assert len(outcome.gallery) == 1
    assert "no display here" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["open", "close"])
def test_a_batch_without_a_view_is_waited_for(here, monkeypatch, step):
    """Without a person the kernel ends with its last cell, and would take the batch with it."""
    monkeypatch.setattr(batch_view.BatchView, step, fail)

    class Headless:
        _allow_stdin = False

    batch = Batch([here.build("a cat")], here.bench).start()
    present_batch(batch, RecordingConsole(kernel=Headless()))
    assert batch.done()
    assert len(batch.gallery()) == 1


@pytest.mark.parametrize("step", ["open", "close"])
def test_a_sweep_returns_its_sheet_without_a_view(here, monkeypatch, step):
    monkeypatch.setattr(batch_view.BatchView, step, fail)
    sheet = cell_magic.CellMagic(RecordingConsole()).run_blocking("--sweep seed=1..2", "a cat")
    assert len(sheet) == 2


@pytest.mark.parametrize("step", ["open", "close"])
def test_resume_goes_on_without_a_view(here, monkeypatch, step):
    here.leave_open("a")
    here.leave_open("b")
    monkeypatch.setattr(terminal_view.TerminalView, step, fail)
    RecordingConsole().typed("resume")
    assert [one.state for one in here.bench.journal._entries("")] == ["done", "done"]


def rows_written(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_row_with_a_lone_surrogate_is_written(here, tmp_path):
    file = tmp_path / "outcomes.jsonl"
    prompts = ["one", "two \ud800", "three"]
    batch = Batch([here.build(prompt) for prompt in prompts], here.bench, concurrency=1, write=file).start()
    assert [bool(outcome.gallery) for outcome in batch.results()] == [True] * 3
    # One may be downloaded while the next is made, and end after it.
    assert sorted(row["prompt"] for row in rows_written(file)) == sorted(prompts)


def test_one_row_that_cannot_be_written_stops_no_other(here, tmp_path, monkeypatch):
    from qwave_jupyter.batches.batch import Outcome

    file, true = tmp_path / "outcomes.jsonl", Outcome.to_record

    def to_record(outcome):
        if outcome.index == 1:
            raise TypeError("no JSON")  # noqa: TRY003
        return true(outcome)

    monkeypatch.setattr(Outcome, "to_record", to_record)
    batch = Batch([here.build(f"row {place}") for place in range(4)], here.bench, concurrency=1, write=file).start()
    with pytest.raises(UserMistake, match=r"batch\.outcomes"):
        batch.results()
    assert [bool(outcome.gallery) for outcome in batch.outcomes] == [True] * 4
    assert [row["index"] for row in rows_written(file)] == [0, 2, 3]


@pytest.mark.skipif(os.name != "posix", reason="a file that takes nothing")
def test_a_file_on_a_full_disk_costs_no_outcome(here):
    from pathlib import Path

    batch = Batch([here.build(f"row {place}") for place in range(3)], here.bench, write=Path("/dev/full")).start()
    with pytest.raises(UserMistake, match="No space left"):
        batch.results()
    assert [bool(outcome.gallery) for outcome in batch.outcomes] == [True] * 3
