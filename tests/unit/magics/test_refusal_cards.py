"""A refusal is told once: on its card, or, where there is no card, below the cell."""

from __future__ import annotations

import pytest
from IPython.display import DisplayHandle

from qwave_jupyter.errors import QwaveError, TaskFailed
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.magics.commands import jobs as job_commands
from qwave_jupyter.magics.output import Console
from qwave_jupyter.magics.status_view import StatusView, WidgetView, open_view
from tests.fake_session import replace_default, replace_frontend
from tests.waiting import PATIENCE


class Shell:
    """A shell in a kernel, with a person before it."""

    class Kernel:
        _allow_stdin = True

    kernel = Kernel()
    user_ns: dict[str, object] = {}  # noqa: RUF012 - a shell has one


@pytest.fixture
def published(monkeypatch):
    bundles = []
    monkeypatch.setattr(Console, "publish", lambda _, bundle: bundles.append(bundle))
    return bundles


@pytest.mark.parametrize(
    ("name", "value"),
    [("QWAVE_DEMO", "maybe"), ("QWAVE_DEMO", "2"), ("QWAVE_DEMO", "yes please"), ("QWAVE_HOME", "~no-such-user/x")],
)
def test_settings_that_cannot_be_read_have_a_card(clean_environment, monkeypatch, published, name, value):
    replace_default(monkeypatch)
    monkeypatch.setenv(name, value)
    with pytest.raises(QwaveError) as caught:
        CellMagic(Console(Shell())).run_blocking("", "a cat", {})
    (bundle,) = published
    assert value.split("/")[0] in bundle["text/plain"]
    assert "text/html" in bundle
    assert caught.value.shown_above


@pytest.mark.parametrize("problem", [RuntimeError("no comm"), OSError("closed"), ValueError("bad")])
def test_card_that_cannot_be_shown_leaves_the_refusal(clean_environment, monkeypatch, problem):
    replace_default(monkeypatch)

    def fail(*_):
        raise problem

    monkeypatch.setattr(Console, "publish", fail)
    with pytest.raises(QwaveError) as caught:
        CellMagic(Console(Shell())).run_blocking("--no-such-option", "a cat", {})
    assert not caught.value.shown_above


@pytest.fixture
def failed_job(server, submit):
    server.states = ["queued", "failed"]
    job = submit()
    assert job.wait(PATIENCE)
    return job


def follow(view):
    with open_view(view, lambda interrupt: interrupt):
        pass


@pytest.mark.parametrize("kind", [StatusView, WidgetView])
@pytest.mark.parametrize("breaks", ["", "display", "update"])
def test_error_is_shown_once(failed_job, monkeypatch, kind, breaks):
    replace_frontend(monkeypatch, interactive=True)
    for name in ("display", "update"):

        def show(*_, _name=name, **__):
            if _name == breaks:
                raise RuntimeError

        monkeypatch.setattr(DisplayHandle, name, show)
    follow(kind(failed_job, with_images=False))
    assert failed_job.error.shown_above is (not breaks)


@pytest.mark.parametrize("shown", [(True, True), (True, False), (False, False)])
def test_several_failures_are_told_where_no_card_was(failed_job, monkeypatch, shown):
    replace_frontend(monkeypatch, interactive=True)
    errors = []

    class EndedJob:
        def __init__(self, is_shown):
            self.error = TaskFailed("generation.failed", message="no", failure="x", job_id="", task_id="")
            self.error.shown_above = is_shown
            self.gallery = None
            errors.append(self.error)

    monkeypatch.setattr(job_commands, "_wait_for", lambda *_: None)
    with pytest.raises(QwaveError) as caught:
        job_commands._finish(Console(Shell()), [EndedJob(one) for one in shown])
    assert caught.value.shown_above is all(shown)
