"""Presets: saved whole or not at all, under a name that a line can hold, never over what can't be read."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs import presets
from qwave_jupyter.jobs.presets import Preset

WIDE, SHARP = Preset("gpt-image-2", {"aspect_ratio": "16:9"}), Preset("wan2.7-image", {"resolution": "4K", "n": 2})


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("wide", "wide"),
        ("  My best one ", "My-best-one"),
        ("a\tb\nc", "a-b-c"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("x\"y'z`", "x-y-z"),
        ("封面 图", "封面-图"),
        ("--", ""),
        ("\x00\u2028", ""),
        ("n" * 90, "n" * 40),
    ],
)
def test_names_are_one_printable_word(given, written):
    assert presets.clean_name(given) == written


def test_preset_is_found_renamed_deleted(tmp_path):
    assert presets.list_presets(tmp_path) == {}
    assert presets.save_preset(tmp_path, "my wide", WIDE) == "my-wide"
    assert presets.save_preset(tmp_path, "Sharp", SHARP) == "Sharp"
    assert presets.list_presets(tmp_path) == {"my-wide": WIDE, "Sharp": SHARP}
    assert presets.find_preset(tmp_path, "my wide") == WIDE
    assert presets.rename_preset(tmp_path, "my-wide", "cinema") == "cinema"
    with pytest.raises(OptionMistake, match="already"):
        presets.rename_preset(tmp_path, "cinema", "Sharp")
    with pytest.raises(OptionMistake, match="my-wide"):
        presets.rename_preset(tmp_path, "my-wide", "other")
    presets.save_preset(tmp_path, "cinema", SHARP)
    presets.delete_preset(tmp_path, "Sharp")
    presets.delete_preset(tmp_path, "Sharp")
    assert presets.list_presets(tmp_path) == {"cinema": SHARP}
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["panel-presets.json"]


def test_missing_preset_names_the_others(tmp_path):
    with pytest.raises(OptionMistake, match="no other one"):
        presets.find_preset(tmp_path, "wide")
    presets.save_preset(tmp_path, "wide", WIDE)
    for given in ("wid", "", "x" * 500):
        with pytest.raises(OptionMistake, match="Choose wide"):
            presets.find_preset(tmp_path, given)


@pytest.mark.parametrize("content", ["", "{torn", "[1, 2]", '"text"', "\x00" * 10, "[" * 100_000])
def test_unreadable_file_is_left_alone(tmp_path, content):
    file = tmp_path / "panel-presets.json"
    file.write_text(content, encoding="utf-8")
    for work in (presets.list_presets, lambda home: presets.save_preset(home, "wide", WIDE)):
        with pytest.raises(OptionMistake, match="Mend that file"):
            work(tmp_path)
    assert file.read_text(encoding="utf-8") == content


def test_odd_entries_are_not_offered(tmp_path):
    odd = {"good": {"model": "m", "values": {}}, "bad": 7, "worse": {"model": 3, "values": {}}, "a b": {}, "": {}}
    (tmp_path / "panel-presets.json").write_text(json.dumps(odd), encoding="utf-8")
    assert presets.list_presets(tmp_path) == {"good": Preset("m", {})}


def test_presets_are_bounded(tmp_path):
    for number in range(presets.MAX_PRESETS):
        presets.save_preset(tmp_path, f"p{number}", WIDE)
    with pytest.raises(OptionMistake, match="100"):
        presets.save_preset(tmp_path, "one more", WIDE)
    presets.save_preset(tmp_path, "p7", SHARP)
    with pytest.raises(OptionMistake, match="20 KB"):
        presets.save_preset(tmp_path, "p8", Preset("m", {"style": "s" * 30_000}))
    for name in ("", "  ", "--"):
        with pytest.raises(OptionMistake, match="needs a name"):
            presets.save_preset(tmp_path, name, WIDE)
    assert len(presets.list_presets(tmp_path)) == presets.MAX_PRESETS


def test_preset_that_cannot_be_written(tmp_path, monkeypatch):
    presets.save_preset(tmp_path, "wide", WIDE)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OptionMistake, match="No space left"):
        presets.save_preset(tmp_path, "sharp", SHARP)
    assert presets.list_presets(tmp_path) == {"wide": WIDE}
    assert not list(tmp_path.glob("*.part"))
