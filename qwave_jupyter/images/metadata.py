"""What an image's file says of how it was made: metadata inside it, without touching a single pixel, and its name."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import struct
import sys
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, cast

import qwave_jupyter
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.folders import expand, is_file, is_folder
from qwave_jupyter.i18n import printable
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

    from qwave_jupyter.images.gallery import Gallery, GeneratedImage

__all__ = [
    "build_provenance",
    "embed",
    "extract",
    "find_provenance",
    "find_sidecar",
    "make_ascii",
    "make_file_stem",
    "make_portable",
    "make_slug",
    "read_file_stem",
    "read_provenance",
    "short_id",
    "to_json",
]

ProvenanceSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | PillowImage | GeneratedImage | Gallery"
)

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"qwave"
_COMMENT = b"qwave "
#: A JPEG segment's length is two bytes and counts itself.
_MAX_SEGMENT = 65_000
_MAX_FILE_BYTES = 300_000_000
_MAX_TEXT_BYTES = 20_000_000
_XMP_NAMESPACE = "urn:qwave-jupyter:provenance:1.0"
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_MAX_SLUG_BYTES = 48
#: Names of devices on Windows, with any suffix: a file that is copied there must not be one.
_RESERVED = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"))
)


def build_provenance(image: GeneratedImage, action: str) -> dict[str, object]:
    """Return what a file says about itself: enough to make it again, and no secret."""
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


# Saving through an image library would alter the pixels of JPEG and WebP. Other formats have their sidecar alone.
def embed(content: bytes, provenance: JSONObject) -> bytes:
    """Return an image file with its provenance inside, or unchanged where its format or structure doesn't allow it."""
    text = to_json(provenance)
    with contextlib.suppress(struct.error, ValueError, IndexError):
        if content.startswith(_PNG):
            return _embed_in_png(content, text)
        if content.startswith(b"\xff\xd8"):
            return _embed_in_jpeg(content, text)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _embed_in_webp(content, text)
    return content


def extract(content: bytes) -> JSONObject | None:
    """Return the provenance inside an image file's bytes; None when there is none."""
    with contextlib.suppress(struct.error, ValueError, IndexError, zlib.error):
        text = None
        if content.startswith(_PNG):
            text = _extract_from_png(content)
        elif content.startswith(b"\xff\xd8"):
            text = _extract_from_jpeg(content)
        elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            text = _extract_from_webp(content)
        return _parse(text)
    return None


def read_provenance(path: ProvenanceSource) -> JSONObject:
    """How an image was made: from the file itself, else from the sidecar beside it.

    Args:
        path: the image: its path, a result, a gallery of one, a PIL image, the bytes of a file, or a file that
            was opened with ``"rb"``.

    Returns:
        ``prompt``, ``model``, ``edition``, ``action``, ``parameters``, ``task_id``, ``job_id``, ``index``,
        ``cost_usd``, ``created``, ``software``, and ``images``, how many images the job has as far as is known.

    Raises:
        OptionMistake: it is none of these or a folder, the file isn't there or can't be read, or says nothing about
            itself.

    Example:
        >>> read_provenance("qwave-images/2026-11-21-a-cat-8499f3a2-1.png")["prompt"]
        'a cat'
    """
    given: object = path
    try:
        return _read(given)
    except QwaveError:
        raise
    except Exception as problem:  # noqa: BLE001 - a user's object may fail at anything
        reason = f"{type(problem).__name__}: {problem}".rstrip(": ")[:200]
        raise OptionMistake("generation.path_unreadable", path=type(given).__name__, reason=reason) from None


def find_provenance(file: Path) -> JSONObject:
    """How a file was generated, as it or its sidecar says; empty where neither says so."""
    try:
        return read_provenance(file)
    except (OptionMistake, OSError, ValueError):
        return {}


def _read(given: object) -> JSONObject:
    if isinstance(given, (bytes, bytearray, memoryview)):
        return _require(extract(bytes(given)), given)
    if isinstance(given, (str, os.PathLike)):
        return _read_file(expand(given))
    paths = getattr(given, "paths", None)
    if isinstance(paths, tuple):
        if len(paths) != 1:
            raise OptionMistake("generation.provenance_several", count=len(paths))
        return _read_file(paths[0])
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(given, pillow.Image):
        return _read_pil(given)
    # A class has the attributes of its objects.
    if not isinstance(given, type) and callable(getattr(given, "read", None)):
        return _read_open_file(cast("IO[bytes]", given))
    raise OptionMistake("generation.provenance_kind", given=type(given).__name__)


