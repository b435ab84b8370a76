"""The live view of one job: a widget with Cancel where clicks are heard, plain HTML elsewhere, a line in a terminal.

It is shown through a display handle and replaced by a static card when the job ends, so that a saved notebook holds no
dead widget. A thread of its own draws at most twice a second, and touches only traits and the handle.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from qwave_jupyter import words
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.notebook import cards

if TYPE_CHECKING:
    from qwave_jupyter.generation.job import Job

__all__ = ["StatusView", "close_all", "view_for"]

_TICK = 0.5


class StatusView:
    """Shows one job until it ends.

    Args:
        job: a job that was started.
        hint: how to stop it, where there is no button.
    """

    def __init__(self, job: Job, hint: str = "") -> None:
        self._job = job
        self._hint = hint
        self._handle: Any = None
        self._drawn = ""
        self._finished = threading.Event()
        self.detached = False

    def detach(self) -> None:
        """Let it go on by itself after the cell has ended."""
        self.detached = True

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        from IPython.display import display

        self._handle = display(self._bundle(), raw=True, display_id=True)
        threading.Thread(target=self._keep_drawing, name="qwave-view", daemon=True).start()
        return self

    def close(self) -> None:
        """Put the static card in its place; once, whoever comes first."""
        if self._finished.is_set() or self._handle is None:
            return
        self._finished.set()
        now = self._job.snapshot
        if now.error is not None:
            now.error.shown_above = True
        clock = SYSTEM_CLOCK.monotonic()
        markup = cards.ended(now) if now.is_over else cards.running(now, clock)
        self._handle.update(cards.bundle(markup, cards.text_of(now, clock)), raw=True)
        self._dispose()

    def _bundle(self) -> dict[str, str]:
        clock = SYSTEM_CLOCK.monotonic()
        now = self._job.snapshot
        return cards.bundle(cards.running(now, clock, hint=self._hint), cards.text_of(now, clock))

    def _draw(self) -> None:
        self._handle.update(self._bundle(), raw=True)

    def _dispose(self) -> None:
        """Nothing to close in plain HTML."""

    def _keep_drawing(self) -> None:
        while not self._finished.wait(_TICK) and not self._job.done():
            now = self._job.snapshot
            markup = cards.running(now, SYSTEM_CLOCK.monotonic(), hint=self._hint)
            if markup != self._drawn:
                self._drawn = markup
                self._draw()
        if not self._finished.is_set():
            self.close()


class WidgetView(StatusView):
    """The view with a Cancel button."""

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        import ipywidgets
        from IPython.display import display

        self._card = ipywidgets.HTML(self._markup())
        # Fresh for every run, and always called Cancel, whatever the language: tests and habits look for it.
        self._cancel = ipywidgets.Button(description="Cancel", tooltip="Cancel this job")
        self._cancel.add_class("qw-cancel")
        self._cancel.on_click(self._clicked)
        self._box = ipywidgets.Box([self._card, self._cancel])
        self._box.add_class("qw-live")
        self._card.layout.width = "100%"
        self._card.layout.margin = "0"
        self._handle = display(self._box, display_id=True)
        threading.Thread(target=self._keep_drawing, name="qwave-view", daemon=True).start()
        return self

    def _clicked(self, _: Any) -> None:
        self._cancel.disabled = True
        self._job.cancel(wait=False)

    def _markup(self) -> str:
        clock = SYSTEM_CLOCK.monotonic()
        return f'{cards.STYLE}<div class="qw">{cards.running(self._job.snapshot, clock)}</div>'

    def _draw(self) -> None:
        self._card.value = self._markup()

    def _dispose(self) -> None:
        close_all(self._box)


class TerminalView(StatusView):
    """One line on stderr: rewritten on a terminal, sparse elsewhere."""

    def open(self) -> StatusView:
        """Begin to draw."""
        threading.Thread(target=self._keep_drawing, name="qwave-view", daemon=True).start()
        return self

    def close(self) -> None:
        """Write the last line."""
        if self._finished.is_set():
            return
        self._finished.set()
        now = self._job.snapshot
        end = "\r\x1b[2K" if sys.stderr.isatty() else ""
        # An error is said by the exception itself.
        text = "" if now.error is not None else cards.text_of(now, SYSTEM_CLOCK.monotonic()) + "\n"
        sys.stderr.write(end + text)
        sys.stderr.flush()

    def _draw(self) -> None:
        now = self._job.snapshot
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K" + cards.text_of(now, SYSTEM_CLOCK.monotonic())[:118])
            sys.stderr.flush()


def view_for(job: Job, shell: Any, display: str, *, hears_clicks: bool) -> StatusView:
    """The view that suits where we are.

    Args:
        job: a job that was started.
        shell: the running IPython.
        display: ``auto``, ``widget``, ``html`` or ``text``.
        hears_clicks: whether a click would reach Python while we wait.
    """
    kernel = getattr(shell, "kernel", None)
    if display == "text" or (display == "auto" and kernel is None):
        return TerminalView(job)
    headless = kernel is not None and not getattr(kernel, "_allow_stdin", True)
    if display == "html" or not hears_clicks or headless:
        return StatusView(job, "" if headless else words.say("notebook.press_stop"))
    return WidgetView(job)


def close_all(widget: Any) -> None:
    """Close a widget with everything below it: ``close()`` alone leaves children, layouts and styles open."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in ("layout", "style"):
        inner = getattr(widget, part, None)
        if inner is not None and hasattr(inner, "close"):
            inner.close()
    widget.close()
