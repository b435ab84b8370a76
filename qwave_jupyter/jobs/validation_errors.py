"""Mistakes that are found before the catalogue is asked: in a prompt's braces, a sweep or a reference picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from qwave_jupyter import i18n
from qwave_jupyter.catalog.violations import Violation
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.i18n import printable

__all__ = ["Mistake", "Mistakes", "refuse"]


@dataclass(frozen=True)
class Mistake(Violation):
    """A violation whose text stands in the ``generation`` section."""

    def __str__(self) -> str:
        text = i18n.say(
            f"generation.{self.code}",
            parameter=self.parameter,
            given=printable(self.given),
            allowed=[printable(value) for value in self.allowed],
            **self.detail,
        )
        if self.nearest is not None:
            text += i18n.say("generation.nearest", nearest=printable(self.nearest))
        if self.others:
            text += i18n.say("generation.others", others=list(self.others))
        return text


class Mistakes(Sequence[Violation]):
    """Every mistake of one request; reads as one short block.

    Args:
        violations: the mistakes, in the order in which they are to be mended.
    """

    def __init__(self, violations: Iterable[Violation]) -> None:
        # Two parameters may break one rule with one text; it is said once.
        self._violations = tuple({str(one): one for one in violations}.values())

    @overload
    def __getitem__(self, place: int) -> Violation: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Violation, ...]: ...

    def __getitem__(self, place: int | slice) -> Violation | tuple[Violation, ...]:
        return self._violations[place]

    def __len__(self) -> int:
        return len(self._violations)

    def __iter__(self) -> Iterator[Violation]:
        return iter(self._violations)

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __str__(self) -> str:
        if len(self) == 1:
            return str(self[0])
        return "\n".join(f"  · {one}" for one in self)


def refuse(violations: Iterable[Violation]) -> RequestRefused:
    """The error that names every mistake at once."""
    mistakes = Mistakes(violations)
    return RequestRefused("generation.refused", violations=mistakes, count=len(mistakes))
