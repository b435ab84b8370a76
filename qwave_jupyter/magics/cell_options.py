"""The first line of a cell: words to values, driven by what the chosen model documents."""

from __future__ import annotations

import ast
import builtins
import difflib
import io
import keyword
import mimetypes
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwave_jupyter import api, i18n
from qwave_jupyter.arguments import to_ascii_digits
from qwave_jupyter.batches.axes import split_values
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.folders import is_file, is_folder
from qwave_jupyter.jobs.own_options import OWN_OPTIONS, RESERVED, SHORT_FORMS, OwnOption, OwnOptions, to_flag, to_name
from qwave_jupyter.jobs.references import is_empty
from qwave_jupyter.jobs.request import fill_prompt, find_value, holds_key, takes_images, takes_names
from qwave_jupyter.types import Namespace, Values

__all__ = [
    "ParsedCell",
    "Token",
    "fill_token",
    "find_model_id",
    "is_quoted",
    "parse_cell",
    "parse_line",
    "parse_positive",
    "read_token",
    "refuse_key",
    "split_cell",
    "takes_as_value",
    "tokenize",
]

_KEY_NAMES = {"key", "api_key", "apikey", "token", "auth", "authorization"}
_LOOKS_LIKE_A_KEY = re.compile(r"(?i)^(?:sk|pk|key)-[\w-]{8,}$")
#: What IPython sets before or after each cell, or has in the place of Python's own.
_IPYTHON_NAMES = re.compile(r"In|Out|_{1,3}|_i{1,3}|_[iod]h|_i?\d+|exit|quit|get_ipython|display|__builtins?__")
_SWITCH_WORDS = {"true", "false", "yes", "no", "on", "off"}

#: What is quoted, by a shell's quotes or by those of an input method or a word processor.
_QUOTED = re.compile(r'("(?:\\.|[^"\\])*"|\'[^\']*\'|“[^“”]*”|‘[^‘’]*’)')
#: A backslash with what it escapes, where no quotes are around it.
_ESCAPED = re.compile(rf"{_QUOTED.pattern}|\\.")
_WIDE_SPACES = re.compile("[\u3000\u00a0]")
_DASHES = re.compile("(?<!\\S)[-–—－−]{1,3}(?=[A-Za-z])")
#: An option and a sign of equality from a Chinese keyboard.
_WIDE_EQUALS = re.compile(r"(?<!\S)(--?[A-Za-z][\w-]*)＝")
_WIDE_PAIR = re.compile(r"((?:^|(?<=\s))(?:-p|--param|--sweep)(?:=|\s+)[^\s=＝]+)＝")
_BLANKS_IN_BRACES = re.compile(r"(\{\{|｛｛)[ \t]*([^\W\d][^\s{}｛｝\"']*)[ \t]*(\}\}|｝｝)")
_OTHER_BRACES = re.compile(r"\$\{?([^\W\d]\w*)\}?|(?<!\{)\{([^\W\d]\w*)\}(?!\})")
_OPTION = re.compile(r"--?[A-Za-z]")
_ADDRESS = re.compile("https?://|data:")
_HELP = {"--help", "-h"}
#: What a Chinese keyboard makes of the signs around several values.
_WIDE_SIGNS = str.maketrans("，、（）［］．", ",,()[].")
_SWEEP = re.compile(r"""((?:^|(?<=\s))--sweep(?:=|\s+))([^\s"'=]+=(?:"[^"]*"|'[^']*'|[^\s"'])+)(?=\s|$)""")


class Token(str):
    """A word of a line.

    ``is_quoted`` where it began with a quote, so that its dashes are text; ``source`` is the word as it was written.
    """

    __slots__ = ("is_quoted", "source")
    is_quoted: bool
    source: str

    @classmethod
    def of(cls, text: str, *, is_quoted: bool, source: str = "") -> Token:
        """Make a token."""
        token = cls(text)
        token.is_quoted, token.source = is_quoted, source or text
        return token


@dataclass(frozen=True)
class ParsedCell:
    """What a cell says; ``values`` are parameters by the user's names, as written."""

    model: Model
    values: Values = field(default_factory=dict)
    own: OwnOptions = field(default_factory=OwnOptions)
    prompt: str = ""


