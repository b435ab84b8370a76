"""Names in braces in an option of ours are filled, or refused before anything is paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics import cell_options

TURBO = load("2026-04").model("z-image-turbo")
NAMES = {"folder": "out", "year": 2026, "place": Path("a/b"), "nothing": None}


@pytest.mark.parametrize(
    ("written", "folder"),
    [("{{folder}}", "out"), ("x-{{year}}/{{folder}}", "x-2026/out"), ("{{place}}", str(Path("a/b")))],
)
def test_option_names_are_filled(written, folder):
    assert cell_options.parse_line(f"--save {written}", TURBO, NAMES).own.save == folder


@pytest.mark.parametrize("written", ["{{foldr}}", "{{nothing}}", "{{folder.name}}"])
def test_option_names_are_refused(written):
    with pytest.raises(OptionMistake) as refusal:
        cell_options.parse_line(f"--save {written}", TURBO, NAMES)
    assert f"--save {written}: the names in braces" in str(refusal.value)
