"""Two images on top of each other with a border to drag, in HTML and CSS; without CSS, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.views.templating import render_template

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import GeneratedImage

__all__ = ["BeforeAfter"]

_MAX_WIDTH = 640


@dataclass(frozen=True)
class BeforeAfter:
    """A comparison of two images, ``before`` left of the border."""

    before: GeneratedImage
    after: GeneratedImage

    def __repr__(self) -> str:
        first, second = i18n.text("generation.before"), i18n.text("generation.after")
        return f"{first}: {self.before.text()}\n{second}: {self.after.text()}"

    def _repr_html_(self) -> str:
        before, after = _get_preview(self.before), _get_preview(self.after)
        if before is None or after is None:
            return render_template("image_compare.html", plain=repr(self))
        return render_template("image_compare.html", before=before, after=after, max_width=_MAX_WIDTH)


def _get_preview(image: GeneratedImage) -> dict[str, str | int] | None:
    # Only an image that is there, and that isn't just linked, has more than its text.
    data, metadata = image.mimebundle()
    return next(({**facts, "uri": f"data:{mime};base64,{data[mime]}"} for mime, facts in metadata.items()), None)
