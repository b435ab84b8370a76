"""Paths made absolute or refused in words, files that appear whole or not at all, and where journals lie."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.types import PathGiven

if TYPE_CHECKING:
    from qwave_jupyter.errors import OptionMistake

__all__ = [
    "START_FOLDER",
    "absolute",
    "absolute_file",
    "absolute_folder",
    "describe",
    "expand",
    "find_working_folder",
    "homes",
    "is_file",
    "is_folder",
    "read_folder_variable",
    "refuse_unreadable",
    "refuse_unwritable",
    "replace_file",
    "require_name",
    "write_synced",
]

#: What a cell, a format, a shell or a reader would fill in, or what is left of it; compiled where a path may have it.
_UNFILLED = r"\{\{|\}\}|\$?\{[^\W\d]\w*(?:[.:!\[][^{}]*)?\}|\{\d+\}|\$[^\W\d]\w*|\$\(|%[^\W\d]\w*%|`[^`]+`|<[^<>]+>"
#: What begins like an address, or like a drive of Windows.
_ADDRESS = r"([A-Za-z][A-Za-z0-9+.-]*):[/\\]"
#: What an image's file is called by; a folder that isn't there yet hardly is.
_IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".heic", ".svg"}
)


def _find_start_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # It was deleted while this process began in it.
        return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none


#: The working directory at load: notebooks like to change it, and their images must not wander.
START_FOLDER = _find_start_folder()


def find_working_folder() -> Path:
    """The working folder; where we started when it has been deleted."""
    try:
        return Path.cwd()
    except OSError:
        return START_FOLDER


def expand(path: PathGiven, name: str = "path") -> Path:
    """A path with ``~`` expanded where that means a home, else as written: a file may be called ``~draft.png``.

    Args:
        path: what was given as a path.
        name: what the argument is called, for the refusal.

    Raises:
        OptionMistake: it is no path at all.
    """
    try:
        text = os.fsdecode(path)
        # Of a text that is a member of an enumeration as well, Path would take the name.
        found = Path(str.__str__(text))
    except TypeError:
        # Only text and path-like objects; a number would be an open file's.
        raise _mistake("path_no_text", name=name, given=type(path).__name__) from None
    except Exception as problem:  # noqa: BLE001 - a path-like object runs whatever code it likes
        reason = f"{type(problem).__name__}: {problem}"[:200]
        raise _mistake("path_unreadable", path=type(path).__name__, reason=reason) from None
    try:
        return found.expanduser()
    except RuntimeError:
        return found


def absolute(path: PathGiven, name: str = "path") -> Path:
    """A path that will be written to, as it is meant now, whatever becomes of the working folder.

    Args:
        path: what was given as a path.
        name: what the argument is called, for the refusal.

    Raises:
        OptionMistake: it is no path or an empty text, an address or a path of Windows elsewhere, begins with the home
            of nobody, holds what was to be filled in, or is relative in a working folder that is gone.
    """
    found = expand(path, name)
    if isinstance(path, str) and not path.strip():
        # Path("") is the working folder.
        raise _mistake("path_empty", name=name)
    if found.is_absolute():
        return _normalize(_require_meant(found))
    try:
        working = Path.cwd()
    except OSError:
        raise _mistake("path_no_working_folder", path=found, folder=START_FOLDER) from None
    first = found.parts[0] if found.parts else ""
    address = re.match(_ADDRESS, str(found))
    if address and not _is_there(working / first):
        is_drive = len(address[1]) == 1
        raise _mistake("path_of_windows" if is_drive else "path_is_address", path=os.fsdecode(path))
    if first.startswith("~") and not _is_there(working / first):
        raise _mistake("path_no_home", path=found, user=first)
    return _normalize(_require_meant(working / found))


def absolute_folder(path: PathGiven, name: str = "folder") -> Path:
    """The same of what will be a folder.

    Raises:
        OptionMistake: as :func:`absolute`; or it is called like an image, and isn't a folder already.
    """
    found = absolute(path, name)
    if found.suffix.lower() in _IMAGE_SUFFIXES and not (_ends_as_folder(path) or is_folder(found)):
        raise _mistake("path_no_folder", path=os.fsdecode(path), name=name)
    return found


def absolute_file(path: PathGiven, name: str, example: str) -> Path:
    """The same of what will be a file, such as the example.

    Raises:
        OptionMistake: as :func:`absolute`; or it is a folder, or is written like one.
    """
    found = absolute(path, name)
    if is_folder(found) or _ends_as_folder(path):
        raise _mistake("path_no_file", path=os.fsdecode(path), name=name, example=example)
    return found


def _ends_as_folder(path: PathGiven) -> bool:
    return isinstance(path, str) and path.endswith(("/", os.sep))


def _require_meant(path: Path) -> Path:
    """The same path; raises OptionMistake where a part stands for another name, but where there is such a folder."""
    if not set("{}$%`<\\").intersection(str(path)):
        return path
    for place in (*reversed(path.parents), path):
        name = re.search(_UNFILLED, place.name)
        if name and not _is_there(place):
            raise _mistake("path_unfilled", path=path, name=name[0])
        # Windows has no such names.
        if re.search(r"\\\w", place.name) and not _is_there(place):
            raise _mistake("path_of_windows", path=path)
    return path


def require_name(path: Path) -> Path:
    """The same path; raises OptionMistake where the file system can't take such a name."""
    try:
        path.lstat()
    except OSError as problem:
        if problem.errno == errno.ENAMETOOLONG:
            raise _mistake("path_unwritable", path=path, reason=describe(problem)) from None
    except ValueError as problem:
        raise _mistake("path_unwritable", path=path, reason=describe(problem)) from None
    return path


