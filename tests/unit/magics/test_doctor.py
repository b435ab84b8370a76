"""``%qwave doctor``: what it looks at, what it makes of it, and that nothing keeps it from answering."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from qwave_jupyter import credentials, i18n
from qwave_jupyter.magics.commands import installation
from qwave_jupyter.session import default
from tests.fake_session import replace_frontend
from tests.recording_console import RecordingConsole

KERNEL = SimpleNamespace(_allow_stdin=True)


@pytest.fixture(autouse=True)
def alone(clean_environment, monkeypatch):
    for name in ("VSCODE_PID", "VSCODE_CWD", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    yield clean_environment
    credentials.forget()
    i18n.use(None)
    replace_frontend(monkeypatch, interactive=False)
    default().use_demo(on=False)
    default().configure(demo=None, base_url=None, model=None, edition=None, max_cost=None, budget=None)


def found(name, *, live=False, **shell):
    """What a finding says, and whether it is one to look at."""
    (one,) = [one for one in installation.check_installation(RecordingConsole(**shell), live=live) if one.name == name]
    return " ".join([one.value, *one.means]), one.wrong


def test_doctor_finds_all_well():
    default().use_demo()
    said = RecordingConsole(kernel=KERNEL).typed("doctor")
    assert said.endswith("Nothing to look at: all is as it should be.")
    assert "CHECK" not in said


def test_doctor_columns_are_aligned():
    for language in ("en", "zh"):
        i18n.use(language)
        lines = RecordingConsole(kernel=KERNEL).typed("doctor").splitlines()
        wide = [sum(2 if ord(sign) > 0x2E80 else 1 for sign in line[: line.rindex("  ") + 2]) for line in lines[:4]]
        assert set(wide) == {13}


def test_doctor_marks_and_counts_problems():
    console = RecordingConsole(kernel=KERNEL)
    said = console.typed("doctor")
    assert "API key      CHECK not set" in said
    assert "%qwave key" in said
    assert said.endswith("1 thing to look at, marked CHECK.")
    assert console.shown[-1]["text/html"].count("qw-pill") == 1


@pytest.mark.parametrize(
    ("prepare", "value", "means"),
    [
        (lambda patch: replace_frontend(patch, interactive=True), "the built-in demo", "No key is set and you are"),
        (lambda _: default().use_demo(), "the built-in demo", "It was switched on"),
        (lambda _: default().use_demo(fail="task_failed:1"), "the built-in demo", "The next task fails"),
        (lambda patch: patch.setenv("QWAVE_DEMO", "1"), "the built-in demo", "It was switched on"),
        (lambda patch: patch.setenv("QWAVE_BASE_URL", "http://127.0.0.1:9"), "http://127.0.0.1:9", "by a base URL"),
        (lambda _: credentials.type_in("sk-x"), "https://www.qingbo.dev", "that the edition documents"),
    ],
)
def test_doctor_names_the_server(monkeypatch, prepare, value, means):
    prepare(monkeypatch)
    said, wrong = found("server")
    assert said.startswith(value)
    assert means in said
    assert not wrong


def test_doctor_names_an_overruled_demo(monkeypatch):
    for name, value in (("QWAVE_DEMO", "1"), ("QWAVE_BASE_URL", "http://127.0.0.1:9"), ("QWAVE_API_KEY", "sk-x")):
        monkeypatch.setenv(name, value)
    assert "always means that server" in found("server")[0]


def test_doctor_names_the_key_source_only(monkeypatch):
    monkeypatch.setenv("WAVE_API_KEY", "sk-very-secret")
    console = RecordingConsole(kernel=KERNEL)
    assert "set, from WAVE_API_KEY" in console.typed("doctor")
    assert "very-secret" not in str(console.shown)
    monkeypatch.delenv("WAVE_API_KEY")
    default().use_demo()
    assert found("API key") == ("not set The demo needs none.", False)


@pytest.mark.parametrize(
    ("shell", "says"),
    [
        ({"kernel": KERNEL}, "Cancel works"),
        ({"kernel": KERNEL, "autoawait": False}, "%autoawait on"),
        ({}, "Ctrl-C"),
    ],
)
def test_doctor_says_how_cells_wait(shell, says):
    assert says in found("waiting", **shell)[0]


@pytest.mark.parametrize(
    ("shell", "variable", "says"),
    [
        ({}, "VSCODE_PID", "a terminal"),
        ({"kernel": KERNEL}, "VSCODE_PID", "VS Code"),
        ({"kernel": KERNEL}, "JPY_PARENT_PID", "JupyterLab"),
        ({"kernel": KERNEL}, "NOTHING", "none that tells"),
    ],
)
def test_doctor_says_where_output_is_shown(monkeypatch, shell, variable, says):
    monkeypatch.setenv(variable, "1")
    assert says in found("frontend", **shell)[0]


def test_doctor_explains_a_kernel_without_input():
    assert "never a demo" in found("kernel", kernel=SimpleNamespace(_allow_stdin=False))[0]


def test_doctor_marks_unwritable_folders(monkeypatch, alone):
    file = alone / "a-file"
    file.write_text("in the way")
    monkeypatch.setenv("QWAVE_SAVE_DIR", str(file / "images"))
    said, wrong = found("images")
    assert wrong
    assert "QWAVE_SAVE_DIR" in said
    assert not found("journal")[1]


def test_doctor_marks_a_full_disk(monkeypatch):
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    said, wrong = found("journal")
    assert wrong
    assert "less than 200 MB" in said


def test_doctor_names_spending_limits():
    assert "no limit set" in found("spending")[0]
    default().configure(max_cost=1, budget=2)
    assert found("spending")[0].startswith("$1.00 per request, $2.00 for all")


def test_doctor_marks_a_missing_default_model():
    default().configure(model="gpt-imgae-2")
    said, wrong = found("edition")
    assert wrong
    assert "gpt-image-2" in said


def test_doctor_answers_whatever_is_broken(monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "perhaps")
    said, wrong = found("settings")
    assert wrong
    assert "QWAVE_DEMO" in said
    monkeypatch.delenv("QWAVE_DEMO")
    monkeypatch.setenv("QWAVE_EDITION", "1999-01")
    assert found("edition")[1]
    assert "1999-01" in RecordingConsole().typed("doctor")


def test_doctor_asks_the_server_only_live():
    default().use_demo()
    before = default().demo_server().app.counters.to_json()["requests"]
    RecordingConsole().typed("doctor")
    assert default().demo_server().app.counters.to_json()["requests"] == before
    assert "this key may use 21 models" in RecordingConsole().typed("doctor --live")
    assert default().demo_server().app.counters.to_json()["paths"] == {"GET /v1/models": 1}


def test_doctor_marks_an_unreachable_server(monkeypatch):
    monkeypatch.setenv("QWAVE_API_KEY", "wrong-key")
    default().use_demo()
    monkeypatch.setenv("QWAVE_BASE_URL", default().demo_server().url)
    default().configure(demo=False)
    said, wrong = found("", live=True)
    assert wrong
    assert "key" in said
