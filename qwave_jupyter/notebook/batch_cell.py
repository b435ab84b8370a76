"""How ``qwave.batch()`` is shown in a notebook: live where somebody looks, waited for where nobody does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwave_jupyter import settings, words
from qwave_jupyter.errors import Cancelled
from qwave_jupyter.notebook.batch_view import BatchView
from qwave_jupyter.notebook.console import Console

if TYPE_CHECKING:
    from qwave_jupyter.generation.batch import Batch

__all__ = ["follow", "present"]

_TICK = 0.1


def present(batch: Batch, console: Console) -> None:
    """Show a batch and return at once; without a person stay until it has ended, so that the saved file is whole.

    Args:
        batch: a batch that was started.
        console: where it is shown.

    Raises:
        Cancelled: it was interrupted while it was waited for; what is done is kept.
    """
    if console.kernel is None:
        # It goes on by itself, and a line below would run over the prompt.
        return
    view = follow(batch, console)
    if not console.headless:
        return
    try:
        # Its outcomes are the caller's to take: only whether it is over is asked here.
        while not batch.done():
            time.sleep(_TICK)
    except KeyboardInterrupt:
        batch.stop()
        raise Cancelled("generation.batch_stopped", count=len(batch.outcomes), job_id="", task_id="") from None
    finally:
        view.close()


def follow(batch: Batch, console: Console) -> BatchView:
    """Show a batch for as long as it goes on, with a Cancel of its own.

    Args:
        batch: a batch that was started.
        console: where it is shown; not a terminal.
    """
    now = settings.current()
    jobs = batch.jobs
    view = BatchView(
        batch,
        words.say("notebook.batch_title", model=jobs[0].request.model.id if jobs else now.model),
        total=batch.total,
        clickable=not console.headless and now.display in {"auto", "widget"},
        demo=settings.serves_demo(),
    ).open()
    view.detach()
    return view
