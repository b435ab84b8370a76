"""Tab behind quoted values, and values that a further option would allow."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.magics.completion import complete


@pytest.fixture(autouse=True)
def plain(clean_environment, monkeypatch):
    monkeypatch.chdir(clean_environment)


def offered(text):
    return set(complete(text, 0, len(text), {}).texts)


@pytest.mark.parametrize("quoted", ['"--quality x"', "'-n'", "“--quality”", '"a --quality b -n c"'])
def test_completion_takes_quoted_dashes_for_text(quoted):
    names = offered(f"%%qwave -m gpt-image-2 --style {quoted} --")
    assert {"--quality", "--n"} <= names
    assert "--style" not in names


@pytest.mark.parametrize("start", ['--style "a --qual', "--style '-r ", '--style "x" --save "--'])
def test_completion_offers_nothing_inside_quotes(start):
    assert offered(f"%%qwave -m gpt-image-2 {start}") == set()


def test_completion_behind_a_quoted_value():
    assert offered('%%qwave -m gpt-image-2 --style "--resolution" --resolution ') == {"1k", "2k"}
    assert "4k" in offered('%%qwave -m gpt-image-2 --style "-r 1:1" -r 2:1 --resolution ')
    assert offered('%qwave report a.html --by "--all" --') == {"--all"}
    assert "--action" not in offered("%qwave models -a edit --")


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_completion_offers_every_action(monkeypatch, edition):
    monkeypatch.setenv("QWAVE_EDITION", edition)
    for model in load(edition):
        if model.actions and "action" in model.parameters:
            assert offered(f"%%qwave -m {model.id} -a ") == set(model.parameters["action"].choices), model.id


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-1.5-official", "gpt-image-1-official"])
def test_completion_offers_no_action_against_what_is_there(model):
    names = offered(f"%%qwave -m {model} --mask https://x.example/m.png -a ")
    assert "inpaint" in names
    assert "generate" not in names


@pytest.mark.parametrize("name", ["-a", "--action"])
def test_completion_of_actions_by_prefix(name):
    assert offered(f"%%qwave -m gpt-image-2 {name} in") == {"inpaint"}
    assert offered(f"%%qwave -m gpt-image-2 {name}=ed".replace("-a=", "--action=")) == {"edit"}
