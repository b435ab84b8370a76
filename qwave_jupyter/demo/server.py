"""The demo as an HTTP server on 127.0.0.1, with its own thread and event loop."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tornado.httpclient
import tornado.httpserver
import tornado.iostream
import tornado.web

from qwave_jupyter import catalog, i18n
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo.app import DemoApp
from qwave_jupyter.demo.help_text import describe, manual
from qwave_jupyter.demo.http_types import Request, Response
from qwave_jupyter.demo.options import Switches
from qwave_jupyter.demo.store import Store
from qwave_jupyter.demo.webhooks import Webhook

__all__ = ["DemoServer"]

_MAX_BODY_BYTES = 64 * 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: A held answer looks this often, in seconds, whether it may go out.
_POLL_SECONDS = 0.05
_CALL_SECONDS = 5.0
_BACKLOG = 128
#: Closing a socket with this set sends RST instead of FIN.
_LINGER_RESET = struct.pack("ii", 1, 0)


class DemoServer:
    """Serves the demo until it is stopped; only on loopback.

    Args:
        edition: the contract that it obeys.
        port: 0 for any free one.
        keep_in: a folder in which tasks are kept for the day, so that a restart forgets none; None keeps nothing.
        key: the only key that is taken; a fresh one by default.
        clock: time.
        options: what :class:`~qwave_jupyter.demo.app.DemoApp` takes, such as ``latency``.

    Raises:
        ConfigurationError: an edition or option that there isn't.

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
        self.edition = edition
        self.key = key or f"demo-{secrets.token_hex(8)}"
        self.app = DemoApp(catalog.load(edition), clock=clock, key=self.key, **options)
        self._store = Store(keep_in, clock) if keep_in else None
        self._wanted_port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._painters = ThreadPoolExecutor(2, thread_name_prefix="qwave-demo-painter")
        # Status requests must not queue behind 4k images that are being painted.
        self._workers = ThreadPoolExecutor(4, thread_name_prefix="qwave-demo-worker")
        self._webhooks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Its address, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> DemoServer:
        """Start serving; returns when the port is open.

        Raises:
            OSError: the port can't be opened.
        """
        if self._store:
            self.app.ledger.remember(self._store.load())
        listener = _open_port(self._wanted_port)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.app.host = self.url
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listener, ready), name="qwave-demo", daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def stop(self) -> None:
        """Stop serving and wait for the end."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(5)
        self._painters.shutdown(wait=False)
        self._workers.shutdown(wait=False)

    def change(self, **switches: Any) -> Switches:
        """Turn switches while it serves; see :meth:`~qwave_jupyter.demo.app.DemoApp.change`."""
        return self.app.change(**switches)

    def reset(self) -> None:
        """Turn all switches back and forget all faults."""
        self.app.faults.replace(())
        self.app.switches = Switches()

    def describe(self) -> list[str]:
        """What is turned, line by line; see :func:`~qwave_jupyter.demo.help_text.describe`."""
        return describe(self.app.switches, self.app.faults.pending())

    def manual(self) -> list[str]:
        """All switches, line by line; see :func:`~qwave_jupyter.demo.help_text.manual`."""
        return manual(self.app.switches, self.app.faults.pending())

    def handle(self, request: Request) -> Response:
        """Answer one request and keep what it changed."""
        response = self.app.handle(request)
        if self._store:
            self._store.keep(self.app.ledger.take_changed())
        return response

    async def respond(self, request: Request, closed: asyncio.Event) -> Response:
        """Answer one request in a worker thread, once its hold is over.

        Args:
            request: the request.
            closed: set when nobody waits for the answer any more.
        """
        loop = asyncio.get_running_loop()
        workers = self._painters if request.path.startswith("/files/") else self._workers
        response = await loop.run_in_executor(workers, self.handle, request)
        for call in self.app.take_calls():
            sending = loop.create_task(_send_webhook(call))
            self._webhooks.add(sending)
            sending.add_done_callback(self._webhooks.discard)
        while response.hold is not None:
            hold, clock = response.hold, self.app.clock
            while not (hold.over() or clock.now() >= hold.until or await _wait_for(closed, _POLL_SECONDS)):
                pass
            response = await loop.run_in_executor(workers, hold.then)
        if response.delay:
            await _wait_for(closed, response.delay)
        return response

    def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server: tornado.httpserver.HTTPServer | None = None
        try:
            application = tornado.web.Application([(r".*", _Handler, {"server": self})], log_function=lambda _: None)
            server = tornado.httpserver.HTTPServer(application, max_buffer_size=_MAX_BODY_BYTES)
            server.add_sockets([listener])
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
        self._closed = asyncio.Event()

    def prepare(self) -> None:
        # A page of another site must not reach the demo through the visitor's browser.
        origin = self.request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).hostname not in _LOOPBACK
        if foreign or self.request.host_name not in _LOOPBACK:
            raise tornado.web.HTTPError(403)

    async def get(self) -> None:
        await self._write_response()

    async def post(self) -> None:
        await self._write_response()

    def on_connection_close(self) -> None:
        self._closed.set()

    async def _write_response(self) -> None:
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        request = Request(self.request.method or "GET", self.request.path, headers, self.request.body)
        response = await self._server.respond(request, self._closed)
        if self._closed.is_set():
            return
        if response.fate:
            await self._break_connection(response)
            return
        self.set_status(response.status)
        self.set_header("Content-Type", response.kind)
        for name, value in response.headers.items():
            self.set_header(name, value)
        self.finish(response.body)

    async def _break_connection(self, response: Response) -> None:
        stream = self.detach()
        if response.fate == "truncate":
            head = (
                f"HTTP/1.1 {response.status} {responses.get(response.status, '')}\r\n"
                f"Content-Type: {response.kind}\r\nContent-Length: {len(response.body)}\r\n\r\n"
            )
            await _write(stream, head.encode() + response.body[: len(response.body) // 2])
        elif isinstance(stream, tornado.iostream.IOStream) and stream.socket is not None:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        stream.close()


def _open_port(port: int) -> socket.socket:
    try:
        if port in range(65536):
            return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError:
        pass
    raise OSError(i18n.say("demo.no_port", port=port))


async def _send_webhook(call: Webhook) -> None:
    while not call.over():  # noqa: ASYNC110 - it is time that ends a task, not an event
        await asyncio.sleep(_POLL_SECONDS)
    body = call.body()
    if body is None:
        return
    client = tornado.httpclient.AsyncHTTPClient(force_instance=True)
    try:
        await client.fetch(
            call.url,
            method="POST",
            headers={"Content-Type": "application/json"},
            body=body,
            request_timeout=_CALL_SECONDS,
            follow_redirects=False,
            raise_error=False,
        )
    except (OSError, ValueError, tornado.httpclient.HTTPError):
        # Documented as best effort: no error, no retry.
        return
    finally:
        client.close()


async def _wait_for(event: asyncio.Event, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False


async def _write(stream: tornado.iostream.IOStream, content: bytes) -> None:
    try:
        await stream.write(content)
    except tornado.iostream.StreamClosedError:
        # The client has closed the connection.
        return
