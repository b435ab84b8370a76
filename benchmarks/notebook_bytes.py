"""What an image weighs in the saved notebook: ours beside the ways that people show images with."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import report

#: Pixels of the tiers, as models deliver them.
SIZES = {"1K": (1024, 1024), "2K": (2048, 2048), "4K": (3840, 2160)}
IMAGES = 3
OURS = "ours (preview; the file beside)"


def photo(width: int, height: int, seed: int) -> Any:
    """Something as hard to compress as a photograph: detail at every scale, falling off as 1/f, edges, and grain."""
    import numpy as np
    from PIL import Image, ImageDraw

    dice = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    cells, weight = 4, 60.0
    while cells < max(width, height):
        noise = dice.normal(0, 1, (max(2, cells * height // width), cells, 3)).astype(np.float32)
        # Colours of a photograph move together.
        noise = 0.8 * noise.mean(axis=2, keepdims=True) * 1.7 + 0.2 * noise
        octave = [
            np.asarray(Image.fromarray(noise[..., one]).resize((width, height), Image.Resampling.BICUBIC))
            for one in range(3)
        ]
        total += weight * np.stack(octave, axis=-1)
        cells, weight = cells * 2, weight * 0.56
    total += dice.normal(0, 1.6, total.shape)
    image = Image.fromarray(np.clip(total + 120, 0, 255).astype(np.uint8), "RGB")
    edges = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(edges)
    for _ in range(24):
        x, y, r = dice.integers(width), dice.integers(height), dice.integers(width // 40, width // 6)
        draw.ellipse((x - r, y - r // 2, x + r, y + r // 2), fill=int(dice.integers(30, 90)))
    return Image.composite(Image.new("RGB", image.size, tuple(dice.integers(0, 255, 3).tolist())), image, edges)


def stored(outputs: list[dict[str, Any]], metadata: dict[str, Any] | None = None) -> int:
    """Bytes of a notebook file with these outputs, less those of one with none."""
    import nbformat
    from nbformat import v4

    def size(outs: list[Any], more: dict[str, Any]) -> int:
        cell = v4.new_code_cell("show()", outputs=outs)
        cell["id"] = "one"
        return len(nbformat.writes(v4.new_notebook(cells=[cell], metadata=more)).encode())

    made = [v4.new_output("display_data", data=one["data"], metadata=one.get("metadata") or {}) for one in outputs]
    return size(made, metadata or {}) - size([], {})


def formatted(thing: Any) -> dict[str, Any]:
    """What a kernel puts into an output for a thing."""
    import base64

    from IPython.core.interactiveshell import InteractiveShell

    data, metadata = InteractiveShell.instance().display_formatter.format(thing)
    data = {
        mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value for mime, value in data.items()
    }
    return {"data": data, "metadata": metadata}


def ways(image: Any, folder: Path, place: int) -> dict[str, int]:
    """Each way's bytes for one image."""
    import ipywidgets
    from IPython.display import Image as Shown

    from qwave_jupyter.images.gallery import Gallery, GeneratedImage
    from qwave_jupyter.images.preview import PreviewOptions

    file = folder / f"{place}.png"
    image.save(file, "PNG")
    content = file.read_bytes()
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=90)
    generated = GeneratedImage(file, prompt="a harbour at dawn", showing=PreviewOptions(cache=folder / "previews"))

    widget = ipywidgets.Image(value=content, format="png")
    state = {"application/vnd.jupyter.widget-state+json": _state_of(widget)}
    found = {
        OURS: stored([formatted(Gallery([generated]))]),
        "display(PIL)": stored([formatted(image)]),
        "IPython Image(filename=….png)": stored([formatted(Shown(filename=str(file)))]),
        "widgets.Image, state saved": stored([formatted(widget)], {"widgets": state}),
        "IPython Image(data=JPEG q90)": stored([formatted(Shown(data=jpeg.getvalue(), format="jpeg"))]),
        "the PNG file itself": len(content),
    }
    widget.close()
    return found


def _state_of(widget: Any) -> dict[str, Any]:
    from ipywidgets.embed import dependency_state

    return {"version_major": 2, "version_minor": 0, "state": json.loads(json.dumps(dependency_state(widget)))}


def measure() -> report.Section:
    means: dict[str, dict[str, float]] = {}
    bits: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for tier, (width, height) in SIZES.items():
            each = [
                ways(photo(width, height, seed), Path(folder), seed + 10 * list(SIZES).index(tier))
                for seed in range(IMAGES)
            ]
            means[tier] = {name: sum(one[name] for one in each) / IMAGES for name in each[0]}
            bits[tier] = means[tier]["the PNG file itself"] * 8 / (width * height)
    names = list(next(iter(means.values())))
    rows = []
    for name in names:
        row = [name]
        for tier in SIZES:
            row += [
                report.in_bytes(means[tier][name]),
                f"{means[tier][name] / means[tier][OURS]:.3g} ×",
            ]
        rows.append(row)
    columns = ["way", *(part for tier in SIZES for part in (tier, "× ours"))]
    ratio = means["2K"]["display(PIL)"] / means["2K"][OURS]

    def draw(axes: Any) -> None:
        colours = report.bar_colours()
        shown = [name for name in names if name != "the PNG file itself"]
        for place, tier in enumerate(SIZES):
            axes.barh(
                [row + 0.26 * (place - 1) for row in range(len(shown))],
                [means[tier][name] / 1e6 for name in shown],
                height=0.24,
                color=[colours["ours"] if name == OURS else colours["other"] for name in shown],
                alpha=(0.55, 0.78, 1.0)[place],
            )
        axes.set_yticks(range(len(shown)), shown)
        axes.set_xscale("log")
        axes.set_xlabel("MB in the saved notebook: 1K, 2K, 4K from top to bottom")
        axes.invert_yaxis()

    return report.Section(
        title="Bytes in the saved notebook",
        method=f"{IMAGES} seeded photo-like images of each size (detail falling off as 1/f, edges, grain; their PNGs take "
        f"{bits['2K']:.1f} bits a pixel at 2K, about what photographs take), formatted as a kernel formats them and written by nbformat.",
        promises=[
            report.Promise("`display(PIL)` against ours at 2K", ratio, 40, at_least=True),
        ],
        tables=[report.Table(columns, rows)],
        plots=[(report.plot("notebook_bytes", draw, height=3.2), "Megabytes in the notebook by way and size")],
        remarks=[
            "**The limit.** A preview of 768 px at a quality that shows no artefacts weighs 30 to 110 kB, and base64 adds a third; "
            "smaller would be visible. The full image is a file beside the notebook: its bytes are what was paid for, and "
            "are never encoded again. `--embed full` puts them into the notebook for whoever wants that.",
        ],
    )


if __name__ == "__main__":
    report.run_alone("notebook_bytes", measure)
