"""Every documented dialect, and every odd answer, becomes a task or one of our errors."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.api import errors as reading
from qwave_jupyter.api import wire
from qwave_jupyter.errors import (
    AuthenticationFailed,
    NotFound,
    PaymentRequired,
    QwaveError,
    RateLimited,
    RequestRejected,
    ServerFault,
)

LINK = "https://cdn.example/a.png"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
fields = st.sampled_from(
    ["task_id", "status", "progress", "created_at", "result", "images", "url", "data", "error", "code", "cost"]
)


@pytest.mark.parametrize(
    ("answer", "task_id"),
    [
        ({"code": "success", "data": "task-wave17486"}, "task-wave17486"),
        ({"task_id": "t1", "status": "queued", "created_at": 1775285160040, "progress": 0}, "t1"),
        ({"code": "success", "data": {"task_id": "t2", "status": "queued"}}, "t2"),
    ],
)
def test_both_submit_envelopes_are_read(answer, task_id):
    task = wire.read_submission(answer)
    assert (task.task_id, task.state) == (task_id, "queued")


@pytest.mark.parametrize(
    ("answer", "urls"),
    [
        ({"status": "completed", "result": {"images": [{"url": LINK}]}}, [(LINK,)]),
        (
            {"status": "completed", "result": {"images": [{"url": [LINK]}, {"url": [LINK + "2"]}]}},
            [(LINK,), (LINK + "2",)],
        ),
        (
            {"status": "succeeded", "url": LINK, "result": {"images": [{"url": [LINK, LINK + "m"]}]}},
            [(LINK, LINK + "m")],
        ),
        ({"status": "succeeded", "url": LINK, "result": None}, [(LINK,)]),
        ({"created": 1, "data": [{"url": LINK}]}, [(LINK,)]),
    ],
)
def test_pictures_are_found_wherever_a_dialect_puts_them(answer, urls):
    task = wire.read_task(answer, task_id="t")
    assert task.state == "completed"
    assert [link.urls for link in task.pictures] == urls


@pytest.mark.parametrize(
    ("given_progress", "share"),
    [(0, 0.0), (45, 0.45), ("45%", 0.45), ("", None), ("100%", 1.0), (None, None), (True, None)],
)
def test_progress_is_read_in_every_spelling(given_progress, share):
    assert wire.read_task({"task_id": "t", "status": "processing", "progress": given_progress}).progress == share


def test_unknown_states_wait_and_keep_their_word():
    task = wire.read_task({"task_id": "t", "status": "Polishing", "novel": 1})
    assert (task.state, task.status, task.ended, task.raw["novel"]) == ("unknown", "Polishing", False, 1)


def test_a_failure_keeps_its_code_and_drops_the_repeated_label():
    answer = {"task_id": "t", "status": "failed", "error": {"code": "task_failed", "message": "[task_failed] no"}}
    assert wire.read_task(answer).failure == wire.Failure("task_failed", "no")


def test_base64_pictures_are_read():
    data = base64.b64encode(b"picture").decode()
    task = wire.read_task({"created": 1, "data": [{"b64_json": data}]}, task_id="t")
    assert task.pictures[0].data == b"picture"


def test_times_come_in_seconds_milliseconds_and_iso():
    assert wire.read_time(1775285160040) == pytest.approx(1775285160.04)
    assert wire.read_time(1720000000) == 1720000000
    assert wire.read_time("1970-01-01T00:00:10Z") == 10
    assert wire.read_time("soon") is None


@given(json_values | st.dictionaries(fields, json_values))
def test_no_answer_however_odd_ends_in_anything_but_a_task_or_our_error(answer):
    for read in (wire.read_submission, wire.read_task, lambda odd: wire.read_cancellation(odd, "t")):
        try:
            read(answer)
        except QwaveError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (
            400,
            b'{"error":{"message":"no","code":"capability_violation","param":"n"}}',
            RequestRejected,
            "capability_violation",
        ),
        (401, b"Authentication failed", AuthenticationFailed, "401"),
        (402, b'{"code":"payment_required","message":"low","data":null}', PaymentRequired, "payment_required"),
        (403, b'{"code":"quota_not_enough","message":"low","data":null}', PaymentRequired, "quota_not_enough"),
        (404, b'{"error":{"message":"?","code":"task_not_found"}}', NotFound, "task_not_found"),
        (429, b'{"error":{"code":429,"message":"slow","type":"rate_limit_error"}}', RateLimited, "rate_limit_error"),
        (500, b'{"error":{"message":"no price","code":"price_not_configured"}}', ServerFault, "price_not_configured"),
        (502, b"<html><title>Bad gateway</title></html>", ServerFault, "502"),
    ],
)
def test_every_documented_error_shape_is_understood(status, body, kind, code):
    error = reading.read_error(status, {"X-Request-Id": "r1"}, body, now=0)
    assert (type(error), error.api_code, error.status, error.fields["request_id"]) == (kind, code, status, "r1")
    assert "\n" not in str(error)


def test_a_missing_price_is_never_retried_though_it_is_a_500():
    price = reading.read_error(500, {}, b'{"error":{"code":"price_not_configured"}}', now=0)
    assert not reading.is_transient(price)
    assert reading.is_transient(reading.read_error(500, {}, b"oops", now=0))


@pytest.mark.parametrize(
    ("headers", "reset_at", "seconds"),
    [
        ({"Retry-After": "7"}, None, 7),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, None, 90),
        ({}, 1_000_000_010, 10),
        ({}, 1_000_000_010_000, 10),
        ({}, "2001-09-09T01:46:50Z", 10),
    ],
)
def test_the_server_may_say_when_in_every_unit(headers, reset_at, seconds):
    now = 10 if "retry-after" in headers else 1_000_000_000
    assert reading.retry_after(headers, reset_at, now=now) == pytest.approx(seconds)


def test_the_servers_words_never_repeat_the_key():
    error = reading.read_error(
        400, {}, b'{"error":{"message":"bad key s3cret and sk-abcdefgh12"}}', now=0, secret="s3cret"
    )
    assert "s3cret" not in str(error)
    assert "abcdefgh12" not in str(error)


@given(st.integers(400, 599), st.binary(max_size=200))
def test_no_error_body_is_too_odd_to_be_read(status, body):
    assert str(reading.read_error(status, {}, body, now=0))
