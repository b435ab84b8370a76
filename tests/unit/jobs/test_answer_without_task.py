"""Orders that are answered with the images themselves, ``{"created", "data": […]}``: there is no task to ask again."""

from __future__ import annotations

import base64
import shutil
import threading
from dataclasses import replace

import pytest

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import DownloadFailed, GenerationError
from qwave_jupyter.images import saver
from qwave_jupyter.jobs import records, runner
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resumable, resume
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.runner import JobRunner
from tests.image_factory import encoded, noise, plain
from tests.scripted_server import CDN
from tests.waiting import PATIENCE, wait_until

LINK = {"url": f"{CDN}/t/0.png"}
OTHER = {"url": [f"{CDN}/t/1.png", f"{CDN}/mirror/1.png"]}
PIXELS = encoded(noise(90, 60), "PNG")
BYTES = {"b64_json": base64.b64encode(PIXELS).decode()}
#: What is asked for, what is answered, and the widths of the images.
ANSWERS = {
    "link": (1, {"created": 1, "data": [LINK]}, [64]),
    "links": (2, {"created": 1, "data": [LINK, OTHER], "cost": 6374}, [64, 70]),
    "bytes": (1, {"created": 1, "data": [BYTES]}, [90]),
    "both": (2, {"created": 1, "data": [BYTES, LINK]}, [90, 64]),
    "odd state": (1, {"status": "ok", "data": [LINK]}, [64]),
}


@pytest.fixture(params=ANSWERS)
def order(request, server):
    n, answer, widths = ANSWERS[request.param]
    server.images = [plain(64, 64), plain(70, 64)]
    server.faults["submit"] = [[200, answer]]
    return n, answer, widths


@pytest.fixture
def full_disk(monkeypatch):
    """No image can be written, as long as this isn't empty."""
    full = [True]
    write = saver.write_synced

    def refuse(path, content):
        if full:
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(saver, "write_synced", refuse)
    return full


def only_entry(bench):
    (entry,) = bench.journal.open_jobs()
    return entry


def fetch_again(bench, server, widths):
    """Resume the only open job; its images come, and nothing is ordered."""
    orders = server.seen.count("submit")
    (job,) = resume(bench)
    assert [image.width for image in job.result(PATIENCE)] == widths
    assert server.seen.count("submit") == orders
    assert "status" not in server.seen
    assert bench.journal.find(job.id)[0].state == "done"
    assert resume(bench) == ()


def test_full_disk_then_resume(bench, submit, server, order, full_disk):
    n, answer, widths = order
    job = submit(n=n)
    with pytest.raises(DownloadFailed, match="No space left"):
        job.result(PATIENCE)
    assert (only_entry(bench).state, only_entry(bench).cost_quota) == ("completed", answer.get("cost"))
    full_disk.clear()
    fetch_again(bench, server, widths)


def test_killed_after_the_answer(bench, submit, server, order, monkeypatch):
    n, _, widths = order
    # Whatever comes after the answer is written down doesn't happen any more.
    with monkeypatch.context() as patch:
        patch.setattr(JobRunner, "_set_task", lambda *_: (_ for _ in ()).throw(SystemExit))
        job = submit(n=n)
        assert job.wait(PATIENCE)
    assert only_entry(bench).state == "completed"
    server.faults["image"] = []
    fetch_again(bench, server, widths)


def test_repeat_fetches_and_never_orders(bench, submit, server, order, full_disk):
    n, _, widths = order
    assert submit(n=n).wait(PATIENCE)
    full_disk.clear()
    bench.clock.advance(30 * 3600)
    (job,) = resume(bench, repeat=True)
    assert [image.width for image in job.result(PATIENCE)] == widths
    assert server.seen.count("submit") == 1


def test_reuse_goes_on_with_it(bench, submit, server, order, full_disk):
    n, _, widths = order
    assert submit(n=n, reuse=True).wait(PATIENCE)
    full_disk.clear()
    again = submit(n=n, reuse=True)
    assert [image.width for image in again.result(PATIENCE)] == widths
    assert server.seen.count("submit") == 1


def test_resume_with_a_full_budget(bench, asked, server, order, full_disk):
    n, _, widths = order
    assert Job(asked(n=n), bench).start().wait(PATIENCE)
    full_disk.clear()
    budget = Budget(0.0001)
    (job,) = resume(bench, Limits(budget))
    assert [image.width for image in job.result(PATIENCE)] == widths
    assert budget.spent_usd > 0


def test_failed_download_counts(bench, asked, order, full_disk):
    n, answer, _ = order
    budget = Budget(10)
    made = asked(n=n)
    job = Job(made, bench, limits=Limits(budget)).reserve().start()
    assert job.wait(PATIENCE)
    assert isinstance(job.error, DownloadFailed)
    assert budget.spent_usd == pytest.approx(answer.get("cost", 500_000 * made.estimate_usd) / 500_000)


