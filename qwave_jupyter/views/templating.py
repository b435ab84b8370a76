"""What every view is rendered with: Jinja2 templates, the style sheet, and columns of plain text."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

__all__ = ["STYLE", "format_columns", "inline_style", "render_output", "render_template", "trust", "wrap_cards"]

#: The style sheet of all views: JupyterLab's colours with fallbacks, for light and dark. Views stay legible without it.
STYLE = (Path(__file__).with_name("templates") / "style.html").read_text(encoding="utf-8").rstrip()
#: An element's classes and its own style, as the templates write them; quotes in texts are escaped.
_CLASSES = re.compile(r'class="([^"]*)"(?: style="([^"]*)")?')
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_OWN_CLASSES = re.compile(r"(?:\.[\w-]+)+")


def render_template(name: str, **values: object) -> str:
    """Render a file of ``templates/``; values are escaped."""
    return _load_template(name).render(values)


def render_output(name: str, **values: object) -> str:
    """Render a file of ``templates/`` as a cell's output, which needs no style sheet beside it."""
    return inline_style(render_template(name, **values))


def trust(markup: str) -> Markup:
    """Mark what a template has rendered, or a file of ours holds, as HTML that another template leaves as it is."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704 - never a text from outside


def wrap_cards(cards: str, *, with_style: bool = True) -> str:
    """Render cards inside the block that the style sheet is about, and the sheet before it."""
    return render_template("cards.html", cards=trust(cards), with_style=with_style)


def inline_style(markup: str) -> str:
    """Give each element of rendered cards or texts the style of its classes as its own.

    A Markdown export takes HTML as it is, and many readers of Markdown show a style sheet as text.
    """
    return _CLASSES.sub(_add_declarations, markup)


def _add_declarations(found: re.Match[str]) -> str:
    classes = frozenset(found[1].split())
    declared = [declarations for needed, declarations in _list_rules() if needed <= classes]
    style = ";".join(filter(None, [*declared, found[2]]))
    return f'class="{found[1]}"' + (f' style="{style}"' if style else "")


@cache
def _list_rules() -> list[tuple[frozenset[str], str]]:
    """The rules of the style sheet that are about an element's own classes: these, and what they declare."""
    rules = []
    for selectors, declarations in _RULE.findall(STYLE.removeprefix("<style>")):
        for selector in selectors.split(","):
            if _OWN_CLASSES.fullmatch(selector.strip()):
                declared = declarations.replace("\n", "").replace('"', "'").rstrip(";")
                rules.append((frozenset(selector.strip().split(".")[1:]), declared))
    return rules


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
