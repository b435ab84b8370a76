"""The API client: submit, poll, cancel and look up tasks, download images, ask for models, balance and tools.

Every method is one documented endpoint. A client may be shared by threads.
"""

from __future__ import annotations

import json
import math
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests

from qwave_jupyter import threads
from qwave_jupyter.arguments import read_amount
from qwave_jupyter.client import tasks
from qwave_jupyter.client.auth import KeyAuth, Secret, normalize_base_url
from qwave_jupyter.client.coerce import read_id, read_number, read_text, read_time
from qwave_jupyter.client.connections import SessionPool
from qwave_jupyter.client.download import MAX_IMAGE_BYTES, Downloader, may_repeat
from qwave_jupyter.client.download import RETRY_POLICY as DOWNLOAD_POLICY
from qwave_jupyter.client.error_responses import is_transient, to_one_line, unreadable_answer
from qwave_jupyter.client.image_links import AddressPolicy, resolve_redirect
from qwave_jupyter.client.retry import OnRetry, RateLimiter, Retrier, RetryPolicy, Stopped
from qwave_jupyter.client.tasks import to_usd
from qwave_jupyter.client.transport import Timeouts, Transport
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import (
    ApiError,
    AuthenticationFailed,
    ConnectionFailed,
    NotFound,
    QwaveError,
    RateLimited,
    RequestRejected,
    UnreadableAnswer,
)
from qwave_jupyter.types import JSONObject

__all__ = ["Balance", "Client", "read_balance", "read_estimate", "read_models", "read_tool"]

#: Tools that change nothing, so that asking again is safe (MCP page, edition 2026-09).
_READING_TOOLS = frozenset({"list_models", "get_model_docs", "get_model_schema", "estimate_cost", "get_task"})
_TOOL_HEADERS: Mapping[str, str] = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}
#: ``Prefer: wait=N`` holds an answer for 60 s at most (Submit page, editions 2026-06 and 2026-09).
_MAX_PREFER_WAIT = 60
#: "It exists": another attempt with the same key is being served.
_CONFLICT = 409
#: Seconds after its submit for which a task may be unknown to the server; afterwards a 404 is the truth.
_NOT_FOUND_GRACE = 8.0
_SUBMIT_POLICY = RetryPolicy(attempts=5)
_STATUS_POLICY = RetryPolicy(until_deadline=True)
_LOOKUP_POLICY = RetryPolicy(attempts=4)
_MAX_TRACKED = 1000
_MAX_ID_SHOWN = 80


@dataclass(frozen=True)
class Balance:
    """What the account has, which may be more than this key may spend (Account pages, edition 2026-09).

    Args:
        available_usd: what is left.
        granted_usd: what was ever granted, or None.
        used_usd: what was used, or None.
        as_of: Unix seconds, or None.
    """

    available_usd: float
    granted_usd: float | None = None
    used_usd: float | None = None
    as_of: float | None = None


