"""Whatever befalls an exchange that may pass is survived, and nothing is paid for twice.

All rows of a table run at once, in threads; each is a test of its own.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from PIL import Image

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.generation import resuming
from qwave_jupyter.generation.course import CANCEL_WITHIN
from tests.faults.accelerated_clock import AcceleratedClock
from tests.faults.conftest import site
from tests.faults.faulty_proxy import TRANSIENT, answered, refusing

PATIENCE = 60
STAGES = ("submit", "status", "download")
FEW = [(fault, stage, times) for fault in TRANSIENT for stage in STAGES for times in (1, 3)]
LASTING = [(fault, stage) for fault in TRANSIENT for stage in STAGES]
CANCELS = [(fault, times) for fault in TRANSIENT for times in (1, 3)]


def named(*row):
    return " - ".join(str(getattr(part, "name", part)) for part in row)


def rows(cases, run, base):
    """Run all cases at once, each in a folder of its own; each test waits for its own."""
    with ThreadPoolExecutor(12, thread_name_prefix="case") as pool:
        yield {case: pool.submit(run, base / str(place), *case) for place, case in enumerate(cases)}


def whole(path):
    with Image.open(path) as picture:
        picture.load()
    return True


def one_line(text):
    return bool(text) and "\n" not in text and "Traceback" not in text


@pytest.fixture(scope="module")
def survived(prompt_server, tmp_path_factory):
    def run(folder, fault, stage, times):
        with site(prompt_server, folder, clock=AcceleratedClock()) as here:
            here.proxy.faults[stage] = [fault] * times
            told = []
            job = here.job(f"{fault.name} {stage} {times}")
            job.subscribe(lambda now: told.append(now.retry))
            gallery = job.start().result(PATIENCE)
            return {
                "pictures": [whole(path) for path in gallery.paths],
                "tasks": len(here.proxy.tasks),
                "billed": here.billed,
                "states": here.states,
                "left": here.proxy.faults[stage],
                "told": any(told),
                "files": sorted(path.suffix for path in here.bench.save_dir.iterdir()),
            }

    yield from rows(FEW, run, tmp_path_factory.mktemp("few"))


@pytest.mark.parametrize("case", FEW, ids=lambda case: named(*case))
def test_what_passes_is_survived_and_paid_once(survived, case):
    row = survived[case].result(PATIENCE)
    assert row["pictures"] == [True]
    assert (row["tasks"], row["billed"], row["states"]) == (1, 1, ["done"])
    assert row["left"] == []
    assert row["told"]
    assert row["files"] == [".json", ".png"]


@pytest.fixture(scope="module")
def healed(prompt_server, tmp_path_factory):
    def run(folder, fault, stage):
        clock = AcceleratedClock(40)
        with site(prompt_server, folder, clock=clock, timeout=60, read_timeout=2.0) as here:
            here.proxy.lasting[stage] = fault
            job = here.job(f"{fault.name} {stage}").start()
            try:
                job.result(PATIENCE)
                error = None
            except QwaveError as problem:
                error = problem
            files = [path.name for path in here.bench.save_dir.iterdir()] if here.bench.save_dir.exists() else []
            row = {"error": error, "files": files, "states": here.states}
            here.proxy.heal()
            resumed = resuming.resume(replace(here.bench, timeout=60 * clock.speed))
            return {
                **row,
                "pictures": [whole(path) for job in resumed for path in job.result(PATIENCE).paths],
                "tasks": len(here.proxy.tasks),
                "billed": here.billed,
                "in the end": here.states,
            }

    yield from rows(LASTING, run, tmp_path_factory.mktemp("lasting"))


@pytest.mark.parametrize("case", LASTING, ids=lambda case: named(*case))
def test_what_lasts_is_one_clear_line_and_resume_brings_the_picture(healed, case):
    fault, stage = case
    row = healed[case].result(PATIENCE)
    assert one_line(str(row["error"]))
    assert row["files"] == []
    if stage == "submit" and not fault.acts and fault.name != "reset before the request" and fault.status != 503:
        # Nothing can have reached the server, and nothing is left to be picked up.
        assert (row["states"], row["tasks"], row["pictures"]) == (["refused"], 0, [])
        return
    assert row["states"] in (["submitting"], ["running"], ["completed"])
    assert row["pictures"] == [True]
    assert (row["tasks"], row["billed"], row["in the end"]) == (1, 1, ["done"])


@pytest.fixture(scope="module")
def stopped(waiting_server, tmp_path_factory):
    def run(folder, fault, times):
        with site(waiting_server, folder) as here:
            here.proxy.faults["cancel"] = [fault] * times
            job = here.job(f"{fault.name} cancel {times}").start()
            while not job.task_id:
                time.sleep(0.01)
            begun = time.monotonic()
            outcome = job.cancel().stopped
            row = {"outcome": outcome, "text": str(job.error), "took": time.monotonic() - begun}
            here.proxy.heal()
            resumed = resuming.resume(here.bench)
            for one in resumed:
                # Still queued, where none of the questions reached the server.
                while not one.done() and one.snapshot.status_word != "queued":
                    time.sleep(0.01)
                one.cancel()
            return {**row, "tasks": len(here.proxy.tasks), "billed": here.billed, "in the end": here.states}

    yield from rows(CANCELS, run, tmp_path_factory.mktemp("cancel"))


@pytest.mark.parametrize("case", CANCELS, ids=lambda case: named(*case))
def test_a_cancel_is_refunded_or_said_to_be_unknown_and_never_paid(stopped, case):
    fault, times = case
    row = stopped[case].result(PATIENCE)
    # Only silence and pauses that are longer than a person at the keyboard is made to wait leave it open.
    too_long = fault.silent or (times == 3 and fault.status == 429)
    assert row["outcome"] == ("unknown" if too_long else "refunded")
    assert one_line(row["text"])
    assert row["took"] < 2 * CANCEL_WITHIN
    assert (row["tasks"], row["billed"], row["in the end"]) == (1, 0, ["cancelled"])
    if row["outcome"] == "unknown":
        assert "%qwave resume" in row["text"]


FINAL = [
    (refusing("400", 400, "invalid_request"), "submit"),
    (refusing("capability violation", 400, "capability_violation"), "submit"),
    (refusing("401", 401, "authentication_error"), "submit"),
    (refusing("402", 402, "payment_required"), "submit"),
    (refusing("403", 403, "permission_error"), "submit"),
    (refusing("unknown model", 404, "model_not_found"), "submit"),
    (refusing("no price", 500, "price_not_configured"), "submit"),
    (answered("redirect", 302, Location="https://elsewhere.example/v1/tasks"), "submit"),
    (refusing("401", 401, "authentication_error"), "status"),
    (refusing("403", 403, "permission_error"), "status"),
    (answered("410", 410), "download"),
    (answered("403", 403), "download"),
]


@pytest.mark.parametrize(("fault", "stage"), FINAL, ids=lambda part: getattr(part, "name", part))
def test_what_is_final_is_asked_once_and_said_in_one_line(prompt_server, tmp_path, fault, stage):
    with site(prompt_server, tmp_path, clock=AcceleratedClock()) as here:
        here.proxy.lasting[stage] = fault
        with pytest.raises(QwaveError) as caught:
            here.job().start().result(PATIENCE)
        assert one_line(str(caught.value))
        assert here.proxy.count(stage) == 1
        assert len(here.proxy.tasks) == (stage != "submit")
        here.proxy.heal()
        resumed = resuming.resume(here.bench)
        # What the server refused is over; a task that was made is not.
        assert len(resumed) == (stage != "submit")
        assert all(whole(path) for job in resumed for path in job.result(PATIENCE).paths)
        assert here.billed == len(resumed)


def test_a_task_that_is_not_yet_known_is_given_a_moment(prompt_server, tmp_path):
    with site(prompt_server, tmp_path, clock=AcceleratedClock()) as here:
        here.proxy.faults["status"] = [refusing("404", 404, "task_not_found")] * 2
        assert len(here.job().start().result(PATIENCE)) == 1


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: fault.name)
def test_everything_at_once(prompt_server, tmp_path, fault):
    with site(prompt_server, tmp_path, clock=AcceleratedClock()) as here:
        here.proxy.faults = {stage: [fault, fault] for stage in STAGES}
        assert len(here.job().start().result(PATIENCE)) == 1
        assert (len(here.proxy.tasks), here.billed) == (1, 1)


def test_too_many_requests_slow_every_job_of_the_kernel(prompt_server, tmp_path):
    clock = AcceleratedClock()
    with site(prompt_server, tmp_path, clock=clock) as here:
        here.proxy.faults["submit"] = [answered("429", 429, Retry_After="30")]
        told = threading.Event()
        first = here.job("first")
        first.subscribe(lambda now: now.retry and told.set())
        first.start()
        assert told.wait(PATIENCE)
        second = here.job("second").start()
        moment = clock.monotonic()
        pause = here.bench.client.throttle.pause()
        assert pause > 0
        second.result(PATIENCE)
        assert clock.monotonic() >= moment + pause
        first.result(PATIENCE)
        assert here.billed == 2
