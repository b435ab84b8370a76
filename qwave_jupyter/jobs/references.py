"""Whatever a user calls a picture, as what a model takes: a URL, or a data URI where its page allows bytes.

A URL is passed on and never fetched. Bytes that a page allows are sent as they are; only what is too heavy or in a
format that isn't allowed is encoded anew, and that is said.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.validation_errors import Mistake

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.catalog import Model

__all__ = ["Reference", "each", "resolve"]

_MEGABYTE = 2**20
#: A link that dies within the time that a queue may take is no link any more.
_LIFE_NEEDED = 600.0
#: Above this a data URI is no reference picture but an accident, whatever a page says.
_MOST_BYTES = 100 * _MEGABYTE
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w=.+-]+)*),", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_QUALITIES = (92, 85, 75)


@dataclass(frozen=True)
class Reference:
    """One picture that goes along with a request.

    Args:
        wire: what is sent.
        content_id: what is the same for the same picture: the SHA-256 of its bytes, or the URL.
        size: pixels (width, height), or None where only the server can know.
        weight: bytes, or None likewise.
        format: ``png``, ``jpeg``, …, or "".
        notices: what was done to it.
    """

    wire: str
    content_id: str
    size: tuple[int, int] | None = None
    weight: int | None = None
    format: str = ""
    notices: tuple[Mistake, ...] = ()

    @property
    def is_bytes(self) -> bool:
        """Whether the picture itself is sent."""
        return self.wire.startswith("data:")


@dataclass(frozen=True)
class Limits:
    """What a model's page says of bytes.

    Args:
        model: the model id.
        takes_bytes: whether they are documented.
        max_mb: megabytes of each picture, or None.
        formats: by their names, or empty.
        others: the models that would take bytes; asked only when it has to be said.
    """

    model: str
    takes_bytes: bool = True
    max_mb: float | None = None
    formats: tuple[str, ...] = ()
    others: Callable[[], Sequence[str]] = tuple

    @classmethod
    def of(cls, model: Model, parameter: str, others: Callable[[], Sequence[str]]) -> Limits:
        """The limits of a model's reference pictures or of its mask."""
        taken = model.references
        formats = {_canonical(name) for name in taken.formats}
        max_mb = taken.max_mb
        if parameter == "mask" and model.mask is not None:
            formats = {_canonical(name) for name in model.mask.formats} or {"png"}
            max_mb = model.mask.max_mb or max_mb
        return cls(model.id, taken.takes_bytes, max_mb, tuple(sorted(formats)), others)

    @property
    def most_bytes(self) -> float:
        """The most that one picture may weigh."""
        return min(_MOST_BYTES, self.max_mb * _MEGABYTE if self.max_mb else _MOST_BYTES)


def each(given: Any) -> Iterator[Any]:
    """The single pictures of whatever an option holds: one, several, or a gallery."""
    if isinstance(given, (Gallery, list, tuple, set, frozenset)):
        for one in given:
            yield from each(one)
    elif given is not None:
        yield given


def resolve(given: Any, parameter: str, limits: Limits, *, now: float) -> Reference:
    """One picture as the model takes it.

    Args:
        given: an http(s) URL, a data URI, a path, a PIL image, a NumPy array (height × width, or × 1, 3 or 4; 0–255, or
            0–1 for floats), a Matplotlib figure, raw bytes of a picture file, an earlier result, or anything that has a
            ``_qwave_picture_()``, such as a mask brush.
        parameter: ``images`` or ``mask``.
        limits: what the model's page says of bytes.
        now: Unix seconds.

    Raises:
        ReferenceMistake: it can't be used; ``fields["mistake"]`` is the structured mistake.
    """
    if isinstance(given, GeneratedImage):
        return _earlier(given, parameter, limits, now)
    if isinstance(given, str):
        return _from_text(given.strip(), parameter, limits)
    if isinstance(given, Path):
        return _from_file(given.expanduser(), parameter, limits)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return _from_content(bytes(given), parameter, limits)
    if isinstance(given, Reference):
        # It was read before, for this very model.
        return given
    return _from_picture(_painted(given, parameter), parameter, limits)


