"""``%qwave COMMAND`` and the built-in demo, as a person meets them."""

from __future__ import annotations

import re

import pytest

from tests.notebook.kernels import journal_rows

pytestmark = pytest.mark.kernel

QUICK_DEMO = "%qwave demo on --latency 0.1"


@pytest.fixture
def cat(keyless):
    """A kernel in which an image of a cat has been made with the demo."""
    assert keyless.run(QUICK_DEMO)["status"] == "ok"
    assert keyless.run("%%qwave -o cat\na cat")["status"] == "ok"
    return keyless


@pytest.mark.slow
def test_no_key_without_a_person(keyless):
    reply, _, _ = keyless.said_by("%%qwave\na cat", stdin=False)
    assert reply["ename"] == "ConfigurationError"
    assert "%qwave demo on" in reply["evalue"]
    assert not keyless.new_rows()


def test_no_key_with_a_person(keyless):
    reply, text, sent = keyless.said_by("%%qwave -o cat\na cat")
    assert reply["status"] == "ok"
    assert "DEMO: images are painted on this machine" in text
    cards = [
        content["data"].get("text/html", "") for _, content in keyless.outputs[sent] if content and "data" in content
    ]
    assert any(re.search('<span class="qw-pill"[^>]*>DEMO</span>', card) for card in cards)
    # The demo has a home of its own.
    assert not journal_rows(keyless.home.parent)
    assert keyless.new_rows()[-1]["state"] == "done"


def test_show_and_history_find_a_job(cat):
    for cell in ("%qwave show", "%qwave history cat"):
        reply, _, sent = cat.said_by(cell)
        assert reply["status"] == "ok"
        (result,) = [content for kind, content in cat.outputs[sent] if kind == "execute_result"]
        assert "image/jpeg" in result["data"]


def test_reuse_pays_nothing(cat):
    reply, text, _ = cat.said_by("%%qwave --reuse\na cat")
    assert reply["status"] == "ok"
    assert "nothing paid" in text
    assert len(cat.new_rows()) == 1


def test_doctor_describes_the_kernel(keyless):
    assert keyless.run(QUICK_DEMO)["status"] == "ok"
    version = keyless.said_by("import ipykernel\nprint(ipykernel.__version__)")[1].strip()
    _, text, _ = keyless.said_by("%qwave doctor")
    for part in (f"ipykernel {version}", "the built-in demo", "not set", "Cancel works"):
        assert part in text


def test_unknown_command_names_the_others(keyless):
    reply, _, _ = keyless.said_by("%qwave modles")
    assert "models" in reply["evalue"]
    assert "doctor" in reply["evalue"]


def test_typed_key_stays_in_memory(keyless):
    assert keyless.run("%qwave demo off")["status"] == "ok"
    assert keyless.run("%%qwave\na cat")["ename"] == "ConfigurationError"
    keyless.typed = "sk-typed-secret"
    assert "until this kernel ends" in keyless.said_by("%qwave key")[1]
    _, text, _ = keyless.said_by("%qwave doctor")
    assert "set, from %qwave key" in text
    assert "typed-secret" not in text
    for file in keyless.home.parent.rglob("*"):
        assert not file.is_file() or b"typed-secret" not in file.read_bytes()
    assert keyless.run("%qwave demo on")["status"] == "ok"


def test_key_in_a_cell_is_refused(keyless):
    reply, text, _ = keyless.said_by("%%qwave --api-key sk-typed-secret\na cat")
    assert reply["ename"] == "OptionMistake"
    assert "typed-secret" not in text + reply["evalue"]


def test_help_needs_no_body(keyless):
    for body in ("", "\n", "\n\n"):
        reply, text, _ = keyless.said_by("%%qwave --help -m wan2.7-image" + body)
        assert reply["status"] == "ok"
        assert "--color-palette" in text
