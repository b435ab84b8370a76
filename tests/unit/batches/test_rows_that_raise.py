"""Rows that raise while they are read end the batch in one line that names the row; what was ordered is kept."""

from __future__ import annotations

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import UserMistake


def generate(rows, problem):
    yield from rows
    raise problem


class BrokenList(list):
    def __iter__(self):
        return generate(list.__iter__(self), KeyError("prompt"))


class BrokenIterator:
    def __init__(self, rows):
        self.rows = iter(rows)

    def __iter__(self):
        return self

    def __next__(self):
        for row in self.rows:
            return row
        raise OSError("gone")


@pytest.mark.parametrize(
    ("make_rows", "reason", "kind"),
    [
        (lambda rows: generate(rows, ValueError("bad line")), "ValueError: bad line", ValueError),
        (BrokenList, "KeyError: 'prompt'", KeyError),
        (BrokenIterator, "OSError: gone", OSError),
    ],
    ids=["generator", "list", "iterator"],
)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_that_raise_name_the_row(bench, asked, make_rows, reason, kind, count):
    rows = [lambda seed=seed: asked("a cat", seed=seed) for seed in range(1, count + 1)]
    batch = Batch(make_rows(rows), bench, concurrency=2)
    with pytest.raises(UserMistake) as problem:
        batch.start().results()
    assert str(problem.value).startswith(f"the rows ended with an error before row {count + 1} ({reason})")
    assert "\n" not in str(problem.value)
    assert isinstance(problem.value.__cause__, kind)
    assert batch.tally().done == count
    assert [len(job.gallery) for job in batch.jobs] == [1] * count
