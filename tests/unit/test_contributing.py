"""CONTRIBUTING.md names what is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title):
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_contributing_names_paths_that_exist():
    paths = re.findall(r"`((?:[\w.-]+/)*[\w.-]+(?:\.(?:py|json|md)|/))`", TEXT)
    assert len(paths) > 60
    lost = [path for path in paths if not ((ROOT / path).exists() or (ROOT / "qwave_jupyter" / path).exists())]
    assert not set(lost) - {"aquarelle.json", "templates/", "editions/", "commands/", "index.json"}


def test_contributing_follows_a_cell_through_each_module_once():
    modules = re.findall(r"`([\w/]+\.py)`", section("How one cell flows"))
    assert len(modules) > 25
    assert len(modules) == len(set(modules))
