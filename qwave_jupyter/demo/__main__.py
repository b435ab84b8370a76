"""``python -m qwave_jupyter.demo``: the demo on its own, for other clients."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from qwave_jupyter.demo.server import DemoServer


def main() -> int:
    """Serve until interrupted; the lines that it prints can be exported by a shell."""
    parser = argparse.ArgumentParser(prog="python -m qwave_jupyter.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--edition", default="2026-04", help="the documented contract to obey")
    parser.add_argument("--latency", type=float, default=3.0, help="seconds that a plain picture takes")
    parser.add_argument("--key", default=None, help="the only key that is taken; a fresh one by default")
    options = parser.parse_args()
    server = DemoServer(edition=options.edition, port=options.port, key=options.key, latency=options.latency).start()
    sys.stdout.write(f"QWAVE_BASE_URL={server.url}\nQWAVE_API_KEY={server.key}\n")
    sys.stdout.flush()
    over = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: over.set())
    over.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
