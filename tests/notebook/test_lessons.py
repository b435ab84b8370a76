"""The notebooks as they are saved: readable without a kernel, small, and without traces of the machine.

That they run is tested in :mod:`tests.notebook.test_binder`.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = (
    "01-quickstart",
    "02-prompting-and-sweeps",
    "03-references-edits-and-masks",
    "04-choosing-a-model",
    "05-robust-pipelines",
    "06-panel",
)
#: The panel for a class, which has nothing to learn.
APP = "07-app"
HEAVIEST = 1_000_000
#: Folders of a machine, and what a kernel puts before a frame.
TRACES = re.compile(r"/(?:home|Users|root|tmp|work|var|private)/\w|[A-Z]:\\\\|Traceback|<ipython-input|File <")


@pytest.fixture(params=(*LESSONS, APP))
def lesson(request):
    """A lesson, or the app, which is saved like one."""
    path = ROOT / "notebooks" / f"{request.param}.ipynb"
    return path, nbformat.read(path, as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_guide_lists_every_lesson():
    assert sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) == [*LESSONS, APP]
    guide = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.ipynb)" in guide for name in (*LESSONS, APP))


def test_lesson_is_valid_with_cell_ids(lesson):
    _, notebook = lesson
    nbformat.validate(notebook)
    ids = [cell.get("id") for cell in notebook.cells]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("lesson", LESSONS, indirect=True)
def test_lesson_has_exercise_and_answer(lesson):
    _, notebook = lesson
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    (exercise,) = [text for text in prose if text.startswith("## Your turn")]
    question, answer = exercise.split("<details><summary>Answer</summary>")
    assert len(question.split()) > 10
    assert answer.strip().endswith("</details>") or "</details>" in answer
    assert len(answer.split()) > 10


def test_lesson_is_small_without_widgets(lesson):
    path, notebook = lesson
    assert path.stat().st_size < HEAVIEST
    assert "widgets" not in notebook.metadata
    assert "application/vnd.jupyter.widget" not in path.read_text(encoding="utf-8")


def test_lesson_has_static_outputs(lesson):
    _, notebook = lesson
    assert outputs(notebook), "saved without outputs: run tools/run_notebooks.py --save on it"
    for output in outputs(notebook):
        data = output.get("data", {})
        assert output.output_type in {"stream", "error"} or "text/plain" in data
        assert set(data) <= {"text/plain", "text/html", "image/jpeg", "image/png"}


def test_lesson_images_have_alt_texts(lesson):
    _, notebook = lesson
    ours = [output for output in outputs(notebook) if "image/jpeg" in output.get("data", {})]
    for output in ours:
        assert output.metadata["image/jpeg"]["alt"].strip()
        assert output.data["text/plain"].strip()
    for tag in re.findall(r"<img\b[^>]*>", json.dumps(notebook)):
        assert re.search(r"alt=\\?\W[^\"'\\]+", tag), tag[:80]


def test_lesson_names_no_machine(lesson):
    path, notebook = lesson
    for output in outputs(notebook):
        for kind, content in {**output.get("data", {}), "text": output.get("text", "")}.items():
            if not kind.startswith("image/"):
                without_images = re.sub(r"data:image/[a-z]+;base64,[\w+/=]+", "", str(content))
                assert not TRACES.search(without_images), TRACES.search(without_images)
        assert not any(TRACES.search(frame) for frame in output.get("traceback", ()))
    text = path.read_text(encoding="utf-8")
    host = socket.gethostname()
    # A host that is called by a plain word says nothing of anybody.
    assert host.isalpha() or len(host) < 5 or not re.search(rf"\b{re.escape(host)}\b", text)
    assert not re.search(r"127\.0\.0\.1:(?!8000\b)\d+", text)


def test_lesson_errors_are_tagged(lesson):
    _, notebook = lesson
    for cell in notebook.cells:
        if cell.cell_type == "code":
            failed = any(output.output_type == "error" for output in cell.outputs)
            assert failed == ("raises-exception" in cell.metadata.get("tags", ())), cell.source


def test_app_is_one_line_and_one_cell():
    notebook = nbformat.read(ROOT / "notebooks" / f"{APP}.ipynb", as_version=4)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code"]
    assert "QWAVE" not in notebook.cells[1].source
    assert notebook.metadata["title"] in notebook.cells[0].source
