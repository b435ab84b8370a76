"""Tab completion: what is offered fits the chosen model and the other values, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from qwave_jupyter.catalog import load
from qwave_jupyter.notebook.completion import complete
from qwave_jupyter.notebook.lines import VERBS

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


def test_options_are_those_of_the_chosen_model_and_of_ours():
    names = offered("%%qwave -m gpt-image-2 --|")
    assert {"--quality", "--background", "--mask", "--image", "--dry-run", "--max-cost", "--sweep"} <= names | {
        "--sweep"
    }
    assert "--thinking-mode" not in names
    assert "--callback-url" not in names
    assert "--thinking-mode" in offered("%%qwave -m wan2.7-image --|")


def test_an_option_is_offered_once_unless_it_repeats():
    names = offered("%%qwave --quality high -i a.png --|")
    assert "--quality" not in names
    assert "--image" in names


def test_model_ids():
    assert offered("%%qwave -m seedream-5|") == {"seedream-5.0"}
    assert offered("%%qwave --model=wan|") == {"wan2.7-image"}
    assert at("%%qwave --model=wan|").fragment == "wan"
    assert offered("%%qwave -m |") == set(load("2026-04").ids())


def test_values_are_those_that_fit_the_others():
    assert offered("%%qwave -m gpt-image-2 --resolution 4k -r |") == WIDE
    assert len(offered("%%qwave -m gpt-image-2 -r |")) > len(WIDE)
    assert "4k" not in offered("%%qwave -m gpt-image-2 -r 1:1 --resolution |")
    assert offered("%%qwave -m gpt-image-2 --resolution 4k -r 2|") == {"2:1", "21:9"}


def test_what_stands_behind_the_cursor_chooses_the_model_too():
    assert "--thinking-mode" in offered("%%qwave --| -m wan2.7-image\na cat")


def test_a_continued_line_is_still_options():
    assert offered("%%qwave -m gpt-image-2 \\\n  --quality |\na cat") >= {"low", "medium", "high"}


def test_variables_for_pictures_and_results(plain):
    variables = {"photo": np.zeros((4, 4)), "number": 3, "_hidden": np.zeros((4, 4)), "In": []}
    assert offered("%%qwave -i ph|", variables) == {"photo"}
    assert "number" not in offered("%%qwave -i |", variables)
    assert offered("%%qwave -o n|", variables) == {"number"}


def test_paths_after_image_and_folders_after_save(plain):
    (plain / "shots").mkdir()
    (plain / "shot.png").touch()
    assert offered("%%qwave -i sho|") == {"shots/", "shot.png"}
    assert offered("%%qwave --save sho|") == {"shots/"}
    assert offered("%%qwave --save nowhere/|") == set()


def test_braces_in_the_prompt_complete_variables_and_nothing_else_does():
    variables = {"weather": "rain", "wet": 3, "shape": np.zeros(3), "_w": "x"}
    assert offered("%%qwave\na city in {{we|", variables) == {"weather}}", "wet}}"}
    assert offered("%%qwave\na city in we|", variables) == set()
    assert offered("%%qwave\nliteral \\{{we|", variables) == set()


def test_sweeps_complete_keys_then_values():
    assert {"model=", "n=", "resolution="} <= offered("%%qwave -m seedream-5.0 --sweep |")
    assert offered("%%qwave -m gpt-image-2 --sweep quality=low,me|") == {"medium"}


def test_verbs_their_options_and_their_words():
    assert offered("%qwave mod|") == {"models", "model"}
    assert offered("x = %qwave comp|") == {"compare"}
    assert offered("%qwave |") == set(VERBS)
    assert "--max-price" in offered("%qwave models --|")
    assert offered("%qwave model seedream-5|") == {"seedream-5.0"}
    assert "inpaint" in offered("%qwave models --action |")
    assert offered("%qwave demo o|") == {"on", "off"}


@pytest.mark.parametrize(
    "text", ["import o|", "x = 5 % qwa|", "%%time\n%|", "%%qwav|", "%%qwave|", "print('%qwave ')\nimport o|"]
)
def test_other_cells_are_left_alone(text):
    assert at(text) is None


@pytest.mark.parametrize(
    "text", ["%%qwave -m no-such --quality |", "%%qwave 'open -r |", "%qwave nonsense |", "%%qwave --|"]
)
def test_half_typed_lines_never_fail(text):
    assert at(text) is not None


def test_a_model_in_a_file_of_ones_own_completes_without_code(plain, monkeypatch):
    own = plain / "own.json"
    own.write_text(
        '{"family": "mine", "vendor": "me", "models": [{"id": "mine-1", "parameters": {"prompt": {"type": "string"},'
        '"sparkle": {"type": "string", "choices": ["much", "little"]}}}]}'
    )
    monkeypatch.setenv("QWAVE_EDITION", str(own))
    assert offered("%%qwave -m mine|") == {"mine-1"}
    assert "--sparkle" in offered("%%qwave -m mine-1 --|")
    assert offered("%%qwave -m mine-1 --sparkle |") == {"much", "little"}


def test_the_real_completer_asks_us_and_forgets_us():
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
