"""Faults on request, without sockets: where they strike, how often, and what the server had done by then."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.demo.exchange import Answer
from qwave_jupyter.demo.faults import HOWS, Fault
from qwave_jupyter.errors import ConfigurationError
from tests.unit.demo.demo_app import BODY, Demo

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


def test_every_kind_of_fault_is_in_the_table():
    assert set(LOOKS) | {"fail", "error"} == set(HOWS)


@pytest.mark.parametrize("how", LOOKS)
def test_a_fault_strikes_a_submit_and_the_server_acted_or_not(how):
    status, fate, acted = LOOKS[how]
    demo = Demo()
    demo.protocol.break_next(at="submit", how=how)
    answer = demo.submit(idempotency_key="one")
    assert (answer.status, answer.fate, len(demo.protocol.tasks)) == (status, fate, int(acted))
    again = demo.submit(idempotency_key="one")
    assert (again.status, again.fate, len(demo.protocol.tasks)) == (200, "", 1)


@pytest.mark.parametrize("how", ["500", "502", "503", "429", "hang", "reset"])
def test_a_fault_can_strike_when_all_is_done(how):
    demo = Demo()
    demo.protocol.break_next(at="submit", how=how, acts=True)
    demo.submit(idempotency_key="one")
    assert len(demo.protocol.tasks) == 1
    demo.submit(idempotency_key="one")
    assert demo.counts()["billed"] == 1


@pytest.mark.parametrize("place", ["submit", "status", "download", "cancel", "lookup"])
def test_a_fault_strikes_its_place_only_and_so_many_times(place):
    demo = Demo()
    task = demo.create_task()
    demo.finish()
    asked = {
        "submit": ("POST", "/v1/tasks", BODY),
        "status": ("GET", f"/v1/tasks/{task}", None),
        "download": ("GET", f"/files/{task}/0.png", None),
        "cancel": ("POST", f"/v1/tasks/{task}/cancel", None),
        "lookup": ("GET", "/v1/models", None),
    }
    demo.protocol.break_next(at=place, how="503", times=2)
    for other in asked.keys() - {place}:
        assert demo.ask(*asked[other]).status != 503
    assert [demo.ask(*asked[place]).status == 503 for _ in range(4)] == [True, True, False, False]


def test_without_a_number_a_fault_strikes_until_it_is_taken_back():
    demo = Demo(fail="upstream_unavailable")
    ids = [demo.create_task() for _ in range(3)]
    demo.protocol.change(fail=None)
    ids.append(demo.create_task())
    demo.finish()
    told = [demo.json("GET", f"/v1/tasks/{task}")[1] for task in ids]
    assert [one["status"] for one in told] == ["failed"] * 3 + ["completed"]
    assert told[0]["error"]["code"] == "upstream_unavailable"
    assert told[0]["error"]["message"].startswith("[upstream_unavailable]")
    assert [one["cost"] for one in told] == [0, 0, 0, told[3]["pre_consumed_cost"]]


def test_a_task_fails_once_although_its_submit_is_repeated():
    demo = Demo(fail="upstream_rate_limited:1")
    first = demo.create_task(idempotency_key="one")
    assert demo.create_task(idempotency_key="one") == first
    second = demo.create_task(idempotency_key="two")
    demo.finish()
    ends = [demo.json("GET", f"/v1/tasks/{task}")[1]["status"] for task in (first, second)]
    assert ends == ["failed", "completed"]


def test_a_refused_request_uses_no_failure_up():
    demo = Demo(fail="task_failed:1")
    assert demo.submit({**BODY, "quality": "ultra"}).status == 400
    demo.create_task()
    assert demo.counts()["faults_left"] == 0


def test_a_429_says_how_long_and_in_the_documented_words():
    demo = Demo()
    demo.protocol.break_next(at="submit", how="429", retry_after=7)
    answer = demo.submit()
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(answer.body)["error"]["code"] == "rate_limit_error"
    demo.protocol.break_next(at="submit", how="429", retry_after=None)
    assert "Retry-After" not in demo.submit().headers


@pytest.mark.parametrize(("code", "status"), [("price_not_configured", 500), ("payment_required", 402)])
def test_any_documented_refusal_can_be_asked_for(code, status):
    demo = Demo()
    demo.protocol.break_next(at="submit", how="error", code=code)
    given, told = demo.json("POST", "/v1/tasks", BODY)
    assert (given, told["error"]["code"]) == (status, code)


def test_a_used_up_spend_window_says_when_it_opens_again():
    demo = Demo()
    demo.protocol.break_next(at="submit", how="error", code="quota_window_exceeded", seconds=90)
    status, told = demo.json("POST", "/v1/tasks", BODY)
    assert status == 429
    assert told["error"].keys() >= {"window", "used", "cap"}
    assert told["error"]["reset_at"] - demo.clock.now() == pytest.approx(90, abs=1)


def test_a_held_answer_is_spoilt_when_it_goes_out():
    demo = Demo()
    demo.protocol.break_next(at="submit", how="reset-after")
    answer = demo.submit(prefer="wait=5")
    assert answer.fate == ""
    assert answer.hold.then().fate == "reset"


def test_other_processes_set_faults_and_read_counts_with_the_key():
    demo = Demo()
    status, told = demo.json("POST", "/demo/faults", [{"at": "submit", "how": 502, "times": 2}, {"how": "slow"}])
    assert (status, [fault["how"] for fault in told["faults"]]) == (200, ["502", "slow"])
    assert [demo.submit().status for _ in range(2)] == [502, 502]
    assert demo.submit().delay > 0
    assert demo.json("GET", "/demo/faults") == (200, {"faults": []})
    demo.finish()
    task = next(iter(demo.protocol.tasks))
    demo.ask("GET", f"/v1/tasks/{task}")
    counts = demo.counts()
    assert (counts["submits"], counts["statuses"], counts["tasks"], counts["billed"]) == (3, 1, 1, 1)
    assert counts["paths"] == {"GET /v1/tasks/{id}": 1, "POST /v1/tasks": 3}
    demo.json("POST", "/demo/faults", [{"how": "reset", "times": None}])
    assert demo.json("POST", "/demo/faults", []) == (200, {"faults": []})


def test_nobody_without_the_key_turns_anything():
    demo = Demo()
    answer = demo.ask("POST", "/demo/faults", [{"how": "reset"}], authorization="Bearer another")
    assert answer.status == 401
    assert not demo.protocol.faults.still_open()


@pytest.mark.parametrize(
    "given",
    [
        "no list",
        [1],
        [{"at": "nowhere"}],
        [{"how": "magic"}],
        [{"how": "error", "code": "made_up"}],
        [{"times": 0}],
        [{"times": "many"}],
        [{"how": "slow", "seconds": -1}],
        [{"colour": "red"}],
        [{"acts": "perhaps"}],
        [{"how": "fail", "code": 5}],
        b"{",
    ],
)
def test_a_fault_that_there_is_not_is_refused_in_one_line(given):
    demo = Demo()
    demo.protocol.break_next(how="503", at="cancel")
    status, told = demo.json("POST", "/demo/faults", given)
    assert status == 400
    assert "\n" not in told["error"]["message"]
    assert len(demo.protocol.faults.still_open()) == 1


def test_faults_are_values():
    fault = Fault(at="submit", how="reset")
    assert fault == Fault.read({"at": "submit", "how": "reset"})
    with pytest.raises(AttributeError):
        fault.times = 5
    assert fault.spoils(Answer(200, b"")).fate == "reset"


@pytest.mark.parametrize("switches", [{"speed": 3}, {"latency": -1}, {"dialect": "klingon"}, {"fail": "x:many"}])
def test_a_switch_that_there_is_not_is_refused_and_nothing_changes(switches):
    demo = Demo()
    before = demo.protocol.switches
    with pytest.raises(ConfigurationError):
        demo.protocol.change(**{"slow": True, **switches})
    assert demo.protocol.switches == before
    assert demo.json("POST", "/demo/switches", {"slow": True, **switches})[0] == 400
