"""Write ``docs/reference/`` from the code, the words and the editions; ``make reference`` runs it."""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import qwave_jupyter
from qwave_jupyter import credentials, errors, i18n
from qwave_jupyter.catalog import Catalog, load
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.faults import ENDPOINTS, FAULT_KINDS, TASK_CODES
from qwave_jupyter.demo.ledger import MAX_FINISHED_TASKS, MAX_TASKS, MAX_UNFINISHED_TASKS
from qwave_jupyter.demo.options import OPTION_NAMES, DemoOptions
from qwave_jupyter.jobs.own_options import OWN_OPTIONS, PARAMETER_SHORT_FORMS, OwnOption, describe, to_flag
from qwave_jupyter.magics.line_magic import COMMANDS
from qwave_jupyter.settings import Setting, Settings
from qwave_jupyter.views.models import format_price, format_references, list_choices

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
EDITIONS = ("2026-04", "2026-09")
#: Where a setting's default is worked out rather than written down.
_WORKED_OUT = {"home": "the platform's user data folder"}
_NO_VALUE = "–"


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    i18n.use("en")
    try:
        made = {
            "index": _head(),
            "cell": _cell(),
            "commands": _commands(),
            "settings": _settings(),
            "python": _python(),
            "errors": _errors(),
            "demo": _demo(),
            **{f"models-{edition}": _models(edition) for edition in EDITIONS},
        }
        return {f"{name}.md": "\n".join(lines) + "\n" for name, lines in made.items()}
    finally:
        i18n.use(None)


def main() -> int:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _head() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written by `make reference` from the code and the editions; a test says when it is out of date."
    yield ""
    described = {
        "cell": ("The cell", "each option of `%%qwave`, and which models take which parameter"),
        "commands": ("The line", "each command of `%qwave`"),
        "settings": ("Settings", "each setting, its environment variable and its default"),
        "python": ("Python", "functions, and the members of what they return"),
        "errors": ("Errors", "the tree of exceptions"),
        "demo": ("The demo", "its switches, its dialects, and faults on request"),
    }
    for name, (title, text) in described.items():
        yield f"- [{title}]({name}.md): {text}."
    for edition in EDITIONS:
        yield f"- [Models of edition {edition}](models-{edition}.md): actions, sizes, prices and dates."
    names = [*described, *(f"models-{edition}" for edition in EDITIONS)]
    yield from ("", "```{toctree}", ":hidden:", "", *names, "```")


def _cell() -> Iterator[str]:
    yield from ("# The cell", "", "```", "%%qwave [OPTIONS]", "PROMPT, with {{variables}}", "```", "")
    yield "Options stand on the first line; a trailing `\\` continues it. Every parameter that the chosen model"
    yield "documents is an option too (`--quality high`, `--no-watermark`): `%%qwave --help -m MODEL` explains them."
    yield ""
    rows = [(_spelled(option), describe(option.name)) for option in OWN_OPTIONS.values()]
    rows += [(f"`{short}`, {_option(name)}", describe(name)) for short, name in PARAMETER_SHORT_FORMS.items()]
    yield from _table(("option", "meaning"), rows)
    yield from _parameters()


def _spelled(option: OwnOption) -> str:
    value = {"name": " NAME", "number": " NUMBER", "text": " TEXT", "several": " KEY=VALUES", "switch": ""}[option.kind]
    if option.choices:
        value = f" {'|'.join(option.choices)}"
    short = f"`{option.short}`, " if option.short else ""
    return f"{short}`{to_flag(option.name)}{value}`"


def _parameters() -> Iterator[str]:
    yield from ("", "## Parameters of the models", "", "How many models of each edition take which option.", "")
    taken: dict[str, dict[str, int]] = {}
    aliases: dict[str, set[str]] = {}
    for edition in EDITIONS:
        for parameter in (one for model in load(edition) for one in model.parameters.values()):
            if not parameter.internal and parameter.name != "prompt":
                counts = taken.setdefault(parameter.name, dict.fromkeys(EDITIONS, 0))
                counts[edition] += 1
                aliases.setdefault(parameter.name, set()).update(parameter.aliases)
    rows = [
        (
            _option(name),
            " ".join(map(_option, sorted(aliases[name]))) or _NO_VALUE,
            *(str(one) for one in counts.values()),
        )
        for name, counts in sorted(taken.items())
    ]
    yield from _table(("option", "also written", *EDITIONS), rows)


