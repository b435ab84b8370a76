"""Fault injection: what goes wrong, at which endpoint, and how often.

The app applies faults to responses; the server carries out those that need a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace

from qwave_jupyter import i18n
from qwave_jupyter.demo.http_types import ApiError, Response
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.types import JSONObject

__all__ = ["ENDPOINTS", "FAULT_KINDS", "TASK_CODES", "Fault", "Faults"]

ENDPOINTS = ("submit", "status", "download", "cancel", "lookup", "any")
FAULT_KINDS = (
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
_STATUS_OF: Mapping[str, int] = {
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
_CARRIED_OUT = frozenset({"reset-after", "junk", "empty", "truncated", "slow"})
_SLOW_SECONDS, _HANG_SECONDS = 3.0, 3600.0
_JUNK = b'{"task_id": "task-wave17'
_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
)
_WINDOW_SECONDS = 3600


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        at: ``submit``, ``status``, ``download``, ``cancel``, ``lookup`` (models, account, tools), or ``any`` request.
        how: ``fail`` (the created task ends as failed), ``error`` (a refusal with ``code``), ``429``, ``500``,
            ``502`` (a gateway's HTML), ``503`` (plain text), ``slow`` (late by ``seconds``), ``hang`` (no response
            for ``seconds``), ``reset`` (the connection breaks before anything is done), ``reset-after`` (it
            breaks afterwards), ``junk`` (half a JSON object), ``empty`` (no body), ``truncated`` (half of the bytes).
        times: how many requests it affects; None until it is removed.
        code: the task's code with ``fail`` (``upstream_unavailable``, ``upstream_rate_limited``,
            ``upstream_bad_request``, ``task_failed``), the refusal's with ``error``.
        seconds: of ``slow`` and ``hang``.
        retry_after: seconds that a ``429`` asks for; None sends no such header.
        acts: whether the request is carried out nevertheless; None for the default of ``how``.

    Raises:
        ConfigurationError: an invalid value.

    Example:
        >>> Fault(at="submit", how="reset-after").is_carried_out
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
        _check_choice("at", self.at, ENDPOINTS)
        _check_choice("how", self.how, FAULT_KINDS)
        if self.how == "error":
            _check_choice("code", self.code, tuple(_STATUS_OF))
        for name, minimum in (("times", 1), ("seconds", 0), ("retry_after", 0)):
            value = getattr(self, name)
            types = (int,) if name == "times" else (int, float)
            if value is not None and not (type(value) in types and value >= minimum):
                raise ConfigurationError("demo.bad_number", switch=name, given=value, least=minimum)
        if not isinstance(self.code, str) or self.acts not in (None, True, False):
            raise ConfigurationError("demo.bad_fault", given=repr(self.code or self.acts)[:80])

    @classmethod
    def from_json(cls, given: object) -> Fault:
        """Create a fault from a JSON object with the fields of this class.

        Raises:
            ConfigurationError: an invalid fault.
        """
        known = {one.name for one in fields(cls)}
        if not isinstance(given, Mapping):
            raise ConfigurationError("demo.bad_fault", given=repr(given)[:80])
        for name in given:
            _check_choice("fault", name, tuple(sorted(known)))
        how = given.get("how")
        return cls(**{**given, "how": str(how)} if type(how) is int else given)

    @property
    def is_carried_out(self) -> bool:
        """Whether the request is carried out although the response differs."""
        return self.how in _CARRIED_OUT if self.acts is None else self.acts

    def applies_to(self, endpoint: str) -> bool:
        """Return whether it affects requests to an endpoint."""
        return self.at in {"any", endpoint}

    def apply_to(self, response: Response) -> Response:
        """Return the response with this fault."""
        if response.hold is not None:
            hold = response.hold
            return replace(response, hold=replace(hold, make_response=lambda: self._apply(hold.make_response())))
        return self._apply(response)

    def _apply(self, response: Response) -> Response:
        changes: Mapping[str, JSONObject] = {
            "slow": {"delay": _SLOW_SECONDS if self.seconds is None else self.seconds},
            "hang": {"connection_fault": "hang", "delay": _HANG_SECONDS if self.seconds is None else self.seconds},
            "reset": {"connection_fault": "reset"},
            "reset-after": {"connection_fault": "reset"},
            "truncated": {"connection_fault": "truncate"},
            "empty": {"body": b""},
            "junk": {"status": 200, "body": _JUNK, "content_type": "application/json"},
            "502": {"status": 502, "body": _GATEWAY, "content_type": "text/html"},
            "503": {"status": 503, "body": b"Service Unavailable", "content_type": "text/plain"},
        }
        return replace(response, **changes[self.how])

    def to_error(self, now: float) -> ApiError | None:
        """Return the documented error, or None for a fault that is no JSON error."""
        code = {"429": "rate_limit_error", "500": "server_error", "error": self.code}.get(self.how)
        if code is None:
            return None
        headers = {}
        if self.how == "429" and self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        more: JSONObject = {}
        if code == "quota_window_exceeded":
            ends = round(now + (self.seconds if self.seconds is not None else _WINDOW_SECONDS))
            more = {"window": "1h", "used": 500_000, "cap": 500_000, "reset_at": ends}
        return ApiError(
            _STATUS_OF[code], code, i18n.text("demo.refused_on_request", code=code), headers=headers, more=more
        )


class Faults:
    """The pending faults in order; safe for threads."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Append faults."""
        with self._lock:
            self._pending.extend(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace all pending faults."""
        with self._lock:
            self._pending = list(faults)

    def drop(self, how: str, at: str) -> None:
        """Remove those of a kind at an endpoint."""
        with self._lock:
            self._pending = [fault for fault in self._pending if (fault.how, fault.at) != (how, at)]

    def pending(self) -> tuple[Fault, ...]:
        """Return the pending faults, with their remaining times."""
        with self._lock:
            return tuple(self._pending)

    def to_json(self) -> list[JSONObject]:
        """Return the pending faults as JSON."""
        return [asdict(fault) for fault in self.pending()]

    def pop(self, endpoint: str) -> Fault | None:
        """Return the fault of a request to an endpoint, if any, and count it."""
        return self._pop(lambda fault: fault.how != "fail" and fault.applies_to(endpoint))

    def pop_failure(self) -> str:
        """Return the code with which a new task fails, or "", and count it."""
        fault = self._pop(lambda fault: fault.how == "fail")
        return (fault.code or "task_failed") if fault else ""

    def _pop(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._pending):
                if matches(fault):
                    if fault.times is not None:
                        rest = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                        self._pending[index : index + 1] = rest
                    return fault
        return None


def _check_choice(name: str, given: object, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise ConfigurationError("demo.not_a_choice", switch=name, given=str(given)[:80], allowed=allowed)
