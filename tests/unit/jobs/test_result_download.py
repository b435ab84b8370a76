"""Images that are paid for and not there yet are waited for, and their job stays open until they are."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import requests

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import Cancelled, DownloadFailed, TaskFailed, WaitTimeout
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resume
from tests.image_factory import plain
from tests.scripted_server import CDN, DAY
from tests.waiting import PATIENCE

WEEK = 7 * DAY
COLOURS = [plain(colour=colour) for colour in ("red", "green", "blue", "white")]


def error_of(job):
    assert job.wait(PATIENCE)
    assert job.error is not None
    return job.error


def assert_cost(job, bench, quota, budget=None):
    """The job, its row, the table of costs and the budget name one cost."""
    (entry,), (row,) = bench.journal._entries("ORDER BY created"), bench.journal.costs()
    assert (entry.cost_quota, row.settled_quota, row.held_quota) == (quota, quota, 0)
    assert job.snapshot.cost_usd == pytest.approx(quota / 500_000)
    assert budget is None or budget.spent_usd == pytest.approx(quota / 500_000)


def state_of(bench):
    (entry,) = bench.journal._entries("ORDER BY created")
    return entry.state


@pytest.fixture
def late(server):
    """Let the task list its images only after so many answers that say completed."""

    def after(answers):
        server.states = ["completed"]
        server.images = []
        left = [answers]

        def count():
            left[0] -= 1
            if left[0] < 0:
                server.images = [plain()]

        server.before["status"] = count

    return after


@pytest.fixture
def status_says(server, monkeypatch):
    """Change what the status answers say."""

    true = server._status

    def change(**changes):
        def status(request, path):
            code, answer = true(request, path)
            return code, {
                **answer,
                **{name: value for name, value in changes.items() if answer.get("status") == "completed"},
            }

        monkeypatch.setattr(server, "_status", status)

    return change


@pytest.mark.parametrize("answers", [1, 3, 20])
def test_empty_result_asked_again(submit, server, late, answers):
    late(answers)
    assert len(submit().result(PATIENCE)) == 1
    assert server.seen.count("status") == answers + 1
    assert server.billed == 1


def test_empty_result_leaves_job_open(submit, server, bench):
    server.states, server.images = ["completed"], []
    job = submit(bench=replace(bench, timeout=30.0))
    error = error_of(job)
    assert isinstance(error, WaitTimeout)
    assert error.fields["task_id"] == "task-1"
    assert "resume" in str(error)
    assert bench.clock.monotonic() >= 30
    assert (state_of(bench), job.status) == ("running", "timeout")
    assert "cancel" not in server.seen


@pytest.mark.parametrize("answers", [0, 1, 5])
def test_empty_result_asked_again_at_resume(submit, server, bench, late, answers):
    server.states, server.images = ["completed"], []
    error_of(submit(bench=replace(bench, timeout=30.0)))
    late(answers)
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert server.billed == 1
    assert state_of(bench) == "done"


def test_empty_result_stays_open_after_resumes(submit, server, bench):
    server.states, server.images = ["completed"], []
    brief = replace(bench, timeout=10.0)
    error_of(submit(bench=brief))
    for _ in range(3):
        (again,) = resume(brief)
        assert isinstance(error_of(again), WaitTimeout)
        assert state_of(bench) == "running"
    bench.clock.advance(WEEK + 60)
    (again,) = resume(brief)
    assert isinstance(error_of(again), TaskFailed)
    assert state_of(bench) == "failed"
    assert resume(bench) == ()


def test_empty_result_that_costs_nothing_ends(submit, server, bench):
    server.states, server.images, server.cost = ["completed"], [], 0
    error = error_of(submit(bench=replace(bench, timeout=30.0)))
    assert isinstance(error, TaskFailed)
    assert error.code == "no_images"
    assert "Nothing was charged" in str(error)
    assert state_of(bench) == "failed"


@pytest.mark.parametrize("result", [None, {}, {"images": []}, {"images": [{"url": []}]}, {"images": [{"url": ""}]}])
def test_result_of_any_empty_shape_leaves_job_open(submit, bench, server, status_says, result):
    server.states = ["completed"]
    status_says(result=result)
    assert isinstance(error_of(submit(bench=replace(bench, timeout=10.0))), WaitTimeout)
    assert state_of(bench) == "running"


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("times", [1, 4, 12])
def test_link_not_there_yet_retried(submit, server, bench, status, times):
    server.faults["image"] = [status] * times
    assert len(submit().result(PATIENCE)) == 1
    assert server.seen.count("image") == times + 1
    assert state_of(bench) == "done"


@pytest.mark.parametrize("status", [403, 404])
def test_link_not_there_yet_leaves_job_open(submit, server, bench, status):
    server.images = [status]
    job = submit()
    error = error_of(job)
    assert isinstance(error, DownloadFailed)
    assert error.code == "link_not_ready"
    assert f"{CDN}/task-1/0.png" in error.fields["links"]
    assert bench.clock.monotonic() >= 300
    assert state_of(bench) == "completed"
    for _ in range(2):
        assert_link_not_ready(bench)
    server.images = [plain()]
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert (server.billed, state_of(bench)) == (1, "done")


def assert_link_not_ready(bench):
    """A resume finds no image behind the link yet, and leaves the job open."""
    (again,) = resume(bench)
    assert error_of(again).code == "link_not_ready"
    assert state_of(bench) == "completed"


@pytest.mark.parametrize("ending", ["awaited", "failed", "cancelled"])
def test_saved_images_stay_in_the_history(submit, server, bench, status_says, ending):
    server.images = [COLOURS[0], 404, COLOURS[1]]
    images = submit(n=3).result(PATIENCE)
    if ending != "awaited":
        status_says(status=ending, cost=0, result=None)
        (job,) = resume(bench)
        job.wait(PATIENCE)
    assert records.history(bench).paths == images.paths
    assert [path.is_file() for path in images.paths] == [True, True]


@pytest.mark.parametrize("end", [1, 86_400, "2001-01-01T00:00:00Z"])
@pytest.mark.parametrize("status", [403, 404])
def test_expiry_before_the_order_counts_for_nothing(submit, server, bench, status_says, end, status):
    status_says(result={"images": [{"url": [f"{CDN}/task-1/0.png"], "expires_at": end}]})
    server.images = [status]
    assert error_of(submit()).code == "link_not_ready"
    assert_link_not_ready(bench)
    server.images = [plain()]
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1


def test_link_not_there_yet_does_not_hold_up_others(submit, server, bench):
    server.images = [404, plain(), plain(colour="red")]
    job = submit(n=3)
    told = []
    job.subscribe(lambda now: told.append((bench.clock.monotonic(), len(now.gallery or ()))))
    assert [image.index for image in job.result(PATIENCE)] == [2, 3]
    assert min(moment for moment, count in told if count == 2) < 60
    assert state_of(bench) == "completed"
    assert str(job.snapshot.notices[-1]).startswith("1 of the images")
    server.images[0] = plain(colour="blue")
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2, 3]
    assert state_of(bench) == "done"


def test_link_not_there_yet_beside_broken_image(submit, server, bench):
    server.images = [b"\x89PNG nonsense", 404, plain()]
    rounds = []

    def appear():
        rounds.append(server.seen.count("image"))
        if bench.clock.monotonic() > 100:
            server.images[1] = plain(colour="red")

    server.before["image"] = appear
    assert [image.index for image in submit(n=3).result(PATIENCE)] == [2, 3]
    # The broken one is not fetched again while the other is waited for.
    assert rounds[-1] < 60
    assert state_of(bench) == "completed"


def test_link_not_there_yet_ends_with_stop(submit, server, bench):
    server.images = [404]
    job = submit(bench=replace(bench, timeout=1e9))
    while server.seen.count("image") < 8:
        assert not job.wait(0.01)
    job.cancel()
    assert job.done()
    assert state_of(bench) == "completed"


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_link_is_not_retried(submit, server, bench, status_says, status):
    # It ends while the task is being followed.
    images = [{"url": [f"{CDN}/task-1/0.png"], "expires_at": bench.clock.now() + 1}]
    status_says(result={"images": images})
    server.images = [status]
    error = error_of(submit())
    assert error.code == "link_dead"
    assert server.seen.count("image") == 1
    assert state_of(bench) == "completed"
    (again,) = resume(bench)
    assert error_of(again).code == "link_dead"
    assert state_of(bench) == "failed"


def test_expiry_of_the_page_counts_where_server_says_none(submit, server, bench, status_says):
    status_says(result={"images": [{"url": [f"{CDN}/task-1/0.png"]}]})
    server.images = [404]
    job = submit()
    assert error_of(job).code == "link_not_ready"
    bench.clock.advance(job.request.model.link_hours * 3600 + 60)
    (again,) = resume(bench)
    assert error_of(again).code == "link_dead"
    assert bench.journal.open_jobs() == ()


def test_dead_link_of_unknown_age_stays_open_for_a_week(submit, server, bench, status_says, monkeypatch):
    monkeypatch.setattr("qwave_jupyter.images.saver.ImageSaver.expiry", lambda _, link: link.expires_at)
    status_says(result={"images": [{"url": [f"{CDN}/task-1/0.png"]}]})
    server.images = [404]
    error_of(submit())
    (again,) = resume(bench)
    assert error_of(again).code == "link_dead"
    assert state_of(bench) == "completed"
    bench.clock.advance(WEEK + 60)
    (again,) = resume(bench)
    error_of(again)
    assert state_of(bench) == "failed"


def test_second_address_not_there_yet_keeps_job_open(submit, server, bench, status_says):
    # Two images were asked for, and one entry with two addresses may be either.
    end = int(bench.clock.now()) + DAY
    status_says(result={"images": [{"url": [f"{CDN}/task-1/0.png", f"{CDN}/task-1/1.png"], "expires_at": end}]})
    server.images = [plain(), 404]
    assert len(submit(n=2).result(PATIENCE)) == 1
    assert state_of(bench) == "completed"
    server.images[1] = plain(colour="red")
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 2
    assert state_of(bench) == "done"


@pytest.mark.parametrize("link", ["https://cdn.example.com\\@x/0.png", "https://10.0.0.1/0.png"])
def test_unusable_link_stays_open_for_a_week(submit, server, bench, status_says, link):
    status_says(result={"images": [{"url": [link], "expires_at": int(bench.clock.now()) + WEEK}]})
    error_of(submit())
    (again,) = resume(bench)
    assert isinstance(error_of(again), DownloadFailed)
    assert state_of(bench) == "completed"
    bench.clock.advance(WEEK + 60)
    (again,) = resume(bench)
    error_of(again)
    assert state_of(bench) == "failed"


BROKEN = requests.exceptions.ConnectionError("offline")
UNASKED = {"offline": BROKEN, "401": 401, "403": 403, "503": 503, "no JSON": b"<html>"}


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
@pytest.mark.parametrize("link", [BROKEN, 403, 410, 503], ids=str)
def test_old_job_whose_status_cannot_be_asked_stays_open(submit, server, bench, unasked, link):
    server.images = [404]
    error_of(submit())
    bench.clock.advance(WEEK + DAY)
    server.faults = {"status": [unasked] * 200, "image": [link] * 200}
    for _ in range(2):
        (again,) = resume(bench)
        error_of(again)
        assert state_of(bench) == "completed"
    server.faults, server.images = {}, [plain()]
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert (server.billed, state_of(bench)) == (1, "done")


@pytest.mark.parametrize("fault", [403, 404, 500, 503, BROKEN, b"<html>"], ids=str)
def test_old_job_with_a_fresh_link_that_fails_stays_open(submit, server, bench, fault):
    server.images = [404]
    error_of(submit())
    bench.clock.advance(WEEK + DAY)
    server.faults["image"] = [fault] * 200
    (again,) = resume(bench)
    assert "%qwave resume" in str(error_of(again))
    assert state_of(bench) == "completed"
    server.faults, server.images = {}, [plain()]
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert state_of(bench) == "done"


@pytest.mark.parametrize(
    ("answer", "ended"),
    [(403, True), (404, True), (410, True), (b"<html>", True), (503, False), (BROKEN, False)],
    ids=str,
)
@pytest.mark.parametrize("known", [True, False], ids=["task known", "task unknown"])
def test_old_job_without_fresher_links_ends(submit, server, bench, status_says, answer, ended, known):
    # Its end is past, and the server lists no later one.
    end = int(bench.clock.now()) + DAY
    status_says(result={"images": [{"url": [f"{CDN}/task-1/0.png"], "expires_at": end}]})
    server.images = [404]
    error_of(submit())
    bench.clock.advance(WEEK + DAY)
    if not known:
        server.tasks.clear()
    server.faults["image"] = [answer] * 200
    (again,) = resume(bench)
    error_of(again)
    assert state_of(bench) == ("failed" if ended else "completed")


@pytest.mark.parametrize(("fault", "state"), [(BROKEN, "completed"), (503, "completed"), (404, "failed")], ids=str)
def test_old_job_without_a_task_ends_only_where_its_link_is_refused(submit, server, bench, fault, state):
    server.faults["submit"] = [[200, {"created": 1, "data": [{"url": f"{CDN}/x/0.png"}]}]]
    server.images = [404]
    error_of(submit())
    bench.clock.advance(WEEK + DAY)
    server.faults["image"] = [fault] * 200
    (again,) = resume(bench)
    error_of(again)
    assert state_of(bench) == state


@pytest.mark.parametrize(
    ("entries", "contents", "made"),
    [
        ([[0, 1]], ["blue", "red"], 2),
        ([[0, 1]], ["blue", "blue"], 1),
        ([[0], [1]], ["blue", "red"], 2),
        ([[0, 1, 2]], ["blue", "red", "green"], 3),
    ],
    ids=["two in one entry", "mirrors", "an entry each", "three in one entry"],
)
def test_shares_of_the_cost_are_what_was_charged(submit, server, bench, status_says, entries, contents, made):
    server.images, server.cost = [plain(colour=colour) for colour in contents], 6375
    listed = [{"url": [f"{CDN}/task-1/{place}.png" for place in places]} for places in entries]
    status_says(result={"images": listed})
    gallery = submit(n=max(2, len(contents))).result(PATIENCE)
    assert len(gallery) == made
    assert gallery.cost_usd == pytest.approx(0.01275)
    (entry,) = bench.journal._entries("ORDER BY created")
    assert sum(one["cost_usd"] for one in entry.files) == pytest.approx(0.01275)


def link(place):
    return {"url": [f"{CDN}/task-1/{place}.png"]}


EMPTY = {"null": None, "empty text": "", "empty object": {}, "no link": {"url": None}, "empty list": {"url": []}}


@pytest.fixture
def entries(status_says):
    """The entries that the task lists; a test may change them."""
    listed = []
    status_says(result={"images": listed})
    return listed


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("place", [0, 1])
def test_empty_entry_is_asked_for_again(submit, server, bench, entries, empty, place):
    server.images = [plain(), plain(colour="red")]
    entries[:] = [link(0), link(1)]
    entries[place] = empty

    def fill():
        if bench.clock.monotonic() > 100:
            entries[place] = link(place)

    server.before["status"] = fill
    job = submit(n=2)
    told = []
    # When it was told, not when the observer's thread heard of it.
    job.subscribe(lambda now: told.append((now.elapsed, len(now.gallery or ()))))
    assert [image.index for image in job.result(PATIENCE)] == [1, 2]
    # The image that is there is shown meanwhile, and fetched once.
    assert min(moment for moment, count in told if count == 1) < 60
    assert server.seen.count("image") == 2
    assert (server.billed, state_of(bench)) == (1, "done")


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
def test_empty_entry_leaves_job_open(submit, server, bench, entries, empty):
    server.images = [plain(), plain(colour="red"), plain(colour="blue")]
    entries[:] = [link(0), empty, empty]
    job = submit(n=3)
    assert len(job.result(PATIENCE)) == 1
    said = str(job.snapshot.notices[-1])
    assert said.startswith("2 of the images")
    assert "%qwave resume" in said
    assert said.endswith("$0.0064 was charged.")
    assert bench.clock.monotonic() >= 300
    assert state_of(bench) == "completed"
    entries[1] = link(1)
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2]
    assert state_of(bench) == "completed"
    entries[2] = link(2)
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2, 3]
    assert server.seen.count("image") == 3
    assert (server.billed, state_of(bench)) == (1, "done")


@pytest.mark.parametrize("empty", [None, "", " "])
def test_empty_address_leaves_job_open(submit, server, bench, entries, empty):
    # Two images were asked for, and one entry with two addresses may be either.
    server.images = [plain(), plain(colour="red")]
    (first,) = link(0)["url"]
    entries[:] = [{"url": [first, empty]}]
    job = submit(n=2)
    assert len(job.result(PATIENCE)) == 1
    assert str(job.snapshot.notices[-1]).startswith("1 of the images")
    server.faults["status"] = [401] * 99
    (again,) = resume(bench)
    again.result(PATIENCE)
    assert state_of(bench) == "completed"
    server.faults.clear()
    entries[:] = [{"url": [first, *link(1)["url"]]}]
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2]
    assert server.seen.count("image") == 2
    assert state_of(bench) == "done"


def test_empty_mirror_is_nothing_missing(submit, entries):
    entries[:] = [{"url": [*link(0)["url"], None]}]
    job = submit()
    assert len(job.result(PATIENCE)) == 1
    assert job.snapshot.notices == ()


def test_empty_entry_ends_after_a_week(submit, server, bench, entries):
    entries[:] = [link(0), None]
    submit(n=2).result(PATIENCE)
    bench.clock.advance(WEEK + 60)
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert state_of(bench) == "done"


def test_empty_entry_of_a_task_that_costs_nothing_is_not_awaited(submit, server, bench, entries):
    server.cost = 0
    entries[:] = [link(0), None]
    job = submit(n=2)
    assert len(job.result(PATIENCE)) == 1
    assert bench.clock.monotonic() < 60
    assert [one.code for one in job.snapshot.notices] == ["fewer_images"]
    assert state_of(bench) == "done"


@pytest.mark.parametrize("fault", [404, 500, 503, requests.exceptions.ReadTimeout("slow")], ids=str)
@pytest.mark.parametrize("listing", ["an entry each", "one entry"])
def test_address_that_is_down_leaves_job_open(submit, server, bench, status_says, fault, listing):
    both = [f"{CDN}/task-1/{place}.png" for place in range(2)]
    status_says(result={"images": [{"url": [url]} for url in both] if listing == "an entry each" else [{"url": both}]})
    server.images = [plain(), plain(colour="red")]
    true = server._image

    def image(request, path):
        if path.endswith("1.png") and isinstance(fault, Exception):
            raise fault
        return (fault, b"") if path.endswith("1.png") else true(request, path)

    server._image = image
    job = submit(n=2)
    assert len(job.result(PATIENCE)) == 1
    assert str(job.snapshot.notices[-1]).startswith("1 of the images")
    assert state_of(bench) == "completed"
    server._image = true
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2]
    assert state_of(bench) == "done"


@pytest.mark.parametrize("fault", [404, 410, 503])
def test_mirror_that_is_down_is_nothing_missing(submit, server, bench, status_says, fault):
    mirrors = [f"{CDN}/task-1/{place}.png" for place in range(2)]
    status_says(result={"images": [{"url": mirrors}]})
    server.images = [fault, plain()]
    job = submit()
    assert len(job.result(PATIENCE)) == 1
    assert job.snapshot.notices == ()
    assert state_of(bench) == "done"


PAID = {
    "failed": {"status": "failed", "cost": 3187, "error": {"code": "task_failed", "message": "[task_failed] half"}},
    "failed, unsaid": {"status": "failed", "cost": None, "billing_status": "settled"},
    "cancelled": {"status": "cancelled", "cost": 3187},
}


@pytest.mark.parametrize("says", PAID.values(), ids=PAID)
def test_images_of_a_charged_task_are_fetched(submit, server, bench, status_says, says):
    status_says(**says)
    job = submit()
    (image,) = job.result(PATIENCE)
    assert image.path.is_file()
    said = str(job.snapshot.notices[-1])
    assert f"calls this task {says['status']}" in said
    assert says["status"] != "failed" or "error" not in says or "“half” (task_failed)" in said
    assert "charged" in said
    assert (job.status, state_of(bench)) == ("done", "done")
    assert resume(bench) == ()


@pytest.mark.parametrize("says", PAID.values(), ids=PAID)
def test_images_of_a_charged_task_are_fetched_at_resume(submit, server, bench, status_says, says):
    status_says(**says)
    server.images = [404]
    job = submit()
    error = error_of(job)
    assert isinstance(error, DownloadFailed)
    assert "charged" in str(error)
    assert f"calls this task {says['status']}" in str(job.snapshot.notices[-1])
    assert state_of(bench) == "completed"
    server.images = [plain()]
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert state_of(bench) == "done"


@pytest.mark.parametrize(
    "says",
    [
        {"status": "failed", "cost": 0},
        {"status": "failed", "cost": None, "billing_status": "refunded"},
        {"status": "failed", "result": None, "cost": 3187},
    ],
)
def test_failed_task_without_paid_images_fails(submit, server, bench, status_says, says):
    status_says(**says)
    error = error_of(submit())
    assert isinstance(error, TaskFailed)
    assert "image" not in server.seen
    assert state_of(bench) == "failed"


@pytest.mark.parametrize("word", ["finished", "partial_success", "archived"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_images_of_an_unknown_state_are_fetched_when_the_time_is_up(submit, server, bench, status_says, word, n):
    status_says(status=word)
    server.images = COLOURS[:n]
    job = submit(n=n)
    assert len(job.result(PATIENCE)) == n
    assert bench.clock.monotonic() >= 300
    (notice,) = job.snapshot.notices
    assert f"calls this task {word}" in str(notice)
    assert "$0.0064 was charged" in str(notice)
    assert_cost(job, bench, 3187)
    assert state_of(bench) == "done"


@pytest.mark.parametrize(
    ("listed", "cost"),
    [(1, None), (1, 0), (1, 3187), (3, 3187), (4, None), (4, 0)],
)
def test_unknown_state_stays_open_until_all_is_there(submit, server, bench, status_says, listed, cost):
    server.images = COLOURS[:listed]
    status_says(status="rendering", cost=cost)
    error = error_of(submit(n=4))
    assert isinstance(error, WaitTimeout)
    assert "calls this task rendering" in str(error)
    assert all(link in str(error) for link in error.fields["links"])
    assert len(error.fields["links"]) == listed
    assert "may be charged" in str(error)
    assert "image" not in server.seen
    assert state_of(bench) == "running"
    server.images = COLOURS[:4]
    status_says(status="completed", cost=3187)
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 4
    assert_cost(again, bench, 3187)
    assert (len(server.bodies), resume(bench)) == (1, ())


def test_preview_of_an_unknown_state_is_no_result(submit, server, bench, status_says):
    server.images = COLOURS[:2]
    preview, final = ({"images": [{"url": [f"{CDN}/task-1/{place}.png"]}]} for place in (0, 1))
    status_says(status="drafting", result=preview, cost=None)
    assert isinstance(error_of(submit()), WaitTimeout)
    status_says(status="completed", result=final, cost=3187)
    (again,) = resume(bench)
    (image,) = again.result(PATIENCE)
    assert image.url == f"{CDN}/task-1/1.png"


def test_unknown_state_without_images_says_so(submit, server, bench, status_says):
    status_says(status="paused", result=None, cost=None)
    error = error_of(submit())
    assert "calls this task paused" in str(error)
    assert "may be charged" in str(error)
    assert state_of(bench) == "running"


LATE_COSTS = [
    ({"cost": None, "billing_status": "settlement_pending"}, {"cost": 3187}, 3187),
    ({"cost": 3187}, {"cost": 6374}, 6374),
    ({"cost": 6374}, {"cost": 3187}, 3187),
    ({"cost": 3187}, {"cost": None}, 3187),
    ({"cost": 3187}, {"cost": None, "billing_status": "settlement_pending"}, 3187),
    ({"cost": 3187}, {"cost": 0}, 0),
    ({"cost": 3187}, {"cost": None, "billing_status": "refunded"}, 0),
    ({"cost": 3187}, {"status": "failed", "cost": None, "billing_status": "refunded"}, 0),
]


@pytest.mark.parametrize("left_empty", [False, True])
@pytest.mark.parametrize(("first", "later", "cost"), LATE_COSTS)
def test_cost_named_while_images_are_awaited_counts(asked, server, bench, monkeypatch, first, later, cost, left_empty):
    server.states, server.images = ["completed"], COLOURS[:2]
    true, asked_for = server._status, []

    def status(request, path):
        code, answer = true(request, path)
        asked_for.append(path)
        is_first = len(asked_for) == 1
        if is_first or left_empty:
            answer["result"]["images"][1] = None
        return code, {**answer, **(first if is_first else later)}

    monkeypatch.setattr(server, "_status", status)
    budget = Budget(1.0)
    job = Job(asked(n=2), bench, limits=Limits(budget)).start()
    gallery = job.result(PATIENCE)
    assert_cost(job, bench, cost, budget=budget)
    count = len(gallery) if cost == 0 else 2
    assert [image.cost_usd for image in gallery] == [pytest.approx(cost / 500_000 / count)] * len(gallery)


def test_cost_above_the_limit_named_while_images_are_awaited_is_told(submit, server, monkeypatch):
    server.states, server.images = ["completed"], COLOURS[:2]
    true, asked_for = server._status, []

    def status(request, path):
        code, answer = true(request, path)
        asked_for.append(path)
        if len(asked_for) == 1:
            answer["result"]["images"][1] = None
            return code, answer
        return code, {**answer, "cost": 50_000}

    monkeypatch.setattr(server, "_status", status)
    job = submit(n=2, max_cost=0.05)
    assert len(job.result(PATIENCE)) == 2
    assert [notice.code for notice in job.snapshot.notices] == ["charged_too_dear"]


@pytest.mark.parametrize("cost", [1, 3187])
def test_charged_images_stay_open_where_the_job_is_stopped_meanwhile(submit, server, bench, status_says, cost):
    server.states = ["completed"]
    status_says(status="failed", cost=cost)
    jobs = []
    server.before["status"] = lambda: jobs[0].cancel(wait=False)
    gate = threading.Event()
    server.before["submit"] = lambda: gate.wait(PATIENCE)
    jobs.append(submit())
    gate.set()
    assert isinstance(error_of(jobs[0]), Cancelled)
    assert jobs[0]._runner.left.wait(PATIENCE)
    assert state_of(bench) == "completed"
    server.before.clear()
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    assert state_of(bench) == "done"
