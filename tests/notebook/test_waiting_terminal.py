"""IPython in a terminal: one line that is rewritten, the path at the end, the picture where it can be shown, Ctrl-C."""

from __future__ import annotations

import base64
import io
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from PIL import Image

from qwave_jupyter.generation.gallery import Gallery
from qwave_jupyter.notebook.terminal import drawn, protocol_of
from tests.notebook.kernels import journal_rows, submitted

IPYTHON = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]
PLAIN = {"TERM": "xterm-256color", "TERM_PROGRAM": "", "KITTY_WINDOW_ID": "", "LC_TERMINAL": "", "TMUX": "", "STY": ""}


class Terminal:
    """IPython behind a pseudo terminal."""

    def __init__(self, environment, folder):
        self.ours, theirs = pty.openpty()
        # A terminal of its own, so that its Ctrl-C reaches this process and no other.
        own = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = [sys.executable, "-c", own, *IPYTHON]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder, start_new_session=True
        )
        os.close(theirs)
        self.seen = ""

    def type(self, text):
        os.write(self.ours, text.encode("utf-8"))

    def until(self, part, timeout=30):
        """Read until something was written; a condition or a part of the text."""
        ends = time.monotonic() + timeout
        while not (part() if callable(part) else part in self.seen):
            assert time.monotonic() < ends, self.seen[-3000:]
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            if ready:
                self.seen += os.read(self.ours, 65536).decode("utf-8", "replace")

    def close(self):
        self.process.kill()
        self.process.wait(10)
        os.close(self.ours)


@pytest.fixture
def terminal(quick_server, tmp_path):
    opened = []

    def start(server=quick_server, **more):
        opened.append(Terminal({**server.environment(tmp_path), **PLAIN, **more}, tmp_path))
        opened[-1].type("%load_ext qwave_jupyter\n")
        opened[-1].until("In [2]:")
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_a_terminal_gets_one_line_that_is_rewritten_and_then_the_path(terminal, tmp_path):
    shell = terminal()
    shell.seen = ""
    shell.type("%%qwave -o city\na city\n\n\n")
    shell.until("In [3]:")
    assert "\r\x1b[2Kqwave: gpt-image-2 · " in shell.seen
    # What a person sees in the end: what a carriage return has overwritten is gone.
    lines = [line.rpartition("\x1b[2K")[2] for line in shell.seen.replace("\r\n", "\n").split("\n")]
    told = [line for line in lines if line.startswith("qwave: ")]
    assert len(told) == 1
    assert re.search(r"1 picture in [\d.]+ s · .*\.png · \$0\.0", told[0])
    assert "Widget" not in shell.seen
    assert "object at 0x" not in shell.seen
    assert "\x1b_G" not in shell.seen
    assert "\x1b]1337" not in shell.seen
    assert journal_rows(tmp_path)[-1]["state"] == "done"


def test_ctrl_c_cancels_on_the_server_and_says_so_in_one_line(terminal, slow_server, tmp_path):
    shell = terminal(slow_server)
    shell.seen = ""
    shell.type("%%qwave\na city\n\n\n")
    shell.until(lambda: submitted(tmp_path))
    shell.type("\x03")
    shell.until("In [3]:")
    assert "was refunded" in shell.seen
    assert "Traceback" not in shell.seen
    row = journal_rows(tmp_path)[-1]
    assert slow_server.get(f"/v1/tasks/{row['task_id']}")["status"] == "cancelled"
    shell.type("print('al' + 'ive')\n")
    shell.until("alive")


def test_a_background_job_leaves_the_prompt_alone(terminal, tmp_path):
    shell = terminal()
    shell.seen = ""
    shell.type("%%qwave --no-wait -o job\na city\n\n\n")
    shell.until("In [3]:")
    shell.until(lambda: bool(journal_rows(tmp_path)) and journal_rows(tmp_path)[-1]["state"] == "done")
    assert "Job(" in shell.seen
    assert "\x1b[2K" not in shell.seen
    shell.type("%qwave status\n")
    shell.until("1 picture in")


@pytest.mark.parametrize(
    ("more", "opening", "pattern"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "\x1b_Ga=T", r"\x1b_G[^;]*;([^\x1b]*)\x1b\\"),
        ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File=inline=1", r"\x1b\]1337;File=[^:]*:([^\x07]*)\x07"),
    ],
    ids=["kitty", "iterm"],
)
def test_a_terminal_that_can_shows_the_picture_itself(terminal, more, opening, pattern):
    shell = terminal(**more)
    shell.seen = ""
    shell.type("%%qwave -r 16:9\na city\n\n\n")
    shell.until("In [3]:")
    assert shell.seen.count(opening) == 1
    content = base64.b64decode("".join(re.findall(pattern, shell.seen)))
    with Image.open(io.BytesIO(content)) as picture:
        assert max(picture.size) == 480
        assert picture.size[0] > picture.size[1]
    assert all(len(piece) <= 4096 for piece in re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b", shell.seen))


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "3"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"LC_TERMINAL": "iTerm2", "TERM": "xterm-256color"}, "iterm"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, ""),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, ""),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
    ],
)
def test_only_a_terminal_that_makes_itself_known_is_sent_pictures(environment, protocol):
    assert protocol_of(environment) == protocol


def test_no_picture_is_drawn_where_none_can_be():
    assert drawn(Gallery(), "") == ""


def test_a_log_gets_sparse_lines_and_no_control_characters(quick_server, tmp_path):
    script = "%load_ext qwave_jupyter\nget_ipython().run_cell('%%qwave\\na city')\n"
    (tmp_path / "script.ipy").write_text(script, encoding="utf-8")
    command = [*IPYTHON, "script.ipy"]
    more = {**quick_server.environment(tmp_path), **PLAIN, "TERM": "xterm-kitty"}
    ended = subprocess.run(command, env=more, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "\x1b" not in ended.stderr + ended.stdout
    assert "\r" not in ended.stderr
    told = [line for line in ended.stderr.splitlines() if line.startswith("qwave: ")]
    assert 1 < len(told) < 8
    assert re.search(r"1 picture in [\d.]+ s · .*\.png", told[-1])
