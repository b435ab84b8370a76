"""A cell that was pasted into a prompt, or merged with another, isn't sent as words."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import QwaveError, RequestRefused
from qwave_jupyter.widgets.panel import panel as panels

GPT = "gpt-image-2"


@pytest.fixture
def here(clean_environment, monkeypatch):
    monkeypatch.chdir(clean_environment)
    qwave.use_demo(latency=0.01)
    monkeypatch.setattr(panels, "find_variables", dict)
    yield clean_environment
    qwave.use_demo(on=False)
    qwave.configure(demo=None)


CELLS = [
    "%%qwave -m gpt-image-2 --seed 3\nA fox",
    "A fox\n%%qwave -m wan2.7-image\nA hen",
    "A\r\n  %%qwave",
    "{{cell}}",
]


@pytest.mark.parametrize("prompt", CELLS)
def test_cell_in_a_prompt_is_refused(here, prompt):
    variables = {"cell": "x\n%%qwave\ny"}
    options = {"model": GPT, "variables": variables}
    with pytest.raises(RequestRefused, match="begins with %%qwave"):
        qwave.build(prompt, **options)
    forced = qwave.build(prompt, force=True, **options)
    assert "%%qwave" in forced.body["prompt"]
    assert [one.code for one in forced.warnings] == ["cell_in_prompt"]
    for fine in ("A %%qwave sign", "%%qwaves", "%qwave panel", "100 %% qwave"):
        assert not qwave.build(fine, **options).warnings
    panel = qwave.panel("x", model=GPT)
    panel.set_prompt(prompt.replace("{{cell}}", variables["cell"]))
    assert panel.validation.tone == "wrong"
    assert "the first line of a cell" in panel.validation.lines[0]
    assert "set the options in the panel" in panel.validation.lines[0]
    assert panel.generate() is None
    assert panel.runs == []
    panel.close()


def test_merged_cells_are_refused_in_a_cell(shell):
    for body in CELLS[:3]:
        with pytest.raises(QwaveError, match="begins with %%qwave"):
            shell.run_cell_magic("qwave", f"-m {GPT}", body)
