"""What came of a sweep: a gallery of its pictures, and a grid that knows where each belongs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.batches.batch import Outcome
from qwave_jupyter.batches.sweep import Sweep
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.context import JobContext

__all__ = ["SweepGallery"]

_RECORD_ONLY = frozenset({"paths", "cost_usd", "error"})


class SweepGallery(Gallery):
    """What came of a sweep: a gallery of its pictures, and a grid that knows where each belongs.

    Args:
        sweep: what was planned.
        made: for each place, what became of its requests; None for what hasn't ended.
        bench: where previews are kept.

    Example:
        >>> best = sweep.best(1, 2)
        >>> print(sweep.cell(1, 2))
    """

    def __init__(self, sweep: Sweep, made: Sequence[Sequence[Outcome | None]], bench: JobContext) -> None:
        self.sweep = sweep
        self._made = tuple(tuple(outcomes) for outcomes in made)
        pictures: list[GeneratedImage] = []
        labels: list[str] = []
        for place, several in zip(sweep.places, self._made, strict=True):
            here = [image for one in several if one is not None and one.gallery for image in one.gallery]
            pictures += here
            labels += [" · ".join(f"{key} {value}" for key, value in place.tile.labels.items())] * len(here)
        super().__init__(pictures, showing=bench.showing, labels=labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.sweep.axes)

    def at(self, *place: int) -> Gallery:
        """The pictures of one tile; empty where it failed.

        Args:
            place: its index along each axis, from 0.

        Raises:
            OptionMistake: there is no such tile.
        """
        several = self._made[self._number(place)]
        return Gallery([image for one in several if one is not None and one.gallery for image in one.gallery])

    def best(self, *place: int) -> GeneratedImage:
        """The picture of one tile, to go on from.

        Args:
            place: its index along each axis, from 0.

        Raises:
            OptionMistake: there is no such tile.
            QwaveError: it failed; its reason.
        """
        found = self.at(*place)
        if len(found) == 0:
            error = self._error(self._number(place))
            raise error or OptionMistake("generation.sweep_no_tile", given=place, shape="×".join(map(str, self.shape)))
        return found[0]

    def cell(self, *place: int) -> str:
        """The cell that makes one tile again.

        Args:
            place: its index along each axis, from 0.
        """
        return self.sweep.cell(self._number(place))

    @property
    def errors(self) -> dict[tuple[int, ...], QwaveError]:
        """Why tiles have no picture, by their place."""
        found = ((place.tile.place, self._error(number)) for number, place in enumerate(self.sweep.places))
        return {where: error for where, error in found if error is not None}

    def to_records(self) -> list[dict[str, Any]]:
        """One dict for each tile: its labels, files, cost, and why there is no picture."""
        records = []
        for number, (place, several) in enumerate(zip(self.sweep.places, self._made, strict=True)):
            images = [image for one in several if one is not None and one.gallery for image in one.gallery]
            costs = [image.cost_usd for image in images]
            error = self._error(number)
            records.append(
                {
                    **place.tile.labels,
                    "paths": [str(image.path) for image in images],
                    "cost_usd": None if None in costs else round(math.fsum(filter(None, costs)), 9),
                    "error": None if error is None else str(error),
                }
            )
        return records

    def sheet(self, columns: int | None = None) -> Any:
        """The contact sheet: rows for the first axis, columns for the second, a page for each value of further ones.

        Args:
            columns: for a sweep of one axis, how many stand side by side.
        """
        return self._sheet(self.showing.preview_px, columns)

    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> Any:
        """Its static representation: the sheet, and the files in words."""
        from qwave_jupyter.images.preview import MOST_SHEET_BYTES, render_preview

        bundle: dict[str, Any] = {"text/plain": self.text()}
        embed = embed or self.showing.embed
        if embed == "link":
            return bundle, {}
        width = (preview_px or self.showing.preview_px) * (2 if embed == "full" else 1)
        picture = render_preview(self._sheet(width, None), most_bytes=MOST_SHEET_BYTES)
        bundle[picture.mime] = picture.base64()
        alt = self.alt or self.sweep.prompt
        return bundle, {picture.mime: {"alt": alt, "width": picture.width, "height": picture.height}}

    def text(self) -> str:
        """Every tile in a line: its labels, then its files or why there are none."""
        lines = []
        for record in self.to_records():
            labels = " · ".join(f"{key} {value}" for key, value in record.items() if key not in _RECORD_ONLY)
            found = ", ".join(record["paths"]) or record["error"] or i18n.say("generation.waiting_tile")
            lines.append(f"{labels}: {found}")
        return "\n".join(lines)

    def _sheet(self, width: int, columns: int | None) -> Any:
        from qwave_jupyter.images import contact_sheet

        pages = [
            contact_sheet.draw(tiles, columns=across, width=width, row_labels=rows, column_labels=heads)
            for tiles, across, rows, heads in self._pages(columns)
        ]
        titles = ["  ·  ".join(f"{key} {value}" for key, value in labels) for labels in self._page_labels()]
        return pages[0] if len(pages) == 1 else contact_sheet.stacked(pages, titles)

    def _number(self, place: Sequence[int]) -> int:
        for number, one in enumerate(self.sweep.places):
            if one.tile.place == tuple(place):
                return number
        raise OptionMistake("generation.sweep_no_tile", given=tuple(place), shape="×".join(map(str, self.shape)))

    def _error(self, number: int) -> QwaveError | None:
        place, several = self.sweep.places[number], self._made[number]
        return place.refused or next((one.error for one in several if one is not None and one.error is not None), None)

    def _pages(self, columns: int | None) -> Iterator[tuple[list[Any], int | None, list[str], list[str]]]:
        asked = [sum(one.pictures_asked for one in place.requests) for place in self.sweep.places]
        per_tile = max(1, *asked)
        axes = self.sweep.axes
        if len(axes) == 1:
            yield (
                [tile for number in range(len(self._made)) for tile in self._tiles(number, per_tile, caption=True)],
                (columns * per_tile if columns else None),
                [],
                [],
            )
            return
        rows, across = axes[-2], axes[-1]
        heads = [text for value in across.values for text in [f"{across.key} {value}", *[""] * (per_tile - 1)]]
        per_page = len(rows.values) * len(across.values)
        for start in range(0, len(self._made), per_page):
            numbers = range(start, start + per_page)
            tiles = [tile for number in numbers for tile in self._tiles(number, per_tile, caption=False)]
            yield tiles, len(heads), [f"{rows.key} {value}" for value in rows.values], heads

    def _page_labels(self) -> Iterator[tuple[tuple[str, Any], ...]]:
        outer = self.sweep.axes[:-2]
        return itertools.product(*([(axis.key, value) for value in axis.values] for axis in outer))

    def _tiles(self, number: int, per_tile: int, *, caption: bool) -> list[Any]:
        from qwave_jupyter.images.contact_sheet import Tile as Picture

        place = self.sweep.places[number]
        images = [image for one in self._made[number] if one is not None and one.gallery for image in one.gallery]
        error = self._error(number)
        note = str(error) if error is not None else i18n.say("generation.waiting_tile")
        label = " · ".join(f"{key} {value}" for key, value in place.tile.labels.items()) if caption else ""
        waiting = error is None
        found = [Picture(image.path, label) for image in images[:per_tile]]
        return found + [Picture(None, label, note, waiting=waiting)] * (per_tile - len(found))
