"""Two pictures over each other with a border to drag: HTML and CSS alone, two pictures side by side without the CSS."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.images.preview import preview_file

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import GeneratedImage

__all__ = ["BeforeAfter"]

_WIDEST = 640


@dataclass(frozen=True)
class BeforeAfter:
    """A comparison of two pictures.

    Args:
        before: lies above, at the left of the border.
        after: lies below.
    """

    before: GeneratedImage
    after: GeneratedImage

    def __repr__(self) -> str:
        first, second = i18n.say("generation.before"), i18n.say("generation.after")
        return f"{first}: {self.before.text()}\n{second}: {self.after.text()}"

    def _repr_html_(self) -> str:
        first, second = (preview_file(one.path, one.showing) for one in (self.before, self.after))
        if first is None or second is None:
            return f"<pre>{html.escape(repr(self))}</pre>"
        wide = min(_WIDEST, second.width)
        tall = round(wide * second.height / max(1, second.width))
        size = f"width:{wide}px;height:{tall}px"
        picture = "display:block;object-fit:cover;max-width:none;margin:0;" + size
        # The handle of a resizable box is the border: every browser draws and moves it without a script.
        return (
            f'<div style="position:relative;{size};max-width:100%;overflow:hidden;border-radius:6px">'
            f"{_image(second, self.after, picture + ';position:absolute;left:0;top:0')} "
            f'<div style="position:absolute;left:0;top:0;height:{tall}px;width:50%;min-width:18px;max-width:100%;'
            'overflow:hidden;resize:horizontal;border-right:3px solid #fff;box-shadow:1px 0 4px rgba(0,0,0,.5)">'
            f"{_image(first, self.before, picture)}</div></div>"
            f"<div>{html.escape(i18n.say('generation.drag'))}</div>"
        )


def _image(preview: Any, image: GeneratedImage, style: str) -> str:
    return f'<img src="data:{preview.mime};base64,{preview.base64()}" alt="{html.escape(image.alt)}" style="{style}">'
