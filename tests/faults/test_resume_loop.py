"""Whoever goes through many jobs goes on behind one that fails, and tells of each failure."""

from __future__ import annotations

import threading

import pytest

from qwave_jupyter import api
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError
from qwave_jupyter.images.gallery import write_report
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import Job, as_completed
from tests.fake_session import replace_default
from tests.faults.scripted_bench import scripted
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE


@pytest.fixture
def here(tmp_path, monkeypatch):
    with scripted(tmp_path) as made:
        replace_default(monkeypatch, made.bench)
        yield made


def states(here):
    return {entry.job_id: entry.state for entry in here.bench.journal._entries("")}


def leave_three(here, *bad):
    """Open jobs a, b and c; the tasks of the bad ones are unknown to the server."""
    for name in "abc":
        here.leave_open(name)
        if name in bad:
            del here.server.tasks[f"task-{name}"]


@pytest.mark.parametrize("bad", ["a", "b", "c"])
def test_the_command_goes_on_behind_one_failure(here, capsys, bad):
    leave_three(here, bad)
    with pytest.raises(QwaveError, match="no such task"):
        RecordingConsole().typed("resume")
    assert states(here) == {name: "running" if name == bad else "done" for name in "abc"}
    # What was made is shown before the error ends the cell.
    assert "Gallery(2" in capsys.readouterr().out


def test_the_command_tells_of_every_failure(here, capsys):
    leave_three(here, "a", "c")
    console = RecordingConsole()
    with pytest.raises(GenerationError, match="2 of 3") as raised:
        console.typed("resume")
    assert "\n" not in str(raised.value)
    assert [type(one).__name__ for one in raised.value.fields["errors"]] == ["NotFound", "NotFound"]
    told = [one["text/plain"] for one in console.shown]
    assert sum("no such task" in text for text in told) == 2
    assert states(here) == {"a": "running", "b": "done", "c": "running"}


def test_the_command_returns_all_images_where_none_fails(here):
    leave_three(here)
    from qwave_jupyter.magics.commands import CommandArgs
    from qwave_jupyter.magics.commands.jobs import _resume

    assert len(_resume(RecordingConsole(), CommandArgs())) == 3


def test_a_job_cancelled_elsewhere_stops_no_other(here):
    leave_three(here)
    here.server.tasks["task-a"]["states"] = ["cancelled"]
    with pytest.raises(Cancelled):
        RecordingConsole().typed("resume")
    assert states(here) == {"a": "cancelled", "b": "done", "c": "done"}


def test_an_interrupt_stops_the_command(here, monkeypatch):
    leave_three(here)
    interrupted = []

    def wait(job, timeout=None):
        interrupted.append(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "wait", wait)
    with pytest.raises(Cancelled):
        RecordingConsole().typed("resume")
    assert len(interrupted) == 1


@pytest.mark.parametrize("problem", [GenerationError("generation.cannot_repeat"), KeyError("x"), OSError(5, "I/O")])
def test_one_that_cannot_be_taken_up_stops_no_other(here, monkeypatch, problem):
    leave_three(here)
    true = records.prepare

    def prepare(entry, workbench, **options):
        if entry.job_id == "b":
            raise problem
        return true(entry, workbench, **options)

    monkeypatch.setattr(records, "prepare", prepare)
    jobs = api.resume()
    assert [job.id for job in jobs] == ["a", "b", "c"]
    with pytest.raises(GenerationError) as raised:
        jobs[1].result(PATIENCE)
    assert "\n" not in str(raised.value)
    assert [len(jobs[place].result(PATIENCE)) for place in (0, 2)] == [1, 1]
    # While its key lives, it stays open.
    assert states(here)["b"] == "running"
    assert not here.bench.journal.lock("b").is_held()


def test_as_completed_gives_every_job(here):
    leave_three(here, "b")
    jobs = api.resume()
    ended = list(as_completed(jobs))
    assert {job.id for job in ended} == set("abc")
    assert sum(job.error is not None for job in ended) == 1


@pytest.mark.parametrize("problem", [KeyError("x"), OSError(5, "I/O"), RuntimeError("no")])
def test_a_batch_goes_on_behind_a_row_that_cannot_be_started(here, monkeypatch, problem):
    for name in ("row 1", "row 2"):
        here.leave_open(name)

    def resume(entry, workbench, lock=None):
        raise problem

    monkeypatch.setattr(Job, "resume", resume)
    batch = Batch([here.build(f"row {place}") for place in range(5)], here.bench, concurrency=1).start()
    waiting = threading.Thread(target=batch.results, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert batch.done()
    assert [outcome.index for outcome in batch.outcomes] == list(range(5))
    # An order that may be paid for is not made anew behind the journal's back.
    assert [bool(outcome.gallery) for outcome in batch.outcomes] == [True, False, False, True, True]


def test_stopping_a_batch_cancels_every_job(here, monkeypatch):
    here.server.states = ["queued"] * 500
    batch = Batch([here.build(f"row {place}") for place in range(3)], here.bench).start()
    first = batch.running[0]
    true = Job.cancel

    def cancel(job, *, wait=True):
        if job is first:
            raise RuntimeError("can't start new thread")  # noqa: TRY003
        return true(job, wait=wait)

    monkeypatch.setattr(Job, "cancel", cancel)
    batch.stop()
    monkeypatch.undo()
    assert [job.status for job in batch.jobs[1:]] == ["cancelled", "cancelled"]
    first.cancel()


@pytest.mark.parametrize("damage", ["garbage", "folder", "empty", "gone"])
def test_a_report_goes_on_behind_a_broken_file(here, tmp_path, damage):
    paths = [here.submit(f"image {place}").result(PATIENCE).paths[0] for place in range(3)]
    broken = paths[1]
    broken.unlink()
    if damage == "folder":
        broken.mkdir()
    elif damage != "gone":
        broken.write_bytes(b"garbage" if damage == "garbage" else b"")
    gallery = records.notebook_gallery(here.bench)
    page = write_report(tmp_path / "report.html", gallery).read_text(encoding="utf-8")
    assert page.count("data:image/") == 2
    assert gallery.mimebundle()
