"""Whatever a user calls an image, as what a model takes: a URL, or a data URI where its page allows bytes.

A URL is passed on and never fetched. Bytes that a page allows are sent as they are; only what is too heavy, in a format
that isn't allowed, or not what people see (stored sideways, of more than 8 bits, of several frames) is encoded anew,
with a notice. The bytes are released when the job has ended; the journal keeps them by their content.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import inspect
import io
import os
import re
import traceback
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qwave_jupyter.arguments import find_name
from qwave_jupyter.catalog import Violation
from qwave_jupyter.client.image_links import classify_address, literal_address
from qwave_jupyter.errors import OptionMistake, ReferenceMistake
from qwave_jupyter.folders import expand, is_file
from qwave_jupyter.images import image_io, pixels
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.pixels import NormalizedImage
from qwave_jupyter.jobs.journal.blobs import Blobs, map_strings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from qwave_jupyter.catalog import Model
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.types import Namespace, Values

__all__ = [
    "Reference",
    "find_image",
    "flatten_images",
    "is_empty",
    "release_bytes",
    "release_frames",
    "require_image",
    "resolve",
    "restore_bytes",
    "scale_mask",
    "unreadable_mistake",
]

_MEGABYTE = 2**20
#: A link that dies within the time that a queue may take is no link any more.
_MIN_LINK_LIFE = 600.0
#: Above this a data URI is no reference image but an accident, whatever a page says.
_MAX_BYTES = 100 * _MEGABYTE
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w=.+-]+)*),", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]+", re.IGNORECASE)
#: Another address behind what separates several; one that is a part of an address stands behind a slash or a sign.
_NEXT_URL = re.compile(r"[\s,;|，、；｜](?=https?://|data:image/)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: A path has no empty folder, so an address loses a slash in it.
_URL_AS_PATH = re.compile(r"https?:[/\\]", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_BYTES = (bytes, bytearray, memoryview)
#: What texts are that nobody means as a path, as :func:`image_io.identify` names it.
_NO_PATHS = frozenset({"base64", "html", "svg"})
_MIME = re.compile(r"(?:image|application)/[\w+-]+")
_QUALITIES = (92, 85, 75)
#: Lists of images in lists; what is deeper holds itself.
_MAX_DEPTH = 50
#: Of an image that was turned and keeps its format.
_TURNED_QUALITY = 95
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"
#: A sign of percent that encodes nothing.
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
#: Names that no public resolver knows: reserved (RFC 6761, 6762, 8375; ICANN's .internal), or in use by routers.
_LOCAL_NAMES = (
    *(".local", ".localhost", ".test", ".invalid", ".home.arpa", ".internal"),
    *(".corp", ".home", ".intranet", ".lan", ".localdomain", ".private", ".fritz.box"),
)
#: What pages let be painted anew: a mask's pixels of this alpha, "fully transparent", or those from this value on.
_TRANSPARENT, _WHITE = 0, 128


@dataclass(frozen=True)
class Reference:
    """One image that goes along with a request."""

    uri: str
    content_id: str
    size: tuple[int, int] | None = None
    weight: int | None = None
    format: str = ""
    notices: tuple[Violation, ...] = ()
    #: The size before it was made lighter, where that made it smaller.
    former_size: tuple[int, int] | None = None

    @property
    def is_bytes(self) -> bool:
        """Whether the image itself is sent."""
        return self.uri.startswith("data:")


@dataclass(frozen=True)
class ImageLimits:
    """What a model's page says of bytes.

    Args:
        model: the model id.
        takes_bytes: whether they are documented.
        max_mb: megabytes of each image, or None.
        formats: by their names, or empty.
        others: the models that would take bytes; asked only for the text of an error.
        alpha: of a mask, whether its transparent area is painted anew; None where no page says.
    """

    model: str
    takes_bytes: bool = True
    max_mb: float | None = None
    formats: tuple[str, ...] = ()
    others: Callable[[], Sequence[str]] = tuple
    alpha: bool | None = None

    @classmethod
    def of(cls, model: Model, parameter: str, others: Callable[[], Sequence[str]]) -> ImageLimits:
        """The limits of a model's reference images or of its mask."""
        taken = model.references
        formats = {_canonical_format(name) for name in taken.formats}
        max_mb = taken.max_mb
        alpha = None
        if parameter == "mask" and model.mask is not None:
            formats = {_canonical_format(name) for name in model.mask.formats} or {"png"}
            max_mb = model.mask.max_mb or max_mb
            alpha = model.mask.alpha
        return cls(model.id, taken.takes_bytes, max_mb, tuple(sorted(formats)), others, alpha)

    @property
    def max_bytes(self) -> float:
        """The most that one image may weigh."""
        return min(_MAX_BYTES, self.max_mb * _MEGABYTE if self.max_mb else _MAX_BYTES)


