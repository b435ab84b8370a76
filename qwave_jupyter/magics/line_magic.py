"""``%qwave VERB``: find the verb, read what stands behind it, carry it out."""

from __future__ import annotations

import difflib
import shlex
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands import jobs, lookup, panel, records, settings
from qwave_jupyter.magics.commands.command import Verb
from qwave_jupyter.magics.output import Console

__all__ = ["VERBS", "Lines"]

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        *lookup.VERBS,
        *panel.VERBS,
        *jobs.VERBS,
        *records.VERBS,
        *settings.VERBS,
    )
}


class Lines:
    """The line magic.

    Args:
        console: where it is shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, line: str) -> Any:
        """Carry out one verb.

        Raises:
            OptionMistake: no such verb, or an option that it doesn't have.
        """
        try:
            name, *tokens = shlex.split(line) or [""]
        except ValueError:
            raise OptionMistake("options.open_quote") from None
        if name in {"", "help", "--help", "-h"}:
            self._console.say_lines(f"{verb.usage}\n    {verb.summary}" for verb in VERBS.values())
            return None
        if name not in VERBS:
            close = difflib.get_close_matches(name[:40], VERBS, n=1)
            near = i18n.say("options.near", near=close[0]) if close else ""
            raise OptionMistake("options.unknown_verb", given=name[:40], allowed=tuple(VERBS), near=near)
        if "--help" in tokens:
            self._console.say_lines([VERBS[name].usage, f"    {VERBS[name].summary}"])
            return None
        return VERBS[name].run(self._console, VERBS[name].read(tokens))
