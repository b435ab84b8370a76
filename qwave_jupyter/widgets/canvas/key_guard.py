"""Keeps keys in a control that is made of ipywidgets alone, such as Cancel beside a job's card."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

import anywidget

from qwave_jupyter import threads

__all__ = ["KEYS_SCRIPT", "KeyGuard"]

#: The script that keeps keys in the control that has the focus; once on a page is enough.
KEYS_SCRIPT = Path(__file__).with_name("keyboard.js").read_text(encoding="utf-8")


class KeyGuard(anywidget.AnyWidget):  # type: ignore[misc]
    """Brings the script to the page, and shows nothing; every card that is open has the same one."""

    _esm = KEYS_SCRIPT + "export default { render() { keepKeys(); } };\n"

    _shared: ClassVar[KeyGuard | None] = None
    _cards: ClassVar[int] = 0
    _lock: ClassVar[threading.Lock] = threads.fork_safe(threading.Lock())

    # Static: anywidget gives each widget a class of its own.
    @staticmethod
    def acquire() -> KeyGuard:
        """Return the one for a card that opens; it goes with the last of them, by ``release``."""
        with KeyGuard._lock:
            KeyGuard._cards += 1
            if KeyGuard._shared is None or KeyGuard._shared.comm is None:
                # Hidden by its layout: where no script of ours can be loaded, an error stands in its place.
                KeyGuard._shared = KeyGuard(layout={"display": "none"})
            return KeyGuard._shared

    @staticmethod
    def release() -> None:
        """A card has closed."""
        with KeyGuard._lock:
            KeyGuard._cards = max(0, KeyGuard._cards - 1)
            if KeyGuard._cards == 0 and KeyGuard._shared is not None:
                KeyGuard._shared.layout.close()
                KeyGuard._shared.close()
                KeyGuard._shared = None
