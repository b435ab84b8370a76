"""Whatever a server says, a job ends in images or in an error that is meant for it; never in a fault of ours."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import records, request
from qwave_jupyter.jobs.job import Job, resume
from tests.fake_clock import FakeClock
from tests.job_contexts import open_context
from tests.scripted_server import CDN, ScriptedServer
from tests.unit.client.test_tasks import task_like
from tests.waiting import PATIENCE

#: Stands for a text whose length would drown the report of a failure.
LONG = "<long>"

HOSTILE = st.sampled_from(
    [
        "",
        "../../../../etc/passwd",
        "<script>alert(1)</script>",
        "\u202e\u200f\x00\x1b[31m\r\n",
        LONG,
        "%00%2e%2e/{0}{prompt}",
        -1,
        0,
        2**63,
        10**400,
        -(2**70),
        1e308,
        float("inf"),
        True,
        None,
        [],
        {},
        [[[[]]]],
    ]
)
STATES = st.sampled_from(["queued", "processing", "completed", "succeeded", "failed", "cancelled", "paused", ""])
LINKS = (
    st.sampled_from(
        [
            f"{CDN}/task-1/0.png",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://[",
            "//x",
            "data:image/png;base64,!!",
            "https://cdn.example.com/\x00\r\nX: y/0.png",
            f"https://{LONG}",
        ]
    )
    | HOSTILE
)
IMAGES = st.lists(
    LINKS | st.fixed_dictionaries({}, optional={"url": LINKS | st.lists(LINKS, max_size=3), "expires_at": HOSTILE}),
    max_size=3,
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "task_id": HOSTILE | st.just("task-1"),
        "status": STATES | HOSTILE,
        "progress": HOSTILE | st.sampled_from(["45%", "-3%", "1e999%", 250]),
        "cost": HOSTILE,
        "pre_consumed_cost": HOSTILE,
        "created_at": HOSTILE,
        "completed_at": HOSTILE,
        "next_poll_after_seconds": HOSTILE,
        "error": HOSTILE | st.fixed_dictionaries({}, optional={"code": HOSTILE, "message": HOSTILE}),
        "result": HOSTILE | IMAGES | st.fixed_dictionaries({"images": IMAGES}),
        "code": HOSTILE | st.just("success"),
        "data": HOSTILE | st.just("task-1"),
    },
)
ANSWERS = ODD | task_like


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def expanded(value):
    if isinstance(value, str):
        return value.replace(LONG, "a" * 100_000)
    if isinstance(value, list):
        return [expanded(one) for one in value]
    if isinstance(value, dict):
        return {name: expanded(one) for name, one in value.items()}
    return value


def run(folder, submission, answers):
    submission, answers = expanded(submission), expanded(answers)
    clock = FakeClock()
    server = ScriptedServer(clock)
    server.faults = {
        "submit": [[200, submission]] if submission is not None else [],
        "status": [[200, answer] for answer in answers],
    }
    with open_context(folder, server.client(), clock) as bench:
        said = []
        job = Job(request.build(bench.catalog, "a cat", {}, model="gpt-image-2"), bench, max_cost=0.5)
        job.subscribe(lambda now: said.append(repr(now)))
        try:
            job.start().result(PATIENCE)
        except QwaveError as error:
            said.append(str(error))
            assert error.code not in {"our_fault", "still_running"}, error.__cause__
            assert "\n" not in str(error)
            assert len(str(error)) < 3000
        (entry,) = bench.journal.find(job.id)
        # What was written down can be read again, also by whoever picks it up.
        records.history(bench)
        for again in resume(bench):
            again.wait(PATIENCE)
            assert again.error is None or again.error.code != "our_fault"
        bench.journal.update(entry.job_id, state="failed")
    assert not list((folder / "images").glob("*.part"))


@pytest.mark.slow
@settings(suppress_health_check=list(HealthCheck))
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_job_takes_any_status_answer(folder, answers):
    json.dumps(answers)
    run(folder, None, answers)


@pytest.mark.slow
@settings(suppress_health_check=list(HealthCheck))
@given(submission=ANSWERS, answers=st.lists(ODD, max_size=2))
def test_job_takes_any_submit_answer(folder, submission, answers):
    run(folder, submission, answers)
