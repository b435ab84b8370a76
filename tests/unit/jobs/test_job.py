from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace

import pytest
import requests
from PIL import Image

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.client import transport
from qwave_jupyter.errors import (
    AuthenticationFailed,
    Cancelled,
    CancelledWhileAwaited,
    ConnectionFailed,
    DownloadFailed,
    PermissionDenied,
    QwaveError,
    RequestRejected,
    TaskFailed,
    TooExpensive,
    WaitTimeout,
)
from qwave_jupyter.images import metadata
from qwave_jupyter.jobs.job import Job, as_completed, resume
from tests.image_factory import plain
from tests.waiting import PATIENCE, wait_until


def failure(job) -> QwaveError:
    with pytest.raises(QwaveError) as failed:
        job.result(PATIENCE)
    assert str(failed.value)
    assert "\n" not in str(failed.value)
    return failed.value


def test_job_saves_file_and_provenance(submit, server, bench):
    job = submit("A cat, sitting", seed=7)
    gallery = job.result(PATIENCE)
    (image,) = gallery
    assert image.path.parent == bench.save_dir
    assert image.path.name == f"2026-03-31-a-cat-sitting-{job.id[:8]}-1.png"
    with Image.open(image.path) as opened:
        assert opened.size == (64, 48) == (image.width, image.height)
    assert image.url.startswith("https://cdn.example.com/")
    assert image.cost_usd == pytest.approx(0.006374)
    told = metadata.read_provenance(image.path)
    assert (told["prompt"], told["model"], told["parameters"], told["task_id"]) == (
        "A cat, sitting",
        "gpt-image-2",
        {"seed": 7},
        "task-1",
    )
    assert json.loads((image.path.parent / (image.path.name + ".json")).read_text()) == told
    assert sorted(one.suffix for one in bench.save_dir.iterdir()) == [".json", ".png"]
    assert (job.status, job.task_id, job.done()) == ("done", "task-1", True)
    snapshot = job.snapshot
    assert snapshot.cost_usd == pytest.approx(0.006374)
    assert snapshot.held_usd == pytest.approx(0.006374)
    assert server.by_key == {job.id: "task-1"}
    assert server.billed == 1


def test_job_journals_intent_before_submit(submit, server, bench):
    found = []
    server.before["submit"] = lambda: found.extend(bench.journal.open_jobs())
    job = submit()
    job.result(PATIENCE)
    assert [(one.job_id, one.state) for one in found] == [(job.id, "submitting")]
    (done,) = bench.journal.history()
    assert (done.state, done.task_id, done.cost_quota, done.held_quota) == ("done", "task-1", 3187, 3187)
    assert done.duration > 0
    bench.journal.close()
    for file in (*bench.home.rglob("*"), *bench.save_dir.iterdir()):
        assert not file.is_file() or b"sk-secret" not in file.read_bytes()


def test_watchers_see_every_phase(submit, server, monkeypatch):
    told, complaints = [], []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    gate = threading.Event()
    server.before["submit"] = lambda: gate.wait(PATIENCE)
    job = submit()
    over = threading.Event()

    def watch(now):
        told.append(now)
        if now.is_over:
            over.set()

    def fail(_):
        raise ZeroDivisionError

    job.subscribe(fail)
    stop = job.subscribe(told.append)
    stop()
    job.subscribe(watch)
    gate.set()
    job.result(PATIENCE)
    assert over.wait(PATIENCE)
    phases = list(dict.fromkeys(now.phase for now in told))
    assert phases[-4:] == ["queued", "processing", "downloading", "done"]
    assert 0.45 in {now.progress for now in told}
    assert [now.elapsed for now in told] == sorted(now.elapsed for now in told)
    assert complaints
    late = []
    job.subscribe(late.append)
    assert [now.phase for now in late] == ["done"]


def test_watcher_does_not_delay_the_job(submit):
    gate = threading.Event()
    job = submit()
    job.subscribe(lambda _: gate.wait(PATIENCE))
    job.result(PATIENCE)
    gate.set()


