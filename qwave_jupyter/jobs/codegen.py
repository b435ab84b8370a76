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
from qwave_jupyter.jobs import prompt_template

__all__ = ["OWN_NAMES", "cell", "displayed", "python"]

#: Names that mean an option of ours on a cell's first line, so that a parameter called so goes by ``-p``.
OWN_NAMES = frozenset(
    {
        "dry_run",
        "embed",
        "force",
        "help",
        "live",
        "max_cost",
        "model",
        "no_wait",
        "out",
        "reuse",
        "save",
        "sweep",
        "timeout",
    }
)
_SHORT = {"action": "-a", "n": "-n", "images": "-i"}
_LINE = 110
_LONGEST_DISPLAYED = 20_000


def cell(model: str, prompt: str, options: Mapping[str, Any], *, out: str = "") -> str:
    """The cell that makes a request.

    Args:
        model: the model id.
        prompt: the text, its braces unfilled.
        options: parameters by name; pictures as a cell writes them: URL, path or variable.
        out: a variable for the gallery, or "".

    Example:
        >>> print(cell("gpt-image-2", "a cat", {"aspect_ratio": "16:9", "n": 2}))
        %%qwave -m gpt-image-2 --aspect-ratio 16:9 -n 2
        a cat
    """
    parts = [f"-m {shlex.quote(model)}"]
    for name, value in options.items():
        parts.extend(_written(name, value))
    if out:
        parts.append(f"-o {out}")
    return f"%%qwave {' '.join(parts)}\n{prompt}"


def displayed(cell: str) -> str:
    """A cell as a page may hold it: cut where it is very long, without signs that steer or can't be saved."""
    start = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in cell[:_LONGEST_DISPLAYED])
    more = len(cell) - len(start)
    return start + i18n.say("generation.cut", count=more) if more else start


def python(model: str, prompt: str, options: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """The Python call that makes a request.

    Args:
        model: the model id.
        prompt: the text, its braces unfilled.
        options: as for :func:`cell`.
        variables: the notebook's variables, to tell the name of a picture from a path.

    Example:
        >>> print(python("gpt-image-2", "a cat", {"n": 2}, {}))
        import qwave_jupyter as qwave
        <BLANKLINE>
        gallery = qwave.generate("a cat", model="gpt-image-2", n=2)
    """
    arguments = [_literal(prompt), f"model={_literal(model)}"]
    for name, value in options.items():
        if name == "images":
            arguments.append(f"images=[{', '.join(_picture(one, variables) for one in value)}]")
        elif name == "mask":
            arguments.append(f"mask={_picture(value, variables)}")
        else:
            arguments.append(f"{name}={_literal(value)}")
    asked = [name for name in prompt_template.names(prompt) if name.isidentifier()]
    if asked:
        arguments.append(f"variables={{{', '.join(f'{_literal(name)}: {name}' for name in asked)}}}")
    call = f"gallery = qwave.generate({', '.join(arguments)})"
    if len(call) > _LINE:
        call = "gallery = qwave.generate(\n" + "".join(f"    {one},\n" for one in arguments) + ")"
    return f"import qwave_jupyter as qwave\n\n{call}"


def _written(name: str, value: Any) -> Iterator[str]:
    option = _SHORT.get(name, f"--{name.replace('_', '-')}")
    if name == "images":
        for one in value:
            yield _with_value(option, "--image", str(one))
    elif isinstance(value, bool) and not name.startswith("no_"):
        yield f"--{'' if value else 'no-'}{name.replace('_', '-')}"
    elif name in OWN_NAMES or name.startswith("no_"):
        yield f"-p {shlex.quote(f'{name}={_text(value)}')}"
    else:
        yield _with_value(option, f"--{name.replace('_', '-')}", _text(value))


def _with_value(short: str, long: str, text: str) -> str:
    # What begins with a dash would be taken for the next option.
    if text.startswith("-") or not text:
        return f"{long}={shlex.quote(text)}"
    return f"{short} {shlex.quote(text)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, (Mapping, list, tuple)):
        # Plain ASCII, so that no sign in it ends the line.
        return json.dumps(value)
    return str(value)


def _picture(text: str, variables: Mapping[str, Any]) -> str:
    return text if text.isidentifier() and text in variables else _literal(text)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=False)
        # JSON's escapes are Python's, as long as every sign in it can be printed.
        return plain if re.fullmatch(r"[^\x7f-\x9f\u2028\u2029\ud800-\udfff]*", plain) else repr(value)
    if isinstance(value, tuple):
        return _literal(list(value))
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(name)}: {_literal(one)}' for name, one in value.items())}}}"
    return repr(value)
