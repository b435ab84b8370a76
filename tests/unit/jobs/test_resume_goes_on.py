"""A job that can't be picked up is reported with its reason, and the others go on."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.jobs.journal.store import Journal
from tests.fake_session import FakeSession
from tests.waiting import PATIENCE


def leave_open(bench, asked, job_id, **changes):
    entry = replace(records.new_entry(asked(job_id), job_id, bench), prompt=job_id, **changes)
    bench.journal.begin(entry)
    return entry


ROWS = {
    "body": {"body": "{"},
    "no body": {"body": "null"},
    "parameters": {"parameters": {"n": [{}], "images": 5, "foo": {"a": float("nan")}}},
    "model": {"model": "no-such-model"},
    "edition": {"edition": "1999-01"},
    "folder": {"save_dir": "/proc/x"},
    "blob": {"body": '{"prompt": {"$blob": "x", "mime": "image/png"}}'},
}


@pytest.mark.parametrize("row", ROWS)
def test_resume_goes_on_after_an_odd_row(bench, asked, row):
    leave_open(bench, asked, "first")
    leave_open(bench, asked, "odd", **ROWS[row])
    leave_open(bench, asked, "last")
    jobs = {job.id: job for job in resume(bench)}
    assert list(jobs) == ["first", "odd", "last"]
    assert [len(jobs[name].result(PATIENCE)) for name in ("first", "last")] == [1, 1]
    assert jobs["odd"].wait(PATIENCE)
    assert jobs["odd"].request.prompt in {"odd", ""}
    if jobs["odd"].error is not None:
        assert isinstance(jobs["odd"].error, QwaveError)
        assert "\n" not in str(jobs["odd"].error)


STEPS = {
    "lock_open": (Journal, "lock_open"),
    "remember": (Journal, "remember"),
    "prepare": (records, "prepare"),
    "start": (Job, "start"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [OSError("gone"), ZeroDivisionError("odd"), KeyError("odd")], ids=repr)
def test_resume_goes_on_after_a_fault(bench, asked, monkeypatch, step, fault):
    for name in ("first", "odd", "last"):
        leave_open(bench, asked, name)
    holder, method = STEPS[step]
    true = getattr(holder, method)

    def fail(*given, **options):
        if any(getattr(one, "job_id", getattr(one, "id", "")) == "odd" for one in given):
            raise fault
        return true(*given, **options)

    monkeypatch.setattr(holder, method, fail)
    jobs = {job.id: job for job in resume(bench)}
    assert [len(jobs[name].result(PATIENCE)) for name in ("first", "last")] == [1, 1]
    assert jobs["odd"].done()
    assert f"could not be picked up ({type(fault).__name__}" in str(jobs["odd"].error)
    monkeypatch.undo()
    # It stays open, and nothing holds it.
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1


@pytest.mark.parametrize("method", ["update", "abandoned_jobs"])
def test_resume_without_a_working_journal(bench, asked, monkeypatch, method):
    leave_open(bench, asked, "one")
    leave_open(bench, asked, "two")
    if method == "abandoned_jobs":
        true = Journal.lock
        calls = []

        def fail(self, job_id):
            calls.append(job_id)
            if len(calls) == 1:
                raise PermissionError(job_id)
            return true(self, job_id)

        monkeypatch.setattr(Journal, "lock", fail)
    else:
        monkeypatch.setattr(Journal, "update", lambda *_, **__: 1 / 0)
    jobs = resume(bench, save_dir=bench.save_dir / "other")
    assert [job.id for job in jobs] == ["one", "two"]
    assert all(job.wait(PATIENCE) for job in jobs)


@pytest.mark.parametrize(
    ("servers", "lines"),
    [
        (["https://a.example"], ["https://a.example that were left alone: 1"]),
        (["https://a.example", "https://a.example"], ["https://a.example that were left alone: 2"]),
        (["https://a.example", "https://b.example"], ["https://a.example that", "https://b.example that"]),
    ],
)
def test_resume_names_other_servers(bench, asked, caplog, servers, lines):
    leave_open(bench, asked, "ours")
    for number, server in enumerate(servers):
        leave_open(bench, asked, f"other-{number}", base_url=server)
    with caplog.at_level(logging.WARNING):
        (job,) = FakeSession(bench).resume()
    assert len(job.result(PATIENCE)) == 1
    assert len(caplog.messages) == len(lines)
    assert all(line in message for line, message in zip(lines, caplog.messages, strict=True))
    assert all("configure(base_url='https://" in message for message in caplog.messages)
