"""Paths that no file system takes are refused in one line, wherever a person may give one."""

from __future__ import annotations

import enum
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import folders
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.images.gallery import Gallery, GeneratedImage, write_report
from qwave_jupyter.magics.cell_options import parse_line
from qwave_jupyter.magics.completion import complete
from tests.fake_session import replace_default
from tests.image_factory import plain

NOBODY = "~nosuchuser/x"
UNUSABLE = ["nobody", "long", "zero", "surrogate", "loop", "under a file"]


@pytest.fixture
def unusable(request, tmp_path):
    """A path of each kind that can be neither read nor written."""
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    (tmp_path / "file").write_text("")
    return {
        "nobody": NOBODY,
        "long": str(tmp_path / ("x" * 300)),
        "zero": "a\0b",
        "surrogate": "a\ud800b",
        "loop": str(tmp_path / "one" / "x"),
        "under a file": str(tmp_path / "file" / "x"),
    }[request.param]


@pytest.fixture
def demo(clean_environment, monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "1")
    monkeypatch.chdir(clean_environment)
    session = replace_default(monkeypatch)
    yield session
    session.stop_demo()


@pytest.fixture
def gallery(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(plain(400, 300))
    return Gallery([GeneratedImage(path, width=400, height=300, format="png", prompt="a cat", model="z-image-turbo")])


USES = {
    "image": lambda path, _: qwave.build("x", model="gpt-image-2", images=[path]),
    "image of a cell": lambda path, _: qwave.build(
        "x", model="gpt-image-2", **parse_line(f"-i '{path}'", qwave.model("gpt-image-2"), {}).values
    ),
    "save": lambda path, _: qwave.submit("x", model="z-image-turbo", save=path),
    "write": lambda path, _: qwave.batch(["a"], model="z-image-turbo", write=path),
    "gallery.save": lambda path, gallery: gallery.save(path),
    "gallery.to_html": lambda path, gallery: gallery.to_html(path),
    "report": lambda path, gallery: write_report(Path(path), gallery),
    "read_provenance": lambda path, _: qwave.read_provenance(path),
    "edition": lambda path, _: qwave.Session(edition=path).model("z-image-turbo"),
}


@pytest.mark.parametrize("unusable", UNUSABLE, indirect=True)
@pytest.mark.parametrize("use", USES)
@pytest.mark.usefixtures("demo")
def test_unusable_path_is_one_line(unusable, use, gallery):
    with pytest.raises(QwaveError) as problem:
        USES[use](unusable, gallery)
    assert "\n" not in str(problem.value)
    assert "\0" not in str(problem.value)
    assert problem.value.__cause__ is None
    assert len(qwave.history()) == 0


@pytest.mark.parametrize("content", [plain(), plain(kind="JPEG"), plain(kind="WEBP"), b"PK\x03\x04"])
@pytest.mark.usefixtures("demo")
def test_outcomes_are_appended_to_no_image(tmp_path, content):
    file = tmp_path / "made"
    file.write_bytes(content)
    with pytest.raises(QwaveError, match="another kind"):
        qwave.batch(["a"], model="z-image-turbo", write=file)
    assert file.read_bytes() == content
    assert len(qwave.history()) == 0


@pytest.mark.parametrize("given", [None, 5, ["a"], {}, object], ids=repr)
@pytest.mark.usefixtures("demo")
def test_what_is_no_path_is_refused(given, gallery):
    for use in (lambda: gallery.save(given), lambda: gallery.to_html(given), lambda: qwave.read_provenance(given)):
        with pytest.raises(OptionMistake, match=f"takes a path as text or as a pathlib.Path.*{type(given).__name__}"):
            use()


@pytest.mark.parametrize("variable", ["QWAVE_HOME", "QWAVE_SAVE_DIR"])
@pytest.mark.usefixtures("demo")
def test_unusable_variable_is_named(monkeypatch, variable):
    monkeypatch.setenv(variable, NOBODY)
    with pytest.raises(QwaveError, match=f"{variable} can't be used: {NOBODY}.*no home folder ~nosuchuser"):
        qwave.build("x", model="z-image-turbo")
    monkeypatch.setenv(variable, "fine")
    assert qwave.build("x", model="z-image-turbo").prompt == "x"


@pytest.mark.parametrize("setting", ["home", "save_dir"])
@pytest.mark.parametrize("value", [NOBODY, 5, ["a"]], ids=repr)
def test_unusable_setting_is_named(demo, setting, value):
    with pytest.raises(QwaveError, match=f"setting {setting}.*") as problem:
        demo.configure(**{setting: value})
    assert "\n" not in str(problem.value)


class Place(str, enum.Enum):  # noqa: UP042 - its members read as their names
    CATS = "cats/1.png"


UNFILLED = [
    "{{folder}}",
    "{{folder}",
    "{folder}}/x",
    "{folder}",
    "x-{folder}/y",
    "$HOME/x",
    "${HOME}/x",
    "a/$b/c",
    "{{",
    "%TEMP%/x",
    "out-%DATE%",
    "{run_id:03d}/a",
    "{home.x}",
    "{seeds[0]}",
    "{name!r}",
    "{0}",
    "$(date)",
    "a/$(date +%Y)",
    "`date`",
    "<folder>",
    "out/<name>/x",
]
WRITES = {
    **{name: USES[name] for name in ("save", "write", "gallery.save", "gallery.to_html", "report")},
    "resume": lambda path, _: qwave.resume(save=path),
    "save of a cell": lambda path, _: qwave.submit("x", save=read_line(f"--save '{path}'").own.save),
    "setting save_dir": lambda path, _: qwave.configure(save_dir=path),
    "setting home": lambda path, _: qwave.Session(home=Path(path)),
    "variable": lambda path, _: read_variable(path),
}


ELSEWHERE = [
    *(
        (path, "is an address")
        for path in ("s3://b/x", "file:///tmp/q", "https://a.example/b.html", "gs://b", "dbfs:/x/y")
    ),
    *((path, "as on Windows") for path in ("C:\\Users\\me\\pics", "C:/Users/me", "out\\pics", "a/b\\c")),
]


@pytest.mark.parametrize(("path", "says"), ELSEWHERE)
@pytest.mark.parametrize("use", WRITES)
def test_path_of_another_machine_is_no_folder(demo, clean_environment, gallery, use, path, says):
    before = set(clean_environment.rglob("*"))
    with pytest.raises(QwaveError, match=says) as problem:
        WRITES[use](path, gallery)
    assert re.sub("/+", "/", path) in re.sub("/+", "/", str(problem.value))
    assert "\n" not in str(problem.value)
    assert not [one for one in set(clean_environment.rglob("*")) - before if set(one.name) & set(":\\")]
    assert not demo.jobs


@pytest.mark.parametrize("name", ["s3:", "C:", "out\\pics", "%TEMP%", "<folder>", "`date`", "{0}", "cat.jpg"])
def test_folder_of_such_a_name_is_taken_where_it_is(demo, clean_environment, gallery, name):
    (clean_environment / name).mkdir()
    (copy,) = gallery.save(f"{name}/new")
    assert copy.path.parent == clean_environment / name / "new"
    assert demo.job_context(f"{name}/").save_dir == clean_environment / name


@pytest.mark.parametrize("path", ["cat.jpg", "out/out.PNG", "a.b/x.webp", "photo.jpeg", "scan.tiff"])
@pytest.mark.parametrize("use", [name for name in WRITES if name not in {"write", "gallery.to_html", "report"}])
def test_name_of_an_image_is_no_folder(demo, clean_environment, gallery, use, path):
    with pytest.raises(
        QwaveError, match=r"is the name of an image, and \S+ takes a folder.*gallery\.save\("
    ) as problem:
        WRITES[use](path, gallery)
    assert path in str(problem.value)
    assert not (clean_environment / path).exists()
    assert not demo.jobs


@pytest.mark.parametrize("path", ["v1.2", "out.2026", "a.b.c/d", "cat.jpg.d", "png", ".png"])
def test_folder_with_another_suffix_is_one(demo, clean_environment, path):
    assert demo.job_context(path).save_dir == clean_environment / path


@pytest.mark.parametrize("path", ["out/", "a/b/", "made.html/", "."])
@pytest.mark.parametrize("use", ["write", "gallery.to_html", "report"])
def test_folder_is_no_file(demo, clean_environment, gallery, use, path):
    write = {**WRITES, "report": write_report}[use]
    with pytest.raises(OptionMistake, match=r"is a folder, and \w+ takes a file.*, such as made\.(html|jsonl)"):
        write(path, gallery)
    assert not list(clean_environment.glob("*.html"))
    assert not demo.jobs


def read_line(line):
    return parse_line(line, qwave.model("gpt-image-2"), {})


def read_variable(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QWAVE_SAVE_DIR", path)
        qwave.build("x", model="z-image-turbo")


@pytest.mark.parametrize("path", UNFILLED)
@pytest.mark.parametrize("use", WRITES)
def test_name_that_nothing_fills_is_no_folder(demo, clean_environment, gallery, use, path):
    if "{{folder}}" in path and "cell" in use:
        path = path.replace("{{folder}}", "{{folder")
    with pytest.raises(QwaveError, match="which nothing fills in: write the path out") as problem:
        WRITES[use](path, gallery)
    assert "\n" not in str(problem.value)
    assert not [one for one in clean_environment.rglob("*") if set(one.name) & set("{$")]
    assert not demo.jobs


@pytest.mark.parametrize("name", ["{folder}", "$HOME", "{{x}}"])
def test_folder_of_a_name_in_braces_is_taken_where_it_is(demo, clean_environment, gallery, name):
    (clean_environment / name).mkdir()
    (copy,) = gallery.save(f"{name}/new")
    assert copy.path.parent == clean_environment / name / "new"
    assert demo.job_context(name).save_dir == clean_environment / name


@pytest.mark.parametrize("name", ["cost$", "a$5", "{a-b}", "{3F25-04E0}", "50%", "{}", "$ x"])
def test_folder_of_other_signs_is_a_name(demo, clean_environment, name):
    assert demo.job_context(name).save_dir == clean_environment / name


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("~/cat.png", Path.home() / "cat.png"),
        (NOBODY, Path(NOBODY)),
        ("~draft.png", Path("~draft.png")),
        (b"cats/1.png", Path("cats/1.png")),
        (Place.CATS, Path("cats/1.png")),
    ],
)
def test_expand(given, expected):
    assert folders.expand(given) == expected


