"""``%qwave report``: one HTML page with every image, prompt and cost, which loads and runs nothing."""

from __future__ import annotations

import re

import pytest

from tests.notebook.kernels import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def student(keyless):
    """A kernel with a quick demo."""
    assert keyless.run("%qwave demo on --latency 0.1")["status"] == "ok"
    return keyless


def test_report_needs_images_and_a_file(student):
    home = student.home.parent
    for cell, says in (("%qwave report", "needs a file"), ("%qwave report made.html", "nothing was made here yet")):
        reply, _, _ = student.said_by(cell)
        assert (reply["status"], reply["ename"]) == ("error", "OptionMistake")
        assert says in reply["evalue"]
    assert not (home / "made.html").exists()


def test_report_has_every_image(student):
    home = student.home.parent
    assert student.said_by(f"%%qwave --seed 5\nA cat and {NASTY}")[0]["status"] == "ok"
    assert student.said_by("%%qwave -n 2\nA dog in the rain")[0]["status"] == "ok"
    reply, text, _ = student.said_by(f"%qwave report handed-in --by 'Ann {NASTY}'")
    assert reply["status"] == "ok", reply
    assert "handed-in.html has 3 images" in text
    page = (home / "handed-in.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3
    assert page.index("A cat and") < page.index("A dog in the rain")
    assert page.count("<dt>cost</dt><dd>$0.0064</dd>") == 3
    assert "3 images from 2 jobs · $0.0191" in page
    assert "<dt>seed</dt><dd>5</dd>" in page
    assert "By Ann &lt;script&gt;" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]*"|https?://|url\(', page)


def test_report_of_other_kernels_too(student):
    home = student.home.parent
    assert student.run("%%qwave\nA dog in the rain")["status"] == "ok"
    # A second kernel of the same student shares the journal.
    other = Kernel(student.generation, student.environment, home, home=student.home)
    try:
        assert other.run("%qwave demo on --latency 0.1")["status"] == "ok"
        assert other.run("%%qwave\nAn owl at night")["status"] == "ok"
        assert "own.html has 1 image;" in other.said_by("%qwave report own.html")[1]
        assert other.run("%qwave report everything.html --all")["status"] == "ok"
    finally:
        other.close()
    alone, everything = ((home / name).read_text(encoding="utf-8") for name in ("own.html", "everything.html"))
    assert "An owl" in alone
    assert "A dog" not in alone
    assert "An owl" in everything
    assert "A dog" in everything
