"""Sweeps: a grid of requests along axes, all checked and priced before the first is sent, its run and its gallery."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.arguments import escape_braces, to_ascii_digits
from qwave_jupyter.batches.axes import MAX_GRID, Axis, find_repeated, parse_axis
from qwave_jupyter.batches.batch import Batch, Outcome
from qwave_jupyter.errors import Cancelled, OptionMistake, QwaveError, RequestRefused, TooExpensive
from qwave_jupyter.frontend import interruptible
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs import codegen, idempotency
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.references import release_bytes
from qwave_jupyter.jobs.request import Request, fill_prompt, fill_values, fingerprint_of
from qwave_jupyter.types import Namespace, Values

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.images.contact_sheet import Tile
    from qwave_jupyter.images.preview import MimeBundle
    from qwave_jupyter.jobs.costs import Limits

__all__ = [
    "Axis",
    "Combination",
    "GridCell",
    "Sweep",
    "SweepGallery",
    "SweepRun",
    "build_grid",
    "expand_axes",
    "parse_axis",
]


@dataclass(frozen=True)
class Combination:
    """One value of each axis."""

    labels: Mapping[str, object]
    options: Values
    variables: Namespace
    model: str | None
    position: tuple[int, ...]

    @property
    def caption(self) -> str:
        """The labels in a line."""
        return " · ".join(f"{key} {value}" for key, value in self.labels.items())


def expand_axes(
    axes: Sequence[Axis], options: Values | None = None, variables: Namespace | None = None
) -> tuple[Combination, ...]:
    """Every combination of the axes' values, the last axis fastest."""
    twice = find_repeated([axis.key for axis in axes])
    if twice:
        raise OptionMistake("generation.sweep_key_twice", key=twice[0])
    total = math.prod(len(axis.values) for axis in axes)
    if total > MAX_GRID:
        raise OptionMistake("generation.sweep_too_large", total=total, most=MAX_GRID)
    combinations = []
    for position in itertools.product(*(range(len(axis.values)) for axis in axes)):
        chosen = [(axis, axis.values[index]) for axis, index in zip(axes, position, strict=True)]
        plain = {axis.key: value for axis, value in chosen if not axis.in_prompt}
        model = plain.pop("model", None)
        combinations.append(
            Combination(
                labels={axis.key: value for axis, value in chosen},
                options={**(options or {}), **plain},
                variables={**(variables or {}), **{axis.key: value for axis, value in chosen if axis.in_prompt}},
                model=None if model is None else str(model),
                position=position,
            )
        )
    return tuple(combinations)


#: Builds the request of one combination from its options, variables, and model (or None).
BuildRequest = Callable[[Values, Namespace, "str | None"], Request]


@dataclass(frozen=True)
class GridCell:
    """One cell of the grid before it is made."""

    combination: Combination
    requests: tuple[Request, ...] = ()
    refusal: QwaveError | None = None


def build_grid(combinations: Sequence[Combination], build: BuildRequest) -> tuple[GridCell, ...]:
    """Check every combination; those that are refused stay in the grid with their reason.

    Raises:
        RequestRefused: every one is refused.
        OptionMistake: two of them send one request, such as those of ``1k`` and ``1K``, or ``n`` images each of
            neighbouring seeds.
    """
    grid = tuple(_build_cell(combination, build) for combination in combinations)
    if all(cell.refusal for cell in grid):
        raise grid[0].refusal or OptionMistake("generation.sweep_empty", key="", given="")
    _refuse_same_requests([cell for cell in grid if cell.requests])
    return grid


