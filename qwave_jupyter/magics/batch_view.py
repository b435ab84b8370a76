"""The live view of many jobs: one card with progress, time to go and spend, and a sheet that fills."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from qwave_jupyter import frontend, i18n, threads
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import close_all, start_when_shown
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card
from qwave_jupyter.views.templating import wrap_cards

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
    from IPython.display import DisplayHandle
    from ipywidgets import HTML, Button, VBox

    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.batches.sweep import SweepGallery

__all__ = ["BatchView", "fail_cell", "follow", "present"]

#: Seconds between two drawings of the card and of the sheet: a hundred jobs send no more than one does.
_TICK, _SHEET_TICK = 1.0, 2.0
_SHEET_PX = 560
_MIN_FOR_FORECAST = 3


class BatchView:
    """Shows a batch or a sweep until it ends; one that is ``detached`` leaves the images instead of the card."""

    def __init__(
        self,
        batch: Batch,
        title: str,
        console: Console,
        *,
        total: int | None,
        estimate_usd: float | None = None,
        receives_clicks: bool = True,
        in_terminal: bool = False,
        sheet: Callable[[], SweepGallery] | None = None,
        detached: bool = False,
    ) -> None:
        self._batch = batch
        self._title = title
        self._total = total
        self._estimate = estimate_usd
        self._hint = "" if receives_clicks or console.is_headless else i18n.text("notebook.press_stop")
        self._has_button = (
            receives_clicks
            and not console.is_headless
            and not in_terminal
            and default().settings.display in {"auto", "widget"}
        )
        self._in_terminal = in_terminal
        self._sheet = sheet
        self._demo = default().serves_demo()
        self._began = SYSTEM_CLOCK.monotonic()
        self._finished = threading.Event()
        self._drawing = threading.Lock()
        self._handle: DisplayHandle | None = None
        self._card: HTML | None = None
        self._box: VBox | None = None
        self._image: HTML | None = None
        self._sheet_drawn = (0, 0.0)
        self.detached = detached

    def open(self) -> None:
        """Show it and begin to draw."""
        with start_when_shown(lambda: threads.spawn(self._keep_drawing, name="batch-view")):
            if not self._in_terminal:
                self._display()

    def _display(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        if self._has_button:
            self._handle.display(self._make_widget())
        else:
            self._handle.display(self._to_mimebundle(), raw=True)

    def close(self, *, with_sheet: bool = False) -> None:
        """Put the static card in its place, or with ``with_sheet`` the images; once, and a second call waits for it."""
        with self._drawing:
            # A second call waits here: once its cell has ended, nothing reaches a notebook that is executed headless.
            if self._finished.is_set():
                return
            self._finished.set()
            if self._in_terminal:
                end = "\r\x1b[2K" if sys.stderr.isatty() else ""
                sys.stderr.write(f"{end}{self._format_text()}\n")
                sys.stderr.flush()
                return
            images = self._sheet() if with_sheet and self._sheet is not None else None
            bundle, metadata = images.mimebundle() if images else (self._to_mimebundle(), {})
            if self._handle is not None:
                self._handle.update(bundle, metadata=metadata, raw=True)
            if self._box is not None:
                close_all(self._box)

    def _make_widget(self) -> VBox:
        import ipywidgets

        # Late: the widgets know the views.
        from qwave_jupyter.widgets.canvas.keyboard import KeyGuard

        self._card = ipywidgets.HTML(wrap_cards(self._render_card()), layout={"width": "100%", "margin": "0"})
        cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.text("status.cancel_queued_tip"))
        cancel.add_class("qw-cancel")
        cancel.on_click(self._stop_batch)
        head = ipywidgets.Box([self._card, cancel, KeyGuard.acquire()])
        head.add_class("qw-live")
        self._image = ipywidgets.HTML("")
        self._box = ipywidgets.VBox([head, self._image])
        return self._box

    def _stop_batch(self, button: Button) -> None:
        button.disabled = True
        threads.spawn(self._batch.stop, name="batch-stop")

    def _keep_drawing(self) -> None:
        while not self._finished.wait(_TICK) and not self._batch.done():
            with self._drawing:
                if not self._finished.is_set():
                    self._draw()
        if self.detached:
            with frontend.contain_view_errors():
                self.close(with_sheet=True)

    def _draw(self) -> None:
        if self._in_terminal:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[2K{self._format_text()[:118]}")
                sys.stderr.flush()
            return
        if self._card is not None:
            self._card.value = wrap_cards(self._render_card())
        elif self._handle is not None:
            self._handle.update(self._to_mimebundle(), raw=True)
        ended, when = self._sheet_drawn
        now = SYSTEM_CLOCK.monotonic()
        count = len(self._batch.outcomes)
        if self._image is not None and self._sheet is not None and count > ended and now - when >= _SHEET_TICK:
            data, _ = self._sheet().mimebundle(preview_px=_SHEET_PX, embed="html")
            self._image.value = data["text/html"]
            self._sheet_drawn = (count, now)

    def _to_mimebundle(self) -> dict[str, str]:
        return job_card.to_mimebundle(self._render_card(), self._format_text())

    def _render_card(self) -> str:
        outcomes = self._batch.outcomes
        failed = sum(one.error is not None for one in outcomes)
        share = len(outcomes) / self._total if self._total else 0.0
        return job_card.render_batch(
            title=self._title,
            line=" · ".join(self._format_progress()),
            right=self._format_spending(),
            share=None if self._is_over() else share,
            demo=self._demo,
            bad=failed == len(outcomes) and self._is_over() and failed > 0,
            prompt=self._sheet().alt if self._sheet is not None and self._is_over() else "",
        )

    def _format_text(self) -> str:
        return " · ".join(
            part for part in (f"qwave: {self._title}", *self._format_progress(), self._format_spending()) if part
        )

    def _is_over(self) -> bool:
        return self._finished.is_set() or self._batch.done()

    def _format_progress(self) -> list[str]:
        now = self._batch.tally()
        done = now.done + now.failed + (0 if self._is_over() else now.stopped_rows)
        elapsed = SYSTEM_CLOCK.monotonic() - self._began
        parts = [
            i18n.text("notebook.of_total", done=done, total=self._total)
            if self._total is not None
            else i18n.text("notebook.of_some", done=done)
        ]
        if now.failed:
            parts.append(i18n.text("notebook.failed_count", count=now.failed))
        if now.stopped_rows and self._is_over():
            parts.append(i18n.text("notebook.stopped_count", count=now.stopped_rows))
        parts.append(f"{elapsed:.0f} s")
        if self._is_over() and self._sheet is None and now.done:
            parts.append(i18n.text("notebook.batch_gallery"))
        if not self._is_over():
            if self._total and done >= _MIN_FOR_FORECAST:
                left = elapsed / done * (self._total - done)
                parts.append(i18n.text("notebook.to_go", seconds=f"{left:.0f}"))
            if self._hint:
                parts.append(self._hint)
        return parts

    def _format_spending(self) -> str:
        costs = [one.cost_usd for one in self._batch.outcomes if one.cost_usd is not None]
        paid = i18n.dollars(sum(costs)) if costs else ""
        if self._estimate is None or self._is_over():
            return paid
        return i18n.text("notebook.spent_of", spent=paid or i18n.dollars(0), total=i18n.dollars(self._estimate))


def present(batch: Batch, console: Console) -> None:
    """Show a batch and return at once; without a person wait until it has ended, so that the saved file is whole."""
    if console.kernel is None:
        # It goes on by itself, and a line below would run over the prompt.
        return
    view = None
    with frontend.contain_view_errors():
        view = follow(batch, console)
    if console.updates_later:
        return
    try:
        # Its outcomes are the caller's: only whether it is over is asked here.
        batch.wait()
    except KeyboardInterrupt:
        # Before the view is closed, so that it shows how the batch ended.
        batch.stop()
        raise
    finally:
        if view is not None:
            with frontend.contain_view_errors():
                view.close()


def follow(batch: Batch, console: Console) -> BatchView:
    """Show a batch for as long as it goes on, with a Cancel of its own, in a kernel."""
    title = i18n.text("notebook.batch_title", model=batch.model)
    view = BatchView(batch, title, console, total=batch.total, detached=True)
    view.open()
    return view


def fail_cell(error: BaseException, shell: InteractiveShell) -> None:
    """End the running cell with an error after its last statement: its names are bound, and queued cells stop."""

    def fail(result: ExecutionResult | None) -> None:
        shell.events.unregister("post_run_cell", fail)
        if result is not None and result.success:
            shell.showtraceback((type(error), error, None))
            result.error_in_exec = error

    shell.events.register("post_run_cell", fail)
