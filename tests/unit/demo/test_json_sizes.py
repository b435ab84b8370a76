"""A body of few bytes may take many once it is read: how many values one may hold, and what its refusal says."""

from __future__ import annotations

import pytest

from tests.unit.demo.demo_app import BODY, Demo
from tests.unit.demo.test_json_bodies import ADDRESSES

MILLION = 1_000_000
HEAD = b'{"model": "gpt-image-2", "prompt": "x", "extra": '
MANY = {
    "numbers": HEAD + b"[" + b"0," * MILLION + b"0]}",
    "lists": HEAD + b"[" + b"[]," * MILLION + b"[]]}",
    "objects": HEAD + b"[" + b'{"a":{}},' * (MILLION // 2) + b"{}]}",
}


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("body", MANY.values(), ids=MANY)
def test_too_many_values_are_refused(path, body):
    status, told = Demo().json("POST", path, body)
    assert (status, told["error"]["code"]) == (400, "invalid_request")
    if not path.startswith("/demo/"):
        assert told["error"]["message"] == "The body holds too many values"


@pytest.mark.parametrize("body", MANY.values(), ids=MANY)
def test_call_of_too_many_values_is_refused(body):
    assert Demo().json("POST", "/v1/mcp", body)[1]["error"]["code"] == -32700


@pytest.mark.parametrize("depth", [65, 500, 100_000])
def test_deep_body_is_called_deep(depth):
    status, told = Demo().json("POST", "/v1/tasks", HEAD + b"[" * depth + b"]" * depth + b"}")
    assert (status, told["error"]["message"]) == (400, "The body is nested too deeply")


@pytest.mark.parametrize("prompt", ["a, b: " * 1500, "x" * 30_000, ",:" * 15_000])
def test_long_prompt_is_served(prompt):
    assert Demo().submit({**BODY, "prompt": prompt}).status == 200
