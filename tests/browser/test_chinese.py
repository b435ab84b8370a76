"""The whole notebook face in Chinese, in a real JupyterLab: chosen once, spoken everywhere."""

from __future__ import annotations

import re

import pytest

from qwave_jupyter.demo.painter import Brief, paint
from tests.browser.driver import NotebookPage

pytestmark = pytest.mark.browser

HAN = re.compile("[一-鿿]")


def test_one_config_line_and_everything_speaks_chinese(lab, context, quick_server):
    server = lab(quick_server)
    (server.folder / "photo.png").write_bytes(paint(Brief("a red lighthouse on a cliff at dusk", 800, 500, seed=3)))
    cells = [
        "%load_ext qwave_jupyter",
        'import qwave_jupyter as qwave\n%config QWave.language = "zh"',
        "%%qwave -m z-image-turbo -o city\n黄昏的灯塔",
        "%%qwave -r 1:1 --resolution 4k\n{{weather}} city",
        'panel = qwave.panel(prompt="黄昏的灯塔")\npanel',
        'qwave.paint_mask("photo.png")',
        'qwave.draw_boxes("photo.png")',
    ]
    notebook = NotebookPage(context, server, server.notebook("chinese.ipynb", *cells))
    for place in range(len(cells)):
        notebook.run(place)
        notebook.wait(place)
    assert re.search(r"1 张图，用时 [\d.]+ 秒", notebook.text(2))
    assert "gpt-image-2 做不到" in notebook.text(3)
    assert "resolution 4k 要求 aspect_ratio 为" in notebook.text(3)
    for place in (4, 5, 6):
        notebook.cell(place).get_by_role("button").first.wait_for()
        # Ids of models and values of parameters stay as the API spells them.
        said = [
            one.inner_text().strip() for one in notebook.cell(place).get_by_role("button").all() if one.is_visible()
        ]
        assert not [text for text in said if re.search("[A-Z][a-z]{3}", text) and not HAN.search(text)]
        notebook.shot(f"chinese-{place}", place)
    notebook.close()
