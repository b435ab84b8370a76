"""The images of a run: enlarged on a click, starred, picked for comparing, dragged elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.preview import PreviewOptions, preview_file, render_preview, shrink
from qwave_jupyter.logs import log_problem
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import Control, read_assets

__all__ = ["MAX_COMPARED", "Comparison", "FullImage", "Results", "describe_images", "read_full"]

#: An image goes to the browser in one message of at most so many bytes; more would stall the kernel's other messages.
MAX_FULL_BYTES = 8_000_000
#: The long side of what is shown of a larger file.
_MAX_FULL_PX = 4096
#: More images than these are too small beside each other.
MAX_COMPARED = 6
_SINGLE_PX, _SEVERAL_PX, _COMPARED_PX = 640, 360, 768
#: What every browser draws.
_BROWSER_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


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
