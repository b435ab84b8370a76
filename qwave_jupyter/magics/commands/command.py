"""What ``%qwave VERB`` can be: one value per verb, read by the line, by completion and by the reference page."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.output import Console

__all__ = ["Asked", "Verb"]

SHORT = {"-r": "aspect_ratio", "-a": "action", "-m": "model"}


@dataclass(frozen=True)
class Asked:
    """What stood behind a verb.

    Args:
        words: what isn't an option.
        options: by name, typed.
    """

    words: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> str | None:
        """The first word, if there is one."""
        return self.words[0] if self.words else None

    def on(self, name: str) -> bool:
        """Whether a switch was given."""
        return bool(self.options.get(name))


@dataclass(frozen=True)
class Verb:
    """One verb.

    Args:
        name: what is typed.
        run: what it does.
        takes: its loose words, as the reference shows them, such as ``ID``; "" for none.
        options: name to ``text``, ``whole``, ``number`` or ``switch``.
        choices: for options that the catalogue doesn't know, what completion offers.
    """

    name: str
    run: Callable[[Console, Asked], Any]
    takes: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Callable[[], Sequence[str]]] = field(default_factory=dict)

    @property
    def usage(self) -> str:
        """How it is written."""
        spelled = (
            f"[--{name.replace('_', '-')}{'' if kind == 'switch' else ' ' + name.split('_')[-1].upper()}]"
            for name, kind in self.options.items()
        )
        return " ".join(part for part in ("%qwave", self.name, self.takes, *spelled) if part)

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return i18n.say(f"verbs.{self.name}")

    def read(self, tokens: Sequence[str]) -> Asked:
        """What stands behind it, typed.

        Raises:
            OptionMistake: an option that it doesn't have, or a value that isn't of its kind.
        """
        found: list[str] = []
        options: dict[str, Any] = {}
        rest = list(tokens)
        while rest:
            token = rest.pop(0)
            if len(token) == 1 or not token.startswith("-"):
                found.append(token)
                continue
            written, equals, value = token.partition("=")
            name = SHORT.get(written, written.lstrip("-").replace("-", "_"))
            if name not in self.options:
                raise OptionMistake("options.unknown", option=written[:40], near=self._near(written))
            if self.options[name] == "switch":
                options[name] = True
            elif not equals and not rest:
                raise OptionMistake("options.needs_a_value", option=written[:40])
            else:
                options[name] = self._typed(written, self.options[name], value if equals else rest.pop(0))
        if found and not self.takes:
            raise OptionMistake("options.no_words", verb=self.name, given=found[0][:40], usage=self.usage)
        return Asked(tuple(found), options)

    def _near(self, written: str) -> str:
        known = [f"--{name.replace('_', '-')}" for name in self.options]
        close = difflib.get_close_matches(written[:40], known, 1)
        if close:
            return i18n.say("options.near", near=close[0])
        return i18n.say("options.usage", usage=self.usage)

    def _typed(self, written: str, kind: str, text: str) -> Any:
        if kind == "text":
            return text
        try:
            return int(text) if kind == "whole" else float(text)
        except ValueError:
            raise OptionMistake("options.not_positive", option=written[:40], given=text[:40]) from None
