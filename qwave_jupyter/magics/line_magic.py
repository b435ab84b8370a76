"""``%qwave COMMAND``: find the command, read what stands behind it, run it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.cell_options import tokenize
from qwave_jupyter.magics.commands import Command, installation, jobs, lookup
from qwave_jupyter.magics.output import Console
from qwave_jupyter.types import Namespace

__all__ = ["COMMANDS", "LineMagic"]

COMMANDS: dict[str, Command] = {
    command.name: command for command in (*lookup.COMMANDS, *jobs.COMMANDS, *installation.COMMANDS)
}


class LineMagic:
    """The line magic, shown on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, line: str, variables: Namespace | None = None) -> object:
        """Run one command; ``{{names}}`` on its line are filled from the variables, or the notebook's.

        Raises:
            OptionMistake: no such command, or an option that it doesn't have.
        """
        words: Sequence[str] = tokenize(line) or [""]
        name, *tokens = words
        if name in {"", "help", "--help", "-h"}:
            self._console.show_lines(f"{one.usage}\n    {one.summary}" for one in COMMANDS.values())
            return None
        if name not in COMMANDS:
            close = difflib.get_close_matches(name[:40], COMMANDS, n=1)
            near = i18n.text("options.near", near=close[0]) if close else ""
            raise OptionMistake("options.unknown_command", given=name[:40], allowed=tuple(COMMANDS), near=near)
        command = COMMANDS[name]
        args = command.parse(tokens, self._console.variables if variables is None else variables)
        if args.help:
            self._console.show_lines([command.usage, f"    {command.summary}"])
            return None
        return command.run(self._console, args)
