"""``{{name}}`` in prompts: plain names, one pass, and nothing else is touched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from numbers import Number
from pathlib import PurePath
from typing import Any

from qwave_jupyter import words
from qwave_jupyter.errors import OptionMistake

__all__ = ["fill", "names"]

_PLACE = re.compile(r"\\\{\{|\{\{(.*?)\}\}", re.DOTALL)


def names(prompt: str) -> tuple[str, ...]:
    """The names that a prompt asks for, each once, in order.

    Example:
        >>> names('{{weather}} over {"json": {{city}}} and {{weather}}')
        ('weather', 'city')
    """
    found = (match[1].strip() for match in _PLACE.finditer(prompt) if match[1] is not None)
    return tuple(dict.fromkeys(name for name in found if name.isidentifier()))


def fill(prompt: str, variables: Mapping[str, Any]) -> str:
    r"""A prompt with its names filled in.

    Args:
        prompt: text; ``\{{`` is a literal, single braces are left alone.
        variables: values by name; text, numbers and paths.

    Raises:
        OptionMistake: a name that isn't there (the nearest is named), that isn't a plain name, or whose value is no
            text or number.

    Example:
        >>> fill("a {{colour}} cat, {literally}", {"colour": "red"})
        'a red cat, {literally}'
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "{{"
        name = match[1].strip()
        # JSON may hold "{{" and "}}" of its own; only what could be meant as a name is judged.
        if not re.fullmatch(r"[^\s{}\"':,]{1,80}", name):
            return match[0]
        if not name.isidentifier():
            raise OptionMistake("generation.not_a_name", name=name)
        if name not in variables:
            close = difflib.get_close_matches(name, [str(one) for one in variables], n=1)
            raise OptionMistake(
                "generation.missing_name",
                name=name,
                near_words=words.say("generation.name_near", near=close[0]) if close else "",
                nearest=close,
            )
        return _text(name, variables[name])

    return _PLACE.sub(value, prompt)


def _text(name: str, value: Any) -> str:
    if isinstance(value, (str, Number, PurePath)):
        return str(value)
    raise OptionMistake("generation.not_text", name=name, type=type(value).__name__)
