"""A visitor of an app chooses and uploads images; the files and variables of the server stay with its owner."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from qwave_jupyter import credentials, frontend, i18n
from qwave_jupyter.errors import GenerationError
from qwave_jupyter.widgets.panel import panel as panels
from tests.fake_session import NOTEBOOK as OWNER
from tests.fake_session import VOILA as VISITOR
from tests.fake_session import replace_default
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def own_session(clean_environment, monkeypatch):
    credentials.forget()
    replace_default(monkeypatch)
    i18n.use(None)
    monkeypatch.chdir(clean_environment)
    Image.new("RGB", (40, 30), "red").save(clean_environment / "secret.png")
    yield
    i18n.use(None)


@pytest.fixture
def open_panel(monkeypatch, tmp_path):
    opened = []

    def start(place):
        monkeypatch.setattr(frontend, "_installed", [place])
        monkeypatch.setattr(panels, "find_variables", lambda: {"photo": tmp_path / "secret.png"})
        opened.append(panels.panel("a lighthouse"))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def type_image(panel, parameter, text):
    panel.change_images(parameter, "add", text)
    return panel.state.selected if parameter == "images" else tuple(filter(None, [panel.state.mask]))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("parameter", ["images", "mask"])
@pytest.mark.parametrize(
    "text", ["secret.png", "{folder}/secret.png", "file://{folder}/secret.png", "photo", " ./secret.png"]
)
def test_visitor_names_no_file_of_server(open_panel, tmp_path, parameter, text, language):
    i18n.use(language)
    panel = open_panel(VISITOR)
    assert type_image(panel, parameter, text.format(folder=tmp_path)) == ()
    assert panel.view.references.items == []
    (note,) = panel.view.strips[parameter].notes
    assert ("uploaded" if language == "en" else "上传") in note
    assert str(tmp_path) not in note


@pytest.mark.parametrize("text", ["secret.png", "{folder}/secret.png", "photo"])
def test_owner_names_files_and_variables(open_panel, tmp_path, text):
    panel = open_panel(OWNER)
    (selected,) = type_image(panel, "images", text.format(folder=tmp_path))
    assert selected.expression == text.format(folder=tmp_path)
    assert panel.view.references.items[0]["thumb"].startswith("data:image/")
    assert "path" in panel.view.references.texts["placeholder"]


def test_visitor_uploads_and_gives_addresses(open_panel):
    panel = open_panel(VISITOR)
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(content, "PNG")
    panel.change_images("images", "upload", content.getvalue(), "../mine.png")
    type_image(panel, "images", "https://images.example/a.png")
    assert [image.label for image in panel.state.selected] == ["../mine.png", "a.png"]
    assert panel.view.references.texts["placeholder"] == "URL"
    assert "path" not in panel.view.references.texts["add_label"]


@pytest.mark.slow_except("False")
@pytest.mark.parametrize(("place", "saves"), [(VISITOR, False), (OWNER, True)])
def test_visitor_saves_nothing_on_server(open_panel, tmp_path, small_images, short_waits, place, saves):
    panel = open_panel(place)
    run = panel.generate()
    wait_until(lambda: run._actions.layout.display == "", "the actions below the images")
    assert (run.buttons["save"].layout.display == "") is saves
    run._folder.value = str(tmp_path / "elsewhere")
    run.buttons["save_here"].click()
    assert (tmp_path / "elsewhere").exists() is saves
    assert ("download it" in run.note.value) is not saves


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("place", "raises_it"), [(VISITOR, False), (OWNER, True)])
def test_budget_is_raised_by_owner_only(open_panel, monkeypatch, place, raises_it, language):
    i18n.use(language)
    monkeypatch.setenv("QWAVE_BUDGET", "0.001")
    panel = open_panel(place)
    assert ("raise" in panel.view.line.value or "提高" in panel.view.line.value) is raises_it
    panel.press("generate")
    assert not panel.runs
    assert "$0.0010" in panel.view.line.value
    assert "$0.0064" in panel.view.line.value
    assert ("configure" in panel.view.line.value) is raises_it


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("place", "has_cells"), [(VISITOR, False), (OWNER, True)])
def test_visitor_is_told_who_runs_cells(open_panel, monkeypatch, tmp_path, place, has_cells, language):
    i18n.use(language)
    monkeypatch.setenv("QWAVE_SAVE_DIR", str(tmp_path / "secret.png" / "below"))
    panel = open_panel(place)
    panel.press("generate")
    said = panel.view.line.value
    assert said.count("qwave_jupyter.configure(") == 1
    assert said.count(i18n.text("panel.owner_has_cells")) == (0 if has_cells else 1)


def test_visitor_is_told_once_who_runs_cells():
    inner = GenerationError("generation.our_fault", reason="x")
    with i18n.place("app"):
        said = i18n.text("generation.resume_folder", reason=inner)
        plain = i18n.text("catalog.empty_prompt")
    note = i18n.text("panel.owner_has_cells")
    assert (said.count(note), said.endswith(note), note in plain) == (1, True, False)