def flatten_images(given: object, within: tuple[int, ...] = ()) -> Iterator[object]:
    """The single images of whatever an option holds: one, several, a gallery, or what was uploaded.

    Args:
        given: what an option holds. None and an empty list are how programs leave images out. What holds no image
            otherwise, such as an empty upload, and a list that holds itself or is nested too deeply, counts as one
            image, which is then refused.
        within: the ids of the lists that it lies in.
    """
    several = _find_several(given)
    if several is None or id(given) in within or len(within) == _MAX_DEPTH or is_empty(given):
        if given is not None and not (isinstance(given, list) and not given):
            yield given
        return
    for one in several:
        yield from flatten_images(one, (*within, id(given)))


def is_empty(given: object, depth: int = 0) -> bool:
    """Whether something holds no image where it should hold some, such as the value of an upload without a file."""
    several = _find_several(given)
    if several is None:
        return given is None
    return depth < _MAX_DEPTH and all(is_empty(one, depth + 1) for one in several)


def require_image(given: object, parameter: str) -> None:
    """Raise ReferenceMistake where something holds no image: left out, another image would be paid for."""
    if is_empty(given):
        raise _mistake("reference_nothing", parameter, type(given).__name__)


def _find_several(given: object) -> Iterable[object] | None:
    """What holds images one by one, an ipywidgets ``FileUpload`` and its value included; None for anything else."""
    if type(given).__name__ == "FileUpload":
        given = _get(given, "value")
    if isinstance(given, (set, frozenset)):
        # Several would go in another order in each process.
        return given if len(given) <= 1 else None
    if isinstance(given, (Gallery, list, tuple)):
        return given if _unwrap_content(given) is given else None
    if not isinstance(given, Mapping) or "content" in given:
        return None
    # Early releases of ipywidgets map the names of files to them.
    files = list(given.values())
    return files if all(isinstance(one, Mapping) and "content" in one for one in files) else None


def _unwrap_content(given: object) -> object:
    """What holds one image beside its name or kind without these: an upload, a form's file, an address in its parts."""
    if isinstance(given, Mapping):
        return given.get("content")
    if isinstance(given, (urllib.parse.ParseResult, urllib.parse.SplitResult)):
        return given.geturl()
    if not isinstance(given, tuple) or not 2 <= len(given) <= 4:
        return given
    name, content, *more = given
    is_name = name is None or (isinstance(name, str) and not _URL.match(name) and not name.lower().startswith("data:"))
    is_content = isinstance(content, _BYTES) or callable(_get(content, "read"))
    is_form = is_name and is_content and all(one is None or isinstance(one, (str, Mapping)) for one in more)
    is_kind = not more or more[0] is None or _MIME.fullmatch(str(more[0]))
    return content if is_form and is_kind and not (name and _is_other_file(str(name), content)) else given


def _is_other_file(name: str, content: Any) -> bool:
    """Whether a file of that name holds something else, so that both are images."""
    if not is_file(name):
        return False
    opened = _get(content, "name")
    if isinstance(opened, str):
        return Path(opened).name != Path(name).name
    with contextlib.suppress(OSError, ValueError):
        held = content.getvalue() if callable(_get(content, "getvalue")) else content
        return isinstance(held, _BYTES) and expand(name).read_bytes() != bytes(held)
    return False


def find_image(text: str, variables: Namespace) -> object:
    """What a text means as an image: the variable of that name, before a folder, but after a file; else the text."""
    name = None if not text.isidentifier() or is_file(text) else find_name(text, variables)
    return text if name is None else variables[name]


