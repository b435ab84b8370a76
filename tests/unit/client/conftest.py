from __future__ import annotations

import pytest

from qwave_jupyter.client.client import Client
from tests.fake_clock import FakeClock
from tests.unit.client.loopback import Loopback
from tests.waiting import PATIENCE

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def client(server, clock):
    made = Client(server.url, KEY, clock=clock, connect_timeout=PATIENCE, read_timeout=PATIENCE)
    yield made
    made.close()
