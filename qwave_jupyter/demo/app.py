"""The documented protocol without sockets: a request in, a response out, the clock given.

The same code serves over tornado and inside a process. This module routes requests and applies options and faults; the
modules that it calls make the content.
"""

from __future__ import annotations

import hmac
import math
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Catalog, Model
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo import admin, images_endpoint, painter, task_factory, tools_endpoint, webhooks
from qwave_jupyter.demo.admin import Counters, find_endpoint
from qwave_jupyter.demo.dialects import Dialect, TaskView, get_dialect, select_dialect
from qwave_jupyter.demo.faults import Fault, Faults
from qwave_jupyter.demo.http_types import (
    LOOPBACK_HOST,
    ApiError,
    Hold,
    Request,
    Response,
    json_response,
    method_not_allowed,
    parse_object,
)
from qwave_jupyter.demo.ledger import Ledger
from qwave_jupyter.demo.model_docs import build_entry
from qwave_jupyter.demo.options import FAULT_OPTIONS, DemoOptions, parse_fault_option
from qwave_jupyter.demo.render_request import make_brief
from qwave_jupyter.demo.tasks import Task
from qwave_jupyter.types import JSONObject, Values

__all__ = ["MAX_HOLD_SECONDS", "DemoApp", "Request", "Response"]

#: ``Prefer: wait=N`` holds a response for 60 s at most (Submit page, editions 2026-06 and 2026-09).
MAX_HOLD_SECONDS = 60
#: ``POST /tasks/sync`` was removed on 2026-06-11.
_WITHOUT_SYNC = frozenset({"2026-09"})
#: Painted images that are kept, about fifty of 1k; all others are painted again when they are requested.
_CACHE_BYTES = 64_000_000
_MIME_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_Routes: TypeAlias = Mapping[str, Callable[[], Response]]
_FILE_PATH = r"/files/([\w.-]{1,80})/(\d{1,3})\.\w{3,4}"


