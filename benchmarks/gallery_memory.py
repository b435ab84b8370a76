"""The memory of a gallery of a hundred 4K images: held, shown, and shown again, beside a list of decoded ones."""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.notebook_bytes import SIZES, photo

IMAGES = 100
#: How many of the decoded ones are really held; more would only measure the machine's patience.
DECODED = 8
EVERY = 10


def resident() -> int:
    """Bytes of memory that this process has in use now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Bytes that it had in use at most since :func:`forget_peak`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def one_process(what: str, folder: Path) -> dict[str, float]:
    """What one way costs, in a process of its own: memory held, at most, and seconds."""
    from PIL import Image

    from qwave_jupyter.images.gallery import Gallery, GeneratedImage
    from qwave_jupyter.images.preview import PreviewOptions

    files = sorted(folder.glob("*.png"))
    showing = PreviewOptions(cache=folder / "previews")
    # What the first image of a process brings along (Pillow and its codecs) belongs to no way.
    warm = Gallery([GeneratedImage(files[0], prompt="warm", showing=PreviewOptions())] * 2)
    warm.mimebundle()
    gc.collect()
    had = resident()
    forget_peak()
    began = time.perf_counter()
    kept: Any
    if what == "decoded":
        kept = [Image.open(file) for file in files[:DECODED]]
        for one in kept:
            one.load()
    else:
        # Other labels make another sheet.
        labels = [f"number {place}" for place in range(len(files))] if what == "known" else None
        kept = Gallery([GeneratedImage(file, prompt="a harbour", showing=showing) for file in files], labels=labels)
        if what != "held":
            kept.mimebundle()
    took = time.perf_counter() - began
    gc.collect()
    assert len(kept)
    return {"held": resident() - had, "peak": peak() - had, "seconds": took}


def measured() -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = photo(*SIZES["4K"], 1)
        image.save(folder / "000.png", "PNG", compress_level=1)
        for number in range(1, IMAGES):
            (folder / f"{number:03}.png").hardlink_to(folder / "000.png")
        found = {}
        for what in ("held", "shown", "known", "again", "decoded"):
            command = [sys.executable, "-m", "benchmarks.gallery_memory", "--what", what, "--folder", name]
            done = subprocess.run(command, cwd=report.ROOT, capture_output=True, text=True, check=True)
            found[what] = json.loads(done.stdout)
    return found


def measure() -> report.Section:
    title = "Memory of a gallery of 100 4K images"
    if not Path("/proc/self/clear_refs").exists():
        return report.Section(title=title, method="", skipped="only Linux tells a process's memory so.")
    found = measured()
    width, height = SIZES["4K"]
    one = width * height * 3
    scale = IMAGES / DECODED
    decoded = {key: value * scale for key, value in found["decoded"].items()}
    ways = [
        ("gallery, held in a variable", found["held"]),
        ("gallery of files that nobody has looked at, shown", found["shown"]),
        ("gallery of images whose previews were made with them, shown", found["known"]),
        ("gallery, shown again", found["again"]),
        (f"list of decoded PIL images (from {DECODED}, scaled)", decoded),
    ]
    rows = [
        [
            name,
            report.in_bytes(max(0, way["held"])),
            report.in_bytes(max(0, way["peak"])),
            f"{max(0, way['peak']) / one:.3g}",
            report.in_time(way["seconds"]),
        ]
        for name, way in ways
    ]
    return report.Section(
        title=title,
        method=f"{IMAGES} photo-like PNGs of {width} × {height}, each way in a process of its own that has already shown a small "
        f"gallery. One such image takes {report.in_bytes(one)} decoded.",
        promises=[
            report.Promise("peak while showing 100, in decoded 4K images", found["shown"]["peak"] / one, 3.0, unit=""),
            report.Promise(
                "memory kept by a shown gallery against decoded images",
                found["shown"]["held"] / decoded["held"],
                0.05,
            ),
            report.Promise(
                "seconds to show images that have previews against decoding them",
                found["known"]["seconds"] / decoded["seconds"],
                0.2,
            ),
            report.Promise(
                "seconds to show it again against the first time",
                found["again"]["seconds"] / found["shown"]["seconds"],
                0.1,
            ),
        ],
        tables=[report.Table(["way", "kept", "at most", "at most, in decoded images", "time"], rows)],
        remarks=[
            "**The limit.** An image is a path until somebody looks, so a gallery's size doesn't depend on its images. To show "
            "it, they are decoded one after the other, so that one decoded image and its shrinking copy are the most at any "
            "time. Decoding a hundred PNGs takes its time whoever does it; an image of ours was decoded when it arrived, to see "
            "that it is whole, and its preview made with that, so that sheets of what we made don't decode them again.",
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--what", default="")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.what:
        print(json.dumps(one_process(chosen.what, chosen.folder)))
        sys.exit()
    report.run_alone("gallery_memory", measure)
