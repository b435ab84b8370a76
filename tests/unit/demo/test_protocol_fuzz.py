"""Random JSON: the demo either accepts or rejects it as documented, and never fails."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter import catalog
from tests.unit.demo.demo_app import Demo

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
#: Numbers that a page allows and that nobody would send.
ODD = st.sampled_from([0, -1, 2**31, 10**30, 1.0, 1e308, "", "auto", "1:1", "16:9", "1k", "4K", "generate", "png"])
MODELS = {edition: catalog.load(edition) for edition in ("2026-04", "2026-09")}


@st.composite
def bodies(draw, edition):
    model = draw(st.sampled_from(list(MODELS[edition])))
    fields = sorted({parameter.wire_path[0] for parameter in model.parameters.values()} | {"extra", "sparkle"})
    body = draw(st.dictionaries(st.sampled_from(fields), JSON | ODD, max_size=4))
    return {"model": model.id, "prompt": "a cat", **body}


@pytest.mark.parametrize("edition", MODELS)
@pytest.mark.parametrize("count", [101, 2**31, 10**30])
def test_submit_of_too_many_images_is_rejected(edition, count):
    for model in MODELS[edition]:
        status, told = Demo(edition).json("POST", "/v1/tasks", {"model": model.id, "prompt": "a cat", "n": count})
        assert (status, told["error"]["param"]) == (400, "n"), model.id


@pytest.mark.parametrize("edition", MODELS)
@given(data=st.data())
def test_fuzzed_submit_accepted_or_rejected(edition, data):
    demo = Demo(edition)
    body = data.draw(bodies(edition))
    status, told = demo.json("POST", "/v1/tasks", body)
    if status != 200:
        assert status in {400, 402}
        assert told["error"]["code"] in {"capability_violation", "invalid_request", "payment_required"}
        assert told["error"]["message"]
        return
    task = next(iter(demo.app.tasks))
    assert demo.json("GET", f"/v1/tasks/{task}")[1]["status"] == "queued"
    demo.clock.advance(10**12)
    done = demo.json("GET", f"/v1/tasks/{task}")[1]
    assert (done["status"], len(done["result"]["images"])) == ("completed", demo.app.tasks[task].image_count)


@given(
    path=st.sampled_from(["/v1/mcp", "/v1/images/generations", "/v1/images/edits", "/v1/tasks", "/demo/faults"]),
    body=JSON | st.dictionaries(st.sampled_from(["model", "prompt", "n", "size", "jsonrpc", "method", "params"]), JSON),
)
def test_fuzzed_body_to_any_path_is_answered(path, body):
    answer = Demo().ask("POST", path, json.dumps(body).encode())
    assert answer.status in {200, 202, 400, 404}
