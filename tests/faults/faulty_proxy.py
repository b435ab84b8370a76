"""A proxy before a real server that injects faults into the exchanges."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.ports import on_own_port
from tests.threaded_server import ThreadedServer

#: Seconds of silence at most; it ends with the proxy, and every client of these tests gives up long before.
SILENCE = 120.0
#: Seconds for which a client waits for an answer that will not come. It waits long for all others: on a busy machine
#: a slow answer must not count as a lost one.
GIVE_UP = 0.3
HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """What happens to one exchange.

    Args:
        name: for the reader.
        acts: whether the server gets the request and acts on it.
        status: what is answered instead, with ``headers`` and ``body``; None breaks off.
        silent: nothing is answered.
        cut: half of the true answer arrives.
        closed: nobody listens.
    """

    name: str
    acts: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    body: bytes = b""
    silent: bool = False
    cut: bool = False
    closed: bool = False


def answered(name: str, status: int, body: bytes = b"", *, acts: bool = False, **headers: str) -> Fault:
    named = {part.replace("_", "-"): value for part, value in headers.items()}
    return Fault(name, acts, status, {"Content-Type": "application/json", **named}, body)


def refusing(name: str, status: int, code: str, message: str = "no") -> Fault:
    return answered(name, status, json.dumps({"error": {"code": code, "message": message}}).encode())


#: The faults that pass; where it is harder to survive, the server has acted before.
TRANSIENT = (
    Fault("connection refused", closed=True),
    Fault("reset before the request"),
    Fault("reset after the server acted", acts=True),
    Fault("hang past the timeout", acts=True, silent=True),
    answered("500", 500, b'{"error": {"message": "oops", "code": "server_error"}}', acts=True),
    answered("502 with HTML", 502, HTML, acts=True, Content_Type="text/html"),
    answered("503", 503),
    answered("429 with Retry-After", 429, b'{"error": {"message": "slow"}}', Retry_After="1"),
    answered("junk JSON", 200, b'{"task_id": "t, \x00\xff[', acts=True),
    answered("empty body", 200, acts=True),
    Fault("truncated", acts=True, cut=True),
)


class FaultyProxy(ThreadedServer):
    """Passes requests on to a server, faults in between.

    Args:
        target: the server's address.

    ``faults`` holds, by the kind of exchange (``submit``, ``status``, ``cancel``, ``download``), what happens to the
    next ones; ``lasting`` what happens to all. ``tasks`` are the ids of all tasks that the server made through here,
    ``seen`` the exchanges in their order.
    """

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.faults: dict[str, list[Fault]] = {}
        self.lasting: dict[str, Fault] = {}
        #: Called with the kind when a request has come, before anything is done with it; and when its answer has, with
        #: the answer, before it is handed on. ``half_sent`` is called in the middle of that.
        self.on_request: Callable[[str], None] = lambda _: None
        self.on_answer: Callable[[str, bytes], None] = lambda _kind, _content: None
        self.half_sent: Callable[[str], None] | None = None
        self.seen: list[tuple[str, dict[str, str]]] = []
        #: How many exchanges are being left unanswered.
        self.silent = 0
        self.tasks: set[str] = set()
        self.lock = threading.Lock()
        super().__init__(type("Handler", (_Handler,), {"proxy": self}))
        # Bound, so that nobody else gets the port, and not listening: a connection to it is refused.
        self._unheard = socket.socket()
        on_own_port(self._unheard.bind)
        self._closed_port = self._unheard.getsockname()[1]

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._unheard.close()

    def count(self, kind: str) -> int:
        return sum(one == kind for one, _ in self.seen)

    def heal(self) -> None:
        self.faults.clear()
        self.lasting.clear()

    def session(self) -> requests.Session:
        """A session that connects to a closed port, or soon stops waiting, where that is the fault."""
        outer = self

        class Session(requests.Session):
            def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
                path = urlsplit(str(url)).path
                if str(url).startswith(outer.url) and outer.takes_closed(method, path):
                    url = f"http://127.0.0.1:{outer._closed_port}/"
                elif outer.will_be_silent(method, path):
                    options["timeout"] = (options["timeout"][0], min(GIVE_UP, options["timeout"][1]))
                return super().request(method, url, *args, **options)

        return Session()

    def takes_closed(self, method: str, path: str) -> bool:
        kind = kind_of(method, path)
        with self.lock:
            waiting = self.faults.get(kind) or [self.lasting.get(kind)]
            if waiting[0] is None or not waiting[0].closed:
                return False
            self.take(kind)
            self.seen.append((kind, {}))
        return True

    def will_be_silent(self, method: str, path: str) -> bool:
        """Whether the next exchange is left unanswered; for a cancel the client has a limit of its own."""
        kind = kind_of(method, path)
        with self.lock:
            following = self.faults.get(kind) or [self.lasting.get(kind)]
            return following[0] is not None and following[0].silent and kind != "cancel"

    def take(self, kind: str) -> Fault | None:
        return self.faults[kind].pop(0) if self.faults.get(kind) else self.lasting.get(kind)

    def passed_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "host"}
        target = http.client.HTTPConnection(self.target.hostname or "", self.target.port, timeout=SILENCE)
        with contextlib.closing(target) as connection:
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read().replace(self.target.geturl().encode(), self.url.encode())
        if kind_of(handler.command, handler.path) == "submit" and answer.status == 200:
            known = json.loads(content)
            with self.lock:
                self.tasks.add(known.get("task_id") or known["data"])
        return answer.status, answer.getheader("Content-Type") or "", content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = kind_of(self.command, self.path)
        proxy.on_request(kind)
        with proxy.lock:
            proxy.seen.append((kind, dict(self.headers)))
            fault = proxy.take(kind)
        status, content_type, content = 0, "", b""
        if fault is None or fault.acts:
            status, content_type, content = proxy.passed_on(self, body)
        proxy.on_answer(kind, content)
        try:
            if fault is None:
                self._send(status, {"Content-Type": content_type}, content, len(content))
            elif fault.status is not None:
                self._send(fault.status, fault.headers, fault.body, len(fault.body))
            else:
                if fault.silent:
                    with proxy.lock:
                        proxy.silent += 1
                    proxy.released.wait(SILENCE)
                    with proxy.lock:
                        proxy.silent -= 1
                if fault.cut:
                    self._send(status, {"Content-Type": content_type}, content[: len(content) // 2], len(content))
                self._reset()
        except OSError:
            self.close_connection = True

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

    def _send(self, status: int, headers: dict[str, str], content: bytes, length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if self.proxy.half_sent is not None:
            self.proxy.half_sent(kind_of(self.command, self.path))
        self.wfile.write(content[half:])
        self.wfile.flush()

    def _reset(self) -> None:
        # No farewell: the other side sees a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def kind_of(method: str, path: str) -> str:
    """Which of the exchanges of a job a request is."""
    if path.startswith("/files/"):
        return "download"
    if method == "POST":
        return "cancel" if path.endswith("/cancel") else "submit"
    return "status" if re.match(r"/v1/tasks/", path) else "other"
