"""What all benchmarks share: how a result is written down, and the page that they make together.

``python -m benchmarks.report`` runs every benchmark in a process of its own and writes ``RESULTS.md``;
``python -m benchmarks.report polling growth`` runs only these and takes the others as they were last measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MEASURED = HERE / ".measured"
PLOTS = HERE / "plots"
#: In the order of the page.
BENCHMARKS = ("polling", "batches", "loading", "notebook_bytes", "panel_switch", "gallery_memory", "growth")
_VERSIONS = ("qwave-jupyter", "ipython", "ipykernel", "ipywidgets", "requests", "pillow", "tornado", "matplotlib")
_LONGEST_RUN = 1800


@dataclass(frozen=True)
class Promise:
    """One figure that must hold.

    Args:
        what: what is promised, in words.
        measured: the figure.
        limit: what it may be at most, or at least.
        at_least: whether the limit is a lower one.
        unit: behind the figures.
    """

    what: str
    measured: float
    limit: float
    at_least: bool = False
    unit: str = "×"

    @property
    def holds(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True)
class Table:
    """Figures side by side."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """What one benchmark found.

    Args:
        title: its heading.
        method: what was done, and against what.
        promises: what must hold.
        tables: the figures.
        plots: names of SVG files beside the page, each with its alternative text.
        remarks: what the figures mean, and what can't be better.
        skipped: why it wasn't measured, or "".
    """

    title: str
    method: str
    promises: Sequence[Promise] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[tuple[str, str]] = ()
    remarks: Sequence[str] = ()
    skipped: str = ""
    seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


def run_alone(name: str, measure: Callable[[], Section]) -> None:
    """The ``main`` of every benchmark: measure, write down, print.

    Args:
        name: the benchmark.
        measure: does it.
    """
    started = time.monotonic()
    section = measure()
    found = {**asdict(section), "seconds": round(time.monotonic() - started, 1)}
    MEASURED.mkdir(exist_ok=True)
    (MEASURED / f"{name}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(rendered(read(found)))


def read(found: dict[str, Any]) -> Section:
    """A section as it was written down."""
    promises = [Promise(**one) for one in found.pop("promises")]
    tables = [Table(**one) for one in found.pop("tables")]
    return Section(promises=promises, tables=tables, **found)


def rendered(section: Section) -> str:
    """A section as Markdown."""
    parts = [f"## {section.title}", section.method]
    if section.skipped:
        parts.append(f"*Not measured: {section.skipped}*")
    if section.promises:
        rows = [
            [
                one.what,
                f"**{one.measured:.3g} {one.unit}**",
                f"{'≥' if one.at_least else '≤'} {one.limit:.3g} {one.unit}",
                "holds" if one.holds else "**does not hold**",
            ]
            for one in section.promises
        ]
        parts.append(_table(["must hold", "measured", "limit", ""], rows))
    parts += ["\n\n".join(filter(None, (one.caption, _table(one.columns, one.rows)))) for one in section.tables]
    parts += [f"![{alt}](plots/{name})" for name, alt in section.plots]
    parts += section.remarks
    return "\n\n".join(parts) + "\n"


def page(sections: Iterable[Section]) -> str:
    """The whole page."""
    chosen = list(sections)
    promises = [one for section in chosen for one in section.promises]
    broken = [one for one in promises if not one.holds]
    verdict = f"{len(promises) - len(broken)} of {len(promises)} promised figures hold."
    if broken:
        verdict += " Not: " + "; ".join(one.what for one in broken) + "."
    head = [
        "# Measured: where people feel it",
        (
            "Written by `make bench`, never by hand. Every figure is a ratio or a minimum of repetitions within one run on "
            "one machine, because absolute times say more about the machine than about the code. Whoever is compared with "
            "us runs the same work, in the same run, against the same server."
        ),
        f"**{verdict}**",
        _table(["machine", ""], _machine()),
    ]
    return "\n\n".join(head) + "\n\n" + "\n".join(rendered(section) for section in chosen)


def plot(name: str, draw: Callable[[Any], None], *, width: float = 7.0, height: float = 3.0, panels: int = 1) -> str:
    """Draw an SVG beside the page, the same bytes for the same figures.

    Args:
        name: of the file, without its ending.
        draw: gets the axes (one, or an array where there are several panels).
        width: inches.
        height: inches.
        panels: how many axes, side by side.

    Returns:
        The file's name.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "qwave",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "path.simplify": True,
        }
    )
    figure, axes = plt.subplots(1, panels, figsize=(width, height), layout="constrained")
    draw(axes)
    PLOTS.mkdir(exist_ok=True)
    file = PLOTS / f"{name}.svg"
    # White, or a dark page would swallow the black axes.
    figure.savefig(file, metadata={"Date": None}, facecolor="white")
    plt.close(figure)
    file.write_text("\n".join(line.rstrip() for line in file.read_text().splitlines()) + "\n", encoding="utf-8")
    return file.name


def bar_colours() -> dict[str, str]:
    """Ours stands out; the others are told apart."""
    return {"ours": "#2f6fec", "other": "#9aa3af", "limit": "#2e9e5b", "bad": "#d03a3a"}


def in_bytes(count: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def in_time(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _machine() -> list[list[str]]:
    rows = [
        ["processor", f"{os.cpu_count()} × {_processor()}"],
        ["memory", in_bytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))],
        ["system", f"{platform.system()} {platform.release().split('-')[0]}"],
        ["load", f"{os.getloadavg()[0]:.1f} when the page was written"],
        ["Python", platform.python_version()],
    ]
    return rows + [[name, _version(name)] for name in _VERSIONS]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1] if found else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def main() -> int:
    """Run benchmarks and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="all when none is named")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page anew")
    options = parser.parse_args()
    failed = []
    for name in [] if options.page else options.only or BENCHMARKS:
        print(f"… {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        done = subprocess.run(command, cwd=ROOT, timeout=_LONGEST_RUN, check=False)
        if done.returncode:
            failed.append(name)
    files = [MEASURED / f"{name}.json" for name in BENCHMARKS]
    sections = [read(json.loads(file.read_text(encoding="utf-8"))) for file in files if file.is_file()]
    (HERE / "RESULTS.md").write_text(page(sections), encoding="utf-8")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
