"""The demo as a server: held answers, webhooks, switches from outside, restarts, limits and its command line."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import ConfigurationError
from tests.conftest import serve
from tests.ports import on_own_port
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.usefixtures("small_images")

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


@pytest.fixture(scope="module")
def server():
    made = DemoServer(latency=0.1).start()
    yield made
    made.stop()


@pytest.fixture
def client(server):
    made = Client(server.url, server.key)
    yield made
    made.close()
    server.change(latency=0.1)


def test_hold_returns_the_finished_task(client, tmp_path):
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()), prefer_wait=60)
    assert (task.state, task.cost_quota, client.supports_prefer_wait) == ("completed", 3188, True)
    assert client.download(task.images[0], tmp_path / "a.part")


def test_hold_that_runs_out_returns_the_state(server, client):
    server.change(latency=60)
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()), prefer_wait=1)
    assert (task.state, task.held_quota, client.supports_prefer_wait) == ("queued", 3188, True)


def test_hold_ends_with_a_cancel_from_elsewhere(server, client):
    server.change(latency=60)
    key = str(uuid.uuid4())
    task = client.submit(BODY, idempotency_key=key)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(client.submit, BODY, idempotency_key=key, prefer_wait=50)
        client.cancel(task.task_id)
        assert held.result(PATIENCE).state == "cancelled"


def test_holds_block_no_other_request(server, client):
    server.change(latency=3600)
    before, keys = len(server.app.tasks), [str(uuid.uuid4()) for _ in range(30)]
    with ThreadPoolExecutor(30) as pool:
        held = [pool.submit(client.submit, BODY, idempotency_key=key, prefer_wait=60) for key in keys]
        wait_until(lambda: len(server.app.tasks) == before + 30, "thirty orders")
        assert client.balance().available_usd < 100
        assert not any(one.done() for one in held)
        for key in keys:
            client.cancel(client.submit(BODY, idempotency_key=key).task_id)
        assert {one.result(PATIENCE).state for one in held} == {"cancelled"}


@pytest.fixture
def listener():
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Be quiet."""

    with on_own_port(lambda address: http.server.ThreadingHTTPServer(address, Handler)) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/done", received
        made.shutdown()
        thread.join()


def test_callback_is_called_once(client, listener):
    url, received = listener
    key = str(uuid.uuid4())
    body = {**BODY, "callback_url": url}
    first = client.submit(body, idempotency_key=key)
    client.submit(body, idempotency_key=key, prefer_wait=60)
    unwanted = {**body, "callback_events": ["failed"]}
    client.submit(unwanted, idempotency_key=str(uuid.uuid4()), prefer_wait=60)
    wait_until(lambda: received, "the call")
    assert [(told["task_id"], told["status"]) for told in received] == [(first.task_id, "completed")]


@pytest.mark.parametrize("url", ["http://192.0.2.1/x", "https://127.0.0.1/x", "file:///etc/passwd", "http://[", "x"])
def test_callback_stays_on_this_machine(server, client, url):
    client.submit({**BODY, "callback_url": url}, idempotency_key=str(uuid.uuid4()), prefer_wait=5)
    assert not server._webhooks


def test_switches_are_changed_over_http():
    for server in serve("--latency", "0.2"):
        told = server.post("/demo/switches", json={"latency": 90, "dialect": "percent"}).json()
        assert (told["latency"], told["dialect"]) == (90, "percent")
        task = server.post("/v1/tasks", json=BODY).json()["task_id"]
        assert server.get(f"/v1/tasks/{task}")["progress"] == ""
        assert server.get("/demo/switches") == told
        assert server.get("/demo/counts")["submits"] == 1


def test_command_line_sets_all_switches():
    flags = (
        "--balance-usd 5 --latency auto --seed 3 --slow --expire-links 60 --dialect percent --rate-limit 50 --junk 1"
    )
    for server in serve(*flags.split(), "--fail", "upstream_unavailable:2"):
        told = server.get("/demo/switches")
        assert told == {
            "latency": None,
            "dialect": "percent",
            "rate_limit": 50,
            "expire_links": 60,
            "slow": True,
            "seed": 3,
        }
        faults = server.get("/demo/faults")["faults"]
        assert [(fault["how"], fault["times"], fault["code"]) for fault in faults] == [
            ("fail", 2, "upstream_unavailable"),
            ("junk", 1, ""),
        ]
        assert server.post("/v1/tasks", json=BODY).content.startswith(b'{"task_id": "task')
        assert server.get("/demo/counts")["tasks"] == 1
        assert server.get("/v1/dashboard/billing/balance")["total_granted_usd"] == 5


@pytest.mark.parametrize(
    "flags", [["--dialect", "klingon"], ["--latency", "soon"], ["--rate-limit", "-1"], ["--fail", "task_failed:often"]]
)
def test_command_line_errors_are_readable(flags):
    said = subprocess.run(
        [sys.executable, "-m", "qwave_jupyter.demo", *flags], capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 2
    assert "Traceback" not in said.stderr


def test_restarted_server_knows_its_tasks(tmp_path):
    key, order = str(uuid.uuid4()), {"latency": 0.2, "keep_in": tmp_path, "key": "the-same-key"}
    first = DemoServer(**order).start()
    client = Client(first.url, first.key)
    task = client.submit(BODY, idempotency_key=key)
    other = client.submit({**BODY, "n": 2}, idempotency_key="another")
    client.close()
    first.stop()

    second = DemoServer(**order).start()
    client = Client(second.url, second.key)
    assert client.submit(BODY, idempotency_key=key, prefer_wait=60).task_id == task.task_id
    done = client.task(task.task_id)
    assert client.download(done.images[0], tmp_path / "a.part")
    assert client.task(other.task_id).task_id == other.task_id
    assert len(second.app.tasks) == 2
    client.close()
    second.stop()


def test_body_above_the_limit_is_refused(server):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as line:
        size = 65 * 1024 * 1024
        head = f"POST /v1/tasks HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {size}\r\n\r\n"
        line.sendall(head.encode() + b"x" * 1000)
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_large_reference_image_is_taken(server):
    body = {**BODY, "action": "image2image", "image_urls": ["data:image/png;base64," + "A" * 20_000_000]}
    headers = {"Authorization": f"Bearer {server.key}"}
    assert requests.post(server.url + "/v1/tasks", json=body, headers=headers, timeout=60).status_code == 200


FOREIGN = (
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("path", ["/v1/models", "/demo/counts", "/files/x/0.png"])
def test_server_refuses_foreign_pages(server, path):
    for headers in FOREIGN:
        sent = {"Authorization": f"Bearer {server.key}", **headers}
        assert requests.get(server.url + path, headers=sent, timeout=60).status_code == 403, headers


def test_local_pages_are_served(server):
    headers = {"Authorization": f"Bearer {server.key}", "Origin": "http://localhost:8888"}
    assert requests.get(server.url + "/v1/models", headers=headers, timeout=60).status_code == 200


def test_unknown_option_is_an_error():
    with pytest.raises(ConfigurationError, match="latency"):
        DemoServer(speed=3)


@pytest.mark.parametrize("port", [None, 70_000])
def test_unusable_port_is_an_error(server, port):
    port = port or server.port
    with pytest.raises(OSError, match=str(port)):
        DemoServer(port=port).start()
