"""A budget in USD: reserved before an order is sent, then turned into what the server held, charged or gave back."""

# ruff: noqa: SLF001 - a budget, its parts and its reservations are one thing with one lock

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from qwave_jupyter import i18n, threads
from qwave_jupyter.arguments import read_amount
from qwave_jupyter.errors import TooExpensive

__all__ = ["Budget", "Reservation"]

#: Amounts are added as whole billionths of a dollar, so that sums are exact: 500 000 quota are 1 USD.
_UNITS = 1_000_000_000
#: What is said instead of each refusal where the price isn't known.
_UNPRICED = {
    "generation.over_budget": "generation.over_budget_unpriced",
    "generation.over_sweep_limit": "generation.over_sweep_limit_unpriced",
}

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
        self._lock: threading.RLock = threads.fork_safe(threading.RLock()) if _parent is None else _parent._lock
        self._by_name: dict[str, Reservation] = {} if _parent is None else _parent._by_name

    @property
    def spent_usd(self) -> float:
        """What was charged, else is held, else is reserved, all in all."""
        with self._lock:
            return self._used / _UNITS

    @property
    def left_usd(self) -> float | None:
        """What may still be ordered, what is reserved for jobs under way taken off; None without a limit."""
        with self._lock:
            limit = self._limit_usd()
            return None if limit is None else max(0, _to_units(limit) - self._used) / _UNITS

    @property
    def limit_usd(self) -> float | None:
        """The limit in USD; None for none."""
        with self._lock:
            return self._limit_usd()

    def reserve(self, estimate: float | None, *, name: str = "") -> Reservation:
        """Take USD for a job, once, out of what is left; raises TooExpensive without room or price."""
        amount = read_amount(estimate)
        with self._lock:
            known = self._find_counted(name)
            if known is not None:
                return known
            self._check(None if amount is None and not self._unknown_ok else _to_units(amount or 0.0))
            return self._add_reservation(amount, name)

    def check(self, estimate: float | None) -> None:
        """Raise TooExpensive where :meth:`reserve` would; reserves nothing.

        Args:
            estimate: USD; what is no amount is an unknown price.
        """
        amount = read_amount(estimate)
        with self._lock:
            self._check(None if amount is None and not self._unknown_ok else _to_units(amount or 0.0))

    def count(self, usd: float | None, *, name: str = "") -> Reservation:
        """Count what was ordered already, without refusing it; what is no amount counts for nothing for now."""
        with self._lock:
            return self._find_counted(name) or self._add_reservation(read_amount(usd), name)

    def settle(self, name: str, charged: float) -> None:
        """Count what a job was charged in the end, where it counts here."""
        with self._lock:
            known = self._by_name.get(name)
            if known is not None:
                known.settle(charged=charged)

    def allot(
        self,
        estimate: float | None,
        *,
        limit: Limit = None,
        refusal: str = "generation.over_budget",
        unknown_ok: bool = False,
    ) -> Budget:
        """A part for many orders, reserved as a whole; :meth:`close` gives back what they didn't use."""
        amount = read_amount(estimate)
        with self._lock:
            # What costs nothing needs no room, also where the budget was lowered below what is spent.
            if amount != 0:
                self._check(None if amount is None else _to_units(amount))
            whole = _to_units(amount or 0.0)
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
        if limit is not None and (more is None or self._used + more > _to_units(limit)):
            amounts = (self._used / _UNITS, (more or 0) / _UNITS, limit)
            spent, estimate, whole = i18n.dollars_where(
                lambda spent, order, whole: more is None or spent + order > whole, *amounts
            )
            words = {"budget_words": whole, "spent_words": spent}
            if more is None:
                raise TooExpensive(_UNPRICED[self._refusal], **words)
            raise TooExpensive(self._refusal, **words, estimate_words=estimate)
        if self._parent is not None and more:
            beyond = self._share(self._used + more) - self._share(self._used)
            if beyond:
                self._parent._check(beyond)

    def _find_passed_limit(self) -> float | None:
        """The limit in USD that is passed here or above; None where none is."""
        limit = self._limit_usd()
        if limit is not None and self._used > _to_units(limit):
            return limit
        if self._parent is None or self._used <= self._allotted:
            return None
        return self._parent._find_passed_limit()

    def _limit_usd(self) -> float | None:
        # A limit that is no amount would compare with nothing: it allows nothing.
        limit = self._limit() if callable(self._limit) else self._limit
        return None if limit is None else read_amount(limit) or 0.0

    def _find_counted(self, name: str) -> Reservation | None:
        """What a job counts for already; None also where that was released."""
        known = self._by_name.get(name)
        return None if known is None or known._is_released else known

    def _add_reservation(self, amount: float | None, name: str) -> Reservation:
        # A job that was released before goes on with its reservation: whoever still holds that settles the same one.
        reservation = self._by_name.get(name) or Reservation(self)
        reservation._reopen(self, _to_units(amount or 0.0))
        if name:
            # For good, so that a job counts once, however often it is resumed after its end.
            self._by_name[name] = reservation
        return reservation

    def _add(self, more: int) -> None:
        before = self._share(self._used)
        self._used += more
        if self._parent is not None:
            self._parent._add(self._share(self._used) - before)


class Reservation:
    """What one order, by the name of its job, counts for in a budget."""

    __slots__ = ("_amount", "_budget", "_final", "_is_released", "_settled")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._amount = 0
        self._settled = self._final = self._is_released = False

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
        """Count what the server holds or charged, not what was expected; return the limit in USD that is passed now."""
        usd = read_amount(held if charged is None else charged)
        with self._budget._lock:
            # What was charged or released is final: what is said to be held comes from an earlier answer.
            if usd is None or (charged is None and self._final):
                return None
            self._count(_to_units(usd))
            self._final, self._is_released = charged is not None, False
            return self._budget._find_passed_limit()

    def release(self) -> None:
        """Count for nothing: it was not sent, or all of it was given back."""
        with self._budget._lock:
            self._count(0)
            self._final = self._is_released = True

    def assign(self, name: str) -> Reservation:
        """Give it the name of its job; return what that counts as, which may be an earlier one."""
        with self._budget._lock:
            known = self._budget._by_name.setdefault(name, self)
            if known is not self:
                budget, amount = self._budget, self._amount
                self.release()
                if known._is_released:
                    known._reopen(budget, amount)
            return known

    def _count(self, amount: int) -> None:
        before, self._amount, self._settled = self._amount, amount, True
        self._budget._add(amount - before)

    def _reopen(self, budget: Budget, amount: int) -> None:
        self._budget = budget
        self._count(amount)
        self._settled = self._final = self._is_released = False


def _to_units(usd: float) -> int:
    return round(usd * _UNITS)
