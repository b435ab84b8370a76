"""Thousands of odd requests to the demo's command: each answer is JSON of its documented shape, none is a 5xx, and the
process doesn't grow without bound."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COUNT = 5000
SEED = 18
#: Growth from the first hundred requests to the last, in megabytes; a request of this test has up to 2 MB.
MAX_GROWTH_MB = 100
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW", "get", "PROPFIND", "TRACE"]
PATHS = [
    "/tasks", "/v1/tasks/sync", "/v1/models/gpt-image-2", "/v1/models/{id}", "/v1/images/variations",
    "/v1/dashboard/billing/usage", "/v1/dashboard/billing/subscription", "/v1/dashboard/billing/{id}",
    "/files/{id}/0.png", "/files/{id}/9.gif", "/demo/counts", "/demo/faults/x", "/demo/",
    "/", "", "//", "/v1", "/v1/", "/v1//tasks", "/v1/tasks/", "/v1/tasks?x=1", "/../etc/passwd", "/v1/%2e%2e/tasks",
    "*", "/v1/tasks/%00", "/v1/tasks/%ED%A0%80", "/favicon.ico", "http://evil.example/v1/models",
]  # fmt: skip
#: What is asked for most, with the method that it takes.
MAIN = [
    ("POST", "/v1/tasks"), ("POST", "/v1/images/generations"), ("POST", "/v1/images/edits"), ("POST", "/v1/mcp"),
    ("GET", "/v1/tasks/{id}"), ("POST", "/v1/tasks/{id}/cancel"), ("GET", "/v1/models"),
    ("GET", "/v1/dashboard/billing/balance"), ("GET", "/v1/dashboard/billing/usage"),
]  # fmt: skip
IDS = [
    "task-x",
    "sync",
    "x" * 199,
    "x" * 5000,
    "%F0%9F%90%88",
    "\xff\xfe",
    "..",
    "%2F",
    "{known}",
    "{known}",
    "{known}",
]
TYPES = [
    "application/json", "application/json", "application/json; charset=utf-16", "text/plain", "", "multipart/form-data",
    "multipart/form-data; boundary=b", "multipart/form-data; boundary=" + "b" * 300, "application/xml", "\xff",
    'multipart/form-data; boundary="', "application/x-www-form-urlencoded",
]  # fmt: skip
TEXTS = ["", "a cat", "猫" * 40, "\ud800", "a\x00b", "x" * 40_000, "\u202e\u0000", "{{name}}", "-1", "NaN", "🐈" * 9]
MODELS = ["gpt-image-2", "z-image-turbo", "wan2.7-image", "seedream-4.5", "no-such-model", "", "\ud800", None, 7, []]
FIELDS = [
    "model", "prompt", "n", "size", "aspect_ratio", "resolution", "seed", "image", "image_urls", "mask_url", "action",
    "quality", "response_format", "stream", "callback_url", "extra", "jsonrpc", "id", "method", "params", "sparkle",
    "\udc00", "",
]  # fmt: skip
TOOLS = ["list_models", "get_model_docs", "get_model_schema", "estimate_cost", "create_task", "get_task", "cancel_task"]


class Odd:
    """Makes requests from one seed; knows the task ids that it has seen."""

    def __init__(self, seed, key):
        self.dice = random.Random(seed)  # noqa: S311 - the same requests each time
        self.key = key
        self.known = ["task-none"]

    def value(self, depth=0):
        dice = self.dice
        if depth < 3 and dice.random() < 0.3:
            inner = [self.value(depth + 1) for _ in range(dice.randrange(4))]
            return inner if dice.random() < 0.5 else {dice.choice(FIELDS): one for one in inner}
        numbers = [0, -1, 1, 2**31, 10**30, 10**400, -0.0, 1e308, 0.1, True, False, None]
        return dice.choice([*numbers, *TEXTS, *MODELS, "https://x.example/a.png", "data:image/png;base64,AAAA"])

    def task(self):
        body = {"model": self.dice.choice(MODELS[:4]), "prompt": "a cat"}
        if self.dice.random() < 0.2:
            body |= {"action": "edit", "image_urls": ["data:image/png;base64," + "A" * self.dice.randrange(200_000)]}
        return body

    def rpc(self):
        arguments = {"model": "gpt-image-2", "input": self.task(), "task_id": self.dice.choice(self.known)}
        names = self.dice.sample(sorted(arguments), self.dice.randrange(4))
        call = {"name": self.dice.choice([*TOOLS, "", 7]), "arguments": {name: arguments[name] for name in names}}
        body = {"jsonrpc": "2.0", "id": self.value(2), "method": "tools/call", "params": call}
        if self.dice.random() < 0.3:
            body[self.dice.choice(sorted(body))] = self.value()
        if self.dice.random() < 0.1:
            del body["id"]
        return body

    def body(self):
        dice = self.dice
        kind = dice.randrange(10)
        if kind < 2:
            return self.encode(self.task())
        if kind < 4:
            return self.encode(self.rpc())
        if kind < 7:
            fields = {dice.choice(FIELDS): self.value() for _ in range(dice.randrange(6))}
            return self.encode({**(self.task() if dice.random() < 0.6 else {}), **fields})
        if kind == 7:
            depth = dice.choice([3, 65, 1000, 50_000])
            return dice.choice([b"[" * depth, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth])
        if kind == 8:
            return self.form()
        return dice.choice([
            b"", b"null", b"[]", b'""', b"7", b"NaN", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'{"n": 1e999}',
            b"\x00" * 9, b'{"n": ' + b"9" * 6000 + b"}", b"[" + b"0," * 300_000 + b"0]", b"a" * 2_000_000,
            b'{"model": "\\ud800"}',
            b'{"prompt": "a", "prompt": "b"}', dice.randbytes(300),
        ])  # fmt: skip

    def form(self):
        parts = b""
        for _ in range(self.dice.randrange(4)):
            name = self.dice.choice(["image", "image[]", "mask", "prompt", "model", "n", "stream", "x" * 999, ""])
            content = self.dice.choice([b"", b"gpt-image-2", b"a cat", b"\xff\xd8\xff junk", self.dice.randbytes(99)])
            file = self.dice.choice(['; filename="a.png"', "", '; filename="', "; filename*=utf-8''%ff"])
            parts += f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"
        return parts + self.dice.choice([b"--b--\r\n", b"--b", b""])

    @staticmethod
    def encode(body):
        return json.dumps(body).encode()

    def request(self):
        """Method, target, headers and body of the next request."""
        dice = self.dice
        method, path = dice.choice(MAIN) if dice.random() < 0.6 else ("POST", dice.choice(PATHS))
        method = dice.choice(METHODS) if dice.random() < 0.2 else method
        path = path.replace("{id}", dice.choice(IDS)).replace("{known}", dice.choice(self.known))
        headers = [("Content-Type", dice.choice(TYPES))] if dice.random() < 0.7 else []
        if dice.random() < 0.95:
            headers.append(("Authorization", f"Bearer {self.key}"))
        odd = [
            ("Authorization", "Bearer"), ("Authorization", "Basic \xff"), ("Idempotency-Key", "k" * 5000),
            ("Idempotency-Key", "\xed\xa0\x80"), ("Prefer", "wait=99999999999"), ("Prefer", "wait=x, wait=-1"),
            ("Origin", "http://evil.example"), ("Origin", "null"), ("Accept", "text/html"), ("Range", "bytes=9-1"),
            ("Expect", "100-continue"), ("X-HTTP-Method-Override", "DELETE"), ("Accept-Encoding", "gzip"),
            ("Content-Encoding", "gzip"), ("Cookie", "a=b; " * 50), ("X-\xe4", "\xff"),
        ]  # fmt: skip
        return method, path, headers + dice.sample(odd, dice.choice([0, 0, 0, 1, 2])), self.body()


def ask(address, host, method, target, headers, body):
    """Status, headers and body of the answer; written to the socket as it is, for http.client would refuse some."""
    with socket.create_connection(address, timeout=60) as line:
        # Without it tests wait for acknowledgements.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", "Connection: close"]
        head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers)])
        # A server that refuses the head need not read the body.
        with contextlib.suppress(ConnectionError):
            line.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(line, method=method)
        answer.begin()
        while answer.status == http.client.CONTINUE:
            answer.begin()
        return answer.status, answer.headers, answer.read()


def check_shape(method, target, status, headers, body):
    """What the pages say of an answer."""
    assert status < 500, status
    path = target.partition("?")[0]
    if method == "HEAD":
        assert body == b""
        return
    if status == 202:
        assert (path.rstrip("/"), body) == ("/v1/mcp", b"")
        return
    if status == 200 and path.startswith("/files/"):
        assert headers["Content-Type"].startswith("image/")
        return
    assert headers["Content-Type"].startswith("application/json"), headers["Content-Type"]
    told = json.loads(body.decode("utf-8"))
    if status >= 400:
        error = told["error"]
        assert error["message"]
        assert isinstance(error["type"] if "/dashboard/billing/" in path else error["code"], str)
        assert status != 405 or headers["Allow"]
        return
    assert status == 200
    if path.rstrip("/") in {"/v1/mcp", "/mcp"}:
        assert told["jsonrpc"] == "2.0"
        assert ("result" in told) != ("error" in told)
    elif "/images/" in path:
        assert all("url" in one or "b64_json" in one for one in told["data"])
    elif path.startswith(("/v1/tasks", "/tasks", "/v1//tasks")):
        assert told["task_id"]
    elif "/dashboard/" in path or "/models" in path:
        assert "object" in told or "id" in told
    else:
        assert path.startswith("/demo/")


def memory_mb(pid):
    """What a process holds; None where the system doesn't say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))) / 1024


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_odd_requests_are_answered_as_documented(edition):
    with contextlib.contextmanager(serve)("--latency", "0.05", "--edition", edition) as server:
        address = urlsplit(server.url)
        odd, statuses, memory, failures = Odd(SEED, server.key), Counter(), [], []
        for number in range(COUNT // 2):
            method, target, headers, body = odd.request()
            try:
                place = (address.hostname, address.port)
                status, said, content = ask(place, address.netloc, method, target, headers, body)
                check_shape(method, target, status, said, content)
            except (AssertionError, OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as problem:
                failures.append(f"{number}: {method} {target[:80]} {body[:120]!r}: {type(problem).__name__} {problem}")
                continue
            statuses[status] += 1
            if status == 200 and b'"task_id": "' in content:
                odd.known = [*odd.known, content.partition(b'"task_id": "')[2][:60].decode().partition('"')[0]][-50:]
            if number % 100 == 99:
                memory.append(memory_mb(server.pid))
        assert not failures, "\n".join(failures[:20])
        # The requests reach what they are meant for: tasks, images and tools are served, the rest is refused.
        assert {200, 400, 401, 404, 405} <= set(statuses), statuses
        assert statuses[200] > COUNT // 25, statuses
        if memory[0] is not None:
            assert max(memory) - memory[0] < MAX_GROWTH_MB, memory
        assert server.get("/v1/models")["data"]
