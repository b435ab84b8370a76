"""What ``concurrency`` takes, and what it refuses in words."""

from __future__ import annotations

from typing import Any

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import UserMistake


@pytest.mark.parametrize("given", ["2", 2.5, None, True, float("nan"), [2], 0, -1])
def test_batch_concurrency_refused(given: Any) -> None:
    context: Any = None
    with pytest.raises(UserMistake) as caught:
        Batch([], context, concurrency=given)
    assert str(caught.value) == f"concurrency must be a whole number, 1 or more; it was {given!r}."
