"""The client against a real server on loopback, whose faults are written down beforehand."""

from __future__ import annotations

import ssl
import threading
import time

import pytest
import requests
import urllib3
from urllib3.exceptions import MaxRetryError

from qwave_jupyter import errors
from qwave_jupyter.client.client import Client
from qwave_jupyter.client.retry import RateLimiter, Stopped
from tests.unit.client.loopback import Loopback, Reply, json_reply, stopping
from tests.waiting import PATIENCE

QUEUED = {"task_id": "t1", "status": "queued"}
DONE = {"task_id": "t1", "status": "completed", "result": {"images": [{"url": ["https://a/1"]}]}}
BODY = {"model": "m", "prompt": "a cat"}
BROKEN = Reply(broken=True)
JUNK = Reply(body=b"<html>sorry</html>", headers={"Content-Type": "text/html"})
LATE = json_reply({"error": {"code": "task_not_cancellable", "message": "late"}}, 400)
TRANSIENT = {
    "reset": BROKEN,
    "500": json_reply({"error": {"code": "server_error", "message": "oops"}}, 500),
    "502 html": Reply(502, b"<html><title>Bad Gateway</title></html>", {"Content-Type": "text/html"}),
    "503": Reply(503),
    "429": json_reply({"error": {"message": "slow"}}, 429, Retry_After="3"),
    "junk": JUNK,
    "empty": Reply(),
    "truncated": Reply(body=b'{"task_id": "t1", "sta', length=400),
    "half json": Reply(body=b'{"task_id": "t1", "sta'),
    "no task": json_reply({"hello": "world"}),
}


def submit(client, **options):
    return client.submit(BODY, idempotency_key="key-1", **options)


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_client_retries_transient_faults(server, client, fault):
    for times in (1, 3):
        retries = []
        server.answers(*[fault] * times, json_reply(QUEUED), *[fault] * times, json_reply(DONE))
        assert submit(client, on_retry=retries.append).task_id == "t1"
        assert client.task("t1", on_retry=retries.append).state == "completed"
        assert [retry.attempt for retry in retries] == [*range(1, times + 1)] * 2
    posts = [one for one in server.seen if one.method == "POST"]
    assert {one.headers["Idempotency-Key"] for one in posts} == {"key-1"}
    assert len({one.body for one in posts}) == 1
    assert posts[0].json == BODY


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json_reply({"error": {"code": "price_not_configured", "message": "?"}}, 500), errors.ServerFault),
        (json_reply({"error": {"code": "invalid_request", "message": "?"}}, 400), errors.RequestRejected),
        (Reply(401, b"Authentication failed"), errors.AuthenticationFailed),
        (json_reply({"code": "payment_required", "message": "low", "data": None}, 402), errors.PaymentRequired),
        (json_reply({"code": "invalid_request", "message": "bad", "data": None}, 200), errors.RequestRejected),
        (json_reply({"error": {"code": "quota_window_exceeded", "message": "full"}}, 429), errors.RateLimited),
    ],
)
def test_client_does_not_retry_refusals(server, client, reply, kind):
    server.answers(reply)
    with pytest.raises(kind) as caught:
        submit(client)
    assert len(server.seen) == 1
    assert caught.value.fields["outcome_unknown"] is False


def test_submit_unanswered_is_unknown(server, client):
    server.answers(BROKEN)
    with pytest.raises(errors.ConnectionFailed) as caught:
        submit(client)
    assert caught.value.outcome_unknown
    assert len(server.seen) == 5


def test_submit_remembers_a_lost_answer(client, server, monkeypatch):
    server.answers(BROKEN)
    real = requests.Session.request
    asked = []

    def cut_off(session, *args, **kwargs):
        asked.append(args)
        if len(asked) == 1:
            return real(session, *args, **kwargs)
        raise requests.exceptions.ConnectTimeout

    monkeypatch.setattr(requests.Session, "request", cut_off)
    with pytest.raises(errors.ConnectionFailed) as caught:
        submit(client)
    assert caught.value.outcome_unknown


def test_submit_refused_after_a_lost_answer(server, client):
    server.answers(BROKEN, json_reply({"error": {"message": "too slow"}}, 408))
    with pytest.raises(errors.RequestRejected) as caught:
        submit(client)
    assert caught.value.fields["outcome_unknown"] is True


