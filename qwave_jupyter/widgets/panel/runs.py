"""The runs of a panel: each with its card and Cancel while it goes, then its pictures and what can be done with them.

Every widget of a run is made when it starts; the thread that follows the job touches nothing but their traits.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.images.gallery import Gallery, GeneratedImage, Showing
from qwave_jupyter.images.preview import preview_file
from qwave_jupyter.magics.status_view import StatusView, close_all
from qwave_jupyter.views import job_card
from qwave_jupyter.widgets.panel.copy_text import CopyText
from qwave_jupyter.widgets.panel.state import PanelState

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job

__all__ = ["ACTIONS", "PanelRun", "shown"]

#: What can be done with a picture, in the order of the buttons.
ACTIONS = ("edit", "use", "vary", "compare", "copy_cell", "save")
_ONE_PX, _MANY_PX = 640, 360

Asked = Callable[[str, "PanelRun", "GeneratedImage | None"], None]


class PanelRun(StatusView):
    """One job in a panel.

    Args:
        job: a job that was started.
        state: what stood in the panel.
        asked: called with an action (``ended`` once it has), this run and the picture in question.
    """

    def __init__(self, job: Job, state: PanelState, asked: Asked) -> None:
        super().__init__(job)
        self._whole = threading.Event()
        self.job = job
        self.state = state
        self._asked = asked
        self.card = ipywidgets.HTML(self._markup())
        # Always called Cancel, as everywhere: tests and habits look for it.
        self._cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.say("status.cancel_tip"))
        self._cancel.add_class("qw-cancel")
        self._cancel.on_click(self._stop)
        self._top = ipywidgets.Box([self.card, self._cancel])
        self._top.add_class("qw-live")
        self.card.layout.width = "100%"
        self.pictures = ipywidgets.HTML()
        self._which = ipywidgets.ToggleButtons(options=[("1", 0)], tooltip=i18n.say("panel.which"))
        self._which.add_class("qwp-which")
        self._which.layout.display = "none"
        self.buttons = {action: self._button(action) for action in (*ACTIONS, "dismiss", "save_here")}
        self._acts = ipywidgets.Box([self._which, *(self.buttons[one] for one in (*ACTIONS, "dismiss"))])
        self._acts.add_class("qwp-acts")
        self._folder = ipywidgets.Text(value="best", description=i18n.say("panel.folder"))
        self._saving = ipywidgets.Box([self._folder, self.buttons["save_here"]])
        self._saving.add_class("qwp-acts")
        self.note = ipywidgets.HTML()
        self.copy: CopyText | None = None
        for hidden in (self._acts, self._saving, self.pictures, self.note):
            hidden.layout.display = "none"
        self.box = ipywidgets.VBox([self._top, self.pictures, self._acts, self._saving, self.note])
        self.box.add_class("qwp-run")

    @property
    def gallery(self) -> Gallery:
        """The pictures that are there so far."""
        return self.job.gallery or Gallery()

    @property
    def folder(self) -> str:
        """The folder that was typed for saving."""
        return str(self._folder.value).strip() or "best"

    @property
    def picked(self) -> GeneratedImage | None:
        """The picture that the buttons mean."""
        place = self._which.value or 0
        return self.gallery[place] if place < len(self.gallery) else None

    def open(self) -> PanelRun:
        """Begin to draw."""
        threading.Thread(target=self._keep_drawing, name="qwave-panel", daemon=True).start()
        return self

    def close(self) -> None:
        """Show how it ended; once, whoever comes first."""
        if self._finished.is_set():
            return
        self._finished.set()
        self.card.value = self._markup()
        self._cancel.layout.display = "none"
        self._top.add_class("qwp-ended")
        gallery = self.gallery
        if len(gallery):
            self.pictures.value = shown(gallery)
            self.pictures.layout.display = ""
        if len(gallery) > 1:
            self._which.options = [(str(place + 1), place) for place in range(len(gallery))]
            self._which.layout.display = ""
        for action in ACTIONS:
            self.buttons[action].layout.display = "" if len(gallery) or action in {"vary", "copy_cell"} else "none"
        self._acts.layout.display = ""
        self._asked("ended", self, None)
        self._whole.set()

    def drawn(self, timeout: float) -> bool:
        """Wait until the end is shown.

        Args:
            timeout: seconds.
        """
        return self._whole.wait(timeout)

    def offer_saving(self) -> None:
        """Ask for the folder, or stop asking."""
        self._saving.layout.display = "none" if self._saving.layout.display == "" else ""

    def say(self, text: str) -> None:
        """A line below the buttons."""
        self.note.value = f'<div class="qwp-why" role="status">{html.escape(text)}</div>'
        self.note.layout.display = "" if text else "none"

    def show_text(self, text: str) -> None:
        """A text to copy, below the buttons; the same text again puts it away.

        Args:
            text: the text.
        """
        if self.copy is None:
            self.copy = CopyText()
            self.copy.text = text
            self.box.children = (*self.box.children, self.copy)
        else:
            self.copy.layout.display = "" if self.copy.layout.display == "none" else "none"

    def dismiss(self) -> None:
        """Close every widget of this run; the job and its files stay."""
        self._finished.set()
        close_all(self.box)

    def _button(self, action: str) -> Any:
        button = ipywidgets.Button(description=i18n.say(f"panel.{action}"), tooltip=i18n.say(f"panel.{action}_tip"))
        button.on_click(lambda _: self._asked(action, self, self.picked))
        return button

    def _stop(self, _: Any) -> None:
        self._cancel.disabled = True
        self.job.cancel(wait=False)

    def _draw(self) -> None:
        self.card.value = self._markup()

    def _markup(self) -> str:
        now = self.job.snapshot
        card = job_card.render_ended(now) if now.is_over else job_card.render_running(now, SYSTEM_CLOCK.monotonic())
        return f'{job_card.STYLE}<div class="qw">{card}</div>'


def shown(gallery: Gallery) -> str:
    """Pictures as HTML that needs neither files nor network.

    Args:
        gallery: the pictures.
    """
    px = _ONE_PX if len(gallery) == 1 else _MANY_PX
    figures = "".join(_figure(image, place, gallery, px) for place, image in enumerate(gallery, 1))
    return f'<div class="qwp-pictures{" qwp-single" if len(gallery) == 1 else ""}">{figures}</div>'


def _figure(image: GeneratedImage, place: int, gallery: Gallery, px: int) -> str:
    preview = preview_file(image.path, Showing(px, gallery.showing.cache))
    size = f"{image.width}×{image.height}" if image.width else ""
    number = f"{place} · " if len(gallery) > 1 else ""
    said = html.escape(" · ".join(part for part in (f"{number}{size}", image.model if place == 1 else "") if part))
    if preview is None:
        gone = html.escape(i18n.say("panel.file_gone", path=image.path))
        return f"<figure><figcaption>{gone}</figcaption></figure>"
    return (
        f'<figure><img alt="{html.escape(image.alt)}" width="{preview.width}" height="{preview.height}" '
        f'src="data:{preview.mime};base64,{preview.base64()}"><figcaption>{said}</figcaption></figure>'
    )
