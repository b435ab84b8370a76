"""The panel, and how it is opened: one immutable state; a change makes the next, checks it and draws what differs."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from qwave_jupyter import api, frontend, i18n, threads
from qwave_jupyter.arguments import check, escape_braces
from qwave_jupyter.catalog import Catalog, Model, Violation
from qwave_jupyter.errors import (
    OptionMistake,
    QwaveError,
    ReferenceMistake,
    RequestRefused,
    UnknownModel,
)
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs import codegen, references
from qwave_jupyter.jobs.journal.record import Entry
from qwave_jupyter.jobs.own_options import OwnOptions, to_flag
from qwave_jupyter.jobs.presets import Preset, find_preset
from qwave_jupyter.jobs.request import refuse
from qwave_jupyter.magics import cell_options
from qwave_jupyter.magics.caller_scope import CallerVariables, find_caller_variables, find_shell_variables
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.session import default
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.types import JSONObject, Namespace, Values
from qwave_jupyter.views.models import ModelCard
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.canvas.base import is_headless
from qwave_jupyter.widgets.panel.editors import PanelTools
from qwave_jupyter.widgets.panel.fields import list_fields
from qwave_jupyter.widgets.panel.images import ImageInputs, select_image, select_result, to_reachable
from qwave_jupyter.widgets.panel.layout import PanelView
from qwave_jupyter.widgets.panel.models import ModelFinder
from qwave_jupyter.widgets.panel.presets import PresetList
from qwave_jupyter.widgets.panel.prompt import EarlierPrompts, list_earlier, list_negative
from qwave_jupyter.widgets.panel.results import MAX_COMPARED, PanelRun
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import (
    PanelState,
    ReferenceCache,
    SelectedImage,
    ValidationResult,
    build,
    describe_renewed,
    keeps_drawing,
    list_with_room,
    panel_texts,
    renew,
    validate,
    with_images,
    with_model,
    with_parameter,
    with_parameters,
    with_preset,
    with_seed,
)

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["Panel", "build_state", "panel", "panel_from_line"]

_IMAGES = ("images", "mask")
_LOST_CODES = frozenset({"unknown_parameter", "given_twice"})
_MAX_RUNS = 24
_MAX_EARLIER = 20
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _shows_errors(method: Callable[Concatenate[Panel, _P], _R]) -> Callable[Concatenate[Panel, _P], _R | None]:
    """Run callbacks one at a time, and show in the panel whatever goes wrong: nobody sees a callback's traceback."""

    @functools.wraps(method)
    def call(self: Panel, /, *args: _P.args, **options: _P.kwargs) -> _R | None:
        with self.lock, panel_texts():
            try:
                return method(self, *args, **options)
            except QwaveError as error:
                self.view.show_error(_format_error(error))
            except Exception as problem:  # noqa: BLE001 - bad input never breaks the panel
                log_problem(f"panel, {method.__name__}", problem)
                reason = f"{type(problem).__name__}: {problem}"[:300]
                self.view.show_error(i18n.text("panel.unexpected", reason=reason))
        return None

    return call


def _format_error(error: QwaveError) -> str:
    if error.key == "generation.over_budget" and frontend.has_visitor(default().frontend):
        # It is the server's owner who sets the budget.
        return i18n.text("panel.visitor_over_budget", **error.fields)
    return str(error)


