"""Reuse: only of the same server's images, never refused for money, and identical orders are sent once."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import requests

import qwave_jupyter as qwave
from qwave_jupyter import api, catalog, threads
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.client.client import Client
from qwave_jupyter.errors import Cancelled, GenerationError, RequestRejected, TaskFailed, TooExpensive, WaitTimeout
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.jobs.request import build, fingerprint_of
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import default
from tests.image_factory import plain
from tests.recording_console import RecordingConsole

WAIT = 20
PRICE = 0.006375


@pytest.fixture
def gate(server):
    """Holds back every answer to a status question until it is set."""
    event = threading.Event()
    server.before["status"] = lambda: event.wait(WAIT)
    yield event
    event.set()


def wait_until(condition):
    ends = threading.Event()
    for _ in range(WAIT * 100):
        if condition():
            return
        ends.wait(0.01)
    raise AssertionError


def session_of(server):
    def make():
        made = requests.Session()
        made.mount("https://", server)
        return made

    return make


def test_reuse_asks_which_server_made_it(bench, server, asked):
    Job(asked(), bench).start().result(WAIT)
    elsewhere = replace(
        bench, client=Client("https://other.example.com", "sk-x", session=session_of(server), clock=bench.clock)
    )
    job = Job(asked(), elsewhere, reuse=True).start()
    assert job.result(WAIT)
    assert not job.snapshot.reused
    assert len(server.tasks) == 2
    assert Job(asked(), bench, reuse=True).start().result(WAIT)
    assert len(server.tasks) == 2


@pytest.mark.parametrize("demo_first", [True, False])
def test_reuse_never_mixes_demo_and_paid_images(bench, server, asked, demo_first):
    Job(asked(), replace(bench, demo=demo_first)).start().result(WAIT)
    job = Job(asked(), replace(bench, demo=not demo_first), reuse=True).start()
    assert job.result(WAIT)
    assert not job.snapshot.reused
    assert len(server.tasks) == 2


def test_free_reuse_is_not_refused_for_money(ours, server):
    first = qwave.generate("a cat")
    default().configure(budget=PRICE / 2, max_cost=PRICE / 2, reuse=True)
    assert qwave.generate("a cat").paths == first.paths
    (outcome,) = qwave.batch(["a cat"]).results()
    assert (outcome.gallery.paths, outcome.cost_usd) == (first.paths, 0.0)
    with pytest.raises(TooExpensive):
        qwave.submit("a dog")
    assert len(server.tasks) == 1


def test_free_reuse_leaves_the_price_of_a_sweep_to_its_new_requests(ours, server):
    plan = default().plan_sweep("a cat", ["seed=1..3"])
    default().prepare_sweep(default().plan_sweep("a cat", ["seed=1,2"])).start().result()
    run = default().prepare_sweep(plan, max_cost=1.1 * PRICE, reuse=True).start()
    assert len(run.result()) == 3
    assert len(server.tasks) == 3


def test_limits_hold_where_the_reused_files_have_gone(ours, server, monkeypatch):
    qwave.generate("a cat")[0].path.unlink()
    default().configure(max_cost=PRICE / 2, reuse=True)
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.acquire_reuse_lock", lambda *_: None)
    with pytest.raises(TooExpensive):
        qwave.submit("a cat").result(WAIT)
    assert len(server.tasks) == 1


def test_equal_rows_of_a_batch_are_ordered_once(ours, server):
    default().configure(budget=1.5 * PRICE)
    server.states = ["queued"] * 5 + ["completed"]
    outcomes = qwave.batch(["a cat"] * 5, reuse=True).results()
    assert len(server.tasks) == 1
    assert len({outcome.gallery.paths[0] for outcome in outcomes}) == 1
    assert sum(outcome.job.snapshot.reused for outcome in outcomes) == 4
    assert default().spent_usd == pytest.approx(3187 / 500_000)


def test_equal_job_is_not_refused_before_the_first_runs(bench, server, asked):
    limits = Limits(Budget(1.5 * PRICE), None)
    first, second = (Job(asked(), bench, reuse=True, limits=limits).reserve() for _ in range(2))
    assert (first.reservation is None, second.reservation is None) == (False, True)
    paths = {job.start().result(WAIT).paths for job in (first, second)}
    assert len(paths) == len(server.tasks) == 1


def test_job_that_is_not_started_lets_an_equal_one_order(bench, server, asked):
    budget = Budget(1.5 * PRICE)
    first = Job(asked(), bench, reuse=True, limits=Limits(budget, None)).reserve()
    first.cancel()
    assert budget.spent_usd == 0.0
    assert Job(asked(), bench, reuse=True, limits=Limits(budget, None)).reserve().start().result(WAIT)
    refused = Job(asked(prompt="a dog"), bench, reuse=True, limits=Limits(budget, None))
    with pytest.raises(TooExpensive):
        refused.reserve()
    assert Job(asked(prompt="a dog"), bench, reuse=True).start().result(WAIT)


def test_job_whose_thread_does_not_start_lets_an_equal_one_order(ours, server, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("qwave_jupyter.threads.spawn", fail)
        with pytest.raises(RuntimeError):
            qwave.submit("a cat", model="gpt-image-2", reuse=True)
    assert default().spent_usd == 0.0
    assert qwave.submit("a cat", model="gpt-image-2", reuse=True).result(WAIT)
    assert len(server.tasks) == 1


def test_refund_that_is_told_late_leaves_the_budget(bench, server, asked, monkeypatch):
    monkeypatch.setattr("qwave_jupyter.jobs.runner.CANCEL_WITHIN", 0.2)
    server.states = ["queued"] * 900
    answer = threading.Event()
    server.before["cancel"] = lambda: answer.wait(WAIT)
    budget = Budget(1.0)
    job = Job(asked(), bench, limits=Limits(budget, None)).reserve().start()
    wait_until(lambda: job.task_id)
    assert job.cancel().stopped == "unknown"
    assert budget.spent_usd > 0
    answer.set()
    wait_until(lambda: budget.spent_usd == 0.0)


def test_equal_job_leaves_a_task_alone_while_it_is_cancelled(bench, server, asked):
    server.states = ["queued"] * 900
    answer = threading.Event()
    server.before["cancel"] = lambda: answer.wait(WAIT)
    first, second = (Job(asked(), bench, reuse=True) for _ in range(2))
    first.start()
    wait_until(lambda: first.task_id)
    second.start()
    first.cancel(wait=False)
    wait_until(lambda: "cancel" in server.seen)
    # Time in which the other job looks for open tasks.
    threading.Event().wait(0.5)
    assert (second.task_id, len(server.tasks)) == ("", 1)
    server.states = ["completed"]
    answer.set()
    assert second.result(WAIT)
    assert (first.snapshot.stopped, second.task_id) == ("refunded", "task-2")
    assert server.seen.count("cancel") == 1


def test_equal_rows_without_reuse_are_ordered_each(ours, server):
    outcomes = qwave.batch(["a cat"] * 3).results()
    assert len(server.tasks) == len({outcome.gallery.paths[0] for outcome in outcomes}) == 3


def test_second_orders_where_the_first_is_refused(bench, server, asked):
    server.faults["submit"] = [[400, {"error": {"code": "invalid_request", "message": "no"}}]]
    outcomes = Batch([asked()] * 3, bench, reuse=True).start().results()
    assert [type(one.error) for one in outcomes if one.error] == [RequestRejected]
    assert len(server.tasks) == 1


def test_second_orders_where_the_first_fails(bench, server, asked):
    server.states = ["queued", "failed"]

    def next_states():
        if server.tasks:
            server.states = ["queued", "completed"]

    server.before["submit"] = next_states
    outcomes = Batch([asked()] * 3, bench, reuse=True).start().results()
    assert [type(one.error) for one in outcomes if one.error] == [TaskFailed]
    assert len(server.tasks) == 2


def test_waiting_for_an_equal_order_can_be_stopped(bench, server, asked, gate):
    first = Job(asked(), bench, reuse=True).start()
    wait_until(lambda: server.tasks)
    second = Job(asked(), bench, reuse=True).start()
    assert second.cancel().stopped == "unsent"
    with pytest.raises(Cancelled, match="nothing was charged"):
        second.result(WAIT)
    gate.set()
    assert first.result(WAIT)
    assert len(server.tasks) == 1


def test_stopping_a_batch_ends_the_wait_of_equal_rows(ours, server, gate):
    server.states = ["queued"] * 9
    batch = qwave.batch(["a cat"] * 4, reuse=True)
    wait_until(lambda: server.tasks)
    gate.set()
    batch.stop()
    assert batch.done()
    assert [type(one.error) for one in batch.outcomes] == [Cancelled] * 4
    assert len(server.tasks) == 1
    # A cancel that a slow machine answers late is told to the budget when it comes.
    wait_until(lambda: default().spent_usd == 0.0)


def test_stopping_a_batch_slowly_orders_nothing_more(ours, server, gate, monkeypatch):
    server.states = ["queued"] * 9
    batch = qwave.batch(["a cat"] * 4, reuse=True)
    wait_until(lambda: server.tasks)
    gate.set()
    spawn = threads.spawn

    def spawn_slowly(work, *, name):
        thread = spawn(work, name=name)
        thread.join(0.5)
        return thread

    with monkeypatch.context() as patched:
        patched.setattr("qwave_jupyter.jobs.job.threads.spawn", spawn_slowly)
        batch.stop()
    assert batch.done()
    assert len(server.tasks) == 1


def test_waiting_for_an_equal_order_ends_with_the_timeout(bench, server, asked, clock, gate):
    Job(asked(), bench, reuse=True).start()
    wait_until(lambda: server.tasks)
    second = Job(asked(), replace(bench, timeout=50), reuse=True).start()
    wait_until(lambda: any(thread.name == f"qwave-{second.id[:8]}" for thread in threading.enumerate()))
    threading.Event().wait(0.2)
    clock.advance(60)
    with pytest.raises(WaitTimeout, match="already being made"):
        second.result(WAIT)
    assert len(server.tasks) == 1


def test_task_that_nobody_follows_any_more_is_taken_up(ours, server):
    server.states = ["queued"] * 900
    with pytest.raises(WaitTimeout):
        default().start(api.build("a cat"), timeout=30).result(WAIT)
    server.tasks["task-1"]["states"] = ["completed"]
    assert qwave.submit("a cat", reuse=True).result(WAIT)
    assert len(server.tasks) == 1
    assert default().spent_usd == pytest.approx(3187 / 500_000)
    assert ours.journal.open_jobs() == ()


def left_unanswered(bench, server, request, how):
    """What a killed kernel leaves of an order that was lost, or taken, before its answer was written down."""
    entry = records.new_entry(request, "killed", bench)
    bench.journal.begin(entry)
    if how != "lost":
        server.tasks["task-left"] = {"states": ["queued", "completed"], "made": False, "body": {}}
        server.by_key[entry.job_id] = "task-left"
    return entry


@pytest.mark.parametrize("images", ["awaited", "not there yet"])
@pytest.mark.parametrize("how", ["job", "reserved job", "batch"])
def test_order_that_is_resumed_is_waited_for(bench, server, asked, gate, how, images):
    entry = records.new_entry(asked(), "killed", bench)
    bench.journal.begin(entry)
    server.tasks["task-left"] = {"states": ["completed"], "made": False, "body": {}}
    bench.journal.update("killed", state="running", task_id="task-left")
    server.by_key["killed"] = "task-left"
    if images == "not there yet":
        server.faults["image"] = [404]
    (resumed,) = resume(bench)
    if how == "batch":
        batch = Batch([asked()], bench, reuse=True).start()
    else:
        job = Job(asked(), bench, reuse=True)
        job = (job.reserve() if how == "reserved job" else job).start()
    gate.set()
    paths = resumed.result(WAIT).paths
    (gallery,) = [one.gallery for one in batch.results()] if how == "batch" else [job.result(WAIT)]
    assert gallery.paths == paths
    assert (len(server.bodies), len(server.tasks)) == (0, 1)


def test_equal_request_orders_where_the_resumed_one_fails(bench, server, asked, gate):
    bench.journal.begin(replace(records.new_entry(asked(), "killed", bench), state="running", task_id="task-left"))
    server.tasks["task-left"] = {"states": ["failed"], "made": False, "body": {}}
    (resumed,) = resume(bench)
    job = Job(asked(), bench, reuse=True).start()
    gate.set()
    with pytest.raises(TaskFailed):
        resumed.result(WAIT)
    assert job.result(WAIT)
    assert server.billed == 1


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize("how", ["lost", "taken"])
@pytest.mark.parametrize("images", [{}, {"images": plain(300, 300)}], ids=["prompt", "references"])
def test_order_of_a_killed_kernel_goes_on(bench, server, asked, reserved, how, images):
    entry = left_unanswered(bench, server, asked(**images), how)
    budget = Budget(1.5 * PRICE)
    job = Job(asked(**images), bench, reuse=True, limits=Limits(budget))
    (job.reserve() if reserved else job).start()
    assert job.result(WAIT)
    assert (job.id, job.snapshot.job_id) == (entry.job_id, entry.job_id)
    assert list(server.by_key) == [entry.job_id]
    assert len(server.tasks) == 1
    assert budget.spent_usd == pytest.approx(3187 / 500_000)
    assert bench.journal.open_jobs() == ()


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_order_of_a_killed_kernel_goes_on_by_the_edition(bench, server, asked, monkeypatch, edition):
    # Nothing was learned of this server before.
    monkeypatch.setattr(bench.client, "supports_idempotency", False)
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_file", lambda _: False)
    context = replace(bench, catalog=catalog.load(edition))
    request = build(context.catalog, "a cat", {}, model="gpt-image-2")
    left_unanswered(context, server, request, "taken")
    job = Job(request, context, reuse=True).start()
    if edition == "2026-09":
        assert job.result(WAIT)
    else:
        with pytest.raises(GenerationError, match="not ordered again"):
            job.result(WAIT)
    assert list(server.tasks) == ["task-left"]


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize(
    ("hours", "code"), [(23, ""), (25, "order_unknown_old"), (-2, "order_unknown_age"), (0, "order_unknown_left")]
)
def test_order_that_cannot_be_repeated_safely_is_reported(bench, server, asked, monkeypatch, reserved, hours, code):
    entry = left_unanswered(bench, server, asked(), "taken")
    bench.clock.advance(hours * 3600)
    if code == "order_unknown_left":
        monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: False)
    budget = Budget(1.0)
    job = Job(asked(), bench, reuse=True, limits=Limits(budget))
    (job.reserve() if reserved else job).start()
    if not code:
        assert job.result(WAIT)
        return
    with pytest.raises(GenerationError) as caught:
        job.result(WAIT)
    assert caught.value.code == code
    assert caught.value.fields["job_id"] == entry.job_id
    assert "is at stake" in str(caught.value)
    assert (server.seen, budget.spent_usd) == ([], 0.0)
    # Who asks for a new one without reuse gets it.
    assert Job(asked(), bench).start().result(WAIT)


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize("limits", [(0.001, None), (1.0, 0.001)], ids=["budget", "max_cost"])
def test_order_without_room_for_a_repeat_is_reported(bench, server, asked, reserved, limits):
    left_unanswered(bench, server, asked(), "taken")
    budget = Budget(limits[0])
    job = Job(asked(), bench, reuse=True, limits=Limits(budget, max_cost=limits[1]))
    with pytest.raises(TooExpensive, match="whether the server took it is unknown") as caught:
        (job.reserve() if reserved else job).start().result(WAIT)
    assert "is at stake" in str(caught.value)
    assert "Nothing was sent" not in str(caught.value)
    assert (server.seen, budget.spent_usd) == ([], 0.0)


def test_order_that_goes_on_is_not_called_unsent_where_it_is_cancelled(bench, server, asked):
    entry = left_unanswered(bench, server, asked(), "taken")
    job = Job(asked(), bench, reuse=True).reserve()
    job.cancel()
    assert job.error.code == "cancelled_unanswered"
    assert bench.journal.find(entry.job_id)[0].state == "submitting"
    assert not bench.journal.lock(entry.job_id).is_held()
    assert Job(asked(), bench, reuse=True).start().result(WAIT)
    assert len(server.tasks) == 1


def test_order_that_goes_on_is_refused_for_money_only_while_it_is_unanswered(bench, server, asked):
    entry = left_unanswered(bench, server, asked(), "taken")
    with pytest.raises(TooExpensive):
        Job(asked(), bench, reuse=True, limits=Limits(Budget(PRICE / 2))).reserve()
    assert not bench.journal.lock(entry.job_id).is_held()
    bench.journal.update(entry.job_id, state="running", task_id="task-left")
    job = Job(asked(), bench, reuse=True, limits=Limits(Budget(PRICE / 2))).reserve().start()
    assert job.result(WAIT)
    assert len(server.tasks) == 1


#: What shows an earlier result again, with a folder for it.
NAMED = {
    "generate": lambda folder: qwave.generate("a cat", n=2, reuse=True, save=folder),
    "batch": lambda folder: qwave.batch([{"prompt": "a cat", "n": 2}], reuse=True, save=folder).results()[0].gallery,
    "cell": lambda folder: CellMagic(RecordingConsole()).run_blocking(f"-n 2 --reuse --save '{folder}'", "a cat"),
}


@pytest.mark.parametrize("how", NAMED)
def test_reused_images_are_copied_to_the_named_folder(ours, server, tmp_path, how):
    server.images = [plain(), plain(colour="red")]
    first = qwave.generate("a cat", n=2)
    folder = tmp_path / "final"
    again = NAMED[how](folder)
    assert [path.parent for path in again.paths] == [folder] * 2
    assert [path.read_bytes() for path in again.paths] == [path.read_bytes() for path in first.paths]
    assert [one.provenance()["index"] for one in again] == [1, 2]
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".json", ".png", ".png"]
    # Neither does another run copy them once more, nor does one without a folder.
    assert NAMED[how](folder).paths == again.paths
    assert qwave.generate("a cat", n=2, reuse=True).paths == first.paths
    assert len(list(folder.iterdir())) == 4
    assert len(server.tasks) == 1


@pytest.mark.parametrize("how", NAMED)
def test_folder_of_the_setting_copies_nothing(ours, server, tmp_path, how):
    server.images = [plain(), plain(colour="red")]
    first = qwave.generate("a cat", n=2)
    assert NAMED[how](first.paths[0].parent).paths == first.paths
    assert len(list(first.paths[0].parent.glob("*.png"))) == 2


@pytest.mark.parametrize("how", NAMED)
def test_open_order_that_is_taken_up_goes_to_the_named_folder(ours, server, tmp_path, how):
    server.images = [plain(), plain(colour="red")]
    job = qwave.submit("a cat", n=2)
    made = job.result(WAIT)
    for path in made.paths:
        path.unlink()
    ours.journal.update(job.id, state="running", files=[])
    again = NAMED[how](tmp_path / "final")
    assert [path.parent for path in again.paths] == [tmp_path / "final"] * 2
    assert len(server.tasks) == 1
    assert [one.save_dir for one in ours.journal.find(job.id)] == [str(tmp_path / "final")]


@pytest.mark.parametrize("how", NAMED)
def test_images_of_a_killed_kernel_are_copied_to_the_named_folder(ours, server, tmp_path, how):
    server.images = [plain(), plain(colour="red")]
    job = qwave.submit("a cat", n=2)
    made = job.result(WAIT)
    ours.journal.update(job.id, state="running", files=[])
    ours.journal._open_entries.clear()
    server.images = [410, 410]
    again = NAMED[how](tmp_path / "final")
    assert [path.parent for path in again.paths] == [tmp_path / "final"] * 2
    assert [path.read_bytes() for path in again.paths] == [path.read_bytes() for path in made.paths]


@pytest.mark.parametrize("prompt", ["a cat\r\nin snow", "a cat\r\n\r\nin snow\r\n", "a cat\rin snow"], ids=ascii)
def test_reuse_finds_what_was_sent_with_other_line_ends(bench, server, asked, prompt):
    request = asked(prompt)
    assert request.former_fingerprint not in {"", request.fingerprint}
    # As the journal of an earlier release has it.
    body = {**request.body, "prompt": prompt.rstrip("\r\n")}
    former = replace(request, body=body, fingerprint=fingerprint_of(body, {}), former_fingerprint="")
    Job(former, bench).start().result(WAIT)
    job = Job(request, bench, reuse=True).start()
    assert job.result(WAIT)
    assert job.snapshot.reused
    assert len(server.tasks) == 1


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=ascii)
def test_reuse_finds_the_same_words_with_other_line_ends(bench, server, asked, end):
    Job(asked("a cat\nin snow"), bench).start().result(WAIT)
    assert Job(asked(f"a cat{end}in snow"), bench, reuse=True).start().result(WAIT)
    assert len(server.tasks) == 1
