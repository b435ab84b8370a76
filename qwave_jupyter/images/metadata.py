"""Where a picture comes from, spliced into its file as metadata without touching a single pixel.

PNG gets an ``iTXt`` chunk, JPEG a comment segment, WebP an XMP chunk; every byte of the picture's own data stays.
Saving through an image library would alter JPEG and WebP. What can't be spliced stands in the JSON sidecar, which every
picture has. The API key is in neither.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qwave_jupyter
from qwave_jupyter.errors import OptionMistake

if TYPE_CHECKING:
    from qwave_jupyter.images.generated_image import GeneratedImage

__all__ = ["as_json", "provenance_of", "read_provenance", "sidecar_of", "splice", "written_in"]

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"qwave"
_COMMENT = b"qwave "
#: A JPEG segment's length is two bytes and counts itself.
_MOST_IN_SEGMENT = 65_000
_MOST_READ = 300_000_000
_XMP_NAMESPACE = "urn:qwave-jupyter:provenance:1.0"
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10


def provenance_of(image: GeneratedImage, action: str) -> dict[str, Any]:
    """What a file says about itself: enough to make it again, and no secret."""
    return {
        "software": f"qwave-jupyter {qwave_jupyter.__version__}",
        "prompt": image.prompt,
        "model": image.model,
        "edition": image.edition,
        "action": action,
        "parameters": dict(image.parameters),
        "task_id": image.task_id,
        "job_id": image.job_id,
        "index": image.index,
        "cost_usd": image.cost_usd,
        "created": datetime.fromtimestamp(image.created, tz=UTC).isoformat(timespec="seconds"),
        "demo": image.demo,
    }


def splice(content: bytes, provenance: Mapping[str, Any]) -> bytes:
    """A picture file with its provenance inside.

    Args:
        content: a whole PNG, JPEG or WebP file.
        provenance: what to remember, as JSON has it.

    Returns:
        The file with one more piece of metadata; the same bytes where its format or structure has no place for it.

    Example:
        >>> splice(path.read_bytes(), {"prompt": "a cat"})
    """
    text = as_json(provenance)
    with contextlib.suppress(struct.error, ValueError, IndexError):
        if content.startswith(_PNG):
            return _into_png(content, text)
        if content.startswith(b"\xff\xd8"):
            return _into_jpeg(content, text)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _into_webp(content, text)
    return content


def written_in(content: bytes) -> dict[str, Any] | None:
    """The provenance inside a picture file's bytes; None when there is none."""
    with contextlib.suppress(struct.error, ValueError, IndexError, zlib.error, RecursionError):
        text = None
        if content.startswith(_PNG):
            text = _from_png(content)
        elif content.startswith(b"\xff\xd8"):
            text = _from_jpeg(content)
        elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            text = _from_webp(content)
        found = json.loads(text) if text else None
        return found if isinstance(found, dict) else None
    return None


def read_provenance(path: str | Path) -> dict[str, Any]:
    """How a picture was made: from the file itself, else from the sidecar beside it.

    Args:
        path: the picture.

    Returns:
        ``prompt``, ``model``, ``edition``, ``action``, ``parameters``, ``task_id``, ``job_id``, ``index``,
        ``cost_usd``, ``created``, ``software``.

    Raises:
        OptionMistake: the file isn't there, or says nothing about itself.

    Example:
        >>> read_provenance("qwave-images/2026-11-21-a-cat-8499f3a2-1.png")["prompt"]
        'a cat'
    """
    file = Path(path).expanduser()
    try:
        if file.stat().st_size > _MOST_READ:
            raise OptionMistake("generation.no_provenance", path=file)
        found = written_in(file.read_bytes())
        if found is None and sidecar_of(file).is_file():
            found = json.loads(sidecar_of(file).read_text(encoding="utf-8"))
    except OSError:
        raise OptionMistake("generation.no_such_file", path=file) from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OptionMistake("generation.no_provenance", path=file)
    return found


