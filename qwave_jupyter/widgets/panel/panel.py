"""The panel: every parameter of every model in reach, and the same request, job and cell as the magic's.

All that it knows stands in one immutable state; a change makes the next state, checks it, and draws what differs.
"""

from __future__ import annotations

import functools
import html
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from qwave_jupyter import api, i18n
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs import codegen
from qwave_jupyter.session import default
from qwave_jupyter.widgets.canvas.base import is_headless
from qwave_jupyter.widgets.panel import image_strip
from qwave_jupyter.widgets.panel.editors import PanelTools
from qwave_jupyter.widgets.panel.field_specs import fields_of
from qwave_jupyter.widgets.panel.image_inputs import PanelPictures
from qwave_jupyter.widgets.panel.layout import Face
from qwave_jupyter.widgets.panel.model_finder import ModelFinder, card_of
from qwave_jupyter.widgets.panel.runs import PanelRun
from qwave_jupyter.widgets.panel.state import PanelState, Picked, chosen, switched, with_pictures
from qwave_jupyter.widgets.panel.validation import Remembered, Verdict, verdict

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["Panel"]

_MOST_RUNS = 24
_MOST_EARLIER = 20
_MOST_SEED = 2**31 - 1
Heard = TypeVar("Heard", bound=Callable[..., Any])


