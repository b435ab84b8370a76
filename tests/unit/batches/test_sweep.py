from __future__ import annotations

import base64
import io
import threading

import pytest
from PIL import Image

from qwave_jupyter import catalog
from qwave_jupyter.batches import sweep
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import Cancelled, OptionMistake, RequestRefused, TaskFailed, TooExpensive
from qwave_jupyter.jobs import request as requests_of
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def planned(bench):
    def make(prompt, *texts, model="gpt-image-2", models=bench.catalog, force=False, **options):
        names = ["what"] if "{{what}}" in prompt else []
        axes = [sweep.parse_axis(text, prompt_names=names) for text in texts]

        def build(own, variables, swept):
            words = prompt.replace("{{what}}", str(variables.get("what", "")))
            return requests_of.build(models, words, own, model=swept or model, force=force)

        places = sweep.build_grid(sweep.expand_axes(axes, options, {}), build)
        return sweep.Sweep(tuple(axes), places, prompt, options, model)

    return make


@pytest.fixture
def ran(planned, bench):
    def run(prompt, *texts, **options):
        return planned(prompt, *texts, **options).prepare(bench).start().result()

    return run


def test_sweep_grid_is_complete(ran, server):
    grid = ran("{{what}} at sea", "what=cat,dog", "seed=1..3", aspect_ratio="4:3")
    assert grid.shape == (2, 3)
    assert sorted((body["prompt"], body["seed"]) for body in server.bodies) == [
        (f"{what} at sea", seed) for what in ("cat", "dog") for seed in (1, 2, 3)
    ]
    best = grid.best(1, 2)
    assert (best.prompt, best.parameters["seed"]) == ("dog at sea", 3)
    assert grid.cell(1, 2) == "%%qwave -m gpt-image-2 --aspect-ratio 4:3 --seed 3\ndog at sea"
    records = grid.to_records()
    assert [record["what"] for record in records] == ["cat"] * 3 + ["dog"] * 3
    assert [record["seed"] for record in records] == [1, 2, 3] * 2
    assert all(record["paths"] and record["error"] is None for record in records)
    assert len(grid) == 6


def test_sweep_braces_may_have_spaces(planned, bench):
    names = sweep.parse_axis("what=a\\1b,dog", prompt_names=["what"])
    whole = planned("{{what}} at sea", "what=a\\1b,dog")
    loose = sweep.Sweep((names,), whole.grid, "{{ what }} at sea", {}, "gpt-image-2")
    assert loose.cell(0) == whole.cell(0) == "%%qwave -m gpt-image-2\na\\1b at sea"


def test_sweep_over_models(ran, server):
    ran("a cat", "model=gpt-image-2,seedream-5.0")
    assert {body["model"] for body in server.bodies} == {"gpt-image-2", "seedream-5.0"}


def test_sweep_failures_are_tiles(ran, server):
    server.faults["submit"] = [[400, {"error": {"code": "invalid_request", "message": "not today"}}]]
    grid = ran("a cat", "seed=1..2", "quality=low,high")
    failed = [place for place, error in grid.errors.items() if "not today" in str(error)]
    assert len(failed) == 1
    with pytest.raises(Exception, match="not today"):
        grid.best(*failed[0])
    assert len(grid) == 3
    assert sum("not today" in (record["error"] or "") for record in grid.to_records()) == 1
    assert "not today" in grid.text()


def test_sweep_refused_tiles_are_not_sent(ran, server):
    grid = ran("a cat", "resolution=1k,4k", "aspect_ratio=1:1,16:9")
    assert set(grid.errors) == {(1, 0)}
    assert isinstance(grid.errors[1, 0], RequestRefused)
    assert len(server.bodies) == 3


def test_sweep_with_every_tile_refused(planned, server):
    with pytest.raises(RequestRefused, match="quality"):
        planned("a cat", "quality=superb,sublime")
    assert not server.bodies


def test_sweep_price_is_checked_first(planned, server):
    known = planned("a cat", "seed=1..4")
    assert known.estimate_usd == pytest.approx(4 * known.requests[0].estimate_usd)
    known.check_max_cost(known.estimate_usd)
    with pytest.raises(TooExpensive, match="4 requests"):
        known.check_max_cost(known.estimate_usd / 2)
    assert not server.bodies


def test_sweep_unknown_price_is_refused(planned, bench):
    unpriced = planned("a cat", "official_fallback=true,false")
    assert unpriced.estimate_usd is None
    with pytest.raises(TooExpensive, match="isn't published"):
        unpriced.check_max_cost(100.0)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("seed=12,１２", "seed 12", "seed １２"),
        ("seed=7,11,011", "seed 11", "seed 011"),
        ("seed=+13,13", "seed +13", "seed 13"),
        ("quality=high,HIGH", "quality high", "quality HIGH"),
        ("resolution=1k,2k,１Ｋ", "resolution 1k", "resolution １Ｋ"),
        ("aspect_ratio=16:9,16x9", "aspect_ratio 16:9", "aspect_ratio 16x9"),
        ("sparkle=1,1.0", "sparkle 1", "sparkle 1.0"),
        ('sparkle="[1,2]","[1, 2]"', "sparkle [1,2]", "sparkle [1, 2]"),
    ],
)
def test_sweep_of_equal_values_is_refused(planned, text, first, second):
    with pytest.raises(OptionMistake) as refused:
        planned("a cat", text, "n=1..2", force=True)
    assert str(refused.value).startswith(f"the sweep has {first} · n 1 and {second} · n 1, which are sent as one")


