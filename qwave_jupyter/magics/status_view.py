"""The live view of one job: a widget with Cancel where clicks arrive, plain HTML elsewhere, a line in a terminal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from qwave_jupyter import frontend, i18n, threads
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.magics.kernel_wait import blocks_clicks
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.terminal_view import TerminalView
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card
from qwave_jupyter.views.templating import wrap_cards

if TYPE_CHECKING:
    from IPython.display import DisplayHandle
    from ipywidgets import Button, Widget

    from qwave_jupyter.jobs.job import Job

__all__ = ["JobView", "StatusView", "close_all", "make_view", "open_view", "start_when_shown"]


class JobView(Protocol):
    """Shows a job in a notebook or in a terminal."""

    #: Whether it goes on by itself after its cell has ended.
    detached: bool

    def open(self) -> object:
        """Show it and begin to draw."""

    def close(self) -> None:
        """Show how it ended."""


@contextlib.contextmanager
def open_view(view: JobView, on_interrupt: Callable[[KeyboardInterrupt], BaseException]) -> Iterator[JobView]:
    """Show a view while its job is waited for; an interrupt raises what ``on_interrupt`` returns."""
    try:
        with frontend.contain_view_errors():
            view.open()
        yield view
    except KeyboardInterrupt as interrupt:
        # It may strike anywhere between the submit and the wait.
        raise on_interrupt(interrupt) from None
    finally:
        if not view.detached:
            with frontend.contain_view_errors():
                view.close()


@contextlib.contextmanager
def start_when_shown(start: Callable[[], object]) -> Iterator[None]:
    """Start to draw once a card is shown; an interrupt may strike when it is, and it still has to say how it ends."""
    try:
        yield
    except KeyboardInterrupt:
        start()
        raise
    start()


class StatusView:
    """Shows one job until it ends; one that is ``detached`` goes on after its cell has ended."""

    _tick = 1.0

    def __init__(
        self,
        job: Job,
        hint: str = "",
        *,
        detached: bool = False,
        with_images: bool = True,
        embed: str | None = None,
        plain: bool = False,
        is_blocked: Callable[[], bool] = lambda: False,
    ) -> None:
        self._job = job
        self._hint = hint
        self._is_blocked = is_blocked
        self._embed = embed
        self._plain = plain
        self._with_images = detached and with_images
        self._handle: DisplayHandle | None = None
        self._image_handle: DisplayHandle | None = None
        #: Whether its output couldn't be made.
        self._is_missing = False
        self._drawn = ""
        self._drawing = threading.RLock()
        self._finished = threading.Event()
        self.detached = detached

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        self._display(self._to_mimebundle(), raw=True)
        return self

    def close(self) -> None:
        """Put the static card in its place; once, whoever comes first, and the other waits for it."""
        with self._drawing:
            if self._finished.is_set() or self._handle is None:
                return
            # In the place of a widget as well: a saved notebook holds no dead one.
            self._handle.update(self._to_mimebundle(), raw=True)
            error = self._job.snapshot.error
            if error is not None and not self.detached and not self._is_missing:
                error.shown_above = frontend.current().is_interactive()
            self._show_images()
            self._dispose()
            # Only now: who finds it set may end the cell, and nothing can be displayed after that.
            self._finished.set()

    def _display(self, content: object, *, raw: bool = False) -> None:
        from IPython.display import DisplayHandle

        # Known before it is shown, so that an interrupt leaves no card that nobody can change any more.
        self._handle = DisplayHandle()
        with start_when_shown(self._start_drawing):
            try:
                self._handle.display(content, raw=raw)
            except Exception:
                # Updates of an output that isn't there are lost without a word.
                self._is_missing = True
                raise

    def _start_drawing(self) -> None:
        if self._with_images:
            from IPython.display import display

            # A thread can't make an output, only fill one.
            self._image_handle = display({"text/html": "", "text/plain": ""}, raw=True, display_id=True)
        threads.spawn(self._keep_drawing, name="view")

    def _show_images(self) -> None:
        gallery = self._job.snapshot.gallery
        if self._image_handle is not None and gallery:
            data, metadata = gallery.mimebundle(embed=self._embed)
            self._image_handle.update(data, raw=True, metadata=metadata)

    def _to_mimebundle(self) -> dict[str, str]:
        clock = SYSTEM_CLOCK.monotonic()
        text = job_card.format_text(self._job.snapshot, clock)
        return {"text/plain": text} if self._plain else job_card.to_mimebundle(self._render_card(), text)

    def _render_card(self) -> str:
        now = self._job.snapshot
        return (
            job_card.render_ended(now)
            if now.is_over
            else job_card.render_running(now, SYSTEM_CLOCK.monotonic(), hint=self._hint)
        )

    def _draw(self) -> None:
        if self._handle is not None:
            self._handle.update(self._to_mimebundle(), raw=True)

    def _dispose(self) -> None:
        """Nothing to close in plain HTML."""

    def _keep_drawing(self) -> None:
        over = threading.Event()
        self._job.add_done_callback(lambda _: over.set())
        with frontend.contain_view_errors():
            while not over.wait(self._tick) and not self._finished.is_set():
                self._redraw()
        # A view that can't be drawn any more may still show the end.
        while not over.wait(self._tick) and not self._finished.is_set():
            pass
        with frontend.contain_view_errors():
            self.close()

    def _redraw(self) -> None:
        with self._drawing:
            markup = self._render_card()
            if markup != self._drawn and not self._finished.is_set() and not self._job.done():
                self._drawn = markup
                self._draw()


class WidgetView(StatusView):
    """The view with a Cancel button, which is not offered while ``is_blocked()``, for no click would arrive."""

    _tick = 0.5

    def open(self) -> StatusView:
        """Show it and begin to draw."""
        import ipywidgets

        # Late: the widgets know this module.
        from qwave_jupyter.widgets.canvas.keyboard import KeyGuard

        # Apart, so that it crosses the wire once and not with every second that passes.
        style = ipywidgets.HTML(job_card.STYLE, layout={"display": "none"})
        self._card = ipywidgets.HTML(self._render(), layout={"width": "100%", "margin": "0"})
        # Fresh for every run, and always called Cancel, whatever the language: tests and habits look for it.
        self._cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.text("status.cancel_tip"))
        self._cancel.add_class("qw-cancel")
        if self._job.snapshot.elapsed < job_card.PROGRESS_DELAY:
            # It can be clicked at once and is seen when a person would use it.
            self._cancel.add_class("qw-soon")
        self._cancel.on_click(self._cancel_job)
        self._box = ipywidgets.Box([style, self._card, self._cancel, KeyGuard.acquire()])
        self._box.add_class("qw-live")
        self._display(self._box)
        return self

    def _cancel_job(self, _: Button) -> None:
        self._job.cancel(wait=False)
        with self._drawing:
            if not self._finished.is_set():
                self._cancel.disabled = True
                self._hint = i18n.text("status.cancelling")
                self._draw()

    def _render(self) -> str:
        return wrap_cards(self._render_card(), with_style=False)

    def _draw(self) -> None:
        if self._job.snapshot.elapsed >= job_card.PROGRESS_DELAY and not self._hint:
            if self._is_blocked():
                # Also where the view was opened late, and the button shown at once.
                self._cancel.add_class("qw-soon")
                self._cancel.disabled = True
                self._hint = i18n.text("notebook.press_stop")
            else:
                self._cancel.remove_class("qw-soon")
        self._card.value = self._render()

    def _dispose(self) -> None:
        close_all(self._box)


def make_view(
    job: Job,
    console: Console,
    *,
    receives_clicks: bool,
    detached: bool = False,
    with_images: bool = True,
    embed: str | None = None,
) -> JobView:
    """Return the view that suits the console; a widget is of use only if clicks reach Python while we wait."""
    now, kernel = default().settings, console.kernel
    if kernel is None:
        return TerminalView(job, detached=detached)
    has_button = now.display not in {"html", "text"} and receives_clicks and not console.is_headless
    hint = ""
    if not has_button and not console.is_headless:
        hint = (
            i18n.text("status.no_button", task=job_card.format_task_id(job))
            if detached
            else i18n.text("notebook.press_stop")
        )
    return (WidgetView if has_button else StatusView)(
        job,
        hint,
        detached=detached,
        with_images=with_images,
        embed=embed or now.embed,
        plain=now.display == "text",
        # Between cells every click arrives.
        is_blocked=lambda: not detached and blocks_clicks(kernel),
    )


def close_all(widget: Widget) -> None:
    """Close a widget with everything below it: ``close()`` alone leaves children, layouts and styles open."""
    release = getattr(widget, "release", None)
    if release is not None:
        # Others have it as well.
        release()
        return
    if widget.comm is None:
        # Closed already, and what it shares with others released.
        return
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in ("layout", "style"):
        inner = getattr(widget, part, None)
        if inner is not None and hasattr(inner, "close"):
            inner.close()
    widget.close()
