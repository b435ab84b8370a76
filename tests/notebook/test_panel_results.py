"""What can be done with a panel's results: star, compare several, repeat by the seed; in the plain panel by buttons."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from tests.notebook.test_panel import finished, open_panel, receive

__all__ = ["open_panel"]


@pytest.mark.slow
def test_star_is_found_again(open_panel):
    panel = open_panel("a cat", resolution="1k", n=3)
    panel.generate()
    (run,) = finished(panel)
    for index in (0, 2):
        receive(run.results, {"star": index})
    assert run.results.starred == [0, 2]
    assert qwave.history(starred=True).paths == (run.gallery[0].path, run.gallery[2].path)
    receive(run.results, {"star": 0})
    assert qwave.history(starred=True).paths == (run.gallery[2].path,)


@pytest.mark.slow
def test_plain_panel_stars_and_compares_by_buttons(open_panel):
    panel = open_panel("a cat", resolution="1k", n=2, plain=True)
    panel.generate()
    (run,) = finished(panel)
    assert run.results is None
    assert run.images.value.count("<img") == 2
    run.buttons["star"].click()
    assert "has a star" in run.note.value
    assert qwave.history(starred=True).paths == (run.gallery[0].path,)
    run.buttons["compare"].click()
    run._which.value = 1
    run.buttons["compare"].click()
    assert len(panel.view.comparison.images) == 2


@pytest.mark.slow
def test_compare_takes_more_than_two(open_panel):
    panel = open_panel("a cat", resolution="1k", n=2)
    for _ in range(4):
        panel.generate()
        finished(panel)
    first, second, third, fourth = finished(panel, 4)
    receive(first.results, {"compare": 0})
    assert "another image" in first.note.value
    assert panel.view.comparison.images == []
    for run, index in ((first, 1), (second, 0), (third, 1), (third, 0), (fourth, 1)):
        receive(run.results, {"compare": index})
    assert len(panel.view.comparison.images) == 6
    receive(fourth.results, {"compare": 0})
    assert "6 images" in fourth.note.value
    assert len(panel.view.comparison.images) == 6
    assert [run.results.picked for run in (first, second, third, fourth)] == [[0, 1], [0], [0, 1], [1]]
    receive(first.results, {"compare": 0})
    assert len(panel.view.comparison.images) == 5
    third.buttons["dismiss"].click()
    assert len(panel.view.comparison.images) == 3
    panel.view.comparison.images = []
    assert [run.results.picked for run in (first, second, fourth)] == [[], [], []]
    receive(second.results, {"compare": 1})
    assert panel.view.comparison.images == []


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gpt-image-2", "z-image-turbo", "qwen-image-2.0"])
def test_each_run_has_a_seed_of_its_own(open_panel, model):
    panel = open_panel("a cat", model=model)
    panel.generate()
    finished(panel)
    panel.generate()
    newer, older = finished(panel, 2)
    seeds = [run.job.request.body["seed"] for run in (newer, older)]
    assert seeds[0] != seeds[1]
    assert all(seed >= 1 for seed in seeds)
    assert f"seed {seeds[1]}" in older.card.value
    assert "seed" not in panel.state.values, "the next run gets another"
    older.buttons["same_seed"].click()
    assert panel.state.values["seed"] == seeds[1]
    panel.generate()
    again = finished(panel)[0]
    assert again.job.request.body == older.job.request.body
    assert again.gallery[0].pil.tobytes() == older.gallery[0].pil.tobytes() != newer.gallery[0].pil.tobytes()


@pytest.mark.slow
def test_a_seed_that_is_set_stays(open_panel):
    for model, seed in (("gpt-image-2", 7), ("z-image-turbo", 0), ("qwen-image-2.0", -1)):
        panel = open_panel("a cat", model=model, seed=seed)
        panel.generate()
        assert finished(panel)[0].job.request.values["seed"] == seed


def test_models_without_a_seed_get_none(open_panel):
    for model in ("gpt-4o-image", "grok-imagine-image", "midjourney"):
        if model in [one.id for one in qwave.models()]:
            panel = open_panel("a cat", model=model)
            panel.generate()
            run = finished(panel)[0]
            assert "seed" not in run.job.request.body or "seed" in run.state.model.parameters
            assert (run.buttons["same_seed"].layout.display == "") == ("seed" in run.state.values)
