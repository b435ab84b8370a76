"""The settings: type, default, limits and environment variables of each, and nowhere else.

Each source overrides the one before: default, environment, overrides (``%config QWave.…``, ``configure()``), the option
on the cell. The environment is read whenever a request is made, never at import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, NoReturn

from traitlets import HasTraits, TraitType, default

from qwave_jupyter import i18n
from qwave_jupyter.amounts import read_amount
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.folders import absolute, folder_variable, homes

__all__ = ["Setting", "Settings", "from_environment"]

_SWITCH_WORDS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


class Setting(TraitType[Any, Any]):
    """One setting.

    Args:
        default: its value where nothing says otherwise; None for what the situation gives.
        variables: environment variables that give it, the first one that is set wins.
    """

    #: The text that says what it takes: ``configuration.type_…``.
    kind = "str"

    def __init__(self, default: Any = None, *, variables: Sequence[str] = (), **metadata: Any) -> None:
        super().__init__(default, allow_none=default is None, read_only=True, **metadata)
        self.variables = tuple(variables)

    @property
    def described(self) -> str:
        """What it is for, in the language of the moment."""
        return i18n.say(f"configuration.{self.name}")

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - traitlets passes it
        """The value as it is kept.

        Raises:
            ConfigurationError: it can't take that.
        """
        return value if isinstance(value, str) else self.refuse(value)

    def refuse(self, value: Any, allowed: Sequence[str] = ()) -> NoReturn:
        """Raise ConfigurationError with what is allowed."""
        allowed = allowed or [i18n.say(f"configuration.type_{self.kind}")]
        raise ConfigurationError("settings.not_a_choice", setting=self.name, given=value, allowed=allowed)

    def read(self, text: str) -> Any:
        """The value that an environment variable's text stands for."""
        return text


class _Choice(Setting):
    def __init__(self, default: str | None, choices: Sequence[str]) -> None:
        super().__init__(default)
        self.choices = tuple(choices)

    def validate(self, obj: Any, value: Any) -> Any:
        if super().validate(obj, value) in self.choices:
            return value
        return self.refuse(value, self.choices)


class _Amount(Setting):
    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - traitlets passes it
        if not read_amount(value):
            raise ConfigurationError("settings.not_positive", setting=self.name, given=value)
        return float(value)


class _Whole(Setting):
    kind = "int"

    def __init__(self, default: int, low: int, high: int) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - traitlets passes it
        if isinstance(value, bool) or not isinstance(value, Integral):
            self.refuse(value)
        if not self.low <= int(value) <= self.high:
            raise ConfigurationError(
                "settings.out_of_range", setting=self.name, given=value, low=self.low, high=self.high
            )
        return int(value)


class _Switch(Setting):
    kind = "bool"

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - traitlets passes it
        return value if isinstance(value, bool) else self.refuse(value)

    def read(self, text: str) -> Any:
        if text.lower() not in _SWITCH_WORDS:
            raise ConfigurationError(
                "settings.not_a_choice", setting=self.variables[0], given=text.lower(), allowed=("1", "0")
            )
        return _SWITCH_WORDS[text.lower()]


class _Folder(Setting):
    kind = "Path"

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - traitlets passes it
        return absolute(value) if isinstance(value, (str, Path)) else self.refuse(value)


class Settings(HasTraits):
    """One consistent set of settings, which doesn't change; what each is for stands in the texts ``configuration.…``.

    Args:
        values: settings by name; the others have their defaults.

    Raises:
        ConfigurationError: an unknown setting, or a value that it can't take.

    Example:
        >>> Settings(model="z-image-turbo").preview_px
        768
    """

    base_url: TraitType[str | None, Any] = Setting(variables=("QWAVE_BASE_URL", "WAVEAPI_BASE_URL"))
    edition: TraitType[str, Any] = Setting("2026-04", variables=("QWAVE_EDITION",))
    model: TraitType[str, Any] = Setting("gpt-image-2")
    timeout: TraitType[float | None, Any] = _Amount()
    max_cost: TraitType[float | None, Any] = _Amount()
    budget: TraitType[float | None, Any] = _Amount()
    preview_px: TraitType[int, Any] = _Whole(768, 64, 4096)
    display: TraitType[str, Any] = _Choice("auto", ("auto", "widget", "html", "text"))
    embed: TraitType[str, Any] = _Choice("preview", ("preview", "full", "link"))
    home: TraitType[Path, Any] = _Folder(Path(), variables=("QWAVE_HOME",))
    save_dir: TraitType[Path | None, Any] = _Folder(variables=("QWAVE_SAVE_DIR",))
    demo: TraitType[bool | None, Any] = _Switch(variables=("QWAVE_DEMO",))
    language: TraitType[str | None, Any] = _Choice(None, i18n.LANGUAGES)
    reuse: TraitType[bool, Any] = _Switch(False)

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self.check_names(values)
        for name, value in values.items():
            self.set_trait(name, value)

    @classmethod
    def definitions(cls) -> Mapping[str, Setting]:
        """The settings by name, in the order in which they are shown."""
        return {name: one for name, one in vars(cls).items() if isinstance(one, Setting)}

    @classmethod
    def check_names(cls, names: Iterable[str]) -> None:
        """Raise ConfigurationError for a name that no setting has."""
        known = cls.definitions()
        for name in names:
            if name not in known:
                raise ConfigurationError("settings.unknown", given=name, allowed=sorted(known))

    @default("home")
    def _default_home(self) -> Path:
        return homes()[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.values() == other.values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        changed = {
            name: value for name, value in self.values().items() if value != self.definitions()[name].default_value
        }
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def values(self) -> dict[str, Any]:
        """The values by name."""
        return {name: getattr(self, name) for name in self.definitions()}


def from_environment() -> dict[str, Any]:
    """The settings that environment variables give, by name.

    Raises:
        ConfigurationError: a variable that can't be used.
    """
    # Looked at where it is, and not handed over: the key stands there, and a traceback may show locals.
    found: dict[str, Any] = {}
    for name, setting in Settings.definitions().items():
        for variable in setting.variables:
            text = os.environ.get(variable, "").strip()
            if text:
                # A relative folder is that of the moment when the variable was first read.
                found[name] = folder_variable(variable) if isinstance(setting, _Folder) else setting.read(text)
                break
    return found
