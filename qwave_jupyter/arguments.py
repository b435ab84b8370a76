"""Arguments: checked in one line of words before anything is done with them, and what counts as a number."""

from __future__ import annotations

import functools
import inspect
import math
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import ParamSpec, TypeVar

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.types import Namespace

__all__ = [
    "check",
    "escape_braces",
    "find_name",
    "read_amount",
    "require_methods",
    "require_positive",
    "require_seconds",
    "require_type",
    "to_ascii_digits",
    "to_finite",
    "unwrap_member",
]

#: USD; nothing costs more, and what is written down or shown as an amount has to stay exact.
_MAX_USD = 1e9
#: What a Chinese keyboard makes of the characters of a number.
_WIDE = str.maketrans("０１２３４５６７８９．＋－−，", "0123456789.+--,")
_P = ParamSpec("_P")
_R = TypeVar("_R")
_Kinds = type | tuple[type, ...]


def read_amount(value: object) -> float | None:
    """A number from 0 to 1e9; None for anything else: NaN, infinities, negative numbers, booleans, texts."""
    if not isinstance(value, (Real, Decimal)) or isinstance(value, bool):
        return None
    number = to_finite(value)
    return number if number is not None and 0 <= number <= _MAX_USD else None


def to_finite(number: float | Real | Decimal) -> float | None:
    """A number as a float; None for NaN, infinities, and what is too large for one."""
    try:
        converted = float(number)
    except (OverflowError, ValueError):
        return None
    return converted if math.isfinite(converted) else None


def to_ascii_digits(text: str) -> str:
    """The text of a number with full-width digits and signs as plain ones."""
    return text.translate(_WIDE)


def check(**kinds: _Kinds) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a function refuse arguments of other types than these by their names; None leaves one out."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: _P.args, **options: _P.kwargs) -> _R:
            try:
                bound = signature.bind_partial(*args, **options)
            except TypeError:
                # Python says better itself what was called in the wrong way.
                return function(*args, **options)
            given = bound.arguments
            for name, kind in kinds.items():
                if name not in given or (kind is bool and _is_flag(given[name])):
                    continue
                if kind is int and isinstance(given[name], Integral) and not isinstance(given[name], bool):
                    # NumPy's whole numbers, which SQLite and JSON don't take.
                    given[name] = int(given[name])
                require_type(name, given[name], kind)
            return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def require_type(name: str, given: object, kind: _Kinds, *, optional: bool = True) -> None:
    """Raise OptionMistake for an argument of another type; None leaves an optional one out."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    is_number = isinstance(given, Real) and not isinstance(given, bool) and to_finite(given) is not None
    is_kind = isinstance(given, kinds) or (int in kinds and isinstance(given, Integral))
    fits = is_kind and not (isinstance(given, bool) and bool not in kinds and object not in kinds)
    if (given is None and optional) or (fits and (is_number or not isinstance(given, Real) or isinstance(given, bool))):
        return
    raise _refuse_type(name, given, kinds)


def require_methods(name: str, given: object, kind: type, methods: Iterable[str] = ()) -> None:
    """Raise OptionMistake for what lacks a method of a protocol; any class may have them.

    Args:
        name: what the argument is called.
        given: its value.
        kind: the protocol, or the class whose place it takes.
        methods: the methods that are needed; all public ones of the protocol unless named.
    """
    needed = list(methods) or [one for one in vars(kind) if not one.startswith("_")]
    try:
        fits = not isinstance(given, type) and all(callable(getattr(given, one, None)) for one in needed)
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        fits = False
    if not fits:
        raise _refuse_type(name, given, (kind,))


def _refuse_type(name: str, given: object, kinds: tuple[type, ...]) -> OptionMistake:
    allowed = [i18n.text(f"options.type_{one.__name__}") for one in kinds]
    return OptionMistake("options.argument", name=name, allowed=allowed, given=i18n.PrintableValue(given))


def require_positive(name: str, given: object) -> float:
    """Return a limit as a float; raise OptionMistake for what is no number above 0, which would hold nothing."""
    amount = read_amount(given)
    if not amount:
        raise OptionMistake("settings.not_positive", setting=name, given=i18n.PrintableValue(given))
    return amount


def require_seconds(name: str, given: object) -> float | None:
    """Return a time to wait as a float; None, as infinity, is for ever. Raise OptionMistake for what is none."""
    if given is None:
        return None
    if isinstance(given, (Real, Decimal)) and not isinstance(given, bool):
        seconds = to_finite(given)
        if seconds is not None or (isinstance(given, Real) and given == math.inf):
            return seconds
    raise _refuse_type(name, given, (Real,))


def escape_braces(text: str) -> str:
    """A text whose braces are literal when it is filled."""
    return text.replace("{{", r"\{{").replace("｛｛", r"\｛｛")


def find_name(text: str, variables: Namespace) -> str | None:
    """The key of the variable that a name means, as Python understands names; None where there is none.

    Python's own names have one normal form; those of a mapping that somebody made may have another.
    """
    name = unicodedata.normalize("NFKC", text)
    if name in variables:
        return name
    return next((one for one in variables if unicodedata.normalize("NFKC", str(one)) == name), None)


def unwrap_member(given: object) -> object:
    """What a member of an enumeration stands for, where that is one of another enumeration what that stands for."""
    while isinstance(given, Enum):
        given = given.value
    return given


def _is_flag(given: object) -> bool:
    """Whether it is a switch in another form: 0, 1 or NumPy's."""
    is_number = type(given) is int and given in {0, 1}
    return is_number or (type(given).__module__ == "numpy" and type(given).__name__ in {"bool", "bool_"})