def _option(name: str) -> str:
    return f"`{to_flag(name)}`"


def _commands() -> Iterator[str]:
    yield from (
        "# The line",
        "",
        "`%qwave COMMAND`; `%qwave` alone lists the commands, `%qwave COMMAND --help` explains one.",
        "",
    )
    yield from _table(("command", "meaning"), ((f"`{one.usage}`", one.summary) for one in COMMANDS.values()))


def _settings() -> Iterator[str]:
    yield from ("# Settings", "")
    yield "Each source overrides the one before: the default, the environment, `%config QWave.NAME = VALUE`,"
    yield "`c.QWave.NAME` in `ipython_config.py` or `qwave_jupyter.configure(NAME=…)`, and the option on the cell."
    yield "The environment is read whenever a request is made."
    yield ""
    rows = [
        (
            f"`{name}`",
            " ".join(f"`{variable}`" for variable in setting.variables) or _NO_VALUE,
            _default(setting),
            setting.description,
        )
        for name, setting in Settings.definitions().items()
    ]
    yield from _table(("setting", "environment", "default", "meaning"), rows)
    yield ""
    variables = ", else ".join(f"`{name}`" for name in credentials.KEY_VARIABLES)
    yield "The API key is no setting and never an option. It is the one typed into `%qwave key`, else"
    yield f"{variables} of the environment, else a Colab secret of such a name,"
    yield "else what the system's keyring holds, where `%qwave key --remember` put it (`--forget` takes it out again),"
    yield "where `keyring` is in use already, or where `QWAVE_KEYRING` is set."


def _default(setting: Setting) -> str:
    if setting.name in _WORKED_OUT:
        return _WORKED_OUT[setting.name]
    return _NO_VALUE if setting.default_value is None else f"`{setting.default_value}`"


def _python() -> Iterator[str]:
    yield from (
        "# Python",
        "",
        "`import qwave_jupyter as qwave`; the same words and the same checks as the cell's.",
        "",
    )
    public = {name: getattr(qwave_jupyter, name) for name in qwave_jupyter.__all__}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    yield from _table(
        ("function", "meaning"), ((f"`{name}({_arguments(one)})`", _first(one)) for name, one in functions.items())
    )
    for name, one in functions.items():
        yield from _details(name, one)
    for name, one in public.items():
        if inspect.isclass(one) and not issubclass(one, Exception):
            yield from ("", f"## {name}", "", _first(one), "")
            yield from _table(("member", "meaning"), _members(one))


def _details(name: str, function: Callable[..., object]) -> Iterator[str]:
    parts = [(title, _section(function, title)) for title in ("Args", "Returns", "Raises")]
    if not any(text for _, text in parts):
        return
    yield from ("", f"## {name}()", "", _first(function), "")
    for title, text in parts:
        if title == "Returns" and text:
            yield f"- Returns {_as_markdown(' '.join(text))}"
        else:
            word = "raises " if title == "Raises" else ""
            yield from (f"- {word}`{one}`: {_as_markdown(about)}" for one, about in _entries(text))


def _section(documented: object, title: str) -> list[str]:
    """The lines of a section of a docstring, without the indent of the section."""
    lines = inspect.cleandoc(documented.__doc__ or "").partition(f"\n{title}:\n")[2].splitlines()
    inside = itertools.takewhile(lambda line: line.startswith("    "), lines)
    return [line.removeprefix("    ") for line in inside]


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """What a section says of each name."""
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        if line.startswith(" "):
            found[last] += f" {line.strip()}"
        else:
            last, _, text = line.partition(": ")
            found[last] = text
    yield from found.items()


def _members(kind: type) -> Iterator[tuple[str, str]]:
    documented = dict(_entries(_section(kind, "Args")))
    attributes = {one.name for one in fields(kind)} if is_dataclass(kind) else set()
    yield from ((f"`.{name}`", _as_markdown(text)) for name, text in documented.items() if name in attributes)
    for name, value in vars(kind).items():
        if name.startswith("_") or name in attributes or not _first(value):
            continue
        if isinstance(value, property):
            yield f"`.{name}`", _first(value)
        elif inspect.isfunction(value):
            yield f"`.{name}({_arguments(value)})`", _first(value)


