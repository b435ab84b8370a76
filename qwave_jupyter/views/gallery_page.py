"""A gallery as one self-contained HTML page: no script, no external style sheet or image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.images.generated_image import cut
from qwave_jupyter.images.preview import preview_file
from qwave_jupyter.views.templating import render_template

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery, GeneratedImage, Showing

__all__ = ["render"]

_SIDE = 1280
_MAX_PROMPT, _MAX_FACT = 10_000, 1_000


def render(gallery: Gallery, *, title: str = "", lines: Sequence[str] = ()) -> str:
    """Return the page's HTML.

    Args:
        gallery: the images.
        title: "" for the first prompt.
        lines: paragraphs below the title.
    """
    return render_template(
        "gallery_page.html",
        language=i18n.language(),
        heading=title or (gallery[0].alt[:120] if gallery else i18n.say("generation.no_pictures_here")),
        lines=lines,
        figures=(_figure(image) for image in gallery),
    )


def _figure(image: GeneratedImage) -> dict[str, Any]:
    facts = {
        "model": image.model,
        **{k: v for k, v in image.parameters.items() if k not in {"prompt", "images", "mask"}},
    }
    facts["size"] = f"{image.width}×{image.height}"
    if image.cost_usd is not None:
        facts["cost"] = i18n.dollars(image.cost_usd)
    facts["task"], facts["file"] = image.task_id, image.path.name
    return {
        "preview": preview_file(image.path, _page_showing()),
        "path": image.path,
        "alt": image.alt,
        "prompt": cut(image.prompt, _MAX_PROMPT),
        "facts": [(cut(name, _MAX_FACT), cut(_as_text(value), _MAX_FACT)) for name, value in facts.items()],
    }


def _page_showing() -> Showing:
    from qwave_jupyter.images.gallery import Showing

    return Showing(preview_px=_SIDE)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
