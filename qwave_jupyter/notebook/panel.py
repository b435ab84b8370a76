"""The panel: every parameter of every model in reach, and the same request, job and cell as the magic's.

All that it knows stands in one immutable state; a change makes the next state, checks it, and draws what differs.
"""

from __future__ import annotations

import functools
import random
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from qwave_jupyter import lookups, settings, verbs, words
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.generation import cell_text, references
from qwave_jupyter.generation.gallery import Gallery, GeneratedImage
from qwave_jupyter.notebook import options, panel_loading, references_strip
from qwave_jupyter.notebook.controls import fields_of
from qwave_jupyter.notebook.panel_check import Remembered, Verdict, verdict
from qwave_jupyter.notebook.panel_face import Face
from qwave_jupyter.notebook.panel_lookup import ModelFinder, card_of
from qwave_jupyter.notebook.panel_results import PanelRun
from qwave_jupyter.notebook.panel_state import PanelState, Picked, chosen, switched

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.generation.request import Request

__all__ = ["Panel", "from_line", "panel"]

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
            self.face.say(words.say("panel.unexpected", reason=f"{type(problem).__name__}: {problem}"[:300]))
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
        self._catalog = settings.catalog()
        self._variables = {} if variables is None else variables
        self._remembered = Remembered()
        self._thumbs: dict[str, str] = {}
        self._earlier: list[GeneratedImage] = []
        self._first_compared: GeneratedImage | None = None
        self._finder: ModelFinder | None = None
        self._copying = ""
        self._looking = ""
        self.runs: list[PanelRun] = []
        self.state = state
        self.verdict = Verdict((), "waiting")
        self.face = Face(self._catalog, state, self, plain=plain)
        self._go_to(state)

    def __repr__(self) -> str:
        return f"Panel({self.state.model.id}, {self.verdict.lines[0] if self.verdict.lines else ''!r})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = self.face.widget._repr_mimebundle_(**options)
        if isinstance(bundle, dict):
            bundle["text/plain"] = repr(self)
        return bundle

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
        return verbs.build(state.prompt, model=state.model.id, variables=self.variables, **state.options())

    def cell(self) -> str:
        """The ``%%qwave`` cell that makes the same request."""
        return cell_text.cell(self.state.model.id, self.state.prompt, self.state.written())

    def python(self) -> str:
        """The Python call that makes the same request."""
        return cell_text.python(self.state.model.id, self.state.prompt, self.state.written(), self.variables)

    @_told
    def choose_model(self, name: str) -> None:
        """Change to another model; what fits is kept."""
        if name != self.state.model.id:
            self._go_to(switched(self.state, self._catalog.model(name)))
            self._look(self._looking)

    @_told
    def set(self, name: str, value: Any) -> None:
        """Set a parameter, or give it back to its default with None."""
        self._go_to(chosen(self.state, name, value))

    @_told
    def set_prompt(self, text: str) -> None:
        """Change the prompt."""
        self._go_to(replace(self.state, prompt=text.replace("\r\n", "\n").replace("\r", "\n")))

    @_told
    def pictures_asked(self, parameter: str, kind: str, value: Any, more: Any = None) -> None:
        """Do what was asked of the references (``images``) or of the ``mask``.

        Args:
            parameter: which of the two.
            kind: ``add`` (text), ``upload`` (bytes and name), ``earlier``, ``remove`` or ``move`` (places).
            value: what belongs to it.
            more: the name of an upload, or by how much to move.
        """
        several = list(self.state.picked if parameter == "images" else filter(None, [self.state.mask]))
        if kind == "add":
            several.append(references_strip.pick_text(value, self.variables))
        elif kind == "upload":
            several.append(references_strip.kept(value, settings.current().home, more))
        elif kind == "earlier" and 0 <= value < len(self._earlier):
            several.append(references_strip.pick_earlier(self._earlier[value]))
        elif kind == "remove" and 0 <= value < len(several):
            del several[value]
        elif kind == "move" and 0 <= value < len(several) and isinstance(more, int):
            several.insert(max(0, value + more), several.pop(value))
        self._pick(parameter, several)

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
        return self._run(self.request(), self.state)

    def close(self) -> None:
        """Close every widget of it; jobs go on, and their pictures are kept."""
        for run in self.runs:
            run.dismiss()
        if self._finder is not None:
            self._finder.close_all()
        self.face.close_all()

    def _run(self, request: Request, state: PanelState) -> PanelRun:
        run = PanelRun(verbs.start(request), state, self._act)
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
        elif action == "copy_cell":
            self.face.copy.text = cell_text.cell(run.state.model.id, run.state.prompt, run.state.written())
            self.face.copy.layout.display, self._copying = "", "run"
        elif image is not None and action == "save":
            run.offer_saving()
        elif image is not None and action == "save_here":
            copies = run.gallery.save(run.folder)
            run.say(words.say("panel.saved", paths=[str(path) for path in copies.paths]))
        elif image is not None and action == "compare":
            self._compare(run, image)
        elif image is not None:
            self._use(run, image, editing=action == "edit")

    def _vary(self, run: PanelRun) -> None:
        state = run.state
        if "seed" in state.model.parameters:
            state = chosen(state, "seed", random.randint(1, _MOST_SEED))  # noqa: S311 - a picture's seed is no secret
        body = {"model": state.model.id, "variables": self.variables, **state.options()}
        self._run(verbs.build(state.prompt, **body), state)

    def _compare(self, run: PanelRun, image: GeneratedImage) -> None:
        first, self._first_compared = self._first_compared, None
        if first is None or first == image:
            self._first_compared = image
            run.say(words.say("panel.compare_next"))
            return
        self.face.comparison.compare(first, image)
        for one in self.runs:
            one.say("")

    def _use(self, run: PanelRun, image: GeneratedImage, *, editing: bool) -> None:
        model = self.state.model
        if "images" not in model.parameters:
            others = [one.id for one in self._catalog.find(references=1)][:4]
            run.say(words.say("panel.takes_no_pictures", model=model.id, others=others))
            return
        picked = references_strip.pick_earlier(image)
        state = replace(self.state, picked=(picked,) if editing else (*self.state.picked, picked))
        if editing:
            mode = next((one for one in ("edit", "image2image") if one in model.actions), None)
            state = chosen(state, "action", mode)
        self._go_to(state)
        run.say(words.say("panel.is_reference"))

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
            if self._finder is None:
                self._finder = ModelFinder(tuple(self._catalog), self.choose_model)
            self._finder.find()
        self.face.show_lookup(
            self._finder.widget if what == "find_model" and self._finder is not None else None,
            card_of(self.state.model) if what == "about_model" else "",
        )

    def _pick(self, parameter: str, several: list[Picked]) -> None:
        if parameter == "mask":
            self._go_to(replace(self.state, mask=several[-1] if several else None))
        else:
            self._go_to(replace(self.state, picked=tuple(several)))

    def _go_to(self, state: PanelState) -> None:
        self.state = state
        self.verdict = verdict(state, self.variables, self._remembered)
        self.face.draw(state, self.verdict, fields_of(state), demo=settings.serves_demo())
        self._draw_pictures()
        if self._copying in {"copy_as_cell", "copy_as_python"}:
            self._copy(self._copying)

    def _draw_pictures(self) -> None:
        state, model = self.state, self.state.model
        self._earlier = self._earlier_results() if "images" in model.parameters else []
        strip = self.face.references
        used = len(state.images)
        strip.items = [self._item(one, "images", place < used) for place, one in enumerate(state.picked)]
        strip.earlier = [f"{place}. {one.alt[:40]}" for place, one in enumerate(self._earlier, 1)]
        strip.hint = self._reference_hint(model)
        strip.full = state.most_images is not None and len(state.picked) >= state.most_images
        mask = self.face.mask
        parameter = model.parameters.get("mask")
        wanted = parameter is not None and bool(state.picked or state.mask)
        mask.layout.display = "" if wanted else "none"
        mask.items = [self._item(state.mask, "mask", wanted)] if state.mask is not None else []
        mask.hint = words.say("panel.by_url_only") if not model.references.takes_bytes else ""
        mask.full = state.mask is not None

    def _item(self, picked: Picked, parameter: str, used: bool) -> dict[str, Any]:
        if picked.written not in self._thumbs:
            self._thumbs[picked.written] = references_strip.thumbnail(picked)
        several = len(list(references.each(picked.source)))
        item: dict[str, Any] = {"label": picked.label, "thumb": self._thumbs[picked.written]}
        if several > 1:
            item["label"] = f"{picked.label} ×{several}"
        found = self._remembered.of(picked, parameter, self.state.model)
        if isinstance(found, QwaveError):
            item["wrong"] = str(found)
        if not used:
            item["unused"] = True
        return item

    def _earlier_results(self) -> list[GeneratedImage]:
        return [image for gallery in self.results for image in gallery][:_MOST_EARLIER]

    def _reference_hint(self, model: Model) -> str:
        most = self.state.most_images
        parts = [] if most is None else [words.say("panel.up_to", count=most)]
        if not model.references.takes_bytes:
            parts.append(words.say("panel.by_url_only"))
        return " · ".join(parts)


