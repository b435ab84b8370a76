"""Tab completion from the catalog: commands, options, values that fit the other values, variables, paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwave_jupyter import api
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import OptionMistake, QwaveError
from qwave_jupyter.folders import expand, is_folder
from qwave_jupyter.jobs.own_options import OWN_OPTIONS, to_flag, to_name
from qwave_jupyter.magics.cell_options import Token, find_model_id, is_quoted, parse_line, takes_as_value, tokenize
from qwave_jupyter.magics.commands import Command
from qwave_jupyter.session import default
from qwave_jupyter.types import Namespace, Values

__all__ = ["Completions", "complete"]

_CELL = re.compile(r"\s*%%qwave(?=\s|$)")
_LINE = re.compile(r"\s*(?:[A-Za-z_]\w*\s*=\s*)?%qwave(?=\s|$)")
_BRACES = re.compile(r"(?<!\\)\{\{(\w*)$")
_MAX_PATHS = 200
_REPEATABLE = {"images", "param", "sweep"}
_PROMPT_TYPES = (str, int, float, os.PathLike)
_IPYTHON_NAMES = {"In", "Out", "exit", "quit", "get_ipython"}


@dataclass(frozen=True)
class Completions:
    """What could stand at the cursor in place of the fragment."""

    texts: tuple[str, ...] = ()
    fragment: str = ""
    kind: str = "param"


def complete(text: str, line: int, column: int, variables: Namespace) -> Completions | None:
    """Complete a cell of ours; None when it is none."""
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    first = next((index for index, one in enumerate(lines) if one.strip()), 0)
    if cell := _CELL.match(lines[first]):
        last = first
        while lines[last].rstrip().endswith("\\") and last + 1 < len(lines):
            last += 1
        if line > last:
            return _complete_prompt(before, variables)
        if line == first and len(before) <= cell.end():
            return None
        whole = _join(lines[first : last + 1])[cell.end() :]
        return _complete_options(_join([*lines[first:line], before])[cell.end() :], whole, variables)
    magic = _LINE.match(before)
    if magic and len(before) > magic.end():
        return _complete_command(before[magic.end() :])
    return None


def _join(lines: Iterable[str]) -> str:
    return " ".join(one.rstrip("\\") for one in lines)


def _complete_prompt(before: str, variables: Namespace) -> Completions:
    braces = _BRACES.search(before)
    if braces is None:
        # Python names inside a prompt would only be in the way.
        return Completions()
    names = _find_variables(braces[1], variables, lambda value: isinstance(value, _PROMPT_TYPES))
    return Completions(tuple(f"{name}}}}}" for name in names), braces[1], "variable")


def _complete_options(before: str, whole: str, variables: Namespace) -> Completions:
    try:
        earlier, fragment = _split_fragment(before)
    except OptionMistake:
        # Inside a quoted value nothing is an option.
        return Completions()
    try:
        model = api.model(find_model_id(whole, variables) or default().settings.model)
    except QwaveError:
        # A half-typed line names no model yet.
        model = None
    if "=" in fragment and fragment.startswith("-"):
        option, _, value = fragment.partition("=")
    elif earlier and _needs_value(earlier[-1], model) and not _is_value(earlier, model):
        option, value = earlier.pop(), fragment
    else:
        return _complete_option_name(fragment, earlier, model)
    name = _resolve_name(option, model)
    if name not in {"sweep", "param"} and name in OWN_OPTIONS:
        return _complete_own_value(name, value, variables)
    if model is None:
        return Completions((), value)
    try:
        values, _ = model.read(parse_line(earlier, model, variables).values)
    except QwaveError:
        values = {}
    if name in {"sweep", "param"}:
        return _complete_pair(name, value, values, model)
    return _complete_parameter_value(name, value, values, model, variables)


def _split_fragment(before: str) -> tuple[list[Token], str]:
    fragment = re.split(r"\s", before)[-1]
    return tokenize(before[: len(before) - len(fragment)]), fragment


def _find_options(tokens: Sequence[Token], model: Model | None) -> Iterator[str]:
    """The options among earlier words, without what is the value of one."""
    before: Token | None = None
    for token in tokens:
        is_value = before is not None and _needs_value(before, model) and takes_as_value(token)
        before = None if is_value else token
        if not is_value and token.startswith("-"):
            yield _resolve_name(token.partition("=")[0], model)


def _needs_value(token: str, model: Model | None) -> bool:
    if not token.startswith("-") or "=" in token or is_quoted(token):
        return False
    name = _resolve_name(token, model)
    if name in OWN_OPTIONS:
        return OWN_OPTIONS[name].kind != "switch"
    parameter = model.find_parameter(name) if model else None
    return name == "param" or (parameter is not None and parameter.type != "boolean")


def _resolve_name(option: str, model: Model | None) -> str:
    name = to_name(option)
    parameter = model.find_parameter(name) if model else None
    return parameter.name if parameter else name


def _is_value(tokens: Sequence[Token], model: Model | None) -> bool:
    """Whether the last word is the value of the option before it."""
    return len(tokens) > 1 and _needs_value(tokens[-2], model) and takes_as_value(tokens[-1])


def _complete_option_name(fragment: str, earlier: Sequence[Token], model: Model | None) -> Completions:
    used = set(_find_options(earlier, model)) - _REPEATABLE
    names = []
    for parameter in model.parameters.values() if model else ():
        if parameter.internal or parameter.name == "prompt":
            continue
        spelled = "image" if parameter.name == "images" else parameter.name
        names.append((parameter.name, spelled))
        if parameter.type == "boolean" and parameter.default is True:
            names.append((parameter.name, f"no_{spelled}"))
    names += [(name, name) for name in OWN_OPTIONS]
    options = [to_flag(spelled) for name, spelled in names if name not in used]
    return Completions(_filter_by_prefix(fragment, options), fragment)


def _complete_own_value(name: str, value: str, variables: Namespace) -> Completions:
    if name == "model":
        return Completions(_filter_by_prefix(value, default().catalog.ids()), value, "model")
    if name == "save":
        return Completions(_find_paths(value, folders=True), value, "path")
    if name == "out":
        return Completions(_find_variables(value, variables, lambda _: True), value, "variable")
    return Completions(_filter_by_prefix(value, OWN_OPTIONS[name].choices), value)


def _complete_parameter_value(name: str, value: str, others: Values, model: Model, variables: Namespace) -> Completions:
    parameter = model.find_parameter(name)
    if parameter is None:
        return Completions((), value)
    if parameter.is_image:
        texts = (*_find_variables(value, variables, _is_image), *_find_paths(value, folders=False))
        return Completions(texts, value, "image")
    if parameter.task:
        names = _find_variables(value, variables, lambda one: hasattr(one, "task_id"))
        return Completions(names, value, "variable")
    return Completions(_filter_by_prefix(value, _find_allowed_values(model, name, others)), value)


def _complete_pair(name: str, value: str, others: Values, model: Model) -> Completions:
    key, equals, rest = value.partition("=")
    if not equals:
        own = ("model",) if name == "sweep" else ()
        known = (*own, *(one.name for one in model.parameters.values() if one.name != "prompt"))
        return Completions(tuple(f"{one}=" for one in _filter_by_prefix(key, known)), value)
    last = rest.rpartition(",")[2]
    if key == "model":
        return Completions(_filter_by_prefix(last, default().catalog.ids()), last, "model")
    return Completions(_filter_by_prefix(last, _find_allowed_values(model, key, others)), last)


def _find_allowed_values(model: Model, name: str, others: Values) -> tuple[str, ...]:
    parameter = model.find_parameter(name)
    if parameter is None:
        return ()
    others = {known: value for known, value in others.items() if known != parameter.name}
    # What is typed first decides, so an empty prompt doesn't count against any value.
    known = {"prompt": "a", **others}
    # What is still missing may be typed next; what is there stays.
    found = model.allowed_values(parameter.name, known, is_complete=False, keeps=True)
    usable = [value for value, reason in found if not reason]
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in usable)


def _complete_command(before: str) -> Completions:
    from qwave_jupyter.magics.line_magic import COMMANDS

    try:
        earlier, fragment = _split_fragment(before)
    except OptionMistake:
        return Completions()
    if not earlier:
        return Completions(_filter_by_prefix(fragment, COMMANDS), fragment, "command")
    command = COMMANDS.get(earlier[0])
    if command is None:
        return Completions((), fragment)
    option = to_name(earlier[-1]) if earlier[-1].startswith("-") and not is_quoted(earlier[-1]) else ""
    if len(earlier) > 1 and command.options.get(option, "switch") != "switch":
        choices = command.choices(option) if command.choices else _collect_choices(option)
        return Completions(_filter_by_prefix(fragment, choices), fragment)
    if fragment.startswith("-"):
        used = {to_name(one.partition("=")[0]) for one in earlier if one.startswith("-") and not is_quoted(one)}
        options = [to_flag(name) for name in command.options if name not in used]
        return Completions(_filter_by_prefix(fragment, options), fragment)
    return _complete_command_word(command, fragment)


def _collect_choices(name: str) -> Iterable[str]:
    known: dict[str, None] = {}
    for model in default().catalog:
        parameter = model.parameters.get(name)
        known.update(dict.fromkeys(map(str, parameter.choices if parameter else ())))
    return known


def _complete_command_word(command: Command, fragment: str) -> Completions:
    if "ID" in command.takes:
        return Completions(_filter_by_prefix(fragment, default().catalog.ids()), fragment, "model")
    if "TASK" in command.takes:
        tasks = tuple(job.task_id or job.id for job in default().jobs)
        return Completions(_filter_by_prefix(fragment, tasks), fragment, "task")
    if "|" in command.takes:
        return Completions(_filter_by_prefix(fragment, command.takes.strip("[]").split("|")), fragment)
    if "FILE" in command.takes:
        return Completions(_find_paths(fragment, folders=False), fragment, "path")
    return Completions((), fragment)


def _find_variables(start: str, variables: Namespace, fits: Callable[[object], bool]) -> tuple[str, ...]:
    names = (name for name, value in variables.items() if name.startswith(start) and fits(value))
    return tuple(
        sorted(name for name in names if start.startswith("_") or not (name[0] == "_" or name in _IPYTHON_NAMES))
    )


def _is_image(value: object) -> bool:
    if isinstance(value, type):
        return False
    kind = f"{type(value).__module__}.{type(value).__name__}"
    return isinstance(value, Path) or kind.startswith(("PIL.", "matplotlib.figure", "numpy.ndarray", "qwave_jupyter."))


def _find_paths(start: str, *, folders: bool) -> tuple[str, ...]:
    parent, _, name = start.rpartition("/")
    folder = expand(parent + "/" if parent or start.startswith("/") else ".")
    try:
        entries = sorted(folder.iterdir())[:_MAX_PATHS]
    except (OSError, ValueError):
        # The folder that is being typed may not be there yet.
        return ()
    prefix = start[: len(start) - len(name)]
    return tuple(
        f"{prefix}{one.name}{'/' if is_folder(one) else ''}"
        for one in entries
        if one.name.startswith(name)
        and (not folders or is_folder(one))
        and (name.startswith(".") or one.name[0] != ".")
    )


def _filter_by_prefix(fragment: str, candidates: Iterable[str]) -> tuple[str, ...]:
    folded = fragment.lower()
    return tuple(one for one in candidates if one.lower().startswith(folded))