def test_job_with_fewer_images_than_asked(submit, server):
    server.images = [plain(), plain(kind="JPEG", colour="red"), plain(kind="WEBP")]
    job = submit(n=4)
    gallery = job.result(PATIENCE)
    assert [image.path.suffix for image in gallery] == [".png", ".jpg", ".webp"]
    assert [image.index for image in gallery] == [1, 2, 3]
    assert sum(image.cost_usd for image in gallery) == pytest.approx(0.006374)
    (notice,) = job.snapshot.notices
    assert notice.code == "fewer_images"
    assert "4" in str(notice)


def test_job_spreads_links_of_one_entry(submit, server):
    server.images = [plain(), plain(), plain(colour="red"), 404]
    links = [f"https://cdn.example.com/task-1/{place}.png" for place in range(4)]
    server.extra = {"result": {"images": [{"url": links}]}}
    assert len(submit(n=3).result(PATIENCE)) == 2


def test_job_refused_by_the_server(submit, server, bench):
    server.faults["submit"] = [[400, {"error": {"code": "invalid_request", "message": "bad n"}}]]
    assert isinstance(failure(submit()), RequestRejected)
    server.faults["submit"] = [401]
    assert isinstance(failure(submit()), AuthenticationFailed)
    assert bench.journal.open_jobs() == ()
    assert server.tasks == {}


def test_job_repeats_a_lost_submit(submit, server):
    server.faults["submit"] = [("after", requests.ConnectionError("reset")), ("after", b"<html>"), 502]
    assert len(submit().result(PATIENCE)) == 1
    assert len(server.tasks) == 1
    assert server.seen.count("submit") == 4


def test_job_unanswered_submit_is_resumed(submit, server, bench):
    server.faults["submit"] = [("after", requests.ConnectionError("reset"))] * 50
    first = submit()
    assert isinstance(failure(first), (ConnectionFailed, WaitTimeout))
    assert [one.state for one in bench.journal.open_jobs()] == ["submitting"]
    server.faults.clear()
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert again.id == first.id
    assert len(server.tasks) == 1
    assert bench.journal.open_jobs() == ()


def test_job_survives_transient_faults(submit, server):
    told = []
    server.faults["status"] = [500, b"<html>", requests.ConnectionError("reset"), b"", 429, [503, {}]]
    server.faults["image"] = [500, requests.ConnectionError("reset"), b"<!doctype html>oops"]
    job = submit()
    job.subscribe(told.append)
    assert len(job.result(PATIENCE)) == 1
    assert any(now.retry for now in told)
    assert job.snapshot.retry is None


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("upstream_bad_request", "refused the prompt"),
        ("upstream_unavailable", "down"),
        ("upstream_rate_limited", "overloaded"),
        ("odd", "<b>\\[x\\] no"),
    ],
)
def test_job_failure_says_why_and_is_free(submit, server, bench, code, word):
    server.states = ["queued", "failed"]
    server.failure = {"code": code, "message": f"[{code}] <b>[x] no\x00\n" + "y" * 10_000}
    error = failure(submit())
    assert isinstance(error, TaskFailed)
    assert error.fields["failure"] == code
    assert error.fields["task_id"] == "task-1"
    with pytest.raises(TaskFailed, match=word):
        raise error
    assert "Nothing was charged" in str(error)
    assert len(str(error)) < 500
    (entry,) = bench.journal.find("task-1")
    assert (entry.state, entry.cost_quota) == ("failed", 0)


def test_job_completed_without_images(submit, server):
    server.images, server.cost = [], 0
    error = failure(submit())
    assert isinstance(error, TaskFailed)
    assert error.code == "no_images"


def test_job_waits_out_unknown_states(submit, server):
    told = []
    server.states = ["queued", "processing", "moderating", "queued", "processing", "completed"]
    job = submit()
    job.subscribe(told.append)
    assert job.result(PATIENCE)
    assert "moderating" in {now.status_word for now in told}
    phases = [now.phase for now in told]
    assert "queued" not in phases[phases.index("processing") :]


def test_job_timeout_leaves_the_task(submit, server, bench):
    server.states = ["queued", *["processing"] * 500, "completed"]
    job = submit(bench=replace(bench, timeout=30.0))
    error = failure(job)
    assert isinstance(error, WaitTimeout)
    assert isinstance(error, TimeoutError)
    assert "30" in str(error)
    assert "resume" in str(error)
    assert job.status == "timeout"
    assert bench.clock.monotonic() == pytest.approx(30, abs=1)
    assert "cancel" not in server.seen
    server.tasks["task-1"]["states"] = ["processing", "completed"]
    (again,) = resume(bench)
    assert again.result(PATIENCE)[0].path.is_file()
    assert server.billed == 1


