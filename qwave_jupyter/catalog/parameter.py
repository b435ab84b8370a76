"""One documented parameter: how it is written, read, judged and sent."""

from __future__ import annotations

import json
import math
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter.arguments import to_ascii_digits, unwrap_member
from qwave_jupyter.catalog.rules import Violation, find_nearest

__all__ = ["UNSET", "Parameter", "UnreadableValue", "to_json_value"]


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
#: Deeper ones no page documents, and some readers fail at them.
_MAX_DEPTH = 50
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class UnreadableValue(Exception):
    """A value that can't be read as this parameter's type; carries the violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.code)
        self.violation = violation


def _is_exact(number: int) -> bool:
    # What is larger is no number of JSON that every server reads alike.
    return abs(number) < 2**63


def _is_masked(value: object) -> bool:
    """Whether a NumPy value is missing; as a number or an item it would be what lies under its mask."""
    ma = sys.modules.get("numpy.ma")
    return ma is not None and isinstance(value, ma.MaskedArray) and bool(ma.is_masked(value))


def _read_held(value: Any) -> object:
    """The list that an editor of boxes or colours or an array holds; anything else as it is."""
    if callable(getattr(value, "_qwave_value_", None)) and not isinstance(value, type):
        return value._qwave_value_()
    is_array = callable(getattr(value, "tolist", None)) and bool(getattr(value, "shape", None))
    return value.tolist() if is_array else value


def to_json_value(value: object, depth: int = 0) -> Any:
    """A value as plain JSON; raises ValueError or whatever the value itself raises where it is none."""
    value = unwrap_member(value)
    if _is_masked(value):
        raise ValueError(type(value).__name__)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    value = _read_held(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and _is_exact(value):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < _MAX_DEPTH and isinstance(value, (list, tuple)):
        return [to_json_value(one, depth + 1) for one in value]
    if depth < _MAX_DEPTH and isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {str.__str__(name): to_json_value(one, depth + 1) for name, one in value.items()}
    raise ValueError(type(value).__name__)


@dataclass(frozen=True)
class Parameter:
    """What one page says of one parameter.

    Args:
        name: the user's name for it, also the option's with ``-`` for ``_``.
        type: ``string``, ``integer``, ``number``, ``boolean``, ``string[]``, ``object``, ``object[]`` or
            ``number[][][]``.
        wire_path: where it stands in the request body, outermost name first.
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
        is_image: it takes images, which users may give as URL, path, image, array or earlier result.
        task: it names an earlier task, which users may give as a job, a result, or the end of its id.
        negative: it is the negative prompt: free text about what the image must not show.
        note: what else the page says.
    """

    name: str
    type: str
    wire_path: tuple[str, ...]
    default: object = UNSET
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    recommended: float | None = None
    only_for: tuple[str, ...] = ()
    required_for: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    encode: Mapping[str, object] = field(default_factory=dict)
    opaque: tuple[object, ...] = ()
    internal: bool = False
    is_image: bool = False
    task: bool = False
    negative: bool = False
    note: str = ""

    def __hash__(self) -> int:
        return hash((self.name, self.type, self.wire_path))

    @property
    def has_default(self) -> bool:
        """Whether a page documents a default."""
        return self.default is not UNSET

    @property
    def is_free_text(self) -> bool:
        """Whether any text may be given: no page lists its values, and it names no image and no task."""
        return self.type == "string" and not (self.choices or self.is_image or self.task)

    def read(self, given: object) -> Any:
        """A user's value in this parameter's type and the page's own spelling.

        Args:
            given: text from an option line, or any Python value.

        Raises:
            UnreadableValue: it can't be meant as this type.

        Example:
            >>> Parameter("resolution", "string", ("resolution",), choices=("1k", "2k")).read("2K")
            '2k'
        """
        given = unwrap_member(given)
        if self.is_image:
            return self._read_images(given)
        if _is_masked(given):
            raise self.unreadable(given)
        try:
            value: object = getattr(self, _READERS[self.type])(given)
        except UnreadableValue:
            raise
        except Exception:  # noqa: BLE001 - a user's object may fail at anything
            raise self.unreadable(given) from None
        if self.choices and isinstance(value, str):
            return self._match_choice(value)
        return value

    def validate(self, value: object) -> Violation | None:
        """What is wrong with a value of the right type; None when it is documented."""
        if self.type.endswith("[]") and isinstance(value, (tuple, list)):
            return self._validate_length(len(value), "items")
        if self.choices:
            if value in self.choices:
                return None
            return Violation("not_a_choice", self.name, value, self.choices, find_nearest(value, self.choices))
        if isinstance(value, str) and self.type == "string":
            return self._validate_length(len(value), "characters")
        if isinstance(value, (int, float)) and self.type in {"integer", "number"} and not self._is_in_range(value):
            low, high = self._round_bounds()
            nearest = high if self.maximum is not None and value > self.maximum else low
            return Violation("out_of_range", self.name, value, nearest=nearest, detail=self._format_range())
        return None

    def has_choice(self, text: str) -> bool:
        """Whether a text is one of the choices, however it is written."""
        return self._match_choice(text) in self.choices

    def has_type(self, value: object) -> bool:
        """Whether a JSON value is of this parameter's type (or what it is encoded from)."""
        return bool(_JSON_TYPES[self.type](value))

    def validate_wire(self, sent: object) -> Violation | None:
        """What a strict server finds wrong with a JSON value; a quoted number is no number."""
        if self.encode:
            fits = any(sent == wired for wired in self.encode.values())
            return None if fits else Violation("wrong_type", self.name, sent, detail={"type": self.type})
        if not self.has_type(sent):
            return Violation("wrong_type", self.name, sent, detail={"type": self.type})
        return self.validate(tuple(sent) if isinstance(sent, list) else sent)

    def to_wire(self, value: object) -> object:
        """A value as it goes over the wire; None where it is said by leaving the field out."""
        if self.encode:
            otherwise = None if isinstance(value, bool) else value
            return self.encode.get(str(value).lower() if isinstance(value, bool) else str(value), otherwise)
        return list(value) if isinstance(value, tuple) else value

    def from_wire(self, sent: object) -> object:
        """A wire value as the user would have written it."""
        for text, wired in self.encode.items():
            if wired == sent:
                return {"true": True, "false": False}.get(text, text)
        return tuple(sent) if isinstance(sent, list) else sent

    def _match_choice(self, value: str) -> object:
        folded = {str(choice).lower(): choice for choice in self.choices}
        text = value.strip().lower()
        if text not in folded:
            # A choice is no free text, so its full-width letters and digits are the plain ones.
            text = unicodedata.normalize("NFKC", text).replace("−", "-")
        ratio = re.fullmatch(r"(\d+(?:\.\d+)?)\s*[x×/:：]\s*(\d+(?:\.\d+)?)", text)
        if ratio and text not in folded:
            text = f"{ratio[1]}:{ratio[2]}"
        return folded.get(text, value)

    def _read_string(self, given: object) -> str:
        if isinstance(given, bool) or not isinstance(given, (str, int, float)):
            raise self.unreadable(given)
        if isinstance(given, float) and not math.isfinite(given):
            raise self.unreadable(given)
        if isinstance(given, int) and not _is_exact(given):
            raise self.unreadable(given)
        return str.__str__(given) if isinstance(given, str) else str(given)

    def _read_integer(self, given: object) -> int:
        if isinstance(given, bool):
            raise self.unreadable(given)
        if hasattr(given, "__index__"):
            number = int(given.__index__())
            if not _is_exact(number):
                raise self.unreadable(given)
            return number
        if isinstance(given, float) and given.is_integer():
            return int(given)
        if isinstance(given, str):
            text = to_ascii_digits(given)
            # A whole number of a table or of NumPy may come as 2.0.
            if re.fullmatch(r"\s*[+-]?\d{1,18}(\.0{1,18})?\s*", text, re.ASCII):
                return int(text.partition(".")[0])
        raise self.unreadable(given)

    def _read_number(self, given: object) -> float:
        if hasattr(given, "__index__") and not isinstance(given, bool):
            return self._read_integer(given)
        if isinstance(given, float) and math.isfinite(given):
            return float(given)
        if isinstance(given, str):
            text = to_ascii_digits(given)
            if re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{1,18})?\s*", text, re.ASCII):
                number = float(text)
                return int(number) if number.is_integer() and "." not in text else number
        raise self.unreadable(given)

    def _read_boolean(self, given: object) -> bool:
        if isinstance(given, bool):
            return given
        word = str(given).strip().lower()
        if word in _TRUE | _FALSE and not isinstance(given, float):
            return word in _TRUE
        raise self.unreadable(given)

    def _read_list(self, given: object) -> tuple[object, ...]:
        given = _read_held(given)
        if isinstance(given, str):
            parsed = self._parse_json(given) if given.lstrip().startswith("[") else None
            given = parsed if isinstance(parsed, list) else [given]
        if not isinstance(given, (list, tuple)):
            raise self.unreadable(given)
        return tuple(map(unwrap_member, given))

    def _read_texts(self, given: object) -> tuple[object, ...]:
        return tuple(to_json_value(one) for one in self._read_list(given))

    def _read_images(self, given: object) -> object:
        if self.type == "string":
            return given
        several = isinstance(given, (list, tuple)) or (isinstance(given, str) and given.lstrip().startswith("["))
        return self._read_list(given) if several else (given,)

    def _read_structure(self, given: object) -> object:
        if isinstance(given, str):
            # Free text may stand in objects, but never in lists of numbers.
            given = self._parse_json(to_ascii_digits(given) if self.type == "number[][][]" else given)
        value = _read_held(given)
        if self.type == "object" and isinstance(value, Mapping):
            return dict(to_json_value(value))
        if self.type != "object" and isinstance(value, (list, tuple)):
            return tuple(to_json_value(one) for one in value)
        raise self.unreadable(given)

    def _parse_json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self.unreadable(text) from None

    def unreadable(self, given: object) -> UnreadableValue:
        """The error for a value that can't be read as this type."""
        return UnreadableValue(
            Violation("unreadable", self.name, given, self.choices, detail={"type": self.type, **self._format_range()})
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

    def _is_in_range(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _round_bounds(self) -> tuple[float | None, float | None]:
        whole = self.type == "integer"
        low, high = self.minimum, self.maximum
        return (int(low) if whole and low is not None else low, int(high) if whole and high is not None else high)

    def _format_range(self) -> dict[str, str]:
        low, high = self._round_bounds()
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
    "string[]": "_read_texts",
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
