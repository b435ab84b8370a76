"""The settings as IPython configures things: ``%config QWave.language = "zh"``, ``c.QWave.…`` in ipython_config.py.

The traits hold nothing of their own: each is a window onto :mod:`qwave_jupyter.settings`. There is none for the key.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from traitlets import TraitType
from traitlets.config import Configurable

from qwave_jupyter import i18n, settings
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.session import default

__all__ = ["configurable"]

#: What a person may also write for a type.
_ALSO = {float: (int,), Path: (str,)}


class _Setting(TraitType):  # type: ignore[misc]
    """One setting, always as it is in force."""

    @property
    def help(self) -> str:
        """What ``%config QWave`` tells of it, in the language of the moment; nothing before it has its name."""
        return i18n.say(f"configuration.{self.name}") if self.name else ""

    @help.setter  # noqa: A003 - the property above
    def help(self, _: str) -> None:
        """Traitlets sets one; the words files have it."""

    def get(self, obj: Any, cls: Any = None) -> Any:  # noqa: ARG002 - traitlets passes both
        return getattr(default().settings, self.name)

    def set(self, obj: Any, value: Any) -> None:  # noqa: ARG002 - traitlets passes it
        hint = get_type_hints(settings.Settings)[self.name]
        types = get_args(hint) or (hint,)
        # Of whole numbers True is none, though Python says so.
        unfit = isinstance(value, bool) and bool not in types
        known = tuple(other for one in types for other in (one, *_ALSO.get(one, ())))
        if value is not None and (unfit or not isinstance(value, known)):
            allowed = [i18n.say(f"configuration.type_{one.__name__}") for one in types if one is not type(None)]
            raise ConfigurationError("settings.not_a_choice", setting=self.name, given=value, allowed=allowed)
        default().configure(**{self.name: value})


def configurable(shell: Any) -> Configurable:
    """What ``%config`` finds under the name ``QWave``; what ipython_config.py says of it is in force at once.

    Args:
        shell: the running IPython.

    Raises:
        ConfigurationError: ipython_config.py has a value that a setting can't take.
    """
    traits: dict[str, Any] = {one.name: _Setting().tag(config=True) for one in fields(settings.Settings)}
    traits["__doc__"] = "Settings of qwave-jupyter."
    made: Configurable = type(Configurable)("QWave", (Configurable,), traits)(parent=shell)
    return made
