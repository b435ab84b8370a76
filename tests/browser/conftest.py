"""The browser is asked for, and where it is missing the tests say how to get it; in CI that is a failure."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import driver

HOW = "Chromium is not here; on Debian and Ubuntu: apt-get install chromium"


def pytest_collection_modifyitems(items):
    if driver.chromium():
        return
    if os.environ.get("QWAVE_REQUIRE_BROWSER"):
        pytest.exit(f"browser tests are required: {HOW}", returncode=1)
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=HOW))


@pytest.fixture(scope="module")
def playwright():
    # No longer than its module: while it lives, its event loop runs in this thread and no other can.
    with sync_playwright() as started:
        yield started


@pytest.fixture
def lab(tmp_path):
    servers = []

    def start(api):
        server = driver.JupyterServer(tmp_path, api.environment(tmp_path / "home"))
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def context(playwright):
    with driver.browser(playwright) as opened:
        yield opened
