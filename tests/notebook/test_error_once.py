"""A card says what went wrong; nothing says it once more below it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

#: What is run, what it fails with, and what its card says.
FAILURES = {
    "unknown option": ("%%qwave --sead 7\na city", "RequestRefused", "sead"),
    "two values": ("%%qwave --resolution 4k --quality ultra --aspect-ratio 1:1\na city", "RequestRefused", "ultra"),
    "unknown model": ("%%qwave -m gtp-image-2\na city", "UnknownModel", "gtp-image-2"),
    "too expensive": ("%%qwave --max-cost 0.001\na city", "TooExpensive", "--max-cost $0.0010"),
    "no prompt": ("%%qwave\n", "RequestRefused", "prompt"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_refusal_has_one_message(kernel, name):
    cell, kind, text = FAILURES[name]
    reply, _, sent = kernel.said_by(cell)
    assert (reply["status"], reply["ename"]) == ("error", kind)
    # What stops the notebook still says why to whoever asks by program.
    assert text in reply["evalue"]
    assert text in kernel.last(sent)
    assert [output["output_type"] for output in kernel.saved[sent]] == ["display_data"]


@pytest.mark.parametrize("fault", ["upstream_unavailable:1", "upstream_bad_request:1", "task_failed:1"])
def test_failed_job_has_one_message(kernel, demo, fault):
    demo.change(fail=fault)
    reply, _, sent = kernel.said_by("%%qwave\na city")
    assert (reply["status"], reply["ename"]) == ("error", "TaskFailed")
    assert "error" not in [output["output_type"] for output in kernel.saved[sent]]
    assert kernel.last(sent).count("Nothing was charged") == 2, "as HTML and as text, once each"


def test_refusal_still_stops_what_is_queued(kernel):
    slow = "import time; time.sleep(0.5)\nget_ipython().run_cell_magic('qwave', '--sead 7', 'a city')"
    refused, behind = kernel.queue(slow, "2 + 2")
    kernel.wait(refused)
    kernel.until(lambda: behind in kernel.replies)
    assert [kernel.replies[sent]["status"] for sent in (refused, behind)] == ["error", "aborted"]


def test_caught_and_foreign_errors_stay(kernel):
    _, _, caught = kernel.said_by("try:\n    qwave.build('', model='gpt-image-2')\nexcept qwave.QwaveError: 1 / 0")
    assert kernel.saved[caught][-1]["ename"] == "ZeroDivisionError"
    _, _, raised = kernel.said_by("qwave.build('', model='gpt-image-2')")
    assert "RequestRefused: " in "".join(kernel.saved[raised][-1]["traceback"])


def test_handler_of_the_user_stays(kernel):
    own = "def own(shell, kind, error, trace, tb_offset=None): print('mine', kind.__name__)\n"
    kernel.run("%unload_ext qwave_jupyter")
    kernel.run(own + "get_ipython().set_custom_exc((Exception,), own)")
    kernel.run("%load_ext qwave_jupyter")
    try:
        _, _, sent = kernel.said_by("%%qwave --sead 7\na city")
        assert "mine RequestRefused" in kernel.last(sent)
    finally:
        kernel.run("get_ipython().set_custom_exc((), None)\n%reload_ext qwave_jupyter")


@pytest.mark.slow
def test_ended_card_names_the_model(kernel):
    for model in ("gpt-image-2", "z-image-turbo", "imagen-4.0"):
        reply, _, sent = kernel.said_by(f"%%qwave -m {model}\na city")
        assert reply["status"] == "ok"
        assert "1 image in" in kernel.last(sent)
        assert kernel.last(sent).count(model) >= 2, "in the HTML and in the text"