def _normalize(path: Path) -> Path:
    return Path(os.path.normpath(path)) if ".." in path.parts and "\0" not in str(path) else path


def is_file(path: PathGiven) -> bool:
    """Whether there is such a file; False also where the file system refuses to say."""
    with contextlib.suppress(OSError, ValueError):
        return expand(path).is_file()
    return False


def is_folder(path: PathGiven) -> bool:
    """Whether there is such a folder; False also where the file system refuses to say."""
    with contextlib.suppress(OSError, ValueError):
        return expand(path).is_dir()
    return False


def _is_there(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path.exists()
    return False


def refuse_unreadable(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn what the file system raises while a file is read into an OptionMistake."""
    return _refuse("path_unreadable", path)


def refuse_unwritable(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn what the file system raises while a file is written into an OptionMistake."""
    return _refuse("path_unwritable", path)


@contextlib.contextmanager
def _refuse(code: str, path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as problem:
        raise _mistake(code, path=path, reason=describe(problem)) from None


def describe(problem: Exception) -> str:
    """What the file system has against a path, in a few words."""
    from qwave_jupyter.i18n import printable

    # Python quotes the name in a UnicodeError, which may be anything.
    unknown = "not Unicode" if isinstance(problem, UnicodeError) else printable(problem)
    return getattr(problem, "strerror", None) or unknown


def write_synced(path: Path, content: bytes) -> None:
    """Write a file through to the disk: once it gets its final name, a power cut leaves no empty file there."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Write a file that nobody ever sees half, in a folder that is made if need be; raise OSError where that fails.

    Args:
        path: its name; a file of that name is replaced.
        content: what it holds then.
        synced: whether it has to survive a power cut.
    """
    # Loading reads the variables below, and needs no random names.
    import uuid

    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: threads and kernels may write the same file at once.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        if synced:
            write_synced(part, content)
        else:
            part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _mistake(code: str, **fields: object) -> OptionMistake:
    # Loading reads the variables below, and needs neither errors nor texts.
    from qwave_jupyter.errors import OptionMistake
    from qwave_jupyter.i18n import printable

    return OptionMistake(f"generation.{code}", **{name: printable(value) for name, value in fields.items()})


def read_folder_variable(name: str) -> Path | None:
    """The folder that an environment variable names; a relative one is that of the moment when it was first read.

    Raises:
        OptionMistake: it can't be a folder.
    """
    text = os.environ.get(name, "").strip()
    return _resolve_once(name, text) if text else None


@cache
def _resolve_once(name: str, text: str) -> Path:
    return require_name(absolute_folder(text, name))


def homes() -> tuple[Path, Path]:
    """Where the journals lie unless a setting says otherwise: the API's and the demo's.

    Raises:
        OptionMistake: ``QWAVE_HOME`` can't be a folder.
    """
    home = read_folder_variable("QWAVE_HOME")
    if home is None:
        import platformdirs

        home = Path(platformdirs.user_data_dir("qwave-jupyter", appauthor=False))
    return home, home / "demo"


for _variable in ("QWAVE_HOME", "QWAVE_SAVE_DIR"):
    # One that can't be used is refused when it is needed.
    with contextlib.suppress(Exception):
        read_folder_variable(_variable)
