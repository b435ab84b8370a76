"""How ``qwave.batch()`` is shown in a notebook: live where somebody looks, waited for where nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwave_jupyter import frontend, i18n
from qwave_jupyter.magics.batch_view import BatchView
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch

__all__ = ["fail_cell", "follow", "present"]


def present(batch: Batch, console: Console) -> None:
    """Show a batch and return at once; without a person stay until it has ended, so that the saved file is whole.

    Args:
        batch: a batch that was started.
        console: where it is shown.

    Raises:
        KeyboardInterrupt: it was interrupted while it was waited for.
    """
    if console.kernel is None:
        # It goes on by itself, and a line below would run over the prompt.
        return
    view = None
    with frontend.contain_view_errors():
        view = follow(batch, console)
    if not console.headless:
        return
    try:
        # Its outcomes are the caller's to take: only whether it is over is asked here.
        batch.wait()
    except KeyboardInterrupt:
        # Before the view is closed, so that it shows how the batch ended.
        batch.stop()
        raise
    finally:
        if view is not None:
            with frontend.contain_view_errors():
                view.close()


def fail_cell(error: BaseException, shell: Any) -> None:
    """End the running cell with an error after its last statement: its names are bound, and the cells behind stop.

    Args:
        error: what it ends with, unless it fails otherwise.
        shell: the running IPython.
    """

    def fail(result: Any) -> None:
        shell.events.unregister("post_run_cell", fail)
        if result is not None and result.success:
            shell.showtraceback((type(error), error, None))
            result.error_in_exec = error

    shell.events.register("post_run_cell", fail)


def follow(batch: Batch, console: Console) -> BatchView:
    """Show a batch for as long as it goes on, with a Cancel of its own.

    Args:
        batch: a batch that was started.
        console: where it is shown; not a terminal.
    """
    now = default().settings
    jobs = batch.jobs
    view = BatchView(
        batch,
        i18n.say("notebook.batch_title", model=jobs[0].request.model.id if jobs else now.model),
        total=batch.total,
        clickable=not console.headless and now.display in {"auto", "widget"},
        demo=default().serves_demo(),
    ).open()
    view.detach()
    return view
