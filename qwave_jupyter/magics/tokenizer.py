"""The first line of a cell as single words, split the same way on every platform and keyboard."""

from __future__ import annotations

import os
import re
import shlex

from qwave_jupyter.errors import OptionMistake

__all__ = ["words_of"]

_STRAIGHT = re.compile(r'("(?:\\.|[^"\\])*"|\'[^\']*\')')
#: What an input method or a word processor makes of quotes, blanks and dashes.
_CURLY = re.compile(r"“([^“”]*)”|‘([^‘’]*)’")
_WIDE_SPACES = re.compile("[\u3000\u00a0]")
_DASHES = re.compile("(?<!\\S)[-–—－−]{1,3}(?=[A-Za-z])")
_SWEEP = re.compile(r"""((?:^|(?<=\s))--sweep(?:=|\s+))([^\s"'=]+=(?:"[^"]*"|'[^']*'|[^\s"'])+)(?=\s|$)""")


def words_of(line: str) -> list[str]:
    r"""Split a line as a shell would, forgiving what a Chinese keyboard or a word processor writes.

    Args:
        line: what stands behind ``%%qwave``; curly quotes quote, wide blanks separate, and long dashes begin an
            option, as their plain forms do.

    Raises:
        OptionMistake: a quote is never closed.

    Example:
        >>> words_of("—quality “high” --sweep s=\"a, b\",c")
        ['--quality', 'high', '--sweep', 's="a, b",c']
    """
    parts = _STRAIGHT.split(line)
    plain = "".join(part if place % 2 else _plain(part) for place, part in enumerate(parts))
    # The quotes around one of several values are read where the values are told apart.
    kept = _SWEEP.sub(lambda found: found[1] + _kept(found[2]), plain)
    try:
        return shlex.split(kept.replace("\\", "\\\\") if os.name == "nt" else kept, comments=False, posix=True)
    except ValueError:
        raise OptionMistake("options.open_quote") from None


def _plain(text: str) -> str:
    text = _CURLY.sub(lambda found: shlex.quote(found[1] or found[2] or ""), _WIDE_SPACES.sub(" ", text))
    return _DASHES.sub(_dash, text)


def _dash(found: re.Match[str]) -> str:
    if found[0].isascii():
        return found[0]
    letter = re.match(r"[A-Za-z](?![\w-])", found.string[found.end() :])
    return "-" if letter else "--"


def _kept(value: str) -> str:
    return shlex.quote(value) if '"' in value or "'" in value else value