def test_timeout_is_longer_for_4k(bench):
    assert bench.timeout_for("1k") == 300
    assert bench.timeout_for("4K") == 600
    assert replace(bench, timeout=7.0).timeout_for("4k") == 7


def test_result_timeout_leaves_the_job(submit, server):
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    job = submit()
    with pytest.raises(WaitTimeout, match="still running"):
        job.result(0.05)
    gate.set()
    assert job.result(PATIENCE)


def test_job_reuses_an_identical_request(submit, server):
    first = submit(seed=3).result(PATIENCE)
    job = submit(seed=3, reuse=True)
    again = job.result(PATIENCE)
    assert again.paths == first.paths
    assert job.snapshot.reused
    assert job.snapshot.cost_usd == 0
    assert "nothing was charged" in str(job.snapshot.notices[-1])
    assert server.billed == 1
    assert submit(seed=4, reuse=True).result(PATIENCE).paths != first.paths
    first[0].path.unlink()
    assert submit(seed=3, reuse=True).result(PATIENCE).paths != first.paths
    assert server.billed == 3


def test_job_cancels_a_hold_above_max_cost(submit, server, bench):
    server.states = ["queued"] * 9
    server.held = 500_000
    error = failure(submit(max_cost=0.5))
    assert isinstance(error, TooExpensive)
    assert "$1.00" in str(error)
    assert "$0.5" in str(error)
    assert bench.journal.find("task-1")[0].state == "cancelled"
    server.states = ["processing", "completed"]
    job = submit(max_cost=0.5)
    assert job.result(PATIENCE)
    assert "too late" in str(job.snapshot.notices[-1])
    assert submit(max_cost=1.0).result(PATIENCE)


def test_job_keeps_no_broken_images(submit, server, bench):
    for content in (plain()[:-30], b"\x89PNG nonsense", b""):
        server.images = [content]
        error = failure(submit())
        assert isinstance(error, DownloadFailed)
    assert list(bench.save_dir.iterdir()) == []
    assert len(bench.journal.open_jobs()) == 3


def test_job_partial_success_is_resumed(submit, server, bench):
    server.images = [plain(), 500, plain(colour="red")]
    job = submit(n=3)
    gallery = job.result(PATIENCE)
    assert [image.index for image in gallery] == [1, 3]
    assert "couldn't be fetched" in str(job.snapshot.notices[-1])
    server.images[1] = plain(colour="green")
    before = [path.stat().st_mtime_ns for path in gallery.paths]
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2, 3]
    assert [path.stat().st_mtime_ns for path in gallery.paths] == before
    assert bench.journal.open_jobs() == ()


def test_job_with_an_unwritable_folder(submit, server, bench, tmp_path):
    (tmp_path / "file").write_text("")
    error = failure(submit(bench=replace(bench, save_dir=tmp_path / "file" / "x")))
    assert isinstance(error, DownloadFailed)
    assert "https://cdn.example.com/task-1/0.png" in str(error)
    assert error.fields["links"]
    (again,) = resume(bench)
    assert isinstance(failure(again), DownloadFailed)


def test_job_ends_when_status_is_refused(submit, server, bench):
    server.faults["status"] = [[403, {"error": {"type": "permission_error", "message": "no"}}]]
    assert isinstance(failure(submit()), PermissionDenied)
    # The task may be going on: it stays open and can be picked up.
    (again,) = resume(bench)
    assert again.result(PATIENCE)[0].path.is_file()
    assert server.billed == 1


def test_job_with_base64_images(submit, server):
    import base64

    server.extra = {"result": {"images": [{"b64_json": base64.b64encode(plain()).decode()}]}}
    (image,) = submit().result(PATIENCE)
    assert image.path.is_file()
    assert image.url is None


def test_as_completed_yields_all_jobs(submit):
    jobs = [submit(seed=place) for place in range(4)]
    assert {job.id for job in as_completed(jobs)} == {job.id for job in jobs}
    assert list(as_completed([])) == []


