"""The names of files are tried before a request is sent, in the folder that they are meant for."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwave_jupyter.images import metadata
from qwave_jupyter.images.saver import find_slug
from qwave_jupyter.jobs import runner
from tests.waiting import PATIENCE

SHORT_ID = "8499f3a2"


def limit_names(monkeypatch, accepts, code=errno.ENAMETOOLONG):
    """Let the file system take only some names."""
    true = Path.open

    def opened(path, mode="r", *args, **options):
        if ("w" in mode or "a" in mode) and not accepts(path.name):
            if code is None:
                raise UnicodeEncodeError("ascii", path.name, 0, 1, "ordinal not in range(128)")
            raise OSError(code, os.strerror(code))
        return true(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [("Sunset 日落 sea", "sunset-sea"), ("Café au lait", "cafe-au-lait"), ("一只猫", "image"), ("A cat", "a-cat")],
)
def test_find_slug_in_ascii(tmp_path, monkeypatch, prompt, slug):
    limit_names(monkeypatch, str.isascii, None)
    assert find_slug(tmp_path / "new", prompt, SHORT_ID) == slug
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(("most", "slug"), [(255, "春天的花园里有一只猫"), (60, "image"), (30, "春天的花园里有一只猫")])
def test_find_slug_counts_bytes(tmp_path, monkeypatch, most, slug):
    limit_names(monkeypatch, lambda name: len(name.encode()) <= most)
    # Where no name is short enough, the name isn't what is wrong.
    assert find_slug(tmp_path, "春天的花园里有一只猫", SHORT_ID) == slug


@pytest.mark.parametrize(
    ("prompt", "slug"), [("日落 sunset", "sunset"), ("Ein Fuß im Gras", "ein-fu-im-gras"), ("一只猫", "image")]
)
def test_plain_names_are_chosen_before_the_order(submit, server, bench, monkeypatch, prompt, slug):
    limit_names(monkeypatch, str.isascii, None)
    tried = []
    monkeypatch.setattr(runner, "find_slug", lambda *given: tried.append(len(server.bodies)) or find_slug(*given))
    job = submit(prompt)
    (image,) = job.result(PATIENCE)
    assert image.path.name.endswith(f"-{slug}-{metadata.short_id(job.id)}-1.png")
    assert image.prompt == prompt
    assert tried == [0]
    assert [one.code for one in job.snapshot.notices] == ["file_name_plain"]
    assert f"named {slug} there" in str(job.snapshot.notices[0])
    assert sorted(one.suffix for one in bench.save_dir.iterdir()) == [".json", ".png"]


def test_usual_names_stay(submit):
    job = submit("一只猫 and a dog")
    (image,) = job.result(PATIENCE)
    assert "-一只猫-and-a-dog-" in image.path.name
    assert job.snapshot.notices == ()


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["一只猫", "café", "日落 sunset"])
def test_names_under_an_ascii_locale(clean_environment, prompt):
    code = (
        "import sys, qwave_jupyter as q; q.use_demo(latency=0.05)\n"
        f"print(ascii(q.generate({prompt!a}, model='z-image-turbo').paths[0].name))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stderr
    (file,) = (clean_environment / "images").glob("*.png")
    assert file.name.isascii()


@pytest.mark.parametrize(
    ("name", "portable"),
    [("con.png", "con_.png"), ("COM1", "COM1_"), ("nul.tar.png", "nul_.tar.png"), ("concert.png", "concert.png")],
)
def test_reserved_names_are_changed(name, portable):
    assert metadata.make_portable(name) == portable