@pytest.mark.parametrize(
    "reason",
    [
        "WRONG_VERSION_NUMBER",
        "CERTIFICATE_VERIFY_FAILED",
        "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
        "UNEXPECTED_EOF_WHILE_READING",
    ],
)
def test_submit_after_a_tls_failure(clock, key, reason):
    # An adapter of somebody else's doesn't tell what it wrote; tests/faults/test_order_bytes.py has real handshakes.
    sent = []

    class Breaking(requests.adapters.BaseAdapter):
        def send(self, request, **_):
            sent.append(request)
            problem = ssl.SSLError(1, f"[SSL: {reason}]")
            problem.reason = reason
            inner = MaxRetryError(None, "/v1/tasks", urllib3.exceptions.SSLError(problem))
            raise requests.exceptions.SSLError(inner, request=request)

        def close(self):
            pass

    def session():
        made = requests.Session()
        made.mount("https://", Breaking())
        return made

    with pytest.raises(errors.ConnectionFailed) as caught:
        submit(Client("https://api.example.com", key, session=session, clock=clock))
    assert len(sent) == 5
    assert caught.value.outcome_unknown
    assert caught.value.code != "certificate"


def test_submit_to_an_unreachable_host(clock, key):
    with Loopback() as gone:
        url = gone.url
    client = Client(url, key, clock=clock, connect_timeout=0.5)
    with pytest.raises(errors.ConnectionFailed, match="can't be reached") as caught:
        submit(client)
    assert not caught.value.outcome_unknown


def test_submit_retries_a_read_timeout(server, clock, key):
    server.answers(Reply(hang=PATIENCE), json_reply(QUEUED))
    client = Client(server.url, key, clock=clock, read_timeout=0.2)
    # On a busy machine the second answer may be late as well.
    assert submit(client).task_id == "t1"
    assert len(server.seen) >= 2


def test_client_obeys_retry_after(server, client, clock):
    server.answers(Reply(429, headers={"Retry-After": "7"}), json_reply(DONE))
    client.task("t1")
    assert 7.0 <= sum(clock.waits) < 9.0
    server.answers(Reply(429, headers={"Retry-After": "21600"}))
    with pytest.raises(errors.RateLimited, match="6 h"):
        client.task("t1")
    assert client.rate_limiter.pause_remaining() <= 60.001


def test_deadline_bounds_every_wait(server, client, clock):
    server.answers(Reply(503, headers={"Retry-After": "30"}))
    with pytest.raises(errors.ServerFault):
        client.task("t1", deadline=clock.monotonic() + 100)
    assert clock.monotonic() <= 100
    assert 3 <= len(server.seen) <= 4


def test_deadline_outlasts_a_long_outage(server, client, clock):
    server.answers(*[Reply(503)] * 20, json_reply(DONE))
    assert client.task("t1", deadline=clock.monotonic() + 600).state == "completed"


def test_client_waits_for_reset_at(server, client, clock):
    body = {"error": {"code": "quota_window_exceeded", "message": "full"}, "reset_at": clock.now() + 45}
    server.answers(json_reply(body, 429), json_reply(QUEUED))
    submit(client)
    assert 45 <= clock.monotonic() < 48


def test_rate_limiter_slows_all_clients(server, clock, key):
    rate_limiter = RateLimiter(clock)
    one, other = (Client(server.url, key, clock=clock, rate_limiter=rate_limiter) for _ in range(2))
    rate_limiter.back_off(20.0)
    server.answers(json_reply(DONE))
    one.task("t1")
    assert clock.monotonic() >= 20.0
    clock.waits.clear()
    for _ in range(10):
        other.task("t1")
    assert sum(clock.waits) > 0.5


def test_rate_limiter_spaces_requests(clock):
    rate_limiter = RateLimiter(clock, per_second=10.0)
    waits = [rate_limiter.reserve_slot() for _ in range(60)]
    assert waits[:40] == [0.0] * 40
    assert waits[-1] == pytest.approx(1.9, abs=0.11)


def test_task_may_be_missing_after_submit(server, client, clock):
    missing = json_reply({"error": {"code": "task_not_found", "message": "?"}}, 404)
    server.answers(json_reply(QUEUED), missing, missing, json_reply(DONE))
    submit(client)
    assert client.task("t1").state == "completed"
    clock.advance(60)
    server.answers(missing)
    with pytest.raises(errors.NotFound):
        client.task("t1")
    with pytest.raises(errors.NotFound):
        client.task("never-submitted")


