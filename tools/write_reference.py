"""Write ``docs/reference.md`` from the code, the words and the editions; ``make reference`` runs it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import qwave_jupyter
from qwave_jupyter import credentials, errors, i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.faults import HOWS, PLACES, TASK_CODES
from qwave_jupyter.demo.options import SWITCHES, Switches
from qwave_jupyter.magics.cell_options import OWN_CHOICES, OWN_OPTIONS, SHORT
from qwave_jupyter.magics.line_magic import VERBS
from qwave_jupyter.settings import Setting, Settings
from qwave_jupyter.views.model_facts import choices_of, format_price, format_references

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
EDITIONS = ("2026-04", "2026-09")
#: What each option of ours does; one without a text here stops the page from being written.
MEANINGS = {
    "model": "The model; `%qwave models` lists them. Without it the setting `model` says which.",
    "out": "Keep the cell's value in a variable of this name.",
    "timeout": "Seconds to wait. The task goes on afterwards, and `%qwave resume` fetches its pictures.",
    "save": "The folder of the finished pictures.",
    "max_cost": "USD that the request, or the sweep as a whole, may cost; what is dearer, or has no published price, "
    "is refused.",
    "embed": "What the notebook keeps of a picture.",
    "no_wait": "Give the job at once. Where nobody is there (nbclient, papermill) the cell waits all the same, so that "
    "the saved file is whole.",
    "dry_run": "Show the exact request, its price and what an omitted parameter means; send nothing.",
    "reuse": "An identical finished request is shown again and costs nothing.",
    "force": "Send what the documentation says will be refused, and what has no published price.",
    "live": "Check against the server's own description of the model (free) instead of the edition's.",
    "sweep": "`KEY=V1,V2` or `KEY=1..8`, repeatable: one request for each combination. KEY is a parameter, `model`, or "
    "a `{{name}}` of the prompt.",
    "help": "Explain the model's options instead of running the cell.",
}
#: What the short spellings of parameters stand for; those of our own options are read from there.
SHORT_MEANINGS = {
    "action": "What is done; where it is left out, the fitting one is chosen and said.",
    "n": "How many pictures.",
    "aspect_ratio": "Width to height, such as `16:9`.",
    "image": "A reference picture, repeatable: a URL, a path, or a variable that holds a PIL image, a NumPy array, a "
    "Matplotlib figure, a path or an earlier result.",
    "param": "`KEY=VALUE`: any parameter, as a JSON value or bare text.",
}
#: Where a setting's default is worked out rather than written down.
_WORKED_OUT = {"home": "the platform's user data folder"}
_NO_VALUE = "–"


def page() -> str:
    """The whole page."""
    i18n.use("en")
    try:
        parts = (_head(), _cell(), _verbs(), _settings(), _python(), _errors(), _demo(), *map(_models, EDITIONS))
        return "\n".join(line for part in parts for line in part)
    finally:
        i18n.use(None)


def main() -> int:
    """Write it."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def _head() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written by `make reference` from the code and the editions; a test says when it is out of date."
    yield ""
    for title in ("The cell", "The line", "Settings", "Python", "Errors", "The demo"):
        yield f"- [{title}](#{title.lower().replace(' ', '-')})"
    for edition in EDITIONS:
        yield f"- [Models of edition {edition}](#models-of-edition-{edition})"


def _cell() -> Iterator[str]:
    yield from ("", "## The cell", "", "```", "%%qwave [OPTIONS]", "PROMPT, with {{variables}}", "```", "")
    yield "Options stand on the first line; a trailing `\\` continues it. Every parameter that the chosen model"
    yield "documents is an option too (`--quality high`, `--no-watermark`): `%%qwave --help -m MODEL` explains them."
    yield ""
    shorts = {name: short for short, name in SHORT.items()}
    rows = [(_spelled(name, kind, shorts), MEANINGS[name]) for name, kind in OWN_OPTIONS.items()]
    rows += [
        (f"`{short}`, {_option(name)}", SHORT_MEANINGS[name])
        for short, name in SHORT.items()
        if name not in OWN_OPTIONS
    ]
    yield from _table(("option", "meaning"), rows)
    yield from _parameters()


def _spelled(name: str, kind: str, shorts: Mapping[str, str]) -> str:
    value = {"name": " NAME", "number": " NUMBER", "text": " TEXT", "several": " KEY=VALUES", "": ""}[kind]
    if name in OWN_CHOICES:
        value = f" {'|'.join(OWN_CHOICES[name])}"
    short = f"`{shorts[name]}`, " if name in shorts else ""
    return f"{short}`--{name.replace('_', '-')}{value}`"


def _parameters() -> Iterator[str]:
    yield from ("", "### Parameters of the models", "", "How many models of each edition take which option.", "")
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
    return f"`--{name.replace('_', '-')}`"


