"""A job in a terminal: one line that is rewritten, sparse lines where nobody can rewrite, the picture where it can be.

Kitty and iTerm2 speak protocols of their own for pictures; where neither is known to be there, none is drawn.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.image_formats import open_image
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from pathlib import Path

    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = ["TerminalView", "drawn", "protocol_of"]

_TICK = 0.5
_WIDTH = 118
_CLEAR = "\r\x1b[2K"
#: The long side of what is drawn, in pixels, and how many lines it may take.
_LONG_SIDE = 480
_LINES = 16
#: Kitty takes at most so many characters at once (its graphics protocol, "Remote client").
_CHUNK = 4096
_KITTY_TERMS = frozenset({"xterm-kitty", "xterm-ghostty"})
_ITERM_PROGRAMS = frozenset({"iTerm.app", "WezTerm"})


class TerminalView:
    """One line on stderr while a job goes on.

    Args:
        job: a job that was started.
        silent: say nothing: it goes on by itself, and the prompt is the user's again.
    """

    def __init__(self, job: Job, *, silent: bool = False) -> None:
        self._job = job
        self._said = ""
        self._writing = threading.Lock()
        self._finished = threading.Event()
        self.detached = silent

    def open(self) -> TerminalView:
        """Begin to draw."""
        if not self.detached:
            threading.Thread(target=self._keep_drawing, name="qwave-view", daemon=True).start()
        return self

    def close(self) -> None:
        """Write the last line, and the picture below it."""
        with self._writing:
            if self._finished.is_set() or self.detached:
                return
            self._finished.set()
            now = self._job.snapshot
            clear = _CLEAR if sys.stderr.isatty() else ""
            # An error is said by the exception itself.
            text = "" if now.error is not None else job_card.format_text(now, SYSTEM_CLOCK.monotonic()) + "\n"
            _write(sys.stderr, clear + text)
            if now.gallery and sys.stdout.isatty():
                _write(sys.stdout, drawn(now.gallery, protocol_of(os.environ)))

    def _keep_drawing(self) -> None:
        while not self._finished.wait(_TICK) and not self._job.done():
            with self._writing:
                if not self._finished.is_set():
                    self._draw()

    def _draw(self) -> None:
        now = self._job.snapshot
        if sys.stderr.isatty():
            _write(sys.stderr, _CLEAR + job_card.format_text(now, SYSTEM_CLOCK.monotonic())[:_WIDTH])
        elif self._said != now.phase:
            # In a log every line stays: one for each phase is enough.
            self._said = now.phase
            _write(sys.stderr, job_card.format_text(now, SYSTEM_CLOCK.monotonic()) + "\n")


def protocol_of(environment: Mapping[str, str]) -> str:
    """How this terminal shows pictures: ``kitty``, ``iterm`` or "".

    Args:
        environment: the variables by which terminals make themselves known.

    Example:
        >>> protocol_of({"TERM": "xterm-kitty"})
        'kitty'
    """
    if environment.get("TMUX") or environment.get("STY") or environment.get("TERM", "").startswith(("tmux", "screen")):
        # A multiplexer keeps the variables and swallows the picture, or shows its bytes.
        return ""
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") in _KITTY_TERMS:
        return "kitty"
    if environment.get("TERM_PROGRAM") in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return ""


def drawn(gallery: Gallery, protocol: str) -> str:
    """The pictures as a terminal draws them, small; "" where it can't.

    Args:
        gallery: the pictures; of several a contact sheet.
        protocol: what :func:`protocol_of` found.
    """
    if not protocol:
        return ""
    try:
        png = _small(gallery)
    except (OSError, ValueError):
        # The picture is safe on disk; the line above says where.
        return ""
    return "".join(_kitty(png) if protocol == "kitty" else _iterm(png)) + "\n"


def _small(gallery: Gallery) -> bytes:
    from PIL import Image

    picture: Any = gallery.sheet() if len(gallery) > 1 else _opened(gallery.paths[0])
    picture.thumbnail((_LONG_SIDE, _LONG_SIDE), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    picture.save(small, "PNG")
    return small.getvalue()


def _opened(path: Path) -> Any:
    with open_image(path) as picture:
        return picture.convert("RGBA" if "A" in picture.getbands() else "RGB")


def _kitty(png: bytes) -> Iterator[str]:
    text = base64.b64encode(png).decode("ascii")
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    for place, piece in enumerate(pieces):
        first = f"a=T,f=100,q=2,r={_LINES}," if place == 0 else ""
        yield f"\x1b_G{first}m={int(place < len(pieces) - 1)};{piece}\x1b\\"


def _iterm(png: bytes) -> Iterator[str]:
    content = base64.b64encode(png).decode("ascii")
    yield f"\x1b]1337;File=inline=1;size={len(png)};height={_LINES};preserveAspectRatio=1:{content}\x07"


def _write(stream: Any, text: str) -> None:
    if text:
        stream.write(text)
        stream.flush()
