"""The settings as IPython configures things: ``%config QWave.language = "zh"``, ``c.QWave.…`` in ipython_config.py.

The traits hold nothing of their own: each shows and sets a setting of the default session. There is none for the key.
"""

from __future__ import annotations

from typing import Any

from traitlets import TraitType
from traitlets.config import Configurable

from qwave_jupyter.session import default
from qwave_jupyter.settings import Settings

__all__ = ["configurable"]


class _SessionSetting(TraitType[Any, Any]):
    """A setting as it is in force."""

    @property
    def help(self) -> str:
        """What ``%config QWave`` tells of it, in the language of the moment; nothing before it has its name."""
        return Settings.definitions()[self.name].described if self.name else ""

    @help.setter  # noqa: A003 - the property above
    def help(self, _: str) -> None:
        """Traitlets sets one; the texts have it."""

    def get(self, obj: Any, cls: Any = None) -> Any:  # noqa: ARG002 - traitlets passes both
        return getattr(default().settings, self.name or "")

    def set(self, obj: Any, value: Any) -> None:  # noqa: ARG002 - traitlets passes it
        default().configure(**{self.name or "": value})


def configurable(shell: Any) -> Configurable:
    """What ``%config`` finds under the name ``QWave``; what ipython_config.py says of it is in force at once.

    Args:
        shell: the running IPython.

    Raises:
        ConfigurationError: ipython_config.py has a value that a setting can't take.
    """
    traits: dict[str, Any] = {name: _SessionSetting().tag(config=True) for name in Settings.definitions()}
    traits["__doc__"] = "Settings of qwave-jupyter."
    made: Configurable = type("QWave", (Configurable,), traits)(parent=shell)
    return made