class Client:
    """The API of one host with one key."""

    # A traceback may show a client that could not be made.
    base_url = ""
    _has_key = False

    def __init__(
        self,
        base_url: str,
        key: str | Secret | None,
        *,
        session: Callable[[], requests.Session] = requests.Session,
        clock: Clock = SYSTEM_CLOCK,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        rate_limiter: RateLimiter | None = None,
        plain_http: bool = False,
    ) -> None:
        secret = key if isinstance(key, Secret) else Secret(key)
        # From here on no frame of this package holds the key, so no traceback with locals can show it.
        del key
        secret.check()
        self._has_key = bool(secret)
        self.base_url, self.origin = normalize_base_url(base_url, plain_http=plain_http)
        self._settings = {
            "connect_timeout": connect_timeout,
            "read_timeout": read_timeout,
            "plain_http": plain_http,
        }
        self._clock = clock
        self._secret = secret
        auth = KeyAuth(secret, self.origin)
        self._image_sessions = SessionPool(
            session, lambda request: request, AddressPolicy(urlsplit(self.origin).hostname or "")
        )
        self._transport = Transport(
            self.base_url,
            auth,
            SessionPool(session, auth),
            clock,
            Timeouts(connect_timeout, read_timeout),
        )
        self.rate_limiter = rate_limiter or RateLimiter(clock)
        #: When each task was submitted, and with which key; and the task of each key.
        self._submitted: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._by_key: OrderedDict[str, str] = OrderedDict()
        self._lock = threads.fork_safe(threading.Lock())
        #: Whether the server honours ``Prefer: wait``: True, False, or None if not known yet.
        self.supports_prefer_wait: bool | None = None
        #: Whether the server has answered a repeated idempotency key with the task that it had made before.
        self.supports_idempotency = False

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, key {'set' if self._has_key else 'not set'})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore_client, (self.base_url, self._settings))

    def submit(
        self,
        body: JSONObject,
        *,
        idempotency_key: str,
        prefer_wait: float | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
        repeatable: Callable[[], bool] = lambda: True,
        may_exist: bool = False,
    ) -> tasks.Task:
        """``POST /tasks``: submit a generation; its errors say in ``outcome_unknown`` whether a task may exist."""
        # ``repeatable`` says whether the server honours the key, and still does: only then is an order that may have
        # arrived sent again. ``may_exist``: an attempt of an earlier run may have made a task.
        seconds = (
            0
            if prefer_wait is None or self.supports_prefer_wait is False
            else max(0, min(int(prefer_wait), _MAX_PREFER_WAIT))
        )
        submission = _Submission(
            self._transport, body, idempotency_key, seconds, stop, deadline, repeatable, self._check_task, may_exist
        )
        retrier = Retrier(
            self.rate_limiter, self._clock, _SUBMIT_POLICY, stop, deadline, on_retry, submission.may_repeat
        )
        try:
            task = retrier(submission.send)
        except QwaveError as error:
            # What is refused now says nothing of an earlier attempt.
            error.fields["outcome_unknown"] = submission.may_exist
            raise
        except Stopped as stopped:
            stopped.outcome_unknown = submission.may_exist
            raise
        if seconds:
            self.supports_prefer_wait = submission.prefer_wait > 0 and (
                task.is_over or submission.duration >= seconds / 2
            )
        with self._lock:
            self._submitted[task.task_id] = (self._clock.monotonic(), idempotency_key)
            self.supports_idempotency = self.supports_idempotency or (
                bool(task.task_id) and self._by_key.get(idempotency_key) == task.task_id
            )
            self._by_key[idempotency_key] = task.task_id
            for remembered in (self._submitted, self._by_key):
                if len(remembered) > _MAX_TRACKED:
                    remembered.popitem(last=False)
        return task

    def _check_task(self, task_id: str, idempotency_key: str) -> None:
        """Raise UnreadableAnswer where the answer to an order names the task of another, or another than before."""
        with self._lock:
            _, key = self._submitted.get(task_id, (0.0, idempotency_key))
            known = self._by_key.get(idempotency_key)
        if task_id and key != idempotency_key:
            raise unreadable_answer("api.task_of_another_order", named=to_one_line(task_id, _MAX_ID_SHOWN))
        if task_id and known and not tasks.is_same_id(known, task_id):
            raise tasks.other_task(known, task_id)

    def task(
        self,
        task_id: str,
        *,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
    ) -> tasks.Task:
        """``GET /tasks/{id}``: the state of a task."""
        # A task that this client has just submitted may be unknown for a moment.

        def send() -> tasks.Task:
            response = self._transport.send("GET", _task_path(task_id), stop=stop, deadline=deadline)
            task = tasks.read_task(response.body, task_id=task_id)
            return task if task.poll_hint is not None else replace(task, poll_hint=response.retry_after)

        submitted_at, _ = self._submitted.get(task_id, (-math.inf, ""))

        def may_repeat(error: QwaveError) -> bool:
            is_new = self._clock.monotonic() - submitted_at < _NOT_FOUND_GRACE
            return is_transient(error) or (is_new and isinstance(error, NotFound))

        return Retrier(
            self.rate_limiter, self._clock, _STATUS_POLICY, stop, deadline, on_retry, may_repeat, reserves_slot=True
        )(send)

    def cancel(self, task_id: str, *, within: float = 3.0) -> tasks.Cancellation:
        """``POST /tasks/{id}/cancel``: cancel a task that is still queued."""
        # Repeated after a lost answer while time remains. A task that was cancelled before, by such a request or by
        # somebody else, isn't queued any more either: only its state tells the two apart.
        ends = self._clock.monotonic() + within
        path = _task_path(task_id)

        def send(method: str, path: str) -> object:
            return self._transport.send(method, path, within=max(1.0, ends - self._clock.monotonic())).body

        def cancel() -> tasks.Cancellation:
            try:
                return tasks.read_cancellation(send("POST", path + "/cancel"), task_id)
            except RequestRejected as refusal:
                task = tasks.read_task(send("GET", path), task_id=task_id)
                if task.state == tasks.TaskState.CANCELLED:
                    return tasks.Cancellation(task_id, task.is_refunded, refunded_quota=None, task=task)
                refusal.fields["state"] = task.state
                raise

        # With a rate limiter of its own: a pause of other jobs must not delay a cancel.
        policy = RetryPolicy(attempts=4, initial_delay=0.25)
        return Retrier(RateLimiter(self._clock), self._clock, policy, deadline=ends)(cancel)

    def models(self) -> tuple[JSONObject, ...]:
        """``GET /models``: the ids that this key may use, each with whatever the server says of it."""
        return read_models(self._get("/models"))

    def balance(self) -> Balance:
        """``GET /dashboard/billing/balance``: what the account has (edition 2026-09)."""
        try:
            return read_balance(self._get("/dashboard/billing/balance"))
        except NotFound as missing:
            raise unreadable_answer("api.no_balance", status=missing.status) from None

    def tool(self, name: str, arguments: JSONObject) -> JSONObject:
        """``POST /mcp``: one of the tools, such as ``get_model_schema`` or ``estimate_cost`` (edition 2026-09)."""
        call = _build_tool_call(name, arguments)
        policy = _LOOKUP_POLICY if name in _READING_TOOLS else RetryPolicy(attempts=1)
        response = Retrier(self.rate_limiter, self._clock, policy)(
            lambda: self._transport.send("POST", "/mcp", body=call, headers=_TOOL_HEADERS)
        )
        return read_tool(name, response.body)

    def download(
        self,
        link: tasks.ResultImage | str,
        target: Path,
        *,
        max_bytes: int = MAX_IMAGE_BYTES,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
        check: Callable[[Path], None] = lambda _: None,
    ) -> int:
        """Fetch one image into a file, without the key, trying its mirrors in turn."""
        image_link = tasks.ResultImage(urls=(link,)) if isinstance(link, str) else link
        image_link = replace(image_link, urls=tuple(map(self._absolute_link, image_link.urls)))
        downloader = Downloader(
            self._image_sessions, self._transport.timeouts, self._clock, max_bytes, stop, check, deadline, self._secret
        )
        # The image host is another host: a pause of the API is none of it.
        own_limiter = RateLimiter(self._clock)
        retrier = Retrier(own_limiter, self._clock, DOWNLOAD_POLICY, stop, deadline, on_retry, may_repeat)
        return retrier(lambda: downloader.fetch(image_link, target))

    def _absolute_link(self, link: str) -> str:
        """A link with the API's host where it is only a path, as ``poll_url`` was (Submit page, edition 2026-04)."""
        return resolve_redirect(self.base_url, link) if link.startswith("/") else link

    def close(self) -> None:
        """Close idle connections."""
        self._transport.sessions.close()
        self._image_sessions.close()

    def _get(self, path: str) -> object:
        retrier = Retrier(self.rate_limiter, self._clock, _LOOKUP_POLICY)
        return retrier(lambda: self._transport.send("GET", path)).body


