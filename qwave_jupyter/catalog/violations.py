"""Violations of documented rules, as values that can be shown as text."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qwave_jupyter import i18n

__all__ = ["Violation", "find_nearest", "parse_ratio"]


@dataclass(frozen=True)
class Violation:
    """One violation of what is documented; ``code`` names its text in ``section``, which ``detail`` fills further."""

    code: str
    parameter: str
    given: object = None
    allowed: tuple[object, ...] = ()
    nearest: object = None
    others: tuple[str, ...] = ()
    severity: str = "reject"
    detail: Mapping[str, object] = field(default_factory=dict)
    section: str = "catalog"

    @classmethod
    def of_repetition(cls, parameter: str, first: str, second: str) -> Violation:
        """That one parameter was given by two of its names."""
        return cls("given_twice", parameter, second, detail={"first": _format_value(first)})

    def __str__(self) -> str:
        detail = dict(self.detail)
        if "unit" in detail:
            count = self.given if self.code == "soft_limit" else detail.get("most", detail.get("least"))
            detail["unit"] = i18n.text(f"catalog.unit_{detail['unit']}", count=count)
        if self.code == "unreadable":
            detail["type"] = i18n.text(f"catalog.type_{detail['type']}")
        if "what" in detail:
            detail["what"] = i18n.text(f"image_faults.{detail['what']}")
        text = i18n.text(
            f"{self.section}.{self.code}",
            parameter=self.parameter,
            given=_format_value(self.given),
            allowed=[_format_value(value) for value in self.allowed],
            nearest=_format_value(self.nearest),
            **detail,
        )
        if self.nearest is not None:
            text += i18n.text("catalog.nearest", nearest=_format_value(self.nearest))
        if self.detail.get("instead"):
            text += i18n.text("catalog.or_instead", instead=self.detail["instead"])
        if self.others:
            text += i18n.text("catalog.others", others=list(self.others))
        return text


def find_nearest(given: object, allowed: Sequence[object]) -> object:
    """The allowed value that was most likely meant; None when none is near."""
    if not allowed:
        return None
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        numbers = [value for value in allowed if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return min(numbers, key=lambda value: abs(value - given)) if numbers else None
    wanted = parse_ratio(given)
    if wanted:
        ratios = [(value, parse_ratio(value)) for value in allowed]
        near = [(abs(math.log(ratio / wanted)), value) for value, ratio in ratios if ratio]
        return min(near, key=lambda pair: pair[0])[1] if near else None
    texts = {str(value).lower(): value for value in allowed}
    matches = difflib.get_close_matches(str(given).lower()[:100], list(texts), n=1, cutoff=0.4)
    return texts[matches[0]] if matches else None


def parse_ratio(value: object) -> float | None:
    """``"16:9"`` as 1.777…; None for anything that is no ratio."""
    if not isinstance(value, str):
        return None
    left, colon, right = value.partition(":")
    try:
        width, height = float(left), float(right)
    except ValueError:
        return None
    return width / height if colon and width > 0 and height > 0 else None


def _format_value(value: object) -> str:
    if value is True or value is False:
        return str(value).lower()
    return i18n.printable(value)
