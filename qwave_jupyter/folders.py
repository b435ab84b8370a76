"""Folders: the working folder at load, paths made absolute, and where journals lie.

It imports nothing of ours, so that loading costs next to nothing.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path

__all__ = ["STARTED_IN", "absolute", "folder_variable", "homes", "working_folder"]


def _find_working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # It was deleted while this process began in it.
        return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none


#: The working directory at load: notebooks like to change it, and their images must not wander.
STARTED_IN = _find_working_folder()


def working_folder() -> Path:
    """The working folder; where we started when it has been deleted."""
    try:
        return Path.cwd()
    except OSError:
        return STARTED_IN


def absolute(folder: str | os.PathLike[str]) -> Path:
    """A path as it is meant now, whatever becomes of the working folder.

    Args:
        folder: ``~`` is expanded where there is such a home.
    """
    path = Path(folder)
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    path = path if path.is_absolute() else working_folder() / path
    return Path(os.path.normpath(path)) if ".." in path.parts and "\0" not in str(path) else path


def folder_variable(name: str) -> Path | None:
    """The folder that an environment variable names; a relative one is that of the moment when it was first read."""
    text = os.environ.get(name, "").strip()
    return _first_meaning(name, text) if text else None


@cache
def _first_meaning(_name: str, text: str) -> Path:
    return absolute(text)


def homes() -> tuple[Path, Path]:
    """Where the journals lie unless a setting says otherwise: the API's and the demo's."""
    home = folder_variable("QWAVE_HOME")
    if home is None:
        import platformdirs

        home = Path(platformdirs.user_data_dir("qwave-jupyter", appauthor=False))
    return home, home / "demo"


for _variable in ("QWAVE_HOME", "QWAVE_SAVE_DIR"):
    folder_variable(_variable)
