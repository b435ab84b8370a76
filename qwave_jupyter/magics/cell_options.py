"""The first line of a cell: words to values, driven by what the chosen model documents."""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model, Parameter
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.tokenizer import words_of

__all__ = ["OWN_CHOICES", "OWN_OPTIONS", "SHORT", "CellOptions", "read_line", "refuse_key", "split_cell"]

#: Short spellings that every model has.
SHORT = {"-m": "model", "-a": "action", "-n": "n", "-r": "aspect_ratio", "-i": "image", "-p": "param", "-o": "out"}
#: Options of ours: name to the kind of value, "" for a switch.
OWN_OPTIONS = {
    "model": "text",
    "out": "name",
    "timeout": "number",
    "save": "text",
    "max_cost": "number",
    "embed": "text",
    "no_wait": "",
    "dry_run": "",
    "reuse": "",
    "force": "",
    "live": "",
    "sweep": "several",
    "help": "",
}
#: Those of ours that have a list of values.
OWN_CHOICES = {"embed": ("preview", "full", "link")}
_KEY_NAMES = {"key", "api_key", "apikey", "token", "auth", "authorization"}
_LOOKS_LIKE_A_KEY = re.compile(r"(?i)^(?:sk|pk|key)-[\w-]{8,}$")
_OF_IPYTHON = {"In", "Out"}
_KEY_IN_PROMPT = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{16,}")
_SWITCH_WORDS = {"true", "false", "yes", "no", "on", "off"}


@dataclass(frozen=True)
class CellOptions:
    """What the first line says.

    Args:
        model: the model id, or "" for the setting's.
        options: parameters by the user's names, as written.
        own: options of ours, by name, typed.
    """

    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)


def split_cell(line: str, body: str) -> tuple[str, str]:
    r"""First line and prompt; a line that ends in ``\`` goes on in the next.

    Args:
        line: what stands behind ``%%qwave``.
        body: the rest of the cell.
    """
    while line.rstrip().endswith("\\"):
        more, _, body = body.partition("\n")
        line = f"{line.rstrip()[:-1]} {more}"
    return line, body


def model_named(line: str) -> str:
    """The model id that a line names, or "": read first, because it decides what the other options are."""
    tokens = words_of(line)
    for place, token in enumerate(tokens):
        name, equals, value = token.partition("=")
        if name in {"-m", "--model"}:
            return value if equals else (tokens[place + 1] if place + 1 < len(tokens) else "")
    return ""


def read_line(line: str, model: Model | None, variables: Mapping[str, Any]) -> CellOptions:
    """Read a first line.

    Args:
        line: the options.
        model: the chosen model; None while only our own options matter.
        variables: the notebook's variables, for pictures named by ``-i`` and ``--mask``, and for box and
            palette editors.

    Raises:
        OptionMistake: what can't be read, all of it at once.

    Example:
        >>> read_line("-n 2 --no-watermark -o city", model, {}).options
        {'n': '2', 'watermark': False}
    """
    reading = _Reading(model, variables)
    tokens = words_of(line)
    while tokens:
        reading.take(tokens)
    if reading.mistakes:
        raise OptionMistake("options.mistakes", mistakes=" ".join(reading.mistakes))
    return CellOptions(str(reading.own.pop("model", "")), reading.options, reading.own)


def refuse_key(prompt: str) -> None:
    """Refuse a prompt that seems to hold a key: it would go to whoever paints, and into the notebook.

    Args:
        prompt: the body of the cell.

    Raises:
        OptionMistake: it seems to hold one.
    """
    if _KEY_IN_PROMPT.search(prompt):
        raise OptionMistake("options.mistakes", mistakes=i18n.say("options.key_in_cell"))