@dataclass(frozen=True)
class Sweep:
    """A sweep that may be started."""

    axes: tuple[Axis, ...]
    grid: tuple[GridCell, ...]
    prompt: str
    options: Values = field(default_factory=dict)
    model: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that will be sent, in the order of the grid."""
        return tuple(request for cell in self.grid for request in cell.requests)

    @property
    def estimate_usd(self) -> float | None:
        """USD for all of it; None where a price isn't published."""
        estimates = [request.estimate_usd for request in self.requests]
        return None if None in estimates else round(math.fsum(one for one in estimates if one is not None), 9)

    def check_max_cost(self, max_cost: float | None, *, force: bool = False) -> None:
        """Refuse the sweep when it would cost more than that."""
        if max_cost is None:
            return
        allowed = i18n.dollars(max_cost)
        unknown = sum(request.estimate_usd is None for request in self.requests)
        if unknown and not force:
            raise TooExpensive("generation.sweep_price_unknown", count=unknown, ceiling_words=allowed)
        total = round(math.fsum(request.estimate_usd or 0.0 for request in self.requests), 9)
        if total > max_cost:
            raise TooExpensive(
                "generation.sweep_too_expensive",
                count=len(self.requests),
                estimate_words=i18n.dollars(total),
                ceiling_words=allowed,
            )

    def without_reused(self, context: JobContext) -> Sweep:
        """Leave out what this server made already and what is the same as another of its requests."""
        seen: set[str] = set()

        def is_new(request: Request) -> bool:
            known = request.fingerprint in seen or idempotency.is_likely(request, context)
            seen.add(request.fingerprint)
            return not known

        return replace(
            self, grid=tuple(replace(cell, requests=tuple(filter(is_new, cell.requests))) for cell in self.grid)
        )

    def without_bytes(self) -> Sweep:
        """Leave out the bytes of its reference images."""
        return replace(
            self, grid=tuple(replace(cell, requests=tuple(map(release_bytes, cell.requests))) for cell in self.grid)
        )

    def prepare(
        self,
        context: JobContext,
        *,
        concurrency: int = 8,
        reuse: bool = False,
        limits: Limits | None = None,
        on_done: Callable[[], object] | None = None,
    ) -> SweepRun:
        """Its run, which isn't started yet."""
        batch = Batch(
            self.requests,
            context,
            concurrency=concurrency,
            reuse=reuse,
            total=len(self.requests),
            limits=limits,
            on_done=on_done,
        )
        return SweepRun(self, batch, context)

    def cell(self, index: int) -> str:
        """The cell that makes one image of the grid again."""
        combination = self.grid[index].combination
        swept = {name: value for name, value in combination.variables.items() if name in combination.labels}
        prompt = fill_values(self.prompt, swept)
        sent = fill_prompt(self.prompt, combination.variables)
        try:
            is_same = fill_prompt(prompt, combination.variables) == sent
        except RequestRefused:
            is_same = False
        # A brace or a backslash of a value may belong to what it stands beside; then no name is left.
        return codegen.cell(
            combination.model or self.model,
            prompt if is_same else escape_braces(sent),
            combination.options,
        )


class SweepRun:
    """A sweep, from the moment at which it may be started.

    Args:
        sweep: what was planned.
        batch: its jobs.
        context: what they need.
    """

    def __init__(self, sweep: Sweep, batch: Batch, context: JobContext) -> None:
        self.sweep = sweep
        self.batch = batch
        self._context = context

    def __repr__(self) -> str:
        done, total = len(self.batch.outcomes), len(self.sweep.requests)
        return f"SweepRun({self.sweep.model}, {done} of {total} done)"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> object:  # noqa: ARG002 - IPython's
        return self.so_far().mimebundle() if self.done() else {"text/plain": repr(self)}

    def start(self) -> SweepRun:
        """Send it.

        Raises:
            Cancelled: it was interrupted; what was ordered already is cancelled, not left to go on unseen.
        """
        try:
            with interruptible():
                self.batch.start()
        except KeyboardInterrupt:
            raise self.stop() from None
        except BaseException:
            self.batch.stop(0.0)
            raise
        return self

    def done(self) -> bool:
        """Whether every request has ended."""
        return self.batch.done()

    def stop(self) -> Cancelled:
        """Start nothing more, cancel what is queued, keep what is done; returns the error that says so."""
        self.batch.stop()
        return self.batch.describe_stop(of_images=True)

    def result(self) -> SweepGallery:
        """Wait for all of it; failures are tiles with their reason.

        Raises:
            Cancelled: it was interrupted; what is done is kept.
        """
        self.batch.results()
        return self.so_far()

    def so_far(self) -> SweepGallery:
        """The grid with what has come until now."""
        if self.done():
            # Its requests are needed for their parameters from now on, and no longer for their reference images.
            self.sweep = self.sweep.without_bytes()
        outcomes = {outcome.index: outcome for outcome in self.batch.outcomes}
        indices = itertools.count()
        made = [[outcomes.get(next(indices)) for _ in cell.requests] for cell in self.sweep.grid]
        return SweepGallery(self.sweep, made, self._context)


