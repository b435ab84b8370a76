"""The tools endpoint over HTTP: all seven tools through our client, and plain JSON-RPC."""

from __future__ import annotations

import uuid

import pytest
import requests

from qwave_jupyter import catalog
from qwave_jupyter.client.client import Client
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import AuthenticationFailed, RequestRejected
from tests.checks import collect_failures

pytestmark = pytest.mark.usefixtures("small_images")

INPUT = {"prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


@pytest.fixture(scope="module")
def server():
    made = DemoServer(latency=0).start()
    yield made
    made.stop()


@pytest.fixture
def client(server):
    made = Client(server.url, server.key)
    yield made
    made.close()


@pytest.fixture
def rpc(server):
    def called(body, **options):
        headers = {"Authorization": f"Bearer {server.key}", "Accept": "application/json, text/event-stream"}
        kind = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.post(server.url + "/v1/mcp", headers=headers, timeout=60, **kind, **options)

    return called


def test_list_models_is_paged(client):
    found, cursor = [], {}
    while True:
        page = client.tool("list_models", {"limit": 6, **cursor})
        found += [entry["id"] for entry in page["models"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == list(catalog.load("2026-04").ids())
    assert not client.tool("list_models", {"modality": "video"})["models"]
    named = client.tool("list_models", {"query": "TURBO"})["models"]
    assert named
    assert all("turbo" in f"{entry['id']} {entry['description']}".lower() for entry in named)


def test_models_have_schema_and_docs(client):
    with collect_failures() as check:
        for model in catalog.load("2026-04"):
            with check(model.id):
                check_schema_and_docs(client, model)


def check_schema_and_docs(client, model):
    schema = client.tool("get_model_schema", {"model": model.id})
    assert schema["supported_actions"] == list(model.actions)
    ratio = model.parameters.get("aspect_ratio")
    assert schema["aspect_ratios"] == list(ratio.choices if ratio else ())
    assert schema["max_image_inputs"] == model.references.maximum
    assert schema["billing_type"] == ("token" if model.price.rates else "fixed")
    specific = [one["name"] for one in schema["specific_parameters"]]
    wires = [".".join(parameter.wire_path) for parameter in model.parameters.values()]
    assert sorted([*specific, *schema["supported_common_params"]]) == sorted(wires)
    docs = client.tool("get_model_docs", {"model": model.id, "language": "en"})["docs"]
    assert all(wire in docs for wire in wires)


def test_estimate_equals_the_held_cost(client):
    estimate = client.tool("estimate_cost", {"model": "gpt-image-2", "input": INPUT})
    task = client.submit({"model": "gpt-image-2", **INPUT}, idempotency_key=str(uuid.uuid4()))
    assert estimate["estimated_cost"] == task.held_quota
    assert estimate["estimated_cost_usd"] == pytest.approx(0.006375, abs=1e-5)


def test_create_task_is_idempotent_and_waits(server, client):
    server.change(latency=1)
    order = {"model": "gpt-image-2", "input": INPUT, "idempotency_key": str(uuid.uuid4())}
    first = client.tool("create_task", order)
    assert (first["terminal"], first["should_poll"], first["next_poll_after_seconds"] > 0) == (False, True, True)
    done = client.tool("create_task", {**order, "wait_seconds": 45})
    assert (done["task_id"], done["terminal"], done["should_poll"]) == (first["task_id"], True, False)
    told = client.tool("get_task", {"task_id": first["task_id"]})
    assert (told["status"], told["cost_usd"], told["cost"]) == ("completed", told["cost"] / 500_000, 3188)
    assert client.task(first["task_id"]).images[0].urls[0] == told["result"]["images"][0]["url"][0]
    server.change(latency=0)


def test_cancel_task_while_queued(server, client):
    server.change(latency=60)
    order = {"model": "gpt-image-2", "input": INPUT, "idempotency_key": str(uuid.uuid4())}
    task = client.tool("create_task", order)["task_id"]
    server.change(latency=0)
    assert client.tool("cancel_task", {"task_id": task})["refunded"] is True
    with pytest.raises(RequestRejected) as refusal:
        client.tool("cancel_task", {"task_id": task})
    assert refusal.value.api_code == "task_not_cancellable"


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("get_model_schema", {"model": "nobody-knows-it"}, "model_not_found"),
        ("get_model_schema", {}, "invalid_request"),
        ("get_model_docs", {"model": "gpt-image-2", "language": "fr"}, "invalid_request"),
        ("get_task", {"task_id": "task-nobody-knows"}, "task_not_found"),
        ("get_task", {"task_id": 5}, "invalid_request"),
        ("list_models", {"cursor": "x"}, "invalid_request"),
        ("list_models", {"limit": True}, "invalid_request"),
        ("list_models", {"colour": "red"}, "invalid_request"),
        (
            "estimate_cost",
            {"model": "gpt-image-2", "input": {"prompt": "x", "quality": "ultra"}},
            "invalid_request",
        ),
        ("create_task", {"model": "gpt-image-2", "input": INPUT, "idempotency_key": " "}, "invalid_request"),
        (
            "create_task",
            {"model": "gpt-image-2", "input": INPUT, "idempotency_key": "k", "wait_seconds": 46},
            "invalid_request",
        ),
    ],
)
def test_tool_errors_have_documented_codes(client, tool, arguments, code):
    with pytest.raises(RequestRejected) as refusal:
        client.tool(tool, arguments)
    assert refusal.value.api_code == code


def test_unknown_tool_and_wrong_key(server, client):
    with pytest.raises(RequestRejected):
        client.tool("make_coffee", {})
    stranger = Client(server.url, "wrong-key")
    with pytest.raises(AuthenticationFailed):
        stranger.tool("list_models", {})
    stranger.close()


def test_rpc_initialize_and_list(rpc):
    hello = rpc({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).json()
    assert (hello["id"], hello["result"]["protocolVersion"]) == (1, "2025-06-18")
    assert rpc({"jsonrpc": "2.0", "method": "notifications/initialized"}).status_code == 202
    tools = rpc({"jsonrpc": "2.0", "id": "b", "method": "tools/list"}).json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == [
        "list_models",
        "get_model_docs",
        "get_model_schema",
        "estimate_cost",
        "create_task",
        "get_task",
        "cancel_task",
    ]
    assert all(set(tool["inputSchema"]["required"]) <= set(tool["inputSchema"]["properties"]) for tool in tools)
    assert rpc({"jsonrpc": "2.0", "id": 2, "method": "ping"}).json()["result"] == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        ([], -32600),
        ({"id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": ["x"]}}, -32602),
    ],
)
def test_rpc_error_codes(rpc, body, code):
    assert rpc(body).json()["error"]["code"] == code
