"""What several tests of the panel need."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import qwave_jupyter as qwave
from qwave_jupyter.magics import extension


@pytest.fixture
def quick_demo(clean_environment, monkeypatch, small_images, short_waits):
    """The demo, with nothing to wait for, in a folder of its own."""
    monkeypatch.chdir(clean_environment)
    qwave.use_demo(latency=0.01)
    yield clean_environment
    qwave.use_demo(on=False)
    qwave.configure(demo=None)


@pytest.fixture
def shell(quick_demo, monkeypatch):
    """A shell with the extension and the demo."""
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    extension.load(made)
    made.user_ns["get_ipython"] = lambda: made
    yield made
    extension.unload(made)
    made.reset()
