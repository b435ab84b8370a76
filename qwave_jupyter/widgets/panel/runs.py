"""The runs of a panel: each with its card and Cancel while it goes, then its images and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ipywidgets
import traitlets

from qwave_jupyter import frontend, i18n, threads
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.magics.status_view import StatusView, close_all
from qwave_jupyter.session import default
from qwave_jupyter.views.templating import render_template, wrap_cards
from qwave_jupyter.widgets.canvas.base import Control, read_assets
from qwave_jupyter.widgets.panel.results import Results, describe_images
from qwave_jupyter.widgets.panel.state import PanelState
from qwave_jupyter.widgets.panel.texts import panel_texts

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job

__all__ = ["CopyText", "PanelRun"]

#: What can be done with an image, in the order of the buttons.
_IMAGE_ACTIONS = ("edit", "use", "vary", "same_seed", "compare", "star", "copy_cell", "save")
#: What our own control of the results has beside each image, so that there only plain panels need a button.
_PLAIN_ACTIONS = frozenset({"compare", "star"})


class CopyText(Control):
    """A selectable text with a button that copies it; a callback can't put text into a new cell reliably."""

    _esm = read_assets(__file__, "elements.js", "copy_text.js")
    _text_keys = ("copy_label", "copy", "copied", "press_copy")

    text = traitlets.Unicode().tag(sync=True)


class PanelRun(StatusView):
    """One job in a panel."""

    def __init__(
        self,
        job: Job,
        state: PanelState,
        on_action: Callable[[str, PanelRun, GeneratedImage | None], None],
        *,
        plain: bool = False,
    ) -> None:
        super().__init__(job)
        # Every widget is made here: the thread that follows the job touches nothing but their traits.
        self.job = job
        self.state = state
        self._on_action = on_action
        self.card = ipywidgets.HTML(self._render())
        self.card.layout.width = "100%"
        # Always called Cancel, as everywhere: tests and habits look for it.
        self._cancel = ipywidgets.Button(description="Cancel", tooltip=i18n.text("status.cancel_tip"))
        self._cancel.add_class("qw-cancel")
        self._cancel.on_click(self._cancel_job)
        self._top = ipywidgets.Box([self.card, self._cancel])
        self._top.add_class("qw-live")
        self.starred: set[int] = set()
        self.results = None if plain else Results(self._change_result)
        self.images = ipywidgets.HTML() if self.results is None else self.results
        self._which = ipywidgets.ToggleButtons(options=[("1", 0)], tooltip=i18n.text("panel.which"))
        self._which.add_class("qwp-which")
        self.buttons = {action: self._build_button(action) for action in (*_IMAGE_ACTIONS, "dismiss", "save_here")}
        shown = [button for action, button in self.buttons.items() if action != "save_here"]
        self._actions = ipywidgets.Box([self._which, *shown])
        self._actions.add_class("qwp-acts")
        self._folder = ipywidgets.Text(value="best", description=i18n.text("panel.folder"), continuous_update=False)
        self._saving = ipywidgets.Box([self._folder, self.buttons["save_here"]])
        self._saving.add_class("qwp-acts")
        self.note = ipywidgets.HTML()
        self.copy: CopyText | None = None
        for hidden in (self._which, self._actions, self._saving, self.images, self.note):
            hidden.layout.display = "none"
        self.box = ipywidgets.VBox([self._top, self.images, self._actions, self._saving, self.note])
        self.box.add_class("qwp-run")

    @property
    def gallery(self) -> Gallery:
        """The images that are there so far."""
        return self.job.gallery or Gallery()

    @property
    def folder(self) -> str:
        """The folder that was typed for saving."""
        return str(self._folder.value).strip() or "best"

    def open(self) -> PanelRun:
        """Begin to draw."""
        threads.spawn(self._keep_drawing, name="panel")
        return self

    def close(self) -> None:
        """Show how it ended; once, whoever comes first."""
        if self._finished.is_set():
            return
        self._finished.set()
        self.card.value = self._render()
        self._cancel.layout.display = "none"
        self._top.add_class("qwp-ended")
        gallery = self.gallery
        if len(gallery):
            # First, so that images are never there and hidden: what is hidden takes no focus.
            self.images.layout.display = ""
            if self.results is None:
                self.images.value = render_template(
                    "panel_results.html", single=len(gallery) == 1, figures=describe_images(gallery)
                )
            else:
                self.results.show(gallery)
        if len(gallery) > 1:
            self._which.options = [(str(index + 1), index) for index in range(len(gallery))]
            self._which.layout.display = ""
        for action in _IMAGE_ACTIONS:
            self.buttons[action].layout.display = "" if self._offers(action) else "none"
        self._on_action("ended", self, None)
        self._actions.layout.display = ""

    def toggle_saving(self) -> None:
        """Ask for the folder, or stop asking."""
        self._saving.layout.display = "none" if self._saving.layout.display == "" else ""

    def show_message(self, text: str) -> None:
        """Show a line below the buttons, or none."""
        self.note.value = render_template("panel_message.html", style_class="qwp-why", text=text)
        self.note.layout.display = "" if text else "none"

    def toggle_text(self, text: str) -> None:
        """Show a text to copy below the buttons, or put it away."""
        if self.copy is None:
            self.copy = CopyText(text=text)
            self.box.children = (*self.box.children, self.copy)
        else:
            self.copy.layout.display = "" if self.copy.layout.display == "none" else "none"

    def dismiss(self) -> None:
        """Close every widget of this run; the job and its files stay."""
        self._finished.set()
        close_all(self.box)

    def pick(self, images: Sequence[GeneratedImage]) -> None:
        """Show which of the images are being compared."""
        if self.results is not None:
            self.results.picked = [index for index, image in enumerate(self.gallery) if image in images]

    def show_star(self, index: int, *, on: bool) -> None:
        """Show an image with its star or without."""
        (self.starred.add if on else self.starred.discard)(index)
        if self.results is not None:
            self.results.set_star(index, on=on)
        else:
            self.show_message(i18n.text("panel.star_set" if on else "panel.star_gone", image=self.gallery[index].path))

    def _offers(self, action: str) -> bool:
        if action in _PLAIN_ACTIONS and self.results is not None:
            return False
        if action == "save" and frontend.has_visitor(default().frontend):
            # It copies to folders of the server; an enlarged image can be downloaded.
            return False
        if action == "same_seed":
            return "seed" in self.state.values
        return bool(len(self.gallery)) or action in {"vary", "copy_cell"}

    def _change_result(self, action: str, index: int) -> None:
        self._on_action(action, self, self.gallery[index])

    def _build_button(self, action: str) -> ipywidgets.Button:
        button = ipywidgets.Button(description=i18n.text(f"panel.{action}"), tooltip=i18n.text(f"panel.{action}_tip"))
        button.on_click(lambda _: self._on_action(action, self, self._find_selected_image()))
        return button

    def _find_selected_image(self) -> GeneratedImage | None:
        index = self._which.value or 0
        return self.gallery[index] if index < len(self.gallery) else None

    def _cancel_job(self, _: object) -> None:
        self._cancel.disabled = True
        self.job.cancel(wait=False)

    def _draw(self) -> None:
        self.card.value = self._render()

    def _render_card(self) -> str:
        with panel_texts():
            return super()._render_card()

    def _render(self) -> str:
        return wrap_cards(self._render_card())
