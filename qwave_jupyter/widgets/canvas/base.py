"""What every control shares: its front end, texts and static form, and the image that a canvas control lies on."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anywidget
import ipywidgets
import traitlets

from qwave_jupyter import frontend, i18n
from qwave_jupyter.arguments import to_finite
from qwave_jupyter.errors import OptionMistake, ReferenceMistake
from qwave_jupyter.folders import expand
from qwave_jupyter.images import image_io, pixels
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.jobs.references import ImageLimits, flatten_images, is_empty, resolve, unreadable_mistake
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.types import JSONObject
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.canvas.keyboard import KEYS_SCRIPT, describe_shortcuts, format_hint

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "CHANGES_SCRIPT",
    "KEYS_SCRIPT",
    "VIEWPORT_TEXTS",
    "CanvasControl",
    "Control",
    "ImageControl",
    "SlimLayout",
    "decode_image",
    "display_now",
    "encode_preview",
    "is_headless",
    "read_assets",
    "read_items",
    "read_number",
    "set_received",
    "to_list",
]

_T = TypeVar("_T")

#: The longest side of a preview, in pixels.
_PREVIEW_SIDE = 1024
#: What a preview weighs at most, in bytes: with its front end it opens in under 200 KB.
_MAX_PREVIEW_BYTES = 120_000
_QUALITIES = (85, 75, 62, 50)
_SQUARE = 12
#: The texts of the viewport that every image lies in.
VIEWPORT_TEXTS = ("fit", "full_size", "tools", "zoom", "zoom_in", "zoom_out")
#: The fields of texts whose values only the front end knows.
_FRONT_END_FIELDS = ("box", "height", "most", "number", "other", "shade", "share", "size", "width")


def read_assets(module: str, *names: str) -> str:
    """Join scripts or styles beside a module's file, in this order: a front end that is sent whole needs no network."""
    return "\n".join(Path(module).with_name(name).read_text(encoding="utf-8") for name in names)


#: The script of every control that changes something.
CHANGES_SCRIPT = read_assets(__file__, "changes.js") + "\n"


class SlimLayout(ipywidgets.Layout):  # type: ignore[misc]
    """A layout that opens with what is set; ipywidgets' own sends forty nulls, 0.8 KB for every widget."""

    def get_state(self, key: Iterable[str] | str | None = None, drop_defaults: bool = False) -> JSONObject:
        """Return the whole state without what isn't set, or the traits that are asked for."""
        state: JSONObject = super().get_state(key, drop_defaults)
        return {name: value for name, value in state.items() if value is not None} if key is None else state


def set_received(widget: ipywidgets.Widget, trait: str, value: object) -> None:
    """Set what a browser shows already: sent back, it would replace what has been changed there in the meantime."""
    with widget._lock_property(**{trait: value}):  # noqa: SLF001 - as ipywidgets does it for its own messages
        setattr(widget, trait, value)


