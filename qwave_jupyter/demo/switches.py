"""What a teacher can turn while the demo runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from qwave_jupyter.demo.dialects import named
from qwave_jupyter.demo.faults import Fault
from qwave_jupyter.errors import ConfigurationError

__all__ = ["FAULT_SWITCHES", "Switches", "fault_of"]

#: Switches that are short for a fault.
FAULT_SWITCHES = ("fail", "reset", "junk")


@dataclass(frozen=True)
class Switches:
    """How the demo behaves from now on.

    Args:
        latency: seconds that a plain picture takes; None for each model's own, between 1 and 30 s, which is the
            documented span (Status page, edition 2026-04).
        dialect: one of the documented dialects for all answers; None for the one of the edition's page.
        rate_limit: requests per second that are served; what is beyond gets a 429.
        expire_links: seconds that result links live; None for the page's own time.
        slow: whether everything takes five times as long.
        seed: makes durations the same in every run; None makes each run another.

    Raises:
        ConfigurationError: a number below zero, or no such dialect.
    """

    latency: float | None = 3.0
    dialect: str | None = None
    rate_limit: float | None = None
    expire_links: float | None = None
    slow: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("latency", "rate_limit", "expire_links"):
            value = getattr(self, name)
            if value is not None and not (type(value) in {int, float} and value >= 0):
                raise ConfigurationError("demo.bad_number", switch=name, given=value, least=0)
        if self.dialect is not None:
            named(self.dialect)

    def changed(self, changes: Mapping[str, Any]) -> Switches:
        """These switches with some of them turned.

        Args:
            changes: name to value.

        Raises:
            ConfigurationError: no such switch, or a value that it can't take; nothing is changed then.
        """
        known = [one.name for one in fields(self)]
        for name in changes:
            if name not in known:
                raise ConfigurationError(
                    "demo.not_a_choice", switch="switch", given=name, allowed=[*known, *FAULT_SWITCHES]
                )
        return replace(self, **changes)


def fault_of(switch: str, given: Any) -> Fault | None:
    """The fault that a switch is short for; None when it is turned off.

    Args:
        switch: ``fail``, ``reset`` or ``junk``.
        given: for ``fail`` a task code, or ``code:times`` (without a number every task fails); for the others how many
            requests are struck, 0 for none.

    Raises:
        ConfigurationError: neither of them.

    Example:
        >>> fault_of("fail", "upstream_unavailable:2").times
        2
    """
    if given in {None, "", 0}:
        return None
    if switch == "fail":
        code, _, times = str(given).partition(":")
        if times and not times.isdecimal():
            raise ConfigurationError("demo.bad_number", switch=switch, given=times, least=1)
        return Fault(at="submit", how="fail", code=code, times=int(times) if times else None)
    return Fault(at="any", how=switch, times=given)
