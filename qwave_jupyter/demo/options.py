"""The options that can be changed while the demo runs: their values, parsing, description and manual."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real

from qwave_jupyter import i18n
from qwave_jupyter.demo.dialects import DIALECTS, get_dialect
from qwave_jupyter.demo.faults import TASK_CODES, Fault
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.types import Values

__all__ = [
    "AUTO",
    "FAULT_OPTIONS",
    "OFF",
    "OPTION_NAMES",
    "DemoOptions",
    "describe_options",
    "format_manual",
    "parse_fault_option",
    "parse_option",
]

#: Options that add a fault.
FAULT_OPTIONS = ("fail", "reset", "junk")
#: The words for each model's own latency, and for the default of an option.
AUTO, OFF = "auto", "off"
#: Values for the lines of the manual, in its order.
_EXAMPLES: Mapping[str, str] = {
    "latency": "8",
    "slow": "",
    "seed": "7",
    "fail": "upstream_unavailable:2",
    "rate_limit": "3",
    "reset": "2",
    "junk": "1",
    "expire_links": "60",
    "dialect": "percent",
}


@dataclass(frozen=True)
class DemoOptions:
    """How the demo behaves.

    Args:
        latency: seconds that a plain image takes; None for each model's own, between 1 and 30 s, which is the
            documented range (Status page, edition 2026-04).
        dialect: one of the documented dialects for all responses; None for that of the edition's page.
        rate_limit: requests per second that are served; others get a 429. None and 0 set no limit.
        expire_links: seconds until result links expire; None for the documented time.
        slow: whether everything takes five times as long.
        seed: makes durations reproducible; None makes them random.

    Raises:
        ConfigurationError: a number below zero, or an unknown dialect.
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

    def with_changes(self, changes: Values) -> DemoOptions:
        """Return these options with some changes, which may be text as typed.

        Raises:
            ConfigurationError: an unknown option, or an invalid value.
        """
        for name in changes:
            if name not in _DEFAULTS:
                raise ConfigurationError("demo.not_a_choice", switch="switch", given=name, allowed=OPTION_NAMES)
        parsed: Values = {name: parse_option(name, value) for name, value in changes.items()}
        return replace(self, **parsed)


_DEFAULTS: Values = {one.name: one.default for one in fields(DemoOptions)}
OPTION_NAMES = (*_DEFAULTS, *FAULT_OPTIONS)


def _to_plain_number(given: Real) -> float:
    """NumPy's numbers as Python's."""
    return int(given) if isinstance(given, Integral) else float(given)


def parse_option(name: str, given: object) -> object:
    """Parse the value of an option as typed; what is neither text nor a number is returned unchanged.

    Raises:
        ConfigurationError: text that is not a number where one is needed.

    Example:
        >>> parse_option("latency", "8"), parse_option("latency", "auto"), parse_option("rate_limit", "off")
        (8.0, None, None)
    """
    if not isinstance(given, str):
        return _to_plain_number(given) if isinstance(given, Real) and not isinstance(given, bool) else given
    text = given.strip().lower()
    if text == OFF:
        return _DEFAULTS.get(name)
    if name == "slow":
        return {"on": True, "true": True, "false": False}.get(text, given)
    if name == "latency" and text == AUTO:
        return None
    if name in {"dialect", "fail"}:
        return text
    try:
        return float(text) if name in {"latency", "rate_limit", "expire_links"} else int(text)
    except ValueError:
        raise ConfigurationError("demo.bad_number", switch=name, given=given[:40], least=0) from None


def parse_fault_option(name: str, given: object) -> Fault | None:
    """Return the fault that one of :data:`FAULT_OPTIONS` adds; None if it is off.

    Raises:
        ConfigurationError: neither a failure code, for ``fail``, nor a number of times, for the others.

    Example:
        >>> parse_fault_option("fail", "upstream_unavailable:2").times
        2
    """
    given = parse_option(name, given)
    if given is None or (isinstance(given, (str, int)) and given in {"", 0}):
        return None
    if not isinstance(given, (str, int)):
        raise ConfigurationError("demo.not_a_choice", switch=name, given=i18n.PrintableValue(given), allowed=TASK_CODES)
    if name == "fail":
        code, _, times = i18n.printable(given).partition(":")
        if code not in TASK_CODES:
            raise ConfigurationError("demo.not_a_choice", switch=name, given=code[:80], allowed=TASK_CODES)
        if times and not (times.isdecimal() and times.isascii() and int(times)):
            raise ConfigurationError("demo.bad_number", switch=name, given=times[:40], least=1)
        return Fault(at="submit", how="fail", code=code, times=int(times) if times else None)
    if type(given) is not int or given < 1:
        raise ConfigurationError("demo.bad_number", switch=name, given=given, least=1)
    return Fault(at="any", how=name, times=given)


def describe_options(options: DemoOptions, faults: Iterable[Fault]) -> list[str]:
    """Return a line for each changed option and for pending faults."""
    names = ("latency", "slow", "seed", "dialect", "rate_limit", "expire_links")
    lines = [text for name in names if (text := _describe_option(name, options))]
    others = 0
    for fault in faults:
        if fault.how in FAULT_OPTIONS and (fault.how == "fail" or fault.at == "any"):
            lines.append(_describe_fault(fault))
        else:
            others += 1
    if others:
        lines.append(i18n.text("demo.means_faults", count=others))
    return lines


def format_manual(options: DemoOptions, faults: Iterable[Fault]) -> list[str]:
    """Return the lines of the manual: each option with a line to copy, then the changed options."""
    lines = [i18n.text("demo.manual"), ""]
    choices = {"dialects": ", ".join(DIALECTS), "codes": ", ".join(TASK_CODES)}
    for name, value in _EXAMPLES.items():
        example = f"%qwave demo on --{name.replace('_', '-')} {value}".rstrip()
        lines += [example, f"    {i18n.text(f'demo.about_{name}', **choices)}"]
    changed = describe_options(options, faults)
    lines += [
        "",
        i18n.text("demo.now_turned") if changed else i18n.text("demo.now_plain"),
        *(f"  {line}" for line in changed),
    ]
    return lines


def _describe_option(name: str, options: DemoOptions) -> str:
    value = getattr(options, name)
    if value == getattr(DemoOptions(), name) or (name == "rate_limit" and not value):
        return ""
    if name == "latency" and value is None:
        return i18n.text("demo.means_latency_auto")
    if name == "dialect":
        return i18n.text("demo.means_dialect", dialect=value, source=get_dialect(value).source)
    return i18n.text(f"demo.means_{name}", value=f"{value:g}" if isinstance(value, float) else value, count=value)


def _describe_fault(fault: Fault) -> str:
    scope = "all" if fault.times is None else "some"
    if fault.how == "fail":
        code = fault.code or "task_failed"
        why = i18n.text(f"demo.code_{code if code in TASK_CODES else 'task_failed'}")
        return i18n.text(f"demo.means_fail_{scope}", code=code, why=why, count=fault.times)
    return i18n.text(f"demo.means_{fault.how}_{scope}", count=fault.times)
