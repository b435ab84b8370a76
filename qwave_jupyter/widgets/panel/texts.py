"""The words of a panel, which differ for the visitor of an app, who has no cells."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from qwave_jupyter import i18n
from qwave_jupyter.frontend import has_visitor
from qwave_jupyter.session import default

__all__ = ["panel_texts"]


@contextlib.contextmanager
def panel_texts() -> Iterator[None]:
    """Use the panel's texts in place of a cell's, or those of an app where a visitor reads them."""
    with i18n.place("app" if has_visitor(default().frontend) else "panel"):
        yield
