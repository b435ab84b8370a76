"""Several jobs that can't be finished: their cards say why, and the error that ends the cell doesn't say it again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from qwave_jupyter.errors import GenerationError, TaskFailed
from qwave_jupyter.magics.commands import jobs


def make_jobs(count, shown):
    error = [TaskFailed("api.rate_limited", number=number) for number in range(count)]
    for one in error:
        # As the view of each job says.
        one.shown_above = shown
    return [SimpleNamespace(error=one, gallery=None) for one in error]


@pytest.mark.parametrize(
    ("kernel", "interactive", "told"),
    [(object(), True, True), (object(), False, False), (None, True, False)],
    ids=["notebook", "nobody there", "terminal"],
)
def test_several_errors_are_told_once(monkeypatch, kernel, interactive, told):
    said = []
    monkeypatch.setattr(jobs, "_wait_for", lambda *_: None)
    monkeypatch.setattr(jobs.frontend, "current", lambda: SimpleNamespace(is_interactive=lambda: interactive))
    console = SimpleNamespace(kernel=kernel, show_text=said.append)
    with pytest.raises(GenerationError) as failed:
        jobs._finish(console, make_jobs(3, told))
    assert failed.value.shown_above is told
    assert len(failed.value.fields["errors"]) == 3
    assert len(said) == (3 if kernel is None else 0)
