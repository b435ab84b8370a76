"""The one demo server of this process, started on first need."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.faults import TASK_CODES
from qwave_jupyter.demo.help_text import manual
from qwave_jupyter.demo.options import AUTO, OFF, SWITCHES, Switches
from qwave_jupyter.demo.server import DemoServer

__all__ = ["EmbeddedDemo"]


class EmbeddedDemo:
    """Safe for threads."""

    def __init__(self) -> None:
        self._server: DemoServer | None = None
        self._options: dict[str, Any] = {}
        self._lock = threading.RLock()

    def server(self, edition: str, home: Path) -> DemoServer:
        """The server, which follows the edition: at its old address and with its tasks, for jobs that are under way.

        Args:
            edition: the contract.
            home: a folder in which tasks are kept.
        """
        with self._lock:
            old = self._server
            if old is not None and old.edition != self._options.get("edition", edition):
                old.stop()
                same_address = {"port": old.port, "key": old.key, **self._options}
                try:
                    self._server = _start_server(edition, home, same_address)
                except OSError:
                    # The port was taken meanwhile.
                    self._server = _start_server(edition, home, {**same_address, "port": 0})
            elif old is None:
                self._server = _start_server(edition, home, self._options)
            return self._server  # type: ignore[return-value]

    def change(self, edition: str, home: Path, options: Mapping[str, Any]) -> None:
        """Turn switches; other options than those start another server.

        Args:
            edition: the contract.
            home: a folder in which tasks are kept.
            options: what :class:`~qwave_jupyter.demo.server.DemoServer` takes.

        Raises:
            ConfigurationError: an option that it doesn't take; nothing is changed then.
        """
        with self._lock:
            wanted = {**self._options, **options}
            if self._server is not None and set(options) <= set(SWITCHES):
                self._server.change(**options)
            elif options:
                started = _start_server(edition, home, wanted)
                self.stop()
                self._server = started
            self._options = wanted

    def stop(self) -> None:
        """Stop the server, if one runs."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def reset(self) -> None:
        """Turn all switches back and forget all faults."""
        with self._lock:
            self._options = {name: value for name, value in self._options.items() if name not in SWITCHES}
            if self._server is not None:
                self._server.reset()

    def describe(self) -> list[str]:
        """What is turned, line by line; none while no server runs."""
        server = self._server
        return server.describe() if server is not None else []

    @staticmethod
    def choices(switch: str) -> tuple[str, ...]:
        """The words that a switch takes; none for one that takes a number."""
        return {"dialect": (*DIALECTS, OFF), "fail": (*TASK_CODES, OFF), "latency": (AUTO, OFF)}.get(switch, (OFF,))

    def manual(self) -> list[str]:
        """All switches, explained line by line, and how they stand."""
        server = self._server
        return server.manual() if server is not None else manual(Switches(), ())


def _start_server(edition: str, home: Path, options: Mapping[str, Any]) -> DemoServer:
    given: dict[str, Any] = {"edition": edition, "keep_in": home, **options}
    return DemoServer(**given).start()