def parse_cell(line: str, prompt: str, model_id: str, variables: Namespace) -> ParsedCell:
    """Parse a cell whose model :func:`find_model_id` has found; with ``--help`` only the model."""
    model = api.model(model_id)
    parsed = parse_line(line, model, variables)
    if parsed.own.help:
        return parsed
    refuse_key(prompt)
    if parsed.own.live:
        model = api.model(model_id, live=True)
    return ParsedCell(model, parsed.values, parsed.own, prompt)


def split_cell(line: str, body: str) -> tuple[str, str]:
    r"""Return first line and prompt; a line that ends in ``\`` goes on in the next."""
    while line.rstrip().endswith("\\"):
        more, _, body = body.partition("\n")
        line = f"{line.rstrip()[:-1]} {more}"
    return line, body


def find_model_id(line: str | Sequence[str], variables: Namespace | None = None) -> str | None:
    """Return the model id that a line names, or None; read first, because it decides what the other options are."""
    tokens = tokenize(line) if isinstance(line, str) else line
    for index, token in enumerate(tokens):
        name, equals, value = token.partition("=")
        if name in {"-m", "--model"} and not is_quoted(token):
            following = [value] if equals else tokens[index + 1 : index + 2]
            return read_token(following[0], name, variables or {}) if following else None
    return None


def parse_line(line: str | Sequence[str], model: Model, variables: Namespace) -> ParsedCell:
    """Parse a first line, or its tokens; where it asks for help, nothing else of it counts.

    Raises:
        OptionMistake: what can't be read, all of it at once.

    Example:
        >>> parse_line("-n 2 --no-watermark -o city", model, {}).values
        {'n': '2', 'watermark': False}
    """
    parser = _LineParser(model, variables, list(tokenize(line) if isinstance(line, str) else line))
    while parser.tokens:
        parser.parse_option()
    if parser.own.get("help"):
        return ParsedCell(model, own=OwnOptions(help=True))
    if parser.mistakes:
        raise OptionMistake("options.mistakes", mistakes=" ".join(parser.mistakes))
    return ParsedCell(model, parser.values, OwnOptions(**parser.own))


def takes_as_value(token: str) -> bool:
    """Whether a token may be the value of the option before it: unquoted dashes begin an option."""
    return is_quoted(token) or not (re.match(r"--[A-Za-z]", token) or token.partition("=")[0] in SHORT_FORMS)


def fill_token(text: str, option: str, variables: Namespace) -> str:
    """Return a value with its ``{{names}}`` filled as a prompt's are.

    Raises:
        OptionMistake: a name that isn't there, or that holds no text.
    """
    try:
        return fill_prompt(text, variables)
    except RequestRefused:
        raise OptionMistake("options.cannot_fill", option=option, given=_shorten(text)) from None


def read_token(text: str, option: str, variables: Namespace) -> str:
    """Return a name, a path or a word with its ``{{names}}`` filled.

    Raises:
        OptionMistake: a name that isn't there or holds no text, or a variable that is written as other magics write it.
    """
    if name := _find_other_braces(text, variables):
        raise OptionMistake("options.other_braces", option=option, given=_shorten(text), name=f"{{{{{name}}}}}")
    return fill_token(text, option, variables)


def _find_other_braces(text: str, variables: Namespace) -> str:
    """Return the variable that other magics would fill, by ``$name`` or ``{name}``; "" for none."""
    names = (found[1] or found[2] for found in _OTHER_BRACES.finditer(text))
    return next((name for name in names if name in variables), "")


def refuse_key(prompt: str) -> None:
    """Raise OptionMistake if a prompt seems to hold a key: it would go to the server, and into the notebook."""
    if holds_key(prompt):
        raise OptionMistake("options.mistakes", mistakes=i18n.text("options.key_in_cell"))


