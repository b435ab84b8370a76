"""Reference pictures of the journal: each kept once by its content, bounded, the oldest given up first."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Blobs"]

_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_KEPT_FROM = 512
_MARK = "$blob"


class Blobs:
    """A folder of contents by their SHA-256.

    Args:
        folder: made on first need.
        most_bytes: what all contents may weigh together; 0 keeps none, and pictures stay where they stood.
    """

    def __init__(self, folder: Path, *, most_bytes: int = 1_000_000_000) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def put_away(self, value: Any) -> Any:
        """A JSON value with every data URI in it replaced by a small mark; its content is kept in the folder."""
        if isinstance(value, str):
            return self._put(value)
        if isinstance(value, Mapping):
            return {name: self.put_away(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.put_away(one) for one in value]
        return value

    def bring_back(self, value: Any) -> Any:
        """The value as it was, to the byte.

        Raises:
            FileNotFoundError: a content was given up meanwhile.
        """
        if isinstance(value, Mapping):
            if set(value) == {_MARK, "mime"}:
                return self.read_uri(str(value[_MARK]), str(value["mime"]))
            return {name: self.bring_back(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.bring_back(one) for one in value]
        return value

    def _put(self, text: str) -> Any:
        found = _URI.match(text) if len(text) > _KEPT_FROM and text.startswith("data:") else None
        if found is None or not self.most_bytes:
            return text
        mime, content = found[1], _decoded(found[2])
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
            # Many jobs with one picture may begin at once, in threads and in processes.
            part = target.with_name(f"{digest}.{uuid.uuid4().hex[:8]}.part")
            try:
                _write_through(part, content)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return {_MARK: digest, "mime": mime}

    def read_uri(self, digest: str, mime: str) -> str:
        """A content as the data URI that it was.

        Args:
            digest: its SHA-256.
            mime: its type; "" where the text itself was kept.

        Raises:
            FileNotFoundError: it was given up meanwhile.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise FileNotFoundError(digest)
        content = (self.folder / digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise FileNotFoundError(digest)
        return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}" if mime else content.decode()

    def _make_room(self, needed: int) -> None:
        kept = []
        for file in self.folder.iterdir():
            with contextlib.suppress(OSError):
                stat = file.stat()
                kept.append((stat.st_mtime, stat.st_size, file))
        total = sum(size for _, size, _ in kept) + needed
        for _, size, file in sorted(kept):
            if total <= self.most_bytes:
                return
            with contextlib.suppress(OSError):
                file.unlink()
                total -= size


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _is_whole(file: Path, content: bytes) -> bool:
    # A power cut may leave an empty file under a good name.
    try:
        return file.stat().st_size == len(content)
    except OSError:
        return False


def _decoded(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode("ascii") == text else None