def _restore_client(base_url: str, settings: JSONObject) -> Client:
    # A client arrives in another process without its key, which that process reads from its own environment.
    return Client(base_url, None, **settings)


def _task_path(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


@dataclass
class _Submission:
    """One ``POST /tasks`` with all its attempts, and whether one of them may have created a task."""

    # Within 24 h the same ``Idempotency-Key`` gives the same task and no second charge (Submit page, editions 2026-06
    # and 2026-09). Without such a key, a submission whose outcome is unknown must not be sent again.

    transport: Transport
    body: JSONObject
    idempotency_key: str
    prefer_wait: int
    stop: threading.Event | None
    deadline: float | None
    repeatable: Callable[[], bool]
    #: Raises where the answer can't be about this order: called with the task's id and the key.
    check: Callable[[str, str], None]
    may_exist: bool
    duration: float = 0.0
    last_error: QwaveError | None = None

    def send(self) -> tasks.Task:
        """Make one attempt."""
        repeatable = self.repeatable()
        if self.last_error is not None and self.may_exist and not repeatable:
            raise self.last_error
        headers = {"Idempotency-Key": self.idempotency_key}
        if self.prefer_wait:
            headers["Prefer"] = f"wait={self.prefer_wait}"
        begun = self.transport.clock.monotonic()
        try:
            response = self.transport.send(
                "POST",
                "/tasks",
                body=self.body,
                headers=headers,
                prefer_wait=self.prefer_wait,
                # A dead connection would leave the outcome unknown, and here there would be no asking again.
                fresh=not repeatable,
                stop=self.stop,
                deadline=self.deadline,
                # A task that is there may be charged, whatever else the answer says.
                is_answer=tasks.is_named_task,
            )
            task = tasks.read_submission(response.body)
            self.check(task.task_id, self.idempotency_key)
        except QwaveError as error:
            self.last_error = error
            self.may_exist = self.may_exist or _may_have_acted(error)
            if not isinstance(error, RateLimited):
                # A gateway that can't hold a connection for so long won't do so at the next attempt either.
                self.prefer_wait = 0
            raise
        except Stopped as stopped:
            self.may_exist = self.may_exist or stopped.outcome_unknown
            raise
        else:
            return task
        finally:
            self.duration = self.transport.clock.monotonic() - begun

    def may_repeat(self, error: QwaveError) -> bool:
        """Whether another attempt can help, and can't make a second task."""
        # A second task for one key is the last that may be asked for.
        can_help = error.code != "other_task" and (is_transient(error) or error.fields.get("status") == _CONFLICT)
        return can_help and (not self.may_exist or self.repeatable())


def _may_have_acted(error: QwaveError) -> bool:
    """Whether the server may have made a task although an attempt ended like that."""
    if isinstance(error, ConnectionFailed):
        return error.outcome_unknown
    if isinstance(error, UnreadableAnswer) or error.fields.get("status") == _CONFLICT:
        return True
    # A 429 is documented as not accepted; other refusals for good are answers to this very attempt.
    return isinstance(error, ApiError) and not isinstance(error, RateLimited) and is_transient(error)


def read_balance(answer: object) -> Balance:
    """``{total_granted_usd, total_used_usd, total_available_usd, as_of}`` as a :class:`Balance`."""
    body = answer if isinstance(answer, Mapping) else {}
    if isinstance(body.get("data"), Mapping):
        body = body["data"]
    granted, used = read_number(body.get("total_granted_usd")), read_number(body.get("total_used_usd"))
    available = read_number(body.get("total_available_usd"))
    if available is None and granted is not None and used is not None:
        available = granted - used
    if available is None:
        raise unreadable_answer("api.no_balance")
    return Balance(available, granted, used, read_time(body.get("as_of")))


def read_models(answer: object) -> tuple[JSONObject, ...]:
    """The entries of ``GET /models`` that have an id, each with whatever the server says of it."""
    entries = answer
    if isinstance(answer, Mapping):
        entries = answer.get("data", answer.get("models"))
        if isinstance(entries, Mapping):
            entries = entries.get("models", entries.get("data"))
    if not isinstance(entries, list):
        raise unreadable_answer("api.no_models")
    named = [{"id": entry} if isinstance(entry, str) else entry for entry in entries]
    return tuple(entry for entry in named if isinstance(entry, Mapping) and read_id(entry.get("id")))


def _build_tool_call(name: str, arguments: JSONObject) -> JSONObject:
    """The JSON-RPC body that calls a tool."""
    return {
        "jsonrpc": "2.0",
        "id": str(uuid.uuid4()),
        "method": "tools/call",
        "params": {"name": name, "arguments": dict(arguments)},
    }


def read_tool(name: str, answer: object) -> JSONObject:
    """What a tool says, from ``structuredContent`` or from JSON in its text."""
    body = answer if isinstance(answer, Mapping) else {}
    if isinstance(body.get("error"), Mapping):
        raise _build_tool_error(name, body["error"])
    result = body.get("result")
    if not isinstance(result, Mapping):
        raise unreadable_answer("api.no_tool_result", tool=name)
    content = result.get("structuredContent")
    if not isinstance(content, Mapping):
        content = _read_text_content(result.get("content"))
    if result.get("isError") or (content or {}).get("success") is False:
        raise _build_tool_error(name, content or {})
    if content is None:
        raise unreadable_answer("api.no_tool_result", tool=name)
    return content


def read_estimate(answer: object) -> float | None:
    """USD in an ``estimate_cost`` answer; None without an amount (its fields aren't documented)."""
    body = answer if isinstance(answer, Mapping) else {}
    inner: JSONObject = next(
        (body[name] for name in ("data", "estimate", "cost") if isinstance(body.get(name), Mapping)), {}
    )
    for part in (body, inner):
        # Whatever it is called, dollars say so in their name; plain quota is read only under the task's own names.
        named = [name for name in part if isinstance(name, str) and (name.endswith("_usd") or name == "usd")]
        for name in sorted(named, key=lambda one: ("total" not in one, "cost" not in one, one)):
            amount = read_amount(read_number(part[name]))
            if amount is not None:
                return amount
        for name in ("pre_consumed_cost", "estimated_cost", "cost"):
            amount = read_amount(read_number(part.get(name)))
            if amount is not None:
                return to_usd(round(amount))
    return None


def _read_text_content(parts: object) -> JSONObject | None:
    for part in parts if isinstance(parts, list) else ():
        text = part.get("text") if isinstance(part, Mapping) else None
        if not isinstance(text, str):
            continue
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = {"message": text}
        if isinstance(content, Mapping):
            return content
    return None


def _build_tool_error(name: str, body: JSONObject) -> RequestRejected | AuthenticationFailed:
    inner = body["error"] if isinstance(body.get("error"), Mapping) else body
    code = to_one_line(read_text(inner.get("code")), 80)
    message = to_one_line(read_text(inner.get("message")) or read_text(inner.get("error")))
    fields = {"status": 200, "api_code": code, "message": message, "param": None, "request_id": None}
    if code in {"unauthorized", "missing_api_key"}:
        return AuthenticationFailed("api.authentication", **fields)
    return RequestRejected("api.tool_failed", tool=name, said=message or code or "?", **fields)
