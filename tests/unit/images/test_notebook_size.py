from __future__ import annotations

import json

import pytest

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images.preview import measure_notebook


def cell(source, **data):
    return {"cell_type": "code", "source": [source], "outputs": [{"output_type": "display_data", "data": data}]}


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        path = tmp_path / "lesson.ipynb"
        path.write_text(json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
        return path

    return write


def test_notebook_size_ranks_cells(notebook):
    path = notebook(
        {"cell_type": "markdown", "source": "# A title"},
        cell("%%qwave\na cat", **{"image/jpeg": "x" * 100_000, "text/plain": "a cat"}),
        cell("display(image)", **{"image/png": "x" * 8_000_000}),
        cell("print(1)", **{"text/plain": "1"}),
    )
    weight = measure_notebook(path)
    assert [(one.cell, one.size) for one in weight.cells] == [(3, 8_000_000), (2, 100_000)]
    lines = repr(weight).splitlines()
    assert "heavy" in lines[1]
    assert "heavy" not in lines[2]
    assert "--embed" in lines[-1]


def test_notebook_size_counts_images_in_html(notebook):
    path = notebook(cell("x", **{"text/html": ['<img src="data:image/png;base64,' + "x" * 5_000 + '">']}))
    assert measure_notebook(path).images > 5_000


def test_notebook_size_of_a_light_one(notebook):
    assert "--embed" not in repr(measure_notebook(notebook(cell("%%qwave", **{"image/jpeg": "x" * 90_000}))))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 3}', "\x00"])
def test_notebook_size_of_no_notebook(tmp_path, content):
    path = tmp_path / "no.ipynb"
    path.write_text(content)
    with pytest.raises(OptionMistake, match=r"no\.ipynb"):
        measure_notebook(path)


def test_notebook_size_skips_odd_cells(notebook):
    assert measure_notebook(notebook("a", None, {"outputs": None}, {"outputs": [{}]})).cells == ()
