"""Faults over real sockets: what a client sees when a teacher lets the demo misbehave."""

from __future__ import annotations

import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import ConnectionFailed
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.usefixtures("small_images")

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


@pytest.fixture(scope="module")
def server():
    made = DemoServer(latency=0).start()
    yield made
    made.stop()


@pytest.fixture
def ask(server):
    def asked(method, path, **options):
        headers = {"Authorization": f"Bearer {server.key}"}
        return requests.request(
            method, server.url + path, headers=headers, timeout=options.pop("timeout", 60), **options
        )

    asked("POST", "/demo/faults", json=[])
    yield asked
    asked("POST", "/demo/faults", json=[])


@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ("reset", requests.ConnectionError),
        ("reset-after", requests.ConnectionError),
        ("hang", requests.ReadTimeout),
        ("truncated", (requests.exceptions.ChunkedEncodingError, requests.ConnectionError)),
    ],
)
def test_connection_faults_are_carried_out(ask, how, seen):
    before = ask("GET", "/demo/counts").json()["tasks"]
    ask("POST", "/demo/faults", json=[{"at": "submit", "how": how}])
    with pytest.raises(seen):
        ask("POST", "/v1/tasks", json=BODY, timeout=0.5 if how == "hang" else 60)
    acted = how in {"reset-after", "truncated"}
    assert ask("GET", "/demo/counts").json()["tasks"] - before == acted
    assert ask("POST", "/v1/tasks", json=BODY).status_code == 200


def test_truncated_download_announces_more(server, ask):
    client = Client(server.url, server.key, clock=FakeClock())
    told = client.submit(BODY, idempotency_key=str(uuid.uuid4()), prefer_wait=60)
    whole = requests.get(told.images[0].urls[0], timeout=60).content
    ask("POST", "/demo/faults", json=[{"at": "download", "how": "truncated"}])
    address = urlsplit(told.images[0].urls[0])
    with socket.create_connection((address.hostname, address.port), timeout=60) as line:
        line.sendall(f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        received = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[: len(whole) // 2]
    client.close()


@pytest.mark.parametrize("how", ["reset", "reset-after", "500", "502", "503", "429", "junk", "empty", "truncated"])
def test_client_survives_submit_faults(server, ask, how):
    before = ask("GET", "/demo/counts").json()["billed"]
    fault = {"at": "submit", "how": how, "retry_after": 0}
    ask("POST", "/demo/faults", json=[fault])
    client = Client(server.url, server.key, clock=FakeClock())
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()))
    assert client.task(task.task_id).task_id == task.task_id
    counts = ask("GET", "/demo/counts").json()
    assert (counts["billed"] - before, counts["faults_left"]) == (1, 0)
    client.close()


def test_client_survives_repeated_faults(server, ask):
    client = Client(server.url, server.key, clock=FakeClock(), read_timeout=0.5)
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()))
    ask("POST", "/demo/faults", json=[{"at": "status", "how": "reset", "times": 3}])
    assert client.task(task.task_id).task_id == task.task_id
    ask("POST", "/demo/faults", json=[{"at": "cancel", "how": "hang", "times": None}])
    with pytest.raises(ConnectionFailed):
        client.cancel(task.task_id, within=0.4)
    client.close()


def test_slow_answers_are_late_and_whole(ask):
    ask("POST", "/demo/faults", json=[{"how": "slow", "seconds": 0.4}])
    answer = ask("POST", "/v1/tasks", json=BODY)
    assert answer.elapsed.total_seconds() >= 0.4
    assert answer.json()["task_id"]
