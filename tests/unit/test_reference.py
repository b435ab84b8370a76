"""The reference page is what the code says now, and what it says of the environment is so."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import qwave_jupyter
from qwave_jupyter import credentials, i18n, settings
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs.own_options import OWN_OPTIONS, SHORT_FORMS
from qwave_jupyter.magics.line_magic import COMMANDS
from qwave_jupyter.session import default

ROOT = Path(__file__).resolve().parent.parent.parent
#: Variables of one purpose each, told in words and not as a setting.
TOLD = {*credentials.KEY_VARIABLES, "QWAVE_KEYRING"}


@pytest.fixture(scope="module")
def writer():
    return runpy.run_path(str(ROOT / "tools" / "write_reference.py"))


def text_of(writer):
    return "\n".join(writer["pages"]().values())


def test_reference_pages_are_current(writer):
    folder = ROOT / "docs" / "reference"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == writer["pages"](), "docs/reference is out of date: run make reference"


def test_reference_page_ignores_the_language(writer):
    i18n.use("zh")
    try:
        in_chinese = writer["pages"]()
    finally:
        i18n.use(None)
    assert in_chinese == writer["pages"]()


def test_reference_page_is_complete(writer):
    page = text_of(writer)
    spelled = {name.replace("_", "-") for name in OWN_OPTIONS}
    assert all(f"`--{name}" in page for name in spelled)
    assert all(f"`{short}`" in page for short in SHORT_FORMS)
    assert all(f"`%qwave {command}" in page for command in COMMANDS)
    assert all(f"| `{name}` |" in page for name in settings.Settings.definitions())
    assert all(f"`{name}" in page or f"## {name}" in page for name in qwave_jupyter.__all__)
    assert all(page.count(f"| `{name}`") for edition in ("2026-04", "2026-09") for name in load(edition).ids())


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("base_url", "QWAVE_BASE_URL"),
        ("base_url", "WAVEAPI_BASE_URL"),
        ("demo", "QWAVE_DEMO"),
        ("edition", "QWAVE_EDITION"),
        ("home", "QWAVE_HOME"),
        ("save_dir", "QWAVE_SAVE_DIR"),
    ],
)
def test_variables_change_their_settings(clean_environment, monkeypatch, setting, variable):
    assert variable in settings.Settings.definitions()[setting].variables
    before = getattr(default().settings, setting)
    monkeypatch.setenv(variable, {"demo": "1", "edition": "2026-09"}.get(setting, "/elsewhere"))
    assert getattr(default().settings, setting) != before


def test_variables_in_code_are_documented(writer):
    named = {
        name
        for module in Path(qwave_jupyter.__file__).parent.rglob("*.py")
        for name in re.findall(r'"((?:QWAVE|WAVE|WAVEAPI)_[A-Z_]+)"', module.read_text(encoding="utf-8"))
    }
    told = {name for one in settings.Settings.definitions().values() for name in one.variables} | TOLD
    assert named == told
    assert all(name in text_of(writer) for name in named)


def test_contributing_example_model_works(clean_environment, monkeypatch, tmp_path):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "aquarelle.json").write_text(example, encoding="utf-8")
    monkeypatch.setenv("QWAVE_EDITION", str(tmp_path / "aquarelle.json"))
    request = qwave_jupyter.build("a pond", model="aquarelle-1", wetness=0.9, resolution="2k", aspect_ratio="3:2")
    assert request.estimate_usd == 0.05
    assert (request.body["size"], request.body["wetness"]) == ("3:2", 0.9)
    with pytest.raises(RequestRefused, match="resolution 2k needs aspect_ratio 3:2 or 2:3; you asked for 1:1"):
        qwave_jupyter.build("a pond", model="aquarelle-1", wetness=0.9, resolution="2k", aspect_ratio="1:1")
    from_image = qwave_jupyter.build("in the rain", model="aquarelle-1", images=["https://example.com/pond.png"])
    assert from_image.body["action"] == "edit"
    assert qwave_jupyter.model("gpt-image-2").id == "gpt-image-2"
