"""Commands about models: find, explain and compare them, and open a panel with one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from qwave_jupyter import api
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands import Command, CommandArgs
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default
from qwave_jupyter.views.models import ModelCard, ModelComparison, ModelTable

if TYPE_CHECKING:
    from qwave_jupyter.widgets.panel.panel import Panel

__all__ = ["COMMANDS"]


def _models(_: Console, args: CommandArgs) -> ModelTable:
    return api.models(*args.words, **args.options)


def _model(_: Console, args: CommandArgs) -> ModelCard:
    return ModelCard(api.model(args.first or default().settings.model, live=args.has("live")))


def _panel(_: Console, args: CommandArgs) -> Panel:
    # Widgets are imported by the first panel, never by the extension.
    from qwave_jupyter.widgets.panel.panel import panel_from_line

    return panel_from_line(list(args.words))


def _list_preset_names() -> tuple[str, ...]:
    from qwave_jupyter.jobs.presets import list_presets

    # While somebody types, a file that can't be read just offers nothing.
    with contextlib.suppress(OptionMistake):
        return tuple(list_presets(default().settings.home))
    return ()


COMMANDS = (
    Command(
        "models",
        _models,
        "[WORDS]",
        {
            "action": "text",
            "aspect_ratio": "text",
            "resolution": "text",
            "references": "whole",
            "mask": "switch",
            "max_price": "number",
            "prompt_chars": "whole",
            "refresh": "switch",
        },
    ),
    Command("model", _model, "[ID]", {"live": "switch"}),
    Command("compare", lambda _, args: ModelComparison([api.model(name) for name in args.words]), "ID ID…"),
    # Which options there are depends on the model that they name.
    Command(
        "panel",
        _panel,
        "[--from-last | --from TASK | OPTIONS OF THE MODEL]",
        {"preset": "text"},
        choices=lambda _: _list_preset_names(),
        raw=True,
    ),
)
