"""A server that plays the documented protocol from a script, inside the process."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import BaseAdapter

from qwave_jupyter.client.client import Client
from tests.image_factory import plain

HOST = "https://api.example.com"
CDN = "https://cdn.example.com"
DAY = 86_400


class ScriptedServer(BaseAdapter):
    """Tasks that take as many questions as their script has states.

    Args:
        clock: its time.
    """

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.clock = clock
        self.states = ["queued", "processing", "completed"]
        self.images: list[bytes | int] = [plain()]
        self.tasks: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.bodies: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.held, self.cost = 3187, 3187
        self.cancel_answer: Callable[[dict[str, Any]], tuple[int, Any]] | None = None
        #: path part to answers played once each: a status, an exception, or bytes.
        self.faults: dict[str, list[Any]] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.extra: dict[str, Any] = {}
        self.failure: dict[str, Any] | None = None
        self._lock = threading.Lock()

    @property
    def billed(self) -> int:
        return sum(task["states"][0] == "completed" or task["made"] for task in self.tasks.values())

    def client(self, key: str = "sk-secret") -> Client:
        def session() -> requests.Session:
            made = requests.Session()
            made.mount("https://", self)
            return made

        return Client(HOST, key, session=session, clock=self.clock)

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        path = request.url.partition("example.com")[2]
        kind = (
            "image"
            if request.url.startswith(CDN)
            else "cancel"
            if path.endswith("/cancel")
            else "submit"
            if request.method == "POST"
            else "status"
        )
        with self._lock:
            self.seen.append(kind)
        if kind in self.before:
            self.before[kind]()
        with self._lock:
            fault = self.faults.get(kind, [None]).pop(0) if self.faults.get(kind) else None
            if fault is None or (isinstance(fault, tuple) and fault[0] == "after"):
                status, answer = getattr(self, f"_{kind}")(request, path)
            if fault is not None:
                fault = fault[1] if isinstance(fault, tuple) else fault
                if isinstance(fault, BaseException):
                    raise fault
                status, answer = (
                    fault if isinstance(fault, list) else (200, fault) if isinstance(fault, bytes) else (fault, {})
                )
        return _response(request, status, answer)

    def close(self) -> None:
        pass

    def _submit(self, request, path):
        key = request.headers["Idempotency-Key"]
        body = json.loads(request.body)
        self.bodies.append(body)
        if key not in self.by_key:
            name = f"task-{len(self.tasks) + 1}"
            self.by_key[key] = name
            self.tasks[name] = {"states": list(self.states), "made": False, "body": body}
        name = self.by_key[key]
        state = self.tasks[name]["states"][0]
        return 200, {"task_id": name, "status": state, "pre_consumed_cost": self.held, **self.extra}

    def _status(self, request, path):
        name = path.split("/")[3]
        task = self.tasks.get(name)
        if task is None:
            return 404, {"error": {"code": "task_not_found", "message": "no such task"}}
        if len(task["states"]) > 1:
            task["states"].pop(0)
        state = task["states"][0]
        answer = {"task_id": name, "status": state, "progress": "45%" if state == "processing" else ""}
        if state == "completed":
            task["made"] = True
            images = [
                {"url": [f"{CDN}/{name}/{place}.png"], "expires_at": int(self.clock.now()) + DAY}
                for place in range(len(self.images))
            ]
            answer |= {"result": {"images": images}, "cost": self.cost}
        elif state == "failed":
            answer |= {"error": self.failure or {"code": "task_failed", "message": "[task_failed] no"}, "cost": 0}
        elif state == "cancelled":
            answer |= {"cost": 0}
        return 200, {**answer, **self.extra}

    def _cancel(self, request, path):
        task = self.tasks[path.split("/")[3]]
        if self.cancel_answer is not None:
            return self.cancel_answer(task)
        if task["states"][0] != "queued":
            return 400, {"error": {"code": "task_not_cancellable", "message": "too late"}}
        task["states"] = ["cancelled"]
        name = path.split("/")[3]
        return 200, {"task_id": name, "status": "cancelled", "refunded": True, "refunded_quota": self.held}

    def _image(self, request, path):
        content = self.images[int(path.rpartition("/")[2].partition(".")[0])]
        return (content, b"gone") if isinstance(content, int) else (200, content)


def _response(request, status, answer) -> requests.Response:
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    response = requests.Response()
    response.status_code = status
    response.request, response.url = request, request.url
    response.headers["content-type"] = "image/png" if isinstance(answer, bytes) else "application/json"
    response.headers["content-length"] = str(len(content))
    response.raw = _Raw(content)
    return response


class _Raw(io.BytesIO):
    """As much of urllib3's response as requests reads."""

    def stream(self, size: int, decode_content: bool = False):
        while chunk := self.read(size):
            yield chunk

    def release_conn(self) -> None:
        pass
