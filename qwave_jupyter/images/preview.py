"""Previews: small enough for a saved notebook, sharp enough to judge an image by; and what a notebook holds of them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from qwave_jupyter import i18n
from qwave_jupyter.arguments import require_positive
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.folders import is_file, replace_file
from qwave_jupyter.images import contact_sheet, image_io, pixels
from qwave_jupyter.settings import EMBED_CHOICES
from qwave_jupyter.tracebacks import contain, log_problem
from qwave_jupyter.views.templating import render_template

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "MAX_SHEET_BYTES",
    "MimeBundle",
    "NotebookSize",
    "Preview",
    "PreviewOptions",
    "find_thumbnail",
    "measure_notebook",
    "preview_file",
    "preview_sheet",
    "render_preview",
    "shrink",
    "to_mimebundle",
    "write_thumbnail",
]

#: Data and metadata by MIME type, as IPython displays them.
MimeBundle: TypeAlias = tuple[dict[str, str], dict[str, dict[str, str | int]]]

#: A 768 px JPEG of a detailed image weighs 54 to 163 KB at quality 85; this holds one under 160 KB as base64.
_MAX_BYTES = 110_000
MAX_SHEET_BYTES = 280_000
_QUALITIES = (85, 80, 74, 68, 60, 50, 40)
_MAX_CACHED = 2000
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png"}
_EMBEDDABLE = {"png": "image/png", "jpeg": "image/jpeg"}
#: Bytes of a preview of ours with its text; what is larger was embedded in full or by something else.
_MAX_PREVIEW_OUTPUT = 420_000
_MAX_CELLS_LISTED = 12


@dataclass(frozen=True)
class PreviewOptions:
    """How images are previewed: long side in pixels, cache folder or None, and one of ``EMBED_CHOICES``."""

    preview_px: int = 768
    cache: Path | None = None
    embed: str = "preview"

    def override(self, *, embed: str | None = None, preview_px: int | None = None) -> PreviewOptions:
        """Return these options with what is given instead."""
        if preview_px is not None:
            require_positive("preview_px", preview_px)
        if embed is not None and embed not in EMBED_CHOICES:
            raise OptionMistake(
                "options.argument", name="embed", allowed=list(EMBED_CHOICES), given=i18n.PrintableValue(embed)
            )
        return replace(self, preview_px=round(preview_px or self.preview_px), embed=embed or self.embed)


@dataclass(frozen=True)
class Preview:
    """An image as an output holds it."""

    mime: str
    content: bytes
    width: int
    height: int

    def base64(self) -> str:
        """Return the content as notebooks store it."""
        return base64.b64encode(self.content).decode("ascii")

    def data_uri(self) -> str:
        """Return the content as the address of an HTML image."""
        return f"data:{self.mime};base64,{self.base64()}"


def to_mimebundle(preview: Preview | None, text: str, alt: str, *, in_html: bool = False) -> MimeBundle:
    """Return a preview, if there is one, with its text twin and alternative text; ``in_html`` as an ``<img>`` too."""
    if preview is None:
        return {"text/plain": text}, {}
    data = {"text/plain": text, preview.mime: preview.base64()}
    # JupyterLab 4.6, Notebook 7.6 and nbconvert's lab template take width and height and drop ``alt``; nbconvert's
    # classic template takes all three. HTML keeps it everywhere, at a price: the image is stored twice, and a Markdown
    # export shows it from there instead of a file.
    if in_html:
        data["text/html"] = render_template("image.html", image=preview, alt=alt)
    return data, {preview.mime: {"alt": alt, "width": preview.width, "height": preview.height}}


def preview_file(path: Path, options: PreviewOptions) -> Preview | None:
    """Return the preview of one file; None for a link, or where there is no such image any more."""
    if options.embed == "link":
        return None
    with contain("preview"):
        path.stat()
        info = image_io.probe(path) if options.embed == "full" else None
        if info is not None and info.format in _EMBEDDABLE:
            return Preview(_EMBEDDABLE[info.format], path.read_bytes(), info.width, info.height)
        # A full WebP would be nothing but text in an HTML export, so it is shown as a preview of its own size.
        side = max(info.width, info.height) if info is not None else options.preview_px
        key = _make_cache_key(side, _read_file_version(path))
        return _cache(options.cache, key, lambda: render_preview(shrink(image_io.load(path), side)))
    return None


def write_thumbnail(path: Path, small: Image.Image, options: PreviewOptions) -> None:
    """Cache the preview of a new file from the image that :func:`shrink` returned."""
    _write_cache(options.cache, _make_cache_key(options.preview_px, _read_file_version(path)), render_preview(small))


def find_thumbnail(path: Path, options: PreviewOptions) -> Path:
    """Return the cached preview of a file, which is decoded in a hundredth of the time; else the file itself."""
    if options.cache is None or preview_file(path, replace(options, embed="preview")) is None:
        return path
    key = _make_cache_key(options.preview_px, _read_file_version(path))
    cached = [options.cache / f"{key}.{suffix}" for suffix in _SUFFIXES.values()]
    return next((file for file in cached if file.is_file()), path)


def preview_sheet(paths: Sequence[Path], captions: Sequence[str], options: PreviewOptions) -> Preview | None:
    """Return a contact sheet of several files, of twice the size where they are embedded in full; None for a link."""
    if options.embed == "link":
        return None
    width = options.preview_px * 2 if options.embed == "full" else options.preview_px
    key = _make_cache_key(width, *zip(map(_read_file_version, paths), captions, strict=True))

    def render() -> Preview:
        files = (find_thumbnail(path, options) for path in paths)
        tiles = [contact_sheet.Tile(file, caption) for file, caption in zip(files, captions, strict=True)]
        return render_preview(contact_sheet.draw_sheet(tiles, width=width), max_bytes=MAX_SHEET_BYTES)

    with contain("contact sheet"):
        return _cache(options.cache, key, render)
    return None


def render_preview(image: Image.Image, *, max_bytes: int = _MAX_BYTES) -> Preview:
    """Encode an image of its final size in at most ``max_bytes``, as far as quality allows."""
    from PIL import Image

    width, height = image.size
    if _is_transparent(image):
        image = image.convert("RGBA")
        content = _encode(image, "PNG", optimize=True)
        if len(content) > 3 * max_bytes:
            content = _encode(image.quantize(256, method=Image.Quantize.FASTOCTREE), "PNG", optimize=True)
        return Preview("image/png", content, width, height)
    image = image.convert("RGB")
    content = b""
    for quality in _QUALITIES:
        content = _encode(image, "JPEG", quality=quality, optimize=True, progressive=True)
        if len(content) <= max_bytes:
            break
    return Preview("image/jpeg", content, width, height)


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Scale a decoded image as people see it, in place where that is possible, to a long side of ``side`` pixels."""
    from PIL import Image

    image = pixels.normalize(image).image
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _is_transparent(image: Image.Image) -> bool:
    if "transparency" in image.info:
        return True
    if image.mode not in {"RGBA", "LA", "PA", "RGBa"}:
        return False
    lowest = image.getchannel("A").getextrema()[0]
    return isinstance(lowest, (int, float)) and lowest < 255