def test_task_reads_the_poll_hint(server, client):
    server.answers(json_reply({"task_id": "t1", "status": "processing"}, Retry_After="4"))
    assert client.task("t1").poll_hint == 4.0
    server.answers(json_reply({"task_id": "t1", "status": "processing", "next_poll_after_seconds": 9}, Retry_After="4"))
    assert client.task("t1").poll_hint == 9.0


def test_submit_can_be_held(server, client):
    server.answers(json_reply(DONE))
    assert client.supports_prefer_wait is None
    assert submit(client, prefer_wait=300).is_over
    assert server.seen[-1].headers["Prefer"] == "wait=60"
    assert client.supports_prefer_wait is True


def test_hold_that_is_ignored_is_dropped(server, client):
    server.answers(json_reply(QUEUED))
    submit(client, prefer_wait=30)
    assert client.supports_prefer_wait is False
    submit(client, prefer_wait=30)
    assert "Prefer" not in server.seen[-1].headers


def test_hold_that_a_gateway_refuses(server, client):
    server.answers(Reply(504), json_reply(QUEUED))
    assert submit(client, prefer_wait=30).task_id == "t1"
    assert ["Prefer" in one.headers for one in server.seen] == [True, False]
    assert len({one.headers["Idempotency-Key"] for one in server.seen}) == 1


def test_stop_ends_a_pause_between_attempts(server, client, clock):
    stop = threading.Event()
    server.answers(Reply(503))
    with pytest.raises(Stopped):
        client.task("t1", stop=stop, on_retry=lambda _: stop.set())


def test_stop_ends_a_request_under_way(server, key):
    client, stop = Client(server.url, key, rate_limiter=RateLimiter()), threading.Event()
    server.answers(stopping(stop))
    with pytest.raises(Stopped) as caught:
        submit(client, stop=stop)
    assert caught.value.outcome_unknown


def test_stop_before_anything_was_sent(server, client):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped) as caught:
        submit(client, stop=stop)
    assert not caught.value.outcome_unknown
    assert server.seen == []


def test_cancel_accepted_and_refused(server, client):
    server.answers(json_reply({"task_id": "t1", "status": "cancelled", "refunded": True, "refunded_quota": 5}))
    assert client.cancel("t1").refunded
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/v1/tasks/t1/cancel")
    for status in ("processing", "completed", "failed"):
        server.answers(LATE, json_reply({"task_id": "t1", "status": status}))
        with pytest.raises(errors.RequestRejected, match="no longer queued") as caught:
            client.cancel("t1")
        assert caught.value.fields["state"] == status


@pytest.mark.parametrize("cost", [0, 3187, None])
def test_cancel_of_a_cancelled_task_is_accepted(server, client, cost):
    server.answers(LATE, json_reply({"task_id": "t1", "status": "cancelled", "cost": cost}))
    cancellation = client.cancel("t1")
    assert cancellation.refunded is (None if cost is None else cost == 0)
    assert cancellation.task.cost_quota == cost
    assert [one.method for one in server.seen] == ["POST", "GET"]


def test_cancel_that_cannot_be_looked_up_is_unknown(server, client):
    server.answers(LATE, Reply(503))
    with pytest.raises(errors.ApiError) as caught:
        client.cancel("t1")
    assert caught.value.status != 400


def test_cancel_after_a_lost_answer(server, client):
    server.answers(BROKEN, LATE, json_reply({"task_id": "t1", "status": "cancelled", "cost": 0}))
    assert client.cancel("t1").refunded
    server.answers(BROKEN, LATE, json_reply({"task_id": "t1", "status": "processing"}))
    with pytest.raises(errors.RequestRejected):
        client.cancel("t1")


def test_cancel_keeps_to_its_time(server, key):
    server.answers(Reply(hang=2 * PATIENCE))
    client = Client(server.url, key, rate_limiter=RateLimiter())
    begun = time.monotonic()
    with pytest.raises(errors.ConnectionFailed) as caught:
        client.cancel("t1", within=0.4)
    # Long before the answer, and before the client's own timeout.
    assert time.monotonic() - begun < PATIENCE
    assert caught.value.outcome_unknown


#: Answers about another task, in the shapes of several editions.
OTHER_TASK = {
    "flat": {**DONE, "task_id": "t2", "cost": 9000},
    "envelope": {"code": "success", "data": {**DONE, "task_id": "t2"}},
    "oldest": {"id": "t2", "type": "image", "status": "failed"},
    "number": {"task_id": 17, "status": "cancelled", "refunded": True},
}