def panel(
    prompt: str = "",
    *,
    model: str | None = None,
    task: str | None = None,
    last: bool = False,
    plain: bool = False,
    **parameters: Any,
) -> Panel:
    """A panel in the notebook, empty or with a request in it.

    Args:
        prompt: what to paint.
        model: a model id; None for the one in the settings.
        task: load the request of this job: its task id, its job id, or the end of either.
        last: load the request of the last job.
        plain: use ipywidgets alone, for frontends that load no others.
        parameters: parameters of the model by name, pictures as a request takes them.

    Raises:
        UnknownModel: no such id; the nearest is named.
        UnknownTask: there is no such job.
        RequestRefused: a parameter that the model doesn't have.

    Example:
        >>> panel("a cat", model="gpt-image-2", aspect_ratio="16:9")
        Panel(gpt-image-2, 'Ready: $0.0064 for 1 picture')
    """
    now, catalog, variables = settings.current(), settings.catalog(), _notebook_variables()
    if last or task is not None:
        state = panel_loading.from_request(catalog, panel_loading.request_of(task), now.home)
    else:
        state = panel_loading.from_parameters(catalog, model or now.model, prompt, parameters, variables, now.home)
    return Panel(state, variables, plain=plain)


def from_line(arguments: list[str]) -> Panel:
    """What ``%qwave panel`` opens: ``--from-last``, ``--from TASK``, or the options of a cell.

    Args:
        arguments: the words behind the verb.

    Raises:
        OptionMistake: what can't be read.
    """
    if arguments[:1] == ["--from-last"]:
        return panel(last=True)
    name, equals, task = arguments[0].partition("=") if arguments else ("", "", "")
    if name == "--from" and (equals or len(arguments) > 1):
        return panel(task=task or arguments[1])
    line = shlex.join(arguments)
    chosen_model = lookups.model(options.model_named(line) or settings.current().model)
    read = options.read_line(line, chosen_model, _notebook_variables())
    return panel(model=chosen_model.id, **read.options)


def _notebook_variables() -> Mapping[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    variables: Mapping[str, Any] = shell.user_ns if shell is not None else {}
    return variables
