"""Faults on request: what a teacher or a test lets go wrong, where, and how often.

A fault is a value. The protocol decides when it strikes; the server carries out what needs a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.demo.http_types import Refused, Response
from qwave_jupyter.errors import ConfigurationError

__all__ = ["HOWS", "PLACES", "TASK_CODES", "Fault", "Faults"]

PLACES = ("submit", "status", "download", "cancel", "lookup", "any")
HOWS = (
    "fail",
    "error",
    "429",
    "500",
    "502",
    "503",
    "slow",
    "hang",
    "reset",
    "reset-after",
    "junk",
    "empty",
    "truncated",
)
#: The status of each documented code (error pages, editions 2026-04 to 2026-09); task codes go with ``fail``.
STATUS_OF: Mapping[str, int] = {
    "invalid_request": 400,
    "capability_violation": 400,
    "task_not_cancellable": 400,
    "authentication_error": 401,
    "payment_required": 402,
    "permission_error": 403,
    "quota_not_enough": 403,
    "task_not_found": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "quota_window_exceeded": 429,
    "price_not_configured": 500,
    "server_error": 500,
    "get_task_failed": 500,
    "bad_gateway": 502,
}
#: The codes with which a task can fail (Status page, editions 2026-06 and 2026-09; the last one since 2026-04).
TASK_CODES = ("upstream_unavailable", "upstream_rate_limited", "upstream_bad_request", "task_failed")
_ACTS = frozenset({"reset-after", "junk", "empty", "truncated", "slow"})
_SLOW_SECONDS, _HANG_SECONDS = 3.0, 3600.0
_JUNK = b'{"task_id": "task-wave17'
_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
)
_WINDOW_SECONDS = 3600


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Args:
        at: ``submit``, ``status``, ``download``, ``cancel``, ``lookup`` (models, account, tools), or ``any`` request.
        how: ``fail`` (the task that is ordered ends as failed), ``error`` (a refusal with ``code``), ``429``, ``500``,
            ``502`` (a gateway's HTML), ``503`` (plain text), ``slow`` (late by ``seconds``), ``hang`` (no answer for
            ``seconds``), ``reset`` (the connection breaks before anything is done), ``reset-after`` (it breaks when all
            is done), ``junk`` (half a JSON object), ``empty`` (no body), ``truncated`` (half of the announced bytes).
        times: how many requests it strikes; None until it is taken back.
        code: the task's code with ``fail`` (``upstream_unavailable``, ``upstream_rate_limited``,
            ``upstream_bad_request``, ``task_failed``), the refusal's with ``error``.
        seconds: of ``slow`` and ``hang``.
        retry_after: seconds that a ``429`` asks for; None sends no such header.
        acts: whether the request is carried out all the same; None for what ``how`` says by itself.

    Raises:
        ConfigurationError: a word or number that no fault can have.

    Example:
        >>> Fault(at="submit", how="reset-after").carried_out
        True
    """

    at: str = "any"
    how: str = "500"
    times: int | None = 1
    code: str = ""
    seconds: float | None = None
    retry_after: float | None = 1.0
    acts: bool | None = None

    def __post_init__(self) -> None:
        _choose("at", self.at, PLACES)
        _choose("how", self.how, HOWS)
        if self.how == "error":
            _choose("code", self.code, tuple(STATUS_OF))
        for name, least in (("times", 1), ("seconds", 0), ("retry_after", 0)):
            value = getattr(self, name)
            right = (int,) if name == "times" else (int, float)
            if value is not None and not (type(value) in right and value >= least):
                raise ConfigurationError("demo.bad_number", switch=name, given=value, least=least)
        if not isinstance(self.code, str) or self.acts not in (None, True, False):
            raise ConfigurationError("demo.bad_fault", given=repr(self.code or self.acts)[:80])

    @classmethod
    def from_json(cls, given: Any) -> Fault:
        """A fault from JSON.

        Args:
            given: an object with this class's fields.

        Raises:
            ConfigurationError: it is none.
        """
        known = {one.name for one in fields(cls)}
        if not isinstance(given, Mapping):
            raise ConfigurationError("demo.bad_fault", given=repr(given)[:80])
        for name in given:
            _choose("fault", name, tuple(sorted(known)))
        how = given.get("how")
        return cls(**{**given, "how": str(how)} if type(how) is int else given)

    @property
    def carried_out(self) -> bool:
        """Whether the request is carried out although it looks otherwise."""
        return self.how in _ACTS if self.acts is None else self.acts

    def applies_to(self, place: str) -> bool:
        """Whether it is meant for such a request."""
        return self.at in {"any", place}

    def apply_to(self, response: Response) -> Response:
        """What becomes of an answer.

        Args:
            response: the right one; any where nothing was done.
        """
        if response.hold is not None:
            hold = response.hold
            return replace(response, hold=replace(hold, then=lambda: self._apply(hold.then())))
        return self._apply(response)

    def _apply(self, response: Response) -> Response:
        changes: Mapping[str, Mapping[str, Any]] = {
            "slow": {"delay": _SLOW_SECONDS if self.seconds is None else self.seconds},
            "hang": {"fate": "hang", "delay": _HANG_SECONDS if self.seconds is None else self.seconds},
            "reset": {"fate": "reset"},
            "reset-after": {"fate": "reset"},
            "truncated": {"fate": "truncate"},
            "empty": {"body": b""},
            "junk": {"status": 200, "body": _JUNK, "kind": "application/json"},
            "502": {"status": 502, "body": _GATEWAY, "kind": "text/html"},
            "503": {"status": 503, "body": b"Service Unavailable", "kind": "text/plain"},
        }
        return replace(response, **changes[self.how])

    def to_error(self, now: float) -> Refused | None:
        """The documented error that it is, or None for a fault that is no JSON error.

        Args:
            now: Unix seconds.
        """
        code = {"429": "rate_limit_error", "500": "server_error", "error": self.code}.get(self.how)
        if code is None:
            return None
        headers = {}
        if self.how == "429" and self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        more: dict[str, Any] = {}
        if code == "quota_window_exceeded":
            ends = round(now + (self.seconds if self.seconds is not None else _WINDOW_SECONDS))
            more = {"window": "1h", "used": 500_000, "cap": 500_000, "reset_at": ends}
        return Refused(STATUS_OF[code], code, i18n.say("demo.told_to_refuse", code=code), headers=headers, more=more)


