"""What ``make pythons`` does: unit and contract tests on the oldest and the newest Python here, side by side."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.13")
NEEDS = (
    "build",
    "distributed",
    "hypothesis",
    "ipykernel",
    "jsonschema",
    "matplotlib",
    "nbformat",
    "numpy",
    "openai",
    "pandas",
    "pytest",
    "pytest-timeout",
)
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/contract")


def main() -> int:
    """Run both; a Python that isn't here is named and skipped, except where CI has pyenv to provide it."""
    found = {version: _found(version) for version in VERSIONS}
    for version in [version for version, python in found.items() if python is None]:
        sys.stdout.write(f"Python {version} is not here: skipped. With pyenv: pyenv install {version}\n")
        if os.environ.get("CI") and shutil.which("pyenv"):
            return 1
    running = {version: _started(version, python) for version, python in found.items() if python}
    worst = 0
    for version, process in running.items():
        said, _ = process.communicate()
        sys.stdout.write(f"Python {version}\n{said}\n")
        sys.stdout.flush()
        worst = worst or process.returncode
    return worst


def _started(version: str, python: str) -> subprocess.Popen[str]:
    home = ROOT / ".venvs" / version
    ready, needs = home / "ready", "\n".join(NEEDS)
    if not ready.exists() or ready.read_text(encoding="utf-8") != needs:
        subprocess.run([python, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--editable", str(ROOT), *NEEDS], check=True)
        ready.write_text(needs, encoding="utf-8")
    command = [str(home / "bin" / "python"), *PYTEST]
    # An activated environment is another one than theirs, and IPython would say so.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _found(version: str) -> str | None:
    for folder in sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*")):
        if (folder / "bin" / "python").exists():
            return str(folder / "bin" / "python")
    return shutil.which(f"python{version}")


if __name__ == "__main__":
    sys.exit(main())
