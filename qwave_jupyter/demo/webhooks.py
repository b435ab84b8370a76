"""Webhooks at the end of a task: one POST, best effort, to this machine only.

``callback_url`` and ``callback_events`` are fields of the Submit page (editions 2026-04 to 2026-09); that its body
is a status response is on the Webhooks page of July 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from qwave_jupyter.types import JSONObject, Values

__all__ = ["Webhook", "find_webhook"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ENDS = ("completed", "failed", "cancelled")
#: The pages use two words for one event.
_EVENTS = {"succeeded": "completed"}


@dataclass(frozen=True)
class Webhook:
    """A requested call.

    Args:
        url: its address, always on loopback.
        events: the final states that are reported.
        get_state: returns the task's final state, or "" before, and the body of a status response.
    """

    url: str
    events: frozenset[str]
    get_state: Callable[[], tuple[str, JSONObject]]

    def is_over(self) -> bool:
        """Return whether the task has ended."""
        return bool(self.get_state()[0])

    def body(self) -> bytes | None:
        """Return the body to send; None if this final state isn't reported."""
        end, content = self.get_state()
        return json.dumps(content, ensure_ascii=False).encode("utf-8") if end in self.events else None


def find_webhook(values: Values, get_state: Callable[[], tuple[str, JSONObject]]) -> Webhook | None:
    """Return the webhook in the values of a task, if any."""
    url = values.get("callback_url")
    if not isinstance(url, str) or not _is_loopback(url):
        return None
    events = values.get("callback_events") or _ENDS
    return Webhook(url, frozenset(_EVENTS.get(str(event), str(event)) for event in events), get_state)


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and port != 0