@pytest.mark.parametrize("other", OTHER_TASK.values(), ids=OTHER_TASK)
def test_status_of_another_task_is_asked_again(server, client, clock, other):
    server.answers(json_reply(other), json_reply({**DONE, "cost": 5}))
    task = client.task("t1", deadline=clock.monotonic() + 60)
    assert (task.task_id, task.cost_quota) == ("t1", 5)
    server.answers(json_reply(other))
    with pytest.raises(errors.UnreadableAnswer, match="where t1 was asked for"):
        client.task("t1", deadline=clock.monotonic() + 60)


@pytest.mark.parametrize("other", OTHER_TASK.values(), ids=OTHER_TASK)
def test_cancel_of_another_task_confirms_nothing(server, client, other):
    said = {"status": "cancelled", "refunded": True}
    cancelled = {"code": "success", "data": {**other["data"], **said}} if "data" in other else {**other, **said}
    server.answers(json_reply(cancelled))
    with pytest.raises(errors.UnreadableAnswer):
        client.cancel("t1")
    server.answers(json_reply(cancelled), json_reply({"task_id": "t1", "status": "cancelled", "refunded": False}))
    assert client.cancel("t1").refunded is False


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("TASK-1", "task-1"),
        ("000123", 123),
        ("12", "12"),
        ("a/b", "a%2Fb"),
        ("t1", "tasks/t1"),
        ("t\u00e4sk", "ta\u0308sk"),
        ("t1", " t1 "),
    ],
)
def test_answer_may_spell_the_id_in_another_way(server, client, asked, named):
    server.answers(json_reply({**DONE, "task_id": named}))
    assert client.task(asked).task_id == asked
    server.answers(json_reply({"task_id": named, "status": "cancelled", "refunded": True}))
    assert client.cancel(asked).refunded is True


@pytest.mark.parametrize(("asked", "named"), [("t1", "t11"), ("123", "1230"), ("a/b", "ab"), ("000", "0001")])
def test_similar_id_is_another_task(server, client, clock, asked, named):
    server.answers(json_reply({**DONE, "task_id": named}))
    with pytest.raises(errors.UnreadableAnswer):
        client.task(asked, deadline=clock.monotonic() + 5)


def test_answer_without_an_id_is_about_what_was_asked_for(server, client):
    server.answers(json_reply({"status": "processing"}))
    assert client.task("t1").task_id == "t1"
    server.answers(json_reply({"status": "cancelled"}))
    assert client.cancel("t1").task_id == "t1"


def test_task_of_another_order_is_not_taken(server, client):
    server.answers(json_reply(QUEUED))
    submit(client)
    server.answers(json_reply(QUEUED), json_reply({**QUEUED, "task_id": "t2"}))
    assert client.submit(BODY, idempotency_key="key-2").task_id == "t2"
    server.answers(json_reply(QUEUED))
    with pytest.raises(errors.UnreadableAnswer, match="another order") as caught:
        client.submit(BODY, idempotency_key="key-3", repeatable=lambda: False)
    assert caught.value.fields["outcome_unknown"]


def test_second_task_for_one_key_is_not_taken(server, client):
    server.answers(json_reply(QUEUED))
    submit(client)
    server.seen.clear()
    server.answers(json_reply({**QUEUED, "task_id": "t2"}))
    with pytest.raises(errors.UnreadableAnswer, match="where t1 was asked for") as caught:
        submit(client)
    assert caught.value.fields["outcome_unknown"]
    # A server that makes a second task for a key may make a third.
    assert len(server.seen) == 1
    assert not client.supports_idempotency


def test_client_models_balance_and_tool(server, client):
    server.answers(
        json_reply({"object": "list", "data": [{"id": "a", "price_config": {"base": 1}}, {"no": "id"}, "b"]})
    )
    assert [model["id"] for model in client.models()] == ["a", "b"]
    server.answers(json_reply({"total_available_usd": 1.5, "total_granted_usd": "2", "as_of": 1758000000}))
    balance = client.balance()
    assert (balance.available_usd, balance.granted_usd, balance.used_usd) == (1.5, 2.0, None)
    server.answers(
        json_reply({"jsonrpc": "2.0", "id": "1", "result": {"structuredContent": {"aspect_ratios": ["1:1"]}}})
    )
    assert client.tool("get_model_schema", {"model": "m"}) == {"aspect_ratios": ["1:1"]}
    call = server.seen[-1]
    assert (call.path, call.json["method"], call.json["params"]["name"]) == (
        "/v1/mcp",
        "tools/call",
        "get_model_schema",
    )
    assert call.headers["MCP-Protocol-Version"] == "2025-06-18"


