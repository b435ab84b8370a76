"""Where a magic speaks: displays with a text twin, in a kernel or in a terminal."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card
from qwave_jupyter.views.style import STYLE

__all__ = ["Console"]


class Console:
    """One shell's way of showing things.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    @property
    def kernel(self) -> Any:
        """The kernel, or None in a terminal."""
        return getattr(self.shell, "kernel", None)

    @property
    def headless(self) -> bool:
        """Whether nobody sits there: nbclient and papermill tell the kernel that it may not ask."""
        return self.kernel is not None and not getattr(self.kernel, "_allow_stdin", True)

    @property
    def variables(self) -> dict[str, Any]:
        """The notebook's variables."""
        found: dict[str, Any] = self.shell.user_ns
        return found

    def say(self, text: str) -> None:
        """One line of words."""
        self.publish({"text/plain": text, "text/html": f'{STYLE}<div class="qw qw-s">{html.escape(text)}</div>'})

    def say_lines(self, lines: Iterable[str]) -> None:
        """Lines that stand below each other, their columns kept."""
        text = "\n".join(lines)
        markup = f'{STYLE}<div class="qw"><pre class="qw-mono">{html.escape(text)}</pre></div>'
        self.publish({"text/plain": text, "text/html": markup})

    def say_demo(self) -> None:
        """Once in a process: that these pictures cost nothing and how that changes."""
        if default().take_demo_notice():
            self.say(i18n.say("notebook.demo_on"))

    def show(self, thing: Any) -> None:
        """A table or a card."""
        self.publish({"text/plain": repr(thing), "text/html": thing._repr_html_()})

    def refuse(self, error: QwaveError, model: str) -> None:
        """Show what is wrong with a cell; the exception that follows then stays short."""
        if self.kernel is None or default().settings.display == "text":
            return
        self.publish(job_card.to_mimebundle(job_card.render_refusal(error, model), str(error)))
        error.shown_above = True

    def publish(self, content: dict[str, Any]) -> None:
        """A display of our own."""
        from IPython.display import display

        display(content, raw=True)
