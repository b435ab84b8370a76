"""Tab completion: what is offered fits the chosen model and the other values, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from qwave_jupyter.catalog import load
from qwave_jupyter.magics.completion import complete
from qwave_jupyter.magics.line_magic import COMMANDS

WIDE = {"16:9", "9:16", "2:1", "1:2", "21:9", "9:21"}


@pytest.fixture(autouse=True)
def plain(clean_environment, monkeypatch):
    monkeypatch.chdir(clean_environment)
    return clean_environment


def at(text, variables=None):
    """Complete where the bar stands."""
    before, _, after = text.partition("|")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    return complete(before + after, line, column, variables or {})


def offered(text, variables=None):
    found = at(text, variables)
    return set(found.texts) if found else None


def test_completion_offers_model_and_own_options():
    names = offered("%%qwave -m gpt-image-2 --|")
    assert {"--quality", "--background", "--mask", "--image", "--dry-run", "--max-cost", "--sweep"} <= names | {
        "--sweep"
    }
    assert "--thinking-mode" not in names
    assert "--callback-url" not in names
    assert "--thinking-mode" in offered("%%qwave -m wan2.7-image --|")


def test_completion_offers_an_option_once():
    names = offered("%%qwave --quality high -i a.png --|")
    assert "--quality" not in names
    assert "--image" in names


def test_completion_of_model_ids():
    assert offered("%%qwave -m seedream-5|") == {"seedream-5.0"}
    assert offered("%%qwave --model=wan|") == {"wan2.7-image"}
    assert at("%%qwave --model=wan|").fragment == "wan"
    assert offered("%%qwave -m |") == set(load("2026-04").ids())


def test_completion_of_fitting_values():
    assert offered("%%qwave -m gpt-image-2 --resolution 4k -r |") == WIDE
    assert len(offered("%%qwave -m gpt-image-2 -r |")) > len(WIDE)
    assert "4k" not in offered("%%qwave -m gpt-image-2 -r 1:1 --resolution |")
    assert offered("%%qwave -m gpt-image-2 --resolution 4k -r 2|") == {"2:1", "21:9"}


def test_completion_reads_behind_the_cursor():
    assert "--thinking-mode" in offered("%%qwave --| -m wan2.7-image\na cat")


def test_completion_on_a_continued_line():
    assert offered("%%qwave -m gpt-image-2 \\\n  --quality |\na cat") >= {"low", "medium", "high"}


def test_completion_of_variables(plain):
    variables = {"photo": np.zeros((4, 4)), "number": 3, "_hidden": np.zeros((4, 4)), "In": []}
    assert offered("%%qwave -i ph|", variables) == {"photo"}
    assert "number" not in offered("%%qwave -i |", variables)
    assert offered("%%qwave -o n|", variables) == {"number"}


def test_completion_of_paths(plain):
    (plain / "shots").mkdir()
    (plain / "shot.png").touch()
    assert offered("%%qwave -i sho|") == {"shots/", "shot.png"}
    assert offered("%%qwave --save sho|") == {"shots/"}
    assert offered("%%qwave --save nowhere/|") == set()


def test_completion_of_prompt_variables():
    variables = {"weather": "rain", "wet": 3, "shape": np.zeros(3), "_w": "x"}
    assert offered("%%qwave\na city in {{we|", variables) == {"weather}}", "wet}}"}
    assert offered("%%qwave\na city in we|", variables) == set()
    assert offered("%%qwave\nliteral \\{{we|", variables) == set()


def test_completion_of_sweeps():
    assert {"model=", "n=", "resolution="} <= offered("%%qwave -m seedream-5.0 --sweep |")
    assert offered("%%qwave -m gpt-image-2 --sweep quality=low,me|") == {"medium"}


def test_completion_of_line_commands():
    assert offered("%qwave mod|") == {"models", "model"}
    assert offered("x = %qwave comp|") == {"compare"}
    assert offered("%qwave |") == set(COMMANDS)
    assert "--max-price" in offered("%qwave models --|")
    assert offered("%qwave model seedream-5|") == {"seedream-5.0"}
    assert "inpaint" in offered("%qwave models --action |")
    assert offered("%qwave demo o|") == {"on", "off"}


@pytest.mark.parametrize(
    "text", ["import o|", "x = 5 % qwa|", "%%time\n%|", "%%qwav|", "%%qwave|", "print('%qwave ')\nimport o|"]
)
def test_completion_leaves_other_cells(text):
    assert at(text) is None


@pytest.mark.parametrize(
    "text", ["%%qwave -m no-such --quality |", "%%qwave 'open -r |", "%qwave nonsense |", "%%qwave --|"]
)
def test_completion_takes_any_line(text):
    assert at(text) is not None


def test_completion_of_an_own_model(plain, monkeypatch):
    own = plain / "own.json"
    own.write_text(
        '{"family": "mine", "vendor": "me", "models": [{"id": "mine-1", "parameters": {"prompt": {"type": "string"},'
        '"sparkle": {"type": "string", "choices": ["much", "little"]}}}]}'
    )
    monkeypatch.setenv("QWAVE_EDITION", str(own))
    assert offered("%%qwave -m mine|") == {"mine-1"}
    assert "--sparkle" in offered("%%qwave -m mine-1 --|")
    assert offered("%%qwave -m mine-1 --sparkle |") == {"much", "little"}


def test_completion_is_registered_and_removed():
    shell = InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "qwave_jupyter")
        text = "%%qwave -m gpt-image-2 --resolution 4k -r 2"
        with provisionalcompleter():
            found = {one.text for one in shell.Completer.completions(text, len(text))}
        assert found == {"2:1", "21:9"}
        shell.run_line_magic("unload_ext", "qwave_jupyter")
        assert not [one for one in shell.Completer.custom_matchers if getattr(one, "matcher_identifier", "") == "qwave"]
    finally:
        InteractiveShell.clear_instance()
