"""Ports of test servers, which nobody else connects to."""

from __future__ import annotations

import errno
import itertools
import secrets
from collections.abc import Callable
from typing import TypeVar

__all__ = ["on_own_port"]

Server = TypeVar("Server")

# Below the ports that systems give out by themselves: kernels, browsers and jobs go on connecting to such a port when
# whoever had it is gone, and a server that got it next would count them. No port is used twice by one process.
_FIRST, _COUNT = 18000, 12000
_ports = itertools.count(secrets.randbelow(_COUNT))


def on_own_port(serve: Callable[[tuple[str, int]], Server], host: str = "127.0.0.1") -> Server:
    """What ``serve`` makes of the address that it is called with, on the next free port."""
    while True:
        try:
            return serve((host, _FIRST + next(_ports) % _COUNT))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
