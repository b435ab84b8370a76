"""Where the whole of a problem goes of which a person sees one line."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator
from typing import cast

__all__ = ["contain", "ignore_warnings", "log_problem"]

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


@contextlib.contextmanager
def ignore_warnings(module: str) -> Iterator[None]:
    """Let no warning out that comes from modules whose names begin so.

    ``warnings.catch_warnings`` puts the filters of one thread back over those of another; this adds one filter that
    concerns nobody else, and takes one away.
    """
    # A filter of the warnings module: action, text, category, module, line.
    added = ("ignore", None, Warning, re.compile(re.escape(module)), 0)
    cast("list[object]", warnings.filters).insert(0, added)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            cast("list[object]", warnings.filters).remove(added)
