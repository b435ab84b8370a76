"""A server that takes orders and counts what it bills, and a proxy whose tunnels break at a chosen moment."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import requests

from tests.image_factory import plain
from tests.ports import on_own_port
from tests.threaded_server import ThreadedServer

#: The name that the certificate is for. Loopback is never asked through a proxy, so proxied servers bear a name.
HOST = "api.example.com"
IMAGE = plain(32, 32)
COST = 3187
REQUEST = re.compile(rb"^(GET|POST) ")


@cache
def certificate() -> tuple[Path, Path]:
    """A self-signed certificate for HOST and its key."""
    folder = Path(mkdtemp(prefix="order-certificate-"))
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(chain), "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}"]
    subprocess.run(command, check=True, capture_output=True)
    return chain, key


class OrderServer(ThreadedServer):
    """Tasks, one per POST unless an idempotency key is known; ``billed`` counts those that are charged for.

    Args:
        knows_key: whether a repeated idempotency key gives the same task.
        june: whether a submit answer has ``pre_consumed_cost``.
        tls: whether it speaks TLS.
        state: the state of new tasks.

    ``slow`` holds the seconds for which the next submit answers are kept back without being asked to.
    ``on_submit`` is called when a POST has made or found its task and before that is answered; it may return
    ``(status, body)`` to be answered instead, or "cut" for no answer. ``answers`` has the same for the next submits,
    given without a task being made where the first of three is False. ``before_cancel`` is called when a cancel has
    arrived; ``more_when_made`` is laid over the answers about completed tasks; ``broken_files`` answers 503 for images.
    """

    def __init__(
        self,
        *,
        knows_key: bool = True,
        june: bool = False,
        tls: bool = False,
        state: str = "completed",
    ) -> None:
        self.knows_key, self.june, self.state = knows_key, june, state
        self.tasks: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.posts: list[dict[str, str]] = []
        self.cancels = 0
        self.slow: list[float] = []
        self.answers: list[tuple[bool, int, bytes]] = []
        self.cancel_answer: tuple[int, Any] | None = None
        self.before_cancel: Callable[[], Any] = lambda: None
        self.more_when_made: dict[str, Any] = {}
        self.broken_files = False
        self.status_answer: tuple[int, Any] | None = None
        self.on_submit: Callable[[], Any] = lambda: None
        self.lock = threading.Lock()
        super().__init__(type("Handler", (_Handler,), {"outer": self}))
        self.tls = tls
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate())
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def url(self) -> str:
        return f"https://{HOST}" if self.tls else super().url

    @property
    def billed(self) -> int:
        return sum(task["state"] not in {"cancelled", "failed"} for task in self.tasks.values())

    def order(self, key: str) -> str:
        with self.lock:
            if self.knows_key and key in self.by_key:
                return self.by_key[key]
            name = f"task-{len(self.tasks) + 1}"
            self.tasks[name] = {"state": self.state, "key": key}
            self.by_key[key] = name
            return name


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    outer: OrderServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        outer = self.outer
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/cancel"):
            self._cancel()
            return
        outer.posts.append({**dict(self.headers), "port": str(self.client_address[1])})
        with outer.lock:
            answer = outer.answers.pop(0) if outer.answers else None
        if answer is not None and not answer[0]:
            self._send(*answer[1:])
            return
        task = outer.order(self.headers.get("Idempotency-Key", ""))
        instead = outer.on_submit()
        wait = re.fullmatch(r"wait=(\d+)", self.headers.get("Prefer", ""))
        if wait and outer.tasks[task]["state"] in {"queued", "processing"}:
            outer.released.wait(int(wait[1]))
        elif outer.slow:
            outer.released.wait(outer.slow.pop(0))
        if answer is not None:
            instead = answer[1:]
        if instead == "cut":
            self._cut()
        elif instead is not None:
            self._send(*instead)
        else:
            self._send_json(200, {**self._told(task), **({"pre_consumed_cost": COST} if outer.june else {})})

    def do_GET(self) -> None:
        outer = self.outer
        if self.path.startswith("/files/"):
            self._send(503 if outer.broken_files else 200, IMAGE, "image/png")
            return
        task = self.path.rpartition("/")[2]
        if outer.status_answer is not None:
            self._send_json(*outer.status_answer)
        elif task in outer.tasks:
            self._send_json(200, self._told(task))
        else:
            self._send_json(404, {"error": {"code": "task_not_found", "message": "no such task"}})

    def _cancel(self) -> None:
        outer = self.outer
        name = self.path.split("/")[-2]
        outer.cancels += 1
        outer.before_cancel()
        if outer.cancel_answer is not None:
            self._send_json(*outer.cancel_answer)
            return
        with outer.lock:
            task = outer.tasks[name]
            queued = task["state"] == "queued"
            task["state"] = "cancelled" if queued else task["state"]
        if queued:
            answer = {"task_id": name, "status": "cancelled", "refunded": True, "refunded_quota": COST}
            self._send_json(200, answer)
        else:
            self._send_json(400, {"error": {"code": "task_not_cancellable", "message": "too late"}})

    def _told(self, name: str) -> dict[str, Any]:
        task = self.outer.tasks[name]
        told: dict[str, Any] = {"task_id": name, "status": task["state"], **task.get("more", {})}
        if task["state"] == "completed":
            told |= {"result": {"images": [{"url": [f"{self.outer.url}/files/{name}.png"]}]}, "cost": COST}
            told |= self.outer.more_when_made
        return told

    def _send_json(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class TunnelProxy:
    """A proxy that leads every CONNECT, and every plain request, to one server.

    Args:
        server: where it leads.

    ``early`` holds what befalls the next connections before any request can be in the tunnel: ``closed``, ``refused``
    (403 to the CONNECT), ``cut`` (after the tunnel stands), ``plain`` (plain text instead of a handshake). ``late``
    breaks all tunnels that are open: ``cut`` or ``plain``.
    """

    def __init__(self, server: OrderServer) -> None:
        self._server = server
        self.early: list[str] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = on_own_port(lambda address: socket.create_server(address, backlog=64))
        self._over = threading.Event()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()
        self.late("cut")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def late(self, how: str) -> None:
        """Break the tunnels that are open."""
        with self._lock:
            opened, self._open = self._open, []
        for client in opened:
            with contextlib.suppress(OSError):
                if how == "plain":
                    client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                client.shutdown(socket.SHUT_RDWR)

    def session(self) -> requests.Session:
        """A session that goes through this proxy and trusts the test's certificate."""
        made = requests.Session()
        made.trust_env = False
        made.proxies = {"http": self.url, "https": self.url}
        made.verify = str(certificate()[0])
        return made

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            how = self.early.pop(0) if self.early else ""
        with client, contextlib.suppress(OSError):
            if how == "closed":
                return
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65536)
                if not part:
                    return
                head += part
            if how == "refused":
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            tunnel = head.startswith(b"CONNECT ")
            if tunnel:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if how == "cut":
                return
            if how == "plain":
                client.recv(65536)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._server.port)) as server:
                with self._lock:
                    self._open.append(client)
                if not tunnel:
                    server.sendall(re.sub(rb"^(\w+) http://[^/]+", rb"\1 ", head))
                self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        peers = {client: server, server: client}
        while not self._over.is_set():
            ready, _, _ = select.select([client, server], [], [], 0.2)
            for one in ready:
                part = one.recv(65536)
                if not part:
                    return
                peers[one].sendall(part)
            with self._lock:
                if client not in self._open:
                    return


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
