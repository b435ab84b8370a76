"""When to ask again: how late an end is noticed, and with how many questions, in simulation and over HTTP."""

from __future__ import annotations

import argparse
import bisect
import json
import math
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist
from typing import Any, NamedTuple

import requests

from benchmarks import report
from qwave_jupyter.client.polling import PollScheduler

MEDIANS = (3.0, 8.0, 20.0, 45.0)
SPREAD = 0.35
JOBS, HISTORIES = 6000, 600
LOOPS = {"documented loop, 2 s": 2.0, "fixed 1 s (wavespeed)": 1.0, "fixed 0.5 s (replicate-python)": 0.5}
DOCUMENTED = next(iter(LOOPS))
#: How many jobs each strategy follows over HTTP, and of which medians.
LIVE_JOBS, LIVE_MEDIANS = 40, (3.0, 8.0)

Progress = Callable[[float, float], "float | None"]


class Mean(NamedTuple):
    """Seconds of lag and questions, both per job."""

    lag: float
    questions: float


class Case(NamedTuple):
    """What our schedule knows."""

    name: str
    limit: float
    memories: int = 0
    prior: float = 1.0
    progress: bool = False


CASES = (
    Case("true progress, nothing remembered", 0.5, progress=True),
    Case("10 remembered jobs", 0.65, memories=10),
    Case("nothing remembered", 0.9),
    Case("prior half the truth", 1.0, prior=0.5),
    Case("prior twice the truth", 1.0, prior=2.0),
)


def drawn(rng: random.Random, median: float) -> float:
    return median * math.exp(SPREAD * rng.gauss(0, 1))


def evenly(rng: random.Random, median: float, count: int) -> list[float]:
    """As many durations, one from each equally likely slice, in random order: the mean without the luck of the draw."""
    normal = NormalDist()
    found = [median * math.exp(SPREAD * normal.inv_cdf((n + rng.random()) / count)) for n in range(count)]
    rng.shuffle(found)
    return found


def whole_percent(elapsed: float, duration: float) -> float:
    return math.floor(100 * elapsed / duration) / 100


def followed(duration: float, schedule: PollScheduler, progress: Progress | None) -> tuple[float, int]:
    elapsed, questions, seen = 0.0, 0, None
    while True:
        elapsed += schedule.next_delay(elapsed, seen)
        questions += 1
        if elapsed >= duration:
            return elapsed - duration, questions
        seen = progress(elapsed, duration) if progress else None


def looped(duration: float, interval: float) -> tuple[float, int]:
    questions = max(1, math.ceil(duration / interval))
    return questions * interval - duration, questions


def mean(results: Sequence[tuple[float, int]]) -> Mean:
    return Mean(sum(lag for lag, _ in results) / len(results), sum(asked for _, asked in results) / len(results))


def simulated(median: float, case: Case, *, seed: int = 20) -> Mean:
    rng, chance = random.Random(seed), random.Random(seed + 1)
    durations = evenly(rng, median, JOBS)
    if case.progress:
        return mean([followed(one, PollScheduler((), median * case.prior, chance), whole_percent) for one in durations])
    columns = [evenly(rng, median, HISTORIES) for _ in range(case.memories)]
    found = []
    for number in range(HISTORIES):
        past = [column[number] for column in columns]
        # What is asked doesn't depend on the task where the server tells nothing: one schedule serves them all.
        schedule, asked = PollScheduler(past, median * case.prior, chance), [0.0]
        while asked[-1] < max(durations):
            asked.append(asked[-1] + schedule.next_delay(asked[-1]))
        for duration in durations[number % 10 :: 10]:
            questions = bisect.bisect_left(asked, duration)
            found.append((asked[questions] - duration, questions))
    return mean(found)


def simulated_loop(median: float, interval: float, *, seed: int = 20) -> Mean:
    return mean([looped(duration, interval) for duration in evenly(random.Random(seed), median, JOBS)])


