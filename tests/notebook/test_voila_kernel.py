"""A kernel as Voilà starts it: it may not ask, and its widgets live; without Voilà's word nobody is there."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

VOILA = "import os; os.environ['SERVER_SOFTWARE'] = 'voila/0.5.13'"
NO_VOILA = "import os; os.environ.pop('SERVER_SOFTWARE', None)"
CONTROLS = [
    "qwave.panel()",
    "qwave.paint_mask(__import__('PIL.Image').Image.new('RGB', (64, 64)))",
    "qwave.draw_boxes(__import__('PIL.Image').Image.new('RGB', (64, 64)))",
]


@pytest.fixture(autouse=True)
def as_before(kernel):
    yield
    kernel.run(NO_VOILA)


def show(kernel, cell):
    """The MIME types of what a cell shows where nobody can be asked."""
    (sent,) = kernel.queue(cell, stdin=False)
    kernel.wait(sent)
    assert kernel.replies[sent]["status"] == "ok"
    return {kind for output in kernel.saved[sent] for kind in output.get("data", ())}


@pytest.mark.parametrize("control", CONTROLS, ids=["panel", "brush", "boxes"])
def test_controls_live_in_voila_only(kernel, control):
    widget = "application/vnd.jupyter.widget-view+json"
    assert widget not in show(kernel, control)
    kernel.run(VOILA)
    assert widget in show(kernel, control)


@pytest.mark.slow
def test_cell_without_waiting_waits_in_voila(kernel, demo):
    """What a cell has shown can't change after the page was made."""
    kernel.run(VOILA)
    kinds = show(kernel, "%%qwave --no-wait -o later\na fox")
    assert "image/jpeg" in kinds or "text/html" in kinds
    assert kernel.said_by("print(later.done())")[1].strip() == "True"
    assert show(kernel, "both = qwave.batch(['a fox', 'an owl'])")
    assert kernel.said_by("print(both.done())")[1].strip() == "True"
