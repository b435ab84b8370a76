"""IPython in a terminal: one line that is rewritten, the path at the end, the image where it can be shown, Ctrl-C."""

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

from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.magics.terminal_view import find_protocol, render_images
from tests.notebook.kernels import HANG, TIMES, journal_rows

pytestmark = pytest.mark.slow

IPYTHON = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]
pytestmark = pytest.mark.slow

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

    def until(self, part, timeout=HANG):
        """Read until something was written; a condition or a part of the text."""
        ends = time.monotonic() + timeout
        while not (part() if callable(part) else part in self.seen):
            assert time.monotonic() < ends, self.seen[:1500] + " … " + self.seen[-1500:]
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            if ready:
                self.seen += os.read(self.ours, 65536).decode("utf-8", "replace")

    def close(self):
        self.process.kill()
        self.process.wait(HANG)
        os.close(self.ours)


@pytest.fixture
def terminal(demo, tmp_path):
    """Starts IPython, whose third prompt comes next."""
    opened = []

    def start(**more):
        opened.append(Terminal({**demo.server.environment(tmp_path), **PLAIN, **more}, tmp_path))
        opened[-1].type(f"%load_ext qwave_jupyter\n{TIMES}\n")
        opened[-1].until("In [3]:")
        opened[-1].seen = ""
        return opened[-1]

    yield start
    for one in opened:
        one.close()
    demo.reset()


def test_one_line_is_rewritten(terminal, demo, tmp_path):
    demo.hold()
    shell = terminal()
    shell.type("%%qwave -o city\na city\n\n\n")
    shell.until("Queued")
    demo.finish()
    shell.until("In [4]:")
    assert "\r\x1b[2Kqwave: gpt-image-2 · " in shell.seen
    # What a person sees in the end: what a carriage return has overwritten is gone.
    lines = [line.rpartition("\x1b[2K")[2] for line in shell.seen.replace("\r\n", "\n").split("\n")]
    told = [line for line in lines if line.startswith("qwave: ")]
    assert len(told) == 1
    assert re.search(r"1 image in [\d.]+ s · .*\.png · \$0\.0", told[0])
    assert "Widget" not in shell.seen
    assert "object at 0x" not in shell.seen
    assert "\x1b_G" not in shell.seen
    assert "\x1b]1337" not in shell.seen
    assert journal_rows(tmp_path)[-1]["state"] == "done"


def test_ctrl_c_cancels_on_the_server(terminal, demo, tmp_path):
    demo.hold()
    shell = terminal()
    shell.type("%%qwave\na city\n\n\n")
    # The line is there, and is rewritten when the server has the task.
    shell.until("Queued")
    shell.type("\x03")
    shell.until("In [4]:")
    assert "was refunded" in shell.seen
    assert "Traceback" not in shell.seen
    assert demo.task(journal_rows(tmp_path)[-1])["status"] == "cancelled"
    shell.type("print('al' + 'ive')\n")
    shell.until("alive")


def test_background_job_writes_nothing(terminal, tmp_path):
    shell = terminal()
    shell.type("%%qwave --no-wait -o job\na city\n\n\n")
    shell.until("In [4]:")
    shell.until(lambda: bool(journal_rows(tmp_path)) and journal_rows(tmp_path)[-1]["state"] == "done")
    assert "Job(" in shell.seen
    assert "\x1b[2K" not in shell.seen
    shell.type("%qwave status\n")
    shell.until("1 image in")


@pytest.mark.parametrize(
    ("more", "opening", "pattern"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "\x1b_Ga=T", r"\x1b_G[^;]*;([^\x1b]*)\x1b\\"),
        ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File=inline=1", r"\x1b\]1337;File=[^:]*:([^\x07]*)\x07"),
    ],
    ids=["kitty", "iterm"],
)
def test_image_is_shown_inline(terminal, more, opening, pattern):
    shell = terminal(**more)
    shell.type("%%qwave -r 16:9\na city\n\n\n")
    shell.until("In [4]:")
    assert shell.seen.count(opening) == 1
    content = base64.b64decode("".join(re.findall(pattern, shell.seen)))
    with Image.open(io.BytesIO(content)) as image:
        assert max(image.size) == 480
        assert image.size[0] > image.size[1]
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
def test_protocol_by_environment(environment, protocol):
    assert find_protocol(environment) == protocol


def test_empty_gallery_draws_nothing():
    assert render_images(Gallery(), "") == ""


def test_log_gets_sparse_lines(demo, tmp_path):
    script = f"%load_ext qwave_jupyter\n{TIMES}\nget_ipython().run_cell('%%qwave\\na city')\n"
    (tmp_path / "script.ipy").write_text(script, encoding="utf-8")
    demo.hold()
    own = {**demo.server.environment(tmp_path), **PLAIN, "TERM": "xterm-kitty"}
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    try:
        with subprocess.Popen([*IPYTHON, "script.ipy"], env=own, cwd=tmp_path, **piped) as process:
            lines = []
            while not lines or ("Queued" not in lines[-1] and lines[-1]):
                lines.append(process.stderr.readline())
            demo.finish()
            out, rest = process.communicate(timeout=HANG)
    finally:
        demo.reset()
    assert process.returncode == 0
    said = "".join(lines) + rest
    assert "\x1b" not in said + out
    assert "\r" not in said
    told = [line for line in said.splitlines() if line.startswith("qwave: ")]
    assert 1 < len(told) < 8
    assert re.search(r"1 image in [\d.]+ s · .*\.png", told[-1])