class Panel:
    """One panel in a notebook.

    Args:
        state: what stands in it first.
        variables: the variables that prompt and images may name.
        plain: use ipywidgets alone, for frontends that load no others.

    Example:
        >>> panel = Panel(PanelState(model, prompt="a cat"))
        >>> panel.set("aspect_ratio", "16:9")
        >>> panel.request().body["aspect_ratio"]
        '16:9'
    """

    def __init__(self, state: PanelState, variables: Namespace | None = None, *, plain: bool = False) -> None:
        session = default()
        # A frontend's messages may come by several threads, and each makes the next state from the last one.
        self.lock = threads.fork_safe(threading.RLock())
        self._catalog = session.catalog
        self.variables: Namespace = {} if variables is None else variables
        self._cache = ReferenceCache()
        self._compared: list[GeneratedImage] = []
        self._home = session.settings.home
        self.finder: ModelFinder | None = None
        self.presets: PresetList | None = None
        self._generated: str | None = None
        self._copying = ""
        self._lookup = ""
        self.runs: list[PanelRun] = []
        self.state = state
        self.validation = ValidationResult((), "waiting")
        self._sent = SentValues()
        self.tools = PanelTools(
            self.set,
            self.set_mask,
            lambda *change: self.change_images("base", *change),
            self._sent,
            session.settings.home,
        )
        self.view = PanelView(self._catalog, state, self, self.tools.widget, self._sent, plain=plain)
        self.view.comparison.observe(lambda change: self._end_comparison(change["new"]), "images")
        self._images = ImageInputs(self.view.references, self.view.mask, self._cache, self.variables)
        self._sent.add(*self.tools.controls)
        self._sent.add_buttons(self.tools.from_image)
        self._set_state(state)

    def __repr__(self) -> str:
        return f"Panel({self.state.model.id}, {self.validation.lines[0] if self.validation.lines else ''!r})"

    def _repr_mimebundle_(self, **options: object) -> JSONObject:
        bundle = self.view.widget._repr_mimebundle_(**options) or {}
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        if is_headless():
            # Nobody is there to point, and the file that is made would hold a panel that nobody can bring to life.
            data = {}
        markup = render_template("panel_static.html", cell=codegen.to_display_text(self._format_cell(self._renew())))
        return {**data, "text/html": markup, "text/plain": repr(self)}

    @property
    def results(self) -> tuple[Gallery, ...]:
        """The images of every run that has some, newest first."""
        return tuple(run.gallery for run in self.runs if len(run.gallery))

    def request(self) -> Request:
        """What would be sent now, every image read anew."""
        return self._build(self._renew())

    def cell(self) -> str:
        """The ``%%qwave`` cell that makes the same request."""
        state = self._renew()
        self.tools.save_mask()
        return self._format_cell(state)

    def python(self) -> str:
        """The Python call that makes the same request."""
        state = self._renew()
        self.tools.save_mask()
        written = to_reachable(state, self._notebook, self._home)
        return codegen.python(state.model.id, state.prompt, written.to_cell_options(), self._notebook)

    @_shows_errors
    def choose_model(self, name: str) -> None:
        """Change to another model; what fits is kept."""
        if name != self.state.model.id:
            self._set_state(with_model(self.state, self._catalog.model(name)))
            self._show_lookup(self._lookup)

    @_shows_errors
    def set(self, name: str, value: object) -> None:
        """Set a parameter of the model, or give it back to its default with None."""
        parameter = self.state.model.find_parameter(name)
        if parameter is None or parameter.is_image:
            # A late message from controls of the model before; images have a way of their own.
            return
        if parameter.name == "prompt":
            self.set_prompt("" if value is None else str(value))
        else:
            self._set_state(with_parameter(self.state, name, value))

    def use_preset(self, name: str) -> None:
        """Set the model and the parameters of a preset; prompt and images stay.

        Raises:
            OptionMistake: there is no such preset, or no such model any more.
        """
        with self.lock:
            self._set_state(with_preset(self.state, *_read_preset(self._catalog, name, self._home)))

    @_shows_errors
    def set_prompt(self, text: str) -> None:
        """Change the prompt."""
        # The field's message may come after that of the button: what was told of this very text still holds.
        error = self.view.error if text == self._generated else ""
        self._set_state(replace(self.state, prompt=text.replace("\r\n", "\n").replace("\r", "\n")))
        if error:
            self.view.show_error(error)

    @_shows_errors
    def change_images(self, parameter: str, kind: str, value: object, detail: object = None) -> None:
        """Change the references (``images``), the ``mask`` or the first reference (``base``).

        See :meth:`ImageInputs.apply`.
        """
        try:
            state = self._images.apply(self.state, parameter, kind, value, detail)
        except QwaveError as error:
            # Beside the control: the next of several files would draw the check anew.
            receiver = self.tools.brush if parameter == "base" else self.view.strips[parameter]
            if receiver is None:
                raise
            receiver.add_note(str(error))
        else:
            self._set_state(state)

    @_shows_errors
    def set_mask(self, mask: SelectedImage | None) -> None:
        """Use a painted mask, or none."""
        self._set_state(with_images(replace(self.state, mask=mask), self.state.selected))

    @_shows_errors
    def press(self, button: str) -> None:
        """Do what a button says."""
        if button == "generate":
            self.generate()
        elif button in {"copy_as_cell", "copy_as_python"}:
            self._show_copy("" if self._copying == button else button)
        elif button in {"find_model", "about_model", "presets"}:
            self._show_lookup("" if self._lookup == button else button)
        elif button == "plain_controls":
            self.view.use_plain()
            self._set_state(self.state)

    @_shows_errors
    def list_earlier(self) -> EarlierPrompts:
        """List the prompts of earlier jobs."""
        return list_earlier(default().context())

    @_shows_errors
    def generate(self) -> PanelRun | None:
        """Send what stands in the panel; its card and images appear on top of the results."""
        return self.generate_prompt(self.state.prompt)

    @_shows_errors
    def generate_prompt(self, prompt: str) -> PanelRun:
        """Send what stands in the panel with this prompt: what the browser showed when the button was pressed."""
        self._generated = prompt
        before, state = self.state, self._renew()
        if not keeps_drawing(before, state):
            # Without what was drawn, all of the image would be made anew.
            raise ReferenceMistake("panel.drawn_over_other", names=describe_renewed(before, state))
        self.tools.save_mask()
        return self._run_with_seed(replace(state, prompt=prompt))

    def close(self) -> None:
        """Close every widget of it; jobs go on, and their images are kept."""
        for run in self.runs:
            run.dismiss()
        if self.finder is not None:
            close_all(self.finder.widget)
        if self.presets is not None:
            close_all(self.presets.widget)
        self.tools.close_all()
        self.view.close_all()

    def _renew(self) -> PanelState:
        """Let the names of images mean what they mean by now, also where they are shown."""
        with self.lock:
            if renew(self.state, self.variables) is not self.state:
                self._set_state(self.state)
            return self.state

    def _format_cell(self, state: PanelState) -> str:
        written = to_reachable(state, self._notebook, self._home)
        return codegen.cell(state.model.id, state.prompt, written.to_cell_options())

    @property
    def _notebook(self) -> Namespace:
        """The variables that a copied cell will find: not those of the function in which the panel was opened."""
        from IPython import get_ipython

        shell = get_ipython()
        if shell is None or not isinstance(self.variables, CallerVariables):
            return self.variables
        return find_shell_variables(shell)

    def _build(self, state: PanelState) -> Request:
        return build(state, self.variables)

    def _run(self, request: Request, state: PanelState) -> PanelRun:
        run = PanelRun(default().start(request), state, self._act, plain=self.view.is_plain)
        self.runs.insert(0, run)
        self._sent.add(run.box)
        self._sent.add_buttons(*run.buttons.values())
        for old in [other for other in self.runs[_MAX_RUNS:] if other.job.done()]:
            self._dismiss(old)
        self._show_runs()
        self._show_budget()
        return run.open()

    @_shows_errors
    def _act(self, action: str, run: PanelRun, image: GeneratedImage | None) -> None:
        if action == "dismiss":
            self._dismiss(run)
        elif action == "vary":
            self._require_same_images(run)
            self._run_with_seed(run.state, anew=True)
        elif action == "same_seed":
            self._set_state(with_parameter(self.state, "seed", run.state.values.get("seed")))
            run.show_message(i18n.text("panel.seed_set", seed=run.state.values.get("seed")))
        elif action == "ended":
            self._images.offer([image for gallery in self.results for image in gallery][:_MAX_EARLIER])
            self._show_budget()
        elif action == "copy_cell":
            run.toggle_text(self._format_cell(run.state))
            self._require_same_images(run)
        elif image is not None:
            self._act_on_image(action, run, image)

    def _act_on_image(self, action: str, run: PanelRun, image: GeneratedImage) -> None:
        if action == "save":
            run.toggle_saving()
        elif action == "save_here":
            if frontend.has_visitor(default().frontend):
                # The button is hidden; its message can be sent all the same.
                run.show_message(i18n.text("panel.visitor_save"))
                return
            copies = run.gallery.save(run.folder)
            run.show_message(i18n.text("panel.saved", paths=[str(path) for path in copies.paths]))
        elif action == "compare":
            self._compare(run, image)
        elif action == "star":
            self._star(run, image)
        else:
            self._use_as_reference(run, image, editing=action == "edit")

    def _require_same_images(self, run: PanelRun) -> None:
        """Raise ReferenceMistake where a name that the run's cell writes stands for another image by now."""
        renewed = renew(run.state, self.variables)
        if renewed is not run.state:
            raise ReferenceMistake("panel.run_images_renewed", names=describe_renewed(run.state, renewed))

    def _run_with_seed(self, state: PanelState, *, anew: bool = False) -> PanelRun:
        seeded = with_seed(state, anew=anew)
        try:
            request = self._build(seeded)
        except RequestRefused:
            if seeded is state:
                raise
            # A rule of the model may leave no room for a seed that nobody asked for.
            seeded, request = state, self._build(state)
        return self._run(request, seeded)

    def _star(self, run: PanelRun, image: GeneratedImage) -> None:
        index = run.gallery.index(image)
        on = index not in run.starred
        (image.session or default()).star(image, on)
        run.show_star(index, on=on)

    def _compare(self, run: PanelRun, image: GeneratedImage) -> None:
        if image in self._compared:
            self._compared.remove(image)
        elif len(self._compared) >= MAX_COMPARED:
            run.show_message(i18n.text("panel.compare_full", most=MAX_COMPARED))
            return
        else:
            self._compared.append(image)
        self._show_comparison()
        for other in self.runs:
            other.show_message(i18n.text("panel.compare_next") if other is run and len(self._compared) == 1 else "")

    def _show_comparison(self) -> None:
        compared = list(self._compared)
        for run in self.runs:
            run.pick(compared)
        self.view.comparison.compare(compared)

    def _end_comparison(self, shown: list[JSONObject]) -> None:
        if not shown and len(self._compared) > 1:
            # Closed in the panel.
            self._compared.clear()
            self._show_comparison()

    def _use_as_reference(self, run: PanelRun, image: GeneratedImage, *, editing: bool) -> None:
        model = self.state.model
        if "images" not in model.parameters:
            others = [other.id for other in self._catalog.find(references=1)][:4]
            run.show_message(i18n.text("panel.takes_no_images", model=model.id, others=others))
            return
        selected = select_result(image)
        try:
            state = with_images(self.state, (selected,) if editing else (*list_with_room(self.state), selected))
        except ReferenceMistake as mistake:
            run.show_message(str(mistake))
            return
        if editing:
            action = next((name for name in ("edit", "image2image") if name in model.actions), None)
            state = with_parameter(state, "action", action)
        self._set_state(state)
        run.show_message(i18n.text("panel.is_reference"))

    def _dismiss(self, run: PanelRun) -> None:
        self.runs.remove(run)
        self._compared = [image for image in self._compared if image not in run.gallery]
        self._show_comparison()
        self._show_runs()
        run.dismiss()

    def _show_runs(self) -> None:
        self.view.runs.children = [run.box for run in self.runs]

    def _show_copy(self, button: str) -> None:
        self._copying = button
        self.view.copy.layout.display = "" if button else "none"
        if button:
            self.view.copy.text = self.cell() if button == "copy_as_cell" else self.python()

    def _show_lookup(self, button: str) -> None:
        self._lookup = button
        tool, card = None, ""
        if button == "find_model":
            if self.finder is None:
                self.finder = ModelFinder(tuple(self._catalog), self.choose_model)
                self._sent.add(self.finder.widget)
                self._sent.add_buttons(self.finder.use)
            self.finder.find()
            tool = self.finder.widget
        elif button == "presets":
            if self.presets is None:
                self.presets = PresetList(self._home, self.use_preset, self._make_preset)
                self._sent.add(self.presets.widget)
                self._sent.add_buttons(*self.presets.buttons.values())
            self.presets.refresh()
            tool = self.presets.widget
        elif button == "about_model":
            card = ModelCard(self.state.model)._repr_html_()
        self.view.show_lookup(tool, card)

    def _show_budget(self) -> None:
        text, short = self._format_budget()
        self.view.show_budget(text, short=short)

    def _format_budget(self) -> tuple[str, bool]:
        """Format what is left to spend, and whether that is less than what stands in the panel; "" without a limit."""
        budget = default().budget
        left, limit = budget.left_usd, budget.limit_usd
        if left is None or limit is None:
            return "", False
        request = self.validation.request
        cost = request.estimate_usd if request is not None else None
        unpriced = request is not None and cost is None
        short = cost is not None and cost > left
        key = "panel.budget_unpriced" if unpriced else "panel.budget_left"
        if short:
            key = "panel.visitor_budget_short" if frontend.has_visitor(default().frontend) else "panel.budget_short"
        return i18n.text(key, left=i18n.dollars(left), budget=i18n.dollars(limit)), short or unpriced

    def _make_preset(self) -> Preset:
        return Preset(self.state.model.id, self.state.values)

    def _list_tasks(self) -> tuple[str, ...]:
        """List the tasks of this panel that the chosen model has ended, and that can be gone on from."""
        ended = (run.job for run in self.runs if run.job.task_id and len(run.gallery))
        return tuple(str(job.task_id) for job in ended if job.request.model.id == self.state.model.id)

    @panel_texts()
    def _set_state(self, state: PanelState) -> None:
        state = self.state = renew(state, self.variables)
        self.validation = validate(state, self.variables, self._cache)
        hidden = () if self.view.is_plain else (*self.tools.draw(state), *list_negative(state))
        fields = list_fields(state, hidden, self._list_tasks())
        self.view.draw(state, self.validation, fields, self._format_budget(), demo=default().serves_demo())
        if self.view.plain is not None:
            self._sent.add(*self.view.plain_controls)
        self._images.draw(state, painting=self.tools.shows_mask)
        if self._copying:
            self._show_copy(self._copying)


