"""``%qwave`` without a kernel: a console that keeps what is shown."""

from __future__ import annotations

from types import SimpleNamespace

from qwave_jupyter.magics.line_magic import LineMagic
from qwave_jupyter.magics.output import Console


class RecordingConsole(Console):
    """A console that keeps what is shown.

    Args:
        shell: fields of the shell, such as ``kernel``.
    """

    def __init__(self, **shell):
        super().__init__(SimpleNamespace(**{"user_ns": {}, "autoawait": True, **shell}))
        self.shown = []

    def publish(self, content):
        self.shown.append(content)

    def typed(self, line):
        """What a line shows, as text."""
        before = len(self.shown)
        LineMagic(self)(line)
        shown = self.shown[before:]
        assert all(one["text/html"].startswith(("<style>", '<div class="qw')) for one in shown)
        return "\n".join(one["text/plain"] for one in shown)
