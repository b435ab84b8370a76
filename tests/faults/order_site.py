"""A user's machine before an order server, with or without a proxy in between."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.client.retry import RateLimiter
from qwave_jupyter.clock import Clock
from qwave_jupyter.jobs import request
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal.store import Entry
from tests.faults.accelerated_clock import AcceleratedClock
from tests.faults.order_server import OrderServer, TunnelProxy
from tests.job_contexts import open_context
from tests.waiting import PATIENCE

MODEL = "z-image-turbo"
#: Editions with and without the key in their contract.
WITH_KEY, WITHOUT_KEY = "2026-09", "2026-04"


@dataclass(frozen=True)
class OrderSite:
    server: OrderServer
    bench: JobContext
    proxy: TunnelProxy | None = None

    def request(self, prompt: str = "a cat") -> request.Request:
        return request.build(self.bench.catalog, prompt, {}, model=MODEL)

    def job(self, prompt: str = "a cat", **options: object) -> Job:
        return Job(self.request(prompt), self.bench, **options)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.bench.journal._entries("ORDER BY created")

    @property
    def states(self) -> list[str]:
        return [entry.state for entry in self.entries]


@contextlib.contextmanager
def order_site(
    server: OrderServer,
    home: Path,
    edition: str = WITHOUT_KEY,
    *,
    proxy: TunnelProxy | None = None,
    clock: Clock | None = None,
    read_timeout: float = PATIENCE,
    timeout: float = 400.0,
):
    clock = clock or AcceleratedClock(40)
    client = Client(
        server.url,
        "sk-secret",
        session=proxy.session if proxy else requests.Session,
        clock=clock,
        connect_timeout=PATIENCE,
        read_timeout=read_timeout,
        rate_limiter=RateLimiter(clock),
    )
    with (
        contextlib.closing(client),
        open_context(home, client, clock, edition=edition, images="images", timeout=timeout) as bench,
    ):
        yield OrderSite(server, bench, proxy)
