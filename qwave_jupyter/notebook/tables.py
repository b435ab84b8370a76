"""What the models can do, as tables and cards with a text twin."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

from qwave_jupyter import words
from qwave_jupyter.catalog import UNSET, Model
from qwave_jupyter.notebook.cards import STYLE

__all__ = ["ModelCard", "ModelTable"]

_HEAD = ("Model", "Does", "Ratios", "Resolution", "References", "Price")


class ModelTable(Sequence[Model]):
    """Models in a table; iterates as models.

    Args:
        models: in the order in which they are shown.
        edition: the edition that says so.
    """

    def __init__(self, models: Sequence[Model], edition: str = "") -> None:
        self._models = tuple(models)
        self._edition = edition

    def __getitem__(self, place: Any) -> Any:
        return self._models[place]

    def __len__(self) -> int:
        return len(self._models)

    def to_records(self) -> list[dict[str, Any]]:
        """One dict for each model."""
        return [
            {
                "id": one.id,
                "vendor": one.vendor,
                "actions": list(one.actions),
                "aspect_ratios": list(_choices(one, "aspect_ratio")),
                "resolutions": list(_choices(one, "resolution")),
                "references": one.references.maximum,
                "mask": "mask" in one.parameters,
                "price_usd": one.price.from_usd,
            }
            for one in self._models
        ]

    def to_dataframe(self) -> Any:
        """A pandas DataFrame, where pandas is installed."""
        import pandas as pd

        return pd.DataFrame(self.to_records())

    def __repr__(self) -> str:
        if not self._models:
            return words.say("notebook.no_models", edition=self._edition)
        rows = [_HEAD, *map(_row, self._models)]
        widths = [min(44, max(len(row[column]) for row in rows)) for column in range(len(_HEAD))]
        return "\n".join(
            "  ".join(cell[:44].ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        )

    def _repr_html_(self) -> str:
        if not self._models:
            return f"<p>{html.escape(repr(self))}</p>"
        head = "".join(f"<th>{name}</th>" for name in _HEAD)
        lines = []
        for model in self._models:
            name, *cells = _row(model)
            first = f'<td><b>{html.escape(name)}</b><br><span class="qw-s">{html.escape(model.vendor)}</span></td>'
            lines.append(f"<tr>{first}{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>")
        return f'{STYLE}<div class="qw qw-wide"><table class="qw-m"><tr>{head}</tr>{"".join(lines)}</table></div>'


class ModelCard:
    """Everything that is documented of one model.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def _parameters(self) -> Iterator[tuple[str, str, str, str]]:
        for parameter in self.model.parameters.values():
            if parameter.internal or parameter.name == "prompt":
                continue
            default = "" if parameter.default is UNSET else _plain(parameter.default)
            yield f"--{parameter.name.replace('_', '-')}", _allowed(parameter), default, parameter.note

    def example(self) -> str:
        """A cell that can be copied."""
        options = [f"-m {self.model.id}"]
        for name in ("aspect_ratio", "resolution", "quality"):
            choices = _choices(self.model, name)
            if choices:
                options.append(f"--{name.replace('_', '-')} {choices[-1] if name == 'quality' else choices[0]}")
        return f"%%qwave {' '.join(options)}\nA lighthouse at dusk, waves, warm light in the windows"

    def __repr__(self) -> str:
        model = self.model
        lines = [f"{model.id} ({model.vendor}), edition {model.edition}, documented {model.documented}", model.summary]
        lines += [
            f"  {name:24} {allowed}{f'  (default {default})' if default else ''}"
            for name, allowed, default, _ in self._parameters()
        ]
        lines += [f"  • {rule}" for rule in (*model.rule_words, *model.notes)]
        lines += [words.say("notebook.price", price=_price(model)), "", self.example()]
        return "\n".join(line for line in lines if line is not None)

    def _repr_html_(self) -> str:
        model = self.model
        rows = "".join(
            f'<tr><td class="qw-mono">{html.escape(name)}</td><td>{html.escape(allowed)}</td>'
            f'<td>{html.escape(default)}</td><td class="qw-s">{html.escape(note)}</td></tr>'
            for name, allowed, default, note in self._parameters()
        )
        rules = "".join(f"<li>{html.escape(rule)}</li>" for rule in (*model.rule_words, *model.notes))
        sources = html.escape("; ".join(model.sources))
        origin = words.say("notebook.origin", edition=model.edition, documented=model.documented)
        return (
            f'{STYLE}<div class="qw qw-wide"><div class="qw-t">{html.escape(model.id)} <span class="qw-s">'
            f"{html.escape(model.vendor)} · {html.escape(_price(model))}</span></div>"
            f"<div>{html.escape(model.summary)}</div><div class='qw-s'>{html.escape(' · '.join(model.actions))}</div>"
            f'<table class="qw-m"><tr><th>Option</th><th>Values</th><th>Default</th><th>Note</th></tr>{rows}</table>'
            f"<ul>{rules}</ul><div class='qw-s'>{words.say('notebook.example')}</div>"
            f"<pre class='qw-mono'>{html.escape(self.example())}</pre>"
            f'<div class="qw-s">{html.escape(origin)}: {sources}</div></div>'
        )


def _row(model: Model) -> tuple[str, ...]:
    ratios = _choices(model, "aspect_ratio")
    most = model.references.maximum
    takes = "URL or bytes" if model.references.takes_bytes else "URL"
    references = f"{most if most is not None else 'yes'}, {takes}" if "images" in model.parameters else "–"
    return (
        model.id,
        ", ".join(model.actions) or "generate",
        str(len(ratios)) if ratios else "–",
        " ".join(map(str, _choices(model, "resolution"))) or "–",
        references,
        _price(model),
    )


def _choices(model: Model, name: str) -> tuple[Any, ...]:
    parameter = model.parameters.get(name)
    return parameter.choices if parameter else ()


def _allowed(parameter: Any) -> str:
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    low, high = (None if limit is None else f"{limit:g}" for limit in (parameter.minimum, parameter.maximum))
    kind = words.say("notebook.kind_pictures" if parameter.picture else f"notebook.kind_{parameter.type.rstrip('[]')}")
    if low is None or high is None:
        return kind if low == high else f"{kind}, {f'≥ {low}' if high is None else f'≤ {high}'}"
    return f"{kind}, {low}–{high}"


def _price(model: Model) -> str:
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return "by tokens" if model.price.unit == "token" else words.say("notebook.no_price")
    return words.dollars(low) if low == high else f"{words.dollars(low)}–{words.dollars(high)}"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
