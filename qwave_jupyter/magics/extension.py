"""Loading and unloading; imports nothing that a notebook without images would not need."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from traitlets import TraitType
from traitlets.config import Configurable

from qwave_jupyter import frontend
from qwave_jupyter.folders import homes as find_homes
from qwave_jupyter.folders import is_file

if TYPE_CHECKING:
    import threading
    from types import TracebackType

    from IPython.core.completer import CompletionContext, Matcher, SimpleMatcherResult
    from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
    from IPython.lib.pretty import PrettyPrinter

    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.magics.cell_magic import CellMagic
    from qwave_jupyter.magics.kernel_wait import NestedLoop
    from qwave_jupyter.magics.line_magic import LineMagic
    from qwave_jupyter.magics.output import Console
    from qwave_jupyter.types import Namespace

__all__ = ["load", "unload"]

_MAGIC = "qwave"
#: The hidden magic behind an awaited cell.
_AWAITED_MAGIC = "_qwave_awaited"
#: Not compiled yet, as loading the extension needs neither.
_CELL_MAGIC_CALL = r"get_ipython\(\)\.run_cell_magic\('(\w+)', "
_EMPTY_BODY = r", ''\)(\s*)\Z"
#: With one of these on the stack nobody would await what we return.
_SYNCHRONOUS_CALLERS = frozenset({"run_cell", "run_cell_magic", "run_line_magic", "safe_execfile_ipy"})
#: The catalog's models show themselves as cards, without knowing of IPython.
_MODEL_CLASS = ("qwave_jupyter.catalog.model", "Model")


def load(shell: InteractiveShell) -> None:
    """Give a shell the magics; twice is once."""
    unload(shell)
    here = _NotebookFrontend(shell)
    shell._qwave_frontend = here  # noqa: SLF001 - ours, for unload

    def qwave(line: str, cell: str | None = None) -> object:
        """Images from prompts; ``%%qwave --help -m MODEL`` lists a model's options, ``%qwave`` the commands."""
        return (
            here.line_magic(line, _find_variables(shell))
            if cell is None
            else here.cell_magic.run_blocking(line, cell, _find_variables(shell))
        )

    def qwave_awaited(line: str, cell: str) -> object:
        """What a top-level cell becomes."""
        return here.cell_magic.run_async(line, cell, _find_variables(shell))

    for magic in (qwave, qwave_awaited):
        magic._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]  # noqa: SLF001 - @no_var_expand
    if getattr(shell, "Completer", None) is not None:
        shell.Completer.custom_matchers.append(here.matcher)
    shell.configurables.append(here.configurable)
    shell.register_magic_function(qwave, "line_cell", _MAGIC)
    shell.register_magic_function(qwave_awaited, "cell", _AWAITED_MAGIC)
    shell.input_transformers_post.append(here.transformer)
    shell.events.register("pre_run_cell", here.remember_raw_cell)
    # Cards show what scripts read in the log; who configures logging gets it there as well.
    logging.getLogger("qwave_jupyter").addHandler(here.log_handler)
    frontend.install(here)
    _show_models_as_cards(shell)
    _mention_open_jobs()


def _find_variables(shell: InteractiveShell) -> Namespace:
    from qwave_jupyter.magics.caller_scope import find_caller_variables

    return find_caller_variables(shell)


def unload(shell: InteractiveShell) -> None:
    """Take everything back."""
    here = vars(shell).pop("_qwave_frontend", None)
    if here is None:
        return
    for kind, name in (("line", _MAGIC), ("cell", _MAGIC), ("cell", _AWAITED_MAGIC)):
        shell.magics_manager.magics[kind].pop(name, None)
    if here.configurable in shell.configurables:
        shell.configurables.remove(here.configurable)
    if here.transformer in shell.input_transformers_post:
        shell.input_transformers_post.remove(here.transformer)
    if getattr(shell, "Completer", None) is not None and here.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(here.matcher)
    shell.events.unregister("pre_run_cell", here.remember_raw_cell)
    logging.getLogger("qwave_jupyter").removeHandler(here.log_handler)
    if here.shown_errors and shell.custom_exceptions is here.shown_errors:
        shell.set_custom_exc((), None)
    frontend.install(None)
    for kind in ("text/html", "text/plain"):
        shell.display_formatter.formatters[kind].pop(".".join(_MODEL_CLASS), None)


