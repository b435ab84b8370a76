"""Admin endpoints below /demo/: faults, switches and counts of requests, for tests and other processes.

These addresses belong to the demo alone; the API has nothing like them.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from qwave_jupyter.demo.faults import Fault
from qwave_jupyter.demo.http_types import (
    ApiError,
    Request,
    Response,
    json_response,
    method_not_allowed,
    parse_json,
    parse_object,
)
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from qwave_jupyter.demo.app import DemoApp

__all__ = ["Counters", "find_endpoint", "handle_admin"]

_MAX_FAULTS = 1000
_METHODS: Mapping[str, Sequence[str]] = {
    "/demo/faults": ("GET", "POST"),
    "/demo/switches": ("GET", "POST"),
    "/demo/counts": ("GET",),
}
_ENDPOINTS = (
    ("POST", r"(/v1)?/tasks(/sync)?/?", "submit"),
    ("POST", r"(/v1)?/images/(generations|edits)/?", "submit"),
    ("POST", r"(/v1)?/tasks/[^/]+/cancel/?", "cancel"),
    ("GET", r"(/v1)?/tasks/[^/]+/?", "status"),
    ("GET", r"/files/.*", "download"),
)


def handle_admin(app: DemoApp, request: Request) -> Response:
    """Answer a request below ``/demo/``.

    ``POST /demo/faults`` takes a JSON list of faults, which replaces the pending ones; ``GET`` returns those.
    ``POST /demo/switches`` takes an object of options to change. ``GET /demo/counts`` returns the numbers of requests
    and tasks, and what they cost.

    Raises:
        ApiError: no such endpoint, or an invalid body.
    """
    endpoint = request.method, request.path.rstrip("/")
    methods = _METHODS.get(endpoint[1], ())
    if methods and request.method not in methods:
        raise method_not_allowed(request, methods)
    try:
        if endpoint == ("POST", "/demo/faults"):
            app.faults.replace(_parse_faults(request.body))
        elif endpoint == ("POST", "/demo/switches"):
            app.change(**parse_object(request.body))
        elif endpoint == ("GET", "/demo/counts"):
            return json_response(200, _counts(app))
        elif not methods:
            raise ApiError(404, "not_found", f"no such endpoint: {request.method} {request.path[:100]}")
    except ConfigurationError as error:
        raise ApiError(400, "invalid_request", str(error)) from None
    if endpoint[1] == "/demo/switches":
        return json_response(200, asdict(app.options))
    return json_response(200, {"faults": app.faults.to_json()})


def _parse_faults(body: bytes) -> list[Fault]:
    try:
        entries = parse_json(body)
    except ValueError:
        entries = None
    if isinstance(entries, Mapping):
        entries = [entries]
    if not isinstance(entries, list):
        raise ConfigurationError("demo.bad_fault", given=repr(body[:60]))
    if len(entries) > _MAX_FAULTS:
        raise ConfigurationError("demo.too_many_faults", given=len(entries), most=_MAX_FAULTS)
    return [Fault.from_json(entry) for entry in entries]


def _counts(app: DemoApp) -> JSONObject:
    return {**app.counters.to_json(), **app.ledger.counts(), "faults_left": len(app.faults.pending())}


class Counters:
    """Counts requests; safe for threads."""

    def __init__(self) -> None:
        self._endpoints: Counter[str] = Counter()
        self._paths: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, request: Request, endpoint: str) -> None:
        """Count one request."""
        path = re.sub(r"^((?:/v1)?/tasks/)(?!sync/?$)[^/]+", r"\1{id}", request.path)
        path = re.sub(r"^(/files/)[^/]+/.*", r"\1{id}/{n}", path)[:120]
        with self._lock:
            self._endpoints[endpoint] += 1
            if len(self._paths) < 1000:
                self._paths[f"{request.method} {path}"] += 1

    def to_json(self) -> JSONObject:
        """Return the counts: ``submits``, ``statuses``, ``downloads``, ``cancels``, ``requests`` and ``paths``."""
        with self._lock:
            plurals = {"submit": "submits", "status": "statuses", "download": "downloads", "cancel": "cancels"}
            return {
                **{plural: self._endpoints[endpoint] for endpoint, plural in plurals.items()},
                "requests": sum(self._endpoints.values()),
                "paths": dict(sorted(self._paths.items())),
            }


def find_endpoint(request: Request) -> str:
    """Return ``submit``, ``status``, ``download``, ``cancel``, or ``lookup`` for anything else."""
    for method, pattern, endpoint in _ENDPOINTS:
        if request.method == method and re.fullmatch(pattern, request.path):
            return endpoint
    return "lookup"
