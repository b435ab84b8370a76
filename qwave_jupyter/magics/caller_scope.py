"""The variables that a cell sees: those of the function that runs it, then those of the shell.

A name in a prompt means what it would mean as code in that place. The compiler doesn't see it there: what belongs to a
function further out is no variable of the inner one, which keeps of it only what its own code names.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import TYPE_CHECKING

from qwave_jupyter.types import Namespace

if TYPE_CHECKING:
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["CallerVariables", "find_caller_variables", "find_shell_variables"]

#: Code that stands between a magic and whoever called it.
_MACHINERY = ("IPython", "qwave_jupyter")
#: The name under which a caller's source is compiled again.
_SOURCE = "<qwave: source of the caller>"


class CallerVariables(Mapping[str, object]):
    """The variables of a call; asking for one that has no value there raises OptionMistake.

    Args:
        values: what names mean.
        unreachable: the names of local variables without a value, and the function further out that each belongs to,
            or "".
    """

    def __init__(self, values: Namespace, unreachable: Mapping[str, str]) -> None:
        self._values, self._unreachable = values, unreachable

    def __getitem__(self, name: str) -> object:
        owner = self._unreachable.get(name)
        if owner is None:
            return self._values[name]
        from qwave_jupyter.errors import OptionMistake

        raise OptionMistake(
            "options.variable_not_captured" if owner else "options.variable_unbound", name=name, owner=owner
        )

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._values if name not in self._unreachable)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def find_caller_variables(shell: InteractiveShell) -> Namespace:
    """Return what a name means where the running magic was called.

    A local variable goes before a global one of that name. At the top of a cell these are the notebook's variables.
    """
    caller = _find_caller(sys._getframe(1))  # noqa: SLF001 - as IPython itself does
    known = find_shell_variables(shell)
    if caller is None or caller.f_locals is shell.user_ns:
        return known
    values = {**known, **caller.f_globals}
    unreachable: dict[str, str] = {}
    frames = tuple(_iter_scopes(caller))
    for outer in _find_enclosing_functions(frames[-1]):
        unreachable.update(dict.fromkeys(_list_locals(outer), outer.co_name))
    for frame in reversed(frames):
        unreachable.update(dict.fromkeys(_list_locals(frame.f_code), ""))
        for name, value in frame.f_locals.items():
            unreachable.pop(name, None)
            values[name] = value
    return CallerVariables(values, unreachable)


def find_shell_variables(shell: InteractiveShell) -> Namespace:
    """Return the variables of a shell: the user's, and those of the module that an embedded one was started in."""
    variables: Namespace = shell.user_ns
    module_variables: Namespace = shell.user_global_ns
    if module_variables is variables:
        return variables
    return {**module_variables, **variables}


def _find_caller(frame: FrameType | None) -> FrameType | None:
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _MACHINERY:
        frame = frame.f_back
    return frame


def _iter_scopes(frame: FrameType) -> Iterator[FrameType]:
    """The frame, and those around it whose variables it sees: it runs as a part of them."""
    inner, outer = frame, frame.f_back
    yield frame
    # The body of a class, a generator expression, before Python 3.12 every comprehension. A generator may also be
    # asked by a function that has nothing to do with it.
    while outer is not None and not _is_function(inner.f_code) and _holds(outer.f_code, inner.f_code):
        # The body of a class doesn't see that of a class around it.
        if _is_optimized(outer.f_code) or _is_optimized(inner.f_code):
            yield outer
        inner, outer = outer, outer.f_back


def _is_function(code: CodeType) -> bool:
    return _is_optimized(code) and (code.co_name == "<lambda>" or not code.co_name.startswith("<"))


def _is_optimized(code: CodeType) -> bool:
    """Whether its variables are known beforehand: neither a module nor the body of a class."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def _list_locals(code: CodeType) -> tuple[str, ...]:
    """The variables that can be nowhere else, whether they have a value or not."""
    return (*code.co_varnames, *code.co_cellvars, *code.co_freevars) if _is_optimized(code) else ()


def _holds(outer: CodeType, inner: CodeType) -> bool:
    return any(one is inner for one in outer.co_consts)


def _find_enclosing_functions(frame: FrameType) -> Iterable[CodeType]:
    """The functions around the one that runs, outermost first, as far as its source or the stack has them."""
    if "<locals>" not in frame.f_code.co_qualname:
        return ()
    paths = (_find_path(root, frame.f_code) for root in _iter_roots(frame))
    return filter(_is_optimized, next(filter(None, paths), ()))


def _iter_roots(frame: FrameType) -> Iterator[CodeType]:
    from qwave_jupyter.logs import ignore_warnings

    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    # It was compiled before, and what the user is warned of was said then.
    with contextlib.suppress(SyntaxError, ValueError), ignore_warnings(_SOURCE):
        yield compile(source, _SOURCE, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    caller = frame.f_back
    while caller is not None:
        yield caller.f_code
        caller = caller.f_back


def _find_path(outer: CodeType, code: CodeType) -> tuple[CodeType, ...]:
    """The code around some code, outermost first; none where it isn't in there."""
    for one in outer.co_consts:
        if isinstance(one, CodeType):
            if (one.co_qualname, one.co_firstlineno) == (code.co_qualname, code.co_firstlineno):
                return (outer,)
            if path := _find_path(one, code):
                return (outer, *path)
    return ()
