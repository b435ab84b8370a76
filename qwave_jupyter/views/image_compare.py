"""Two images on top of each other with a border to drag, in HTML and CSS; without CSS, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.images.preview import preview_file
from qwave_jupyter.views.templating import render_template

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import GeneratedImage

__all__ = ["BeforeAfter"]

_MAX_WIDTH = 640


@dataclass(frozen=True)
class BeforeAfter:
    """A comparison of two images.

    Args:
        before: the upper image, left of the border.
        after: the lower image.
    """

    before: GeneratedImage
    after: GeneratedImage

    def __repr__(self) -> str:
        first, second = i18n.say("generation.before"), i18n.say("generation.after")
        return f"{first}: {self.before.text()}\n{second}: {self.after.text()}"

    def _repr_html_(self) -> str:
        first, second = (preview_file(one.path, one.showing) for one in (self.before, self.after))
        if first is None or second is None:
            return render_template("image_compare.html", text=repr(self))
        width = min(_MAX_WIDTH, second.width)
        return render_template(
            "image_compare.html",
            before=first,
            after=second,
            before_alt=self.before.alt,
            after_alt=self.after.alt,
            width=width,
            height=round(width * second.height / max(1, second.width)),
        )
