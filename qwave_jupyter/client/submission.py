"""One submission, ``POST /tasks``, with all its attempts.

Within 24 h the same ``Idempotency-Key`` gives the same task and no second charge (Submit page, editions 2026-06 and
2026-09). Where a server's contract has no such key, a submission whose outcome is unknown must not be sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from qwave_jupyter.client import tasks
from qwave_jupyter.client.error_responses import is_transient
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.client.transport import Transport
from qwave_jupyter.errors import ApiError, ConnectionFailed, QwaveError, RateLimited, UnreadableAnswer

__all__ = ["Submission"]

#: "It exists": another attempt with the same key is being served.
_CONFLICT = 409


class Submission:
    """One submission: its request, and whether an attempt may have created a task.

    Args:
        transport: exchanges with the host.
        body: the request body.
        idempotency_key: sent with each attempt, also to servers that may ignore it.
        hold: seconds for which the server may keep its answer back, or 0.
        stop: ends the wait for an answer.
        deadline: monotonic seconds of the clock at which an attempt has to be over, some grace aside.
        repeatable: whether the key makes repeating safe at this moment.
        may_exist: whether an attempt of an earlier run may have made a task.
    """

    def __init__(
        self,
        transport: Transport,
        body: Mapping[str, Any],
        idempotency_key: str,
        *,
        hold: int,
        stop: threading.Event | None,
        deadline: float | None,
        repeatable: Callable[[], bool],
        may_exist: bool,
    ) -> None:
        self._transport = transport
        self._body = body
        self._headers = {"Idempotency-Key": idempotency_key}
        self._waits: dict[str, Any] = {"stop": stop, "deadline": deadline}
        self._repeatable = repeatable
        self._last: QwaveError | None = None
        self.hold = hold
        self.took = 0.0
        self.may_exist = may_exist

    def send(self) -> tasks.Task:
        """Make one attempt.

        Raises:
            QwaveError: why there is no task; the last error once more where the key has died during the pause.
            Stopped: the stop event was set.
        """
        repeatable = self._repeatable()
        if self._last is not None and self.may_exist and not repeatable:
            raise self._last
        headers = {**self._headers, "Prefer": f"wait={self.hold}"} if self.hold else self._headers
        begun = self._transport.clock.monotonic()
        try:
            answer = self._transport.ask(
                "POST",
                "/tasks",
                body=self._body,
                headers=headers,
                hold=self.hold,
                # A dead connection would leave the outcome unknown, and here there would be no asking again.
                fresh=not repeatable,
                **self._waits,
            )
            return tasks.read_submission(answer.body)
        except QwaveError as error:
            self._last = error
            self.may_exist = self.may_exist or _may_have_acted(error)
            if not isinstance(error, RateLimited):
                # A gateway that can't hold a connection for so long won't do so at the next attempt either.
                self.hold = 0
            raise
        except Stopped as stopped:
            self.may_exist = self.may_exist or stopped.outcome_unknown
            raise
        finally:
            self.took = self._transport.clock.monotonic() - begun

    def may_repeat(self, error: QwaveError) -> bool:
        """Whether another attempt can help, and can't make a second task."""
        worth = is_transient(error) or error.fields.get("status") == _CONFLICT
        return worth and (not self.may_exist or self._repeatable())


def _may_have_acted(error: QwaveError) -> bool:
    """Whether the server may have made a task although an attempt ended like that."""
    if isinstance(error, ConnectionFailed):
        return error.outcome_unknown
    if isinstance(error, UnreadableAnswer) or error.fields.get("status") == _CONFLICT:
        return True
    # A 429 is documented as not accepted; other refusals for good are answers to this very attempt.
    return isinstance(error, ApiError) and not isinstance(error, RateLimited) and is_transient(error)
