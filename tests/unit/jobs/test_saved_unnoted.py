"""Images on disk of which the journal doesn't know, after a kill or a full disk: they count as made, and stay."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import GenerationError
from qwave_jupyter.images import metadata
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resume
from tests.image_factory import plain
from tests.scripted_server import CDN
from tests.waiting import PATIENCE


class Killed(BaseException):
    """Ends the job's thread as a kill ends its process."""


@pytest.fixture
def killed(bench, monkeypatch):
    """Ends a job before or after a step of its saving."""

    def kill(moment):
        before, number = moment
        replace_file, update, left = Path.replace, bench.journal.update, [number]

        def is_due():
            left[0] -= 1
            return left[0] == 0

        def renamed(path, target):
            due = Path(target).suffix in {".png", ".json"} and is_due()
            if due and before:
                raise Killed
            result = replace_file(path, target)
            if due:
                raise Killed
            return result

        def updated(job_id, **changes):
            if changes.get("state") == "done":
                raise Killed
            update(job_id, **changes)

        if number:
            monkeypatch.setattr(Path, "replace", renamed)
        else:
            monkeypatch.setattr(bench.journal, "update", updated)

    return kill


#: Before or after which renaming; or before the job's end is written down.
MOMENTS = {
    "image named": (False, 1),
    "sidecar written": (True, 2),
    "sidecar named": (False, 2),
    "end not written down": (True, 0),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("link", [410, 404, 500, b"<html>"], ids=str)
def test_job_killed_while_saving_completes_without_its_link(bench, submit, server, killed, monkeypatch, moment, link):
    with monkeypatch.context():
        killed(MOMENTS[moment])
        with pytest.raises(GenerationError):
            submit().result(PATIENCE)
        monkeypatch.undo()
    server.images = [link]
    bench.clock.advance(8 * 86_400)
    (job,) = resume(bench)
    (image,) = job.result(PATIENCE)
    assert image.provenance()["task_id"] == "task-1"
    assert metadata.find_sidecar(image.path).is_file()
    assert (image.cost_usd, job.snapshot.cost_usd) == (pytest.approx(3187 / 500_000), pytest.approx(3187 / 500_000))
    assert [one.state for one in bench.journal.find(job.id)] == ["done"]
    assert sorted(path.suffix for path in bench.save_dir.iterdir()) == [".json", ".png"]


def test_job_killed_before_an_image_has_its_name_fetches_it_again(bench, submit, server, killed, monkeypatch):
    with monkeypatch.context():
        killed((True, 1))
        with pytest.raises(GenerationError):
            submit().result(PATIENCE)
        monkeypatch.undo()
    (job,) = resume(bench)
    assert len(job.result(PATIENCE)) == 1
    assert server.seen.count("image") == 2
    assert sorted(path.suffix for path in bench.save_dir.iterdir()) == [".json", ".png"]


@pytest.fixture
def forgotten(bench, submit):
    """A finished job whose row a full disk has left as it was before the answer."""

    def forget(**options):
        job = submit(**options)
        gallery = job.result(PATIENCE)
        bench.journal.update(
            job.id,
            state="submitting",
            task_id=None,
            links=[],
            files=[],
            held_quota=None,
            cost_quota=None,
            submitted=None,
            finished=None,
        )
        bench.journal._open_entries.clear()
        return job.id, gallery

    return forget


#: Who finds the row: what it calls, and what the job of it is.
FINDERS = {
    "resume": lambda bench, _: resume(bench)[0],
    "resume --repeat": lambda bench, _: resume(bench, repeat=True)[0],
    "batch": lambda bench, asked: Batch([asked()], bench).start().results()[0].job,
    "batch with reuse": lambda bench, asked: Batch([asked()], bench, reuse=True).start().results()[0].job,
    "reuse": lambda bench, asked: Job(asked(), bench, reuse=True, limits=Limits(Budget(1.0))).reserve().start(),
}


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("is_safe", [True, False], ids=["key", "no key"])
def test_job_that_a_full_disk_left_unanswered_is_not_ordered_again(
    bench, asked, server, forgotten, monkeypatch, finder, is_safe
):
    job_id, gallery = forgotten()
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: is_safe)
    before, seen = gallery[0].path.read_bytes(), list(server.seen)
    job = FINDERS[finder](bench, asked)
    (image,) = job.result(PATIENCE)
    assert (image.path, image.path.read_bytes()) == (gallery[0].path, before)
    assert (image.width, image.format, image.task_id) == (64, "png", "task-1")
    assert server.seen == seen
    (row,) = bench.journal.find(job_id)
    assert (row.state, row.task_id, row.cost_quota) == ("done", "task-1", 3187)
    assert job.snapshot.cost_usd == pytest.approx(3187 / 500_000)
    assert records.history(bench).paths == gallery.paths
    assert resume(bench) == ()


