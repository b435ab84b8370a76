"""``%qwave report``: one page that a student hands in, which holds everything and harms nobody who opens it."""

from __future__ import annotations

import os
import re

import pytest

from tests.conftest import CONFIGURATION
from tests.notebook.kernels import VERSIONS, Kernel

pytestmark = pytest.mark.kernel
NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """Starts kernels that share a home, as the kernels of one student do."""
    home = tmp_path_factory.mktemp("classroom")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    own = {**clean, "QWAVE_HOME": str(home), "QWAVE_SAVE_DIR": str(home / "pictures"), "QWAVE_DEMO": "1"}
    kernels = []

    def start():
        kernels.append(Kernel(VERSIONS[-1], own, home))
        said(kernels[-1], "%load_ext qwave_jupyter\n%qwave demo on --latency 0.2")
        return kernels[-1]

    yield start, home
    for kernel in kernels:
        kernel.close()


def said(kernel, cell):
    (sent,) = kernel.queue(cell)
    kernel.wait(sent)
    return kernel.replies[sent], kernel.text(sent)


def test_a_report_needs_pictures_and_a_file(classroom):
    start, home = classroom
    kernel = start()
    for cell, says in (("%qwave report", "needs a file"), ("%qwave report made.html", "nothing was made here yet")):
        reply, _ = said(kernel, cell)
        assert (reply["status"], reply["ename"]) == ("error", "OptionMistake")
        assert says in reply["evalue"]
    assert not (home / "made.html").exists()


def test_the_page_has_every_picture_with_its_prompt_and_cost_and_needs_nothing_else(classroom):
    start, home = classroom
    kernel = start()
    assert said(kernel, f"%%qwave --seed 5\nA cat and {NASTY}")[0]["status"] == "ok"
    assert said(kernel, "%%qwave -n 2\nA dog in the rain")[0]["status"] == "ok"
    reply, text = said(kernel, f"%qwave report handed-in --by 'Ann {NASTY}'")
    assert reply["status"] == "ok", reply
    assert "handed-in.html has 3 pictures" in text
    page = (home / "handed-in.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3
    assert page.index("A cat and") < page.index("A dog in the rain")
    assert page.count("<dt>cost</dt><dd>$0.0064</dd>") == 3
    assert "3 pictures from 2 jobs · $0.0191" in page
    assert "<dt>seed</dt><dd>5</dd>" in page
    assert "By Ann &lt;script&gt;" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]*"|https?://|url\(', page)


def test_it_tells_of_this_kernel_alone_unless_all_is_asked_for(classroom):
    start, home = classroom
    kernel = start()
    assert said(kernel, "%%qwave\nAn owl at night")[0]["status"] == "ok"
    assert "own.html has 1 picture;" in said(kernel, "%qwave report own.html")[1]
    assert said(kernel, "%qwave report everything.html --all")[0]["status"] == "ok"
    alone, everything = ((home / name).read_text(encoding="utf-8") for name in ("own.html", "everything.html"))
    assert "An owl" in alone
    assert "A dog" not in alone
    assert "An owl" in everything
    assert "A dog" in everything
