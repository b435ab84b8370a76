"""Calls when a task has ended: one POST, best effort, to this machine only.

``callback_url`` and ``callback_events`` are fields of the Submit page (editions 2026-04 to 2026-09); that the call
brings what a status answer says is on the Webhooks page of July 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Webhook", "webhook_of"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: The pages use two words for one event.
_ENDS = ("completed", "failed", "cancelled")
_EVENTS = {"succeeded": "completed"}


@dataclass(frozen=True)
class Webhook:
    """A call that somebody wants.

    Args:
        url: where to; always on loopback.
        events: the ends that are wanted.
        get_state: the task's end, or "" while there is none, and its status answer, which is what the call brings.
    """

    url: str
    events: frozenset[str]
    get_state: Callable[[], tuple[str, Any]]

    def over(self) -> bool:
        """Whether the task has ended."""
        return bool(self.get_state()[0])

    def body(self) -> bytes | None:
        """What to send now; None when this end isn't wanted."""
        end, content = self.get_state()
        return json.dumps(content, ensure_ascii=False).encode("utf-8") if end in self.events else None


def webhook_of(values: Mapping[str, Any], get_state: Callable[[], tuple[str, Any]]) -> Webhook | None:
    """The call that a task was ordered with, if any.

    Args:
        values: what was set.
        get_state: see :class:`Webhook`.
    """
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
