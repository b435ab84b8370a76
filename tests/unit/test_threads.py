"""The one way in which work is started."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import qwave_jupyter
from qwave_jupyter.session import Session
from qwave_jupyter.threads import report_exception, spawn

PACKAGE = Path(qwave_jupyter.__file__).parent
STARTERS = {"Thread", "Timer", "start_new_thread"}


def find_starts(source):
    """The lines of a source at which a thread is started in another way than by ``spawn``."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr in STARTERS)
            or (isinstance(node.func, ast.Name) and node.func.id in STARTERS)
        )
    ]


@pytest.mark.parametrize("name", ["view", "batch-stop", "8499f3a2"])
def test_spawn_runs_named_daemon(name):
    seen = []
    thread = spawn(lambda: seen.append(threading.current_thread()), name=name)
    thread.join(30)
    assert seen == [thread]
    assert thread.daemon
    assert thread.name == f"qwave-{name}"


@pytest.mark.parametrize("problem", [ValueError("bad"), KeyError("gone"), OSError("closed")])
def test_spawn_reports_what_work_raises(monkeypatch, problem):
    complaints = []
    monkeypatch.setattr(threading, "excepthook", lambda told: complaints.append(told.exc_value))

    def work():
        raise problem

    spawn(work, name="failing").join(30)
    assert complaints == [problem]


@pytest.mark.parametrize("text", ["1 / 0", "{}['gone']", "int('x')"])
def test_report_exception_names_thread_and_place(monkeypatch, capsys, text):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)

    def callback():
        try:
            eval(text)  # noqa: S307 - ours
        except Exception as problem:  # noqa: BLE001 - whatever a callback raises
            report_exception(problem)

    spawn(callback, name="callback").join(30)
    told = capsys.readouterr().err
    assert "Exception in thread qwave-callback" in told
    assert "in callback" in told
    assert re.search(r"^(ZeroDivisionError|KeyError|ValueError): ", told, re.MULTILINE)


def test_session_exposes_spawn():
    assert Session.spawn is spawn


def test_spawned_work_holds_up_no_exit():
    code = "import threading; from qwave_jupyter.threads import spawn; spawn(threading.Event().wait, name='endless')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "source",
    [
        "threading.Thread(target=work, daemon=True).start()",
        "from threading import Thread as T, Thread\nThread(target=work)",
        "threading.Timer(2.0, work).start()",
        "_thread.start_new_thread(work, ())",
    ],
)
def test_find_starts_sees_each_way(source):
    assert find_starts(source)


def test_only_spawn_starts_threads():
    starts = {
        module.relative_to(PACKAGE).as_posix(): lines
        for module in sorted(PACKAGE.rglob("*.py"))
        if (lines := find_starts(module.read_text(encoding="utf-8")))
    }
    assert list(starts) == ["threads.py"]
    assert len(starts["threads.py"]) == 1
