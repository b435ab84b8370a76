"""Every code block of the documentation and the front page runs, against the demo."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from tests.conftest import CONFIGURATION, optional, serve
from tests.notebook.kernels import TIMES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: Pages that are written here, rather than copied from elsewhere or made by a tool.
PAGES = sorted(
    path.relative_to(DOCS).as_posix()
    for path in DOCS.rglob("*.md")
    if not {"_build", "reference", "jupyter_execute"} & set(path.relative_to(DOCS).parts)
)
#: Pages whose blocks run in `make test`; those of all pages run in `make test-all`.
QUICK = ("howto/choose-a-model.md", "explanation/editions.md")
#: What may precede a block: how it is run.
BLOCK = re.compile(r"^(?:% test: ([^\n]*)\n\n)?```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Runs cells one after the other in a shell, and prints how each ended.
RUN = """
import getpass, json, sys
getpass.getpass = lambda prompt="": "sk-example"
from IPython.core.interactiveshell import InteractiveShell
if __name__ == "__main__":
    shell = InteractiveShell.instance()
    shell.run_cell(sys.argv[1])
    ended = [shell.run_cell(cell, store_history=True) for cell in json.load(sys.stdin)]
    problems = [one.error_before_exec or one.error_in_exec for one in ended]
    print("ENDED " + json.dumps([[type(one).__name__, str(one)] if one else None for one in problems]))
"""


@dataclass(frozen=True)
class Block:
    """One block, and how it is run."""

    way: tuple[str, ...]
    language: str
    code: str


def blocks_of(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(tuple((way or "").split()), language, code) for way, language, code in BLOCK.findall(text)]


def is_cell(block):
    return block.language in {"", "python"} and not {"config", "server"} & set(block.way)


def clean(folder, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    own = {"QWAVE_HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": str(ROOT)}
    return {**kept, **own, **more}


def run_cells(cells, folder, environment):
    script = folder / "run_cells.py"
    script.write_text(RUN, encoding="utf-8")
    command = [sys.executable, str(script), TIMES]
    ended = subprocess.run(
        command, input=json.dumps(cells), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    (line,) = [one for one in ended.stdout.splitlines() if one.startswith("ENDED ")]
    return json.loads(line.removeprefix("ENDED "))


@pytest.fixture
def server():
    yield from serve("--latency", "0")


WITH_CELLS = [page for page in PAGES if any(map(is_cell, blocks_of(page)))]


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page in QUICK else pytest.mark.slow) for page in WITH_CELLS]
)
def test_cells_of_page_run(page, tmp_path):
    blocks = [block for block in blocks_of(page) if is_cell(block)]
    made_up = {name: "sk-example" for one in blocks if "environment" in one.way for name in one.way[1:]}
    notebook = tmp_path / "reader.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    environment = clean(tmp_path, QWAVE_DEMO="1", JPY_SESSION_NAME=str(notebook), **made_up)
    problems = run_cells([block.code for block in blocks], tmp_path, environment)
    for block, problem in zip(blocks, problems, strict=True):
        expected = block.way[1] if block.way[:1] == ("raises",) else None
        assert (problem and problem[0]) == expected, f"{block.code}\n{problem}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any("server" in one.way for one in blocks_of(page))])
def test_program_of_page_runs_with_a_server(page, server, tmp_path):
    optional("distributed")
    (block,) = [block for block in blocks_of(page) if "server" in block.way]
    program = tmp_path / "program.py"
    lines = "\n".join(f"    {line}" for line in block.code.splitlines())
    # Its workers are processes, which import the program again.
    program.write_text(f"if __name__ == '__main__':\n{lines}\n", encoding="utf-8")
    environment = {**server.environment(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(program)], cwd=tmp_path, env=environment, check=True, timeout=200)
    assert len(list((tmp_path / "home" / "images").glob("*.json"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "code", "modules"),
    [
        (page, block.code, block.way[1:])
        for page in PAGES
        for block in blocks_of(page)
        if block.language == "sh" and block.way[:1] == ("shell",)
    ],
)
def test_commands_of_page_run(page, code, modules, tmp_path):
    for module in modules:
        optional(module)
    cells = ["%load_ext qwave_jupyter", f"{TIMES}", "%%qwave\na cat"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = clean(tmp_path, PATH=path)
    subprocess.run(["sh", "-ec", code], cwd=tmp_path, env=environment, check=True, timeout=200, capture_output=True)
    executed = nbformat.read(tmp_path / ("executed.ipynb" if modules else "lesson.ipynb"), as_version=4)
    assert any("image/jpeg" in output.get("data", {}) for output in executed.cells[-1].outputs)


#: Shell lines that install, open JupyterLab, or set what the tests set themselves.
NOT_RUN = ("python -m pip install", "jupyter lab", "make app", "voila ", "export ")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_page_has_a_way_to_be_run(page):
    for block in blocks_of(page):
        if block.language in {"", "python"}:
            if "config" in block.way:
                names = {target for line in ast.parse(block.code).body for target in map(ast.unparse, line.targets)}
                known = {"c.QWave.max_cost", "c.QWave.budget", "c.QWave.reuse", "c.Spawner.environment"}
                assert names <= known
        elif block.language == "sh" and "shell" not in block.way:
            assert all(line.startswith(NOT_RUN) for line in block.code.splitlines()), block
        elif block.language == "yaml":
            commands = [one.code for one in blocks_of(page) if one.language == "sh"]
            assert block.way == ("workflow",)
            assert all(any(line in code for code in commands) for line in re.findall(r"- run: (.+)", block.code))
        else:
            assert block.language in {"sh", "text"}, block


def test_settings_of_configuration_blocks_exist():
    from qwave_jupyter.settings import Settings

    named = {
        name
        for page in PAGES
        for block in blocks_of(page)
        for name in re.findall(r"QWave\.(\w+)|configure\((\w+)=", block.code)
    }
    assert {name for pair in named for name in pair if name} <= set(Settings.definitions())


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_page_names_exist(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|qwave_jupyter|tools|notebooks)/[\w./-]+)`", text)
    assert all((ROOT / one).exists() for one in named), named
