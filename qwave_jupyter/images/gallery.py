"""The pictures of a generation: files on disk, looked at only when somebody does.

Both types have static representations that any frontend shows; nothing here imports IPython.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images import filenames
from qwave_jupyter.images.generated_image import GeneratedImage, MimeBundle, Showing, cut

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Gallery", "GeneratedImage", "Showing"]


class Gallery(Sequence[GeneratedImage]):
    """Generated pictures in order: index it, slice it, add it to another, save it, look at it.

    Args:
        images: the pictures.
        showing: how they are previewed; None for how the first one is.
        labels: a caption for each, or None.

    Example:
        >>> best = gallery[:2] + other[-1:]
        >>> best.save("best", "{slug}-{i}.{ext}")
    """

    def __init__(
        self,
        images: Iterable[GeneratedImage] = (),
        *,
        showing: Showing | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self._images = tuple(images)
        self.showing = showing or (self._images[0].showing if self._images else Showing())
        self.labels = tuple(labels) if labels is not None else None

    @overload
    def __getitem__(self, place: int) -> GeneratedImage: ...

    @overload
    def __getitem__(self, place: slice) -> Gallery: ...

    def __getitem__(self, place: int | slice) -> GeneratedImage | Gallery:
        if isinstance(place, slice):
            labels = self.labels[place] if self.labels is not None else None
            return Gallery(self._images[place], showing=self.showing, labels=labels)
        return self._images[place]

    def __len__(self) -> int:
        return len(self._images)

    def __add__(self, other: Iterable[GeneratedImage]) -> Gallery:
        if not isinstance(other, Iterable):
            return NotImplemented
        return Gallery((*self._images, *other), showing=self.showing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gallery) and self._images == other._images

    def __hash__(self) -> int:
        return hash(tuple(str(image.path) for image in self._images))

    def __repr__(self) -> str:
        if not self._images:
            return "Gallery()"
        return f"Gallery({len(self)}: {self._images[0]!r}{', …' if len(self) > 1 else ''})"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in order."""
        return tuple(image.path for image in self._images)

    @property
    def cost_usd(self) -> float | None:
        """What the pictures cost together; None when the server said nothing of some."""
        costs = [image.cost_usd for image in self._images]
        return None if not costs or None in costs else round(sum(cost for cost in costs if cost is not None), 9)

    def save(self, folder: str | Path, pattern: str = "{name}") -> Gallery:
        """Copy the pictures and their sidecars into a folder.

        Args:
            folder: made when it isn't there.
            pattern: the file names; ``{name}`` (as it is), ``{date}``, ``{slug}``, ``{model}``, ``{seed}``, ``{id}``,
                ``{i}`` (place in this gallery), ``{ext}``.

        Returns:
            The copies.

        Raises:
            OptionMistake: a field that no pattern has.
        """
        from dataclasses import replace

        target = Path(folder).expanduser()
        target.mkdir(parents=True, exist_ok=True)
        copies = []
        for place, image in enumerate(self._images, 1):
            copy = _unused(target / _named(pattern, image, place), image.path)
            if copy != image.path:
                _copied(image.path, copy)
                sidecar = image.path.with_name(image.path.name + ".json")
                if sidecar.is_file():
                    shutil.copyfile(sidecar, copy.with_name(copy.name + ".json"))
            copies.append(replace(image, path=copy))
        return Gallery(copies, showing=self.showing, labels=self.labels)

    def sheet(self, columns: int | None = None) -> Image.Image:
        """All pictures on one contact sheet.

        Args:
            columns: how many stand side by side; None for about as many as rows.
        """
        from qwave_jupyter.images import contact_sheet

        tiles = [contact_sheet.Tile(image.path, caption) for image, caption in zip(self, self.captions(), strict=True)]
        return contact_sheet.draw(tiles, columns=columns, width=self.showing.preview_px)

    def captions(self) -> tuple[str, ...]:
        """What tells the pictures apart: their labels, else their number and what differs between them."""
        if self.labels is not None:
            return self.labels
        everything = [{"model": image.model, **image.parameters} for image in self._images]
        keys = sorted({key for one in everything for key in one if key not in {"prompt", "images", "mask"}})
        differing = [key for key in keys if len({str(one.get(key)) for one in everything}) > 1]
        return tuple(
            " · ".join([str(place), *(f"{key} {one[key]}" for key in differing if key in one)][:4])
            for place, one in enumerate(everything, 1)
        )

    def to_html(self, file: str | Path, title: str = "") -> Path:
        """Write one page that holds everything: pictures, prompts, parameters; no script, no link to elsewhere.

        Args:
            file: the page.
            title: its title; "" for the first prompt.
        """
        from qwave_jupyter.views import gallery_page

        page = Path(file).expanduser()
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(gallery_page.render(self, title=title), encoding="utf-8")
        return page

    def text(self) -> str:
        """The pictures in words: prompt and file of each."""
        if not self._images:
            return i18n.say("generation.no_pictures_here")
        return "\n".join(image.text() for image in self._images)

    @property
    def alt(self) -> str:
        """The alternative text: the prompts, each once."""
        return cut(" | ".join(dict.fromkeys(image.prompt for image in self._images)))

    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> MimeBundle:
        """Its static representation: the picture, or one contact sheet of several.

        Args:
            embed: ``preview``, ``full`` or ``link``; None for what its settings say. Several pictures in full still
                make one sheet, a larger one.
            preview_px: the preview's long side; None likewise.
        """
        from qwave_jupyter.images.preview import preview_sheet

        showing = Showing(preview_px or self.showing.preview_px, self.showing.cache, embed or self.showing.embed)
        if len(self) == 1:
            data, metadata = self._images[0].mimebundle(embed=showing.embed, preview_px=showing.preview_px)
            return {**data, "text/plain": self.text()}, metadata
        bundle: dict[str, Any] = {"text/plain": self.text()}
        picture = preview_sheet(self, showing) if self._images else None
        if picture is None:
            return bundle, {}
        bundle[picture.mime] = picture.base64()
        return bundle, {picture.mime: {"alt": self.alt, "width": picture.width, "height": picture.height}}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> MimeBundle:  # noqa: ARG002 - IPython's
        return self.mimebundle()


def _named(pattern: str, image: GeneratedImage, place: int) -> str:
    from datetime import datetime

    moment = datetime.fromtimestamp(image.created, tz=UTC).astimezone()
    known = {
        "name": image.path.stem,
        "date": moment.date().isoformat(),
        "slug": filenames.slug(image.prompt),
        "model": image.model,
        "seed": image.parameters.get("seed", ""),
        "id": filenames.short_id(image.job_id),
        "i": place,
        "ext": image.path.suffix.lstrip("."),
    }
    try:
        name = pattern.format(**known)
    except (KeyError, IndexError, ValueError, AttributeError):
        raise OptionMistake("generation.bad_pattern", given=pattern, allowed=[f"{{{one}}}" for one in known]) from None
    name = "".join("-" if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in name).strip(" .")
    ending = image.path.suffix
    return name if name.lower().endswith(ending.lower()) else (name or "picture") + ending


def _copied(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise OptionMistake("generation.no_such_file", path=source) from None


def _unused(target: Path, source: Path) -> Path:
    if not target.exists() or target.resolve() == source.resolve():
        return target
    return next(
        other
        for number in itertools.count(2)
        if not (other := target.with_name(f"{target.stem}-{number}{target.suffix}")).exists()
    )
