from __future__ import annotations

import threading

import pytest

from tests.fake_session import replace_default
from tests.waiting import PATIENCE


@pytest.fixture
def queued_batches(clean_environment, bench, monkeypatch, server):
    """The public functions, over a scripted server whose tasks stay queued."""
    replace_default(monkeypatch, bench)
    server.states = ["queued"] * 9
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    yield bench
    gate.set()
