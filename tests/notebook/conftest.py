"""A demo server and a kernel for each module and generation, and what puts both right after every test."""

from __future__ import annotations

import os
import time

import pytest

from qwave_jupyter.clock import Clock
from qwave_jupyter.demo import painter
from qwave_jupyter.demo.server import DemoServer
from tests.conftest import CONFIGURATION, Server
from tests.notebook.kernels import GENERATIONS, NEWEST, Kernel
from tests.small_demo import paint_at_most

#: Seconds that a task takes: it has ended when it is asked about for the first time.
QUICK = 0.1
#: Seconds that a task takes which a test ends itself. It is queued for a fifth of it, and can be cancelled so long.
ENDLESS = 3000.0

#: For modules that run in every generation. Those that only ``make test-all`` runs are marked slow.
EVERY_GENERATION = pytest.mark.parametrize(
    "generation",
    [pytest.param(one, id=one.name, marks=() if one is NEWEST else pytest.mark.slow) for one in GENERATIONS],
    indirect=True,
    scope="module",
)
#: For what differs between ipykernel 6 and 7 only.
OLDEST_AND_NEWEST = pytest.mark.parametrize(
    "generation",
    [pytest.param(GENERATIONS[0], id=GENERATIONS[0].name, marks=pytest.mark.slow), pytest.param(NEWEST, id="newest")],
    indirect=True,
    scope="module",
)

#: Makes a kernel one in which nobody has switched the demo on, seen it, or typed a key.
FORGET = """
from qwave_jupyter import credentials
from qwave_jupyter.session import default
qwave.use_demo(on=False)
qwave.configure(demo=None)
default()._demo_notice_shown = False
credentials.forget()
del credentials, default
"""


class SteppedClock(Clock):
    """The real time of day, plus what a test adds to it."""

    ahead = 0.0

    def now(self):
        return time.time() + self.ahead


class Demo:
    """A demo server in this process whose tasks end quickly, or when the test says so."""

    def __init__(self):
        self._clock = SteppedClock()
        self._server = DemoServer(key="demo-tests", clock=self._clock)
        self._paint_once(self._server.app)
        self._server.start()
        self.server = Server(self._server.url, self._server.key)
        self.reset()

    @staticmethod
    def _paint_once(app):
        """Give tasks with the same prompt and size the same image: painting costs more than all the rest of a job."""
        paint, painted = app._paint, {}

        def paint_once(task, index):
            brief = app._make_brief(task, index)
            alike = brief.prompt, brief.width, brief.height, brief.format, index
            if alike not in painted:
                painted[alike] = paint(task, index)
            return painted[alike]

        app._paint = paint_once

    def change(self, **switches):
        self._server.change(**switches)

    def hold(self, *, answers_at_once=False):
        """Keep the tasks that are ordered from now on queued, until they are cancelled or finished.

        Args:
            answers_at_once: ignore a batch's ``Prefer: wait``, which keeps the answer to its orders back for 30 s.
        """
        self.change(latency=ENDLESS, dialect="string-url" if answers_at_once else None)

    def finish(self):
        """End every task that was ordered so far."""
        self._clock.ahead += 10 * ENDLESS

    def reset(self):
        """End every task, be healthy and quick."""
        self.finish()
        self._server.reset()
        self.change(latency=QUICK, seed=3)

    def task(self, row):
        """What the server says of a job's task."""
        return self.server.get(f"/v1/tasks/{row['task_id']}")

    def stop(self):
        self._server.stop()


@pytest.fixture(scope="module")
def generation(request):
    """The newest generation, or those of the module's parameters."""
    return getattr(request, "param", NEWEST)


@pytest.fixture(scope="module")
def demo():
    server = Demo()
    with pytest.MonkeyPatch.context() as patch:
        # The kernels decode what is painted.
        patch.setattr(painter, "paint", paint_at_most(512))
        yield server
    server.stop()


@pytest.fixture(scope="module")
def home(generation, tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def module_kernel(generation, demo, home):
    started = Kernel(generation, demo.server.environment(home), home)
    yield started
    started.close()


@pytest.fixture
def kernel(module_kernel, demo):
    """The module's kernel, with its server quick and healthy; whatever becomes of the test, both are left as found."""
    module_kernel.begin()
    yield module_kernel
    try:
        module_kernel.settle()
    finally:
        demo.reset()


@pytest.fixture(scope="module")
def keyless_module_kernel(home):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    own = {**clean, "QWAVE_HOME": str(home), "QWAVE_SAVE_DIR": str(home / "images")}
    started = Kernel(NEWEST, own, home, home=home / "demo")
    yield started
    started.close()


@pytest.fixture
def keyless(keyless_module_kernel):
    """The module's kernel without key or server address, the built-in demo off and as it is at the start."""
    keyless_module_kernel.begin()
    yield keyless_module_kernel
    keyless_module_kernel.settle()
    reply = keyless_module_kernel.run(FORGET)
    assert reply["status"] == "ok", reply