@check(prompt=str, model=str, task=str, last=bool, plain=bool, preset=str)
def panel(
    prompt: str = "",
    *,
    model: str | None = None,
    task: str | None = None,
    last: bool = False,
    plain: bool = False,
    preset: str | None = None,
    **parameters: Any,
) -> Panel:
    """Open a panel in the notebook, empty or with a request in it.

    Args:
        prompt: what to paint.
        model: a model id; None for the one in the settings.
        task: load the request of this job: its task id, its job id, or the end of either.
        last: load the request of the last job.
        plain: use ipywidgets alone, for frontends that load no others.
        preset: set the model and the parameters that were saved under this name in a panel.
        parameters: parameters of the model by name, images as a request takes them.

    Raises:
        UnknownModel: no such id; the nearest is named.
        UnknownTask: there is no such job.
        RequestRefused: a parameter that the model doesn't have.
        OptionMistake: no such preset, or its model is gone; something beside ``task`` or ``last``.

    Example:
        >>> panel("a cat", model="gpt-image-2", aspect_ratio="16:9")
        Panel(gpt-image-2, 'Ready: $0.0064 for 1 image')
    """
    settings, catalog, variables = default().settings, default().catalog, find_variables()
    if last or task is not None:
        others = {"prompt": prompt or None, "model": model, "preset": preset, "task": task if last else None}
        given = [name for name, value in {**others, **parameters}.items() if value is not None]
        _require_nothing_beside("last=True" if last else "task=…", i18n.text("words.separator").join(given))
        state = build_state(catalog, find_request(task), settings.home)
    else:
        # A kind of text of its own goes by its characters.
        state = PanelState(catalog.model(settings.model if model is None else model), prompt="".join([prompt or ""]))
        if preset is not None:
            state = with_preset(state, *_read_preset(catalog, preset, settings.home))
            state = with_model(state, catalog.model(model)) if model is not None else state
        state = _apply_parameters(state, parameters, variables, settings.home)
    return Panel(state, variables, plain=plain)


