"""One documented parameter: how it is written, read, judged and sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.catalog.violations import Violation, nearest_to

__all__ = ["UNSET", "Parameter", "Unreadable"]


class _Unset:
    """Stands for a default that no page documents, where None could be a value."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        # One in every process: it is told apart by identity.
        return "UNSET"


UNSET = _Unset()
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class Unreadable(Exception):
    """A value that can't be read as this parameter's type; carries the violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.code)
        self.violation = violation


@dataclass(frozen=True)
class Parameter:
    """What one page says of one parameter.

    Args:
        name: the user's name for it, also the option's with ``-`` for ``_``.
        type: ``string``, ``integer``, ``number``, ``boolean``, ``string[]``, ``object``, ``object[]`` or
            ``number[][][]``.
        wire: where it stands in the request body, outermost name first.
        default: the documented default, or UNSET.
        choices: every documented value; empty where any is allowed.
        minimum: the least number, length or count; None where none is documented.
        maximum: the greatest number, length (characters) or count (items).
        recommended: the length or count that the page recommends at most; beyond it there is a warning.
        only_for: the actions that take it; empty for all.
        required_for: the actions that need it; ``("*",)`` for all.
        aliases: other names that users may write.
        encode: user's value (as text) to wire value, where they differ.
        opaque: it changes the shape of the answer in undocumented ways, so it is refused unless forced.
        internal: of no use in a notebook; not among the options, though ``-p`` takes it.
        picture: it takes images, which users may give as URL, path, image, array or earlier result.
        task: it names an earlier task, which users may give as a job, a result, or the end of its id.
        note: what else the page says.
    """

    name: str
    type: str
    wire: tuple[str, ...]
    default: Any = UNSET
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    recommended: float | None = None
    only_for: tuple[str, ...] = ()
    required_for: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    encode: Mapping[str, Any] = field(default_factory=dict)
    opaque: tuple[Any, ...] = ()
    internal: bool = False
    picture: bool = False
    task: bool = False
    note: str = ""

    def read(self, given: Any) -> Any:
        """A user's value in this parameter's type and the page's own spelling.

        Args:
            given: text from an option line, or any Python value.

        Raises:
            Unreadable: it can't be meant as this type.

        Example:
            >>> Parameter("resolution", "string", ("resolution",), choices=("1k", "2k")).read("2K")
            '2k'
        """
        if self.picture:
            return self._read_images(given)
        value = getattr(self, _READERS[self.type])(given)
        if self.choices and self.type == "string":
            return self._canonical_choice(value)
        return value

    def validate(self, value: Any) -> Violation | None:
        """What is wrong with a value of the right type; None when it is documented."""
        if self.type.endswith("[]"):
            return self._validate_length(len(value), "items")
        if self.choices:
            if value in self.choices:
                return None
            return Violation("not_a_choice", self.name, value, self.choices, nearest_to(value, self.choices))
        if self.type == "string":
            return self._validate_length(len(value), "characters")
        if self.type in {"integer", "number"} and not self._within(value):
            low, high = self._bounds()
            nearest = high if self.maximum is not None and value > self.maximum else low
            return Violation("out_of_range", self.name, value, nearest=nearest, detail=self._range())
        return None

    def fits(self, value: Any) -> bool:
        """Whether a JSON value is of this parameter's type (or what it is encoded from)."""
        return bool(_JSON_TYPES[self.type](value))

    def accepts(self, sent: Any) -> Violation | None:
        """What a strict server finds wrong with a JSON value; a quoted number is no number."""
        if self.encode:
            fits = any(sent == wired for wired in self.encode.values())
            return None if fits else Violation("wrong_type", self.name, sent, detail={"type": self.type})
        if not self.fits(sent):
            return Violation("wrong_type", self.name, sent, detail={"type": self.type})
        return self.validate(tuple(sent) if isinstance(sent, list) else sent)

    def to_wire(self, value: Any) -> Any:
        """A value as it goes over the wire; None where it is said by leaving the field out."""
        if self.encode:
            unsaid = None if isinstance(value, bool) else value
            return self.encode.get(str(value).lower() if isinstance(value, bool) else str(value), unsaid)
        return list(value) if isinstance(value, tuple) else value

    def from_wire(self, sent: Any) -> Any:
        """A wire value as the user would have written it."""
        for text, wired in self.encode.items():
            if wired == sent:
                return {"true": True, "false": False}.get(text, text)
        return tuple(sent) if isinstance(sent, list) else sent

    def _canonical_choice(self, value: str) -> Any:
        folded = {str(choice).lower(): choice for choice in self.choices}
        text = value.strip().lower()
        ratio = re.fullmatch(r"(\d+(?:\.\d+)?)\s*[x×/:：]\s*(\d+(?:\.\d+)?)", text)
        if ratio and text not in folded:
            text = f"{ratio[1]}:{ratio[2]}"
        return folded.get(text, value)

    def _read_string(self, given: Any) -> str:
        if isinstance(given, bool) or not isinstance(given, (str, int, float)):
            raise self._unreadable(given)
        return str(given)

    def _read_integer(self, given: Any) -> int:
        if isinstance(given, bool):
            raise self._unreadable(given)
        if isinstance(given, int):
            return given
        if hasattr(given, "__index__"):
            return int(given.__index__())
        if isinstance(given, float) and given.is_integer():
            return int(given)
        if isinstance(given, str) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", given, re.ASCII):
            return int(given)
        raise self._unreadable(given)

    def _read_number(self, given: Any) -> float:
        if isinstance(given, int) and not isinstance(given, bool):
            return given
        if isinstance(given, float) and math.isfinite(given):
            return given
        if isinstance(given, str) and re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{1,18})?\s*", given, re.ASCII):
            number = float(given)
            return int(number) if number.is_integer() and "." not in given else number
        raise self._unreadable(given)

    def _read_boolean(self, given: Any) -> bool:
        if isinstance(given, bool):
            return given
        word = str(given).strip().lower()
        if word in _TRUE | _FALSE and not isinstance(given, float):
            return word in _TRUE
        raise self._unreadable(given)

    def _read_list(self, given: Any) -> tuple[Any, ...]:
        if isinstance(given, str):
            parsed = self._parse_json(given) if given.lstrip().startswith("[") else None
            given = parsed if isinstance(parsed, list) else [given]
        if not isinstance(given, (list, tuple)):
            raise self._unreadable(given)
        return tuple(given)

    def _read_images(self, given: Any) -> Any:
        if self.type == "string":
            return given
        several = isinstance(given, (list, tuple)) or (isinstance(given, str) and given.lstrip().startswith("["))
        return self._read_list(given) if several else (given,)

    def _read_structure(self, given: Any) -> Any:
        value = self._parse_json(given) if isinstance(given, str) else given
        if self.type == "object" and isinstance(value, Mapping):
            return dict(value)
        if self.type != "object" and isinstance(value, (list, tuple)):
            return tuple(value)
        raise self._unreadable(given)

    def _parse_json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._unreadable(text) from None

    def _unreadable(self, given: Any) -> Unreadable:
        return Unreadable(
            Violation("unreadable", self.name, given, self.choices, detail={"type": self.type, **self._range()})
        )

    def _validate_length(self, length: int, unit: str) -> Violation | None:
        if self.maximum is not None and length > self.maximum:
            detail = {"unit": unit, "most": round(self.maximum)}
            return Violation("too_long", self.name, length, detail=detail)
        if self.recommended is not None and length > self.recommended:
            detail = {"unit": unit, "most": round(self.recommended)}
            return Violation("soft_limit", self.name, length, severity="warn", detail=detail)
        if self.minimum is not None and length < self.minimum:
            return Violation("too_few", self.name, length, detail={"unit": unit, "least": round(self.minimum)})
        return None

    def _within(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _bounds(self) -> tuple[Any, Any]:
        whole = self.type == "integer"
        low, high = self.minimum, self.maximum
        return (int(low) if whole and low is not None else low, int(high) if whole and high is not None else high)

    def _range(self) -> dict[str, Any]:
        low, high = self._bounds()
        if low is None and high is None:
            return {"range": ""}
        if high is None:
            return {"range": f"≥ {low}"}
        return {"range": f"≤ {high}" if low is None else f"{low}–{high}"}


_READERS = {
    "string": "_read_string",
    "integer": "_read_integer",
    "number": "_read_number",
    "boolean": "_read_boolean",
    "string[]": "_read_list",
    "object": "_read_structure",
    "object[]": "_read_structure",
    "number[][][]": "_read_structure",
}
_JSON_TYPES = {
    "string": lambda sent: isinstance(sent, str),
    "integer": lambda sent: isinstance(sent, int) and not isinstance(sent, bool),
    "number": lambda sent: isinstance(sent, (int, float)) and not isinstance(sent, bool),
    "boolean": lambda sent: isinstance(sent, bool),
    "string[]": lambda sent: isinstance(sent, list) and all(isinstance(one, str) for one in sent),
    "object": lambda sent: isinstance(sent, dict),
    "object[]": lambda sent: isinstance(sent, list) and all(isinstance(one, dict) for one in sent),
    "number[][][]": lambda sent: isinstance(sent, list) and all(isinstance(one, list) for one in sent),
}
