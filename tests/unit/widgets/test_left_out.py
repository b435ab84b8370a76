"""What a model switch leaves out is said in words, never as the lists that a program holds."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.widgets.panel.state import PanelState, SelectedImage, with_model, with_parameters, with_preset

CATALOG = load("2026-04")
WAN, GPT, Z_IMAGE = (CATALOG.model(name) for name in ("wan2.7-image", "gpt-image-2", "z-image-turbo"))
IMAGES = tuple(SelectedImage(url, url) for url in ("https://images.example/a.png", "https://images.example/b.png"))
BOX = [0, 0, 10, 10]
SHADES = [{"hex": shade, "ratio": 25} for shade in ("#112233", "#445566", "#778899", "#AABBCC")]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bbox_list": [[BOX, BOX], [BOX]]}, "The 3 boxes are left out: "),
        ({"bbox_list": [[BOX], []]}, "The box is left out: "),
        ({"color_palette": SHADES}, "The 4 colours are left out: "),
        ({"color_palette": SHADES[:3]}, "The 3 colours are left out: "),
    ],
)
@pytest.mark.parametrize("model", [GPT, Z_IMAGE])
def test_switch_counts_what_it_drops(values, words, model):
    start = with_parameters(PanelState(WAN, selected=IMAGES), {"action": "interactive_edit", **values})
    notes = with_model(start, model).notes
    assert any(note.startswith(words) for note in notes)
    assert not any(sign in note for note in notes for sign in "[]{}")


def test_preset_counts_other_lists():
    notes = with_preset(PanelState(GPT), GPT, {"weights": [1, 2, 3], "one": ["a"], "extra_map": {"a": 1, "b": 2}}).notes
    assert [note.partition(":")[0] for note in notes] == [
        "weights with its 3 values is left out",
        "one with its one value is left out",
        "extra_map with its 2 values is left out",
    ]
