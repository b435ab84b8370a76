"""One of a thing is never told in the plural: every counted noun has a singular, or its number can't be one."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.batches.batch import Outcome
from qwave_jupyter.batches.rows import tally
from qwave_jupyter.catalog import load
from qwave_jupyter.catalog.rules import Violation
from qwave_jupyter.errors import JournalUnavailable
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.preview import CellSize, NotebookSize
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from tests.image_factory import plain

SECTIONS = sorted(one for one in (files("qwave_jupyter.i18n") / "en").iterdir() if one.name.endswith(".json"))
NOUNS = (
    "boxes|cells|characters|colours|entries|files|frames|hours|images|items|jobs|lines|models|pages|presets|requests"
    "|rows|strokes|tiles|values|variables"
)
COUNTED = re.compile(rf"\{{(\w+)[^}}]*\}} (?:(?:more|open|reference|of it) )?(?:{NOUNS})\b")
#: Numbers that are limits, can't be one where the text is shown, or aren't what a singular is chosen by.
NEVER_ONE = {
    "canvas.boxes_left",
    "canvas.palette_length",
    "canvas.too_many_boxes",
    "catalog.too_many_boxes",
    "generation.exit_rows",
    "generation.fewer_images",
    "generation.reference_frame",
    "generation.resume_failed",
    "generation.sweep_too_large",
    "canvas.too_many_uploads",
    "generation.weight_images",
    "lookup.prompt_advice",
    "lookup.prompt_length",
    "panel.characters_of",
    "panel.compare_full",
    "presets.too_many",
}


@pytest.fixture(autouse=True)
def english():
    i18n.use("en")
    yield
    i18n.use(None)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.name)
def test_counted_nouns_have_a_singular(section):
    wrong = []
    for name, entry in json.loads(section.read_text("utf-8")).items():
        key = f"{section.name.removesuffix('.json')}.{name}"
        one = entry.get("one", "") if isinstance(entry, dict) else entry
        if COUNTED.search(one) and key not in NEVER_ONE and not re.search(r"\{value\}|\{given\}", one):
            wrong.append(key)
    assert wrong == []


def rows(*images):
    return [Outcome(index, gallery=Gallery([GeneratedImage("x")] * count)) for index, count in enumerate(images)]


@pytest.mark.parametrize(
    ("outcomes", "of_rows", "of_images"),
    [
        ([], "0 rows are done", "0 images are done"),
        (rows(1), "1 row is done and kept.", "1 image is done and kept."),
        (rows(2), "1 row is done", "2 images are done"),
        (rows(1, 1), "2 rows are done", "2 images are done"),
    ],
)
def test_stopped_rows_and_images(outcomes, of_rows, of_images):
    now = tally(outcomes)
    assert f"stopped: {of_rows}" in str(now.to_error("generation.batch_stopped", now.done))
    assert f"stopped: {of_images}" in str(now.to_error("generation.sweep_stopped", now.images))


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (1, "prompt may have 1 character at most; it has 9."),
        (2, "prompt may have 2 characters at most; it has 9."),
        (0, "prompt may have 0 characters at most; it has 9."),
    ],
)
def test_limits_of_characters(most, said):
    assert str(Violation("too_long", "prompt", 9, detail={"unit": "characters", "most": most})) == said


@pytest.mark.parametrize(
    ("code", "detail", "given", "said"),
    [
        ("too_long", {"most": 1}, 3, "images may have 1 item at most; it has 3."),
        ("too_few", {"least": 1}, 0, "images needs at least 1 item; it has 0."),
        ("soft_limit", {"most": 4}, 1, "images has 1 item; more than 4"),
        ("too_few", {"least": 2}, 1, "images needs at least 2 items; it has 1."),
    ],
)
def test_limits_of_items(code, detail, given, said):
    assert said in str(Violation(code, "images", given, detail={"unit": "items", **detail}))


@pytest.mark.parametrize(
    ("key", "one", "two"),
    [
        ("generation.cut", "1 more character)", "2 more characters)"),
        ("painter.no_font", "1 character ·", "2 characters ·"),
        ("notebook.models_swept", "1 model", "2 models"),
        ("edition.entries", "must have 1 entry", "must have 2 entries"),
    ],
)
def test_counts(key, one, two):
    assert one in i18n.text(key, count=1)
    assert two in i18n.text(key, count=2)


@pytest.mark.parametrize(("count", "said"), [(1, "1 job was saved"), (2, "2 jobs were"), (0, "0 jobs were")])
def test_jobs_saved_from_a_damaged_journal(count, said):
    fields = {"path": "x", "reason": "x", "aside": "x", "saved": count, "count": count}
    assert said in str(JournalUnavailable("generation.journal_damaged", **fields))


@pytest.mark.parametrize(("count", "said"), [(1, "in 1 cell:"), (2, "in 2 cells; the heaviest:")])
def test_cells_with_images(tmp_path, count, said):
    cells = tuple(CellSize(index, "x", 1, 10) for index in range(count))
    assert said in repr(NotebookSize(tmp_path, 100, 10 * count, cells))


def test_representations():
    brush = MaskBrush(plain())
    assert "0 strokes" in repr(brush)
    brush.value = [{"kind": "paint", "size": 3, "points": [[1, 1]]}]
    assert "1 stroke)" in repr(brush)
    brush.close_all()
    session = qwave.Session()
    assert repr(session) == "Session(0 jobs)"
    session._jobs.append(object())
    assert repr(session) == "Session(1 job)"
    assert repr(load("2026-04")) == f"Catalog('2026-04', {len(list(load('2026-04')))} models)"
