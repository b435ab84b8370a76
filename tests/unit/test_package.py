"""The package as a whole: public names, what loading imports, texts that exist, no model named in code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import qwave_jupyter
from qwave_jupyter import i18n
from qwave_jupyter.catalog import load

PACKAGE = Path(qwave_jupyter.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def nodes(module):
    """All nodes of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def test_code_names_no_model():
    ids = {name for edition in ("2026-04", "2026-09") for name in load(edition).ids()}
    for module in MODULES:
        compared = [
            leaf.value
            for node in nodes(module)
            if isinstance(node, ast.Compare)
            for leaf in ast.walk(node)
            if isinstance(leaf, ast.Constant)
        ]
        assert not ids & {value for value in compared if isinstance(value, str)}, module


def test_public_names_are_complete():
    assert qwave_jupyter.__all__ == sorted(qwave_jupyter.__all__)
    for name in qwave_jupyter.__all__:
        assert getattr(qwave_jupyter, name) is not None
    assert set(qwave_jupyter.__all__) == {
        "Gallery",
        "GeneratedImage",
        "Job",
        "QwaveError",
        "Session",
        "as_completed",
        "balance",
        "batch",
        "build",
        "configure",
        "cost",
        "draw_boxes",
        "generate",
        "history",
        "load_ipython_extension",
        "model",
        "models",
        "paint_mask",
        "panel",
        "read_provenance",
        "resume",
        "submit",
        "unload_ipython_extension",
        "use_demo",
    }


def test_loading_imports_nothing_heavy():
    code = (
        "import sys, IPython\n"
        "shell = IPython.InteractiveShell.instance()\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'qwave_jupyter')\n"
        "print(sorted({'requests', 'PIL', 'ipywidgets', 'jinja2', 'sqlite3'} & (set(sys.modules) - before)))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in {"[]", "['sqlite3']"}


def test_texts_in_code_exist():
    modules = {f"{module.parent.name}.{module.stem}" for module in MODULES}
    sections = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (PACKAGE / "i18n" / "en").iterdir()}
    known = {f"{section}.{name}" for section, names in sections.items() for name in names}
    asked = {
        node.value
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+\.[a-z][a-z_]*[a-z]", node.value)
        and node.value.split(".")[0] in sections
    }
    for template in (PACKAGE / "views" / "templates").iterdir():
        asked |= set(re.findall(r'say\("([a-z.]+[a-z_]*[a-z])"', template.read_text(encoding="utf-8")))
    assert len(asked) > 60
    assert not asked - known - modules


def test_list_is_joined_in_words():
    assert i18n.say("words.or", head="a", last="b") == "a or b"
