"""Batches of 200 at concurrency 8: ours, held and asked for, against a thread pool over the documented loop."""

from __future__ import annotations

import argparse
import asyncio
import functools
import heapq
import io
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import requests

from benchmarks import report

ROWS, CONCURRENCY = 200, 8
MEDIAN, SPREAD = 3.0, 0.35
LOOP = 2.0
#: Fewer rows, whose images take so many seconds to arrive.
FEWER, DOWNLOAD = 64, 1.0
#: Seconds for which the server is asked to keep its answer back: the documented maximum.
HOLD = 60.0


class Found(NamedTuple):
    """One way through the batch.

    Args:
        seconds: wall time of the whole batch.
        lag: mean seconds from a task's end until the client knows.
        asked: requests per job without the downloads.
    """

    seconds: float
    lag: float
    asked: float


def durations(count: int) -> list[float]:
    rng = random.Random(11)
    return [round(MEDIAN * math.exp(SPREAD * rng.gauss(0, 1)), 3) for _ in range(count)]


def ideal(seconds: Sequence[float]) -> float:
    """The same rows in the same order, where nothing but the tasks themselves takes time."""
    free = [0.0] * CONCURRENCY
    for one in seconds:
        heapq.heappush(free, heapq.heappop(free) + one)
    return max(free)


def serve(download: float) -> int:
    """A server that only waits: it holds answers, reports true progress, and gives everybody the same image."""
    import tornado.httpserver
    import tornado.netutil
    import tornado.web

    tasks: dict[str, tuple[float, float]] = {}
    by_key: dict[str, str] = {}
    counts = {"asked": 0}
    image = _image()

    def shown(name: str, host: str) -> dict[str, Any]:
        began, seconds = tasks[name]
        age = time.time() - began
        if age < seconds:
            return {"task_id": name, "status": "processing", "progress": f"{int(100 * age / seconds)}%"}
        images = [{"url": [f"http://{host}/files/{name}.png"], "expires_at": int(began) + 86400}]
        return {"task_id": name, "status": "completed", "progress": "100%", "cost": 1, "result": {"images": images}}

    class Handler(tornado.web.RequestHandler):
        async def post(self) -> None:
            counts["asked"] += 1
            key = self.request.headers.get("Idempotency-Key", "") or str(len(tasks))
            if key not in by_key:
                by_key[key] = f"task-{len(tasks) + 1}"
                tasks[by_key[key]] = (time.time(), float(json.loads(self.request.body)["prompt"].split()[0]))
            name = by_key[key]
            wait = self.request.headers.get("Prefer", "").partition("wait=")[2]
            if wait:
                began, seconds = tasks[name]
                await asyncio.sleep(max(0.0, min(float(wait), began + seconds - time.time())))
            self.finish({**shown(name, self.request.host), "pre_consumed_cost": 1})

        async def get(self) -> None:
            path = self.request.path
            if path.startswith("/files/"):
                await asyncio.sleep(download)
                self.set_header("Content-Type", "image/png")
                self.finish(image)
            elif path == "/report":
                ends = {name: began + seconds for name, (began, seconds) in tasks.items()}
                self.finish({"ends": ends, **counts})
            else:
                counts["asked"] += 1
                self.finish(shown(path.rpartition("/")[2], self.request.host))

    async def run() -> None:
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        tornado.httpserver.HTTPServer(
            tornado.web.Application([(".*", Handler)], log_function=lambda _: None)
        ).add_sockets(sockets)
        print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(run())
    return 0


def _image() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    dice = random.Random(1)
    Image.frombytes("RGB", (256, 256), dice.randbytes(256 * 256 * 3)).save(file, "png")
    return file.getvalue()


def ours(url: str, folder: Path, count: int, *, prefer_wait: float | None) -> tuple[float, dict[str, float]]:
    from qwave_jupyter import catalog
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.jobs import request
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.store import Journal

    known: dict[str, float] = {}

    class Watched(Client):
        def submit(self, *arguments: Any, **options: Any) -> Any:
            task = super().submit(*arguments, **options)
            if task.is_over:
                known[task.task_id] = time.time()
            return task

        def task(self, *arguments: Any, **options: Any) -> Any:
            task = super().task(*arguments, **options)
            if task.is_over:
                known.setdefault(task.task_id, time.time())
            return task

    # Its contract has idempotency keys and held answers; without the former, an order is held only where one was honoured.
    edition = catalog.load("2026-09")
    journal = Journal(folder / "home")
    bench = JobContext(edition, Watched(url, "sk-made-up"), journal, folder / "home", folder / "images")
    rows = [request.build(edition, f"{seconds} seconds", {}, model="gpt-image-2") for seconds in durations(count)]
    started = time.monotonic()
    outcomes = Batch(rows, bench, concurrency=CONCURRENCY, prefer_wait=prefer_wait).start().results()
    took = time.monotonic() - started
    assert all(one.gallery for one in outcomes), [one.error for one in outcomes if one.error][:3]
    journal.close()
    return took, known


