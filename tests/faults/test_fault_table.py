"""Every transient fault of an exchange is survived, and nothing is paid for twice.

The rows of a table run at the same time, in threads, each in a home of its own; each is a test of its own.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PIL import Image

from qwave_jupyter.clock import Clock
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import runner
from qwave_jupyter.jobs.job import resume
from tests.faults.accelerated_clock import AcceleratedClock
from tests.faults.conftest import HANG_GUARD, run_cases, selected_params, site
from tests.faults.faulty_proxy import TRANSIENT, answered, refusing
from tests.waiting import wait_until

STAGES = ("submit", "status", "download")
FEW = [(fault, stage, times) for fault in TRANSIENT for stage in STAGES for times in (1, 3)]
LASTING = [(fault, stage) for fault in TRANSIENT for stage in STAGES]
CANCELS = [(fault, times) for fault in TRANSIENT for times in (1, 3)]


def case_id(case):
    return " - ".join(str(getattr(part, "name", part)) for part in case)


def is_whole(path):
    with Image.open(path) as image:
        image.load()
    return True


def is_one_line(text):
    return bool(text) and "\n" not in text and "Traceback" not in text


@pytest.fixture(scope="module")
def recovered(request, prompt_server, tmp_path_factory):
    def run(folder, fault, stage, times):
        with site(prompt_server, folder, clock=AcceleratedClock()) as here:
            here.proxy.faults[stage] = [fault] * times
            retries = []
            job = here.job(f"{fault.name} {stage} {times}")
            job.subscribe(lambda now: retries.append(now.retry))
            gallery = job.start().result(HANG_GUARD)
            return {
                "images": [is_whole(path) for path in gallery.paths],
                "tasks": len(here.proxy.tasks),
                "billed": here.billed,
                "states": here.states,
                "faults left": here.proxy.faults[stage],
                "published a retry": any(retries),
                "files": sorted(path.suffix for path in here.bench.save_dir.iterdir()),
            }

    return run_cases(selected_params(request, "few"), run, tmp_path_factory.mktemp("few"))


@pytest.mark.slow
@pytest.mark.parametrize("few", FEW, ids=case_id)
def test_transient_fault_is_survived(recovered, few):
    row = recovered[few].result(HANG_GUARD)
    assert row["images"] == [True]
    assert (row["tasks"], row["billed"], row["states"]) == (1, 1, ["done"])
    assert row["faults left"] == []
    assert row["published a retry"]
    assert row["files"] == [".json", ".png"]


@pytest.fixture(scope="module")
def resumed(request, prompt_server, tmp_path_factory):
    def run(folder, fault, stage):
        with site(prompt_server, folder, clock=AcceleratedClock(40), timeout=60) as here:
            here.proxy.lasting[stage] = fault
            job = here.job(f"{fault.name} {stage}").start()
            try:
                job.result(HANG_GUARD)
                error = None
            except QwaveError as problem:
                error = problem
            files = [path.name for path in here.bench.save_dir.iterdir()] if here.bench.save_dir.exists() else []
            row = {"error": error, "files": files, "states": here.states}
            here.proxy.heal()
            jobs = resume(replace(here.bench, timeout=10_000))
            return {
                **row,
                "images": [is_whole(path) for job in jobs for path in job.result(HANG_GUARD).paths],
                "tasks": len(here.proxy.tasks),
                "billed": here.billed,
                "final states": here.states,
            }

    return run_cases(selected_params(request, "lasting"), run, tmp_path_factory.mktemp("lasting"))


@pytest.mark.slow
@pytest.mark.parametrize("lasting", LASTING, ids=case_id)
def test_lasting_fault_then_resume(resumed, lasting):
    fault, stage = lasting
    row = resumed[lasting].result(HANG_GUARD)
    assert is_one_line(str(row["error"]))
    assert row["files"] == []
    if stage == "submit" and not fault.acts and fault.name != "reset before the request" and fault.status != 503:
        # Nothing can have reached the server, and nothing is left to be resumed.
        assert (row["states"], row["tasks"], row["images"]) == (["refused"], 0, [])
        assert "resume" not in str(row["error"])
        return
    assert row["states"] in (["submitting"], ["running"], ["completed"])
    assert row["images"] == [True]
    assert (row["tasks"], row["billed"], row["final states"]) == (1, 1, ["done"])


class CancelClock(Clock):
    """The real clock; remembers how long the thread that cancels waited between its attempts."""

    def __init__(self) -> None:
        self.waited = 0.0

    def wait(self, seconds, stop=None):
        if threading.current_thread().name == "qwave-cancel":
            self.waited += seconds
        return super().wait(seconds, stop)


def run_cancel(server, folder, fault, times):
    clock = CancelClock()
    with site(server, folder, clock=clock) as here:
        here.proxy.faults["cancel"] = [fault] * times
        job = here.job(f"{fault.name} cancel {times}").start()
        wait_until(lambda: job.task_id, timeout=HANG_GUARD)
        job.cancel()
        assert job.wait(HANG_GUARD)
        now = job.snapshot
        row = {"outcome": now.stopped, "text": str(job.error), "waited": clock.waited, "silent": here.proxy.silent}
        here.proxy.heal()
        for one in resume(here.bench):
            # Still queued, where none of the requests reached the server.
            wait_until(lambda one=one: one.done() or one.snapshot.status_word == "queued", timeout=HANG_GUARD)
            one.cancel()
            assert one.wait(HANG_GUARD)
        return {**row, "tasks": len(here.proxy.tasks), "billed": here.billed, "final states": here.states}


def is_unanswered(case):
    """Only silence, and pauses that are longer than a person is made to wait, leave the outcome unknown."""
    fault, times = case
    return fault.silent or (times == 3 and fault.status == 429)


@pytest.fixture(scope="module")
def cancelled(request, waiting_server, tmp_path_factory):
    cases = selected_params(request, "cancel")
    base = tmp_path_factory.mktemp("cancel")

    def run(folder, fault, times):
        return run_cancel(waiting_server, folder, fault, times)

    # The limit is in real time. A busy machine may use it up, so it is lifted where an answer comes; that the pauses
    # between the attempts stay below it is asserted instead.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "CANCEL_WITHIN", HANG_GUARD / 2)
        answers = run_cases([case for case in cases if not is_unanswered(case)], run, base / "answered")
    silences = run_cases([case for case in cases if is_unanswered(case)], run, base / "unanswered")
    return {**answers, **silences}


@pytest.mark.slow
@pytest.mark.parametrize("cancel", CANCELS, ids=case_id)
def test_cancel_outcome_under_faults(cancelled, cancel):
    fault, _ = cancel
    row = cancelled[cancel].result(HANG_GUARD)
    assert row["outcome"] == ("unknown" if is_unanswered(cancel) else "refunded")
    assert is_one_line(row["text"])
    if not is_unanswered(cancel):
        # Nobody waits for the others longer than that; their cancel goes on behind.
        assert row["waited"] < runner.CANCEL_WITHIN
    # It gave up while there was no answer yet.
    assert bool(row["silent"]) == fault.silent
    assert (row["tasks"], row["billed"], row["final states"]) == (1, 0, ["cancelled"])
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
]


@pytest.fixture(scope="module")
def refused(request, prompt_server, tmp_path_factory):
    def run(folder, fault, stage):
        with site(prompt_server, folder, clock=AcceleratedClock()) as here:
            here.proxy.lasting[stage] = fault
            with pytest.raises(QwaveError) as caught:
                here.job().start().result(HANG_GUARD)
            row = {"error": str(caught.value), "asked": here.proxy.count(stage), "tasks": len(here.proxy.tasks)}
            here.proxy.heal()
            jobs = resume(here.bench)
            images = [is_whole(path) for job in jobs for path in job.result(HANG_GUARD).paths]
            return {**row, "resumed": len(jobs), "images": images, "billed": here.billed}

    return run_cases(selected_params(request, "final"), run, tmp_path_factory.mktemp("final"))


@pytest.mark.parametrize("final", FINAL, ids=case_id)
def test_final_error_is_not_retried(refused, final):
    _, stage = final
    row = refused[final].result(HANG_GUARD)
    assert is_one_line(row["error"])
    assert row["asked"] == 1
    # What the server refused is over; a task that was made is not.
    expected = int(stage != "submit")
    assert (row["tasks"], row["resumed"], row["billed"]) == (expected,) * 3
    assert row["images"] == [True] * expected


def test_unknown_task_is_polled_again(prompt_server, tmp_path):
    with site(prompt_server, tmp_path, clock=AcceleratedClock()) as here:
        here.proxy.faults["status"] = [refusing("404", 404, "task_not_found")] * 2
        assert len(here.job().start().result(HANG_GUARD)) == 1


@pytest.fixture(scope="module")
def repeated(request, prompt_server, tmp_path_factory):
    def run(folder, fault):
        with site(prompt_server, folder, clock=AcceleratedClock()) as here:
            here.proxy.faults = {stage: [fault, fault] for stage in STAGES}
            images = len(here.job().start().result(HANG_GUARD))
            return images, len(here.proxy.tasks), here.billed, any(here.proxy.faults.values())

    cases = [(fault,) for fault in selected_params(request, "everywhere")]
    return run_cases(cases, run, tmp_path_factory.mktemp("everywhere"))


@pytest.mark.parametrize("everywhere", TRANSIENT, ids=lambda fault: fault.name)
def test_transient_fault_in_every_stage(repeated, everywhere):
    assert repeated[(everywhere,)].result(HANG_GUARD) == (1, 1, 1, False)


def test_rate_limit_delays_every_job(prompt_server, tmp_path):
    clock = AcceleratedClock()
    with site(prompt_server, tmp_path, clock=clock) as here:
        here.proxy.faults["submit"] = [answered("429", 429, Retry_After="30")]
        submits = []
        here.proxy.on_request = lambda kind: submits.append(clock.monotonic()) if kind == "submit" else None
        retrying = threading.Event()
        first = here.job("first")
        first.subscribe(lambda now: now.retry and retrying.set())
        first.start()
        assert retrying.wait(HANG_GUARD)
        paused_until = here.bench.client.rate_limiter._paused_until
        assert paused_until >= 30
        second = here.job("second").start()
        second.result(HANG_GUARD)
        first.result(HANG_GUARD)
        assert len(submits) == 3
        assert min(submits[1:]) >= paused_until
        assert here.billed == 2
