"""What the panel sends: little when it opens, next to nothing for a star, and one file only where it is asked for."""

from __future__ import annotations

import pytest

from tests.notebook.test_panel import finished, open_panel, receive, wire

__all__ = ["open_panel", "wire"]


def test_panel_opens_lightly(wire, open_panel):
    before = wire.sent
    open_panel("a cat")
    assert 0 < wire.sent - before < 150_000


@pytest.mark.slow
def test_results_send_files_on_demand(wire, open_panel):
    panel = open_panel("a cat", resolution="1k", n=3)
    panel.generate()
    (run,) = finished(panel)
    sizes = [image.path.stat().st_size for image in run.gallery]
    for index, size in enumerate(sizes):
        before = wire.sent
        receive(run.results, {"open": index})
        assert size <= wire.sent - before < size + 2_000
    for message in ({"compare": 1}, {"star": 0}, {"star": 2}, {"star": 0}):
        before = wire.sent
        receive(run.results, message)
        assert 0 < wire.sent - before < 2_000