def resolve(given: object, parameter: str, limits: ImageLimits, *, now: float, demo: bool = False) -> Reference:
    """One image as the model takes it.

    Args:
        given: an http(s) URL, a data URI, a path, a PIL image, a NumPy array (height × width, or × 1, 3 or 4; colours
            and alpha each 0–255, or 0–1 for floats, booleans and masks), a Matplotlib figure, raw bytes of an
            image file, a file opened for reading bytes, an upload or image of ipywidgets or IPython, an earlier result,
            or anything that has a ``_qwave_image_()``, such as a mask brush.
        parameter: ``images`` or ``mask``.
        limits: what the model's page says of bytes.
        now: Unix seconds.
        demo: whether the built-in demo serves; the link to an earlier result of another server is not sent.

    Raises:
        ReferenceMistake: it can't be used; ``fields["mistake"]`` is the structured mistake.
    """
    if isinstance(given, GeneratedImage):
        return _from_result(given, parameter, limits, now, demo=demo)
    if isinstance(given, Reference):
        # It was read before, for this very model.
        return given
    require_image(given, parameter)
    if isinstance(given, os.PathLike):
        return _from_file(_to_path(given, parameter), parameter, limits)
    held = _find_held(given, parameter)
    if isinstance(held, str):
        return _from_text(held.strip(), parameter, limits)
    if held is not None:
        return _from_content(held, parameter, limits)
    return _from_seen(_see(given, parameter), parameter, limits)


def _to_path(given: os.PathLike[Any], parameter: str) -> Path:
    with _foreign_code(given, parameter):
        return Path(os.fsdecode(given))


def _from_text(text: str, parameter: str, limits: ImageLimits) -> Reference:
    if _URL.match(text):
        url = _encode_url(text, parameter)
        return Reference(url, url, notices=_check_reach(url, parameter))
    if text[:5].lower() == "data:":
        return _from_uri(text, parameter, limits)
    if _SCHEME.match(text):
        raise _mistake("reference_scheme", parameter, text.split("://", maxsplit=1)[0])
    if not text:
        raise _mistake("reference_nothing", parameter, "")
    kind = image_io.identify(text[:4096].encode("utf-8", "replace"))
    if kind in _NO_PATHS and not is_file(text):
        raise _mistake("reference_not_an_image", parameter, f"{text[:20]}…", detail={"what": kind})
    return _from_file(Path(text), parameter, limits)


def _encode_url(text: str, parameter: str) -> str:
    """A URL whose blanks, foreign characters and others that no URL may hold are encoded as a server expects them."""
    if _NEXT_URL.search(text):
        raise _mistake("reference_several_urls", parameter, text[:80])
    try:
        parts = urllib.parse.urlsplit(text)
        user, at, host = parts.netloc.rpartition("@")
        # Some read a backslash as a slash. Reading a port judges it.
        if (
            not parts.hostname
            or parts.port == 0
            or re.search(r"[\s\"<>\\^`{|}]", host)
            or "\\" in text
            or _CONTROL.search(text)
        ):
            raise ValueError(host)  # noqa: TRY301 - like what urllib raises
        place = urllib.parse.quote(user, safe="%:") + at + (host if host.isascii() else host.encode("idna").decode())
        encoded = [_BARE_PERCENT.sub("%25", urllib.parse.quote(part, safe=_URL_CHARACTERS)) for part in parts[2:]]
    except ValueError:
        raise _mistake("reference_bad_url", parameter, text[:80]) from None
    url = urllib.parse.urlunsplit((parts.scheme, place, *encoded))
    # Nothing had to be encoded: what urllib leaves out, such as an empty query, is a part of it.
    return text if url == parts.geturl() else url


def _check_reach(url: str, parameter: str) -> tuple[Violation, ...]:
    """A notice where only this machine or its network knows the address."""
    host = (urllib.parse.urlsplit(url).hostname or "").rstrip(".")
    literal = literal_address(host)
    if literal is not None:
        is_local = classify_address(literal) != "public"
    else:
        is_local = "." not in host or f".{host}".endswith(_LOCAL_NAMES)
    return (_notice("reference_local_address", parameter, host),) if is_local else ()