#: Options of ours that are settings as well, under these names.
_SETTINGS = {"timeout": "timeout", "save": "save_dir", "max_cost": "max_cost", "embed": "embed", "reuse": "reuse"}


def _require_nothing_beside(earlier: str, given: str) -> None:
    """Raise OptionMistake where something stands beside an earlier request, from which everything comes."""
    if given:
        raise OptionMistake("options.all_from_earlier", earlier=earlier, given=given)


def panel_from_line(arguments: list[str]) -> Panel:
    """Open what ``%qwave panel`` asks for: ``--from-last``, ``--from TASK``, ``--preset NAME``, or options of a model.

    Raises:
        OptionMistake: an option that a panel has no place for, or something beside an earlier request.
    """
    first, equals, task = arguments[0].partition("=") if arguments else ("", "", "")
    if first in {"--from-last", "--from"}:
        words = arguments[1:] if first == "--from-last" or equals else arguments[2:]
        _require_nothing_beside(first, " ".join(words)[:40])
        if first == "--from-last":
            return panel(last=True)
        if not (equals or len(arguments) > 1):
            raise OptionMistake("options.needs_a_value", option=first)
        task = cell_options.read_token(task if equals else arguments[1], first, find_variables())
        if not task.strip():
            # Without a name, the last job would be meant.
            raise OptionMistake("options.empty", option=first)
        return panel(task=task)
    preset, arguments = _take_preset(arguments)
    variables = find_variables()
    preset = None if preset is None else cell_options.read_token(preset, "--preset", variables)
    chosen = cell_options.find_model_id(arguments, variables)
    if preset is not None and chosen is None:
        model, _ = _read_preset(default().catalog, preset, default().settings.home)
    else:
        model = api.model(default().settings.model if chosen is None else chosen)
    parsed = cell_options.parse_line(arguments, model, variables)
    _require_place(parsed.own)
    return panel(model=chosen if preset is not None else model.id, preset=preset, **parsed.values)


