"""The tools endpoint, ``POST /v1/mcp``: JSON-RPC 2.0 over plain HTTP, from the catalogue.

Seven tools: ``list_models``, ``get_model_docs``, ``get_model_schema``, ``estimate_cost``, ``create_task``, ``get_task``
and ``cancel_task`` (MCP page, edition 2026-09).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from qwave_jupyter.demo import task_factory
from qwave_jupyter.demo.dialects import DIALECTS, TaskView
from qwave_jupyter.demo.http_types import ApiError, Request, Response, json_response, parse_json
from qwave_jupyter.demo.ledger import QUOTA_PER_USD
from qwave_jupyter.demo.model_docs import build_entry, build_schema, format_docs
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from qwave_jupyter.demo.app import DemoApp

__all__ = ["TOOLS", "handle_call"]

_VERSION = "2025-06-18"
#: ``wait_seconds`` of ``create_task`` goes to 45.
_MAX_WAIT = 45
_POLL_AFTER = 5
_PAGE, _MAX_PAGE = 20, 100
_PARSE, _REQUEST, _METHOD, _PARAMS = -32700, -32600, -32601, -32602

#: Description, required arguments and types of all arguments of each tool.
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
        "Create a task; the same idempotency key creates it once.",
        ("model", "input"),
        {"model": "string", "input": "object", "idempotency_key": "string", "wait_seconds": "integer"},
    ),
    "get_task": ("What has become of a task.", ("task_id",), {"task_id": "string"}),
    "cancel_task": ("Cancel a task that is queued.", ("task_id",), {"task_id": "string"}),
}
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "object": (dict,)}


class _RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def handle_call(app: DemoApp, request: Request) -> Response:
    """Answer one call."""
    call_id: object = None
    try:
        call = _parse_call(request.body)
        if "id" not in call:
            return Response(202, b"")
        call_id = call["id"]
        return _dispatch(app, call, call_id, request.origin)
    except _RpcError as fault:
        error = {"code": fault.code, "message": str(fault)}
        return json_response(200, {"jsonrpc": "2.0", "id": call_id, "error": error})


def _parse_call(body: bytes) -> JSONObject:
    try:
        call = parse_json(body)
    except ValueError:
        raise _RpcError(_PARSE, "Parse error") from None
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        raise _RpcError(_REQUEST, "Invalid Request")
    if "id" in call and not _is_id(call["id"]):
        raise _RpcError(_REQUEST, "Invalid Request: id must be a string or a number")
    return call


def _is_id(given: object) -> bool:
    return isinstance(given, (str, int, float)) and not isinstance(given, bool)


def _dispatch(app: DemoApp, call: JSONObject, call_id: object, origin: str) -> Response:
    method, params = call["method"], call.get("params", {})
    if not isinstance(params, dict):
        raise _RpcError(_PARAMS, "params must be an object")
    if method == "initialize":
        server = {"name": "qwave demo", "version": app.catalog.edition}
        return _rpc_response(
            call_id, {"protocolVersion": _VERSION, "capabilities": {"tools": {}}, "serverInfo": server}
        )
    if method == "ping":
        return _rpc_response(call_id, {})
    if method == "tools/list":
        return _rpc_response(call_id, {"tools": [_describe_tool(name) for name in TOOLS]})
    if method != "tools/call":
        raise _RpcError(_METHOD, "Method not found")
    name, arguments = params.get("name"), params.get("arguments", {})
    if not isinstance(name, str) or name not in TOOLS:
        raise _RpcError(_PARAMS, f"Unknown tool: {str(name)[:80]}")
    try:
        content = _CALLS[name](app, _check_arguments(name, arguments), origin)
    except ApiError as refusal:
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.param:
            error["param"] = refusal.param
        return _rpc_response(call_id, _tool_result({"success": False, "error": error}, is_error=True))
    # The page of a model is for reading; everything else is data.
    text = str(content["docs"]) if name == "get_model_docs" else ""
    response = _rpc_response(call_id, _tool_result(content, text))
    if name != "create_task" or not arguments.get("wait_seconds"):
        return response
    task = app.ledger.get(content["task_id"])
    hold = app.hold_until_end(
        task, arguments["wait_seconds"], lambda view: _rpc_body(call_id, _tool_result(_task_json(view))), origin
    )
    return replace(response, hold=hold)


def _check_arguments(name: str, arguments: object) -> JSONObject:
    _, required, types = TOOLS[name]
    if not isinstance(arguments, dict):
        raise ApiError(400, "invalid_request", "arguments must be an object")
    for argument in (*required, *arguments):
        if argument not in types:
            raise ApiError(400, "invalid_request", f"{name} takes {', '.join(types)}", str(argument)[:80])
        given = arguments.get(argument)
        if not isinstance(given, _TYPES[types[argument]]) or isinstance(given, bool):
            raise ApiError(400, "invalid_request", f"{argument} must be of type {types[argument]}", argument)
    return arguments


def _describe_tool(name: str) -> JSONObject:
    description, required, types = TOOLS[name]
    properties = {argument: {"type": kind} for argument, kind in types.items()}
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"name": name, "description": description, "inputSchema": schema}


def _list_models(app: DemoApp, arguments: JSONObject, _: str) -> JSONObject:
    entries = [build_entry(model) for model in app.catalog]
    query = arguments.get("query", "").lower()
    matching = [
        entry
        for entry in entries
        if query in f"{entry['id']} {entry['description']}".lower() and arguments.get("modality", "image") == "image"
    ]
    cursor = arguments.get("cursor", "0")
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 9):
        raise ApiError(400, "invalid_request", "cursor is none that list_models gave", "cursor")
    start, size = int(cursor), min(max(1, arguments.get("limit", _PAGE)), _MAX_PAGE)
    next_cursor = str(start + size) if start + size < len(matching) else None
    return {"models": matching[start : start + size], "next_cursor": next_cursor}


def _get_model_docs(app: DemoApp, arguments: JSONObject, _: str) -> JSONObject:
    model = task_factory.find_model(app.catalog, arguments["model"])
    if arguments.get("language", "en") not in {"zh", "en"}:
        raise ApiError(400, "invalid_request", "language is zh or en", "language")
    # The catalogue quotes the pages in English, whatever language is asked for.
    return {"model": model.id, "language": "en", "docs": format_docs(model)}


def _get_model_schema(app: DemoApp, arguments: JSONObject, _: str) -> JSONObject:
    return build_schema(task_factory.find_model(app.catalog, arguments["model"]))


def _estimate_cost(app: DemoApp, arguments: JSONObject, _: str) -> JSONObject:
    quota = task_factory.estimate_quota(task_factory.validate(app.catalog, _build_task_body(arguments)))
    return {
        "model": arguments["model"],
        "estimated_cost": quota,
        "estimated_cost_usd": quota / QUOTA_PER_USD,
        "currency": "USD",
    }


def _create_task(app: DemoApp, arguments: JSONObject, origin: str) -> JSONObject:
    seconds, key = arguments.get("wait_seconds", 0), arguments.get("idempotency_key", "")
    if not 0 <= seconds <= _MAX_WAIT:
        raise ApiError(400, "invalid_request", f"wait_seconds is 0 to {_MAX_WAIT}", "wait_seconds")
    if "idempotency_key" in arguments and not key.strip():
        raise ApiError(400, "invalid_request", "idempotency_key must not be blank; leave it out", "idempotency_key")
    task = app.accept(key, lambda: task_factory.validate(app.catalog, _build_task_body(arguments)), origin)
    return _task_json(app.view(task, origin))


def _get_task(app: DemoApp, arguments: JSONObject, origin: str) -> JSONObject:
    return _task_json(app.view(app.ledger.get(arguments["task_id"]), origin))


def _cancel_task(app: DemoApp, arguments: JSONObject, _: str) -> JSONObject:
    return app.ledger.cancel(arguments["task_id"])


_CALLS: Mapping[str, Callable[[DemoApp, JSONObject, str], JSONObject]] = {
    "list_models": _list_models,
    "get_model_docs": _get_model_docs,
    "get_model_schema": _get_model_schema,
    "estimate_cost": _estimate_cost,
    "create_task": _create_task,
    "get_task": _get_task,
    "cancel_task": _cancel_task,
}


def _build_task_body(arguments: JSONObject) -> JSONObject:
    return {**arguments["input"], "model": arguments["model"]}


def _task_json(view: TaskView) -> JSONObject:
    content = dict(DIALECTS["percent"].status_body(view))
    for name in ("cost", "pre_consumed_cost"):
        if name in content:
            content[f"{name}_usd"] = content[name] / QUOTA_PER_USD
    content |= {"terminal": view.is_over, "should_poll": not view.is_over}
    if not view.is_over:
        content["next_poll_after_seconds"] = _POLL_AFTER
    return content


def _tool_result(content: JSONObject, text: str = "", *, is_error: bool = False) -> JSONObject:
    block = {"type": "text", "text": text or json.dumps(content, ensure_ascii=False)}
    return {"content": [block], "structuredContent": content, "isError": is_error}


def _rpc_body(call_id: object, result: JSONObject) -> JSONObject:
    return {"jsonrpc": "2.0", "id": call_id, "result": result}


def _rpc_response(call_id: object, result: JSONObject) -> Response:
    return json_response(200, _rpc_body(call_id, result))
