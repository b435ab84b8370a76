"""A refusing answer, in whatever shape, becomes the right error with everything the server said."""

from __future__ import annotations

import json
import pickle

import pytest

from qwave_jupyter import errors
from qwave_jupyter.client.error_responses import is_transient, read_error, read_retry_after

NOW = 1_775_000_000.0


def refusal(status, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error(status, {name.replace("_", "-"): value for name, value in headers.items()}, content, now=NOW)


@pytest.mark.parametrize(
    ("status", "body", "kind", "api_code", "transient"),
    [
        (
            400,
            {"code": "invalid_request", "message": "bad", "data": None},
            errors.RequestRejected,
            "invalid_request",
            False,
        ),
        (
            400,
            {"error": {"code": 400, "message": "bad", "type": "invalid_request_error"}},
            errors.RequestRejected,
            "invalid_request_error",
            False,
        ),
        (
            400,
            {"error": {"type": "x", "code": "invalid_request", "message": "bad"}},
            errors.RequestRejected,
            "invalid_request",
            False,
        ),
        (
            400,
            {"error": {"message": "no", "code": "capability_violation", "param": "seed"}},
            errors.RequestRejected,
            "capability_violation",
            False,
        ),
        (
            400,
            {"error": {"message": "no", "code": "capability_violation"}},
            errors.RequestRejected,
            "capability_violation",
            False,
        ),
        (
            400,
            {"error": {"code": "task_not_cancellable", "message": "late"}},
            errors.RequestRejected,
            "task_not_cancellable",
            False,
        ),
        (400, {"code": "task_not_exist", "message": "?", "data": None}, errors.NotFound, "task_not_exist", False),
        (
            400,
            {"error": {"code": "source_task_not_owned", "message": "?"}},
            errors.RequestRejected,
            "source_task_not_owned",
            False,
        ),
        (401, b"Authentication failed", errors.AuthenticationFailed, "", False),
        (
            401,
            {"error": {"message": "bad key", "type": "authentication_error"}},
            errors.AuthenticationFailed,
            "authentication_error",
            False,
        ),
        (
            402,
            {"code": "payment_required", "message": "low", "data": None},
            errors.PaymentRequired,
            "payment_required",
            False,
        ),
        (
            403,
            {"code": "quota_not_enough", "message": "low", "data": None},
            errors.PaymentRequired,
            "quota_not_enough",
            False,
        ),
        (
            403,
            {"error": {"type": "permission_error", "message": "no"}},
            errors.PermissionDenied,
            "permission_error",
            False,
        ),
        (404, {"error": {"code": "task_not_found", "message": "?"}}, errors.NotFound, "task_not_found", False),
        (404, {"error": {"code": "model_not_found", "message": "?"}}, errors.NotFound, "model_not_found", False),
        (404, b"<html><title>404 page</title></html>", errors.NotFound, "", False),
        (429, {"error": {"type": "rate_limit_error", "message": "slow"}}, errors.RateLimited, "rate_limit_error", True),
        (429, b"", errors.RateLimited, "", True),
        (
            429,
            {"error": {"code": "quota_window_exceeded", "message": "full"}},
            errors.RateLimited,
            "quota_window_exceeded",
            False,
        ),
        (
            500,
            {"error": {"code": "price_not_configured", "message": "?"}},
            errors.ServerFault,
            "price_not_configured",
            False,
        ),
        (500, {"code": "get_task_failed", "message": "?", "data": None}, errors.ServerFault, "get_task_failed", True),
        (501, b"", errors.ServerFault, "", False),
        (
            502,
            b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            errors.ServerFault,
            "",
            True,
        ),
        (524, b"", errors.ServerFault, "", True),
        (408, b"", errors.RequestRejected, "", True),
        (418, b"[1, 2]", errors.RequestRejected, "", False),
    ],
)
def test_error_of_documented_refusals(status, body, kind, api_code, transient):
    error = refusal(status, body)
    assert type(error) is kind
    assert (error.status, error.api_code) == (status, api_code)
    assert is_transient(error) is transient
    assert "\n" not in str(error)
    assert "None" not in str(error)
    assert "<" not in str(error)


def test_error_given_as_text():
    error = refusal(400, {"error": "no such size"})
    assert error.fields["message"] == "no such size"
    assert "no such size" in str(error)


def test_error_keeps_what_the_server_said():
    error = refusal(
        400, {"error": {"message": "n is refused", "code": "capability_violation", "param": "n"}}, X_Request_Id="req-1"
    )
    assert (error.fields["param"], error.fields["request_id"], error.fields["message"]) == (
        "n",
        "req-1",
        "n is refused",
    )
    assert "refuses n for this model" in str(error)
    assert pickle.loads(pickle.dumps(error)).fields == error.fields


@pytest.mark.parametrize("reset_at", [NOW + 90, (NOW + 90) * 1000, "2026-03-31T23:34:50Z", "2026-04-01T07:34:50+08:00"])
@pytest.mark.parametrize("inside", [True, False])
def test_error_tells_when_the_window_resets(reset_at, inside):
    window = {"window": "5h", "used": 7, "cap": 7, "reset_at": reset_at}
    body = {"error": {"code": "quota_window_exceeded", "message": "full"}}
    (body["error"] if inside else body).update(window)
    error = refusal(429, body)
    assert error.retry_after == pytest.approx(90, abs=1)
    assert "again in 90 s" in str(error)
    assert error.fields["window"] == {"window": "5h", "used": 7, "cap": 7}
    assert is_transient(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Tue, 31 Mar 2026 23:33:50 GMT", 30.0),
        ("Tue, 31 Mar 2020 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_in_every_spelling(header, seconds):
    assert read_retry_after({"retry-after": header}, now=NOW) == seconds


@pytest.mark.parametrize("words", ["key-frames are not allowed", "sk-learn", "a pk-wise hint"])
def test_error_text_keeps_words_that_are_no_keys(words):
    assert words in str(refusal(400, {"error": {"message": words}}))


def test_error_text_is_short_without_keys():
    text = "bad\n\x1b[31mkey sk-other0123456789, Bearer abcdef123456 " + "x" * 900_000
    error = refusal(400, {"error": {"message": text}})
    assert "sk-" not in str(error.fields)
    assert "abcdef123456" not in str(error.fields)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 700


def test_error_text_of_an_html_page():
    error = refusal(502, b"<!DOCTYPE html><html><title>Bad Gateway</title><body>" + b"<p>long</p>" * 1000)
    assert error.fields["message"] == "Bad Gateway"
