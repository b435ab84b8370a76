"""The prompts of earlier jobs, as many as a list can show."""

from __future__ import annotations

import os
from dataclasses import dataclass

from qwave_jupyter.jobs.context import JobContext

__all__ = ["EarlierPrompt", "EarlierPrompts", "list_earlier"]

#: How many of this notebook, and of all; of what length, in characters; and how much in all, in bytes.
_MAX_HERE, _MAX_ALL = 50, 200
_MAX_LENGTH = 32_000
_MAX_BYTES = 100_000


@dataclass(frozen=True)
class EarlierPrompt:
    """A prompt as it stands in a cell, and whether this notebook used it."""

    text: str
    here: bool


@dataclass(frozen=True)
class EarlierPrompts:
    """Different prompts, newest first; ``cut`` where some had no room."""

    prompts: tuple[EarlierPrompt, ...] = ()
    cut: bool = False


def list_earlier(context: JobContext) -> EarlierPrompts:
    """List the prompts of this notebook's jobs, if its name is known, else of this process's, and of all others."""
    pid = os.getpid() if context.notebook is None else None
    journal = context.journal
    here = dict(journal.list_prompts(_MAX_HERE + 1, notebook=context.notebook, pid=pid, longest=_MAX_LENGTH))
    others = dict(journal.list_prompts(_MAX_ALL + 1, longest=_MAX_LENGTH))
    listed: dict[str, float] = {}
    room = _MAX_BYTES
    # This notebook's own come first to the room that there is.
    for text, used in [*list(here.items())[:_MAX_HERE], *others.items()]:
        if text is None or not text.strip():
            continue
        weight = len(text.encode("utf-8", "surrogatepass"))
        if text not in listed and weight <= room and len(listed) < _MAX_ALL:
            listed[text] = used
            room -= weight
    newest = sorted(listed, key=lambda text: -max(listed[text], others.get(text, 0.0)))
    prompts = tuple(EarlierPrompt(text.replace("{{", r"\{{"), text in here) for text in newest)
    cut = any(text is None or (bool(text.strip()) and text not in listed) for text in {**here, **others})
    return EarlierPrompts(prompts, cut)