def tokenize(line: str) -> list[Token]:
    r"""Split a line as a shell would, the same way on every platform and keyboard.

    Curly quotes quote, wide blanks separate, and long dashes begin an option, as their plain forms do. A backslash
    before a letter or a digit is one of a path, and stays.

    Raises:
        OptionMistake: a quote is never closed.

    Example:
        >>> tokenize("—quality “high” --sweep s=\"a, b\",c")
        ['--quality', 'high', '--sweep', 's="a, b",c']
    """
    parts = _QUOTED.split(line)
    plain = "".join(_to_straight_quotes(part) if index % 2 else _to_ascii(part) for index, part in enumerate(parts))
    # The quotes around one of several values are read where the values are told apart.
    quoted = _SWEEP.sub(lambda found: found[1] + _quote_again(found[2]), plain)
    try:
        return list(_split_words(quoted.replace("\\", "\\\\") if os.name == "nt" else _ESCAPED.sub(_keep, quoted)))
    except ValueError:
        raise OptionMistake("options.open_quote") from None


def _keep(found: re.Match[str]) -> str:
    return "\\" + found[0] if re.fullmatch(r"\\\w", found[0]) else found[0]


def _split_words(text: str) -> Iterator[Token]:
    """Yield what ``shlex.split`` does, and whether each word began with a quote."""
    stream = io.StringIO(text)
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    while True:
        # The lexer reads one character at a time, so the next word begins where it stands, or behind blanks.
        start = re.compile(rf"[{lexer.whitespace}]*(.?)").match(text, stream.tell())
        word = lexer.get_token()
        if word is None or start is None:
            return
        yield Token.of(word, is_quoted=start[1] in {'"', "'"}, source=text[start.start(1) : stream.tell()].strip())


def is_quoted(token: str) -> bool:
    """Whether a word of a line began with a quote."""
    return isinstance(token, Token) and token.is_quoted


