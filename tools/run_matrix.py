"""What ``make test-all`` does last: unit and contract tests on the oldest and the newest supported Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "test"
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile")
SELECTION = ("-m", "not kernel and not browser and not slow", "tests/unit", "tests/contract")


def main() -> int:
    """Run the tests on each version but the running one.

    A missing Python is named and skipped, except where CI has pyenv to provide it.
    """
    worst = 0
    for version in boundary_versions():
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            continue
        python = find_python(version)
        if python is None:
            sys.stdout.write(f"Python {version} is not here: skipped. With pyenv: pyenv install {version}\n")
            worst = worst or int(bool(os.environ.get("CI") and shutil.which("pyenv")))
            continue
        sys.stdout.write(f"Python {version}\n")
        sys.stdout.flush()
        # An activated environment is another one than this, and IPython would warn of it.
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        command = [prepare_environment(version, python), *PYTEST, *SELECTION]
        worst = worst or subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return worst


def boundary_versions() -> tuple[str, str]:
    """The oldest and the newest Python that the package's classifiers name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r":: (\d+)\.(\d+)", " ".join(project["classifiers"]))
    versions = sorted((int(major), int(minor)) for major, minor in named)
    oldest, newest = versions[0], versions[-1]
    return f"{oldest[0]}.{oldest[1]}", f"{newest[0]}.{newest[1]}"


def prepare_environment(version: str, python: str) -> str:
    """An environment of this Python with the package and its test extra; made anew when pyproject.toml changes."""
    home = ROOT / ".venvs" / version
    ready, wanted = home / "ready", (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    executable = str(home / "bin" / "python")
    if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
        subprocess.run([python, "-m", "venv", "--without-pip", str(home)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", executable, "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--no-compile", "--editable", f"{ROOT}[{EXTRAS}]"], check=True)
        ready.write_text(wanted, encoding="utf-8")
    return executable


def find_python(version: str) -> str | None:
    """The interpreter of this version that pyenv or the PATH has."""
    for folder in sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*")):
        if (folder / "bin" / "python").exists():
            return str(folder / "bin" / "python")
    return shutil.which(f"python{version}")


if __name__ == "__main__":
    sys.exit(main())
