"""What magics show besides tables and cards, as HTML with a text twin, and the console that they write to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qwave_jupyter import frontend, i18n
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.session import default
from qwave_jupyter.types import Namespace
from qwave_jupyter.views import job_card
from qwave_jupyter.views.templating import render_output

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ipykernel.ipkernel import IPythonKernel
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Console", "Finding", "bundle_findings", "bundle_lines", "bundle_manual", "bundle_text"]

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
    return {"text/plain": text, "text/html": render_output("notice.html", sentence=text)}


def bundle_lines(lines: Iterable[str]) -> dict[str, str]:
    """Return lines as a MIME bundle; their columns stay aligned."""
    text = "\n".join(lines)
    return {"text/plain": text, "text/html": render_output("lines.html", lines=text)}


def bundle_manual(lines: Sequence[str]) -> dict[str, str]:
    """Return lines of prose as a MIME bundle; what can be copied into a cell stands out."""
    markup = render_output("manual.html", lines=lines)
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
    markup = render_output("findings.html", findings=findings, check=check, end=end)
    return {"text/plain": "\n".join([*lines, "", end]), "text/html": markup}


def _shows_text() -> bool:
    try:
        return default().settings.display == "text"
    except QwaveError:
        # Settings that can't be read are what is to be shown.
        return False


class _HTMLView(Protocol):
    def _repr_html_(self) -> str: ...


class Console:
    """Shows things in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    @property
    def kernel(self) -> IPythonKernel | None:
        """The kernel, or None in a terminal."""
        return getattr(self.shell, "kernel", None)

    @property
    def is_headless(self) -> bool:
        """Whether no person is there: nbclient and papermill tell the kernel that it may not ask."""
        return not frontend.has_person(self.kernel)

    @property
    def can_ask(self) -> bool:
        """Whether somebody can be asked to type something."""
        return frontend.may_ask(self.kernel)

    @property
    def updates_later(self) -> bool:
        """Whether what a cell has shown can change after it has ended; Voilà's page takes widgets only."""
        return not self.is_headless and not frontend.is_voila(self.kernel)

    @property
    def variables(self) -> Namespace:
        """The notebook's variables."""
        found: Namespace = self.shell.user_ns
        return found

    def assign(self, name: str, value: object) -> None:
        """Set one of the notebook's variables; without a name nothing is set."""
        if name:
            variables: MutableMapping[str, object] = self.shell.user_ns
            variables[name] = value

    def show_text(self, text: str) -> None:
        """Show one sentence."""
        self.publish(bundle_text(text))

    def show_lines(self, lines: Iterable[str]) -> None:
        """Show lines below each other, their columns kept."""
        self.publish(bundle_lines(lines))

    def show_demo_notice(self) -> None:
        """Show once in a process that the demo's images cost nothing, and how that changes."""
        if default().take_demo_notice():
            self.show_text(i18n.text("notebook.demo_on"))

    def show(self, view: _HTMLView) -> None:
        """Show a table or a card."""
        self.publish({"text/plain": repr(view), "text/html": view._repr_html_()})

    def show_refusal(self, error: QwaveError, model: str) -> None:
        """Show what is wrong with a cell; the exception that follows then stays short."""
        if self.kernel is None or _shows_text():
            return
        with frontend.contain_view_errors():
            self.publish(job_card.to_mimebundle(job_card.render_refusal(error, model), str(error)))
            # A log holds the traceback and not the card.
            error.shown_above = not self.is_headless

    def publish(self, bundle: dict[str, str]) -> None:
        """Display a MIME bundle."""
        from IPython.display import display

        display(bundle, raw=True)
