"""Reference images and mask of a panel: selected by address, path, variable, upload or earlier result, and shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import traitlets

from qwave_jupyter import frontend, i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import QwaveError, ReferenceMistake
from qwave_jupyter.folders import expand
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs import references
from qwave_jupyter.session import default
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.types import JSONObject, Namespace
from qwave_jupyter.widgets.canvas.base import read_assets
from qwave_jupyter.widgets.canvas.received_images import (
    MAX_AT_ONCE,
    RECEIVE_SCRIPT,
    ImageReceiver,
    shorten_name,
    store_upload,
)
from qwave_jupyter.widgets.panel.state import PanelState, ReferenceCache, SelectedImage, list_with_room, with_images

__all__ = ["ImageInputs", "ImageStrip", "select_image", "select_result"]

_THUMBNAIL_SIDE = 160
_MAX_THUMBNAILS = 100
#: A link that dies sooner, in seconds, is written as a path.
_MIN_LINK_LIFE = 600.0
#: Whatever else is typed names a file or a variable of the server.
_VISITORS_MAY_TYPE = ("http://", "https://", "data:image/")
_MAX_URI = 1000


class ImageStrip(ImageReceiver):
    """An ordered strip of thumbnails with ways to add more."""

    _esm = RECEIVE_SCRIPT + read_assets(__file__, "elements.js", "image_strip.js")
    _text_keys = (
        "add",
        "add_label",
        "placeholder",
        "upload",
        "earlier",
        "earlier_place",
        "later_place",
        "remove",
        "upload_tip",
    )

    items: traitlets.List[JSONObject] = traitlets.List().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    earlier: traitlets.List[str] = traitlets.List().tag(sync=True)
    full = traitlets.Bool(False).tag(sync=True)
    single = traitlets.Bool(False).tag(sync=True)
    hidden = traitlets.Bool(False).tag(sync=True)

    def __init__(self, label: str, on_change: Callable[[str, object, object], None], *, single: bool = False) -> None:
        texts = {"label": label}
        if frontend.has_visitor(default().frontend):
            texts.update({key: i18n.text(f"panel.visitor_{key}") for key in ("placeholder", "add_label")})
        super().__init__(texts, single=single)
        self._on_change = on_change
        self.on_msg(self._receive)

    def take_image(self, kind: str, value: bytes | str, name: str) -> None:
        """Add an image."""
        self._on_change(kind, value, name)

    def _receive(self, _: object, content: JSONObject, buffers: Sequence[memoryview]) -> None:
        if self._receive_images(content, buffers):
            return
        self.notes = []
        for kind, expected in (("add", str), ("earlier", int), ("remove", int), ("move", int)):
            if isinstance(content.get(kind), expected):
                self._on_change(kind, content[kind], content.get("by"))


class ImageInputs:
    """The two strips of a panel."""

    def __init__(self, references: ImageStrip, mask: ImageStrip, cache: ReferenceCache, variables: Namespace) -> None:
        self._references = references
        self._mask = mask
        self._cache = cache
        self._variables = variables
        self._thumbnails: dict[str, tuple[SelectedImage, str]] = {}
        self._earlier: tuple[GeneratedImage, ...] = ()

    def apply(self, state: PanelState, parameter: str, kind: str, value: object, detail: object) -> PanelState:
        """Change the references (``images``), the ``mask`` or the first reference (``base``) of a state.

        Raises:
            ReferenceMistake: the image can't be used, or there is no room for one more.
        """
        if parameter == "base":
            image = self._select(kind, value, detail)
            return state if image is None else with_images(state, (image, *state.selected[1:]))
        images = list(state.selected if parameter == "images" else filter(None, [state.mask]))
        if kind == "remove" and isinstance(value, int) and 0 <= value < len(images):
            del images[value]
        elif kind == "move" and isinstance(value, int) and 0 <= value < len(images) and isinstance(detail, int):
            images.insert(max(0, value + detail), images.pop(value))
        elif (image := self._select(kind, value, detail, parameter)) is not None:
            if parameter == "mask" and images:
                raise ReferenceMistake("panel.mask_is_there")
            images = [*(images if parameter == "mask" else list_with_room(state)), image]
        if parameter == "mask":
            return replace(state, mask=images[-1] if images else None)
        return with_images(state, tuple(images))

    def _select(self, kind: str, value: object, detail: object, parameter: str = "images") -> SelectedImage | None:
        """Select the image that a strip or a brush was given; None where nothing was."""
        if kind == "add" and isinstance(value, str):
            return self._select_typed(value, parameter)
        if kind == "upload" and isinstance(value, bytes):
            return _store_upload(value, default().settings.home, detail if isinstance(detail, str) else "")
        if kind == "earlier" and isinstance(value, int) and 0 <= value < len(self._earlier):
            return select_result(self._earlier[value])
        return None

    def _select_typed(self, text: str, parameter: str) -> SelectedImage:
        if frontend.has_visitor(default().frontend) and not text.strip().startswith(_VISITORS_MAY_TYPE):
            # A result that is dragged comes as its path; any other names what is the server's.
            dragged = next((one for one in self._earlier if str(one.path) == text), None)
            if dragged is None:
                raise ReferenceMistake("panel.visitor_path")
            return select_result(dragged)
        return _select_text(text, self._variables, parameter)

    def offer(self, earlier: Sequence[GeneratedImage]) -> None:
        """Offer earlier results as references, newest first."""
        self._earlier = tuple(earlier)
        self._references.earlier = [f"{number}. {image.alt[:40]}" for number, image in enumerate(earlier, 1)]

    def draw(self, state: PanelState, *, painting: bool) -> None:
        """Show the images of a state; a mask that can be seen on the brush isn't shown twice."""
        maximum, sent = state.max_images, len(state.images)
        by_url_only = "" if state.model.references.takes_bytes else i18n.text("panel.by_url_only")
        up_to = "" if maximum is None else i18n.text("panel.up_to", count=maximum)
        # Of a strip that isn't shown nothing else is sent, and of one that is, one message.
        with self._references.hold_sync():
            self._references.hidden = "images" not in state.model.parameters
            if not self._references.hidden:
                self._references.items = [
                    self._describe(image, "images", state, sent=index < sent)
                    for index, image in enumerate(state.selected)
                ]
                self._references.hint = " · ".join(filter(None, (up_to, by_url_only)))
                free = MAX_AT_ONCE if maximum is None else maximum - len(state.selected)
                self._references.room = max(0, min(free, MAX_AT_ONCE))
                self._references.full = free <= 0
        with self._mask.hold_sync():
            self._mask.hidden = not state.takes_mask or painting or not (state.selected or state.mask)
            if not self._mask.hidden:
                mask = state.mask
                self._mask.items = [self._describe(mask, "mask", state, sent=True)] if mask is not None else []
                self._mask.hint = by_url_only
                self._mask.full = mask is not None
                self._mask.room = 0 if self._mask.full else 1

    def _describe(self, image: SelectedImage, parameter: str, state: PanelState, *, sent: bool) -> JSONObject:
        known, thumbnail = self._thumbnails.get(image.expression, (None, ""))
        if known != image:
            if len(self._thumbnails) >= _MAX_THUMBNAILS:
                self._thumbnails.clear()
            thumbnail = _render_thumbnail(image.source)
            self._thumbnails[image.expression] = image, thumbnail
        count = len(list(references.flatten_images(image.source)))
        label = f"{image.label} ×{count}" if count > 1 else image.label
        item: dict[str, object] = {"label": label, "thumb": thumbnail}
        resolved = self._cache.resolve(image, parameter, state.model)
        if isinstance(resolved, QwaveError):
            item["wrong"] = str(resolved)
        if not sent:
            item["unused"] = True
        return item


