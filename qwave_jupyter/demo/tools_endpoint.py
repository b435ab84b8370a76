"""The tools endpoint, ``POST /v1/mcp``: JSON-RPC 2.0 over plain HTTP, answered from the catalogue.

Seven tools: ``list_models``, ``get_model_docs``, ``get_model_schema``, ``estimate_cost``, ``create_task``, ``get_task``
and ``cancel_task`` (MCP page, edition 2026-09).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter.demo import task_factory
from qwave_jupyter.demo.dialects import DIALECTS, TaskView
from qwave_jupyter.demo.http_types import Refused, Request, Response, json_response
from qwave_jupyter.demo.ledger import QUOTA_PER_USD
from qwave_jupyter.demo.model_docs import docs_of, schema_of
from qwave_jupyter.demo.prices import model_entry

if TYPE_CHECKING:
    from qwave_jupyter.demo.app import DemoApp

__all__ = ["TOOLS", "handle_call"]

_VERSION = "2025-06-18"
#: ``wait_seconds`` of ``create_task`` goes to 45.
_MAX_WAIT = 45
_POLL_AFTER = 5
_PAGE, _MAX_PAGE = 20, 100
_PARSE, _REQUEST, _METHOD, _PARAMS = -32700, -32600, -32601, -32602

#: The arguments of each tool, those that must be there first.
TOOLS: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {
    "list_models": (
        "The models that this key may use.",
        (),
        {"modality": "string", "query": "string", "limit": "integer", "cursor": "string"},
    ),
    "get_model_docs": ("What a model's page says.", ("model",), {"model": "string", "language": "string"}),
    "get_model_schema": ("What a model takes.", ("model",), {"model": "string"}),
    "estimate_cost": ("What a request would be held at.", ("model", "input"), {"model": "string", "input": "object"}),
    "create_task": (
        "Order a generation; the same key orders once.",
        ("model", "input", "idempotency_key"),
        {"model": "string", "input": "object", "idempotency_key": "string", "wait_seconds": "integer"},
    ),
    "get_task": ("What has become of a task.", ("task_id",), {"task_id": "string"}),
    "cancel_task": ("Cancel a task that is queued.", ("task_id",), {"task_id": "string"}),
}
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "object": (dict,)}


class _Fault(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def handle_call(app: DemoApp, request: Request) -> Response:
    """Answer one call.

    Args:
        app: the demo.
        request: the request, from somebody with the key.
    """
    number: Any = None
    try:
        call = _read(request.body)
        number = call.get("id")
        if "id" not in call:
            return Response(202, b"")
        return _dispatch(app, call, number)
    except _Fault as fault:
        error = {"code": fault.code, "message": str(fault)}
        return json_response(200, {"jsonrpc": "2.0", "id": number, "error": error})


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise _Fault(_PARSE, "Parse error") from None
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        raise _Fault(_REQUEST, "Invalid Request")
    return call


def _dispatch(app: DemoApp, call: Mapping[str, Any], number: Any) -> Response:
    method, params = call["method"], call.get("params", {})
    if not isinstance(params, dict):
        raise _Fault(_PARAMS, "params must be an object")
    if method == "initialize":
        about = {"name": "qwave demo", "version": app.catalog.edition}
        return _result(number, {"protocolVersion": _VERSION, "capabilities": {"tools": {}}, "serverInfo": about})
    if method == "ping":
        return _result(number, {})
    if method == "tools/list":
        return _result(number, {"tools": [_describe(name) for name in TOOLS]})
    if method != "tools/call":
        raise _Fault(_METHOD, "Method not found")
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(name, str) or name not in TOOLS:
        raise _Fault(_PARAMS, f"Unknown tool: {str(name)[:80]}")
    try:
        return _CALLS[name](app, _check_arguments(name, arguments), number)
    except Refused as refusal:
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.param:
            error["param"] = refusal.param
        return _content(number, {"success": False, "error": error}, wrong=True)


def _check_arguments(name: str, arguments: Any) -> Mapping[str, Any]:
    _, needed, types = TOOLS[name]
    if not isinstance(arguments, dict):
        raise Refused(400, "invalid_request", "arguments must be an object")
    for argument in (*needed, *arguments):
        if argument not in types:
            raise Refused(400, "invalid_request", f"{name} takes {', '.join(types)}", str(argument)[:80])
        given = arguments.get(argument)
        if not isinstance(given, _TYPES[types[argument]]) or isinstance(given, bool):
            raise Refused(400, "invalid_request", f"{argument} must be of type {types[argument]}", argument)
    return arguments


def _describe(name: str) -> dict[str, Any]:
    about, needed, types = TOOLS[name]
    properties = {argument: {"type": kind} for argument, kind in types.items()}
    schema = {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}
    return {"name": name, "description": about, "inputSchema": schema}


def _list_models(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    entries = [model_entry(model) for model in app.catalog]
    query = arguments.get("query", "").lower()
    shown = [
        entry
        for entry in entries
        if query in f"{entry['id']} {entry['description']}".lower() and arguments.get("modality", "image") == "image"
    ]
    cursor = arguments.get("cursor", "0")
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 9):
        raise Refused(400, "invalid_request", "cursor is none that list_models gave", "cursor")
    begin, size = int(cursor), min(max(1, arguments.get("limit", _PAGE)), _MAX_PAGE)
    following = str(begin + size) if begin + size < len(shown) else None
    return _content(number, {"models": shown[begin : begin + size], "next_cursor": following})


def _get_model_docs(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    model = task_factory.find_model(app.catalog, arguments["model"])
    if arguments.get("language", "en") not in {"zh", "en"}:
        raise Refused(400, "invalid_request", "language is zh or en", "language")
    # The catalogue quotes the pages in English, whatever language is asked for.
    return _content(number, {"model": model.id, "language": "en", "docs": docs_of(model)})


def _get_model_schema(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    return _content(number, schema_of(task_factory.find_model(app.catalog, arguments["model"])))


def _estimate_cost(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    quota = task_factory.estimate_quota(task_factory.validate(app.catalog, _body(arguments)))
    estimate = {"estimated_cost": quota, "estimated_cost_usd": quota / QUOTA_PER_USD, "currency": "USD"}
    return _content(number, {"model": arguments["model"], **estimate})


def _create_task(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    seconds, key = arguments.get("wait_seconds", 0), arguments["idempotency_key"]
    if not 0 <= seconds <= _MAX_WAIT:
        raise Refused(400, "invalid_request", f"wait_seconds is 0 to {_MAX_WAIT}", "wait_seconds")
    if not key.strip():
        raise Refused(400, "invalid_request", "idempotency_key is required", "idempotency_key")
    task = app.accept(key, lambda: task_factory.validate(app.catalog, _body(arguments)))
    response = _content(number, _task_json(app.view(task)))
    if not seconds:
        return response
    return replace(response, hold=app.hold_until_end(task, seconds, lambda view: _wrap(number, _task_json(view))))


def _get_task(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    return _content(number, _task_json(app.view(app.ledger.get(arguments["task_id"]))))


def _cancel_task(app: DemoApp, arguments: Mapping[str, Any], number: Any) -> Response:
    return _content(number, app.ledger.cancel(arguments["task_id"]))


_CALLS: Mapping[str, Callable[[Any, Mapping[str, Any], Any], Response]] = {
    "list_models": _list_models,
    "get_model_docs": _get_model_docs,
    "get_model_schema": _get_model_schema,
    "estimate_cost": _estimate_cost,
    "create_task": _create_task,
    "get_task": _get_task,
    "cancel_task": _cancel_task,
}


def _body(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**arguments["input"], "model": arguments["model"]}


def _task_json(view: TaskView) -> dict[str, Any]:
    content: dict[str, Any] = dict(DIALECTS["percent"].to_json(view))
    for name in ("cost", "pre_consumed_cost"):
        if name in content:
            content[f"{name}_usd"] = content[name] / QUOTA_PER_USD
    content |= {"terminal": view.ended, "should_poll": not view.ended}
    if not view.ended:
        content["next_poll_after_seconds"] = _POLL_AFTER
    return content


def _result(number: Any, result: Mapping[str, Any]) -> Response:
    return json_response(200, {"jsonrpc": "2.0", "id": number, "result": result})


def _wrap(number: Any, content: Mapping[str, Any], *, wrong: bool = False) -> dict[str, Any]:
    text = {"type": "text", "text": json.dumps(content, ensure_ascii=False)}
    result = {"content": [text], "structuredContent": content, "isError": wrong}
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _content(number: Any, content: Mapping[str, Any], *, wrong: bool = False) -> Response:
    return json_response(200, _wrap(number, content, wrong=wrong))
