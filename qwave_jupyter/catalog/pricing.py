"""What a request costs, as far as a page says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.amounts import read_amount

__all__ = ["Price"]


@dataclass(frozen=True)
class Price:
    """A published price.

    Args:
        unit: ``image``, ``call``, or ``token`` (billed by use, so not known beforehand).
        usd: USD per unit; None where it isn't published.
        by: the parameter that chooses the tier, or "".
        tiers: its value to USD; ``*`` for every other value.
        only_when: parameter to the values for which the price stands; others are priced elsewhere.
        reference_usd: USD per reference image.
        reference_per_picture: whether that is charged again for every image that is made.
        rates: USD per million tokens, by kind.
        documented: the date of the page.
        note: what else the page says.
        unreadable: what a live list names of it that is no amount: tiers, or ``base``. Their price isn't known.
    """

    unit: str = "image"
    usd: float | None = None
    by: str = ""
    tiers: Mapping[str, float] = field(default_factory=dict)
    only_when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    reference_usd: float = 0.0
    reference_per_picture: bool = False
    rates: Mapping[str, float] = field(default_factory=dict)
    documented: str = ""
    note: str = ""
    unreadable: tuple[str, ...] = ()

    @property
    def from_usd(self) -> float | None:
        """The least that one image (or call) costs; None when no price is published."""
        return min(self._each(), default=None)

    @property
    def to_usd(self) -> float | None:
        """The most that one image (or call) costs without reference images."""
        return max(self._each(), default=None)

    def estimate(self, values: Mapping[str, Any]) -> float | None:
        """USD for a whole request; None where no page says.

        Args:
            values: the effective values: what is set, else the documented default.

        Example:
            >>> Price(usd=0.006375).estimate({"n": 2})
            0.01275
        """
        if any(values.get(name) not in allowed for name, allowed in self.only_when.items()):
            return None
        each = self.usd
        if self.tiers:
            tier = str(values.get(self.by)).lower()
            each = None if tier in self.unreadable else self.tiers.get(tier, self.tiers.get("*"))
        count = 1.0 if self.unit == "call" else read_amount(values.get("n") or 1)
        parts = (read_amount(each), count, read_amount(self.reference_usd))
        if None in parts:
            return None
        each, count, reference = (part or 0.0 for part in parts)
        fee = reference * len(values.get("images") or ()) * (count if self.reference_per_picture else 1)
        return read_amount(round(each * count + fee, 9))

    def _each(self) -> Iterator[float]:
        known = self.tiers.values() if self.tiers else (self.usd,)
        return (usd for usd in map(read_amount, known) if usd is not None)
