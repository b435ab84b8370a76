"""``%qwave VERB`` and the built-in demo, as a person meets them."""

from __future__ import annotations

import os

import pytest

from tests.conftest import CONFIGURATION
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def keyless(tmp_path_factory):
    """A kernel without a key and without a base URL."""
    home = tmp_path_factory.mktemp("keyless")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURATION)}
    kernel = Kernel(VERSIONS[-1], {**clean, "QWAVE_HOME": str(home), "QWAVE_SAVE_DIR": str(home / "pictures")}, home)
    kernel.run("%load_ext qwave_jupyter")
    yield kernel, home
    kernel.close()


def said(kernel, cell, *, stdin=True):
    (sent,) = kernel.queue(cell, stdin=stdin)
    kernel.wait(sent)
    return kernel.replies[sent], kernel.text(sent), sent


def test_without_a_person_no_key_is_an_error_and_never_a_demo(keyless):
    kernel, _ = keyless
    reply, _, _ = said(kernel, "%%qwave\na cat", stdin=False)
    assert reply["ename"] == "ConfigurationError"
    assert "%qwave demo on" in reply["evalue"]


def test_a_person_without_a_key_gets_the_demo_and_is_told_so(keyless):
    kernel, home = keyless
    reply, text, sent = said(kernel, "%%qwave -o cat\na cat")
    assert reply["status"] == "ok"
    assert "DEMO: pictures are painted on this machine" in text
    cards = [
        content["data"].get("text/html", "") for kind, content in kernel.outputs[sent] if content and "data" in content
    ]
    assert any('<span class="qw-pill">DEMO</span>' in card for card in cards)
    assert not (home / "journal.sqlite3").exists()
    assert journal_rows(home / "demo")[-1]["state"] == "done"


def test_show_draws_a_job_again_and_history_finds_it(keyless):
    kernel, _ = keyless
    for cell in ("%qwave show", "%qwave history cat"):
        reply, _, sent = said(kernel, cell)
        assert reply["status"] == "ok"
        (result,) = [content for kind, content in kernel.outputs[sent] if kind == "execute_result"]
        assert "image/jpeg" in result["data"]


def test_a_second_identical_request_can_be_reused_for_nothing(keyless):
    kernel, home = keyless
    before = len(journal_rows(home / "demo"))
    reply, text, _ = said(kernel, "%%qwave --reuse\na cat")
    assert reply["status"] == "ok"
    assert "nothing paid" in text
    assert len(journal_rows(home / "demo")) == before


def test_doctor_and_an_unknown_verb_explain_themselves(keyless):
    kernel, _ = keyless
    _, text, _ = said(kernel, "%qwave doctor")
    for part in ("ipykernel 7.4", "the built-in demo", "not set", "Cancel works"):
        assert part in text
    reply, _, _ = said(kernel, "%qwave modles")
    assert "models" in reply["evalue"]
    assert "doctor" in reply["evalue"]


def test_the_demo_goes_off_and_a_typed_key_is_kept_in_memory_and_never_shown(keyless):
    kernel, home = keyless
    assert said(kernel, "%qwave demo off")[0]["status"] == "ok"
    assert said(kernel, "%%qwave\na cat")[0]["ename"] == "ConfigurationError"
    kernel.typed = "sk-typed-secret"
    _, text, _ = said(kernel, "%qwave key")
    assert "until this kernel ends" in text
    _, text, _ = said(kernel, "%qwave doctor")
    assert "set, from %qwave key" in text
    assert "typed-secret" not in text
    for file in home.rglob("*"):
        assert not file.is_file() or b"typed-secret" not in file.read_bytes()
    assert said(kernel, "%qwave demo on")[0]["status"] == "ok"


def test_a_key_in_the_cell_is_refused_without_repeating_it(keyless):
    kernel, _ = keyless
    reply, text, _ = said(kernel, "%%qwave --api-key sk-typed-secret\na cat")
    assert reply["ename"] == "OptionMistake"
    assert "typed-secret" not in text + reply["evalue"]


def test_help_needs_no_body_and_unloading_leaves_nothing_behind(keyless):
    kernel, _ = keyless
    reply, text, _ = said(kernel, "%%qwave --help -m wan2.7-image\n")
    assert reply["status"] == "ok"
    assert "--color-palette" in text
    said(kernel, "%reload_ext qwave_jupyter")
    assert said(kernel, "%%qwave --dry-run\na cat")[0]["status"] == "ok"
    said(kernel, "%unload_ext qwave_jupyter")
    _, text, _ = said(
        kernel,
        "ip = get_ipython(); print([t for t in ip.input_transformers_post if 'qwave' in type(t).__module__], "
        "[name for kind in ip.magics_manager.magics.values() for name in kind if 'qwave' in name])",
    )
    assert "[] []" in text
