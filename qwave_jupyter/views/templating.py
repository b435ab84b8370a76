"""What every view is rendered with: Jinja2 templates, the style sheet, and columns of plain text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

__all__ = ["STYLE", "format_columns", "render_template", "trust", "wrap_cards"]

#: The style sheet of all views: JupyterLab's colours with fallbacks, for light and dark. Views stay legible without it.
STYLE = (Path(__file__).with_name("templates") / "style.html").read_text(encoding="utf-8").rstrip()


def render_template(name: str, **values: object) -> str:
    """Render a file of ``templates/``; values are escaped."""
    return _load_template(name).render(values)


def trust(markup: str) -> Markup:
    """Mark what a template has rendered, or a file of ours holds, as HTML that another template leaves as it is."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704 - never a text from outside


def wrap_cards(cards: str, *, with_style: bool = True) -> str:
    """Render cards inside the block that the style sheet is about, and the sheet before it."""
    return render_template("cards.html", cards=trust(cards), with_style=with_style)


def format_columns(rows: Sequence[Sequence[str]], max_width: int = sys.maxsize) -> str:
    """Format rows of cells as lines of aligned columns; longer cells are cut to ``max_width``."""
    widths = [min(max_width, max(map(i18n.columns, column))) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(i18n.pad(_truncate(cell, max_width), width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _truncate(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


# A job card is rendered several times a second: no file is looked at after its first use.
@cache
def _load_template(name: str) -> Template:
    return _make_environment().get_template(name)


@cache
def _make_environment() -> Environment:
    # Imported here because loading the extension must not import Jinja2.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("qwave_jupyter", "views/templates"),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(text=i18n.text, style=trust(STYLE))
    return environment