def in_simulation() -> tuple[list[report.Promise], report.Table, dict[str, Any]]:
    promises, rows, points = [], [], {}
    for case in CASES:
        worst, most = 0.0, 0.0
        for median in MEDIANS:
            ours = simulated(median, case)
            loop = simulated_loop(median, 2.0)
            lag, asked = ours.lag / loop.lag, ours.questions / loop.questions
            worst, most = max(worst, lag), max(most, asked)
            rows.append([case.name, f"{median:g} s", f"{lag:.2f} ×", f"{asked:.2f} ×", f"≤ {case.limit} ×"])
            points.setdefault(case.name, []).append([median, lag, asked])
        promises.append(report.Promise(f"mean lag, {case.name}, worst of four medians", worst, case.limit))
        promises.append(report.Promise(f"requests, {case.name}, worst of four medians", most, 1.0))
    for name, interval in list(LOOPS.items())[1:]:
        for median in MEDIANS:
            loop, other = simulated_loop(median, 2.0), simulated_loop(median, interval)
            lag, asked = other.lag / loop.lag, other.questions / loop.questions
            rows.append([name, f"{median:g} s", f"{lag:.2f} ×", f"{asked:.2f} ×", ""])
            points.setdefault(name, []).append([median, lag, asked])
    caption = (
        f"In simulation, {JOBS} jobs each, drawn evenly over the distribution, as ratios of the documented 2 s loop."
    )
    return promises, report.Table(["who", "median", "lag", "requests", "promised lag"], rows, caption), points


def hard_cases() -> report.Table:
    """What no promise covers: two humps, a far-off prior, progress that lies."""

    def humps(rng: random.Random) -> float:
        middle = 4.0 if rng.random() < 0.5 else 20.0
        return middle * math.exp(0.15 * rng.gauss(0, 1))

    def against(draw: Callable[[random.Random], float], prior: float, memories: int, progress: Progress | None) -> Mean:
        rng, chance = random.Random(7), random.Random(8)
        ours, loops, past = [], [], []
        for number in range(JOBS):
            if number % 30 == 0:
                past = [draw(rng) for _ in range(memories)]
            duration = draw(rng)
            ours.append(followed(duration, PollScheduler(past, prior, chance), progress))
            loops.append(looped(duration, 2.0))
        one, other = mean(ours), mean(loops)
        return Mean(one.lag / other.lag, one.questions / other.questions)

    def eight(rng: random.Random) -> float:
        return drawn(rng, 8.0)

    cases = [
        ("two humps (4 s and 20 s), nothing remembered", humps, 9.0, 0, None),
        ("two humps, 10 remembered", humps, 9.0, 10, None),
        ("two humps, 40 remembered", humps, 9.0, 40, None),
        ("prior a quarter of the truth", eight, 2.0, 0, None),
        ("prior four times the truth", eight, 32.0, 0, None),
        ("progress stuck at 99 %", eight, 8.0, 10, lambda elapsed, _: 0.99 if elapsed > 1 else 0.0),
        ("half of the time queued at 0 %", eight, 8.0, 10, lambda e, d: max(0.0, (e / d - 0.5) * 2)),
        ("progress in quarters", eight, 8.0, 10, lambda e, d: math.floor(e / d * 4) / 4),
    ]
    rows = [
        [f"job after job, remembering its own, median {median:g} s{said}", f"{one.lag:.2f} ×", f"{one.questions:.2f} ×"]
        for median in (3.0, 8.0)
        for said, progress in (("", None), (", true progress", whole_percent))
        for one in [learned(median, progress)]
    ]
    for name, draw, prior, memories, progress in cases:
        found = against(draw, prior, memories, progress)
        rows.append([name, f"{found.lag:.2f} ×", f"{found.questions:.2f} ×"])
    return report.Table(["hard cases", "lag", "requests"], rows, "Where the belief is wrong (simulation, likewise).")


