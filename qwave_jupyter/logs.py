"""Where the whole of a problem goes of which a person sees one line."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

__all__ = ["contain", "log_problem"]

# Of its own: without a handler Python would print tracebacks to stderr, and a script still reads the package's notices.
_LOGGER = logging.getLogger("qwave_jupyter.problems")
_LOGGER.addHandler(logging.NullHandler())


def log_problem(what: str, problem: BaseException) -> None:
    """Log an exception that was caught, with its traceback; handlers of the logger ``qwave_jupyter`` receive it."""
    _LOGGER.warning(
        "%s: %s: %s", what, type(problem).__name__, problem, exc_info=(type(problem), problem, problem.__traceback__)
    )


@contextlib.contextmanager
def contain(what: str) -> Iterator[None]:
    """Log whatever is raised and go on: for what only shows an image that is safe elsewhere."""
    try:
        yield
    except Exception as problem:  # noqa: BLE001 - a decoder may fail at anything, memory included
        log_problem(what, problem)
