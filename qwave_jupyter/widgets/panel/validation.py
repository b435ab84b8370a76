"""The live check of a panel: is it ready, what does it cost, or what is wrong; no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import api, i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.errors import QwaveError, ReferenceMistake, RequestRefused
from qwave_jupyter.jobs import references
from qwave_jupyter.jobs.references import Limits, Reference
from qwave_jupyter.widgets.panel.state import PanelState, Picked

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["Remembered", "Verdict", "verdict"]

_MOST_REMEMBERED = 200
#: What a person is about to do isn't a mistake yet.
_STILL_TO_COME = frozenset({"empty_prompt", "needed_with", "too_few_with"})


@dataclass(frozen=True)
class Verdict:
    """What a panel's line says.

    Args:
        lines: what to read, one mistake each.
        tone: ``ready``, ``wrong``, or ``waiting`` for what is still to come.
        request: what would be sent, where it is ready.
        advice: what the pages advise against.
    """

    lines: tuple[str, ...]
    tone: str
    request: Request | None = None
    advice: tuple[str, ...] = ()


@dataclass
class Remembered:
    """Pictures as models take them, so that a check at every keystroke reads no file twice."""

    known: dict[tuple[str, str, str, str], Reference | ReferenceMistake] = field(default_factory=dict)

    def of(self, picked: Picked, parameter: str, model: Model) -> Reference | ReferenceMistake | None:
        """One picture as a model takes it, or why it doesn't; None for several pictures behind one name.

        Args:
            picked: the picture.
            parameter: ``images`` or ``mask``.
            model: the model.
        """
        if len(list(references.each(picked.source))) != 1:
            return None
        key = (picked.written, parameter, model.id, model.edition)
        if key not in self.known:
            if len(self.known) >= _MOST_REMEMBERED:
                self.known.clear()
            self.known[key] = self._resolved(picked, parameter, model)
        return self.known[key]

    def stand_ins(self, state: PanelState) -> PanelState:
        """The state with every readable picture already read."""
        picked = tuple(self._stand_in(one, "images", state.model) for one in state.picked)
        return replace(state, picked=picked, mask=state.mask and self._stand_in(state.mask, "mask", state.model))

    def _stand_in(self, picked: Picked, parameter: str, model: Model) -> Picked:
        found = self.of(picked, parameter, model)
        return replace(picked, source=found) if isinstance(found, Reference) else picked

    def _resolved(self, picked: Picked, parameter: str, model: Model) -> Reference | ReferenceMistake:
        (source,) = references.each(picked.source)
        try:
            return references.resolve(source, parameter, Limits.of(model, parameter, tuple), now=SYSTEM_CLOCK.now())
        except ReferenceMistake as mistake:
            return mistake


def verdict(state: PanelState, variables: Mapping[str, Any], remembered: Remembered) -> Verdict:
    """Check and price what stands in a panel.

    Args:
        state: what stands there.
        variables: the notebook's variables, for the prompt.
        remembered: pictures that were read before.

    Example:
        >>> verdict(PanelState(model, prompt="a cat"), {}, Remembered()).lines
        ('Ready: $0.0064 for 1 picture',)
    """
    ready = remembered.stand_ins(state)
    try:
        request = api.build(ready.prompt, model=ready.model.id, variables=variables, **ready.options())
    except RequestRefused as refused:
        violations = refused.fields["violations"]
        lines = tuple(i18n.say("panel.no_prompt") if one.code == "empty_prompt" else str(one) for one in violations)
        only_waits = all(one.code in _STILL_TO_COME for one in violations)
        return Verdict(lines, "waiting" if only_waits else "wrong")
    except QwaveError as error:
        return Verdict((str(error),), "wrong")
    return Verdict((_ready(request),), "ready", request, tuple(map(str, request.warnings)))


def _ready(request: Request) -> str:
    count = i18n.say("notebook.pictures", count=request.pictures_asked)
    if request.estimate_usd is not None:
        return i18n.say("panel.ready", price=i18n.dollars(request.estimate_usd), pictures=count)
    by_tokens = request.model.price.unit == "token"
    return i18n.say("panel.ready_by_tokens" if by_tokens else "panel.ready_unpriced", pictures=count)
