"""The guard of the keys beside Cancel: one for all cards that are open, and none afterwards."""

from __future__ import annotations

import sys

import ipywidgets
import pytest
from ipywidgets.widgets import widget as registry

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.magics.batch_view import BatchView
from qwave_jupyter.magics.status_view import WidgetView, close_all
from qwave_jupyter.widgets.canvas.keyboard import KeyGuard
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE

#: Guards of cards that earlier tests in this process have left open.
EARLIER = []


def live():
    return [one for one in registry._instances.values() if isinstance(one, KeyGuard) and one not in EARLIER]


@pytest.fixture(autouse=True)
def fresh_guard(monkeypatch):
    """No guard yet; those of earlier tests stay as they are, for their cards hold them."""
    monkeypatch.setattr(sys.modules[__name__], "EARLIER", live())
    monkeypatch.setattr(KeyGuard, "_shared", None)
    monkeypatch.setattr(KeyGuard, "_cards", 0)


@pytest.mark.parametrize("cards", [1, 2, 5])
def test_cards_share_one_guard(cards):
    before = len(registry._instances)
    boxes = [ipywidgets.Box([KeyGuard.acquire()]) for _ in range(cards)]
    assert len({box.children[0].model_id for box in boxes}) == 1
    for box in boxes:
        assert len(live()) == 1
        close_all(box)
    assert len(registry._instances) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_guard_stays_for_the_last_card(order):
    boxes = [ipywidgets.Box([KeyGuard.acquire()]) for _ in range(2)]
    close_all(boxes[order[0]])
    assert live() == [boxes[order[1]].children[0]]
    assert boxes[order[1]].children[0].comm is not None
    close_all(boxes[order[1]])
    assert live() == []


def test_card_that_is_closed_twice_releases_once():
    boxes = [ipywidgets.Box([KeyGuard.acquire()]) for _ in range(2)]
    close_all(boxes[0])
    close_all(boxes[0])
    assert boxes[1].children[0].comm is not None
    close_all(boxes[1])
    assert live() == []


def test_guard_closed_by_others_is_made_anew():
    first = ipywidgets.Box([KeyGuard.acquire()])
    first.children[0].close()
    second = ipywidgets.Box([KeyGuard.acquire()])
    assert second.children[0].comm is not None
    for box in (first, second):
        close_all(box)
    assert live() == []


def test_cards_of_job_and_batch_have_it(submit, asked, bench, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.DisplayHandle.display", lambda _, content, **__: shown.append(content))
    monkeypatch.setattr("IPython.display.DisplayHandle.update", lambda *_, **__: None)
    before = len(registry._instances)
    job, batch = submit(), Batch([asked("a cat")], bench)
    # The batch is not started yet, so its card is open while the job's one may already close.
    views = [
        BatchView(batch, "batch", RecordingConsole(), total=1, receives_clicks=True),
        WidgetView(job, with_images=False),
    ]
    for view in views:
        view.open()
    assert [isinstance(box, ipywidgets.Box) for box in shown] == [True, True]
    (guard,) = live()
    assert guard in shown[0].children[0].children
    assert guard in shown[1].children
    job.result(PATIENCE)
    batch.start().wait(PATIENCE)
    for view in views:
        view.close()
    assert len(registry._instances) == before
