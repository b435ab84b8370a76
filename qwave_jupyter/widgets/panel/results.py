"""The runs of a panel: each with its card and Cancel while it goes, then its images and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets
import traitlets

from qwave_jupyter import frontend, i18n, threads
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.preview import PreviewOptions, preview_file, render_preview, shrink
from qwave_jupyter.magics.status_view import StatusView, close_all
from qwave_jupyter.session import default
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.types import JSONObject
from qwave_jupyter.views.templating import render_template, wrap_cards
from qwave_jupyter.widgets.canvas.base import Control, read_assets
from qwave_jupyter.widgets.panel.state import PanelState, panel_texts

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job

__all__ = ["MAX_COMPARED", "Comparison", "CopyText", "FullImage", "PanelRun", "Results", "describe_images", "read_full"]

#: An image goes to the browser in one message of at most so many bytes; more would stall the kernel's other messages.
MAX_FULL_BYTES = 8_000_000
#: The long side of what is shown of a larger file.
_MAX_FULL_PX = 4096
#: More images than these are too small beside each other.
MAX_COMPARED = 6
_SINGLE_PX, _SEVERAL_PX, _COMPARED_PX = 640, 360, 768
#: What every browser draws.
_BROWSER_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
#: What can be done with an image, in the order of the buttons.
_IMAGE_ACTIONS = ("edit", "use", "vary", "same_seed", "compare", "star", "copy_cell", "save")
#: What our own control of the results has beside each image, so that there only plain panels need a button.
_PLAIN_ACTIONS = frozenset({"compare", "star"})


@dataclass(frozen=True)
class FullImage:
    """A file as the browser gets it; ``note`` says where that isn't the file itself."""

    content: bytes
    mime: str
    note: str = ""


class Results(Control):
    """The images of a run, with a lightbox."""

    _esm = read_assets(__file__, "elements.js", "lightbox.js", "results.js")
    _css = read_assets(__file__, "results.css")
    _text_keys = (
        "actual_size",
        "close",
        "compare",
        "copied_image",
        "copy_failed",
        "copy_image",
        "download",
        "enlarge",
        "fit",
        "next_image",
        "previous_image",
        "star",
    )

    items: traitlets.List[JSONObject] = traitlets.List().tag(sync=True)
    #: Places of images; apart from the items, whose previews needn't be sent again for a star.
    starred: traitlets.List[int] = traitlets.List().tag(sync=True)
    picked: traitlets.List[int] = traitlets.List().tag(sync=True)

    def __init__(self, on_change: Callable[[str, int], None]) -> None:
        super().__init__()
        self._on_change = on_change
        self._gallery = Gallery()
        self.on_msg(self._receive)

    def show(self, gallery: Gallery) -> None:
        """Show images, newly made and without a star."""
        self._gallery = gallery
        self.items = describe_images(gallery)

    def set_star(self, index: int, *, on: bool) -> None:
        """Show an image with its star or without."""
        others = [place for place in self.starred if place != index]
        self.starred = [*others, index] if on else others

    def _receive(self, _: object, content: JSONObject, __: object) -> None:
        for kind in ("open", "star", "compare"):
            index = content.get(kind)
            if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(self._gallery):
                continue
            if kind == "open":
                full = read_full(self._gallery[index])
                self.send({"full": index, "mime": full.mime, "note": full.note}, buffers=[full.content])
            else:
                self._on_change(kind, index)


class Comparison(Control):
    """Images side by side, or two of them over each other with a slider; empty until two images are given."""

    _esm = read_assets(__file__, "elements.js", "comparison.js")
    _text_keys = ("compare_slider", "close", "side_by_side", "slider")

    images: traitlets.List[JSONObject] = traitlets.List().tag(sync=True)

    def compare(self, images: list[GeneratedImage]) -> None:
        """Show two or more images, the first at the left; fewer show nothing."""
        shown: list[JSONObject] = []
        for image in images:
            preview = preview_file(image.path, PreviewOptions(_COMPARED_PX, image.showing.cache))
            if preview is not None:
                seed = image.parameters.get("seed")
                parts = (image.model, "" if seed is None else f"seed {seed}", image.path.name)
                caption = " · ".join(filter(None, parts))
                shown.append({"src": preview.data_uri(), "alt": image.alt, "caption": caption})
        self.images = shown if len(shown) > 1 else []


def describe_images(gallery: Gallery) -> list[JSONObject]:
    """Describe images for the panel, each with a preview that needs neither file nor network."""
    single = len(gallery) == 1
    showing = PreviewOptions(_SINGLE_PX if single else _SEVERAL_PX, gallery.showing.cache)
    described: list[JSONObject] = []
    for number, image in enumerate(gallery, 1):
        preview = preview_file(image.path, showing)
        size = f"{image.width}×{image.height}" if image.width else ""
        caption = size if single else " · ".join(filter(None, (str(number), size)))
        if preview is None:
            caption = i18n.text("panel.file_gone", path=image.path)
        described.append(
            {
                "alt": image.alt,
                "caption": caption,
                "src": "" if preview is None else preview.data_uri(),
                "width": 0 if preview is None else preview.width,
                "height": 0 if preview is None else preview.height,
                "name": image.path.name,
                "path": str(image.path),
            }
        )
    return described


def read_full(image: GeneratedImage) -> FullImage:
    """Read an image's file for the browser: as it is where that fits into a message, else smaller, and said so."""
    path = image.path
    try:
        size, known = path.stat().st_size, image_io.probe(path).format
        if size <= MAX_FULL_BYTES and known in _BROWSER_MIMES:
            return FullImage(path.read_bytes(), _BROWSER_MIMES[known])
        preview = render_preview(shrink(image_io.load(path), _MAX_FULL_PX), max_bytes=MAX_FULL_BYTES)
    except Exception as problem:  # noqa: BLE001 - a decoder may fail at anything, memory included
        log_problem("enlarged image", problem)
        return FullImage(b"", "", i18n.text("panel.file_gone", path=path))
    return FullImage(preview.content, preview.mime, _format_note(path, size))


def _format_note(path: Path, size: int) -> str:
    return i18n.text("panel.shown_smaller", path=path, size=f"{size / 1_000_000:.1f}")


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
