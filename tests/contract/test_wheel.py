"""The built wheel alone: installed where no checkout is in reach, used from an empty folder."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import qwave_jupyter
from tests.conftest import CONFIGURATION

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "qwave_jupyter"
#: Runs inside the installed package; prints what it met as one JSON object.
USE = """
import json, pathlib
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "qwave_jupyter")
import qwave_jupyter as qwave
qwave.use_demo(latency=0.2)
done = shell.run_cell("%%qwave -m z-image-turbo -o made --aspect-ratio 16:9\\na lighthouse in the fog")
made = shell.user_ns["made"]
from qwave_jupyter import i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
i18n.use("en"); english = i18n.text("notebook.images", count=1)
i18n.use("zh"); chinese = i18n.text("notebook.images", count=1)
print("TOLD " + json.dumps({
    "file": qwave.__file__,
    "worked": done.success,
    "size": made[0].size,
    "kept": made[0].path.is_file() and str(made[0].path.relative_to(pathlib.Path.cwd())),
    "editions": {edition: len(load(edition).ids()) for edition in ("2026-04", "2026-09")},
    "words": [english, chinese],
    "front": len(str(MaskBrush._esm)) > 500,
    "panel": type(qwave.panel("a cat")).__name__,
}))
qwave.use_demo(False)
"""
#: Bytes of the wheel; it has no images and no tests.
MAX_WHEEL = 1_000_000
find_python = runpy.run_path(str(ROOT / "tools" / "run_matrix.py"))["find_python"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout as it is; the build backend comes from the index, as for everybody."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel, interpreter, home, *options):
    """Make an environment of its own with the wheel, and return its Python."""
    subprocess.run([interpreter, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *options, str(wheel)], check=True)
    return python


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A Python with the wheel, which finds its dependencies where the tests find theirs, but not the checkout."""
    home = tmp_path_factory.mktemp("installed")
    python = install(wheel, sys.executable, home, "--no-deps", "--no-index")
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    # Folders that a .pth names are searched, but the .pth files in them are not read: an editable installation there
    # brings no checkout in.
    own = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(own)), encoding="utf-8")
    return python


@pytest.fixture
def environment(tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith((*CONFIGURATION, "PYTHON"))}
    return {**clean, "QWAVE_HOME": str(tmp_path / "home"), "IPYTHONDIR": str(tmp_path / "ipython")}


def test_wheel_holds_every_file(wheel):
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("qwave_jupyter/")}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }
    assert there == here
    assert {"qwave_jupyter/py.typed", "qwave_jupyter/catalog/editions/schema.json"} <= there
    assert {Path(name).suffix for name in there} >= {".py", ".json", ".js", ".css"}


def test_wheel_has_the_version(wheel):
    assert wheel.name.startswith(f"qwave_jupyter-{qwave_jupyter.__version__}-")


def test_wheel_is_small(wheel):
    assert 100_000 < wheel.stat().st_size < MAX_WHEEL


def run_cell(python, environment, place):
    """Run a cell with an installed wheel in an empty folder, and check what it met."""
    place.mkdir()
    ran = subprocess.run(
        [python, "-c", USE], cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    (line,) = [one for one in ran.stdout.splitlines() if one.startswith("TOLD ")]
    told = json.loads(line.removeprefix("TOLD "))
    file = Path(told.pop("file"))
    assert file.is_relative_to(python.parent.parent)
    assert not file.is_relative_to(ROOT)
    width, height = told.pop("size")
    assert abs(width / height - 16 / 9) < 0.02
    assert told.pop("kept").startswith("qwave-images")
    assert told == {
        "worked": True,
        "editions": {"2026-04": 21, "2026-09": 41},
        "words": ["1 image", told["words"][1]],
        "front": True,
        "panel": "Panel",
    }
    assert told["words"][1] != told["words"][0]


def test_wheel_runs_a_cell(installed, environment, tmp_path):
    run_cell(installed, environment, tmp_path / "empty")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_wheel_brings_what_it_needs(wheel, environment, tmp_path, version):
    # With the dependencies that it names, from the index, and nothing else.
    found = find_python(version)
    if found is None:
        pytest.skip(f"Python {version} is not here")
    python = install(wheel, found, tmp_path / "home", "--no-compile")
    run_cell(python, environment, tmp_path / "empty")


def test_wheel_has_the_demo_command(installed, environment, tmp_path):
    command = [installed, "-m", "qwave_jupyter.demo", "--help"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert "--latency" in ran.stdout
    assert "--rate-limit" in ran.stdout
