"""One model of one edition: its parameters, rules, limits and price, and the two ways over the wire."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qwave_jupyter.arguments import read_amount
from qwave_jupyter.catalog.parameter import UNSET, Parameter, UnreadableValue
from qwave_jupyter.catalog.rules import ImageInfo, Rule, Violation, find_violations, matches
from qwave_jupyter.types import JSONObject, Values

__all__ = ["INCOMPLETE_CODES", "Mask", "Model", "Price", "References"]


@dataclass(frozen=True)
class References:
    """What a model takes as reference images.

    Args:
        maximum: how many at most; None where no page says.
        by_action: action to ``(least, most)``.
        takes_bytes: whether base64 is documented; otherwise only URLs that the server can fetch.
        max_mb: megabytes of each.
        formats: file formats.
        total_megapixels: output and references together, in units of 1024 × 1024 pixels.
        note: what else the page says.
    """

    maximum: int | None = 0
    by_action: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    takes_bytes: bool = False
    max_mb: float | None = None
    formats: tuple[str, ...] = ()
    total_megapixels: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Mask:
    """What a model takes as a mask.

    Args:
        formats: file formats; empty where no page says.
        max_mb: megabytes.
        same_size: whether it must have the first reference's pixel size.
        alpha: whether the transparent area is the one to be painted anew; None where no page says.
        note: what else the page says.
    """

    formats: tuple[str, ...] = ()
    max_mb: float | None = None
    same_size: bool = False
    alpha: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Price:
    """A published price.

    Args:
        unit: ``image``, ``call``, or ``token`` (billed by use, so not known beforehand).
        usd: USD per unit; None where it isn't published.
        by: the parameter that chooses the tier, or "".
        tiers: its value to USD; ``*`` for every other value.
        only_when: parameter to the values for which the price stands; others are priced elsewhere.
        reference_usd: USD per reference image.
        reference_per_picture: whether that is charged again for every image that is made.
        rates: USD per million tokens, by kind.
        documented: the date of the page.
        note: what else the page says.
        unreadable: what a live list names of it that is no amount: tiers, or ``base``. Their price isn't known.
    """

    unit: str = "image"
    usd: float | None = None
    by: str = ""
    tiers: Mapping[str, float] = field(default_factory=dict)
    only_when: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    reference_usd: float = 0.0
    reference_per_picture: bool = False
    rates: Mapping[str, float] = field(default_factory=dict)
    documented: str = ""
    note: str = ""
    unreadable: tuple[str, ...] = ()

    @property
    def from_usd(self) -> float | None:
        """The least that one image (or call) costs; None when no price is published."""
        return min(self._list_known_prices(), default=None)

    @property
    def to_usd(self) -> float | None:
        """The most that one image (or call) costs without reference images."""
        return max(self._list_known_prices(), default=None)

    def estimate(self, values: Values) -> float | None:
        """USD for a whole request with these effective values; None where no page says."""
        if any(values.get(name) not in allowed for name, allowed in self.only_when.items()):
            return None
        each = self.usd
        if self.tiers:
            tier = str(values.get(self.by)).lower()
            each = None if tier in self.unreadable else self.tiers.get(tier, self.tiers.get("*"))
        count = 1.0 if self.unit == "call" else read_amount(values.get("n") or 1)
        parts = (read_amount(each), count, read_amount(self.reference_usd))
        if None in parts:
            return None
        each, count, reference = (part or 0.0 for part in parts)
        fee = reference * len(values.get("images") or ()) * (count if self.reference_per_picture else 1)
        return read_amount(round(each * count + fee, 9))

    def _list_known_prices(self) -> Iterator[float]:
        known = self.tiers.values() if self.tiers else (self.usd,)
        return (usd for usd in map(read_amount, known) if usd is not None)


@dataclass(frozen=True)
class Model:
    """Everything that one edition documents of one model id.

    Args:
        id: the model id.
        edition: the edition; the same id may mean another product in another one.
        family: the family, e.g. ``gpt-image``.
        vendor: who makes it.
        summary: one line.
        actions: its actions; empty where the page knows none.
        default_action: what an omitted action means.
        parameters: by the user's names, in the order of the page.
        rules: across parameters.
        infer: ``(conditions, action)`` pairs: the fitting action when the user named none.
        references: reference images.
        mask: masks, or None.
        price: its price.
        rule_words: the page's rules in words.
        notes: where the sources disagree, and what else to know.
        sources: the pages.
        documented: the date of the newest of them.
        link_hours: how long result links live, in hours.
        answer: the dialect of its submit answer, ``flat`` or ``code-data``.
        retired: the date since which calls to it fail, or "".
        live: what of it the live server said in this session: ``list`` (its price), ``schema``, or "".
    """

    id: str
    edition: str = ""
    family: str = ""
    vendor: str = ""
    summary: str = ""
    actions: tuple[str, ...] = ()
    default_action: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    infer: tuple[tuple[JSONObject, str], ...] = ()
    references: References = field(default_factory=References)
    mask: Mask | None = None
    price: Price = field(default_factory=Price)
    rule_words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    documented: str = ""
    link_hours: int | None = None
    answer: str = "flat"
    retired: str = ""
    live: str = ""

    def __repr__(self) -> str:
        return f"Model({self.id!r}, edition {self.edition})"

    def __hash__(self) -> int:
        # Its parameters are a dict; an edition has each id once.
        return hash((self.id, self.edition))

    def find_parameter(self, name: str) -> Parameter | None:
        """The parameter that a user means by a name or one of its aliases."""
        folded = name.replace("-", "_")
        if folded in self.parameters:
            return self.parameters[folded]
        return next((one for one in self.parameters.values() if folded in one.aliases or name in one.aliases), None)

    def canonical_name(self, name: str) -> str:
        """The one name of an option, by whatever name or alias it is written."""
        parameter = self.find_parameter(name)
        return name.replace("-", "_") if parameter is None else parameter.name

    def merge_options(self, common: Values, own: Values) -> dict[str, Any]:
        """Options with others laid over them; these replace what is the same by another name, too."""
        replaced = {self.canonical_name(name) for name in own}
        kept = {name: value for name, value in common.items() if self.canonical_name(name) not in replaced}
        return {**kept, **own}

    @property
    def negative_prompt(self) -> Parameter | None:
        """The parameter that is the negative prompt, if the model has one."""
        return next((one for one in self.parameters.values() if one.is_free_text and one.negative), None)

    def read(self, options: Values) -> tuple[dict[str, object], tuple[Violation, ...]]:
        """Users' options as values in the page's spelling, and what can't be read, all at once."""
        values: dict[str, object] = {}
        wrong: list[Violation] = []
        written: dict[str, str] = {}
        for name, given in options.items():
            if given is None:
                continue
            parameter = self.find_parameter(name)
            key = self.canonical_name(name)
            if key in written:
                wrong.append(Violation.of_repetition(key, written[key], name))
                continue
            written[key] = name
            if parameter is None:
                names = tuple(one.name for one in self.parameters.values() if not one.internal)
                wrong.append(
                    Violation(
                        "unknown_parameter",
                        name,
                        given,
                        names,
                        _find_closest_name(name, names),
                        detail={"model": self.id},
                    )
                )
                continue
            try:
                values[parameter.name] = parameter.read(given)
            except UnreadableValue as problem:
                wrong.append(problem.violation)
        return values, tuple(wrong)

    def effective(self, values: Values) -> Values:
        """The values with the documented defaults of what isn't set."""
        defaults = {name: one.default for name, one in self.parameters.items() if one.default is not UNSET}
        return {**defaults, **{name: value for name, value in values.items() if value is not None}}

    def check(self, values: Values, image_info: ImageInfo = ImageInfo()) -> tuple[Violation, ...]:  # noqa: B008 - frozen
        """Every mistake in a set of values, each once."""
        unique: dict[tuple[str, str], Violation] = {}
        for violation in (*self._check_parameters(values), *find_violations(self, values, image_info)):
            unique.setdefault((_EQUIVALENT_CODES.get(violation.code, violation.code), violation.parameter), violation)
        return tuple(unique.values())

    def infer_action(self, values: Values) -> str | None:
        """The action that the other values ask for; None when that is the default one."""
        effective = self.effective(values)
        return next((action for when, action in self.infer if matches(when, values, effective)), None)

    def allowed_values(
        self, name: str, given: Values, *, is_complete: bool = True, keeps: bool = False
    ) -> tuple[tuple[object, str], ...]:
        """Each documented value of a parameter with the reason why it is not allowed beside the others, or "".

        Where more may be added (not ``is_complete``), what an action doesn't take is dropped, or ``keeps`` its reason.
        """
        parameter = self.parameters[name]
        choices = parameter.choices or ((False, True) if parameter.type == "boolean" else ())
        # Where more may be added, nothing that is still missing is a reason.
        ignored = frozenset() if is_complete else INCOMPLETE_CODES
        found: list[dict[tuple[str, str], Violation]] = []
        for choice in choices:
            values = {**given, name: choice}
            if name == "action" and not is_complete and not keeps:
                values = {known: value for known, value in values.items() if self._takes(known, choice)}
            if "action" not in values and (inferred := self.infer_action(values)):
                values["action"] = inferred
            wrong = (one for one in self.check(values) if one.severity == "reject" and one.code not in ignored)
            found.append({(one.code, one.parameter): one for one in wrong})
        # What every value meets with is not this parameter's fault.
        shared = set.intersection(*map(set, found)) if len(found) > 1 else set()
        return tuple(
            (choice, next((str(one) for key, one in wrong.items() if key not in shared), ""))
            for choice, wrong in zip(choices, found, strict=True)
        )

    def _takes(self, name: str, action: object) -> bool:
        parameter = self.parameters.get(name)
        return parameter is None or not parameter.only_for or action in parameter.only_for

    def to_wire(self, values: Values) -> JSONObject:
        """The request body: the model, and exactly what is set, under the page's names."""
        body: dict[str, Any] = {"model": self.id}
        for name, value in values.items():
            parameter = self.parameters.get(name)
            if value is None or value == ():
                continue
            encoded = parameter.to_wire(value) if parameter else value
            if encoded is None:
                continue
            *outer, last = parameter.wire_path if parameter else (name,)
            node = body
            for step in outer:
                node = node.setdefault(step, {})
            node[last] = encoded
        return body

    def from_wire(self, body: JSONObject) -> tuple[Values, tuple[Violation, ...]]:
        """A request body as values, judged strictly: JSON types, undeclared fields."""
        values: dict[str, object] = {}
        wrong: list[Violation] = []
        declared: set[tuple[str, ...]] = {("model",)}
        for parameter in self.parameters.values():
            declared.update(parameter.wire_path[: depth + 1] for depth in range(len(parameter.wire_path)))
            present, sent = _get_path(body, parameter.wire_path)
            if not present:
                continue
            violation = parameter.validate_wire(sent) or self._check_address(parameter, sent)
            # What a page only advises against is served, and judged with the rest.
            if violation is not None and violation.severity == "reject":
                wrong.append(violation)
            else:
                values[parameter.name] = parameter.from_wire(sent)
        containers = {path[:-1] for path in declared if len(path) > 1}
        wrong.extend(
            Violation("undeclared", ".".join(path), detail={"model": self.id})
            for path in _iter_paths(body, containers)
            if path not in declared
        )
        return values, tuple(wrong)

    def _check_address(self, parameter: Parameter, sent: object) -> Violation | None:
        """What a server can't fetch: it is sent addresses, or bytes where the page takes them."""
        if not parameter.is_image:
            return None
        known = ("http://", "https://", *(("data:image/",) if self.references.takes_bytes else ()))
        for one in sent if isinstance(sent, list) else [sent]:
            if isinstance(one, str) and not one.lower().startswith(known):
                return Violation("not_an_address", parameter.name, one, tuple(f"{start}…" for start in known))
        return None

    def _check_parameters(self, values: Values) -> Iterator[Violation]:
        action = values.get("action") or self.default_action
        for name, parameter in self.parameters.items():
            value = values.get(name)
            if value is None or value == () or (name == "prompt" and not str(value).strip()):
                if "*" in parameter.required_for or action in parameter.required_for:
                    code = "empty_prompt" if name == "prompt" else "needed_with"
                    yield Violation(code, name, detail={"because": f"action {action}"} if code == "needed_with" else {})
                continue
            violation = parameter.validate(value)
            if violation is not None:
                yield self._name_owner(violation)
            if parameter.only_for and action not in parameter.only_for:
                yield Violation("only_for_action", name, value, parameter.only_for, detail={"action": action})
            if value in parameter.opaque:
                yield Violation("opaque", name, value)

    def _name_owner(self, violation: Violation) -> Violation:
        """Name the one other parameter that takes the value, in place of the nearest of this one."""
        given = violation.given
        if violation.code != "not_a_choice" or not isinstance(given, str):
            return violation
        owners = [one.name for one in self.parameters.values() if one.has_choice(given)]
        return replace(violation, nearest=None, detail={"owner": owners[0]}) if len(owners) == 1 else violation


#: What a request lacks that is still being put together.
INCOMPLETE_CODES = frozenset({"needed_with", "too_few_with", "empty_prompt", "value_needed_with", "boxes_per_image"})
#: What says the same of a parameter in other words; the first of them is enough.
_EQUIVALENT_CODES = {"forbidden_with": "only_for_action", "too_many_with": "too_long", "default_with": "allowed_with"}


def _find_closest_name(name: str, names: tuple[str, ...]) -> str | None:
    # A word of a name is meant sooner than a name of similar letters: --ratio is aspect_ratio, not action.
    of_words = [one for one in names if name in one.split("_")]
    close = of_words or difflib.get_close_matches(name[:100], names, n=1, cutoff=0.6)
    return close[0] if close else None


def _get_path(body: JSONObject, path: tuple[str, ...]) -> tuple[bool, object]:
    node: object = body
    for step in path:
        if not isinstance(node, Mapping) or step not in node:
            return False, None
        node = node[step]
    return True, node


def _iter_paths(
    body: JSONObject, containers: set[tuple[str, ...]], outer: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for name, value in body.items():
        path = (*outer, str(name))
        if path in containers and isinstance(value, Mapping):
            yield from _iter_paths(value, containers, path)
        else:
            yield path