class Control(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget with a front end of its own, all of whose texts come from Python."""

    texts = traitlets.Dict().tag(sync=True)
    layout = ipywidgets.widgets.trait_types.InstanceDict(SlimLayout).tag(sync=True, **ipywidgets.widget_serialization)

    #: The texts that the front end shows: their section and keys; it fills their fields.
    _text_section = "panel"
    _text_keys: tuple[str, ...] = ()

    def __init__(self, texts: Mapping[str, str] | None = None, **traits: Any) -> None:
        unfilled = {field: f"{{{field}}}" for field in _FRONT_END_FIELDS}
        own = {key: i18n.text(f"{self._text_section}.{key}", **unfilled) for key in self._text_keys}
        super().__init__(texts={**own, **(texts or {})}, **traits)

    def get_state(self, key: object = None, drop_defaults: bool = False) -> JSONObject:  # noqa: ARG002 - ipywidgets' own
        """Return the whole state: a page that embeds it without our defaults would have no script to run."""
        state: JSONObject = super().get_state(key)
        return state

    def close_all(self) -> None:
        """Close it with its layout; ``close()`` alone leaves that open."""
        close_all(self)


class CanvasControl(Control):
    """A control that stands alone in a cell, with a text in its place where no widget can be drawn."""

    shortcuts = traitlets.Dict().tag(sync=True)

    _text_section = "canvas"
    #: The key of that text.
    _static_key = ""
    #: The group of its keys.
    _shortcuts = ""
    _displayed_in: int | None = None
    _is_receiving = False

    def __init__(self, **traits: Any) -> None:
        shortcuts = {**describe_shortcuts(self._shortcuts), "hint": format_hint(self._shortcuts)}
        super().__init__(shortcuts=shortcuts, **traits)
        self.on_msg(lambda _, content, __: self.receive(content.get("value")))

    def receive(self, value: object) -> None:
        """Set a value that the browser sends at once, for ipywidgets would hold it back; nothing goes back."""
        if isinstance(value, list):
            with self._as_browser_input():
                set_received(self, "value", value)

    @contextlib.contextmanager
    def _as_browser_input(self) -> Iterator[None]:
        """Take what a browser sends: what can't be used in it is left out, for nobody would read a refusal."""
        self._is_receiving = True
        try:
            yield
        finally:
            self._is_receiving = False

    def _repr_mimebundle_(self, **options: object) -> JSONObject | tuple[JSONObject, JSONObject]:
        if self._displayed_in is not None and self._displayed_in == _execution_count():
            # It stands in this very cell already, and is also the cell's last expression.
            return {"text/plain": repr(self)}
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        if is_headless():
            # Nobody is there to draw, and the file that is made would hold a widget that nobody can bring to life.
            data = {"text/plain": repr(self)}
        message = i18n.text(self._static_key, what=repr(self))
        return {**data, "text/html": render_template("canvas_static.html", message=message)}, metadata


class ImageControl(CanvasControl):
    """A control that lies on an image: whatever :func:`decode_image` reads."""

    preview = traitlets.Bytes(b"").tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)

    def __init__(self, given: object, **traits: Any) -> None:
        image = decode_image(given)
        super().__init__(preview=encode_preview(image), width=image.width, height=image.height, **traits)

    def set_state(self, sync_data: JSONObject) -> None:
        """Take what a browser sends, but a value that is no list."""
        with self._as_browser_input():
            super().set_state({key: one for key, one in sync_data.items() if key != "value" or isinstance(one, list)})

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image, in its own pixels."""
        return int(self.width), int(self.height)


def display_now(control: CanvasControl) -> None:
    """Show a control in the running cell; where there is no notebook, nothing happens."""
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        return
    from IPython.display import display

    display(control)
    control._displayed_in = _execution_count()  # noqa: SLF001 - its own base class


def _execution_count() -> int | None:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)


def is_headless() -> bool:
    """Whether nobody sits before this kernel: a file is being made."""
    from IPython.core.getipython import get_ipython

    return not frontend.has_person(getattr(get_ipython(), "kernel", None))


def read_items(
    given: object, read: Callable[[object], _T | None], most: int, *, bad: str, example: str, leave_out: bool
) -> list[_T]:
    """Read each item of a list or an array; what can't be read, or is too much, is left out or refused.

    Args:
        given: the list.
        read: gives None for what is no such item.
        most: how many there may be.
        bad: the key of the text about what is no such item.
        example: such a list as it is written.
        leave_out: for what a browser sent; a program's list means something by all of its items.

    Raises:
        OptionMistake: unless that is left out.
    """
    items = to_list(given)
    if leave_out:
        return list(itertools.islice((one for item in items or () if (one := read(item)) is not None), most))
    if items is None:
        raise OptionMistake("canvas.not_a_list", example=example, given=i18n.PrintableValue(given))
    if len(items) > most:
        raise OptionMistake("canvas.too_many_given", count=len(items), most=most)
    found: list[_T] = []
    for item in items:
        one = read(item)
        if one is None:
            raise OptionMistake(bad, given=i18n.PrintableValue(item))
        found.append(one)
    return found


def to_list(given: Any) -> list[object] | None:
    """The items of a list, a tuple or an array; None for anything else."""
    if isinstance(given, (list, tuple)):
        return list(given)
    try:
        items = given.tolist()
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        return None
    return items if isinstance(items, list) else None


def read_number(given: object) -> float | None:
    """A finite number of any kind as JSON has it; None for anything else."""
    if isinstance(given, bool) or not isinstance(given, Real):
        return None
    number = to_finite(given)
    return int(given) if number is not None and isinstance(given, Integral) else number


def decode_image(given: object) -> Image.Image:
    """Read whatever a user calls an image, in the pixels that a model would be sent: upright, as people see it.

    Args:
        given: a path, bytes, a data URI, an open file, a PIL image, an array, a Matplotlib figure, or an earlier
            result; a web address is never fetched, so it can't be worked on.

    Raises:
        ReferenceMistake: it can't be used; the text says what can.
    """
    from PIL import Image

    images = [] if is_empty(given) else list(flatten_images(given))
    if len(images) != 1:
        raise ReferenceMistake("canvas.one_image", count=len(images))
    given = images[0]
    if isinstance(given, Image.Image) and (given.width * given.height > image_io.MAX_PIXELS or 0 in given.size):
        raise ReferenceMistake("canvas.bad_size", size=f"{given.width}×{given.height}", most=_megapixels())
    content: bytes | None = None
    try:
        if isinstance(given, Image.Image):
            return pixels.normalize(given).image
        if isinstance(given, GeneratedImage):
            given = given.path
        if isinstance(given, Path):
            content = expand(given).read_bytes()
            return pixels.normalize(image_io.load(content)).image
        reference = resolve(given, "image", ImageLimits("", takes_bytes=True), now=0.0)
        if not reference.is_bytes:
            raise ReferenceMistake("canvas.no_address", given=reference.uri[:80])
        return pixels.normalize(image_io.load(base64.b64decode(reference.uri.partition(",")[2]))).image
    except image_io.NotAnImage as problem:
        raise unreadable_mistake(problem, "image", _format_source(given), content) from None
    except (OSError, ValueError, RuntimeError) as problem:
        log_problem("image", problem)
        reason = getattr(problem, "strerror", None) or type(problem).__name__
        raise ReferenceMistake("canvas.no_file", given=_format_source(given), reason=reason) from None


def _format_source(given: object) -> str:
    text = given.name if isinstance(given, Path) else type(given).__name__
    return "".join(character if character.isprintable() else "�" for character in text[:80])


def _megapixels() -> int:
    return image_io.MAX_PIXELS // 10**6


def encode_preview(image: Image.Image) -> bytes:
    """Make the JPEG that a browser shows of an image, small enough to open at once."""
    from PIL import Image

    has_alpha = image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info
    try:
        small = image.convert("RGBA" if has_alpha else "RGB")
    except (ValueError, OSError, MemoryError):
        raise ReferenceMistake("canvas.not_an_image", given=image.mode, most=_megapixels()) from None
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = _paste_on_checkerboard(small) if has_alpha else small
    while True:
        for quality in _QUALITIES:
            target = io.BytesIO()
            small.save(target, "JPEG", quality=quality)
            if len(target.getvalue()) <= _MAX_PREVIEW_BYTES:
                return target.getvalue()
        small = small.resize((max(1, small.width * 3 // 4), max(1, small.height * 3 // 4)))


def _paste_on_checkerboard(image: Image.Image) -> Image.Image:
    from PIL import Image, ImageDraw

    ground = Image.new("RGB", image.size, (255, 255, 255))
    pen = ImageDraw.Draw(ground)
    for left, top in _grey_squares(image.size):
        pen.rectangle((left, top, left + _SQUARE - 1, top + _SQUARE - 1), fill=(214, 214, 214))
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _grey_squares(size: tuple[int, int]) -> Iterable[tuple[int, int]]:
    for row, top in enumerate(range(0, size[1], _SQUARE)):
        for left in range(_SQUARE * (row % 2), size[0], 2 * _SQUARE):
            yield left, top
