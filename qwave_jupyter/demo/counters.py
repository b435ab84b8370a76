"""Counts of requests by kind and by path."""

from __future__ import annotations

import re
import threading
from collections import Counter
from typing import Any

from qwave_jupyter.demo.http_types import Request

__all__ = ["Counters", "endpoint_of"]

_PLACES = (
    ("POST", r"(/v1)?/tasks(/sync)?/?", "submit"),
    ("POST", r"(/v1)?/images/(generations|edits)/?", "submit"),
    ("POST", r"(/v1)?/tasks/[^/]+/cancel/?", "cancel"),
    ("GET", r"(/v1)?/tasks/[^/]+/?", "status"),
    ("GET", r"/files/.*", "download"),
)


class Counters:
    """Counts requests; safe for threads."""

    def __init__(self) -> None:
        self._places: Counter[str] = Counter()
        self._paths: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, request: Request, place: str) -> None:
        """Count one request."""
        path = re.sub(r"^((?:/v1)?/tasks/)(?!sync/?$)[^/]+", r"\1{id}", request.path)
        path = re.sub(r"^(/files/)[^/]+/.*", r"\1{id}/{n}", path)[:120]
        with self._lock:
            self._places[place] += 1
            if len(self._paths) < 1000:
                self._paths[f"{request.method} {path}"] += 1

    def to_json(self) -> dict[str, Any]:
        """The counts: ``submits`` and their like, and ``paths``."""
        with self._lock:
            named = {"submit": "submits", "status": "statuses", "download": "downloads", "cancel": "cancels"}
            return {
                **{plural: self._places[place] for place, plural in named.items()},
                "requests": sum(self._places.values()),
                "paths": dict(sorted(self._paths.items())),
            }


def endpoint_of(request: Request) -> str:
    """``submit``, ``status``, ``download``, ``cancel``, or ``lookup`` for anything else."""
    for method, pattern, place in _PLACES:
        if request.method == method and re.fullmatch(pattern, request.path):
            return place
    return "lookup"