class SweepGallery(Gallery):
    """What came of a sweep: a gallery of its images, and a grid that knows where each belongs.

    Args:
        sweep: what was planned.
        made: for each cell of the grid, what became of its requests; None for what hasn't ended.
        context: where previews are kept.

    Example:
        >>> best = sweep.best(1, 2)
        >>> print(sweep.cell(1, 2))
    """

    def __init__(self, sweep: Sweep, made: Sequence[Sequence[Outcome | None]], context: JobContext) -> None:
        self.sweep = sweep
        #: The images of each cell, and why it has none.
        self._images_of = [
            [image for one in outcomes if one is not None for image in one.gallery or ()] for outcomes in made
        ]
        self._error_of = [
            cell.refusal or next((one.error for one in outcomes if one is not None and one.error is not None), None)
            for cell, outcomes in zip(sweep.grid, made, strict=True)
        ]
        labels = [cell.combination.caption for cell, images in self._cells() for _ in images]
        super().__init__(itertools.chain(*self._images_of), showing=context.showing, labels=labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return self.sweep.shape

    def at(self, *place: int) -> Gallery:
        """The images of one tile; empty where it failed.

        Args:
            place: its index along each axis, from 0.

        Raises:
            OptionMistake: there is no such tile.
        """
        return Gallery(self._images_of[self._index(place)])

    def best(self, *place: int) -> GeneratedImage:
        """The image of one tile, to go on from.

        Args:
            place: its index along each axis, from 0.

        Raises:
            OptionMistake: there is no such tile.
            QwaveError: it failed; its reason.
        """
        index = self._index(place)
        if not self._images_of[index]:
            raise self._error_of[index] or self._no_tile(place)
        return self._images_of[index][0]

    def cell(self, *place: int) -> str:
        """The cell that makes one tile again.

        Args:
            place: its index along each axis, from 0.
        """
        return self.sweep.cell(self._index(place))

    @property
    def errors(self) -> dict[tuple[int, ...], QwaveError]:
        """Why tiles have no image, by their place."""
        return {
            cell.combination.position: error
            for cell, error in zip(self.sweep.grid, self._error_of, strict=True)
            if error is not None
        }

    def to_records(self) -> list[dict[str, object]]:
        """One dict for each tile: its labels, files, cost, and why there is no image."""
        records = []
        for (cell, images), error in zip(self._cells(), self._error_of, strict=True):
            costs = [image.cost_usd for image in images]
            records.append(
                {
                    **cell.combination.labels,
                    "paths": [str(image.path) for image in images],
                    "cost_usd": None if None in costs else round(math.fsum(filter(None, costs)), 9),
                    "error": None if error is None else str(error),
                }
            )
        return records

    def sheet(self, columns: int | None = None) -> Image.Image:
        """The contact sheet: rows for the first axis, columns for the second, a page for each value of further ones.

        Args:
            columns: for a sweep of one axis, how many stand side by side.
        """
        return self._draw_sheet(self.showing.preview_px, columns)

    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> MimeBundle:
        """Its static representation: the sheet, and the files in words."""
        from qwave_jupyter.images.preview import MAX_SHEET_BYTES, render_preview, to_mimebundle

        options = self.showing.override(embed=embed, preview_px=preview_px)
        image = None
        if options.embed != "link":
            width = options.preview_px * (2 if options.embed == "full" else 1)
            image = render_preview(self._draw_sheet(width, None), max_bytes=MAX_SHEET_BYTES)
        return to_mimebundle(image, self.text(), self.alt or self.sweep.prompt, in_html=options.embed == "html")

    def text(self) -> str:
        """Every tile in a line: its labels, then its files or why there are none."""
        return "\n".join(
            f"{cell.combination.caption}: {', '.join(str(image.path) for image in images) or self._note(index)}"
            for index, (cell, images) in enumerate(self._cells())
        )

    def _cells(self) -> Iterator[tuple[GridCell, list[GeneratedImage]]]:
        return zip(self.sweep.grid, self._images_of, strict=True)

    def _index(self, position: tuple[int, ...]) -> int:
        for index, cell in enumerate(self.sweep.grid):
            if cell.combination.position == position:
                return index
        raise self._no_tile(position)

    def _no_tile(self, position: tuple[int, ...]) -> OptionMistake:
        return OptionMistake("generation.sweep_no_tile", given=position, shape="×".join(map(str, self.shape)))

    def _note(self, index: int) -> str:
        """Why a cell of the grid has no image."""
        error = self._error_of[index]
        return i18n.text("generation.waiting_tile") if error is None else str(error)

    def _draw_sheet(self, width: int, columns: int | None) -> Image.Image:
        from qwave_jupyter.images import contact_sheet

        per_cell = max(1, *(sum(one.images_asked for one in cell.requests) for cell in self.sweep.grid))
        axes = self.sweep.axes
        if len(axes) == 1:
            tiles = self._tiles(range(len(self.sweep.grid)), per_cell, caption=True)
            return contact_sheet.draw_sheet(tiles, columns=columns * per_cell if columns else None, width=width)
        rows, across = axes[-2], axes[-1]
        heads = [text for value in across.values for text in [f"{across.key} {value}", *[""] * (per_cell - 1)]]
        per_page = len(rows.values) * len(across.values)
        pages = [
            contact_sheet.draw_sheet(
                self._tiles(range(start, start + per_page), per_cell, caption=False),
                columns=len(heads),
                width=width,
                row_labels=[f"{rows.key} {value}" for value in rows.values],
                column_labels=heads,
            )
            for start in range(0, len(self.sweep.grid), per_page)
        ]
        titles = [
            "  ·  ".join(f"{axis.key} {value}" for axis, value in zip(axes[:-2], values, strict=True))
            for values in itertools.product(*(axis.values for axis in axes[:-2]))
        ]
        return pages[0] if len(pages) == 1 else contact_sheet.stack_sheets(pages, titles)

    def _tiles(self, indices: range, per_cell: int, *, caption: bool) -> list[Tile]:
        from qwave_jupyter.images.contact_sheet import Tile

        tiles = []
        for index in indices:
            label = self.sweep.grid[index].combination.caption if caption else ""
            images = self._images_of[index][:per_cell]
            empty = Tile(None, label, self._note(index), waiting=self._error_of[index] is None)
            tiles += [Tile(image.path, label) for image in images] + [empty] * (per_cell - len(images))
        return tiles


def _build_cell(combination: Combination, build: BuildRequest) -> GridCell:
    try:
        return GridCell(combination, (build(combination.options, combination.variables, combination.model),))
    except RequestRefused as refused:
        requests = _split_images(combination, build, refused)
        return GridCell(combination, requests) if requests else GridCell(combination, refusal=refused)


def _refuse_same_requests(grid: Sequence[GridCell]) -> None:
    """Raise OptionMistake where two cells send one request."""
    cells: dict[tuple[str, ...], GridCell] = {}
    seeded: dict[str, GridCell] = {}
    for cell in grid:
        ids = tuple(map(_identify, cell.requests))
        same = cells.setdefault(ids, cell)
        if same is not cell:
            raise _same_requests("sweep_same", same, cell)
        for request, request_id in zip(cell.requests, ids, strict=True):
            # Without a seed, the same request gives another image.
            if request.fixed_seed is None:
                continue
            same = seeded.setdefault(request_id, cell)
            if same is not cell:
                apart = max(len(same.requests), len(cell.requests))
                seed, model = request.fixed_seed, request.model.id
                raise _same_requests("sweep_same_seed", same, cell, seed=seed, model=model, apart=apart)


def _same_requests(key: str, first: GridCell, second: GridCell, **details: object) -> OptionMistake:
    captions = {"first": first.combination.caption, "second": second.combination.caption}
    return OptionMistake(f"generation.{key}", **captions, **details)


def _identify(request: Request) -> str:
    """What is the same for the same values, also where a number is written in two ways or one image is asked for."""
    content_ids = {one.uri: one.content_id for one in request.references}
    body = request.model.to_wire({"n": request.images_asked, **request.values})
    return fingerprint_of(_with_plain_numbers(body), content_ids)


def _with_plain_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_plain_numbers(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_plain_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _split_images(combination: Combination, build: BuildRequest, refused: RequestRefused) -> tuple[Request, ...]:
    """One request for each image, for a model that makes one at a time; none where something else is wrong."""
    wanted = _read_count(combination.options.get("n"))
    parameters = {one.parameter for one in refused.fields.get("violations", ())}
    if parameters != {"n"} or not wanted:
        return ()
    options = {name: value for name, value in combination.options.items() if name != "n"}
    requests: list[Request] = []
    for number in range(wanted):
        # The same seed would give the same image again and again.
        seed = requests[0].fixed_seed if requests else None
        own = {**options, "seed": seed + number} if isinstance(seed, int) else options
        try:
            requests.append(build(own, combination.variables, combination.model))
        except RequestRefused:
            return ()
    return tuple(requests)


def _read_count(given: object) -> int | None:
    """A whole number from 0, as parameters read it; None for anything else."""
    text = to_ascii_digits(str(given)).strip()
    return int(text) if re.fullmatch(r"\+?\d{1,18}", text, re.ASCII) else None