def select_image(source: object, variables: Namespace, home: Path, parameter: str = "images") -> SelectedImage:
    """Select anything that a request takes as an image or mask; what has no name is written to the data folder."""
    if isinstance(source, str):
        if not source.startswith("data:"):
            return _select_text(source, variables, parameter)
        if len(source) <= _MAX_URI:
            return SelectedImage(source, source, "data:…")
    elif isinstance(source, Path):
        return SelectedImage(source, str(source), shorten_name(source.name))
    else:
        references.require_image(source, parameter)
        names = (name for name, value in variables.items() if value is source and not name.startswith("_"))
        # A cell takes a file of that name first.
        if name := next((name for name in names if references.find_image(name, variables) is source), ""):
            return SelectedImage(source, name, shorten_name(name))
        if isinstance(source, GeneratedImage):
            return select_result(source)
    return _store_image(source, parameter, home)


def _select_text(text: str, variables: Namespace, parameter: str) -> SelectedImage:
    """Select what a person typed, understood as ``-i`` understands it: a URL, a path, or a variable of the notebook."""
    text = text.strip()
    if text.startswith(("http://", "https://")):
        label = text.partition("?")[0].rstrip("/").rpartition("/")[2]
        return SelectedImage(text, text, shorten_name(label or text))
    found = references.find_image(text, variables)
    references.require_image(found, parameter)
    return SelectedImage(found, text, shorten_name(Path(text).name or text), is_by_name=text.isidentifier())


