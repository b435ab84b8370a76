"""What was spent, as the journal knows it: expected, held, charged and given back are never mixed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qwave_jupyter import i18n
from qwave_jupyter.client.tasks import QUOTA_PER_USD
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.journal.record import Costs
from qwave_jupyter.views.templating import render_template

__all__ = ["CostTable", "Section", "table"]

_COLUMNS = ("jobs", "expected", "held", "charged", "refunded")


@dataclass(frozen=True)
class Section:
    """One part of the table.

    Args:
        title: what is counted.
        rows: its groups, such as models.
    """

    title: str
    rows: tuple[Costs, ...]


@dataclass(frozen=True)
class CostTable:
    """What jobs cost, in sections.

    Args:
        sections: today, this notebook, by model.
        demo: what the demo generated at no cost, or None.

    Example:
        >>> qwave.cost().to_records()[0]["charged_usd"]
    """

    sections: tuple[Section, ...]
    demo: Section | None = None

    def to_records(self) -> list[dict[str, object]]:
        """One dict for each row: section, group, number of jobs, and USD of each kind."""
        every = (*self.sections, self.demo) if self.demo else self.sections
        return [
            {
                "section": section.title,
                "group": row.group,
                "jobs": row.jobs,
                "expected_usd": row.estimated_usd,
                "held_usd": row.held_quota / QUOTA_PER_USD,
                "charged_usd": row.settled_quota / QUOTA_PER_USD,
                "refunded_usd": row.refunded_quota / QUOTA_PER_USD,
            }
            for section in every
            for row in section.rows
        ]

    def __repr__(self) -> str:
        names = ["", *(i18n.say(f"costs.{name}") for name in _COLUMNS)]
        lines = [[section.title, *cells] for section, cells in self._lines()]
        widths = [max(i18n.columns(line[index]) for line in [names, *lines]) for index in range(len(names))]
        drawn = (
            "  ".join(i18n.padded(cell, wide) for cell, wide in zip(line, widths, strict=True))
            for line in [names, *lines]
        )
        return "\n".join([*(line.rstrip() for line in drawn), i18n.say("costs.note")])

    def _repr_html_(self) -> str:
        rows = [(section.title, cells) for section, cells in self._lines()]
        return render_template("cost_table.html", columns=_COLUMNS, rows=rows)

    def _lines(self) -> Iterator[tuple[Section, tuple[str, ...]]]:
        for section in (*self.sections, *([self.demo] if self.demo else [])):
            if len(section.rows) != 1 or section.rows[0].group:
                yield Section(section.title, ()), _cells(section.rows, together=True)
            for row in section.rows:
                indented = f"   {row.group}" if row.group else section.title
                yield Section(indented, ()), _cells([row], together=False)


def table(workbench: JobContext) -> CostTable:
    """Return the costs of today, of this notebook and by model; the demo's free images are a section apart.

    Args:
        workbench: whose journal.
    """
    journal, now = workbench.journal, time.localtime(workbench.clock.now())
    midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
    sections = [Section(i18n.say("costs.today"), _whole(journal.costs(since=midnight, demo=False)))]
    if workbench.notebook is not None:
        here = journal.costs(notebook=workbench.notebook, demo=False)
        sections.append(Section(i18n.say("costs.notebook"), _whole(here)))
    sections.append(Section(i18n.say("costs.by_model"), journal.costs("model", demo=False)))
    demo = _whole(journal.costs(demo=True))
    return CostTable(tuple(sections), Section(i18n.say("costs.demo"), demo) if demo[0].jobs else None)


def _whole(rows: Sequence[Costs]) -> tuple[Costs, ...]:
    return (
        Costs(
            "",
            sum(row.jobs for row in rows),
            sum(row.estimated_usd for row in rows),
            sum(row.held_quota for row in rows),
            sum(row.settled_quota for row in rows),
            sum(row.refunded_quota for row in rows),
        ),
    )


def _cells(rows: Sequence[Costs], *, together: bool) -> tuple[str, ...]:
    row = _whole(rows)[0] if together else rows[0]
    return (
        str(row.jobs),
        _dollars(row.estimated_usd),
        _dollars(row.held_quota / QUOTA_PER_USD),
        _dollars(row.settled_quota / QUOTA_PER_USD),
        _dollars(row.refunded_quota / QUOTA_PER_USD),
    )


def _dollars(usd: float) -> str:
    return i18n.dollars(usd) if usd else "–"
