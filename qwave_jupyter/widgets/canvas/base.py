"""What every control of this package shares: its front end, its words, its static twin and its ending."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.widgets.canvas.preview_image import BasePicture

__all__ = ["Control", "PictureControl", "front_end", "is_headless", "show_now"]

_HERE = Path(__file__).parent
#: The fields of texts whose values only the front end knows.
_FILLED_THERE = ("box", "height", "most", "number", "other", "shade", "share", "size", "width")


def front_end(*names: str) -> str:
    """Scripts or styles of this folder as one text: a front end that is sent whole needs no network.

    Args:
        names: file names, in the order in which they build on each other.
    """
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class Control(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget with a front end of its own, all of whose words come from Python."""

    texts = traitlets.Dict().tag(sync=True)

    #: The words that the front end says; fields in braces are filled there.
    _said: tuple[str, ...] = ()
    #: The words that stand where no widget can be drawn.
    _static = ""

    def __init__(self, **traits: Any) -> None:
        super().__init__(texts={name: _unfilled(f"canvas.{name}") for name in self._said}, **traits)
        self._shown_in: int | None = None

    def close_all(self) -> None:
        """Close it with its layout; ``close()`` alone leaves that open."""
        close_all(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if self._shown_in is not None and self._shown_in == _execution_count():
            # It stands in this very cell already, and is also the cell's last expression.
            return {"text/plain": repr(self)}
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        if is_headless():
            # Nobody is there to draw, and the file that is made would hold a widget that nobody can bring to life.
            data = {"text/plain": repr(self)}
        static = i18n.say(self._static, what=repr(self))
        markup = f'<div class="qw-static" style="opacity:.75">{html.escape(static)}</div>'
        return {**data, "text/html": markup}, metadata


class PictureControl(Control):
    """A control that lies on a picture."""

    preview = traitlets.Bytes(b"").tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)

    def __init__(self, picture: BasePicture, **traits: Any) -> None:
        super().__init__(preview=picture.preview, width=picture.width, height=picture.height, **traits)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, in its own pixels."""
        return int(self.width), int(self.height)


def show_now(control: Control) -> None:
    """Show a control in the running cell; where there is no notebook, nothing happens.

    Args:
        control: any control; as the cell's last expression it isn't drawn a second time.
    """
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        return
    from IPython.display import display

    display(control)
    control._shown_in = _execution_count()  # noqa: SLF001 - its own base class


def _execution_count() -> int | None:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)


def is_headless() -> bool:
    """Whether nobody sits before this kernel: a file is being made, not a session lived."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and not getattr(kernel, "_allow_stdin", True)


def _unfilled(key: str) -> str:
    return i18n.say(key, **{field: f"{{{field}}}" for field in _FILLED_THERE})
