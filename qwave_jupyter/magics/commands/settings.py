"""Verbs about the installation: the demo, the key, the settings, what is here."""

from __future__ import annotations

import getpass

from qwave_jupyter import credentials, i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands import demo, doctor
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default

__all__ = ["VERBS"]


def _key(console: Console, asked: Asked) -> None:
    if asked.words:
        raise OptionMistake("options.key_in_cell")
    if asked.on("forget"):
        credentials.forget_remembered()
        console.say(i18n.say("keys.forgotten"))
    elif asked.on("remember"):
        credentials.remember(getpass.getpass(i18n.say("keys.prompt_to_remember")))
        console.say(i18n.say("keys.remembered"))
    else:
        credentials.type_in(getpass.getpass(i18n.say("notebook.key_prompt")))
        console.say(i18n.say("notebook.key_kept"))


def _config(console: Console, _: Asked) -> None:
    console.say_lines(f"{name:12} {value}" for name, value in default().settings.values().items())


VERBS = (
    *demo.VERBS,
    # A key typed behind the verb is refused with words that don't repeat it.
    Verb("key", _key, "…", {"remember": "switch", "forget": "switch"}),
    Verb("config", _config),
    *doctor.VERBS,
)
