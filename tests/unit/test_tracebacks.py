"""An error of ours in IPython: its one line, and below it the frames of cells and of the user's own files."""

from __future__ import annotations

import copyreg
import re
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from qwave_jupyter.errors import OptionMistake, QwaveError, RequestRefused
from tests.fake_session import replace_default

REFUSED = "RequestRefused: n can be 1; you asked for 9."
HELPERS = """def poster(prompt, count):
    return qwave.generate(prompt, model="z-image-turbo", n=count)


class Series:
    def draw(self):
        return [poster("a fox", n) for n in (9,)]
"""


@pytest.fixture
def shell(clean_environment, monkeypatch, tmp_path, capsys):
    """A shell in which our magics are loaded, and the function that prints what a cell does."""
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    replace_default(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("QWAVE_DEMO", "1")

    def run(cell):
        made.run_cell(cell, store_history=True)
        streams = capsys.readouterr()
        return re.sub(r"\x1b\[[0-9;]*m", "", streams.out + streams.err).strip()

    made.run = run
    run("%load_ext qwave_jupyter\nimport qwave_jupyter as qwave")
    run(HELPERS)
    yield made
    made.run_line_magic("unload_ext", "qwave_jupyter")
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    ("cell", "frames"),
    [
        (
            "a = 1\nposter('a fox', 9)",
            ["Cell In[3], line 2", "----> 2 poster('a fox', 9)", "Cell In[2], line 2, in poster"],
        ),
        (
            "for n in (1,):\n    if n:\n        Series().draw()",
            ["Cell In[3], line 3", "in draw", '----> 7 return [poster("a fox", n) for n in (9,)]', "in poster"],
        ),
        ("a = 1\n\nqwave.batch([], concurrency=0)", ["Cell In[3], line 3", "----> 3 qwave.batch([], concurrency=0)"]),
        ("a = 1\n%qwave nonsense", ["Cell In[3], line 2"]),
        ("%%time\na = 1\nposter('a fox', 9)", ["<timed exec>, line 2", "Cell In[2], line 2, in poster"]),
    ],
)
def test_frames_of_the_user_are_shown(shell, cell, frames):
    text = shell.run(cell)
    places = [text.index(frame) for frame in frames]
    assert places == sorted(places)
    assert "qwave_jupyter/" not in text


def test_first_line_is_the_error(shell):
    first, *frames = shell.run("poster('a fox', 9)").splitlines()
    assert first.startswith(REFUSED)
    assert len(frames) == 4


def test_frames_of_own_modules_are_shown(shell, tmp_path):
    (tmp_path / "posters.py").write_text("import qwave_jupyter as qwave\n" + HELPERS, encoding="utf-8")
    text = shell.run("import posters\nposters.Series().draw()")
    assert f"File {tmp_path / 'posters.py'}, line 8, in draw" in text
    assert text.count("line") == 3 + (sys.version_info < (3, 12))
    del sys.modules["posters"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("%%qwave -m z-image-turbo -n 9\na fox", "RequestRefused"),
        ("%%time\n%%qwave -m z-image-turbo --timeout soon\na fox", "OptionMistake"),
        ("%qwave nonsense", "OptionMistake"),
    ],
)
def test_mistake_in_a_magic_is_one_line(shell, cell, name):
    text = shell.run(cell)
    assert [line.partition(":")[0] for line in text.splitlines() if "Refused" in line or "Mistake" in line] == [name]
    assert "-->" not in text
    assert "Cell In" not in text


def test_tb_shows_all_frames(shell):
    shell.run("poster('a fox', 9)")
    for _ in range(2):
        text = shell.run("%tb")
        assert "Cell In[3], line 1" in text
        assert "qwave_jupyter/session.py" in text
        assert text.splitlines()[-1].startswith(REFUSED)
    assert "Traceback (most recent call last)" in shell.run("%tb Plain")


@pytest.mark.slow
def test_tb_of_a_mistake_in_a_cell_shows_all_frames(shell):
    shell.run("%%qwave -m z-image-turbo -n 9\na fox")
    assert "cell_magic.py" in shell.run("%tb")


