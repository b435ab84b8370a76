"""Where we run: whether a person is there, how a wait is shown, where our files lie; mostly told by the notebook.

It imports nothing, so that loading costs next to nothing; what asks is imported with the first request.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = [
    "STARTED_IN",
    "BatchPresenter",
    "CellFailer",
    "Presenter",
    "absolute",
    "fail_cell",
    "folder_variable",
    "homes",
    "person_present",
    "present",
    "present_batch",
    "set_batch_presenter",
    "set_cell_failer",
    "set_presenter",
    "survive_views",
    "watch_for_a_person",
    "working_folder",
]


def _find_working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # It was deleted while this process began in it.
        return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none


#: The working directory at load: notebooks like to change it, and their pictures must not wander.
STARTED_IN = _find_working_folder()
Presenter = Callable[["Job"], "Gallery"]
BatchPresenter = Callable[["Batch"], object]
CellFailer = Callable[[BaseException], object]

_presenter: list[Presenter] = []
_batch_presenter: list[BatchPresenter] = []
_cell_failer: list[CellFailer] = []
_person: list[Callable[[], bool]] = []
#: Variables that name folders: their text when it was first read, and what it meant then.
_folders: dict[str, tuple[str, Path]] = {}


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
    if not text:
        return None
    if name not in _folders or _folders[name][0] != text:
        _folders[name] = (text, absolute(text))
    return _folders[name][1]


for _variable in ("QWAVE_HOME", "QWAVE_SAVE_DIR"):
    folder_variable(_variable)


def watch_for_a_person(present: Callable[[], bool]) -> None:
    """Say how to find out whether somebody sits at the keyboard; without that, nobody does.

    Args:
        present: answers True in an interactive session that may ask for input.
    """
    _person[:] = [present]


def person_present() -> bool:
    """Whether somebody sits at the keyboard."""
    return bool(_person) and _person[-1]()


def homes() -> tuple[Path, Path]:
    """Where the journals lie unless a setting says otherwise: the API's and the demo's."""
    home = folder_variable("QWAVE_HOME")
    if home is None:
        import platformdirs

        home = Path(platformdirs.user_data_dir("qwave-jupyter", appauthor=False))
    return home, home / "demo"


def set_presenter(presenter: Presenter | None) -> None:
    """Say how ``generate()`` waits: the notebook shows a live status, a plain script just waits.

    Args:
        presenter: waits for a job and returns its gallery; None goes back to plain waiting.
    """
    _presenter[:] = [presenter] if presenter else []


def present(job: Job) -> Gallery:
    """Wait for a job as the surroundings do.

    Raises:
        GenerationError: how it ended, if not with pictures.
    """
    if _presenter:
        with survive_views():
            return _presenter[-1](job)
    return job.result()


def set_batch_presenter(presenter: BatchPresenter | None) -> None:
    """Say how ``batch()`` is shown while it goes on.

    Args:
        presenter: shows a batch and returns at once; None for nothing.
    """
    _batch_presenter[:] = [presenter] if presenter else []


def present_batch(batch: Batch) -> None:
    """Show a batch as the surroundings do; a plain script shows nothing."""
    if _batch_presenter:
        with survive_views():
            _batch_presenter[-1](batch)


def set_cell_failer(failer: CellFailer | None) -> None:
    """Say how a running cell is made to end with an error after its last statement.

    Args:
        failer: takes the error; None where there are no cells.
    """
    _cell_failer[:] = [failer] if failer else []


def fail_cell(error: BaseException) -> bool:
    """Let the running cell end with an error although its statements go on, so that names are bound.

    Args:
        error: what it is to end with.

    Returns:
        False where there are no cells.
    """
    if _cell_failer:
        _cell_failer[-1](error)
    return bool(_cell_failer)


@contextlib.contextmanager
def survive_views() -> Iterator[None]:
    """Whatever a view raises is told on stderr and goes no further: the job behind it may be paid for."""
    try:
        yield
    except Exception as problem:  # of displays, widgets, comms and terminals
        from qwave_jupyter import i18n
        from qwave_jupyter.errors import QwaveError

        if isinstance(problem, QwaveError):
            raise
        reason = f"{type(problem).__name__}: {problem}"[:300]
        with contextlib.suppress(Exception):
            sys.stderr.write(" ".join(i18n.say("generation.view_failed", reason=reason).split()) + "\n")
