"""``%%qwave``: read the cell, call the Python API, wait, show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api, frontend, i18n
from qwave_jupyter.batches.sweep import SweepRun
from qwave_jupyter.errors import Cancelled, QwaveError
from qwave_jupyter.magics import cell_options, sweep_magic
from qwave_jupyter.magics.async_wait import stopped, watched
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import view_for
from qwave_jupyter.session import default
from qwave_jupyter.views.model_card import ModelCard

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery

__all__ = ["Cells"]


class Cells:
    """The cell magic, in its two ways of waiting.

    Args:
        console: where it is shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._raw = ""

    def remember(self, info: Any) -> None:
        """Keep the raw cell: IPython strips ``>>> `` from the body that a magic gets."""
        self._raw = info.raw_cell or ""

    async def awaited(self, line: str, body: str) -> Any:
        """A top-level cell: the kernel lives on while it waits."""
        job, own = self._started(line, self._raw_body(body))
        if job is None:
            return None
        if isinstance(job, SweepRun):
            return await sweep_magic.awaited(job, self._console, own)
        with self._shown(job, own, hears_clicks=True) as view:
            if view.detached:
                return self._named(job, own)
            gallery = await watched(job, self._console.shell)
        return self._named(_given(job, _kept_as(gallery, own), own), own)

    def blocking(self, line: str, body: str) -> Any:
        """A nested cell, or one in a terminal: an interrupt is heard, a click only where loops can be nested."""
        job, own = self._started(line, body)
        if job is None:
            return None
        if isinstance(job, SweepRun):
            return sweep_magic.blocking(job, self._console, own)
        with self._shown(job, own, hears_clicks=self._hears_clicks() or self._goes_on(own)) as view:
            if view.detached:
                return self._named(job, own)
            gallery = job.result()
        return self._named(_given(job, _kept_as(gallery, own), own), own)

    def present(self, job: Any) -> Any:
        """How ``generate()`` waits in a notebook."""
        with self._shown(job, {}, hears_clicks=self._hears_clicks()):
            return job.result()

    def _hears_clicks(self) -> bool:
        return frontend.installed().can_wait()

    @contextlib.contextmanager
    def _shown(self, job: Any, own: Mapping[str, Any], *, hears_clicks: bool) -> Iterator[Any]:
        view = view_for(
            job,
            self._console.shell,
            default().settings.display,
            hears_clicks=hears_clicks,
            stays=self._goes_on(own),
            embed=own.get("embed") or default().settings.embed,
        )
        try:
            with frontend.contain_view_errors():
                view.open()
            yield view
        except Cancelled:
            raise
        except KeyboardInterrupt:
            # It may strike anywhere between the submit and the wait; the task is cancelled all the same.
            raise stopped(job) from None
        finally:
            if not view.detached:
                with frontend.contain_view_errors():
                    view.close()

    def _goes_on(self, own: Mapping[str, Any]) -> bool:
        # Without a person nobody would wait for the end, and the saved file would hold half a run.
        return bool(own.get("no_wait")) and not self._console.headless

    def _started(self, line: str, body: str) -> tuple[Any, Mapping[str, Any]]:
        line, prompt = cell_options.split_cell(line, body)
        chosen = default().settings.model
        variables = self._console.variables
        try:
            chosen = cell_options.model_named(line) or chosen
            model = api.model(chosen)
            if "--help" in line.split():
                self._console.show(ModelCard(model))
                return None, {}
            parsed = cell_options.read_line(line, model, variables)
            cell_options.refuse_key(prompt)
            own = parsed.own
            if own.get("live"):
                model = api.model(chosen, live=True)
            force = bool(own.get("force"))
            if own.get("sweep"):
                return self._sweeping(model.id, prompt, parsed), own
            request = api.build(prompt, model=model.id, force=force, variables=variables, **parsed.options)
            if own.get("dry_run"):
                self._dry_run(request, live=bool(own.get("live")))
                return None, own
            for notice in map(str, request.warnings):
                self._console.say(i18n.say("notebook.advised", text=notice))
            job = default().start(
                request,
                timeout=own.get("timeout"),
                save=own.get("save"),
                max_cost=own.get("max_cost"),
                reuse=True if own.get("reuse") else None,
                force=force,
            )
        except QwaveError as error:
            self._console.refuse(error, chosen)
            raise
        if job.snapshot.demo:
            self._console.say_demo()
        return job, own

    def _sweeping(self, model: str, prompt: str, parsed: cell_options.CellOptions) -> SweepRun | None:
        own = parsed.own
        force, variables = bool(own.get("force")), self._console.variables
        sweep = default().plan_sweep(
            prompt, own["sweep"], model=model, force=force, variables=variables, options=parsed.options
        )
        refused = sum(place.refused is not None for place in sweep.places)
        if refused:
            self._console.say(i18n.say("notebook.sweep_refused", count=refused))
        if own.get("dry_run"):
            self._console.say_lines(sweep_magic.planned(sweep))
            return None
        run = default().start_sweep(
            sweep,
            max_cost=own.get("max_cost"),
            reuse=True if own.get("reuse") else None,
            save=own.get("save"),
            timeout=own.get("timeout"),
            force=force,
        )
        if default().serves_demo():
            self._console.say_demo()
        return run

    def _raw_body(self, body: str) -> str:
        raw = self._raw.lstrip()
        head, _, rest = raw.partition("\n")
        return rest if head.startswith("%%") and rest.strip() else body

    def _named(self, value: Any, own: Mapping[str, Any]) -> Any:
        if own.get("out"):
            self._console.variables[own["out"]] = value
        return value

    def _dry_run(self, request: Any, *, live: bool) -> None:
        where = default().settings.base_url or default().catalog.host
        if default().serves_demo():
            where = i18n.say("notebook.the_demo")
        lines = [
            i18n.say("notebook.dry_run", url=where),
            request.body_text(),
            i18n.say("notebook.price", price=_priced(request.estimate_usd)),
        ]
        if live:
            lines.append(i18n.say("notebook.live_price", price=_priced(default().live_estimate(request))))
        if request.defaulted:
            pairs = ", ".join(
                f"{name} {value if value not in {True, False} else str(value).lower()}"
                for name, value in request.defaulted.items()
            )
            lines.append(i18n.say("notebook.leave_out", defaults=pairs))
        lines += [i18n.say("notebook.advised", text=str(one)) for one in request.warnings]
        self._console.say_lines(lines)


def _priced(usd: float | None) -> str:
    return i18n.dollars(usd) if usd is not None else i18n.say("notebook.no_price")


def _kept_as(gallery: Gallery, own: Mapping[str, Any]) -> Gallery:
    from qwave_jupyter.images.gallery import Gallery

    showing = replace(gallery.showing, embed=own.get("embed") or default().settings.embed)
    return Gallery(gallery, showing=showing, labels=gallery.labels)


def _given(job: Any, gallery: Any, own: Mapping[str, Any]) -> Any:
    # Code that asked for a job gets one, also where nobody is there and the cell waited; a job that is done shows its
    # pictures.
    return job if own.get("no_wait") else gallery
