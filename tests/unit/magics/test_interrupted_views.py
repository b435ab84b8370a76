"""An interrupt that strikes while a card is being shown leaves a card that still says how it ended."""

from __future__ import annotations

import pytest
from IPython.display import DisplayHandle

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.magics.batch_view import BatchView
from qwave_jupyter.magics.status_view import StatusView, WidgetView, open_view
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def updated(monkeypatch):
    """What is put in the place of cards; each is interrupted once it is shown."""
    updates = []

    def show(_handle, *_contents, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(DisplayHandle, "display", show)
    monkeypatch.setattr(DisplayHandle, "update", lambda _handle, content, **_options: updates.append(content))
    return updates


@pytest.mark.parametrize("clicks", [False, True])
def test_interrupted_card_of_a_batch_tells_its_end(bench, asked, updated, clicks):
    batch = Batch([asked("a cat"), asked("a dog")], bench)
    view = BatchView(batch, "batch", RecordingConsole(), total=2, receives_clicks=clicks, detached=True)
    with pytest.raises(KeyboardInterrupt):
        view.open()
    batch.start().wait(PATIENCE)
    wait_until(lambda: updated and "2 of 2" in updated[-1]["text/plain"], "the end of the batch")
    view.close()


@pytest.mark.parametrize("kind", [StatusView, WidgetView])
def test_interrupted_card_of_a_job_tells_its_end(submit, updated, kind):
    job = submit()
    view = kind(job, detached=True, with_images=False)
    with pytest.raises(KeyboardInterrupt):
        view.open()
    job.result(PATIENCE)
    wait_until(lambda: updated and "1 image in" in updated[-1]["text/plain"], "the end of the job")
    view.close()


@pytest.mark.parametrize("kind", [StatusView, WidgetView])
def test_interrupted_card_of_a_cell_is_closed(submit, updated, kind):
    job = submit()
    job.result(PATIENCE)
    with pytest.raises(KeyboardInterrupt), open_view(kind(job, with_images=False), lambda interrupt: interrupt):
        pass
    assert "1 image in" in updated[-1]["text/plain"]
