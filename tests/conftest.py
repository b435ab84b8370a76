"""What several kinds of tests share: a demo server of its own process, and a clean configuration."""

from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, settings

from qwave_jupyter import frontend
from qwave_jupyter.clock import Clock
from qwave_jupyter.demo import painter
from qwave_jupyter.frontend import PlainFrontend
from qwave_jupyter.session import default
from tests.small_demo import paint_at_most

# Whatever the machine's language, the tests and the kernels that they start speak English unless told otherwise.
os.environ["LC_ALL"] = "C.UTF-8"
# Of an activated environment that isn't this Python's own IPython would warn.
os.environ.pop("VIRTUAL_ENV", None)

#: Whether everything runs (``make test-all``): then a missing library is an error, and properties try more examples.
TEST_ALL = os.environ.get("QWAVE_TEST_ALL") == "1"

# How long an example takes says nothing on a busy machine; the same examples each time, so that a run can be repeated.
# "random" looks for new ones: HYPOTHESIS_PROFILE=random make test TESTS=tests/unit
settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("complete", settings.get_profile("quick"), max_examples=200)
settings.register_profile("random", settings.get_profile("quick"), max_examples=1000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("complete" if TEST_ALL else "quick"))


def pytest_collection_modifyitems(items):
    """Leave the cases of a test that ``slow_except`` doesn't name to ``make test-all``."""
    for item in items:
        quick = item.get_closest_marker("slow_except")
        if quick is not None and not any(name in item.name for name in quick.args):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish():
    """Leave thousands of collected tests out of every garbage collection, which else walks through them all."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """Save what a coverage report counts: a worker that takes long to exit is killed."""
    coverage = sys.modules.get("coverage")
    if coverage and (measured := coverage.Coverage.current()):
        measured.save()


# A shell's background job is started with interrupts ignored, and so would be every kernel and terminal of ours.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: What a test in one of several kernel generations has in its id.
GENERATION = re.compile(r"[\[-](\d\.\d+|newest)[\]-]")


def scope_of(nodeid):
    """What stays in one process: a file, or a file's tests in one generation of kernels."""
    file, _, test = nodeid.partition("::")
    generation = GENERATION.search(test) if file.startswith("tests/notebook/") else None
    return f"{file}::{generation[1]}" if generation else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let generations, and browsers and the rest, run beside each other with ``--dist loadfile``."""
    # ``loadgroup`` groups nothing on pytest 9.2.
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class GenerationScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return scope_of(nodeid)

        def _assign_work_unit(self, node):
            # Two browsers keep two cores busy; beside them goes what mostly waits. Whoever is through helps the others.
            is_browsing = node in self.nodes[:2]
            own = (scope for scope in self.workqueue if scope.startswith("tests/browser/") == is_browsing)
            if scope := next(own, None):
                self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    return GenerationScheduling(config, log)


#: IPython's shells put their own module in its place, with which no process can be spawned.
MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def main_module():
    """Give ``__main__`` back after a test that made a shell."""
    yield
    sys.modules["__main__"] = MAIN


@pytest.fixture(autouse=True)
def default_settings():
    """Give back what a test has configured in the default session."""
    session = default()
    before = session.overrides
    yield
    if session.overrides != before:
        session.configure(**{**dict.fromkeys(session.overrides), **before})


SMALL_DEMO = Path(__file__).with_name("small_demo.py")
CONFIGURATION = ("QWAVE_", "WAVE_API", "WAVEAPI_", "JPY_SESSION_NAME")


def optional(module, extra="test-all"):
    """Import a library that the ``test`` extra doesn't hold; skip where it is missing, except in ``make test-all``."""
    if TEST_ALL:
        return importlib.import_module(module)
    return pytest.importorskip(module, reason=f"needs {module}: pip install 'qwave-jupyter[{extra}]'")


@dataclass(frozen=True)
class Server:
    url: str
    key: str
    pid: int = 0

    def get(self, path):
        return self._request("GET", path).json()

    def post(self, path, **options):
        return self._request("POST", path, **options)

    def _request(self, method, path, *, headers=(), **options):
        with requests.Session() as session:
            # Neither proxies nor what changes in the environment meanwhile.
            session.trust_env = False
            key = {"Authorization": f"Bearer {self.key}"}
            return session.request(method, self.url + path, headers={**key, **dict(headers)}, timeout=60, **options)

    def environment(self, home, **more):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
        return {
            **clean,
            "QWAVE_BASE_URL": self.url,
            "QWAVE_API_KEY": self.key,
            "QWAVE_HOME": str(home),
            "QWAVE_SAVE_DIR": str(home / "images"),
            **more,
        }


def serve(*arguments):
    """A demo server in a process of its own, as another program would meet it, but for the size of its images."""
    command = [sys.executable, str(SMALL_DEMO), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline().strip() for _ in range(2)]
    try:
        yield Server(*(line.partition("=")[2] for line in lines), process.pid)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="session")
def quick_server():
    """Images in about a second."""
    yield from serve("--latency", "1")


@pytest.fixture(scope="session")
def slow_server():
    """Tasks that stay queued for seconds, so that they can be cancelled."""
    yield from serve("--latency", "60")


@pytest.fixture
def small_images(monkeypatch):
    """The demo of this process paints no more than 96 pixels: for tests of what becomes of an image."""
    monkeypatch.setattr(painter, "paint", paint_at_most(96))


@pytest.fixture
def short_waits(monkeypatch):
    """Waits on the system's clock, such as those between two questions, take a twentieth of a second at most."""
    wait = Clock.wait
    monkeypatch.setattr(Clock, "wait", lambda clock, seconds, stop=None: wait(clock, min(seconds, 0.05), stop))


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    """No configuration but a home of its own, and nobody there."""
    for name in list(os.environ):
        if name.startswith(CONFIGURATION):
            monkeypatch.delenv(name)
    monkeypatch.setenv("QWAVE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QWAVE_SAVE_DIR", str(tmp_path / "images"))
    # A shell of another test may still have the extension loaded.
    monkeypatch.setattr(frontend, "_installed", [PlainFrontend()])
    return tmp_path
