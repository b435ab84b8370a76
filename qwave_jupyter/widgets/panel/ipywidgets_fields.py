"""The controls of a panel from ipywidgets alone, for frontends that load no widgets of ours.

Single choices can't be disabled there, so the impossible ones are marked, and the reason stands below.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.widgets.panel.field_specs import Field

__all__ = ["PlainFields"]


class PlainFields:
    """All controls of a panel, plain.

    Args:
        changed: called with a parameter's name and its new value, None for the page's default.
    """

    def __init__(self, changed: Callable[[str, Any], None]) -> None:
        self._changed = changed
        self.controls: dict[str, tuple[str, Any]] = {}
        self._drawing = False
        self._why = ipywidgets.HTML()
        self._first = ipywidgets.VBox()
        self._more = ipywidgets.VBox()
        self._more.layout.display = "none"
        self._unfold = ipywidgets.ToggleButton(description=i18n.say("panel.advanced"))
        self._unfold.observe(self._fold, "value")
        self.widget = ipywidgets.VBox([self._first, self._why, self._unfold, self._more])

    def draw(self, fields: tuple[Field, ...]) -> None:
        """Show controls; those that are there already are kept."""
        self._drawing = True
        try:
            kept = {}
            for field in fields:
                kind, control = self.controls.pop(field.name, ("", None))
                if control is None or kind != self._kind(field):
                    if control is not None:
                        close_all(control)
                    control = self._made(field)
                kept[field.name] = (self._kind(field), control)
                self._update(control, field)
            gone, self.controls = self.controls, kept
            self._first.children = [kept[field.name][1] for field in fields if not field.advanced]
            self._more.children = [kept[field.name][1] for field in fields if field.advanced]
            for _, control in gone.values():
                close_all(control)
            reasons = [field.why for field in fields if field.why]
            self._why.value = "".join(f'<div class="qwp-why">{html.escape(why)}</div>' for why in reasons)
        finally:
            self._drawing = False

    def close_all(self) -> None:
        """Close every widget of it."""
        close_all(self.widget)

    @staticmethod
    def _kind(field: Field) -> str:
        return "choice" if field.options else "json" if field.kind == "json" else "text"

    def _made(self, field: Field) -> Any:
        kinds = {"choice": ipywidgets.Dropdown, "json": ipywidgets.Textarea, "text": ipywidgets.Text}
        kind = self._kind(field)
        more = {} if kind == "choice" else {"continuous_update": False}
        control = kinds[kind](description=field.label, tooltip=field.hint or field.label, **more)
        control.add_class("qwp-f")
        control.observe(lambda change: self._heard(field.name, change["new"]), "value")
        return control

    def _update(self, control: Any, field: Field) -> None:
        meant = i18n.say("panel.meant").replace("…", str(field.meant)) if field.meant is not None else "–"
        if field.options:
            options = [(meant, None)]
            for option in field.options:
                label = i18n.say("panel.impossible", label=option.label) if option.reason else option.label
                options.append((label, option.value))
            if tuple(control.options) != tuple(options):
                control.options = options
            control.value = field.value if field.value in [value for _, value in options] else None
        else:
            control.placeholder = meant
            control.value = "" if field.value is None else str(field.value)

    def _heard(self, name: str, value: Any) -> None:
        if not self._drawing:
            self._changed(name, None if value == "" else value)

    def _fold(self, change: Any) -> None:
        self._more.layout.display = "" if change["new"] else "none"
