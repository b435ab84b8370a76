"""Draw the Mermaid flowcharts of our pages as SVG, so that the site needs no script from elsewhere."""

from __future__ import annotations

import html
import itertools
import re

from docutils import nodes
from sphinx.application import Sphinx

_NODE = re.compile(r'(\w+)(?:\["([^"]+)"\])?')
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 230, 40, 24, 44
#: How wide a character is at most, on average.
_CHARACTER = 7.5


def read_chart(source: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The labels of the boxes, and the arrows between them."""
    labels: dict[str, str] = {}
    arrows: list[tuple[str, str]] = []
    for line in source.splitlines()[1:]:
        ends = [_NODE.fullmatch(part.strip()) for part in line.split("-->")]
        names = []
        for end in ends:
            if end is None:
                message = f"no arrow between two boxes: {line!r}"
                raise ValueError(message)
            labels[end[1]] = end[2] or labels.get(end[1], end[1])
            names.append(end[1])
        arrows.extend(itertools.pairwise(names))
    return labels, arrows


def find_rows(labels: dict[str, str], arrows: list[tuple[str, str]]) -> list[list[str]]:
    """The boxes row by row: each one below all that point to it."""
    depth = dict.fromkeys(labels, 0)
    for _ in labels:
        for above, below in arrows:
            depth[below] = max(depth[below], depth[above] + 1)
    return [[name for name in labels if depth[name] == row] for row in range(max(depth.values()) + 1)]


def draw(source: str) -> str:
    """The chart as SVG; the page's style sheet gives it colours."""
    labels, arrows = read_chart(source)
    rows = find_rows(labels, arrows)
    width = max(len(row) for row in rows) * (_WIDTH + _GAP_X) + _GAP_X
    height = len(rows) * (_HEIGHT + _GAP_Y)
    middle: dict[str, tuple[float, float]] = {}
    boxes = []
    for place, row in enumerate(rows):
        left = (width - len(row) * (_WIDTH + _GAP_X) + _GAP_X) / 2
        for column, name in enumerate(row):
            x, y = left + column * (_WIDTH + _GAP_X), place * (_HEIGHT + _GAP_Y) + 4
            middle[name] = (x + _WIDTH / 2, y + _HEIGHT / 2)
            wide = max(_WIDTH, len(labels[name]) * _CHARACTER + 20)
            boxes.append(f'<rect x="{x + (_WIDTH - wide) / 2}" y="{y}" width="{wide}" height="{_HEIGHT}" rx="6"/>')
            boxes.append(
                f'<text x="{x + _WIDTH / 2}" y="{y + _HEIGHT / 2 + 5}" text-anchor="middle">'
                f"{html.escape(labels[name])}</text>"
            )
    lines = []
    for above, below in arrows:
        (x1, y1), (x2, y2) = middle[above], middle[below]
        start, end = y1 + _HEIGHT / 2, y2 - _HEIGHT / 2 - 4
        # An arrow over several rows goes straight down first, beside the boxes in between.
        turn, bend = end + 4 - _GAP_Y, _GAP_Y / 2
        lines.append(
            f'<path d="M{x1},{start} L{x1},{turn} C{x1},{turn + bend} {x2},{end - bend} {x2},{end}" '
            f'marker-end="url(#arrow)"/>'
        )
    named = html.escape("; ".join(f"{labels[above]} to {labels[below]}" for above, below in arrows), quote=True)
    marker = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )
    return (
        f'<div class="flowchart"><svg role="img" aria-label="{named}" viewBox="0 0 {width} {height}" '
        f'width="{width}" xmlns="http://www.w3.org/2000/svg">{marker}{"".join(lines)}{"".join(boxes)}</svg></div>'
    )


def replace_charts(_: Sphinx, document: nodes.document) -> None:
    """Put the drawing in place of its source."""
    for block in list(document.findall(nodes.literal_block)):
        if block.get("language") == "mermaid":
            block.replace_self(nodes.raw("", draw(block.astext()), format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.connect("doctree-read", replace_charts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
