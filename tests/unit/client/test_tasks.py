"""Every documented dialect becomes one Task, and nothing else becomes anything but an error of ours."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwave_jupyter.client import tasks
from qwave_jupyter.client.client import read_balance, read_models, read_tool
from qwave_jupyter.client.coerce import read_progress, read_time
from qwave_jupyter.client.error_responses import read_error
from qwave_jupyter.errors import ApiError, QwaveError, UnreadableAnswer

PIXELS = base64.b64encode(b"\x89PNG pixels").decode()


def uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    ("answer", "task_id", "state", "held"),
    [
        ({"code": "success", "data": "task-wave17"}, "task-wave17", "queued", None),
        ({"code": "success", "data": {"task_id": "t1", "status": "queued"}}, "t1", "queued", None),
        (
            {"task_id": "task_01K8", "status": "queued", "progress": 0, "created_at": 1775285160040},
            "task_01K8",
            "queued",
            None,
        ),
        ({"task_id": "t", "status": "queued", "pre_consumed_cost": 4781}, "t", "queued", 4781),
        ({"task_id": "t"}, "t", "queued", None),
        (
            {"id": "old-1", "type": "image", "status": "processing", "created_at": "2025-11-03T10:00:00Z"},
            "old-1",
            "processing",
            None,
        ),
        ({"created": 1720000000, "data": [{"url": "https://a/1.png", "revised_prompt": "x"}]}, "", "completed", None),
        ({"created": 1720000000, "data": [{"b64_json": PIXELS}]}, "", "completed", None),
    ],
)
def test_submission_in_every_dialect(answer, task_id, state, held):
    task = tasks.read_submission(answer)
    assert (task.task_id, task.state, task.held_quota) == (task_id, state, held)
    assert task.raw is answer


@pytest.mark.parametrize(
    ("result", "urls"),
    [
        ({"images": [{"url": "https://a/1"}]}, [("https://a/1",)]),
        ({"images": [{"url": ["https://a/1"]}]}, [("https://a/1",)]),
        ({"images": [{"url": ["https://a/1", "https://b/1"]}]}, [("https://a/1", "https://b/1")]),
        ({"images": [{"url": ["https://a/1"]}, {"url": ["https://a/2"]}]}, [("https://a/1",), ("https://a/2",)]),
        ({"images": ["https://a/1"]}, [("https://a/1",)]),
        ({"images": [{"url": "https://a/1"}, None, {"url": ""}, 7]}, [("https://a/1",), (), (), ()]),
        ({"images": [{}, {"url": "https://a/1"}]}, [(), ("https://a/1",)]),
        ({"images": [None, {"url": []}, ""]}, []),
        ({"data": [{"url": "https://a/1"}]}, [("https://a/1",)]),
        ({"image_url": "https://a/1"}, [("https://a/1",)]),
        ({"images": []}, []),
        (None, []),
    ],
)
def test_result_in_every_shape(result, urls):
    task = tasks.read_task({"task_id": "t", "status": "completed", "result": result})
    assert [link.urls for link in task.images] == urls


def test_status_of_the_oldest_dialect():
    task = tasks.read_task(
        {
            "code": "success",
            "data": {"task_id": "t", "status": "succeeded", "progress": 100, "url": "https://a/1", "result": None},
        }
    )
    assert (task.state, task.status, task.is_over) == ("completed", "succeeded", True)
    assert task.images == (tasks.ResultImage(urls=("https://a/1",)),)


def test_status_of_the_newest_dialect():
    task = tasks.read_task(
        {
            "task_id": "t",
            "status": "completed",
            "progress": "100%",
            "model": "m",
            "action": "edit",
            "created_at": 1758000000,
            "completed_at": 1758000009,
            "cost": 4781,
            "billing_status": "settled",
            "next_poll_after_seconds": 4,
            "result": {"images": [{"url": ["https://a/1"], "expires_at": 1758604809}, {"b64_json": PIXELS}]},
            "new_field": [1],
        }
    )
    assert (task.progress, task.cost_quota, task.billing_status, task.poll_hint) == (1.0, 4781, "settled", 4.0)
    assert (task.created_at, task.completed_at, task.model, task.action) == (1758000000.0, 1758000009.0, "m", "edit")
    assert task.images[0].expires_at == 1758604809.0
    assert task.images[1].data == b"\x89PNG pixels"
    assert task.raw["new_field"] == [1]
    assert tasks.to_usd(task.cost_quota) == pytest.approx(0.009562)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            {"code": "upstream_bad_request", "message": "[upstream_bad_request] refused"},
            "upstream_bad_request",
            "refused",
        ),
        ({"message": "[upstream_unavailable] down"}, "upstream_unavailable", "down"),
        ("it broke", "task_failed", "it broke"),
        (None, "task_failed", ""),
        ({"code": None, "message": 7}, "task_failed", "7"),
    ],
)
def test_failure_in_every_shape(error, code, message):
    task = tasks.read_task({"task_id": "t", "status": "failed", "error": error, "progress": "100%"})
    assert task.failure == tasks.Failure(code, message)
    assert task.is_over


@pytest.mark.parametrize(
    ("said", "contents"),
    [
        ({"result": {"images": [{"url": [uri(b"1"), uri(b"2")]}]}}, [b"1", b"2"]),
        ({"result": {"images": [uri(b"1"), uri(b"2")]}}, [b"1", b"2"]),
        ({"result": {"images": [[uri(b"1"), uri(b"1")], {"url": uri(b"2")}]}}, [b"1", b"2"]),
        ({"result": {"images": [{"b64_json": PIXELS, "url": [uri(b"2")]}]}}, [b"\x89PNG pixels", b"2"]),
        ({"url": uri(b"1")}, [b"1"]),
    ],
)
def test_bytes_of_every_image_are_read(said, contents):
    task = tasks.read_task({"task_id": "t", "status": "completed", **said})
    assert [image.data for image in task.images] == contents
    assert not any(image.urls for image in task.images)


def test_address_beside_bytes_is_a_mirror():
    said = {"images": [{"url": [uri(b"1"), "https://a/1", uri(b"not base64")[:-2]]}]}
    (image,) = tasks.read_task({"task_id": "t", "status": "completed", "result": said}).images
    assert (image.data, image.urls[0]) == (b"1", "https://a/1")


def test_status_unknown_keeps_its_word():
    task = tasks.read_task({"task_id": "t", "status": "Dreaming"})
    assert (task.state, task.status, task.is_over) == ("unknown", "Dreaming", False)


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        (1720000000, 1720000000.0),
        (1775285160040, 1775285160.04),
        ("1720000000", 1720000000.0),
        ("2026-04-08T00:00:00Z", 1775606400.0),
        ("2026-04-08T08:00:00.5+08:00", 1775606400.5),
        ("2026-04-08 00:00:00", 1775606400.0),
        (0, None),
        ("", None),
        ("soon", None),
        ("2026-99-99T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        (True, None),
        (float("nan"), None),
        (10**400, None),
        (1e300, None),
        (253402300800000, None),
    ],
)
def test_time_in_every_unit(given_, seconds):
    assert read_time(given_) == seconds


@pytest.mark.parametrize(
    ("given_", "whole"), [(3187, 3187), ("3187", 3187), (2.5, 2), (True, None), (2**63, None), (-1e300, None)]
)
def test_cost_fits_the_database(given_, whole):
    task = tasks.read_task({"task_id": "t", "status": "completed", "cost": given_, "pre_consumed_cost": given_})
    assert (task.cost_quota, task.held_quota) == (whole, whole)


@pytest.mark.parametrize(
    ("given_", "part"),
    [
        (0, 0.0),
        (45, 0.45),
        ("45%", 0.45),
        (" 45 % ", 0.45),
        ("", None),
        (None, None),
        (-3, 0.0),
        (250, 1.0),
        ("half", None),
    ],
)
def test_progress_in_every_spelling(given_, part):
    assert read_progress(given_) == part


def test_cancellation_is_read():
    answer = {"task_id": "t", "status": "cancelled", "refunded": True, "refunded_quota": 6375}
    assert tasks.read_cancellation(answer, "t") == tasks.Cancellation("t", refunded=True, refunded_quota=6375)
    with pytest.raises(UnreadableAnswer, match="didn't confirm"):
        tasks.read_cancellation({"task_id": "t", "status": "processing"}, "t")


@pytest.mark.parametrize(
    "answer", [None, [], "text", 3, {}, {"status": "queued"}, {"code": "x", "data": None}, {"data": []}]
)
def test_submission_without_task_is_refused(answer):
    with pytest.raises(UnreadableAnswer) as caught:
        tasks.read_submission(answer)
    assert "\n" not in str(caught.value)
    assert {"status", "api_code", "message", "param", "request_id"} <= set(caught.value.fields)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "success",
            "completed",
            "failed",
            "45%",
            "https://a/1",
            "2026-04-08T00:00:00Z",
            PIXELS,
            1720000000,
            1775285160040,
        ]
    )
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
task_names = [
    "task_id",
    "id",
    "status",
    "progress",
    "result",
    "data",
    "images",
    "url",
    "code",
    "error",
    "message",
    "cost",
]
task_names += [
    "created_at",
    "created",
    "completed_at",
    "expires_at",
    "b64_json",
    "pre_consumed_cost",
    "reset_at",
    "param",
]
task_like = st.recursive(
    anything,
    lambda inner: st.dictionaries(st.sampled_from(task_names), inner, max_size=8) | st.lists(inner, max_size=3),
    max_leaves=15,
)


READERS = {
    "submission": tasks.read_submission,
    "task": tasks.read_task,
    "cancellation": lambda body: tasks.read_cancellation(body, "t"),
    "balance": read_balance,
    "models": read_models,
    "tool": lambda body: read_tool("x", body),
}


@pytest.mark.slow
@given(answer=task_like)
def test_readers_take_any_answer(answer):
    for name, read in READERS.items():
        with contextlib.suppress(QwaveError):
            assert read(answer) is not None, name


@pytest.mark.slow
@given(answer=task_like)
def test_task_of_any_answer_is_consistent(answer):
    with contextlib.suppress(QwaveError):
        task = tasks.read_task(answer)
        assert task.progress is None or 0 <= task.progress <= 1
        # Entries without an image keep their places between others.
        assert not task.images or any(link.is_filled for link in task.images)
        assert all(isinstance(url, str) and url for link in task.images for url in link.urls)
        assert (task.failure is not None) == (task.state == "failed")
        assert task.is_over == (task.state in tasks.ENDED_STATES)
        assert repr(task)


@given(
    st.integers(min_value=300, max_value=599),
    task_like,
    st.dictionaries(st.sampled_from(["Retry-After", "X-Request-Id"]), st.text(max_size=30)),
)
def test_error_of_any_json_is_an_api_error(status, body, headers):
    error = read_error(status, headers, json.dumps(body).encode(), now=0.0)
    assert isinstance(error, ApiError)
    assert "\n" not in str(error)
    assert len(str(error)) < 1500


@given(st.binary(max_size=300))
def test_error_of_any_bytes_is_an_api_error(content):
    assert "\n" not in str(read_error(502, {}, content, now=0.0))


@pytest.mark.parametrize("odd", ["a" * 100_000, "line\nline", "\u202e\x00"], ids=["long", "lines", "marks"])
def test_texts_are_short_and_printable(odd):
    task = tasks.read_task(
        {"task_id": odd, "status": f"failed {odd}", "error": {"code": odd, "message": "no"}}, task_id="asked"
    )
    assert task.task_id == "asked"
    assert len(task.status) < 100
    assert task.status.isprintable()
    failed = tasks.read_task({"task_id": "t", "status": "failed", "error": {"code": odd, "message": "no"}})
    assert len(failed.failure.code) < 100
    assert failed.failure.code.isprintable()
    with pytest.raises(UnreadableAnswer):
        tasks.read_submission({"code": "success", "data": odd})


@pytest.mark.parametrize("status", ["queued", "processing", "Pending", ""])
@pytest.mark.parametrize("cost", [0, 4781])
def test_cost_is_that_of_an_ended_task(status, cost):
    task = tasks.read_task({"task_id": "t", "status": status, "cost": cost, "pre_consumed_cost": 9}, where="submit")
    assert (task.held_quota, task.cost_quota) == (9, None)


# One of an unknown state may be an ended one: a cost is a sign of it.
@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "done"])
@pytest.mark.parametrize(
    ("billing", "held", "cost", "expected"),
    [
        ("settled", 9000, 4781, (9000, 4781)),
        ("refunded", 9000, 0, (9000, 0)),
        ("", None, 0, (None, 0)),
        ("paid", None, 4781, (None, 4781)),
        ("settlement_pending", 9000, 0, (9000, None)),
        ("pricing_pending", None, 0, (None, None)),
        ("reserved", 0, 0, (0, None)),
        # What is named above the hold counts like one until it is settled.
        ("refund_pending", 100, 4781, (4781, None)),
        ("SETTLEMENT_PENDING", None, 4781, (4781, None)),
    ],
)
def test_cost_is_that_of_a_settled_task(status, billing, held, cost, expected):
    answer = {"task_id": "t", "status": status, "cost": cost, "pre_consumed_cost": held, "billing_status": billing}
    task = tasks.read_task(answer)
    assert (task.held_quota, task.cost_quota, task.billing_status) == (*expected, billing)


@pytest.mark.parametrize("status", ["queued", "ok", ""])
def test_cost_of_images_without_a_task(status):
    answer = {"created": 1720000000, "data": [{"url": "https://a/1.png"}], "status": status, "cost": 4781}
    task = tasks.read_submission(answer)
    assert (task.state, task.cost_quota) == ("completed", 4781)


@pytest.mark.parametrize(
    ("money", "refunded", "cost"),
    [
        ({}, None, None),
        ({"refunded": True, "refunded_quota": 3187}, True, None),
        ({"refunded": False, "refunded_quota": 0}, False, None),
        ({"refunded_quota": 3187}, True, None),
        ({"refunded_quota": 0}, None, None),
        ({"cost": 0}, True, 0),
        ({"cost": 3187}, False, 3187),
        ({"billing_status": "refunded"}, True, 0),
        ({"billing_status": "refund_pending", "cost": 0}, None, None),
    ],
)
def test_cancellation_tells_its_money(money, refunded, cost):
    answer = tasks.read_cancellation({"task_id": "t1", "status": "cancelled", **money}, "t1")
    assert (answer.refunded, answer.task.cost_quota) == (refunded, cost)
