"""A sweep under way and what came of it: a grid of requests, all checked and priced before the first is sent."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.batches.sweep_axes import Axis, Tile
from qwave_jupyter.errors import Cancelled, OptionMistake, QwaveError, RequestRefused, TooExpensive
from qwave_jupyter.jobs import codegen
from qwave_jupyter.jobs import reuse as reuse_of
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.reference_bytes import release_bytes
from qwave_jupyter.jobs.request import Request

if TYPE_CHECKING:
    from qwave_jupyter.batches.sweep_gallery import SweepGallery
    from qwave_jupyter.jobs.limits import Limits

__all__ = ["Place", "Sweep", "SweepRun", "plan"]

#: Builds the request of one tile: options, variables, model (or None) to a request.
Builder = Callable[[Mapping[str, Any], Mapping[str, Any], "str | None"], Request]


@dataclass(frozen=True)
class Place:
    """One place of the grid before it is made.

    Args:
        tile: what is different here.
        requests: what will be sent; several where a model makes one picture at a time.
        refused: why nothing can be sent for it, or None.
    """

    tile: Tile
    requests: tuple[Request, ...] = ()
    refused: QwaveError | None = None


def plan(tiles: Sequence[Tile], build: Builder) -> tuple[Place, ...]:
    """Check every tile; those that are refused stay in the grid with their reason.

    Args:
        tiles: what :func:`~qwave_jupyter.batches.sweep_axes.expand` gave.
        build: builds one request.

    Raises:
        RequestRefused: every tile is refused.
        UserMistake: what would be wrong with any of them.
    """
    places = [_planned(tile, build) for tile in tiles]
    if all(place.refused for place in places):
        raise places[0].refused or OptionMistake("generation.sweep_empty", key="", given="")
    return tuple(places)


@dataclass(frozen=True)
class Sweep:
    """A sweep that may be started.

    Args:
        axes: its directions.
        places: its grid, the last axis fastest.
        prompt: the prompt with its braces unfilled, for the cells of single tiles.
        options: what all tiles have in common.
        model: the model of tiles that sweep none.
    """

    axes: tuple[Axis, ...]
    places: tuple[Place, ...]
    prompt: str
    options: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that will be sent, in the order of the grid."""
        return tuple(request for place in self.places for request in place.requests)

    @property
    def estimate_usd(self) -> float | None:
        """USD for all of it; None where a price isn't published."""
        estimates = [request.estimate_usd for request in self.requests]
        return None if None in estimates else round(math.fsum(one for one in estimates if one is not None), 9)

    def hold_to(self, ceiling: float | None, *, force: bool = False) -> None:
        """Refuse the sweep when it would cost more than that.

        Args:
            ceiling: USD for all of it, or None.
            force: go on although a price isn't known; what is known counts all the same.

        Raises:
            TooExpensive: it is dearer, or a price isn't known.
        """
        if ceiling is None:
            return
        allowed = i18n.dollars(ceiling)
        unknown = sum(request.estimate_usd is None for request in self.requests)
        if unknown and not force:
            raise TooExpensive("generation.sweep_price_unknown", count=unknown, ceiling_words=allowed)
        total = round(math.fsum(request.estimate_usd or 0.0 for request in self.requests), 9)
        if total > ceiling:
            raise TooExpensive(
                "generation.sweep_too_expensive",
                count=len(self.requests),
                estimate_words=i18n.dollars(total),
                ceiling_words=allowed,
            )

    def to_pay(self, bench: JobContext, *, reuse: bool) -> Sweep:
        """The part of it that is to be paid for.

        Args:
            bench: whose journal knows what was made already.
            reuse: what this server made already, and what is the same as another of its requests, costs nothing.
        """
        if not reuse:
            return self
        seen: set[str] = set()

        def is_new(request: Request) -> bool:
            known = request.fingerprint in seen or reuse_of.is_likely(request, bench)
            seen.add(request.fingerprint)
            return not known

        places = (replace(place, requests=tuple(filter(is_new, place.requests))) for place in self.places)
        return replace(self, places=tuple(places))

    def start(
        self,
        bench: JobContext,
        *,
        concurrency: int = 8,
        max_cost: float | None = None,
        reuse: bool = False,
        limits: Limits | None = None,
        on_done: Callable[[], object] | None = None,
    ) -> SweepRun:
        """Send it.

        Args:
            bench: what the jobs need.
            concurrency: how many jobs at once.
            max_cost: USD for all of it, so that no single request may reserve more either.
            reuse: show identical finished requests again instead of paying again.
            limits: what each may cost, and the budget that they are counted in, instead of ``max_cost``.
            on_done: called once when all have ended.
        """
        batch = Batch(
            self.requests,
            bench,
            concurrency=concurrency,
            max_cost=max_cost,
            reuse=reuse,
            total=len(self.requests),
            estimate_usd=self.estimate_usd,
            limits=limits,
            on_done=on_done,
        )
        return SweepRun(self, batch.start(), bench)

    def released(self) -> Sweep:
        """The same without the bytes of its reference images."""
        light = (replace(place, requests=tuple(map(release_bytes, place.requests))) for place in self.places)
        return replace(self, places=tuple(light))

    def cell(self, place: int) -> str:
        """The cell that makes one tile again."""
        tile = self.places[place].tile
        prompt = self.prompt
        for name, value in tile.variables.items():
            if name in tile.labels:
                prompt = str(value).join(re.split(rf"\{{\{{\s*{re.escape(name)}\s*\}}\}}", prompt))
        return codegen.cell(tile.model or self.model, prompt, tile.options)


