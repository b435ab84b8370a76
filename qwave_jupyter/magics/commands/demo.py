"""``%qwave demo``: the built-in demo, on and off, and a teacher's switches with what they teach."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card

__all__ = ["VERBS"]

_WORDS = ("on", "off", "normal", "help")


def _demo(console: Console, asked: Asked) -> None:
    word = asked.first or "on"
    if word not in _WORDS or len(asked.words) > 1:
        given = " ".join(asked.words)[:40]
        raise OptionMistake("options.not_a_choice", option="%qwave demo", given=given, allowed=_WORDS)
    if asked.options and word != "on":
        raise OptionMistake("demo.takes_no_switches", word=word)
    if word == "help":
        _say_manual(console, default().embedded_demo().manual())
        return
    default().use_demo(word != "off", **asked.options)
    if word == "normal":
        default().embedded_demo().reset()
        console.say(i18n.say("demo.back_to_normal"))
        return
    console.say(i18n.say(f"notebook.demo_{word}"))
    turned = default().demo_server().describe() if word == "on" else ()
    if turned:
        _say_manual(console, [*turned, "", i18n.say("demo.more_switches")])


def _say_manual(console: Console, lines: Sequence[str]) -> None:
    """Lines of prose; what can be copied into a cell stands out, and what is indented belongs to the line above."""
    markup = "".join(_line(line) for line in lines)
    console.publish({"text/plain": "\n".join(lines), "text/html": f'{job_card.STYLE}<div class="qw">{markup}</div>'})


def _line(line: str) -> str:
    if not line:
        return "<br>"
    text = html.escape(line.strip())
    if line.startswith("%qwave demo on --"):
        return f'<div class="qw-mono" style="margin-top:6px">{text}</div>'
    return f'<div class="qw-s" style="margin-left:20px">{text}</div>' if line.startswith(" ") else f"<div>{text}</div>"


def _choices(switch: str) -> Callable[[], Sequence[str]]:
    return lambda: default().embedded_demo().choices(switch)


_SWITCHES = ("latency", "seed", "fail", "rate_limit", "reset", "junk", "expire_links", "dialect")
VERBS = (
    Verb(
        "demo",
        _demo,
        "[on|off|normal|help]",
        {**dict.fromkeys(_SWITCHES, "text"), "slow": "switch"},
        {switch: _choices(switch) for switch in _SWITCHES},
    ),
)