class _RateLimiter:
    """A rate limit with a sliding window; safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._served: deque[float] = deque()
        self._lock = threading.Lock()

    def seconds_to_wait(self, limit: float | None) -> float:
        """Return the seconds after which a request may be served; 0 serves it now. No limit is None or 0."""
        if not limit:
            return 0.0
        window, maximum = (1.0, int(limit)) if limit >= 1 else (1.0 / max(limit, 1e-6), 1)
        with self._lock:
            now = self._clock.monotonic()
            while self._served and self._served[0] <= now - window:
                self._served.popleft()
            if len(self._served) < maximum:
                self._served.append(now)
                return 0.0
            return self._served[-maximum] + window - now


class DemoApp:
    """The server without sockets: it holds the tasks, the account and the faults.

    Args:
        catalog: validates requests and has their prices.
        host: the address of the images, e.g. ``http://127.0.0.1:8000``.
        clock: time.
        key: the only key that is accepted; None accepts any.
        balance_usd: the balance of the account at the start.
        options: fields of :class:`~qwave_jupyter.demo.options.DemoOptions`, such as ``latency``, and ``fail``,
            ``reset`` and ``junk`` as for :meth:`change`.

    Raises:
        ConfigurationError: an unknown option, or an invalid value.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        host: str = "http://127.0.0.1",
        clock: Clock = SYSTEM_CLOCK,
        key: str | None = None,
        balance_usd: float = 100.0,
        **options: Any,
    ) -> None:
        self.catalog = catalog
        self.host = host
        self.clock = clock
        self.ledger = Ledger(clock, balance_usd)
        self.faults = Faults()
        self.counters = Counters()
        self.options = DemoOptions()
        self._key = key
        self._rate_limiter = _RateLimiter(clock)
        self._cache: dict[tuple[str, int], bytes] = {}
        self._cache_lock = threading.Lock()
        self._webhooks: deque[webhooks.Webhook] = deque()
        self.change(**options)

    @property
    def tasks(self) -> dict[str, Task]:
        """The newest tasks by id."""
        return self.ledger.tasks

    def change(self, **options: object) -> DemoOptions:
        """Change options; tasks that are in progress keep their duration.

        Args:
            options: fields of :class:`~qwave_jupyter.demo.options.DemoOptions`; ``fail="upstream_unavailable:2"`` lets
                the next two tasks fail (all without a number), ``reset=3`` and ``junk=3`` spoil the next three
                responses.

        Raises:
            ConfigurationError: an unknown option, or an invalid value; nothing is changed then.
        """
        faults = {name: parse_fault_option(name, options.pop(name)) for name in FAULT_OPTIONS if name in options}
        self.options = self.options.with_changes(options)
        for name, fault in faults.items():
            # A fault that was injected for one endpoint only isn't removed by the option.
            self.faults.drop(name, at="submit" if name == "fail" else "any")
            if fault is not None:
                self.faults.add(fault)
        return self.options

    def inject_fault(self, **fault: object) -> None:
        """Add a fault from the fields of :class:`~qwave_jupyter.demo.faults.Fault`.

        Raises:
            ConfigurationError: an invalid fault.
        """
        self.faults.add(Fault.from_json(fault))

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/demo/"):
            return self._catch_refusal("control", lambda: self._handle_admin(request))
        kind, endpoint = _error_kind(request), find_endpoint(request)
        self.counters.count(request, endpoint)
        fault = self.faults.pop(endpoint)
        if fault is None:
            return self._catch_refusal(kind, lambda: self._route(request))
        response = Response(0, b"")
        if fault.is_carried_out:
            response = self._catch_refusal(kind, lambda: self._route(request))
        refusal = fault.to_error(self.clock.now())
        return fault.apply_to(response) if refusal is None else self._dialect().error_response(refusal, kind)

    def refuse(self, request: Request, refusal: ApiError) -> Response:
        """Return a refusal in the shape that is documented for the request's address."""
        kind = "control" if request.path.startswith("/demo/") else _error_kind(request)
        return self._dialect().error_response(refusal, kind)

    def view(self, task: Task, origin: str = "") -> TaskView:
        """Return the current state of a task, with links below the address that the client uses."""
        now, origin = self.clock.now(), origin or self.host
        count = task.image_count if task.status(now) == "completed" else 0
        links = [f"{origin}/files/{task.task_id}/{index}.{_file_format(task)}" for index in range(count)]
        return TaskView(task, now, links, task.ends + self._link_seconds(task), origin)

    def accept(self, key: str, parse: Callable[[], task_factory.ValidRequest], origin: str = "") -> Task:
        """Return the task with this idempotency key, or create one from the parsed request.

        Raises:
            ApiError: the request is invalid.
        """
        created: list[Task] = []

        def create() -> Task:
            valid = parse()
            failure = self.faults.pop_failure()
            created.append(task_factory.make_task(valid, self.options, self.ledger.created, self.clock.now(), failure))
            return created[0]

        task = self.ledger.get_or_create(key, create)
        if created:
            webhook = webhooks.find_webhook(task.values, lambda: self._webhook_state(task.task_id, origin))
            self._webhooks.extend([webhook] if webhook else [])
        return task

    def pop_webhooks(self) -> tuple[webhooks.Webhook, ...]:
        """Return the webhooks that were requested since the last call."""
        popped = []
        while self._webhooks:
            popped.append(self._webhooks.popleft())
        return tuple(popped)

    def hold_until_end(
        self, task: Task, seconds: float, build: Callable[[TaskView], JSONObject], origin: str = ""
    ) -> Hold:
        """Return a hold for a response whose content is built at the task's end, or after some seconds."""
        return Hold(
            until=self.clock.now() + seconds,
            is_over=lambda: self.view(task).is_over,
            make_response=lambda: self._catch_refusal(
                "images", lambda: json_response(200, build(self.view(task, origin)))
            ),
        )

    def _webhook_state(self, task_id: str, origin: str) -> tuple[str, JSONObject]:
        task = self.ledger.get(task_id)
        view = self.view(task, origin)
        return view.status if view.is_over else "", self._dialect(task.model).status_body(view)

    def _catch_refusal(self, kind: str, respond: Callable[[], Response]) -> Response:
        try:
            return respond()
        except ApiError as refusal:
            return self._dialect().error_response(refusal, kind)

    def _dialect(self, model_id: str = "") -> Dialect:
        model = self._find_model(model_id)
        return select_dialect(self.options.dialect, self.catalog.edition, model.answer if model else "")

    def _find_model(self, model_id: str) -> Model | None:
        # A task of an earlier run may have a model of another edition.
        return self.catalog.model(model_id) if model_id in self.catalog.ids() else None

    def _handle_admin(self, request: Request) -> Response:
        self._authenticate(request)
        return admin.handle_admin(self, request)

    def _route(self, request: Request) -> Response:
        path = request.path.removeprefix("/v1").rstrip("/")
        image = re.fullmatch(_FILE_PATH, request.path)
        if image:
            routes: _Routes = {"GET": lambda: self._serve_file(image[1], int(image[2]))}
        else:
            self._authenticate(request)
            self._enforce_rate_limit()
            routes = self._find_routes(path, request)
        if not routes:
            raise ApiError(404, "not_found", f"no such endpoint: {request.method} {request.path[:100]}")
        if request.method not in routes:
            raise method_not_allowed(request, routes)
        return routes[request.method]()

    def _find_routes(self, path: str, request: Request) -> _Routes:
        if path in self._post_routes():
            return {"POST": lambda: self._post_routes()[path](request)}
        task = re.fullmatch(r"/tasks/(?!sync$)([^/]{1,200})(/cancel)?", path)
        if task and task[2]:
            return {"POST": lambda: self._cancel_task(task[1])}
        if task:
            return {"GET": lambda: self._get_task(task[1], request.origin)}
        if path == "/models":
            return {"GET": self._list_models}
        if path.startswith("/models/"):
            return {"GET": lambda: self._describe_model(path.removeprefix("/models/"))}
        accounts = {
            "/dashboard/billing/balance": self.ledger.balance,
            "/dashboard/billing/usage": self.ledger.usage,
            "/dashboard/billing/subscription": self.ledger.subscription,
        }
        return {"GET": lambda: json_response(200, accounts[path]())} if path in accounts else {}

    def _list_models(self) -> Response:
        entries = [build_entry(self.catalog.model(name)) for name in self.catalog.ids()]
        return json_response(200, {"object": "list", "data": entries})

    def _describe_model(self, name: str) -> Response:
        return json_response(200, build_entry(task_factory.find_model(self.catalog, name)))

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = self._key is None or hmac.compare_digest(given.strip().encode(), self._key.encode())
        if scheme.lower() != "bearer" or not given.strip() or not right:
            raise ApiError(401, "authentication_error", "Authentication failed")

    def _enforce_rate_limit(self) -> None:
        wait = self._rate_limiter.seconds_to_wait(self.options.rate_limit)
        if wait > 0:
            message = i18n.text("demo.too_many", limit=f"{self.options.rate_limit:g}")
            raise ApiError(429, "rate_limit_error", message, headers={"Retry-After": str(max(1, math.ceil(wait)))})

    def _post_routes(self) -> Mapping[str, Callable[[Request], Response]]:
        routes = {"/tasks": self._submit, "/mcp": lambda request: tools_endpoint.handle_call(self, request)}
        # The oldest pages submit at what became an OpenAI-compatible address (March 2026).
        old = self.options.dialect is not None and self._dialect().status_shape == "result"
        routes |= dict.fromkeys(images_endpoint.ENDPOINTS, self._submit if old else self._submit_image)
        if self.catalog.edition not in _WITHOUT_SYNC:
            routes["/tasks/sync"] = self._submit_and_hold
        return routes

    def _create_task(self, request: Request) -> Task:
        body = parse_object(request.body)
        key = request.headers.get("idempotency-key", "")
        return self.accept(key, lambda: task_factory.validate(self.catalog, body), request.origin)

    def _submit_and_hold(self, request: Request) -> Response:
        task = self._create_task(request)

        def build(view: TaskView) -> JSONObject:
            if view.is_over:
                return get_dialect("string-url").status_body(view)
            return {
                "task_id": task.task_id,
                "status": view.status,
                "progress": task.progress(view.now),
                "poll_url": f"/v1/tasks/{task.task_id}",
            }

        hold = self.hold_until_end(task, MAX_HOLD_SECONDS, build, request.origin)
        return replace(json_response(200, build(self.view(task, request.origin))), hold=hold)

    def _submit_image(self, request: Request) -> Response:
        body, path = images_endpoint.parse_body(request), request.path.rstrip("/")
        key = request.headers.get("idempotency-key", "")
        task = self.accept(key, lambda: images_endpoint.parse_request(self.catalog, body, path), request.origin)
        prompt, inline = str(body.get("prompt")), body.get("response_format") == "b64_json"

        def build(view: TaskView) -> JSONObject:
            links = {link: partial(self._paint, task, index) for index, link in enumerate(_require_success(view).links)}
            return images_endpoint.build_response(task.created, prompt, links, inline=inline)

        hold = self.hold_until_end(task, math.inf, build, request.origin)
        return replace(json_response(200, build(self.view(task, request.origin))), hold=hold)

    def _submit(self, request: Request) -> Response:
        task = self._create_task(request)
        dialect = self._dialect(task.model)
        response = json_response(200, dialect.submit_body(self.view(task, request.origin)))
        seconds = _parse_preferred_wait(request.headers.get("prefer", "")) if dialect.supports_prefer_wait else 0
        if dialect.submit_shape == "images":
            hold = self.hold_until_end(
                task, math.inf, lambda view: dialect.status_body(_require_success(view)), request.origin
            )
            return replace(response, hold=hold)
        if seconds:
            return replace(response, hold=self.hold_until_end(task, seconds, dialect.status_body, request.origin))
        return response

    def _get_task(self, task_id: str, origin: str) -> Response:
        task = self.ledger.get(task_id)
        return json_response(200, self._dialect(task.model).status_body(self.view(task, origin)))

    def _cancel_task(self, task_id: str) -> Response:
        cancelled = self.ledger.cancel(task_id)
        return json_response(200, self._dialect(self.tasks[task_id].model).cancel_body(cancelled))

    def _serve_file(self, task_id: str, index: int) -> Response:
        task, now = self.ledger.get(task_id), self.clock.now()
        if task.status(now) != "completed" or index >= task.image_count:
            raise ApiError(404, "not_found", "No such file")
        if self.ledger.is_expired(task_id) or now > task.ends + self._link_seconds(task):
            raise ApiError(410, "expired", "The link has expired")
        return Response(200, self._paint(task, index), _MIME_TYPES[_file_format(task)])

    def _paint(self, task: Task, index: int) -> bytes:
        key = task.task_id, index
        image = self._cache.get(key)
        if image is None:
            image = painter.paint(self._make_brief(task, index))
            with self._cache_lock:
                self._cache[key] = image
                while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHE_BYTES:
                    # Painting it again gives the same bytes.
                    del self._cache[next(iter(self._cache))]
        return image

    def _make_brief(self, task: Task, index: int) -> painter.Brief:
        model = self._find_model(task.model)
        defaults = {
            name: value for name, value in (model.effective({}) if model else {}).items() if name not in task.given
        }
        kind = _file_format(task)
        return make_brief(task.values, index, task.seed, kind, self._read_own_file, defaults, self._find_earlier)

    def _find_earlier(self, task_id: str, index: int) -> tuple[Values, bytes] | None:
        try:
            return self.ledger.get(task_id).values, self._serve_file(task_id, index).body
        except ApiError:
            return None

    def _read_own_file(self, address: str) -> bytes | None:
        # Links begin with whatever address the client used for this machine; the id of the task cannot be guessed.
        own = re.fullmatch(rf"(?:{re.escape(self.host)}|http://{LOOPBACK_HOST})" + _FILE_PATH, address, re.IGNORECASE)
        try:
            return self._serve_file(own[1], int(own[2])).body if own else None
        except ApiError:
            return None

    def _link_seconds(self, task: Task) -> float:
        if self.options.expire_links is not None:
            return self.options.expire_links
        model = self._find_model(task.model)
        return ((model.link_hours if model else None) or 24) * 3600.0


def _file_format(task: Task) -> str:
    name = str(task.values.get("output_format") or "png").lower()
    return name if name in _MIME_TYPES else "png"


def _error_kind(request: Request) -> str:
    if "/dashboard/billing/" in request.path:
        return "account"
    return "images" if "/images/" in request.path else "task"


def _parse_preferred_wait(header: str) -> int:
    # RFC 7240 allows several preferences, in any case and with spaces.
    wait = re.search(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,4})\b", header, re.IGNORECASE)
    return min(int(wait[1]), MAX_HOLD_SECONDS) if wait else 0


def _require_success(view: TaskView) -> TaskView:
    if view.status == "failed":
        raise ApiError(502, view.task.failure, i18n.text("demo.failed_on_request"))
    return view
