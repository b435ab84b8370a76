"""Every documented dialect over HTTP: our client, the OpenAI SDK's raw requests and curl do the whole flow in each."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid

import pytest
import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import NotFound, RequestRejected, ServerFault
from tests.conftest import optional
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.usefixtures("small_images")

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}
#: One dialect answers with the images themselves, so there is no task to ask for.
WITH_TASKS = sorted(set(DIALECTS) - {"images"})


@pytest.fixture(scope="module")
def server():
    made = DemoServer(latency=0.1).start()
    yield made
    made.stop()


@pytest.fixture
def speaking(server):
    """The server in a dialect."""

    def speak(dialect, **switches):
        server.change(dialect=dialect, **switches)
        return server

    yield speak
    server.change(dialect=None, latency=0.1, fail=None)


@pytest.fixture
def client(server):
    made = Client(server.url, server.key)
    yield made
    made.close()


def ended(client, task):
    seen = [task]
    wait_until(lambda: seen[-1].is_over or seen.append(client.task(task.task_id)), "the task to end")
    return seen[-1], [one.state for one in seen]


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_dialect_whole_flow_is_paid_once(speaking, client, tmp_path, dialect):
    server = speaking(dialect)
    before = server.app.ledger.balance()["total_used_usd"]
    key = str(uuid.uuid4())
    first, again = (client.submit(BODY, idempotency_key=key) for _ in range(2))
    assert first.task_id == again.task_id
    task, states = ended(client, first)
    assert task.state == "completed"
    assert set(states) <= {"queued", "processing", "unknown", "completed"}
    assert len(task.images) == 1
    target = tmp_path / "a.part"
    client.download(task.images[0], target)
    assert target.read_bytes().startswith(b"\x89PNG")
    assert server.app.ledger.balance()["total_used_usd"] - before == pytest.approx(0.006376, abs=1e-5)


@pytest.mark.parametrize("dialect", WITH_TASKS)
def test_dialect_times_in_every_unit(speaking, client, dialect):
    speaking(dialect)
    task, _ = ended(client, client.submit(BODY, idempotency_key=str(uuid.uuid4())))
    # Within a day of now: neither milliseconds taken for seconds nor the other way round.
    for moment in filter(None, (task.created_at, task.completed_at, task.images[0].expires_at)):
        assert abs(moment - time.time()) < 8 * 24 * 3600


@pytest.mark.parametrize("dialect", WITH_TASKS)
def test_dialect_failure_is_read(speaking, client, dialect):
    speaking(dialect, fail="upstream_bad_request:1")
    task, _ = ended(client, client.submit(BODY, idempotency_key=str(uuid.uuid4())))
    assert task.state == "failed"
    if DIALECTS[dialect].has_failure:
        assert task.failure.code == "upstream_bad_request"


def test_synchronous_failure_is_an_error(speaking, client):
    speaking("images", fail="upstream_unavailable")
    with pytest.raises(ServerFault):
        client.submit(BODY, idempotency_key=str(uuid.uuid4()), deadline=time.monotonic())


@pytest.mark.parametrize("dialect", WITH_TASKS)
def test_dialect_cancels_queued_tasks_only(speaking, client, dialect):
    speaking(dialect, latency=60)
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()))
    cancelled = client.cancel(task.task_id)
    assert (cancelled.refunded, cancelled.refunded_quota) == (True, 3188)
    # The second one is refused, and the task's state says why.
    again = client.cancel(task.task_id)
    assert (again.refunded_quota, again.task.state) == (None, "cancelled")
    assert client.task(task.task_id).state == "cancelled"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_dialect_refusals_are_read(speaking, client, dialect):
    speaking(dialect)
    with pytest.raises(RequestRejected) as refusal:
        client.submit({**BODY, "quality": "ultra"}, idempotency_key="x")
    assert "quality" in str(refusal.value)
    with pytest.raises(NotFound) as missing:
        client.submit({**BODY, "model": "nobody-knows-it"}, idempotency_key="y")
    assert missing.value.api_code == "model_not_found"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_dialect_holds_end_early(speaking, client, dialect):
    speaking(dialect)
    began = time.monotonic()
    task = client.submit(BODY, idempotency_key=str(uuid.uuid4()), prefer_wait=PATIENCE)
    assert time.monotonic() - began < PATIENCE
    holds = DIALECTS[dialect].supports_prefer_wait
    assert (task.is_over, client.supports_prefer_wait) == (holds, holds)


def said(answer):
    """Id, state and addresses of an answer in any dialect, as a plain program would pick them out."""
    inner = answer.get("data", answer) if answer.get("code") == "success" else answer
    if isinstance(inner, str):
        return inner, "queued", []
    if "created" in inner and "data" in inner:
        return "", "completed", [entry["url"] for entry in inner["data"]]
    images = (inner.get("result") or {}).get("images", [])
    urls = [entry["url"] if isinstance(entry["url"], str) else entry["url"][0] for entry in images]
    return inner.get("task_id") or inner.get("id"), inner["status"], urls


def follow(post, get):
    told = [said(post())]
    task = told[0][0]
    wait_until(lambda: told[-1][1] in {"completed", "succeeded"} or told.append(said(get(task))), "the task to end")
    return requests.get(told[-1][2][0], timeout=60).content


@pytest.mark.slow_except("code-data")
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_dialect_flow_with_the_openai_sdk(speaking, dialect):
    server = speaking(dialect)
    with optional("openai").OpenAI(base_url=server.url + "/v1", api_key=server.key) as sdk:
        image = follow(
            lambda: sdk.post("/tasks", body=BODY, cast_to=object),
            lambda task: sdk.get(f"/tasks/{task}", cast_to=object),
        )
    assert image.startswith(b"\x89PNG")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_dialect_flow_with_curl(speaking, dialect):
    if shutil.which("curl") is None:
        pytest.skip("curl is not here")
    server = speaking(dialect)
    curl = ["curl", "-sS", "-H", f"Authorization: Bearer {server.key}", "-H", "Content-Type: application/json"]

    def ask(*arguments):
        return json.loads(subprocess.run([*curl, *arguments], capture_output=True, check=True).stdout)

    image = follow(
        lambda: ask("-X", "POST", server.url + "/v1/tasks", "-d", json.dumps(BODY)),
        lambda task: ask(f"{server.url}/v1/tasks/{task}"),
    )
    assert image.startswith(b"\x89PNG")


def test_openai_sdk_images_generate(server):
    with optional("openai").OpenAI(base_url=server.url + "/v1", api_key=server.key) as sdk:
        linked = sdk.images.generate(model="gpt-image-2", prompt="a cat", size="1536x1024")
        image = requests.get(linked.data[0].url, timeout=60).content
        inline = sdk.images.generate(model="gpt-image-2", prompt="a cat", n=2, response_format="b64_json")
    assert image.startswith(b"\x89PNG")
    assert len(inline.data) == 2
    assert all(entry.b64_json.startswith("iVBORw0KGgo") for entry in inline.data)


@pytest.mark.parametrize("change", [{"n": 99}, {"n": "2"}, {"prompt": ""}, {"response_format": "gif"}])
def test_synchronous_endpoint_refusals(server, change):
    headers = {"Authorization": f"Bearer {server.key}"}
    body = {"model": "gpt-image-2", "prompt": "a cat", **change}
    answer = requests.post(server.url + "/v1/images/generations", json=body, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"].keys() >= {"message", "type", "code"}