class Faults:
    """The faults that are still to strike, in order; safe for threads."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Append faults."""
        with self._lock:
            self._pending.extend(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Forget all and begin anew with these."""
        with self._lock:
            self._pending = list(faults)

    def drop(self, how: str, at: str) -> None:
        """Forget those of a kind at a place."""
        with self._lock:
            self._pending = [fault for fault in self._pending if (fault.how, fault.at) != (how, at)]

    def pending(self) -> tuple[Fault, ...]:
        """What is still to strike, with the times that are left."""
        with self._lock:
            return tuple(self._pending)

    def to_json(self) -> list[dict[str, Any]]:
        """The same as JSON."""
        return [asdict(fault) for fault in self.pending()]

    def take(self, place: str) -> Fault | None:
        """The fault that strikes a request now, if any.

        Args:
            place: one of :data:`PLACES`.
        """
        return self._take(lambda fault: fault.how != "fail" and fault.applies_to(place))

    def take_failure(self) -> str:
        """The code with which the task that is being ordered will end, or ""."""
        fault = self._take(lambda fault: fault.how == "fail")
        return (fault.code or "task_failed") if fault else ""

    def _take(self, fits: Any) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._pending):
                if fits(fault):
                    if fault.times is not None:
                        left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                        self._pending[place : place + 1] = left
                    return fault
        return None


def _choose(switch: str, given: Any, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise ConfigurationError("demo.not_a_choice", switch=switch, given=str(given)[:80], allowed=allowed)
