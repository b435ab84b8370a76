"""Rows as Python's ``csv`` reads them: empty cells, a mark of Excel's, too many cells."""

from __future__ import annotations

import csv
import io

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import QwaveError
from tests.waiting import PATIENCE


def bodies(text, **options):
    batch = qwave.batch(csv.DictReader(io.StringIO(text)), model="gpt-image-2", **options)
    batch.wait(PATIENCE)
    outcomes = batch.results()
    return [one.error or {name: one.request.body.get(name) for name in ("prompt", "seed", "style")} for one in outcomes]


def test_empty_cells_are_left_out(ours, server):
    text = "prompt,seed,aspect_ratio,style,images\na cat,,,,\na dog,3,16:9,ink,\n"
    assert bodies(text) == [
        {"prompt": "a cat", "seed": None, "style": None},
        {"prompt": "a dog", "seed": 3, "style": "ink"},
    ]
    # What is common goes on for a row whose cell is empty.
    assert bodies("prompt,seed\na cat,\n", seed=7) == [{"prompt": "a cat", "seed": 7, "style": None}]
    assert len(server.tasks) == 3


@pytest.mark.parametrize(("text", "says"), [("prompt,model\na,\n", "model is"), ("prompt,seed\n,3\n", "prompt is")])
def test_empty_prompt_or_model_is_refused(ours, server, text, says):
    (error,) = bodies(text)
    assert isinstance(error, QwaveError)
    assert says in str(error)
    assert server.tasks == {}


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff", ""])
def test_mark_of_excel_is_no_part_of_a_name(ours, server, mark):
    assert bodies(f"{mark}prompt,seed\na cat,3\n") == [{"prompt": "a cat", "seed": 3, "style": None}]


@pytest.mark.parametrize("rest", ["in the snow", "wet,cold", "5"])
def test_cells_behind_the_last_column_are_refused(ours, server, rest):
    (error,) = bodies(f"prompt,seed\na cat,3,{rest}\n")
    assert "more values than the table has columns" in str(error)
    assert "stands in quotes" in str(error)
    assert server.tasks == {}


@pytest.mark.parametrize("rest", [",", ",,", ", "])
def test_empty_cells_behind_the_last_column_are_none(ours, server, rest):
    assert bodies(f"prompt,seed\na cat,3{rest}\n") == [{"prompt": "a cat", "seed": 3, "style": None}]


def test_what_was_given_is_seen_where_it_is_empty(ours):
    with pytest.raises(QwaveError, match="you gave ''") as error:
        qwave.build("a cat", model="gpt-image-2", seed="", aspect_ratio="")
    assert "you asked for ''" in str(error.value)
