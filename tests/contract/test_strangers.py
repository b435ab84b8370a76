"""Clients that are not ours: the OpenAI SDK, the official MCP client, and what is hardly HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from qwave_jupyter.demo.server import DemoServer
from tests.conftest import optional

pytestmark = pytest.mark.usefixtures("small_images")

INPUT = {"prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


@pytest.fixture(scope="module")
def server():
    made = DemoServer(edition="2026-09", latency=0).start()
    yield made
    made.stop()


@pytest.fixture
def sdk(server):
    with optional("openai").OpenAI(base_url=server.url + "/v1", api_key=server.key, max_retries=0) as made:
        yield made


def png(side):
    target = io.BytesIO()
    Image.new("RGBA", (side, side), "red").save(target, "PNG")
    return target.getvalue()


def test_sdk_generates_images(sdk):
    answer = sdk.images.generate(model="gpt-image-2", prompt="a cat", n=2, size="1024x1024")
    assert [requests.get(one.url, timeout=60).content[:4] for one in answer.data] == [b"\x89PNG"] * 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sdk_edits_images(sdk, count):
    images = [(f"{index}.png", png(8 + index), "image/png") for index in range(count)]
    answer = sdk.images.edit(
        model="gpt-image-2",
        prompt="a blue cat",
        image=images if count > 1 else images[0],
        mask=("mask.png", png(8), "image/png"),
        response_format="b64_json",
    )
    assert answer.data[0].b64_json.startswith("iVBORw0KGgo")


def test_sdk_lists_models(sdk, server):
    assert [one.id for one in sdk.models.list()] == list(server.app.catalog.ids())


def test_sdk_follows_absolute_urls(sdk):
    task = sdk.post("/tasks", body={"model": "gpt-image-2", **INPUT}, cast_to=object)
    told = sdk.get(f"/tasks/{task['task_id']}", cast_to=object)
    assert sdk.get(told["urls"]["get"], cast_to=object)["task_id"] == task["task_id"]


def test_mcp_client_calls_every_tool(server):
    client, transport = optional("mcp"), optional("mcp.client.streamable_http")
    arguments = {
        "list_models": {"limit": 3},
        "get_model_docs": {"model": "gpt-image-2"},
        "get_model_schema": {"model": "gpt-image-2"},
        "estimate_cost": {"model": "gpt-image-2", "input": INPUT},
        "create_task": {"model": "gpt-image-2", "input": INPUT},
    }

    async def talk():
        headers = {"Authorization": f"Bearer {server.key}"}
        async with (
            connect(transport, server.url + "/v1/mcp", headers) as streams,
            client.ClientSession(streams[0], streams[1]) as session,
        ):
            hello = await session.initialize()
            tools = await session.list_tools()
            found = {name: await session.call_tool(name, given) for name, given in arguments.items()}
            task = {"task_id": json.loads(found["create_task"].content[0].text)["task_id"]}
            found["get_task"] = await session.call_tool("get_task", task)
            found["cancel_task"] = await session.call_tool("cancel_task", task)
            return hello, tools, found

    hello, tools, found = asyncio.run(talk())
    plain = {name: one.model_dump(by_alias=True) for name, one in found.items()}
    assert hello.model_dump(by_alias=True)["serverInfo"]["name"] == "qwave demo"
    assert {tool.name for tool in tools.tools} == set(found)
    # The task is over by then.
    assert [name for name, one in plain.items() if one["isError"]] == ["cancel_task"]
    assert plain["get_model_docs"]["content"][0]["text"].startswith("# gpt-image-2\n")
    assert plain["get_model_schema"]["structuredContent"]["price_config"]["image_usage_rates"]
    assert plain["get_task"]["structuredContent"]["terminal"] is True


@contextlib.asynccontextmanager
async def connect(transport, url, headers):
    # Older versions take the headers themselves.
    if not hasattr(transport, "streamable_http_client"):
        async with transport.streamablehttp_client(url, headers) as streams:
            yield streams
        return
    async with (
        optional("httpx").AsyncClient(headers=headers, timeout=60) as session,
        transport.streamable_http_client(url, http_client=session) as streams,
    ):
        yield streams


def ask_raw(server, head, body=b""):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as line:
        head = head.replace("HOST", address.netloc).replace("KEY", server.key)
        line.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: abc", b"", 400),
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: -5", b"", 400),
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5, 6", b"{}", 400),
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999999999999999", b"", 400),
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999", b"", 413),
        ("POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked", b"zz\r\n", 400),
        ("COFFEE", b"", 400),
        ("BREW /v1/tasks HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0", b"", 405),
        ("GET /v1/models HTTP/1.1\r\nHost: evil.example", b"", 403),
        ("GET /v1/models HTTP/1.1\r\nHost: HOST\r\nOrigin: http://[", b"", 403),
        ("GET /v1/models HTTP/1.1\r\nHost: [::1]:80", b"", 401),
        ("GET /v1/mcp HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer KEY", b"", 405),
        (
            "POST /v1/tasks HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer KEY\r\nTransfer-Encoding: chunked",
            b"2\r\n{}\r\n0\r\n\r\n",
            400,
        ),
    ],
)
def test_every_refusal_is_json(server, head, body, status):
    found, told = ask_raw(server, head, body)
    assert found == status
    assert set(told["error"]) >= {"message", "code"}