def learned(median: float, progress: Progress | None) -> Mean:
    """Jobs one after the other, each fed with what those before it remember of themselves; the second half counts."""
    rng, ours, loops = random.Random(3), [], []
    for _ in range(25):
        past: list[float] = []
        for number, duration in enumerate(evenly(rng, median, 40)):
            schedule = PollScheduler(past, None, rng)
            lag, questions = followed(duration, schedule, progress)
            past.insert(0, schedule.infer_duration(duration + lag))
            if number >= 20:
                ours.append((lag, questions))
                loops.append(looped(duration, 2.0))
    one, other = mean(ours), mean(loops)
    return Mean(one.lag / other.lag, one.questions / other.questions)


def serve() -> int:
    """The demo server, in a process of its own; a prompt says how many seconds its task takes."""
    from qwave_jupyter.demo.server import DemoServer

    class Timed(DemoServer):
        def handle(self, order: Any) -> Any:
            known = set(self.app.tasks) if order.method == "POST" else set()
            answer = super().handle(order)
            if order.method == "POST" and answer.status == 200:
                created = json.loads(answer.body)["task_id"]
                if created not in known:
                    self.app.tasks[created].seconds = float(json.loads(order.body)["prompt"].split()[0])
            return answer

    server = Timed(balance_usd=1e6).start()
    print(f"{server.url} {server.key}", flush=True)
    sys.stdin.read()
    server.stop()
    return 0


