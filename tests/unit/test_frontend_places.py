"""Where a person is there, where one can be asked, and where outputs change after their cell."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from qwave_jupyter import frontend
from qwave_jupyter.errors import ConfigurationError
from tests.recording_console import RecordingConsole

ID = "cfb4295b-8e26-4f17-ab36-1be687fcace0"
VOILA_NAMES = ("SERVER_SOFTWARE", "VOILA_KERNEL_ID", "VOILA_SERVER_URL", "VOILA_REQUEST_URL")


def make_kernel(*, stdin, kernel_id=ID):
    app = SimpleNamespace(connection_file=f"/run/kernel-{kernel_id}.json")
    return SimpleNamespace(_allow_stdin=stdin, parent=app)


@pytest.fixture(autouse=True)
def outside_voila(monkeypatch):
    for name in VOILA_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("kernel", "environment", "person", "asked", "later"),
    [
        (None, {}, True, True, True),
        (make_kernel(stdin=True), {}, True, True, True),
        (make_kernel(stdin=False), {}, False, False, False),
        (make_kernel(stdin=False), {"SERVER_SOFTWARE": "voila/0.5.13"}, True, False, False),
        (make_kernel(stdin=False), {"VOILA_KERNEL_ID": ID}, True, False, False),
        (make_kernel(stdin=False), {"VOILA_SERVER_URL": "/", "VOILA_KERNEL_ID": ID}, True, False, False),
        (make_kernel(stdin=False), {"VOILA_REQUEST_URL": "http://localhost:8866/"}, True, False, False),
        # papermill or nbclient, started from a cell in Voilà: the environment is inherited.
        (make_kernel(stdin=False, kernel_id="other"), {"VOILA_KERNEL_ID": ID}, False, False, False),
        (make_kernel(stdin=False), {"SERVER_SOFTWARE": "gunicorn/20"}, False, False, False),
        # JupyterLab, started from a cell in Voilà.
        (make_kernel(stdin=True), {"SERVER_SOFTWARE": "voila/0.5.13"}, True, True, True),
    ],
    ids=[
        "terminal",
        "lab",
        "nbclient",
        "voila",
        "voila-id",
        "voila-both",
        "preheated",
        "inherited",
        "cgi",
        "lab-inherited",
    ],
)
def test_places_are_told_apart(monkeypatch, kernel, environment, person, asked, later):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    console = RecordingConsole(kernel=kernel)
    assert frontend.has_person(kernel) is person
    assert (not console.is_headless, console.can_ask, console.updates_later) == (person, asked, later)


@pytest.mark.parametrize("line", ["key", "key --remember"])
@pytest.mark.parametrize("environment", [{}, {"SERVER_SOFTWARE": "voila/0.5.13"}], ids=["nbclient", "voila"])
def test_key_is_never_asked_for_without_stdin(monkeypatch, line, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("asked"))
    with pytest.raises(ConfigurationError, match="QWAVE_API_KEY"):
        RecordingConsole(kernel=make_kernel(stdin=False)).typed(line)


def test_doctor_names_voila(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    text = RecordingConsole(kernel=make_kernel(stdin=False)).typed("doctor")
    assert "Voilà" in text
    assert "never a demo" not in text


def test_script_has_nobody():
    plain = frontend.PlainFrontend()
    assert (plain.is_interactive(), plain.can_ask()) == (False, False)
