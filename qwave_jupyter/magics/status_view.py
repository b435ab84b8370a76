"""The live view of one job: a widget with Cancel where clicks are heard, plain HTML elsewhere, a line in a terminal.

It is shown through a display handle and replaced by a static card when the job ends, so that a saved notebook holds no
dead widget. A thread of its own draws at most twice a second, and touches only traits and the handles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.magics.comm_pump import is_deaf
from qwave_jupyter.magics.terminal_view import TerminalView
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job

__all__ = ["StatusView", "close_all", "view_for"]

_TICK = 1.0


class StatusView:
    """Shows one job until it ends.

    Args:
        job: a job that was started.
        hint: how to stop it, where there is no button.
        stays: it goes on by itself after its cell has ended, and then shows the pictures too, unless
            ``with_pictures`` is taken from it.
        embed: how those are kept: ``preview``, ``full`` or ``link``; None for what their settings say.
        plain: words only, no HTML.
    """

    _tick = _TICK

    def __init__(
        self, job: Job, hint: str = "", *, stays: bool = False, embed: str | None = None, plain: bool = False
    ) -> None:
        self._job = job
        self._hint = hint
        self._embed = embed
        self._plain = plain
        self._handle: Any = None
        self._picture_handle: Any = None
        self._drawn = ""
        self._drawing = threading.RLock()
        self._finished = threading.Event()
        self.detached = stays
        self.with_pictures = stays

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        from IPython.display import display

        self._handle = display(self._bundle(), raw=True, display_id=True)
        return self._begun()

    def close(self) -> None:
        """Put the static card in its place; once, whoever comes first, and the other waits for it."""
        with self._drawing:
            if self._finished.is_set() or self._handle is None:
                return
            now = self._job.snapshot
            if now.error is not None and not self.detached:
                now.error.shown_above = True
            self._handle.update(self._bundle(), raw=True)
            self._show_pictures()
            self._dispose()
            # Only now: who finds it set may end the cell, and with it the way for what is still to be said.
            self._finished.set()

    def _begun(self) -> StatusView:
        if self.with_pictures:
            from IPython.display import display

            # A thread can't make an output, only fill one.
            self._picture_handle = display({"text/html": "", "text/plain": ""}, raw=True, display_id=True)
        threading.Thread(target=self._keep_drawing, name="qwave-view", daemon=True).start()
        return self

    def _show_pictures(self) -> None:
        gallery = self._job.snapshot.gallery
        if self._picture_handle is not None and gallery:
            data, metadata = gallery.mimebundle(embed=self._embed)
            self._picture_handle.update(data, raw=True, metadata=metadata)

    def _bundle(self) -> dict[str, str]:
        clock = SYSTEM_CLOCK.monotonic()
        text = job_card.format_text(self._job.snapshot, clock)
        return {"text/plain": text} if self._plain else job_card.to_mimebundle(self._card_markup(), text)

    def _card_markup(self) -> str:
        now = self._job.snapshot
        return (
            job_card.render_ended(now)
            if now.is_over
            else job_card.render_running(now, SYSTEM_CLOCK.monotonic(), hint=self._hint)
        )

    def _draw(self) -> None:
        self._handle.update(self._bundle(), raw=True)

    def _dispose(self) -> None:
        """Nothing to close in plain HTML."""

    def _keep_drawing(self) -> None:
        over = threading.Event()
        self._job.add_done_callback(lambda _: over.set())
        while not over.wait(self._tick) and not self._finished.is_set():
            self._redraw()
        self.close()

    def _redraw(self) -> None:
        with self._drawing:
            markup = self._card_markup()
            if markup != self._drawn and not self._finished.is_set() and not self._job.done():
                self._drawn = markup
                self._draw()


class WidgetView(StatusView):
    """The view with a Cancel button.

    Args:
        job: a job that was started.
        is_deaf: whether no click would be heard; asked when the button is to be seen.
        options: what :class:`StatusView` takes.
    """

    _tick = 0.5

    def __init__(self, job: Job, *, is_deaf: Callable[[], bool], **options: Any) -> None:
        super().__init__(job, **options)
        self._is_deaf = is_deaf

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        import ipywidgets
        from IPython.display import display

        # Apart, so that it crosses the wire once and not with every second that passes.
        style = ipywidgets.HTML(job_card.STYLE, layout={"display": "none"})
        self._card = ipywidgets.HTML(self._markup(), layout={"width": "100%", "margin": "0"})
        # Fresh for every run, and always called Cancel, whatever the language: tests and habits look for it.
        self._cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.say("status.cancel_tip"))
        self._cancel.add_class("qw-cancel")
        if self._job.snapshot.elapsed < job_card.PROGRESS_DELAY:
            # There, and heard, but not seen before it is worth it.
            self._cancel.add_class("qw-soon")
        self._cancel.on_click(self._clicked)
        self._box = ipywidgets.Box([style, self._card, self._cancel])
        self._box.add_class("qw-live")
        self._handle = display(self._box, display_id=True)
        return self._begun()

    def _clicked(self, _: Any) -> None:
        self._job.cancel(wait=False)
        with self._drawing:
            if not self._finished.is_set():
                self._cancel.disabled = True
                self._hint = i18n.say("status.cancelling")
                self._draw()

    def _markup(self) -> str:
        return f'<div class="qw">{self._card_markup()}</div>'

    def _draw(self) -> None:
        if self._job.snapshot.elapsed >= job_card.PROGRESS_DELAY and not self._hint:
            if self._is_deaf():
                # Also where the view was opened late, and the button shown at once.
                self._cancel.add_class("qw-soon")
                self._cancel.disabled = True
                self._hint = i18n.say("notebook.press_stop")
            else:
                self._cancel.remove_class("qw-soon")
        self._card.value = self._markup()

    def _dispose(self) -> None:
        close_all(self._box)


def view_for(
    job: Job, shell: Any, display: str, *, hears_clicks: bool, stays: bool = False, embed: str | None = None
) -> Any:
    """The view that suits where we are.

    Args:
        job: a job that was started.
        shell: the running IPython.
        display: ``auto``, ``widget``, ``html`` or ``text``.
        hears_clicks: whether a click would reach Python while we wait.
        stays: whether it goes on after its cell has ended.
        embed: how a view that stays keeps the pictures; None for what their settings say.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return TerminalView(job, silent=stays)
    headless = not getattr(kernel, "_allow_stdin", True)
    if display in {"html", "text"} or not hears_clicks or headless:
        hint = i18n.say("status.no_button", task=job_card.short_id(job)) if stays else i18n.say("notebook.press_stop")
        return StatusView(job, "" if headless else hint, stays=stays, embed=embed, plain=display == "text")
    # Between cells every click is heard.
    return WidgetView(job, is_deaf=lambda: not stays and is_deaf(kernel), stays=stays, embed=embed)


def close_all(widget: Any) -> None:
    """Close a widget with everything below it: ``close()`` alone leaves children, layouts and styles open."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in ("layout", "style"):
        inner = getattr(widget, part, None)
        if inner is not None and hasattr(inner, "close"):
            inner.close()
    widget.close()
