"""A peer that sends a byte now and then, or far more than it seems, holds nobody up and fills no memory."""

from __future__ import annotations

import functools
import gzip
import threading
import tracemalloc
import zlib

import pytest

from qwave_jupyter.client import download
from qwave_jupyter.client.client import Client
from qwave_jupyter.client.retry import RetryPolicy
from qwave_jupyter.errors import ApiError, ConnectionFailed, DownloadFailed, QwaveError, WaitTimeout
from qwave_jupyter.jobs.job import resume
from tests.fake_clock import FakeClock
from tests.faults.raw_server import RawServer, as_image, as_json, completed, http, job_error, make_bench, start_job
from tests.image_factory import plain
from tests.waiting import PATIENCE, wait_until

KEY = "sk-secret"
MEGABYTE = 2**20
HEAD = b"HTTP/1.1 200 OK\r\n"
TYPE = b"content-type: application/json\r\n"
#: What comes at once, before the dripping begins.
STARTS = {
    "nothing": b"",
    "status line": HEAD + b"x-filler: ",
    "many headers": HEAD + b"a: b\r\n" * 50 + b"c: ",
    "body": HEAD + TYPE + b"content-length: 100000\r\n\r\n",
    "body to its end": HEAD + TYPE + b"\r\n",
    "chunk": HEAD + TYPE + b"transfer-encoding: chunked\r\n\r\nffff\r\n",
    "chunk length": HEAD + TYPE + b"transfer-encoding: chunked\r\n\r\n",
    "informational": b"HTTP/1.1 100 Continue\r\n\r\n",
    "redirect": b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /x\r\ncontent-length: 100000\r\n\r\n",
    "refusal": b"HTTP/1.1 500 X\r\n" + TYPE + b"content-length: 100000\r\n\r\n",
}


@pytest.fixture
def server():
    with RawServer() as running:
        yield running


@pytest.fixture
def client(server):
    made = Client(server.url, KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    yield made
    made.close()


@pytest.fixture
def impatient(server):
    made = Client(server.url, KEY, clock=FakeClock(), connect_timeout=0.3, read_timeout=0.3)
    yield made
    made.close()


def outcome(ask):
    """What a call raises; the test fails where the call outlasts all patience."""
    raised = []

    def run():
        try:
            ask()
        except QwaveError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the call doesn't end"
    assert raised
    return raised[0]


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_api_answer_that_drips(server, client, impatient, start):
    # Of a redirect no more than the head is read, and its head comes at once.
    if b"307" not in start:
        client = impatient
    server.answers = {"": lambda _: server.dripping(start)}
    submitted = outcome(lambda: client.submit({}, idempotency_key="k", deadline=0.0))
    asked = outcome(lambda: client.task("t", deadline=0.0))
    cancelled = outcome(lambda: client.cancel("t", within=0.5))
    assert isinstance(submitted, (ConnectionFailed, ApiError))
    # A redirect that keeps the method is a refusal whatever its body says.
    assert submitted.fields["outcome_unknown"] == (b"307" not in start)
    assert isinstance(asked, (ConnectionFailed, ApiError))
    assert isinstance(cancelled, (ConnectionFailed, ApiError))


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_download_that_drips(server, client, impatient, tmp_path, start):
    if b"307" not in start:
        client = impatient
    server.answers = {"": lambda _: server.dripping(start.replace(b"application/json", b"image/png"))}
    error = outcome(lambda: client.download(f"{server.url}/1.png", tmp_path / "x.part", deadline=0.0))
    assert isinstance(error, DownloadFailed)
    assert error.fields["repeat"] == (b"307" not in start)
    assert not (tmp_path / "x.part").exists()


def test_dripping_exchange_leaves_no_thread(server, impatient, tmp_path):
    client = impatient
    server.answers = {"": lambda _: server.dripping(HEAD + b"x: ")}
    outcome(lambda: client.task("t", deadline=0.0))
    outcome(lambda: client.download(f"{server.url}/1.png", tmp_path / "x.part", deadline=0.0))
    for thread in threading.enumerate():
        if thread.name == "qwave-exchange":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_proxy_that_drips(server, monkeypatch):
    server.answers = {"": lambda _: server.dripping(HEAD + b"x: ")}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, server.url)
    client = Client("https://api.example.com", KEY, clock=FakeClock(), connect_timeout=0.3, read_timeout=0.3)
    assert isinstance(outcome(lambda: client.task("t", deadline=0.0)), ConnectionFailed)
    wait_until(lambda: server.seen)
    assert server.seen[0].method == "CONNECT"


def test_slow_image_with_progress_arrives(server, tmp_path):
    content = plain(256, 256) + bytes(400_000)
    client = Client(server.url, KEY, clock=FakeClock(), connect_timeout=1, read_timeout=1)

    def slowly(_):
        yield http(status=200, content_length=str(len(content)), content_type="image/png")
        for start in range(0, len(content), 20_000):
            server.closed.wait(0.1)
            yield content[start : start + 20_000]

    server.answers = {"": slowly}
    # It takes as long as both timeouts.
    assert client.download(f"{server.url}/1.png", tmp_path / "x.part", deadline=600.0) == len(content)


