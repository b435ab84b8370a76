"""Tab completion from the catalogue: verbs, options, values that fit the other values, variables, paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwave_jupyter import api
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.magics.cell_options import OWN_CHOICES, OWN_OPTIONS, SHORT, model_named, read_line
from qwave_jupyter.magics.commands.command import Verb
from qwave_jupyter.session import default

__all__ = ["Completions", "complete"]

_CELL = re.compile(r"\s*%%qwave(?=\s|$)")
_LINE = re.compile(r"\s*(?:[A-Za-z_]\w*\s*=\s*)?%qwave(?=\s|$)")
_BRACES = re.compile(r"(?<!\\)\{\{(\w*)$")
_MOST_PATHS = 200
_REPEATABLE = {"images", "param", "sweep"}
_TEXT_KINDS = (str, int, float, os.PathLike)


@dataclass(frozen=True)
class Completions:
    """What could stand at the cursor.

    Args:
        texts: the candidates, each replacing the fragment.
        fragment: what is there already.
        kind: what they are, as the completer's menu shows it.
    """

    texts: tuple[str, ...] = ()
    fragment: str = ""
    kind: str = "param"


def complete(text: str, line: int, column: int, variables: Mapping[str, Any]) -> Completions | None:
    """Complete a cell of ours; None when it is none.

    Args:
        text: the whole cell.
        line: the cursor's line, from 0.
        column: the cursor's place in that line.
        variables: the notebook's variables.
    """
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    head = next((place for place, one in enumerate(lines) if one.strip()), 0)
    if _CELL.match(lines[head]):
        last = head
        while lines[last].rstrip().endswith("\\") and last + 1 < len(lines):
            last += 1
        if line > last:
            return _in_prompt(before, variables)
        if line == head and len(before) <= _end(_CELL, lines[head]):
            return None
        option_lines = [*lines[head:line], before]
        whole = " ".join(one.rstrip("\\") for one in lines[head : last + 1])
        return _in_options(_joined(option_lines, head_pattern=_CELL), _after(whole, _CELL), variables)
    if _LINE.match(before) and len(before) > _end(_LINE, before):
        return _in_verb(_after(before, _LINE))
    return None


def _in_prompt(before: str, variables: Mapping[str, Any]) -> Completions:
    braces = _BRACES.search(before)
    if braces is None:
        # Python names inside a prompt would only be in the way.
        return Completions()
    start = braces[1]
    fitting = sorted(
        name
        for name, value in variables.items()
        if name.startswith(start) and _is_public(name, start) and isinstance(value, _TEXT_KINDS)
    )
    return Completions(tuple(f"{name}}}}}" for name in fitting), start, "variable")


def _in_options(before: str, whole: str, variables: Mapping[str, Any]) -> Completions:
    fragment = re.split(r"\s", before)[-1]
    earlier = before[: len(before) - len(fragment)].split()
    model = _model(whole)
    if "=" in fragment and fragment.startswith("-"):
        option, _, value = fragment.partition("=")
    elif earlier and _needs_value(earlier[-1], model):
        option, value = earlier[-1], fragment
    else:
        return _options(fragment, earlier, model)
    name = _canonical(option, model)
    return _values(name, value, _given(earlier, option, model, variables), model, variables)


def _options(fragment: str, earlier: list[str], model: Model | None) -> Completions:
    used = {_canonical(one.partition("=")[0], model) for one in earlier if one.startswith("-")} - _REPEATABLE
    names = []
    for parameter in model.parameters.values() if model else ():
        if parameter.internal or parameter.name == "prompt":
            continue
        spelled = "image" if parameter.name == "images" else parameter.name
        names.append((parameter.name, spelled))
        if parameter.type == "boolean" and parameter.default is True:
            names.append((parameter.name, f"no_{spelled}"))
    names += [(name, name) for name in OWN_OPTIONS]
    spelled_out = [f"--{spelled.replace('_', '-')}" for name, spelled in names if name not in used]
    return Completions(_starting(fragment, spelled_out), fragment)


def _values(
    name: str, value: str, given: Mapping[str, Any], model: Model | None, variables: Mapping[str, Any]
) -> Completions:
    if name in {"sweep", "param"}:
        return _pair(name, value, given, model)
    own: Mapping[str, Callable[[], Completions]] = {
        "model": lambda: Completions(_starting(value, default().catalog.ids()), value, "model"),
        "save": lambda: Completions(_paths(value, folders=True), value, "path"),
        "out": lambda: Completions(_names(value, variables, lambda _: True), value, "variable"),
    }
    if name in OWN_OPTIONS:
        return own.get(name, lambda: Completions(_starting(value, OWN_CHOICES.get(name, ())), value))()
    return _parameter_values(name, value, given, model, variables)


def _parameter_values(
    name: str, value: str, given: Mapping[str, Any], model: Model | None, variables: Mapping[str, Any]
) -> Completions:
    parameter = model.named(name) if model else None
    if parameter is None or model is None:
        return Completions((), value)
    if parameter.picture:
        texts = (*_names(value, variables, _is_picture), *_paths(value, folders=False))
        return Completions(texts, value, "picture")
    if parameter.task:
        return Completions(_names(value, variables, lambda one: hasattr(one, "task_id")), value, "variable")
    return Completions(_starting(value, _fitting(model, name, given)), value)


def _pair(name: str, value: str, given: Mapping[str, Any], model: Model | None) -> Completions:
    key, equals, rest = value.partition("=")
    if model is None:
        return Completions((), value)
    if not equals:
        own = ("model",) if name == "sweep" else ()
        known = (*own, *(one.name for one in model.parameters.values() if one.name != "prompt"))
        return Completions(tuple(f"{one}=" for one in _starting(key, known)), value)
    last = rest.rpartition(",")[2]
    if key == "model":
        return Completions(_starting(last, default().catalog.ids()), last, "model")
    return Completions(_starting(last, _fitting(model, key, given)), last)


def _fitting(model: Model, name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    parameter = model.named(name)
    if parameter is None:
        return ()
    others = {known: value for known, value in given.items() if known != parameter.name}
    # What is typed first decides, so an empty prompt doesn't count against any value.
    usable = [value for value, reason in model.allowed_values(parameter.name, {"prompt": "a", **others}) if not reason]
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in usable)


def _in_verb(before: str) -> Completions:
    from qwave_jupyter.magics.line_magic import VERBS

    fragment = re.split(r"\s", before)[-1]
    earlier = before[: len(before) - len(fragment)].split()
    if not earlier:
        return Completions(_starting(fragment, VERBS), fragment, "verb")
    verb = VERBS.get(earlier[0])
    if verb is None:
        return Completions((), fragment)
    if len(earlier) > 1 and verb.options.get(earlier[-1].lstrip("-").replace("-", "_"), "switch") != "switch":
        name = earlier[-1].lstrip("-").replace("-", "_")
        if name in verb.choices:
            return Completions(_starting(fragment, verb.choices[name]()), fragment)
        return _verb_values(name, fragment)
    if fragment.startswith("-"):
        return Completions(_starting(fragment, [f"--{name.replace('_', '-')}" for name in verb.options]), fragment)
    return _verb_words(verb, fragment)


def _verb_values(name: str, fragment: str) -> Completions:
    known: dict[str, None] = {}
    for model in default().catalog:
        parameter = model.parameters.get(name)
        known.update(dict.fromkeys(map(str, parameter.choices if parameter else ())))
    return Completions(_starting(fragment, known), fragment)


def _verb_words(verb: Verb, fragment: str) -> Completions:
    if "ID" in verb.takes:
        return Completions(_starting(fragment, default().catalog.ids()), fragment, "model")
    if "TASK" in verb.takes:
        tasks = tuple(job.task_id or job.id for job in default().jobs)
        return Completions(_starting(fragment, tasks), fragment, "task")
    if "|" in verb.takes:
        return Completions(_starting(fragment, verb.takes.strip("[]").split("|")), fragment)
    if "FILE" in verb.takes:
        return Completions(_paths(fragment, folders=False), fragment, "path")
    return Completions((), fragment)


def _model(line: str) -> Model | None:
    try:
        return api.model(model_named(line) or default().settings.model)
    except QwaveError:
        # A half-typed line names no model yet.
        return None


def _given(earlier: list[str], option: str, model: Model | None, variables: Mapping[str, Any]) -> dict[str, Any]:
    if model is None:
        return {}
    kept = earlier[:-1] if earlier and earlier[-1] == option else earlier
    try:
        read, _ = model.read(read_line(" ".join(kept), model, variables).options)
    except QwaveError:
        return {}
    return read


def _needs_value(token: str, model: Model | None) -> bool:
    if not token.startswith("-") or "=" in token:
        return False
    name = _canonical(token, model)
    if name in OWN_OPTIONS or name == "param":
        return OWN_OPTIONS.get(name, "text") != ""
    parameter = model.named(name) if model else None
    return parameter is not None and parameter.type != "boolean"


def _canonical(option: str, model: Model | None) -> str:
    name = SHORT.get(option, option.lstrip("-").replace("-", "_"))
    parameter = model.named(name) if model else None
    return parameter.name if parameter else name


def _names(start: str, variables: Mapping[str, Any], fits: Callable[[Any], bool]) -> tuple[str, ...]:
    return tuple(
        sorted(
            name
            for name, value in variables.items()
            if name.startswith(start) and _is_public(name, start) and fits(value)
        )
    )


def _is_public(name: str, start: str) -> bool:
    return start.startswith("_") or not (name.startswith("_") or name in {"In", "Out", "exit", "quit", "get_ipython"})


def _is_picture(value: Any) -> bool:
    kind = f"{type(value).__module__}.{type(value).__name__}"
    return (
        kind.startswith(("PIL.", "matplotlib.figure", "numpy.ndarray", "qwave_jupyter."))
        and not isinstance(value, type)
    ) or isinstance(value, Path)


def _paths(start: str, *, folders: bool) -> tuple[str, ...]:
    folder, _, name = start.rpartition("/")
    place = Path(folder + "/" if folder or start.startswith("/") else ".").expanduser()
    try:
        entries = sorted(place.iterdir())[:_MOST_PATHS]
    except OSError:
        # The folder that is being typed may not be there yet.
        return ()
    prefix = start[: len(start) - len(name)]
    return tuple(
        f"{prefix}{one.name}{'/' if one.is_dir() else ''}"
        for one in entries
        if one.name.startswith(name) and (not folders or one.is_dir()) and (name.startswith(".") or one.name[0] != ".")
    )


def _starting(fragment: str, candidates: Iterable[str]) -> tuple[str, ...]:
    folded = fragment.lower()
    return tuple(one for one in candidates if one.lower().startswith(folded))


def _end(pattern: re.Pattern[str], line: str) -> int:
    found = pattern.match(line)
    return found.end() if found else 0


def _after(line: str, pattern: re.Pattern[str]) -> str:
    return line[_end(pattern, line) :]


def _joined(lines: list[str], head_pattern: re.Pattern[str]) -> str:
    first, *rest = lines
    return " ".join([_after(first, head_pattern).rstrip("\\"), *(one.rstrip("\\") for one in rest)])
