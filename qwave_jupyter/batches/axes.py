"""The axes of a sweep: ``KEY=V1,V2`` or ``KEY=1..8`` as a key and its values."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

from qwave_jupyter.arguments import find_name, to_ascii_digits
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.i18n import printable
from qwave_jupyter.jobs.own_options import RESERVED, SHORT_FORMS
from qwave_jupyter.jobs.request import fill_prompt, read_field, takes_names
from qwave_jupyter.types import Namespace

__all__ = ["MAX_GRID", "Axis", "find_repeated", "parse_axis", "refuse_unknown_key", "split_values"]

#: More requests than this from one cell are a slip of the keyboard; a batch takes more.
MAX_GRID = 1000

_RANGE = re.compile(r"\s*(-?\d{1,18})\s*\.\.\s*(-?\d{1,18})\s*(?:\.\.\s*(\d{1,9})\s*)?", re.ASCII)
#: Words or numbers with dots between them, or a number with dots beside it.
_LIKE_A_RANGE = re.compile(
    r"\s*(?:W(?:\s*DOTS\s*W){1,2}(?:\s*DOTS)?|N\s*DOTS|DOTS\s*N)\s*".replace("W", r"[+-]?\w+(?:\.\w+)?%?")
    .replace("N", r"[+-]?\d+(?:\.\d+)?%?")
    .replace("DOTS", "(?:[.。]{2,}|[…‥])")
)
_QUOTES = "\"'"
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
_BRACKETS = {"[": "]", "(": ")", "{": "}", "<": ">"}
#: A Chinese keyboard's commas separate values as well; quotes keep each. The one between words of a list separates
#: where no other comma does: beside one it joins the words of a value.
_COMMAS, _LIST_COMMA = ",，", "、"
_BRACED = re.compile(r"(?:\{\{|｛｛)[^{}｛｝]*(?:\}\}|｝｝)")
#: What may hold commas, as addresses of image servers and all of bytes do.
_ADDRESS = re.compile(r"\s*(?:https?://|data:[\w.+-]+/)", re.IGNORECASE)
#: What can only be a value of its own.
_WHOLE_VALUE = re.compile(rf"{_ADDRESS.pattern}|\s*(?:[{_QUOTES}]|\{{\{{|$)", re.IGNORECASE)
_WORD = re.compile(rf"\s*([^\W\d]\w*)\s*(?:[{_COMMAS}{_LIST_COMMA}]|$)")


@dataclass(frozen=True)
class Axis:
    """One direction of a grid."""

    key: str
    values: tuple[object, ...]
    in_prompt: bool = False


def parse_axis(
    text: str,
    *,
    prompt_names: Iterable[str] = (),
    variables: Namespace | None = None,
    models: Sequence[Model] = (),
) -> Axis:
    """One ``KEY=V1,V2`` as an axis; ``{{names}}`` in its values are filled.

    Args:
        text: what was written.
        prompt_names: the names that the prompt asks for.
        variables: values for names; a list's name alone in braces stands for each of its values.
        models: those whose parameters may be swept.

    Raises:
        OptionMistake: it can't be read, or may be meant in two ways.
    """
    key, equals, listed = text.partition("=")
    key = key.strip()
    braced = read_field(key)
    if not equals or not (braced or key.isidentifier() or re.fullmatch(r"[\w-]+", key)):
        raise OptionMistake("generation.sweep_form", given=text)
    name = braced or unicodedata.normalize("NFKC", key.replace("-", "_"))
    parameters = [found for model in models if (found := model.find_parameter(name)) is not None]
    known = set(prompt_names)
    in_prompt = name in known
    # A free text, such as a style whose values no page lists, takes any word: the prompt has asked for this one.
    is_option = name == "model" or any(not one.is_free_text for one in parameters if name not in RESERVED)
    if in_prompt and is_option and not braced:
        raise OptionMistake("generation.sweep_which", key=name)
    known_variables = variables or {}
    if in_prompt or not any(map(takes_names, parameters)):
        _refuse_list_name(listed, text, known_variables)
    values = _read_values(listed, text, known_variables)
    if not values or any(value == "" for value in values):
        raise OptionMistake("generation.sweep_empty", key=name, given=text)
    twice = find_repeated(values)
    if twice:
        raise OptionMistake("generation.sweep_twice", key=name, value=twice[0])
    if braced and not in_prompt:
        raise OptionMistake("generation.sweep_no_name", key=name, allowed=sorted(known) or ["–"])
    return Axis(name, values, in_prompt)


def refuse_unknown_key(axis: Axis, models: Sequence[Model], prompt_names: Iterable[str]) -> None:
    """Raise OptionMistake for a key that nothing has, where a short form or a name of the prompt may be meant."""
    name = axis.key
    if axis.in_prompt or name in {"model", *RESERVED} or any(model.find_parameter(name) for model in models):
        return
    near = SHORT_FORMS.get(f"-{name}", "")
    if near != "model" and not any(model.find_parameter(near) for model in models):
        near = "".join(f"{{{{{one}}}}}" for one in difflib.get_close_matches(name, prompt_names, n=1))
    if near:
        raise OptionMistake("generation.sweep_near", key=name, near=near)


def find_repeated(values: Sequence[object]) -> list[object]:
    """What is there a second time."""
    return [value for index, value in enumerate(values) if value in values[:index]]


def split_values(listed: str, text: str, variables: Namespace) -> Iterator[tuple[str, bool]]:
    """The values between commas, and whether each is quoted; ``text`` is the whole sweep, for an error."""
    current, quote, was_quoted = "", "", False
    commas = _COMMAS if set(_COMMAS).intersection(_QUOTED.sub("", listed)) else _LIST_COMMA
    for place, character in enumerate(listed):
        if quote:
            quote = "" if character == quote else quote
            current += "" if not quote else character
        elif character in _QUOTES and not current.strip():
            current, quote, was_quoted = "", character, True
        elif character in commas:
            rest = listed[place + 1 :]
            if not was_quoted and _ADDRESS.match(current) and not _begins_value(rest, variables):
                raise OptionMistake("generation.sweep_address", given=text)
            yield (current if was_quoted else current.strip()), was_quoted
            current, was_quoted = "", False
        elif not (was_quoted and character.isspace()):
            current += character
    if quote:
        raise OptionMistake("generation.sweep_quote", given=text)
    yield (current if was_quoted else current.strip()), was_quoted


def _begins_value(rest: str, variables: Namespace) -> bool:
    """Whether what follows a comma is another value and no part of the address before it."""
    word = _WORD.match(rest)
    return _WHOLE_VALUE.match(rest) is not None or (word is not None and word[1] in variables)


def _read_values(listed: str, text: str, variables: Namespace) -> tuple[object, ...]:
    bare = _QUOTED.sub("", listed.strip())
    if not bare.startswith(("{{", "｛｛")) and _is_bracketed(unicodedata.normalize("NFKC", bare)):
        raise OptionMistake("generation.sweep_brackets", given=text)
    values: tuple[object, ...] = ()
    if ".." in to_ascii_digits(listed):
        values = _parse_range(_fill(listed, text, variables), text)
    # Filled after they are told apart: a comma in a variable separates nothing.
    return values or tuple(
        filled
        for value, is_quoted in split_values(listed, text, variables)
        for filled in _fill_each(value, text, variables, is_quoted=is_quoted)
    )


def _is_bracketed(text: str) -> bool:
    """Whether a pair of brackets lies around all of it."""
    opening, closing = text[:1], _BRACKETS.get(text[:1])
    depth = 0
    for place, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return place == len(text) - 1
    return False


def _parse_range(listed: str, text: str) -> tuple[int, ...]:
    found = _RANGE.fullmatch(to_ascii_digits(listed))
    if found is None:
        return ()
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if step == 0 or abs(last - first) // step >= MAX_GRID:
        raise OptionMistake("generation.sweep_range", given=text, most=MAX_GRID)
    return tuple(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))


def _fill_each(value: str, text: str, variables: Namespace, *, is_quoted: bool) -> list[str]:
    """A value with its names filled; more than one where it is nothing but the name of a list."""
    if not is_quoted and _LIKE_A_RANGE.fullmatch(to_ascii_digits(_BRACED.sub("0", value))):
        raise OptionMistake("generation.sweep_no_range", value=value)
    name = find_name(read_field(value) or "", variables)
    held = None if name is None else _read_list(variables[name])
    if name is None or held is None:
        return [_fill(value, text, variables)]
    return [_fill(value, text, {name: one}) for one in held]


def _fill(value: str, text: str, variables: Namespace) -> str:
    try:
        return fill_prompt(value, variables)
    except RequestRefused:
        raise OptionMistake("options.cannot_fill", option="--sweep", given=printable(text)) from None


def _read_list(held: Any) -> list[object] | None:
    """What a list, tuple, range, array or Series holds; None for anything else."""
    try:
        is_array = callable(getattr(held, "tolist", None)) and len(held.shape) == 1
        return list(held) if is_array or isinstance(held, (list, tuple, range)) else None
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        return None


def _refuse_list_name(listed: str, text: str, variables: Namespace) -> None:
    """Raise OptionMistake where the only value is the bare name of a list: the word itself would be sent."""
    name = listed.strip()
    held = _read_list(variables.get(name)) if name.isidentifier() else None
    if held and all(isinstance(one, (str, Number)) for one in held):
        key = text.partition("=")[0].strip()
        raise OptionMistake("generation.sweep_list", key=key, name=name)
