"""Presets in the panel and on the command line; what of one is gone is said in words."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs import presets
from qwave_jupyter.jobs.presets import Preset
from qwave_jupyter.magics.completion import complete
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel import panel as panel_module
from tests.notebook.test_panel import open_panel

__all__ = ["open_panel"]


def save(name, model, **values):
    return presets.save_preset(default().settings.home, name, Preset(model, values))


def test_parameters_are_saved_and_used(open_panel):
    panel = open_panel("a cat", resolution="2k", aspect_ratio="16:9", quality="high")
    panel.press("presets")
    bar = panel.presets
    assert bar.buttons["use_preset"].disabled
    bar.name.value = "my cinema"
    bar.buttons["save_preset"].click()
    assert "Saved as my-cinema" in bar.note.value
    other = open_panel("a dog", model="wan2.7-image", resolution="1k")
    other.press("presets")
    assert other.presets.chosen.options == ("my-cinema",)
    other.presets.buttons["use_preset"].click()
    assert other.state.model.id == "gpt-image-2"
    assert other.state.values == {"resolution": "2k", "aspect_ratio": "16:9", "quality": "high"}
    assert other.state.prompt == "a dog"
    other.presets.name.value = "film"
    other.presets.buttons["rename_preset"].click()
    assert other.presets.chosen.options == ("film",)
    other.presets.name.value = ""
    other.presets.buttons["save_preset"].click()
    assert "needs a name" in other.presets.note.value
    other.presets.buttons["delete_preset"].click()
    assert other.presets.chosen.options == ()
    other.press("presets")
    assert other.view.lookup.children == ()


def test_preset_opens_a_panel(open_panel):
    save("wide", "gpt-image-2", resolution="2k", aspect_ratio="16:9")
    save("many", "wan2.7-image", n=3)
    assert open_panel(preset="wide").state.values == {"resolution": "2k", "aspect_ratio": "16:9"}
    assert open_panel(preset="wide", resolution="1k").state.values == {"resolution": "1k", "aspect_ratio": "16:9"}
    for line, model, values in (
        (["--preset", "wide"], "gpt-image-2", {"resolution": "2k", "aspect_ratio": "16:9"}),
        (["--preset=many", "--resolution", "2k"], "wan2.7-image", {"n": 3, "resolution": "2K"}),
        (["-m", "wan2.7-image", "--preset", "wide"], "wan2.7-image", {"resolution": "2K", "aspect_ratio": "16:9"}),
    ):
        state = panel_module.panel_from_line(line).state
        assert (state.model.id, state.values) == (model, values)


def test_preset_is_named_by_a_variable(open_panel, monkeypatch):
    save("wide", "gpt-image-2", resolution="2k")
    monkeypatch.setattr(panel_module, "find_variables", lambda: {"chosen": "wide", "model": "gpt-image-2"})
    for line in (["--preset", "{{chosen}}"], ["--preset={{chosen}}", "-m", "{{model}}"]):
        assert panel_module.panel_from_line(line).state.values == {"resolution": "2k"}
    for line in (["--preset", "$chosen"], ["--preset={chosen}"], ["-m", "$model"], ["--from", "${chosen}"]):
        with pytest.raises(OptionMistake, match=r"filled in as \{\{"):
            panel_module.panel_from_line(line)


def test_preset_that_is_gone_says_so(open_panel):
    save("old", "no-such-model", n=2)
    save("odd", "gpt-image-2", resolution="2k", sharpness=9, quality="ultra")
    for given in ({"preset": "old"}, {"preset": "old", "prompt": "x"}):
        with pytest.raises(OptionMistake, match="for no-such-model, which edition 2026-04"):
            open_panel(**given)
    with pytest.raises(OptionMistake, match="for no-such-model"):
        panel_module.panel_from_line(["--preset", "old"])
    for line in (["--preset", "new"], ["--preset"], ["--preset="]):
        with pytest.raises(OptionMistake, match="Choose odd or old"):
            panel_module.panel_from_line(line)
    state = open_panel(preset="odd").state
    assert state.values["resolution"] == "2k"
    assert any("sharpness" in note and "no such option" in note for note in state.notes)
    assert any("quality ultra" in note for note in state.notes)


def test_preset_with_hostile_values(open_panel):
    values = {"aspect_ratio": [["<b>"]], "n": {"a": 1}, "seed": "<script>", "style": "x" * 5000}
    save("bad", "gpt-image-2", **values)
    panel = open_panel(preset="bad", plain=True)
    assert "<script" not in panel.view.line.value + panel.view.plain.notes.value


def test_preset_names_are_completed(open_panel):
    open_panel()
    for name in ("wide", "wider one", "sharp"):
        save(name, "gpt-image-2")
    for typed, found in (("wi", ("wide", "wider-one")), ("", ("sharp", "wide", "wider-one")), ("x", ())):
        line = f"%qwave panel --preset {typed}"
        assert complete(line, 0, len(line), {}).texts == found
    assert "--preset" in complete("%qwave panel --", 0, 15, {}).texts


def test_plain_panel_has_presets(open_panel):
    save("wide", "gpt-image-2", aspect_ratio="16:9")
    panel = open_panel("a cat", plain=True)
    panel.press("presets")
    panel.presets.buttons["use_preset"].click()
    assert panel.state.values == {"aspect_ratio": "16:9"}
