"""In a kernel the user's own frames stand below an error's one line; ``%tb`` shows all of them."""

from __future__ import annotations

import re

import pytest

from tests.notebook.conftest import OLDEST_AND_NEWEST

pytestmark = [pytest.mark.kernel, OLDEST_AND_NEWEST]

POSTER = "def poster(prompt, n):\n    return qwave.generate(prompt, model='z-image-turbo', n=n)"


def read_traceback(kernel, cell, *, stdin=True):
    (sent,) = kernel.queue(cell, stdin=stdin)
    kernel.wait(sent)
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(kernel.replies[sent]["traceback"])).splitlines()


def test_user_frames_follow_the_line(kernel):
    kernel.run(POSTER)
    line, *frames = read_traceback(kernel, "for n in (9,):\n    poster('a fox', n)")
    assert line.startswith("RequestRefused: n can be 1")
    assert [frame for frame in frames if "----> 2" in frame] == [
        "----> 2 poster('a fox', n)",
        "----> 2 return qwave.generate(prompt, model='z-image-turbo', n=n)",
    ]
    assert [frame.endswith(", in poster") for frame in frames if "Cell In[" in frame] == [False, True]


def test_log_ends_with_the_reason(kernel):
    kernel.run(POSTER)
    *frames, line = read_traceback(kernel, "a = 1\nposter('a fox', 9)", stdin=False)
    assert line.startswith("RequestRefused: n can be 1")
    assert "----> 2 poster('a fox', 9)" in frames


def test_failed_job_shows_where_it_was_asked_for(kernel, demo):
    kernel.run(POSTER)
    demo.change(fail="upstream_bad_request:1")
    frames = read_traceback(kernel, "a = 1\nposter('a fox', 1)")
    # The card says why.
    assert frames[0].startswith("Cell In[")
    assert "----> 2 poster('a fox', 1)" in frames
    assert not any("qwave_jupyter" in frame for frame in frames)


def test_tb_shows_all(kernel):
    kernel.run(POSTER)
    read_traceback(kernel, "poster('a fox', 9)")
    (sent,) = kernel.queue("%tb")
    kernel.wait(sent)
    shown = "".join("\n".join(one.get("traceback", ())) + one.get("text", "") for one in kernel.saved[sent])
    assert "session.py" in shown
