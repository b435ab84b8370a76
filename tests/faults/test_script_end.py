"""A script whose last act is an order: it is journalled and sent before the interpreter ends, or said."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys

import pytest

from qwave_jupyter.images.metadata import short_id
from qwave_jupyter.jobs.journal.store import Journal
from tests.conftest import Server
from tests.ports import on_own_port

SUBMIT = "import qwave_jupyter as q; q.submit('a fox', model='z-image-turbo')"
NO_WAIT = """
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell()
shell.run_line_magic('load_ext', 'qwave_jupyter')
shell.run_cell_magic('qwave', '-m z-image-turbo --no-wait -o later', 'a fox')
"""
TWO = "import qwave_jupyter as q; [q.submit('a fox', model='z-image-turbo', save=name) for name in ('a', 'b')]"
BATCH = "import qwave_jupyter as q; q.batch(['a fox', 'a fox'], model='z-image-turbo')"
FROM_A_POOL = """
import qwave_jupyter as q, time
from concurrent.futures import ThreadPoolExecutor

def order():
    time.sleep(1)
    q.submit('a fox', model='z-image-turbo')

ThreadPoolExecutor(1).submit(order)
"""
FROM_A_THREAD = """
import qwave_jupyter as q, threading, time
q.use_demo()

def order():
    time.sleep(1)
    q.submit('a fox', model='z-image-turbo')

threading.Thread(target=order).start()
"""
FAILING = "import qwave_jupyter as q; q.submit('a fox', model='z-image-turbo'); raise SystemExit(3)"


#: The seconds that the end waits are long enough for a busy machine, where a test doesn't set its own.
PATIENT = "import qwave_jupyter.threads as t; t.EXIT_WITHIN = t.INTERACTIVE_EXIT_WITHIN = 90.0\n"


def run(code, environment, before=PATIENT):
    return subprocess.run(
        [sys.executable, "-c", before + code], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


def demo_environment(server, home):
    return server.environment(home, QWAVE_DEMO="1", QWAVE_BASE_URL="", QWAVE_API_KEY="")


def entries_of(home):
    journal = Journal(home)
    with contextlib.closing(journal):
        return journal.open_jobs() + journal.history()


@pytest.mark.parametrize(
    ("code", "count", "status"),
    [(SUBMIT, 1, 0), (NO_WAIT, 1, 0), (TWO, 2, 0), (BATCH, 2, 0), (FROM_A_POOL, 1, 0), (FAILING, 1, 3)],
    ids=["submit", "no-wait", "two", "batch", "pool", "exit-code"],
)
def test_last_act_is_sent(slow_server, tmp_path, code, count, status):
    ended = run(code, slow_server.environment(tmp_path))
    assert (ended.returncode, ended.stderr) == (status, "")
    entries = entries_of(tmp_path)
    assert [(one.prompt, one.state) for one in entries] == [("a fox", "running")] * count
    for one in entries:
        assert slow_server.get(f"/v1/tasks/{one.task_id}")["status"] in {"queued", "pending", "processing"}


@pytest.mark.parametrize(
    ("code", "count"),
    [(SUBMIT, 1), (NO_WAIT, 1), (TWO, 2), (BATCH, 2), (FROM_A_POOL, 1), (FROM_A_THREAD, 1)],
    ids=["submit", "no-wait", "two", "batch", "pool", "thread"],
)
def test_last_act_reaches_the_built_in_demo(slow_server, tmp_path, code, count):
    ended = run(code, demo_environment(slow_server, tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    entries = entries_of(tmp_path / "demo")
    assert [entry.prompt for entry in entries] == ["a fox"] * count
    assert all(entry.task_id for entry in entries)


def test_demo_started_after_the_main_thread_is_refused(slow_server, tmp_path):
    code = FROM_A_THREAD.replace("q.use_demo()\n", "")
    ended = run(code, demo_environment(slow_server, tmp_path))
    assert "UserMistake: the program is ending, so no job can begin any more; nothing was sent" in ended.stderr
    assert entries_of(tmp_path / "demo") == ()


@pytest.mark.parametrize(
    "order",
    ["q.submit('a fox')", "q.generate('a fox', n=1)", "q.batch(['a fox', 'a cat'])", "q.resume()"],
    ids=["submit", "generate", "batch", "resume"],
)
@pytest.mark.parametrize("is_demo", [False, True], ids=["server", "demo"])
@pytest.mark.parametrize("head", ["import qwave_jupyter", "import threading"], ids=["early", "late"])
def test_orders_in_exit_handlers_are_refused(slow_server, tmp_path, order, is_demo, head):
    code = f"import atexit\n{head}\ndef finish():\n import qwave_jupyter as q\n {order}\natexit.register(finish)"
    environment = (demo_environment if is_demo else Server.environment)(slow_server, tmp_path)
    ended = run(code, environment, before="")
    assert "UserMistake: the program is ending, so no job can begin any more; nothing was sent" in ended.stderr
    assert entries_of(tmp_path) == entries_of(tmp_path / "demo") == ()


@pytest.mark.parametrize(
    ("rows", "concurrency", "line"),
    [
        ("['a', 'b', 'c', 'd', 'e']", 2, "3 of the batch's 5 rows were not ordered"),
        ("['a', 'b']", 1, "1 of the batch's 2 rows was not ordered"),
        ("(f'cat {n}' for n in range(9))", 3, "the further rows of the batch were not ordered"),
    ],
)
def test_rows_of_a_batch_are_sent_or_named(slow_server, tmp_path, rows, concurrency, line):
    code = f"import qwave_jupyter as q; q.batch({rows}, model='z-image-turbo', concurrency={concurrency})"
    ended = run(code, slow_server.environment(tmp_path))
    assert line in ended.stderr
    assert "nothing was charged" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert [one.state for one in entries_of(tmp_path)] == ["running"] * concurrency


@pytest.mark.parametrize("code", [SUBMIT, TWO, BATCH], ids=["submit", "two", "batch"])
def test_unanswered_orders_are_named(tmp_path, code, slow_server):
    with on_own_port(socket.create_server) as silent:
        environment = slow_server.environment(tmp_path, QWAVE_BASE_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        ended = run(code, environment, before="import qwave_jupyter.threads as t; t.EXIT_WITHIN = 1.0\n")
    entries = entries_of(tmp_path)
    assert [one.state for one in entries] == ["submitting"] * len(entries)
    assert len(ended.stderr.splitlines()) == len(entries) >= 1
    for one in entries:
        assert f"before the server answered the order of job {short_id(one.job_id)} (a fox)" in ended.stderr


@pytest.mark.parametrize("code", [SUBMIT, TWO, BATCH], ids=["submit", "two", "batch"])
def test_refused_orders_are_named(slow_server, tmp_path, code):
    ended = run(code, slow_server.environment(tmp_path, QWAVE_API_KEY="sk-made-up-987654321"))
    assert entries_of(tmp_path) == ()
    lines = ended.stderr.splitlines()
    assert lines
    assert all("(a fox): the server doesn't accept the key (401)" in line for line in lines)
    assert all("nothing was charged" in line for line in lines)


def test_a_fork_leaves_its_parents_orders_alone(slow_server, tmp_path):
    code = f"import os, sys\n{SUBMIT}\nif os.fork(): os.wait()\nelse: sys.exit(0)"
    ended = run(code, slow_server.environment(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [one.state for one in entries_of(tmp_path)] == ["running"]