@pytest.mark.parametrize(
    ("mode", "shown", "hidden"),
    [
        ("Verbose", ["poster(prompt='a fox', count=9)", "count = 9", REFUSED], ["qwave_jupyter/session.py"]),
        ("Plain", ["Traceback (most recent call last):", "poster('a fox', 9)", REFUSED], ["session.py", "---->"]),
        ("Minimal", [REFUSED], ["Cell", "poster"]),
        ("Context", [REFUSED, "----> 1 poster('a fox', 9)"], ["session.py"]),
    ],
)
def test_xmode_is_obeyed(shell, mode, shown, hidden):
    shell.run(f"%xmode {mode}")
    text = shell.run("poster('a fox', 9)")
    shell.run("%xmode Context")
    assert [one for one in shown if one not in text] == []
    assert [one for one in hidden if one in text] == []


def test_recursion_is_cut_in_the_middle(shell):
    text = shell.run("def deeper(n):\n    return deeper(n - 1) if n else poster('a fox', 9)\n\ndeeper(50)")
    assert text.count(", in deeper") == 3 + 7
    assert "… 41 …" in text
    assert text.endswith('model="z-image-turbo", n=count)')


def test_log_ends_with_the_reason_where_nobody_is(shell, monkeypatch):
    monkeypatch.setattr(shell._qwave_frontend, "is_interactive", lambda: False)
    *frames, last = shell.run("poster('a fox', 9)").splitlines()
    assert last.startswith(REFUSED)
    assert frames[0] == "Cell In[3], line 1"


def test_error_raised_again_shows_the_place_of_now(shell):
    shell.run("refused = qwave.errors.OptionMistake('options.unknown_command', given='a', allowed=(), near='')")
    for number in (4, 5):
        text = shell.run(f"a = {number}\nraise refused.with_traceback(None)")
        assert f"Cell In[{number}], line 2" in text
        assert text.count("Cell") == 1


def test_error_is_one_line_without_a_shell():
    error = OptionMistake("options.unknown_command", given="a", allowed=("b",), near="")
    assert error._render_traceback_() == [f"OptionMistake: {error}"]


def test_cancel_is_one_line(shell):
    cell = "a = 1\nraise qwave.errors.Cancelled('generation.cancelled_unsent', job_id='', task_id='')"
    assert len(shell.run(cell).splitlines()) == 1
    assert "Cell In[3], line 2" in shell.run("%tb")


@pytest.mark.parametrize("mode", ["Context", "Plain", "Verbose", "Minimal"])
@pytest.mark.parametrize("copies", [False, True], ids=["", "with tblib"])
def test_what_a_user_adds_to_an_error_is_shown(shell, monkeypatch, mode, copies):
    if copies:
        # As tblib does it for every error: what is behind it goes along.
        monkeypatch.setitem(copyreg.dispatch_table, RequestRefused, lambda error: (lambda same: same, (error,)))
    shell.run(f"%xmode {mode}")
    said = shell.run(
        "try:\n    poster('a fox', 9)\nexcept qwave.QwaveError as error:\n"
        "    error.add_note('while making poster 3')\n    raise error from ValueError('the list is wrong')"
    )
    assert said.splitlines().count("while making poster 3") == 1
    assert said.splitlines().count("caused by ValueError: the list is wrong") == 1
    assert "n can be 1; you asked for 9." in said


def test_what_a_dataclass_has_generated_is_no_frame_of_the_user(shell):
    said = shell.run("a = 1\n%qwave demo on --latency -1")
    assert "<string>" not in said
    assert "Cell In[3], line 2" in said


@pytest.mark.parametrize("text", ["boom", "no such thing", "api.no_such_key", "a.b.c", "", "../x", "\x00"])
def test_error_of_a_user_has_its_text(text):
    class PosterError(QwaveError):
        pass

    for kind in (QwaveError, PosterError):
        assert str(kind(text)) == text
        assert repr(kind(text)) == f"{kind.__name__}({text!r})"
