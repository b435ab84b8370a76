"""What no JSON body may be is refused, at every address, as documented."""

from __future__ import annotations

import json

import pytest

from tests.unit.demo.demo_app import BODY, Demo

ADDRESSES = ("/v1/tasks", "/v1/tasks/sync", "/v1/images/generations", "/v1/images/edits", "/demo/faults")
ODD_BODIES = {
    "surrogate in a string": rb'{"model": "gpt-image-2", "prompt": "\ud800"}',
    "surrogate in a name": rb'{"model": "gpt-image-2", "prompt": "x", "\udc00": 1}',
    "surrogate in a model": rb'{"model": "\uD800", "prompt": "x"}',
    "surrogate in a list": rb'{"model": "gpt-image-2", "prompt": "x", "image_urls": ["\udfff"]}',
    "surrogate as bytes": b'{"model": "gpt-image-2", "prompt": "\xed\xa0\x80"}',
    "no number": b'{"model": "gpt-image-2", "prompt": "x", "n": NaN}',
    "beyond all bounds": b'{"model": "gpt-image-2", "prompt": "x", "n": 1e999}',
    "deep": b'{"model": "gpt-image-2", "prompt": "x", "extra": ' + b"[" * 500 + b"]" * 500 + b"}",
    "very deep": b"[" * 100_000,
    "UTF-16": json.dumps(BODY).encode("utf-16"),
    "nothing": b"",
}


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_odd_body_is_refused(path, body):
    status, told = Demo().json("POST", path, body)
    assert (status, told["error"]["code"]) == (400, "invalid_request")
    assert told["error"]["message"]


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_odd_call_of_a_tool_is_no_json(body):
    assert Demo().json("POST", "/v1/mcp", body)[1]["error"]["code"] == -32700


@pytest.mark.parametrize("call_id", [None, True, [1], {"a": 1}])
def test_call_needs_an_id_that_can_be_repeated(call_id):
    told = Demo().json("POST", "/v1/mcp", {"jsonrpc": "2.0", "id": call_id, "method": "ping"})[1]
    assert (told["id"], told["error"]["code"]) == (None, -32600)


@pytest.mark.parametrize("prompt", ["\U0001f408", "\\ud800", "zażółć 猫"])
def test_every_other_text_is_served(prompt):
    assert Demo().submit({**BODY, "prompt": prompt}).status == 200


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
ALLOWED = {
    "/v1/tasks": "POST",
    "/v1/mcp": "POST",
    "/v1/images/edits": "POST",
    "/v1/tasks/task-x": "GET",
    "/v1/tasks/task-x/cancel": "POST",
    "/v1/models": "GET",
    "/v1/models/gpt-image-2": "GET",
    "/v1/dashboard/billing/balance": "GET",
    "/files/task-x/0.png": "GET",
    "/demo/counts": "GET",
    "/demo/faults": "GET, POST",
}


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", METHODS)
def test_method_that_an_address_does_not_take(path, method):
    answer = Demo().ask(method, path, {})
    if method in ALLOWED[path]:
        assert answer.status != 405
    else:
        assert (answer.status, answer.headers["Allow"]) == (405, ALLOWED[path])
        error = json.loads(answer.body)["error"]
        assert method in error["message"]
        assert error.get("code", error.get("type")) == "invalid_request"


@pytest.mark.slow_except("2026-04-http://localhost")
@pytest.mark.parametrize("origin", ["http://localhost:9000", "http://[::1]:80", "http://127.0.0.1:8"])
@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_addresses_begin_as_the_client_wrote_them(edition, origin):
    from qwave_jupyter.demo.http_types import Request

    demo = Demo(edition)
    task = demo.create_task({"model": "gpt-image-2", "prompt": "a cat"})
    demo.finish()
    headers = {"authorization": "Bearer k"}
    told = json.loads(demo.app.handle(Request("GET", f"/v1/tasks/{task}", headers, b"", origin)).body)
    url = f"{origin}/v1/tasks/{task}"
    assert told["urls"] == {"get": url, "cancel": f"{url}/cancel"}
    assert told["result"]["images"][0]["url"] == [f"{origin}/files/{task}/0.png"]
    assert demo.app._read_own_file(f"{origin}/files/{task}/0.png").startswith(b"\x89PNG")
