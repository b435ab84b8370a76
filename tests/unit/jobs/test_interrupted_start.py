"""An interrupt that strikes while a job is started leaves no job that orders unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import threads
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import Cancelled
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resumable
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import Session, default
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def interrupt(monkeypatch):
    """Interrupts the start of a job's thread at a moment, or lets it fail."""
    spawn, register = threads.spawn, Session.register

    def arm(moment, server, *, number=1):
        count = [0]

        def spawn_and_raise(work, *, name, daemon=True):
            is_job = getattr(work, "__name__", "") == "run" and hasattr(work, "__self__")
            count[0] += is_job
            if not is_job or count[0] != number:
                return spawn(work, name=name, daemon=daemon)
            if moment == "no thread":
                raise RuntimeError("can't start new thread")  # noqa: TRY003
            if moment == "before":
                raise KeyboardInterrupt
            spawn(work, name=name, daemon=daemon)
            raise KeyboardInterrupt

        def register_and_raise(session, job):
            count[0] += 1
            if count[0] == number:
                wait_until(lambda: server.tasks if moment == "ordered" else job.task_id)
                raise KeyboardInterrupt
            register(session, job)

        if moment in {"ordered", "queued"}:
            monkeypatch.setattr(Session, "register", register_and_raise)
        else:
            monkeypatch.setattr(threads, "spawn", spawn_and_raise)

    return arm


@pytest.mark.parametrize("moment", ["before", "after", "ordered", "queued"])
def test_interrupted_submit(ours, server, interrupt, moment):
    server.states = ["queued"] * 900
    interrupt(moment, server)
    with pytest.raises(KeyboardInterrupt):
        qwave.submit("a cat", model="gpt-image-2")
    wait_until(lambda: not default().has_active_jobs())
    assert default().spent_usd == 0.0
    assert all(task["states"] == ["cancelled"] for task in server.tasks.values())
    assert len(default().jobs) == (moment != "before")
    assert resumable(ours) == ()


@pytest.mark.parametrize("moment", ["ordered", "queued"])
def test_interrupted_submit_says_what_became_of_it(ours, server, interrupt, moment):
    server.states = ["queued"] * 900
    interrupt(moment, server)
    with pytest.raises(Cancelled, match="cancelled while it was queued"):
        qwave.submit("a cat", model="gpt-image-2")


@pytest.mark.parametrize("states", [["completed"], ["processing", "completed"]])
def test_interrupted_submit_that_is_too_late(ours, server, interrupt, states):
    server.states = list(states)
    interrupt("queued", server)
    with pytest.raises(KeyboardInterrupt):
        qwave.submit("a cat", model="gpt-image-2")
    (job,) = default().jobs
    assert job.wait(PATIENCE)
    # What is charged, or may be, counts.
    assert default().spent_usd > 0


@pytest.mark.parametrize("moment", ["before", "no thread"])
def test_start_that_failed_is_not_waited_for_at_the_end(bench, asked, server, interrupt, moment):
    handlers = dict(threads._exit_handlers)
    budget = Budget(1.0)
    interrupt(moment, server)
    job = Job(asked(), bench, reuse=True, limits=Limits(budget)).reserve()
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        job.start()
    assert threads._exit_handlers == handlers
    assert budget.spent_usd == 0.0
    assert job.cancel().stopped == "unsent"
    assert server.seen == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_batch_row_without_a_thread_is_an_outcome(bench, asked, server, interrupt, number):
    interrupt("no thread", server, number=number)
    batch = Batch([asked(f"row {place}") for place in range(3)], bench).start()
    outcomes = batch.results()
    assert [bool(one.gallery) for one in outcomes] == [place != number for place in (1, 2, 3)]
    assert "can't start new thread" in str(outcomes[number - 1].error)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_interrupted_batch(ours, server, interrupt, moment):
    server.states = ["queued"] * 900
    interrupt(moment, server, number=2)
    with pytest.raises(Cancelled):
        qwave.batch(["a cat", "a dog", "a cow"], model="gpt-image-2")
    wait_until(lambda: not default().has_active_jobs())
    assert default().spent_usd == 0.0
    assert all(task["states"] == ["cancelled"] for task in server.tasks.values())


@pytest.mark.parametrize("moment", ["before", "after", "queued"])
def test_interrupted_resume_keeps_what_it_started(ours, bench, asked, server, interrupt, moment):
    for place in range(2):
        name = f"task-{place}"
        server.tasks[name] = {"states": ["queued"] * 900, "made": False, "body": {}}
        entry = records.new_entry(asked(f"row {place}"), f"killed-{place}", bench)
        bench.clock.advance(1)
        bench.journal.begin(replace(entry, state="running", task_id=name))
    interrupt(moment, server, number=2)
    with pytest.raises(KeyboardInterrupt):
        qwave.resume()
    first = default().jobs[-1]
    wait_until(lambda: first.task_id == "task-0")
    assert first.cancel().stopped == "refunded"
    wait_until(lambda: not default().has_active_jobs())
    second = "queued" if moment == "before" else "cancelled"
    wait_until(lambda: server.tasks["task-1"]["states"][0] == second)


@pytest.mark.parametrize("answer", ["generate", "cell", "sweep"])
def test_interrupt_before_the_view(ours, server, monkeypatch, answer):
    replace_default(monkeypatch, replace(ours, demo=answer != "generate"))
    server.states = ["queued"] * 900
    console = RecordingConsole()
    magic = CellMagic(console)

    def interrupted(*_):
        raise KeyboardInterrupt

    if answer == "generate":
        monkeypatch.setattr(magic, "_show_warnings", interrupted)
        job = qwave.submit("a cat", model="gpt-image-2")
        wait_until(lambda: server.tasks)
        with pytest.raises(Cancelled, match="while it was queued"):
            magic.present(job)
    else:
        monkeypatch.setattr(console, "show_demo_notice", interrupted, raising=False)
        monkeypatch.setattr(type(default()), "serves_demo", lambda *_, **__: True)
        line = "-m gpt-image-2" + (" --sweep style=oil,ink" if answer == "sweep" else "")
        body = "a cat in {{style}}" if answer == "sweep" else "a cat"
        with pytest.raises(Cancelled):
            magic.run_blocking(line, body, {})
    wait_until(lambda: not default().has_active_jobs())
    assert default().spent_usd == 0.0
