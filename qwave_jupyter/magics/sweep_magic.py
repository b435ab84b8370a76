"""How a cell with ``--sweep`` waits, and what it shows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import frontend, i18n
from qwave_jupyter.magics.async_wait import watched_sweep
from qwave_jupyter.magics.batch_view import BatchView
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default

if TYPE_CHECKING:
    from qwave_jupyter.batches.sweep import Sweep, SweepRun
    from qwave_jupyter.batches.sweep_gallery import SweepGallery

__all__ = ["awaited", "blocking", "planned"]


async def awaited(run: SweepRun, console: Console, own: Mapping[str, Any]) -> Any:
    """A top-level cell: the kernel lives on while the sheet fills.

    Args:
        run: a sweep that was started.
        console: where it is shown.
        own: the cell's own options.
    """
    with _shown(run, console, clickable=not console.headless) as view:
        if own.get("no_wait") and not console.headless:
            view.detach()
            return _named(run, console, own)
        gallery = _kept_as(await watched_sweep(run, console.shell), own)
    return _named(run if own.get("no_wait") else gallery, console, own)


def blocking(run: SweepRun, console: Console, own: Mapping[str, Any]) -> Any:
    """A nested cell, or one in a terminal: only an interrupt is heard."""
    goes_on = bool(own.get("no_wait")) and not console.headless
    with _shown(run, console, clickable=goes_on) as view:
        if goes_on:
            view.detach()
            return _named(run, console, own)
        gallery = _kept_as(run.result(), own)
    return _named(run if own.get("no_wait") else gallery, console, own)


def planned(sweep: Sweep) -> Iterator[str]:
    """A dry run in lines: how many requests, for how much, and each with its labels."""
    usd = sweep.estimate_usd
    price = i18n.dollars(usd) if usd is not None else i18n.say("notebook.no_price")
    yield i18n.say("notebook.sweep_plan", count=len(sweep.requests), price=price)
    for place in sweep.places:
        labels = " · ".join(f"{key} {value}" for key, value in place.tile.labels.items())
        known = [one.estimate_usd for one in place.requests]
        each = "" if None in known or not known else i18n.dollars(sum(one for one in known if one is not None))
        yield f"  {labels}  {place.refused or each}"


@contextlib.contextmanager
def _shown(run: SweepRun, console: Console, *, clickable: bool) -> Iterator[BatchView]:
    now = default().settings
    in_terminal = now.display == "text" or console.kernel is None
    view = BatchView(
        run.batch,
        i18n.say("notebook.sweep_title", model=_of_models(run.sweep), shape="×".join(map(str, run.so_far().shape))),
        total=len(run.sweep.requests),
        estimate_usd=run.sweep.estimate_usd,
        hint="" if clickable or console.headless else i18n.say("notebook.press_stop"),
        clickable=clickable and now.display in {"auto", "widget"} and not in_terminal,
        in_terminal=in_terminal,
        sheet=run.so_far,
        demo=default().serves_demo(),
    )
    try:
        with frontend.contain_view_errors():
            view.open()
        yield view
    except KeyboardInterrupt:
        # It may strike before the wait began; what is queued is cancelled all the same.
        if not run.done():
            raise run.stop() from None
        raise
    finally:
        if not view.detached:
            with frontend.contain_view_errors():
                view.close()


def _named(value: Any, console: Console, own: Mapping[str, Any]) -> Any:
    if own.get("out"):
        console.variables[own["out"]] = value
    return value


def _kept_as(gallery: SweepGallery, own: Mapping[str, Any]) -> SweepGallery:
    gallery.showing = replace(gallery.showing, embed=own.get("embed") or default().settings.embed)
    return gallery


def _of_models(sweep: Sweep) -> str:
    swept = next((axis for axis in sweep.axes if axis.key == "model"), None)
    return i18n.say("notebook.models_swept", count=len(swept.values)) if swept else sweep.model
