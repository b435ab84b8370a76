"""The demo as a program of its own ends when it is asked to, also where a wait without an end hears no signal."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from qwave_jupyter.demo import __main__ as program


@pytest.fixture
def waits(monkeypatch):
    """How long the main thread has waited each time."""
    found = []
    wait = threading.Event.wait

    def wait_and_note(event, timeout=None):
        # A thread that starts waits for itself.
        if (
            threading.current_thread() is threading.main_thread()
            and sys._getframe(1).f_code.co_filename != threading.__file__
        ):
            found.append(timeout)
            # On Windows nothing interrupts a wait without an end.
            assert timeout is not None
        return wait(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", wait_and_note)
    return found


@pytest.fixture(autouse=True)
def _signals():
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize(
    ("signum", "options"),
    [(signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGINT, ["--latency", "0"])],
    ids=["interrupt", "terminate", "interrupt-with-options"],
)
def test_program_ends_with_a_signal(waits, monkeypatch, capsys, signum, options):
    monkeypatch.setattr(sys, "argv", ["demo", *options])
    describe = program.DemoServer.describe

    def describe_and_signal(server):
        threading.Timer(0.3, os.kill, (os.getpid(), signum)).start()
        return describe(server)

    monkeypatch.setattr(program.DemoServer, "describe", describe_and_signal)
    assert program.main() == 0
    assert waits
    assert "QWAVE_BASE_URL=http://127.0.0.1:" in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["s3://b/x", "{home}", "cat.png", "", "~nobody-here/x"])
def test_program_keeps_tasks_in_a_folder_of_this_machine(tmp_path, monkeypatch, capsys, folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["demo", "--keep-in", folder])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("python -m qwave_jupyter.demo: error: ")
    assert folder in said
    assert not list(tmp_path.iterdir())
