"""The demo as an HTTP server on 127.0.0.1, with its own thread and event loop."""

from __future__ import annotations

import asyncio
import queue
import re
import secrets
import socket
import struct
import threading
from asyncio import Future
from collections.abc import Callable
from concurrent import futures
from http import HTTPStatus
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tornado.httpclient
import tornado.httpserver
import tornado.iostream
import tornado.web

from qwave_jupyter import catalog, i18n, threads
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.demo.app import DemoApp
from qwave_jupyter.demo.http_types import LOOPBACK_HOST, ApiError, Request, Response, method_not_allowed
from qwave_jupyter.demo.ledger import TaskStore
from qwave_jupyter.demo.options import DemoOptions, describe_options, format_manual
from qwave_jupyter.demo.webhooks import Webhook

__all__ = ["DemoServer"]

_MAX_BODY_BYTES = 64 * 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Seconds between two checks whether a held response may be sent.
_POLL_SECONDS = 0.05
_WEBHOOK_SECONDS = 5.0
_BACKLOG = 128
#: What is larger is refused but read, so that the client gets the answer; beyond this the connection is closed.
_MAX_READ_BYTES = 10**15
_TOO_LARGE = ApiError(413, "invalid_request", f"The body may have {_MAX_BODY_BYTES // 2**20} MB at most")
_EMPTY_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\n\r\n"
#: Which page's shape was asked for can't be read; the addresses of images and of the account document a type.
_BAD_REQUEST_BODY = (
    b'{"error": {"message": "The request is not valid HTTP", "code": "invalid_request", "type": "invalid_request"}}'
)
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BAD_REQUEST_BODY), _BAD_REQUEST_BODY)
)
#: Closing a socket with this set sends RST instead of FIN.
_LINGER_RESET = struct.pack("ii", 1, 0)


class DemoServer:
    """Serves the demo until it is stopped; only on loopback.

    Args:
        edition: the documented contract.
        port: 0 for any free one.
        keep_in: a folder in which tasks are saved for a day, for a restart; None saves nothing.
        key: the only key that is accepted; a fresh one by default.
        clock: time.
        options: those of :class:`~qwave_jupyter.demo.app.DemoApp`, such as ``latency``.

    Raises:
        ConfigurationError: an unknown edition or option.

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
        self._store = TaskStore(keep_in, clock) if keep_in else None
        self._requested_port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._painters = _Workers(2, "demo-painter")
        # Status requests must not queue behind 4k images that are being painted.
        self._workers = _Workers(4, "demo-worker")
        self._webhooks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Its address, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> DemoServer:
        """Start serving; returns when the port is open.

        Raises:
            OSError: the port cannot be opened.
        """
        if self._store:
            self.app.ledger.load(self._store.load())
        listener = _open_port(self._requested_port)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.app.host = self.url
        self._painters.start()
        self._workers.start()
        ready = threading.Event()
        self._thread = threads.spawn(lambda: self._serve(listener, ready), name="demo")
        ready.wait(10)
        return self

    def stop(self) -> None:
        """Stop serving and wait for the end."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(5)
        self._painters.stop()
        self._workers.stop()

    def change(self, **options: object) -> DemoOptions:
        """Change options while it serves; see :meth:`~qwave_jupyter.demo.app.DemoApp.change`."""
        return self.app.change(**options)

    def reset(self) -> None:
        """Reset all options and remove all faults."""
        self.app.faults.replace(())
        self.app.options = DemoOptions()

    def describe(self) -> list[str]:
        """Return a line for each changed option; see :func:`~qwave_jupyter.demo.options.describe_options`."""
        return describe_options(self.app.options, self.app.faults.pending())

    def manual(self) -> list[str]:
        """Return the lines of the manual; see :func:`~qwave_jupyter.demo.options.format_manual`."""
        return format_manual(self.app.options, self.app.faults.pending())

    def handle(self, request: Request) -> Response:
        """Answer one request and save what it changed."""
        response = self.app.handle(request)
        changed = self.app.ledger.pop_changed()
        if self._store:
            self._store.save(changed)
        return response

    async def respond(self, request: Request, closed: asyncio.Event) -> Response:
        """Answer one request in a worker thread, once its hold is over or the client has closed the connection."""
        workers = self._painters if request.path.startswith("/files/") else self._workers
        response = await workers.run(lambda: self.handle(request))
        for webhook in self.app.pop_webhooks():
            sending = asyncio.get_running_loop().create_task(_send_webhook(webhook))
            self._webhooks.add(sending)
            sending.add_done_callback(self._webhooks.discard)
        while response.hold is not None:
            hold, clock = response.hold, self.app.clock
            while not (hold.is_over() or clock.now() >= hold.until or await _wait_for(closed, _POLL_SECONDS)):
                pass
            response = await workers.run(hold.make_response)
        if response.delay:
            await _wait_for(closed, response.delay)
        return response

    def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server: tornado.httpserver.HTTPServer | None = None
        try:
            application = tornado.web.Application([(r".*", _Handler, {"server": self})], log_function=lambda _: None)
            server = _HttpServer(application, max_body_size=_MAX_READ_BYTES)
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