def _verbs() -> Iterator[str]:
    yield from (
        "",
        "## The line",
        "",
        "`%qwave VERB`; `%qwave` alone lists the verbs, `%qwave VERB --help` explains one.",
        "",
    )
    yield from _table(("verb", "meaning"), ((f"`{verb.usage}`", verb.summary) for verb in VERBS.values()))


def _settings() -> Iterator[str]:
    yield from ("", "## Settings", "")
    yield "Each source overrides the one before: the default, the environment, `%config QWave.NAME = VALUE`,"
    yield "`c.QWave.NAME` in `ipython_config.py` or `qwave_jupyter.configure(NAME=…)`, and the option on the cell."
    yield "The environment is read whenever a request is made."
    yield ""
    rows = [
        (
            f"`{name}`",
            " ".join(f"`{variable}`" for variable in setting.variables) or _NO_VALUE,
            _default(setting),
            setting.described,
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
        "",
        "## Python",
        "",
        "`import qwave_jupyter as qwave`; the same words and the same checks as the cell's.",
        "",
    )
    public = {name: getattr(qwave_jupyter, name) for name in qwave_jupyter.__all__}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    yield from _table(
        ("function", "meaning"), ((f"`{name}({_arguments(one)})`", _first(one)) for name, one in functions.items())
    )
    for name, one in public.items():
        if inspect.isclass(one) and not issubclass(one, Exception):
            yield from ("", f"### {name}", "", _first(one), "")
            yield from _table(("member", "meaning"), _members(one))


def _members(kind: type) -> Iterator[tuple[str, str]]:
    documented = _documented_arguments(kind)
    attributes = {one.name for one in fields(kind)} if is_dataclass(kind) else set()
    yield from ((f"`.{name}`", _as_markdown(text)) for name, text in documented.items() if name in attributes)
    for name, value in vars(kind).items():
        if name.startswith("_") or name in attributes or not _first(value):
            continue
        if isinstance(value, property):
            yield f"`.{name}`", _first(value)
        elif inspect.isfunction(value):
            yield f"`.{name}({_arguments(value)})`", _first(value)


def _documented_arguments(kind: type) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = inspect.cleandoc(kind.__doc__ or "").partition("Args:\n")[2].splitlines()
    last = ""
    for line in lines:
        if not line.startswith("    "):
            break
        if line.startswith("     "):
            found[last] += f" {line.strip()}"
            continue
        last, _, text = line.strip().partition(": ")
        found[last] = text
    return found


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
        "",
        "## Errors",
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
    yield from ("", "## The demo", "")
    yield "`%qwave demo on --SWITCH VALUE` while it runs, `python -m qwave_jupyter.demo --SWITCH VALUE` as a server"
    yield "of its own, `qwave_jupyter.use_demo(switch=value)` from Python. `off` turns one switch back,"
    yield "`%qwave demo normal` all of them."
    yield ""
    usual = {one.name: one.default for one in fields(Switches)}
    choices = {"dialects": "see below", "codes": ", ".join(TASK_CODES)}
    yield from _table(
        ("switch", "at the start", "what it does"),
        (
            (
                f"`--{name.replace('_', '-')}`",
                _NO_VALUE if usual.get(name) in {None, False} else f"`{usual[name]:g}`",
                i18n.say(f"demo.about_{name}", **choices),
            )
            for name in SWITCHES
        ),
    )
    yield from ("", "The dialects, each as a page of its time describes the answers:", "")
    yield from _table(
        ("dialect", "where it is documented"), ((f"`{one.name}`", one.source) for one in DIALECTS.values())
    )
    yield ""
    yield "A program can set finer faults, as `POST /demo/faults` with one or several objects of `at`"
    yield f"({', '.join(f'`{one}`' for one in PLACES)}), `how` ({', '.join(f'`{one}`' for one in HOWS)}) and `times`."


def _models(edition: str) -> Iterator[str]:
    catalog = load(edition)
    yield from ("", f"## Models of edition {edition}", "")
    yield f"{len(catalog.ids())} models of the contract as documented at the time; the host is `{catalog.host}`."
    yield "Prices are per picture as published then; `%qwave models --refresh` asks the server for today's."
    yield ""
    rows = [
        (
            f"`{one.id}`{f' (withdrawn {one.retired})' if one.retired else ''}",
            one.vendor,
            ", ".join(one.actions) or "generate",
            _listed(choices_of(one, "aspect_ratio")),
            _listed(choices_of(one, "resolution")),
            format_references(one),
            format_price(one),
            one.documented,
        )
        for one in catalog
    ]
    head = ("model", "vendor", "actions", "aspect ratios", "resolutions", "references", "price", "documented")
    yield from _table(head, rows)


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
