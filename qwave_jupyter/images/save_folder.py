"""Whether images can be kept in a folder, found out by keeping something there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.i18n import printable

__all__ = ["check_folder"]


def check_folder(folder: Path) -> None:
    """Make the folder and a file in it, before anything is paid for.

    Permissions alone don't tell: links lead nowhere, disks are full, file systems are mounted read-only.

    Args:
        folder: an absolute path.

    Raises:
        OptionMistake: no file can be made there; the text says why, and how to choose another folder.
    """
    try:
        # The journal has to spell it too, and a path that isn't Unicode would be another one there.
        os.fspath(folder).encode()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".qwave-", suffix=".part", dir=folder) as file:
            file.write(b"\0")
    except (OSError, ValueError) as problem:
        raise _refusal(folder, problem) from None


def _refusal(folder: Path, problem: Exception) -> OptionMistake:
    try:
        place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
        if place.is_file():
            return OptionMistake("generation.folder_is_none", folder=printable(folder), place=printable(place))
    except (OSError, ValueError):
        place = folder
    if isinstance(problem, PermissionError):
        return OptionMistake("generation.folder_read_only", folder=printable(folder), place=printable(place))
    reason = getattr(problem, "strerror", None) or _reason(problem)
    return OptionMistake("generation.folder_unusable", folder=printable(folder), reason=reason)


def _reason(problem: Exception) -> str:
    # Python quotes the name in it, which may be anything.
    return "not Unicode" if isinstance(problem, UnicodeError) else printable(problem)
