"""Galleries and images that were pickled, copied or sent to another process go on: edit, again, vary, show, save."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import RequestRefused, UserMistake
from qwave_jupyter.magics.line_magic import LineMagic
from qwave_jupyter.session import Session, default
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole

COPIES = {
    "pickle": lambda given: pickle.loads(pickle.dumps(given)),
    "oldest pickle": lambda given: pickle.loads(pickle.dumps(given, 0)),
    "multiprocessing": lambda given: pickle.loads(bytes(ForkingPickler.dumps(given))),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
OURS = {"copy", "deepcopy"}
PRESSED = pytest.mark.parametrize("kind", COPIES)


@pytest.fixture
def sessions(clean_environment, monkeypatch, small_images, short_waits):
    """The default session and another one, each with a demo of its own."""
    main = replace_default(monkeypatch)
    other = Session(home=clean_environment / "other", save_dir=clean_environment / "other-images")
    for one in (main, other):
        one.use_demo(latency=0.05)
    yield main, other
    for one in (main, other):
        one.stop_demo()


@pytest.mark.slow_except("True-True-pickle", "False-False-copy")
@PRESSED
@pytest.mark.parametrize("of_other", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_copied_image_goes_on(sessions, kind, of_other, whole):
    main, other = sessions
    made_by = other if of_other else main
    gallery = made_by.generate("a {{ cat", model="gpt-image-2", aspect_ratio="3:2", seed=4)
    image = COPIES[kind](gallery)[0] if whole else COPIES[kind](gallery[0])
    # A copy stays in its session; another process has none but its default one.
    pays = made_by if kind in OURS else main
    before = len(pays.jobs)
    edited = image.edit("make it night")
    assert edited[0].parameters["aspect_ratio"] == "3:2"
    assert pays.jobs[0].request.action == "image2image"
    assert image.again(seed=5)[0].parameters == {**image.parameters, "seed": 5}
    assert len(image.vary(2)) == 2
    assert len(pays.jobs) == before + 3
    with pytest.raises(RequestRefused):
        image.edit("x", model="gpt-image-2", resolution="9k")


@pytest.mark.slow_except("[pickle", "[copy")
@PRESSED
def test_copied_gallery_is_shown_and_saved(sessions, kind, tmp_path):
    gallery = qwave.generate("a cat", model="z-image-turbo") + qwave.generate("a dog", model="z-image-turbo")
    twin = COPIES[kind](gallery)
    assert (twin, hash(twin), twin.paths) == (gallery, hash(gallery), gallery.paths)
    shown = DisplayFormatter().format(twin)
    assert shown[0].keys() == DisplayFormatter().format(gallery)[0].keys() > {"text/plain"}
    assert twin.mimebundle() == gallery.mimebundle()
    assert twin.sheet().tobytes() == gallery.sheet().tobytes()
    assert twin.cost_usd == gallery.cost_usd
    assert [one.provenance()["prompt"] for one in twin] == ["a cat", "a dog"]
    assert [one.path.parent for one in twin.save(tmp_path / "kept")] == [tmp_path / "kept"] * 2
    assert np.asarray(twin[0]).shape == np.asarray(gallery[0]).shape
    with Image.open(twin[1]) as opened:
        assert opened.size == twin[1].size
    assert twin[0].compare(twin[1])._repr_html_() == gallery[0].compare(gallery[1])._repr_html_()
    assert twin[::-1][0] == gallery[1]
    default().star(twin[1])
    assert [one.prompt for one in qwave.history(starred=True)] == ["a dog"]


@pytest.mark.slow_except("[pickle", "[copy")
@PRESSED
def test_copied_sweep_goes_on(sessions, kind):
    sweep = default().plan_sweep("a {{what}}", ["what=cat,dog", "resolution=1k,9k"], model="gpt-image-2")
    grid = default().prepare_sweep(sweep).start().result()
    twin = COPIES[kind](grid)
    assert (twin.shape, list(twin.errors), twin.to_records()) == (grid.shape, list(grid.errors), grid.to_records())
    assert {str(error) for error in twin.errors.values()} == {str(error) for error in grid.errors.values()}
    assert twin.cell(1, 0) == grid.cell(1, 0)
    assert twin.sheet().tobytes() == grid.sheet().tobytes()
    assert twin.text() == grid.text()
    assert twin.best(1, 0).again(seed=9)[0].prompt == "a dog"
    with pytest.raises(RequestRefused, match="resolution"):
        twin.best(0, 1)


@pytest.mark.slow_except("[pickle", "[copy")
@PRESSED
def test_show_and_resume_find_what_was_copied(sessions, kind, monkeypatch):
    image = COPIES[kind](qwave.generate("a cat", model="z-image-turbo"))[0]
    main, _ = sessions
    # As in another kernel: the journal knows the job, and the session doesn't.
    main._jobs.clear()
    console = RecordingConsole()
    (shown,) = LineMagic(console)(f"show {image.task_id}")
    assert (shown.path, shown.job_id) == (image.path, image.job_id)
    assert list(qwave.resume()) == []
    assert qwave.read_provenance(image.path)["job_id"] == image.job_id


@pytest.mark.slow_except("[pickle", "[copy")
@PRESSED
@pytest.mark.parametrize("make", ["submit", "batch"])
def test_work_under_way_is_refused_and_its_images_are_not(sessions, kind, make):
    work = qwave.submit("a cat") if make == "submit" else qwave.batch(["a cat"])
    with pytest.raises(UserMistake, match="can't be copied or pickled") as refused:
        COPIES[kind](work)
    assert pickle.loads(pickle.dumps(refused.value)).args == refused.value.args
    work.wait()
    made = work.result() if make == "submit" else work.gallery()
    assert COPIES[kind](made) == made


def edit_elsewhere(gallery):
    """Go on with a gallery in another process; gives what came of it back."""
    image = gallery[0]
    refusal = None
    try:
        image.edit("x", resolution="9k")
    except RequestRefused as problem:
        refusal = problem
    return image.edit("make it night"), image.again(seed=7), gallery.mimebundle(), image.cell(), refusal


@pytest.mark.slow
def test_round_trip_through_a_spawned_process(quick_server, tmp_path, monkeypatch):
    for name, value in quick_server.environment(tmp_path).items():
        if name.startswith("QWAVE_"):
            monkeypatch.setenv(name, value)
    session = replace_default(monkeypatch)
    gallery = session.generate("a cat", model="gpt-image-2", aspect_ratio="3:2", seed=3)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        edited, again, shown, cell, refusal = pool.apply(edit_elsewhere, (gallery,))
    assert (shown, cell) == (gallery.mimebundle(), gallery[0].cell())
    assert edited[0].parameters["aspect_ratio"] == again[0].parameters["aspect_ratio"] == "3:2"
    assert again[0].parameters["seed"] == 7
    assert "resolution" in str(refusal)
    assert edited[0].path.is_file()
    # What another process made goes on here, and its journal is the same.
    assert len(edited[0].edit("make it day")) == 1
    assert {one.job_id for one in session.history()} >= {edited[0].job_id, again[0].job_id, gallery[0].job_id}
