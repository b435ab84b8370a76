"""A server that writes exactly the bytes it is told to, at the pace it is told to."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from tests.ports import on_own_port
from tests.waiting import PATIENCE

#: Seconds between two bytes of a slow peer.
DRIP = 0.05


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Request], bytes | Iterable[bytes]]


def http(content: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """A whole answer; ``content_type`` becomes ``content-type``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in named.items())]
    if "transfer-encoding" not in named and "content-length" not in named:
        lines.append(f"content-length: {len(content)}")
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + content


def as_json(body: Any, status: int = 200, **headers: str) -> bytes:
    return http(json.dumps(body).encode(), status, content_type="application/json", **headers)


def as_image(content: bytes, **headers: str) -> bytes:
    return http(content, content_type="image/png", **headers)


@dataclass
class RawServer:
    """Answers by path, the longest matching beginning first; a context manager.

    Args:
        host: where it listens.
        answers: what it answers.
    """

    host: str = "127.0.0.1"
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    connections: int = 0
    #: Set when the server is closed; slow answers end with it.
    closed: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._listener = on_own_port(socket.create_server, self.host)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def dripping(self, start: bytes, rest: bytes = b"") -> Iterator[bytes]:
        """``start`` at once, then one byte after the other: those of ``rest``, and zeros for ever."""
        yield start
        for byte in itertools.chain(rest, itertools.repeat(0x30)):
            if self.closed.wait(DRIP):
                return
            yield bytes([byte])

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError), connection:
            request = _read(connection)
            self.seen.append(request)
            answer = self._answer(request)
            for part in [answer] if isinstance(answer, bytes) else answer:
                connection.sendall(part)

    def _answer(self, request: Request) -> bytes | Iterable[bytes]:
        matching = [start for start in self.answers if f"{request.method} {request.path}".startswith(start)]
        if not matching:
            return http(b"no such path", 404)
        return self.answers[max(matching, key=len)](request)


def _read(connection: socket.socket) -> Request:
    with connection.makefile("rb") as stream:
        method, path, _ = stream.readline().decode().split()
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, path, headers, stream.read(int(headers.get("content-length", 0))))


def completed(*urls: str, task_id: str = "task-1", **more: Any) -> bytes:
    """A task that is over, with one image for each address."""
    images = [{"url": [url]} for url in urls]
    return as_json({"task_id": task_id, "status": "completed", "result": {"images": images}, "cost": 3187, **more})


def make_bench(server: RawServer, home: Any, *, timeout: float = 20.0, key: str = "sk-secret", **more: Any) -> Any:
    """A workbench whose API is the server; to be closed with its journal.

    Args:
        server: the API.
        home: the folder of everything.
        timeout: seconds for a job.
        key: the API key.
        more: ``clock`` for all, and further arguments for the client.
    """
    from qwave_jupyter import catalog
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.clock import SYSTEM_CLOCK
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.store import Journal

    clock = more.setdefault("clock", SYSTEM_CLOCK)
    return JobContext(
        catalog=catalog.load("2026-04"),
        client=Client(server.url, key, **{"connect_timeout": PATIENCE, "read_timeout": PATIENCE, **more}),
        journal=Journal(home / "home", clock=clock),
        home=home / "home",
        save_dir=home / "images",
        timeout=timeout,
        clock=clock,
    )


def start_job(bench: Any, prompt: str = "a cat", **options: Any) -> Any:
    from qwave_jupyter.jobs import request
    from qwave_jupyter.jobs.job import Job

    return Job(request.build(bench.catalog, prompt, options, model="gpt-image-2"), bench).start()


def job_error(job: Any, patience: float = 60.0) -> Any:
    """How a job failed; fails itself where the job doesn't end."""
    assert job.wait(patience), "the job doesn't end"
    assert job.error is not None
    return job.error
