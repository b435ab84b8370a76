"""A cell that is refused shows its card and nothing red below it, in JupyterLab and Notebook 7."""

from __future__ import annotations

import pytest

from tests.browser.driver import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REFUSED = (("%%qwave --sead 7\na city", "sead"), ("%%qwave -m gtp-image-2\na city", "gtp-image-2"))


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_refusal_is_seen_once(open_notebook, face):
    notebook = open_notebook("%load_ext qwave_jupyter", *(cell for cell, _ in REFUSED), face=face)
    notebook.run(0)
    notebook.wait(0)
    for place, (_, text) in enumerate(REFUSED, 1):
        notebook.run(place)
        notebook.wait(place)
        notebook.expect_text(place, text)
        expect(notebook.cell(place).locator(".qw-card.qw-bad")).to_have_count(1)
        assert len(notebook.outputs(place)) == 1
        assert "✕ RequestRefused" not in notebook.text(place)
