"""A batch over other engines: threads, processes, and a cluster of two processes."""

from __future__ import annotations

import json
import pickle
import uuid
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.session import default
from tests.conftest import optional, serve
from tests.fake_session import replace_default

pytestmark = pytest.mark.slow

MODEL = "z-image-turbo"


@pytest.fixture(scope="module")
def server():
    yield from serve("--latency", "0.1")


@pytest.fixture
def keyed(server, clean_environment, monkeypatch):
    for name, value in server.environment(clean_environment / "home").items():
        if name.startswith("QWAVE_"):
            monkeypatch.setenv(name, value)
    replace_default(monkeypatch).use_demo(False)
    return server


@pytest.fixture(params=["threads", *(pytest.param(one, marks=pytest.mark.slow) for one in ("processes", "cluster"))])
def executor(request, keyed):
    if request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    elif request.param == "processes":
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            yield pool
    else:
        with warnings.catch_warnings():
            # What the cluster says of its own libraries isn't ours.
            warnings.simplefilter("ignore")
            distributed = optional("distributed")
            with (
                distributed.LocalCluster(
                    n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                yield client.get_executor()


def test_executor_runs_rows_in_order(executor, keyed, clean_environment):
    before = keyed.get("/demo/counts")["billed"]
    lines = clean_environment / "rows.jsonl"
    rows = [{"prompt": f"a cat, number {place}", "seed": place} for place in range(6)]
    rows[3]["aspect_ratio"] = "99:1"
    batch = qwave.batch(rows, model=MODEL, executor=executor, concurrency=3, write=lines)
    outcomes = batch.results()
    assert [outcome.index for outcome in outcomes] == list(range(6))
    assert list(batch.errors) == [3]
    assert "99:1" in str(batch.errors[3])
    for outcome in outcomes:
        if outcome.gallery is not None:
            (image,) = outcome.gallery
            assert image.prompt == f"a cat, number {outcome.index}"
            assert image.path.stat().st_size > 1000
            assert image.pil.size == (image.width, image.height)
    assert keyed.get("/demo/counts")["billed"] - before == 5
    written = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert sorted(one["index"] for one in written) == list(range(6))
    assert default().spent_usd > 0


def test_pickled_work_has_no_key(keyed):
    bench = default().context()
    request = api.build("a cat", model=MODEL)
    content = pickle.dumps((bench, request))
    assert keyed.key.encode() not in content
    back, _ = pickle.loads(content)
    assert keyed.key not in repr(back)


def test_executor_worker_without_a_key(keyed, monkeypatch):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        monkeypatch.delenv("QWAVE_API_KEY")
        list(pool.map(abs, [1]))  # the worker starts here, without a key
        monkeypatch.setenv("QWAVE_API_KEY", keyed.key)
        (outcome,) = qwave.batch(["a cat"], model=MODEL, executor=pool).results()
    assert "QWAVE_API_KEY" in str(outcome.error)


@pytest.mark.parametrize("reuse", [False, True])
def test_executor_goes_on_with_an_open_order(executor, keyed, reuse):
    session = default()
    prompt = f"an open order of {type(executor).__name__}, reuse {reuse}"
    request = api.build(prompt, model=MODEL)
    context = session.job_context()
    entry = records.new_entry(request, str(uuid.uuid4()), context)
    # What a killed worker leaves whose order the server has taken.
    context.journal.begin(entry)
    task = context.client.submit(request.body, idempotency_key=entry.job_id)
    idempotency.remember(context)
    before = keyed.get("/demo/counts")["billed"]
    (outcome,) = qwave.batch([prompt], model=MODEL, executor=executor, reuse=reuse).results()
    assert (outcome.gallery[0].job_id, outcome.gallery[0].task_id) == (entry.job_id, task.task_id)
    assert context.journal.open_jobs() == ()
    assert keyed.get("/demo/counts")["billed"] - before <= 1