@pytest.mark.parametrize("timeout", [0, 0.0, 1e-9, -1, 5])
def test_as_completed_yields_ended_jobs_first(submit, server, timeout):
    ended = [submit(seed=seed) for seed in range(3)]
    for job in ended:
        job.wait(PATIENCE)
    assert list(as_completed(ended, timeout)) == list(as_completed([*ended, ended[0]], timeout))[:3] == ended
    assert list(as_completed([], timeout)) == []


@pytest.mark.parametrize("timeout", [0, 1e-9, 0.05])
def test_as_completed_waits_no_longer_for_the_others(submit, server, timeout):
    ended = submit()
    ended.wait(PATIENCE)
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    running = submit("a dog")
    each = as_completed([running, ended], timeout)
    assert next(each) is ended
    with pytest.raises(WaitTimeout, match="still running"):
        next(each)
    gate.set()
    running.cancel()


@pytest.mark.parametrize("timeout", [0, 1e-9, 5])
def test_wait_for_what_has_ended(submit, bench, asked, timeout):
    job = submit()
    job.result(PATIENCE)
    assert job.wait(timeout)
    assert job.result(timeout)
    batch = Batch([asked()], bench).start()
    batch.results()
    assert batch.wait(timeout)


def test_await_leaves_no_thread(submit):
    async def both():
        return await asyncio.gather(submit(seed=1), submit(seed=2))

    before = {thread for thread in threading.enumerate() if not thread.daemon}
    for gallery in asyncio.run(both()):
        assert len(gallery) == 1
    assert {thread for thread in threading.enumerate() if not thread.daemon} == before


def test_await_of_a_cancelled_job(submit, server):
    server.states = ["queued"] * 99
    _, gate = held_at(server, "status")

    async def by_the_job(job):
        waiting = asyncio.ensure_future(_awaits(job))
        await asyncio.to_thread(_until_known, job)
        job.cancel(wait=False)
        return await asyncio.gather(waiting, return_exceptions=True)

    async def by_the_task(job):
        waiting = asyncio.ensure_future(_awaits(job))
        await asyncio.to_thread(_until_known, job)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as error:
            await waiting
        return [error.value]

    for way in (by_the_job, by_the_task):
        (error,) = asyncio.run(way(job := submit()))
        assert isinstance(error, CancelledWhileAwaited)
        assert isinstance(error, asyncio.CancelledError) == (way is by_the_task)
        assert not isinstance(error, KeyboardInterrupt)
        assert "refunded" in str(error) or "nothing was charged" in str(error)
        assert job.status == "cancelled"
    gate.set()


def _until_known(job):
    wait_until(lambda: job.task_id, "the task id")


async def _awaits(job):
    return await job


def test_cancel_before_start_sends_nothing(bench, asked, server):
    job = Job(asked(), bench)
    assert job.cancel().stopped == "unsent"
    job.start()
    assert isinstance(failure_of(job), Cancelled)
    assert server.seen == []


def failure_of(job):
    try:
        job.result(PATIENCE)
    except Cancelled as error:
        return error
    return None


def held_at(server, kind):
    reached, gate = threading.Event(), threading.Event()

    def hold():
        reached.set()
        gate.wait(PATIENCE)

    server.before[kind] = hold
    return reached, gate


def test_cancel_while_queued_is_refunded(submit, server, bench):
    server.states = ["queued"] * 99
    reached, gate = held_at(server, "status")
    job = submit()
    assert reached.wait(PATIENCE)
    snapshot = job.cancel()
    gate.set()
    assert (snapshot.phase, snapshot.stopped) == ("cancelled", "refunded")
    assert snapshot.refunded_usd == pytest.approx(0.006374)
    error = failure_of(job)
    assert "$0.0064 was refunded" in str(error)
    (entry,) = bench.journal.find("task-1")
    assert (entry.state, entry.refunded_quota) == ("cancelled", 3187)
    assert job.cancel() == job.snapshot
    assert server.seen.count("cancel") == 1


