"""The front page is true: every cell on it runs, every link leads somewhere, every command exists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qwave_jupyter.magics.line_magic import COMMANDS
from tests.conftest import CONFIGURATION
from tests.notebook.kernels import TIMES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "notebooks/README.md", "benchmarks/README.md", "docs/reference/index.md")
#: Runs cells one after the other, as a notebook without a kernel would, and prints how each ended.
RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
told = []
for place, cell in enumerate(json.load(sys.stdin)):
    ended = shell.run_cell(cell, store_history=True)
    told.append([ended.success, repr(ended.result), repr(ended.error_before_exec or ended.error_in_exec)])
    if place == 0:
        shell.run_cell("%qwave demo on --latency 0\\n" + sys.argv[1])
print("TOLD " + json.dumps(told))
"""


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, *languages):
    return [
        code
        for language, code in re.findall(r"^```(\w*)\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
        if language in languages
    ]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The front page's cells, run in order in an empty folder against the demo."""
    folder = tmp_path_factory.mktemp("reader")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    own = {**clean, "QWAVE_DEMO": "1", "QWAVE_HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "ipython")}
    own["PYTHONPATH"] = str(ROOT)
    cells = blocks("README.md", "", "python")
    command = [sys.executable, "-c", RUN, TIMES]
    ended = subprocess.run(
        command, input=json.dumps(cells), cwd=folder, env=own, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    (line,) = [one for one in ended.stdout.splitlines() if one.startswith("TOLD ")]
    return list(zip(cells, json.loads(line.removeprefix("TOLD ")), strict=True)), ended.stdout, folder


@pytest.mark.slow
def test_readme_cells_run(ran):
    cells, _, _ = ran
    assert len(cells) >= 7
    for cell, (success, _, error) in cells:
        assert success, f"{cell}\n{error}"


@pytest.mark.slow
def test_readme_cells_do_what_it_says(ran):
    _, said, folder = ran
    made = [path for path in (folder / "qwave-images").iterdir() if path.suffix in {".png", ".jpg", ".jpeg"}]
    assert len(made) == 1 + 9 + 1 + 3
    assert "this would be sent to" in said
    assert re.search(r"Price: \$0\.04\d\d", said)
    assert sorted(re.findall(r"^(\d) .*(?:a-cat|a-dog|an-owl)", said, re.MULTILINE)) == ["0", "1", "2"]


@pytest.mark.parametrize("page", PAGES)
def test_page_links_exist(page):
    here = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(page)):
        if not target.startswith("http"):
            assert (here / target).resolve().exists(), target


@pytest.mark.parametrize("page", PAGES[:3])
def test_page_commands_exist(page):
    text = text_of(page)
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"%qwave ([a-z]+)", text)) - {"help"} <= set(COMMANDS) | {"COMMAND"}


def test_readme_sections_are_in_order():
    heads = re.findall(r"^## (.+)$", text_of("README.md"), re.MULTILINE)
    assert heads[:4] == ["See it now", "Use your key", "What it costs you", "If it breaks"]
    assert text_of("README.md").index("Images from prompts, in a notebook") < text_of("README.md").index("## ")
