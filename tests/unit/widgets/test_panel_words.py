"""What a panel says: nothing of a cell that could be run again, or of options that a panel doesn't have."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.errors import QwaveError, RequestRefused
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel.panel import Panel
from qwave_jupyter.widgets.panel.state import PanelState, with_parameter

ROOT = files("qwave_jupyter.i18n")
#: Sections whose texts tell a panel's user what went wrong.
SECTIONS = ("api", "canvas", "catalog", "charges", "generation", "image_faults", "presets", "status")
#: Of batches, sweeps, scripts, and commands of a cell, which no panel starts.
ELSEWHERE = re.compile(
    r"batch|sweep|exit_|resume_elsewhere|report|weight|worker|row|no_notebook|static_|no_task_yet|ambiguous|stopped"
    r"|again_needs|not_copied|references_released|other_image"
)
CELL_TALK = re.compile(
    r"%%qwave|\b(?:the|this) cell\b|(?<!option )(?<!选项 )(?<!\w)--[a-z]+|(?:这个|该|重新运行)单元格|运行单元格"
)


def section(language, name):
    return json.loads((ROOT / language / f"{name}.json").read_text("utf-8"))


def forms(entry):
    return list(entry.values()) if isinstance(entry, dict) else [entry]


@pytest.fixture
def open_panel(clean_environment):
    opened = []

    def start(**state):
        opened.append(Panel(PanelState(default().catalog.model("gpt-image-2"), **state)))
        return opened[-1]

    yield start
    for panel in opened:
        panel.close()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", SECTIONS)
def test_no_text_talks_of_the_cell(language, name):
    here = section(language, "in_panel")
    for key, entry in section(language, name).items():
        if ELSEWHERE.search(key):
            continue
        for text in forms(here.get(f"{name}.{key}", entry)):
            # Commands may be named, for those who have a notebook: with where they go.
            bare = re.sub(r"%qwave[ \w-]*(?: in a cell)|单元格中[^。；，]*%qwave[ \w-]*", "", text)
            assert not CELL_TALK.search(bare), (key, bare)
            if "%qwave" in bare:
                assert re.search(r"[Ii]n a cell|单元格中", text), (key, bare)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_texts_of_the_panel_fit_their_keys(language):
    for key, entry in section(language, "in_panel").items():
        name, _, inner = key.partition(".")
        usual = section(language, name)[inner]
        assert isinstance(entry, type(usual)), key
        wanted, given = (set(re.findall(r"\{(\w+)", forms(one)[-1])) for one in (usual, entry))
        assert given <= wanted, key


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_empty_prompt_is_answered_for_the_panel(open_panel, prompt):
    panel = open_panel(prompt=prompt)
    assert "Write what to paint." in panel.view.line.value
    panel.generate()
    assert "the prompt is empty: write what to paint. Nothing was sent." in panel.view.line.value
    assert "%%qwave" not in panel.view.line.value
    # Python's own answer, and a cell's, stay.
    with pytest.raises(RequestRefused, match="below the %%qwave line"):
        panel.request()
    with pytest.raises(RequestRefused, match="below the %%qwave line"):
        qwave.build(prompt)


@pytest.mark.parametrize("limit", [0.001, 0.002, 0.005])
def test_limit_is_answered_for_the_panel(open_panel, limit):
    qwave.use_demo(latency=0)
    qwave.configure(max_cost=limit)
    try:
        panel = open_panel(prompt="a cat")
        panel.generate()
        assert f"above {i18n.dollars(limit)}, the limit of a request. Nothing was sent" in panel.view.line.value
        assert "--max-cost" not in panel.view.line.value
    finally:
        qwave.configure(max_cost=None)
        qwave.use_demo(on=False)


@pytest.mark.parametrize(
    ("name", "value"), [("aspect_ratio", "77:1"), ("n", "many"), ("resolution", "16k"), ("response_format", "b64_json")]
)
def test_refusals_do_not_name_options(open_panel, name, value):
    panel = open_panel(prompt="a cat")
    panel._set_state(with_parameter(panel.state, name, value))
    assert panel.validation.tone == "wrong"
    assert not CELL_TALK.search(" ".join(panel.validation.lines))


def test_place_ends_with_its_block():
    error = QwaveError("catalog.empty_prompt")
    with i18n.place("panel"):
        assert str(error) == "the prompt is empty: write what to paint."
        with i18n.place(""):
            assert "%%qwave" in str(error)
        assert i18n.text("words.separator") == ", "
    assert "%%qwave" in str(error)
