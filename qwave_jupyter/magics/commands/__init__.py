"""The commands of ``%qwave``: one value each, read by the line magic, by completion and by the reference page."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from qwave_jupyter import i18n
from qwave_jupyter.arguments import to_ascii_digits
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs.own_options import to_flag, to_name
from qwave_jupyter.magics.cell_options import is_quoted, parse_positive, read_token, takes_as_value
from qwave_jupyter.magics.output import Console
from qwave_jupyter.types import Namespace, Values

__all__ = ["Command", "CommandArgs"]


@dataclass(frozen=True)
class CommandArgs:
    """What stood behind a command: words, and options by name, typed."""

    words: tuple[str, ...] = ()
    options: Values = field(default_factory=dict)
    #: Only how the command is written was asked for.
    help: bool = False

    @property
    def first(self) -> str | None:
        """The first word, if there is one."""
        return self.words[0] if self.words else None

    def has(self, switch: str) -> bool:
        """Whether a switch was given."""
        return bool(self.options.get(switch))


@dataclass(frozen=True)
class Command:
    """One command."""

    name: str
    run: Callable[[Console, CommandArgs], object]
    #: Its loose words, as the reference shows them; each option is ``text``, ``whole``, ``number`` or ``switch``.
    takes: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    #: What completion offers for options that the catalog doesn't know.
    choices: Callable[[str], Sequence[str]] | None = None
    #: The function reads all words and options itself.
    raw: bool = False

    @property
    def usage(self) -> str:
        """How it is written."""
        spelled = (
            f"[{to_flag(name)}{'' if kind == 'switch' else ' ' + name.split('_')[-1].upper()}]"
            for name, kind in self.options.items()
        )
        return " ".join(part for part in ("%qwave", self.name, self.takes, *spelled) if part)

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return i18n.text(f"commands.{self.name}")

    @property
    def max_words(self) -> int | None:
        """How many loose words it takes; None for any number."""
        if not self.takes:
            return 0
        return 1 if self.takes in {"[ID]", "[TASK]", "[NOTEBOOK]", "FILE"} else None

    def parse(self, tokens: Sequence[str], variables: Namespace | None = None) -> CommandArgs:
        """Read what stands behind the command; ``{{names}}`` are filled from the variables."""
        parts = list(self._split(tokens))
        if any(part.option in {"--help", "-h"} for part in parts):
            return CommandArgs(help=True)
        if self.raw:
            return CommandArgs(tuple(tokens))
        words: list[str] = []
        options: dict[str, object] = {}
        written: dict[str, str] = {}
        for part in parts:
            if not part.option:
                word = read_token(part.value or "", f"%qwave {self.name}", variables or {})
                if self.takes and not word.strip():
                    # Left out, all or the last one would be meant.
                    raise OptionMistake("options.empty", option=f"{self.takes} of %qwave {self.name}")
                words.append(word)
                continue
            name, shown = to_name(part.option), part.option[:40]
            if name not in self.options:
                raise OptionMistake("options.unknown", option=shown, near=self._suggest(part.option))
            if name in written:
                raise OptionMistake("options.given_twice", option=written[name], other=shown)
            written[name] = shown
            options[name] = self._read_option(name, shown, part.value, variables or {})
        most = self.max_words
        if most is not None and len(words) > most:
            key = "options.one_word" if most else "options.no_words"
            raise OptionMistake(key, command=self.name, given=words[most][:40], usage=self.usage)
        return CommandArgs(tuple(words), options)

    def _read_option(self, name: str, written: str, value: str | None, variables: Namespace) -> object:
        if self.options[name] == "switch":
            if value is not None:
                raise OptionMistake("options.takes_no_value", option=written)
            return True
        if value is None:
            raise OptionMistake("options.needs_a_value", option=written)
        text = read_token(value, written, variables)
        if not text.strip():
            raise OptionMistake("options.empty", option=written)
        return _convert(written, self.options[name], text)

    def _split(self, tokens: Sequence[str]) -> Iterator[_Part]:
        """Yield the words, and the options with their values."""
        rest = list(tokens)
        while rest:
            token = rest.pop(0)
            if len(token) == 1 or not token.startswith("-") or is_quoted(token):
                yield _Part("", token)
                continue
            option, equals, value = token.partition("=")
            takes_value = self.raw or self.options.get(to_name(option), "switch") != "switch"
            if equals:
                yield _Part(option, value)
            elif takes_value and rest and takes_as_value(rest[0]) and option not in {"--help", "-h"}:
                yield _Part(option, rest.pop(0))
            else:
                yield _Part(option)

    def _suggest(self, written: str) -> str:
        known = [to_flag(name) for name in self.options]
        close = difflib.get_close_matches(written[:40], known, 1)
        if close:
            return i18n.text("options.near", near=close[0])
        return i18n.text("options.usage", usage=self.usage)


@dataclass(frozen=True)
class _Part:
    """An option with its value, or a loose word without an option."""

    option: str
    value: str | None = None


def _convert(written: str, kind: str, text: str) -> str | float:
    if kind == "text":
        return text
    number = to_ascii_digits(text)
    if kind == "whole":
        # None of something is a number of it.
        value: float | None = int(number) if re.fullmatch(r"\s*\+?\d{1,18}\s*", number, re.ASCII) else None
    else:
        value = parse_positive(number)
    if value is None:
        key = "options.not_whole" if kind == "whole" else "options.not_positive"
        raise OptionMistake(key, option=written, given=text[:40])
    return value
