"""Previews for outputs: small enough for a notebook to be kept, sharp enough to judge a picture by.

JPEG, and lighter until it fits its budget; PNG only where there is transparency. Made when somebody looks, and kept in
a folder of ours, never among the pictures.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.images import image_io

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.images.gallery import Gallery, Showing

__all__ = ["Preview", "preview_file", "preview_sheet", "render_preview", "shrink", "thumbnail_path", "write_thumbnail"]

#: A 768 px JPEG of a detailed picture weighs 54 to 163 KB at quality 85; this holds one under 160 KB as base64.
MOST_BYTES = 110_000
MOST_SHEET_BYTES = 280_000
_QUALITIES = (85, 80, 74, 68, 60, 50, 40)
_MOST_KEPT = 2000
_SHOWN_IN_FULL = {"png": "image/png", "jpeg": "image/jpeg"}


@dataclass(frozen=True)
class Preview:
    """A picture as an output holds it.

    Args:
        mime: ``image/jpeg`` or ``image/png``.
        content: the file's bytes.
        width: pixels.
        height: pixels.
    """

    mime: str
    content: bytes
    width: int
    height: int

    def base64(self) -> str:
        """The content as notebooks store it."""
        return base64.b64encode(self.content).decode("ascii")


def preview_file(path: Path, showing: Showing) -> Preview | None:
    """The preview of one file; None for a link, or when the file isn't there or isn't a picture any more.

    Args:
        path: the file.
        showing: how to show it.
    """
    if showing.embed == "link":
        return None
    try:
        path.stat()
        facts = image_io.look(path) if showing.embed == "full" else None
        if facts is not None and facts.format in _SHOWN_IN_FULL:
            return Preview(_SHOWN_IN_FULL[facts.format], path.read_bytes(), facts.width, facts.height)
        # A full WebP would be nothing but text in an HTML export, so it is shown as a preview of its own size.
        side = max(facts.width, facts.height) if facts is not None else showing.preview_px
        name = _name(side, [_stamp(path)])
        return _cached(showing.cache, name) or _keep(showing.cache, name, _of_picture(path, side))
    except (OSError, image_io.NotAPicture):
        return None


def write_thumbnail(path: Path, small: Image.Image, showing: Showing) -> None:
    """Keep a new file's preview while the picture is at hand, so that nobody waits for it to be decoded once more.

    Args:
        path: the file, under its final name.
        small: the picture as :func:`shrunk` made it.
        showing: how it will be shown.
    """
    _keep(showing.cache, _name(showing.preview_px, [_stamp(path)]), render_preview(small))


def thumbnail_path(path: Path, showing: Showing) -> Path:
    """A file that looks the same on a contact sheet and takes a hundredth of the time to decode; else the file itself.

    Args:
        path: the picture.
        showing: how it is shown.
    """
    if showing.cache is None or preview_file(path, replace(showing, embed="preview")) is None:
        return path
    name = _name(showing.preview_px, [_stamp(path)])
    kept = [showing.cache / f"{name}.{ending}" for ending in ("jpg", "png")]
    return next((file for file in kept if file.is_file()), path)


def preview_sheet(gallery: Gallery, showing: Showing) -> Preview | None:
    """The preview of several pictures: one contact sheet.

    Args:
        gallery: the pictures.
        showing: how to show them.
    """
    from qwave_jupyter.images import contact_sheet

    if showing.embed == "link":
        return None
    width = showing.preview_px * 2 if showing.embed == "full" else showing.preview_px
    captions = gallery.captions()
    stamps = [_stamp(image.path) for image in gallery]
    name = _name(width, zip(stamps, captions, strict=True))
    found = _cached(showing.cache, name)
    if found is not None:
        return found
    tiles = [
        contact_sheet.Tile(thumbnail_path(image.path, showing), caption)
        for image, caption in zip(gallery, captions, strict=True)
    ]
    sheet = contact_sheet.draw(tiles, width=width)
    return _keep(showing.cache, name, render_preview(sheet, most_bytes=MOST_SHEET_BYTES))


def render_preview(picture: Image.Image, *, most_bytes: int = MOST_BYTES) -> Preview:
    """A picture of its final size as the lightest file that still looks right.

    Args:
        picture: any PIL image.
        most_bytes: what it may weigh, as far as quality allows.
    """
    from PIL import Image

    width, height = picture.size
    if _is_transparent(picture):
        picture = picture.convert("RGBA")
        content = _encoded(picture, "PNG", optimize=True)
        if len(content) > 3 * most_bytes:
            content = _encoded(picture.quantize(256, method=Image.Quantize.FASTOCTREE), "PNG", optimize=True)
        return Preview("image/png", content, width, height)
    picture = picture.convert("RGB")
    content = b""
    for quality in _QUALITIES:
        content = _encoded(picture, "JPEG", quality=quality, optimize=True, progressive=True)
        if len(content) <= most_bytes:
            break
    return Preview("image/jpeg", content, width, height)


def shrink(picture: Image.Image, side: int) -> Image.Image:
    """A decoded picture in the size of its preview; the memory of the large one is given up.

    Args:
        picture: any PIL image.
        side: the long side in pixels.
    """
    from PIL import Image

    if picture.mode in {"P", "1", "I;16", "I", "F", "CMYK"}:
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture


def _of_picture(path: Path, side: int) -> Preview:
    with image_io.load(path) as picture:
        return render_preview(shrink(picture, side))


def _is_transparent(picture: Image.Image) -> bool:
    if "transparency" in picture.info:
        return True
    if picture.mode not in {"RGBA", "LA", "PA", "RGBa"}:
        return False
    lowest = picture.getchannel("A").getextrema()[0]
    return isinstance(lowest, (int, float)) and lowest < 255


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path.resolve()), stat.st_mtime_ns, stat.st_size


def _name(side: int, parts: Iterable[object]) -> str:
    return hashlib.sha256(repr((side, list(parts))).encode()).hexdigest()[:40]


def _cached(folder: Path | None, name: str) -> Preview | None:
    if folder is None:
        return None
    for ending, mime in (("jpg", "image/jpeg"), ("png", "image/png")):
        try:
            content = (folder / f"{name}.{ending}").read_bytes()
            facts = image_io.look_at_bytes(content)
        except (OSError, image_io.NotAPicture):
            continue
        return Preview(mime, content, facts.width, facts.height)
    return None


def _keep(folder: Path | None, name: str, preview: Preview) -> Preview:
    if folder is None:
        return preview
    # A preview that can't be kept is made again the next time.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _prune(folder)
        # A name of its own: threads and kernels may make the same preview at once, and half a file must never be seen.
        part = folder / f"{name}.{uuid.uuid4().hex[:8]}.part"
        try:
            part.write_bytes(preview.content)
            part.replace(folder / f"{name}.{'jpg' if preview.mime == 'image/jpeg' else 'png'}")
        finally:
            part.unlink(missing_ok=True)
    return preview


def _prune(folder: Path) -> None:
    kept = list(folder.iterdir())
    if len(kept) <= _MOST_KEPT:
        return
    aged = []
    for file in kept:
        # Another kernel may prune at the same moment.
        with contextlib.suppress(OSError):
            aged.append((file.stat().st_mtime, file))
    for _, old in sorted(aged)[: _MOST_KEPT // 4]:
        old.unlink(missing_ok=True)
