"""A gallery as one page that needs nothing else: no script, no style sheet, no picture from anywhere."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.images.generated_image import cut
from qwave_jupyter.images.preview import preview_file

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery, GeneratedImage, Showing

__all__ = ["render"]

_SIDE = 1280
_LONGEST_PROMPT, _LONGEST_FACT = 10_000, 1_000
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.25rem; font-weight: 600; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 1.5rem; }
figure { margin: 0; }
img { width: 100%; height: auto; border-radius: 6px; display: block; }
figcaption { margin-top: .5rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; margin: .25rem 0 0; opacity: .75; }
dd { margin: 0; }
"""


def render(gallery: Gallery, *, title: str = "", lines: Sequence[str] = ()) -> str:
    """The page's HTML.

    Args:
        gallery: the pictures.
        title: "" for the first prompt.
        lines: what stands below it.
    """
    told = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    heading = title or (gallery[0].alt[:120] if gallery else i18n.say("generation.no_pictures_here"))
    figures = "\n".join(_figure(image) for image in gallery)
    return (
        f'<!doctype html>\n<html lang="{i18n.language()}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(heading)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{html.escape(heading)}</h1>{told}\n<main>\n{figures}\n</main></body>\n</html>\n"
    )


def _figure(image: GeneratedImage) -> str:
    preview = preview_file(image.path, _page_showing())
    alt = html.escape(image.alt, quote=True)
    if preview is None:
        shown = f"<p>{html.escape(i18n.say('generation.picture_missing', path=image.path))}</p>"
    else:
        size = f'width="{preview.width}" height="{preview.height}"'
        shown = f'<img alt="{alt}" {size} src="data:{preview.mime};base64,{preview.base64()}">'
    facts = {
        "model": image.model,
        **{k: v for k, v in image.parameters.items() if k not in {"prompt", "images", "mask"}},
    }
    facts["size"] = f"{image.width}×{image.height}"
    if image.cost_usd is not None:
        facts["cost"] = i18n.dollars(image.cost_usd)
    facts["task"], facts["file"] = image.task_id, image.path.name
    rows = "".join(
        f"<dt>{html.escape(cut(name, _LONGEST_FACT))}</dt><dd>{html.escape(cut(_plain(value), _LONGEST_FACT))}</dd>"
        for name, value in facts.items()
    )
    prompt = html.escape(cut(image.prompt, _LONGEST_PROMPT))
    return f"<figure>{shown}<figcaption>{prompt}<dl>{rows}</dl></figcaption></figure>"


def _page_showing() -> Showing:
    from qwave_jupyter.images.gallery import Showing

    return Showing(preview_px=_SIDE)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
