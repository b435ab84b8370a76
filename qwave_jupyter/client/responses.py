"""What the smaller endpoints say: the list of models, the balance, the tools."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from qwave_jupyter.amounts import read_amount
from qwave_jupyter.client.coerce import read_id, read_number, read_text, read_time
from qwave_jupyter.client.error_responses import to_one_line, unreadable_answer
from qwave_jupyter.client.tasks import to_usd
from qwave_jupyter.errors import AuthenticationFailed, RequestRejected
from qwave_jupyter.types import JSONObject

__all__ = [
    "READING_TOOLS",
    "TOOL_HEADERS",
    "Balance",
    "build_tool_call",
    "read_balance",
    "read_estimate",
    "read_models",
    "read_tool",
]

#: Tools that change nothing, so that asking again is safe (MCP page, edition 2026-09).
READING_TOOLS = frozenset({"list_models", "get_model_docs", "get_model_schema", "estimate_cost", "get_task"})
TOOL_HEADERS: Mapping[str, str] = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}


@dataclass(frozen=True)
class Balance:
    """What the account has, which may be more than this key may spend (Account pages, edition 2026-09).

    Args:
        available_usd: what is left.
        granted_usd: what was ever granted, or None.
        used_usd: what was used, or None.
        as_of: Unix seconds, or None.
    """

    available_usd: float
    granted_usd: float | None = None
    used_usd: float | None = None
    as_of: float | None = None


def read_balance(answer: object) -> Balance:
    """``{total_granted_usd, total_used_usd, total_available_usd, as_of}`` as a :class:`Balance`."""
    body = answer if isinstance(answer, Mapping) else {}
    if isinstance(body.get("data"), Mapping):
        body = body["data"]
    granted, used = read_number(body.get("total_granted_usd")), read_number(body.get("total_used_usd"))
    available = read_number(body.get("total_available_usd"))
    if available is None and granted is not None and used is not None:
        available = granted - used
    if available is None:
        raise unreadable_answer("api.no_balance")
    return Balance(available, granted, used, read_time(body.get("as_of")))


def read_models(answer: object) -> tuple[JSONObject, ...]:
    """The entries of ``GET /models`` that have an id, each with whatever the server says of it."""
    entries = answer
    if isinstance(answer, Mapping):
        entries = answer.get("data", answer.get("models"))
        if isinstance(entries, Mapping):
            entries = entries.get("models", entries.get("data"))
    if not isinstance(entries, list):
        raise unreadable_answer("api.no_models")
    named = [{"id": entry} if isinstance(entry, str) else entry for entry in entries]
    return tuple(entry for entry in named if isinstance(entry, Mapping) and read_id(entry.get("id")))


def build_tool_call(name: str, arguments: JSONObject) -> JSONObject:
    """The JSON-RPC body that calls a tool."""
    return {
        "jsonrpc": "2.0",
        "id": str(uuid.uuid4()),
        "method": "tools/call",
        "params": {"name": name, "arguments": dict(arguments)},
    }


def read_tool(name: str, answer: object) -> JSONObject:
    """What a tool says, from ``structuredContent`` or from JSON in its text."""
    body = answer if isinstance(answer, Mapping) else {}
    if isinstance(body.get("error"), Mapping):
        raise _build_tool_error(name, body["error"])
    result = body.get("result")
    if not isinstance(result, Mapping):
        raise unreadable_answer("api.no_tool_result", tool=name)
    content = result.get("structuredContent")
    if not isinstance(content, Mapping):
        content = _read_text_content(result.get("content"))
    if result.get("isError") or (content or {}).get("success") is False:
        raise _build_tool_error(name, content or {})
    if content is None:
        raise unreadable_answer("api.no_tool_result", tool=name)
    return content


def read_estimate(answer: object) -> float | None:
    """USD in an ``estimate_cost`` answer; None without an amount (its fields aren't documented)."""
    body = answer if isinstance(answer, Mapping) else {}
    inner: JSONObject = next(
        (body[name] for name in ("data", "estimate", "cost") if isinstance(body.get(name), Mapping)), {}
    )
    for part in (body, inner):
        # Whatever it is called, dollars say so in their name; plain quota is read only under the task's own names.
        named = [name for name in part if isinstance(name, str) and (name.endswith("_usd") or name == "usd")]
        for name in sorted(named, key=lambda one: ("total" not in one, "cost" not in one, one)):
            amount = read_amount(read_number(part[name]))
            if amount is not None:
                return amount
        for name in ("pre_consumed_cost", "estimated_cost", "cost"):
            amount = read_amount(read_number(part.get(name)))
            if amount is not None:
                return to_usd(round(amount))
    return None


def _read_text_content(parts: object) -> JSONObject | None:
    for part in parts if isinstance(parts, list) else ():
        text = part.get("text") if isinstance(part, Mapping) else None
        if not isinstance(text, str):
            continue
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = {"message": text}
        if isinstance(content, Mapping):
            return content
    return None


def _build_tool_error(name: str, body: JSONObject) -> RequestRejected | AuthenticationFailed:
    inner = body["error"] if isinstance(body.get("error"), Mapping) else body
    code = to_one_line(read_text(inner.get("code")), 80)
    message = to_one_line(read_text(inner.get("message")) or read_text(inner.get("error")))
    fields = {"status": 200, "api_code": code, "message": message, "param": None, "request_id": None}
    if code in {"unauthorized", "missing_api_key"}:
        return AuthenticationFailed("api.authentication", **fields)
    return RequestRejected("api.tool_failed", tool=name, said=message or code or "?", **fields)
