"""The variables that a cell sees: those of the function that runs it, then those of the shell."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qwave_jupyter.types import Namespace

if TYPE_CHECKING:
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["find_caller_variables", "find_shell_variables"]

#: Code that stands between a magic and whoever called it.
_MACHINERY = ("IPython", "qwave_jupyter")
#: Before Python 3.12 a comprehension is a function of its own inside the one that holds it.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def find_caller_variables(shell: InteractiveShell) -> Namespace:
    """Return what a name means where the running magic was called.

    A local variable goes before a global one of that name. At the top of a cell these are the notebook's variables.
    """
    caller = _find_caller(sys._getframe(1))  # noqa: SLF001 - as IPython itself does
    known = find_shell_variables(shell)
    if caller is None or caller.f_locals is shell.user_ns:
        return known
    scopes = [dict(frame.f_locals) for frame in _iter_scopes(caller)]
    return ChainMap(*scopes, caller.f_globals, dict(known))


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
    inner: FrameType | None = frame
    while inner is not None:
        yield inner
        if inner.f_code.co_name not in _COMPREHENSIONS:
            return
        inner = inner.f_back
