"""The documented protocol without sockets: a request in, an answer out, the clock given.

The same code serves over tornado and inside a process. What it knows is in the parts that it hands requests to; this
is who gets which, and what the switches and faults make of it.
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
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Catalog, Model
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo import admin, images_endpoint, painter, task_factory, tools_endpoint, webhooks
from qwave_jupyter.demo.counters import Counters, endpoint_of
from qwave_jupyter.demo.dialects import Dialect, TaskView, get_dialect, select_dialect
from qwave_jupyter.demo.faults import Fault, Faults
from qwave_jupyter.demo.http_types import Hold, Refused, Request, Response, json_response, parse_object
from qwave_jupyter.demo.ledger import Ledger
from qwave_jupyter.demo.options import FAULT_SWITCHES, Switches, parse_fault
from qwave_jupyter.demo.prices import model_entry
from qwave_jupyter.demo.rate_limiter import RateLimiter
from qwave_jupyter.demo.render_request import make_brief
from qwave_jupyter.demo.tasks import Task

__all__ = ["LONGEST_HOLD", "DemoApp", "Request", "Response"]

#: ``Prefer: wait=N`` holds an answer for 60 s at most (Submit page, editions 2026-06 and 2026-09).
LONGEST_HOLD = 60
#: ``POST /tasks/sync`` was removed on 2026-06-11.
_WITHOUT_SYNC = frozenset({"2026-09"})
_CACHE_BYTES = 200_000_000
_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_FILE_PATH = r"/files/([\w.-]{1,80})/(\d{1,3})\.\w{3,4}"


class DemoApp:
    """The server without sockets: it holds the tasks, the account and the faults.

    Args:
        catalog: what it refuses, and for how much it paints.
        host: the address under which its images lie, e.g. ``http://127.0.0.1:8000``.
        clock: time.
        key: the only key that is taken; None takes any.
        balance_usd: what the account has at the start.
        switches: fields of :class:`~qwave_jupyter.demo.options.Switches`, such as ``latency``, and ``fail``, ``reset``
            and ``junk`` as :meth:`change` takes them.

    Raises:
        ConfigurationError: an unknown switch, or a value that it can't take.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        host: str = "http://127.0.0.1",
        clock: Clock = SYSTEM_CLOCK,
        key: str | None = None,
        balance_usd: float = 100.0,
        **switches: Any,
    ) -> None:
        self.catalog = catalog
        self.host = host
        self.clock = clock
        self.ledger = Ledger(clock, balance_usd)
        self.faults = Faults()
        self.counters = Counters()
        self.switches = Switches()
        self._key = key
        self._rate_limiter = RateLimiter(clock)
        self._cache: dict[tuple[str, int], bytes] = {}
        self._paint_lock = threading.Lock()
        self._calls: deque[webhooks.Webhook] = deque()
        self.change(**switches)

    @property
    def tasks(self) -> dict[str, Task]:
        """The tasks by id."""
        return self.ledger.tasks

    def change(self, **switches: Any) -> Switches:
        """Turn switches; tasks that are under way keep their pace.

        Args:
            switches: fields of :class:`~qwave_jupyter.demo.options.Switches`; ``fail="upstream_unavailable:2"`` lets
                the next two tasks fail (all without a number), ``reset=3`` and ``junk=3`` spoil the next three answers.

        Raises:
            ConfigurationError: an unknown switch, or a value that it can't take; nothing is changed then.
        """
        short = {name: parse_fault(name, switches.pop(name)) for name in FAULT_SWITCHES if name in switches}
        self.switches = self.switches.with_changes(switches)
        for name, fault in short.items():
            # What a program has set at one place only isn't the switch's to take back.
            self.faults.drop(name, at="submit" if name == "fail" else "any")
            if fault is not None:
                self.faults.add(fault)
        return self.switches

    def break_next(self, **fault: Any) -> None:
        """Let the next requests go wrong.

        Args:
            fault: fields of :class:`~qwave_jupyter.demo.faults.Fault`, e.g. ``at="status", how="502", times=3``.

        Raises:
            ConfigurationError: a fault that there isn't.
        """
        self.faults.add(Fault.from_json(fault))

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/demo/"):
            return self._catch_refusal("control", lambda: self._handle_admin(request))
        place = endpoint_of(request)
        self.counters.count(request, place)
        fault = self.faults.take(place)
        if fault is None:
            return self._catch_refusal(_shape_of(request), lambda: self._route(request))
        done = Response(0, b"")
        if fault.carried_out:
            done = self._catch_refusal(_shape_of(request), lambda: self._route(request))
        refusal = fault.to_error(self.clock.now())
        return fault.apply_to(done) if refusal is None else self._dialect().error_response(refusal, _shape_of(request))

    def view(self, task: Task) -> TaskView:
        """A task as it looks now."""
        now = self.clock.now()
        kind = self._format(task)
        count = task.image_count if task.status(now) == "completed" else 0
        links = [f"{self.host}/files/{task.task_id}/{index}.{kind}" for index in range(count)]
        return TaskView(task, now, links, task.ends + self._link_seconds(task))

    def accept(self, key: str, parse: Callable[[], task_factory.ValidRequest]) -> Task:
        """The task of a request: the one that is known under its key, or a new one.

        Args:
            key: the idempotency key, or "".
            parse: judges the request.

        Raises:
            Refused: it can't be served.
        """

        def make() -> Task:
            valid = parse()
            failure = self.faults.take_failure()
            created.append(task_factory.make_task(valid, self.switches, len(self.tasks), self.clock.now(), failure))
            return created[0]

        created: list[Task] = []
        task = self.ledger.get_or_create(key, make)
        call = webhooks.webhook_of(task.values, lambda: self._webhook_state(task.task_id)) if created else None
        self._calls.extend([call] if call else [])
        return task

    def take_calls(self) -> tuple[webhooks.Webhook, ...]:
        """The webhooks that were asked for since the last time."""
        calls = []
        while self._calls:
            calls.append(self._calls.popleft())
        return tuple(calls)

    def hold_until_end(self, task: Task, seconds: float, tell: Callable[[TaskView], Any]) -> Hold:
        """An answer that waits for a task's end.

        Args:
            task: the task.
            seconds: how long at most.
            tell: makes the answer.
        """
        return Hold(
            until=self.clock.now() + seconds,
            over=lambda: self.view(task).ended,
            then=lambda: self._catch_refusal("images", lambda: json_response(200, tell(self.view(task)))),
        )

    def _webhook_state(self, task_id: str) -> tuple[str, Any]:
        task = self.ledger.get(task_id)
        view = self.view(task)
        return view.status if view.ended else "", self._dialect(task.model).to_json(view)

    def _catch_refusal(self, place: str, response: Callable[[], Response]) -> Response:
        try:
            return response()
        except Refused as refusal:
            return self._dialect().error_response(refusal, place)

    def _dialect(self, model: str = "") -> Dialect:
        page = self._page(model)
        return select_dialect(self.switches.dialect, self.catalog.edition, page.answer if page else "")

    def _page(self, model: str) -> Model | None:
        # A task that was kept from an earlier run may be of another edition's model.
        return self.catalog.model(model) if model in self.catalog.ids() else None

    def _handle_admin(self, request: Request) -> Response:
        self._authenticate(request)
        return admin.handle_admin(self, request)

    def _route(self, request: Request) -> Response:
        image = re.fullmatch(_FILE_PATH, request.path)
        if image and request.method == "GET":
            return self._file(image[1], int(image[2]))
        self._authenticate(request)
        self._enforce_rate_limit()
        path = request.path.removeprefix("/v1").rstrip("/")
        if request.method == "POST" and path in self._post_routes():
            return self._post_routes()[path](request)
        task = re.fullmatch(r"/tasks/([^/]{1,200})(/cancel)?", path)
        if task and (request.method, bool(task[2])) in {("GET", False), ("POST", True)}:
            return self._cancel(task[1]) if task[2] else self._status(task[1])
        if request.method == "GET":
            return self._get(path)
        raise Refused(404, "not_found", f"no such endpoint: {request.method} {request.path[:100]}")

    def _get(self, path: str) -> Response:
        if path == "/models":
            entries = [model_entry(self.catalog.model(name)) for name in self.catalog.ids()]
            return json_response(200, {"object": "list", "data": entries})
        if path.startswith("/models/"):
            return json_response(200, model_entry(task_factory.find_model(self.catalog, path.removeprefix("/models/"))))
        accounts = {
            "balance": self.ledger.balance,
            "usage": self.ledger.usage,
            "subscription": self.ledger.subscription,
        }
        account = accounts.get(path.removeprefix("/dashboard/billing/"))
        if account is None or not path.startswith("/dashboard/billing/"):
            raise Refused(404, "not_found", f"no such endpoint: GET {path[:100]}")
        return json_response(200, account())

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = self._key is None or hmac.compare_digest(given.strip().encode(), self._key.encode())
        if scheme.lower() != "bearer" or not given.strip() or not right:
            raise Refused(401, "authentication_error", "Authentication failed")

    def _enforce_rate_limit(self) -> None:
        wait = self._rate_limiter.wait_needed(self.switches.rate_limit)
        if wait > 0:
            message = i18n.say("demo.too_many", limit=f"{self.switches.rate_limit:g}")
            raise Refused(429, "rate_limit_error", message, headers={"Retry-After": str(max(1, math.ceil(wait)))})

    def _post_routes(self) -> Mapping[str, Callable[[Request], Response]]:
        posts = {"/tasks": self._submit, "/mcp": lambda request: tools_endpoint.handle_call(self, request)}
        # The oldest pages submit at what became an OpenAI-compatible address (March 2026).
        old = self.switches.dialect is not None and self._dialect().shape == "result"
        posts |= dict.fromkeys(images_endpoint.ENDPOINTS, self._submit if old else self._submit_image)
        if self.catalog.edition not in _WITHOUT_SYNC:
            posts["/tasks/sync"] = self._sync
        return posts

    def _create_task(self, request: Request) -> Task:
        body = parse_object(request.body)
        key = request.headers.get("idempotency-key", "")
        return self.accept(key, lambda: task_factory.validate(self.catalog, body))

    def _sync(self, request: Request) -> Response:
        task = self._create_task(request)

        def tell(view: TaskView) -> Any:
            if view.ended:
                return get_dialect("string-url").to_json(view)
            progress = task.progress(view.now)
            place = {"poll_url": f"/v1/tasks/{task.task_id}"}
            return {"task_id": task.task_id, "status": view.status, "progress": progress, **place}

        return replace(json_response(200, tell(self.view(task))), hold=self.hold_until_end(task, LONGEST_HOLD, tell))

    def _submit_image(self, request: Request) -> Response:
        body, path = parse_object(request.body), request.path.rstrip("/")
        key = request.headers.get("idempotency-key", "")
        task = self.accept(key, lambda: images_endpoint.from_body(self.catalog, body, path))

        def tell(view: TaskView) -> Any:
            links = {link: partial(self._paint, task, index) for index, link in enumerate(_require_success(view).links)}
            inline = body.get("response_format") == "b64_json"
            return images_endpoint.to_json(task.created, str(body["prompt"]), links, inline=inline)

        return replace(json_response(200, tell(self.view(task))), hold=self.hold_until_end(task, math.inf, tell))

    def _submit(self, request: Request) -> Response:
        task = self._create_task(request)
        dialect = self._dialect(task.model)
        response = json_response(200, dialect.created(self.view(task)))
        seconds = _preferred_wait(request.headers.get("prefer", "")) if dialect.holds else 0
        if dialect.submitted == "pictures":
            return replace(
                response, hold=self.hold_until_end(task, math.inf, lambda view: dialect.to_json(_require_success(view)))
            )
        if seconds:
            return replace(response, hold=self.hold_until_end(task, seconds, dialect.to_json))
        return response

    def _status(self, task_id: str) -> Response:
        task = self.ledger.get(task_id)
        return json_response(200, self._dialect(task.model).to_json(self.view(task)))

    def _cancel(self, task_id: str) -> Response:
        cancelled = self.ledger.cancel(task_id)
        return json_response(200, self._dialect(self.tasks[task_id].model).cancel_body(cancelled))

    def _file(self, task_id: str, index: int) -> Response:
        task, now = self.ledger.get(task_id), self.clock.now()
        if task.status(now) != "completed" or index >= task.image_count:
            raise Refused(404, "not_found", "No such file")
        if now > task.ends + self._link_seconds(task):
            raise Refused(410, "expired", "The link has expired")
        return Response(200, self._paint(task, index), _MIMES[self._format(task)])

    def _paint(self, task: Task, index: int) -> bytes:
        place = task.task_id, index
        image = self._cache.get(place)
        if image is None:
            image = painter.paint(self._brief(task, index, self._format(task)))
            with self._paint_lock:
                self._cache[place] = image
                while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHE_BYTES:
                    # It can be painted again, the very same.
                    del self._cache[next(iter(self._cache))]
        return image

    def _brief(self, task: Task, index: int, kind: str) -> painter.Brief:
        page = self._page(task.model)
        defaults = {
            name: value for name, value in (page.effective({}) if page else {}).items() if name not in task.given
        }
        return make_brief(task.values, index, task.seed, kind, self._own_file, defaults, self._earlier)

    def _earlier(self, task_id: str, index: int) -> tuple[Mapping[str, Any], bytes] | None:
        try:
            return self.ledger.get(task_id).values, self._file(task_id, index).body
        except Refused:
            return None

    def _own_file(self, address: str) -> bytes | None:
        own = re.fullmatch(re.escape(self.host) + r"/files/([\w.-]{1,80})/(\d{1,3})\.\w{3,4}", address)
        if own is None:
            return None
        try:
            return self._file(own[1], int(own[2])).body
        except Refused:
            return None

    def _format(self, task: Task) -> str:
        name = str(task.values.get("output_format") or "png").lower()
        return name if name in _MIMES else "png"

    def _link_seconds(self, task: Task) -> float:
        if self.switches.expire_links is not None:
            return self.switches.expire_links
        page = self._page(task.model)
        return ((page.link_hours if page else None) or 24) * 3600.0


def _shape_of(request: Request) -> str:
    if "/dashboard/billing/" in request.path:
        return "account"
    return "images" if "/images/" in request.path else "task"


def _preferred_wait(header: str) -> int:
    # RFC 7240 allows several preferences, in any case and with spaces.
    wait = re.search(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,4})\b", header, re.IGNORECASE)
    return min(int(wait[1]), LONGEST_HOLD) if wait else 0


def _require_success(view: TaskView) -> TaskView:
    if view.status == "failed":
        raise Refused(502, view.task.failure, i18n.say("demo.told_to_fail"))
    return view
