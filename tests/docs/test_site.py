"""The site: drawings without a script, links that lead somewhere, a search that works offline."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import optional

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def flowchart():
    optional("sphinx", "docs")
    return runpy.run_path(str(DOCS / "_ext" / "flowchart.py"))


@pytest.fixture(scope="module")
def lead():
    optional("sphinx", "docs")
    return runpy.run_path(str(DOCS / "_ext" / "repository_links.py"))["lead_links"]


def test_flowchart_draws_each_box_and_arrow_of_the_layers(flowchart):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```mermaid\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    drawn = flowchart["draw"](source)
    arrows = source.count("-->")
    assert arrows > 10
    assert drawn.count("marker-end") == arrows
    assert all(f">{label}<" in drawn for label in re.findall(r'\["([^"]+)"\]', source))


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ('flowchart TD\n    a["A"] --> b["B"]', [["a"], ["b"]]),
        ("flowchart TD\n    a --> b --> c\n    a --> c", [["a"], ["b"], ["c"]]),
        ("flowchart TD\n    a --> b\n    a --> c\n    b --> d\n    c --> d", [["a"], ["b", "c"], ["d"]]),
    ],
)
def test_flowchart_box_is_below_all_that_point_to_it(flowchart, source, rows):
    assert flowchart["find_rows"](*flowchart["read_chart"](source)) == rows


@pytest.mark.parametrize("line", ["a -.-> b", "a{b} --> c", "subgraph x"])
def test_flowchart_refuses_what_it_cannot_draw(flowchart, line):
    with pytest.raises(ValueError, match="no arrow between two boxes"):
        flowchart["draw"](f"flowchart TD\n    {line}")


def test_flowchart_escapes_labels(flowchart):
    drawn = flowchart["draw"]('flowchart TD\n    a["<b>&"] --> b["B"]')
    assert "<b>" not in drawn
    assert "&lt;b&gt;&amp;" in drawn


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("contributing", "CHANGELOG.md", "changelog.md"),
        ("tutorials/teaching", "01-quickstart.ipynb", "../tutorials/lessons/01-quickstart.ipynb"),
        ("explanation/measured", "plots/growth.svg", "../explanation/plots/growth.svg"),
        ("tutorials/lessons/06-panel", "../docs/panel.png", "../../panel.png"),
        ("howto/resume", "../explanation/paid-once.md", "../explanation/paid-once.md"),
        ("howto/add-a-model", "../contributing.md#adding-a-model", "../contributing.md#adding-a-model"),
        ("start", "../README.md", "https://github.com/qwave-jupyter/qwave-jupyter/blob/main/README.md"),
        ("start", "../tests/unit", "https://github.com/qwave-jupyter/qwave-jupyter/tree/main/tests/unit"),
        ("start", "https://example.com/x", "https://example.com/x"),
        ("start", "nowhere.md", "nowhere.md"),
    ],
)
def test_link_leads_to_the_site_or_the_repository(lead, page, link, expected):
    assert lead(page, f"see [it]({link}).") == f"see [it]({expected})."


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for module in ("myst_nb", "sphinx_design", "pydata_sphinx_theme"):
        optional(module, "docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(folder / "doctrees")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    built = subprocess.run(
        [*command, str(DOCS), str(folder / "html")], env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "page"),
    [("mask", "howto/edit-with-a-mask"), ("budget", "howto/keep-costs-down"), ("resume", "howto/resume")],
)
def test_search_index_finds_the_guide(site, word, page):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    names = re.search(r'"?docnames"?:\[(.*?)\]', index)[1].replace('"', "").split(",")
    stem = {"resume": "resum"}.get(word, word)
    # Words of titles and of texts are listed apart.
    places = " ".join(re.findall(rf'[{{,]"?{stem}"?:(\[[\d,]+\]|\d+)', index))
    assert str(names.index(page)) in re.findall(r"\d+", places)


@pytest.mark.slow
def test_site_loads_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(https?://[^"]+)"', text)
        assert not [one for one in loaded if "mybinder.org/badge" not in one], page
