"""Models as HTML and text: one as a card, many in a table, some side by side; texts for their limits and prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake, UnknownModel
from qwave_jupyter.views.templating import format_columns, render_output

if TYPE_CHECKING:
    import pandas as pd

    from qwave_jupyter.catalog import Model, Parameter

__all__ = [
    "ModelCard",
    "ModelComparison",
    "ModelTable",
    "format_price",
    "format_references",
    "format_unknown_price",
    "list_choices",
]

_EXAMPLE_OPTIONS = ("aspect_ratio", "resolution", "quality")
_COLUMNS = ("model", "does", "ratios", "resolution", "references", "price")
#: Characters of a cell in plain text.
_MAX_TABLE_CELL, _MAX_COMPARISON_CELL = 44, 36
_MIN_COMPARED = 2


class ModelCard:
    """One model: what it does, options, limits, prices, rules and a cell to copy."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def example(self) -> str:
        """Return a cell that the model accepts as it is."""
        values: dict[str, object] = {"prompt": "a"}
        options = [f"-m {self.model.id}"]
        for name in _EXAMPLE_OPTIONS:
            if not list_choices(self.model, name):
                continue
            usable = [value for value, reason in self.model.allowed_values(name, values) if not reason]
            if usable:
                # The documented order starts with the plainest; quality is cheapest in the middle of its list.
                values[name] = usable[min(1, len(usable) - 1)] if name == "quality" else usable[0]
                options.append(f"{_format_option(name)} {values[name]}")
        return f"%%qwave {' '.join(options)}\n{i18n.text('lookup.example_prompt')}"

    def __repr__(self) -> str:
        model = self.model
        lines = [f"{model.id} ({model.vendor}) · {format_price(model)}", model.summary, ", ".join(model.actions), ""]
        lines += [
            f"  {_format_option(parameter.name):24} {_format_parameter(parameter)}"
            for parameter in self._list_parameters()
        ]
        lines += ["", *(f"  {limit}" for limit in self._format_limits())]
        lines += [f"  • {rule}" for rule in (*model.rule_words, *model.notes)]
        lines += ["", i18n.text("lookup.prices"), *(f"  {tier}" for tier in _format_tiers(model))]
        lines += ["", i18n.text("lookup.example"), self.example(), "", self._format_origin()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return render_output(
            "model_card.html",
            model=self.model,
            price=format_price(self.model),
            parameters=[
                (_format_option(one.name), _format_allowed(one), _format_default(one), one.note)
                for one in self._list_parameters()
            ],
            limits=self._format_limits(),
            tiers=_format_tiers(self.model),
            example=self.example(),
            origin=self._format_origin(),
        )

    def _list_parameters(self) -> list[Parameter]:
        return [one for one in self.model.parameters.values() if not one.internal and one.name != "prompt"]

    def _format_limits(self) -> list[str]:
        model = self.model
        limits = []
        prompt = model.parameters.get("prompt")
        if prompt is not None and prompt.maximum is not None:
            limits.append(i18n.text("lookup.prompt_length", most=f"{prompt.maximum:g}"))
        if prompt is not None and prompt.recommended is not None:
            limits.append(i18n.text("lookup.prompt_advice", most=f"{prompt.recommended:g}"))
        if "images" in model.parameters:
            parts = [format_references(model), ", ".join(model.references.formats)]
            if model.references.max_mb:
                parts.append(f"≤ {model.references.max_mb:g} MB")
            parts.append(model.references.note)
            limits.append(i18n.text("lookup.references", text=", ".join(part for part in parts if part)))
        if model.mask is not None:
            parts = [", ".join(model.mask.formats), model.mask.note]
            limits.append(i18n.text("lookup.mask", text="; ".join(part for part in parts if part) or "–"))
        if model.link_hours:
            limits.append(i18n.text("lookup.links", hours=model.link_hours, count=model.link_hours))
        return limits

    def _format_origin(self) -> str:
        model = self.model
        text = i18n.text(
            "lookup.origin", edition=model.edition, documented=model.documented or "–", sources="; ".join(model.sources)
        )
        return f"{i18n.text(f'lookup.live_{model.live}')} {text}" if model.live else text


def list_choices(model: Model, name: str) -> tuple[object, ...]:
    """Return the documented values of a parameter; empty where the model doesn't have it."""
    parameter = model.parameters.get(name)
    return parameter.choices if parameter else ()


def _format_option(parameter: str) -> str:
    """Return the option of a parameter's name as it is written in a cell."""
    return f"--{parameter.replace('_', '-')}"


def _format_allowed(parameter: Parameter) -> str:
    """Format the values that a parameter allows."""
    if parameter.choices:
        return ", ".join(map(_format_value, parameter.choices))
    low, high = (None if limit is None else f"{limit:g}" for limit in (parameter.minimum, parameter.maximum))
    kind = "images" if parameter.is_image else "task" if parameter.task else parameter.type.rstrip("[]")
    text = i18n.text(f"lookup.kind_{kind}")
    if low is None and high is None:
        return text
    if low is None or high is None:
        return f"{text}, {f'≥ {low}' if high is None else f'≤ {high}'}"
    return f"{text}, {low}–{high}"


def _format_default(parameter: Parameter) -> str:
    """Format a parameter's default, or "" without one."""
    return _format_value(parameter.default) if parameter.has_default else ""


def _format_parameter(parameter: Parameter) -> str:
    """Format the values that a parameter allows, and its default."""
    default = _format_default(parameter)
    return _format_allowed(parameter) + (i18n.text("lookup.default", default=default) if default else "")


def format_price(model: Model) -> str:
    """Format the price range of one image, or that it isn't documented."""
    low, high = model.price.from_usd, model.price.to_usd
    if low is None or high is None:
        return format_unknown_price(model)
    return i18n.dollars(low) if low == high else f"{i18n.dollars(low)}–{i18n.dollars(high)}"


def format_unknown_price(model: Model) -> str:
    """Format in the place of a price why none is known."""
    return i18n.text("lookup.by_tokens" if model.price.unit == "token" else "lookup.no_price")


def _format_tiers(model: Model) -> tuple[str, ...]:
    """Format the price of each tier, the fee for references and the rates of tokens; else the price range."""
    price = model.price
    lines = [
        i18n.text("lookup.tier", by=price.by, tier="…" if tier == "*" else tier, usd=i18n.dollars(usd))
        for tier, usd in price.tiers.items()
    ]
    if not lines and price.usd is not None:
        unit = i18n.text("lookup.per_call" if price.unit == "call" else "lookup.per_image")
        four = price.usd if price.unit == "call" else price.usd * 4
        lines = [f"{i18n.dollars(price.usd)} {unit}", i18n.text("lookup.four", usd=i18n.dollars(four))]
    if price.reference_usd:
        lines.append(i18n.text("lookup.per_reference", usd=i18n.dollars(price.reference_usd)))
    lines += [
        i18n.text("lookup.rate", kind=kind.replace("_", " "), usd=f"${rate:g}") for kind, rate in price.rates.items()
    ]
    if price.note:
        lines.append(price.note)
    return tuple(lines) or (format_price(model),)


def format_references(model: Model) -> str:
    """Format how many reference images a model takes, and whether as URLs or bytes."""
    if "images" not in model.parameters:
        return "–"
    maximum = model.references.maximum
    takes = i18n.text("lookup.url_or_bytes" if model.references.takes_bytes else "lookup.url")
    return f"{maximum if maximum is not None else i18n.text('lookup.some')}, {takes}"


def _format_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class ModelTable(Sequence["Model"]):
    """Models in a table; iterates as models, and finds one by its id.

    A live list may lack ids (``unusable``) and add others (``unknown``).
    """

    def __init__(
        self,
        models: Sequence[Model],
        edition: str = "",
        *,
        unusable: Sequence[str] = (),
        unknown: Sequence[str] = (),
        live: bool = False,
    ) -> None:
        self._models = tuple(models)
        self._edition = edition
        self._unusable = frozenset(unusable)
        self._unknown = tuple(unknown)
        self._live = live

    @overload
    def __getitem__(self, index: int | str) -> Model: ...

    @overload
    def __getitem__(self, index: slice) -> ModelTable: ...

    def __getitem__(self, index: int | str | slice) -> Model | ModelTable:
        if isinstance(index, str):
            found = next((one for one in self._models if one.id == index), None)
            if found is None:
                raise UnknownModel("catalog.unknown_model", given=index, edition=self._edition, near="", nearest=None)
            return found
        if isinstance(index, slice):
            return ModelTable(self._models[index], self._edition, unusable=tuple(self._unusable), live=self._live)
        return self._models[index]

    def __len__(self) -> int:
        return len(self._models)

    def __contains__(self, item: object) -> bool:
        if isinstance(item, str):
            return any(one.id == item for one in self._models)
        return any(type(item) is type(one) and item == one for one in self._models)

    def to_records(self) -> list[dict[str, object]]:
        """One dict for each model."""
        return [
            {
                "id": one.id,
                "vendor": one.vendor,
                "family": one.family,
                "actions": list(one.actions),
                "aspect_ratios": list(list_choices(one, "aspect_ratio")),
                "resolutions": list(list_choices(one, "resolution")),
                "references": one.references.maximum if "images" in one.parameters else 0,
                "reference_bytes": one.references.takes_bytes,
                "mask": "mask" in one.parameters,
                "price_usd": one.price.from_usd,
                "price_unit": one.price.unit,
                "documented": one.documented,
            }
            for one in self._models
        ]

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.to_records())

    def __repr__(self) -> str:
        if not self._models and not self._unknown:
            return i18n.text("lookup.no_models", edition=self._edition)
        lines = format_columns([self._build_head(), *self._build_rows()], _MAX_TABLE_CELL)
        return "\n".join([lines, "", *self._format_notes()])

    def _repr_html_(self) -> str:
        return render_output(
            "model_table.html",
            head=self._build_head(),
            rows=list(zip(self._models, self._build_rows(), strict=True)),
            unusable=self._unusable,
            notes=self._format_notes(),
            empty="" if self._models or self._unknown else repr(self),
        )

    def _build_head(self) -> list[str]:
        return [i18n.text(f"lookup.head_{name}") for name in _COLUMNS]

    def _build_rows(self) -> Iterator[list[str]]:
        for model in self._models:
            ratios = list_choices(model, "aspect_ratio")
            yield [
                f"✕ {model.id}" if model.id in self._unusable else model.id,
                _format_actions(model),
                str(len(ratios)) if ratios else "–",
                " ".join(map(str, list_choices(model, "resolution"))) or "–",
                format_references(model),
                format_price(model),
            ]

    def _format_notes(self) -> list[str]:
        dates = sorted({one.documented for one in self._models if one.documented})
        notes = []
        if self._live:
            notes.append(i18n.text("lookup.prices_live"))
        elif dates:
            span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} – {dates[-1]}"
            notes.append(i18n.text("lookup.prices_of", edition=self._edition, dates=span))
        if any(one.id in self._unusable for one in self._models):
            notes.append(i18n.text("lookup.unusable"))
        if self._unknown:
            notes.append(i18n.text("lookup.unknown", names=list(self._unknown)))
        return notes


