"""The verb that opens a panel; everything behind it is what a cell's first line may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console

__all__ = ["VERBS"]


class _PanelVerb(Verb):
    """Reads nothing itself: which options there are, the model that they name decides."""

    def read(self, tokens: Sequence[str]) -> Asked:
        """The words as they stand."""
        return Asked(tuple(tokens))


def _panel(_: Console, asked: Asked) -> Any:
    # Widgets are imported by the first panel, never by the extension.
    from qwave_jupyter.widgets.panel import factory

    return factory.from_line(list(asked.words))


VERBS = (_PanelVerb("panel", _panel, "[--from-last | --from TASK | OPTIONS OF A CELL]"),)
