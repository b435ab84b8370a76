"""Reference images of the journal: each stored once by its content, bounded, the oldest deleted first."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from qwave_jupyter.folders import replace_file

__all__ = ["Blobs", "map_strings"]

_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_MIN_LENGTH = 512
_MARK = "$blob"


class Blobs:
    """A folder of contents by their SHA-256."""

    def __init__(self, folder: Path, *, max_bytes: int = 1_000_000_000) -> None:
        self.folder = folder
        #: What all contents may weigh together; 0 keeps none, and images stay where they stood.
        self.max_bytes = max_bytes

    def externalize(self, value: object) -> object:
        """A JSON value with every data URI in it replaced by a small marker; its content is stored in the folder."""
        return map_strings(value, self._store)

    def restore(self, value: object) -> object:
        """The value as it was, to the byte."""
        if isinstance(value, Mapping):
            if set(value) == {_MARK, "mime"}:
                return self.read_uri(str(value[_MARK]), str(value["mime"]))
            return {name: self.restore(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.restore(one) for one in value]
        return value

    def _store(self, text: str) -> object:
        found = _URI.match(text) if len(text) > _MIN_LENGTH and text.startswith("data:") else None
        if found is None or not self.max_bytes:
            return text
        mime, content = found[1], _decode(found[2])
        if content is None:
            # Spelled in a way that encoding would not give back to the byte: kept as text.
            mime, content = "", text.encode()
        digest = hashlib.sha256(content).hexdigest()
        target = self.folder / digest
        if _is_whole(target, content):
            with contextlib.suppress(OSError):
                os.utime(target)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(len(content))
            replace_file(target, content, synced=True)
        return {_MARK: digest, "mime": mime}

    def read_uri(self, digest: str, mime: str) -> str:
        """A content as the data URI that it was."""
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise FileNotFoundError(digest)
        content = (self.folder / digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise FileNotFoundError(digest)
        return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}" if mime else content.decode()

    def _make_room(self, needed: int) -> None:
        files = []
        for file in self.folder.iterdir():
            with contextlib.suppress(OSError):
                stat = file.stat()
                files.append((stat.st_mtime, stat.st_size, file))
        total = sum(size for _, size, _ in files) + needed
        for _, size, file in sorted(files):
            if total <= self.max_bytes:
                return
            with contextlib.suppress(OSError):
                file.unlink()
                total -= size


def map_strings(value: object, change: Callable[[str], object]) -> object:
    """A JSON value with every string in it changed; the names of its objects stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: map_strings(one, change) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map_strings(one, change) for one in value)
    return value


def _is_whole(file: Path, content: bytes) -> bool:
    # A power cut may leave an empty file under a good name.
    try:
        return file.stat().st_size == len(content)
    except OSError:
        return False


def _decode(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode("ascii") == text else None