class ModelComparison:
    """Two models or more side by side."""

    def __init__(self, models: Sequence[Model]) -> None:
        if len(models) < _MIN_COMPARED:
            raise OptionMistake("lookup.compare_two")
        self.models = tuple(models)

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what is compared and each model's text for it."""
        yield i18n.text("lookup.head_price"), tuple(map(format_price, self.models))
        yield i18n.text("lookup.head_does"), tuple(map(_format_actions, self.models))
        yield i18n.text("lookup.head_references"), tuple(map(format_references, self.models))
        names = dict.fromkeys(
            name
            for one in self.models
            for name, parameter in one.parameters.items()
            if not parameter.internal and name not in {"prompt", "action", "images"}
        )
        for name in names:
            cells = (_format_parameter(one.parameters[name]) if name in one.parameters else "–" for one in self.models)
            yield _format_option(name), tuple(cells)

    def __repr__(self) -> str:
        rows = [["", *(one.id for one in self.models)]]
        rows += [[f"{'≠' if len(set(cells)) > 1 else ' '} {name}", *cells] for name, cells in self.rows()]
        return format_columns(rows, _MAX_COMPARISON_CELL)

    def _repr_html_(self) -> str:
        return render_output(
            "model_comparison.html", models=self.models, rows=self.rows(), origin=self._format_origin()
        )

    def _format_origin(self) -> str:
        dates = ", ".join(f"{one.id} {one.documented}" for one in self.models if one.documented)
        return i18n.text("lookup.compared", edition=self.models[0].edition, dates=dates)


def _format_actions(model: Model) -> str:
    return ", ".join(model.actions) or "generate"
