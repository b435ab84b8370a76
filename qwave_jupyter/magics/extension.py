"""Loading and unloading; imports nothing that a notebook without pictures would not need."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from qwave_jupyter import frontend
from qwave_jupyter.folders import homes as find_homes
from qwave_jupyter.magics.cell_transformer import AWAITED, MAGIC, AwaitedCells

__all__ = ["load", "unload"]

_loaded: dict[int, Any] = {}
#: What the catalogue gives out shows itself as a card, without knowing of IPython.
_MODEL = ("qwave_jupyter.catalog.model", "Model")


class _Configurable:
    """Stands for the settings among what ``%config`` finds, and is made when it first looks."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._made: Any = None
        if "QWave" in shell.config:
            self.made()

    def made(self) -> Any:
        if self._made is None:
            from qwave_jupyter.magics.configuration import configurable

            self._made = configurable(self._shell)
        return self._made

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.made().__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made(), name)


class _NotebookFrontend:
    """A shell as the frontend of sessions, and what it was given, so that it can be taken back."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: Any = None
        self._lines: Any = None
        self._console: Any = None
        self._loop: Any = None
        self.configurable = _Configurable(shell)
        self.transformer = AwaitedCells(shell)
        self.matcher: Any = None

    @property
    def cells(self) -> Any:
        # The magics bring the catalogue and the views with them; the first cell pays for that, not the load.
        if self._cells is None:
            from qwave_jupyter.magics.cell_magic import Cells
            from qwave_jupyter.magics.line_magic import Lines
            from qwave_jupyter.magics.output import Console

            self._console = Console(self._shell)
            self._cells = Cells(self._console)
            self._lines = Lines(self._console)
        return self._cells

    @property
    def lines(self) -> Any:
        return self._lines if self.cells else None

    def remember(self, info: Any) -> None:
        if (info.raw_cell or "").lstrip().startswith("%%"):
            self.cells.remember(info)

    # What a session asks

    def is_interactive(self) -> bool:
        kernel = getattr(self._shell, "kernel", None)
        return kernel is None or bool(getattr(kernel, "_allow_stdin", True))

    def can_wait(self) -> bool:
        return bool(self._nested.can_wait())

    def wait(self, over: Any, timeout: float | None) -> bool:
        return bool(self._nested.wait(over, timeout))

    def keep_alive(self) -> Any:
        return self._nested.keep_alive()

    def is_exiting(self) -> bool:
        # A terminal's shell leaves by itself; of a kernel's this is how it tells the cell that it should.
        return bool(getattr(self._shell, "exit_now", False))

    def present(self, job: Any) -> Any:
        return self.cells.present(job)

    def present_batch(self, batch: Any) -> None:
        from qwave_jupyter.magics import batch_magic

        if self.cells:
            batch_magic.present(batch, self._console)

    def fail_cell(self, error: BaseException) -> bool:
        from qwave_jupyter.magics import batch_magic

        batch_magic.fail_cell(error, self._shell)
        return True

    @property
    def _nested(self) -> Any:
        # It is of no use before something waits.
        if self._loop is None:
            from qwave_jupyter.magics.nested_loop import NestedLoop

            self._loop = NestedLoop(self._shell)
        return self._loop


def load(shell: Any) -> None:
    """Give a shell the magics; twice is once.

    Args:
        shell: the running IPython.
    """
    if id(shell) in _loaded:
        unload(shell)
    here = _NotebookFrontend(shell)
    _loaded[id(shell)] = here

    def qwave(line: str, cell: str | None = None) -> Any:
        """Pictures from prompts; ``%%qwave --help -m MODEL`` lists a model's options, ``%qwave`` the verbs."""
        return here.lines(line) if cell is None else here.cells.blocking(line, cell)

    def awaited(line: str, cell: str) -> Any:
        """What a top-level cell becomes."""
        return here.cells.awaited(line, cell)

    for magic in (qwave, awaited):
        magic._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]  # noqa: SLF001 - @no_var_expand
    here.matcher = _matcher(shell)
    if getattr(shell, "Completer", None) is not None:
        shell.Completer.custom_matchers.append(here.matcher)
    shell.configurables.append(here.configurable)
    shell.register_magic_function(qwave, "line_cell", MAGIC)
    shell.register_magic_function(awaited, "cell", AWAITED)
    shell.input_transformers_post.append(here.transformer)
    shell.events.register("pre_run_cell", here.remember)
    frontend.install(here)
    _show_models_as_cards(shell)
    _tell_of_open_jobs()


def _show_models_as_cards(shell: Any) -> None:
    def as_html(model: Any) -> str:
        from qwave_jupyter.views.model_card import ModelCard

        return ModelCard(model)._repr_html_()

    def as_text(model: Any, printer: Any, _: bool) -> None:
        from qwave_jupyter.views.model_card import ModelCard

        printer.text(repr(ModelCard(model)))

    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name(*_MODEL, as_html)
    formatters["text/plain"].for_type_by_name(*_MODEL, as_text)


def _tell_of_open_jobs() -> None:
    homes = find_homes()
    if "qwave_jupyter.session" not in sys.modules and not any((one / "journal.sqlite3").is_file() for one in homes):
        return
    from qwave_jupyter.jobs.journal.probe import count_open

    # Most journals have nothing open, and then there is no need to know which of them is the one in force.
    if "qwave_jupyter.session" not in sys.modules and not any(map(count_open, homes)):
        return
    from qwave_jupyter import i18n
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.session import default

    # A setting that can't be used is told of when it is needed.
    with contextlib.suppress(QwaveError):
        session = default()
        now = session.settings
        count = count_open(now.home / "demo" if session.serves_demo(now) else now.home)
        if count:
            from IPython.display import display

            display({"text/plain": i18n.say("notebook.open_hint", count=count)}, raw=True)


def _matcher(shell: Any) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    def qwave_matcher(context: Any) -> Any:
        """Completes our own cells and lines, and nothing else."""
        nothing: dict[str, Any] = {"completions": []}
        if "%qwave" not in context.full_text:
            return nothing
        from qwave_jupyter.magics.completion import complete

        found = complete(context.full_text, context.cursor_line, context.cursor_position, shell.user_ns)
        if found is None:
            return nothing
        return {
            "completions": [SimpleCompletion(text=text, type=found.kind) for text in found.texts],
            "matched_fragment": found.fragment,
            "ordered": True,
            "suppress": True,
        }

    return context_matcher(identifier="qwave")(qwave_matcher)


def unload(shell: Any) -> None:
    """Take everything back.

    Args:
        shell: the running IPython.
    """
    here = _loaded.pop(id(shell), None)
    if here is None:
        return
    for kind, name in (("line", MAGIC), ("cell", MAGIC), ("cell", AWAITED)):
        shell.magics_manager.magics[kind].pop(name, None)
    if here.configurable in shell.configurables:
        shell.configurables.remove(here.configurable)
    if here.transformer in shell.input_transformers_post:
        shell.input_transformers_post.remove(here.transformer)
    if getattr(shell, "Completer", None) is not None and here.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(here.matcher)
    shell.events.unregister("pre_run_cell", here.remember)
    frontend.install(None)
    for kind in ("text/html", "text/plain"):
        shell.display_formatter.formatters[kind].pop(".".join(_MODEL), None)
