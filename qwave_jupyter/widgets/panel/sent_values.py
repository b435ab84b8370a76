"""What the browser has sent, so that no button acts on an older value.

ipywidgets holds values of its own controls back while the kernel is busy; they are sent at once as well. And kernels
may handle messages of two widgets in another order: ipykernel 7.4 gives each to the shell that used the widget last.
"""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import ipywidgets

from qwave_jupyter import threads
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.types import JSONObject
from qwave_jupyter.widgets.canvas.base import CanvasControl, set_received

__all__ = ["SentValues"]

#: The trait that a person changes, and its type.
_TRAITS: dict[type[ipywidgets.Widget], tuple[str, type]] = {
    ipywidgets.Dropdown: ("index", int),
    ipywidgets.ToggleButtons: ("index", int),
    ipywidgets.Checkbox: ("value", bool),
    ipywidgets.ToggleButton: ("value", bool),
    ipywidgets.Text: ("value", str),
    ipywidgets.Textarea: ("value", str),
    CanvasControl: ("value", list),
}
_CLASS = "qwp-sent-"
#: Far more than are under way at once.
_MAX_HANDLED = 1000
#: Seconds after which a message that was sent before one that has come is lost.
_LOST_AFTER = 2.0


@dataclass(frozen=True)
class _Press:
    """What a button does after the messages with these numbers, and when it was pressed first."""

    numbers: frozenset[int]
    work: Callable[[], object]
    since: float


class SentValues:
    """The controls of a panel by the number that each has in the page, and the numbers of the messages handled."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = threads.fork_safe(Lock())
        self._handled: deque[int] = deque(maxlen=_MAX_HANDLED)
        self._waiting: dict[str, _Press] = {}
        self._controls: weakref.WeakValueDictionary[str, ipywidgets.Widget] = weakref.WeakValueDictionary()
        self._numbers = itertools.count(1)

    def add(self, *widgets: ipywidgets.Widget) -> None:
        """Number controls, and those in boxes; those that have a number keep it."""
        for widget in widgets:
            self.add(*getattr(widget, "children", ()))
            known = any(name.startswith(_CLASS) for name in getattr(widget, "_dom_classes", ()))
            if not known and _find_trait(widget) is not None:
                self._number(widget)

    def add_buttons(self, *buttons: ipywidgets.Button) -> None:
        """Number buttons that act on what the controls hold."""
        for button in buttons:
            self._number(button)

    def _number(self, widget: ipywidgets.DOMWidget) -> None:
        name = str(next(self._numbers))
        widget.add_class(_CLASS + name)
        self._controls[name] = widget

    def watch(self, *controls: ipywidgets.Widget) -> None:
        """Note the messages of controls that send numbers themselves, each after the control has handled it."""
        for control in controls:
            control.on_msg(self.note)

    def press(self, name: str, numbers: object) -> None:
        """Press a button as soon as the messages with these numbers were handled."""
        button = self._controls.get(name)
        if isinstance(button, ipywidgets.Button):
            self.run_after(numbers, button.click, button=name)

    def set(self, name: str, value: object) -> None:
        """Set a control as the browser shows it; nothing goes back."""
        widget = self._controls.get(name)
        found = _find_trait(widget) if widget is not None else None
        if widget is None or found is None or type(value) is not found[1]:
            return
        trait, _ = found
        if trait == "index" and not 0 <= int(str(value)) < len(widget.options):
            return
        if isinstance(widget, CanvasControl):
            widget.receive(value)
        else:
            set_received(widget, trait, value)

    def note(self, _: object, content: JSONObject, __: object) -> None:
        """Note that a message of the front end was handled, and run what has waited for it."""
        number = content.get("number")
        if isinstance(number, int):
            with self._lock:
                self._handled.append(number)
            self._run_waiting()

    def run_after(self, numbers: object, work: Callable[[], object], *, button: str = "generate") -> None:
        """Run something as soon as the messages with these numbers were handled, in place of the same button's last.

        What that one still waits for when it is pressed again is lost, unless the first press was a moment ago.
        """
        named = numbers if isinstance(numbers, list) else []
        with self._lock:
            since, last = self._clock.monotonic(), self._waiting.get(button)
            if last is not None and since - last.since >= _LOST_AFTER:
                self._handled.extend(last.numbers)
            elif last is not None:
                since = last.since
            self._waiting[button] = _Press(frozenset(one for one in named if isinstance(one, int)), work, since)
        self._run_waiting()

    def _run_waiting(self) -> None:
        with self._lock:
            handled = frozenset(self._handled)
            ready = [button for button, press in self._waiting.items() if press.numbers <= handled]
            works = [self._waiting.pop(button).work for button in ready]
        for work in works:
            work()


def _find_trait(widget: ipywidgets.Widget) -> tuple[str, type] | None:
    return next((_TRAITS[kind] for kind in type(widget).__mro__ if kind in _TRAITS), None)
