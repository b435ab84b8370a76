"""A request as text: the exact ``%%qwave`` cell that makes it, and the same in Python.

The cell, read back by the notebook's options, gives the same request body.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.arguments import escape_braces
from qwave_jupyter.jobs.own_options import OWN_OPTIONS, to_flag
from qwave_jupyter.jobs.request import prompt_names
from qwave_jupyter.types import Namespace, Values

__all__ = ["cell", "python", "to_display_text"]

_SHORT = {"action": "-a", "n": "-n", "images": "-i"}
_LINE = 110
_LONGEST_DISPLAYED = 20_000


def cell(model: str, prompt: str, options: Values, *, out: str = "") -> str:
    """The cell that makes a request."""
    parts = [f"-m {shlex.quote(model)}"]
    for name, value in options.items():
        parts.extend(_format_option(name, value))
    if out:
        parts.append(f"-o {out}")
    return f"%%qwave {' '.join(parts)}\n{prompt}"


def to_display_text(cell: str) -> str:
    """A cell as a page may hold it: cut where it is very long, without characters that steer or can't be saved."""
    start = "".join(char if char.isprintable() or char == "\n" else " " for char in cell[:_LONGEST_DISPLAYED])
    more = len(cell) - len(start)
    return start + i18n.text("generation.cut", count=more) if more else start


def python(model: str, prompt: str, options: Values, variables: Namespace) -> str:
    """The Python call that makes a request."""
    arguments = [_format_literal(prompt), f"model={_format_literal(model)}"]
    for name, value in options.items():
        if name == "images":
            arguments.append(f"images=[{', '.join(_format_image(one, variables) for one in value)}]")
        elif name == "mask":
            arguments.append(f"mask={_format_image(value, variables)}")
        else:
            arguments.append(f"{name}={_format_literal(value)}")
    asked = [name for name in prompt_names(prompt) if name.isidentifier()]
    if asked:
        arguments.append(f"variables={{{', '.join(f'{_format_literal(name)}: {name}' for name in asked)}}}")
    call = f"gallery = qwave.generate({', '.join(arguments)})"
    if len(call) > _LINE:
        call = "gallery = qwave.generate(\n" + "".join(f"    {one},\n" for one in arguments) + ")"
    return f"import qwave_jupyter as qwave\n\n{call}"


def _format_option(name: str, value: Any) -> Iterator[str]:
    option = _SHORT.get(name, to_flag(name))
    if name == "images":
        for one in [value] if isinstance(value, str) else value:
            yield _format_value(option, "--image", str(one))
    elif isinstance(value, bool) and not name.startswith("no_"):
        yield f"--{'' if value else 'no-'}{name.replace('_', '-')}"
    # A parameter that is called like an option of ours goes by ``-p``.
    elif name in OWN_OPTIONS or name.startswith("no_"):
        yield f"-p {shlex.quote(f'{name}={escape_braces(_format_text(value))}')}"
    else:
        yield _format_value(option, to_flag(name), _format_text(value))


def _format_value(short: str, long: str, text: str) -> str:
    text = escape_braces(text)
    # What begins with a dash would be taken for the next option.
    if text.startswith("-") or not text:
        return f"{long}={shlex.quote(text)}"
    return f"{short} {shlex.quote(text)}"


def _format_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, (Mapping, list, tuple)):
        # Plain ASCII, so that no character in it ends the line.
        return json.dumps(value)
    return str(value)


def _format_image(text: str, variables: Namespace) -> str:
    return text if text.isidentifier() and text in variables else _format_literal(text)


def _format_literal(value: object) -> str:
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=False)
        # JSON's escapes are Python's, as long as every character in it can be printed.
        return plain if re.fullmatch(r"[^\x7f-\x9f\u2028\u2029\ud800-\udfff]*", plain) else repr(value)
    if isinstance(value, tuple):
        return _format_literal(list(value))
    if isinstance(value, list):
        return f"[{', '.join(map(_format_literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_format_literal(name)}: {_format_literal(one)}' for name, one in value.items())}}}"
    return repr(value)