def _read_file(file: Path) -> JSONObject:
    try:
        if is_folder(file):
            raise OptionMistake("generation.provenance_folder", path=printable(file))
        # A pipe or a device may never end.
        if (not is_file(file) and file.exists()) or file.stat().st_size > _MAX_FILE_BYTES:
            raise OptionMistake("generation.no_provenance", path=printable(file))
        found = extract(file.read_bytes()) or _read_sidecar(file)
    except OSError:
        raise OptionMistake("generation.no_such_file", path=printable(file)) from None
    except ValueError:
        found = None
    if found is None:
        raise OptionMistake("generation.no_provenance", path=printable(file))
    return found


def _read_open_file(file: IO[bytes]) -> JSONObject:
    is_seekable = callable(getattr(file, "seekable", None)) and file.seekable()
    place = file.tell() if is_seekable else 0
    if is_seekable:
        # A buffer that was just written stands at its end.
        file.seek(0)
    content = file.read(_MAX_FILE_BYTES)
    if is_seekable:
        file.seek(place)
    name = getattr(file, "name", None)
    found = extract(content) if isinstance(content, bytes) else None
    return _require(found or (_read_sidecar(Path(name)) if isinstance(name, str) else None), file)


def _read_pil(image: PillowImage) -> JSONObject:
    name = getattr(image, "filename", "")
    if name and isinstance(name, (str, os.PathLike)) and is_file(Path(name)):
        return _read_file(Path(name))
    text = image.info.get("qwave")
    comments = [found for kind, found in getattr(image, "applist", ()) if kind == "COM"]
    comment, packet = image.info.get("comment"), image.info.get("xmp")
    if text is None and (comments or isinstance(comment, bytes)):
        text = _join_comments(comments or [comment])
    if text is None and isinstance(packet, bytes):
        text = _find_in_packet(packet)
    return _require(_parse(text), image)


def _read_sidecar(file: Path) -> JSONObject | None:
    sidecar = find_sidecar(file)
    return _parse(sidecar.read_text(encoding="utf-8")) if is_file(sidecar) else None


def _parse(text: str | None) -> JSONObject | None:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text) if text else None
        return found if isinstance(found, dict) else None
    return None


def _require(found: JSONObject | None, given: object) -> JSONObject:
    if found is None:
        raise OptionMistake("generation.no_provenance_inside", given=type(given).__name__)
    return found


def to_json(provenance: JSONObject, *, indent: int | None = None) -> str:
    """Format the JSON that files hold: not escaped where it can be encoded."""
    separators = (",", ": " if indent else ":")
    text = json.dumps(provenance, ensure_ascii=False, separators=separators, default=str, indent=indent)
    if text.isascii() or text.encode("utf-8", "replace").decode() == text:
        return text
    return json.dumps(provenance, separators=separators, default=str, indent=indent)


def find_sidecar(path: Path) -> Path:
    """Return the path of the JSON file beside an image."""
    return path.with_name(path.name + ".json")


def _embed_in_png(content: bytes, text: str) -> bytes:
    length, kind = struct.unpack(">I4s", content[8:16])
    if kind != b"IHDR":
        return content
    end = 8 + 12 + length
    body = b"iTXt" + _KEYWORD + b"\0" + b"\1\0" + b"\0" + b"\0" + zlib.compress(text.encode(), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:end] + chunk + content[end:]


def _extract_from_png(content: bytes) -> str | None:
    offset = 8
    while offset + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[offset : offset + 8])
        data = content[offset + 8 : offset + 8 + length]
        if kind == b"iTXt" and data.startswith(_KEYWORD + b"\0"):
            compressed = data[len(_KEYWORD) + 1]
            *_, packed = data[len(_KEYWORD) + 3 :].split(b"\0", 2)
            # A kilobyte may claim to be a gigabyte.
            return (zlib.decompressobj().decompress(packed, _MAX_TEXT_BYTES) if compressed else packed).decode()
        offset += 12 + length
    return None


def _embed_in_jpeg(content: bytes, text: str) -> bytes:
    data = text.encode()
    pieces = [data[start : start + _MAX_SEGMENT] for start in range(0, len(data), _MAX_SEGMENT)]
    comment = b""
    for index, piece in enumerate(pieces, 1):
        body = _COMMENT + b"%d/%d " % (index, len(pieces)) + piece
        comment += b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body
    # Behind the application segments, of which JFIF's and Exif's must come first.
    end = 2
    for kind, start, length in _iterate_segments(content):
        if not 0xE0 <= kind <= 0xEF:
            break
        end = start + 4 + length
    return content[:end] + comment + content[end:]


