"""The settings: type, default, limits and variables of each; an override wins over the environment, read each time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, NoReturn

from traitlets import HasTraits, TraitType, default

from qwave_jupyter import i18n
from qwave_jupyter.arguments import read_amount, to_ascii_digits, unwrap_member
from qwave_jupyter.errors import ConfigurationError, OptionMistake
from qwave_jupyter.folders import absolute_folder, homes, read_folder_variable, require_name

__all__ = ["EMBED_CHOICES", "Setting", "Settings", "read_environment"]

#: What a notebook keeps of an image.
EMBED_CHOICES = ("preview", "full", "link", "html")
#: Longer ones are no names and no addresses.
_MAX_TEXT = 4096
_SWITCH_WORDS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


class Setting(TraitType[Any, object]):
    """One setting; of its environment variables the first one that is set wins."""

    #: The text that says what it takes: ``configuration.type_…``.
    kind = "str"

    def __init__(self, default: object = None, *, variables: Sequence[str] = ()) -> None:
        super().__init__(default, allow_none=default is None, read_only=True)
        self.variables = tuple(variables)

    @property
    def description(self) -> str:
        """What it is for, in the language in force."""
        return i18n.text(f"configuration.{self.name}")

    def validate(self, obj: object, value: object) -> object:  # noqa: ARG002 - traitlets passes it
        """The value as it is stored; raises ConfigurationError for one that it can't take."""
        value = unwrap_member(value)
        if not isinstance(value, str):
            self.refuse(value)
        if not value.isprintable() or len(value) > _MAX_TEXT:
            self.refuse(value)
        # A text of another class, such as NumPy's or an enumeration's, counts as the text.
        return str.__str__(value)

    def refuse(self, value: object, allowed: Sequence[str] = ()) -> NoReturn:
        """Raise ConfigurationError with what is allowed."""
        allowed = allowed or [i18n.text(f"configuration.type_{self.kind}")]
        raise ConfigurationError(
            "settings.not_a_choice", setting=self.name, given=i18n.PrintableValue(value), allowed=allowed
        )

    def read(self, text: str) -> object:
        """The value that an environment variable's text stands for."""
        return text


class _Name(Setting):
    def validate(self, obj: object, value: object) -> object:
        text = super().validate(obj, value)
        return text if str(text).strip() else self.refuse(value, [i18n.text("configuration.type_name")])


class _Choice(Setting):
    def __init__(self, default: str | None, choices: Sequence[str]) -> None:
        super().__init__(default)
        self.choices = tuple(choices)

    def validate(self, obj: object, value: object) -> object:
        text = super().validate(obj, value)
        return text if text in self.choices else self.refuse(text, self.choices)


class _Amount(Setting):
    def validate(self, obj: object, value: object) -> object:  # noqa: ARG002 - traitlets passes it
        amount = read_amount(unwrap_member(value))
        if not amount:
            raise ConfigurationError("settings.not_positive", setting=self.name, given=i18n.PrintableValue(value))
        return amount

    def read(self, text: str) -> object:
        try:
            # Python's own 1_000 is no way to write an amount.
            amount = read_amount(float(to_ascii_digits(text).replace("_", " ")))
        except ValueError:
            amount = None
        if not amount:
            raise ConfigurationError("settings.not_usd", setting=self.variables[0], given=i18n.PrintableValue(text))
        return amount


class _Whole(Setting):
    kind = "int"

    def __init__(self, default: int, low: int, high: int) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: object, value: object) -> object:  # noqa: ARG002 - traitlets passes it
        value = unwrap_member(value)
        if isinstance(value, bool) or not isinstance(value, Integral):
            self.refuse(value)
        if not self.low <= int(value) <= self.high:
            raise ConfigurationError(
                "settings.out_of_range",
                setting=self.name,
                given=i18n.PrintableValue(value),
                low=self.low,
                high=self.high,
            )
        return int(value)


class _Switch(Setting):
    kind = "bool"

    def validate(self, obj: object, value: object) -> object:  # noqa: ARG002 - traitlets passes it
        return value if isinstance(value, bool) else self.refuse(value)

    def read(self, text: str) -> object:
        if text.lower() not in _SWITCH_WORDS:
            raise ConfigurationError(
                "settings.not_a_choice", setting=self.variables[0], given=i18n.PrintableValue(text), allowed=("1", "0")
            )
        return _SWITCH_WORDS[text.lower()]


class _Folder(Setting):
    kind = "Path"

    def validate(self, obj: object, value: object) -> object:  # noqa: ARG002 - traitlets passes it
        value = unwrap_member(value)
        if not isinstance(value, (str, os.PathLike)):
            self.refuse(value)
        if isinstance(value, (str, Path)):
            text = str.__str__(value) if isinstance(value, str) else str(value)
            if not text.strip() or "\0" in text:
                self.refuse(value)
        with _refuse_unusable(str(self.name)):
            path = absolute_folder(str.__str__(value) if isinstance(value, str) else value, str(self.name))
            return require_name(path)


@contextlib.contextmanager
def _refuse_unusable(setting: str) -> Iterator[None]:
    try:
        yield
    except OptionMistake as problem:
        raise ConfigurationError("settings.bad_folder", setting=setting, reason=str(problem)) from None


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

    base_url: TraitType[str | None, object] = Setting(variables=("QWAVE_BASE_URL", "WAVEAPI_BASE_URL"))
    edition: TraitType[str, object] = _Name("2026-04", variables=("QWAVE_EDITION",))
    model: TraitType[str, object] = _Name("gpt-image-2")
    timeout: TraitType[float | None, object] = _Amount()
    max_cost: TraitType[float | None, object] = _Amount()
    budget: TraitType[float | None, object] = _Amount(variables=("QWAVE_BUDGET",))
    preview_px: TraitType[int, object] = _Whole(768, 64, 4096)
    display: TraitType[str, object] = _Choice("auto", ("auto", "widget", "html", "text"))
    embed: TraitType[str, object] = _Choice("preview", EMBED_CHOICES)
    home: TraitType[Path, object] = _Folder(Path(), variables=("QWAVE_HOME",))
    save_dir: TraitType[Path | None, object] = _Folder(variables=("QWAVE_SAVE_DIR",))
    demo: TraitType[bool | None, object] = _Switch(variables=("QWAVE_DEMO",))
    language: TraitType[str | None, object] = _Choice(None, i18n.LANGUAGES)
    reuse: TraitType[bool, object] = _Switch(False)

    def __init__(self, **values: object) -> None:
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
        with _refuse_unusable("QWAVE_HOME"):
            return homes()[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.values() == other.values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        changed = {
            name: value for name, value in self.values().items() if value != self.definitions()[name].default_value
        }
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def values(self) -> dict[str, object]:
        """The values by name."""
        return {name: getattr(self, name) for name in self.definitions()}


def read_environment() -> dict[str, object]:
    """The settings that environment variables give, by name."""
    # Looked at where it is, and not handed over: the key stands there, and a traceback may show locals.
    found: dict[str, object] = {}
    for name, setting in Settings.definitions().items():
        for variable in setting.variables:
            text = os.environ.get(variable, "").strip()
            if text:
                # A relative folder is that of the moment when the variable was first read.
                if isinstance(setting, _Folder):
                    with _refuse_unusable(variable):
                        found[name] = read_folder_variable(variable)
                else:
                    found[name] = setting.read(text)
                break
    return found