@pytest.mark.parametrize("stage", ["submit", "status"])
def test_job_deadline_holds(server, tmp_path, stage):
    task = as_json({"task_id": "task-1", "status": "processing"})
    drip = HEAD + b"x: "
    server.answers = {
        "POST /v1/tasks": lambda _: server.dripping(drip) if stage == "submit" else task,
        "GET /v1/tasks": lambda _: server.dripping(drip),
    }
    # The client alone would wait for minutes.
    bench = make_bench(server, tmp_path, timeout=0.5, connect_timeout=60, read_timeout=300)
    error = job_error(start_job(bench), PATIENCE)
    assert isinstance(error, WaitTimeout)
    assert len(bench.journal.open_jobs()) == 1
    bench.journal.close()


def test_job_with_dripping_image_stays_open(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "RETRY_POLICY", RetryPolicy(attempts=1))
    content = plain()
    server.answers = {
        "POST /v1/tasks": lambda _: completed(f"{server.url}/1.png"),
        "GET /v1/tasks": lambda _: completed(f"{server.url}/1.png"),
        "GET /1.png": lambda _: server.dripping(as_image(content)[:-50]),
    }
    bench = make_bench(server, tmp_path, clock=FakeClock(), connect_timeout=3, read_timeout=3)
    assert isinstance(job_error(start_job(bench), PATIENCE), DownloadFailed)
    assert len(bench.journal.open_jobs()) == 1
    server.answers["GET /1.png"] = lambda _: as_image(content)
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    bench.journal.close()


BOMBS = ["gzip", "deflate", "gzip, gzip"]


@functools.cache
def bomb_of(encoding):
    """A few kilobytes that become 160 MB."""
    if encoding == "gzip, gzip":
        return gzip.compress(bomb_of("gzip"))
    packer = zlib.compressobj(6, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    block = b" " * MEGABYTE
    return b"".join([*(packer.compress(block) for _ in range(160)), packer.flush()])


@pytest.fixture
def memory():
    """The most that was held at once, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.parametrize("encoding", BOMBS)
@pytest.mark.parametrize("status", [200, 302, 400, 500])
def test_compressed_answer_is_bounded(server, client, memory, encoding, status):
    content = bomb_of(encoding)
    server.answers = {
        "": lambda _: http(content, status, content_encoding=encoding, content_type="application/json", location="/x")
    }
    assert isinstance(outcome(lambda: client.task("t", deadline=0.0)), QwaveError)
    assert isinstance(outcome(lambda: client.submit({}, idempotency_key="k", deadline=0.0)), QwaveError)
    assert memory() < 100 * MEGABYTE


@pytest.mark.parametrize("encoding", BOMBS)
@pytest.mark.parametrize("status", [200, 302, 500])
def test_compressed_image_is_bounded(server, client, memory, tmp_path, encoding, status):
    content = bomb_of(encoding)
    server.answers = {
        "": lambda _: http(content, status, content_encoding=encoding, content_type="image/png", location="/x")
    }
    error = outcome(lambda: client.download(f"{server.url}/1.png", tmp_path / "x.part", max_bytes=MEGABYTE))
    assert isinstance(error, DownloadFailed)
    assert memory() < 100 * MEGABYTE
    assert not (tmp_path / "x.part").exists()


def test_no_compression_is_asked_for(server, client, tmp_path):
    server.answers = {
        "GET /v1": lambda _: as_json({"task_id": "t", "status": "queued"}),
        "GET /1": lambda _: as_image(plain()),
    }
    client.task("t")
    client.download(f"{server.url}/1.png", tmp_path / "x.part")
    assert {request.headers["accept-encoding"] for request in server.seen} == {"identity"}


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "identity", "GZIP", "two members"])
def test_compressed_answer_is_read(server, client, tmp_path, encoding):
    def answer(content, kind):
        raw = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = {
            "deflate": zlib.compress(content),
            "raw deflate": raw.compress(content) + raw.flush(),
            "identity": content,
            "two members": gzip.compress(content[:20]) + gzip.compress(content[20:]),
        }.get(encoding, gzip.compress(content))
        name = {"raw deflate": "deflate", "two members": "gzip"}.get(encoding, encoding)
        return http(packed, content_encoding=name, content_type=kind)

    image = plain()
    server.answers = {
        "GET /v1": lambda _: answer(b'{"task_id": "t", "status": "processing"}', "application/json"),
        "GET /1": lambda _: answer(image, "image/png"),
    }
    assert client.task("t").state == "processing"
    assert client.download(f"{server.url}/1.png", tmp_path / "x.part") == len(image)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "nonsense"])
def test_unknown_compression_is_refused(server, client, tmp_path, encoding):
    server.answers = {
        "GET /v1": lambda _: as_json({"task_id": "t", "status": "queued"}, content_encoding=encoding),
        "GET /1": lambda _: as_image(plain(), content_encoding=encoding),
    }
    assert isinstance(outcome(lambda: client.task("t", deadline=0.0)), ApiError)
    error = outcome(lambda: client.download(f"{server.url}/1.png", tmp_path / "x.part", deadline=0.0))
    assert isinstance(error, DownloadFailed)
