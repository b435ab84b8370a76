"""Where nobody is there, an error keeps its whole text; where its card is shown, nothing repeats it."""

from __future__ import annotations

import re

import pytest

from tests.notebook.conftest import OLDEST_AND_NEWEST

pytestmark = [pytest.mark.kernel, OLDEST_AND_NEWEST]

FAILURES = [
    ("%%qwave -m z-image-turbo -n 9\na fox", {}, "RequestRefused", "you asked for 9"),
    ("%%qwave -m z-image-turbo --timeout soon\na fox", {}, "OptionMistake", "needs a number above 0"),
    ("%%qwave\na fox", {"fail": "upstream_bad_request:1"}, "TaskFailed", "Nothing was charged"),
]


def traceback_of(kernel, cell, *, stdin):
    (sent,) = kernel.queue(cell, stdin=stdin)
    kernel.wait(sent)
    reply = kernel.replies[sent]
    return reply["ename"], re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(reply["traceback"]))


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "switches", "name", "reason"), FAILURES)
def test_error_keeps_its_text_where_nobody_is(kernel, demo, cell, switches, name, reason):
    demo.change(**switches)
    ename, text = traceback_of(kernel, cell, stdin=False)
    assert ename == name
    assert reason in text


@pytest.mark.parametrize(("cell", "switches", "name", "reason"), FAILURES)
def test_error_is_told_by_its_card_alone(kernel, demo, cell, switches, name, reason):
    demo.change(**switches)
    (sent,) = kernel.queue(cell, stdin=True)
    kernel.wait(sent)
    assert kernel.replies[sent]["ename"] == name
    assert reason in kernel.last(sent)
    assert all(output["output_type"] != "error" for output in kernel.saved[sent])
