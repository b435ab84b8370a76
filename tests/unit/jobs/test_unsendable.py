"""What can't be sent is refused before it is journalled, or ended in the journal; nothing stays open for ever."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace

import pytest

from qwave_jupyter.errors import GenerationError, OptionMistake, RequestRefused
from qwave_jupyter.jobs import records, request
from qwave_jupyter.jobs.job import Job, resume
from tests.waiting import PATIENCE

CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (math.nan, "float"),
        ([1, -math.inf], "list"),
        ({"a": {"b": math.inf}}, "dict"),
        (dt.date(2026, 4, 1), "date"),
        (b"x", "bytes"),
        ({1, 2}, "set"),
        ({(1, 2): 3}, "dict"),
        (10**5000, "int"),
        (CIRCLE, "list"),
        (object(), "object"),
    ],
    ids=range(10),
)
def test_forced_option_must_be_json(bench, given, kind):
    with pytest.raises(RequestRefused, match=rf"^foo holds something of type {kind} that can't be sent") as problem:
        request.build(bench.catalog, "a cat", {"foo": given}, model="gpt-image-2", force=True)
    assert str(problem.value).endswith("Nothing was sent.")
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("given", [1.5, "NaN", "[1, 2]", {"a": [True, None]}, "true", "\ud800"], ids=repr)
def test_forced_option_that_is_json(bench, given):
    made = request.build(bench.catalog, "a cat", {"foo": given}, model="gpt-image-2", force=True)
    assert json.loads(json.dumps(made.body))["foo"] == made.values["foo"]


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]], ids=str)
def test_body_that_is_no_json_ends_in_the_journal(bench, asked, server, value):
    made = asked()
    job = Job(replace(made, body={**made.body, "foo": value}), bench).start()
    with pytest.raises(OptionMistake, match=r"can't be written as JSON.*nothing was charged"):
        job.result(PATIENCE)
    (entry,) = bench.journal.find(job.id)
    assert (entry.state, entry.error["code"]) == ("refused", "not_sendable")
    assert server.seen == []
    assert resume(bench) == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]], ids=str)
def test_resume_ends_a_body_that_is_no_json(bench, asked, server, value):
    # An earlier release left such jobs open.
    made = asked()
    entry = records.new_entry(replace(made, body={**made.body, "foo": value}), "left", bench)
    bench.journal.begin(entry)
    (job,) = resume(bench)
    assert job.wait(PATIENCE)
    assert bench.journal.find("left")[0].state == "refused"
    assert server.seen == []
    assert resume(bench) == ()


@pytest.mark.parametrize("step", ["_add_notices", "_is_repeatable", "new_entry"])
def test_fault_before_the_order_ends_the_job(bench, asked, server, monkeypatch, step):
    def fail(*_):
        raise ZeroDivisionError(step)

    job = Job(asked(), bench)
    if step == "new_entry":
        monkeypatch.setattr(records, step, fail)
    else:
        monkeypatch.setattr(job._runner, step, fail)
    with pytest.raises(GenerationError, match=f"before anything was sent.*{step}.*nothing was charged"):
        job.start().result(PATIENCE)
    assert [one.state for one in bench.journal.find(job.id)] == ([] if step == "new_entry" else ["refused"])
    assert server.seen == []
    assert resume(bench) == ()
