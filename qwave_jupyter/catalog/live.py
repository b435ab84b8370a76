"""What a live server says of its models, laid over an edition; its answers may lack any field, or have more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qwave_jupyter.arguments import read_amount
from qwave_jupyter.catalog.catalog import Catalog
from qwave_jupyter.catalog.model import Model, Price
from qwave_jupyter.catalog.parameter import Parameter
from qwave_jupyter.catalog.rules import ImageInfo, Violation
from qwave_jupyter.types import JSONObject, Values

__all__ = ["ListedModel", "LiveCatalog", "apply_schema", "read_list"]

_TYPES = {
    "string": "string",
    "str": "string",
    "enum": "string",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "string[]",
    "string[]": "string[]",
    "object": "object",
    "object[]": "object[]",
    "number[][][]": "number[][][]",
}
#: What the schema names apart from the parameters: its list to the parameter that it narrows.
_LISTS = {
    "supported_actions": "action",
    "aspect_ratios": "aspect_ratio",
    "resolutions": "resolution",
    "qualities": "quality",
}


@dataclass(frozen=True)
class ListedModel:
    """One entry of the live list, with its price where the list says it."""

    id: str
    price: Price | None = None


def read_list(entries: Sequence[object]) -> tuple[ListedModel, ...]:
    """The models of a ``GET /v1/models`` answer (Models page, edition 2026-09); what can't be read is left out."""
    found = {}
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(name := entry.get("id"), str) and name:
            found[name] = ListedModel(name, _read_price(entry.get("price_config")))
    return tuple(found.values())


class LiveCatalog(Catalog):
    """An edition with what the live server said since."""

    def __init__(
        self,
        base: Catalog,
        listed: Sequence[ListedModel] | None = None,
        learned: Mapping[str, Model] = {},
    ) -> None:
        self.edition, self.host = base.edition, base.host
        self.supports_idempotency = base.supports_idempotency
        self._base = base
        self._listed = None if listed is None else {one.id: one for one in listed}
        self._learned = dict(learned)

    def __iter__(self) -> Iterator[Model]:
        return (self._with_live_data(model) for model in self._base)

    def ids(self) -> tuple[str, ...]:
        """The edition's ids, then those that only the live list knows."""
        return (*self._base.ids(), *self.unknown)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Ids that only the live list knows: usable without validation."""
        known = set(self._base.ids())
        return tuple(name for name in self._listed or () if name not in known and name not in self._learned)

    @property
    def unusable(self) -> tuple[str, ...]:
        """The edition's ids that the live list doesn't have: the key can't use them."""
        return () if self._listed is None else tuple(name for name in self._base.ids() if name not in self._listed)

    def is_live_only(self, name: str) -> bool:
        """Whether only the live list knows the id."""
        return name in self.unknown

    def model(self, name: str) -> Model:
        """The model of an id, as the live server describes it where it did."""
        if name in self._learned and name not in self._base.ids():
            return self._with_live_data(self._learned[name])
        return self._with_live_data(self._base.model(name))

    def check(
        self,
        model: Model,
        values: Values,
        image_info: ImageInfo = ImageInfo(),  # noqa: B008 - frozen
        unread: tuple[Violation, ...] = (),
    ) -> tuple[Violation, ...]:
        """What the edition or the live schema finds wrong, and whether the live price has another shape."""
        return (*super().check(model, values, image_info, unread), *self._check_price(model))

    def _check_price(self, model: Model) -> tuple[Violation, ...]:
        listed = (self._listed or {}).get(model.id)
        if listed is None or listed.price is None:
            return ()
        if listed.price.unreadable:
            detail = {"names": listed.price.unreadable}
            return (Violation("price_unreadable", "model", model.id, severity="warn", detail=detail),)
        if model.id not in self._base.ids():
            return ()
        documented = self._base.model(model.id).price
        if (listed.price.unit == "token") == (documented.unit == "token"):
            return ()
        code = "priced_by_tokens" if listed.price.unit == "token" else "priced_by_image"
        return (Violation(code, "model", model.id, severity="warn", detail={"edition": self.edition}),)

    def _with_live_data(self, model: Model) -> Model:
        model = self._learned.get(model.id, model)
        listed = (self._listed or {}).get(model.id)
        if listed is None or listed.price is None:
            return model
        return replace(model, price=_merge_prices(model.price, listed.price), live=model.live or "list")