@dataclass
class _LineParser:
    model: Model
    variables: Namespace
    tokens: list[str]
    values: dict[str, object] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    #: How each option was written, by its name.
    written: dict[str, str] = field(default_factory=dict)
    #: All tokens, also those that are read already.
    written_tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.written_tokens = tuple(self.tokens)

    def parse_option(self) -> None:
        """Read one option off the front."""
        token = self.tokens.pop(0)
        written, equals, attached = token.partition("=")
        # Which model is meant is read before anything else, and never from a quoted word.
        is_loose = is_quoted(token) and to_name(written) == "model"
        if is_loose or not _OPTION.match(written):
            words = [token]
            while self.tokens and not _OPTION.match(self.tokens[0]):
                words.append(self.tokens.pop(0))
            is_key = any(_LOOKS_LIKE_A_KEY.match(word) for word in words)
            # A key is never repeated in a text that is saved.
            self._add_mistake(
                "options.key_in_cell" if is_key else "options.loose_word", given=_shorten(" ".join(words))
            )
            return
        name = to_name(written)
        if name in _KEY_NAMES:
            self._skip_value()
            self._add_mistake("options.key_in_cell")
            return
        if written in _HELP and not equals and not is_quoted(token):
            self.own["help"] = True
            return
        if written.startswith("-") and not written.startswith("--") and written not in SHORT_FORMS:
            self._add_mistake("options.unknown", option=written, near=_find_closest(written, SHORT_FORMS))
            return
        if self._is_repeated(name, written):
            if not equals and self._may_take_value(name):
                self._skip_value()
            return
        value = attached if equals else None
        if name in OWN_OPTIONS:
            self._parse_own(OWN_OPTIONS[name], value, written)
        else:
            self._parse_parameter(name, value, written)

    def _is_repeated(self, name: str, written: str, key: str = "") -> bool:
        """Whether an option that can be given once was given before, in whatever spelling; noted as a mistake."""
        if not key:
            if name == "param" or (name in OWN_OPTIONS and OWN_OPTIONS[name].kind == "several"):
                return False
            key = name if name in OWN_OPTIONS else self._find_key(name)
        parameter = self.model.find_parameter(key)
        if parameter is not None and key not in OWN_OPTIONS and takes_images(parameter) and parameter.type != "string":
            return False
        if key not in self.written:
            self.written[key] = written
            return False
        self._add_mistake("options.given_twice", option=self.written[key], other=written)
        return True

    def _find_key(self, name: str) -> str:
        """The parameter's own name; an unknown one is told apart by what was written."""
        parameter = self.model.find_parameter(name)
        if parameter is None and name.startswith("no_") and self._is_switch(name.removeprefix("no_")):
            parameter = self.model.find_parameter(name.removeprefix("no_"))
        return name if parameter is None else parameter.name

    def _may_take_value(self, name: str) -> bool:
        if name in OWN_OPTIONS:
            return OWN_OPTIONS[name].kind != "switch"
        return not self._is_switch(name.removeprefix("no_")) or self._is_switch_word()

    def _is_switch_word(self) -> bool:
        """Whether what follows a switch is its value."""
        return bool(self.tokens) and (
            self.tokens[0].lower() in _SWITCH_WORDS or self.tokens[0].startswith(("{{", "｛｛"))
        )

    def _parse_own(self, option: OwnOption, value: str | None, written: str) -> None:
        if option.kind == "switch":
            if value is not None:
                self._add_mistake("options.takes_no_value", option=written)
            self.own[option.name] = True
            return
        # The key of a sweep may be a name in braces; its values are filled where they are told apart.
        value = self._read_value(value, written, fills=option.kind != "several")
        if value is None:
            return
        given = _shorten(value)
        if option.kind == "several":
            self._refuse_swept_code(value, written)
            self.own[option.name] = (*self.own.get(option.name, ()), value)
        elif option.kind == "number":
            self.own[option.name] = parse_positive(value)
            if self.own[option.name] is None:
                self._add_mistake("options.not_positive", option=written, given=given)
        elif option.choices and value not in option.choices:
            self._add_mistake("options.not_a_choice", option=written, given=given, allowed=option.choices)
        elif self._is_usable(option, value, written):
            self.own[option.name] = value

    def _is_usable(self, option: OwnOption, value: str, written: str) -> bool:
        """Whether a name or a text of ours can be taken; else a mistake is noted."""
        given = _shorten(value)
        if option.kind == "name" and not value.isidentifier():
            self._add_mistake("options.not_a_name", option=written, given=given)
        elif option.kind == "name" and _is_taken(value):
            self._add_mistake("options.name_taken", option=written, given=given)
        elif option.kind == "text" and not value.strip():
            # Left out, another model or folder would be meant.
            self._add_mistake("options.empty", option=written)
        elif option.kind == "text" and (name := _find_other_braces(value, self.variables)):
            # It would be the literal name of a folder after a paid run.
            self._add_mistake("options.other_braces", option=written, given=given, name=f"{{{{{name}}}}}")
        else:
            return True
        return False

    def _parse_parameter(self, name: str, value: str | None, written: str) -> None:
        if name == "param":
            self._parse_pair(self._read_value(value, written), written)
            return
        negated = name.removeprefix("no_") if name.startswith("no_") else ""
        if negated and self._is_switch(negated):
            if value is not None:
                self._add_mistake("options.takes_no_value", option=written)
            self.values[negated] = False
            return
        if value is None and self._is_switch(name) and not self._is_switch_word():
            self.values[name] = True
            return
        near = _find_closest(name, [own for own in OWN_OPTIONS if own not in self.model.parameters])
        if near and self.model.find_parameter(name) is None:
            if value is None:
                self._skip_value()
            self._add_mistake("options.unknown", option=written, near=to_flag(near))
            return
        value = self._read_value(value, written)
        if value is not None and name in RESERVED:
            self._add_mistake("options.reserved", option=written)
        elif value is not None:
            self._set(name, value)

    def _parse_pair(self, pair: str | None, written: str) -> None:
        if pair is None:
            return
        name, equals, value = pair.partition("=")
        if not equals or not name:
            self._add_mistake("options.not_a_pair", option=written, given=_shorten(pair))
        elif name.replace("-", "_") in _KEY_NAMES:
            self._add_mistake("options.key_in_cell")
        elif name.replace("-", "_") in RESERVED:
            self._add_mistake("options.reserved", option=f"{written} {name}")
        # A parameter that is called like an option of ours is another one.
        elif not self._is_repeated(
            name, f"{written} {name}", f"-p {name}" if name in OWN_OPTIONS else self._find_key(name.replace("-", "_"))
        ):
            self._set(name, value)

    def _set(self, name: str, value: str) -> None:
        parameter = self.model.find_parameter(name)
        found = find_value(parameter, value, self.variables)
        if parameter is None or not (takes_images(parameter) or parameter.task):
            self.values[name] = found
        elif found is value and self._refuse_code(value, to_flag(parameter.name)):
            return
        elif not takes_images(parameter):
            self.values[name] = found
        elif not value.strip():
            self._add_mistake("options.image_empty", option=to_flag(parameter.name))
        elif _holds_no_image(found):
            # Left out, it would be another image that is paid for.
            self._add_mistake("options.holds_no_image", option=f"--{parameter.name}", given=_shorten(value))
        elif parameter.type == "string":
            self.values[parameter.name] = found
        else:
            earlier = self.values.get(parameter.name)
            self.values[parameter.name] = (*(earlier if isinstance(earlier, tuple) else ()), found)

    def _refuse_swept_code(self, sweep: str, written: str) -> None:
        """Note a mistake where images or tasks are swept by code about variables."""
        key, _, listed = sweep.partition("=")
        parameter = self.model.find_parameter(key.strip())
        if parameter is not None and (takes_images(parameter) or parameter.task):
            for value, _ in split_values(listed, sweep, self.variables):
                if self._refuse_code(value, f"{written} {key.strip()}"):
                    return

    def _refuse_code(self, text: str, option: str) -> bool:
        """Note a mistake where a text is code about a variable instead of its name."""
        braces = _OTHER_BRACES.fullmatch(text)
        name = (braces[1] or braces[2]) if braces else ""
        if name in self.variables:
            self._add_mistake("options.image_in_braces", option=option, given=text, name=name)
            return True
        return not (is_file(text) or is_folder(text)) and self._refuse_expression(text, option)

    def _refuse_expression(self, text: str, option: str) -> bool:
        """Note a mistake where a text is code about a variable, also in braces or behind a dollar sign."""
        bare = _strip_braces(text)
        if not self._is_code(bare):
            return False
        given = _strip_braces(self._find_source(text)).translate(_WIDE_SIGNS)
        self._add_mistake("options.image_expression", option=option, given=_shorten(given))
        return True

    def _find_source(self, text: str) -> str:
        """A value as it was written: the line's reader takes the quotes out of ``d['a']``."""
        for token in self.written_tokens:
            if isinstance(token, Token) and not token.is_quoted and token.endswith(text):
                lead = token[: len(token) - len(text)]
                source = token.source.removeprefix(lead)
                if (not lead or lead.endswith("=")) and not source.startswith(('"', "'")):
                    return source
        return text

    def _is_code(self, text: str) -> bool:
        if text.isidentifier() or _ADDRESS.match(text) or _is_image_name(text):
            return False
        # The line's own quotes are gone, so what is in brackets may be no code any more.
        subscripted = re.match(r"([^\W\d]\w*)\s*[\[(]", text)
        if subscripted and subscripted[1] in self.variables:
            return True
        try:
            code = ast.parse(text.strip().translate(_WIDE_SIGNS), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        # What would be a calculation is a path.
        names = () if isinstance(code, ast.BinOp) else ast.walk(code)
        return any(isinstance(one, ast.Name) and one.id in self.variables for one in names)

    def _is_switch(self, name: str) -> bool:
        parameter = self.model.find_parameter(name)
        return parameter is not None and parameter.type == "boolean"

    def _read_value(self, value: str | None, written: str, *, fills: bool = True) -> str | None:
        """An option's value with its names filled; None, and a mistake, where there is none."""
        if value is None:
            if not self.tokens or not takes_as_value(self.tokens[0]):
                self._add_mistake("options.needs_a_value", option=written)
                return None
            value = self.tokens.pop(0)
        if self._refuse_other_braces(value, written):
            return None
        if not fills:
            return value
        try:
            return fill_token(value, written, self.variables)
        except OptionMistake as mistake:
            self._explain_unfilled(value, written, mistake)
            return None

    def _explain_unfilled(self, value: str, written: str, mistake: OptionMistake) -> None:
        """Note what is wrong with a value whose names can't be filled."""
        key, text = to_name(written), value
        if key == "param":
            key, _, text = value.partition("=")
        parameter = self.model.find_parameter(key)
        name = _strip_braces(text)
        if parameter is None or not (takes_images(parameter) or parameter.task):
            self.mistakes.append(str(mistake))
        elif takes_images(parameter) and not _holds_no_image(self.variables.get(name)):
            self._add_mistake("options.image_in_braces", option=written, given=_shorten(text), name=name)
        elif not self._refuse_expression(text, to_flag(parameter.name)):
            self.mistakes.append(str(mistake))

    def _refuse_other_braces(self, value: str, written: str) -> bool:
        """Note a mistake where a value is nothing but a variable as other magics write it: it would go out as it is."""
        name, values = to_name(written), [value]
        is_swept = name == "sweep"
        if is_swept:
            key, _, listed = value.partition("=")
            name, values = (
                key.strip().replace("-", "_"),
                [one for one, _ in split_values(listed, value, self.variables)],
            )
        elif name == "param":
            key, _, text = value.partition("=")
            name, written, values = key.replace("-", "_"), f"{written} {key}", [text]
        elif name in OWN_OPTIONS and OWN_OPTIONS[name].kind == "text" and not OWN_OPTIONS[name].choices:
            return False
        parameter = self.model.find_parameter(name)
        # A key, and what names an image or a task, has a refusal of its own.
        has_own = parameter is not None and (takes_images(parameter) or parameter.task)
        if not is_swept and (name in _KEY_NAMES or name in RESERVED or has_own):
            return False
        is_named = parameter is not None and takes_names(parameter)
        for given in (one.strip(" \"'") for one in values):
            if _OTHER_BRACES.fullmatch(given) and (found := _find_other_braces(given, self.variables)):
                plain = found if is_named and not isinstance(self.variables[found], str) else f"{{{{{found}}}}}"
                self._add_mistake("options.other_braces", option=written, given=_shorten(given), name=plain)
                return True
        return False

    def _skip_value(self) -> None:
        if self.tokens and takes_as_value(self.tokens[0]):
            self.tokens.pop(0)

    def _add_mistake(self, key: str, near: str = "", **fields: object) -> None:
        suggestion = i18n.text("options.near", near=near) if near else ""
        self.mistakes.append(i18n.text(key, near=suggestion, **fields))


def parse_positive(text: str) -> float | None:
    """Return a number above 0, or None for any other text."""
    try:
        number = float(to_ascii_digits(text))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _is_taken(name: str) -> bool:
    # Python refuses its keywords, and without its built-ins later cells break in ways that nobody understands.
    return keyword.iskeyword(name) or hasattr(builtins, name) or bool(_IPYTHON_NAMES.fullmatch(name))


def _strip_braces(text: str) -> str:
    return text.removeprefix("$").strip("{}｛｝ ") if text.startswith(("{", "｛", "$")) else text


def _is_image_name(text: str) -> bool:
    kind, _ = mimetypes.guess_type(text, strict=False)
    return kind is not None and kind.startswith("image/")


def _holds_no_image(value: object) -> bool:
    if isinstance(value, (str, bytes, bytearray)):
        return not value
    return is_empty(value)


def _find_closest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name[:60], list(known), n=1, cutoff=0.75)
    return close[0] if close else ""


def _shorten(text: str) -> str:
    printable = "".join(char if char.isprintable() else "�" for char in text)
    return printable if len(printable) <= 60 else printable[:59] + "…"


def _to_straight_quotes(text: str) -> str:
    return text if text[0] in "\"'" else "'" + text[1:-1].replace("'", "'\"'\"'") + "'"


def _to_ascii(text: str) -> str:
    """What isn't quoted with plain blanks, dashes and signs of equality, where those separate or name something."""
    text = _DASHES.sub(_to_hyphens, _WIDE_SPACES.sub(" ", text))
    text = _WIDE_PAIR.sub(r"\1=", _WIDE_EQUALS.sub(r"\1=", text))
    return _BLANKS_IN_BRACES.sub(r"\1\2\3", text)


def _to_hyphens(found: re.Match[str]) -> str:
    if found[0].isascii():
        return found[0]
    letter = re.match(r"[A-Za-z](?![\w-])", found.string[found.end() :])
    return "-" if letter else "--"


def _quote_again(value: str) -> str:
    return shlex.quote(value) if '"' in value or "'" in value else value