def _encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, format_name, **options)
    return target.getvalue()


def _read_file_version(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
        return str(path.resolve()), stat.st_mtime_ns, stat.st_size
    except (OSError, ValueError, RuntimeError):
        return str(path), 0, 0


def _make_cache_key(side: int, *parts: object) -> str:
    return hashlib.sha256(repr((side, list(parts))).encode()).hexdigest()[:40]


def _cache(folder: Path | None, key: str, render: Callable[[], Preview]) -> Preview:
    return _read_cache(folder, key) or _write_cache(folder, key, render())


def _read_cache(folder: Path | None, key: str) -> Preview | None:
    if folder is None:
        return None
    for mime, suffix in _SUFFIXES.items():
        try:
            content = (folder / f"{key}.{suffix}").read_bytes()
            info = image_io.probe(content)
        except FileNotFoundError:
            continue
        except (OSError, image_io.NotAnImage) as problem:
            log_problem("cached preview", problem)
            continue
        return Preview(mime, content, info.width, info.height)
    return None


def _write_cache(folder: Path | None, key: str, preview: Preview) -> Preview:
    if folder is None:
        return preview
    # A preview that can't be cached is made again the next time.
    with contain("preview cache"):
        folder.mkdir(parents=True, exist_ok=True)
        _prune(folder)
        replace_file(folder / f"{key}.{_SUFFIXES[preview.mime]}", preview.content)
    return preview


def _prune(folder: Path) -> None:
    files = list(folder.iterdir())
    if len(files) <= _MAX_CACHED:
        return
    aged = []
    for file in files:
        # Another kernel may prune at the same moment.
        with contextlib.suppress(OSError):
            aged.append((file.stat().st_mtime, file))
    for _, old in sorted(aged)[: _MAX_CACHED // 4]:
        old.unlink(missing_ok=True)


@dataclass(frozen=True)
class CellSize:
    """How many bytes the images of one cell take; ``cell`` is its number, from 1, and ``first`` its first line."""

    cell: int
    first: str
    images: int
    size: int


@dataclass(frozen=True)
class NotebookSize:
    """How many bytes a notebook and its images take; the cells with images, the largest first."""

    path: Path
    total: int
    images: int
    cells: tuple[CellSize, ...] = ()

    def __repr__(self) -> str:
        lines = [i18n.text("generation.weight", name=self.path.name, total=_format_size(self.total))]
        count = len(self.cells)
        lines[0] += i18n.text("generation.weight_images", size=_format_size(self.images), cells=count, count=count)
        for cell in self.cells[:_MAX_CELLS_LISTED]:
            mark = i18n.text("generation.weight_heavy") if cell.size > _MAX_PREVIEW_OUTPUT else ""
            lines.append(f"  {_format_size(cell.size):>9}  [{cell.cell}] {cell.first}{mark}")
        if any(cell.size > _MAX_PREVIEW_OUTPUT for cell in self.cells):
            lines.append(i18n.text("generation.weight_shrink"))
        return "\n".join(lines)


def measure_notebook(path: Path) -> NotebookSize:
    """Measure an ``.ipynb`` as it was last saved; raises OptionMistake where there is none."""
    try:
        # A pipe or a device may never end.
        content = path.read_bytes() if is_file(path) else b""
        cells = list(json.loads(content)["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OptionMistake("generation.no_notebook", path=path) from None
    sizes = [size for number, cell in enumerate(cells, 1) if (size := _measure_cell(number, cell)) is not None]
    sizes.sort(key=lambda size: -size.size)
    return NotebookSize(path, len(content), sum(size.size for size in sizes), tuple(sizes))


def _measure_cell(number: int, cell: object) -> CellSize | None:
    if not isinstance(cell, Mapping):
        return None
    sizes = [
        len(value) if isinstance(value, str) else len(json.dumps(value))
        for output in cell.get("outputs") or ()
        for mime, value in (output.get("data") or {}).items()
        if mime.startswith("image/") or (mime == "text/html" and "data:image" in "".join(value))
    ]
    if not sizes:
        return None
    source = cell.get("source") or ""
    first = ("".join(source).strip().splitlines() or [""])[0]
    return CellSize(number, first[:70], len(sizes), sum(sizes))


def _format_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
