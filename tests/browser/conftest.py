"""One Jupyter server, demo and browser for many tests; each test has its own folder, kernel and pages."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import pytest

from qwave_jupyter.demo import painter
from qwave_jupyter.demo.server import DemoServer
from tests.browser import driver
from tests.small_demo import paint_at_most

HERE = Path(__file__).parent
_REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    missing = driver.find_missing()
    for item in items:
        if HERE in item.path.parents:
            # A test takes several waits, and each may last until it is taken to hang.
            item.add_marker(pytest.mark.timeout(900))
            if missing and not os.environ.get("QWAVE_REQUIRE_BROWSER"):
                item.add_marker(pytest.mark.skip(reason=f"browser tests need {missing}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.stash.setdefault(_REPORTS, {})[report.when] = report
    return report


@pytest.fixture(scope="session")
def browser_installed():
    """An error where the tests are required and can't run; otherwise they have been skipped."""
    missing = driver.find_missing()
    if missing:
        pytest.fail(f"browser tests are required (QWAVE_REQUIRE_BROWSER) and need {missing}", pytrace=False)


@pytest.fixture(scope="session")
def jupyter(browser_installed, tmp_path_factory):
    server = driver.JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def demo_clock():
    """The demo's clock: ``skip`` lets waiting tasks end at once."""
    return driver.SkippableClock()


@pytest.fixture(scope="session")
def demo_server(demo_clock):
    server = DemoServer(key="demo-browser", clock=demo_clock, balance_usd=1000.0).start()
    yield server
    server.stop()


@pytest.fixture
def demo(request, demo_server, monkeypatch):
    """The demo without faults, and whose tasks end at once; tests that look at waiting tasks change the latency.

    Its images are small, except for tests of their size (``full_size``) and for screenshots of the front page: painting
    one costs as much as opening a page.
    """
    if request.node.get_closest_marker("full_size") is None and not os.environ.get("QWAVE_UPDATE_SCREENSHOTS"):
        monkeypatch.setattr(painter, "paint", paint_at_most(512))
    demo_server.reset()
    demo_server.change(latency=0, seed=3)
    return demo_server


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """The folder of the browser's cache."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def browser(browser_installed, profile):
    # No longer than its module: while Playwright runs, its event loop occupies this thread and no other can run.
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=driver.HANG)
    with sync_playwright() as playwright:
        shared = driver.Browser(playwright, profile)
        yield shared
        shared.close()


@pytest.fixture
def workspace(jupyter, demo):
    opened = jupyter.open_workspace(demo)
    yield opened
    opened.close()


@pytest.fixture
def context(request, browser):
    opened = browser.open_context()
    yield opened
    if any(report.failed for report in request.node.stash.get(_REPORTS, {}).values()):
        name = re.sub(r"[^\w-]+", "-", request.node.name)
        for number, page in enumerate(opened.pages[1:]):
            with contextlib.suppress(Exception):
                driver.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=str(driver.SCREENSHOTS / f"failed-{name}-{number}.png"), timeout=20_000)
    browser.reset()


@pytest.fixture
def open_notebook(workspace, context):
    """Open a notebook with the given cells, or one that exists."""

    def start(*cells, name="test.ipynb", face="lab", size=None):
        if cells:
            workspace.write_notebook(name, *cells)
        notebook = driver.NotebookPage(context, workspace, name, face)
        if size:
            notebook.page.set_viewport_size({"width": size[0], "height": size[1]})
        return notebook

    return start
