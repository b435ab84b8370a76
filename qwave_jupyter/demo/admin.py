"""Admin endpoints below /demo/: faults, switches and counts, for tests and programs in another process.

These addresses belong to the demo alone; the API has nothing like them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qwave_jupyter.demo.faults import Fault
from qwave_jupyter.demo.http_types import Refused, Request, Response, json_response, parse_object
from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from qwave_jupyter.demo.app import DemoApp

__all__ = ["handle_admin"]


def handle_admin(app: DemoApp, request: Request) -> Response:
    """Answer a request below ``/demo/``.

    ``POST /demo/faults`` takes a JSON list of faults, which replaces what was left of the last one; ``GET`` tells what
    is left. ``POST /demo/switches`` takes an object of switches to turn. ``GET /demo/counts`` tells what arrived and
    what it cost.

    Args:
        app: the demo.
        request: the request, from somebody with the key.

    Raises:
        Refused: no such address, or a list that can't be meant.
    """
    asked = request.method, request.path.rstrip("/")
    try:
        if asked == ("POST", "/demo/faults"):
            app.faults.replace(_parse_faults(request.body))
        elif asked == ("POST", "/demo/switches"):
            app.change(**parse_object(request.body))
        elif asked == ("GET", "/demo/counts"):
            return json_response(200, _counts(app))
        elif asked not in {("GET", "/demo/faults"), ("GET", "/demo/switches")}:
            raise Refused(404, "not_found", f"no such endpoint: {request.method} {request.path[:100]}")
    except ConfigurationError as mistake:
        raise Refused(400, "invalid_request", str(mistake)) from None
    if asked[1] == "/demo/switches":
        return json_response(200, asdict(app.switches))
    return json_response(200, {"faults": app.faults.to_json()})


def _parse_faults(body: bytes) -> list[Fault]:
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        entries = None
    if isinstance(entries, Mapping):
        entries = [entries]
    if not isinstance(entries, list):
        raise ConfigurationError("demo.bad_fault", given=repr(body[:60]))
    return [Fault.from_json(entry) for entry in entries]


def _counts(app: DemoApp) -> dict[str, Any]:
    now = app.clock.now()
    tasks = list(app.tasks.values())
    charged = [task for task in tasks if task.charge(now)]
    return {
        **app.counters.to_json(),
        "tasks": len(tasks),
        "billed": len(charged),
        "billed_quota": sum(task.charge(now) for task in charged),
        "faults_left": len(app.faults.pending()),
    }