def test_cancel_after_the_answer(bench, submit, server, order, monkeypatch):
    n, _, widths = order
    answered, cancelled = threading.Event(), threading.Event()

    def pause(*_):
        answered.set()
        assert cancelled.wait(PATIENCE)

    with monkeypatch.context() as patch:
        patch.setattr(JobRunner, "mark_downloading", pause)
        patch.setattr(runner, "LEAVE_WITHIN", 0.0)
        job = submit(n=n)
        assert answered.wait(PATIENCE)
        assert (job.cancel().stopped, job.error.code) == ("kept", "cancelled_kept")
        cancelled.set()
        wait_until(lambda: resumable(bench))
    assert "cancel" not in server.seen
    fetch_again(bench, server, widths)


def test_cancel_before_the_answer(bench, submit, server, order, monkeypatch):
    n, _, widths = order
    monkeypatch.setattr(runner, "CANCEL_WITHIN", 0.01)
    asked_for, cancelled = threading.Event(), threading.Event()

    def pause():
        asked_for.set()
        assert cancelled.wait(PATIENCE)

    server.before["submit"] = pause
    # A server without idempotency keys: the order isn't repeated to learn its task.
    monkeypatch.setattr(JobRunner, "_is_repeatable", lambda _: False)
    job = submit(n=n)
    assert asked_for.wait(PATIENCE)
    assert job.cancel().stopped == "unknown"
    del server.before["submit"]
    cancelled.set()
    wait_until(lambda: resumable(bench))
    assert "cancel" not in server.seen
    fetch_again(bench, server, widths)


@pytest.mark.parametrize("broken", ["links empty", "blob gone", "blob torn"])
def test_lost_answer_says_so(bench, submit, server, full_disk, broken):
    server.faults["submit"] = [[200, ANSWERS["bytes"][1]]]
    assert submit().wait(PATIENCE)
    entry = only_entry(bench)
    if broken == "links empty":
        bench.journal.update(entry.job_id, links=[{"urls": [], "expires_at": None}])
    elif broken == "blob gone":
        shutil.rmtree(bench.journal.blobs.folder)
    else:
        bench.journal.update(entry.job_id, links=[{"urls": [], "data": "data:image/png;base64,&"}, 3])
    full_disk.clear()
    (job,) = resume(bench, repeat=True)
    with pytest.raises(GenerationError) as caught:
        job.result(PATIENCE)
    assert caught.value.code == "answer_lost"
    assert "lost" in str(caught.value)
    assert "will be charged" in str(caught.value)
    assert "--repeat" not in str(caught.value)
    assert bench.journal.find(entry.job_id)[0].state == "failed"
    assert resume(bench) == ()
    assert server.seen.count("submit") == 1


@pytest.mark.parametrize("cost", [None, 3187, 0])
def test_bytes_that_fit_nowhere(bench, submit, server, full_disk, monkeypatch, cost):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Blobs, "_make_room", refuse)
    server.faults["submit"] = [[200, {**ANSWERS["bytes"][1], "cost": cost}]]
    job = submit()
    with pytest.raises(DownloadFailed, match="it is lost") as caught:
        job.result(PATIENCE)
    money = {None: "will be charged", 3187: "$0.0064 was charged", 0: "Nothing was charged"}[cost]
    assert money in str(caught.value)
    assert "%qwave resume" not in str(caught.value)
    assert bench.journal.find(job.id)[0].state == "failed"


def test_bytes_that_fit_only_the_folder(bench, submit, server, monkeypatch):
    monkeypatch.setattr(Blobs, "_make_room", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    server.faults["submit"] = [[200, ANSWERS["bytes"][1]]]
    assert [image.width for image in submit().result(PATIENCE)] == [90]


@pytest.mark.parametrize("content", [b"no image at all", b"{}", PIXELS[:2000]])
def test_bytes_that_are_no_image(bench, submit, server, content):
    answer = {"created": 1, "data": [{"b64_json": base64.b64encode(content).decode()}]}
    server.faults["submit"] = [[200, answer]]
    job = submit()
    with pytest.raises(DownloadFailed) as caught:
        job.result(PATIENCE)
    assert caught.value.code == "not_decodable_bytes"
    assert "resume" not in str(caught.value)
    assert bench.journal.find(job.id)[0].state == "failed"


def test_dead_link_promises_no_fresh_one(bench, submit, server):
    server.images = [410]
    server.faults["submit"] = [[200, ANSWERS["link"][1]]]
    with pytest.raises(DownloadFailed, match="named no task"):
        submit().result(PATIENCE)


@pytest.mark.parametrize("answer", [404, "empty", "expired"])
def test_links_of_a_task_that_answers_nothing(bench, asked, server, answer):
    entry = records.new_entry(asked(), "killed", bench)
    link = {"urls": [f"{CDN}/t/0.png"], "expires_at": None}
    bench.journal.begin(replace(entry, state="completed", task_id="task-9", links=[link]))
    body = {"task_id": "task-9", "status": "completed", "cost": 3187}
    if answer == "expired":
        body["result"] = {"images": []}
    missing = [404, {"error": {"code": "task_not_found", "message": "no such task"}}]
    server.faults["status"] = [missing if answer == 404 else [200, body]] * 20
    (job,) = resume(bench)
    assert len(job.result(PATIENCE)) == 1
    assert "submit" not in server.seen
    assert job.snapshot.cost_usd == (None if answer == 404 else 3187 / 500_000)