@pytest.mark.parametrize("left", [1, 2])
def test_job_of_which_some_images_are_on_disk_is_followed(bench, server, forgotten, monkeypatch, left):
    server.images = [plain(), plain(colour="red"), plain(colour="green")]
    job_id, gallery = forgotten(n=3)
    # What is fetched again keeps its name.
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: False)
    for path in gallery.paths[left:]:
        path.unlink()
    (job,) = resume(bench)
    assert job.result(PATIENCE).paths == gallery.paths
    assert server.seen.count("submit") == 1
    assert bench.journal.find(job_id)[0].state == "done"


@pytest.mark.parametrize("other", ["another job", "no provenance", "no image"])
def test_image_of_another_job_in_the_folder_is_no_answer(bench, server, forgotten, other):
    _, gallery = forgotten()
    path = gallery[0].path
    metadata.find_sidecar(path).unlink()
    said = {**metadata.read_provenance(path), "job_id": "another"}
    content = {
        "another job": metadata.embed(plain(), said),
        "no provenance": plain(),
        "no image": b"text",
    }[other]
    path.write_bytes(content)
    (job,) = resume(bench)
    (image,) = job.result(PATIENCE)
    # It is repeated with its key, and what was there stays.
    assert server.seen.count("submit") == 2
    assert len(server.tasks) == 1
    assert path.read_bytes() == content
    assert image.path.name == f"{path.stem}-2.png"
    assert json.loads(metadata.find_sidecar(image.path).read_text("utf-8"))["job_id"] == job.id


@pytest.mark.parametrize("format_", ["png", "jpg", "webp"])
def test_image_of_an_earlier_task_is_not_overwritten_by_a_repeat(bench, asked, server, monkeypatch, format_):
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: False)
    entry = records.new_entry(asked(), "killed", bench)
    bench.journal.begin(entry)
    bench.save_dir.mkdir(parents=True, exist_ok=True)
    stem = metadata.make_file_stem("a-cat", entry.job_id, 1, entry.created)
    # A user has taken out what it says of itself.
    there = bench.save_dir / f"{stem}.{format_}"
    there.write_bytes(plain(colour="blue"))
    (job,) = resume(bench, repeat=True)
    (image,) = job.result(PATIENCE)
    assert there.read_bytes() == plain(colour="blue")
    assert image.path != there
    assert image.path.stem == (f"{stem}-2" if format_ == "png" else stem)
    (again,) = records.history(bench)
    assert again.path == image.path


@pytest.mark.parametrize("state", ["running", "completed"])
@pytest.mark.parametrize("n", [1, 3])
def test_job_whose_task_is_gone_has_its_images_on_disk(bench, server, forgotten, state, n):
    server.images = [plain(), plain(colour="red"), plain(colour="green")][:n]
    job_id, gallery = forgotten(n=n)
    # The disk was full from then on.
    bench.journal.update(job_id, state=state, task_id="task-1")
    server.tasks.clear()
    bench.clock.advance(8 * 86_400)
    (job,) = resume(bench)
    assert job.result(PATIENCE).paths == gallery.paths
    assert bench.journal.find(job_id)[0].state == "done"


COLOURS = ("red", "green", "blue")


def inside(*colours):
    return [{"b64_json": base64.b64encode(plain(colour=colour)).decode()} for colour in colours]


