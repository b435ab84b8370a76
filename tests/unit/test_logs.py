"""What is caught and shown in one line stands in the log with its traceback, and is not printed twice."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from qwave_jupyter import frontend
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import QwaveError, ReferenceMistake
from qwave_jupyter.widgets.canvas import base
from qwave_jupyter.widgets.panel import panel


class Broken(RuntimeError):
    """Something that no caller expects."""


def fail(*_, **__):
    message = "the reason in full"
    raise Broken(message)


@pytest.fixture
def logged(caplog):
    """The records with a traceback of the exceptions that were caught."""
    caplog.set_level(logging.WARNING, logger="qwave_jupyter")
    return lambda kind=Broken: [one for one in caplog.records if one.exc_info and one.exc_info[0] is kind]


def test_view_is_logged_whole(logged, capsys):
    with frontend.contain_view_errors():
        fail()
    (record,) = logged()
    assert "the reason in full" in record.getMessage()
    assert record.exc_info[2].tb_next is not None
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_panel_is_logged_whole(logged):
    lines = []
    shown = SimpleNamespace(view=SimpleNamespace(show_error=lines.append), lock=threading.Lock())
    panel._shows_errors(fail)(shown)
    (record,) = logged()
    assert record.getMessage().startswith("panel, fail: Broken")
    assert len(lines) == 1


def test_canvas_is_logged_whole(logged, monkeypatch, tmp_path):
    monkeypatch.setattr(base.image_io, "load", fail)
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    with pytest.raises(ReferenceMistake):
        base.decode_image(file)
    assert len(logged()) == 1


def test_row_that_is_broken_is_logged_whole(bench, logged):
    (outcome,) = Batch([fail], bench).start().results()
    assert isinstance(outcome.error, QwaveError)
    assert [one.getMessage().partition(":")[0] for one in logged()] == ["batch, row 1"]


def test_row_of_a_broken_worker_is_logged_whole(bench, asked, logged):
    class Pool:
        def submit(self, *_):
            made = Future()
            made.set_exception(Broken("the reason in full"))
            return made

    (outcome,) = Batch([asked()], bench, executor=Pool()).start().results()
    assert "the reason in full" in str(outcome.error)
    assert [one.getMessage().partition(":")[0] for one in logged()] == ["batch, worker"]


def test_file_of_outcomes_that_fails_is_logged_whole(bench, asked, logged, tmp_path):
    batch = Batch([asked()], bench, write=tmp_path).start()
    with pytest.raises(QwaveError):
        batch.results()
    assert len(logged(IsADirectoryError)) == 1


def test_expected_errors_are_not_logged(logged):
    mistake = ReferenceMistake("canvas.empty_mask")
    shown = SimpleNamespace(view=SimpleNamespace(show_error=lambda _: None), lock=threading.Lock())

    def refuse(_):
        raise mistake

    panel._shows_errors(refuse)(shown)
    assert logged(ReferenceMistake) == []


def test_log_is_silent_without_a_handler():
    code = "from qwave_jupyter.tracebacks import log_problem; log_problem('view', ValueError('x'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("first", ["", "log_problem('view', ValueError('x'))"], ids=["alone", "after-a-problem"])
@pytest.mark.parametrize("place", ["script", "notebook"])
def test_notice_is_printed_in_scripts_alone(first, place):
    load = "import IPython; IPython.InteractiveShell.instance().run_line_magic('load_ext', 'qwave_jupyter')"
    lines = [
        "import logging",
        "from qwave_jupyter.tracebacks import log_problem",
        load if place == "notebook" else "",
        first,
        "logging.getLogger('qwave_jupyter.jobs.runner').warning('a notice')",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stderr == ("a notice\n" if place == "script" else "")
