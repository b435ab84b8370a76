"""``python -m qwave_jupyter.demo``: the demo on its own, for other clients."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from qwave_jupyter import i18n
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import ConfigurationError, OptionMistake
from qwave_jupyter.folders import absolute_folder
from qwave_jupyter.frontend import wait_for


class _Once:
    """What makes an option of a parser refuse to be given twice; argparse itself takes the last."""

    earlier: str | None = None

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the value, or refuse it."""
        if self.earlier is not None:
            text = i18n.text("options.given_twice", option=self.earlier, other=option_string)
            parser.error(text)
        self.earlier = option_string
        super().__call__(parser, namespace, values, option_string)  # type: ignore[misc]


class _StoreOnce(_Once, argparse._StoreAction):  # noqa: SLF001 - argparse has no public name for it
    """``--port 1``."""


class _SwitchOnce(_Once, argparse._StoreTrueAction):  # noqa: SLF001 - as above
    """``--slow``."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m qwave_jupyter.demo", description=__doc__)
    parser.register("action", None, _StoreOnce)
    parser.register("action", "store_true", _SwitchOnce)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes any free port")
    add("--edition", default="2026-04", help="the documented contract to obey")
    add("--key", default=None, help="the only key that is taken; a fresh one by default")
    add("--keep-in", default=None, metavar="DIR", help="a folder in which tasks are kept for the day")
    add("--balance-usd", type=float, default=100.0, metavar="USD", help="what the account has at the start")
    group = parser.add_argument_group("switches", "all can be turned while it serves: POST /demo/switches")
    add = group.add_argument
    add("--latency", default=3.0, metavar="SECONDS", help="seconds that a plain image takes; auto: each model's own")
    add("--dialect", choices=tuple(DIALECTS), default=None, help="the dialect of all answers")
    add("--rate-limit", type=float, default=None, metavar="N", help="requests per second that are served")
    add("--expire-links", type=float, default=None, metavar="SECONDS", help="how long result links live")
    add("--slow", action="store_true", help="everything takes five times as long")
    add("--seed", type=int, default=None, help="the same durations in every run")
    add("--fail", default=None, metavar="CODE[:TIMES]", help="tasks end as failed: all, or the next so many")
    add("--reset", type=int, default=0, metavar="N", help="the next N connections break")
    add("--junk", type=int, default=0, metavar="N", help="the next N answers are half a JSON object")
    return parser


def main() -> int:
    """Serve until interrupted; a shell can export the printed lines."""
    parser = _parser()
    options = vars(parser.parse_args())
    try:
        if options["keep_in"] is not None:
            options["keep_in"] = absolute_folder(options["keep_in"], "--keep-in")
        server = DemoServer(**options).start()
    except (ConfigurationError, OptionMistake, OSError) as error:
        parser.error(str(error))
    sys.stdout.write(f"QWAVE_BASE_URL={server.url}\nQWAVE_API_KEY={server.key}\n")
    sys.stdout.flush()
    # A shell that exports the lines above does not read stderr.
    sys.stderr.writelines(f"{line}\n" for line in server.describe())
    over = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: over.set())
    wait_for(over)
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
