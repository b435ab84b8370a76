"""The live view of many jobs: one card with progress, time to go and spend, and a sheet that fills.

Drawn at most once a second, the sheet at most every two and only when there is something new, so that a hundred jobs
send no more than one does.
"""

from __future__ import annotations

import html
import sys
import threading
from typing import TYPE_CHECKING, Any

from qwave_jupyter import frontend, i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.images.gallery import Gallery

__all__ = ["BatchView"]

_TICK = 1.0
_SHEET_EVERY = 2.0
_SHEET_PX = 560
_SPEEDY = 3


class BatchView:
    """Shows a batch or a sweep until it ends.

    Args:
        batch: its jobs.
        title: what is made.
        total: how many requests; None where nobody knows beforehand.
        estimate_usd: USD for all of it, or None.
        hint: how to stop it, where there is no button.
        clickable: whether a click would be heard.
        in_terminal: whether it is a terminal, where only a line is written.
        sheet: gives what has come so far as a gallery that can be drawn, or None for no sheet.
        demo: whether the built-in demo serves.
    """

    def __init__(
        self,
        batch: Batch,
        title: str,
        *,
        total: int | None,
        estimate_usd: float | None = None,
        hint: str = "",
        clickable: bool = False,
        in_terminal: bool = False,
        sheet: Any = None,
        demo: bool = False,
    ) -> None:
        self._batch = batch
        self._title = title
        self._total = total
        self._estimate = estimate_usd
        self._hint = hint
        self._clickable = clickable
        self._in_terminal = in_terminal
        self._sheet = sheet
        self._demo = demo
        self._began = SYSTEM_CLOCK.monotonic()
        self._finished = threading.Event()
        self._drawing = threading.Lock()
        self._box: Any = None
        self._handle: Any = None
        self._picture: Any = None
        self._sheet_drawn = (0, 0.0)
        self.detached = False

    def open(self) -> BatchView:
        """Show it and begin to draw."""
        if not self._in_terminal:
            from IPython.display import display

            if self._clickable:
                self._handle = display(self._widget(), display_id=True)
            else:
                self._handle = display(self._bundle(), raw=True, display_id=True)
        threading.Thread(target=self._keep_drawing, name="qwave-batch-view", daemon=True).start()
        return self

    def detach(self) -> None:
        """Let it go on by itself after the cell has ended."""
        self.detached = True

    def close(self, *, with_sheet: bool = False) -> None:
        """Put the static card in its place; the sheet goes, because it is the cell's result.

        Args:
            with_sheet: leave the pictures instead of the card, where nothing else shows them.
        """
        if self._finished.is_set():
            return
        self._finished.set()
        with self._drawing:
            if self._in_terminal:
                end = "\r\x1b[2K" if sys.stderr.isatty() else ""
                sys.stderr.write(f"{end}{self._text()}\n")
                sys.stderr.flush()
                return
            pictures = self._sheet() if with_sheet and self._sheet is not None else None
            shown, metadata = pictures.mimebundle() if pictures else (self._bundle(), {})
            self._handle.update(shown, metadata=metadata, raw=True)
            if self._box is not None:
                close_all(self._box)

    def _widget(self) -> Any:
        import ipywidgets

        self._card = ipywidgets.HTML(self._markup())
        cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.say("status.cancel_queued_tip"))
        cancel.add_class("qw-cancel")
        cancel.on_click(self._clicked)
        head = ipywidgets.Box([self._card, cancel])
        head.add_class("qw-live")
        self._picture = ipywidgets.HTML("")
        self._box = ipywidgets.VBox([head, self._picture])
        self._card.layout.width = "100%"
        self._card.layout.margin = "0"
        return self._box

    def _clicked(self, button: Any) -> None:
        button.disabled = True
        threading.Thread(target=self._batch.stop, name="qwave-batch-stop", daemon=True).start()

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
                sys.stderr.write(f"\r\x1b[2K{self._text()[:118]}")
                sys.stderr.flush()
            return
        if self._box is not None:
            self._card.value = self._markup()
        else:
            self._handle.update(self._bundle(), raw=True)
        ended, when = self._sheet_drawn
        now = SYSTEM_CLOCK.monotonic()
        count = len(self._batch.outcomes)
        if self._picture is not None and self._sheet is not None and count > ended and now - when >= _SHEET_EVERY:
            self._picture.value = self._drawn()
            self._sheet_drawn = (count, now)

    def _drawn(self) -> str:
        gallery: Gallery = self._sheet()
        data, _ = gallery.mimebundle(preview_px=_SHEET_PX, embed="preview")
        content = data.get("image/jpeg") or data.get("image/png") or ""
        mime = "image/jpeg" if "image/jpeg" in data else "image/png"
        return f'<img alt="{html.escape(gallery.alt)}" src="data:{mime};base64,{content}">' if content else ""

    def _bundle(self) -> dict[str, str]:
        return job_card.to_mimebundle(self._card_markup(), self._text())

    def _markup(self) -> str:
        return f'{job_card.STYLE}<div class="qw">{self._card_markup()}</div>'

    def _card_markup(self) -> str:
        outcomes = self._batch.outcomes
        failed = sum(one.error is not None for one in outcomes)
        share = len(outcomes) / self._total if self._total else 0.0
        return job_card.render_batch(
            title=self._title,
            line=" · ".join(self._parts()),
            right=self._money(),
            share=None if self._is_over() else share,
            demo=self._demo,
            bad=failed == len(outcomes) and self._is_over() and failed > 0,
        )

    def _text(self) -> str:
        return " · ".join(part for part in (f"qwave: {self._title}", *self._parts(), self._money()) if part)

    def _is_over(self) -> bool:
        return self._finished.is_set() or self._batch.done()

    def _parts(self) -> list[str]:
        outcomes = self._batch.outcomes
        done, failed = len(outcomes), sum(one.error is not None for one in outcomes)
        elapsed = SYSTEM_CLOCK.monotonic() - self._began
        parts = [
            i18n.say("notebook.of_total", done=done, total=self._total)
            if self._total is not None
            else i18n.say("notebook.of_some", done=done)
        ]
        if failed:
            parts.append(i18n.say("notebook.failed_count", count=failed))
        parts.append(f"{elapsed:.0f} s")
        if self._is_over() and self._sheet is None and done > failed:
            parts.append(i18n.say("notebook.batch_gallery"))
        if not self._is_over():
            if self._total and done >= _SPEEDY:
                left = elapsed / done * (self._total - done)
                parts.append(i18n.say("notebook.to_go", seconds=f"{left:.0f}"))
            if self._hint:
                parts.append(self._hint)
        return parts

    def _money(self) -> str:
        spent, known = 0.0, False
        for one in self._batch.outcomes:
            if one.cost_usd is not None:
                spent, known = spent + one.cost_usd, True
        paid = i18n.dollars(spent) if known else ""
        if self._estimate is None or self._is_over():
            return paid
        return i18n.say("notebook.spent_of", spent=paid or i18n.dollars(0), total=i18n.dollars(self._estimate))