def apply_schema(model: Model, schema: JSONObject) -> Model:
    """A model as ``get_model_schema`` (edition 2026-09) describes it; what that doesn't mention stays as documented."""
    inner = next((schema[name] for name in ("schema", "data", "model") if isinstance(schema.get(name), Mapping)), None)
    schema = inner if inner is not None and not set(_LISTS) & set(schema) else schema
    parameters = dict(model.parameters)
    own = {str(one.get("name")): one for one in _read_objects(schema.get("specific_parameters")) if one.get("name")}
    common = _read_texts(schema.get("supported_common_params"))
    if common:
        declared = {*common, *own, "prompt", "model"}
        parameters = {name: one for name, one in parameters.items() if one.internal or _list_wire_names(one) & declared}
        added = [name for name in common if _is_new(name, parameters)]
        parameters.update({name: Parameter(name, "string", (name,)) for name in added})
    for name, spec in own.items():
        known = next((one for one in parameters.values() if name in _list_wire_names(one)), None)
        parameter = _apply_schema(known or Parameter(name, "string", (name,)), spec, documented=known is not None)
        parameters[parameter.name] = parameter
    defaults = schema.get("defaults")
    for listed, name in _LISTS.items():
        choices = _read_texts(schema.get(listed))
        if choices and name in parameters:
            parameters[name] = replace(parameters[name], choices=choices)
    for name, default in defaults.items() if isinstance(defaults, Mapping) else ():
        known = next((one for one in parameters.values() if name in _list_wire_names(one)), None)
        if known is not None and isinstance(default, (str, int, float, bool)):
            parameters[known.name] = replace(known, default=default)
    maximum = schema.get("max_image_inputs")
    references = model.references
    if isinstance(maximum, int) and not isinstance(maximum, bool) and maximum >= 0:
        references = replace(references, maximum=maximum)
        if "images" in parameters:
            parameters["images"] = replace(parameters["images"], maximum=maximum)
    actions = _read_texts(schema.get("supported_actions")) or model.actions
    return replace(model, parameters=parameters, references=references, actions=actions, live="schema")


def _apply_schema(known: Parameter, spec: JSONObject, *, documented: bool) -> Parameter:
    changes: dict[str, Any] = {}
    kind = _TYPES.get(str(spec.get("type", "")).lower())
    if kind and not documented:
        changes["type"] = kind
    choices = spec.get("enum")
    if isinstance(choices, (list, tuple)) and choices:
        changes["choices"] = tuple(choices)
    for theirs, ours in (("min", "minimum"), ("max", "maximum"), ("minimum", "minimum"), ("maximum", "maximum")):
        value = spec.get(theirs)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            changes[ours] = value
    if spec.get("default") is not None and isinstance(spec["default"], (str, int, float, bool)):
        changes["default"] = spec["default"]
    if isinstance(spec.get("description"), str) and not known.note:
        changes["note"] = spec["description"]
    return replace(known, **changes)


def _list_wire_names(parameter: Parameter) -> set[str]:
    return {parameter.name, parameter.wire_path[-1], ".".join(parameter.wire_path), *parameter.aliases}


def _is_new(name: str, known: Mapping[str, Parameter]) -> bool:
    return name.isidentifier() and name != "model" and not any(name in _list_wire_names(one) for one in known.values())


def _read_objects(value: object) -> tuple[JSONObject, ...]:
    if isinstance(value, Mapping):
        # The same, keyed by name.
        value = [{"name": name, **one} for name, one in value.items() if isinstance(one, Mapping)]
    return tuple(one for one in value if isinstance(one, Mapping)) if isinstance(value, (list, tuple)) else ()


def _read_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        return ()
    names = (one.get("name") if isinstance(one, Mapping) else one for one in value)
    return tuple(one for one in names if isinstance(one, str) and one)


def _read_price(config: object) -> Price | None:
    if not isinstance(config, Mapping):
        return None
    rates, odd_rates = _read_amounts(config.get("image_usage_rates"))
    if config.get("settle_image_by_usage") is True or rates or odd_rates:
        return Price(unit="token", rates=rates, unreadable=odd_rates)
    listed, odd_tiers = _read_amounts(config.get("image_prices"))
    tiers = {_normalize_tier(name): usd for name, usd in listed.items()}
    base, odd_base = _read_amounts({"base": config.get("base")})
    unreadable = (*map(_normalize_tier, odd_tiers), *odd_base)
    if not (tiers or base or unreadable):
        return None
    return Price(usd=base.get("base"), by="resolution" if tiers else "", tiers=tiers, unreadable=unreadable)


def _normalize_tier(name: str) -> str:
    return "*" if name == "default" else name.lower()


def _read_amounts(value: object) -> tuple[dict[str, float], tuple[str, ...]]:
    """The amounts of a table by name, and the names of the numbers in it that are none."""
    if not isinstance(value, Mapping):
        return {}, ()
    numbers = {
        str(name): read_amount(one)
        for name, one in value.items()
        if isinstance(one, (int, float)) and not isinstance(one, bool)
    }
    amounts = {name: usd for name, usd in numbers.items() if usd is not None}
    return amounts, tuple(name for name in numbers if name not in amounts)


def _merge_prices(documented: Price, live: Price) -> Price:
    if live.unit == "token" or documented.unit == "token":
        return live if live.unit != documented.unit or live.rates else documented
    if live.unreadable and not live.tiers:
        # What the server asks isn't known; what a page said of it counts no more.
        return replace(documented, usd=live.usd, by="", tiers={}, unreadable=live.unreadable)
    if live.tiers:
        by = documented.by if documented.by and set(live.tiers) <= set(documented.tiers) else live.by
        return replace(documented, tiers=live.tiers, by=by, usd=live.usd, unreadable=live.unreadable)
    if documented.tiers:
        # One number can't replace a table; the page's tiers stand.
        return documented
    return replace(documented, usd=live.usd)
