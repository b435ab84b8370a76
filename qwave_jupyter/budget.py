"""A budget in USD: reserved before an order is sent, then turned into what the server held, charged or gave back."""

# ruff: noqa: SLF001 - a budget, its parts and its reservations are one thing with one lock

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from qwave_jupyter import i18n
from qwave_jupyter.amounts import read_amount
from qwave_jupyter.errors import TooExpensive

__all__ = ["Budget", "Reservation"]

#: Amounts are added as whole billionths of a dollar, so that sums are exact: 500 000 quota are 1 USD.
_UNITS = 1_000_000_000

Limit = float | Callable[[], float | None] | None


class Budget:
    """What may be spent, and what counts against it; any number of threads may use it.

    Args:
        limit: USD, or a function that gives them at each reservation; None for no limit.
        refusal: the text of the refusal; its fields are ``budget_words``, ``spent_words`` and ``estimate_words``.
        unknown_ok: an unknown price is no reason to refuse.

    Example:
        >>> budget = Budget(1.0)
        >>> with budget.reserve(0.25) as reservation:
        ...     reservation.settle(charged=0.2)
        >>> budget.spent_usd
        0.2
    """

    def __init__(
        self,
        limit: Limit = None,
        *,
        refusal: str = "generation.over_budget",
        unknown_ok: bool = False,
        _parent: Budget | None = None,
        _allotted: int = 0,
    ) -> None:
        self._limit = limit
        self._refusal = refusal
        self._unknown_ok = unknown_ok
        self._parent = _parent
        #: Of a part: what its parent counts for it until it is closed.
        self._allotted = _allotted
        self._used = 0
        # One lock and one register for a budget and all its parts.
        self._lock: threading.RLock = threading.RLock() if _parent is None else _parent._lock
        self._named: dict[str, Reservation] = {} if _parent is None else _parent._named

    @property
    def spent_usd(self) -> float:
        """What was charged, else is held, else is reserved, all in all."""
        with self._lock:
            return self._used / _UNITS

    def reserve(self, estimate: float | None, *, name: str = "") -> Reservation:
        """Take an amount out of what is left, or refuse.

        Args:
            estimate: USD; what is no amount is an unknown price.
            name: the job; a job that counts already is not counted again.

        Raises:
            TooExpensive: there is no room for it, or there is a limit and the price isn't known.
        """
        amount = read_amount(estimate)
        with self._lock:
            if name in self._named:
                return self._named[name]
            self._check(None if amount is None and not self._unknown_ok else _units(amount or 0.0))
            return self._enter(amount, name)

    def count(self, usd: float | None, *, name: str = "") -> Reservation:
        """Count what was ordered already, without refusing it.

        Args:
            usd: what is held or expected; what is no amount counts for nothing until more is known.
            name: the job.
        """
        with self._lock:
            return self._named.get(name) or self._enter(read_amount(usd), name)

    def allot(
        self,
        estimate: float | None,
        *,
        limit: Limit = None,
        refusal: str = "generation.over_budget",
        unknown_ok: bool = False,
    ) -> Budget:
        """A part for many orders, reserved as a whole; :meth:`close` gives back what they didn't use.

        Args:
            estimate: USD for all of them.
            limit: USD that they may cost together, whatever the rest has room for.
            refusal: the text where that limit is passed.
            unknown_ok: in it an unknown price is no reason to refuse.

        Raises:
            TooExpensive: there is no room for the whole, or its price isn't known.
        """
        amount = read_amount(estimate)
        with self._lock:
            self._check(None if amount is None else _units(amount))
            whole = _units(amount or 0.0)
            self._add(whole)
            return Budget(limit, refusal=refusal, unknown_ok=unknown_ok, _parent=self, _allotted=whole)

    def close(self) -> None:
        """Give back what a part didn't use; its orders count on."""
        with self._lock:
            if self._parent is not None:
                before, self._allotted = self._share(self._used), 0
                self._parent._add(self._share(self._used) - before)

    def _share(self, used: int) -> int:
        """What the parent counts for a part that uses so much."""
        return max(used, self._allotted)

    def _check(self, more: int | None) -> None:
        """Raise TooExpensive where so much more has no room here, or in what this is a part of."""
        limit = self._limit_usd()
        if limit is not None and (more is None or self._used + more > _units(limit)):
            raise TooExpensive(
                self._refusal,
                budget_words=i18n.dollars(limit),
                spent_words=i18n.dollars(self._used / _UNITS),
                estimate_words=i18n.say("notebook.no_price") if more is None else i18n.dollars(more / _UNITS),
            )
        if self._parent is not None and more:
            beyond = self._share(self._used + more) - self._share(self._used)
            if beyond:
                self._parent._check(beyond)

    def _passed(self) -> float | None:
        """The limit in USD that is passed here or above; None where none is."""
        limit = self._limit_usd()
        if limit is not None and self._used > _units(limit):
            return limit
        if self._parent is None or self._used <= self._allotted:
            return None
        return self._parent._passed()

    def _limit_usd(self) -> float | None:
        # A limit that is no amount would compare with nothing: it allows nothing.
        limit = self._limit() if callable(self._limit) else self._limit
        return None if limit is None else read_amount(limit) or 0.0

    def _enter(self, amount: float | None, name: str) -> Reservation:
        entered = Reservation(self, _units(amount or 0.0), name)
        self._add(entered._amount)
        if name:
            self._named[name] = entered
        return entered

    def _add(self, more: int) -> None:
        before = self._share(self._used)
        self._used += more
        if self._parent is not None:
            self._parent._add(self._share(self._used) - before)


class Reservation:
    """One order's place in a budget.

    Args:
        budget: where it counts.
        amount: billionths of a dollar.
        name: the job, or "".
    """

    def __init__(self, budget: Budget, amount: int, name: str = "") -> None:
        self._budget = budget
        self._amount = amount
        self._name = name
        self._settled = False
        self._final = False

    def __repr__(self) -> str:
        return f"Reservation({self.usd:g} USD)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._budget._lock:
            if not self._settled:
                self.release()

    @property
    def usd(self) -> float:
        """What it counts for."""
        with self._budget._lock:
            return self._amount / _UNITS

    def settle(self, *, held: float | None = None, charged: float | None = None) -> float | None:
        """Count what the server says instead of what was expected; what is no amount changes nothing.

        What was charged or released is final: what is said to be held comes from an earlier answer.

        Args:
            held: USD that the server reserved.
            charged: USD that it charged in the end.

        Returns:
            The limit in USD that is passed now, or None: what the server holds counts even then, and only the caller
            can cancel the task.
        """
        usd = read_amount(held if charged is None else charged)
        with self._budget._lock:
            if usd is None or (charged is None and self._final):
                return None
            self._count(_units(usd))
            if charged is not None:
                self._end()
            return self._budget._passed()

    def release(self) -> None:
        """Count for nothing: it was not sent, or all of it was given back."""
        with self._budget._lock:
            self._count(0)
            self._end()

    def _count(self, amount: int) -> None:
        before, self._amount, self._settled = self._amount, amount, True
        self._budget._add(amount - before)

    def _end(self) -> None:
        self._final = True
        # Its sum stays; only open jobs are looked up by their name.
        if self._budget._named.get(self._name) is self:
            del self._budget._named[self._name]


def _units(usd: float) -> int:
    return round(usd * _UNITS)
