"""Many checks in one test: each one is made, and all that fail are reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

__all__ = ["collect_failures"]


@contextmanager
def collect_failures() -> Iterator[Callable[..., AbstractContextManager[None]]]:
    """Report every failed check of a block, so that the first doesn't hide the others.

    Example:
        >>> with collect_failures() as check:
        ...     for value in (1, 2):
        ...         with check("value", value):
        ...             assert value > 0
    """
    failures: list[str] = []

    @contextmanager
    def check(*label: object) -> Iterator[None]:
        try:
            yield
        except (Exception, pytest.fail.Exception) as problem:  # noqa: BLE001 - reported below
            failures.append(f"{' '.join(map(str, label))}: {type(problem).__name__}: {problem}")

    yield check
    if failures:
        pytest.fail(f"{len(failures)} checks failed:\n" + "\n".join(failures), pytrace=False)