def _extract_from_jpeg(content: bytes) -> str | None:
    segments = _iterate_segments(content)
    return _join_comments(content[start + 4 : start + 4 + length] for kind, start, length in segments if kind == 0xFE)


def _join_comments(comments: Iterable[bytes]) -> str | None:
    pieces: dict[int, bytes] = {}
    for comment in comments:
        numbered = re.match(rb"qwave (\d{1,6})/\d{1,6} ", comment)
        if numbered:
            pieces[int(numbered[1])] = comment[numbered.end() :]
    return b"".join(pieces[index] for index in sorted(pieces)).decode() if pieces else None


def _iterate_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, offset and length of each segment before the image's data."""
    offset = 2
    while offset + 4 <= len(content) and content[offset] == 0xFF:
        kind = content[offset + 1]
        if kind == 0xDA:
            return
        length = struct.unpack(">H", content[offset + 2 : offset + 4])[0] - 2
        if length < 0:
            return
        yield kind, offset, length
        offset += 4 + length


def _embed_in_webp(content: bytes, text: str) -> bytes:
    chunks = list(_iterate_chunks(content))
    if not chunks or any(kind == b"XMP " for kind, _ in chunks):
        return content
    kind, data = chunks[0]
    if kind == b"VP8X":
        chunks[0] = (kind, bytes([data[0] | _XMP_FLAG]) + data[1:])
    else:
        width, height, alpha = _read_webp_size(kind, data)
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


def _extract_from_webp(content: bytes) -> str | None:
    packets = (data for kind, data in _iterate_chunks(content) if kind == b"XMP ")
    return next((text for packet in packets if (text := _find_in_packet(packet)) is not None), None)


def _find_in_packet(packet: bytes) -> str | None:
    found = re.search(r"<qwave:request>(.*?)</qwave:request>", packet.decode(), re.DOTALL)
    return html.unescape(found[1]) if found else None


def _iterate_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 12
    end = min(len(content), 8 + struct.unpack("<I", content[4:8])[0])
    while offset + 8 <= end:
        kind, length = struct.unpack("<4sI", content[offset : offset + 8])
        yield kind, content[offset + 8 : offset + 8 + length]
        offset += 8 + length + length % 2


def _read_webp_size(kind: bytes, data: bytes) -> tuple[int, int, bool]:
    """Return width, height and transparency of a file without an extended header."""
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if kind != b"VP8 " or data[3:6] != b"\x9d\x01\x2a":
        raise ValueError(kind)
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF, False


def make_slug(text: str) -> str:
    """Return the first words of a text as a part of a file name, in its own alphabet."""
    plain = unicodedata.normalize("NFKC", text[:400]).lower()
    words = re.findall(r"[^\W_]+", plain)
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word
        # File systems count bytes, and a Chinese character has three.
        if len(longer.encode()) > _MAX_SLUG_BYTES:
            break
        name = longer
    if not name and words:
        name = words[0].encode()[:_MAX_SLUG_BYTES].decode(errors="ignore")
    return name or "image"


def make_ascii(slug: str) -> str:
    """Return what is left of a slug in ASCII."""
    plain = unicodedata.normalize("NFKD", slug).encode("ascii", "ignore").decode()
    return re.sub("-+", "-", plain).strip("-") or "image"


def make_portable(name: str) -> str:
    """Return a file name that no Windows reserves for a device."""
    stem, dot, suffix = name.partition(".")
    return f"{stem.rstrip()}_{dot}{suffix}" if stem.strip().upper() in _RESERVED else name


def short_id(job_id: str) -> str:
    """Return the first eight letters of a job's id: what people read and type."""
    return re.sub(r"[^0-9a-zA-Z]", "", job_id)[:8] or "0"


def make_file_stem(slug: str, job_id: str, index: int, created: float) -> str:
    """Return ``<local date>-<slug>-<short id>-<index>``; the suffix depends on the image's true format."""
    date = datetime.fromtimestamp(created, tz=UTC).astimezone().date()
    return f"{date.isoformat()}-{slug}-{short_id(job_id)}-{index}"


def read_file_stem(stem: str, job_id: str) -> tuple[int, int] | None:
    """The index in a name that an image of this job is saved under, and the number behind it; None for other names."""
    # A copy that somebody makes has more behind its index: "-Copy1", " copy", "(1)".
    numbers = r"([0-9]{1,6})(?:-([0-9]{1,6}))?"
    found = re.fullmatch(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}-.+-{short_id(job_id)}-{numbers}", stem)
    return None if found is None else (int(found[1]), int(found[2] or 1))
