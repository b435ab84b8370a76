"""Whether a folder takes images is tried before anything is paid, and `resume` takes another one."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import folders
from qwave_jupyter.errors import ConfigurationError, OptionMistake
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.session import default
from tests.fake_session import replace_default
from tests.faults.scripted_bench import scripted
from tests.waiting import PATIENCE


@pytest.fixture
def demo(clean_environment, monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "1")
    replace_default(monkeypatch)
    yield clean_environment
    default().stop_demo()


def dangling(base):
    (base / "dangling").symlink_to(base / "nowhere" / "deep")
    return base / "dangling"


def looping(base):
    (base / "one").symlink_to(base / "two")
    (base / "two").symlink_to(base / "one")
    return base / "one" / "images"


def file_inside(base):
    (base / "file").write_text("")
    return base / "file" / "images"


FOLDERS = {
    "dangling link": dangling,
    "looping link": looping,
    "file": lambda base: file_inside(base).parent,
    "folder in a file": file_inside,
    "proc": lambda _: Path("/proc/x"),
    "proc itself": lambda _: Path("/proc"),
    "NUL": lambda base: base / "a\x00b",
    "lone surrogate": lambda base: base / "\ud800x",
    "byte surrogate": lambda base: base / "\udcffx",
    "too long": lambda base: base / ("x" * 300),
}


def submit_with_setting(folder):
    qwave.configure(save_dir=folder)
    try:
        qwave.submit("a cat")
    finally:
        qwave.configure(save_dir=None)


WAYS = {
    "submit": lambda folder: qwave.submit("a cat", save=folder),
    "batch": lambda folder: qwave.batch(["a cat"], save=folder),
    "resume": lambda folder: qwave.resume(save=folder),
    "setting": submit_with_setting,
}


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("way", WAYS)
def test_an_unusable_folder_is_refused(demo, kind, way):
    # A setting that no file system takes is refused where it is set.
    refused_at_once = way == "setting" and kind in {"NUL", "lone surrogate", "too long"}
    with pytest.raises(ConfigurationError if refused_at_once else OptionMistake) as refusal:
        WAYS[way](FOLDERS[kind](demo))
    text = str(refusal.value)
    assert "\n" not in text
    assert text.isprintable()
    assert "Nothing was sent" in text or refused_at_once
    assert default().jobs == ()


@pytest.mark.parametrize("kind", ["NUL", "lone surrogate", "too long"])
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_home_that_no_file_system_takes_is_refused(demo, kind, below):
    with pytest.raises(ConfigurationError, match="home"):
        qwave.configure(home=FOLDERS[kind](demo) / below)
    assert qwave.history() is not None


@pytest.mark.parametrize("step", ["mkdir", "file"])
def test_a_folder_is_tried_and_not_guessed(demo, monkeypatch, step):
    """What the permissions don't tell: a full disk, or a file system that is mounted read-only."""

    def refuse(*_args, **_options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(*{"mkdir": (Path, "mkdir", refuse), "file": (tempfile, "NamedTemporaryFile", refuse)}[step])
    with pytest.raises(OptionMistake, match="Read-only file system"):
        default().job_context(demo / "new")


def test_a_usable_folder_keeps_no_trial_file(demo):
    assert default().job_context(demo / "new" / "deep").save_dir == demo / "new" / "deep"
    assert list((demo / "new" / "deep").iterdir()) == []


def test_resume_takes_another_folder(tmp_path):
    with scripted(tmp_path) as here:
        here.bench.save_dir.write_text("in the way")
        here.leave_open("a")
        (job,) = resume(here.bench)
        with pytest.raises(Exception, match="--save") as caught:
            job.result(PATIENCE)
        assert "%qwave resume --save" in str(caught.value)
        (job,) = resume(here.bench, save_dir=tmp_path / "elsewhere")
        (path,) = job.result(PATIENCE).paths
        assert path.parent == tmp_path / "elsewhere"
        assert path.is_file()
        assert resume(here.bench) == ()


def test_a_chosen_folder_is_remembered_for_the_next_resume(tmp_path):
    with scripted(tmp_path) as here:
        here.leave_open("a")
        here.server.faults["image"] = [500] * 50
        (job,) = resume(here.bench, save_dir=tmp_path / "elsewhere")
        with pytest.raises(Exception, match="answered 500"):
            job.result(PATIENCE)
        here.server.faults.clear()
        (job,) = resume(here.bench)
        assert job.result(PATIENCE)[0].path.parent == tmp_path / "elsewhere"


def test_an_unanswered_order_is_not_repeated_for_an_unusable_folder(tmp_path):
    with scripted(tmp_path) as here:
        here.bench.save_dir.write_text("in the way")
        here.leave_open("a", task=False)
        (job,) = resume(here.bench)
        with pytest.raises(OptionMistake, match="%qwave resume --save"):
            job.result(PATIENCE)
        assert here.server.seen == []
        # It stays open, and goes on where it can.
        (job,) = resume(here.bench, save_dir=tmp_path / "elsewhere")
        assert job.result(PATIENCE)[0].path.parent == tmp_path / "elsewhere"


def test_resume_saves_relative_to_the_folder_of_the_call(demo, monkeypatch):
    monkeypatch.chdir(demo)
    assert default().job_context("images").save_dir == demo / "images"
    assert default().job_context("x/../images").save_dir == demo / "images"


@pytest.mark.parametrize("name", ["QWAVE_HOME", "QWAVE_SAVE_DIR"])
def test_a_relative_variable_means_one_folder(demo, monkeypatch, name):
    first, second = demo / "first", demo / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.chdir(first)
    monkeypatch.setenv(name, "mine")

    def folder():
        now = default().settings
        return now.home if name == "QWAVE_HOME" else default().save_folder(now)

    assert folder() == first / "mine"
    monkeypatch.chdir(second)
    assert folder() == first / "mine"
    # Another value is another folder.
    monkeypatch.setenv(name, "other")
    assert folder() == second / "other"


@pytest.mark.parametrize("setting", ["home", "save_dir"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_relative_setting_means_one_folder(demo, monkeypatch, setting, kind):
    monkeypatch.chdir(demo)
    try:
        default().configure(**{setting: kind("mine")})
        os.chdir("/")
        assert getattr(default().settings, setting) == demo / "mine"
    finally:
        default().configure(**{setting: None})


def test_a_relative_outcome_file_means_one_file(demo, monkeypatch):
    monkeypatch.chdir(demo)
    batch = qwave.batch(["a cat"], write="outcomes.jsonl", model="z-image-turbo")
    os.chdir("/")
    batch.results()
    assert (demo / "outcomes.jsonl").read_text().count("\n") == 1
    assert folders.find_working_folder() == Path("/")
