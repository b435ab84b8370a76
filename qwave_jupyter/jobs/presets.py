"""Presets: a model and its parameters under a name, in one small JSON file in the data folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.folders import replace_file
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.types import Values

__all__ = [
    "MAX_PRESETS",
    "Preset",
    "clean_name",
    "delete_preset",
    "find_preset",
    "list_presets",
    "rename_preset",
    "save_preset",
]

MAX_PRESETS = 100
_MAX_NAME = 40
_MAX_FILE_BYTES, _MAX_PRESET_BYTES = 2_000_000, 20_000
_FILE = "panel-presets.json"
#: How long to wait for another kernel that saves at this moment.
_LOCK_ATTEMPTS, _LOCK_SECONDS = 100, 0.02


@dataclass(frozen=True)
class Preset:
    """A model and what is set of it; neither prompt nor images."""

    model: str
    values: Values = field(default_factory=dict)


def clean_name(given: str) -> str:
    """Return a name as it is written: printable and one word, so that a command line can hold it; "" for none."""
    text = "".join(character if character.isprintable() else " " for character in given)
    text = "".join(" " if character in "\"'`\\|=" else character for character in text)
    return "-".join(text.split()).strip("-")[:_MAX_NAME].strip("-")


def list_presets(home: Path) -> dict[str, Preset]:
    """List the presets by name, in alphabetical order; raise OptionMistake where the file can't be read."""
    path = home / _FILE
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise OptionMistake("presets.unreadable", path=path, reason=f"> {_MAX_FILE_BYTES // 1_000_000} MB")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as problem:
        reason = getattr(problem, "strerror", None) or "JSON"
        raise OptionMistake("presets.unreadable", path=path, reason=reason) from None
    if not isinstance(content, dict):
        raise OptionMistake("presets.unreadable", path=path, reason="JSON")
    found = {
        name: preset
        for name, entry in content.items()
        if name == clean_name(name) and (preset := _read_entry(entry)) is not None
    }
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def find_preset(home: Path, name: str) -> Preset:
    """Find a preset by its name; raise OptionMistake where there is none."""
    known = list_presets(home)
    preset = known.get(clean_name(name))
    if preset is None:
        raise _make_unknown(name, known)
    return preset


def save_preset(home: Path, name: str, preset: Preset) -> str:
    """Save a preset, in the place of one of its name; return the name as it is written.

    Raises:
        OptionMistake: no name, too many presets, or the file can't be written.
    """
    written = _require_name(name)
    if len(json.dumps(_to_entry(preset))) > _MAX_PRESET_BYTES:
        raise OptionMistake("presets.too_large", name=written, most=_MAX_PRESET_BYTES // 1000)

    def change(known: dict[str, Preset]) -> None:
        if written not in known and len(known) >= MAX_PRESETS:
            raise OptionMistake("presets.too_many", most=MAX_PRESETS)
        known[written] = preset

    _change(home, change)
    return written


def rename_preset(home: Path, name: str, new: str) -> str:
    """Rename a preset; return the new name as it is written. OptionMistake: there is none, or the name is taken."""
    written = _require_name(new)

    def change(known: dict[str, Preset]) -> None:
        if name not in known:
            raise _make_unknown(name, known)
        if written in known and written != name:
            raise OptionMistake("presets.taken", name=written)
        known[written] = known.pop(name)

    _change(home, change)
    return written


def delete_preset(home: Path, name: str) -> None:
    """Delete a preset; one that isn't there any more is no mistake."""
    _change(home, lambda known: known.pop(name, None))


def _make_unknown(name: str, known: Mapping[str, Preset]) -> OptionMistake:
    key = "presets.unknown" if known else "presets.none"
    return OptionMistake(key, given=repr(name[:_MAX_NAME]), allowed=tuple(known))


def _require_name(given: str) -> str:
    written = clean_name(given)
    if not written:
        raise OptionMistake("presets.no_name")
    return written


def _change(home: Path, change: Callable[[dict[str, Preset]], object]) -> None:
    lock = JobLock(home / "locks" / "panel-presets.lock")
    for _ in range(_LOCK_ATTEMPTS):
        if lock.acquire():
            break
        time.sleep(_LOCK_SECONDS)
    try:
        known = list_presets(home)
        change(known)
        _write(home / _FILE, {name: _to_entry(preset) for name, preset in known.items()})
    finally:
        lock.release()


def _write(path: Path, content: Mapping[str, object]) -> None:
    try:
        replace_file(path, json.dumps(content, ensure_ascii=False, indent=1).encode())
    except OSError as problem:
        raise OptionMistake("presets.unwritten", path=path, reason=problem.strerror or "?") from None


def _to_entry(preset: Preset) -> dict[str, object]:
    return {"model": preset.model, "values": json.loads(json.dumps(dict(preset.values), default=str))}


def _read_entry(entry: object) -> Preset | None:
    if not isinstance(entry, dict):
        return None
    model, values = entry.get("model"), entry.get("values")
    if not isinstance(model, str) or not isinstance(values, dict):
        return None
    return Preset(model, values)
