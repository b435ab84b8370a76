"""The switches that change how the demo behaves while it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from qwave_jupyter.demo.dialects import get_dialect
from qwave_jupyter.demo.faults import TASK_CODES, Fault
from qwave_jupyter.errors import ConfigurationError

__all__ = ["AUTO", "FAULT_SWITCHES", "OFF", "SWITCHES", "Switches", "parse_fault", "parse_value"]

#: Switches that are short for a fault.
FAULT_SWITCHES = ("fail", "reset", "junk")
#: What somebody types for each model's own latency, and for a switch as it was at the start.
AUTO, OFF = "auto", "off"


@dataclass(frozen=True)
class Switches:
    """How the demo behaves from now on.

    Args:
        latency: seconds that a plain image takes; None for each model's own, between 1 and 30 s, which is the
            documented span (Status page, edition 2026-04).
        dialect: one of the documented dialects for all answers; None for the one of the edition's page.
        rate_limit: requests per second that are served; what is beyond gets a 429. None and 0 serve any number.
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
            if value is not None and not (type(value) in {int, float} and 0 <= value < math.inf):
                raise ConfigurationError("demo.bad_number", switch=name, given=value, least=0)
        if self.seed is not None and type(self.seed) is not int:
            raise ConfigurationError("demo.bad_number", switch="seed", given=self.seed, least=0)
        if type(self.slow) is not bool:
            raise ConfigurationError("demo.not_a_choice", switch="slow", given=self.slow, allowed=("True", "False"))
        if self.dialect is not None:
            get_dialect(self.dialect)

    def with_changes(self, changes: Mapping[str, Any]) -> Switches:
        """These switches with some of them turned.

        Args:
            changes: name to value, or to what a person types.

        Raises:
            ConfigurationError: no such switch, or a value that it can't take; nothing is changed then.
        """
        for name in changes:
            if name not in _DEFAULTS:
                raise ConfigurationError("demo.not_a_choice", switch="switch", given=name, allowed=SWITCHES)
        return replace(self, **{name: parse_value(name, value) for name, value in changes.items()})


_DEFAULTS: Mapping[str, Any] = {one.name: one.default for one in fields(Switches)}
#: Every switch by name.
SWITCHES = (*_DEFAULTS, *FAULT_SWITCHES)


def parse_value(switch: str, given: Any) -> Any:
    """The value of a switch that somebody typed; what isn't text stays as it is.

    Args:
        switch: one of :data:`SWITCHES`.
        given: a number, a name, ``auto`` (each model's own latency), or ``off`` (as at the start).

    Raises:
        ConfigurationError: no number where one is needed.

    Example:
        >>> parse_value("latency", "8"), parse_value("latency", "auto"), parse_value("rate_limit", "off")
        (8.0, None, None)
    """
    if not isinstance(given, str):
        return given
    text = given.strip().lower()
    if text == OFF:
        return _DEFAULTS.get(switch)
    if switch == "slow":
        return {"on": True, "true": True, "false": False}.get(text, given)
    if switch == "latency" and text == AUTO:
        return None
    if switch in {"dialect", "fail"}:
        return text
    try:
        return float(text) if switch in {"latency", "rate_limit", "expire_links"} else int(text)
    except ValueError:
        raise ConfigurationError("demo.bad_number", switch=switch, given=given[:40], least=0) from None


def parse_fault(switch: str, given: Any) -> Fault | None:
    """The fault that a switch is short for; None when it is turned off.

    Args:
        switch: ``fail``, ``reset`` or ``junk``.
        given: for ``fail`` a task code, or ``code:times`` (without a number every task fails); for the others how many
            requests are struck, 0 for none.

    Raises:
        ConfigurationError: neither of them.

    Example:
        >>> parse_fault("fail", "upstream_unavailable:2").times
        2
    """
    given = parse_value(switch, given)
    if given in {None, "", 0}:
        return None
    if switch == "fail":
        code, _, times = str(given).partition(":")
        if code not in TASK_CODES:
            raise ConfigurationError("demo.not_a_choice", switch=switch, given=code[:80], allowed=TASK_CODES)
        if times and not (times.isdecimal() and times.isascii() and int(times)):
            raise ConfigurationError("demo.bad_number", switch=switch, given=times[:40], least=1)
        return Fault(at="submit", how="fail", code=code, times=int(times) if times else None)
    if type(given) is not int or given < 1:
        raise ConfigurationError("demo.bad_number", switch=switch, given=given, least=1)
    return Fault(at="any", how=switch, times=given)