def test_tool_answers_as_text_or_stream(server, client):
    result = '{"result": {"content": [{"type": "text", "text": "{\\"x\\": 1}"}]}}'
    server.answers(
        Reply(body=f"event: message\ndata: {result}\n\n".encode(), headers={"Content-Type": "text/event-stream"})
    )
    assert client.tool("estimate_cost", {}) == {"x": 1}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"result": {"isError": True, "structuredContent": {"message": "no such model"}}}, errors.RequestRejected),
        ({"error": {"code": -32602, "message": "no such tool"}, "id": "1"}, errors.RequestRejected),
        ({"result": {"structuredContent": {"success": False, "code": "unauthorized"}}}, errors.AuthenticationFailed),
        ({"result": {}}, errors.UnreadableAnswer),
    ],
)
def test_tool_errors_are_raised(server, client, body, kind):
    server.answers(json_reply(body))
    with pytest.raises(kind) as caught:
        client.tool("estimate_cost", {})
    assert "\n" not in str(caught.value)


def test_balance_missing_on_the_server(server, client):
    server.answers(Reply(404, b"404 page not found"))
    with pytest.raises(errors.UnreadableAnswer, match="web console"):
        client.balance()


def test_redirected_post_is_refused(server, client):
    server.answers(Reply(301, headers={"Location": "https://www.qingbo.dev/v1/tasks"}))
    with pytest.raises(errors.UnexpectedRedirect, match=r"redirects to https://www\.qingbo\.dev, which"):
        submit(client)
    server.answers(Reply(307, headers={"Location": "/v2/tasks"}))
    with pytest.raises(errors.UnexpectedRedirect, match="/v2/tasks"):
        submit(client)
    assert len(server.seen) == 2


def test_redirected_get_stays_on_the_host(server, client):
    server.answers(Reply(302, headers={"Location": "/v1/tasks/t1/"}), json_reply(DONE))
    assert client.task("t1").is_over
    with Loopback([json_reply(DONE)]) as elsewhere:
        server.answers(Reply(302, headers={"Location": f"{elsewhere.url}/v1/tasks/t1"}))
        with pytest.raises(errors.UnexpectedRedirect):
            client.task("t1")
        assert elsewhere.seen == []
    server.answers(Reply(302, headers={"Location": "/again"}))
    with pytest.raises(errors.UnexpectedRedirect):
        client.task("t1")


def test_connections_are_reused_by_threads(server, client):
    server.answers(json_reply(DONE))
    for _ in range(5):
        thread = threading.Thread(target=client.task, args=("t1",))
        thread.start()
        thread.join()
    assert server.connections == 1


def test_sessions_are_never_shared(server, clock, key):
    busy, collisions = set(), []

    class Watched(requests.Session):
        def request(self, *args, **kwargs):
            if id(self) in busy:
                collisions.append(id(self))
            busy.add(id(self))
            try:
                return super().request(*args, **kwargs)
            finally:
                busy.discard(id(self))

    server.answers(json_reply(DONE))
    client = Client(server.url, key, session=Watched, rate_limiter=RateLimiter())
    threads = [threading.Thread(target=client.task, args=("t1",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert collisions == []
    assert len(server.seen) == 20


def test_task_id_is_quoted_in_the_path(server, client):
    server.answers(json_reply({**DONE, "task_id": "../../admin?x=1#y"}))
    client.task("../../admin?x=1#y")
    assert server.seen[-1].path == "/v1/tasks/..%2F..%2Fadmin%3Fx%3D1%23y"


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_base_url_may_end_in_v1(server, clock, key, suffix):
    server.answers(json_reply(DONE))
    Client(server.url + suffix, key, clock=clock).task("t1")
    assert server.seen[-1].path == "/v1/tasks/t1"


def test_task_with_a_lone_surrogate(server, client):
    server.answers(Reply(body=b'{"task_id": "t1", "status": "failed", "error": {"message": "bad \\ud83d"}}'))
    assert client.task("t1").failure.message == "bad ?"