class _NotebookFrontend:
    """A shell as the frontend of sessions, and what the shell was given, so that it can be taken back."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.configurable = _LazyConfigurable(shell)
        self.transformer = _AwaitTransformer(shell)
        self.matcher = _make_matcher(shell)
        self.log_handler = logging.NullHandler()
        #: What :func:`_show_error` is installed for.
        self.shown_errors: tuple[type[BaseException], ...] = ()

    # The magics bring the catalog and the views with them; the first cell pays for that, not the load.

    @cached_property
    def console(self) -> Console:
        from qwave_jupyter.errors import QwaveError
        from qwave_jupyter.magics.output import Console

        if not self._shell.custom_exceptions:
            # Somebody else's handler stays; a short line then stands below our cards.
            self.shown_errors = (QwaveError,)
            self._shell.set_custom_exc(self.shown_errors, _show_error)
        return Console(self._shell)

    @cached_property
    def cell_magic(self) -> CellMagic:
        from qwave_jupyter.magics.cell_magic import CellMagic

        return CellMagic(self.console)

    @cached_property
    def line_magic(self) -> LineMagic:
        from qwave_jupyter.magics.line_magic import LineMagic

        return LineMagic(self.console)

    @cached_property
    def _nested_loop(self) -> NestedLoop:
        from qwave_jupyter.magics.kernel_wait import NestedLoop

        return NestedLoop(self._shell)

    def remember_raw_cell(self, info: ExecutionInfo) -> None:
        # The first %%qwave makes the magic; until then there is nothing to forget either.
        if (info.raw_cell or "").lstrip().startswith("%%") or "cell_magic" in vars(self):
            self.cell_magic.remember_raw_cell(info)

    # The Frontend protocol

    def is_interactive(self) -> bool:
        return frontend.has_person(getattr(self._shell, "kernel", None))

    def can_ask(self) -> bool:
        return frontend.may_ask(getattr(self._shell, "kernel", None))

    def can_wait(self) -> bool:
        return self._nested_loop.can_wait()

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        return self._nested_loop.wait(over, timeout)

    def keep_alive(self) -> contextlib.AbstractAsyncContextManager[None]:
        return self._nested_loop.keep_alive()

    def is_exiting(self) -> bool:
        # A terminal's shell leaves by itself; of a kernel's this is how it tells the cell that it should.
        return bool(getattr(self._shell, "exit_now", False))

    def present(self, job: Job) -> Gallery:
        return self.cell_magic.present(job)

    def present_batch(self, batch: Batch) -> None:
        from qwave_jupyter.magics import batch_view

        batch_view.present(batch, self.console)

    def fail_cell(self, error: BaseException) -> bool:
        from qwave_jupyter.magics import batch_view

        batch_view.fail_cell(error, self._shell)
        return True


class _AwaitTransformer:
    """The input transformer that puts ``await`` before a top-level ``%%qwave``, so that the kernel lives on."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        call = re.match(_CELL_MAGIC_CALL, lines[0]) if lines else None
        if call is None or not self._is_ours(call[1]):
            return lines
        text = "".join(lines)
        # IPython refuses a cell magic without a body, though "%%qwave --help" needs none.
        text = re.sub(_EMPTY_BODY, r", '\\n')\1", text)
        if self._can_await():
            text = f"await get_ipython().run_cell_magic('{_AWAITED_MAGIC}', " + text[call.end() :]
        return text.splitlines(keepends=True)

    def _is_ours(self, name: str) -> bool:
        if name == _MAGIC:
            return True
        alias = self._shell.magics_manager.magics["cell"].get(name)
        return getattr(alias, "magic_name", None) == _MAGIC and not getattr(alias, "magic_params", None)

    def _can_await(self) -> bool:
        shell = self._shell
        if getattr(shell, "kernel", None) is None or not shell.autoawait:
            return False
        frame = sys._getframe(1)  # noqa: SLF001 - the stack is the only witness
        while frame is not None:
            if frame.f_code.co_name in _SYNCHRONOUS_CALLERS:
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return True


