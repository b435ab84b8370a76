"""The API client: submit, poll, cancel and look up tasks, and download images.

Every method is one documented endpoint. A client may be shared by threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from qwave_jupyter import forking
from qwave_jupyter.client import responses, tasks
from qwave_jupyter.client.auth import KeyAuth, Secret, normalize_base_url
from qwave_jupyter.client.connections import SessionPool
from qwave_jupyter.client.download import MAX_IMAGE_BYTES, Downloader, may_repeat
from qwave_jupyter.client.download import RETRY_POLICY as DOWNLOAD_POLICY
from qwave_jupyter.client.error_responses import is_transient, unreadable
from qwave_jupyter.client.image_links import AddressPolicy
from qwave_jupyter.client.rate_limit import RateLimiter, limiter_for
from qwave_jupyter.client.retry import OnRetry, Retrier, Retry, RetryPolicy, Stopped
from qwave_jupyter.client.submission import Submission
from qwave_jupyter.client.transport import Timeouts, Transport
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import (
    NotFound,
    QwaveError,
    RequestRejected,
)

__all__ = ["LONGEST_HOLD", "Balance", "Client", "Retry", "Stopped"]

Balance = responses.Balance

#: ``Prefer: wait=N`` holds an answer for 60 s at most (Submit page, editions 2026-06 and 2026-09).
LONGEST_HOLD = 60
#: Seconds after its submit for which a task may be unknown to the server; afterwards a 404 is the truth.
_NOT_FOUND_GRACE = 8.0
_SUBMIT_POLICY = RetryPolicy(attempts=5)
_STATUS_POLICY = RetryPolicy(until_deadline=True)
_LOOKUP_POLICY = RetryPolicy(attempts=4)
_MAX_TRACKED = 1000


class Client:
    """The API of one host with one key.

    Args:
        base_url: the host, with or without ``/v1``.
        key: the API key; it is sent to this host only, in one header.
        session: makes a ``requests.Session``.
        clock: time.
        connect_timeout: seconds until a connection must stand.
        read_timeout: seconds until an answer must be there; a large one is given more while it arrives.
        rate_limiter: limits requests to the host; by default shared by all clients of this process.
        plain_http: whether the key may travel in clear to another machine.

    Raises:
        ConfigurationError: an unusable base URL or key.

    Example:
        >>> client = Client("https://www.qingbo.dev", "sk-example")
        >>> client
        Client('https://www.qingbo.dev/v1', key set)
    """

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
        self._image_sessions = SessionPool(session, _without_key, AddressPolicy(urlsplit(self.origin).hostname or ""))
        self._transport = Transport(
            self.base_url,
            auth,
            SessionPool(session, auth),
            clock,
            Timeouts(connect_timeout, read_timeout),
        )
        own_time = clock is not SYSTEM_CLOCK
        self.rate_limiter = rate_limiter or (RateLimiter(clock) if own_time else limiter_for(self.origin))
        self._submitted_at: OrderedDict[str, float] = OrderedDict()
        self._by_key: OrderedDict[str, str] = OrderedDict()
        self._lock = forking.guard(threading.Lock())
        #: Whether the server honours ``Prefer: wait``: True, False, or None if not known yet.
        self.holds: bool | None = None
        #: Whether the server has answered a repeated idempotency key with the task that it had made before.
        self.replays_keys = False

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, key {'set' if self._has_key else 'not set'})"

    def __reduce__(self) -> Any:
        return (_restore_client, (self.base_url, self._settings))

    def submit(
        self,
        body: Mapping[str, Any],
        *,
        idempotency_key: str,
        hold: float | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
        repeatable: Callable[[], bool] = lambda: True,
        may_exist: bool = False,
    ) -> tasks.Task:
        """``POST /tasks``: submit a generation.

        Args:
            body: the request body, exactly as it is to be sent.
            idempotency_key: within 24 h the same key gives the same task and no second charge (Submit page, editions
                2026-06 and 2026-09); it is what makes a repetition after a lost answer safe.
            hold: seconds for which the server may keep the answer back until the task has ended, 60 at most. Where a
                server turns out not to, it is no longer asked; see :attr:`holds`.
            stop: ends any wait, also for an answer under way; submitting again with the same key then returns the task.
            deadline: monotonic seconds of the clock beyond which nothing is waited for.
            on_retry: called before each retry.
            repeatable: whether this server heeds the key, and still does: an order that may have reached the server is
                only then sent again.
            may_exist: whether an attempt of an earlier run may have made a task.

        Raises:
            ApiError: the server refused; ``fields["outcome_unknown"]`` says whether an earlier attempt may have made a
                task all the same.
            ConnectionFailed: no answer; its ``outcome_unknown`` says the same.
            Stopped: ``stop`` was set; its ``outcome_unknown`` says the same.
        """
        seconds = 0 if hold is None or self.holds is False else max(0, min(int(hold), LONGEST_HOLD))
        submission = Submission(
            self._transport,
            body,
            idempotency_key,
            hold=seconds,
            stop=stop,
            deadline=deadline,
            repeatable=repeatable,
            may_exist=may_exist,
        )
        retrier = self._retrier(_SUBMIT_POLICY, stop=stop, deadline=deadline, on_retry=on_retry)
        try:
            task = replace(retrier, may_repeat=submission.may_repeat)(submission.send)
        except QwaveError as error:
            # What is refused now says nothing of an earlier attempt.
            error.fields["outcome_unknown"] = submission.may_exist
            raise
        except Stopped as stopped:
            stopped.outcome_unknown = submission.may_exist
            raise
        if seconds:
            self.holds = submission.hold > 0 and (task.ended or submission.took >= seconds / 2)
        with self._lock:
            self._submitted_at[task.task_id] = self._clock.monotonic()
            self.replays_keys = self.replays_keys or (
                bool(task.task_id) and self._by_key.get(idempotency_key) == task.task_id
            )
            self._by_key[idempotency_key] = task.task_id
            for remembered in (self._submitted_at, self._by_key):
                if len(remembered) > _MAX_TRACKED:
                    remembered.popitem(last=False)
        return task

    def task(
        self,
        task_id: str,
        *,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
    ) -> tasks.Task:
        """``GET /tasks/{id}``: the state of a task.

        A task that this client has just submitted may be unknown for a moment.

        Args:
            task_id: the task.
            stop: ends any wait, also for an answer under way.
            deadline: monotonic seconds of the clock until which errors are retried; without one, six attempts.
            on_retry: called before each retry.

        Raises:
            NotFound: no such task, or somebody else's.
            ApiError: the server refused.
            ConnectionFailed: no answer.
            Stopped: ``stop`` was set.
        """

        def ask() -> tasks.Task:
            answer = self._transport.ask("GET", f"/tasks/{_quote_id(task_id)}", stop=stop, deadline=deadline)
            task = tasks.read_task(answer.body, task_id=task_id)
            return task if task.poll_hint is not None else replace(task, poll_hint=answer.wait)

        born = self._submitted_at.get(task_id)

        def may_repeat(error: QwaveError) -> bool:
            newborn = born is not None and self._clock.monotonic() - born < _NOT_FOUND_GRACE
            return is_transient(error) or (newborn and isinstance(error, NotFound))

        retrier = self._retrier(_STATUS_POLICY, stop=stop, deadline=deadline, on_retry=on_retry)
        return replace(retrier, may_repeat=may_repeat, takes_slot=True)(ask)

    def cancel(self, task_id: str, *, within: float = 3.0) -> tasks.Cancellation:
        """``POST /tasks/{id}/cancel``: cancel a task that is still queued.

        Retries after a lost response while time remains; if the first request did work, the state of the task shows it.

        Args:
            task_id: the task.
            within: seconds for everything.

        Raises:
            RequestRejected: it is no longer queued (``task_not_cancellable``).
            ApiError: another refusal.
            ConnectionFailed: no answer in time.
        """
        ends = self._clock.monotonic() + within
        path = f"/tasks/{_quote_id(task_id)}"
        asked = 0

        def left() -> float:
            return max(0.1, ends - self._clock.monotonic())

        def ask() -> tasks.Cancellation:
            nonlocal asked
            asked += 1
            try:
                return tasks.read_cancellation(
                    self._transport.ask("POST", path + "/cancel", within=left()).body, task_id
                )
            except RequestRejected:
                if asked == 1:
                    raise
                task = tasks.read_task(self._transport.ask("GET", path, within=left()).body, task_id=task_id)
                if task.state != "cancelled":
                    raise
                refunded = None if task.cost_quota is None else task.cost_quota == 0
                return tasks.Cancellation(task_id, refunded=refunded, refunded_quota=None)

        # With a rate limiter of its own: a pause of other jobs must not delay a cancel.
        policy = RetryPolicy(attempts=4, initial_delay=0.25)
        retrier = Retrier(RateLimiter(self._clock), self._clock, policy, deadline=ends, may_repeat=is_transient)
        return retrier(ask)

    def models(self) -> tuple[Mapping[str, Any], ...]:
        """``GET /models``: the ids that this key may use, each with whatever the server says of it."""
        return responses.read_models(self._get("/models"))

    def balance(self) -> Balance:
        """``GET /dashboard/billing/balance``: what the account has (edition 2026-09).

        Raises:
            UnreadableAnswer: the server doesn't say; no page before edition 2026-09 has this endpoint.
        """
        try:
            return responses.read_balance(self._get("/dashboard/billing/balance"))
        except NotFound as missing:
            raise unreadable("api.no_balance", status=missing.status) from None

    def tool(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """``POST /mcp``: one of the tools, such as ``get_model_schema`` or ``estimate_cost`` (edition 2026-09).

        Args:
            name: the tool.
            arguments: its arguments.

        Raises:
            RequestRejected: the tool reports an error.
            UnreadableAnswer: the endpoint gave no result.
            ApiError: the endpoint isn't there, or refuses.
        """
        call = responses.tool_call(name, arguments)
        policy = _LOOKUP_POLICY if name in responses.READING_TOOLS else RetryPolicy(attempts=1)
        answer = self._retrier(policy)(
            lambda: self._transport.ask("POST", "/mcp", body=call, headers=responses.TOOL_HEADERS)
        )
        return responses.read_tool(name, answer.body)

    def download(
        self,
        link: tasks.ImageLink | str,
        target: Path,
        *,
        max_bytes: int = MAX_IMAGE_BYTES,
        stop: threading.Event | None = None,
        deadline: float | None = None,
        on_retry: OnRetry | None = None,
        check: Callable[[Path], None] | None = None,
    ) -> int:
        """Fetch one image into a file, without the key, trying its mirrors in turn.

        Args:
            link: its URLs.
            target: the file to write, a ``.part`` by custom; it is removed again when nothing arrived whole.
            max_bytes: the largest file that is accepted.
            stop: ends any wait, also for bytes under way.
            deadline: monotonic seconds of the clock at which it has to be over, some grace aside.
            on_retry: called before each retry.
            check: looks at the file once it is there; where it raises DownloadFailed, the next mirror is tried.

        Returns:
            How many bytes were written.

        Raises:
            DownloadFailed: none of the mirrors gave the image; ``fields["links"]`` still lead to it.
            OSError: the file can't be written.
            Stopped: ``stop`` was set.
        """
        wanted = tasks.ImageLink(urls=(link,)) if isinstance(link, str) else link
        fetch = Downloader(
            self._image_sessions, self._transport.timeouts, self._clock, max_bytes, stop, check, deadline, self._secret
        )
        retrier = self._retrier(DOWNLOAD_POLICY, stop=stop, deadline=deadline, on_retry=on_retry)
        # The image host is another host: what the API asks for is nothing to it.
        image_retrier = replace(retrier, rate_limiter=RateLimiter(self._clock), may_repeat=may_repeat)
        return image_retrier(lambda: fetch(wanted, target))

    def close(self) -> None:
        """Close idle connections."""
        self._transport.sessions.close()
        self._image_sessions.close()

    def _get(self, path: str) -> Any:
        return self._retrier(_LOOKUP_POLICY)(lambda: self._transport.ask("GET", path)).body

    def _retrier(self, policy: RetryPolicy, **options: Any) -> Retrier:
        return Retrier(self.rate_limiter, self._clock, policy, **options)


def _without_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _restore_client(base_url: str, settings: Mapping[str, Any]) -> Client:
    # A client arrives in another process without its key, which that process reads from its own environment.
    return Client(base_url, None, **settings)


def _quote_id(task_id: str) -> str:
    return quote(task_id, safe="")
