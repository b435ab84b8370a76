"""The API key: where it comes from."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qwave_jupyter.errors import ConfigurationError

__all__ = ["KEY_VARIABLES", "Key", "find", "forget", "forget_remembered", "remember", "set_home", "type_in"]

#: Environment variables that may hold the key, first wins: ours, then the two that the vendor's material uses
#: (curl examples on every page of edition 2026-04; integration pages of edition 2026-09).
KEY_VARIABLES = ("QWAVE_API_KEY", "WAVE_API_KEY", "WAVEAPI_API_KEY")

_SERVICE, _NAME = "qwave-jupyter", "api-key"
#: An empty file in the home folder: the keyring holds a key.
_MARK = "key-in-keyring"
_ABSENT_IN_COLAB = "SecretNotFoundError"
# Of the process, like its environment: a client that was unpickled has no session that it could ask.
_typed: list[str] = []
_home: list[Callable[[], Path]] = []


@dataclass(frozen=True)
class Key:
    """A key that was found, and where it came from, fit to be shown."""

    secret: str = field(repr=False)
    source: str

    def __reduce__(self) -> tuple[type[Key], tuple[str, str]]:
        # What is pickled goes to files and other processes; these look for a key of their own.
        return Key, ("", self.source)


def find() -> Key | None:
    """The key in force, or None."""
    if _typed:
        return Key(_typed[-1], "%qwave key")
    for variable in KEY_VARIABLES:
        secret = os.environ.get(variable, "").strip()
        if secret:
            return Key(secret, variable)
    return _find_in_colab() or _find_in_keyring()


def type_in(text: str) -> None:
    """Keep a typed key for this process, in memory only."""
    cleaned = text.strip()
    usable = bool(cleaned) and all("!" <= character <= "~" for character in cleaned)
    if usable:
        _typed[:] = [cleaned]
    # A traceback may show what a frame holds, and a mistyped key is nearly one.
    del text, cleaned
    if not usable:
        raise ConfigurationError("settings.bad_key")


def forget() -> None:
    """Forget the typed key."""
    _typed.clear()


def remember(text: str) -> None:
    """Keep a key in the system's keyring, for the next sessions as well."""
    given = [text]
    del text
    type_in(given.pop())
    reason = _store_in_keyring()
    if reason:
        raise ConfigurationError("settings.no_keyring", reason=reason)


def forget_remembered() -> None:
    """Forget the typed key, and take the remembered one out of the keyring."""
    forget()
    # Whatever the keyring says: without the mark it is not asked again.
    with contextlib.suppress(Exception):
        importlib.import_module("keyring").delete_password(_SERVICE, _NAME)
    with contextlib.suppress(OSError, LookupError, ConfigurationError):
        _find_mark().unlink()


def set_home(home: Callable[[], Path]) -> None:
    """Set what gives the folder of the file that marks a remembered key; the key itself is never in it."""
    _home[:] = [home]


def _find_mark() -> Path:
    return _home[-1]() / _MARK


def _is_remembered() -> bool:
    try:
        return bool(_home) and _find_mark().is_file()
    except (OSError, ValueError, ConfigurationError):
        return False


def _store_in_keyring() -> str:
    """Store the typed key; the problem that prevented it, or ""."""
    try:
        importlib.import_module("keyring").set_password(_SERVICE, _NAME, _typed[-1])
        mark = _find_mark()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except Exception as problem:  # noqa: BLE001 - every backend has errors of its own
        return type(problem).__name__
    return ""


def _find_in_colab() -> Key | None:
    # Only there is google.colab already imported by the kernel itself; importing it elsewhere means nothing.
    if "google.colab" not in sys.modules:
        return None
    for variable in KEY_VARIABLES:
        try:
            secret = str(importlib.import_module("google.colab.userdata").get(variable) or "").strip()
        except Exception as problem:  # noqa: BLE001 - by name, for the class is Colab's
            if type(problem).__name__ == _ABSENT_IN_COLAB:
                continue
            # Access refused, or nobody there to grant it: each further question would only ask again.
            return None
        if secret:
            return Key(secret, f"Colab secret {variable}")
    return None


def _find_in_keyring() -> Key | None:
    # A keyring is consulted only where %qwave key --remember filled it, or the user has already brought it in:
    # importing it on a machine without a desktop can block for seconds.
    if "keyring" not in sys.modules and not os.environ.get("QWAVE_KEYRING") and not _is_remembered():
        return None
    try:
        secret = importlib.import_module("keyring").get_password(_SERVICE, _NAME)
    except Exception:  # noqa: BLE001 - no usable store is the same as no key there
        return None
    secret = str(secret or "").strip()
    return Key(secret, "keyring") if secret else None
