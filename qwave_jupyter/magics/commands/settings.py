"""Verbs about the installation: the demo, the key, the settings, what is here."""

from __future__ import annotations

import getpass

from qwave_jupyter import keys, settings, words
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands import demo, doctor
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console

__all__ = ["VERBS"]


def _key(console: Console, asked: Asked) -> None:
    if asked.words:
        raise OptionMistake("options.key_in_cell")
    if asked.on("forget"):
        keys.forget_remembered()
        console.say(words.say("keys.forgotten"))
    elif asked.on("remember"):
        keys.remember(getpass.getpass(words.say("keys.prompt_to_remember")))
        console.say(words.say("keys.remembered"))
    else:
        keys.type_in(getpass.getpass(words.say("notebook.key_prompt")))
        console.say(words.say("notebook.key_kept"))


def _config(console: Console, _: Asked) -> None:
    now = settings.current()
    console.say_lines(f"{name:12} {getattr(now, name)}" for name in now.__dataclass_fields__)


VERBS = (
    *demo.VERBS,
    # A key typed behind the verb is refused with words that don't repeat it.
    Verb("key", _key, "…", {"remember": "switch", "forget": "switch"}),
    Verb("config", _config),
    *doctor.VERBS,
)