def _from_result(given: GeneratedImage, parameter: str, limits: ImageLimits, now: float, *, demo: bool) -> Reference:
    # The API can't reach the demo, which serves on this machine alone.
    alive = given.demo == demo and given.alive(now + _MIN_LINK_LIFE)
    if alive and given.url is not None and _URL.match(given.url):
        size = (given.width, given.height) if given.width and given.height else None
        return Reference(given.url, given.url, size, format=given.format)
    if not limits.takes_bytes:
        raise _mistake("reference_link_dead", parameter, given.path.name, limits)
    return _from_file(given.path, parameter, limits)


def _from_file(path: Path, parameter: str, limits: ImageLimits) -> Reference:
    if _URL_AS_PATH.match(str(path)):
        raise _mistake("reference_path_of_url", parameter, path)
    try:
        path = expand(path)
        if not path.is_file():
            raise _mistake("reference_is_folder" if path.is_dir() else "reference_no_file", parameter, path)
        if not limits.takes_bytes:
            raise _mistake("reference_url_only", parameter, path.name, limits)
        if path.stat().st_size > _MAX_BYTES:
            raise _mistake("reference_too_large", parameter, path.name, detail={"most": _MAX_BYTES // _MEGABYTE})
        content = path.read_bytes()
    except (OSError, ValueError, RuntimeError) as problem:
        detail = {"reason": getattr(problem, "strerror", None) or _describe(problem)}
        raise _mistake("reference_unreadable_file", parameter, path, detail=detail) from None
    return _from_content(content, parameter, limits, name=path.name)


def _from_uri(text: str, parameter: str, limits: ImageLimits) -> Reference:
    head = _DATA_URI.match(text)
    if head is None or ";base64" not in head[2].lower():
        raise _mistake("reference_bad_uri", parameter, text[:40])
    try:
        content = base64.b64decode(re.sub(r"\s+", "", text[head.end() :]), validate=True)
    except (binascii.Error, ValueError):
        raise _mistake("reference_bad_uri", parameter, text[:40]) from None
    return _from_content(content, parameter, limits, name="data:…")


def _from_content(content: bytes, parameter: str, limits: ImageLimits, name: str = "bytes") -> Reference:
    if not limits.takes_bytes:
        raise _mistake("reference_url_only", parameter, name, limits)
    try:
        image = image_io.load(content)
        facts = image_io.info_of(image)
        seen = pixels.normalize(image)
    except image_io.NotAnImage as problem:
        raise unreadable_mistake(problem, parameter, name, content) from None
    if parameter == "mask":
        seen = _stretch_mask(seen)
    is_allowed = not limits.formats or facts.format in limits.formats
    if len(content) <= limits.max_bytes and is_allowed and not seen.changes and seen.frames == 1:
        return _reference(content, facts, _check_pixels(seen, parameter, limits))
    return _from_seen(seen, parameter, limits, name=name, source=facts, weight=len(content))


def _from_seen(
    seen: NormalizedImage,
    parameter: str,
    limits: ImageLimits,
    *,
    name: str = "image",
    source: image_io.FileInfo | None = None,
    weight: int = 0,
) -> Reference:
    """An image that is encoded here, with a notice of everything that people would want to know."""
    if not limits.takes_bytes:
        raise _mistake("reference_url_only", parameter, name, limits)
    seen = _stretch_mask(seen) if parameter == "mask" else seen
    content, lightened = _encode(seen.image, parameter, limits, kept=source.format if source else "")
    facts = image_io.probe(content)
    detail: dict[str, object] = {
        "before": f"{weight / _MEGABYTE:.1f}",
        "after": f"{len(content) / _MEGABYTE:.1f}",
        "format": facts.format,
        "size": f"{facts.width}×{facts.height}",
        "most": limits.max_mb or "",
        "frame": seen.frame,
        "frames": seen.frames,
    }
    codes = [f"reference_{change}" for change in seen.changes if change != "turned" or source is not None]
    if seen.frames > 1:
        codes.append("reference_frame")
    if source is not None and weight > limits.max_bytes:
        codes.append("reference_lightened")
    elif source is not None and limits.formats and source.format not in limits.formats:
        codes.append("reference_reformatted")
    elif lightened:
        codes.append("reference_encoded_lightly")
    notices = (_notice(code, parameter, name, detail) for code in codes)
    reference = _reference(content, facts, (*notices, *_check_pixels(seen, parameter, limits)))
    return reference if reference.size == seen.image.size else replace(reference, former_size=seen.image.size)


def scale_mask(mask: Reference, image: Reference, limits: ImageLimits) -> Reference:
    """The mask as large as its image, where that had the mask's size before it was made smaller."""
    if image.size is None or mask.size is None or mask.size != image.former_size or not mask.is_bytes:
        return mask
    from PIL import Image

    drawn = image_io.load(base64.b64decode(mask.uri.partition(",")[2]))
    # What is transparent or white stays so, and nothing between is made up.
    content, _ = _encode(drawn.resize(image.size, Image.Resampling.NEAREST), "mask", limits)
    detail = {"size": f"{image.size[0]}×{image.size[1]}"}
    notices = (*mask.notices, _notice("mask_scaled", "mask", "mask", detail))
    return _reference(content, image_io.probe(content), notices)


def _stretch_mask(seen: NormalizedImage) -> NormalizedImage:
    """A mask whose colours or alpha are 0 and 1 as one of 0 and 255."""
    bands = seen.image.getbands()
    highest = {band: pixels.extrema(seen.image.getchannel(band))[1] for band in bands}
    alpha = highest.pop("A", 0)
    change_of = {"stretched": max(highest.values()) == 1, "alpha_stretched": alpha == 1}
    changes = tuple(change for change, is_needed in change_of.items() if is_needed)
    if not changes:
        return seen
    kept, stretched = range(256), (0, *[255] * 255)
    needed = (change_of["alpha_stretched" if band == "A" else "stretched"] for band in bands)
    image = seen.image.point([value for is_needed in needed for value in (stretched if is_needed else kept)])
    return replace(seen, image=image, changes=(*seen.changes, *changes))


def _check_pixels(seen: NormalizedImage, parameter: str, limits: ImageLimits) -> tuple[Violation, ...]:
    """A notice where the values of an image or a mask are hardly those that are meant."""
    code, most = _judge_mask(seen.image, limits) if parameter == "mask" else _judge_colours(seen)
    detail = {"most": most, "factor": 255 // max(1, most)}
    return (_notice(code, parameter, "mask" if parameter == "mask" else "image", detail),) if code else ()


def _judge_colours(seen: NormalizedImage) -> tuple[str, int]:
    """A notice for an image of which people see nothing, and its highest value: 0 and 1, or the numbers of classes."""
    image, has_alpha = seen.image, pixels.has_alpha(seen.image)
    alpha = int(pixels.extrema(image.getchannel("A"))[1]) if has_alpha else 255
    if alpha < pixels.MIN_RANGE:
        return "reference_nearly_transparent", alpha
    highest = _find_highest(image)
    # The white of twelve bits, 4095 of 65535, is rounded up to the first value that counts.
    least = pixels.MIN_RANGE + ("scaled" in seen.changes)
    if highest < least and has_alpha:
        # Black may show on what is transparent.
        highest = _find_highest(_flatten(image))
    return ("reference_nearly_black" if highest < least else ""), highest


def _find_highest(image: Image.Image) -> int:
    """The greatest value of the colours of an image."""
    return max(int(pixels.extrema(image.getchannel(band))[1]) for band in image.getbands() if band != "A")


def _judge_mask(image: Image.Image, limits: ImageLimits) -> tuple[str, int]:
    """A notice for a mask that marks nothing, everything, or in another way than the model, and its highest alpha."""
    has_alpha = pixels.has_alpha(image)
    lowest, highest = pixels.extrema(image.getchannel("A")) if has_alpha else (255, 255)
    is_transparent = lowest <= _TRANSPARENT
    darkest, lightest = pixels.extrema(image.convert("L"))
    is_white = lightest >= _WHITE
    if limits.alpha is None:
        # Where no page says what counts, an opaque white sheet with an alpha channel is no mask of either kind.
        is_editable = is_transparent or (is_white and (darkest < _WHITE or not has_alpha))
    else:
        is_editable = is_transparent if limits.alpha else is_white
    code = {True: "mask_not_transparent", False: "mask_not_white", None: "mask_nothing_editable"}[limits.alpha]
    # A mask that is fully transparent says so; an alpha of 2 in its place was hardly meant to be seen through.
    is_faint = limits.alpha is not False and is_transparent and 0 < highest < pixels.MIN_RANGE
    if is_editable:
        # White beside a hole, as where holes are repainted, may well be what is meant to stay.
        is_other_way = limits.alpha is False and is_transparent
        code = "mask_transparent" if is_other_way else "mask_nearly_transparent" if is_faint else ""
    return code, int(highest)


def _encode(image: Image.Image, parameter: str, limits: ImageLimits, kept: str = "") -> tuple[bytes, bool]:
    """A file that the page allows, of the kept format if it can be, and whether anything was given up for that."""
    allowed = limits.formats or ("jpeg", "png")
    has_alpha = pixels.has_alpha(image)
    if kept == "jpeg" and kept in allowed and parameter != "mask" and not has_alpha:
        content = _save_as(image, "JPEG", quality=_TURNED_QUALITY)
        if len(content) <= limits.max_bytes:
            return content, False
    best = b""
    if "png" in allowed:
        best = _save_as(image, "PNG", optimize=False)
        if len(best) <= limits.max_bytes:
            return best, False
    if parameter == "mask":
        # A mask must keep its size and its transparency, so there is nothing to give up.
        raise _mistake("reference_too_large", parameter, "mask", detail={"most": limits.max_mb})
    kind = "WEBP" if has_alpha and "webp" in allowed else "JPEG"
    if kind.lower() not in allowed and best == b"":
        kind = "WEBP"
    flat = image if kind == "WEBP" else _flatten(image)
    for scale in (1.0, 0.7, 0.5, 0.35, 0.25):
        sized = (
            flat if scale == 1.0 else flat.resize((max(1, int(flat.width * scale)), max(1, int(flat.height * scale))))
        )
        for quality in _QUALITIES:
            content = _save_as(sized, kind, quality=quality)
            if len(content) <= limits.max_bytes:
                return content, True
    raise _mistake("reference_too_large", parameter, "image", detail={"most": limits.max_mb})


def _flatten(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode not in {"RGBA", "LA"}:
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, (255, 255, 255))
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _save_as(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def _find_held(given: Any, parameter: str) -> bytes | str | None:
    """The content, address or path that an object is or holds: bytes, an open file, an upload, a displayed image."""
    given = _unwrap_content(given)
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        return given if isinstance(given, str) else bytes(given)
    if isinstance(given, (ModuleType, type)) or callable(_get(given, "_qwave_image_")):
        return None
    # A class may say anything of where it comes from.
    room = str(type(given).__module__).partition(".")[0]
    if room == "ipywidgets" and isinstance(held := _get(given, "value"), (bytes, memoryview)):
        return bytes(held).decode("utf-8", "replace") if _get(given, "format") == "url" else bytes(held)
    if room == "IPython":
        held = _get(given, "data")
        if isinstance(held, (bytes, str)):
            # A text is that of a drawing or a page.
            return held if isinstance(held, bytes) else held.encode("utf-8", "replace")
        address = _get(given, "url") if type(given).__name__ == "Image" else None
        return address if isinstance(address, str) else None
    return _read_file_object(given, parameter) if callable(_get(given, "read")) else None


def _get(given: object, name: str) -> Any:
    """An attribute of an object that isn't ours, or None; asking for it may fail in any way."""
    try:
        return getattr(given, name, None)
    except Exception:  # noqa: BLE001 - see above
        return None


def _read_file_object(file: Any, parameter: str) -> bytes:
    if inspect.iscoroutinefunction(_get(file, "read")):
        raise _mistake("reference_async", parameter, type(file).__name__)
    with _foreign_code(file, parameter):
        is_seekable = callable(getattr(file, "seekable", None)) and file.seekable()
        place = file.tell() if is_seekable else 0
        if is_seekable:
            # A buffer that was just written stands at its end.
            file.seek(0)
        try:
            content = file.read(_MAX_BYTES + 1)
        except UnicodeDecodeError:
            content = ""
        if is_seekable:
            file.seek(place)
    if inspect.iscoroutine(content):
        content.close()
        raise _mistake("reference_async", parameter, type(file).__name__)
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise _mistake("reference_text_file", parameter, type(file).__name__)
    if len(content) > _MAX_BYTES:
        raise _mistake("reference_too_large", parameter, type(file).__name__, detail={"most": _MAX_BYTES // _MEGABYTE})
    return bytes(content)


def _see(given: Any, parameter: str) -> NormalizedImage:
    """PIL image, control, figure or array as people see it."""
    from PIL import Image

    try:
        if isinstance(given, (ModuleType, type)):
            raise _mistake("reference_unknown_kind", parameter, _name_kind(given))
        if isinstance(given, Image.Image):
            return pixels.normalize(given)
        if callable(_get(given, "_qwave_image_")):
            return pixels.normalize(_read_control(given, parameter))
        if callable(_get(given, "savefig")):
            return pixels.normalize(_draw_figure(given, parameter))
        if any(_get(given, name) is not None for name in ("__array_interface__", "__array__")) and not _is_table(given):
            array = _to_array(given, parameter)
            if array.ndim == 1 and array.dtype.kind in "OUS":
                raise _mistake("reference_no_list", parameter, type(given).__name__)
            return pixels.from_array(array)
    except image_io.NotAnImage as problem:
        raise unreadable_mistake(problem, parameter, type(given).__name__) from None
    raise _mistake(_find_refusal(given), parameter, type(given).__name__)


def _find_refusal(given: object) -> str:
    """What to say of an object that is no image, though images may lie in it."""
    if isinstance(given, (set, frozenset)):
        return "reference_no_order"
    if isinstance(given, Mapping):
        return "reference_dict"
    is_outcome = type(given).__name__ == "Outcome"
    if is_outcome or any(callable(_get(given, name)) for name in ("result", "results")):
        return "reference_not_ended"
    if callable(_get(_get(given, "figure"), "savefig")):
        return "reference_in_figure"
    # The numbers of a column are no images either.
    is_column = _get(given, "to_frame") is not None and _get(_get(given, "dtype"), "kind") in {"O", "U"}
    is_iterable = isinstance(given, Iterable) and not isinstance(given, (list, tuple, Gallery))
    return "reference_no_list" if is_column or (is_iterable and not _is_table(given)) else "reference_unknown_kind"


def _is_table(given: object) -> bool:
    # Tables and their columns become arrays too, but nobody means them as pixels.
    return any(_get(given, name) is not None for name in ("iloc", "columns", "to_frame"))


def _name_kind(given: object) -> str:
    return "module" if isinstance(given, ModuleType) else "type"


def _read_control(given: Any, parameter: str) -> Image.Image:
    from PIL import Image

    with _foreign_code(given, parameter):
        image = given._qwave_image_()
    if image is None:
        raise _mistake("reference_nothing_painted", parameter, type(given).__name__)
    if not isinstance(image, Image.Image):
        raise _mistake("reference_unknown_kind", parameter, type(image).__name__)
    return image


def _draw_figure(given: Any, parameter: str) -> Image.Image:
    target = io.BytesIO()
    with _foreign_code(given, parameter):
        given.savefig(target, format="png", bbox_inches="tight")
    return image_io.load(target.getvalue())


def _to_array(given: Any, parameter: str) -> npt.NDArray[np.generic]:
    import numpy as np

    with _foreign_code(given, parameter):
        # Which values are masked is known to the subclass alone.
        return np.asanyarray(given)


@contextlib.contextmanager
def _foreign_code(given: object, parameter: str) -> Iterator[None]:
    """Refuse an object whose own code fails while it is read."""
    try:
        yield
    except ReferenceMistake:
        raise
    except Exception as problem:  # noqa: BLE001 - it isn't ours, so it may raise anything
        detail = {"reason": _describe(problem)}
        raise _mistake("reference_fails", parameter, type(given).__name__, detail=detail) from None


def _describe(problem: Exception) -> str:
    said = " ".join(str(problem).split())[:120]
    return f"{type(problem).__name__}: {said}" if said else type(problem).__name__


def unreadable_mistake(
    problem: image_io.NotAnImage, parameter: str, name: str, content: bytes | None = None
) -> ReferenceMistake:
    """The mistake for what can't be read as an image: what it is instead."""
    if problem.reason == "too_large":
        return _mistake("reference_too_many_pixels", parameter, name, detail={"most": image_io.MAX_PIXELS // 10**6})
    if problem.reason == "array":
        return _mistake("reference_bad_array", parameter, problem.detail)
    if content is not None and problem.reason in {"unknown", "broken", "raw"}:
        return _mistake("reference_not_an_image", parameter, name, detail={"what": image_io.identify(content)})
    return _mistake("reference_unusable", parameter, name, detail={"what": problem.reason})


def _reference(content: bytes, facts: image_io.FileInfo, notices: tuple[Violation, ...]) -> Reference:
    uri = f"data:image/{facts.format};base64,{base64.b64encode(content).decode('ascii')}"
    digest = hashlib.sha256(content).hexdigest()
    return Reference(uri, f"sha256:{digest}", (facts.width, facts.height), len(content), facts.format, notices)


def _notice(code: str, parameter: str, given: object, detail: Mapping[str, object] | None = None) -> Violation:
    return Violation(code, parameter, str(given), severity="warn", section="generation", detail=detail or {})


def _mistake(
    code: str,
    parameter: str,
    given: object,
    limits: ImageLimits | None = None,
    detail: Mapping[str, object] | None = None,
) -> ReferenceMistake:
    others = tuple(limits.others()) if limits is not None else ()
    fields = {"model": limits.model if limits is not None else "", **(detail or {})}
    found = Violation(code, parameter, str(given), others=others, detail=fields, section="generation")
    return ReferenceMistake("generation.reference", mistake=found)


def _canonical_format(name: str) -> str:
    folded = name.lower().lstrip(".")
    return "jpeg" if folded == "jpg" else folded


#: Shorter ones stay: what identifies an image isn't much shorter.
_RELEASED_FROM = 512


def release_bytes(request: Request) -> Request:
    """The request with what identifies each image in place of its bytes."""
    known = {one.uri: one.content_id for one in request.references}
    mimes: dict[str, str] = {}
    names: dict[str, str] = {}

    def name(text: str) -> str:
        if len(text) <= _RELEASED_FROM or not text.startswith("data:"):
            return text
        if text not in names:
            head, _, coded = text.partition(";base64,")
            names[text] = known.get(text) or _content_id(coded)
            mimes[names[text]] = head.removeprefix("data:")
        return names[text]

    values, body = _map_values(request.values, name), _map_values(request.body, name)
    if not mimes:
        return request
    references = tuple(replace(one, uri=name(one.uri)) for one in request.references)
    return replace(request, values=values, body=body, references=references, released={**request.released, **mimes})


def restore_bytes(request: Request, blobs: Blobs) -> Request:
    """The request as it was sent."""
    if not request.released:
        return request
    try:
        uris = {one: blobs.read_uri(one.removeprefix("sha256:"), mime) for one, mime in request.released.items()}
    except OSError:
        raise OptionMistake("generation.references_released") from None

    def uri(text: str) -> str:
        return uris.get(text, text)

    references = tuple(replace(one, uri=uri(one.uri)) for one in request.references)
    values, body = _map_values(request.values, uri), _map_values(request.body, uri)
    return replace(request, values=values, body=body, references=references, released={})


def release_frames(error: BaseException | None) -> None:
    """Let go of what the frames of an error hold, and those of its causes: bodies, and the bytes in them."""
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        # The library's errors hold the request, and that its body.
        for name in ("request", "response"):
            if getattr(one, name, None) is not None:
                setattr(one, name, None)
        left += [one.__cause__, one.__context__]


def _content_id(coded: str) -> str:
    try:
        content = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        content = coded.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _map_values(values: Values, change: Callable[[str], str]) -> dict[str, object]:
    return {name: map_strings(value, change) for name, value in values.items()}