class Live:
    """One strategy on one task at a time, over HTTP."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = f"{url}/v1/tasks", key
        self._mine = threading.local()

    def _session(self) -> requests.Session:
        if not hasattr(self._mine, "session"):
            self._mine.session = requests.Session()
            self._mine.session.headers["Authorization"] = f"Bearer {self._key}"
            self._mine.session.trust_env = False
        return self._mine.session

    def __call__(
        self, duration: float, pause: Callable[[float, float | None, float | None], float]
    ) -> tuple[float, int]:
        session = self._session()
        body = {"model": "gpt-image-2", "prompt": f"{duration:.3f} seconds"}
        task = session.post(self._url, json=body, timeout=30).json()
        began, ends = time.monotonic(), task["created_at"] / 1000 + duration
        questions, progress = 0, None
        while True:
            time.sleep(pause(time.monotonic() - began, progress, None))
            answer = session.get(f"{self._url}/{task['task_id']}", timeout=30).json()
            questions += 1
            if answer["status"] == "completed":
                return time.time() - ends, questions
            progress = answer["progress"] / 100


def over_http() -> tuple[report.Table, list[report.Promise]]:
    command = [sys.executable, "-m", "benchmarks.polling", "--serve"]
    # Its errors are ours to see; its end is when we let go of its input.
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=report.ROOT)
    try:
        url, key = server.stdout.readline().split()
        live = Live(url, key)
        rows, promises = [], []
        for median in LIVE_MEDIANS:
            rng = random.Random(5)
            past = [drawn(rng, median) for _ in range(10)]
            durations = [drawn(rng, median) for _ in range(LIVE_JOBS)]
            found = _side_by_side(live, durations, median, past)
            loop = found[DOCUMENTED]
            for name, one in found.items():
                lag, asked = one.lag / loop.lag, one.questions / loop.questions
                rows.append([name, f"{median:g} s", report.in_time(one.lag), f"{lag:.2f} ×", f"{asked:.2f} ×"])
            told = found["ours, server's progress"]
            promises.append(
                report.Promise(f"mean lag over HTTP, server's progress, median {median:g} s", told.lag / loop.lag, 0.65)
            )
    finally:
        server.stdin.close()
        server.wait(10)
    caption = (
        f"Over HTTP against the demo server in a process of its own: {LIVE_JOBS} jobs for each, the same durations, "
        "all strategies at the same time. The demo reports 0 % for the queued fifth of a task's life, so its progress "
        "is not quite true, as with real servers."
    )
    return report.Table(["who", "median", "mean lag", "lag", "requests"], rows, caption), promises


def _side_by_side(live: Live, durations: Sequence[float], median: float, past: Sequence[float]) -> dict[str, Mean]:
    def ours(history: Sequence[float], *, listens: bool) -> Callable[[], Callable[..., float]]:
        def make() -> Callable[..., float]:
            schedule = PollScheduler(history, median)
            return lambda elapsed, progress, hint: schedule.next_delay(elapsed, progress if listens else None, hint)

        return make

    strategies: dict[str, Callable[[], Callable[..., float]]] = {
        name: lambda interval=interval: lambda *_: interval for name, interval in LOOPS.items()
    }
    strategies["ours, server's progress"] = ours((), listens=True)
    strategies["ours, 10 remembered, no progress"] = ours(past, listens=False)
    with ThreadPoolExecutor(len(durations) * len(strategies)) as pool:
        going: dict[str, list[Any]] = {name: [] for name in strategies}
        for place, duration in enumerate(durations):
            for name, make in strategies.items():
                going[name].append(pool.submit(live, duration, make()))
            # Not all at once: a thousand questions in one instant would measure the server.
            time.sleep(0.02 if place else 0.1)
        return {name: mean([one.result() for one in several]) for name, several in going.items()}


def measure() -> report.Section:
    promises, table, points = in_simulation()
    live, kept = over_http()

    def draw(axes: Any) -> None:
        colours = report.bar_colours()
        for name, found in points.items():
            ours = name not in LOOPS
            axes[0].plot(
                [one[0] for one in found],
                [one[1] for one in found],
                marker="o" if ours else "s",
                ms=4,
                lw=1.5 if ours else 1,
                ls="-" if ours else "--",
                label=name,
            )
            axes[1].plot(
                [one[0] for one in found], [one[2] for one in found], marker="o" if ours else "s", ms=4, lw=1.5
            )
        for axis, title in zip(axes, ("mean lag", "requests"), strict=True):
            axis.axhline(1, color=colours["bad"], lw=1)
            axis.set_xscale("log")
            axis.set_xticks(MEDIANS, [f"{one:g} s" for one in MEDIANS])
            axis.minorticks_off()
            axis.set_xlabel("median duration")
            axis.set_ylabel(f"{title}, × the 2 s loop's")
            axis.set_ylim(0, 1.2 if title == "mean lag" else 4.2)
        axes[0].figure.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)

    name = report.plot("polling", draw, height=4.2, panels=2)
    return report.Section(
        title="When to ask again",
        method="A task's end is noticed at the first question after it; the wait in between is the lag. Durations are "
        f"log-normal (σ = {SPREAD}), seeded. A fixed interval buys less lag with proportionally more requests: 0.5 s "
        "costs four times the loop's. Our schedule spends the loop's own number of requests where ends are likely.",
        promises=[*promises, *kept],
        tables=[table, hard_cases(), live],
        plots=[(name, "Mean lag and requests as ratios of the documented 2 s loop, for four median durations")],
        remarks=[
            (
                "**The limit.** With as many questions as the loop asks and nothing but the elapsed time known, the lag "
                "can't vanish: for log-normal durations with σ = 0.35 the best schedule, computed with the true distribution at hand, "
                "has about 0.55 × the loop's at 8 s and 0.63 × at 45 s, where the cap of 5 s keeps it from saving more "
                "questions before anything can have ended. True progress in whole percents allows an aim within "
                "a percent of the duration, and there the floor of 0.5 s between two questions is what remains."
            ),
            (
                "The floor of 0.5 s and the cap of 5 s are the documentation's manners; a server's `Retry-After` or own "
                "hint replaces the schedule, and all jobs of a kernel share one budget of questions per host."
            ),
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    if parser.parse_args().serve:
        sys.exit(serve())
    report.run_alone("polling", measure)
