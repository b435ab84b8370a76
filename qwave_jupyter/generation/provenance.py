"""What made a picture, inside its file and beside it, without touching a pixel.

The pixels that were paid for are never re-encoded: a PNG gets an ``iTXt`` chunk, a JPEG a comment segment, as bytes.
WebP keeps its provenance in the sidecar alone, as every format does besides.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qwave_jupyter.errors import ReferenceMistake

__all__ = ["read_provenance", "sidecar_of", "spliced"]

_KEYWORD = b"qwave"
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_JPEG_MARK = b"qwave:"
_LONGEST_SEGMENT = 65_000


def spliced(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """A picture's bytes with its provenance in them.

    Args:
        content: a whole PNG, JPEG or other file.
        facts: what is to be kept; JSON values.

    Returns:
        New bytes, or the same where the format has no safe place.
    """
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True).encode("utf-8")
    if content.startswith(_PNG):
        # Right behind IHDR, which is always the first chunk and 25 bytes long.
        end = len(_PNG) + 25
        return content[:end] + _chunk(b"iTXt", _KEYWORD + b"\0\0\0\0\0" + text) + content[end:]
    if content.startswith(_JPEG) and len(text) < _LONGEST_SEGMENT:
        comment = _JPEG_MARK + text
        place = _after_header(content)
        return content[:place] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + content[place:]
    return content


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What made a picture, from its file or the sidecar beside it.

    Args:
        path: a picture that was saved by this package.

    Returns:
        ``prompt``, ``model``, ``parameters``, ``task_id``, ``cost_usd``, ``created`` and more.

    Raises:
        ReferenceMistake: the file can't be read, or knows nothing of its origin.

    Example:
        >>> read_provenance("qwave-images/2026-11-21-a-cat-8499-1.png")["prompt"]
        'a cat'
    """
    file = Path(path).expanduser()
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise ReferenceMistake(
            "generation.unreadable_file", path=str(file)[:200], reason=problem.strerror or type(problem).__name__
        ) from None
    text = _in_png(content) if content.startswith(_PNG) else _in_jpeg(content)
    sidecar = sidecar_of(file)
    if text is None and sidecar.is_file():
        text = sidecar.read_bytes()
    try:
        facts = json.loads(text) if text else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise ReferenceMistake("generation.no_provenance", path=file.name[:200])
    return facts


def sidecar_of(picture: Path) -> Path:
    """The JSON file beside a picture."""
    return picture.with_suffix(picture.suffix + ".json")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _after_header(content: bytes) -> int:
    # Behind the APP0 segment, which must stay first for a JFIF file.
    if content[2:4] == b"\xff\xe0" and len(content) > 6:
        return 4 + int.from_bytes(content[4:6], "big")
    return 2


def _in_png(content: bytes) -> bytes | None:
    place = len(_PNG)
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind == b"iTXt" and data.startswith(_KEYWORD + b"\0"):
            return data[len(_KEYWORD) + 5 :]
        place += 12 + length
    return None


def _in_jpeg(content: bytes) -> bytes | None:
    place = 2
    while content.startswith(_JPEG) and content[place : place + 1] == b"\xff" and place + 4 <= len(content):
        kind, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if kind == 0xDA:
            return None
        data = content[place + 4 : place + 2 + length]
        if kind == 0xFE and data.startswith(_JPEG_MARK):
            return data[len(_JPEG_MARK) :]
        place += 2 + length
    return None