def _require_place(own: OwnOptions) -> None:
    """Raise OptionMistake for options of ours that a panel would leave out."""
    given = [one.name for one in fields(own) if one.name != "model" and getattr(own, one.name) != one.default]
    if given:
        settings = [f"%config QWave.{_SETTINGS[name]} = …" for name in given if name in _SETTINGS]
        join = i18n.text("words.separator").join
        near = i18n.text("options.set_for_all", settings=join(settings)) if settings else ""
        raise OptionMistake("options.not_in_panel", options=join(map(to_flag, given)), near=near)


def _take_preset(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Split ``--preset NAME`` from the options of a cell."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name != "--preset":
            continue
        if equals:
            return value, [*arguments[:place], *arguments[place + 1 :]]
        # Without a name, the refusal lists those that there are.
        return "".join(arguments[place + 1 : place + 2]), [*arguments[:place], *arguments[place + 2 :]]
    return None, arguments


def _read_preset(catalog: Catalog, name: str, home: Path) -> tuple[Model, Values]:
    """Read the model and the values of a preset; raise OptionMistake where the preset or its model is gone."""
    preset = find_preset(home, name)
    try:
        return catalog.model(preset.model), preset.values
    except UnknownModel:
        gone = preset.model[:80]
        raise OptionMistake("presets.unknown_model", name=name, model=gone, edition=catalog.edition) from None


def find_variables() -> Namespace:
    """The variables that the code which opens a panel sees, as a cell there would; none outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    return {} if shell is None else find_caller_variables(shell)


def find_request(task: str | None) -> Request:
    """Find the request of a job by the end of its task or job id, or of the last one; raise UnknownTask for none."""
    from qwave_jupyter.jobs import records

    job = default().find_known_job(task)
    if isinstance(job, Entry):
        return records.recall(job, default().context())
    try:
        return references.restore_bytes(job.request, default().context().journal.blobs)
    except OptionMistake:
        # Without the images that are no longer kept.
        values = {name: value for name, value in job.request.values.items() if name not in _IMAGES}
        return replace(job.request, values=values)


def build_state(catalog: Catalog, request: Request, home: Path) -> PanelState:
    """Build the state that makes a request again; raise UnknownModel where the edition doesn't have its model."""
    values = {
        name: value
        for name, value in request.values.items()
        if name not in {"prompt", *_IMAGES} and not (name == "action" and request.action_inferred)
    }
    state = PanelState(catalog.model(request.model.id), prompt=escape_braces(request.prompt))
    images = {name: request.values.get(name) for name in _IMAGES}
    return _select_images(with_parameters(state, values), images, {}, home)


def _apply_parameters(state: PanelState, parameters: Values, variables: Namespace, home: Path) -> PanelState:
    images: dict[str, object] = {}
    plain: dict[str, object] = {}
    for given, value in parameters.items():
        parameter = state.model.find_parameter(given)
        if parameter is not None and parameter.name in _IMAGES:
            if value is not None:
                images[parameter.name] = [images[parameter.name], value] if parameter.name in images else value
        else:
            plain[given] = value
    # What can't be read can be put right in the panel; what has no place in it, or one with another, would be lost.
    lost = [one for one in state.model.read(plain)[1] if one.code in _LOST_CODES]
    if lost:
        raise refuse(lost)
    for name, value in plain.items():
        state = with_parameter(state, name, value)
    return _select_images(state, images, variables, home)


def _select_images(state: PanelState, given: Values, variables: Namespace, home: Path) -> PanelState:
    images, masks = (
        [select_image(source, variables, home, name) for source in references.flatten_images(given.get(name))]
        for name in _IMAGES
    )
    if len(masks) > 1:
        raise refuse([Violation("one_mask", "mask", len(masks), section="generation")])
    return replace(state, selected=tuple(images), mask=masks[0] if masks else None)
