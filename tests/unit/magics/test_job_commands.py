"""Commands that name a job find it in one way, also after a restart; those that take a file or a word take one."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, QwaveError, UnknownTask
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.images.metadata import short_id
from qwave_jupyter.magics.line_magic import LineMagic
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel.panel import find_request, panel_from_line
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole

WAIT = 20


def run(line, **variables):
    return LineMagic(RecordingConsole(user_ns=variables))(line)


@pytest.fixture
def jobs(ours, server):
    """Two ended jobs, task-1 and task-2."""
    made = [qwave.submit(prompt) for prompt in ("a cat", "a dog")]
    for job in made:
        job.result(WAIT)
    return made


@pytest.fixture
def restarted(jobs, ours, monkeypatch):
    replace_default(monkeypatch, ours)
    assert not default().jobs
    return jobs


NAMES = {
    "job id": lambda job: job.id,
    "in the file's name": lambda job: short_id(job.id),
    "end of the job id": lambda job: job.id[-8:],
    "task id": lambda job: job.task_id,
    "end of the task id": lambda job: job.task_id[-3:],
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("when", ["jobs", "restarted"])
def test_every_command_finds_a_job(request, when, name):
    job = request.getfixturevalue(when)[0]
    called = NAMES[name](job)
    shown = run(f"show {called}")
    assert isinstance(shown, Gallery)
    assert [image.job_id for image in shown] == [job.id]
    assert find_request(called).prompt == "a cat"
    console = RecordingConsole()
    assert short_id(job.id) in console.typed(f"status {called}") or job.task_id in console.typed(f"status {called}")


@pytest.mark.parametrize("when", ["this kernel", "another kernel"])
@pytest.mark.parametrize("command", ["show", "status", "cancel", "panel --from"])
@pytest.mark.parametrize("name", ["1", "k-1", "sk-1"])
def test_name_of_several_jobs_is_refused(ours, server, monkeypatch, when, command, name):
    for prompt in [f"cat {number}" for number in range(11)]:
        qwave.generate(prompt)
    for entry in ours.journal.history():
        if entry.task_id == "task-11":
            ours.journal.update(entry.job_id, task_id="other-task-1")
    if when == "this kernel":
        (other,) = [job for job in default().jobs if job.task_id == "task-11"]
        other._runner.snapshot = type(other.snapshot)(**{**vars(other.snapshot), "task_id": "other-task-1"})
    else:
        replace_default(monkeypatch, ours)
    with pytest.raises(UnknownTask, match=f"several jobs are called '{name}'"):
        run(f"{command} {name}")


def test_job_of_an_earlier_kernel_is_not_cancelled(restarted):
    with pytest.raises(UnknownTask, match="none of this kernel; the journal has it as done"):
        run(f"cancel {short_id(restarted[0].id)}")
    with pytest.raises(UnknownTask, match="no job in this kernel yet"):
        run("cancel")


@pytest.mark.parametrize("state", ["done", "failed", "running"])
def test_job_without_images_is_said(restarted, ours, state):
    job = restarted[0]
    job.gallery[0].path.unlink()
    ours.journal.update(job.id, state=state)
    with pytest.raises(UnknownTask, match=f"{short_id(job.id)}, which the journal has as {state}, no image"):
        run(f"show {short_id(job.id)}")


@pytest.mark.parametrize("name", ["nothing", "task-9", "%", "_", "\ud83d"])
@pytest.mark.parametrize("command", ["show", "status", "cancel", "panel --from"])
def test_unknown_job_is_said(restarted, command, name):
    with pytest.raises(UnknownTask, match="there is no job"):
        run(f"{command} {name}")


@pytest.mark.parametrize("word", ["''", '""', "' '", "{{empty}}"])
@pytest.mark.parametrize("command", ["show", "status", "cancel", "model", "history", "models", "weight", "demo"])
def test_empty_word_is_refused(jobs, command, word):
    with pytest.raises(OptionMistake, match=rf"of %qwave {command} is empty; give it a value, or leave it out"):
        run(f"{command} {word}", empty="")


@pytest.mark.parametrize("word", ["''", '""', "' '", "{{empty}}"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("report a.html --by", "--by"),
        ("resume --save", "--save"),
        ("models --action", "--action"),
        ("models --max-price", "--max-price"),
        ("demo on --fail", "--fail"),
    ],
)
@pytest.mark.parametrize("joined", [" ", "="])
def test_empty_option_of_a_command_is_refused(jobs, tmp_path, monkeypatch, command, option, word, joined):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionMistake, match=f"^{option} is empty"):
        run(f"{command}{joined}{word}", empty="")
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("arguments", [["--from", ""], ["--from="], ["--from", "  "], ["--from= "]])
def test_panel_from_an_empty_name_is_refused(jobs, arguments):
    with pytest.raises(OptionMistake, match=r"^--from is empty"):
        panel_from_line(arguments)


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_empty_name_is_no_job(jobs, name):
    for find in (default().find_job, find_request, lambda name: qwave.panel(task=name)):
        with pytest.raises(OptionMistake, match="task is empty"):
            find(name)


@pytest.mark.parametrize(
    ("line", "extra"),
    [
        ("report page --by Ann Lee", "Lee"),
        ("report a.html b.html", "b.html"),
        ("report my page.html", "page.html"),
        ("weight a.ipynb b.ipynb", "b.ipynb"),
        ("show task-1 task-2", "task-2"),
    ],
)
def test_further_word_is_refused(jobs, tmp_path, monkeypatch, line, extra):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionMistake, match=f"takes one word, and there was '{extra}' as well.*in quotes"):
        run(line)
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("report 'my page.html' --by 'Ann Lee'", "my page.html"),
        ("report page --by=Ann --all", "page.html"),
        ("report sub/a.html --all", "sub/a.html"),
    ],
)
def test_report_has_the_name_that_was_given(jobs, tmp_path, monkeypatch, line, file):
    monkeypatch.chdir(tmp_path)
    run(line)
    assert [one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*.html")] == [file]
    assert ("By Ann Lee." in (tmp_path / file).read_text("utf-8")) == ("Lee" in line)


@pytest.mark.parametrize("file", ["out/", "a.html/", "s3://b/a.html", "{name}.html"])
def test_report_that_is_no_file_here_is_refused(jobs, tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QwaveError, match=r"takes a file|is an address|nothing fills in"):
        run(f"report {file} --all")
    assert not list(tmp_path.rglob("*.html"))
