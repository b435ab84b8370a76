"""A job in a terminal: one line that is rewritten, sparse lines where nobody can rewrite, the image where it can be."""

from __future__ import annotations

import base64
import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from qwave_jupyter import threads
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.image_formats import open_image
from qwave_jupyter.images import pixels
from qwave_jupyter.tracebacks import contain
from qwave_jupyter.views import job_card

if TYPE_CHECKING:
    from PIL.Image import Image

    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = ["TerminalView", "find_protocol", "render_images"]

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
    """One line on stderr while a job goes on; none for a detached job, since the prompt is the user's again."""

    def __init__(self, job: Job, *, detached: bool = False) -> None:
        self._job = job
        self._last_phase = ""
        self._writing = threading.Lock()
        self._finished = threading.Event()
        self.detached = detached

    def open(self) -> None:
        """Begin to draw."""
        if not self.detached:
            threads.spawn(self._keep_drawing, name="view")

    def close(self) -> None:
        """Write the last line, and the image below it."""
        with self._writing:
            if self._finished.is_set() or self.detached:
                return
            self._finished.set()
            now = self._job.snapshot
            clear = _CLEAR if sys.stderr.isatty() else ""
            # The exception itself tells the error.
            lines = job_card.format_text(now, SYSTEM_CLOCK.monotonic()).splitlines(keepends=True)
            text = "".join(lines[1:] if now.error is not None else [*lines, "\n"])
            _write(sys.stderr, clear + text)
            if now.gallery and sys.stdout.isatty():
                _write(sys.stdout, render_images(now.gallery, find_protocol(os.environ)))

    def _keep_drawing(self) -> None:
        while not self._finished.wait(_TICK) and not self._job.done():
            with self._writing:
                if not self._finished.is_set():
                    self._draw()

    def _draw(self) -> None:
        now = self._job.snapshot
        if sys.stderr.isatty():
            _write(sys.stderr, _CLEAR + job_card.format_text(now, SYSTEM_CLOCK.monotonic())[:_WIDTH])
        elif self._last_phase != now.phase:
            # In a log every line stays: one for each phase is enough.
            self._last_phase = now.phase
            _write(sys.stderr, job_card.format_text(now, SYSTEM_CLOCK.monotonic()) + "\n")


def find_protocol(environment: Mapping[str, str]) -> str:
    """Return how this terminal shows images, by its environment variables: ``kitty``, ``iterm`` or ""."""
    if environment.get("TMUX") or environment.get("STY") or environment.get("TERM", "").startswith(("tmux", "screen")):
        # A multiplexer keeps the variables and swallows the image, or shows its bytes.
        return ""
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") in _KITTY_TERMS:
        return "kitty"
    if environment.get("TERM_PROGRAM") in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return ""


def render_images(gallery: Gallery, protocol: str) -> str:
    """Return the images, of several a contact sheet, as a terminal draws them, small; "" where it can't."""
    if not protocol:
        return ""
    # The image is safe on disk; the line above says where.
    with contain("terminal image"):
        png = _encode_thumbnail(gallery)
        return "".join(_encode_for_kitty(png) if protocol == "kitty" else _encode_for_iterm(png)) + "\n"
    return ""


def _encode_thumbnail(gallery: Gallery) -> bytes:
    from PIL.Image import Resampling

    image = gallery.sheet() if len(gallery) > 1 else _open_single(gallery)
    image.thumbnail((_LONG_SIDE, _LONG_SIDE), Resampling.LANCZOS)
    png = io.BytesIO()
    image.save(png, "PNG")
    return png.getvalue()


def _open_single(gallery: Gallery) -> Image:
    with open_image(gallery.paths[0]) as image:
        seen = pixels.normalize(image).image
        return seen.convert("RGBA" if pixels.has_alpha(seen) else "RGB")


def _encode_for_kitty(png: bytes) -> Iterator[str]:
    text = base64.b64encode(png).decode("ascii")
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    for index, piece in enumerate(pieces):
        first = f"a=T,f=100,q=2,r={_LINES}," if index == 0 else ""
        yield f"\x1b_G{first}m={int(index < len(pieces) - 1)};{piece}\x1b\\"


def _encode_for_iterm(png: bytes) -> Iterator[str]:
    content = base64.b64encode(png).decode("ascii")
    yield f"\x1b]1337;File=inline=1;size={len(png)};height={_LINES};preserveAspectRatio=1:{content}\x07"


def _write(stream: TextIO, text: str) -> None:
    if text:
        stream.write(text)
        stream.flush()
