"""Verbs about what was made and what it cost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api, i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default

if TYPE_CHECKING:
    from qwave_jupyter.images.notebook_size import Weight
    from qwave_jupyter.jobs.costs import CostTable

__all__ = ["VERBS"]


def _history(_: Console, asked: Asked) -> Any:
    return api.history(" ".join(asked.words))


def _cost(_: Console, __: Asked) -> CostTable:
    return api.cost()


def _balance(console: Console, _: Asked) -> None:
    console.say(i18n.say("notebook.balance", available=i18n.dollars(api.balance().available_usd)))


def _weight(_: Console, asked: Asked) -> Weight:
    from qwave_jupyter.images.notebook_size import weigh

    path = " ".join(asked.words) or os.environ.get("JPY_SESSION_NAME", "")
    if not path:
        raise OptionMistake("notebook.weight_needs")
    return weigh(Path(path).expanduser())


def _report(console: Console, asked: Asked) -> None:
    from qwave_jupyter.views import report

    if not asked.words:
        raise OptionMistake("notebook.report_needs")
    made = api.history() if asked.on("all") else report.notebook_gallery(default().context())
    path = report.write(Path(" ".join(asked.words)), made, by=str(asked.options.get("by", "")))
    console.say(i18n.say("notebook.report_written", path=path, count=len(made)))


VERBS = (
    Verb("history", _history, "[WORDS]"),
    Verb("cost", _cost),
    Verb("balance", _balance),
    Verb("weight", _weight, "[NOTEBOOK]"),
    Verb("report", _report, "FILE", {"by": "text", "all": "switch"}),
)