class SweepRun:
    """A sweep under way.

    Args:
        sweep: what was planned.
        batch: its jobs.
        bench: what they need.
    """

    def __init__(self, sweep: Sweep, batch: Batch, bench: JobContext) -> None:
        self.sweep = sweep
        self.batch = batch
        self._bench = bench

    def __repr__(self) -> str:
        done, total = len(self.batch.outcomes), len(self.sweep.requests)
        return f"SweepRun({self.sweep.model}, {done} of {total} done)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:  # noqa: ARG002 - IPython's
        return self.so_far().mimebundle() if self.done() else {"text/plain": repr(self)}

    def done(self) -> bool:
        """Whether every tile has ended."""
        return self.batch.done()

    def stop(self) -> Cancelled:
        """Start nothing more, cancel what is queued, keep what is done; the error that tells."""
        self.batch.stop()
        count = sum(outcome.gallery is not None for outcome in self.batch.outcomes)
        return Cancelled("generation.sweep_stopped", count=count, job_id="", task_id="")

    def result(self) -> SweepGallery:
        """Wait for all of it; failures are tiles with their reason.

        Raises:
            Cancelled: it was interrupted; what is done is kept.
        """
        self.batch.results()
        return self.so_far()

    def so_far(self) -> SweepGallery:
        """The grid with what has come until now."""
        from qwave_jupyter.batches.sweep_gallery import SweepGallery

        if self.done():
            # Its requests are needed for their parameters from now on, and no longer for their reference images.
            self.sweep = self.sweep.released()
        outcomes = {outcome.index: outcome for outcome in self.batch.outcomes}
        numbers = itertools.count()
        made = tuple(tuple(outcomes.get(next(numbers)) for _ in place.requests) for place in self.sweep.places)
        return SweepGallery(self.sweep, made, self._bench)


def _planned(tile: Tile, build: Builder) -> Place:
    try:
        return Place(tile, (build(tile.options, tile.variables, tile.model),))
    except RequestRefused as refused:
        split = _one_by_one(tile, build, refused)
        return split or Place(tile, refused=refused)


def _one_by_one(tile: Tile, build: Builder, refused: RequestRefused) -> Place | None:
    """A tile of several pictures for a model that makes one at a time."""
    mistakes: Iterable[Any] = refused.fields.get("violations", ())
    wanted = str(tile.options.get("n", ""))
    if {one.parameter for one in mistakes} != {"n"} or not wanted.isdigit() or int(wanted) < 1:
        return None
    options = {name: value for name, value in tile.options.items() if name != "n"}
    seed = str(options.get("seed", ""))
    requests = []
    for number in range(int(wanted)):
        # The same seed would give the same picture again and again.
        own = {**options, "seed": int(seed) + number} if seed.isdigit() and number else options
        try:
            requests.append(build(own, tile.variables, tile.model))
        except RequestRefused:
            return None
    return Place(tile, tuple(requests))
