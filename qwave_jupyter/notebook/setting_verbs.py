"""Verbs about the installation: the demo, the key, the settings, what is here."""

from __future__ import annotations

import getpass
import platform
from importlib.metadata import version

from qwave_jupyter import keys, settings, words
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.notebook.console import Console
from qwave_jupyter.notebook.verb import Asked, Verb

__all__ = ["VERBS"]


def _demo(console: Console, asked: Asked) -> None:
    word = asked.first or "on"
    if word not in {"on", "off"}:
        raise OptionMistake("options.not_a_choice", option="%qwave demo", given=word[:40], allowed=("on", "off"))
    settings.use_demo(word == "on", **asked.options)
    console.say(words.say(f"notebook.demo_{word}"))


def _key(console: Console, asked: Asked) -> None:
    if asked.words:
        raise OptionMistake("options.key_in_cell")
    keys.type_in(getpass.getpass(words.say("notebook.key_prompt")))
    console.say(words.say("notebook.key_kept"))


def _config(console: Console, _: Asked) -> None:
    now = settings.current()
    console.say_lines(f"{name:12} {getattr(now, name)}" for name in now.__dataclass_fields__)


def _doctor(console: Console, _: Asked) -> None:
    import IPython

    import qwave_jupyter

    now, found, demo = settings.current(), keys.find(), settings.serves_demo()
    lines = [
        f"package      qwave-jupyter {qwave_jupyter.__version__}",
        f"Python       {platform.python_version()}, IPython {IPython.__version__}",
        "kernel       " + (f"ipykernel {version('ipykernel')}" if console.kernel else "none: a terminal"),
        f"edition      {now.edition}, default model {now.model}",
        f"server       {'the built-in demo' if demo else now.base_url or settings.catalog().host}",
        f"API key      {'set, from ' + found.source if found else 'not set'}",
        f"waiting      {'an awaited cell: Cancel works' if console.kernel else 'on an event: Ctrl-C cancels'}",
        f"pictures     {settings.save_folder(now)}",
        f"journal      {now.home}",
    ]
    console.say_lines(lines)


VERBS = (
    Verb("demo", _demo, "[on|off]", {"latency": "number"}),
    # A key typed behind the verb is refused with words that don't repeat it.
    Verb("key", _key, "…"),
    Verb("config", _config),
    Verb("doctor", _doctor),
)
