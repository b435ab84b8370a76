"""Tracebacks: whole in the log; in IPython one line and the user's own frames, of which ``%tb`` shows all."""

from __future__ import annotations

import contextlib
import functools
import linecache
import logging
import re
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["contain", "ignore_warnings", "log_problem", "render"]

# Of its own: without a handler Python would print tracebacks to stderr, and a script still reads the package's notices.
_LOGGER = logging.getLogger("qwave_jupyter.problems")
_LOGGER.addHandler(logging.NullHandler())
#: Modes of ``%xmode`` that IPython renders itself, from the user's frames alone.
_RENDERED_BY_IPYTHON = frozenset({"Plain", "Verbose", "Docs", "Doctest"})
#: A cell as IPython compiles it when a magic is all that it holds; its source is the prompt.
_CELL_MAGIC = re.compile(r"\s*(await )?get_ipython\(\)\.run_cell_magic\(")
_LINE_MAGIC = re.compile(r"\s*get_ipython\(\)\.run_line_magic\(")
#: A recursion shows where it began and where it ended.
_FIRST, _LAST = 4, 8
#: Characters of a line of source.
_MAX_SOURCE = 160
_PACKAGE = Path(__file__).parent


def log_problem(what: str, problem: BaseException) -> None:
    """Log an exception that was caught, with its traceback; handlers of the logger ``qwave_jupyter`` receive it."""
    _LOGGER.warning(
        "%s: %s: %s", what, type(problem).__name__, problem, exc_info=(type(problem), problem, problem.__traceback__)
    )


@contextlib.contextmanager
def contain(what: str) -> Iterator[None]:
    """Log whatever is raised and go on: for what only shows an image that is safe elsewhere."""
    try:
        yield
    except Exception as problem:  # noqa: BLE001 - a decoder may fail at anything, memory included
        log_problem(what, problem)


@contextlib.contextmanager
def ignore_warnings(module: str) -> Iterator[None]:
    """Let no warning out that comes from modules whose names begin so.

    ``warnings.catch_warnings`` puts the filters of one thread back over those of another; this adds one filter that
    concerns nobody else, and takes one away.
    """
    # A filter of the warnings module: action, text, category, module, line.
    added = ("ignore", None, Warning, re.compile(re.escape(module)), 0)
    cast("list[object]", warnings.filters).insert(0, added)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            cast("list[object]", warnings.filters).remove(added)


def render(error: BaseException, line: str) -> list[str]:
    """The parts of what IPython prints for an error whose text is one line."""
    shell = _find_shell()
    if shell is None:
        return [line]
    formatter = shell.InteractiveTB
    if _is_asked_for_all():
        all_parts: list[str] = formatter.structured_traceback(type(error), error, error.__traceback__)
        return all_parts
    # An interrupt or a click on Cancel is no mistake whose place is looked for.
    wanted = formatter.mode != "Minimal" and not isinstance(error, KeyboardInterrupt)
    frames = _find_user_frames(error.__traceback__) if wanted else []
    if not frames:
        return [line]
    if formatter.mode in _RENDERED_BY_IPYTHON:
        # Made anew it has neither our frames nor the errors behind it, which the line may name. The copy module asks
        # tblib, which Dask installs, and that keeps both.
        make, arguments = cast("tuple[Callable[..., BaseException], tuple[object, ...]]", error.__reduce__())
        parts: list[str] = formatter.structured_traceback(type(error), make(*arguments), _link(frames), tb_offset=0)
        return [*parts, line.partition("\n")[2]]
    place = "\n".join(_format_frames(frames, shell))
    # Whoever reads a log looks at its end.
    return [line, place] if _is_somebody_there(shell) else [place, line]


def _find_shell() -> InteractiveShell | None:
    # Only IPython asks; without it there is nothing to obey.
    module = sys.modules.get("IPython.core.getipython")
    shell: InteractiveShell | None = module.get_ipython() if module is not None else None
    return shell


def _is_somebody_there(shell: InteractiveShell) -> bool:
    here = vars(shell).get("_qwave_frontend")
    return here is None or here.is_interactive()


def _is_asked_for_all() -> bool:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the stack is the only witness
    while frame is not None:
        if frame.f_code.co_name == "tb" and frame.f_globals.get("__name__", "").startswith("IPython.core.magics"):
            return True
        frame = frame.f_back
    return False


def _find_user_frames(traceback: TracebackType | None) -> list[TracebackType]:
    """The frames of cells and of the user's own files, without those that only call a magic."""
    chain = list(_walk(traceback))
    followed_by = dict(pairwise(chain))
    frames = [one for one in chain if _is_users_file(one) and not _calls_cell_magic(one, followed_by)]
    # A cell that is nothing but ``%qwave …`` is its own place.
    if len(frames) == 1 and _LINE_MAGIC.match(_read_line(frames[0])) and _count_lines(frames[0]) == 1:
        return []
    return frames


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _calls_cell_magic(one: TracebackType, followed_by: dict[TracebackType, TracebackType]) -> bool:
    if not one.tb_frame.f_code.co_name.startswith("<"):
        return False
    following = followed_by.get(one)
    called = "" if following is None else following.tb_frame.f_code.co_name
    return called == "run_cell_magic" or _CELL_MAGIC.match(_read_line(one)) is not None


def _is_users_file(one: TracebackType) -> bool:
    name = one.tb_frame.f_code.co_filename
    if name.startswith("<"):
        # Also what a dataclass of ours has generated.
        module = str(one.tb_frame.f_globals.get("__name__"))
        return not (name.startswith("<frozen ") or module.partition(".")[0] == _PACKAGE.name)
    file = Path(name).absolute()
    return not any(file.is_relative_to(folder) for folder in (_PACKAGE, *_find_library_folders()))


@functools.cache
def _find_library_folders() -> tuple[Path, ...]:
    return tuple(Path(path) for key, path in sysconfig.get_paths().items() if key.endswith(("stdlib", "lib")))


def _link(frames: list[TracebackType]) -> TracebackType | None:
    """A traceback of these frames and no others."""
    linked = None
    for one in reversed(frames):
        linked = TracebackType(linked, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return linked


def _format_frames(frames: list[TracebackType], shell: InteractiveShell) -> Iterator[str]:
    """One or two lines for each frame: where it is, and its source."""
    left_out = len(frames) - _FIRST - _LAST
    for index, one in enumerate(frames):
        if left_out > 1 and _FIRST <= index < _FIRST + left_out:
            if index == _FIRST:
                yield f"… {left_out} …"
            continue
        code = one.tb_frame.f_code
        function = "" if code.co_name.startswith("<") else f", in {code.co_name}"
        yield f"{_format_file(code.co_filename, shell)}, line {one.tb_lineno}{function}"
        source = _read_line(one).strip()
        if source:
            shown = source if len(source) <= _MAX_SOURCE else f"{source[:_MAX_SOURCE]}…"
            yield f"----> {one.tb_lineno} {shown}"


def _format_file(name: str, shell: InteractiveShell) -> str:
    cell = shell.compile.format_code_name(name) if hasattr(shell.compile, "format_code_name") else None
    return " ".join(cell) if cell else name if name.startswith("<") else f"File {name}"


def _read_line(one: TracebackType) -> str:
    code = one.tb_frame.f_code
    linecache.checkcache(code.co_filename)
    return linecache.getline(code.co_filename, one.tb_lineno, one.tb_frame.f_globals)


def _count_lines(one: TracebackType) -> int:
    return sum(bool(line.strip()) for line in linecache.getlines(one.tb_frame.f_code.co_filename))
