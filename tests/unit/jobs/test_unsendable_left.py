"""A job of an earlier release that can't be sent is ended by ``resume``, whatever the server knows of keys."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from qwave_jupyter.errors import GenerationError, OptionMistake
from qwave_jupyter.jobs import idempotency, records, request
from qwave_jupyter.jobs.job import resume
from tests.image_factory import plain
from tests.job_contexts import open_context
from tests.waiting import PATIENCE

HOUR = 3600.0
BODIES = pytest.mark.parametrize("value", [math.nan, -math.inf, [1, {"a": math.inf}]], ids=str)


@pytest.fixture(params=["no keys", "keys"])
def context(request, tmp_path, clock, server):
    with open_context(tmp_path, server.client(), clock) as made:
        if request.param == "keys":
            idempotency.remember(made)
        assert idempotency.is_supported(made) is (request.param == "keys")
        yield made


def leave(context, job_id="left", *, options=None, **changes):
    made = request.build(context.catalog, "a cat", options or {}, model="gpt-image-2")
    entry = records.new_entry(replace(made, body={**made.body, **changes}), job_id, context)
    context.journal.begin(entry)


@BODIES
@pytest.mark.parametrize("age", [0, 25 * HOUR, 400 * 24 * HOUR])
@pytest.mark.parametrize("repeat", [False, True])
def test_resume_ends_what_can_not_be_sent(context, clock, server, value, age, repeat):
    leave(context, foo=value)
    clock.advance(age)
    (job,) = resume(context, repeat=repeat)
    with pytest.raises(OptionMistake, match=r"can't be written as JSON.*[Nn]othing was charged") as problem:
        job.result(PATIENCE)
    assert "\n" not in str(problem.value)
    (entry,) = context.journal.find("left")
    assert (entry.state, entry.error["code"]) == ("refused", "not_sendable")
    assert entry.finished == clock.now()
    assert server.seen == []
    assert resume(context, repeat=repeat) == ()


def test_resume_goes_on_with_the_others(context, server):
    leave(context, "odd", foo=math.nan)
    leave(context, "next")
    ended = {job.id: job for job in resume(context, repeat=True)}
    assert len(ended["next"].result(PATIENCE)) == 1
    assert [context.journal.find(name)[0].state for name in ("odd", "next")] == ["refused", "done"]


@pytest.mark.parametrize("lost", ["blob", "body", "null"])
def test_resume_ends_an_old_order_whose_record_is_not_whole(context, clock, server, lost):
    leave(context, options={"images": plain(300, 300)})
    if lost == "blob":
        for file in context.journal.blobs.folder.iterdir():
            file.unlink()
    else:
        context.journal.update("left", body={"body": "{", "null": "null"}[lost])
    for age, state in ((0, "submitting"), (25 * HOUR, "unknown")):
        clock.advance(age)
        (job,) = resume(context)
        with pytest.raises(GenerationError, match=r"can't be repeated, because its record is no longer whole"):
            job.result(PATIENCE)
        assert context.journal.find("left")[0].state == state
    assert resume(context) == ()
    assert server.seen == []
