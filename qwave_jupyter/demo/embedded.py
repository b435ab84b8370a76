"""The demo server of a session, started when it is first needed."""

from __future__ import annotations

import threading
from pathlib import Path

from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.faults import TASK_CODES
from qwave_jupyter.demo.options import AUTO, OFF, OPTION_NAMES, DemoOptions, format_manual
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.types import Values

__all__ = ["EmbeddedDemo"]


class EmbeddedDemo:
    """A demo server with its options, running or not; safe for threads."""

    def __init__(self) -> None:
        self._server: DemoServer | None = None
        self._options: Values = {}
        self._lock = threading.RLock()

    def server(self, edition: str, home: Path) -> DemoServer:
        """Return the server; another edition restarts it at its address and with its tasks.

        Args:
            edition: the documented contract.
            home: a folder for the tasks.
        """
        with self._lock:
            old = self._server
            if old is not None and old.edition != self._options.get("edition", edition):
                old.stop()
                same_address = {"port": old.port, "key": old.key, **self._options}
                try:
                    self._server = _start_server(edition, home, same_address)
                except OSError:
                    # Another process has opened the port meanwhile.
                    self._server = _start_server(edition, home, {**same_address, "port": 0})
            elif old is None:
                self._server = _start_server(edition, home, self._options)
            return self._server  # type: ignore[return-value]

    def change(self, edition: str, home: Path, options: Values) -> None:
        """Change options; those of the server itself (such as ``port``) start another one.

        Args:
            edition: the documented contract.
            home: a folder for the tasks.
            options: as :class:`~qwave_jupyter.demo.server.DemoServer` takes.

        Raises:
            ConfigurationError: an unknown option, or an invalid value; nothing is changed then.
        """
        with self._lock:
            merged = {**self._options, **options}
            if self._server is not None and set(options) <= set(OPTION_NAMES):
                self._server.change(**options)
            elif options:
                started = _start_server(edition, home, merged)
                self.stop()
                self._server = started
            self._options = merged

    def stop(self) -> None:
        """Stop the server, if one runs."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def reset(self) -> None:
        """Reset all options and remove all faults."""
        with self._lock:
            self._options = {name: value for name, value in self._options.items() if name not in OPTION_NAMES}
            if self._server is not None:
                self._server.reset()

    def describe(self) -> list[str]:
        """Return a line for each changed option; none while no server runs."""
        server = self._server
        return server.describe() if server is not None else []

    @staticmethod
    def choices(option: str) -> tuple[str, ...]:
        """Return the words that an option accepts, besides numbers."""
        return {"dialect": (*DIALECTS, OFF), "fail": (*TASK_CODES, OFF), "latency": (AUTO, OFF)}.get(option, (OFF,))

    def manual(self) -> list[str]:
        """Return the lines of a manual of all options and their current values."""
        server = self._server
        return server.manual() if server is not None else format_manual(DemoOptions(), ())


def _start_server(edition: str, home: Path, options: Values) -> DemoServer:
    arguments: Values = {"edition": edition, "keep_in": home, **options}
    return DemoServer(**arguments).start()
