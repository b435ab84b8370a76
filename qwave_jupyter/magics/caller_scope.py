"""The variables that a cell sees: those of the function that runs it, then those of the shell.

A name in a prompt means what it would mean as code in that place. The compiler doesn't see it there: what belongs to a
function further out is no variable of the inner one, which keeps of it only what its own code names.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import linecache
import operator
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from types import CodeType, FunctionType
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
#: The code that can be within a comprehension.
_EXPRESSIONS = {"<lambda>", "<genexpr>"}


class CallerVariables(Mapping[str, object]):
    """The variables of a call; asking for one that has no value there raises OptionMistake.

    Args:
        values: what names mean.
        unreachable: the names of local variables without a value, and the function further out that each belongs to,
            or "".
        uncertain: the names that may be variables of a function further out, which can't be looked at.
    """

    def __init__(
        self, values: Namespace, unreachable: Mapping[str, str], uncertain: AbstractSet[str] = frozenset()
    ) -> None:
        self._values, self._unreachable, self._uncertain = values, unreachable, uncertain

    def __getitem__(self, name: str) -> object:
        owner = self._unreachable.get(name)
        if owner is None and name not in self._uncertain:
            return self._values[name]
        from qwave_jupyter.errors import OptionMistake

        if owner is None:
            raise OptionMistake("options.variable_uncertain", name=name)
        if owner.startswith("<") and owner != "<lambda>":
            raise OptionMistake("options.variable_of_comprehension", name=name)
        raise OptionMistake(
            "options.variable_not_captured" if owner else "options.variable_unbound", name=name, owner=owner
        )

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._values if name not in self._unreachable and name not in self._uncertain)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        # Taken for empty, it would be replaced, and a name be called unknown.
        return bool(self._values)


def find_caller_variables(shell: InteractiveShell) -> Namespace:
    """Return what a name means where the running magic was called.

    A local variable goes before a global one of that name. At the top of a cell these are the notebook's variables.
    Global ones are as they are when somebody asks, local ones as they were at the call.
    """
    caller = _find_caller(sys._getframe(1))  # noqa: SLF001 - as IPython itself does
    known = find_shell_variables(shell)
    if caller is None or caller.f_locals is shell.user_ns:
        return known
    local: dict[str, object] = {}
    values = ChainMap(local, caller.f_globals, known)
    unreachable: dict[str, str] = {}
    frames = tuple(_iter_scopes(caller))
    enclosing, is_certain = _find_enclosing_code(frames[-1])
    uncertain = set() if is_certain else set(values)
    for outer, inner in itertools.pairwise((*enclosing, frames[-1].f_code)):
        uncertain.update(_list_inlined(outer, inner))
        unreachable.update(dict.fromkeys(_list_locals(outer), outer.co_name))
    for frame in reversed(frames):
        unreachable.update(dict.fromkeys(_list_locals(frame.f_code), ""))
        for name, value in frame.f_locals.items():
            unreachable.pop(name, None)
            uncertain.discard(name)
            local[name] = value
    return CallerVariables(values, unreachable, uncertain)


def find_shell_variables(shell: InteractiveShell) -> MutableMapping[str, object]:
    """Return the variables of a shell: the user's, and those of the module that an embedded one was started in."""
    variables: MutableMapping[str, object] = shell.user_ns
    module_variables: MutableMapping[str, object] = shell.user_global_ns
    if module_variables is variables:
        return variables
    return ChainMap(variables, module_variables)


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


def _list_inlined(outer: CodeType, inner: CodeType) -> tuple[str, ...]:
    """The variables of a module or class that are those of comprehensions, of which one may be around the inner code.

    From Python 3.12 on such a comprehension has no code of its own.
    """
    if _is_optimized(outer) or inner.co_name not in _EXPRESSIONS:
        return ()
    return (*outer.co_varnames, *outer.co_cellvars)


def _find_enclosing_code(frame: FrameType) -> tuple[tuple[CodeType, ...], bool]:
    """The code around a function that runs, outermost first, and whether that is all of it, as it was compiled."""
    found: tuple[CodeType, ...] = ()
    is_certain = True
    code = frame.f_code
    while _may_be_enclosed(code):
        path = _find_path_by_identity(frame, code)
        if not path:
            path = _find_path_in_source(frame, code)
            # A file may have changed since, also around what is the same in it.
            is_certain = is_certain and bool(path) and not _is_file(code.co_filename)
        if not path:
            break
        found = (*path, *found)
        code = path[0]
    return found, is_certain


def _may_be_enclosed(code: CodeType) -> bool:
    """Whether there may be variables around it other than those of its module and of classes."""
    around, _, name = code.co_qualname.rpartition(".")
    # From Python 3.12 on a comprehension isn't in the names of the functions within.
    return "<" in around or (sys.version_info >= (3, 12) and name in _EXPRESSIONS)


def _find_path_by_identity(frame: FrameType, code: CodeType) -> tuple[CodeType, ...]:
    """The code around some code, as far as the stack and the functions of the module hold that very code."""
    for root in _iter_roots(frame):
        path = next(_iter_paths(root, code, operator.is_), ())
        if path:
            return path
    return ()


def _iter_roots(frame: FrameType) -> Iterator[CodeType]:
    caller = frame.f_back
    while caller is not None:
        yield caller.f_code
        caller = caller.f_back
    seen = set()
    for value in tuple(frame.f_globals.values()):
        for member in (value, *vars(value).values()) if isinstance(value, type) else (value,):
            function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            # What decorators have put around a function keeps it under this name.
            while isinstance(function, FunctionType) and function not in seen:
                seen.add(function)
                if function.__globals__ is frame.f_globals:
                    yield function.__code__
                function = function.__dict__.get("__wrapped__")


def _find_path_in_source(frame: FrameType, code: CodeType) -> tuple[CodeType, ...]:
    """The code around some code, as its source is now; none where that holds it nowhere, or more than once."""
    from qwave_jupyter.tracebacks import ignore_warnings

    source = "".join(linecache.getlines(code.co_filename, frame.f_globals))
    # It was compiled before, and what the user is warned of was said then.
    with contextlib.suppress(SyntaxError, ValueError), ignore_warnings(_SOURCE):
        root = compile(source, _SOURCE, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        paths = set(_iter_paths(root, code, _is_same))
        return paths.pop() if len(paths) == 1 else ()
    return ()


def _is_file(name: str) -> bool:
    """Whether the source that was read is a file's, and not what a shell keeps of a cell."""
    entry = linecache.cache.get(name)
    return entry is not None and len(entry) > 1 and entry[1] is not None


def _iter_paths(
    outer: CodeType, code: CodeType, is_it: Callable[[CodeType, CodeType], bool]
) -> Iterator[tuple[CodeType, ...]]:
    """The code around some code, outermost first, for each place where that is in there."""
    for one in outer.co_consts:
        if isinstance(one, CodeType):
            if is_it(one, code):
                yield (outer,)
            yield from ((outer, *path) for path in _iter_paths(one, code, is_it))


def _is_same(one: CodeType, other: CodeType) -> bool:
    """Whether both come from one place of one source: two lambdas of a line have the same name."""
    return (one.co_qualname, one.co_firstlineno, one.co_varnames, one.co_freevars, one.co_names) == (
        other.co_qualname,
        other.co_firstlineno,
        other.co_varnames,
        other.co_freevars,
        other.co_names,
    ) and tuple(one.co_positions()) == tuple(other.co_positions())
