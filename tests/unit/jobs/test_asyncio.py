"""A job in asyncio's own functions: it works, or says in words what does."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import threading

import pytest

from qwave_jupyter.errors import Cancelled, CancelledWhileAwaited, GenerationError, OptionMistake, TaskFailed
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.job import AwaitingCancelled
from tests.waiting import PATIENCE, wait_until


async def in_group(jobs):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job.result_async()) for job in jobs]
    return [task.result() for task in tasks]


async def in_tasks(jobs):
    return [await task for task in [asyncio.create_task(job.result_async()) for job in jobs]]


async def in_wait(jobs):
    tasks = [asyncio.ensure_future(job) for job in jobs]
    done, pending = await asyncio.wait(tasks)
    assert (done, pending) == (set(tasks), set())
    return [task.result() for task in tasks]


async def in_wait_for(jobs):
    return [await asyncio.wait_for(job, PATIENCE) for job in jobs]


async def in_shield(jobs):
    return [await asyncio.shield(job) for job in jobs]


async def in_timeout(jobs):
    async with asyncio.timeout(PATIENCE):
        return [await job for job in jobs]


async def in_gather(jobs):
    return await asyncio.gather(*jobs)


async def one_twice(jobs):
    both = [await asyncio.gather(job, job.result_async()) for job in jobs]
    assert all(first == second for first, second in both)
    return [first for first, _ in both]


async def in_as_completed(jobs):
    return [await one for one in asyncio.as_completed(jobs)]


async def in_thread(jobs):
    return [await asyncio.to_thread(job.result) for job in jobs]


WAYS = [
    in_group,
    in_tasks,
    in_wait,
    in_wait_for,
    in_shield,
    in_timeout,
    in_gather,
    one_twice,
    in_as_completed,
    in_thread,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ended", [False, True])
def test_jobs_are_awaited(submit, way, ended):
    jobs = [submit(seed=seed) for seed in range(3)]
    if ended:
        for job in jobs:
            job.wait(PATIENCE)
    galleries = asyncio.run(way(jobs))
    assert {gallery.paths for gallery in galleries} == {job.gallery.paths for job in jobs}
    assert [len(gallery) for gallery in galleries] == [1] * 3


def test_coroutine_is_run_by_itself(submit):
    job = submit()
    assert inspect.iscoroutine(waiting := job.result_async())
    assert isinstance(asyncio.run(waiting), Gallery)


@pytest.mark.parametrize("way", [in_tasks, in_wait, in_wait_for, in_shield, in_gather, one_twice])
def test_failure_is_the_jobs_own(submit, server, way):
    server.states = ["queued", "failed"]
    with pytest.raises(TaskFailed):
        asyncio.run(way([submit()]))


@pytest.fixture
def held(server, monkeypatch):
    """Questions about any task but the first are not answered."""
    gate, answer = threading.Event(), server._status

    def answer_first(request, path):
        if path.split("/")[3] != "task-1":
            gate.wait(PATIENCE)
        return answer(request, path)

    monkeypatch.setattr(server, "_status", answer_first)
    monkeypatch.setattr(server, "_lock", contextlib.nullcontext())
    yield
    gate.set()


def wait_for_task(job):
    wait_until(lambda: job.task_id, "the task id")
    return job


def test_group_cancels_the_others_on_the_server(submit, server, held):
    server.states = ["queued", "failed"]
    failing = submit(seed=1)
    failing.wait(PATIENCE)
    server.states = ["queued"] * 99
    other = wait_for_task(submit(seed=2))
    with pytest.raises(ExceptionGroup) as failed:
        asyncio.run(in_group([other, failing]))
    assert [type(one) for one in failed.value.exceptions] == [TaskFailed]
    assert other.wait(PATIENCE)
    assert server.tasks[other.task_id]["states"] == ["cancelled"]


@pytest.mark.parametrize("way", ["wait_for", "timeout", "cancel"])
def test_cancelled_wait_cancels_the_job(submit, server, held, way):
    submit(seed=1).wait(PATIENCE)
    server.states = ["queued"] * 99
    job = wait_for_task(submit(seed=2))

    async def run():
        if way == "wait_for":
            await asyncio.wait_for(job, 0.05)
        elif way == "timeout":
            async with asyncio.timeout(0.05):
                await job
        else:
            task = asyncio.create_task(job.result_async())
            await asyncio.sleep(0.05)
            task.cancel()
            await task

    # Not every Python's asyncio.timeout knows a subclass of CancelledError.
    ends = {"wait_for": TimeoutError, "cancel": AwaitingCancelled, "timeout": (TimeoutError, AwaitingCancelled)}
    with pytest.raises(ends[way]):
        asyncio.run(run())
    assert job.wait(PATIENCE)
    assert job.status == "cancelled"
    assert server.tasks[job.task_id]["states"] == ["cancelled"]


def test_shield_lets_the_job_go_on(submit, server):
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    job = submit()

    async def run():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(inner := asyncio.ensure_future(job)), 0.05)
        assert not job.done()
        gate.set()
        return await inner

    assert len(asyncio.run(run())) == 1


def test_cancelled_job_ends_its_waits(submit, server, held):
    submit(seed=1).wait(PATIENCE)
    server.states = ["queued"] * 99
    job = wait_for_task(submit(seed=2))
    job.cancel()
    for way in (in_tasks, in_wait, in_gather, in_shield):
        with pytest.raises(CancelledWhileAwaited) as error:
            asyncio.run(way([job]))
        assert isinstance(error.value, GenerationError)
        assert not isinstance(error.value, KeyboardInterrupt)


async def read_in_threads(jobs):
    return await asyncio.gather(*(asyncio.to_thread(job.result) for job in jobs))


async def read_in_task(jobs):
    async def read():
        return [job.result() for job in jobs]

    return await asyncio.create_task(read())


async def read_in_callback(jobs):
    ended = asyncio.get_running_loop().create_future()

    def read():
        try:
            ended.set_result([job.result() for job in jobs])
        except GenerationError as error:
            ended.set_exception(error)

    asyncio.get_running_loop().call_soon(read)
    return await ended


@pytest.mark.parametrize("way", [read_in_threads, read_in_task, read_in_callback])
def test_cancelled_job_that_is_read_ends_no_loop(submit, server, held, way):
    server.states = ["queued"] * 99
    job = wait_for_task(submit())
    job.cancel()

    async def run():
        with pytest.raises(CancelledWhileAwaited, match=r"refunded|nothing was charged"):
            await way([job])
        return "the loop goes on"

    assert asyncio.run(run()) == "the loop goes on"
    with pytest.raises(Cancelled):
        job.result()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("ended", [False, True])
def test_wait_of_bare_jobs_is_refused_in_words(submit, count, ended):
    jobs = [submit(seed=seed) for seed in range(count)]
    if ended:
        for job in jobs:
            job.wait(PATIENCE)
    with pytest.raises(OptionMistake, match=r"asyncio\.wait takes tasks.*asyncio\.ensure_future\(job\)") as refused:
        asyncio.run(asyncio.wait(jobs))
    assert "\n" not in str(refused.value)
    for job in jobs:
        assert len(job.result(PATIENCE)) == 1


def test_what_asyncio_refuses_itself(submit):
    job = submit()

    async def run():
        for call in (asyncio.create_task, asyncio.get_running_loop().create_task):
            with pytest.raises(TypeError, match="coroutine"):
                call(job)

    asyncio.run(run())
    assert len(job.result(PATIENCE)) == 1


@pytest.mark.parametrize("call", [concurrent.futures.wait, lambda jobs: list(concurrent.futures.as_completed(jobs))])
@pytest.mark.parametrize("count", [1, 2])
def test_thread_futures_are_refused_in_words(submit, call, count):
    jobs = [submit(seed=seed) for seed in range(count)]
    with pytest.raises(OptionMistake, match=r"take futures.*qwave_jupyter\.as_completed\(jobs\)") as refused:
        call(jobs)
    assert "\n" not in str(refused.value)
    for job in jobs:
        assert not hasattr(job, "_condition")
        assert len(job.result(PATIENCE)) == 1


def test_callbacks_of_others_are_called(submit):
    ended = concurrent.futures.Future()
    job = submit()
    job.add_done_callback(ended.set_result)
    assert ended.result(PATIENCE) is job
