"""Injected faults, without sockets: at which exchange, how often, and whether the server acted before."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.demo.faults import FAULT_KINDS, Fault
from qwave_jupyter.demo.http_types import Response
from qwave_jupyter.errors import ConfigurationError
from tests.unit.demo.demo_app import BODY, Demo

#: The smallest image that the catalogue knows of, for requests that are painted.
SMALL = {"model": "gemini-3.1-flash-image-preview", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "0.5K"}
#: What a fault looks like from outside, and whether the server acted.
LOOKS = {
    "429": (429, "", False),
    "500": (500, "", False),
    "502": (502, "", False),
    "503": (503, "", False),
    "slow": (200, "", True),
    "hang": (0, "hang", False),
    "reset": (0, "reset", False),
    "reset-after": (200, "reset", True),
    "junk": (200, "", True),
    "empty": (200, "", True),
    "truncated": (200, "truncate", True),
}


def test_fault_table_is_complete():
    assert set(LOOKS) | {"fail", "error"} == set(FAULT_KINDS)


def test_fault_on_submit():
    for how, (status, connection_fault, acted) in LOOKS.items():
        demo = Demo()
        demo.app.inject_fault(at="submit", how=how)
        answer = demo.submit(idempotency_key="one")
        assert (answer.status, answer.connection_fault, len(demo.app.tasks)) == (
            status,
            connection_fault,
            int(acted),
        ), how
        again = demo.submit(idempotency_key="one")
        assert (again.status, again.connection_fault, len(demo.app.tasks)) == (200, "", 1), how


def test_fault_after_the_server_acted():
    for how in ("500", "502", "503", "429", "hang", "reset"):
        demo = Demo()
        demo.app.inject_fault(at="submit", how=how, acts=True)
        demo.submit(idempotency_key="one")
        assert len(demo.app.tasks) == 1, how
        demo.submit(idempotency_key="one")
        assert demo.counts()["billed"] == 1, how


def test_fault_strikes_its_exchange_only():
    demo = Demo()
    task = demo.create_task(SMALL)
    demo.finish()
    requests = {
        "submit": ("POST", "/v1/tasks", SMALL),
        "status": ("GET", f"/v1/tasks/{task}", None),
        "download": ("GET", f"/files/{task}/0.png", None),
        "cancel": ("POST", f"/v1/tasks/{task}/cancel", None),
        "lookup": ("GET", "/v1/models", None),
    }
    for place, request in requests.items():
        demo.app.inject_fault(at=place, how="503", times=2)
        others = {other: demo.ask(*requests[other]).status for other in requests if other != place}
        assert 503 not in others.values(), (place, others)
        assert [demo.ask(*request).status == 503 for _ in range(4)] == [True, True, False, False], place


def test_fault_without_count_lasts():
    demo = Demo(fail="upstream_unavailable")
    ids = [demo.create_task() for _ in range(3)]
    demo.app.change(fail=None)
    ids.append(demo.create_task())
    demo.finish()
    told = [demo.json("GET", f"/v1/tasks/{task}")[1] for task in ids]
    assert [one["status"] for one in told] == ["failed"] * 3 + ["completed"]
    assert told[0]["error"]["code"] == "upstream_unavailable"
    assert told[0]["error"]["message"].startswith("[upstream_unavailable]")
    assert [one["cost"] for one in told] == [0, 0, 0, told[3]["pre_consumed_cost"]]


def test_task_failure_once_per_key():
    demo = Demo(fail="upstream_rate_limited:1")
    first = demo.create_task(idempotency_key="one")
    assert demo.create_task(idempotency_key="one") == first
    second = demo.create_task(idempotency_key="two")
    demo.finish()
    ends = [demo.json("GET", f"/v1/tasks/{task}")[1]["status"] for task in (first, second)]
    assert ends == ["failed", "completed"]


def test_rejected_request_uses_no_failure():
    demo = Demo(fail="task_failed:1")
    assert demo.submit({**BODY, "quality": "ultra"}).status == 400
    demo.create_task()
    assert demo.counts()["faults_left"] == 0


def test_fault_429_has_retry_after():
    demo = Demo()
    demo.app.inject_fault(at="submit", how="429", retry_after=7)
    answer = demo.submit()
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(answer.body)["error"]["code"] == "rate_limit_error"
    demo.app.inject_fault(at="submit", how="429", retry_after=None)
    assert "Retry-After" not in demo.submit().headers


def test_fault_any_documented_error():
    for code, status in (("price_not_configured", 500), ("payment_required", 402)):
        demo = Demo()
        demo.app.inject_fault(at="submit", how="error", code=code)
        given, body = demo.json("POST", "/v1/tasks", BODY)
        assert (given, body["error"]["code"]) == (status, code)


def test_spend_window_error_has_reset_time():
    demo = Demo()
    demo.app.inject_fault(at="submit", how="error", code="quota_window_exceeded", seconds=90)
    status, told = demo.json("POST", "/v1/tasks", BODY)
    assert status == 429
    assert told["error"].keys() >= {"window", "used", "cap"}
    assert told["error"]["reset_at"] - demo.clock.now() == pytest.approx(90, abs=1)


def test_fault_applies_to_held_response():
    demo = Demo()
    demo.app.inject_fault(at="submit", how="reset-after")
    answer = demo.submit(prefer="wait=5")
    assert answer.connection_fault == ""
    assert answer.hold.make_response().connection_fault == "reset"


def test_admin_endpoints_set_and_count_faults():
    demo = Demo()
    status, told = demo.json("POST", "/demo/faults", [{"at": "submit", "how": 502, "times": 2}, {"how": "slow"}])
    assert (status, [fault["how"] for fault in told["faults"]]) == (200, ["502", "slow"])
    assert [demo.submit().status for _ in range(2)] == [502, 502]
    assert demo.submit().delay > 0
    assert demo.json("GET", "/demo/faults") == (200, {"faults": []})
    demo.finish()
    task = next(iter(demo.app.tasks))
    demo.ask("GET", f"/v1/tasks/{task}")
    counts = demo.counts()
    assert (counts["submits"], counts["statuses"], counts["tasks"], counts["billed"]) == (3, 1, 1, 1)
    assert counts["paths"] == {"GET /v1/tasks/{id}": 1, "POST /v1/tasks": 3}
    demo.json("POST", "/demo/faults", [{"how": "reset", "times": None}])
    assert demo.json("POST", "/demo/faults", []) == (200, {"faults": []})


def test_admin_endpoints_require_the_key():
    demo = Demo()
    answer = demo.ask("POST", "/demo/faults", [{"how": "reset"}], authorization="Bearer another")
    assert answer.status == 401
    assert not demo.app.faults.pending()


INVALID_FAULTS = [
    "no list",
    [1],
    [{"at": "nowhere"}],
    [{"how": "magic"}],
    [{"how": "error", "code": "made_up"}],
    [{"times": 0}],
    [{"times": "api"}],
    [{"how": "slow", "seconds": -1}],
    [{"colour": "red"}],
    [{"acts": "perhaps"}],
    [{"how": "fail", "code": 5}],
    b"{",
]


def test_invalid_fault_is_rejected():
    demo = Demo()
    demo.app.inject_fault(how="503", at="cancel")
    for faults in INVALID_FAULTS:
        status, body = demo.json("POST", "/demo/faults", faults)
        assert status == 400, faults
        assert "\n" not in body["error"]["message"], faults
        assert len(demo.app.faults.pending()) == 1, faults


def test_fault_is_immutable():
    fault = Fault(at="submit", how="reset")
    assert fault == Fault.from_json({"at": "submit", "how": "reset"})
    with pytest.raises(AttributeError):
        fault.times = 5
    assert fault.apply_to(Response(200, b"")).connection_fault == "reset"


INVALID_SWITCHES = [
    {"speed": 3},
    {"latency": -1},
    {"dialect": "klingon"},
    {"dialect": ["percent"]},
    {"fail": "x:many"},
    {"fail": {}},
    {"reset": [1]},
]


@pytest.mark.parametrize("switches", INVALID_SWITCHES)
def test_invalid_switch_changes_nothing(switches):
    demo = Demo()
    before = demo.app.options
    with pytest.raises(ConfigurationError):
        demo.app.change(**{"slow": True, **switches})
    assert demo.app.options == before
    assert demo.json("POST", "/demo/switches", {"slow": True, **switches})[0] == 400
