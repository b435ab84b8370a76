"""What is answered to a repetition says nothing of the attempt before it."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs.job import resume
from tests.faults.order_server import OrderServer
from tests.faults.order_site import WITH_KEY, WITHOUT_KEY, order_site
from tests.waiting import PATIENCE

REFUSALS = [400, 401, 402, 403, 404, 405, 413, 422, 426, 451, 501]
BODY = json.dumps({"error": {"code": "", "message": "no"}}).encode()


def failure(job):
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    return caught.value


@pytest.fixture
def server():
    with OrderServer() as made:
        yield made


@pytest.fixture
def site(server, tmp_path):
    with order_site(server, tmp_path, WITH_KEY) as made:
        yield made


@pytest.mark.parametrize("status", REFUSALS)
def test_refused_repetition_leaves_the_job_open(server, site, status):
    server.answers = [(True, 503, b""), (False, status, BODY)]
    error = failure(site.job().start())
    assert error.fields["outcome_unknown"]
    assert str(status) in str(error)
    assert "unknown" in str(error)
    assert "$0.0113" in str(error)
    assert "othing was charged" not in str(error)
    assert site.states == ["submitting"]
    (job,) = resume(site.bench)
    assert len(job.result(PATIENCE)) == 1
    assert (server.billed, len(server.posts)) == (1, 3)


@pytest.mark.parametrize("status", REFUSALS)
def test_refused_resume_leaves_the_job_open(server, site, status):
    server.on_submit = lambda: "cut"
    failure(site.job().start())
    server.answers = [(False, status, BODY)]
    (job,) = resume(site.bench)
    assert failure(job).fields["outcome_unknown"]
    assert site.states == ["submitting"]
    server.on_submit = lambda: None
    (job,) = resume(site.bench)
    assert len(job.result(PATIENCE)) == 1
    assert server.billed == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 422, 426, 451])
def test_refused_first_attempt_is_over(server, site, status):
    server.answers = [(False, status, BODY)]
    error = failure(site.job().start())
    assert not error.fields["outcome_unknown"]
    assert "nothing was charged" in str(error)
    assert site.states == ["refused"]
    assert len(server.posts) == 1


@pytest.mark.parametrize("times", [1, 8])
def test_409_is_asked_again_until_the_id_is_told(server, site, times):
    server.answers = [(True, 503, b""), *[(False, 409, BODY)] * times]
    assert len(site.job().start().result(PATIENCE)) == 1
    assert (server.billed, len(server.posts)) == (1, times + 2)


def test_409_that_lasts_leaves_the_job_open(server, tmp_path):
    server.answers = [(True, 409, BODY), *[(False, 409, BODY)] * 500]
    with order_site(server, tmp_path, WITH_KEY, timeout=80) as site:
        error = failure(site.job().start())
        assert error.fields["outcome_unknown"]
        assert len(server.posts) > 5
        assert site.states == ["submitting"]
        server.answers = []
        (job,) = resume(site.bench)
        assert len(job.result(PATIENCE)) == 1
        assert server.billed == 1


def test_409_without_key_is_unknown_and_not_repeated(tmp_path):
    with OrderServer(knows_key=False) as server, order_site(server, tmp_path) as site:
        server.answers = [(True, 409, BODY)]
        assert failure(site.job().start()).fields["outcome_unknown"]
        assert (server.billed, len(server.posts)) == (1, 1)
        assert site.states == ["submitting"]


@pytest.mark.parametrize("status", [400, 402, 409, 429, 500, 504])
@pytest.mark.parametrize("edition", [WITH_KEY, WITHOUT_KEY])
def test_task_named_beside_an_error_status_is_followed(tmp_path, status, edition):
    with OrderServer(knows_key=False) as server, order_site(server, tmp_path, edition) as site:
        server.answers = [(True, status, b'{"task_id": "task-1", "status": "queued"}')] * 20
        assert len(site.job().start().result(PATIENCE)) == 1
        assert (server.billed, len(server.posts)) == (1, 1)


@pytest.mark.parametrize(
    "body", [{"task_id": "task-1"}, {"task_id": "task-1", "status": "denied"}, {"status": "queued"}]
)
def test_error_status_that_names_no_task_is_a_refusal(tmp_path, body):
    with OrderServer() as server, order_site(server, tmp_path) as site:
        server.answers = [(False, 400, json.dumps(body).encode())]
        assert not failure(site.job().start()).fields["outcome_unknown"]
        assert site.states == ["refused"]


@pytest.mark.parametrize("code", ["invalid_request", "quota_not_enough", "model_not_found"])
def test_documented_refusal_in_a_success_is_over(tmp_path, code):
    with OrderServer() as server, order_site(server, tmp_path) as site:
        server.answers = [(False, 200, json.dumps({"code": code, "message": "no", "data": None}).encode())]
        assert "nothing was charged" in str(failure(site.job().start()))
        assert site.states == ["refused"]
