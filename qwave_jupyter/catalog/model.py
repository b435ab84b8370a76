"""One model of one edition: its parameters, rules, limits and price, and the two ways over the wire."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.catalog.parameter import UNSET, Parameter, Unreadable
from qwave_jupyter.catalog.pricing import Price
from qwave_jupyter.catalog.rules import ImageInfo, Rule, find_violations, matches
from qwave_jupyter.catalog.violations import Violation

__all__ = ["Mask", "Model", "References"]


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
    infer: tuple[tuple[Mapping[str, Any], str], ...] = ()
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

    def named(self, name: str) -> Parameter | None:
        """The parameter that a user means by a name or one of its aliases."""
        folded = name.replace("-", "_")
        if folded in self.parameters:
            return self.parameters[folded]
        return next((one for one in self.parameters.values() if folded in one.aliases or name in one.aliases), None)

    def read(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Violation, ...]]:
        """Users' options as values in the page's spelling, and what can't be read, all at once.

        Args:
            options: name (or alias) to value; None means that it isn't set.
        """
        values: dict[str, Any] = {}
        wrong: list[Violation] = []
        for name, given in options.items():
            if given is None:
                continue
            parameter = self.named(name)
            if parameter is None:
                names = tuple(one.name for one in self.parameters.values() if not one.internal)
                wrong.append(
                    Violation(
                        "unknown_parameter", name, given, names, _closest_name(name, names), detail={"model": self.id}
                    )
                )
                continue
            try:
                value = parameter.read(given)
            except Unreadable as problem:
                wrong.append(problem.violation)
                continue
            if parameter.name in values and values[parameter.name] != value:
                detail = {"first": str(values[parameter.name])}
                wrong.append(Violation("given_twice", parameter.name, given, detail=detail))
            values[parameter.name] = value
        return values, tuple(wrong)

    def effective(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with the documented defaults of what isn't set."""
        defaults = {name: one.default for name, one in self.parameters.items() if one.default is not UNSET}
        return {**defaults, **{name: value for name, value in values.items() if value is not None}}

    def check(self, values: Mapping[str, Any], image_info: ImageInfo = ImageInfo()) -> tuple[Violation, ...]:  # noqa: B008 - frozen
        """Every mistake in a set of values, each once.

        Args:
            values: what :meth:`read` returned.
            image_info: what is known of the images.
        """
        found = [*self._by_parameter(values)]
        for rule in self.rules:
            found.extend(find_violations(rule, self, values, image_info))
        unique: dict[tuple[str, str], Violation] = {}
        for violation in found:
            unique.setdefault((_SAME.get(violation.code, violation.code), violation.parameter), violation)
        return tuple(unique.values())

    def fitting_action(self, values: Mapping[str, Any]) -> str | None:
        """The action that the other values ask for; None when that is the default one."""
        effective = self.effective(values)
        return next((action for when, action in self.infer if matches(when, values, effective)), None)

    def allowed_values(self, name: str, given: Mapping[str, Any]) -> tuple[tuple[Any, str], ...]:
        """Each documented value of a parameter with the reason why it is not allowed now, or "".

        Args:
            name: the parameter.
            given: the other values.

        Example:
            >>> model.allowed_values("aspect_ratio", {"resolution": "4k"})[1]
            ('1:1', 'with resolution 4k, aspect_ratio …')
        """
        parameter = self.parameters[name]
        choices = parameter.choices or ((False, True) if parameter.type == "boolean" else ())
        per_choice = []
        for choice in choices:
            wrong = [one for one in self.check({**given, name: choice}) if one.severity == "reject"]
            per_choice.append({(one.code, one.parameter): one for one in wrong})
        shared = set.intersection(*map(set, per_choice)) if per_choice else set()
        reasons = ([str(one) for key, one in wrong.items() if key not in shared] for wrong in per_choice)
        return tuple((choice, next(iter(reason), "")) for choice, reason in zip(choices, reasons, strict=True))

    def to_wire(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The request body: the model, and exactly what is set, under the page's names."""
        body: dict[str, Any] = {"model": self.id}
        for name, value in values.items():
            parameter = self.parameters.get(name)
            if value is None or value == ():
                continue
            encoded = parameter.to_wire(value) if parameter else value
            if encoded is None:
                continue
            *outer, last = parameter.wire if parameter else (name,)
            node = body
            for step in outer:
                node = node.setdefault(step, {})
            node[last] = encoded
        return body

    def from_wire(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Violation, ...]]:
        """A request body as values, judged strictly: JSON types, undeclared fields.

        Args:
            body: the JSON object that a server received.
        """
        values: dict[str, Any] = {}
        wrong: list[Violation] = []
        declared: set[tuple[str, ...]] = {("model",)}
        for parameter in self.parameters.values():
            declared.update(parameter.wire[: depth + 1] for depth in range(len(parameter.wire)))
            present, sent = _get_path(body, parameter.wire)
            if not present:
                continue
            violation = parameter.accepts(sent) or self._check_address(parameter, sent)
            # What a page only advises against is served, and judged with the rest.
            if violation is not None and violation.severity == "reject":
                wrong.append(violation)
            else:
                values[parameter.name] = parameter.from_wire(sent)
        containers = {path[:-1] for path in declared if len(path) > 1}
        wrong.extend(
            Violation("undeclared", ".".join(path), detail={"model": self.id})
            for path in _paths(body, containers)
            if path not in declared
        )
        return values, tuple(wrong)

    def _check_address(self, parameter: Parameter, sent: Any) -> Violation | None:
        """What a server can't fetch: it is sent addresses, or bytes where the page takes them."""
        if not parameter.picture:
            return None
        known = ("http://", "https://", *(("data:image/",) if self.references.takes_bytes else ()))
        for one in [sent] if isinstance(sent, str) else sent:
            if not one.lower().startswith(known):
                return Violation("not_an_address", parameter.name, one, tuple(f"{start}…" for start in known))
        return None

    def _by_parameter(self, values: Mapping[str, Any]) -> Iterator[Violation]:
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
                yield violation
            if parameter.only_for and action not in parameter.only_for:
                yield Violation("only_for_action", name, value, parameter.only_for, detail={"action": action})
            if value in parameter.opaque:
                yield Violation("opaque", name, value)


#: What says the same of a parameter in other words; the first of them is enough.
_SAME = {"forbidden_with": "only_for_action", "too_many_with": "too_long", "default_with": "allowed_with"}


def _closest_name(name: str, names: tuple[str, ...]) -> str | None:
    close = difflib.get_close_matches(name[:100], names, n=1, cutoff=0.6)
    return close[0] if close else None


def _get_path(body: Mapping[str, Any], path: tuple[str, ...]) -> tuple[bool, Any]:
    node: Any = body
    for step in path:
        if not isinstance(node, Mapping) or step not in node:
            return False, None
        node = node[step]
    return True, node


def _paths(
    body: Mapping[str, Any], containers: set[tuple[str, ...]], outer: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for name, value in body.items():
        path = (*outer, str(name))
        if path in containers and isinstance(value, Mapping):
            yield from _paths(value, containers, path)
        else:
            yield path
