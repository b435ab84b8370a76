"""The documented protocol without sockets: a request in, an answer out, the clock given.

The same code serves over tornado and, as a requests adapter, inside a process. It judges the JSON that reaches it by
the catalogue: wire names, JSON types, undeclared fields.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.catalog import Catalog
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo import painter
from qwave_jupyter.demo.briefs import brief_of
from qwave_jupyter.demo.tasks import Task, duration_of
from qwave_jupyter.errors import UnknownModel

__all__ = ["Answer", "Order", "Protocol"]

#: 500 000 quota are 1 USD (Status page, edition 2026-09).
_QUOTA_PER_USD = 500_000
_UNPRICED_USD = 0.02
_KEY_LIVES = 24 * 3600.0
_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True)
class Order:
    """One HTTP request.

    Args:
        method: ``GET`` or ``POST``.
        path: without host and query.
        headers: names in lower case.
        body: bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.param = status, code, message, param


class Protocol:
    """The server's memory and manners.

    Args:
        catalog: what it refuses, and for how much it paints.
        host: the address under which its pictures lie, e.g. ``http://127.0.0.1:8000``.
        clock: time.
        latency: seconds that a plain request takes.
        key: the only key that is taken; None takes any.
        balance_usd: what the account has at the start.
        link_seconds: how long result links live; None for the edition's own time.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        host: str = "http://127.0.0.1",
        clock: Clock = SYSTEM_CLOCK,
        latency: float = 3.0,
        key: str | None = None,
        balance_usd: float = 100.0,
        link_seconds: float | None = None,
    ) -> None:
        self.catalog = catalog
        self.host = host
        self.latency = latency
        self.tasks: dict[str, Task] = {}
        self._clock = clock
        self._key = key
        self._granted = balance_usd
        self._link_seconds = link_seconds
        self._by_key: dict[str, tuple[float, str]] = {}
        self._painted: dict[tuple[str, int], bytes] = {}
        self._failures: list[str] = []
        self._lock = threading.Lock()

    def fail_next(self, code: str, times: int = 1) -> None:
        """Let the next tasks end as failed.

        Args:
            code: a task-level code, such as ``upstream_unavailable``.
            times: how many tasks.
        """
        self._failures.extend([code] * times)

    def handle(self, order: Order) -> Answer:
        """Answer one request."""
        try:
            return self._answered(order)
        except _Refused as refusal:
            error = {"message": refusal.message, "code": refusal.code}
            if refusal.param:
                error["param"] = refusal.param
            return _json(refusal.status, {"error": error})

    def _answered(self, order: Order) -> Answer:
        picture = re.fullmatch(r"/files/([\w.-]{1,80})/(\d{1,3})\.\w{3,4}", order.path)
        if picture and order.method == "GET":
            return self._picture(picture[1], int(picture[2]))
        self._let_in(order)
        path = order.path.removeprefix("/v1").rstrip("/")
        if (order.method, path) == ("POST", "/tasks"):
            return self._submit(order)
        task = re.fullmatch(r"/tasks/([^/]{1,200})(/cancel)?", path)
        if task and (order.method, bool(task[2])) in {("GET", False), ("POST", True)}:
            return self._cancel(task[1]) if task[2] else _json(200, self._rendered(self._known(task[1])))
        if order.method == "GET" and path == "/models":
            return _json(200, {"object": "list", "data": [self._model(name) for name in self.catalog.ids()]})
        if order.method == "GET" and path.startswith("/models/"):
            return _json(200, self._model(path.removeprefix("/models/")))
        if order.method == "GET" and path == "/dashboard/billing/balance":
            return _json(200, self._balance())
        raise _Refused(404, "not_found", f"no such endpoint: {order.method} {order.path[:100]}")

    def _let_in(self, order: Order) -> None:
        scheme, _, given = order.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip() or (self._key is not None and given.strip() != self._key):
            raise _Refused(401, "authentication_error", "Authentication failed")

    def _submit(self, order: Order) -> Answer:
        body = _object(order.body)
        with self._lock:
            key = order.headers.get("idempotency-key", "")
            now = self._clock.now()
            known = self._by_key.get(key) if key else None
            if known and now - known[0] < _KEY_LIVES:
                return _json(200, self._created(self.tasks[known[1]]))
            task = self._ordered(body, now)
            if task.held > self._left(now):
                raise _Refused(402, "payment_required", "Insufficient balance")
            self.tasks[task.task_id] = task
            if key:
                self._by_key[key] = (now, task.task_id)
        return _json(200, self._created(task))

    def _ordered(self, body: Mapping[str, Any], now: float) -> Task:
        name = body.get("model")
        if not isinstance(name, str) or not name:
            raise _Refused(400, "invalid_request", "model is required", "model")
        try:
            model = self.catalog.model(name)
        except UnknownModel:
            raise _Refused(404, "model_not_found", f"The model {name[:100]} does not exist", "model") from None
        values, wrong = model.from_wire(body)
        found = [*wrong, *(one for one in model.check(values) if one.severity == "reject" and one.code != "opaque")]
        if found:
            first = found[0]
            parameter = model.parameters.get(first.parameter)
            param = ".".join(parameter.wire) if parameter else first.parameter
            raise _Refused(400, "capability_violation", str(first), param)
        usd = model.price.estimate(model.effective(values))
        task_id = f"task-wave{round(now * 1000)}{uuid.uuid4().hex[:12]}"
        return Task(
            task_id=task_id,
            model=name,
            action=str(values.get("action") or model.default_action or "generate"),
            values=model.effective(values),
            created=now,
            seconds=duration_of(task_id, values, self.latency),
            held=round((usd if usd is not None else _UNPRICED_USD) * _QUOTA_PER_USD),
            failure=self._failures.pop(0) if self._failures else "",
        )

    def _created(self, task: Task) -> dict[str, Any]:
        if self.catalog.model(task.model).answer == "code-data":
            return {"code": "success", "data": task.task_id}
        return {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": "queued",
            "created_at": round(task.created * 1000),
            "progress": 0,
            "pre_consumed_cost": task.held,
        }

    def _rendered(self, task: Task) -> dict[str, Any]:
        now = self._clock.now()
        status = task.status(now)
        answer: dict[str, Any] = {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": status,
            "progress": task.progress(now),
            "created_at": round(task.created),
            "pre_consumed_cost": task.held,
            "urls": {"get": f"/v1/tasks/{task.task_id}", "cancel": f"/v1/tasks/{task.task_id}/cancel"},
        }
        if status in {"completed", "failed", "cancelled"}:
            answer["completed_at"] = round(task.ends)
            answer["cost"] = task.cost(now)
        if status == "failed":
            answer["error"] = {"message": f"[{task.failure}] the demo was told to fail", "code": task.failure}
        if status == "completed":
            kind = self._format(task)
            expires = round(task.ends + self._lifetime(task))
            answer["result"] = {
                "images": [
                    {"url": [f"{self.host}/files/{task.task_id}/{index}.{kind}"], "expires_at": expires}
                    for index in range(task.pictures)
                ]
            }
        return answer

    def _cancel(self, task_id: str) -> Answer:
        with self._lock:
            task, now = self._known(task_id), self._clock.now()
            if task.status(now) != "queued":
                raise _Refused(400, "task_not_cancellable", "Only queued tasks can be cancelled")
            task.cancelled = now
        return _json(200, {"task_id": task_id, "status": "cancelled", "refunded": True, "refunded_quota": task.held})

    def _known(self, task_id: str) -> Task:
        if task_id not in self.tasks:
            raise _Refused(404, "task_not_found", "Task not found")
        return self.tasks[task_id]

    def _picture(self, task_id: str, index: int) -> Answer:
        task, now = self._known(task_id), self._clock.now()
        if task.status(now) != "completed" or index >= task.pictures:
            raise _Refused(404, "not_found", "No such file")
        if now > task.ends + self._lifetime(task):
            raise _Refused(410, "expired", "The link has expired")
        kind = self._format(task)
        if (task_id, index) not in self._painted:
            self._painted[task_id, index] = painter.paint(self._brief(task, index, kind))
        return Answer(200, self._painted[task_id, index], _MIMES[kind])

    def _brief(self, task: Task, index: int, kind: str) -> painter.Brief:
        defaults = self.catalog.model(task.model).effective({})
        return brief_of(task.values, index, task.seed, kind, self._reference, defaults)

    def _reference(self, address: str) -> bytes | None:
        own = address.startswith(f"{self.host}/files/")
        answer = self.handle(Order("GET", address.removeprefix(self.host))) if own else None
        return answer.body if answer and answer.status == 200 else None

    def _format(self, task: Task) -> str:
        wanted = str(task.values.get("output_format") or "png").lower()
        return wanted if wanted in _MIMES else "png"

    def _lifetime(self, task: Task) -> float:
        hours = self.catalog.model(task.model).link_hours or 24
        return self._link_seconds if self._link_seconds is not None else hours * 3600.0

    def _model(self, name: str) -> dict[str, Any]:
        try:
            model = self.catalog.model(name)
        except UnknownModel:
            raise _Refused(404, "model_not_found", f"The model {name[:100]} does not exist") from None
        price: dict[str, Any] = {"base": model.price.from_usd} if model.price.from_usd is not None else {}
        if model.price.tiers:
            price["image_prices"] = dict(model.price.tiers)
        if model.price.rates:
            price = {"settle_image_by_usage": True, "image_usage_rates": dict(model.price.rates)}
        return {"id": name, "description": model.summary, "tags": ["image", model.vendor], "price_config": price}

    def _left(self, now: float) -> float:
        spent = sum(task.cost(now) if now >= task.ends else task.held for task in self.tasks.values())
        return self._granted * _QUOTA_PER_USD - spent

    def _balance(self) -> dict[str, Any]:
        now = self._clock.now()
        left = self._left(now) / _QUOTA_PER_USD
        return {
            "object": "credit_summary",
            "currency": "USD",
            "total_granted_usd": self._granted,
            "total_used_usd": round(self._granted - left, 6),
            "total_available_usd": round(left, 6),
            "as_of": round(now),
        }


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "invalid_request", "The body is not JSON") from None
    if not isinstance(content, dict):
        raise _Refused(400, "invalid_request", "The body must be a JSON object")
    return content


def _json(status: int, content: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False).encode("utf-8"))