def _told(method: Heard) -> Heard:
    """Whatever goes wrong in a callback is said in the panel: nobody sees a callback's traceback."""

    @functools.wraps(method)
    def guarded(self: Panel, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except QwaveError as error:
            self.face.say(str(error))
        except Exception as problem:  # noqa: BLE001 - bad input never breaks the panel
            self.face.say(i18n.say("panel.unexpected", reason=f"{type(problem).__name__}: {problem}"[:300]))
        return None

    return guarded  # type: ignore[return-value]


class Panel:
    """One panel in a notebook.

    Args:
        state: what stands in it first.
        variables: the notebook's variables, or a function that gives them.
        plain: use ipywidgets alone, for frontends that load no others.

    Example:
        >>> panel = Panel(PanelState(model, prompt="a cat"))
        >>> panel.set("aspect_ratio", "16:9")
        >>> panel.request().body["aspect_ratio"]
        '16:9'
    """

    def __init__(self, state: PanelState, variables: Mapping[str, Any] | None = None, *, plain: bool = False) -> None:
        self._catalog = default().catalog
        self._variables = {} if variables is None else variables
        self._remembered = Remembered()
        self._first_compared: GeneratedImage | None = None
        self.finder: ModelFinder | None = None
        self._copying = ""
        self._looking = ""
        self.runs: list[PanelRun] = []
        self.state = state
        self.verdict = Verdict((), "waiting")
        self.tools = PanelTools(self.set, self.mask_painted, default().settings.home)
        self.face = Face(self._catalog, state, self, self.tools.widget, plain=plain)
        self._pictures = PanelPictures(self.face.references, self.face.mask, self._remembered)
        self._go_to(state)

    def __repr__(self) -> str:
        return f"Panel({self.state.model.id}, {self.verdict.lines[0] if self.verdict.lines else ''!r})"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.face.widget._repr_mimebundle_(**options) or {}
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        if is_headless():
            # Nobody is there to point, and the file that is made would hold a panel that nobody can bring to life.
            data = {}
        said = html.escape(i18n.say("panel.static"))
        cell = codegen.cell(self.state.model.id, self.state.prompt, self.state.written())
        markup = f'<div style="opacity:.75">{said}</div><pre>{html.escape(codegen.displayed(cell))}</pre>'
        return {**data, "text/html": markup, "text/plain": repr(self)}

    @property
    def variables(self) -> Mapping[str, Any]:
        """The notebook's variables."""
        return self._variables

    @property
    def results(self) -> tuple[Gallery, ...]:
        """The pictures of every run that has some, newest first."""
        return tuple(run.gallery for run in self.runs if len(run.gallery))

    def request(self) -> Request:
        """What would be sent now, every picture read anew.

        Raises:
            RequestRefused: every mistake at once.
        """
        state = self.state
        return api.build(state.prompt, model=state.model.id, variables=self.variables, **state.options())

    def cell(self) -> str:
        """The ``%%qwave`` cell that makes the same request."""
        self.tools.settle()
        return codegen.cell(self.state.model.id, self.state.prompt, self.state.written())

    def python(self) -> str:
        """The Python call that makes the same request."""
        self.tools.settle()
        return codegen.python(self.state.model.id, self.state.prompt, self.state.written(), self.variables)

    @_told
    def choose_model(self, name: str) -> None:
        """Change to another model; what fits is kept."""
        if name != self.state.model.id:
            self._go_to(switched(self.state, self._catalog.model(name)))
            self._look(self._looking)

    @_told
    def set(self, name: str, value: Any) -> None:
        """Set a parameter of the model, or give it back to its default with None."""
        parameter = self.state.model.named(name)
        if parameter is None or parameter.picture:
            # A late message from controls of the model before; pictures have a way of their own.
            return
        if parameter.name == "prompt":
            self.set_prompt("" if value is None else str(value))
        else:
            self._go_to(chosen(self.state, name, value))

    @_told
    def set_prompt(self, text: str) -> None:
        """Change the prompt."""
        self._go_to(replace(self.state, prompt=text.replace("\r\n", "\n").replace("\r", "\n")))

    @_told
    def pictures_asked(self, parameter: str, kind: str, value: Any, more: Any = None) -> None:
        """Do what was asked of the references (``images``) or of the ``mask``; see :class:`PanelPictures`."""
        asked = (parameter, kind, value, more)
        self._go_to(self._pictures.after(self.state, asked, self.variables, default().settings.home))

    @_told
    def mask_painted(self, mask: Picked | None) -> None:
        """Use a painted mask, or none."""
        self._go_to(replace(self.state, mask=mask))

    @_told
    def pressed(self, button: str) -> None:
        """Do what a button says."""
        if button == "generate":
            self.generate()
        elif button in {"copy_as_cell", "copy_as_python"}:
            self._copy("" if self._copying == button else button)
        elif button in {"find_model", "about_model"}:
            self._look("" if self._looking == button else button)
        elif button == "plain_controls":
            self.face.use_plain()
            self._go_to(self.state)

    @_told
    def generate(self) -> PanelRun:
        """Send what stands in the panel; its card and pictures appear on top of the results."""
        self.tools.settle()
        return self._run(self.request(), self.state)

    def close(self) -> None:
        """Close every widget of it; jobs go on, and their pictures are kept."""
        for run in self.runs:
            run.dismiss()
        if self.finder is not None:
            self.finder.close_all()
        self.tools.close_all()
        self.face.close_all()

    def _run(self, request: Request, state: PanelState) -> PanelRun:
        run = PanelRun(default().start(request), state, self._act)
        self.runs.insert(0, run)
        for old in [one for one in self.runs[_MOST_RUNS:] if one.job.done()]:
            self._dismiss(old)
        self.face.runs.children = [one.box for one in self.runs]
        return run.open()

    @_told
    def _act(self, action: str, run: PanelRun, image: GeneratedImage | None) -> None:
        if action == "dismiss":
            self._dismiss(run)
        elif action == "vary":
            self._vary(run)
        elif action == "ended":
            self._pictures.offer([image for gallery in self.results for image in gallery][:_MOST_EARLIER])
        elif action == "copy_cell":
            run.show_text(codegen.cell(run.state.model.id, run.state.prompt, run.state.written()))
        elif image is not None and action == "save":
            run.offer_saving()
        elif image is not None and action == "save_here":
            copies = run.gallery.save(run.folder)
            run.say(i18n.say("panel.saved", paths=[str(path) for path in copies.paths]))
        elif image is not None and action == "compare":
            self._compare(run, image)
        elif image is not None:
            self._use(run, image, editing=action == "edit")

    def _vary(self, run: PanelRun) -> None:
        state = run.state
        if "seed" in state.model.parameters:
            state = chosen(state, "seed", random.randint(1, _MOST_SEED))  # noqa: S311 - a picture's seed is no secret
        body = {"model": state.model.id, "variables": self.variables, **state.options()}
        self._run(api.build(state.prompt, **body), state)

    def _compare(self, run: PanelRun, image: GeneratedImage) -> None:
        first, self._first_compared = self._first_compared, None
        if first is None or first == image:
            self._first_compared = image
            run.say(i18n.say("panel.compare_next"))
            return
        self.face.comparison.compare(first, image)
        for one in self.runs:
            one.say("")

    def _use(self, run: PanelRun, image: GeneratedImage, *, editing: bool) -> None:
        model = self.state.model
        if "images" not in model.parameters:
            others = [one.id for one in self._catalog.find(references=1)][:4]
            run.say(i18n.say("panel.takes_no_pictures", model=model.id, others=others))
            return
        picked = image_strip.pick_earlier(image)
        state = with_pictures(self.state, (picked,) if editing else (*self.state.picked, picked))
        if editing:
            mode = next((one for one in ("edit", "image2image") if one in model.actions), None)
            state = chosen(state, "action", mode)
        self._go_to(state)
        run.say(i18n.say("panel.is_reference"))

    def _dismiss(self, run: PanelRun) -> None:
        self.runs.remove(run)
        self.face.runs.children = [one.box for one in self.runs]
        run.dismiss()

    def _copy(self, what: str) -> None:
        self._copying = what
        self.face.copy.layout.display = "" if what else "none"
        if what:
            self.face.copy.text = self.cell() if what == "copy_as_cell" else self.python()

    def _look(self, what: str) -> None:
        self._looking = what
        if what == "find_model":
            if self.finder is None:
                self.finder = ModelFinder(tuple(self._catalog), self.choose_model)
            self.finder.find()
        self.face.show_lookup(
            self.finder.widget if what == "find_model" and self.finder is not None else None,
            card_of(self.state.model) if what == "about_model" else "",
        )

    def _tasks(self) -> tuple[str, ...]:
        """What can be gone on from: the tasks of this panel that the chosen model has ended."""
        ended = (run.job for run in self.runs if run.job.task_id and len(run.gallery))
        return tuple(str(job.task_id) for job in ended if job.request.model.id == self.state.model.id)

    def _go_to(self, state: PanelState) -> None:
        self.state = state
        self.verdict = verdict(state, self.variables, self._remembered)
        elsewhere = () if self.face.is_plain else self.tools.draw(state)
        self.face.draw(state, self.verdict, fields_of(state, elsewhere, self._tasks()), demo=default().serves_demo())
        self._pictures.draw(state, painting=self.tools.is_painted)
        if self._copying:
            self._copy(self._copying)
