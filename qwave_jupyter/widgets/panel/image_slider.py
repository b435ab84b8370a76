"""Two pictures of a panel over each other, with a slider between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.images.gallery import GeneratedImage, Showing
from qwave_jupyter.images.preview import preview_file

__all__ = ["Comparison"]

_PX = 768


class Comparison(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """A before/after slider; empty until two pictures are given."""

    _esm = Path(__file__).parent / "image_slider.js"
    pictures: traitlets.List[Any] = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(words={"slider": i18n.say("panel.compare_slider"), "close": i18n.say("panel.close")})

    def compare(self, first: GeneratedImage, second: GeneratedImage) -> None:
        """Show two pictures, the first at the left."""
        shown = []
        for image in (first, second):
            preview = preview_file(image.path, Showing(_PX, image.showing.cache))
            if preview is not None:
                shown.append({"src": f"data:{preview.mime};base64,{preview.base64()}", "alt": image.alt})
        self.pictures = shown if len(shown) == 2 else []

    def close_all(self) -> None:
        """Close it with its layout."""
        self.layout.close()
        self.close()
