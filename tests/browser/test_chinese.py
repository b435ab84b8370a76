"""The whole notebook interface in Chinese: one line of configuration changes every text."""

from __future__ import annotations

import re

import pytest

from qwave_jupyter.demo.painter import Brief, paint
from tests.browser.driver import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HAN = re.compile("[一-鿿]")


def test_language_changes_every_text(open_notebook, workspace):
    (workspace.folder / "photo.png").write_bytes(paint(Brief("a red lighthouse on a cliff at dusk", 800, 500, seed=3)))
    notebook = open_notebook(
        "%load_ext qwave_jupyter",
        'import qwave_jupyter as qwave\n%config QWave.language = "zh"',
        "%%qwave -m z-image-turbo -o city\n黄昏的灯塔",
        "%%qwave -r 1:1 --resolution 4k\n{{weather}} city",
        'panel = qwave.panel(prompt="黄昏的灯塔")\npanel',
        'qwave.paint_mask("photo.png")',
        'qwave.draw_boxes("photo.png")',
    )
    for place in range(7):
        # One after the other: a refusal would skip what is queued behind it.
        notebook.run(place)
        notebook.wait(place)
    notebook.expect_text(2, re.compile(r"1 张图，用时 [\d.]+ 秒"))
    notebook.expect_text(3, "gpt-image-2 做不到", "resolution 4k 要求 aspect_ratio 为")
    for place, control in ((4, ".qwp-panel [data-field]"), (5, ".qwc-brush"), (6, ".qwc-boxes")):
        expect(notebook.cell(place).locator(control).first).to_be_visible()
        # Ids of models and values of parameters stay as the API spells them.
        labels = [
            one.inner_text().strip() for one in notebook.cell(place).get_by_role("button").all() if one.is_visible()
        ]
        assert labels
        assert not [text for text in labels if re.search("[A-Z][a-z]{3}", text) and not HAN.search(text)]
        notebook.screenshot(f"chinese-{place}", place)
