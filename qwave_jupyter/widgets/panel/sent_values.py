"""Values of ipywidgets' own controls, sent at once: ipywidgets holds them back while the kernel is busy."""

from __future__ import annotations

import itertools
import weakref

import ipywidgets

__all__ = ["SentValues"]

#: The trait that a person changes, and its type.
_TRAITS: dict[type[ipywidgets.Widget], tuple[str, type]] = {
    ipywidgets.Dropdown: ("index", int),
    ipywidgets.ToggleButtons: ("index", int),
    ipywidgets.Checkbox: ("value", bool),
    ipywidgets.ToggleButton: ("value", bool),
    ipywidgets.Text: ("value", str),
    ipywidgets.Textarea: ("value", str),
}
_CLASS = "qwp-sent-"


class SentValues:
    """The controls of a panel by the number that each has in the page, so that no button acts on an older value."""

    def __init__(self) -> None:
        self._controls: weakref.WeakValueDictionary[str, ipywidgets.Widget] = weakref.WeakValueDictionary()
        self._numbers = itertools.count(1)

    def add(self, *widgets: ipywidgets.Widget) -> None:
        """Number controls, and those in boxes; those that have a number keep it."""
        for widget in widgets:
            self.add(*getattr(widget, "children", ()))
            known = any(name.startswith(_CLASS) for name in getattr(widget, "_dom_classes", ()))
            if not known and _find_trait(widget) is not None:
                name = str(next(self._numbers))
                widget.add_class(_CLASS + name)
                self._controls[name] = widget

    def set(self, name: str, value: object) -> None:
        """Set a control as the browser shows it; nothing goes back."""
        widget = self._controls.get(name)
        found = _find_trait(widget) if widget is not None else None
        if widget is None or found is None or type(value) is not found[1]:
            return
        trait, _ = found
        if trait == "index" and not 0 <= int(str(value)) < len(widget.options):
            return
        with widget._lock_property(**{trait: value}):  # noqa: SLF001 - as ipywidgets does it for its own messages
            setattr(widget, trait, value)


def _find_trait(widget: ipywidgets.Widget) -> tuple[str, type] | None:
    return next((_TRAITS[kind] for kind in type(widget).__mro__ if kind in _TRAITS), None)
