"""The settings, their defaults, and the environment variables that give them.

Each source overrides the one before: built-in default, environment, overrides (``%config QWave.…``, ``configure()``),
the option on the cell. The environment is read whenever a request is made, never at import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.amounts import read_amount
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.folders import folder_variable, homes

__all__ = ["Settings", "from_environment"]

_BASE_URL_VARIABLES = ("QWAVE_BASE_URL", "WAVEAPI_BASE_URL")
_DISPLAYS = ("auto", "widget", "html", "text")
_EMBEDS = ("preview", "full", "link")
_TRUE_WORDS = ("1", "true", "yes", "on")
_FALSE_WORDS = ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """One consistent set of settings.

    Args:
        base_url: the API's address with or without ``/v1``; None for the edition's own host.
        edition: a documented contract, ``"2026-04"`` or ``"2026-09"``, or the path of an edition of one's own.
        model: the model of a cell that names none.
        timeout: seconds to wait for a job; None for 300, and 600 at 4k.
        max_cost: USD that one request may cost, or None.
        budget: USD that all requests of this kernel may cost together, or None.
        preview_px: the long side of inline previews in pixels, 64 to 4096.
        display: ``auto``, ``widget``, ``html`` or ``text``.
        embed: what a notebook keeps of a picture: ``preview``, ``full`` or ``link``.
        home: the folder of the journal, previews and stored references.
        save_dir: the folder of finished pictures; None for ``qwave-images`` beside the notebook.
        demo: True for the built-in demo, False for never, None to let the situation decide.
        language: ``en``, ``zh``, or None for the locale's.
        reuse: whether an identical finished request is shown again instead of being paid for again.

    Raises:
        ConfigurationError: a value that no setting can take.
    """

    base_url: str | None = None
    edition: str = "2026-04"
    model: str = "gpt-image-2"
    timeout: float | None = None
    max_cost: float | None = None
    budget: float | None = None
    preview_px: int = 768
    display: str = "auto"
    embed: str = "preview"
    home: Path = field(default_factory=lambda: homes()[0])
    save_dir: Path | None = None
    demo: bool | None = None
    language: str | None = None
    reuse: bool = False

    def __post_init__(self) -> None:
        for name in ("timeout", "max_cost", "budget"):
            value = getattr(self, name)
            if value is not None and not read_amount(value):
                raise ConfigurationError("settings.not_positive", setting=name, given=value)
        lowest, highest = 64, 4096
        if not (isinstance(self.preview_px, int) and lowest <= self.preview_px <= highest):
            raise ConfigurationError(
                "settings.out_of_range", setting="preview_px", given=self.preview_px, low=lowest, high=highest
            )
        for name, allowed in (("display", _DISPLAYS), ("embed", _EMBEDS), ("language", (None, *i18n.LANGUAGES))):
            value = getattr(self, name)
            if value not in allowed:
                choices = [choice for choice in allowed if choice]
                raise ConfigurationError("settings.not_a_choice", setting=name, given=value, allowed=choices)


def from_environment() -> dict[str, Any]:
    """The settings that environment variables give, by name; QWAVE_HOME is the default's own.

    Raises:
        ConfigurationError: a variable that can't be used.
    """
    # Looked at where it is, and not handed over: the key stands there, and a traceback may show locals.
    found: dict[str, Any] = {}
    base_urls = [os.environ[name].strip() for name in _BASE_URL_VARIABLES if os.environ.get(name, "").strip()]
    if base_urls:
        found["base_url"] = base_urls[0]
    save_dir = folder_variable("QWAVE_SAVE_DIR")
    if save_dir is not None:
        found["save_dir"] = save_dir
    if os.environ.get("QWAVE_EDITION", "").strip():
        found["edition"] = os.environ["QWAVE_EDITION"].strip()
    if "QWAVE_DEMO" in os.environ:
        word = os.environ["QWAVE_DEMO"].strip().lower()
        if word not in (*_TRUE_WORDS, *_FALSE_WORDS):
            raise ConfigurationError("settings.not_a_choice", setting="QWAVE_DEMO", given=word, allowed=("1", "0"))
        if word:
            found["demo"] = word in _TRUE_WORDS
    return found
