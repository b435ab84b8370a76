"""Changing the panel's model: how long it takes, and what goes over the wire, beside a form that is built anew."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks import report

ROUNDS = 5


class Wire:
    """Counts what kernels would send to the browser."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0

    def listen(self) -> None:
        """Have every widget made from now on talk to us."""
        import comm
        from comm.base_comm import BaseComm

        wire = self

        class Counted(BaseComm):
            def publish_msg(
                self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any
            ) -> None:
                wire.messages += 1
                content = json.dumps([msg_type, data, metadata], default=str)
                wire.bytes += len(content.encode()) + sum(len(one) for one in buffers or ())

        comm.create_comm = Counted


class Switch(NamedTuple):
    """One change of model."""

    seconds: float
    messages: int
    bytes: int


def timed(wire: Wire, change: Callable[[], object]) -> Switch:
    messages, sent, began = wire.messages, wire.bytes, time.perf_counter()
    change()
    return Switch(time.perf_counter() - began, wire.messages - messages, wire.bytes - sent)


class BuiltAnew:
    """The plain way: a widget for every parameter, all closed and made again with every model."""

    def __init__(self) -> None:
        import ipywidgets

        self._kit = ipywidgets
        self.box = ipywidgets.VBox()

    def choose(self, model: Any) -> None:
        for child in self.box.children:
            child.layout.close()
            child.style.close()
            child.close()
        self.box.children = [self._control(one) for one in model.parameters.values()]

    def _control(self, parameter: Any) -> Any:
        choices = [str(one) for one in parameter.choices]
        if choices:
            return self._kit.Dropdown(options=choices, description=parameter.name)
        if parameter.type == "boolean":
            return self._kit.Checkbox(description=parameter.name)
        if parameter.type == "integer":
            return self._kit.IntText(description=parameter.name)
        return self._kit.Text(description=parameter.name)


def switches() -> tuple[dict[str, list[Switch]], dict[str, Switch], int]:
    """Every change along the whole list of models, several times; and the first showing."""
    wire = Wire()
    wire.listen()
    from qwave_jupyter import panel
    from qwave_jupyter.session import default

    catalog = default().catalog
    models = tuple(catalog)
    made: list[Any] = []
    opened = {"ours": timed(wire, lambda: made.append(panel("a harbour at dawn", model=models[0].id)))}
    anew = BuiltAnew()
    opened["a form built anew"] = timed(wire, lambda: anew.choose(models[0]))
    found: dict[str, list[Switch]] = {"ours": [], "a form built anew": []}
    for _ in range(ROUNDS):
        for model in (*models[1:], models[0]):
            found["ours"].append(timed(wire, lambda model=model: made[0].choose_model(model.id)))
            found["a form built anew"].append(timed(wire, lambda model=model: anew.choose(model)))
    return found, opened, len(models)


def measure() -> report.Section:
    title = "The panel: another model"
    if importlib.util.find_spec("qwave_jupyter.widgets.panel") is None:
        return report.Section(title=title, method="", skipped="there is no panel yet.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(QWAVE_HOME=folder, QWAVE_DEMO="1")
        found, opened, count = switches()
    rows, middle = [], {}
    for name, several in found.items():
        middle[name] = Switch(*(statistics.median(one[place] for one in several) for place in range(3)))
        worst = max(several, key=lambda one: one.bytes)
        rows.append(
            [
                name,
                report.in_time(middle[name].seconds),
                f"{middle[name].messages:g}",
                report.in_bytes(middle[name].bytes),
                f"{worst.messages}",
                report.in_bytes(worst.bytes),
                report.in_time(opened[name].seconds),
                str(opened[name].messages),
                report.in_bytes(opened[name].bytes),
            ]
        )
    ours, anew = middle["ours"], middle["a form built anew"]
    columns = [
        "who",
        "switch",
        "messages",
        "bytes",
        "most messages",
        "most bytes",
        "first showing",
        "messages",
        "bytes",
    ]
    return report.Section(
        title=title,
        method=f"Along all {count} models of the default edition, {ROUNDS} times, medians; what widgets send is counted where the "
        "kernel would send it, without any kernel or browser. The other is the plain way: one ipywidget for each "
        "parameter, closed and made again with every model, without prices, checks, notes or references.",
        promises=[
            report.Promise("messages of a switch against a form built anew", ours.messages / anew.messages, 0.5),
            report.Promise("our own work for a switch", ours.seconds * 1000, 100, unit="ms"),
        ],
        tables=[report.Table(columns, rows)],
        remarks=[
            "**The limit.** A switch has to say what the new model's controls are: one message with all of them is the least. "
            "Ours keeps its widgets, and says what differs; a form built anew opens three comms for every control "
            "(the widget, its layout, its style), and closes as many.",
        ],
    )


if __name__ == "__main__":
    report.run_alone("panel_switch", measure)
