"""The pictures of a job, on disk first: a sequence that shows itself, with a text twin."""

from __future__ import annotations

import base64
import html
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from qwave_jupyter import words

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from qwave_jupyter.generation.previews import Preview

__all__ = ["Gallery", "GeneratedImage"]

_PAGE = (
    '<!doctype html><meta charset="utf-8"><title>qwave</title><style>body{font:15px/1.5 system-ui,sans-serif;'
    "margin:2rem;display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fill,minmax(280px,1fr))}figure{margin:0}"
    "img{width:100%;border-radius:8px}figcaption{color:#555}</style>"
)


@dataclass(frozen=True)
class GeneratedImage:
    """One finished picture.

    Args:
        path: the file.
        prompt: what was asked for.
        model: the model id.
        parameters: what else was set, by the user's names.
        task_id: the server's id.
        index: its place in the job, from 1.
        width: pixels.
        height: pixels.
        format: ``png``, ``jpeg``, ``webp``, … as it truly is.
        url: the link it came from.
        expires_at: Unix seconds after which that link dies, or None.
        cost_usd: this picture's part of the cost, or None.
        created: Unix seconds.
    """

    path: Path
    prompt: str = ""
    model: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    task_id: str = ""
    index: int = 1
    width: int = 0
    height: int = 0
    format: str = ""
    url: str = ""
    expires_at: float | None = None
    cost_usd: float | None = None
    created: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Pixel size (width, height)."""
        return self.width, self.height

    def pil(self) -> Picture:
        """The picture, decoded now and not before."""
        from PIL import Image

        with Image.open(self.path) as file:
            file.load()
            picture: Picture = file
            return picture

    def preview(self, long_side: int = 768) -> Preview:
        """A small copy.

        Args:
            long_side: pixels at most.
        """
        from qwave_jupyter.generation import previews

        return previews.preview(self.path, long_side)

    def record(self) -> dict[str, Any]:
        """Its facts as JSON values."""
        return {**asdict(self), "path": str(self.path), "parameters": dict(self.parameters)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> GeneratedImage:
        """The opposite of :meth:`record`; unknown facts of later versions are left out."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        return cls(**{**known, "path": Path(known["path"])})

    def __repr__(self) -> str:
        return (
            f"GeneratedImage({str(self.path)!r}, {self.width}×{self.height}, {self.model!r}, {_short(self.prompt)!r})"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        return Gallery((self,))._repr_mimebundle_(include, exclude)


class Gallery(Sequence[GeneratedImage]):
    """Pictures in order: index, slice, add, save; shown as one preview or one contact sheet.

    Args:
        pictures: the pictures.
        preview_px: the long side of previews in pixels.
        embed: what a notebook keeps: ``preview``, ``full`` or ``link``.

    Example:
        >>> gallery = generate("a cat", n=2)
        >>> gallery[0].path.name, len(gallery)
        ('2026-11-21-a-cat-8499-1.png', 2)
    """

    def __init__(
        self, pictures: Iterable[GeneratedImage] = (), *, preview_px: int = 768, embed: str = "preview"
    ) -> None:
        self._pictures = tuple(pictures)
        self.preview_px = preview_px
        self.embed = embed

    @overload
    def __getitem__(self, place: int) -> GeneratedImage: ...
    @overload
    def __getitem__(self, place: slice) -> Gallery: ...
    def __getitem__(self, place: int | slice) -> GeneratedImage | Gallery:
        if isinstance(place, slice):
            return self._like(self._pictures[place])
        return self._pictures[place]

    def __len__(self) -> int:
        return len(self._pictures)

    def __add__(self, other: Iterable[GeneratedImage]) -> Gallery:
        return self._like((*self._pictures, *other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gallery) and self._pictures == other._pictures

    def __hash__(self) -> int:
        return hash(self.paths)

    def __repr__(self) -> str:
        if not self._pictures:
            return "Gallery of no pictures"
        lines = [f"Gallery: {words.say('generation.pictures', count=len(self))}, {_short(self._pictures[0].prompt)!r}"]
        lines += [f"  {picture.path}  {picture.width}×{picture.height}" for picture in self._pictures]
        return "\n".join(lines)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(picture.path for picture in self._pictures)

    @property
    def cost_usd(self) -> float | None:
        """What they cost together; None when that isn't known of all."""
        costs = [picture.cost_usd for picture in self._pictures]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def embedded(self, embed: str) -> Gallery:
        """The same pictures, kept by a notebook in another way."""
        return Gallery(self._pictures, preview_px=self.preview_px, embed=embed)

    def save(self, folder: str | Path, pattern: str = "{name}") -> tuple[Path, ...]:
        """Copy the files.

        Args:
            folder: where to; made when it isn't there.
            pattern: file name without extension; ``{name}``, ``{index}``, ``{model}``, ``{task_id}``.

        Returns:
            The new files.
        """
        target = Path(folder).expanduser()
        target.mkdir(parents=True, exist_ok=True)
        copies = []
        for place, picture in enumerate(self._pictures, 1):
            name = pattern.format(name=picture.path.stem, index=place, model=picture.model, task_id=picture.task_id)
            safe = "".join(sign if sign.isalnum() or sign in "-_. " else "-" for sign in name).strip(". ") or str(place)
            copies.append(Path(shutil.copy2(picture.path, target / f"{safe}{picture.path.suffix}")))
        return tuple(copies)

    def sheet(self, long_side: int | None = None) -> Preview:
        """All pictures as one contact sheet with captions.

        Args:
            long_side: its width in pixels, at least.
        """
        from qwave_jupyter.generation import previews

        captions = [_caption(place, picture) for place, picture in enumerate(self._pictures)]
        return previews.contact_sheet(self.paths, captions, long_side or self.preview_px)

    def to_html(self, file: str | Path) -> Path:
        """Write one self-contained page with previews, prompts and files.

        Args:
            file: where to.
        """
        target = Path(file).expanduser()
        figures = []
        for picture in self._pictures:
            small = picture.preview(self.preview_px)
            data = base64.b64encode(small.content).decode("ascii")
            figures.append(
                f'<figure><img alt="{html.escape(picture.prompt)}" src="data:{small.mime};base64,{data}">'
                f"<figcaption>{html.escape(picture.prompt)}<br><small>{html.escape(picture.model)} · "
                f"{html.escape(picture.path.name)}</small></figcaption></figure>"
            )
        target.write_text(_PAGE + "".join(figures), encoding="utf-8")
        return target

    def _like(self, pictures: Iterable[GeneratedImage]) -> Gallery:
        return Gallery(pictures, preview_px=self.preview_px, embed=self.embed)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        del include, exclude
        data: dict[str, Any] = {"text/plain": repr(self)}
        if not self._pictures or not all(path.is_file() for path in self.paths):
            return data, {}
        if self.embed == "link":
            names = "<br>".join(html.escape(str(path)) for path in self.paths)
            return {**data, "text/html": f"<code>{names}</code>"}, {}
        small = self._shown()
        data[small.mime] = base64.b64encode(small.content).decode("ascii")
        alternative = _short(self._pictures[0].prompt, 300)
        return data, {small.mime: {"width": small.width, "height": small.height, "alt": alternative}}

    def _shown(self) -> Preview:
        if len(self) > 1:
            return self.sheet()
        (picture,) = self._pictures
        if self.embed == "full" and picture.format in {"png", "jpeg"}:
            from qwave_jupyter.generation.previews import Preview

            shrunk = min(1.0, 1024 / max(1, picture.width))
            width, height = round(picture.width * shrunk), round(picture.height * shrunk)
            return Preview(picture.path.read_bytes(), f"image/{picture.format}", width, height)
        return picture.preview(self.preview_px)


def _caption(place: int, picture: GeneratedImage) -> str:
    seed = picture.parameters.get("seed")
    named = "" if seed in {None, -1} else f"  seed {seed}"
    return f"[{place}]  {picture.width} x {picture.height}{named}"


def _short(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