def test_cancel_seen_first_by_a_question(submit, server, bench, monkeypatch):
    # A question that is under way is answered with the effect of our own cancel before the cancel itself is answered.
    monkeypatch.setattr(transport, "_CHECK_INTERVAL", PATIENCE)
    server.states = ["queued"] * 99
    reached, gate = held_at(server, "status")
    job = submit()

    def take_effect():
        server.tasks["task-1"]["states"] = ["cancelled"]
        gate.set()
        job._runner.left.wait(PATIENCE)

    server.before["cancel"] = take_effect
    answer = {"task_id": "task-1", "status": "cancelled", "refunded": True, "refunded_quota": server.held}
    server.cancel_answer = lambda _: (200, answer)
    assert reached.wait(PATIENCE)
    snapshot = job.cancel()
    assert (snapshot.phase, snapshot.stopped) == ("cancelled", "refunded")
    assert "$0.0064 was refunded" in str(failure_of(job))
    (entry,) = bench.journal.find("task-1")
    assert (entry.state, entry.refunded_quota) == ("cancelled", 3187)


def test_cancel_too_late_keeps_images(submit, server, bench):
    server.states = ["processing", "processing", "completed"]
    reached, gate = held_at(server, "status")
    job = submit()
    assert reached.wait(PATIENCE)
    # Only the job's own question is held back.
    del server.before["status"]
    assert job.cancel().stopped == "kept"
    gate.set()
    assert "too late" in str(failure_of(job))
    wait_until_free(bench, job)
    (again,) = resume(bench)
    assert again.result(PATIENCE)
    assert server.billed == 1


def wait_until_free(bench, job):
    wait_until(bench.journal.abandoned_jobs, "the job to be given up by its thread")


def test_cancel_during_submit(submit, server, bench):
    server.states = ["queued"] * 99
    reached, gate = held_at(server, "submit")
    job = submit()
    assert reached.wait(PATIENCE)
    job.cancel(wait=False)
    gate.set()
    assert "refunded" in str(failure_of(job))
    assert server.tasks["task-1"]["states"] == ["cancelled"]


def test_cancel_before_a_late_submit_answer(submit, server, bench, monkeypatch):
    from qwave_jupyter.jobs import runner

    monkeypatch.setattr(runner, "CANCEL_WITHIN", 0.05)
    server.states = ["queued"] * 99
    reached, gate = held_at(server, "submit")
    job = submit()
    assert reached.wait(PATIENCE)
    snapshot = job.cancel()
    assert snapshot.stopped == "unknown"
    assert "unknown" in str(failure_of(job))
    gate.set()
    wait_until(lambda: bench.journal.find(job.id)[0].state == "cancelled", "the late cancel")
    assert server.tasks["task-1"]["states"] == ["cancelled"]


def test_cancel_unanswered_is_resumable(submit, server, bench, monkeypatch):
    from qwave_jupyter.jobs import runner

    monkeypatch.setattr(runner, "CANCEL_WITHIN", 0.05)
    server.states = ["queued"] * 3 + ["completed"]
    reached, gate = held_at(server, "status")
    server.before["cancel"] = lambda: gate.wait(PATIENCE)
    job = submit()
    assert reached.wait(PATIENCE)
    assert job.cancel().stopped == "unknown"
    server.faults["cancel"] = [500] * 20
    gate.set()
    wait_until_free(bench, job)
    (again,) = resume(bench)
    assert again.result(PATIENCE)


def test_interrupt_cancels_the_job(submit, server, monkeypatch):
    server.states = ["queued"] * 99
    reached, gate = held_at(server, "status")
    job = submit()
    assert reached.wait(PATIENCE)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "wait", interrupted)
    with pytest.raises(Cancelled, match="refunded") as error:
        job.result()
    gate.set()
    assert isinstance(error.value, KeyboardInterrupt)


def test_job_internal_error_ends_the_wait(submit, bench, monkeypatch):
    monkeypatch.setattr(type(bench.journal), "durations", lambda *_, **__: 1 / 0)
    error = failure(submit())
    assert "ZeroDivisionError" in str(error)


def test_job_repr(submit):
    job = submit("a cat " * 30)
    job.result(PATIENCE)
    assert repr(job).startswith(f"Job({job.id[:8]}, gpt-image-2, done, task task-1, 'a cat")
