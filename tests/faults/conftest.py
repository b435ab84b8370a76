from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from qwave_jupyter.client.client import Client
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.jobs import idempotency, request
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from tests.conftest import Server, serve
from tests.faults.faulty_proxy import FaultyProxy
from tests.job_contexts import open_context

#: Seconds after which a wait counts as hung. No test takes nearly as long, but a busy machine may make it wait.
HANG_GUARD = 240.0
#: The smallest image that the catalogue knows of: it is painted, sent and decoded a hundred times.
MODEL, RESOLUTION = "gemini-3.1-flash-image-preview", "0.5K"


def pytest_collection_modifyitems(items):
    """Leave what these tests do to processes, disks and networks to ``make test-all``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Site:
    """A user's machine, with a proxy of its own before a shared server."""

    server: Server
    proxy: FaultyProxy
    bench: JobContext

    def job(self, prompt: str = "a cat", **options: object) -> Job:
        return Job(
            request.build(self.bench.catalog, prompt, {"resolution": RESOLUTION}, model=MODEL), self.bench, **options
        )

    @property
    def billed(self) -> int:
        """How many of the tasks made from here the server charges for."""
        return sum(bool(self.server.get(f"/v1/tasks/{name}").get("cost")) for name in self.proxy.tasks)

    @property
    def states(self) -> list[str]:
        return [entry.state for entry in self.bench.journal._entries("ORDER BY created")]


@contextlib.contextmanager
def site(server: Server, home: Path, *, clock: Clock = SYSTEM_CLOCK, timeout: float = 10_000.0):
    with FaultyProxy(server.url) as proxy:
        client = Client(
            proxy.url,
            server.key,
            session=proxy.session,
            clock=clock,
            connect_timeout=HANG_GUARD / 4,
            read_timeout=HANG_GUARD / 4,
        )
        with contextlib.closing(client), open_context(home, client, clock, timeout=timeout) as bench:
            # The demo heeds idempotency keys, as an earlier job of this user has found out; test_order_table.py has
            # servers that don't.
            idempotency.remember(bench)
            yield Site(server, proxy, bench)


def selected_params(request, name: str) -> list:
    """The values of a parameter in those tests of this module that were selected, in their order.

    A module's fixture then runs their cases, all at once, and no others.
    """
    items = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    return list({str(one): one for item in items if (one := item.callspec.params.get(name)) is not None}.values())


def run_cases(cases, run, base, *, workers=8):
    """Run all cases to their ends beside each other, each in a folder of its own; return the future of each."""
    # Not beside the tests: between two of them pytest takes a variable out of the environment, and requests, like what
    # starts a process, reads all of them.
    with ThreadPoolExecutor(workers, thread_name_prefix="case") as pool:
        return {case: pool.submit(run, base / str(place), *case) for place, case in enumerate(cases)}


@pytest.fixture(scope="package")
def prompt_server():
    """Images at once."""
    yield from serve("--latency", "0.1")


@pytest.fixture(scope="package")
def waiting_server():
    """Tasks that stay queued until they are cancelled."""
    yield from serve("--latency", "600")


@pytest.fixture(scope="package")
def steady_server():
    """Images in about a second."""
    yield from serve("--latency", "1")


@pytest.fixture(scope="package")
def lingering_server():
    """Images in about 20 seconds, 4 of them queued: a task can be met in each of its states."""
    yield from serve("--latency", "20")
