"""A text to be taken away from a panel: a cell or a call."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from qwave_jupyter import i18n

__all__ = ["CopyText"]


class CopyText(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """A selectable text with a button that copies it; a callback can't put text into a new cell reliably."""

    _esm = Path(__file__).parent / "copy_text.js"
    text = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        said = {"label": "copy_label", "copy": "copy", "copied": "copied", "press": "press_copy"}
        super().__init__(words={name: i18n.say(f"panel.{key}") for name, key in said.items()})

    def close_all(self) -> None:
        """Close it with its layout."""
        self.layout.close()
        self.close()
