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

__all__ = ["present"]

_TICK = 0.1


def present(batch: Batch, console: Console) -> None:
    """Show a batch and return at once; without a person stay until it has ended, so that the saved file is whole.

    Args:
        batch: a batch that was started.
        console: where it is shown.

    Raises:
        Cancelled: it was interrupted while it was waited for; what is done is kept.
    """
    now = settings.current()
    in_terminal = console.kernel is None
    if in_terminal and not console.headless:
        # It goes on by itself, and a line below would run over the prompt.
        return
    jobs = batch.jobs
    model = jobs[0].request.model.id if jobs else now.model
    view = BatchView(
        batch,
        words.say("notebook.batch_title", model=model),
        total=batch.total,
        clickable=not console.headless and now.display in {"auto", "widget"},
        demo=settings.serves_demo(),
    ).open()
    view.detach()
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
