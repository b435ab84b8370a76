"""Images that come from the browser: chosen, pasted or dropped, bounded in bytes and number, and written to files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Violation
from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.folders import describe, replace_file
from qwave_jupyter.images import image_io
from qwave_jupyter.jobs.references import unreadable_mistake
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import CHANGES_SCRIPT, Control, read_assets

__all__ = ["MAX_AT_ONCE", "RECEIVE_SCRIPT", "ImageReceiver", "shorten_name", "store_upload"]

#: The script of every control that takes images.
RECEIVE_SCRIPT = CHANGES_SCRIPT + read_assets(__file__, "receive_images.js")
#: Above about ten megabytes a browser's message is lost without an error.
_MAX_UPLOAD_BYTES = 9_000_000
#: Files of one drop where nothing else bounds them.
MAX_AT_ONCE = 20
_MAX_LABEL = 40
_MAX_NOTES = 24


class ImageReceiver(Control):
    """A control that takes images from the browser, and says of each that it doesn't take why."""

    max_bytes = traitlets.Int(_MAX_UPLOAD_BYTES).tag(sync=True)
    #: How many images it takes now.
    room = traitlets.Int(MAX_AT_ONCE).tag(sync=True)
    notes: traitlets.List[str] = traitlets.List().tag(sync=True)

    def add_note(self, text: str) -> None:
        """Show one line more, until something else is chosen, pasted or dropped."""
        if text not in self.notes and len(self.notes) < _MAX_NOTES:
            self.notes = [*self.notes, text]

    def take_image(self, kind: str, value: bytes | str, name: str) -> None:
        """Take the content of a file (``upload``) or the path of a result (``add``)."""
        raise NotImplementedError

    def _receive_images(self, content: JSONObject, buffers: Sequence[memoryview]) -> bool:
        """Take what the front end sent; return whether it was about images."""
        upload, path, unreadable = (content.get(key) for key in ("upload", "dropped", "unreadable"))
        if isinstance(upload, str) and buffers:
            self._take_upload(bytes(buffers[0]), upload)
        elif isinstance(path, str):
            self.notes = []
            self.take_image("add", path, "")
        elif isinstance(unreadable, str):
            self.add_note(i18n.text("canvas.upload_unreadable", name=shorten_name(unreadable)))
        elif "pasted" in content:
            self.notes = [i18n.text("canvas.nothing_to_paste")]
        elif isinstance(content.get("files"), dict):
            self.notes = self._describe_refused(content["files"])
        else:
            return False
        return True

    def _take_upload(self, content: bytes, name: str) -> None:
        if len(content) > self.max_bytes:
            self.add_note(self._describe_heavy([name]))
        else:
            self.take_image("upload", content, name)

    def _describe_refused(self, refused: JSONObject) -> list[str]:
        heavy, beyond = (_read_names(refused.get(key)) for key in ("heavy", "beyond"))
        notes = [self._describe_heavy(heavy)] if heavy else []
        if beyond:
            notes.append(i18n.text(self._describe_bound(), names=_join_names(beyond), count=self.room, most=self.room))
        return notes

    def _describe_bound(self) -> str:
        """Name the text that says why more aren't taken."""
        if self.room >= MAX_AT_ONCE:
            return "canvas.too_many_uploads"
        return "canvas.little_room" if self.room else "canvas.no_room"

    def _describe_heavy(self, names: Sequence[str]) -> str:
        most = self.max_bytes // 1_000_000
        return i18n.text("canvas.upload_too_heavy", names=_join_names(names), most=most)


def store_upload(content: bytes, home: Path, name: str = "") -> Path:
    """Write an image's bytes to a file, so that a cell can name it.

    Raises:
        ReferenceMistake: it is no image, or it can't be written; the text says what can be done.
    """
    label = shorten_name(name or "upload")
    try:
        facts = image_io.probe(content, whole=True)
        # The name from outside never becomes a path.
        digest = hashlib.sha256(content).hexdigest()[:16]
        file = home / "uploads" / f"{digest}.{image_io.SUFFIXES.get(facts.format, 'bin')}"
        if not file.is_file():
            replace_file(file, content)
    except image_io.NotAnImage as problem:
        raise unreadable_mistake(problem, "images", label, content) from None
    except (OSError, ValueError) as problem:
        detail = {"reason": describe(problem)}
        found = Violation("reference_unreadable_file", "images", label, detail=detail, section="generation")
        raise ReferenceMistake("generation.reference", mistake=found) from None
    return file


def shorten_name(text: str) -> str:
    """Make a name from outside printable, and short enough for a caption."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _MAX_LABEL else f"{text[: _MAX_LABEL - 9]}…{text[-8:]}"


def _read_names(given: object) -> list[str]:
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _join_names(names: Sequence[str]) -> str:
    shown = [shorten_name(name) for name in names[:MAX_AT_ONCE]]
    return i18n.text("words.separator").join([*shown, *(["…"] if len(names) > len(shown) else [])])