class _Workers:
    """A few threads that make responses, one each at a time.

    A ``ThreadPoolExecutor`` takes nothing more once the interpreter has begun to end, and a script's last order comes
    then.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()

    def start(self) -> None:
        for _ in range(self._count):
            threads.spawn(self._work, name=self._name)

    def stop(self) -> None:
        for _ in range(self._count):
            self._queue.put(None)

    def run(self, make_response: Callable[[], Response]) -> Future[Response]:
        future: futures.Future[Response] = futures.Future()

        def settle() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                response = make_response()
            except BaseException as problem:  # noqa: BLE001 - raised where the response is awaited
                future.set_exception(problem)
            else:
                future.set_result(response)

        self._queue.put(settle)
        return asyncio.wrap_future(future)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
            # A 4k image would be held until the next request.
            del work


class _HttpServer(tornado.httpserver.HTTPServer):
    """Gives tornado's refusal of what is not HTTP, which is empty, a body."""

    def handle_stream(self, stream: tornado.iostream.IOStream, address: tuple[str, int]) -> None:
        write = stream.write

        def write_with_body(data: bytes | memoryview) -> Future[None]:
            return write(_BAD_REQUEST if bytes(data) == _EMPTY_BAD_REQUEST else data)

        stream.write = write_with_body  # type: ignore[method-assign]
        super().handle_stream(stream, address)


@tornado.web.stream_request_body
class _Handler(tornado.web.RequestHandler):
    def initialize(self, server: DemoServer) -> None:
        self._server = server
        self._closed = asyncio.Event()
        self._body = bytearray()
        self._received = 0

    def prepare(self) -> None:
        if not self._is_local():
            self._refuse(ApiError(403, "permission_error", "The demo serves addresses and pages of this machine only"))
            return
        announced = self.request.headers.get("Content-Length", "")
        if announced.isdecimal() and _MAX_BODY_BYTES < int(announced[:20]) <= _MAX_READ_BYTES:
            self._refuse(_TOO_LARGE)

    def data_received(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received <= _MAX_BODY_BYTES:
            self._body += chunk
        else:
            # A chunked body announces no length; the rest is read so that the client gets the answer.
            self._body.clear()

    async def _write_response(self) -> None:
        if self._finished:
            return
        if self._received > _MAX_BODY_BYTES:
            self._refuse(_TOO_LARGE)
            return
        response = await self._server.respond(self._make_request(), self._closed)
        if self._closed.is_set():
            return
        if response.connection_fault:
            await self._break_connection(response)
            return
        self._send(response)

    get = post = head = put = patch = delete = options = _write_response

    def on_connection_close(self) -> None:
        self._closed.set()

    def write_error(self, status_code: int, **_: object) -> None:
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            refusal = method_not_allowed(self._make_request(), ("GET", "POST"))
        elif status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            refusal = ApiError(status_code, "invalid_request", self._reason)
        else:
            refusal = ApiError(status_code, "server_error", "The demo failed; its log says why")
        self._refuse(refusal)

    def _is_local(self) -> bool:
        """Return whether no page of another site is behind the request, nor a foreign name for this machine."""
        origin = self.request.headers.get("Origin")
        try:
            foreign = origin is not None and urlsplit(origin).hostname not in _LOOPBACK
        except ValueError:
            foreign = True
        return not foreign and re.fullmatch(LOOPBACK_HOST, self.request.host, re.IGNORECASE) is not None

    def _make_request(self) -> Request:
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        # HTTP/1.0 needs no such header; forwarding headers are in no page.
        origin = f"http://{self.request.host}" if "host" in headers else ""
        return Request(self.request.method or "GET", self.request.path, headers, bytes(self._body), origin)

    def _refuse(self, refusal: ApiError) -> None:
        self._send(self._server.app.refuse(self._make_request(), refusal))

    def _send(self, response: Response) -> None:
        self.set_status(response.status)
        self.set_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.set_header(name, value)
        self.finish(response.body)

    async def _break_connection(self, response: Response) -> None:
        stream = self.detach()
        if response.connection_fault == "truncate":
            head = (
                f"HTTP/1.1 {response.status} {responses.get(response.status, '')}\r\n"
                f"Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n\r\n"
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
    raise OSError(i18n.text("demo.no_port", port=port))


async def _send_webhook(webhook: Webhook) -> None:
    while not webhook.is_over():  # noqa: ASYNC110 - it is time that ends a task, not an event
        await asyncio.sleep(_POLL_SECONDS)
    body = webhook.body()
    if body is None:
        return
    client = tornado.httpclient.AsyncHTTPClient(force_instance=True)
    try:
        await client.fetch(
            webhook.url,
            method="POST",
            headers={"Content-Type": "application/json"},
            body=body,
            request_timeout=_WEBHOOK_SECONDS,
            follow_redirects=False,
            raise_error=False,
        )
    except (OSError, RuntimeError, ValueError, tornado.httpclient.HTTPError):
        # Documented as best effort: no error, no retry. No address is looked up any more while the interpreter ends.
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