@pytest.mark.parametrize("text", ["what=1k,1K", "what=1,１", "what=high,HIGH"])
def test_sweep_of_different_texts_is_sent(planned, text):
    assert len(planned("{{what}} at sea", text).requests) == 2


@pytest.mark.parametrize(
    ("texts", "options", "first", "second", "seed", "apart"),
    [
        (["seed=1,2"], {"n": "2"}, "seed 1", "seed 2", 2, 2),
        (["seed=10..20..2"], {"n": "3"}, "seed 10", "seed 12", 12, 3),
        (["seed=9,4,５"], {"n": 2}, "seed 4", "seed ５", 5, 2),
        (["n=1,2"], {"seed": "7"}, "n 1", "n 2", 7, 2),
        (["n=4,2"], {"seed": 7}, "n 4", "n 2", 7, 4),
        (["n=1..2", "seed=5,6"], {}, "n 1 · seed 5", "n 2 · seed 5", 5, 2),
    ],
)
def test_sweep_that_splits_into_equal_requests_is_refused(planned, texts, options, first, second, seed, apart):
    with pytest.raises(OptionMistake) as refused:
        planned("a cat", *texts, model="z-image-turbo", **options)
    text = str(refused.value)
    assert text.startswith(f"the sweep has {first} and {second}, which would both send the request with seed {seed}:")
    assert f"at least {apart} apart" in text


@pytest.mark.parametrize(
    ("texts", "options", "seeds"),
    [
        (["seed=1,3"], {"n": 2}, [1, 2, 3, 4]),
        (["seed=1..7..3"], {"n": "3"}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["seed=1,2", "{{what}}=cat,dog"], {}, [1, 1, 2, 2]),
        (["n=1,3"], {}, [None] * 4),
        (["n=1,2"], {"seed": "-1"}, [-1, -1, -1]),
        (["{{what}}=cat,dog"], {"n": 2, "seed": 7}, [7, 8, 7, 8]),
        (["aspect_ratio=1:1,16:9"], {"n": 3, "seed": -9}, [-9, -8, -7] * 2),
    ],
)
def test_sweep_that_splits_into_different_requests_is_sent(planned, texts, options, seeds):
    prompt = "{{what}} at sea" if any("what" in text for text in texts) else "a cat"
    whole = planned(prompt, *texts, model="z-image-turbo", **options)
    assert [request.values.get("seed") for request in whole.requests] == seeds


@pytest.mark.parametrize(("n", "seed"), [("２", "13"), ("+2", "+13"), (2, "１３"), (2, 13.0)])
def test_sweep_splits_numbers_as_they_are_typed(planned, n, seed):
    whole = planned("a cat", "tile=true", models=catalog.load("2026-09"), model="midjourney", n=n, seed=seed)
    assert [request.values["seed"] for request in whole.requests] == [13, 14]


def test_sweep_splits_several_images(planned):
    models = catalog.load("2026-09")
    single = next(one for one in models if "n" not in one.parameters and "aspect_ratio" in one.parameters)
    several = planned("a cat", "aspect_ratio=1:1,16:9", n=3, model=single.id, models=models)
    assert len(several.requests) == 6
    assert all("n" not in request.values for request in several.requests)


def test_sweep_sheet_pages_and_rows(ran):
    grid = ran("a cat", "quality=low,high", "seed=1..3")
    three = ran("a cat", "background=auto,opaque", "quality=low,high", "seed=1..3")
    one, stacked = grid.sheet(), three.sheet()
    assert stacked.height > 1.8 * one.height
    assert stacked.width == one.width
    row = ran("a cat", "seed=1..4")
    assert row.sheet(columns=2).height > row.sheet(columns=4).height


def test_sweep_sheet_while_running(planned, bench, server):
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    run = planned("a cat", "seed=1..2", "quality=low,high").prepare(bench).start()
    before = run.so_far()
    data, _ = before.mimebundle()
    drawn = Image.open(io.BytesIO(base64.b64decode(data.get("image/jpeg") or data["image/png"])))
    assert len(before) == 0
    assert not before.errors
    gate.set()
    after = run.result()
    assert after.sheet().size[0] == pytest.approx(drawn.size[0], rel=0.05)
    assert len(after) == 4


def test_sweep_stop_keeps_what_is_done(planned, bench, server):
    server.states = ["queued"] * 400
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    run = planned("a cat", "seed=1..20").prepare(bench, concurrency=2).start()
    wait_until(lambda: server.seen.count("status") >= 2, "two jobs under way")
    threading.Timer(0.1, gate.set).start()
    told = run.stop()
    assert isinstance(told, Cancelled)
    assert "0 images are done" in str(told)
    assert run.done()
    assert server.billed == 0
    assert len(server.tasks) == 2


def test_sweep_tile_out_of_range(ran):
    with pytest.raises(OptionMistake, match="2×2"):
        ran("a cat", "seed=1..2", "quality=low,high").best(5, 5)


def test_batch_rows_left_open_are_resumed(bench, asked, server):
    server.faults["image"] = [503] * 300
    first = Batch([asked(seed=place) for place in range(3)], bench, concurrency=3).start()
    assert all(outcome.error is not None for outcome in first.results())
    server.faults.clear()
    again = Batch([asked(seed=place) for place in range(4)], bench, concurrency=3).start().results()
    assert all(outcome.gallery for outcome in again)
    assert server.billed == 4


def test_sweep_failed_tasks_are_free(ran, server):
    server.states = ["queued", "failed"]
    grid = ran("a cat", "seed=1..2")
    assert all(isinstance(error, TaskFailed) for error in grid.errors.values())
    assert all(not record["cost_usd"] for record in grid.to_records())
