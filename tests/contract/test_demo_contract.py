"""Our client and clients that are not ours against the demo server: the documented flow, kept to the letter."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import uuid

import pytest
import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.errors import AuthenticationFailed, ConfigurationError, NotFound, UnexpectedRedirect
from tests.conftest import optional, serve
from tests.waiting import wait_until

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "16:9", "resolution": "1k"}


def finished(get, task_id):
    task = {}

    def ended():
        task.update(get(task_id))
        return task["status"] in {"completed", "failed", "cancelled"}

    wait_until(ended, task)
    return task


@pytest.fixture(scope="module")
def quick_server():
    yield from serve("--latency", "0")


@pytest.fixture
def client(quick_server):
    made = Client(quick_server.url, quick_server.key)
    yield made
    made.close()


def test_client_runs_the_documented_flow(client, latency, tmp_path):
    latency(1)
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()))
    assert (task.state, task.held_quota) == ("queued", 3188)
    told = [task]
    wait_until(lambda: told.append(client.task(task.task_id)) or told[-1].is_over, "the task to end")
    task = told[-1]
    assert (task.state, task.progress, task.cost_quota, len(task.images)) == ("completed", 1.0, 3188, 1)
    target = tmp_path / "a.part"
    assert client.download(task.images[0], target) == target.stat().st_size
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def latency(quick_server):
    """Change the server's latency for one test."""
    yield lambda seconds: quick_server.post("/demo/switches", json={"latency": seconds})
    quick_server.post("/demo/switches", json={"latency": 0})


def test_base_url_may_end_in_v1(quick_server):
    for suffix in ("", "/", "/v1", "/v1/"):
        client = Client(quick_server.url + suffix, quick_server.key)
        assert "gpt-image-2" in {entry["id"] for entry in client.models()}, suffix
        client.close()


def test_idempotency_key_orders_once(client, quick_server):
    before = quick_server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    key = str(uuid.uuid4())
    first, second = (client.submit(BODY, idempotency_key=key) for _ in range(2))
    assert first.task_id == second.task_id
    finished(lambda name: quick_server.get(f"/v1/tasks/{name}"), first.task_id)
    after = quick_server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    assert after - before == pytest.approx(0.006376, abs=1e-5)


def test_oldest_dialect_returns_the_id_in_data(quick_server, client):
    body = {"model": "gpt-4o-image", "prompt": "a cat", "size": "1:1", "n": 1}
    answer = quick_server.post("/v1/tasks", json=body).json()
    assert answer["code"] == "success"
    assert client.task(answer["data"]).model == "gpt-4o-image"


def test_cancel_is_only_for_queued_tasks(quick_server, latency):
    latency(60)
    slow = Client(quick_server.url, quick_server.key)
    task = slow.submit(BODY, idempotency_key=str(uuid.uuid4()))
    cancelled = slow.cancel(task.task_id)
    assert (cancelled.refunded, cancelled.refunded_quota) == (True, task.held_quota)
    refusal = quick_server.post(f"/v1/tasks/{task.task_id}/cancel")
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (400, "task_not_cancellable")
    assert slow.cancel(task.task_id).task.state == "cancelled"
    slow.close()


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"n": "2"}, "n"),
        ({"quality": "ultra"}, "quality"),
        ({"size": "16:9"}, "size"),
        ({"image_urls": "https://x.example/a.png"}, "image_urls"),
        ({"resolution": "4k", "aspect_ratio": "1:1"}, "aspect_ratio"),
        ({"undeclared": 1}, "undeclared"),
        ({"prompt": ""}, "prompt"),
    ],
)
def test_server_checks_the_json_it_gets(quick_server, change, param):
    answer = quick_server.post("/v1/tasks", json={**BODY, **change})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_unknown_keys_models_and_tasks(quick_server):
    stranger = Client(quick_server.url, "wrong-key")
    with pytest.raises(AuthenticationFailed):
        stranger.submit(BODY, idempotency_key="x")
    stranger.close()
    client = Client(quick_server.url, quick_server.key)
    with pytest.raises(NotFound):
        client.submit({**BODY, "model": "gpt-image-99"}, idempotency_key="y")
    with pytest.raises(NotFound):
        client.task("task-nobody-knows")
    client.close()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_foreign_pages_are_refused(quick_server, headers):
    assert quick_server.post("/v1/tasks", json=BODY, headers=headers).status_code == 403


def test_openai_sdk_runs_the_documented_flow(quick_server):
    sdk = optional("openai").OpenAI(base_url=quick_server.url + "/v1", api_key=quick_server.key)
    task = sdk.post("/tasks", body=BODY, cast_to=object)
    ended = finished(lambda name: sdk.get(f"/tasks/{name}", cast_to=object), task["task_id"])
    image = requests.get(ended["result"]["images"][0]["url"][0], timeout=60)
    assert image.content.startswith(b"\x89PNG")
    sdk.close()


def test_curl_runs_the_documented_flow(quick_server):
    if shutil.which("curl") is None:
        pytest.skip("curl is not here")
    curl = ["curl", "-sS", "-H", f"Authorization: Bearer {quick_server.key}", "-H", "Content-Type: application/json"]

    def ask(*arguments):
        return json.loads(subprocess.run([*curl, *arguments], capture_output=True, check=True).stdout)

    task = ask("-X", "POST", quick_server.url + "/v1/tasks", "-d", json.dumps(BODY))
    ended = finished(lambda name: ask(f"{quick_server.url}/v1/tasks/{name}"), task["task_id"])
    assert ended["status"] == "completed"


def test_client_hides_the_key(quick_server):
    import pickle

    client = Client(quick_server.url, "sk-very-secret-key")
    assert "secret" not in repr(client)
    assert b"secret" not in pickle.dumps(client)
    with pytest.raises(ConfigurationError):
        Client("http://api.example", "sk-very-secret-key")
    client.close()


class _Redirecting(requests.adapters.BaseAdapter):
    def __init__(self):
        super().__init__()
        self.seen = []

    def send(self, request, **options):
        self.seen.append(request)
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 307, request, request.url
        answer.headers["location"] = "https://www.elsewhere.example/v1/tasks"
        answer.raw = io.BytesIO()
        return answer

    def close(self):
        """Nothing to close."""


def test_client_follows_no_redirect_with_the_key():
    adapter = _Redirecting()

    def session():
        made = requests.Session()
        made.mount("https://", adapter)
        return made

    client = Client("https://api.example", "sk-very-secret-key", session=session)
    with pytest.raises(UnexpectedRedirect, match="elsewhere"):
        client.submit(BODY, idempotency_key="k")
    assert [request.url for request in adapter.seen] == ["https://api.example/v1/tasks"]
    client.close()
