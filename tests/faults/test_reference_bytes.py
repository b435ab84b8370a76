"""Reference images live as long as their job runs: what stays of an ended job is a few kilobytes."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.batches.sweep import Combination, GridCell, Sweep
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.jobs import request as requests_of
from qwave_jupyter.jobs.codegen import cell
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card
from qwave_jupyter.widgets.panel.panel import build_state, find_request
from tests.fake_session import replace_default
from tests.faults.scripted_bench import scripted
from tests.image_factory import plain
from tests.waiting import PATIENCE

#: Bytes of one reference as it is sent, and what may stay of a job that had it.
SENT, KEPT = 900_000, 40_000
#: What stays of every job grows in each round; caches that fill, and what other threads hold for a moment, do not.
ROUNDS = 3


@pytest.fixture
def here(tmp_path, monkeypatch):
    with scripted(tmp_path) as made:
        replace_default(monkeypatch, made.bench)
        yield made


@pytest.fixture(scope="module")
def image():
    import numpy as np

    return np.random.default_rng(3).integers(0, 255, (480, 480, 3), dtype="uint8")


def forget(here):
    """The scripted server keeps what it was sent, and what it raised."""
    here.server.bodies.clear()
    here.server.faults.clear()
    for task in here.server.tasks.values():
        task["body"] = {}


@contextlib.contextmanager
def untraced():
    """Without a tracer, such as that of a coverage report, which stays in every frame of a traceback."""
    of_this, of_others = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(of_others)
        sys.settrace(of_this)


@contextlib.contextmanager
def measured(here, count, run):
    """Run it once to warm up, then measure what `count` of them leave in the round that leaves least."""
    grown, kept = [], []
    with untraced():
        run(1)
        forget(here)
        gc.collect()
        tracemalloc.start()
        for _ in range(ROUNDS):
            before = tracemalloc.get_traced_memory()[0]
            kept.append(run(count))
            forget(here)
            gc.collect()
            grown.append((tracemalloc.get_traced_memory()[0] - before) / count)
        tracemalloc.stop()
    yield min(grown), kept[-1]


def edit(here, image, number):
    request = here.build(f"edit {number}", images=image)
    assert len(request.body_text()) < 1000
    assert sum(map(len, request.values["images"])) > SENT
    return request


def end(job):
    with contextlib.suppress(QwaveError):
        job.result(PATIENCE)
    job._runner.left.wait(PATIENCE)
    return job


HOW = {
    "done": lambda server: server.faults.clear(),
    "refused": lambda server: server.faults.update(submit=[[400, {"error": {"code": "no", "message": "no"}}]] * 9),
    "failed": lambda server: setattr(server, "states", ["failed"]),
    "broken connection": lambda server: server.faults.update(
        submit=[requests.ConnectTimeout("no") for _ in range(999)]
    ),
    "our fault": lambda server: server.before.update(status=lambda: 1 / 0),
    "dead link": lambda server: setattr(server, "images", [410]),
}


@pytest.mark.parametrize("how", HOW)
def test_an_ended_job_keeps_no_reference_bytes(here, image, how):
    def run(count):
        HOW[how](here.server)
        return [end(Job(edit(here, image, number), here.bench).start()) for number in range(count)]

    with measured(here, 4, run) as (grown, jobs):
        assert grown < KEPT
        assert all(job.done() for job in jobs)
        assert all((job.error is None) == (how == "done") for job in jobs)


@pytest.mark.parametrize("started_first", [True, False])
def test_a_cancelled_job_keeps_no_reference_bytes(here, image, started_first):
    here.server.states = ["queued"] * 500

    def run(count):
        jobs = [Job(edit(here, image, number), here.bench) for number in range(count)]
        for job in jobs:
            if started_first:
                job.start()
                while not job.task_id:
                    job.wait(0.01)
            job.cancel()
            end(job)
        return jobs

    with measured(here, 4, run) as (grown, jobs):
        assert grown < KEPT
        assert {job.status for job in jobs} == {"cancelled"}


def test_a_resumed_job_keeps_no_reference_bytes(here, image):
    def run(count):
        from qwave_jupyter.jobs import records

        for number in range(count):
            here.bench.journal.begin(records.new_entry(edit(here, image, number), uuid4().hex, here.bench))
        return [end(job) for job in resume(here.bench)]

    with measured(here, 4, run) as (grown, jobs):
        assert grown < KEPT
        assert [job.status for job in jobs] == ["done"] * 4


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_batch_keeps_no_reference_bytes(here, image, elsewhere):
    def run(count):
        with ThreadPoolExecutor(2) as pool:
            rows = (lambda number=number: edit(here, image, number) for number in range(count))
            batch = Batch(rows, here.bench, concurrency=2, executor=pool if elsewhere else None).start()
            outcomes = batch.results()
        for job in batch.jobs:
            end(job)
        assert all(outcome.gallery for outcome in outcomes)
        return batch

    with measured(here, 4, run) as (grown, batch):
        assert grown < KEPT
        assert [outcome.request.prompt for outcome in batch.outcomes] == [f"edit {number}" for number in range(4)]


def test_a_sweep_keeps_no_reference_bytes(here, image):
    def run(count):
        places = tuple(
            GridCell(Combination({}, {}, {}, None, ()), (edit(here, image, number),)) for number in range(count)
        )
        sweep = Sweep((), places, "edit").prepare(here.bench).start()
        del places
        sheet = sweep.result()
        for job in sweep.batch.jobs:
            end(job)
        return sweep, sheet

    with measured(here, 3, run) as (grown, (_, sheet)):
        assert grown < KEPT
        assert len(sheet) == 3


def test_what_views_need_stays(here, image):
    asked = here.build("edit", images=image, aspect_ratio="16:9")
    job = end(Job(asked, here.bench).start())
    now = job.request
    assert (now.prompt, now.model, now.fingerprint, now.action) == (
        asked.prompt,
        asked.model,
        asked.fingerprint,
        asked.action,
    )
    assert now.parameters == asked.parameters == {**job.result()[0].parameters, "images": asked.parameters["images"]}
    (before,), (after,) = asked.references, now.references
    assert (after.content_id, after.size, after.weight, after.format) == (
        before.content_id,
        before.size,
        before.weight,
        before.format,
    )
    assert now.body["prompt"] == "edit"
    assert "sha256:" in now.body_text()
    assert "16:9" in job_card.render_ended(job.snapshot)
    assert "16:9" in cell(now.model.id, now.prompt, {"aspect_ratio": now.aspect_ratio})
    # The caller's own request is as it was.
    assert asked.values["images"][0].startswith("data:")


def test_an_ended_jobs_request_can_be_sent_again(here, image):
    asked = here.build("edit", images=image)
    job = end(Job(asked, here.bench).start())
    again = end(Job(job.request, here.bench).start())
    assert len(again.result(PATIENCE)) == 1
    assert here.server.bodies == [asked.body, asked.body]
    assert [outcome.gallery is not None for outcome in Batch([job.request], here.bench).start().results()] == [True]


def test_without_its_bytes_nothing_is_sent(here, image):
    job = end(Job(here.build("edit", images=image), here.bench).start())
    for file in here.bench.journal.blobs.folder.iterdir():
        file.unlink()
    with pytest.raises(OptionMistake, match="reference images") as refusal:
        Job(job.request, here.bench)
    assert "\n" not in str(refusal.value)
    (outcome,) = Batch([job.request], here.bench).start().results()
    assert isinstance(outcome.error, OptionMistake)
    assert here.server.seen.count("submit") == 1


def test_the_panel_gets_the_references_back(here, image):
    job = end(Job(here.build("edit", images=image), here.bench).start())
    default().register(job)
    state = build_state(here.bench.catalog, find_request(None), here.bench.home)
    assert len(state.selected) == 1
    for file in here.bench.journal.blobs.folder.iterdir():
        file.unlink()
    state = build_state(here.bench.catalog, find_request(None), here.bench.home)
    assert (state.prompt, state.selected) == ("edit", ())


def test_a_small_reference_and_a_link_stay_as_they_are(here):
    asked = here.build("edit", images=["https://x.y/a.png", plain(2, 2)])
    job = end(Job(asked, here.bench).start())
    assert job.request.values["images"] == asked.values["images"]
    assert requests_of.fingerprint_of(job.request.body, {}) == requests_of.fingerprint_of(asked.body, {})