def loop(url: str, folder: Path, count: int) -> tuple[float, dict[str, float]]:
    known: dict[str, float] = {}
    headers = {"Authorization": "Bearer sk-made-up"}

    def one(seconds: float) -> None:
        body = {"model": "gpt-image-2", "prompt": f"{seconds} seconds"}
        task = requests.post(f"{url}/v1/tasks", json=body, headers=headers, timeout=60).json()
        while task["status"] != "completed":
            time.sleep(LOOP)
            task = requests.get(f"{url}/v1/tasks/{task['task_id']}", headers=headers, timeout=60).json()
        known[task["task_id"]] = time.time()
        image = requests.get(task["result"]["images"][0]["url"][0], timeout=60).content
        (folder / f"{task['task_id']}.png").write_bytes(image)

    started = time.monotonic()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(one, durations(count)))
    return time.monotonic() - started, known


def against_a_server(
    way: Callable[[str, Path, int], tuple[float, dict[str, float]]], count: int = ROWS, download: float = 0.0
) -> Found:
    command = [sys.executable, "-m", "benchmarks.batches", "--serve", "--download", str(download)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=report.ROOT)
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            took, known = way(url, Path(folder), count)
        told = requests.get(f"{url}/report", timeout=10).json()
    finally:
        server.stdin.close()
        server.wait(10)
    lags = [known[name] - ends for name, ends in told["ends"].items()]
    return Found(took, sum(lags) / len(lags), told["asked"] / len(lags))


def measure() -> report.Section:
    limit = ideal(durations(ROWS))
    held_ones = functools.partial(ours, prefer_wait=HOLD)
    found = {
        "ours, held answers": against_a_server(held_ones),
        "ours, asking (the server's progress)": against_a_server(functools.partial(ours, prefer_wait=0)),
        "thread pool over the 2 s loop": against_a_server(loop),
    }
    fewer = ideal(durations(FEWER))
    slow = {
        "ours, held answers": against_a_server(held_ones, FEWER, DOWNLOAD),
        "thread pool over the 2 s loop": against_a_server(loop, FEWER, DOWNLOAD),
    }
    overlapping = report.Table(
        ["who", "wall time", "of ideal"],
        [["ideal schedule, and one download", report.in_time(fewer + DOWNLOAD), f"{1 + DOWNLOAD / fewer:.3f} ×"]]
        + [[name, report.in_time(one.seconds), f"{one.seconds / fewer:.3f} ×"] for name, one in slow.items()],
        f"{FEWER} jobs whose images take {DOWNLOAD:g} s to arrive: only the last download has nothing to overlap with.",
    )
    rows = [["ideal schedule", report.in_time(limit), "1.00 ×", "0", "1"]]
    rows += [
        [name, report.in_time(one.seconds), f"{one.seconds / limit:.3f} ×", report.in_time(one.lag), f"{one.asked:.2f}"]
        for name, one in found.items()
    ]
    held = found["ours, held answers"]

    def draw(axes: Any) -> None:
        colours = report.bar_colours()
        names = list(found)
        axes[0].barh(
            names,
            [found[name].seconds / limit for name in names],
            color=[colours["ours"], colours["ours"], colours["other"]],
        )
        axes[0].axvline(1, color=colours["limit"])
        axes[0].set_xlabel("wall time, × the ideal schedule's")
        axes[0].set_xlim(0.9, None)
        axes[1].barh(
            names,
            [found[name].lag * 1000 for name in names],
            color=[colours["ours"], colours["ours"], colours["other"]],
        )
        axes[1].set_xlabel("mean lag, ms")
        axes[1].set_yticks([])
        for axis in axes:
            axis.invert_yaxis()

    return report.Section(
        title="Batches",
        method=f"{ROWS} jobs at concurrency {CONCURRENCY}, log-normal durations (median {MEDIAN:g} s, σ = {SPREAD}), the same for "
        "all, against a loopback server in a process of its own that does nothing but wait. Ours writes the journal, "
        "downloads, checks the image and splices its provenance; the pool downloads and writes the file.",
        promises=[
            report.Promise(f"wall time of {ROWS} held jobs against the ideal schedule", held.seconds / limit, 1.05),
            report.Promise("mean lag of held jobs", held.lag * 1000, 50, unit="ms"),
            report.Promise("requests per held job besides the download", held.asked, 1.0, unit=""),
            report.Promise(
                "wall time with slow downloads against the ideal schedule and one download",
                slow["ours, held answers"].seconds / (fewer + DOWNLOAD),
                1.05,
            ),
        ],
        tables=[report.Table(["who", "wall time", "of ideal", "mean lag", "requests per job"], rows), overlapping],
        plots=[(report.plot("batches", draw, panels=2, width=8, height=2.4), "Wall time and lag of a batch of 200")],
        remarks=[
            "**The limit.** The ideal schedule is what the tasks alone take when every place is filled at once. A "
            "held answer comes within a round trip of the end; a place is free for the next row as soon as the "
            "server's work is done, so that the next row doesn't wait for the download. What is left above 1.00 × are the round trips of "
            "submits, and two synced writes of the journal before and after each: an intent must survive a power cut.",
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--download", type=float, default=0.0)
    chosen = parser.parse_args()
    if chosen.serve:
        sys.exit(serve(chosen.download))
    report.run_alone("batches", measure)
