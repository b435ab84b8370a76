"""What the smaller endpoints say: the list of models, the balance, the tools."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qwave_jupyter.amounts import read_amount
from qwave_jupyter.client.coerce import read_id, read_number, read_text, read_time
from qwave_jupyter.client.error_responses import one_line, unreadable
from qwave_jupyter.client.tasks import to_usd
from qwave_jupyter.errors import AuthenticationFailed, RequestRejected

__all__ = [
    "READING_TOOLS",
    "TOOL_HEADERS",
    "Balance",
    "read_balance",
    "read_estimate",
    "read_models",
    "read_tool",
    "tool_call",
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


def read_balance(answer: Any) -> Balance:
    """``{total_granted_usd, total_used_usd, total_available_usd, as_of}`` as a :class:`Balance`.

    Raises:
        UnreadableAnswer: it doesn't say what is left.

    Example:
        >>> read_balance({"total_granted_usd": 10, "total_used_usd": "2.5"}).available_usd
        7.5
    """
    said = answer if isinstance(answer, Mapping) else {}
    if isinstance(said.get("data"), Mapping):
        said = said["data"]
    granted, used = read_number(said.get("total_granted_usd")), read_number(said.get("total_used_usd"))
    available = read_number(said.get("total_available_usd"))
    if available is None and granted is not None and used is not None:
        available = granted - used
    if available is None:
        raise unreadable("api.no_balance")
    return Balance(available, granted, used, read_time(said.get("as_of")))


def read_models(answer: Any) -> tuple[Mapping[str, Any], ...]:
    """The entries of ``GET /models`` that have an id, each with whatever the server says of it.

    Raises:
        UnreadableAnswer: there is no list in it.
    """
    entries = answer
    if isinstance(answer, Mapping):
        entries = answer.get("data", answer.get("models"))
        if isinstance(entries, Mapping):
            entries = entries.get("models", entries.get("data"))
    if not isinstance(entries, list):
        raise unreadable("api.no_models")
    named = [{"id": entry} if isinstance(entry, str) else entry for entry in entries]
    return tuple(entry for entry in named if isinstance(entry, Mapping) and read_id(entry.get("id")))


def tool_call(name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON-RPC body that calls a tool."""
    return {
        "jsonrpc": "2.0",
        "id": str(uuid.uuid4()),
        "method": "tools/call",
        "params": {"name": name, "arguments": dict(arguments)},
    }


def read_tool(name: str, answer: Any) -> Mapping[str, Any]:
    """What a tool says, from ``structuredContent`` or from JSON in its text.

    Raises:
        RequestRejected: the tool reports an error.
        AuthenticationFailed: it says that the key may not.
        UnreadableAnswer: there is no result.
    """
    said = answer if isinstance(answer, Mapping) else {}
    if isinstance(said.get("error"), Mapping):
        raise _tool_error(name, said["error"])
    result = said.get("result")
    if not isinstance(result, Mapping):
        raise unreadable("api.no_tool_result", tool=name)
    content = result.get("structuredContent")
    if not isinstance(content, Mapping):
        content = _from_text(result.get("content"))
    if result.get("isError") or (content or {}).get("success") is False:
        raise _tool_error(name, content or {})
    if content is None:
        raise unreadable("api.no_tool_result", tool=name)
    return content


def read_estimate(answer: Any) -> float | None:
    """USD in an ``estimate_cost`` answer; None without an amount (its fields aren't documented).

    Example:
        >>> read_estimate({"estimated_cost_usd": 0.0064})
        0.0064
    """
    said = answer if isinstance(answer, Mapping) else {}
    inner: Mapping[str, Any] = next(
        (said[name] for name in ("data", "estimate", "cost") if isinstance(said.get(name), Mapping)), {}
    )
    for part in (said, inner):
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


def _from_text(parts: Any) -> Mapping[str, Any] | None:
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


def _tool_error(name: str, said: Mapping[str, Any]) -> RequestRejected | AuthenticationFailed:
    inner = said["error"] if isinstance(said.get("error"), Mapping) else said
    code = one_line(read_text(inner.get("code")), 80)
    message = one_line(read_text(inner.get("message")) or read_text(inner.get("error")))
    fields = {"status": 200, "api_code": code, "message": message, "param": None, "request_id": None}
    if code in {"unauthorized", "missing_api_key"}:
        return AuthenticationFailed("api.authentication", **fields)
    return RequestRejected("api.tool_failed", tool=name, said=message or code or "?", **fields)
