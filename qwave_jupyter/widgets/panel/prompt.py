"""The prompt of a panel: its text field, what stands beside it, and the prompts of earlier jobs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.arguments import escape_braces
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import (
    CHANGES_SCRIPT,
    KEYS_SCRIPT,
    Control,
    SlimLayout,
    read_assets,
    set_received,
)
from qwave_jupyter.widgets.canvas.keyboard import GROUPS, SHORTCUTS_SCRIPT, SHORTCUTS_STYLE, describe_shortcuts
from qwave_jupyter.widgets.panel.fields import format_name, is_shown
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import PanelState

__all__ = ["EarlierPrompt", "EarlierPrompts", "PromptControls", "PromptField", "list_earlier", "list_negative"]

#: How many of this notebook, and of all; of what length, in characters; and how much in all, in bytes.
_MAX_HERE, _MAX_ALL = 50, 200
_MAX_PROMPT = 32_000
_MAX_LIST_BYTES = 100_000


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
    here = dict(journal.list_prompts(_MAX_HERE + 1, notebook=context.notebook, pid=pid, longest=_MAX_PROMPT))
    others = dict(journal.list_prompts(_MAX_ALL + 1, longest=_MAX_PROMPT))
    listed: dict[str, float] = {}
    room = _MAX_LIST_BYTES
    # This notebook's own come first to the room that there is.
    for text, used in [*list(here.items())[:_MAX_HERE], *others.items()]:
        if text is None or not text.strip():
            continue
        weight = len(text.encode("utf-8", "surrogatepass"))
        if text not in listed and weight <= room and len(listed) < _MAX_ALL:
            listed[text] = used
            room -= weight
    newest = sorted(listed, key=lambda text: -max(listed[text], others.get(text, 0.0)))
    prompts = tuple(EarlierPrompt(escape_braces(text), text in here) for text in newest)
    cut = any(text is None or (bool(text.strip()) and text not in listed) for text in {**here, **others})
    return EarlierPrompts(prompts, cut)


class PromptField(ipywidgets.Textarea):  # type: ignore[misc]
    """The text field."""

    def __init__(self, text: str) -> None:
        placeholder = i18n.text("panel.prompt_placeholder")
        layout = SlimLayout()
        super().__init__(text, description=i18n.text("panel.prompt"), placeholder=placeholder, rows=4, layout=layout)
        self.add_class("qwp-f")
        self.add_class("qwp-prompt")

    def receive(self, text: str) -> None:
        """Set the text that the browser shows."""
        set_received(self, "value", text)


class PromptControls(Control):
    """What stands beside the prompt: its length, earlier prompts, the keys, and the negative prompt.

    It sends the text when the field is left, and with what generates: Ctrl+Enter or the button.
    """

    # A panel has one of these whatever its other controls are.
    _assets = read_assets(__file__, "elements.js", "typed_text.js", "earlier_prompts.js", "prompt.js")
    _esm = KEYS_SCRIPT + SHORTCUTS_SCRIPT + CHANGES_SCRIPT + _assets
    _css = SHORTCUTS_STYLE
    _text_keys = (
        "earlier_cut",
        "earlier_filter",
        "earlier_here",
        "earlier_none",
        "earlier_not_found",
        "earlier_prompts",
        "earlier_prompts_tip",
    )

    #: The model of the text field, which the browser reads and sets.
    field_id = traitlets.Unicode().tag(sync=True)
    maximum = traitlets.Int(None, allow_none=True).tag(sync=True)
    negative: traitlets.Dict[str, object] = traitlets.Dict().tag(sync=True)
    shortcuts = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        field: PromptField,
        on_generate: Callable[[str], object],
        on_change: Callable[[str, object], None],
        list_prompts: Callable[[], EarlierPrompts | None],
        sent: SentValues,
    ) -> None:
        # The browser counts: a message for every letter would come late.
        texts = {
            "character": i18n.text("panel.characters", count=1),
            "characters": i18n.text("panel.characters", count="{count}"),
            "characters_of": i18n.text("panel.characters_of", count="{count}", most="{most}"),
        }
        super().__init__(texts, field_id=field.model_id, shortcuts=describe_shortcuts(*GROUPS))
        self._field = field
        self._on_generate = on_generate
        self._on_change = on_change
        self._list_prompts = list_prompts
        self._sent = sent
        self.on_msg(self._receive)

    def draw(self, state: PanelState, *, with_negative: bool = True) -> None:
        """Show what belongs to the prompt of a state, in one message."""
        parameter = state.model.parameters.get("prompt")
        with self.hold_sync():
            self.maximum = _round(parameter.maximum if parameter is not None else None)
            self.negative = _describe_negative(state) if with_negative else {}

    def _receive(self, _: object, content: JSONObject, buffers: object) -> None:  # noqa: ARG002 - as ipywidgets calls it
        if "earlier" in content:
            self._send_earlier()
        negative = content.get("negative")
        if isinstance(negative, str) and self.negative:
            self._on_change(str(self.negative["name"]), negative)
        if isinstance(content.get("sent"), str):
            self._sent.set(content["sent"], content.get("value"))
        if isinstance(content.get("prompt"), str):
            self._field.receive(content["prompt"])
        if isinstance(content.get("generate"), str):
            # The field itself gets its text by its own message: in it there may be by now what was typed later.
            self._sent.run_after(content.get("before"), lambda: self._on_generate(content["generate"]))
        if isinstance(content.get("press"), str):
            self._sent.press(content["press"], content.get("before"))

    def _send_earlier(self) -> None:
        found = self._list_prompts() or EarlierPrompts()
        prompts = [{"text": one.text, "here": one.here} for one in found.prompts]
        self.send({"prompts": prompts, "cut": found.cut})


def list_negative(state: PanelState) -> tuple[str, ...]:
    """The name of the negative prompt that stands beside the prompt of a state, if there is one."""
    parameter = state.model.negative_prompt
    return (parameter.name,) if parameter is not None and is_shown(parameter, state, state.action) else ()


def _describe_negative(state: PanelState) -> dict[str, object]:
    parameter = state.model.negative_prompt
    if parameter is None or not list_negative(state):
        return {}
    value = state.values.get(parameter.name)
    return {
        "name": parameter.name,
        "label": format_name(parameter.name, "field"),
        "hint": parameter.note,
        "maximum": _round(parameter.maximum),
        "value": "" if value is None else str(value),
    }


def _round(maximum: float | None) -> int | None:
    return None if maximum is None else round(maximum)