def test_a_file_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("~draft.png").write_bytes(plain())
    Path("~mine").mkdir()
    assert folders.is_file("~draft.png")
    assert qwave.build("x", model="gpt-image-2", images=["~draft.png"]).body["image_urls"]
    assert folders.absolute("~mine/a.png") == tmp_path / "~mine/a.png"


@pytest.mark.parametrize("fragment", [NOBODY, "a\0b/", "x" * 300 + "/", "~nosuchuser/"])
def test_completion_of_unusable_paths(fragment):
    line = f"-i {fragment}"
    found = complete(f"%%qwave {line}", 0, len(f"%%qwave {line}"), {})
    assert found is None or not found.texts


GONE = "import os, tempfile; gone = tempfile.mkdtemp(); os.chdir(gone); os.rmdir(gone)\n"


@functools.cache
def _python_imports_without_folder() -> bool:
    # Python 3.13.0 itself can't import its socket module there.
    return not subprocess.run(
        [sys.executable, "-c", f"{GONE}import socket"], capture_output=True, check=False
    ).returncode


USE = "q.use_demo(latency=0.05)\nprint(len(q.generate('a fox', model='z-image-turbo').paths))"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [f"{GONE}import qwave_jupyter as q\n{USE}", f"import qwave_jupyter as q\n{GONE}{USE}"],
    ids=["before the import", "after it"],
)
def test_a_working_folder_that_is_gone(clean_environment, code):
    if not _python_imports_without_folder():
        pytest.skip("this Python imports nothing in a folder that is gone")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.stdout, ended.stderr) == ("1\n", "")
    assert list((clean_environment / "images").glob("*.png"))


@pytest.mark.parametrize("given", ["out", "a/b.html", "../x"])
def test_relative_path_in_a_folder_that_is_gone(tmp_path, monkeypatch, given):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(OptionMistake, match=r"relative, and the working folder is gone.*os\.chdir"):
        folders.absolute(given)
    assert folders.absolute(tmp_path / "x") == tmp_path / "x"