def to_reachable(state: PanelState, variables: Namespace, home: Path) -> PanelState:
    """The state as a cell can write it: what no variable of the notebook leads to is written to the data folder."""

    def select(image: SelectedImage, parameter: str) -> SelectedImage:
        name = image.expression
        is_reachable = not name.isidentifier() or references.find_image(name, variables) is image.source
        return image if is_reachable else _store_image(image.source, parameter, home)

    mask = state.mask and select(state.mask, "mask")
    return replace(state, selected=tuple(select(image, "images") for image in state.selected), mask=mask)


def select_result(image: GeneratedImage) -> SelectedImage:
    """Select an earlier result: by its link while that lives, else by its file."""
    lives = image.alive(SYSTEM_CLOCK.now() + _MIN_LINK_LIFE)
    return SelectedImage(image, str(image.url) if lives else str(image.path), shorten_name(image.path.name))


def _store_upload(content: bytes, home: Path, name: str = "") -> SelectedImage:
    """Write an image's bytes to a file, and select that."""
    file = str(store_upload(content, home, name))
    return SelectedImage(file, file, shorten_name(name or Path(file).name))


def _store_image(source: object, parameter: str, home: Path) -> SelectedImage:
    """Write an image to a file, and select that with the notices of the image that the file has none of."""
    read = _read(source, parameter)
    stored = _store_upload(_decode(read), home)
    known = {notice.code for notice in _read(stored.source, parameter).notices}
    return replace(stored, notices=tuple(notice for notice in read.notices if notice.code not in known))


def _read(source: object, parameter: str = "images") -> references.Reference:
    return references.resolve(source, parameter, references.ImageLimits(""), now=SYSTEM_CLOCK.now())


def _decode(read: references.Reference) -> bytes:
    return base64.b64decode(read.uri.partition(",")[2])


def _render_thumbnail(source: object) -> str:
    """Make a small data URI, or return a URL, which only the browser may fetch; "" where nothing can be shown."""
    from qwave_jupyter.images.preview import PreviewOptions, preview_file, render_preview

    try:
        if isinstance(source, Gallery):
            source = source[0]
        if isinstance(source, str) and source.startswith(("http://", "https://")):
            return source
        if isinstance(source, GeneratedImage):
            source = source.path
        if isinstance(source, (str, Path)) and not str(source).startswith("data:"):
            preview = preview_file(expand(source), PreviewOptions(_THUMBNAIL_SIDE))
        else:
            image = image_io.load(_decode(_read(source)))
            image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
            preview = render_preview(image)
    except Exception as problem:  # noqa: BLE001 - a decoder may fail at anything, memory included
        log_problem("thumbnail", problem)
        return ""
    return preview.data_uri() if preview is not None else ""
