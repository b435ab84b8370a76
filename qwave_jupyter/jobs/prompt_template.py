r"""``{{name}}`` in a prompt is the user's variable of that name, and nothing more.

Plain names only, no attributes and no code, filled in one pass: what a variable holds is never read again. All other
braces are literal, so that prompts written as JSON survive; ``\{{`` is a literal ``{{``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from numbers import Number
from pathlib import PurePath
from typing import Any
from uuid import UUID

from qwave_jupyter.jobs.validation_errors import Mistake, refuse

__all__ = ["fill", "names"]

# A name that is written inside braces, or whatever else two braces enclose on one line.
_FIELD = re.compile(r"(?P<escaped>\\\{\{)|\{\{(?P<inside>[^{}\n]*)\}\}")
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*")
# {{a.b}}, {{f(x)}}, {{my name}}: meant to be filled. {{"a": 1}} is a piece of JSON and stays.
_MEANT_TO_BE_FILLED = re.compile(r"\s*[^\W\d].*")
_MOST_SUGGESTED = 8


def names(text: str) -> tuple[str, ...]:
    """The names that a prompt asks for, each once, in order.

    Example:
        >>> names("{{animal}} in {{place}}, {{animal}}")
        ('animal', 'place')
    """
    found = (_name(match) for match in _FIELD.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def fill(text: str, variables: Mapping[str, Any]) -> str:
    """A prompt with its names replaced.

    Args:
        text: the prompt.
        variables: name to value.

    Raises:
        RequestRefused: names that don't exist (the nearest is named), hold something that is no text, or code.

    Example:
        >>> fill('{{animal}} {"mood": "calm"}', {"animal": "a cat"})
        'a cat {"mood": "calm"}'
    """
    wrong: list[Mistake] = []

    def replaced(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "{{"
        name = _name(match)
        if name is None:
            if _MEANT_TO_BE_FILLED.fullmatch(match["inside"]):
                wrong.append(Mistake("not_a_name", "prompt", match["inside"].strip()))
            return match[0]
        if name not in variables:
            wrong.append(_missing(name, variables))
            return match[0]
        value = variables[name]
        if not _is_text(value):
            wrong.append(Mistake("not_text", "prompt", name, detail={"kind": type(value).__name__}))
            return match[0]
        return str(value)

    filled = _FIELD.sub(replaced, text)
    if wrong:
        raise refuse(wrong)
    return filled


def _name(match: re.Match[str]) -> str | None:
    plain = _NAME.fullmatch(match["inside"] or "")
    return plain[1] if plain else None


def _missing(name: str, variables: Mapping[str, Any]) -> Mistake:
    usable = [known for known, value in variables.items() if not known.startswith("_") and _is_text(value)]
    near = difflib.get_close_matches(name, usable, n=1, cutoff=0.5)
    some = tuple(sorted(usable)[:_MOST_SUGGESTED]) if not near else ()
    code = "no_such_name" if near or not some else "no_such_name_but"
    return Mistake(code, "prompt", name, some, near[0] if near else None)


def _is_text(value: Any) -> bool:
    # What reads well inside a sentence; a module, a function, a picture or None never does.
    return isinstance(value, (str, Number, PurePath, date, time, timedelta, UUID, Enum))
