"""The OpenAI-compatible endpoints send no events: a client that asks for them is told so, and pays nothing."""

from __future__ import annotations

import pytest

from tests.unit.demo.demo_app import Demo
from tests.unit.demo.test_images_endpoint import FIELDS, edit, png

IMAGE = {"model": "gpt-image-2", "prompt": "a cat"}


@pytest.mark.parametrize("given", [True, "true", 1, {"partial": 2}, []])
def test_stream_is_refused(given):
    demo = Demo()
    status, told = demo.json("POST", "/v1/images/generations", {**IMAGE, "stream": given})
    assert (status, told["error"]["param"], told["error"]["code"]) == (400, "stream", "invalid_request_error")
    assert demo.counts()["billed_quota"] == 0


@pytest.mark.parametrize("given", [None, False, "false"])
def test_no_stream_is_served(given):
    assert Demo().json("POST", "/v1/images/generations", {**IMAGE, "stream": given})[0] == 200


@pytest.mark.parametrize(("given", "status"), [("true", 400), ("1", 400), ("false", 200)])
def test_stream_in_a_form(given, status):
    demo, answered, told = edit(*FIELDS, ("image", png()), ("stream", given))
    assert answered == status
    assert len(demo.app.tasks) == (status == 200)
    assert told.get("error", {}).get("param") == ("stream" if status == 400 else None)