def as_json(provenance: Mapping[str, Any], *, indent: int | None = None) -> str:
    """The JSON that files hold: in its own alphabet where that can be encoded."""
    separators = (",", ": " if indent else ":")
    text = json.dumps(provenance, ensure_ascii=False, separators=separators, default=str, indent=indent)
    if text.isascii() or text.encode("utf-8", "replace").decode() == text:
        return text
    return json.dumps(provenance, separators=separators, default=str, indent=indent)


def sidecar_of(path: Path) -> Path:
    """The JSON file beside a picture."""
    return path.with_name(path.name + ".json")


def _into_png(content: bytes, text: str) -> bytes:
    length, kind = struct.unpack(">I4s", content[8:16])
    if kind != b"IHDR":
        return content
    end = 8 + 12 + length
    body = b"iTXt" + _KEYWORD + b"\0" + b"\1\0" + b"\0" + b"\0" + zlib.compress(text.encode(), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:end] + chunk + content[end:]


def _from_png(content: bytes) -> str | None:
    place = 8
    while place + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        data = content[place + 8 : place + 8 + length]
        if kind == b"iTXt" and data.startswith(_KEYWORD + b"\0"):
            compressed = data[len(_KEYWORD) + 1]
            *_, packed = data[len(_KEYWORD) + 3 :].split(b"\0", 2)
            return (_inflated(packed) if compressed else packed).decode()
        place += 12 + length
    return None


def _inflated(packed: bytes) -> bytes:
    # A kilobyte may claim to be a gigabyte.
    return zlib.decompressobj().decompress(packed, 20_000_000)


def _into_jpeg(content: bytes, text: str) -> bytes:
    data = text.encode()
    pieces = [data[start : start + _MOST_IN_SEGMENT] for start in range(0, len(data), _MOST_IN_SEGMENT)]
    comment = b""
    for place, piece in enumerate(pieces, 1):
        body = _COMMENT + b"%d/%d " % (place, len(pieces)) + piece
        comment += b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body
    # Behind the application segments, of which JFIF's and Exif's must come first.
    end = 2
    for kind, start, length in _segments(content):
        if not 0xE0 <= kind <= 0xEF:
            break
        end = start + 4 + length
    return content[:end] + comment + content[end:]


def _from_jpeg(content: bytes) -> str | None:
    pieces: dict[int, bytes] = {}
    for kind, start, length in _segments(content):
        found = content[start + 4 : start + 4 + length] if kind == 0xFE else b""
        numbered = re.match(rb"qwave (\d{1,6})/\d{1,6} ", found)
        if numbered:
            pieces[int(numbered[1])] = found[numbered.end() :]
    return b"".join(pieces[place] for place in sorted(pieces)).decode() if pieces else None


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, position and length of each segment before the picture's data."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xDA:
            return
        length = struct.unpack(">H", content[place + 2 : place + 4])[0] - 2
        if length < 0:
            return
        yield kind, place, length
        place += 4 + length


def _into_webp(content: bytes, text: str) -> bytes:
    chunks = list(_chunks(content))
    if not chunks or any(kind == b"XMP " for kind, _ in chunks):
        return content
    kind, data = chunks[0]
    if kind == b"VP8X":
        chunks[0] = (kind, bytes([data[0] | _XMP_FLAG]) + data[1:])
    else:
        width, height, alpha = _webp_size(kind, data)
        flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
        header = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks.insert(0, (b"VP8X", header))
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:qwave="{_XMP_NAMESPACE}">'
        f"<qwave:request>{html.escape(text, quote=False)}</qwave:request>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
    chunks.append((b"XMP ", packet.encode()))
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _from_webp(content: bytes) -> str | None:
    for kind, data in _chunks(content):
        found = (
            re.search(r"<qwave:request>(.*?)</qwave:request>", data.decode(), re.DOTALL) if kind == b"XMP " else None
        )
        if found:
            return html.unescape(found[1])
    return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    end = min(len(content), 8 + struct.unpack("<I", content[4:8])[0])
    while place + 8 <= end:
        kind, length = struct.unpack("<4sI", content[place : place + 8])
        yield kind, content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int, bool]:
    """Width, height and transparency of a file without an extended header."""
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if kind != b"VP8 " or data[3:6] != b"\x9d\x01\x2a":
        raise ValueError(kind)
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF, False
