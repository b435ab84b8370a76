"""A real HTTP server on loopback whose answers a test writes down beforehand."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.threaded_server import ThreadedServer
from tests.waiting import PATIENCE

IMAGE_BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@dataclass
class Reply:
    """One answer: its bytes, or a way to break off.

    ``length`` announces another size than is sent; ``broken`` closes the connection without a word; ``hang`` seconds
    pass before anything is sent.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    broken: bool = False
    hang: float = 0.0


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **named})


def image_reply(content: bytes = IMAGE_BYTES, **changes: Any) -> Reply:
    return Reply(body=content, headers={"Content-Type": "image/png"}, **changes)


def stopping(stop: threading.Event) -> Callable[[Seen], Reply]:
    """An answer that never comes, to a request during which somebody sets ``stop``."""

    def answer(_: Seen) -> Reply:
        stop.set()
        return Reply(hang=PATIENCE)

    return answer


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Loopback(ThreadedServer):
    """Serves replies in order, the last one for ever; ``seen`` are the requests that came."""

    def __init__(self, replies: Iterable[Reply | Callable[[Seen], Reply]] = ()) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        super().__init__(self._handler())

    @property
    def connections(self) -> int:
        return len({one.port for one in self.seen})

    def answers(self, *replies: Reply | Callable[[Seen], Reply]) -> None:
        with self._lock:
            self.replies = list(replies)

    def _next(self, request: Seen) -> Reply:
        with self._lock:
            self.seen.append(request)
            reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        return reply(request) if callable(reply) else reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Seen(self.command, self.path, dict(self.headers), body, self.client_address[1])
                reply = outer._next(request)
                if reply.hang:
                    outer.released.wait(reply.hang)
                if reply.broken:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    length = len(reply.body) if reply.length is None else reply.length
                    self.send_header("Content-Length", str(length))
                    self.end_headers()
                    self.wfile.write(reply.body)
                except OSError:
                    self.close_connection = True
                if reply.length is not None:
                    self.close_connection = True

            do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

        return Handler
