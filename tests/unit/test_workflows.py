"""Workflows and project files; `make check` compares them with their schemas."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import qwave_jupyter

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_of(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_pins_actions_by_hash_and_version(path):
    used = re.findall(r"uses: (.+)", text_of(path))
    assert len(used) >= 2
    for one in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_runs_targets_that_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"run: make ([a-z-]+)", text_of(path))) <= targets
    assert all((ROOT / one).exists() for one in re.findall(r"run: (\.ci/\w+)", text_of(path)))


def test_action_has_one_version_in_all_workflows():
    versions = {}
    for path in WORKFLOWS:
        for action, version in re.findall(r"uses: ([\w/-]+)@(.+)", text_of(path)):
            versions.setdefault(action, set()).add(version)
    assert all(len(one) == 1 for one in versions.values()), versions


def test_only_the_release_holds_write_permissions():
    for path in WORKFLOWS:
        assert "\npermissions: {}\n" in text_of(path)
        assert (": write" in text_of(path)) == (path.stem == "release")
    assert not re.search(r"password|secrets\.", text_of(ROOT / ".github" / "workflows" / "release.yml"))


def test_matrix_holds_oldest_python_and_each_system():
    matrix = text_of(ROOT / ".github" / "workflows" / "test.yml")
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert re.search(rf'python: \["{re.escape(oldest)}", "3\.\d+"\]', matrix)
    assert re.search(r"system: \[ubuntu-latest, macos-latest, windows-latest\]", matrix)


def test_citation_names_the_version_and_the_repository():
    citation = text_of(ROOT / "CITATION.cff")
    assert f"version: {qwave_jupyter.__version__}\n" in citation
    assert f"repository-code: {PROJECT['urls']['Source']}\n" in citation
    owner_and_name = PROJECT["urls"]["Source"].removeprefix("https://github.com/")
    assert f"mybinder.org/v2/gh/{owner_and_name}/" in text_of(ROOT / "README.md")


def test_security_page_names_tests_that_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)`", text_of(ROOT / "SECURITY.md"))
    assert len(named) >= 6
    assert all((ROOT / one).exists() for one in named)