def _from_text(text: str, parameter: str, limits: Limits) -> Reference:
    if _URL.match(text):
        return Reference(text, text)
    if text[:5].lower() == "data:":
        return _from_uri(text, parameter, limits)
    if _SCHEME.match(text):
        raise _mistake("reference_scheme", parameter, text.split("://", maxsplit=1)[0])
    return _from_file(Path(text).expanduser(), parameter, limits)


def _earlier(given: GeneratedImage, parameter: str, limits: Limits, now: float) -> Reference:
    if given.alive(now + _LIFE_NEEDED) and given.url is not None and _URL.match(given.url):
        size = (given.width, given.height) if given.width and given.height else None
        return Reference(given.url, given.url, size, format=given.format)
    if not limits.takes_bytes:
        raise _mistake("reference_link_dead", parameter, given.path.name, limits)
    return _from_file(given.path, parameter, limits)


def _from_file(path: Path, parameter: str, limits: Limits) -> Reference:
    try:
        if not path.is_file():
            raise _mistake("reference_is_folder" if path.is_dir() else "reference_no_file", parameter, path)
        if not limits.takes_bytes:
            raise _mistake("reference_url_only", parameter, path.name, limits)
        if path.stat().st_size > _MOST_BYTES:
            raise _mistake("reference_too_large", parameter, path.name, detail={"most": _MOST_BYTES // _MEGABYTE})
        content = path.read_bytes()
    except (OSError, ValueError) as problem:
        detail = {"reason": getattr(problem, "strerror", None) or type(problem).__name__}
        raise _mistake("reference_unreadable_file", parameter, path, detail=detail) from None
    return _from_content(content, parameter, limits, name=path.name)


def _from_uri(text: str, parameter: str, limits: Limits) -> Reference:
    head = _DATA_URI.match(text)
    if head is None or ";base64" not in head[2].lower():
        raise _mistake("reference_bad_uri", parameter, text[:40])
    try:
        content = base64.b64decode(re.sub(r"\s+", "", text[head.end() :]), validate=True)
    except (binascii.Error, ValueError):
        raise _mistake("reference_bad_uri", parameter, text[:40]) from None
    return _from_content(content, parameter, limits, name="data:…")


def _from_content(content: bytes, parameter: str, limits: Limits, name: str = "bytes") -> Reference:
    if not limits.takes_bytes:
        raise _mistake("reference_url_only", parameter, name, limits)
    try:
        facts = image_io.look_at_bytes(content, whole=True)
        fits = len(content) <= limits.most_bytes
        if fits and (not limits.formats or facts.format in limits.formats):
            return _reference(content, facts, ())
        picture = image_io.opened_bytes(content)
    except image_io.NotAPicture as problem:
        code = "reference_too_many_pixels" if problem.reason == "too_large" else "reference_not_a_picture"
        raise _mistake(code, parameter, name, detail={"most": image_io.MOST_PIXELS // 10**6}) from None
    code = "reference_reformatted" if fits else "reference_lightened"
    return _from_picture(picture, parameter, limits, before=(code, name, f"{len(content) / _MEGABYTE:.1f}"))


def _from_picture(
    picture: Image.Image, parameter: str, limits: Limits, before: tuple[str, str, str] | None = None
) -> Reference:
    if not limits.takes_bytes:
        raise _mistake("reference_url_only", parameter, "picture", limits)
    content, lightened = _encoded(picture, parameter, limits)
    facts = image_io.look_at_bytes(content)
    code, name, weight = before or ("reference_lightened", "picture", "")
    if before is None and not lightened:
        return _reference(content, facts, ())
    if not weight:
        code = "reference_encoded_lightly"
    notice = Mistake(
        code,
        parameter,
        name,
        severity="warn",
        detail={
            "before": weight,
            "after": f"{len(content) / _MEGABYTE:.1f}",
            "format": facts.format,
            "size": f"{facts.width}×{facts.height}",
            "most": limits.max_mb or "",
        },
    )
    return _reference(content, facts, (notice,))


def _encoded(picture: Image.Image, parameter: str, limits: Limits) -> tuple[bytes, bool]:
    """A file that the page allows, and whether anything was given up for that."""
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(picture) or picture
    allowed = limits.formats or ("jpeg", "png")
    has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    if picture.mode not in {"RGB", "RGBA", "L", "LA"}:
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    best = b""
    if "png" in allowed:
        best = _as(picture, "PNG", optimize=False)
        if len(best) <= limits.most_bytes:
            return best, False
    if parameter == "mask":
        # A mask must keep its size and its transparency, so there is nothing to give up.
        raise _mistake("reference_too_large", parameter, "mask", detail={"most": limits.max_mb})
    kind = "WEBP" if has_alpha and "webp" in allowed else "JPEG"
    if kind.lower() not in allowed and best == b"":
        kind = "WEBP"
    flat = picture if kind == "WEBP" else _flattened(picture)
    for scale in (1.0, 0.7, 0.5, 0.35, 0.25):
        sized = (
            flat if scale == 1.0 else flat.resize((max(1, int(flat.width * scale)), max(1, int(flat.height * scale))))
        )
        for quality in _QUALITIES:
            content = _as(sized, kind, quality=quality)
            if len(content) <= limits.most_bytes:
                return content, True
    raise _mistake("reference_too_large", parameter, "picture", detail={"most": limits.max_mb})


def _flattened(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode not in {"RGBA", "LA"}:
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, (255, 255, 255))
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _as(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _painted(given: Any, parameter: str) -> Image.Image:
    """PIL image, array or figure as a PIL image."""
    from PIL import Image

    if isinstance(given, Image.Image):
        return given
    if callable(getattr(given, "_qwave_picture_", None)):
        return _of_control(given, parameter)
    if callable(getattr(given, "savefig", None)):
        target = io.BytesIO()
        given.savefig(target, format="png", bbox_inches="tight")
        return image_io.opened_bytes(target.getvalue())
    if hasattr(given, "__array_interface__") or hasattr(given, "__array__"):
        return _from_array(given, parameter)
    raise _mistake("reference_unknown_kind", parameter, type(given).__name__)


def _of_control(given: Any, parameter: str) -> Image.Image:
    picture: Image.Image | None = given._qwave_picture_()
    if picture is None:
        raise _mistake("reference_nothing_painted", parameter, type(given).__name__)
    return picture


def _from_array(given: Any, parameter: str) -> Image.Image:
    import numpy as np
    from PIL import Image

    array = np.asarray(given)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {3, 4})
    if not shaped or array.size == 0 or array.dtype.kind not in "biuf":
        raise _mistake("reference_bad_array", parameter, f"{array.dtype} {array.shape}")
    if array.shape[0] * array.shape[1] > image_io.MOST_PIXELS:
        detail = {"most": image_io.MOST_PIXELS // 10**6}
        raise _mistake("reference_too_many_pixels", parameter, f"{array.shape}", detail=detail)
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * 255
    elif array.dtype.kind == "f":
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 255:
            raise _mistake("reference_bad_array", parameter, f"{array.dtype} {array.min():g}…{array.max():g}")
        array = (array * 255 if array.max() <= 1 else array).round().astype(np.uint8)
    elif array.min() < 0 or array.max() > 255:
        raise _mistake("reference_bad_array", parameter, f"{array.dtype} {array.min()}…{array.max()}")
    return Image.fromarray(np.ascontiguousarray(array.astype(np.uint8)))


def _reference(content: bytes, facts: image_io.PictureFacts, notices: tuple[Mistake, ...]) -> Reference:
    uri = f"data:image/{facts.format};base64,{base64.b64encode(content).decode('ascii')}"
    digest = hashlib.sha256(content).hexdigest()
    return Reference(uri, f"sha256:{digest}", (facts.width, facts.height), len(content), facts.format, notices)


def _mistake(
    code: str, parameter: str, given: Any, limits: Limits | None = None, detail: Mapping[str, Any] | None = None
) -> ReferenceMistake:
    others = tuple(limits.others()) if limits is not None else ()
    fields = {"model": limits.model if limits is not None else "", **(detail or {})}
    mistake = Mistake(code, parameter, str(given), others=others, detail=fields)
    return ReferenceMistake("generation.reference", mistake=mistake)


def _canonical(name: str) -> str:
    folded = name.lower().lstrip(".")
    return "jpeg" if folded == "jpg" else folded
