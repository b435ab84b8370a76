"""The list of keys: one for the panel and the editors, with a text in each language for each of them."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from PIL import Image

from qwave_jupyter import i18n
from qwave_jupyter.widgets.canvas import keyboard
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor
from qwave_jupyter.widgets.canvas.keyboard import GROUPS, SHORTCUTS, describe_shortcuts, format_hint
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor


@pytest.fixture(params=["en", "zh"])
def language(request):
    i18n.use(request.param)
    yield request.param
    i18n.use(None)


def test_every_group_is_listed(language):
    described = describe_shortcuts(*GROUPS)
    assert [len(group["rows"]) for group in described["groups"]] == [len(SHORTCUTS[group]) for group in GROUPS]
    for group in described["groups"]:
        assert group["title"]
        for keys, action in group["rows"]:
            assert keys
            assert action
            assert "{" not in keys


def test_texts_are_used():
    known = set(json.loads((files("qwave_jupyter.i18n") / "en" / "shortcuts.json").read_text("utf-8")))
    asked = {f"group_{group}" for group in GROUPS} | {"list_title", "list_button", "list_close"}
    for group in SHORTCUTS.values():
        asked |= {one.action for one in group} | {f"hint_{one.action}" for one in group if one.hinted}
    source = (files(keyboard.__package__) / "keyboard.py").read_text("utf-8")
    asked |= set(re.findall(r"shortcuts\.(key_\w+)", source))
    assert asked == known


@pytest.mark.parametrize(
    ("group", "first"), [("brush", "[ ] size · E erase"), ("boxes", "← → ↑ ↓ move"), ("palette", "← → move a border")]
)
def test_hint_names_the_keys(group, first):
    assert format_hint(group).startswith(first)


def test_editors_have_their_group(language):
    image = Image.new("RGB", (40, 30))
    made = {"brush": MaskBrush(image), "boxes": BoxEditor(image), "palette": PaletteEditor()}
    for group, control in made.items():
        assert control.shortcuts == {**describe_shortcuts(group), "hint": format_hint(group)}
        control.close_all()


@pytest.mark.parametrize("group", ["brush", "boxes"])
def test_keys_are_those_of_the_script(group):
    name = {"brush": "mask_brush.js", "boxes": "box_editor.js"}[group]
    here = files(keyboard.__package__)
    script = (here / name).read_text("utf-8") + (here / "viewport.js").read_text("utf-8")
    letters = {one.keys for one in SHORTCUTS[group] if re.fullmatch(r"[A-Z]", one.keys)}
    assert all(f'key === "{letter.lower()}"' in script for letter in letters)
    assert {letter.upper() for letter in re.findall(r'key === "([a-z])"', script)} - {"Y"} <= letters
