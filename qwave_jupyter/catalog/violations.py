"""Violations of documented rules, as values that can be shown as text."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter import i18n

__all__ = ["Violation", "nearest_to", "ratio_of"]


@dataclass(frozen=True)
class Violation:
    """One violation of what is documented.

    Args:
        code: which rule, the name of its text.
        parameter: the user's name of the parameter to change.
        given: what was asked for.
        allowed: what is allowed instead.
        nearest: the allowed value nearest to what was given, or None.
        others: ids of models that could do what was asked.
        severity: ``reject`` or ``warn``.
        detail: further fields of the text.
    """

    code: str
    parameter: str
    given: Any = None
    allowed: tuple[Any, ...] = ()
    nearest: Any = None
    others: tuple[str, ...] = ()
    severity: str = "reject"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        detail = dict(self.detail)
        if "unit" in detail:
            detail["unit"] = i18n.say(f"catalog.unit_{detail['unit']}")
        if self.code == "unreadable":
            detail["type"] = i18n.say(f"catalog.type_{detail['type']}")
        text = i18n.say(
            f"catalog.{self.code}",
            parameter=self.parameter,
            given=_format_value(self.given),
            allowed=[_format_value(value) for value in self.allowed],
            nearest=_format_value(self.nearest),
            **detail,
        )
        if self.nearest is not None:
            text += i18n.say("catalog.nearest", nearest=_format_value(self.nearest))
        if self.detail.get("instead"):
            text += i18n.say("catalog.or_instead", instead=self.detail["instead"])
        if self.others:
            text += i18n.say("catalog.others", others=list(self.others))
        return text


def nearest_to(given: Any, allowed: Sequence[Any]) -> Any:
    """The allowed value that was most likely meant; None when none is near."""
    if not allowed:
        return None
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        numbers = [value for value in allowed if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return min(numbers, key=lambda value: abs(value - given)) if numbers else None
    wanted = ratio_of(given)
    if wanted:
        ratios = [(value, ratio_of(value)) for value in allowed]
        near = [(abs(math.log(ratio / wanted)), value) for value, ratio in ratios if ratio]
        return min(near, key=lambda pair: pair[0])[1] if near else None
    texts = {str(value).lower(): value for value in allowed}
    matches = difflib.get_close_matches(str(given).lower()[:100], list(texts), n=1, cutoff=0.4)
    return texts[matches[0]] if matches else None


def ratio_of(value: Any) -> float | None:
    """``"16:9"`` as 1.777…; None for anything that is no ratio."""
    if not isinstance(value, str):
        return None
    left, colon, right = value.partition(":")
    try:
        width, height = float(left), float(right)
    except ValueError:
        return None
    return width / height if colon and width > 0 and height > 0 else None


def _format_value(value: Any) -> str:
    if value is True or value is False:
        return str(value).lower()
    text = str(value)
    text = "".join(character if character.isprintable() else "�" for character in text)
    return text if len(text) <= 80 else text[:77] + "…"
