"""The demo protocol on 127.0.0.1, in a thread of its own with an event loop of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tornado.httpserver
import tornado.netutil
import tornado.web

from qwave_jupyter import catalog
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo.protocol import Order, Protocol
from qwave_jupyter.demo.store import Store

__all__ = ["DemoServer"]

_LARGEST_BODY = 64 * 1024 * 1024
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class DemoServer:
    """Serves the demo until it is stopped; only on loopback.

    Args:
        edition: the contract that it obeys.
        port: 0 for any free one.
        keep_in: a folder in which tasks are kept for the day, so that a restart forgets none; None keeps nothing.
        key: the only key that is taken; a fresh one by default.
        clock: time.
        options: what :class:`~qwave_jupyter.demo.protocol.Protocol` takes, such as ``latency``.

    Example:
        >>> server = DemoServer().start()
        >>> server.url
        'http://127.0.0.1:40123'
        >>> server.stop()
    """

    def __init__(
        self,
        *,
        edition: str = "2026-04",
        port: int = 0,
        keep_in: Path | None = None,
        key: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **options: Any,
    ) -> None:
        self.key = key or f"demo-{secrets.token_hex(8)}"
        self.protocol = Protocol(catalog.load(edition), clock=clock, key=self.key, **options)
        self._store = Store(keep_in, clock) if keep_in else None
        self._wanted_port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._painters = ThreadPoolExecutor(2, thread_name_prefix="qwave-demo-painter")
        self.port = 0

    @property
    def url(self) -> str:
        """Its address, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> DemoServer:
        """Start serving; returns when the port is open."""
        if self._store:
            self.protocol.tasks.update(self._store.load())
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="qwave-demo", daemon=True)
        self._thread.start()
        ready.wait(10)
        if not self.port:
            msg = f"the demo server can't open port {self._wanted_port} on 127.0.0.1"
            raise OSError(msg)
        return self

    def stop(self) -> None:
        """Stop serving and wait for the end."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(5)
        self._painters.shutdown(wait=False)

    def handle(self, order: Order) -> Any:
        """Answer one request and keep what it changed."""
        answer = self.protocol.handle(order)
        if self._store and order.method == "POST":
            self._store.save(self.protocol.tasks)
        return answer

    def _serve(self, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server: tornado.httpserver.HTTPServer | None = None
        try:
            sockets = tornado.netutil.bind_sockets(self._wanted_port, "127.0.0.1")
            application = tornado.web.Application([(r".*", _Handler, {"server": self})], log_function=lambda _: None)
            server = tornado.httpserver.HTTPServer(application, max_buffer_size=_LARGEST_BODY)
            server.add_sockets(sockets)
            self.port = sockets[0].getsockname()[1]
            self.protocol.host = self.url
            self._loop = loop
            ready.set()
            loop.run_forever()
        finally:
            ready.set()
            if server is not None:
                server.stop()
                loop.run_until_complete(server.close_all_connections())
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


class _Handler(tornado.web.RequestHandler):
    def initialize(self, server: DemoServer) -> None:
        self._server = server

    def prepare(self) -> None:
        # A page of another site must not reach the demo through the visitor's browser.
        origin = self.request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).hostname not in _HERE
        if foreign or self.request.host_name not in _HERE:
            raise tornado.web.HTTPError(403)

    async def get(self) -> None:
        await self._answer()

    async def post(self) -> None:
        await self._answer()

    async def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        order = Order(self.request.method or "GET", self.request.path, headers, self.request.body)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._server._painters, self._server.handle, order)  # noqa: SLF001
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.finish(answer.body)
