"""What commands show besides tables and cards: a sentence, lines in columns, a manual, findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qwave_jupyter import i18n
from qwave_jupyter.views.templating import inline_style, render_template

__all__ = ["Finding", "bundle_findings", "bundle_lines", "bundle_manual", "bundle_text"]

_NAME_WIDTH = 13


@dataclass(frozen=True)
class Finding:
    """One thing that ``%qwave doctor`` looked at, and what it means or what to do."""

    name: str
    value: str
    means: Sequence[str] = ()
    wrong: bool = False


def bundle_text(text: str) -> dict[str, str]:
    """Return one sentence as a MIME bundle."""
    return {"text/plain": text, "text/html": inline_style(render_template("notice.html", sentence=text))}


def bundle_lines(lines: Iterable[str]) -> dict[str, str]:
    """Return lines as a MIME bundle; their columns stay aligned."""
    text = "\n".join(lines)
    return {"text/plain": text, "text/html": inline_style(render_template("lines.html", lines=text))}


def bundle_manual(lines: Sequence[str]) -> dict[str, str]:
    """Return lines of prose as a MIME bundle; what can be copied into a cell stands out."""
    markup = inline_style(render_template("manual.html", lines=lines))
    return {"text/plain": "\n".join(lines), "text/html": markup}


def bundle_findings(findings: Sequence[Finding]) -> dict[str, str]:
    """Return findings as a MIME bundle: a table, and how many of them are wrong."""
    wrong = sum(one.wrong for one in findings)
    check = i18n.text("doctor.check")
    end = i18n.text("doctor.look_at", count=wrong, check=check) if wrong else i18n.text("doctor.all_well")
    lines = []
    for one in findings:
        mark = f"{check} " if one.wrong else ""
        lines.append(f"{i18n.pad(one.name, _NAME_WIDTH)}{mark}{one.value}")
        lines += [f"{'':{_NAME_WIDTH}}  {text}" for text in one.means]
    markup = render_template("findings.html", findings=findings, check=check, end=end)
    return {"text/plain": "\n".join([*lines, "", end]), "text/html": markup}
