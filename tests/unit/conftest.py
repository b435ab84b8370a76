from __future__ import annotations

import os

import pytest

from qwave_jupyter.jobs import idempotency, request, runner
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.session import default
from tests.fake_clock import FakeClock
from tests.fake_session import replace_default
from tests.job_contexts import open_context
from tests.scripted_server import ScriptedServer
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch):
    """No test outlives a power cut, so none waits for the disk; a cancel isn't given up because the machine is busy."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(runner, "CANCEL_WITHIN", PATIENCE)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def server(clock):
    return ScriptedServer(clock)


@pytest.fixture
def bench(tmp_path, clock, server):
    with open_context(tmp_path, server.client(), clock) as made:
        # The scripted server speaks June 2026 and honours keys, as an earlier job has found out.
        idempotency.remember(made)
        yield made


@pytest.fixture
def asked(bench):
    def ask(prompt="a cat", **options):
        return request.build(bench.catalog, prompt, options, model=options.pop("model", "gpt-image-2"))

    return ask


@pytest.fixture
def submit(bench, asked):
    def start(prompt="a cat", *, bench=bench, max_cost=None, reuse=False, **options):
        return Job(asked(prompt, **options), bench, max_cost=max_cost, reuse=reuse).start()

    return start


@pytest.fixture
def ours(clean_environment, bench, monkeypatch):
    """The public functions, over the scripted server, with a budget of their own."""
    replace_default(monkeypatch, bench)
    yield bench
    default().configure(budget=None, max_cost=None, reuse=None)
