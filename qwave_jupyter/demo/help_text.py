"""The switches and pending faults of the demo as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.demo.dialects import DIALECTS, get_dialect
from qwave_jupyter.demo.faults import TASK_CODES, Fault
from qwave_jupyter.demo.options import FAULT_SWITCHES, Switches

__all__ = ["describe", "manual"]


_COMMAND = "%qwave demo on"
#: What can be copied into a cell, in the order in which one wants to learn it.
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


def describe(switches: Switches, faults: Iterable[Fault]) -> list[str]:
    """A line for everything that is not as in a plain demo; none when all is plain.

    Args:
        switches: what is turned.
        faults: what is still to strike.
    """
    names = ("latency", "slow", "seed", "dialect", "rate_limit", "expire_links")
    lines = [text for name in names if (text := _describe_switch(name, switches))]
    others = 0
    for fault in faults:
        if fault.how in FAULT_SWITCHES and (fault.how == "fail" or fault.at == "any"):
            lines.append(_describe_fault(fault))
        else:
            others += 1
    if others:
        lines.append(i18n.say("demo.means_faults", count=others))
    return lines


def manual(switches: Switches, faults: Iterable[Fault]) -> list[str]:
    """All switches, each with what it teaches, a cell line to copy, and what is turned at the moment.

    Args:
        switches: what is turned.
        faults: what is still to strike.
    """
    lines = [i18n.say("demo.manual"), ""]
    choices = {"dialects": ", ".join(DIALECTS), "codes": ", ".join(TASK_CODES)}
    for name, value in _EXAMPLES.items():
        example = f"{_COMMAND} --{name.replace('_', '-')} {value}".rstrip()
        lines += [example, f"    {i18n.say(f'demo.about_{name}', **choices)}"]
    now = describe(switches, faults)
    lines += ["", i18n.say("demo.now_turned") if now else i18n.say("demo.now_plain"), *(f"  {line}" for line in now)]
    return lines


def _describe_switch(name: str, switches: Switches) -> str:
    value: Any = getattr(switches, name)
    if value == getattr(Switches(), name) or (name == "rate_limit" and not value):
        return ""
    if name == "latency" and value is None:
        return i18n.say("demo.means_latency_auto")
    if name == "dialect":
        return i18n.say("demo.means_dialect", dialect=value, source=get_dialect(value).source)
    return i18n.say(f"demo.means_{name}", value=f"{value:g}" if isinstance(value, float) else value, count=value)


def _describe_fault(fault: Fault) -> str:
    many = "all" if fault.times is None else "some"
    if fault.how == "fail":
        code = fault.code or "task_failed"
        why = i18n.say(f"demo.code_{code if code in TASK_CODES else 'task_failed'}")
        return i18n.say(f"demo.means_fail_{many}", code=code, why=why, count=fault.times)
    return i18n.say(f"demo.means_{fault.how}_{many}", count=fault.times)