@dataclass
class _Reading:
    model: Model | None
    variables: Mapping[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    def take(self, tokens: list[str]) -> None:
        """Read one option off the front."""
        token = tokens.pop(0)
        written, equals, attached = token.partition("=")
        if not re.match(r"--?[A-Za-z]", written):
            self._wrong(
                "options.key_in_cell" if _LOOKS_LIKE_A_KEY.match(token) else "options.loose_word", given=_cut(token)
            )
            return
        name = SHORT.get(written, written.lstrip("-").replace("-", "_"))
        if name in _KEY_NAMES:
            if tokens and not tokens[0].startswith("-"):
                tokens.pop(0)
            self._wrong("options.key_in_cell")
            return
        if written.startswith("-") and not written.startswith("--") and written not in SHORT:
            near = _near(written, [*SHORT])
            self._wrong("options.unknown", option=written, near=near)
            return
        value = attached if equals else None
        if name in OWN_OPTIONS:
            self._own(name, OWN_OPTIONS[name], value, tokens, written)
        else:
            self._parameter(name, value, tokens, written)

    def _own(self, name: str, kind: str, value: str | None, tokens: list[str], written: str) -> None:
        if not kind:
            if value is not None:
                self._wrong("options.takes_no_value", option=written)
            self.own[name] = True
            return
        value = self._value(value, tokens, written)
        if value is None:
            return
        if kind == "several":
            self.own[name] = (*self.own.get(name, ()), value)
        elif kind == "number":
            self._number(name, value, written)
        elif kind == "name" and not value.isidentifier():
            self._wrong("options.not_a_name", option=written, given=_cut(value))
        elif kind == "name" and _is_taken(value):
            self._wrong("options.name_taken", option=written, given=_cut(value))
        elif name in OWN_CHOICES and value not in OWN_CHOICES[name]:
            self._wrong("options.not_a_choice", option=written, given=_cut(value), allowed=OWN_CHOICES[name])
        else:
            self.own[name] = value

    def _number(self, name: str, value: str, written: str) -> None:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not 0 < number < float("inf"):
            self._wrong("options.not_positive", option=written, given=_cut(value))
        self.own[name] = number

    def _parameter(self, name: str, value: str | None, tokens: list[str], written: str) -> None:
        if name == "param":
            self._pair(self._value(value, tokens, written), written)
            return
        negated = name.removeprefix("no_") if name.startswith("no_") else ""
        if negated and self._type(negated) == "boolean":
            self.options[negated] = False
            return
        if value is None and self._type(name) == "boolean":
            spelled = bool(tokens) and tokens[0].lower() in _SWITCH_WORDS
            self.options[name] = tokens.pop(0) if spelled else True
            return
        near = _near(name, [own for own in OWN_OPTIONS if self.model is None or own not in self.model.parameters])
        if near and self.model is not None and self.model.named(name) is None:
            if value is None and tokens and not tokens[0].startswith("-"):
                tokens.pop(0)
            self._wrong("options.unknown", option=written, near=f"--{near.replace('_', '-')}")
            return
        value = self._value(value, tokens, written)
        if value is not None:
            self._set(name, value)

    def _pair(self, pair: str | None, written: str) -> None:
        if pair is None:
            return
        name, equals, value = pair.partition("=")
        if not equals or not name:
            self._wrong("options.not_a_pair", option=written, given=_cut(pair))
            return
        if name.replace("-", "_") in _KEY_NAMES:
            self._wrong("options.key_in_cell")
            return
        self._set(name, value)

    def _set(self, name: str, value: str) -> None:
        parameter = self.model.named(name) if self.model else None
        if parameter is not None and parameter.task and value in self.variables:
            self.options[name] = self.variables[value]
            return
        if parameter is None or not parameter.picture:
            self.options[name] = self._edited(parameter, value)
            return
        picture = self._picture(value)
        if _holds_nothing(picture):
            # Left out, it would be another picture that is paid for.
            self._wrong("options.holds_no_picture", option=f"--{parameter.name}", given=_cut(value))
            return
        if parameter.type == "string":
            self.options[parameter.name] = picture
        else:
            self.options[parameter.name] = (*self.options.get(parameter.name, ()), picture)

    def _edited(self, parameter: Parameter | None, text: str) -> Any:
        # A box or palette editor, or a list, is meant by its variable's name, as a picture is.
        named = self.variables.get(text) if parameter is not None and parameter.type.endswith("[]") else None
        if isinstance(named, (list, tuple)):
            return list(named)
        read = getattr(named, "_qwave_value_", None)
        return read() if callable(read) and not isinstance(named, type) else text

    def _picture(self, text: str) -> Any:
        if text.startswith(("http://", "https://", "data:")) or Path(text).expanduser().exists():
            return text
        if text.isidentifier() and text in self.variables:
            return self.variables[text]
        return text

    def _type(self, name: str) -> str:
        parameter = self.model.named(name) if self.model else None
        return parameter.type if parameter else ""

    def _value(self, value: str | None, tokens: list[str], written: str) -> str | None:
        if value is not None:
            return value
        if not tokens or re.match(r"--[a-z]", tokens[0]) or tokens[0] in SHORT:
            self._wrong("options.needs_a_value", option=written)
            return None
        return tokens.pop(0)

    def _wrong(self, key: str, **fields: Any) -> None:
        near = fields.pop("near", "")
        fields["near"] = i18n.say("options.near", near=near) if near else ""
        self.mistakes.append(i18n.say(key, **fields))


def _is_taken(name: str) -> bool:
    # Python refuses the words of its own, and without its built-ins later cells break in ways that nobody understands.
    return keyword.iskeyword(name) or hasattr(builtins, name) or name in _OF_IPYTHON


def _holds_nothing(picture: Any) -> bool:
    if isinstance(picture, (str, bytes, bytearray)):
        return not picture
    several = isinstance(picture, (Sequence, AbstractSet))
    return picture is None or (several and all(one is None for one in picture))


def _near(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name[:60], known, n=1, cutoff=0.75)
    return close[0] if close else ""


def _cut(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else "�" for sign in text)
    return shown if len(shown) <= 60 else shown[:59] + "…"