LINKS = [{"url": f"{CDN}/x/{place}.png"} for place in range(3)]
#: Answers to an order that hold the images themselves, and name no task.
ANSWERS = {
    "bytes": {"data": inside("red", "green"), "cost": 3187},
    "links": {"data": LINKS[:2], "cost": 3187},
    "bytes and a link": {"data": [*inside("red"), LINKS[1]], "cost": 3187},
    "bytes, no cost": {"data": inside(*COLOURS)},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("noted", [True, False], ids=["first noted", "none noted"])
def test_killed_job_without_a_task_fetches_what_is_missing(bench, submit, server, killed, monkeypatch, answer, noted):
    server.images = [plain(colour=colour) for colour in COLOURS]
    server.faults["submit"] = [[200, {"created": 1, **answer}]]
    n = len(answer["data"])
    with monkeypatch.context():
        killed(MOMENTS["sidecar named"])
        job = submit(n=n)
        with pytest.raises(GenerationError):
            job.result(PATIENCE)
        monkeypatch.undo()
    if not noted:
        bench.journal.update(job.id, files=[])
    budget = Budget(1.0)
    (again,) = resume(bench, Limits(budget))
    assert [image.index for image in again.result(PATIENCE)] == list(range(1, n + 1))
    assert len(list(bench.save_dir.glob("*.png"))) == n
    assert server.seen.count("submit") == 1
    (row,) = bench.journal.find(job.id)
    assert (row.state, row.cost_quota) == ("done", answer.get("cost"))
    if "cost" in answer:
        assert budget.spent_usd == pytest.approx(3187 / 500_000)


@pytest.mark.parametrize("ending", ["-Copy1", " copy", " (1)", "-2"])
@pytest.mark.parametrize("reuse", [False, True], ids=["resume", "reuse"])
def test_copy_of_a_saved_image_is_no_other_image(bench, submit, server, ending, reuse):
    server.images = [plain(colour="red"), 404]
    (image,) = submit(n=2).result(PATIENCE)
    copy = image.path.with_stem(image.path.stem + ending)
    shutil.copy(image.path, copy)
    server.images = [plain(colour="red"), plain(colour="green")]
    job = submit(n=2, reuse=True) if reuse else resume(bench)[0]
    gallery = job.result(PATIENCE)
    assert [one.index for one in gallery] == [1, 2]
    assert copy not in gallery.paths
    assert copy.is_file()
    (row,) = bench.journal.find(job.id)
    assert (row.state, row.cost_quota, len(row.files)) == ("done", 3187, 2)


@pytest.mark.parametrize(("asked_for", "listed"), [(1, 2), (1, 3), (2, 3)])
def test_job_with_more_images_than_asked_for_is_followed(bench, server, forgotten, asked_for, listed):
    server.images = [plain(colour=colour) for colour in COLOURS[:listed]]
    job_id, gallery = forgotten(n=asked_for)
    for path in gallery.paths[asked_for:]:
        path.unlink()
    (job,) = resume(bench)
    assert job.result(PATIENCE).paths == gallery.paths
    assert server.seen.count("submit") == 1
    (row,) = bench.journal.find(job_id)
    assert (row.state, row.cost_quota) == ("done", 3187)


@pytest.mark.parametrize("without_task", [True, False], ids=["no task", "task"])
@pytest.mark.parametrize("listed", [2, 3])
def test_job_with_more_links_than_asked_for_fetches_them(bench, submit, server, without_task, listed):
    server.images = [plain(colour="red"), *[404] * (listed - 1)]
    if without_task:
        server.faults["submit"] = [[200, {"created": 1, "data": LINKS[:listed], "cost": 3187}]]
    job = submit()
    assert len(job.result(PATIENCE)) == 1
    # The disk was full before the first one was noted.
    bench.journal.update(job.id, files=[])
    server.images = [plain(colour=colour) for colour in COLOURS]
    if not without_task:
        server.images = server.images[:listed]
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == list(range(1, listed + 1))
    (row,) = bench.journal.find(job.id)
    assert (row.state, row.cost_quota) == ("done", 3187)


@pytest.mark.parametrize("second", [("red", "green"), ("blue", "red"), ("green", "blue")], ids=str)
def test_image_of_an_earlier_order_without_a_task_stays(bench, server, forgotten, monkeypatch, second):
    monkeypatch.setattr("qwave_jupyter.jobs.idempotency.is_supported", lambda _: False)
    server.faults["submit"] = [[200, {"created": 1, "data": inside("red", "green")}]]
    _, gallery = forgotten(n=2)
    kept, before = gallery.paths[0], gallery.paths[0].read_bytes()
    gallery.paths[1].unlink()
    server.faults["submit"] = [[200, {"created": 1, "data": inside(*second)}]]
    (job,) = resume(bench, repeat=True)
    paths = job.result(PATIENCE).paths
    assert kept.read_bytes() == before
    assert (paths[0] == kept) is (second[0] == "red")
    assert len(set(paths)) == 2
