"""What grows with use: many open jobs, and a journal of a hundred thousand rows."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import report

OPEN = (1, 10, 100, 1000)
#: Seconds of settling in, and of measuring.
SETTLING, MEASURED = 8.0, 20.0
ROWS = 100_000
REPEATED = 15
UPDATES = 300


def serve() -> int:
    """A server whose tasks never end; it tells how often it was asked."""
    import asyncio

    import tornado.httpserver
    import tornado.netutil
    import tornado.web

    asked = {"questions": 0, "tasks": 0}

    class Handler(tornado.web.RequestHandler):
        def post(self) -> None:
            asked["tasks"] += 1
            self.finish({"task_id": f"task-{asked['tasks']}", "status": "queued"})

        def get(self) -> None:
            if self.request.path == "/report":
                self.finish(asked)
                return
            asked["questions"] += 1
            self.finish({"task_id": self.request.path.rpartition("/")[2], "status": "processing"})

    async def run() -> None:
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        application = tornado.web.Application([(".*", Handler)], log_function=lambda _: None)
        tornado.httpserver.HTTPServer(application).add_sockets(sockets)
        print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(run())
    return 0


class Standing(NamedTuple):
    """So many open jobs.

    Args:
        jobs: how many.
        core: the share of one core that they take.
        questions: asked in a second.
        per_question: seconds of work for each.
        per_update: seconds of work for one change of a job that is told to a watcher.
        memory: bytes for each job.
        threads: of the process.
    """

    jobs: int
    core: float
    questions: float
    per_question: float
    per_update: float
    memory: float
    threads: int


def stand(url: str, count: int) -> dict[str, float]:
    """Open jobs in this process, and what they cost while nobody looks."""
    import requests

    from qwave_jupyter import catalog
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.jobs import request
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.journal.store import Journal

    def questions() -> int:
        return int(requests.get(f"{url}/report", timeout=30).json()["questions"])

    edition = catalog.load("2026-04")
    asked_for = request.build(edition, "a cat", {}, model="gpt-image-2")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        bench = JobContext(edition, Client(url, "sk-made-up"), Journal(folder), folder, folder)
        had = _resident()
        jobs = [Job(asked_for, bench).start() for _ in range(count)]
        while any(not job.task_id for job in jobs):
            time.sleep(0.1)
        time.sleep(SETTLING)
        memory, threads, before = _resident() - had, threading.active_count(), questions()
        used, began = time.process_time(), time.perf_counter()
        time.sleep(MEASURED)
        used, took = time.process_time() - used, time.perf_counter() - began
        asked = questions() - before
        return {
            "core": used / took,
            "questions": asked / took,
            "per_question": used / max(1, asked),
            "per_update": _per_update(jobs),
            "memory": memory / count,
            "threads": threads,
        }


def _per_update(jobs: list[Any]) -> float:
    """Seconds of work for one change of one job that is published, told and drawn, with the others standing by."""
    from qwave_jupyter.clock import SYSTEM_CLOCK
    from qwave_jupyter.views import job_card

    job, drawn = jobs[-1], threading.Semaphore(0)

    def draw(now: Any) -> None:
        job_card.render_running(now, SYSTEM_CLOCK.monotonic())
        drawn.release()

    end = job.subscribe(draw)
    drawn.acquire()
    least = float("inf")
    for _ in range(UPDATES):
        began = time.perf_counter()
        job._runner.update(lambda now: replace(now, progress=random.random()))
        drawn.acquire()
        least = min(least, time.perf_counter() - began)
    end()
    return least


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    except OSError:
        return 0


def standing(count: int) -> Standing:
    here = [sys.executable, "-m", "benchmarks.growth"]
    server = subprocess.Popen(
        [*here, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=report.ROOT
    )
    try:
        url = server.stdout.readline().strip()
        command = [*here, "--stand", str(count), "--url", url]
        done = subprocess.run(command, cwd=report.ROOT, capture_output=True, text=True, check=True)
    finally:
        server.stdin.close()
        server.wait(10)
    return Standing(count, **json.loads(done.stdout))


def filled(home: Path, rows: int) -> Any:
    """A journal with so many finished jobs, of several models and months, and a few open ones."""
    import sqlite3

    from qwave_jupyter.jobs.journal.record import to_row
    from qwave_jupyter.jobs.journal.schema import COLUMNS
    from qwave_jupyter.jobs.journal.store import Entry, Journal

    journal = Journal(home)
    journal.begin(Entry("first", created=1.0, state="done"))
    dice = random.Random(4)
    now = time.time()

    def row(place: int) -> list[Any]:
        created = now - (rows - place) * 60.0
        entry = Entry(
            job_id=f"{place:08x}-0000-4000-8000-{dice.getrandbits(48):012x}",
            created=created,
            edition="2026-04",
            base_url="https://www.qingbo.dev/v1",
            model=f"model-{place % 7}",
            action="generate",
            prompt=f"image {place} of a harbour at dawn, neon on wet streets, {dice.choice(['rain', 'fog', 'snow'])}",
            resolution=("1k", "2k", "4k")[place % 3],
            quality="high",
            parameters={"seed": place},
            body=json.dumps({"model": f"model-{place % 7}", "prompt": "a harbour at dawn", "seed": place}),
            fingerprint=f"{place % (rows // 2):064x}",
            state="done" if place % 20 else "failed",
            task_id=f"task-{place}",
            estimate_usd=0.006,
            cost_quota=3000,
            links=[{"urls": [f"https://cdn.qingbo.dev/{place}.png"], "expires_at": created + 86400}],
            files=[{"path": f"/images/{place}.png", "width": 1024, "height": 1024, "format": "png"}],
            submitted=created + 0.2,
            duration=8.0 + place % 5,
            finished=created + 9,
            save_dir="/images",
            notebook=f"/notebooks/{place % 30}.ipynb",
            pid=1,
        )
        return to_row(entry, created)

    with sqlite3.connect(journal.path) as connection:
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({places})",
            (row(place) for place in range(rows)),
        )
    for place in range(5):
        journal.begin(Entry(f"open-{place}", created=now - place, state="running", task_id=f"open-task-{place}"))
    journal.close()
    return Journal(home)


def journal_operations(rows: int) -> dict[str, float]:
    """Least seconds of each."""
    from qwave_jupyter.jobs.journal.store import Entry

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        journal = filled(Path(home), rows)
        number = iter(range(10**6))

        def write() -> None:
            name = f"new-{next(number)}"
            journal.begin(Entry(name, created=time.time()))
            journal.update(name, state="done", duration=8.0, finished=time.time())

        def opened() -> None:
            journal.close()
            journal.open_jobs()

        operations: dict[str, Callable[[], object]] = {
            "resume scan (with the locks)": journal.abandoned_jobs,
            "open and look for what is open": opened,
            "history page of 100": journal.history,
            "history page of 100, two words": lambda: journal.history(100, "harbour fog"),
            "history, a word that nothing has": lambda: journal.history(100, "zeppelin"),
            "past durations of a kind": lambda: journal.durations(
                "model-3", action="generate", resolution="1k", quality="high"
            ),
            "a job by the end of its task id": lambda: journal.find("99999"),
            "an identical finished job": lambda: journal.find_finished(f"{7:064x}"),
            "costs by model": journal.costs,
            "costs by day": lambda: journal.costs("day"),
            "a job's intent and its end (two synced writes)": write,
        }
        found = {}
        for name, operation in operations.items():
            times = []
            for _ in range(REPEATED):
                began = time.perf_counter()
                operation()
                times.append(time.perf_counter() - began)
            found[name] = min(times)
        journal.close()
    return found


def measure() -> report.Section:
    stands = [standing(count) for count in OPEN]
    small, large = journal_operations(ROWS // 100), journal_operations(ROWS)
    jobs = report.Table(
        [
            "open jobs",
            "of one core",
            "questions a second",
            "work per question",
            "per status update",
            "memory per job",
            "threads",
        ],
        [
            [
                str(one.jobs),
                f"{one.core:.2%}",
                f"{one.questions:.3g}",
                report.in_time(one.per_question),
                report.in_time(one.per_update),
                report.in_bytes(max(0, one.memory)),
                str(one.threads),
            ]
            for one in stands
        ],
        f"Jobs that go on in the background, watched by nobody, against a server whose tasks never end; {MEASURED:g} s each. An "
        "update is published, told to a watcher in its own thread, and drawn as the status card.",
    )
    journal = report.Table(
        ["journal operation", f"{ROWS // 100:,} rows", f"{ROWS:,} rows", "growth"],
        [
            [name, report.in_time(small[name]), report.in_time(large[name]), f"{large[name] / small[name]:.3g} ×"]
            for name in large
        ],
        f"Least of {REPEATED}; the file lies on this machine's disk.",
    )
    most = stands[-1]

    def draw(axes: Any) -> None:
        colours = report.bar_colours()
        axes[0].plot(OPEN, [one.core * 100 for one in stands], marker="o", color=colours["ours"])
        axes[0].axhline(10, color=colours["bad"], lw=1)
        axes[0].set_xscale("log")
        axes[0].set_xlabel("open jobs")
        axes[0].set_ylabel("% of one core")
        axes[0].set_ylim(0, 12)
        axes[1].plot(OPEN, [one.questions for one in stands], marker="o", color=colours["ours"])
        axes[1].set_xscale("log")
        axes[1].set_xlabel("open jobs")
        axes[1].set_ylabel("questions a second, all together")
        axes[1].set_ylim(0, None)

    return report.Section(
        title="Growth",
        method="What stands open, and what has piled up in the journal over years.",
        promises=[
            report.Promise("1000 open background jobs, of one core", most.core * 100, 10, unit="%"),
            report.Promise(
                "resume scan with 100 000 rows", large["resume scan (with the locks)"] * 1000, 50, unit="ms"
            ),
            report.Promise("history page with 100 000 rows", large["history page of 100"] * 1000, 50, unit="ms"),
            report.Promise("status update at 1000 open jobs against one", most.per_update / stands[0].per_update, 3),
        ],
        tables=[jobs, journal],
        plots=[
            (
                report.plot("growth", draw, panels=2, width=8, height=2.6),
                "Share of a core and questions a second by open jobs",
            )
        ],
        remarks=[
            "**The limit.** All jobs of a kernel share one budget of questions for a host, so that the work stops growing where the "
            "budget is used up, and each job is asked about less often: with a thousand open jobs the lag of one is the price "
            "of a server that isn't overrun. Of the work for a question most is `requests`'s own. Every job has a thread, which "
            "sleeps. A search that finds nothing, the end of an id, and the costs of all time look at every row, a tenth of a second "
            "for a hundred thousand; whoever asks has typed for longer, and an index over every prompt would double the file.",
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--stand", type=int, default=0)
    parser.add_argument("--url", default="")
    chosen = parser.parse_args()
    if chosen.serve:
        sys.exit(serve())
    if chosen.stand:
        print(json.dumps(stand(chosen.url, chosen.stand)), flush=True)
        # The jobs would be followed until their timeout.
        import os

        os._exit(0)
    report.run_alone("growth", measure)