class _LazyConfigurable:
    """Stands for the settings among what ``%config`` finds, and is made when it first looks."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        if "QWave" in shell.config:
            # What ipython_config.py says is in force at once.
            self._configurable  # noqa: B018 - made by looking

    @cached_property
    def _configurable(self) -> Configurable:
        from qwave_jupyter.settings import Settings

        traits = {name: _SessionSetting().tag(config=True) for name in Settings.definitions()}
        made: Configurable = type("QWave", (Configurable,), {"__doc__": "Settings of qwave-jupyter.", **traits})(
            parent=self._shell
        )
        return made

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return self._configurable.__class__

    def __getattr__(self, name: str) -> object:
        return getattr(self._configurable, name)


class _SessionSetting(TraitType[Any, Any]):
    """A setting of the default session as ``%config`` sees it; the trait holds nothing of its own."""

    @property
    def help(self) -> str:
        """What ``%config QWave`` tells of it, in the language of the moment; nothing before it has its name."""
        from qwave_jupyter.settings import Settings

        return Settings.definitions()[self.name].description if self.name else ""

    @help.setter  # noqa: A003 - the property above
    def help(self, _: str) -> None:
        """Traitlets sets one; the texts have it."""

    def get(self, obj: object, cls: object = None) -> object:  # noqa: ARG002 - traitlets passes both
        from qwave_jupyter.session import default

        return getattr(default().settings, self.name or "")

    def set(self, obj: object, value: object) -> None:  # noqa: ARG002 - traitlets passes it
        from qwave_jupyter.session import default

        default().configure(**{self.name or "": value})


def _make_matcher(shell: InteractiveShell) -> Matcher:
    from IPython.core.completer import SimpleCompletion, context_matcher

    def qwave_matcher(context: CompletionContext) -> SimpleMatcherResult:
        """Completes our own cells and lines, and nothing else."""
        nothing: SimpleMatcherResult = {"completions": []}
        if "%qwave" not in context.full_text:
            return nothing
        from qwave_jupyter.magics.caller_scope import find_shell_variables
        from qwave_jupyter.magics.completion import complete

        found = complete(context.full_text, context.cursor_line, context.cursor_position, find_shell_variables(shell))
        if found is None:
            return nothing
        return {
            "completions": [SimpleCompletion(text=text, type=found.kind) for text in found.texts],
            "matched_fragment": found.fragment,
            "ordered": True,
            "suppress": True,
        }

    return context_matcher(identifier="qwave")(qwave_matcher)


def _show_models_as_cards(shell: InteractiveShell) -> None:
    def to_html(model: Model) -> str:
        from qwave_jupyter.views.models import ModelCard

        return ModelCard(model)._repr_html_()

    def print_text(model: Model, printer: PrettyPrinter, _: bool) -> None:
        from qwave_jupyter.views.models import ModelCard

        printer.text(repr(ModelCard(model)))

    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name(*_MODEL_CLASS, to_html)
    formatters["text/plain"].for_type_by_name(*_MODEL_CLASS, print_text)


def _show_error(
    shell: InteractiveShell,
    kind: type[QwaveError],
    error: QwaveError,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    """Show an error of ours as IPython does, unless a card has shown it: then only the reply tells of it."""
    shown = error.shown_above and getattr(shell, "kernel", None) is not None
    # The user's own lines stand below the card; where there are none, only the error's name would.
    if shown and error._render_traceback_() == [f"✕ {kind.__name__}"]:
        # What %tb and %debug look at, and what the reply to the cell says.
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        shell._last_traceback = [f"{kind.__name__}: {error}"]  # noqa: SLF001 - ipykernel's
    else:
        error.shown_above = shown
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _mention_open_jobs() -> None:
    try:
        homes = find_homes()
    except Exception:  # noqa: BLE001 - a folder that can't be used is reported when it is needed; errors come late
        return
    if "qwave_jupyter.session" not in sys.modules and not any(is_file(one / "journal.sqlite3") for one in homes):
        return
    from qwave_jupyter.jobs.journal.schema import count_open

    # Most journals have nothing open, and then there is no need to know which of them is the one in force.
    if "qwave_jupyter.session" not in sys.modules and not any(map(count_open, homes)):
        return
    from qwave_jupyter import i18n
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.session import default

    # A setting that can't be used is reported when it is needed.
    with contextlib.suppress(QwaveError):
        session = default()
        now = session.settings
        count = count_open(now.home / "demo" if session.serves_demo(now) else now.home)
        if count:
            from IPython.display import display

            display({"text/plain": i18n.text("notebook.open_hint", count=count)}, raw=True)