def _arguments(function: Any) -> str:
    shown: list[str] = []
    only_named = False
    for one in inspect.signature(function).parameters.values():
        if one.name in {"self", "cls"}:
            continue
        if one.kind is one.KEYWORD_ONLY and not only_named:
            only_named = True
            shown.append("*")
        mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        only_named = only_named or mark == "*"
        shown.append(f"{mark}{one.name}{'' if one.default is one.empty else f'={one.default!r}'}")
    return ", ".join(shown)


def _first(documented: Any) -> str:
    text = inspect.cleandoc(documented.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return _as_markdown(text)


def _as_markdown(text: str) -> str:
    return re.sub(r":(?:func|class):`~?([^`]+)`", r"`\1`", text).replace("``", "`")


def _errors() -> Iterator[str]:
    yield from (
        "# Errors",
        "",
        "All in `qwave_jupyter.errors`; each has a `code` and structured `fields`, and its text is one line.",
        "",
    )
    yield from _branch(errors.QwaveError, 0)


def _branch(kind: type, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}- `{kind.__name__}`: {_first(kind)}"
    below = {one.__name__: one for one in kind.__subclasses__() if one.__module__ == errors.__name__}
    for one in below.values():
        yield from _branch(one, depth + 1)


def _demo() -> Iterator[str]:
    yield from ("# The demo", "")
    yield "`%qwave demo on --SWITCH VALUE` while it runs, `python -m qwave_jupyter.demo --SWITCH VALUE` as a server"
    yield "of its own, `qwave_jupyter.use_demo(switch=value)` from Python. `off` turns one switch back,"
    yield "`%qwave demo normal` all of them."
    yield ""
    usual = {one.name: one.default for one in fields(DemoOptions)}
    choices = {"dialects": "see below", "codes": ", ".join(TASK_CODES)}
    yield from _table(
        ("switch", "at the start", "what it does"),
        (
            (
                f"`--{name.replace('_', '-')}`",
                _NO_VALUE if usual.get(name) in {None, False} else f"`{usual[name]:g}`",
                i18n.text(f"demo.about_{name}", **choices),
            )
            for name in OPTION_NAMES
        ),
    )
    yield from ("", "The dialects, each as a page of its time describes the answers:", "")
    yield from _table(
        ("dialect", "where it is documented"), ((f"`{one.name}`", one.source) for one in DIALECTS.values())
    )
    yield ""
    yield "A program can set finer faults, as `POST /demo/faults` with one or several objects of `at`"
    endpoints, kinds = (", ".join(f"`{one}`" for one in names) for names in (ENDPOINTS, FAULT_KINDS))
    yield f"({endpoints}), `how` ({kinds}) and `times`."
    yield ""
    yield f"It holds {MAX_UNFINISHED_TASKS} unfinished tasks at most: beyond them a submit is refused with 429 and"
    yield "`rate_limit_error`, at no cost. It serves the images of the last"
    yield f"{MAX_FINISHED_TASKS} finished tasks, and knows the last {MAX_TASKS} tasks."


def _models(edition: str) -> Iterator[str]:
    catalog = load(edition)
    yield from (f"# Models of edition {edition}", "")
    yield f"{len(catalog.ids())} models of the contract as documented at the time; the host is `{catalog.host}`."
    yield "Prices are per image as published then; `%qwave models --refresh` asks the server for today's."
    yield ""
    rows = [
        (
            f"`{one.id}`{f' (withdrawn {one.retired})' if one.retired else ''}",
            one.vendor,
            ", ".join(one.actions) or "generate",
            _listed(list_choices(one, "aspect_ratio")),
            _listed(list_choices(one, "resolution")),
            format_references(one),
            format_price(one),
            one.documented,
        )
        for one in catalog
    ]
    yield from ("## By action", "", "Which models can do what, and their price per image.", "")
    yield from _table(("action", "models with their price, cheapest first"), _actions(catalog))
    yield from ("", "## All models", "")
    head = ("model", "vendor", "actions", "aspect ratios", "resolutions", "references", "price", "documented")
    yield from _table(head, rows)


def _actions(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for action in sorted({action for one in catalog for action in one.actions or ("generate",)}):
        found = catalog.find(action=action)
        if found:
            yield f"`{action}`", ", ".join(f"`{one.id}` {format_price(one)}" for one in found)


def _listed(values: Iterable[Any]) -> str:
    return " ".join(map(str, values)) or _NO_VALUE


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    sys.exit(main())
