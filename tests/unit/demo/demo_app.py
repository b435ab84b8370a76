"""A demo without sockets whose time the test moves, and what one says to it."""

from __future__ import annotations

import json

from qwave_jupyter import catalog
from qwave_jupyter.demo.app import DemoApp
from qwave_jupyter.demo.http_types import Request
from tests.fake_clock import FakeClock

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


class Demo:
    """A protocol and its clock.

    Args:
        edition: the contract.
        options: of the protocol.
    """

    def __init__(self, edition="2026-04", **options):
        self.clock = FakeClock()
        # Without a seed a task's duration varies with its random id, now and then to more than twice the latency.
        options = {"latency": 10.0, "seed": 1, **options}
        self.app = DemoApp(catalog.load(edition), clock=self.clock, key="k", **options)

    def ask(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.app.handle(Request(method, path, {"authorization": "Bearer k", **named}, content))

    def json(self, method, path, body=None, **headers):
        answer = self.ask(method, path, body, **headers)
        return answer.status, json.loads(answer.body)

    def submit(self, body=None, **headers):
        return self.ask("POST", "/v1/tasks", BODY if body is None else body, **headers)

    def create_task(self, body=None, **headers):
        return json.loads(self.submit(body, **headers).body)["task_id"]

    def counts(self):
        return self.json("GET", "/demo/counts")[1]

    def finish(self):
        self.clock.advance(1000)
