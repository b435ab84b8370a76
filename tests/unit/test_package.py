"""The package as a whole: public names, what loading imports, texts that exist, no model named in code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import qwave_jupyter
from qwave_jupyter import i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.client.tasks import TaskState
from qwave_jupyter.jobs.costs import OrderStage
from qwave_jupyter.jobs.journal.record import EntryState
from qwave_jupyter.jobs.snapshot import CancelOutcome, JobState

PACKAGE = Path(qwave_jupyter.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Imports upwards, made when they are needed: the cell that made an image, and the session that goes on with it.
UPWARDS = {
    ("qwave_jupyter.images.gallery", "qwave_jupyter.jobs.codegen"),
    ("qwave_jupyter.images.gallery", "qwave_jupyter.session"),
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Participles that say neither what a function does nor what it returns.
REGULAR = re.compile(r"(?!(embed|seed|feed|need|shed|speed|exceed|proceed|string|setting)$)[a-z]+(ed|ing)")
IRREGULAR = re.compile(
    "begun|bought|bound|built|chosen|done|drawn|found|given|gone|got|heard|held|hidden|kept|known|laid|left|lost|made"
    "|meant|met|paid|said|seen|sent|shown|spent|taken|taught|thought|told|understood|written"
)
STATE_FIELDS = {"outcome", "phase", "stage", "state", "stopped"}
STATES = {str(state) for kind in (CancelOutcome, EntryState, JobState, OrderStage, TaskState) for state in kind}
#: What users write, or what is a noun or an adjective: ``done()`` as in concurrent.futures.
ALLOWED = {"done", "pending", "running", "showing"}


@cache
def nodes(module):
    """All nodes of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def name_of(module):
    """A module's dotted name."""
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(module) for module in MODULES}


def find_imports(tree, *, late=False):
    """The modules of the package that a module imports, those for types left out; with ``late`` only in functions."""
    found = set()

    def visit(node, *, inside):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if inside or not late:
            if isinstance(node, ast.Import):
                found.update(one.name for one in node.names if one.name in NAMES)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    whole = f"{node.module}.{one.name}"
                    found.add(whole if whole in NAMES else node.module)
        for child in ast.iter_child_nodes(node):
            visit(child, inside=inside or isinstance(node, FUNCTIONS))

    visit(tree, inside=False)
    # The package itself holds only lazy names.
    return (found & NAMES) - {"qwave_jupyter"}


@cache
def read_layers():
    """The rank of each layer in the contract, 0 for the highest."""
    contracts = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    rows = next(one["layers"] for one in contracts["contracts"] if one["type"] == "layers")
    return {name: rank for rank, row in enumerate(rows) for name in re.split(r" [|:] ", row)}


def rank_of(name):
    return next(rank for layer, rank in read_layers().items() if f"{name}.".startswith(f"{layer}."))


def find_circle(imports):
    """Modules that import each other, directly or through others; empty where there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as circle:
        return circle.args[1]
    return []


def find_participles(tree):
    """The functions of a module that are named by a bare participle."""
    bare = [node.name.strip("_") for node in tree if isinstance(node, FUNCTIONS)]
    return {name for name in bare if (REGULAR.fullmatch(name) or IRREGULAR.fullmatch(name)) and name not in ALLOWED}


def find_bare_states(tree):
    """The lines at which a state is compared with a text instead of a member of its enumeration."""
    found = []
    for node in tree:
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        texts = {leaf.value for side in sides for leaf in ast.walk(side) if isinstance(leaf, ast.Constant)}
        if texts & STATES and any(isinstance(side, ast.Attribute) and side.attr in STATE_FIELDS for side in sides):
            found.append(node.lineno)
    return found


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
    assert i18n.text("words.or", head="a", last="b") == "a or b"


@pytest.mark.parametrize(
    ("source", "late", "expected"),
    [
        ("from qwave_jupyter import i18n", False, {"qwave_jupyter.i18n"}),
        ("from qwave_jupyter import i18n", True, set()),
        ("import qwave_jupyter.errors", False, {"qwave_jupyter.errors"}),
        ("def work():\n    from qwave_jupyter.jobs.job import Job", True, {"qwave_jupyter.jobs.job"}),
        ("class A:\n    async def b(self):\n        import qwave_jupyter.api", True, {"qwave_jupyter.api"}),
        ("if TYPE_CHECKING:\n    from qwave_jupyter.session import Session", False, set()),
        ("def work():\n    import json", True, set()),
    ],
)
def test_find_imports_sees_each_way(source, late, expected):
    assert find_imports(ast.parse(source), late=late) == expected


def test_late_imports_run_downwards():
    late = {
        (name_of(module), target)
        for module in MODULES
        if module.parent != PACKAGE or module.stem != "__init__"
        for target in find_imports(nodes(module)[0], late=True)
    }
    assert len(late) > 30
    assert {(name, target) for name, target in late if rank_of(name) > rank_of(target)} == UPWARDS


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, set()),
        ({"a": {"b"}, "b": {"a"}}, {"a", "b"}),
        ({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}, {"b", "c", "d"}),
        ({"a": {"a"}}, {"a"}),
    ],
)
def test_find_circle_sees_each_length(imports, circle):
    assert set(find_circle(imports)) == circle


def test_modules_import_in_no_circle():
    imports = {name_of(module): find_imports(nodes(module)[0]) for module in MODULES}
    for name, target in UPWARDS:
        imports[name] = imports[name] - {target}
    assert find_circle(imports) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def _kept(): ...", {"kept"}),
        ("class A:\n    async def shown(self): ...", {"shown"}),
        ("def _waiting(): ...\ndef wait(): ...", {"waiting"}),
        ("def done(): ...\ndef embed(): ...\ndef _read(): ...\ndef started_jobs(): ...", set()),
    ],
)
def test_find_participles_sees_each_kind(source, expected):
    assert find_participles(ast.walk(ast.parse(source))) == expected


def test_no_function_is_a_bare_participle():
    assert {module.name: bare for module in MODULES if (bare := find_participles(nodes(module)))} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('job.phase == "done"', [1]),
        ('if task.state in {"failed", "cancelled"}: ...', [1]),
        ('"kept" != now.stopped', [1]),
        ("task.state == TaskState.FAILED", []),
        ('row.kind == "done"', []),
    ],
)
def test_find_bare_states_sees_each_comparison(source, lines):
    assert find_bare_states(ast.walk(ast.parse(source))) == lines


def test_states_are_compared_as_members():
    # The demo plays the server, whose states are words.
    client = [module for module in MODULES if "demo" not in module.relative_to(PACKAGE).parts]
    assert {module.name: lines for module in client if (lines := find_bare_states(nodes(module)))} == {}
