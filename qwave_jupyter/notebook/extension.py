"""Loading and unloading; imports nothing that a notebook without pictures would not need."""

from __future__ import annotations

from typing import Any

from qwave_jupyter import surroundings
from qwave_jupyter.notebook.awaited_cells import AWAITED, MAGIC, AwaitedCells

__all__ = ["load", "unload"]

_loaded: dict[int, Any] = {}


class _Loaded:
    """What one shell was given, so that it can be taken back."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: Any = None
        self._lines: Any = None
        self.transformer = AwaitedCells(shell)
        self.matcher: Any = None

    @property
    def cells(self) -> Any:
        # The magics bring the catalogue and the views with them; the first cell pays for that, not the load.
        if self._cells is None:
            from qwave_jupyter.notebook.cells import Cells
            from qwave_jupyter.notebook.console import Console
            from qwave_jupyter.notebook.lines import Lines

            console = Console(self._shell)
            self._cells = Cells(console)
            self._lines = Lines(console)
        return self._cells

    @property
    def lines(self) -> Any:
        return self._lines if self.cells else None

    def remember(self, info: Any) -> None:
        if (info.raw_cell or "").lstrip().startswith("%%"):
            self.cells.remember(info)

    def present(self, job: Any) -> Any:
        return self.cells.present(job)

    def person_present(self) -> bool:
        kernel = getattr(self._shell, "kernel", None)
        return kernel is None or bool(getattr(kernel, "_allow_stdin", True))


def load(shell: Any) -> None:
    """Give a shell the magics; twice is once.

    Args:
        shell: the running IPython.
    """
    if id(shell) in _loaded:
        unload(shell)
    here = _loaded[id(shell)] = _Loaded(shell)

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
    shell.register_magic_function(qwave, "line_cell", MAGIC)
    shell.register_magic_function(awaited, "cell", AWAITED)
    shell.input_transformers_post.append(here.transformer)
    shell.events.register("pre_run_cell", here.remember)
    surroundings.watch_for_a_person(here.person_present)
    surroundings.set_presenter(here.present)


def _matcher(shell: Any) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    def qwave_matcher(context: Any) -> Any:
        """Completes our own cells and lines, and nothing else."""
        nothing: dict[str, Any] = {"completions": []}
        if "%qwave" not in context.full_text:
            return nothing
        from qwave_jupyter.notebook.completion import complete

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
    if here.transformer in shell.input_transformers_post:
        shell.input_transformers_post.remove(here.transformer)
    if getattr(shell, "Completer", None) is not None and here.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(here.matcher)
    shell.events.unregister("pre_run_cell", here.remember)
    surroundings.watch_for_a_person(lambda: False)
    surroundings.set_presenter(None)
