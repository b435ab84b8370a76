"""Statuses that neither bring what was asked for nor refuse it, and interim responses before the response."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from collections.abc import Callable

import pytest

from qwave_jupyter.client.client import Client
from qwave_jupyter.errors import DownloadFailed, QwaveError, UnexpectedRedirect, UnreadableAnswer
from qwave_jupyter.jobs.job import resume
from tests.fake_clock import FakeClock
from tests.faults.order_server import OrderServer
from tests.faults.order_site import WITH_KEY, order_site
from tests.faults.raw_server import RawServer
from tests.image_factory import plain
from tests.waiting import PATIENCE, wait_until

#: Whatever is no success, no refusal, no fault, and no redirect that says where the request belongs.
WITHOUT_BODY = [101, 300, 303, 304, 305, 399]
NO_ANSWERS = [*WITHOUT_BODY, 499]
#: Errors in answers whose status is a success, which no page documents.
UNKNOWN_ERRORS = [
    b'{"error": "upstream timeout"}',
    b'{"error": {"message": "try again"}}',
    b'{"code": "busy", "message": "accepted", "data": null}',
]
KEPT_OPEN = b"HTTP/1.1 %d X\r\ncontent-length: 0\r\n\r\n"
INTERIM = {
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n",
    "several": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\n\r\nHTTP/1.1 150 X\r\n\r\nHTTP/1.1 100 X\r\n\r\n",
}


def whole(content: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(content))
    return head + content


def task(name: str) -> bytes:
    return whole(json.dumps({"task_id": name, "status": "queued"}).encode())


class KeepAlive(RawServer):
    """Answers request after request on each connection; ``answer`` gets the path and its place on the connection."""

    def __init__(self, answer: Callable[[str, int], list[bytes]]) -> None:
        super().__init__()
        self.answer = answer

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            for place in itertools.count(1):
                line, length = stream.readline().decode(), 0
                if not line:
                    return
                while header := stream.readline().decode().strip().lower():
                    length = int(header.partition(":")[2]) if header.startswith("content-length:") else length
                stream.read(length)
                method, path, _ = line.split()
                self.seen.append(f"{method} {path}")
                for part in self.answer(path, place):
                    connection.sendall(part)


def client_of(server: KeepAlive) -> Client:
    return Client(server.url, "sk-secret", clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_order_without_an_answer_is_repeated_with_its_key(tmp_path, status):
    with OrderServer() as server, order_site(server, tmp_path, WITH_KEY) as site:
        server.answers = [(True, status, b"")]
        assert len(site.job().start().result(PATIENCE)) == 1
        assert (server.billed, len(server.posts)) == (1, 2)


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_order_that_never_gets_an_answer_stays_open(tmp_path, status):
    with OrderServer() as server, order_site(server, tmp_path, WITH_KEY) as site:
        server.on_submit = lambda: (status, b"")
        job = site.job().start()
        with pytest.raises(QwaveError) as caught:
            job.result(PATIENCE)
        assert caught.value.fields["outcome_unknown"]
        assert "unknown" in str(caught.value)
        assert "othing was charged" not in str(caught.value)
        assert site.states == ["submitting"]
        server.on_submit = lambda: None
        (job,) = resume(site.bench)
        assert len(job.result(PATIENCE)) == 1
        assert server.billed == 1


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_order_without_key_and_answer_is_unknown(tmp_path, status):
    with OrderServer(knows_key=False) as server, order_site(server, tmp_path) as site:
        server.answers = [(True, status, b"")]
        job = site.job().start()
        with pytest.raises(QwaveError) as caught:
            job.result(PATIENCE)
        assert caught.value.fields["outcome_unknown"]
        assert "$0.01" in str(caught.value)
        assert (server.billed, len(server.posts)) == (1, 1)
        assert site.states == ["submitting"]


def redirect(status: int, to: str) -> bytes:
    return b"HTTP/1.1 %d X\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % (status, to.encode())


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (301, "/v1/tasks/t1"),
        (302, "/login"),
        (302, "https://other.example.com/tasks/t1"),
        (303, "/v1/tasks"),
        (303, "/v1/tasks/t1"),
    ],
)
def test_redirect_after_an_order_is_no_refusal(status, to):
    with KeepAlive(lambda *_: [redirect(status, to)]) as server, pytest.raises(UnreadableAnswer) as caught:
        client_of(server).submit({}, idempotency_key="k", repeatable=lambda: False)
    assert caught.value.fields["outcome_unknown"]
    assert to in caught.value.fields["message"]
    assert server.seen == ["POST /v1/tasks"]


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (301, "https://www.example.com/v1/tasks"),
        (302, "/v1/tasks/"),
        (307, "/v2/tasks"),
        (308, "https://other.example.com/"),
    ],
)
def test_order_sent_elsewhere_is_refused(status, to):
    with KeepAlive(lambda *_: [redirect(status, to)]) as server, pytest.raises(UnexpectedRedirect) as caught:
        client_of(server).submit({}, idempotency_key="k")
    assert not caught.value.fields["outcome_unknown"]
    assert server.seen == ["POST /v1/tasks"]


@pytest.mark.parametrize("body", UNKNOWN_ERRORS)
def test_order_answered_with_an_unknown_error_is_unknown(tmp_path, body):
    with OrderServer(knows_key=False) as server, order_site(server, tmp_path) as site:
        server.answers = [(True, 200, body)]
        with pytest.raises(UnreadableAnswer) as caught:
            site.job().start().result(PATIENCE)
        assert caught.value.fields["outcome_unknown"]
        assert "othing was charged" not in str(caught.value)
        assert site.states == ["submitting"]


@pytest.mark.parametrize("body", UNKNOWN_ERRORS)
def test_question_answered_with_an_unknown_error_is_asked_again(body):
    answers = [whole(body), task("t1")]
    with KeepAlive(lambda *_: [answers.pop(0)]) as server:
        assert client_of(server).task("t1").state == "queued"
    assert server.seen == ["GET /v1/tasks/t1"] * 2


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_question_without_an_answer_is_asked_again(status):
    answers = [KEPT_OPEN % status, task("t1")]
    with KeepAlive(lambda *_: [answers.pop(0)]) as server:
        assert client_of(server).task("t1").state == "queued"
    assert server.seen == ["GET /v1/tasks/t1"] * 2


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_cancel_without_an_answer_is_asked_again(status):
    answers = [KEPT_OPEN % status, whole(b'{"task_id": "t1", "status": "cancelled", "refunded": true}')]
    with KeepAlive(lambda *_: [answers.pop(0)]) as server:
        assert client_of(server).cancel("t1", within=PATIENCE).refunded
    assert server.seen == ["POST /v1/tasks/t1/cancel"] * 2


@pytest.mark.parametrize("status", NO_ANSWERS)
def test_download_without_an_answer_is_asked_again(tmp_path, status):
    image = plain()
    answers = [KEPT_OPEN % status, whole(image, b"image/png")]
    with KeepAlive(lambda *_: [answers.pop(0)]) as server:
        assert client_of(server).download(f"{server.url}/1.png", tmp_path / "1.part") == len(image)
        assert server.connections == 2


def test_download_that_never_gets_an_answer_may_be_tried_later(tmp_path):
    with KeepAlive(lambda *_: [KEPT_OPEN % 304]) as server, pytest.raises(DownloadFailed) as caught:
        client_of(server).download(f"{server.url}/1.png", tmp_path / "1.part")
    assert caught.value.fields["repeat"]


@pytest.mark.parametrize("status", [*WITHOUT_BODY, 204])
def test_late_answer_is_not_taken_for_the_next_one(status):
    def answer(path, place):
        name = path.rpartition("/")[2]
        # The answer to the first question comes once the second one has arrived on the same connection.
        late = [task("first")] if place > 1 else []
        return [KEPT_OPEN % status] if name == "first" else [*late, task(name)]

    with KeepAlive(answer) as server:
        client = client_of(server)
        with pytest.raises(UnreadableAnswer):
            client.task("first", deadline=0.0)
        assert client.task("second").task_id == "second"
        assert (server.seen, server.connections) == (["GET /v1/tasks/first", "GET /v1/tasks/second"], 2)


@pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
def test_interim_responses_are_skipped(tmp_path, interim):
    image = plain()
    answers = {
        "/v1/tasks": task("t1"),
        "/v1/tasks/t1": task("t1"),
        "/v1/tasks/t2": task("t2"),
        "/1.png": whole(image, b"image/png"),
    }
    with KeepAlive(lambda path, _: [interim, answers[path]]) as server:
        client = client_of(server)
        assert client.submit({}, idempotency_key="k", repeatable=lambda: False).task_id == "t1"
        assert [client.task(name).task_id for name in ("t1", "t2", "t1")] == ["t1", "t2", "t1"]
        assert client.download(f"{server.url}/1.png", tmp_path / "1.part") == len(image)
    assert len(server.seen) == 5


@pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
def test_order_with_interim_responses_only_is_unknown(interim):
    with KeepAlive(lambda *_: [interim]) as server:
        client = Client(server.url, "sk-secret", clock=FakeClock(), connect_timeout=0.5, read_timeout=0.5)
        with pytest.raises(QwaveError) as caught:
            client.submit({}, idempotency_key="k", repeatable=lambda: False)
        assert caught.value.fields["outcome_unknown"]
        wait_until(lambda: server.seen)
    assert server.seen == ["POST /v1/tasks"]
