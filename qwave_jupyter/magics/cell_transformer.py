"""A top-level ``%%qwave`` is awaited, so that the kernel lives on: the input transformer that sees to it.

Loaded with the extension, so it imports nothing; :mod:`~qwave_jupyter.magics.async_wait` has the waits themselves.
"""

from __future__ import annotations

import re
import sys
from typing import Any

__all__ = ["AWAITED", "MAGIC", "AwaitedCells"]

MAGIC = "qwave"
#: The hidden magic behind an awaited cell.
AWAITED = "_qwave_awaited"
_CALL = re.compile(r"get_ipython\(\)\.run_cell_magic\('(\w+)', ")
_EMPTY_BODY = re.compile(r", ''\)(\s*)\Z")
#: With one of these on the stack nobody would await what we return.
_CALLERS = frozenset({"run_cell", "run_cell_magic", "run_line_magic", "safe_execfile_ipy"})


class AwaitedCells:
    """The input transformer that puts ``await`` before a top-level cell.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """Transform a cell's lines, or leave them as they are."""
        call = _CALL.match(lines[0]) if lines else None
        if call is None or not self._is_ours(call[1]):
            return lines
        text = "".join(lines)
        # IPython refuses a cell magic without a body, though "%%qwave --help" needs none.
        text = _EMPTY_BODY.sub(r", '\\n')\1", text)
        if self._can_await():
            text = f"await get_ipython().run_cell_magic('{AWAITED}', " + text[call.end() :]
        return text.splitlines(keepends=True)

    def _is_ours(self, name: str) -> bool:
        if name == MAGIC:
            return True
        alias = self._shell.magics_manager.magics["cell"].get(name)
        return getattr(alias, "magic_name", None) == MAGIC and not getattr(alias, "magic_params", None)

    def _can_await(self) -> bool:
        shell = self._shell
        if getattr(shell, "kernel", None) is None or not shell.autoawait:
            return False
        frame = sys._getframe(1)  # noqa: SLF001 - the stack is the only witness
        while frame is not None:
            if frame.f_code.co_name in _CALLERS:
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return True
