"""Reference pictures and masks of a panel: picked by address, path, variable, upload or earlier result."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import QwaveError, ReferenceMistake
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage, Showing
from qwave_jupyter.jobs import references
from qwave_jupyter.jobs.validation_errors import Mistake
from qwave_jupyter.widgets.panel.state import Picked

__all__ = ["ReferencesStrip", "kept", "pick", "pick_earlier", "pick_text", "thumbnail"]

#: Above about ten megabytes a browser's message is lost without a word.
MOST_UPLOAD = 9_000_000
_THUMB = 160
#: A link that dies sooner is written as a path.
_LIFE_NEEDED = 600.0
_LONGEST_LABEL = 40
_LONGEST_URI = 1000


class ReferencesStrip(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """An ordered strip of thumbnails with ways to add more.

    Args:
        label: what the pictures are for.
        heard: called with what was asked (``add``, ``upload``, ``earlier``, ``remove`` or ``move``), its value, and
            what else belongs to it.
        single: whether there can be only one.
    """

    _esm = Path(__file__).parent / "image_strip.js"
    items: traitlets.List[Any] = traitlets.List().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    earlier: traitlets.List[Any] = traitlets.List().tag(sync=True)
    full = traitlets.Bool(False).tag(sync=True)
    single = traitlets.Bool(False).tag(sync=True)
    most_bytes = traitlets.Int(MOST_UPLOAD).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, label: str, heard: Callable[[str, Any, Any], None], *, single: bool = False) -> None:
        said = ("add", "add_label", "placeholder", "upload", "earlier", "earlier_place", "later_place", "remove")
        texts = {name: i18n.say(f"panel.{name}") for name in said}
        texts["too_heavy"] = i18n.say("panel.too_heavy", most=MOST_UPLOAD // 1_000_000)
        super().__init__(words={**texts, "label": label}, single=single)
        self._heard = heard
        self.on_msg(self._message)

    def close_all(self) -> None:
        """Close it with its layout."""
        self.layout.close()
        self.close()

    def _message(self, _: Any, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if isinstance(content.get("upload"), str) and buffers:
            self._heard("upload", bytes(buffers[0]), content["upload"])
            return
        for kind, expected in (("add", str), ("earlier", int), ("remove", int), ("move", int)):
            if isinstance(content.get(kind), expected):
                self._heard(kind, content[kind], content.get("by"))


def pick_text(text: str, variables: Mapping[str, Any]) -> Picked:
    """What a person typed, understood as ``-i`` understands it: a URL, a path, or a variable of the notebook.

    Args:
        text: as it was typed.
        variables: the notebook's variables.

    Example:
        >>> pick_text("https://pictures.example/a.png", {}).label
        'a.png'
    """
    written = text.strip()
    if written.startswith(("http://", "https://")):
        return Picked(written, written, _label(written.partition("?")[0].rstrip("/").rpartition("/")[2] or written))
    if written.isidentifier() and written in variables and not _exists(written):
        return Picked(variables[written], written, _label(written))
    return Picked(written, written, _label(Path(written).name or written))


def pick(source: Any, variables: Mapping[str, Any], home: Path) -> Picked:
    """Anything that a request takes as a picture, with a way to write it down.

    Args:
        source: URL, path, image, array, figure, bytes or earlier result.
        variables: the notebook's variables; a picture that one of them holds is written as its name.
        home: the folder of ours where a picture without a name is kept.

    Raises:
        ReferenceMistake: it is no picture.
    """
    if isinstance(source, str) and not source.startswith("data:"):
        return pick_text(source, variables)
    if isinstance(source, Path):
        return Picked(source, str(source), _label(source.name))
    own = (name for name, value in variables.items() if value is source and not name.startswith("_"))
    name = next(own, "") if not isinstance(source, str) else ""
    if name:
        return Picked(source, name, _label(name))
    if isinstance(source, GeneratedImage):
        return pick_earlier(source)
    if isinstance(source, str) and len(source) <= _LONGEST_URI:
        return Picked(source, source, "data:…")
    resolved = references.resolve(source, "images", references.Limits(""), now=SYSTEM_CLOCK.now())
    return kept(base64.b64decode(resolved.wire.partition(",")[2]), home)


def pick_earlier(image: GeneratedImage) -> Picked:
    """An earlier result: by its link while that lives, else by its file."""
    lives = image.alive(SYSTEM_CLOCK.now() + _LIFE_NEEDED)
    return Picked(image, str(image.url) if lives else str(image.path), _label(image.path.name))


def kept(content: bytes, home: Path, name: str = "") -> Picked:
    """Bytes of a picture as a file of ours, so that a cell can name it.

    Args:
        content: a picture file's bytes.
        home: the folder of ours.
        name: how it was called.

    Raises:
        ReferenceMistake: it is no picture, or can't be kept.
    """
    shown = _label(name or "upload")
    try:
        facts = image_io.look_at_bytes(content, whole=True)
        # The name from outside never becomes a path.
        digest = hashlib.sha256(content).hexdigest()[:16]
        file = home / "uploads" / f"{digest}.{image_io.ENDINGS.get(facts.format, 'bin')}"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"{file.name}.{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(file)
    except image_io.NotAPicture:
        raise _refused("reference_not_a_picture", shown) from None
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise _refused("reference_unreadable_file", shown, reason=reason) from None
    return Picked(str(file), str(file), _label(name or file.name))


def thumbnail(picked: Picked) -> str:
    """A small data URI of a picture, or its URL, which only the browser may fetch; "" where nothing can be shown."""
    from qwave_jupyter.images.preview import preview_file, render_preview

    source = picked.source
    try:
        if isinstance(source, Gallery):
            source = source[0]
        if isinstance(source, str) and source.startswith(("http://", "https://")):
            return source
        if isinstance(source, GeneratedImage):
            source = source.path
        if isinstance(source, (str, Path)) and not str(source).startswith("data:"):
            preview = preview_file(Path(source).expanduser(), Showing(_THUMB))
        else:
            resolved = references.resolve(source, "images", references.Limits(""), now=SYSTEM_CLOCK.now())
            picture = image_io.opened_bytes(base64.b64decode(resolved.wire.partition(",")[2]))
            picture.thumbnail((_THUMB, _THUMB))
            preview = render_preview(picture)
    except (QwaveError, OSError, ValueError, IndexError):
        return ""
    return f"data:{preview.mime};base64,{preview.base64()}" if preview is not None else ""


def _refused(code: str, given: str, **detail: Any) -> ReferenceMistake:
    return ReferenceMistake("generation.reference", mistake=Mistake(code, "images", given, detail=detail))


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _label(text: str) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 9]}…{text[-8:]}"
