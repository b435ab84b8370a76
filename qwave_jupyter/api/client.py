"""The session with the API: submit, ask, cancel, look up, and fetch pictures.

Every method is one documented endpoint. A client may be shared by threads; each gets a ``requests.Session`` of its own.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from qwave_jupyter.api import downloads, wire
from qwave_jupyter.api.credentials import KeyAuth, normalised
from qwave_jupyter.api.errors import is_transient, read_error
from qwave_jupyter.api.retries import OnRetry, Patience, Stopped, Throttle, persist
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import (
    ConnectionFailed,
    NotFound,
    QwaveError,
    RequestRejected,
    UnexpectedRedirect,
    UnreadableAnswer,
)

__all__ = ["Balance", "Client", "Stopped"]

Answer = TypeVar("Answer")

#: ``Prefer: wait=N`` holds an answer for 60 s at most (Submit page, editions 2026-06 and 2026-09).
LONGEST_HOLD = 60.0
_MCP_PROTOCOL = "2025-06-18"
_LARGEST_ANSWER = 300_000_000
#: A task may be unknown for a moment right after its submit; afterwards a 404 is the truth.
_NEWBORN_PATIENCE = Patience(attempts=4, first=0.5, longest=2.0)


@dataclass(frozen=True)
class Balance:
    """What the account has (Account pages, edition 2026-09).

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
    """The API of one host with one key.

    Args:
        base_url: the host, with or without ``/v1``.
        key: the API key; it is sent to this host only, in one header.
        session: makes a ``requests.Session``; called once per thread.
        clock: time.
        connect_timeout: seconds until a connection must stand.
        read_timeout: seconds between two bytes of an answer.
        patience: how often GETs, and submits with their idempotency key, are repeated.
        throttle: the host's slow-down; clients of the same host may share one.

    Raises:
        ConfigurationError: an unusable base URL.

    Example:
        >>> client = Client("https://www.qingbo.dev", "sk-…")
        >>> client.submit({"model": "gpt-image-2", "prompt": "a cat"}, idempotency_key="5f0c…").task_id
        'task-wave…'
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        session: Callable[[], requests.Session] = requests.Session,
        clock: Clock = SYSTEM_CLOCK,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        patience: Patience | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self.base_url, self.origin = normalised(base_url)
        self._key = key
        self._make_session = session
        self._clock = clock
        self._timeouts = (connect_timeout, read_timeout)
        self._patience = patience or Patience()
        self.throttle = throttle or Throttle(clock)
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, key {'set' if self._key else 'not set'})"

    def submit(
        self,
        body: Mapping[str, Any],
        *,
        idempotency_key: str,
        hold: float | None = None,
        stop: threading.Event | None = None,
        on_retry: OnRetry | None = None,
    ) -> wire.Task:
        """``POST /tasks``: order a generation.

        Args:
            body: the request body, exactly as it is to be sent.
            idempotency_key: within 24 h the same key gives the same task and no second charge; it is what makes a
                repetition after a lost answer safe.
            hold: seconds for which the server may keep the answer back until the task has ended, 60 at most.
            stop: ends any wait.
            on_retry: told before each repetition.

        Raises:
            ApiError: the server refused.
            ConnectionFailed: no answer; ``outcome_unknown`` says whether it may have acted.
        """
        headers = {"Idempotency-Key": idempotency_key}
        read_timeout = self._timeouts[1]
        if hold:
            seconds = min(hold, LONGEST_HOLD)
            headers["Prefer"] = f"wait={seconds:g}"
            read_timeout = max(read_timeout, seconds + 15)

        def ask() -> wire.Task:
            answer = self._ask("POST", "/tasks", json=body, headers=headers, read_timeout=read_timeout)
            return wire.read_submission(answer)

        return self._persist(ask, stop=stop, on_retry=on_retry)

    def task(
        self,
        task_id: str,
        *,
        newborn: bool = False,
        stop: threading.Event | None = None,
        on_retry: OnRetry | None = None,
    ) -> wire.Task:
        """``GET /tasks/{id}``: what has become of a task.

        Args:
            task_id: the task.
            newborn: it was submitted a moment ago, so a 404 is given a few seconds.
            stop: ends any wait.
            on_retry: told before each repetition.

        Raises:
            NotFound: no such task, or somebody else's.
        """

        def ask() -> wire.Task:
            return wire.read_task(self._ask("GET", f"/tasks/{_quoted(task_id)}"), task_id=task_id)

        if not newborn:
            return self._persist(ask, stop=stop, on_retry=on_retry)
        return self._persist(
            lambda: self._persist(ask, stop=stop, on_retry=on_retry),
            stop=stop,
            on_retry=on_retry,
            patience=_NEWBORN_PATIENCE,
            may_repeat=lambda error: isinstance(error, NotFound),
        )

    def cancel(self, task_id: str, *, within: float = 3.0) -> wire.Cancellation:
        """``POST /tasks/{id}/cancel``: cancel a task that is still queued. Asked once.

        Args:
            task_id: the task.
            within: seconds for the whole question.

        Raises:
            RequestRejected: it is no longer queued (``task_not_cancellable``).
            ConnectionFailed: no answer in time.
        """
        path = f"/tasks/{_quoted(task_id)}/cancel"
        return wire.read_cancellation(self._ask("POST", path, within=within), task_id)

    def models(self) -> tuple[Mapping[str, Any], ...]:
        """``GET /models``: the ids that this key may use, each with whatever the server says of it."""
        answer = self._persist(lambda: self._ask("GET", "/models"))
        entries = answer.get("data", answer.get("models")) if isinstance(answer, Mapping) else answer
        if not isinstance(entries, list):
            raise UnreadableAnswer("api.no_models")
        return tuple(entry for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str))

    def balance(self) -> Balance:
        """``GET /dashboard/billing/balance`` (edition 2026-09; the account's, not the key's)."""
        answer = self._persist(lambda: self._ask("GET", "/dashboard/billing/balance"))
        numbers = answer if isinstance(answer, Mapping) else {}
        available = numbers.get("total_available_usd")
        if not isinstance(available, (int, float)):
            raise UnreadableAnswer("api.no_balance")
        return Balance(
            available_usd=float(available),
            granted_usd=numbers.get("total_granted_usd"),
            used_usd=numbers.get("total_used_usd"),
            as_of=wire.read_time(numbers.get("as_of")),
        )

    def tool(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """``POST /mcp``: one of the tools of edition 2026-09, such as ``get_model_schema`` or ``estimate_cost``.

        Args:
            name: the tool.
            arguments: its arguments.

        Raises:
            RequestRejected: the tool reports an error.
            UnreadableAnswer: the endpoint answers something else, or isn't there.
        """
        call = {
            "jsonrpc": "2.0",
            "id": str(uuid.uuid4()),
            "method": "tools/call",
            "params": {"name": name, "arguments": dict(arguments)},
        }
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": _MCP_PROTOCOL}
        answer = self._ask("POST", "/mcp", json=call, headers=headers)
        result = answer.get("result") if isinstance(answer, Mapping) else None
        if not isinstance(result, Mapping):
            raise UnreadableAnswer("api.no_tool_result", tool=name)
        content = result.get("structuredContent")
        if result.get("isError"):
            said = content.get("message") if isinstance(content, Mapping) else ""
            raise RequestRejected("api.tool_failed", status=200, api_code="tool_error", message=said or "", tool=name)
        if not isinstance(content, Mapping):
            raise UnreadableAnswer("api.no_tool_result", tool=name)
        return content

    def download(
        self,
        link: wire.PictureLink,
        target: Path,
        *,
        max_bytes: int = downloads.LARGEST_PICTURE,
        stop: threading.Event | None = None,
        on_retry: OnRetry | None = None,
    ) -> int:
        """Fetch one picture into a file, without the key, trying its mirrors in turn.

        Args:
            link: where it lies.
            target: the file to write, a ``.part`` by custom; it is removed again when nothing arrived whole.
            max_bytes: the largest file that is accepted.
            stop: ends any wait.
            on_retry: told before each repetition.

        Returns:
            How many bytes were written.

        Raises:
            DownloadFailed: none of the mirrors gave the picture.
            OSError: the file can't be written.
        """
        fetch = downloads.Download(self._sessions().pictures, self._timeouts, max_bytes, stop)
        return self._persist(
            lambda: fetch(link, target),
            stop=stop,
            on_retry=on_retry,
            throttle=Throttle(self._clock),
            may_repeat=downloads.may_repeat,
        )

    def close(self) -> None:
        """Close this thread's connections."""
        sessions = getattr(self._local, "sessions", None)
        if sessions is not None:
            sessions.close()
            del self._local.sessions

    def _persist(self, ask: Callable[[], Answer], **options: Any) -> Answer:
        options = {"patience": self._patience, "throttle": self.throttle, "may_repeat": is_transient, **options}
        return persist(ask, clock=self._clock, **options)

    def _sessions(self) -> _Sessions:
        if not hasattr(self._local, "sessions"):
            self._local.sessions = _Sessions(self._make_session, KeyAuth(self._key, self.origin))
        sessions: _Sessions = self._local.sessions
        return sessions

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
        within: float | None = None,
    ) -> Any:
        connect, read = self._timeouts
        timeouts = (min(connect, within), within) if within else (connect, read_timeout or read)
        asking = self._sessions().api.request
        try:
            answer = asking(
                method,
                self.base_url + path,
                json=json,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=timeouts,
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            raise _unanswered(problem, method, self.origin) from None
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Any:
        if answer.is_redirect or answer.is_permanent_redirect:
            raise UnexpectedRedirect(
                "api.redirected",
                status=answer.status_code,
                origin=self.origin,
                to=answer.headers.get("location", "")[:200],
            )
        content = answer.content
        if not 200 <= answer.status_code < 300:
            raise read_error(answer.status_code, answer.headers, content, now=self._clock.now(), secret=self._key)
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise UnreadableAnswer(
                "api.not_json", status=answer.status_code, seen=answer.headers.get("content-type", "")[:60] or "nothing"
            ) from None

    def __reduce__(self) -> Any:
        return (_revive, (self.base_url, self._timeouts))


class _Sessions:
    """One thread's connections: one with the key, one for pictures without it."""

    def __init__(self, make: Callable[[], requests.Session], auth: KeyAuth) -> None:
        self.api, self.pictures = make(), make()
        self.api.auth = auth
        self.pictures.auth = _no_auth

    def close(self) -> None:
        self.api.close()
        self.pictures.close()


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # An auth callable, though it adds nothing, keeps requests from looking into .netrc.
    return request


def _revive(base_url: str, timeouts: tuple[float, float]) -> Client:
    # A client arrives in another process without its key, which that process reads from its own environment.
    from qwave_jupyter import keys

    found = keys.find()
    return Client(base_url, found.secret if found else "", connect_timeout=timeouts[0], read_timeout=timeouts[1])


def _unanswered(problem: requests.RequestException, method: str, origin: str) -> QwaveError:
    never_sent = isinstance(problem, requests.exceptions.ConnectTimeout) or "refused" in str(problem).lower()
    timed_out = isinstance(problem, requests.Timeout)
    return ConnectionFailed(
        "api.timed_out" if timed_out else "api.unreachable",
        host=origin,
        reason=type(problem).__name__,
        outcome_unknown=method == "POST" and not never_sent,
    )


def _quoted(task_id: str) -> str:
    return quote(task_id, safe="")
